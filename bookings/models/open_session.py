"""Scheduled online sessions: anybody who works with children takes a place; and the series that a coordinator plans in one go."""

from datetime import datetime

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.urls import reverse
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from bookings import rules
from bookings.models.booking import new_uid
from bookings.models.presentation import Presentation
from bookings.models.presenter import Presenter, validate_https
from ctac.uk import days_before, format_clock, format_span


class SessionState(models.TextChoices):
    SCHEDULED = "scheduled", _("Scheduled")
    DELIVERED = "delivered", _("Delivered")
    CANCELLED = "cancelled", _("Cancelled")


SESSION_MOVES: dict[str, frozenset[str]] = {
    SessionState.SCHEDULED: frozenset({SessionState.DELIVERED, SessionState.CANCELLED}),
    SessionState.DELIVERED: frozenset(),
    SessionState.CANCELLED: frozenset(),
}
SESSION_TAGS = {SessionState.SCHEDULED: "good", SessionState.DELIVERED: "done", SessionState.CANCELLED: "stopped"}


class SessionSeries(models.Model):
    """Sessions that were planned together; each stands for itself afterwards."""

    name = models.CharField(_("name"), max_length=100, help_text=_("Only colleagues see it."))
    created_at = models.DateTimeField(_("planned"))

    class Meta:
        ordering = ["-created_at", "-pk"]
        verbose_name = _("series")
        verbose_name_plural = _("series")

    def __str__(self) -> str:
        return self.name


class OpenSessionQuerySet(models.QuerySet["OpenSession"]):
    def with_names(self) -> "OpenSessionQuerySet":
        return self.select_related("presentation", "presenter")

    def with_afterwards(self) -> "OpenSessionQuerySet":
        """With how many came and with its short link, as far as there are any."""
        return self.select_related("attendance", "afterwards")

    def to_come(self, now: datetime) -> "OpenSessionQuerySet":
        """Scheduled and not begun, the next first."""
        return self.filter(state=SessionState.SCHEDULED, starts_at__gt=now).order_by("starts_at", "pk")

    def needing_a_presenter(self, now: datetime) -> "OpenSessionQuerySet":
        return self.filter(state=SessionState.SCHEDULED, presenter=None, ends_at__gt=now).order_by("starts_at", "pk")

    def to_mark_as_delivered(self, now: datetime) -> "OpenSessionQuerySet":
        return self.filter(state=SessionState.SCHEDULED, ends_at__lte=now)


class OpenSession(models.Model):
    """Always online. `presenter` is empty when it needs one. Times are UTC.

    `occupied` (places taken, offered or attended), `waiting` and `last_position` are figures that the database keeps itself, by a
    trigger on SessionPlace: never set them. `sequence` counts the changes that calendars must be told of (RFC 5545, 3.8.7.4).
    """

    reference = models.CharField(_("reference"), max_length=10, unique=True)
    presentation = models.ForeignKey(
        Presentation, verbose_name=_("presentation"), on_delete=models.PROTECT, related_name="open_sessions"
    )
    presenter = models.ForeignKey(
        Presenter, verbose_name=_("presenter"), null=True, blank=True, on_delete=models.PROTECT, related_name="open_sessions"
    )
    series = models.ForeignKey(
        SessionSeries, verbose_name=_("series"), null=True, blank=True, on_delete=models.PROTECT, related_name="sessions"
    )
    state = models.CharField(_("state"), max_length=10, choices=SessionState, default=SessionState.SCHEDULED)
    starts_at = models.DateTimeField(_("starts"))
    ends_at = models.DateTimeField(_("ends"))
    capacity = models.PositiveSmallIntegerField(_("places"))
    occupied = models.PositiveSmallIntegerField(_("places taken or offered"), default=0, editable=False)
    waiting = models.PositiveIntegerField(_("people waiting"), default=0, editable=False)
    last_position = models.PositiveIntegerField(_("last position given"), default=0, editable=False)
    own_joining_link = models.URLField(_("joining link of its own"), blank=True, validators=[validate_https])
    joining_help = models.CharField(_("how to join"), max_length=300, blank=True, help_text=_("A meeting code, say."))
    details_sent_at = models.DateTimeField(_("joining details sent"), null=True, blank=True, editable=False)
    sequence = models.PositiveIntegerField(_("calendar sequence"), default=0, editable=False)
    ical_uid = models.CharField(_("calendar UID"), max_length=120, unique=True, default=new_uid, editable=False)
    closed_reason = models.TextField(_("why it was cancelled"), blank=True)
    # Of the form that planned it, on the first of its sessions: pressed twice, it plans once.
    plan_token = models.CharField(_("one-time token"), max_length=43, unique=True, null=True, blank=True, editable=False)
    created_at = models.DateTimeField(_("planned"))
    anonymised_at = models.DateTimeField(_("details taken out"), null=True, blank=True, editable=False)

    objects = OpenSessionQuerySet.as_manager()

    class Meta:
        ordering = ["starts_at", "pk"]
        verbose_name = _("open session")
        verbose_name_plural = _("open sessions")
        constraints = [
            models.CheckConstraint(condition=Q(ends_at__gt=F("starts_at")), name="session_ends_after_it_starts"),
            models.CheckConstraint(
                condition=Q(capacity__gte=1, capacity__lte=rules.LARGEST_SESSION), name="session_of_sensible_size"
            ),
            models.CheckConstraint(condition=Q(occupied__gte=0, occupied__lte=F("capacity")), name="session_never_over_capacity"),
            models.CheckConstraint(condition=Q(waiting__gte=0), name="session_waiting_is_counted"),
            models.CheckConstraint(
                condition=Q(own_joining_link="") | Q(own_joining_link__startswith="https://"),
                name="session_joining_link_is_https",
            ),
        ]
        indexes = [
            models.Index(fields=["starts_at", "id"], name="session_scheduled", condition=Q(state="scheduled")),
            models.Index(fields=["ends_at", "id"], name="session_ending", condition=Q(state="scheduled")),
            models.Index(fields=["-starts_at", "-id"], name="session_newest"),
            models.Index(fields=["ends_at"], name="session_kept", condition=Q(anonymised_at__isnull=True)),
            models.Index(fields=["presenter", "starts_at", "id"], name="session_of_a_presenter"),
        ]

    def __str__(self) -> str:
        return self.reference

    def get_absolute_url(self) -> str:
        return reverse("session", args=[self.reference])

    def can_become(self, state: str) -> bool:
        return state in SESSION_MOVES[self.state]

    @property
    def free(self) -> int:
        """Places that nobody has and nobody is offered."""
        return max(self.capacity - self.occupied, 0)

    @property
    def is_scheduled(self) -> bool:
        return self.state == SessionState.SCHEDULED

    @property
    def needs_a_presenter(self) -> bool:
        return self.is_scheduled and self.presenter_id is None

    def has_begun(self, now: datetime) -> bool:
        return self.starts_at <= now

    @property
    def state_kind(self) -> str:
        return SESSION_TAGS[SessionState(self.state)]

    @property
    def when(self) -> str:
        return format_span(self.starts_at, self.ends_at)

    @property
    def clocks(self) -> str:
        """'1:30pm to 3pm', where the day stands above it."""
        return _now("%(start)s to %(end)s") % {"start": format_clock(self.starts_at), "end": format_clock(self.ends_at)}

    @property
    def joining_link(self) -> str:
        """Its own, or else its presenter's. Only for people with a place, and staff."""
        return self.own_joining_link or (self.presenter.joining_link if self.presenter else "")

    @property
    def reminder_due_at(self) -> datetime:
        """9am UK time on the day before."""
        return days_before(self.starts_at, 1, rules.REMINDER_AT)

    @property
    def week_reminder_due_at(self) -> datetime:
        """9am UK time on the same weekday of the week before."""
        return days_before(self.starts_at, 7, rules.REMINDER_AT)


class SessionEventKind(models.TextChoices):
    PLANNED = "planned", _("Planned")
    MOVED = "moved", _("Moved to another time")
    CAPACITY = "capacity", _("Number of places changed")
    LINK_SET = "link-set", _("Joining details changed")
    DETAILS_SENT = "details-sent", _("Joining details sent")
    PRESENTER_FREED = "presenter-freed", _("Needs a presenter")
    REASSIGNED = "reassigned", _("Presenter changed")
    CANCELLED = "cancelled", _("Cancelled")
    DELIVERED = "delivered", _("Delivered")
    TAKEN = "taken", _("Place taken")
    JOINED = "joined", _("Joined the waiting list")
    OFFERED = "offered", _("Place offered")
    ACCEPTED = "accepted", _("Offer accepted")
    LAPSED = "lapsed", _("Offer ran out")
    GIVEN_UP = "given-up", _("Place given up")
    BUMPED = "bumped", _("Moved back to the waiting list")
    ATTENDED = "attended", _("Attended")
    ATTENDANCE = "attendance", _("Attendance recorded")


class SessionEvent(models.Model):
    """What happened to a session or to one place of it. Append-only at the database; only `reason`, free text, can be blanked.

    `changes`, in times, keys and numbers: {"time": [from, to]}, {"presenter": [from, to]}, {"capacity": [from, to]},
    {"people": [null, 14]} who came, {"by_link": true}; {"version": …} or {"sequence": …} of the messages that tell of it;
    {"details": true} if people were told how to join; {"link": …}, the mark of the joining link that a lost presenter left, by
    which nobody can join; {"flagged": true} if the reason looks like a child's details and is for no email.
    """

    session = models.ForeignKey(OpenSession, verbose_name=_("session"), on_delete=models.PROTECT, related_name="events")
    # No constraint for both: history stays whole when a place's person or a sign-in goes.
    place = models.ForeignKey(
        "bookings.SessionPlace",
        verbose_name=_("place"),
        null=True,
        blank=True,
        on_delete=models.DO_NOTHING,
        db_constraint=False,
        related_name="events",
    )
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("by"),
        null=True,
        blank=True,
        on_delete=models.DO_NOTHING,
        db_constraint=False,
        related_name="+",
    )
    at = models.DateTimeField(_("when"))
    kind = models.CharField(_("what"), max_length=20, choices=SessionEventKind)
    reason = models.TextField(_("why"), blank=True)
    changes = models.JSONField(_("what changed"), default=dict, blank=True)

    class Meta:
        ordering = ["at", "pk"]
        verbose_name = _("event of a session")
        verbose_name_plural = _("events of sessions")

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.at:%Y-%m-%d %H:%M}"
