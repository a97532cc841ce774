"""A row of a person that became one with another's: what it was, for whoever finds it again in a restored backup (ADR 76)."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class Absorbed(models.Model):
    """`key` and `since` are those of the row that went; it is this person, and is erased with them."""

    person = models.ForeignKey(
        "professionals.Person", verbose_name=_("person"), on_delete=models.CASCADE, related_name="absorbed"
    )
    key = models.BigIntegerField(_("number of the row that went"))
    since = models.DateTimeField(_("when that row was made"))

    class Meta:
        verbose_name = _("row of a person that became another's")
        verbose_name_plural = _("rows of people that became another's")

    def __str__(self) -> str:
        return str(self.pk)
