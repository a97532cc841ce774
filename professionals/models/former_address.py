"""An address that somebody had: by it an erasure finds the emails that went there, for as long as we keep any (ADR 79)."""

from datetime import timedelta
from typing import Self

from django.db import models
from django.db.models import Exists, OuterRef
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _

from notifications.models import MarkedAddress, Notification

# So long after a change, at the most, the address of before is told of it (ADR 66); what goes there later is another's.
TOLD_WITHIN = timedelta(days=1)


class FormerAddressQuerySet(models.QuerySet["FormerAddress"]):
    def with_nothing_kept(self) -> Self:
        """Of which the outbox says nothing any more, from the time when it was theirs."""
        mail = Notification.objects.alias(to=Lower("recipient")).filter(to=OuterRef("address"))
        mail = mail.filter(created_at__lt=OuterRef("until") + TOLD_WITHIN)
        return self.exclude(Exists(mail)).exclude(Exists(MarkedAddress.objects.filter(address=OuterRef("address"))))


class FormerAddress(models.Model):
    """In small letters. `until`: when it was replaced; whoever has it since is somebody else."""

    person = models.ForeignKey(
        "professionals.Person", verbose_name=_("person"), on_delete=models.CASCADE, related_name="former_addresses"
    )
    address = models.EmailField(_("address"))
    until = models.DateTimeField(_("until"))

    objects = FormerAddressQuerySet.as_manager()

    class Meta:
        verbose_name = _("former address")
        verbose_name_plural = _("former addresses")
        indexes = [models.Index(fields=["address", "until"], name="former_address_by_address")]
        constraints = [
            models.UniqueConstraint(fields=["person", "address"], name="former_address_once_a_person"),
            models.CheckConstraint(condition=models.Q(address=Lower("address")), name="former_address_in_small_letters"),
        ]

    def __str__(self) -> str:
        return str(self.pk)
