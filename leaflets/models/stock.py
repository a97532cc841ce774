"""The stock ledger."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Abs
from django.utils.translation import gettext_lazy as _

from ctac.db import words_in, words_index
from leaflets.models.leaflet import Edition
from leaflets.models.order import OrderLine

MOVEMENT_WORDS = words_in("reason")


class MovementKind(models.TextChoices):
    RECEIVED = "received", _("Received")
    ALLOCATED = "allocated", _("Allocated")
    RELEASED = "released", _("Released")
    DISPATCHED = "dispatched", _("Dispatched")
    CORRECTED = "corrected", _("Corrected")


class StockMovement(models.Model):
    """One entry of the ledger, append-only. The changes of an edition's movements add up to its running figures."""

    edition = models.ForeignKey(Edition, verbose_name=_("edition"), on_delete=models.PROTECT, related_name="movements")
    kind = models.CharField(_("what"), max_length=10, choices=MovementKind)
    copies = models.PositiveIntegerField(_("copies"))
    on_hand_change = models.IntegerField(_("change on hand"))
    allocated_change = models.IntegerField(_("change allocated"))
    order_line = models.ForeignKey(
        OrderLine, verbose_name=_("order line"), null=True, blank=True, on_delete=models.PROTECT, related_name="movements"
    )
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name=_("by"), null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    at = models.DateTimeField(_("when"))
    reason = models.CharField(_("why"), max_length=300, blank=True)

    class Meta:
        ordering = ["-at", "-pk"]
        verbose_name = _("stock movement")
        verbose_name_plural = _("stock movements")
        indexes = [
            models.Index(fields=["-at", "-id"], name="stock_movement_newest"),
            models.Index(fields=["kind", "-at", "-id"], name="stock_movement_by_kind"),
            models.Index(fields=["edition", "-at", "-id"], name="stock_movement_of_edition"),
            # Where the ledger of an edition is, and what moved since: without what is only promised and released.
            models.Index(fields=["edition", "-id"], condition=~Q(on_hand_change=0), name="stock_movement_of_copies"),
            words_index("stock_movement_searched", MOVEMENT_WORDS, condition=~Q(reason="")),
        ]
        constraints = [
            models.CheckConstraint(condition=Q(copies__gte=1), name="stock_movement_of_something"),
            # What each kind does to the two figures; so the ledger can't say one thing and mean another.
            models.CheckConstraint(
                condition=Q(kind="received", on_hand_change=F("copies"), allocated_change=0, order_line__isnull=True)
                | Q(kind="allocated", on_hand_change=0, allocated_change=F("copies"), order_line__isnull=False)
                | Q(kind="released", on_hand_change=0, allocated_change=-F("copies"), order_line__isnull=False)
                | Q(kind="dispatched", on_hand_change=-F("copies"), allocated_change=-F("copies"), order_line__isnull=False)
                | Q(kind="corrected", copies=Abs(F("on_hand_change")), allocated_change=0, order_line__isnull=True),
                name="stock_movement_changes_match_kind",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.copies}"

    @property
    def reference(self) -> str:
        """What an email calls it, and the ledger's search finds."""
        return f"STOCK-{self.pk}"
