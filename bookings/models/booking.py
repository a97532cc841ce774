"""One presentation for one team: what happened to it, the dates of a request, and the leaflets that the presenter brings."""

import uuid
from collections.abc import Iterable
from datetime import date, datetime, time, timedelta
from functools import reduce
from operator import or_
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.core.signing import Signer
from django.db import models
from django.db.models import Case, Exists, ExpressionWrapper, F, OuterRef, Q, Value, When
from django.db.models.functions import Coalesce, TruncDate
from django.urls import reverse
from django.utils.translation import gettext, gettext_lazy as _

from accounts.models import User
from bookings.models.presenter import Format, Presentation, Presenter, validate_https
from core.dates import (
    UK_TZ,
    days_before,
    format_datetime_range,
    format_day,
    format_uk_time,
    subtract_working_days,
    uk_datetime,
    uk_day,
)
from core.errors import DomainError
from core.models import Event, ReferencedModel, StateModel, free_text, impersonal, personal, trigram_index
from leaflets.models import CopiesToBring, Order, OrderState
from office.closures.models import Closure
from office.site_settings.queries import site_settings
from professionals.models import Nation, Profession, Reached

# Of dates that somebody asks for, and of dates that staff offer.
MAX_DATES_PER_REQUEST = 3
REMINDER_TIME = time(9)  # in the UK, as every clock time here
# Safe visits (product.md, rule 10), counted from the times of the booking.
CHECK_IN_OPENS_BEFORE = timedelta(hours=2)  # before the start: a long journey may end early
CHECK_IN_GRACE = timedelta(minutes=15)  # after the start
CHECK_OUT_GRACE = timedelta(minutes=30)  # after the end: people stay and ask
# The delays, in minutes, that a presenter who runs late can choose; both graces begin that much later.
LATE_MINUTES_CHOICES = (15, 30, 60)
# On the day before, two hours before the reminder goes out, which should have the link.
JOINING_LINK_DEADLINE_TIME = time(7)
# Spare seats at a team's booking, for people of other organisations nearby.
MAX_SPARE_SEATS = 20


class BookingState(models.TextChoices):
    REQUESTED = "requested", _("Requested")
    CONFIRMED = "confirmed", _("Confirmed")
    DELIVERED = "delivered", _("Delivered")
    CANCELLED = "cancelled", _("Cancelled")
    DECLINED = "declined", _("Declined")


BOOKING_TRANSITIONS: dict[str, frozenset[str]] = {
    BookingState.REQUESTED: frozenset({BookingState.CONFIRMED, BookingState.DECLINED, BookingState.CANCELLED}),
    BookingState.CONFIRMED: frozenset({BookingState.DELIVERED, BookingState.CANCELLED}),
    BookingState.DELIVERED: frozenset(),
    BookingState.CANCELLED: frozenset(),
    BookingState.DECLINED: frozenset(),
}
# The moves that staff can take back, with a reason (bookings/booking/services/undo.py).
UNDO_TRANSITIONS: dict[str, frozenset[str]] = {
    BookingState.DELIVERED: frozenset({BookingState.CONFIRMED}),
    BookingState.CANCELLED: frozenset({BookingState.REQUESTED, BookingState.CONFIRMED}),
}
# These hold their presenter's time.
OPEN_BOOKING_STATES = (BookingState.REQUESTED, BookingState.CONFIRMED)
BOOKING_OVER_AT = Coalesce("ends_at", "created_at")  # from when retention counts
# Visits at which somebody may still be.
OPEN_VISIT_Q = Q(
    format=Format.WORKPLACE,
    state__in=[BookingState.CONFIRMED, BookingState.DELIVERED, BookingState.CANCELLED],
    visit_closed=False,
)
CHECK_IN, CHECK_OUT, HELP = "check-in", "check-out", "help"
CHECK_IN_OPENED = F("starts_at") - CHECK_IN_OPENS_BEFORE
CHECKED_OUT_Q = Q(visit__checked_out_at__gte=CHECK_IN_OPENED)
CHECKED_IN_Q = Q(visit__checked_in_at__gte=CHECK_IN_OPENED) & ~CHECKED_OUT_Q
SOUGHT_Q = (
    Q(visit__presenter_needed_since__gte=F("starts_at"))
    & ~CHECKED_OUT_Q
    & ~Q(visit__safe_at__gte=F("visit__presenter_needed_since"))
)
VISIT_DONE_Q = CHECKED_OUT_Q & (Q(visit__presenter=F("presenter")) | Q(visit__checked_out_at__gte=F("ends_at")))
NEEDS_HELP_Q = Q(visit__help_at__isnull=False) & ~Q(visit__safe_at__gte=F("visit__help_at"))
OVERDUE_ORDER = (Case(When(NEEDS_HELP_Q, then=0), default=1), "missed_at", "pk")  # of `overdue`: calls for help first
# The presenter said that they run late, and the booking still has the same time and presenter.
RUNNING_LATE_Q = Q(
    visit__presenter=F("presenter"),
    visit__late_until__gt=F("starts_at"),
    visit__late_until__lte=F("starts_at") + timedelta(minutes=max(LATE_MINUTES_CHOICES)),
)
# Somebody is expected there, or was expected and has not been heard of. The condition of the index booking_visit_open comes
# first, so that closed visits cost nothing.
PRESENTER_AWAITED_Q = OPEN_VISIT_Q & (
    (Q(state__in=[BookingState.CONFIRMED, BookingState.DELIVERED], presenter__isnull=False) | CHECKED_IN_Q | SOUGHT_Q)
    & ~VISIT_DONE_Q
    | NEEDS_HELP_Q
)
BOOKING_COLOURS = {
    BookingState.REQUESTED: "waiting",
    BookingState.CONFIRMED: "good",
    BookingState.DELIVERED: "done",
    BookingState.CANCELLED: "stopped",
    BookingState.DECLINED: "stopped",
}


class BookingChannel(models.TextChoices):
    WEB = "web", _("Website")
    PHONE = "phone", _("Phone")
    EMAIL = "email", _("Email")
    LIST = "list", _("Imported from a list")


def new_uid() -> str:
    """The name of the calendar entry in every calendar, for ever (RFC 5545, 3.8.4.7; RFC 7986, 5.3)."""
    return f"{uuid.uuid4()}@{urlsplit(settings.SITE_URL).hostname}"


def team_token_signer() -> Signer:
    """Signs the key of a booking and the generation of its team link. Tokens of SECRET_KEY_FALLBACKS still work."""
    return Signer(sep=".", salt="bookings.team_link")


class NoTimeAgreed(DomainError):
    message = _("No time is agreed yet. Agree one first.")


class ScheduledEvent(ReferencedModel, StateModel):
    """What a presenter is booked for: a booking or an open session. Times are UTC.

    `sequence` counts the changes that calendars must hear of (RFC 5545, 3.8.7.4).
    """

    starts_at: Any
    ends_at: Any
    presenter: Any
    own_joining_link = personal(models.URLField(_("joining link of its own"), blank=True, validators=[validate_https]))
    sequence = models.PositiveIntegerField(_("calendar sequence"), default=0, editable=False)
    ical_uid = impersonal(models.CharField(_("calendar UID"), max_length=120, unique=True, default=new_uid, editable=False))
    anonymised_at = models.DateTimeField(_("details taken out"), null=True, blank=True, editable=False)

    class Meta:
        abstract = True

    @property
    def agreed_times(self) -> tuple[datetime, datetime]:
        """Start and end. Raises NoTimeAgreed."""
        if self.starts_at is None or self.ends_at is None:
            raise NoTimeAgreed
        return self.starts_at, self.ends_at

    @property
    def joining_link(self) -> str:
        """Its own, or else its presenter's. Only for people with a place, and staff."""
        return self.own_joining_link or (self.presenter.joining_link if self.presenter else "")

    @property
    def clocks(self) -> str:
        """The time range, for use under a date heading: '1:30pm to 3pm'."""
        start, end = self.agreed_times
        return gettext("%(start)s to %(end)s") % {"start": format_uk_time(start), "end": format_uk_time(end)}

    @property
    def reminder_due_at(self) -> datetime:
        """9am UK time on the day before."""
        return days_before(self.agreed_times[0], 1, REMINDER_TIME)

    @property
    def first_reminder_due_at(self) -> datetime:
        """9am UK time, as many days before as staff have set."""
        return days_before(self.agreed_times[0], site_settings().first_reminder_days, REMINDER_TIME)


# What the presenter must know of the day: each is asked on every form of a booking, in this order, and shown to everybody who
# reads about its details (bookings/text.py).
NEEDS_FIELDS = ("room", "access_needs", "notes")
# The columns that say in which nation a booking may meet a day when we are closed.
BOOKING_NATION_COLUMNS = ("nation", "presenter__nation")


def starts_on_closed_day(nations: Iterable[str]) -> Exists:
    """Whether we give no presentations on the UK day of its start. `nations`: the columns that say where it is."""
    day = TruncDate(ExpressionWrapper(OuterRef("starts_at"), models.DateTimeField()), tzinfo=UK_TZ)
    closures = Closure.objects.not_ended_early().filter(presentations=True, first_day__lte=day, last_day__gte=day)
    where = (Q(nation=OuterRef(name)) for name in nations)
    return Exists(closures.filter(reduce(or_, where, Q(nation=""))))


def starts_in_closure(closure: Closure, nations: Iterable[str]) -> Q:
    """The condition for starting on a day that this closure closes, or would close if it were saved."""
    first, after = (uk_datetime(day, time.min) for day in (closure.first_day, closure.last_day + timedelta(days=1)))
    days = Q(starts_at__gte=first, starts_at__lt=after)
    return days & reduce(or_, (Q(**{name: closure.nation}) for name in nations)) if closure.nation else days


class BookingQuerySet(models.QuerySet["Booking"]):
    def with_related(self) -> "BookingQuerySet":
        """With everything that a page about a booking shows, in one query."""
        return self.select_related("presentation", "presenter", "person")

    def with_leaflets(self) -> "BookingQuerySet":
        """With the order of the leaflets that the presenter brings, if any."""
        return self.select_related("brought__order")

    def with_afterwards(self) -> "BookingQuerySet":
        """With its attendance and its short link, if any."""
        return self.select_related("attendance", "follow_up")

    def open(self) -> "BookingQuerySet":
        return self.filter(state__in=OPEN_BOOKING_STATES)

    def upcoming(self, now: datetime) -> "BookingQuerySet":
        """Open ones that lie ahead, and those without a time."""
        return self.open().filter(Q(starts_at__gt=now) | Q(starts_at__isnull=True))

    def needing_a_presenter(self) -> "BookingQuerySet":
        """Open bookings with a time that nobody gives."""
        return self.open().filter(presenter__isnull=True, starts_at__isnull=False)

    def to_decide(self) -> "BookingQuerySet":
        """Requests that wait for staff: no offer stands that the professional may still answer."""
        return self.filter(state=BookingState.REQUESTED).exclude(pk__in=DateOption.objects.proposed().open().values("booking"))

    def awaiting_answer(self) -> "BookingQuerySet":
        """Requests that wait for the professional's answer."""
        return self.filter(state=BookingState.REQUESTED, pk__in=DateOption.objects.proposed().open().values("booking"))

    def with_lapsed_dates(self) -> "BookingQuerySet":
        """Requests whose dates are no longer kept and that have no new offer: someone was let down."""
        return self.to_decide().filter(pk__in=DateOption.objects.filter(state=DateOptionState.EXPIRED).values("booking"))

    def between_days(self, first: date, last: date) -> "BookingQuerySet":
        """Bookings that start on a UK day from `first` to `last`, both included.

        These are the open ones, and visits from which nobody has come back, whatever they were marked as meanwhile.
        """
        earliest, latest = uk_datetime(first, time.min), uk_datetime(last + timedelta(days=1), time.min)
        return self.filter(Q(state__in=OPEN_BOOKING_STATES) | PRESENTER_AWAITED_Q, starts_at__gte=earliest, starts_at__lt=latest)

    def on_closed_days(self, now: datetime) -> "BookingQuerySet":
        """Open bookings ahead on days when we are closed: booked before we said so, or by staff all the same."""
        return self.open().filter(starts_on_closed_day(BOOKING_NATION_COLUMNS), starts_at__gt=now)

    def asked_between(self, first: date, last: date) -> "BookingQuerySet":
        """Open ones that start on a UK day from `first` to `last`, and those without a time that asked for such a day."""
        earliest, latest = uk_datetime(first, time.min), uk_datetime(last + timedelta(days=1), time.min)
        asked = DateOption.objects.preferred().filter(booking=OuterRef("pk"), starts_at__lt=latest, ends_at__gt=earliest)
        timed = Q(starts_at__gte=earliest, starts_at__lt=latest)
        return self.open().filter(timed | Q(Exists(asked), starts_at__isnull=True))

    def to_mark_as_delivered(self, now: datetime) -> "BookingQuerySet":
        """Confirmed ones whose time is over."""
        return self.filter(state=BookingState.CONFIRMED, starts_at__lt=now, ends_at__lte=now)

    def not_over(self, now: datetime) -> "BookingQuerySet":
        """Open and not over yet, and those without a time."""
        return self.open().filter(Q(ends_at__gt=now) | Q(ends_at__isnull=True))

    def waited_for(self, now: datetime) -> "BookingQuerySet":
        """Like `not_over`, and visits that nobody has said are over, whatever they were marked as."""
        return self.filter(Q(state__in=OPEN_BOOKING_STATES) & (Q(ends_at__gt=now) | Q(ends_at=None)) | PRESENTER_AWAITED_Q)

    def past(self, now: datetime) -> "BookingQuerySet":
        """All that do not lie ahead: over, or no longer open."""
        return self.filter(~Q(state__in=OPEN_BOOKING_STATES) | Q(ends_at__lte=now))

    def for_my_page(self, person: object) -> "BookingQuerySet":
        """A person's bookings: those without a time, then the newest day first."""
        return self.filter(person=person).with_related().order_by("-starts_at", "-pk")

    def visits_for_person(self, person: object) -> "BookingQuerySet":
        """A person's visits, the newest day first; not those whose details were taken out.

        What has no time yet, or was declined, is no visit; PostgreSQL would sort what has no time before all others.
        """
        visits = self.filter(person=person, format=Format.WORKPLACE, starts_at__isnull=False).exclude(state=BookingState.DECLINED)
        return visits.exclude(address_line_1="").order_by("-starts_at", "-pk")

    def with_open_seats(self, now: datetime) -> "BookingQuerySet":
        """The bookings whose host still offers seats to people of other organisations, the soonest first."""
        offered = self.filter(state=BookingState.CONFIRMED, starts_at__gt=now, seats_until__gte=uk_day(now))
        return offered.filter(seats_taken__lt=F("seats_offered")).order_by("starts_at", "pk")

    def without_joining_link(self, now: datetime) -> "BookingQuerySet":
        """Confirmed online bookings to come that have no joining link, neither their own nor their presenter's.

        They count until the end of today in the UK; from JOINING_LINK_DEADLINE_TIME on, until the end of tomorrow.
        """
        # The end of tomorrow in the UK; before JOINING_LINK_DEADLINE_TIME the end of today.
        days = 2 if now.astimezone(UK_TZ).time() >= JOINING_LINK_DEADLINE_TIME else 1
        return self.filter(
            Q(presenter__isnull=True) | Q(presenter__joining_link=""),
            state=BookingState.CONFIRMED,
            format=Format.ONLINE,
            own_joining_link="",
            starts_at__gt=now,
            starts_at__lt=uk_datetime(uk_day(now) + timedelta(days=days), time.min),
        ).order_by("starts_at", "pk")

    def with_unchecked_presenter(self, now: datetime) -> "BookingQuerySet":
        """Confirmed visits to come whose presenter may not go: a check or the training ends before the day."""
        ended = Q(presenter__checked_until__lt=F("day")) | Q(presenter__trained_until__lt=F("day"))
        never = Q(presenter__checked_until=None) | Q(presenter__trained_until=None)
        visits = self.filter(state=BookingState.CONFIRMED, format=Format.WORKPLACE, presenter__isnull=False, starts_at__gt=now)
        return visits.alias(day=TruncDate("starts_at", tzinfo=UK_TZ)).filter(ended | never).order_by("starts_at", "pk")

    def visits_under_way(self, now: datetime) -> "BookingQuerySet":
        """Visits to which somebody may have set off, and which nobody has said are over."""
        return self.filter(PRESENTER_AWAITED_Q, starts_at__lte=now + CHECK_IN_OPENS_BEFORE).order_by("starts_at", "pk")

    def overdue(self, now: datetime) -> "BookingQuerySet":
        """Visits whose presenter has not checked in or out in time, or asked for help, without word since that all is well.

        `missed` is CHECK_IN or CHECK_OUT, and `missed_at` when that was expected; or HELP, and when they asked for it. A
        presenter who said that they run late has that much longer. This is computed from the clock, not from what was mailed: it
        is true while no worker runs, and for as long as it takes. A presenter who is there is waited for even if the booking was
        cancelled or marked as delivered meanwhile; one whom leave took off a visit that had begun is overdue at once.
        """
        in_by, out_by = now - CHECK_IN_GRACE, now - CHECK_OUT_GRACE
        length = F("ends_at") - F("starts_at")
        may_be_out_later = RUNNING_LATE_Q & Q(visit__late_until__gt=ExpressionWrapper(out_by - length, models.DateTimeField()))
        no_check_out = Q(ends_at__lte=out_by) & ~may_be_out_later & ~Q(visit__safe_at__gte=F("ends_at"))
        may_be_in_later = RUNNING_LATE_Q & Q(visit__late_until__gt=in_by)
        late_for_it = Q(starts_at__lte=in_by) & ~may_be_in_later & ~Q(visit__safe_at__gte=F("starts_at"))
        no_check_in = (Q(ends_at__gt=out_by) | may_be_out_later) & ~CHECKED_IN_Q & (late_for_it | SOUGHT_Q)
        missing = Q(no_check_out | no_check_in, starts_at__lte=now)
        return (
            self.filter(PRESENTER_AWAITED_Q, missing | NEEDS_HELP_Q, starts_at__lte=now + CHECK_IN_OPENS_BEFORE)
            .annotate(
                missed=Case(
                    When(NEEDS_HELP_Q, then=Value(HELP)), When(no_check_out, then=Value(CHECK_OUT)), default=Value(CHECK_IN)
                ),
                missed_at=Case(
                    When(NEEDS_HELP_Q, then=F("visit__help_at")), When(no_check_out, then=F("ends_at")), default=F("starts_at")
                ),
            )
            .order_by(*OVERDUE_ORDER)
        )

    def alarms(self, now: datetime) -> "BookingQuerySet":
        """Like `overdue`, with `is_taken_on`: whether a colleague is on the alarm. Those that nobody is on come first."""
        taken = Case(When(visit__taken_on_at__gte=F("missed_at"), then=Value(True)), default=Value(False))
        columns = {"is_taken_on": taken}
        return self.overdue(now).annotate(**columns).order_by(taken, *OVERDUE_ORDER)


class Booking(ScheduledEvent, Reached):
    """`presenter` is empty while it needs one, and the times while a request has none agreed (see DateOption).

    `revision` counts the changes to its details. `visit_closed`: the presenter is back from the visit, or nobody went (see
    Visit); the database opens it again when the time or the presenter changes.
    """

    REFERENCE_PREFIX = "BK"
    transitions = BOOKING_TRANSITIONS
    status_colours = BOOKING_COLOURS

    person = models.ForeignKey(
        "professionals.Person", verbose_name=_("person"), on_delete=models.PROTECT, related_name="bookings"
    )
    personal(person)
    presentation = models.ForeignKey(
        Presentation, verbose_name=_("presentation"), on_delete=models.PROTECT, related_name="bookings"
    )
    presenter = models.ForeignKey(
        Presenter, verbose_name=_("presenter"), null=True, blank=True, on_delete=models.PROTECT, related_name="bookings"
    )
    personal(presenter)
    state = models.CharField(_("state"), max_length=10, choices=BookingState)
    format = models.CharField(_("format"), max_length=10, choices=Format)
    starts_at = models.DateTimeField(_("starts"), null=True, blank=True)
    ends_at = models.DateTimeField(_("ends"), null=True, blank=True)
    address_line_1 = personal(models.CharField(_("address line 1"), max_length=120, blank=True))
    address_line_2 = personal(models.CharField(_("address line 2"), max_length=120, blank=True))
    town = personal(models.CharField(_("town or city"), max_length=80, blank=True))
    postcode = personal(models.CharField(_("postcode"), max_length=9, blank=True))
    nation = models.CharField(_("nation"), max_length=20, choices=Nation, blank=True)
    local_authority = impersonal(
        models.CharField(_("local authority"), max_length=9, blank=True, help_text=_("Its code in statistics."))
    )
    room = free_text(models.CharField(_("room, parking or entrance"), max_length=200, blank=True))
    audience_size = models.PositiveSmallIntegerField(_("people coming"))
    audience_profession = models.CharField(_("who is coming"), max_length=30, choices=Profession, blank=True)
    contact_name = personal(models.CharField(_("contact on the day"), max_length=150))
    contact_phone = personal(models.CharField(_("contact’s phone"), max_length=30))
    access_needs = free_text(models.TextField(_("access needs"), blank=True))
    notes = free_text(models.TextField(_("anything else"), blank=True))
    request_reason = free_text(models.TextField(_("why our times don’t suit"), blank=True))
    flagged_child_details = models.BooleanField(_("looked like a child’s details"), default=False)
    channel = models.CharField(_("came by"), max_length=10, choices=BookingChannel)
    revision = models.PositiveIntegerField(_("changes to its details"), default=0)
    visit_closed = models.BooleanField(_("nobody is waited for at its visit"), default=False, editable=False)
    submission_token = impersonal(models.CharField(_("one-time token"), max_length=43, unique=True, null=True, blank=True))
    submission_digest = impersonal(models.CharField(_("digest of the answers"), max_length=64, blank=True))
    closed_reason = free_text(models.TextField(_("why it was cancelled or declined"), blank=True))
    created_at = models.DateTimeField(_("booked"))
    imported_at = models.DateTimeField(_("imported from a list"), null=True, blank=True, editable=False)
    # Seats for people of other organisations (Seat): how many the host offers, to whom, and until which day; NULL: not now.
    seats_offered = models.PositiveSmallIntegerField(_("spare seats"), default=0, db_default=0)
    seats_taken = models.PositiveSmallIntegerField(_("spare seats given"), default=0, db_default=0, editable=False)  # a trigger's
    seats_professions = impersonal(
        ArrayField(
            models.CharField(max_length=30, choices=Profession),
            verbose_name=_("professions that spare seats are for"),
            default=list,
            db_default=Value([], output_field=ArrayField(models.CharField(max_length=30))),
            blank=True,
        )
    )
    seats_until = models.DateField(_("spare seats offered until"), null=True, blank=True)
    # Each makes another team_url. A trigger raises it too: bookings/sql/team_links.sql.
    team_link_generation = models.PositiveIntegerField(_("team links made"), default=1, db_default=1, editable=False)
    searched = personal(models.TextField(_("words that staff search"), editable=False, default=""))  # the database keeps it

    objects = BookingQuerySet.as_manager()
    missed: str  # only overdue() sets these two
    missed_at: datetime
    is_taken_on: bool  # only alarms() sets it

    class Meta:
        ordering = ["-starts_at", "-pk"]
        verbose_name = _("booking")
        verbose_name_plural = _("bookings")
        permissions = [
            ("hand_over_booking", _("Can hand bookings over to a colleague of their owner")),
            ("export_bookings", _("Can export bookings with names and addresses")),
        ]
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
            models.CheckConstraint(
                condition=Q(channel="list", imported_at__isnull=False) | (~Q(channel="list") & Q(imported_at__isnull=True)),
                name="booking_imported_says_when",
            ),
            models.CheckConstraint(
                condition=Q(seats_taken__lte=F("seats_offered"), seats_offered__lte=MAX_SPARE_SEATS),
                name="booking_never_more_seats_than_offered",
            ),
        ]
        indexes = [
            models.Index(fields=["person", "-starts_at", "-id"], name="booking_of_a_person"),
            models.Index(
                fields=["person", "ends_at"], name="booking_ahead_of_a_person", condition=Q(state__in=OPEN_BOOKING_STATES)
            ),
            models.Index(fields=["state", "starts_at"], name="booking_by_state"),
            models.Index(fields=["-starts_at", "-id"], name="booking_newest"),
            # For the staff list: open and closed bookings, each filter, each way to sort, and the words in it.
            models.Index(fields=["starts_at", "id"], name="booking_open", condition=Q(state__in=OPEN_BOOKING_STATES)),
            models.Index(fields=["-starts_at", "-id"], name="booking_closed", condition=~Q(state__in=OPEN_BOOKING_STATES)),
            models.Index(fields=["format", "-starts_at", "-id"], name="booking_by_format"),
            models.Index(fields=["nation", "-starts_at", "-id"], name="booking_by_nation"),
            models.Index(fields=["local_authority", "-starts_at", "-id"], name="booking_by_authority"),
            models.Index(fields=["presenter", "-starts_at", "-id"], name="booking_of_a_presenter"),
            models.Index(fields=["postcode", "-starts_at", "-id"], name="booking_by_postcode"),
            models.Index(fields=["-created_at", "-id"], name="booking_last_asked"),
            models.Index(
                fields=["reached_authority", "-starts_at", "-id"], name="booking_reached", condition=Q(state="delivered")
            ),
            models.Index(fields=["starts_at", "id"], name="booking_seats_open", condition=Q(seats_until__isnull=False)),
            trigram_index("booking_searched"),
            # Visits at which we still wait for somebody: few, however many there were.
            models.Index(fields=["starts_at", "id"], name="booking_visit_open", condition=OPEN_VISIT_Q),
            models.Index(BOOKING_OVER_AT, name="booking_kept", condition=Q(anonymised_at__isnull=True)),
        ]

    def get_absolute_url(self) -> str:
        return reverse("booking", args=[self.reference])

    @property
    def is_open(self) -> bool:
        return self.state in OPEN_BOOKING_STATES

    @property
    def contacts_postcode(self) -> str:
        """The postcode by which its team learns whom to tell about a child: the visit's, or online that of the host's work."""
        return self.postcode or self.person.postcode

    @property
    def withdrawal_sequence(self) -> int:
        """The sequence of the CANCEL to a presenter taken off by leave. Other calendars keep their entry, so `sequence` stays."""
        return self.sequence + 1

    @property
    def next_sequence(self) -> int:
        """For giving it to somebody: higher than what the calendar of any presenter was told."""
        return (self.sequence if self.presenter_id else self.withdrawal_sequence) + 1

    @property
    def version(self) -> str:
        """A page names the version that it was drawn with, so that a change from a page that is too old is refused."""
        return f"{self.state}-{self.sequence}-{self.revision}"

    @property
    def needs_a_presenter(self) -> bool:
        return self.is_open and self.presenter_id is None and self.has_time

    @property
    def has_time(self) -> bool:
        return self.starts_at is not None

    @property
    def is_imported(self) -> bool:
        """From before we had this site: it has no events and no claim on a presenter's time, and nobody is told of anything."""
        return self.channel == BookingChannel.LIST

    @property
    def has_only_a_day(self) -> bool:
        """The imported list did not give the time, so it stands at midnight."""
        return self.is_imported and self.starts_at is not None and self.starts_at.astimezone(UK_TZ).time() == time.min

    @property
    def may_be_taken_back(self) -> bool:
        """It was delivered or cancelled here, so we know what it was before."""
        return self.state in UNDO_TRANSITIONS and self.anonymised_at is None and not self.is_imported

    @property
    def when(self) -> str:
        if not self.has_time:
            return gettext("No time agreed yet")
        return format_day(self.agreed_times[0]) if self.has_only_a_day else format_datetime_range(*self.agreed_times)

    @property
    def joining_link(self) -> str:
        """Its own link, or else its presenter's; only for an online booking that is confirmed."""
        return super().joining_link if self.format == Format.ONLINE and self.state == BookingState.CONFIRMED else ""

    @property
    def awaits_link(self) -> bool:
        """It is online and confirmed, and has no joining link yet."""
        return self.format == Format.ONLINE and self.state == BookingState.CONFIRMED and not self.joining_link

    @property
    def team_url(self) -> str:
        """Where its owner's colleagues read how to join while it is online and confirmed. Leads to nothing private."""
        if self.format != Format.ONLINE or self.state != BookingState.CONFIRMED:
            return ""
        token = team_token_signer().sign(f"{self.pk}.{self.team_link_generation}")
        return f"{settings.SITE_URL}{reverse('team_link', args=[token])}"

    @property
    def team_link_was_replaced(self) -> bool:
        """Whether colleagues may have an earlier one, which no longer works."""
        return self.team_link_generation > 1

    def find_overdue(self, now: datetime) -> "Booking | None":
        """This booking read anew, with what was missed; None if all is well. No statement if it can't be overdue."""
        if self.format != Format.WORKPLACE or self.starts_at is None or self.starts_at > now + CHECK_IN_OPENS_BEFORE:
            return None
        return Booking.objects.filter(pk=self.pk).overdue(now).first()

    def may_offer_seats(self, now: datetime) -> bool:
        """Whether it takes place and lies ahead."""
        return self.state == BookingState.CONFIRMED and self.starts_at is not None and self.starts_at > now

    def has_open_seats(self, now: datetime) -> bool:
        """Like with_open_seats, for this booking."""
        still_offered = self.seats_until is not None and self.seats_until >= uk_day(now)
        return self.may_offer_seats(now) and still_offered and self.seats_left > 0

    @property
    def seats_left(self) -> int:
        return self.seats_offered - self.seats_taken

    @property
    def address_lines(self) -> list[str]:
        return [line for line in (self.address_line_1, self.address_line_2, self.town, self.postcode) if line]

    @property
    def last_day_to_change(self) -> date:
        """The last day for changes, to its end. Working days are those where the presenter lives. Raises NoTimeAgreed."""
        nation = self.presenter.nation if self.presenter else Nation.ENGLAND
        return subtract_working_days(uk_day(self.agreed_times[0]), site_settings().change_deadline_working_days, nation)

    @property
    def last_day_to_change_text(self) -> str:
        """The last day for changes, in words; empty for a request without a time."""
        return format_day(self.last_day_to_change) if self.has_time else ""

    def is_finished(self, now: datetime) -> bool:
        """It is closed, or its time is over."""
        return not self.is_open or (self.ends_at is not None and self.ends_at <= now)

    def may_still_change(self, now: datetime) -> bool:
        """Whether its owner can still move it or change its details on the website; staff always can."""
        return self.is_open and (not self.has_time or uk_day(now) <= self.last_day_to_change)

    def may_reschedule(self, now: datetime) -> bool:
        return self.has_time and self.may_still_change(now)


class BookingEventKind(models.TextChoices):
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
    CHECK_IN_TAKEN_BACK = "check-in-taken-back", _("Check-in taken back")
    CHECK_OUT_TAKEN_BACK = "check-out-taken-back", _("Check-out taken back")
    LATE = "late", _("Presenter runs late")
    HELP_ASKED = "help-asked", _("Presenter asked for help")
    DISCLOSED = "disclosed", _("Duty person told of a disclosure")
    TAKEN_ON = "taken-on", _("Alarm taken on")
    SAID_SAFE = "said-safe", _("Said to be safe")
    LINK_SET = "link-set", _("Joining link changed")
    TEAM_LINK_REPLACED = "team-link-replaced", _("New link for the team")
    ATTENDANCE = "attendance", _("Attendance recorded")
    MORE_FEEDBACK = "more-feedback", _("More feedback is taken")
    ERASED = "erased", _("Personal details erased")
    RESTORED = "restored", _("Cancellation taken back")
    UNDELIVERED = "undelivered", _("No longer marked as delivered")
    SEATS_OFFERED = "seats-offered", _("Spare seats offered")
    SEATS_CLOSED = "seats-closed", _("Spare seats no longer offered")
    SEAT_ASKED = "seat-asked", _("Seat asked for")
    SEAT_APPROVED = "seat-approved", _("Seat given")
    SEAT_DECLINED = "seat-declined", _("Seat declined")
    SEAT_GIVEN_UP = "seat-given-up", _("Seat given up")


class EngagementEvent(Event):
    """An event of a booking or a session. Only `reason` can be blanked; `changes` never has anybody's words."""

    # No constraint: history stays whole when an account goes, and must not change with it.
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("by"),
        null=True,
        blank=True,
        on_delete=models.DO_NOTHING,
        db_constraint=False,
        related_name="+",
    )
    personal(by)
    reason = free_text(models.TextField(_("why"), blank=True))
    changes = impersonal(models.JSONField(_("what changed"), default=dict, blank=True))

    class Meta(Event.Meta):
        abstract = True

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.at:%Y-%m-%d %H:%M}"


class BookingEvent(EngagementEvent):
    """What happened to a booking.

    `changes` has times, keys and names of fields: {"time": [from, to], "presenter": [from, to], "sequence": 2}, {"travel": [null,
    20]} in minutes, {"people": [null, 14]}, {"fields": ["room"], "revision": 1}, {"person": [from, to], "sequence": 3}; {"seats":
    4} for the number offered, or {"seat": 12} for the key of one; and {"by_link": true} if it was done by a link in an email.
    """

    booking = models.ForeignKey(Booking, verbose_name=_("booking"), on_delete=models.PROTECT, related_name="events")
    kind = models.CharField(_("what"), max_length=20, choices=BookingEventKind)
    from_state = models.CharField(_("from"), max_length=10, choices=BookingState, blank=True)
    to_state = models.CharField(_("to"), max_length=10, choices=BookingState, blank=True)

    class Meta(EngagementEvent.Meta):
        verbose_name = _("event")
        verbose_name_plural = _("events")
        # Few of many events: a copy or an erasure of a person's data asks which bookings they gave to a colleague.
        indexes = [models.Index(fields=["booking"], name="booking_handed_over", condition=Q(kind=BookingEventKind.HANDED_OVER))]


def record_event(
    booking: Booking,
    kind: BookingEventKind,
    *,
    by: User | None,
    now: datetime,
    from_state: str = "",
    to_state: str = "",
    reason: str = "",
    changes: dict[str, object] | None = None,
) -> None:
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


class DateOptionKind(models.TextChoices):
    PREFERRED = "preferred", _("Asked for")
    PROPOSED = "proposed", _("Offered by us")


class DateOptionState(models.TextChoices):
    OPEN = "open", _("Open")
    TAKEN = "taken", _("Taken")
    PASSED = "passed", _("Passed over")
    EXPIRED = "expired", _("Lapsed")


class Precision(models.TextChoices):
    TIME = "time", _("At a certain time")
    MORNING = "morning", _("In the morning")
    AFTERNOON = "afternoon", _("In the afternoon")
    ANY_TIME = "day", _("At any time of the day")
    DAYS = "days", _("On one of several days")


class NotKeptReason(models.TextChoices):
    """Why a date was not kept when it was asked for; AWAY: why it is no longer kept. Staff read these."""

    SEVERAL_DAYS = "days", _("Several days are not kept.")
    NO_TIME_LEFT = "over", _("No time was left in it when it was asked for.")
    ENOUGH = "enough", _("We were already keeping as many dates for this person as we can.")
    NOBODY_FREE = "busy", _("No presenter was free then when it was asked for, travel included.")
    OUTSIDE = "outside", _("It was outside the hours, the area or another rule of each presenter who was free then.")
    BESIDE = "beside", _("The presenter who was free then is kept for another of these dates.")
    AWAY = "away", _("The presenter we kept it with is away then.")


class DateOptionQuerySet(models.QuerySet["DateOption"]):
    def open(self) -> "DateOptionQuerySet":
        return self.filter(state=DateOptionState.OPEN)

    def kept(self, now: datetime) -> "DateOptionQuerySet":
        """Open dates whose time is kept at that moment."""
        return self.open().filter(expires_at__gt=now)

    def lapsed(self, now: datetime) -> "DateOptionQuerySet":
        """Open ones whose time is no longer kept; a task will close them."""
        return self.open().filter(expires_at__lte=now)

    def preferred(self) -> "DateOptionQuerySet":
        return self.filter(kind=DateOptionKind.PREFERRED)

    def proposed(self) -> "DateOptionQuerySet":
        return self.filter(kind=DateOptionKind.PROPOSED)


class DateOption(models.Model):
    """A date that the professional asks for or that staff offer: from `starts_at` to `ends_at`, or some time between them.

    `presenter`, `kept_from` and `expires_at` say that the time is kept: with whom, from when, and until when. They stay as they
    were when the option is closed; the claim itself is a BusyTime of the kind option, which is there while this is open and not
    lapsed. `why_not` is empty while it is kept and after its time is over (ADR 13).
    """

    booking = models.ForeignKey(Booking, verbose_name=_("booking"), on_delete=models.CASCADE, related_name="options")
    kind = models.CharField(_("kind"), max_length=10, choices=DateOptionKind)
    precision = models.CharField(_("how exactly"), max_length=10, choices=Precision, default=Precision.TIME)
    starts_at = models.DateTimeField(_("starts"))
    ends_at = models.DateTimeField(_("ends"))
    state = models.CharField(_("state"), max_length=10, choices=DateOptionState, default=DateOptionState.OPEN)
    presenter = models.ForeignKey(
        Presenter, verbose_name=_("kept with"), null=True, blank=True, on_delete=models.PROTECT, related_name="options"
    )
    personal(presenter)
    kept_from = models.DateTimeField(_("kept from"), null=True, blank=True)
    expires_at = models.DateTimeField(_("kept until"), null=True, blank=True)
    why_not = models.CharField(
        _("why it is not kept"), max_length=10, choices=NotKeptReason, blank=True, default="", db_default=""
    )

    objects = DateOptionQuerySet.as_manager()

    class Meta:
        ordering = ["pk"]
        verbose_name = _("date")
        verbose_name_plural = _("dates")
        indexes = [models.Index(fields=["expires_at"], condition=Q(state="open"), name="dateoption_lapsing")]
        constraints = [
            models.CheckConstraint(condition=Q(ends_at__gt=F("starts_at")), name="dateoption_ends_after_it_starts"),
            models.CheckConstraint(
                condition=Q(presenter__isnull=True, kept_from__isnull=True, expires_at__isnull=True)
                | Q(presenter__isnull=False, kept_from__isnull=False, expires_at__isnull=False),
                name="dateoption_kept_whole_or_not",
            ),
            models.CheckConstraint(
                condition=Q(kept_from__isnull=True)
                | Q(precision="time", kept_from=F("starts_at"))
                | (~Q(precision__in=["time", "days"]) & Q(kept_from__gte=F("starts_at"), kept_from__lt=F("ends_at"))),
                name="dateoption_kept_within_itself",
            ),
            models.CheckConstraint(
                condition=~Q(kind="proposed") | Q(precision="time", presenter__isnull=False), name="dateoption_offered_is_kept"
            ),
            models.CheckConstraint(
                condition=Q(why_not="")
                | (Q(kept_from__isnull=True) & ~Q(why_not="away"))
                | Q(kept_from__isnull=False, why_not="away"),
                name="dateoption_why_it_is_not_kept",
            ),
            models.UniqueConstraint(fields=["booking"], condition=Q(state="taken"), name="dateoption_one_is_taken"),
        ]

    def __str__(self) -> str:
        return self.when

    @property
    def when(self) -> str:
        """'Tuesday 9 March 2027, 1:30pm to 3pm', or less exactly, as it was named."""
        if self.precision == Precision.TIME:
            return format_datetime_range(self.starts_at, self.ends_at)
        if self.precision == Precision.DAYS:
            days = {"first": format_day(self.starts_at), "last": format_day(self.last_day)}
            return gettext("%(first)s to %(last)s") % days
        part = {
            Precision.MORNING: gettext("in the morning"),
            Precision.AFTERNOON: gettext("in the afternoon"),
            Precision.ANY_TIME: gettext("at any time"),
        }
        return f"{format_day(self.starts_at)}, {part[Precision(self.precision)]}"

    @property
    def last_day(self) -> date:
        """The last UK day of several."""
        return uk_day(self.ends_at)

    def is_over(self, now: datetime) -> bool:
        """Whether it can't begin any more."""
        return (self.starts_at if self.precision == Precision.TIME else self.ends_at) <= now

    def is_kept(self, now: datetime) -> bool:
        return self.state == DateOptionState.OPEN and self.expires_at is not None and self.expires_at > now


class VisitLeaflets(models.Model):
    """Leaflets that somebody asked the presenter to bring.

    `order` is None if not one copy was in stock. `missing` lists what was not: the slug, title and copies of each title.
    """

    booking = models.OneToOneField(Booking, verbose_name=_("booking"), on_delete=models.CASCADE, related_name="brought")
    order = models.OneToOneField(Order, verbose_name=_("order"), null=True, on_delete=models.PROTECT, related_name="+")
    missing = impersonal(models.JSONField(_("what was not there"), default=list))

    class Meta:
        verbose_name = _("leaflets brought to a visit")
        verbose_name_plural = _("leaflets brought to visits")

    def __str__(self) -> str:
        return self.booking.reference

    @property
    def live_order(self) -> Order | None:
        """The order, unless it is cancelled."""
        return self.order if self.order is not None and self.order.state != OrderState.CANCELLED else None

    @property
    def missing_leaflets(self) -> list[CopiesToBring]:
        return [CopiesToBring(**leaflet) for leaflet in self.missing]
