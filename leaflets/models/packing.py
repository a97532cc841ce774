"""Packing sessions: a pile of orders that one volunteer packs and dispatches together (ADR 19)."""

from typing import ClassVar, Self

from django.db import models
from django.db.models import F, Q
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from core.dates import format_datetime
from core.models import RecordedBy, impersonal, personal, user_foreign_key
from leaflets.models.orders import Dispatch, OpenQuerySet, Order

MAX_PARCELS = 200  # in one session


class PackingSessionState(models.TextChoices):
    OPEN = "open", _("Open")
    DISPATCHED = "dispatched", _("Dispatched")
    CLOSED = "closed", _("Closed without dispatch")


class PackingSession(models.Model):
    """Orders that are packed together, either all to post or all for presenters to bring. It ends once."""

    state = models.CharField(_("state"), max_length=10, choices=PackingSessionState, default=PackingSessionState.OPEN)
    brought = models.BooleanField(_("for presenters to bring"), default=False)
    chosen = impersonal(
        models.CharField(_("what was chosen"), max_length=300, blank=True, help_text=_("The titles and the area, in words."))
    )
    started_at = models.DateTimeField(_("started"))
    started_by = user_foreign_key(_("started by"))
    ended_at = models.DateTimeField(_("ended"), null=True, blank=True)
    ended_by = user_foreign_key(_("ended by"), blank=True)

    objects: ClassVar = OpenQuerySet.as_manager()

    class Meta:
        ordering = ["-started_at", "-pk"]
        verbose_name = _("packing session")
        verbose_name_plural = _("packing")
        indexes = [
            models.Index(fields=["-started_at", "-id"], name="packing_newest"),
            models.Index(fields=["state", "-started_at", "-id"], name="packing_by_state"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(state="open", ended_at__isnull=True) | ~Q(state="open") & Q(ended_at__gte=F("started_at")),
                name="packing_ended_says_when",
            ),
        ]

    def __str__(self) -> str:
        return str(_("Packing session %(number)s") % {"number": self.pk})

    @property
    def is_open(self) -> bool:
        return self.state == PackingSessionState.OPEN


class ParcelOutcome(models.TextChoices):
    """What happened to a parcel; empty while its session is open."""

    OPEN = "", _("Being packed")
    SENT = "sent", _("Dispatched")
    LEFT_OUT = "left-out", _("Left out")
    NOTHING = "nothing", _("Nothing to send")
    WITHDRAWN = "withdrawn", _("Has a withdrawn edition")
    CANCELLED = "cancelled", _("Cancelled since")
    ELSEWHERE = "elsewhere", _("Dealt with on the order’s own page")
    TAKEN_OUT = "taken-out", _("Taken out")
    CLOSED = "closed", _("Session closed")


# After these, the order goes back to the queue, for a later session.
PUT_BACK_OUTCOMES = frozenset(
    {ParcelOutcome.LEFT_OUT, ParcelOutcome.NOTHING, ParcelOutcome.WITHDRAWN, ParcelOutcome.TAKEN_OUT, ParcelOutcome.CLOSED}
)


class LeftOutReason(models.TextChoices):
    """Why a parcel does not leave with the others. A choice and no free text, so there is nothing to keep private."""

    ADDRESS = "address", _("The address is not clear")
    ASK = "ask", _("We must ask the person first")
    DAMAGED = "damaged", _("The leaflets are damaged")
    TIME = "time", _("No time to pack it")
    OTHER = "other", _("Another reason")


REASON_MISSING = "not-said"  # kept of a parcel that is ticked and has no reason yet; the page asks for one at dispatch


class ParcelQuerySet(models.QuerySet["Parcel"]):
    def open(self) -> Self:
        return self.filter(outcome=ParcelOutcome.OPEN)


class Parcel(models.Model):
    """One order in a session, with its number there. It keeps what is typed on the session's page until dispatch."""

    session = models.ForeignKey(PackingSession, verbose_name=_("session"), on_delete=models.PROTECT, related_name="parcels")
    order = models.ForeignKey(Order, verbose_name=_("order"), on_delete=models.PROTECT, related_name="packed_in")
    number = models.PositiveSmallIntegerField(_("number"))
    left_out = models.CharField(_("left out because"), max_length=10, choices=LeftOutReason, blank=True)
    # By the key of the order's line, as text: fewer copies than promised. Leaves out lines that are sent whole.
    shortages = impersonal(models.JSONField(_("fewer copies"), default=dict, blank=True))
    tracking_number = personal(models.CharField(_("tracking number"), max_length=60, blank=True))
    outcome = models.CharField(
        _("what became of it"), max_length=10, choices=ParcelOutcome, blank=True, default=ParcelOutcome.OPEN
    )
    copies = models.PositiveIntegerField(_("copies sent"), default=0)
    dispatch = models.OneToOneField(
        Dispatch, verbose_name=_("dispatch"), null=True, blank=True, on_delete=models.PROTECT, related_name="parcel"
    )

    objects = ParcelQuerySet.as_manager()

    class Meta:
        ordering = ["number"]
        verbose_name = _("parcel")
        verbose_name_plural = _("parcels")
        constraints = [
            models.UniqueConstraint(fields=["session", "number"], name="parcel_numbered_once"),
            models.UniqueConstraint(fields=["order"], condition=Q(outcome=""), name="parcel_in_one_open_session"),
            models.CheckConstraint(
                condition=Q(outcome="sent", dispatch__isnull=False, copies__gte=1)
                | ~Q(outcome="sent") & Q(dispatch__isnull=True, copies=0),
                name="parcel_sent_has_left",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.number}: {self.order}"

    @property
    def outcome_text(self) -> str | Promise:
        """What became of it, and why if it was left out."""
        if self.outcome == ParcelOutcome.LEFT_OUT and self.left_out in LeftOutReason.values:
            return _("Left out: %(reason)s") % {"reason": self.get_left_out_display()}
        return self.get_outcome_display()


class PrintKind(models.TextChoices):
    PICK_LIST = "pick-list", _("Pick list")
    SLIPS = "slips", _("Packing slips")
    LABELS = "labels", _("Address labels")
    COURIER = "courier", _("Courier’s list")


class PrintRecord(RecordedBy):
    """A print of a session. It can be repeated; each is recorded."""

    session = models.ForeignKey(PackingSession, verbose_name=_("session"), on_delete=models.PROTECT, related_name="prints")
    what = models.CharField(_("what"), max_length=10, choices=PrintKind)
    at = models.DateTimeField(_("when"))
    parcels = models.PositiveSmallIntegerField(_("parcels"))
    sheet = impersonal(models.CharField(_("sheet of labels"), max_length=20, blank=True))
    start = models.PositiveSmallIntegerField(_("first label"), default=1)

    class Meta:
        ordering = ["-at", "-pk"]
        verbose_name = _("print")
        verbose_name_plural = _("prints")

    def __str__(self) -> str:
        return str(self.get_what_display())

    @property
    def when(self) -> str:
        """'Tuesday 9 March 2027, 1:30pm' in UK time."""
        return format_datetime(self.at)
