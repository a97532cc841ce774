"""Where things are: the 124 postcode areas with hand-placed centres, until the booking engine brings outward codes."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class Nation(models.TextChoices):
    """The four nations, and the three islands that have UK postcodes and bank holidays of their own."""

    ENGLAND = "england", _("England")
    SCOTLAND = "scotland", _("Scotland")
    WALES = "wales", _("Wales")
    NORTHERN_IRELAND = "northern-ireland", _("Northern Ireland")
    GUERNSEY = "guernsey", _("Guernsey")
    JERSEY = "jersey", _("Jersey")
    ISLE_OF_MAN = "isle-of-man", _("Isle of Man")


class PostcodeArea(models.Model):
    """The letters a postcode starts with. `nation` is where most of the area lies: seven areas straddle a border."""

    code = models.CharField(_("code"), max_length=2, primary_key=True)
    name = models.CharField(_("name"), max_length=40)
    nation = models.CharField(_("nation"), max_length=20, choices=Nation)
    latitude = models.FloatField(_("latitude"))
    longitude = models.FloatField(_("longitude"))

    class Meta:
        ordering = ["code"]
        verbose_name = _("postcode area")
        verbose_name_plural = _("postcode areas")

    def __str__(self) -> str:
        return f"{self.code} {self.name}"
