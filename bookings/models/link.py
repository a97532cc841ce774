"""Links in emails that show or change one booking without signing in: what is kept of them."""

import hashlib

from django.db import models
from django.db.models import F, Q
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext_lazy as _

from bookings.models.booking import Booking


class LinkPurpose(models.TextChoices):
    CHANGE = "change", _("See it and change its time")
    CANCEL = "cancel", _("Cancel it")


class BookingLink(models.Model):
    """One link, for one purpose and one address. Its token is nowhere: `token_hash` is the SHA-256 of it.

    `address_hash` is what became of the address that it was sent to, so that it ends with that address.
    """

    booking = models.ForeignKey(Booking, verbose_name=_("booking"), on_delete=models.CASCADE, related_name="links")
    purpose = models.CharField(_("purpose"), max_length=10, choices=LinkPurpose)
    token_hash = models.CharField(_("hash of the token"), max_length=64, unique=True)
    address_hash = models.CharField(_("hash of the address"), max_length=64)
    created_at = models.DateTimeField(_("made"))
    expires_at = models.DateTimeField(_("expires"), db_index=True)

    class Meta:
        verbose_name = _("link in an email")
        verbose_name_plural = _("links in emails")
        constraints = [
            models.CheckConstraint(condition=Q(expires_at__gt=F("created_at")), name="link_expires_after_it_is_made"),
            models.CheckConstraint(condition=Q(("token_hash__regex", "^[0-9a-f]{64}$")), name="link_keeps_a_hash_only"),
        ]

    def __str__(self) -> str:
        return f"{self.purpose} {self.booking_id}"


def hash_of(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def address_hash(address: str) -> str:
    return salted_hmac("bookings.link.address", address.strip().lower(), algorithm="sha256").hexdigest()
