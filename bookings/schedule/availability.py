"""Presenters' availability for one query: hours, rules, free time, slots, and why a presenter could or could not give it."""

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from functools import cached_property, lru_cache
from operator import attrgetter
from typing import Any, NamedTuple

from django.db.models import PositiveSmallIntegerField, Q, QuerySet, Value
from django.utils.functional import Promise
from django.utils.translation import gettext as _, gettext_lazy, ngettext

from bookings.errors import RuleViolation
from bookings.models import Availability, AvailabilityException, Format, Presenter
from bookings.models.leave import leave_text
from bookings.schedule.slots import (
    ALWAYS,
    SLOT_INTERVAL,
    ZERO,
    Candidate,
    Claim,
    DateRange,
    DayTravel,
    Gap,
    SlotQuery,
    Span,
    free_spans,
    grid_starts,
    journey_between,
    time_taken_from,
)
from bookings.travel import SUFFICIENT_GAP, Journeys
from core.dates import add_working_days, format_datetime_range, format_uk_time, is_bank_holiday, uk_datetime, uk_day
from office.closures.models import ClosureScope
from office.closures.queries import ClosedDays, closures_affecting
from office.site_settings.queries import site_settings

# "Fewest bookings near that day" looks this far to either side, so that load is shared out over a fortnight.
LOAD_WINDOW = timedelta(days=7)
MAX_ALTERNATIVE_SLOTS = 6
# Nobody may send a presenter to a workplace after their check or training has ended.
NOT_CHECKED_MESSAGE = gettext_lazy("We have no DBS check or training of theirs for that day.")

ClockSpan = tuple[time, time]
end_of_span, start_of_claim, end_of_claim = attrgetter("end"), attrgetter("span.start"), attrgetter("span.end")


class Window(NamedTuple):
    """Hours that hold from a first day to a last one. Without a weekday they are an exception; without clocks there are none."""

    weekday: int | None
    start: time | None
    end: time | None
    first_day: date
    last_day: date | None

    def applies_on(self, day: date) -> bool:
        return self.weekday in (None, day.weekday()) and self.first_day <= day and (self.last_day is None or day <= self.last_day)


@dataclass
class Hours:
    """A presenter's hours: on each day the weekly windows, or exceptions instead. `weekly` is by weekday; Monday is 0."""

    weekly: defaultdict[int, list[Window]] = field(default_factory=lambda: defaultdict(list))
    exceptions: list[Window] = field(default_factory=list)

    def clock_spans_on(self, day: date) -> tuple[ClockSpan, ...]:
        exceptions = [window for window in self.exceptions if window.applies_on(day)]
        windows = exceptions or [window for window in self.weekly.get(day.weekday(), ()) if window.applies_on(day)]
        return tuple(
            sorted((window.start, window.end) for window in windows if window.start is not None and window.end is not None)
        )


@lru_cache(maxsize=1024)  # many presenters have the same hours
def hours_in_utc(day: date, clocks: tuple[ClockSpan, ...]) -> tuple[Span, ...]:
    """The hours in UTC. Windows that touch or overlap are joined, so that a visit may lie across both."""
    spans: list[Span] = []
    for start, end in clocks:
        span = Span(in_utc(day, start), in_utc(day, end))
        if spans and span.start <= spans[-1].end:
            span = Span(spans[-1].start, max(spans.pop().end, span.end))
        if span.length > timedelta(0):
            spans.append(span)
    return tuple(spans)


@lru_cache(maxsize=1024)
def possible_starts(day: date, clocks: tuple[ClockSpan, ...], length: timedelta) -> tuple[datetime, ...]:
    """The whole and half hours at which a visit of that length can start and end within these hours, in order."""
    return tuple(start for span in hours_in_utc(day, clocks) for start in grid_starts(span.start, span.end, length))


def days_in_utc(days: DateRange) -> Span:
    """The span of these UK days. Each has 23 to 25 hours."""
    return Span(in_utc(days.first, time()), in_utc(days.last + timedelta(days=1), time()))


@lru_cache(maxsize=8192)  # every presenter's windows begin and end at the same few times of the same days
def in_utc(day: date, clock: time) -> datetime:
    return uk_datetime(day, clock).astimezone(UTC)


def read_hours(presenters: Iterable[Presenter], first_day: date, last_day: date) -> dict[int, Hours]:
    """Each presenter's hours that hold on any day from the first to the last. Both tables in one statement."""
    everyone = list(presenters)
    until = Q(valid_until__isnull=True) | Q(valid_until__gte=first_day)
    weekly = Availability.objects.filter(until, presenter__in=everyone, valid_from__lte=last_day).order_by()
    others = AvailabilityException.objects.filter(presenter__in=everyone, first_day__lte=last_day, last_day__gte=first_day)
    no_weekday = Value(None, output_field=PositiveSmallIntegerField(null=True))
    both: QuerySet[Any, Any] = weekly.values_list("presenter", "weekday", "start", "end", "valid_from", "valid_until").union(
        others.order_by().values_list("presenter", no_weekday, "start", "end", "first_day", "last_day"), all=True
    )
    hours: dict[int, Hours] = defaultdict(Hours)
    for presenter, *columns in both:
        window = Window(*columns)
        if window.weekday is None:
            hours[presenter].exceptions.append(window)
        else:
            hours[presenter].weekly[window.weekday].append(window)
    return hours


@dataclass(frozen=True)
class Verdict:
    """Whether a presenter could give it. If not, `candidate` is None and `obstacles` say why."""

    presenter: Presenter
    candidate: Candidate | None
    obstacles: tuple[str, ...] = ()

    @property
    def violations(self) -> tuple[RuleViolation, ...]:
        return self.candidate.violations if self.candidate else ()

    @property
    def rank(self) -> tuple[bool, tuple[bool, int, int, int]]:
        """Sorts presenters who could give it first, the best before others; then the busy ones, by their keys."""
        if self.candidate is None:
            return True, (True, 0, 0, self.presenter.pk)
        return False, self.candidate.rank

    @property
    def reasons(self) -> Sequence[str | Promise]:
        return self.obstacles or (self.candidate.reasons() if self.candidate else ())


def obstacle_texts(wanted: Claim, claims: Sequence[Claim], journeys: Journeys) -> Iterator[str]:
    """Sentences about the presenter's claims that are in the way of the wanted visit."""
    overlapping = [claim for claim in claims if claim.span.overlaps(wanted.span)]
    for claim in overlapping:
        yield overlap_text(claim)
    if overlapping:
        return
    visits = [claim for claim in claims if claim.place]
    earlier = [visit for visit in visits if visit.span.end <= wanted.span.start]
    later = [visit for visit in visits if visit.span.start >= wanted.span.end]
    before, after = max(earlier, key=end_of_claim, default=None), min(later, key=start_of_claim, default=None)
    if wanted.place is None:
        if before and after and travel_shortage_text(before, after, [wanted, *claims], journeys):
            yield _("Is on the way from %(one)s to %(other)s then.") % {"one": place_text(before), "other": place_text(after)}
        return
    if before and (minutes := travel_shortage_text(before, wanted, claims, journeys)):
        place, clock = place_text(before), format_uk_time(before.span.end)
        yield _("Comes from %(place)s at %(clock)s. %(minutes)s") % {"place": place, "clock": clock, "minutes": minutes}
    if after and (minutes := travel_shortage_text(wanted, after, claims, journeys)):
        place, clock = place_text(after), format_uk_time(after.span.start)
        yield _("Goes on to %(place)s at %(clock)s. %(minutes)s") % {"place": place, "clock": clock, "minutes": minutes}


def overlap_text(claim: Claim) -> str:
    if not claim.is_visit:
        return _("Away: %(when)s.") % {"when": leave_text(claim.span.start, claim.span.end)}
    when = format_datetime_range(claim.span.start, claim.span.end)
    if claim.is_session:
        return _("Has an open session: %(when)s.") % {"when": when}
    if not claim.is_booking:
        return _("Is keeping this time for somebody else: %(when)s.") % {"when": when}
    return _("Has a booking: %(when)s, %(place)s.") % {"when": when, "place": place_text(claim)}


def place_text(claim: Claim) -> str:
    return claim.place.postcode if claim.place else _("online")


def travel_shortage_text(earlier: Claim, later: Claim, claims: Sequence[Claim], journeys: Journeys) -> str:
    """'The journey takes 65 minutes, but there are only 40.'; empty if there is time for it."""
    gap, needed = Span(earlier.span.end, later.span.start), journey_between(earlier, later, journeys)
    left = gap.length - time_taken_from(gap, claims)
    if gap.length >= SUFFICIENT_GAP or left >= needed:
        return ""
    minute = timedelta(minutes=1)
    minutes = {"needed": needed // minute, "left": max(ZERO, left) // minute}
    text = ngettext(
        "The journey takes %(needed)d minute, but there are only %(left)d.",
        "The journey takes %(needed)d minutes, but there are only %(left)d.",
        minutes["needed"],
    )
    return text % minutes


@dataclass
class PresenterSchedule:
    """One presenter's part of a schedule. `given`: the keys of the presentations that they give; empty means all."""

    presenter: Presenter
    given: Sequence[int]
    hours: Hours
    claims: list[Claim]
    slot_query: SlotQuery
    now: datetime
    journeys: Journeys

    @cached_property
    def fitting_spans(self) -> list[Span]:
        """The spans in which the visit fits between the other claims, with the journeys to and from them. In order."""
        return free_spans(
            self.claims, self.slot_query.place, self.slot_query.length, ALWAYS, self.journeys, self.override_minutes
        )

    @cached_property
    def override_minutes(self) -> int | None:
        """How many minutes staff have set for this presenter's journeys to and from the visit; None if they haven't."""
        return self.slot_query.override_minutes.get(self.presenter.pk)

    @cached_property
    def travel(self) -> int:
        if self.slot_query.place is None:
            return 0
        return (
            self.journeys.minutes(self.presenter.base, self.slot_query.place)
            if self.override_minutes is None
            else self.override_minutes
        )

    def wanted_claim(self, start: datetime) -> Claim:
        return Claim(self.slot_query.span(start), self.slot_query.place, self.override_minutes)

    @cached_property
    def first_day(self) -> date:
        return self.first_day_from(uk_day(self.now))

    def first_day_from(self, day: date) -> date:
        """The first day for which somebody can still book on `day`, by the notice that the presenter needs."""
        own, nation = self.presenter.notice_working_days, self.presenter.nation
        notice = site_settings().notice_working_days if own is None else own
        closed = ClosedDays(closures_affecting(ClosureScope.PRESENTATIONS, ClosureScope.ADVICE_LINE, nations=[nation]))
        return add_working_days(day, notice, nation, closed)

    @cached_property
    def closed(self) -> ClosedDays:
        """Days when we are closed where the presenter lives, or where the presentation takes place."""
        return ClosedDays(closures_affecting(ClosureScope.PRESENTATIONS, nations=[self.presenter.nation, self.slot_query.nation]))

    @cached_property
    def last_day(self) -> date:
        own, everybody = self.presenter.horizon_days, site_settings().horizon_days
        return uk_day(self.now) + timedelta(days=everybody if own is None else min(everybody, own))

    @cached_property
    def current_violations(self) -> tuple[RuleViolation, ...]:
        """The rules broken on every day."""
        place, online = self.slot_query.place, self.slot_query.format == Format.ONLINE
        broken = {
            RuleViolation.PRESENTATION: bool(self.given) and self.slot_query.presentation.pk not in self.given,
            RuleViolation.FORMAT: bool(self.presenter.formats) and self.slot_query.format not in self.presenter.formats,
            RuleViolation.AUDIENCE: not self.presenter.presents_to(self.slot_query.audience),
            RuleViolation.REGION: place is not None and not self.presenter.covers_place(place),
            RuleViolation.DISTANCE: self.travel > self.presenter.max_travel_minutes,
            RuleViolation.NO_LINK: online and not self.presenter.joining_link,
        }
        return tuple(violation for violation, is_broken in broken.items() if is_broken)

    def may_go_there(self, day: date) -> bool:
        """The rule that nobody can override: only a presenter whose check and training last may go to a workplace."""
        return self.slot_query.format != Format.WORKPLACE or self.presenter.may_visit(day)

    def count_presentations(self, days: DateRange) -> int:
        """How many presentations start on these UK days already, including times that are kept."""
        return sum(claim.is_visit for claim in claims_starting_in(days_in_utc(days), self.claims))

    def day_violations(self, day: date) -> Iterator[RuleViolation]:
        if day < self.first_day:
            yield RuleViolation.NOTICE
        if day > self.last_day:
            yield RuleViolation.HORIZON
        if is_bank_holiday(day, self.presenter.nation):
            yield RuleViolation.BANK_HOLIDAY
        if self.slot_query.nation and is_bank_holiday(day, self.slot_query.nation):
            yield RuleViolation.HOST_BANK_HOLIDAY
        if day in self.closed:
            yield RuleViolation.CLOSED
        most_a_day, most_a_week = self.presenter.most_a_day, self.presenter.most_a_week
        if most_a_day is not None and self.count_presentations(DateRange(day, day)) >= most_a_day:
            yield RuleViolation.DAY_FULL
        if most_a_week is not None and self.count_presentations(DateRange.week_of(day)) >= most_a_week:
            yield RuleViolation.WEEK_FULL
        yield from self.current_violations

    def windows(self, day: date) -> Sequence[Span]:
        """When the presenter can be booked on that day, in UTC."""
        return hours_in_utc(day, self.hours.clock_spans_on(day))

    def starts_on(self, day: date, known: set[datetime] | frozenset[datetime] = frozenset()) -> list[datetime]:
        """The start times within every rule on that day, in order, without those in `known`."""
        if not self.may_go_there(day):
            return []
        clocks = self.hours.clock_spans_on(day)
        starts = possible_starts(day, clocks, self.slot_query.length) if clocks else ()
        if known.issuperset(starts) or next(self.day_violations(day), None):
            return []
        whole, ends = days_in_utc(DateRange(day, day)), self.day_travel(day)
        claims, possible = overlapping_claims(whole, self.claims), list[datetime]()
        place, length = self.slot_query.place, self.slot_query.length
        for span in self.fitting_spans[bisect_right(self.fitting_spans, whole.start, key=end_of_span) :]:
            if span.start >= whole.end:
                break
            gap = gap_at(span.start, claims)
            span = span.intersection(Span(self.now + ends.journey_before(place, gap), ALWAYS.end))
            for _rule, bound in ends.bounds(place, length, gap):
                span = span.intersection(bound)
            if span.length >= length:
                inside = starts[bisect_left(starts, span.start) : bisect_right(starts, span.end - length)]
                possible += [start for start in inside if start not in known]
        return possible

    def day_travel(self, day: date) -> DayTravel:
        leaves, returns = in_utc(day, self.presenter.earliest_leaving), in_utc(day, self.presenter.latest_return)
        return DayTravel(self.presenter.base, leaves, returns, self.journeys, self.override_minutes)

    def candidate(self, start: datetime) -> Candidate | None:
        """This presenter as a candidate for that start; None if not free then, travel included."""
        wanted, day = self.wanted_claim(start), uk_day(start)
        span, place, length = wanted.span, self.slot_query.place, self.slot_query.length
        # Only claims so near that a journey can matter.
        near = overlapping_claims(Span(span.start - SUFFICIENT_GAP, span.end + SUFFICIENT_GAP), self.claims)
        if not self.may_go_there(day) or not free_spans(near, place, length, span, self.journeys, self.override_minutes):
            return None
        ends, gap = self.day_travel(day), gap_at(start, overlapping_claims(days_in_utc(DateRange(day, day)), self.claims))
        leaves_at = start - ends.journey_before(place, gap)
        violations = list(self.day_violations(day))
        if leaves_at < self.now:
            violations.insert(0, RuleViolation.BEGUN if start < self.now else RuleViolation.TOO_LATE)
        if not any(window.contains(span) for window in self.windows(day)):
            violations.append(RuleViolation.HOURS)
        violations += [violation for violation, bound in ends.bounds(place, length, gap) if not bound.contains(span)]
        # How much they give around that day: the tie-breaker.
        load = Span(start - LOAD_WINDOW, start + LOAD_WINDOW + timedelta.resolution)
        bookings_near = sum(claim.is_booking for claim in claims_starting_in(load, self.claims))
        extra = ends.extra_minutes(wanted, gap)
        return Candidate(self.presenter, tuple(violations), self.travel, extra, bookings_near, leaves_at)

    def verdict(self, start: datetime) -> Verdict:
        """Whether this presenter could, and if not why not."""
        candidate = self.candidate(start)
        if candidate is not None:
            return Verdict(self.presenter, candidate)
        unchecked = () if self.may_go_there(uk_day(start)) else (str(NOT_CHECKED_MESSAGE),)
        return Verdict(self.presenter, None, (*unchecked, *obstacle_texts(self.wanted_claim(start), self.claims, self.journeys)))


def gap_at(moment: datetime, claims: Sequence[Claim]) -> Gap:
    """The gap between these claims in which the moment lies."""
    after = bisect_left(claims, moment, key=start_of_claim)
    return Gap(claims[:after], claims[after:])


def overlapping_claims(span: Span, claims: Sequence[Claim]) -> Sequence[Claim]:
    return claims[bisect_right(claims, span.start, key=end_of_claim) : bisect_left(claims, span.end, key=start_of_claim)]


def claims_starting_in(span: Span, claims: Sequence[Claim]) -> Sequence[Claim]:
    first, last = (bisect_left(claims, moment, key=start_of_claim) for moment in span)
    return claims[first:last]


ONE_DAY = timedelta(days=1)


@dataclass(frozen=True)
class Slot:
    """A start time that can be booked."""

    start: datetime
    end: datetime


@dataclass
class Schedule:
    """Every presenter's availability for one query, over a range of UK days. `read`: the days whose claims it knows in full.

    `covered`: the days on which somebody is on duty, so that visits are offered; None if that was not read.
    """

    slot_query: SlotQuery
    first_day: date
    last_day: date
    parts: list[PresenterSchedule]
    read: Sequence[DateRange]
    covered: Sequence[DateRange] | None = None

    def for_query(self, slot_query: SlotQuery) -> "Schedule":
        """The same presenters and claims for another query, without a new read."""
        return replace(self, slot_query=slot_query, parts=[replace(part, slot_query=slot_query) for part in self.parts])

    @property
    def date_range(self) -> DateRange:
        return DateRange(self.first_day, self.last_day)

    @property
    def current_violations(self) -> list[RuleViolation]:
        """The rules that all of these presenters break, on every day."""
        first, *others = [part.current_violations for part in self.parts] or [()]
        return [violation for violation in first if all(violation in violations for violations in others)]

    def is_read(self, day: date) -> bool:
        return any(day in days for days in self.read)

    def is_covered(self, day: date) -> bool:
        return self.covered is None or self.slot_query.format != Format.WORKPLACE or any(day in days for days in self.covered)

    def slots_on(self, day: date) -> list[Slot]:
        """The slots of that day. Raises LookupError for a day that was not read."""
        if day not in self.date_range or not self.is_covered(day):
            return []
        if not self.is_read(day):
            raise LookupError(day)
        starts: set[datetime] = set()
        for part in self.parts:
            if not part.current_violations:
                starts.update(part.starts_on(day, starts))
        return [Slot(start, start + self.slot_query.length) for start in sorted(starts)]

    def week(self, first_day: date) -> list[tuple[date, list[Slot]]]:
        """The days that have a slot, among the seven days from that one."""
        days = DateRange(first_day, first_day + 6 * ONE_DAY)
        return [(day, slots) for day in days if (slots := self.slots_on(day))]

    def nearest(self, start: datetime, count: int = MAX_ALTERNATIVE_SLOTS) -> list[Slot]:
        """The slots nearest to a start that is taken, in order of time."""
        middle = uk_day(start)
        slots = self.slots_on(middle)
        reach = max((self.last_day - middle).days, (middle - self.first_day).days, 0)
        for distance in range(1, reach + 1):
            if len(slots) >= count:
                break
            slots += self.slots_on(middle - ONE_DAY * distance) + self.slots_on(middle + ONE_DAY * distance)
        slots.sort(key=lambda slot: abs(slot.start - start))
        return sorted(slots[:count], key=lambda slot: slot.start)

    def candidates(self, start: datetime) -> list[Candidate]:
        """Presenters who are free then, the best first; presenters who would break a rule come last."""
        candidates = [candidate for part in self.parts if (candidate := part.candidate(start))]
        return sorted(candidates, key=attrgetter("rank"))

    def verdicts(self, start: datetime) -> list[Verdict]:
        """Why each presenter could or could not, the best first."""
        return sorted((part.verdict(start) for part in self.parts), key=attrgetter("rank"))

    def offered_candidates(self, start: datetime) -> list[Candidate]:
        """The presenters whom the public would get then, the best first; empty if the start is no slot."""
        if start.timestamp() % SLOT_INTERVAL.total_seconds() or not self.is_covered(uk_day(start)):
            return []
        return [candidate for candidate in self.candidates(start) if not candidate.violations]
