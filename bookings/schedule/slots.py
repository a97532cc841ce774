"""What somebody wants to book (SlotQuery), who could give it, and where it fits between a presenter's claims."""

from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from functools import cached_property
from typing import NamedTuple, Self

from bookings.errors import RuleViolation
from bookings.models import Booking, BusyTime, Format, Presentation, Presenter
from bookings.travel import SUFFICIENT_GAP, Journeys, Place, travel_between

# Slots start on the hour and on the half hour.
SLOT_INTERVAL = timedelta(minutes=30)


@dataclass(frozen=True)
class DateRange:
    """The days from the first to the last, both included."""

    first: date
    last: date

    @classmethod
    def week_of(cls, day: date) -> Self:
        """The week of that day, from its Monday to its Sunday."""
        monday = day - timedelta(days=day.weekday())
        return cls(monday, monday + timedelta(days=6))

    def __contains__(self, day: date) -> bool:
        return self.first <= day <= self.last

    def __iter__(self) -> Iterator[date]:
        day = self.first
        while day <= self.last:
            yield day
            day += timedelta(days=1)


def grid_starts(earliest: datetime, latest_end: datetime, length: timedelta) -> Iterator[datetime]:
    """The whole and half hours from `earliest` at which a visit can start if it must end by `latest_end`.

    UK time is a whole number of hours from UTC, so whole and half hours are the same in both.
    """
    step = SLOT_INTERVAL.total_seconds()
    start = datetime.fromtimestamp(-(-earliest.timestamp() // step) * step, UTC)
    while start + length <= latest_end:
        yield start
        start += SLOT_INTERVAL


@dataclass(frozen=True)
class Candidate:
    """A presenter who is free then. Violations are broken rules, not impossibilities.

    `travel` is the journey from the base, `extra` what the visit adds to that day's journeys, both in minutes; `leaves_at` is
    when the presenter sets off for it.
    """

    presenter: Presenter
    violations: tuple[RuleViolation, ...]
    travel: int
    extra: int
    bookings_near: int
    leaves_at: datetime

    @property
    def rank(self) -> tuple[bool, int, int, int]:
        """Within the rules first, then the least extra travel, then the fewest bookings near that day, then by key (ADR 12)."""
        return bool(self.violations), self.extra, self.bookings_near, self.presenter.pk

    def reasons(self, excused: Container[RuleViolation] = ()) -> tuple[str, ...]:
        """Sentences about its violations, without those of the `excused` rules."""
        return tuple(violation.sentence(self.leaves_at) for violation in self.violations if violation not in excused)


# Where a visit of some length fits between a presenter's claims: the database's rule (bookings/travel.py) as arithmetic on
# moments in UTC. tests/bookings/schedule/test_gaps.py compares it with the database itself.

ZERO = timedelta(0)


class Span(NamedTuple):
    """From `start` up to `end`, which is not included."""

    start: datetime
    end: datetime

    @property
    def length(self) -> timedelta:
        return self.end - self.start

    def contains(self, other: "Span") -> bool:
        return self.start <= other.start and other.end <= self.end

    def overlaps(self, other: "Span") -> bool:
        return self.start < other.end and other.start < self.end

    def intersection(self, other: "Span") -> "Span":
        """The overlap; if there is none, it ends before it starts."""
        return Span(max(self.start, other.start), min(self.end, other.end))


ALWAYS = Span(datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC))
NEVER = Span(ALWAYS.end, ALWAYS.start)


class Claim(NamedTuple):
    """One claim on a presenter's time. Without a place, nobody travels to or from it."""

    span: Span
    place: Place | None = None
    travel_minutes: int | None = None
    is_booking: bool = False
    # An open session is as much work as a booking.
    is_session: bool = False
    # A presentation that is booked or kept, so that it counts towards the most a day and a week.
    is_visit: bool = False


class Neighbour(NamedTuple):
    """The visit on one side of a gap, if any, and how much time claims without a place take from the journey to it."""

    visit: Claim | None
    without_place: timedelta


def free_spans(
    claims: Sequence[Claim],
    place: Place | None,
    length: timedelta,
    within: Span,
    journeys: Journeys | None = None,
    travel_minutes: int | None = None,
) -> list[Span]:
    """The spans inside which a visit of that length at that place (None: online) may lie, in order.

    `travel_minutes`: the minutes that staff have set for this visit, if any.
    `claims` are in order and don't overlap, and reach at least 48 hours beyond `within` on both sides.
    """
    journeys = Journeys() if journeys is None else journeys  # lazy journeys are not read before somebody has to travel
    starts = [within.start, *(claim.span.end for claim in claims)]
    ends = [*(claim.span.start for claim in claims), within.end]
    spans = []
    # For the gap before each claim and after the last.
    for start, end, before, after in zip(starts, ends, neighbours(claims), neighbours(claims[::-1])[::-1], strict=True):
        span = Span(start, end).intersection(within)
        if span.length < length:
            continue
        if place is not None:
            first, last = ALWAYS
            if before.visit:
                first = before.visit.span.end + time_needed(before, place, journeys, travel_minutes)
            if after.visit:
                last = after.visit.span.start - time_needed(after, place, journeys, travel_minutes)
            span = span.intersection(Span(first, last))
        elif before.visit and after.visit:
            taken = before.without_place + after.without_place + length
            if not journey_fits(before.visit, after.visit, taken, journeys):
                continue
        if span.length >= length:
            spans.append(span)
    return spans


def neighbours(claims: Sequence[Claim]) -> list[Neighbour]:
    """The neighbour before each gap: the gap before the first claim, and the gap after each claim."""
    visit, without_place = None, ZERO
    found = [Neighbour(visit, without_place)]
    for claim in claims:
        visit, without_place = (claim, ZERO) if claim.place else (visit, without_place + claim.span.length)
        found.append(Neighbour(visit, without_place))
    return found


def time_needed(neighbour: Neighbour, place: Place, journeys: Journeys, travel_minutes: int | None) -> timedelta:
    """The time between that visit and one at `place`: the journey and claims without a place. 48 hours are always enough."""
    visit = neighbour.visit
    if visit is None or visit.place is None:
        return ZERO
    journey = travel_between(visit.place, place, visit.travel_minutes, travel_minutes, journeys)
    return min(SUFFICIENT_GAP, neighbour.without_place + journey)


def journey_fits(earlier: Claim, later: Claim, without_place: timedelta, journeys: Journeys) -> bool:
    """Whether there is time for the journey between two visits, if claims without a place take `without_place` of the gap."""
    gap = later.span.start - earlier.span.end
    return gap >= SUFFICIENT_GAP or gap - without_place >= journey_between(earlier, later, journeys)


def journey_between(one: Claim, other: Claim, journeys: Journeys) -> timedelta:
    """The journey between two claims, with the times that staff have set; zero if either has no place."""
    if one.place is None or other.place is None:
        return ZERO
    return travel_between(one.place, other.place, one.travel_minutes, other.travel_minutes, journeys)


@dataclass(frozen=True)
class SlotQuery:
    """What somebody wants to book: `place` is None online, `audience` a profession, "" for a mix, None if unknown.

    `override_minutes`: by a presenter's key, how many minutes staff say that a journey to or from this visit takes them.
    """

    presentation: Presentation
    format: str
    place: Place | None
    audience: str | None = None
    override_minutes: Mapping[int, int] = field(default_factory=dict, compare=False)

    @classmethod
    def for_booking(cls, booking: Booking, place: Place | None) -> "SlotQuery":
        """The query for that booking as it stands. Minutes set by staff for its presenter's journeys hold at another time too."""
        set_minutes: dict[int, int] = {}
        if booking.presenter_id is not None and booking.format == Format.WORKPLACE:
            claims = BusyTime.objects.filter(booking=booking).values_list("presenter_id", "travel_minutes")
            set_minutes = {presenter: minutes for presenter, minutes in claims if minutes is not None}
        return cls(booking.presentation, booking.format, place, booking.audience_profession, set_minutes)

    @cached_property
    def length(self) -> timedelta:
        return self.presentation.length

    @property
    def nation(self) -> str:
        """The nation where the presentation takes place: its bank holidays are days off too. Empty online."""
        return self.place.nation if self.place else ""

    def span(self, start: datetime) -> Span:
        start = start.astimezone(UTC)
        return Span(start, start + self.length)


# The base at the ends of a day: when a presenter would leave it for the first visit, and be back from the last.
#
# Claims without a place take time from the journey, as between two visits. A visit that is neither the first nor the last of its
# day only has journeys to its neighbours, and an online presentation may not take the time of a journey that is already there.
# A presenter who is online until 10am sets off at 10am, and from the base: bound_via_base has that rule.
#
# All of this holds for a whole gap between two claims, so a day is bounded gap by gap and not start by start.


@dataclass(frozen=True)
class Gap:
    """A gap in a day: the other claims of that day `before` and `after` it, in order."""

    before: Sequence[Claim]
    after: Sequence[Claim]


@dataclass(frozen=True)
class DayTravel:
    """One presenter's day from the base and back to it, in UTC. `set_minutes`: what staff have set for the visit in question."""

    base: Place
    leaves: datetime
    returns: datetime
    journeys: Journeys
    override_minutes: int | None = None

    @property
    def base_claims(self) -> tuple[Claim, Claim]:
        """The base before and after the day, as if it were a visit on each side."""
        return Claim(Span(self.leaves, self.leaves), self.base), Claim(Span(self.returns, self.returns), self.base)

    def bound_after_leaving(self, place: Place | None, length: timedelta, gap: Gap) -> Span:
        """Where in the gap a visit of that length may lie, if the day's first visit is to be reached from the base."""
        if first_visit(gap.before):
            return ALWAYS
        if place is not None:
            taken = time_taken_from(Span(self.leaves, ALWAYS.end), gap.before)
            return Span(self.leaves + self.journey_to(place) + taken, ALWAYS.end)
        if not (first := first_visit(gap.after)):
            return ALWAYS
        spare = spare_time(self.base_claims[0], first, gap, self.journeys)
        if spare >= length:
            return ALWAYS
        return Span(ALWAYS.start, self.leaves + spare) if spare >= ZERO else NEVER

    def bound_before_return(self, place: Place | None, length: timedelta, gap: Gap) -> Span:
        """Where in the gap a visit of that length may lie, if the base is to be reached from the day's last visit."""
        if first_visit(gap.after):
            return ALWAYS
        if place is not None:
            taken = time_taken_from(Span(ALWAYS.start, self.returns), gap.after)
            return Span(ALWAYS.start, self.returns - self.journey_to(place) - taken)
        if not (last := first_visit(reversed(gap.before))):
            return ALWAYS
        spare = spare_time(last, self.base_claims[1], gap, self.journeys)
        if spare >= length:
            return ALWAYS
        # After the latest return a presenter can still be online.
        return Span(self.returns - spare if spare >= ZERO else max(self.returns, last.span.end), ALWAYS.end)

    def bound_via_base(self, place: Place | None, gap: Gap) -> Span:
        """Where in the gap a visit may lie, if what is online is given from the base (ADR 12).

        Leave needs no journey, but takes time from one, as everywhere.
        """
        start, end = ALWAYS
        if before := claim_met_at_base(reversed(gap.before), place):
            taken = time_taken_from(Span(before.span.end, ALWAYS.end), gap.before)
            start = before.span.end + self.journey_for(before, place) + taken
        if after := claim_met_at_base(gap.after, place):
            taken = time_taken_from(Span(ALWAYS.start, after.span.start), gap.after)
            end = after.span.start - self.journey_for(after, place) - taken
        return Span(start, end)

    def bounds(self, place: Place | None, length: timedelta, gap: Gap) -> Iterator[tuple[RuleViolation, Span]]:
        """Where in the gap a visit of that length may lie, with the rule that is broken outside."""
        yield RuleViolation.LEAVES_EARLY, self.bound_after_leaving(place, length, gap)
        yield RuleViolation.RETURNS_LATE, self.bound_before_return(place, length, gap)
        yield RuleViolation.FROM_BASE, self.bound_via_base(place, gap)

    def journey_before(self, place: Place | None, gap: Gap) -> timedelta:
        """The journey to a visit in the gap, from the base or from the day's visit before it."""
        before = next((claim for claim in reversed(gap.before) if claim.is_visit), None)
        if place is None:
            return ZERO
        if before is None or before.place is None:
            return self.journey_to(place)
        return travel_between(before.place, place, before.travel_minutes, self.override_minutes, self.journeys)

    def journey_to(self, place: Place) -> timedelta:
        return travel_between(self.base, place, self.override_minutes, journeys=self.journeys)

    def journey_for(self, claim: Claim, place: Place | None) -> timedelta:
        """The journey between the base and whichever of the two is a visit, by the minutes that staff have set for it."""
        if place is not None:
            return self.journey_to(place)
        assert claim.place is not None  # noqa: S101 - online meets visits
        return travel_between(self.base, claim.place, override_b=claim.travel_minutes, journeys=self.journeys)

    def extra_minutes(self, wanted: Claim, gap: Gap) -> int:
        """How many minutes this visit adds to the day's journeys: to and from its neighbours, less the journey between those."""
        if wanted.place is None:
            return 0
        home_before, home_after = self.base_claims
        before, after = first_visit(reversed(gap.before)) or home_before, first_visit(gap.after) or home_after
        with_visit = journey_between(before, wanted, self.journeys) + journey_between(wanted, after, self.journeys)
        return max(0, round((with_visit - journey_between(before, after, self.journeys)) / timedelta(minutes=1)))


def first_visit(claims: Iterable[Claim]) -> Claim | None:
    return next((claim for claim in claims if claim.place), None)


def spare_time(earlier: Claim, later: Claim, gap: Gap, journeys: Journeys) -> timedelta:
    """The time between two visits, less the journey and claims without a place; negative if it is too short."""
    between = Span(earlier.span.end, later.span.start)
    return between.length - time_taken_from(between, [*gap.before, *gap.after]) - journey_between(earlier, later, journeys)


def time_taken_from(gap: Span, claims: Iterable[Claim]) -> timedelta:
    """How much of the gap claims without a place take up."""
    cuts = (claim.span.intersection(gap).length for claim in claims if claim.place is None)
    return sum((cut for cut in cuts if cut > ZERO), ZERO)


def claim_met_at_base(claims: Iterable[Claim], place: Place | None) -> Claim | None:
    """For something online, the nearest visit; for a visit, the nearest claim online, unless another visit is nearer."""
    if place is None:
        return first_visit(claims)
    nearest = next((claim for claim in claims if claim.place or claim.is_visit), None)
    return None if nearest is None or nearest.place else nearest
