"""Open sessions, the series that they were planned in, and one professional's place at one."""

from datetime import datetime

from django.db import models
from django.db.models import Exists, F, OuterRef, Q
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext, gettext_lazy as _

from bookings.models.booking import BookingChannel, EngagementEvent, ScheduledEvent
from bookings.models.presenter import Presentation, Presenter
from core.dates import format_datetime_range, format_day, format_uk_time
from core.models import StateModel, free_text, impersonal, personal
from office.site_settings.models import MAX_PEOPLE
from professionals.models import Reached


class SessionState(models.TextChoices):
    SCHEDULED = "scheduled", _("Scheduled")
    DELIVERED = "delivered", _("Delivered")
    CANCELLED = "cancelled", _("Cancelled")


SESSION_TRANSITIONS: dict[str, frozenset[str]] = {
    SessionState.SCHEDULED: frozenset({SessionState.DELIVERED, SessionState.CANCELLED}),
    SessionState.DELIVERED: frozenset(),
    SessionState.CANCELLED: frozenset(),
}
SESSION_COLOURS = {SessionState.SCHEDULED: "good", SessionState.DELIVERED: "done", SessionState.CANCELLED: "stopped"}


class SessionSeries(models.Model):
    """Sessions that were planned together; each stands for itself afterwards."""

    name = free_text(models.CharField(_("name"), max_length=100, help_text=_("Only colleagues see this.")))
    created_at = models.DateTimeField(_("planned"))

    class Meta:
        ordering = ["-created_at", "-pk"]
        verbose_name = _("series")
        verbose_name_plural = _("series")

    def __str__(self) -> str:
        return self.name


# Sessions are online, so only the presenter is in a nation.
SESSION_NATION_COLUMNS = ("presenter__nation",)


class OpenSessionQuerySet(models.QuerySet["OpenSession"]):
    def with_related(self) -> "OpenSessionQuerySet":
        return self.select_related("presentation", "presenter")

    def with_afterwards(self) -> "OpenSessionQuerySet":
        """With its attendance and its short link, if any."""
        return self.select_related("attendance", "follow_up")

    def upcoming(self, now: datetime) -> "OpenSessionQuerySet":
        """Scheduled and not begun, the next first."""
        return self.filter(state=SessionState.SCHEDULED, starts_at__gt=now).order_by("starts_at", "pk")

    def needing_a_presenter(self, now: datetime) -> "OpenSessionQuerySet":
        return self.filter(state=SessionState.SCHEDULED, presenter=None, ends_at__gt=now).order_by("starts_at", "pk")

    def to_mark_as_delivered(self, now: datetime) -> "OpenSessionQuerySet":
        return self.filter(state=SessionState.SCHEDULED, ends_at__lte=now)


class OpenSession(ScheduledEvent):
    """It is always online. `presenter` is empty if it needs one.

    The database keeps `occupied` (places taken, offered or attended), `waiting` and `last_position` itself, by a trigger on
    SessionPlace: never set them.
    """

    REFERENCE_PREFIX = "OS"
    transitions = SESSION_TRANSITIONS
    status_colours = SESSION_COLOURS

    presentation = models.ForeignKey(
        Presentation, verbose_name=_("presentation"), on_delete=models.PROTECT, related_name="open_sessions"
    )
    presenter = models.ForeignKey(
        Presenter, verbose_name=_("presenter"), null=True, blank=True, on_delete=models.PROTECT, related_name="open_sessions"
    )
    personal(presenter)
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
    joining_help = free_text(
        models.CharField(_("how to join"), max_length=300, blank=True, help_text=_("For example, a meeting code."))
    )
    details_sent_at = models.DateTimeField(_("joining details sent"), null=True, blank=True, editable=False)
    closed_reason = free_text(models.TextField(_("why it was cancelled"), blank=True))
    # The token of the form that planned it, on the first of its sessions: a button pressed twice plans once.
    plan_token = impersonal(
        models.CharField(_("one-time token"), max_length=43, unique=True, null=True, blank=True, editable=False)
    )
    created_at = models.DateTimeField(_("planned"))

    objects = OpenSessionQuerySet.as_manager()

    class Meta:
        ordering = ["starts_at", "pk"]
        verbose_name = _("open session")
        verbose_name_plural = _("open sessions")
        permissions = [("export_sessions", _("Can export open sessions"))]
        constraints = [
            models.CheckConstraint(condition=Q(ends_at__gt=F("starts_at")), name="session_ends_after_it_starts"),
            models.CheckConstraint(condition=Q(capacity__gte=1, capacity__lte=MAX_PEOPLE), name="session_of_sensible_size"),
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

    def get_absolute_url(self) -> str:
        return reverse("session", args=[self.reference])

    @property
    def places_left(self) -> int:
        """Places that nobody has or is offered."""
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
    def when(self) -> str:
        return format_datetime_range(self.starts_at, self.ends_at)


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
    MORE_FEEDBACK = "more-feedback", _("More feedback is taken")
    RESTORED = "restored", _("Cancellation taken back")
    UNDELIVERED = "undelivered", _("No longer marked as delivered")


# The events by which somebody gets a place: a person who waits, or is offered one, has none yet.
PLACE_GAINED_EVENTS = (SessionEventKind.TAKEN, SessionEventKind.ACCEPTED)


class SessionEvent(EngagementEvent):
    """What happened to a session or to one place of it.

    `changes` has times, keys and numbers: {"time": [from, to]}, {"presenter": [from, to]}, {"capacity": [from, to]}, {"people":
    [null, 14]} who came, {"by_link": true}; {"from": "waiting"} if what was given up was not yet a place; {"version": …} or
    {"sequence": …} of the messages about it; {"details": true} if people were told how to join; {"link": …}, a digest of the
    joining link that a lost presenter left, by which nobody can join; {"flagged": true} if the reason looks like a child's
    details and is for no email.
    """

    session = models.ForeignKey(OpenSession, verbose_name=_("session"), on_delete=models.PROTECT, related_name="events")
    # No constraint: history stays whole when a place's person goes.
    place = models.ForeignKey(
        "bookings.SessionPlace",
        verbose_name=_("place"),
        null=True,
        blank=True,
        on_delete=models.DO_NOTHING,
        db_constraint=False,
        related_name="events",
    )
    kind = models.CharField(_("what"), max_length=20, choices=SessionEventKind)

    class Meta(EngagementEvent.Meta):
        verbose_name = _("event of a session")
        verbose_name_plural = _("events of sessions")

    @property
    def title(self) -> str:
        """What happened, in words. Somebody who was waiting, or was offered a place, had no place to give up."""
        return str(GIVEN_UP_TITLE_BY_STATE.get(self.changes.get("from"), self.get_kind_display()))


class PlaceState(models.TextChoices):
    TAKEN = "taken", _("Taken")
    WAITING = "waiting", _("Waiting")
    OFFERED = "offered", _("Offered")
    GIVEN_UP = "given-up", _("Given up")
    ATTENDED = "attended", _("Attended")


PLACE_TRANSITIONS: dict[str, frozenset[str]] = {
    PlaceState.WAITING: frozenset({PlaceState.OFFERED, PlaceState.TAKEN, PlaceState.GIVEN_UP}),
    PlaceState.OFFERED: frozenset({PlaceState.TAKEN, PlaceState.WAITING, PlaceState.GIVEN_UP}),
    PlaceState.TAKEN: frozenset({PlaceState.WAITING, PlaceState.GIVEN_UP, PlaceState.ATTENDED}),
    # A person who comes back takes a place, or joins the end of the line.
    PlaceState.GIVEN_UP: frozenset({PlaceState.TAKEN, PlaceState.WAITING}),
    PlaceState.ATTENDED: frozenset(),
}
# These fill a place: nobody else can have it. The trigger in bookings/sql/sessions.sql counts the same.
OCCUPYING_STATES = (PlaceState.TAKEN, PlaceState.OFFERED, PlaceState.ATTENDED)
LIVE_PLACE_STATES = (*OCCUPYING_STATES, PlaceState.WAITING)
PLACE_COLOURS = {
    PlaceState.TAKEN: "good",
    PlaceState.WAITING: "waiting",
    PlaceState.OFFERED: "waiting",
    PlaceState.GIVEN_UP: "stopped",
    PlaceState.ATTENDED: "done",
}
# The title in the history if somebody gives up before they had a place.
GIVEN_UP_TITLE_BY_STATE: dict[object, Promise] = {
    PlaceState.WAITING.value: _("Left the waiting list"),
    PlaceState.OFFERED.value: _("Offer turned down"),
}
PLACE_TITLES = {
    PlaceState.TAKEN: _("You have a place"),
    PlaceState.WAITING: _("You are waiting"),
    PlaceState.OFFERED: _("A place is kept for you"),
    PlaceState.GIVEN_UP: _("Given up"),
    PlaceState.ATTENDED: _("You were there"),
}


class SessionPlaceQuerySet(models.QuerySet["SessionPlace"]):
    def live(self) -> "SessionPlaceQuerySet":
        return self.filter(state__in=LIVE_PLACE_STATES)

    def waiting(self) -> "SessionPlaceQuerySet":
        """The people waiting, the first in line first."""
        return self.filter(state=PlaceState.WAITING).order_by("position")

    def lapsed(self, now: datetime) -> "SessionPlaceQuerySet":
        """Offers whose time is over, before anybody ends them."""
        return self.filter(state=PlaceState.OFFERED, offer_expires_at__lte=now)

    def for_my_page(self, person: object) -> "SessionPlaceQuerySet":
        return self.filter(person=person).select_related("session__presentation", "session__presenter")

    def not_over(self, now: datetime) -> "SessionPlaceQuerySet":
        """Places that somebody has or waits for at sessions that are not over, the soonest first."""
        ahead = self.live().filter(session__state=SessionState.SCHEDULED, session__ends_at__gt=now)
        return ahead.order_by("session__starts_at", "pk")

    def past(self, now: datetime) -> "SessionPlaceQuerySet":
        """All other places that somebody has or had, the newest session first. A person who only waited had none."""
        ahead = Q(state__in=LIVE_PLACE_STATES, session__state=SessionState.SCHEDULED, session__ends_at__gt=now)
        held = Exists(SessionEvent.objects.filter(place=OuterRef("pk"), kind__in=PLACE_GAINED_EVENTS))
        theirs = self.filter(Q(state__in=(PlaceState.TAKEN, PlaceState.ATTENDED)) | held)
        return theirs.exclude(ahead).order_by("-session__starts_at", "-pk")


class SessionPlace(StateModel, Reached):
    """One row a person and session, for ever: a person who gives up and comes back gets the same row and a new `position`.

    `position` is the order of the people at one session; the database gives the next one when a row of position 0 is written.
    `version` goes up with each change that its person gets an email about, so that each is sent once.
    """

    transitions = PLACE_TRANSITIONS
    status_colours = PLACE_COLOURS

    session = models.ForeignKey(OpenSession, verbose_name=_("session"), on_delete=models.PROTECT, related_name="places")
    person = models.ForeignKey(
        "professionals.Person", verbose_name=_("person"), on_delete=models.PROTECT, related_name="session_places"
    )
    personal(person)
    state = models.CharField(_("state"), max_length=10, choices=PlaceState)
    position = models.PositiveIntegerField(_("position"), default=0)
    offer_expires_at = models.DateTimeField(_("offered until"), null=True, blank=True)
    access_needs = free_text(models.TextField(_("access needs"), blank=True))
    flagged_child_details = models.BooleanField(_("looked like a child’s details"), default=False)
    channel = models.CharField(_("came by"), max_length=10, choices=BookingChannel)
    version = models.PositiveIntegerField(_("changes that its person was told of"), default=0)
    submission_token = impersonal(models.CharField(_("one-time token"), max_length=43, unique=True, null=True, blank=True))
    created_at = models.DateTimeField(_("asked for"))

    objects = SessionPlaceQuerySet.as_manager()

    class Meta:
        ordering = ["session", "position"]
        verbose_name = _("place")
        verbose_name_plural = _("places")
        constraints = [
            models.UniqueConstraint(fields=["session", "person"], name="sessionplace_one_a_person"),
            models.UniqueConstraint(fields=["session", "position"], name="sessionplace_one_a_position"),
            models.CheckConstraint(
                condition=Q(state="offered", offer_expires_at__isnull=False) | (~Q(state="offered") & Q(offer_expires_at=None)),
                name="sessionplace_only_offers_run_out",
            ),
        ]
        indexes = [
            models.Index(fields=["person", "-id"], name="sessionplace_of_a_person"),
            models.Index(fields=["session", "state", "position"], name="sessionplace_in_line"),
            models.Index(fields=["reached_authority"], name="sessionplace_reached", condition=Q(state__in=["taken", "attended"])),
            models.Index(fields=["offer_expires_at"], name="sessionplace_offers", condition=Q(state="offered")),
        ]

    def __str__(self) -> str:
        return f"{self.session}: {self.get_state_display()}"

    @property
    def state_title(self) -> str:
        """The state as its own person reads it."""
        return str(PLACE_TITLES[PlaceState(self.state)])

    @property
    def left_waiting_list(self) -> bool:
        """Whether they gave it up before they had a place. One statement, once it is given up."""
        ended_otherwise = (*PLACE_GAINED_EVENTS, SessionEventKind.LAPSED)
        return self.state == PlaceState.GIVEN_UP and not self.events.filter(kind__in=ended_otherwise).exists()

    @property
    def offered_until(self) -> str:
        """'Tuesday 9 March 2027, 1:30pm'; empty if nothing is offered."""
        until = self.offer_expires_at
        return gettext("%(day)s, %(clock)s") % {"day": format_day(until), "clock": format_uk_time(until)} if until else ""

    @property
    def has_a_place(self) -> bool:
        """Only a person who has one is shown how to join."""
        return self.state in (PlaceState.TAKEN, PlaceState.ATTENDED)
