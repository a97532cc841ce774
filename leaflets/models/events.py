"""What happened to an order."""

from django.conf import settings
from django.db import models
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from ctac.uk import format_moment
from leaflets.models import event_words
from leaflets.models.order import Order


class EventKind(models.TextChoices):
    PLACED = "placed", _("Order received")
    REQUESTED = "requested", _("Asked for more than the limit")
    OVER_LIMIT = "over-limit", _("Limit set aside by staff")
    APPROVED = "approved", _("Agreed")
    DECLINED = "declined", _("Declined")
    STOCKED = "stocked", _("Copies came in for it")
    CHANGED = "changed", _("Changed")
    PACKING = "packing", _("Packing started")
    PUT_BACK = "put-back", _("To be packed later")
    PART_SENT = "part-sent", _("Part of it dispatched")
    DISPATCHED = "dispatched", _("Dispatched")
    MISSING = "missing", _("Told us that a parcel never came")
    RESENT = "resent", _("Sent again in an order of its own")
    NOT_RESENT = "not-resent", _("Looked into, and not sent again")
    REPLACES = "replaces", _("Made to send a lost parcel again")
    TAKEN_BACK = "taken-back", _("Fewer copies in stock than we thought, so some come later")
    FORWARD = "forward", _("Passed forward")
    IN_LINE = "in-line", _("Back in its own place")
    RECALLED = "recalled", _("A leaflet in it was recalled")
    CANCELLED = "cancelled", _("Cancelled")


# What staff do among themselves.
NOT_FOR_THE_OWNER = (EventKind.OVER_LIMIT, EventKind.FORWARD, EventKind.IN_LINE)


class OrderEventQuerySet(models.QuerySet["OrderEvent"]):
    def for_the_owner(self) -> QuerySet["OrderEvent"]:
        """What the person who ordered is shown: not what staff noted among themselves."""
        return self.exclude(kind__in=NOT_FOR_THE_OWNER).order_by("at", "pk")


class OrderEvent(models.Model):
    """What happened to an order: append-only. The free-text reason, and who it was, may be blanked when a person is erased."""

    order = models.ForeignKey(Order, verbose_name=_("order"), on_delete=models.PROTECT, related_name="events")
    kind = models.CharField(_("what"), max_length=12, choices=EventKind)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name=_("by"), null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    at = models.DateTimeField(_("when"))
    reason = models.CharField(_("why"), max_length=300, blank=True)
    # Of a change: {"titles": [[title, copies before, copies now], …], "address": whether it is another}. Never what it was.
    # Of a recall: {"recall": …}, as event_words.recalled reads it.
    changes = models.JSONField(_("what changed"), null=True, blank=True)

    objects = OrderEventQuerySet.as_manager()

    class Meta:
        ordering = ["at", "pk"]
        verbose_name = _("order event")
        verbose_name_plural = _("order events")

    def __str__(self) -> str:
        return self.get_kind_display()

    @property
    def changed(self) -> list[str]:
        """In words."""
        return event_words.changed(self.changes)

    @property
    def when(self) -> str:
        """'Tuesday 9 March 2027, 1:30pm' in UK time."""
        return format_moment(self.at)
