"""Every presenter's schedule for one query: hours, the rules of each day, free time, and why somebody could or could not."""

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from functools import cached_property, lru_cache
from operator import attrgetter
from typing import Any, NamedTuple

from django.db.models import PositiveSmallIntegerField, Q, QuerySet, Value
from django.utils.functional import Promise
from django.utils.translation import gettext as _

from bookings import rules
from bookings.models import Availability, AvailabilityException, Format, Presenter
from bookings.models.leave import leave_text
from bookings.rules import RuleViolation
from bookings.schedule.slots import (
    EVER,
    BaseEnds,
    Candidate,
    Claim,
    DateRange,
    Gap,
    SlotQuery,
    Span,
    free_spans,
    grid_starts,
    is_on_grid,
    journey_between,
    span_by_way_of_base,
    time_taken_from,
)
from bookings.travel import APART_ENOUGH, Journeys, Place
from ctac.dates import after_working_days, format_clock, format_span, is_bank_holiday, uk_datetime, uk_day

# A presenter's hours as the diary needs them: on each day the weekly windows, or the exceptions in their place.

ClockSpan = tuple[time, time]


class Window(NamedTuple):
    """Some hours from a first day to a last one. Without a weekday they are an exception; without clocks there are none."""

    weekday: int | None
    start: time | None
    end: time | None
    first_day: date
    last_day: date | None

    def holds_on(self, day: date) -> bool:
        return self.weekday in (None, day.weekday()) and self.first_day <= day and (self.last_day is None or day <= self.last_day)


@dataclass
class Hours:
    """`weekly` by the day of the week, Monday being 0."""

    weekly: dict[int, list[Window]] = field(default_factory=dict)
    exceptions: list[Window] = field(default_factory=list)

    def add(self, window: Window) -> None:
        holds = self.exceptions if window.weekday is None else self.weekly.setdefault(window.weekday, [])
        holds.append(window)

    def clocks_on(self, day: date) -> tuple[ClockSpan, ...]:
        exceptions = [window for window in self.exceptions if window.holds_on(day)]
        holding = exceptions or [window for window in self.weekly.get(day.weekday(), ()) if window.holds_on(day)]
        return tuple(
            sorted((window.start, window.end) for window in holding if window.start is not None and window.end is not None)
        )


@lru_cache(maxsize=1024)  # many presenters have the same hours
def spans_of(day: date, clocks: tuple[ClockSpan, ...]) -> tuple[Span, ...]:
    """In UTC; windows that touch or overlap as one, so that a visit may lie across both."""
    spans: list[Span] = []
    for start, end in clocks:
        span = Span(in_utc(day, start), in_utc(day, end))
        if spans and span.start <= spans[-1].end:
            span = Span(spans[-1].start, max(spans.pop().end, span.end))
        if span.length > timedelta(0):
            spans.append(span)
    return tuple(spans)


@lru_cache(maxsize=1024)
def starts_of(day: date, clocks: tuple[ClockSpan, ...], length: timedelta) -> tuple[datetime, ...]:
    """The whole and half hours at which a visit of that length can start and end within these hours, in order."""
    return tuple(start for span in spans_of(day, clocks) for start in grid_starts(span.start, span.end, length))


def days_in_utc(days: DateRange) -> Span:
    """A UK day has 23 to 25 hours."""
    return Span(in_utc(days.first, time()), in_utc(days.last + timedelta(days=1), time()))


@lru_cache(maxsize=8192)  # every presenter's windows begin and end at the same few times of the same days
def in_utc(day: date, clock: time) -> datetime:
    return uk_datetime(day, clock).astimezone(UTC)


def read_hours(presenters: Iterable[Presenter], first_day: date, last_day: date) -> dict[int, Hours]:
    """By presenter, all that holds on some day from the first to the last. Both tables in one statement."""
    everyone = list(presenters)
    until = Q(valid_until__isnull=True) | Q(valid_until__gte=first_day)
    weekly = Availability.objects.filter(until, presenter__in=everyone, valid_from__lte=last_day).order_by()
    others = AvailabilityException.objects.filter(presenter__in=everyone, first_day__lte=last_day, last_day__gte=first_day)
    no_weekday = Value(None, output_field=PositiveSmallIntegerField(null=True))
    both: QuerySet[Any, Any] = weekly.values_list("presenter", "weekday", "start", "end", "valid_from", "valid_until").union(
        others.order_by().values_list("presenter", no_weekday, "start", "end", "first_day", "last_day"), all=True
    )
    found: dict[int, Hours] = defaultdict(Hours)
    for presenter, *window in both:
        found[presenter].add(Window(*window))
    return found


# Why a presenter could or could not give the presentation at some start, in words that staff read.


@dataclass(frozen=True)
class Verdict:
    """`candidate` is None where it is impossible, and then `obstacles` say why."""

    presenter: Presenter
    candidate: Candidate | None
    obstacles: tuple[str, ...] = ()

    @property
    def violations(self) -> tuple[RuleViolation, ...]:
        return self.candidate.violations if self.candidate else ()

    @property
    def rank(self) -> tuple[bool, tuple[bool, int, int, int]]:
        """Those who could, the best first; then those who are busy, as they came."""
        if self.candidate is None:
            return True, (True, 0, 0, self.presenter.pk)
        return False, self.candidate.rank

    @property
    def reasons(self) -> Sequence[str | Promise]:
        return self.obstacles or [violation.sentence for violation in self.violations]


def obstacles(wanted: Claim, claims: Sequence[Claim], journeys: Journeys) -> Iterator[str]:
    """What of the presenter's claims is in the way of a visit that is wanted."""
    overlapping = [claim for claim in claims if claim.span.overlaps(wanted.span)]
    yield from (overlap_sentence(claim) for claim in overlapping)
    if overlapping:
        return
    before, after = neighbouring_visits(wanted, claims)
    if wanted.place is None:
        if before and after and is_too_short(before, after, [wanted, *claims], journeys):
            yield _("On the way from %(one)s to %(other)s then.") % {"one": overlap_place(before), "other": overlap_place(after)}
        return
    if before and is_too_short(before, wanted, claims, journeys):
        yield _("Comes from %(place)s, until %(clock)s: %(minutes)s") % {
            "place": overlap_place(before),
            "clock": format_clock(before.span.end),
            "minutes": needed_and_left(before, wanted, claims, journeys),
        }
    if after and is_too_short(wanted, after, claims, journeys):
        yield _("Goes on to %(place)s, from %(clock)s: %(minutes)s") % {
            "place": overlap_place(after),
            "clock": format_clock(after.span.start),
            "minutes": needed_and_left(wanted, after, claims, journeys),
        }


def overlap_sentence(claim: Claim) -> str:
    if not claim.is_visit:
        return _("Away: %(when)s.") % {"when": leave_text(claim.span.start, claim.span.end)}
    when = format_span(claim.span.start, claim.span.end)
    if claim.is_session:
        return _("Gives an open session: %(when)s.") % {"when": when}
    if not claim.is_booking:
        return _("Keeps this time for somebody: %(when)s.") % {"when": when}
    return _("Has a booking: %(when)s, %(place)s.") % {"when": when, "place": overlap_place(claim)}


def overlap_place(claim: Claim) -> str:
    return claim.place.postcode if claim.place else _("online")


def neighbouring_visits(wanted: Claim, claims: Sequence[Claim]) -> tuple[Claim | None, Claim | None]:
    """The visit before and the visit after, on whatever day."""
    visits = [claim for claim in claims if claim.place]
    before = max((c for c in visits if c.span.end <= wanted.span.start), key=lambda c: c.span.end, default=None)
    after = min((c for c in visits if c.span.start >= wanted.span.end), key=lambda c: c.span.start, default=None)
    return before, after


def time_left(earlier: Claim, later: Claim, claims: Sequence[Claim]) -> timedelta:
    gap = Span(earlier.span.end, later.span.start)
    return gap.length - time_taken_from(gap, claims)


def is_too_short(earlier: Claim, later: Claim, claims: Sequence[Claim], journeys: Journeys) -> bool:
    if later.span.start - earlier.span.end >= APART_ENOUGH:
        return False
    return time_left(earlier, later, claims) < journey_between(earlier, later, journeys)


def needed_and_left(earlier: Claim, later: Claim, claims: Sequence[Claim], journeys: Journeys) -> str:
    left = max(timedelta(0), time_left(earlier, later, claims))
    minutes = {"needed": in_minutes(journey_between(earlier, later, journeys)), "left": in_minutes(left)}
    return _("the journey takes %(needed)d minutes, and there are %(left)d.") % minutes


def in_minutes(length: timedelta) -> int:
    return int(length / timedelta(minutes=1))


# One presenter's part of the diary: windows, the rules of each day, and free time, day by day.


@dataclass
class PresenterSchedule:
    """One presenter's part of the diary. `given`: the keys of the presentations that they give; empty means all."""

    presenter: Presenter
    given: Sequence[int]
    hours: Hours
    claims: list[Claim]
    slot_query: SlotQuery
    today: date
    journeys: Journeys

    @cached_property
    def free(self) -> list[Span]:
        """Where the visit may lie as far as the other claims go, with the journeys to and from them. In order."""
        return free_spans(self.claims, self.slot_query.place, self.slot_query.length, EVER, self.journeys, self.set_minutes)

    @cached_property
    def set_minutes(self) -> int | None:
        """What staff have set for the journeys of this presenter to and from the visit, if they have."""
        return self.slot_query.set_minutes.get(self.presenter.pk)

    @cached_property
    def travel(self) -> int:
        if self.slot_query.place is None:
            return 0
        return self.journeys.minutes(self.presenter.base, self.slot_query.place) if self.set_minutes is None else self.set_minutes

    def wanted(self, start: datetime) -> Claim:
        return Claim(self.slot_query.span(start), self.slot_query.place, self.set_minutes)

    @cached_property
    def first_day(self) -> date:
        notice = self.presenter.notice_working_days
        return after_working_days(self.today, rules.NOTICE_WORKING_DAYS if notice is None else notice, self.presenter.nation)

    @cached_property
    def last_day(self) -> date:
        own = self.presenter.horizon_days
        return self.today + (rules.HORIZON if own is None else min(rules.HORIZON, timedelta(days=own)))

    @cached_property
    def standing_breaches(self) -> tuple[RuleViolation, ...]:
        """What holds on every day."""
        place, online = self.slot_query.place, self.slot_query.format == Format.ONLINE
        found = {
            RuleViolation.PRESENTATION: bool(self.given) and self.slot_query.presentation.pk not in self.given,
            RuleViolation.FORMAT: bool(self.presenter.formats) and self.slot_query.format not in self.presenter.formats,
            RuleViolation.AUDIENCE: not self.presenter.gives_to(self.slot_query.audience),
            RuleViolation.REGION: place is not None and not self.presenter.covers(place),
            RuleViolation.DISTANCE: self.travel > self.presenter.max_travel_minutes,
            RuleViolation.NO_LINK: online and not self.presenter.joining_link,
        }
        return tuple(violation for violation, broken in found.items() if broken)

    def given_in(self, days: DateRange) -> int:
        """How many presentations start on these UK days already, kept ones included."""
        return sum(claim.is_visit for claim in starting_in(days_in_utc(days), self.claims))

    def day_breaches(self, day: date) -> Iterator[RuleViolation]:
        if day < self.first_day:
            yield RuleViolation.NOTICE
        if day > self.last_day:
            yield RuleViolation.HORIZON
        if is_bank_holiday(day, self.presenter.nation):
            yield RuleViolation.BANK_HOLIDAY
        if self.slot_query.nation and is_bank_holiday(day, self.slot_query.nation):
            yield RuleViolation.HOST_BANK_HOLIDAY
        most_a_day, most_a_week = self.presenter.most_a_day, self.presenter.most_a_week
        if most_a_day is not None and self.given_in(DateRange(day, day)) >= most_a_day:
            yield RuleViolation.DAY_FULL
        if most_a_week is not None and self.given_in(DateRange.week_of(day)) >= most_a_week:
            yield RuleViolation.WEEK_FULL
        yield from self.standing_breaches

    def windows(self, day: date) -> Sequence[Span]:
        """When the presenter can be booked on that day, in UTC."""
        return spans_of(day, self.hours.clocks_on(day))

    def starts_on(self, day: date, known: set[datetime] | frozenset[datetime] = frozenset()) -> list[datetime]:
        """The start times within every rule on that day, in order, but for those that are known already."""
        clocks = self.hours.clocks_on(day)
        starts = starts_of(day, clocks, self.slot_query.length) if clocks else ()
        if known.issuperset(starts) or next(self.day_breaches(day), None):
            return []
        # Those at which a visit of that length lies in the span.
        return [
            start
            for span in self.possible_on(day)
            for start in starts[bisect_left(starts, span.start) : bisect_right(starts, span.end - self.slot_query.length)]
            if start not in known
        ]

    def possible_on(self, day: date) -> Iterator[Span]:
        """Where the visit may lie on that day as far as claims, journeys and the base go."""
        whole, ends = days_in_utc(DateRange(day, day)), self.ends_of(day)
        claims = touching(whole, self.claims)
        first = bisect_right(self.free, whole.start, key=end_of_span)
        for free in self.free[first:]:
            if free.start >= whole.end:
                return
            # Where in a gap the presenter leaves the base late enough, is back early enough, and is there for what is online.
            gap = gap_at(free.start, claims)
            place, length = self.slot_query.place, self.slot_query.length
            round_it = span_by_way_of_base(place, gap, ends)
            possible = free.shared(
                ends.after_leaving(place, length, gap).shared(ends.before_return(place, length, gap)).shared(round_it)
            )
            if possible.length >= self.slot_query.length:
                yield possible

    def is_free(self, span: Span) -> bool:
        """Whether the visit can be then, as far as the other claims go. Looks no further than a journey can matter."""
        near = touching(Span(span.start - APART_ENOUGH, span.end + APART_ENOUGH), self.claims)
        return bool(free_spans(near, self.slot_query.place, span.length, span, self.journeys, self.set_minutes))

    @cached_property
    def base(self) -> Place:
        return self.presenter.base

    def ends_of(self, day: date) -> BaseEnds:
        leaves, returns = in_utc(day, self.presenter.earliest_leaving), in_utc(day, self.presenter.latest_return)
        return BaseEnds(self.base, leaves, returns, self.journeys, self.set_minutes)

    def candidate(self, start: datetime) -> Candidate | None:
        """This presenter for that start; None if not free then, travel included."""
        span = self.slot_query.span(start)
        if not self.is_free(span):
            return None
        day = uk_day(start)
        violations = list(self.day_breaches(day))
        if not any(window.contains(span) for window in self.windows(day)):
            violations.append(RuleViolation.HOURS)
        ends, gap = self.ends_of(day), gap_at(start, touching(days_in_utc(DateRange(day, day)), self.claims))
        violations += self.end_breaches(span, ends, gap)
        extra = ends.extra_minutes(self.wanted(start), gap)
        return Candidate(self.presenter, tuple(violations), self.travel, extra, self.bookings_near(start))

    def end_breaches(self, span: Span, ends: BaseEnds, gap: Gap) -> Iterator[RuleViolation]:
        if not ends.after_leaving(self.slot_query.place, self.slot_query.length, gap).contains(span):
            yield RuleViolation.LEAVES_EARLY
        if not ends.before_return(self.slot_query.place, self.slot_query.length, gap).contains(span):
            yield RuleViolation.RETURNS_LATE
        if not span_by_way_of_base(self.slot_query.place, gap, ends).contains(span):
            yield RuleViolation.FROM_BASE

    def verdict(self, start: datetime) -> Verdict:
        """Whether this presenter could, and if not why not."""
        candidate = self.candidate(start)
        if candidate is not None:
            return Verdict(self.presenter, candidate)
        return Verdict(self.presenter, None, tuple(obstacles(self.wanted(start), self.claims, self.journeys)))

    def bookings_near(self, start: datetime) -> int:
        """How many bookings the presenter has in the days round that: the load that is shared out."""
        near = Span(start - rules.NEAR, start + rules.NEAR + timedelta.resolution)
        return sum(claim.is_booking for claim in starting_in(near, self.claims))


end_of_span = attrgetter("end")
start_of_claim, end_of_claim = attrgetter("span.start"), attrgetter("span.end")


def gap_at(moment: datetime, claims: Sequence[Claim]) -> Gap:
    """Where a moment lies that none of these claims covers."""
    after = bisect_left(claims, moment, key=start_of_claim)
    return Gap(claims[:after], claims[after:])


def touching(span: Span, claims: Sequence[Claim]) -> Sequence[Claim]:
    return claims[bisect_right(claims, span.start, key=end_of_claim) : bisect_left(claims, span.end, key=start_of_claim)]


def starting_in(span: Span, claims: Sequence[Claim]) -> Sequence[Claim]:
    first, last = (bisect_left(claims, moment, key=start_of_claim) for moment in span)
    return claims[first:last]


# Every presenter's diary for one wish: the slots of its days, and who is free at a start.

ONE_DAY = timedelta(days=1)


@dataclass(frozen=True)
class Slot:
    """A start time that can be booked."""

    start: datetime
    end: datetime


@dataclass
class Schedule:
    """Every presenter's diary for one wish, over a range of UK days. `read`: the days of which it knows all claims."""

    slot_query: SlotQuery
    first_day: date
    last_day: date
    parts: list[PresenterSchedule]
    read: Sequence[DateRange]

    @property
    def whole(self) -> DateRange:
        return DateRange(self.first_day, self.last_day)

    @cached_property
    def able(self) -> list[PresenterSchedule]:
        """Those who could on some day: what they give, how and where does not speak against it."""
        return [part for part in self.parts if not part.standing_breaches]

    @property
    def why_never(self) -> list[RuleViolation]:
        """The rules of which each of these presenters breaks every one on every day."""
        first, *others = [part.standing_breaches for part in self.parts] or [()]
        return [violation for violation in first if all(violation in each for each in others)]

    def is_read(self, day: date) -> bool:
        return any(day in stretch for stretch in self.read)

    def slots_on(self, day: date) -> list[Slot]:
        """Raises LookupError for a day that was not read."""
        if day not in self.whole:
            return []
        if not self.is_read(day):
            raise LookupError(day)
        starts: set[datetime] = set()
        for part in self.able:
            starts.update(part.starts_on(day, starts))
        return [Slot(start, start + self.slot_query.length) for start in sorted(starts)]

    def week(self, first_day: date) -> list[tuple[date, list[Slot]]]:
        """Seven days from that one, without those that have no slot."""
        days = [first_day + ONE_DAY * number for number in range(7)]
        return [(day, slots) for day in days if (slots := self.slots_on(day))]

    def first_slot(self) -> Slot | None:
        """The first of all. Looks no further than it must."""
        day = self.first_day
        while day <= self.last_day:
            if slots := self.slots_on(day):
                return slots[0]
            day += ONE_DAY
        return None

    def nearest(self, start: datetime, count: int = rules.ALTERNATIVES) -> list[Slot]:
        """The slots nearest to a start that is gone, in order of time."""
        middle, found = uk_day(start), self.slots_on(uk_day(start))
        reach = max((self.last_day - middle).days, (middle - self.first_day).days, 0)
        for distance in range(1, reach + 1):
            if len(found) >= count:
                break
            found += self.slots_on(middle - ONE_DAY * distance) + self.slots_on(middle + ONE_DAY * distance)
        found.sort(key=lambda slot: abs(slot.start - start))
        return sorted(found[:count], key=lambda slot: slot.start)

    def candidates(self, start: datetime) -> list[Candidate]:
        """Who is free then, the best first; those outside the rules come last."""
        found = [candidate for part in self.parts if (candidate := part.candidate(start))]
        return sorted(found, key=lambda candidate: candidate.rank)

    def verdicts(self, start: datetime) -> list[Verdict]:
        """One for each presenter, the best first: why each could or could not."""
        return sorted((part.verdict(start) for part in self.parts), key=lambda verdict: verdict.rank)

    def offered_to(self, start: datetime) -> list[Candidate]:
        """Whom the public would get then, the best first; none if the start is no slot."""
        if not is_on_grid(start):
            return []
        return [candidate for candidate in self.candidates(start) if not candidate.violations]
