"""One presentation for one team, and what happened to it."""

import uuid
from datetime import date, datetime, time, timedelta
from urllib.parse import urlsplit

from django.apps import apps
from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Coalesce
from django.urls import reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from bookings import rules
from bookings.models.presentation import Format, Presentation
from bookings.models.presenter import Presenter, validate_https
from ctac.db import words_index
from ctac.errors import DomainError
from ctac.uk import days_before, format_clock, format_span, uk_datetime
from professionals.models import Nation, Profession, User


class State(models.TextChoices):
    REQUESTED = "requested", _("Requested")
    CONFIRMED = "confirmed", _("Confirmed")
    DELIVERED = "delivered", _("Delivered")
    CANCELLED = "cancelled", _("Cancelled")
    DECLINED = "declined", _("Declined")


MOVES: dict[str, frozenset[str]] = {
    State.REQUESTED: frozenset({State.CONFIRMED, State.DECLINED, State.CANCELLED}),
    State.CONFIRMED: frozenset({State.DELIVERED, State.CANCELLED}),
    State.DELIVERED: frozenset(),
    State.CANCELLED: frozenset(),
    State.DECLINED: frozenset(),
}
# These hold their presenter's time.
OPEN_STATES = (State.REQUESTED, State.CONFIRMED)
BOOKING_OVER_AT = Coalesce("ends_at", "created_at")  # from when retention counts
# Somebody may be out there.
VISIT_IS_OPEN = Q(format=Format.WORKPLACE, state__in=[State.CONFIRMED, State.DELIVERED, State.CANCELLED], visit_closed=False)
STATE_TAGS = {
    State.REQUESTED: "waiting",
    State.CONFIRMED: "good",
    State.DELIVERED: "done",
    State.CANCELLED: "stopped",
    State.DECLINED: "stopped",
}


class Channel(models.TextChoices):
    WEB = "web", _("Website")
    PHONE = "phone", _("Phone")
    EMAIL = "email", _("Email")


def new_uid() -> str:
    """The calendar entry's name in every calendar of the world, for ever (RFC 5545, 3.8.4.7; RFC 7986, 5.3)."""
    return f"{uuid.uuid4()}@{urlsplit(settings.SITE_URL).hostname}"


class NoTimeAgreed(DomainError):
    message = _("No time is agreed yet. Agree one first.")


class BookingQuerySet(models.QuerySet["Booking"]):
    def with_names(self) -> "BookingQuerySet":
        """Everything that a page about a booking says, in one query."""
        return self.select_related("presentation", "presenter", "person")

    def with_leaflets(self) -> "BookingQuerySet":
        """With the order of the leaflets that the presenter brings, if any were asked for; its lines are read when needed."""
        return self.select_related("brought__order")

    def with_afterwards(self) -> "BookingQuerySet":
        """With how many came and with its short link, as far as there are any."""
        return self.select_related("attendance", "afterwards")

    def open(self) -> "BookingQuerySet":
        return self.filter(state__in=OPEN_STATES)

    def upcoming(self, now: datetime) -> "BookingQuerySet":
        """Open ones that lie ahead, those without a time among them."""
        return self.open().filter(Q(starts_at__gt=now) | Q(starts_at__isnull=True))

    def needing_a_presenter(self) -> "BookingQuerySet":
        """A time is agreed and nobody comes."""
        return self.open().filter(presenter__isnull=True, starts_at__isnull=False)

    def requested(self) -> "BookingQuerySet":
        return self.filter(state=State.REQUESTED)

    def to_decide(self) -> "BookingQuerySet":
        """Requests that wait for staff: those to which no offer stands that the professional may still answer."""
        return self.requested().exclude(pk__in=self._with_dates(kind="proposed", state="open"))

    def offered_times(self) -> "BookingQuerySet":
        """Requests that wait for the professional's answer."""
        return self.requested().filter(pk__in=self._with_dates(kind="proposed", state="open"))

    def with_lapsed_dates(self) -> "BookingQuerySet":
        """Requests whose dates are no longer kept, and nobody has offered others since: someone was let down."""
        return self.to_decide().filter(pk__in=self._with_dates(state="expired"))

    def _with_dates(self, **which: str) -> models.QuerySet:
        """The keys of bookings that have such dates. (DateOption's module imports this one.)"""
        return apps.get_model("bookings", "DateOption")._base_manager.filter(**which).values("booking")

    def between_days(self, first: date, last: date) -> "BookingQuerySet":
        """Open ones that start on a UK day from `first` to `last`, both included."""
        earliest, latest = uk_datetime(first, time.min), uk_datetime(last + timedelta(days=1), time.min)
        return self.open().filter(starts_at__gte=earliest, starts_at__lt=latest)

    def to_mark_as_delivered(self, now: datetime) -> "BookingQuerySet":
        """Confirmed ones whose time is over and of which nobody has said that they took place."""
        return self.filter(state=State.CONFIRMED, starts_at__lt=now, ends_at__lte=now)

    def lying_ahead(self, now: datetime) -> "BookingQuerySet":
        """Open and not over, those without a time among them; those that are going on too."""
        return self.open().filter(Q(ends_at__gt=now) | Q(ends_at__isnull=True))

    def behind(self, now: datetime) -> "BookingQuerySet":
        """All that do not lie ahead: over, or not open any more."""
        return self.filter(~Q(state__in=OPEN_STATES) | Q(ends_at__lte=now))

    def for_my_page(self, person: object) -> "BookingQuerySet":
        """A person's bookings, newest day first; before those, the ones without a time."""
        return self.filter(person=person).with_names().order_by("-starts_at", "-pk")

    def addresses_of(self, person: object) -> "BookingQuerySet":
        """Where a person's visits are or were, the newest day first; not those whose details were taken out.

        What has no time yet, or was declined, is no visit; PostgreSQL would sort what has no time before every real one.
        """
        visits = self.filter(person=person, format=Format.WORKPLACE, starts_at__isnull=False).exclude(state=State.DECLINED)
        return visits.exclude(address_line_1="").order_by("-starts_at", "-pk")


class Booking(models.Model):
    """`presenter` is empty when it needs one. Times are UTC, and empty while a request has none agreed (see DateOption).

    `sequence` counts the changes that calendars must be told of (RFC 5545, 3.8.7.4), `revision` those to its details.
    `visit_closed`: the presenter is back from its visit, or nobody went (see Visit); the database opens it again when the time
    or the presenter changes.
    """

    reference = models.CharField(_("reference"), max_length=10, unique=True)
    person = models.ForeignKey(
        "professionals.Person", verbose_name=_("person"), on_delete=models.PROTECT, related_name="bookings"
    )
    presentation = models.ForeignKey(
        Presentation, verbose_name=_("presentation"), on_delete=models.PROTECT, related_name="bookings"
    )
    presenter = models.ForeignKey(
        Presenter, verbose_name=_("presenter"), null=True, blank=True, on_delete=models.PROTECT, related_name="bookings"
    )
    state = models.CharField(_("state"), max_length=10, choices=State)
    format = models.CharField(_("format"), max_length=10, choices=Format)
    starts_at = models.DateTimeField(_("starts"), null=True, blank=True)
    ends_at = models.DateTimeField(_("ends"), null=True, blank=True)
    address_line_1 = models.CharField(_("address line 1"), max_length=120, blank=True)
    address_line_2 = models.CharField(_("address line 2"), max_length=120, blank=True)
    town = models.CharField(_("town or city"), max_length=80, blank=True)
    postcode = models.CharField(_("postcode"), max_length=9, blank=True)
    nation = models.CharField(_("nation"), max_length=20, choices=Nation, blank=True)
    local_authority = models.CharField(_("local authority"), max_length=9, blank=True, help_text=_("Its code in statistics."))
    room = models.CharField(_("room, parking or entrance"), max_length=200, blank=True)
    own_joining_link = models.URLField(_("joining link of its own"), blank=True, validators=[validate_https])
    audience_size = models.PositiveSmallIntegerField(_("people coming"))
    audience_profession = models.CharField(_("who is coming"), max_length=30, choices=Profession, blank=True)
    contact_name = models.CharField(_("contact on the day"), max_length=150)
    contact_phone = models.CharField(_("contact’s phone"), max_length=30)
    access_needs = models.TextField(_("access needs"), blank=True)
    notes = models.TextField(_("anything else"), blank=True)
    request_reason = models.TextField(_("why none of our times suits"), blank=True)
    flagged_child_details = models.BooleanField(_("looked like a child’s details"), default=False)
    channel = models.CharField(_("came by"), max_length=10, choices=Channel)
    sequence = models.PositiveIntegerField(_("calendar sequence"), default=0)
    revision = models.PositiveIntegerField(_("changes to its details"), default=0)
    ical_uid = models.CharField(_("calendar UID"), max_length=120, unique=True, default=new_uid)
    visit_closed = models.BooleanField(_("nobody is waited for at its visit"), default=False, editable=False)
    submission_token = models.CharField(_("one-time token"), max_length=43, unique=True, null=True, blank=True)
    submission_digest = models.CharField(_("digest of the answers"), max_length=64, blank=True)
    closed_reason = models.TextField(_("why it was cancelled or declined"), blank=True)
    created_at = models.DateTimeField(_("booked"))
    anonymised_at = models.DateTimeField(_("details taken out"), null=True, blank=True, editable=False)
    searched = models.TextField(_("words that staff search"), editable=False, default="")  # the database keeps it

    objects = BookingQuerySet.as_manager()

    class Meta:
        ordering = ["-starts_at", "-pk"]
        verbose_name = _("booking")
        verbose_name_plural = _("bookings")
        permissions = [("hand_over_booking", _("Can hand bookings over to a colleague of their owner"))]
        constraints = [
            models.CheckConstraint(condition=Q(ends_at__gt=F("starts_at")), name="booking_ends_after_it_starts"),
            models.CheckConstraint(
                condition=Q(starts_at__isnull=False, ends_at__isnull=False)
                | Q(
                    starts_at__isnull=True,
                    ends_at__isnull=True,
                    presenter__isnull=True,
                    state__in=["requested", "cancelled", "declined"],
                ),
                name="booking_has_a_time_or_is_a_request",
            ),
            models.CheckConstraint(condition=Q(audience_size__gte=1), name="booking_has_an_audience"),
            models.CheckConstraint(condition=Q(format="online") | ~Q(postcode=""), name="booking_at_a_workplace_has_a_postcode"),
            models.CheckConstraint(
                condition=Q(own_joining_link="") | Q(format="online", own_joining_link__startswith="https://"),
                name="booking_joining_link_is_https",
            ),
        ]
        indexes = [
            models.Index(fields=["person", "-starts_at", "-id"], name="booking_of_a_person"),
            models.Index(fields=["person", "ends_at"], name="booking_ahead_of_a_person", condition=Q(state__in=OPEN_STATES)),
            models.Index(fields=["state", "starts_at"], name="booking_by_state"),
            models.Index(fields=["-starts_at", "-id"], name="booking_newest"),
            # The staff list: what is open, what is done with, by each filter, by how it is sorted, by the words in it.
            models.Index(fields=["starts_at", "id"], name="booking_open", condition=Q(state__in=OPEN_STATES)),
            models.Index(fields=["-starts_at", "-id"], name="booking_closed", condition=~Q(state__in=OPEN_STATES)),
            models.Index(fields=["format", "-starts_at", "-id"], name="booking_by_format"),
            models.Index(fields=["nation", "-starts_at", "-id"], name="booking_by_nation"),
            models.Index(fields=["local_authority", "-starts_at", "-id"], name="booking_by_authority"),
            models.Index(fields=["presenter", "-starts_at", "-id"], name="booking_of_a_presenter"),
            models.Index(fields=["postcode", "-starts_at", "-id"], name="booking_by_postcode"),
            models.Index(fields=["-created_at", "-id"], name="booking_last_asked"),
            words_index("booking_searched"),
            # Visits that somebody is still waited for; those of the past are few, however many there were.
            models.Index(fields=["starts_at", "id"], name="booking_visit_open", condition=VISIT_IS_OPEN),
            models.Index(BOOKING_OVER_AT, name="booking_kept", condition=Q(anonymised_at__isnull=True)),
        ]

    def __str__(self) -> str:
        return self.reference

    def get_absolute_url(self) -> str:
        return reverse("booking", args=[self.reference])

    @property
    def is_open(self) -> bool:
        return self.state in OPEN_STATES

    @property
    def withdrawal_sequence(self) -> int:
        """Of the CANCEL to a presenter whom leave takes off: all other calendars keep their entry, so `sequence` stays."""
        return self.sequence + 1

    @property
    def next_sequence(self) -> int:
        """When it is given to somebody, above what the calendar of any presenter was told."""
        return (self.sequence if self.presenter_id else self.withdrawal_sequence) + 1

    @property
    def version(self) -> str:
        """How it stood when a page was drawn: a change names it, so that a page that is too old is told so."""
        return f"{self.state}-{self.sequence}-{self.revision}"

    @property
    def needs_a_presenter(self) -> bool:
        return self.is_open and self.presenter_id is None and self.has_time

    @property
    def has_time(self) -> bool:
        return self.starts_at is not None

    @property
    def agreed(self) -> tuple[datetime, datetime]:
        """Start and end of what has a time agreed. Raises NoTimeAgreed."""
        if self.starts_at is None or self.ends_at is None:
            raise NoTimeAgreed
        return self.starts_at, self.ends_at

    @property
    def state_kind(self) -> str:
        return STATE_TAGS[State(self.state)]

    @property
    def when(self) -> str:
        return format_span(*self.agreed) if self.has_time else gettext("No time agreed yet")

    @property
    def clocks(self) -> str:
        """'1:30pm to 3pm', where the day stands above it."""
        start, end = self.agreed
        return gettext("%(start)s to %(end)s") % {"start": format_clock(start), "end": format_clock(end)}

    @property
    def reminder_due_at(self) -> datetime:
        """9am UK time on the day before."""
        return days_before(self.agreed[0], 1, rules.REMINDER_AT)

    @property
    def week_reminder_due_at(self) -> datetime:
        """9am UK time on the same weekday of the week before."""
        return days_before(self.agreed[0], 7, rules.REMINDER_AT)

    @property
    def joining_link(self) -> str:
        """Its own, or else its presenter's; only of an online booking that is confirmed."""
        if self.format != Format.ONLINE or self.state != State.CONFIRMED:
            return ""
        return self.own_joining_link or (self.presenter.joining_link if self.presenter else "")

    @property
    def awaits_link(self) -> bool:
        """Online and confirmed, and nobody has a link to join it by yet."""
        return self.format == Format.ONLINE and self.state == State.CONFIRMED and not self.joining_link

    @property
    def address_lines(self) -> list[str]:
        return [line for line in (self.address_line_1, self.address_line_2, self.town, self.postcode) if line]

    def can_become(self, state: str) -> bool:
        return state in MOVES[self.state]


class EventKind(models.TextChoices):
    BOOKED = "booked", _("Booked")
    REQUESTED = "requested", _("Requested")
    CONFIRMED = "confirmed", _("Confirmed")
    DECLINED = "declined", _("Declined")
    CANCELLED = "cancelled", _("Cancelled")
    DELIVERED = "delivered", _("Delivered")
    PRESENTER_FREED = "presenter-freed", _("Needs a presenter")
    REASSIGNED = "reassigned", _("Presenter changed")
    OFFERED = "offered", _("Times offered")
    OTHERS_ASKED = "others-asked", _("Other times asked for")
    LAPSED = "lapsed", _("Dates no longer kept")
    RESCHEDULED = "rescheduled", _("Moved to another time")
    DETAILS_CHANGED = "details-changed", _("Details changed")
    HANDED_OVER = "handed-over", _("Handed over to a colleague")
    TRAVEL_SET = "travel-set", _("Travel minutes set")
    CHECKED_IN = "checked-in", _("Presenter checked in")
    CHECKED_OUT = "checked-out", _("Presenter checked out")
    SAID_SAFE = "said-safe", _("Said to be safe")
    LINK_SET = "link-set", _("Joining link changed")
    ATTENDANCE = "attendance", _("Attendance recorded")
    ERASED = "erased", _("Personal details erased")


class BookingEvent(models.Model):
    """What happened, who did it, when (UTC). Append-only at the database; only `reason`, free text, can be blanked.

    `changes` says what a change was, in times, keys and names of fields and never in anybody's words:
    {"time": [from, to], "presenter": [from, to], "sequence": 2}, {"travel": [null, 20]} in minutes, {"people": [null, 14]} or
    {"fields": ["room"], "revision": 1}, {"person": [from, to], "sequence": 3}; and {"by_link": true} for whoever came by a link
    in an email.
    """

    booking = models.ForeignKey(Booking, verbose_name=_("booking"), on_delete=models.PROTECT, related_name="events")
    at = models.DateTimeField(_("when"))
    # No constraint: history stays whole when a sign-in goes, and must not change with it.
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("by"),
        null=True,
        blank=True,
        on_delete=models.DO_NOTHING,
        db_constraint=False,
        related_name="+",
    )
    kind = models.CharField(_("what"), max_length=20, choices=EventKind)
    from_state = models.CharField(_("from"), max_length=10, choices=State, blank=True)
    to_state = models.CharField(_("to"), max_length=10, choices=State, blank=True)
    reason = models.TextField(_("why"), blank=True)
    changes = models.JSONField(_("what changed"), default=dict, blank=True)

    class Meta:
        ordering = ["at", "pk"]
        verbose_name = _("event")
        verbose_name_plural = _("events")
        # Few of the many: whose bookings went to a colleague is asked when somebody reads or erases what we hold of them.
        indexes = [models.Index(fields=["booking"], name="booking_handed_over", condition=models.Q(kind=EventKind.HANDED_OVER))]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.at:%Y-%m-%d %H:%M}"


def record(
    booking: Booking,
    kind: EventKind,
    *,
    by: User | None,
    now: datetime,
    from_state: str = "",
    to_state: str = "",
    reason: str = "",
    changes: dict[str, object] | None = None,
) -> None:
    """Write the event. Append-only: what it says is never changed."""
    BookingEvent.objects.create(
        booking=booking,
        kind=kind,
        by=by,
        at=now,
        from_state=from_state,
        to_state=to_state,
        reason=reason,
        changes=changes or {},
    )
