"""Reads schedules with one query a table, and previews what a change to a presenter's hours or rules would offer."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Any

from django.db import transaction
from django.db.backends.postgresql.psycopg_any import DateTimeTZRange
from django.db.models import Q
from django.urls import reverse
from django.utils.functional import Promise, SimpleLazyObject
from django.utils.translation import gettext as _, gettext_lazy

from bookings.models import (
    Booking,
    BusyKind,
    BusyTime,
    DutyShift,
    Format,
    JourneyTime,
    OpenSession,
    Presentation,
    Presenter,
    SessionState,
)
from bookings.models.booking import BOOKING_NATION_COLUMNS, starts_in_closure
from bookings.models.busy import BusyTimeQuerySet
from bookings.models.open_session import SESSION_NATION_COLUMNS
from bookings.models.presenter import AUDIENCE_CHOICES
from bookings.schedule.availability import LOAD_WINDOW, PresenterSchedule, Schedule, Slot, days_in_utc, read_hours
from bookings.schedule.slots import SLOT_INTERVAL, ZERO, Claim, DateRange, SlotQuery, Span
from bookings.travel import SUFFICIENT_GAP, Journeys, Place, area_keys
from core.dates import format_day, format_uk_time, uk_day
from notifications.registry import Owner
from office.closures.models import Closure
from office.closures.services import Conflict
from office.site_settings.queries import site_settings


def starting_on(days: DateRange) -> Q:
    """Bookings and open sessions that begin on these UK days."""
    span = days_in_utc(days)
    return Q(starts_at__gte=span.start, starts_at__lt=span.end)


def read_journeys(places: Iterable[Place | None]) -> Journeys:
    """The journey times that staff have set between any two of these places. One statement."""
    postcodes = {place.postcode for place in places if place}
    names = {name for postcode in postcodes for name in area_keys(postcode)}
    rows = JourneyTime.objects.filter(area_a__in=names, area_b__in=names).order_by().values_list("area_a", "area_b", "minutes")
    return Journeys({(one, other): minutes for one, other, minutes in rows})


# How far claims on both sides can matter: a journey, the rest of a week, or what counts as near when a presenter is chosen.
CLAIM_MARGIN = max(SUFFICIENT_GAP, timedelta(days=7), LOAD_WINDOW)
IgnoredClaims = Mapping[str, object]
CLAIM_COLUMNS = (
    "presenter",
    "busy__startswith",
    "busy__endswith",
    "travel_minutes",
    "kind",
    "postcode",
    "latitude",
    "longitude",
    "zone",
)


def read_schedule(
    slot_query: SlotQuery,
    *,
    first_day: date,
    last_day: date,
    now: datetime,
    presenters: Iterable[Presenter] | None = None,
    ignoring: IgnoredClaims | None = None,
    read_days: Sequence[DateRange] | None = None,
) -> Schedule:
    """Read the schedule of these presenters (all active ones if none are named) from the first UK day to the last.

    `ignoring` names claims that are not in the way, such as one's own hold, by a lookup of BusyTime: {"hold__draft": draft}.
    `read_days`: one or two ranges of days, in order, whose claims are read (read_all_claims reads the rest).
    """
    everyone = (
        list(Presenter.objects.active().with_presentation_keys().order_by("pk"))
        if presenters is None
        else ensure_presentation_keys(presenters)
    )
    hours = read_hours(everyone, first_day, last_day)
    read = tuple(read_days or [DateRange(first_day, last_day)])
    claims = read_claims(everyone, read, now, ignoring)
    journeys: Any = SimpleLazyObject(lambda: journeys_of(everyone, claims, slot_query))  # read when somebody has to travel
    parts = [
        PresenterSchedule(presenter, presenter.given, hours[presenter.pk], claims[presenter.pk], slot_query, now, journeys)
        for presenter in everyone
    ]
    # Read only when a day is asked about: ranking presenters for one time asks about none.
    covered: Any = None
    if slot_query.format == Format.WORKPLACE:
        covered = SimpleLazyObject(lambda: covered_days(first_day, last_day))
    return Schedule(slot_query, first_day, last_day, parts, read, covered)


def covered_days(first_day: date, last_day: date) -> list[DateRange]:
    """The shifts that cover any of these UK days, as ranges."""
    shifts = DutyShift.objects.covering(first_day, last_day)
    return [DateRange(*days) for days in shifts.order_by("first_day").values_list("first_day", "last_day")]


def read_all_claims(schedule: Schedule, now: datetime, ignoring: IgnoredClaims | None) -> Schedule:
    """The same schedule, with the claims of all its days read."""
    everyone, read = [part.presenter for part in schedule.parts], (schedule.date_range,)
    claims = read_claims(everyone, read, now, ignoring)
    journeys: Any = SimpleLazyObject(lambda: journeys_of(everyone, claims, schedule.slot_query))
    parts = [replace(part, claims=claims[part.presenter.pk], journeys=journeys) for part in schedule.parts]
    return replace(schedule, parts=parts, read=read)


def ensure_presentation_keys(presenters: Iterable[Presenter]) -> list[Presenter]:
    """These presenters with the presentations that they give. Reads all of them again if any was read without."""
    asked = list(presenters)
    if all("given" in vars(presenter) for presenter in asked):
        return asked
    return list(Presenter.objects.filter(pk__in=[presenter.pk for presenter in asked]).with_presentation_keys().order_by("pk"))


def reread_schedule(
    schedule: Schedule, presenters: Mapping[int, Presenter], now: datetime, *, ignoring: IgnoredClaims | None = None
) -> Schedule:
    """The same schedule with these presenters only, as they and their claims are now that they are locked.

    Their own holds have ended by then; for `ignoring`, see read_schedule. Journey times between areas are not read again: if they
    changed in between, the database finds out.
    """
    parts = [part for part in schedule.parts if part.presenter.pk in presenters and presenters[part.presenter.pk].active]
    if not parts:
        return replace(schedule, parts=[])
    claims = read_claims([part.presenter for part in parts], schedule.read, now, ignoring)
    fresh = [
        replace(part, presenter=presenters[part.presenter.pk], claims=claims[part.presenter.pk], slot_query=schedule.slot_query)
        for part in parts
    ]
    return replace(schedule, parts=fresh)


def journeys_of(presenters: Iterable[Presenter], claims: Mapping[int, list[Claim]], slot_query: SlotQuery) -> Journeys:
    """The journey times that staff have set between the places of this schedule."""
    visits = (claim.place for mine in claims.values() for claim in mine)
    return read_journeys([slot_query.place, *(presenter.base for presenter in presenters), *visits])


def read_claims(
    presenters: Iterable[Presenter], read: Sequence[DateRange], now: datetime, ignoring: IgnoredClaims | None
) -> dict[int, list[Claim]]:
    # The claims that matter for these days lie within `reached`, but not inside `hole`.
    reached = [Span(days.start - CLAIM_MARGIN, days.end + CLAIM_MARGIN) for days in map(days_in_utc, read)]
    between = Span(reached[0].end, reached[-1].start)
    hole = DateTimeTZRange(*between) if between.length > ZERO else DateTimeTZRange(empty=True)
    touching = BusyTime.objects.live_at(now).overlapping(reached[0].start, reached[-1].end)
    rows = touching.filter(presenter__in=list(presenters)).exclude(busy__contained_by=hole)
    for lookup, value in (ignoring or {}).items():
        if value is not None:
            rows = rows.exclude(**{lookup: value})
    claims: dict[int, list[Claim]] = defaultdict(list)
    # No model instances, and two moments instead of a range: a quarter of the cost, in the slowest part of the page.
    for presenter, start, end, minutes, kind, *place in rows.order_by("presenter", "busy__endswith").values_list(*CLAIM_COLUMNS):
        claims[presenter].append(make_claim(Span(start, end), place_at(*place), minutes, kind))
    return claims


def claims_within(presenters: Iterable[Presenter], within: Span, now: datetime) -> BusyTimeQuerySet:
    """Their live claims, in order, as far to both sides as a journey can matter, or the rest of a week."""
    reach = Span(within.start - CLAIM_MARGIN, within.end + CLAIM_MARGIN)
    return BusyTime.objects.live_at(now).overlapping(*reach).filter(presenter__in=presenters).order_by("busy")


def to_claim(row: BusyTime) -> Claim:
    span = Span(row.busy.lower.astimezone(UTC), row.busy.upper.astimezone(UTC))
    return make_claim(span, row.place, row.travel_minutes, row.kind)


def make_claim(span: Span, place: Place | None, travel_minutes: int | None, kind: str) -> Claim:
    is_session = kind == BusyKind.SESSION
    is_booking = is_session or kind == BusyKind.BOOKING
    return Claim(span, place, travel_minutes, is_booking, is_session, is_visit=kind != BusyKind.LEAVE)


@lru_cache(maxsize=4096)
def place_at(postcode: str, latitude: float | None, longitude: float | None, zone: str) -> Place | None:
    """Like BusyTime.place, but the same object for the same place."""
    return BusyTime(postcode=postcode, latitude=latitude, longitude=longitude, zone=zone).place


MAX_CONFLICTS = 50  # of each kind


def closure_conflicts(closure: Closure) -> Iterator[Conflict]:
    """The bookings and open sessions on days that this closure closes, or would close if it were saved."""
    if not closure.presentations:
        return
    bookings = Booking.objects.open().filter(starts_in_closure(closure, BOOKING_NATION_COLUMNS))
    sessions = OpenSession.objects.filter(starts_in_closure(closure, SESSION_NATION_COLUMNS), state=SessionState.SCHEDULED)
    for rows, pattern in (
        (bookings, _("Booking %(reference)s: %(when)s")),
        (sessions, _("Open session %(reference)s: %(when)s")),
    ):
        for row in rows.order_by("starts_at", "pk")[:MAX_CONFLICTS]:
            name = f"staff:bookings_{row._meta.model_name}_change"
            yield Conflict(pattern % {"reference": row.reference, "when": row.when}, reverse(name, args=[row.pk]))


def presenters_at_address(address: str) -> Iterator[Owner]:
    """The presenters with this address, for the list of addresses that bounce."""
    for presenter in Presenter.objects.filter(email__iexact=address).order_by("pk"):
        href = reverse("staff:bookings_presenter_change", args=[presenter.pk])
        yield Owner(presenter.name, _("Presenter"), href, presenter.phone)


def presenter_names(address: str) -> Iterable[str]:
    """The names of the presenters with this address."""
    return Presenter.objects.filter(email__iexact=address).values_list("name", flat=True)


PREVIEW_DAYS = 21
PREVIEW_NAMES = {Format.WORKPLACE: gettext_lazy("Near the base"), Format.ONLINE: gettext_lazy("Online")}


@dataclass(frozen=True)
class PreviewDay:
    """A day and the times at which a presentation can start: 'Monday 25 January 2027' and '9am to 4pm, 5pm'."""

    name: str
    starts: str


@dataclass(frozen=True)
class PreviewFormat:
    """The days with times, for a visit near the base or online."""

    name: str | Promise
    days: list[PreviewDay]


@dataclass(frozen=True)
class Preview:
    """`presentation` is what the times are for; None if there is none that they give. `audiences`: empty for everybody."""

    presentation: Presentation | None
    offered: list[PreviewFormat]
    outside: list[Booking]
    audiences: str = ""


def last_day_to_ask_for(now: datetime) -> date:
    return uk_day(now) + timedelta(days=site_settings().request_horizon_days)


def preview_change(change: Callable[[], object], presenter: Presenter, now: datetime) -> Preview:
    """What would be offered: save the change, read the times, and roll it back. Its errors are raised."""
    with transaction.atomic():
        change()
        shown = build_preview(Presenter.objects.with_presentation_keys().get(pk=presenter.pk), now)
        transaction.set_rollback(True)
    return shown


def build_preview(presenter: Presenter, now: datetime) -> Preview:
    """What the presenter's rows offer now. `presenter` is as with_presentation_keys() reads it."""
    today = uk_day(now)
    anything = SlotQuery(Presentation(length_minutes=60), Format.ONLINE, None)
    last_day = today + timedelta(days=site_settings().horizon_days)
    schedule = read_schedule(anything, first_day=today, last_day=last_day, now=now, presenters=[presenter])
    (part,) = schedule.parts
    offered = Presentation.objects.offered().order_by("pk")
    presentation = (offered.filter(pk__in=part.given) if part.given else offered).first()
    # The presenter's bookings outside the hours, as far as the schedule goes. They stay as they are.
    outside = []
    for booking in Booking.objects.upcoming(now).filter(presenter=presenter).with_related().order_by("starts_at"):
        if booking.starts_at is None or booking.ends_at is None or (day := uk_day(booking.starts_at)) > schedule.last_day:
            continue
        if not any(window.contains(Span(booking.starts_at, booking.ends_at)) for window in part.windows(day)):
            outside.append(booking)
    if presentation is None:
        return Preview(None, [], outside)
    formats = []
    for value, name in PREVIEW_NAMES.items():
        if value in presentation.formats:
            base = replace(presenter.base, nation=presenter.nation) if value == Format.WORKPLACE else None
            shown = schedule.for_query(SlotQuery(presentation, value, base))
            days = DateRange(part.first_day, part.first_day + timedelta(days=PREVIEW_DAYS - 1))
            times = [PreviewDay(format_day(day), slots_text(slots)) for day in days if (slots := shown.slots_on(day))]
            formats.append(PreviewFormat(name, times))
    audiences = "; ".join(str(label) for value, label in AUDIENCE_CHOICES if value in presenter.audiences)
    return Preview(presentation, formats, outside, audiences)


def slots_text(slots: Iterable[Slot]) -> str:
    """The starts as text, with half hours that follow each other as one: '9am to 4pm, 5pm'."""
    runs: list[list[datetime]] = []
    for slot in slots:
        if runs and slot.start - runs[-1][-1] == SLOT_INTERVAL:
            runs[-1].append(slot.start)
        else:
            runs.append([slot.start])
    ends = [(format_uk_time(run[0]), format_uk_time(run[-1])) for run in runs]
    return ", ".join(
        first if first == last else _("%(first)s to %(last)s") % {"first": first, "last": last} for first, last in ends
    )
