"""A new address of an account, to which the old one may object for a week."""

import hashlib
from datetime import datetime

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _


def kept_as(token: str) -> str:
    """What the table holds of the link's token: 256 random bits, so nobody finds the one from the other by trying."""
    return hashlib.sha256(token.encode()).hexdigest()


class AddressChangeQuerySet(models.QuerySet["AddressChange"]):
    def with_token(self, token: str) -> "AddressChangeQuerySet":
        return self.filter(token_hash=kept_as(token))

    def from_this_on(self, change: "AddressChange") -> "AddressChangeQuerySet":
        """This one and what came after it: who puts an older address back undoes all of them."""
        return self.filter(user=change.user_id, pk__gte=change.pk)

    def over(self, before: datetime) -> "AddressChangeQuerySet":
        return self.filter(until__lte=before)


class AddressChange(models.Model):
    """Whoever reads the old address has a link, in their email alone, and may put the address back until `until` (ADR 66)."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name=_("account"), on_delete=models.CASCADE, related_name="address_changes"
    )
    old = models.EmailField(_("old address"))
    new = models.EmailField(_("new address"))
    changed_at = models.DateTimeField(_("changed"))
    until = models.DateTimeField(_("can be put back until"), db_index=True)
    token_hash = models.CharField(_("hash of the token"), max_length=64, unique=True)
    objected_at = models.DateTimeField(_("put back"), null=True)

    objects = AddressChangeQuerySet.as_manager()

    class Meta:
        verbose_name = _("change of address")
        verbose_name_plural = _("changes of address")

    def __str__(self) -> str:
        return str(self.pk)
