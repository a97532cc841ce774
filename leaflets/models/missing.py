"""Parcels that left and, their owner says, never came."""

from collections.abc import Iterable
from typing import ClassVar, Self

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from leaflets.models.order import MOST_OF_A_REASON, Dispatch


class MissingState(models.TextChoices):
    OPEN = "open", _("Open")
    RESENT = "resent", _("Sent again")
    CLOSED = "closed", _("Closed")


class MissingParcelQuerySet(models.QuerySet["MissingParcel"]):
    def open(self) -> Self:
        return self.filter(state=MissingState.OPEN)

    def of_orders(self, orders: Iterable[int]) -> Self:
        """By the orders' keys."""
        return self.filter(parcel__order__in=orders)


class MissingParcel(models.Model):
    """The report that a parcel never came: one a parcel.

    Staff send its leaflets again, as an order that `replaces` this, or close it with a reason that the person reads.
    """

    parcel = models.OneToOneField(Dispatch, verbose_name=_("parcel"), on_delete=models.PROTECT, related_name="missing")
    state = models.CharField(_("state"), max_length=6, choices=MissingState, default=MissingState.OPEN)
    note = models.CharField(_("what they wrote"), max_length=MOST_OF_A_REASON, blank=True)
    reported_at = models.DateTimeField(_("told us"))
    decided_at = models.DateTimeField(_("decided"), null=True, blank=True)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name=_("by"), null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    reason = models.CharField(_("why it is closed"), max_length=300, blank=True)

    objects: ClassVar = MissingParcelQuerySet.as_manager()

    class Meta:
        ordering = ["reported_at", "pk"]
        verbose_name = _("parcel that never came")
        verbose_name_plural = _("parcels that never came")
        indexes = [
            models.Index(fields=["reported_at", "id"], name="missing_oldest"),
            models.Index(fields=["state", "reported_at", "id"], name="missing_by_state"),
        ]
        constraints = [
            models.CheckConstraint(
                name="missing_decided_says_when",
                condition=Q(state="open", decided_at__isnull=True, reason="") | ~Q(state="open") & Q(decided_at__isnull=False),
            ),
            models.CheckConstraint(
                name="missing_decided_after_it_was_told",
                condition=Q(decided_at__isnull=True) | Q(decided_at__gte=F("reported_at")),
            ),
        ]

    def __str__(self) -> str:
        return self.parcel.order.reference
