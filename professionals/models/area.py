"""Where postcodes are: outward codes and local authorities. Both tables are made by scripts and loaded by migrations.

Django does not manage them: nobody writes here, and emptying a database of its people leaves them as they are.
"""

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


class OutwardCode(models.Model):
    """The first half of a postcode: its centre, the nation and local authority of most of it, and the island that it is on.

    `others` says which of its postcodes lie in other authorities (professionals.areas reads it). `zone` is 'mainland', or an
    island without a bridge (bookings.travel says how long its crossing takes).
    """

    code = models.CharField(_("code"), max_length=4, primary_key=True)
    latitude = models.FloatField(_("latitude"))
    longitude = models.FloatField(_("longitude"))
    nation = models.CharField(_("nation"), max_length=20, choices=Nation)
    zone = models.CharField(_("island"), max_length=20)
    authority = models.CharField(_("local authority"), max_length=9, blank=True)
    others = models.TextField(_("other local authorities"), blank=True)

    class Meta:
        managed = False
        ordering = ["code"]
        verbose_name = _("outward code")
        verbose_name_plural = _("outward codes")

    def __str__(self) -> str:
        return self.code


class LocalAuthority(models.Model):
    """A district, borough, unitary authority or council area, by its code in official statistics. Only England has regions."""

    code = models.CharField(_("code"), max_length=9, primary_key=True)
    name = models.CharField(_("name"), max_length=60)
    region = models.CharField(_("region"), max_length=30, blank=True)
    nation = models.CharField(_("nation"), max_length=20, choices=Nation)

    class Meta:
        managed = False
        ordering = ["name"]
        verbose_name = _("local authority")
        verbose_name_plural = _("local authorities")

    def __str__(self) -> str:
        return self.name
