"""One presenter's part of the diary: windows, the rules of each day, and free time, day by day."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cached_property
from operator import attrgetter

from bookings import rules
from bookings.diary.base_ends import BaseEnds, Gap
from bookings.diary.breaches import Breach
from bookings.diary.candidate import Candidate
from bookings.diary.from_base import by_way_of_base
from bookings.diary.hours import Hours, days_in_utc, in_utc, spans_of, starts_of
from bookings.diary.stretch import Stretch
from bookings.diary.verdict import Verdict, obstacles
from bookings.diary.wish import Wish
from bookings.gaps import EVER, Claim, Span, free_spans
from bookings.models import Format, Presenter
from bookings.travel import APART_ENOUGH, Journeys, Place
from ctac.uk import uk_day
from ctac.working_days import after_working_days, is_bank_holiday


@dataclass
class PresenterDiary:
    """One presenter's part of the diary. `given`: the keys of the presentations that they give; empty means all."""

    presenter: Presenter
    given: Sequence[int]
    hours: Hours
    claims: list[Claim]
    wish: Wish
    today: date
    journeys: Journeys

    @cached_property
    def free(self) -> list[Span]:
        """Where the visit may lie as far as the other claims go, with the journeys to and from them. In order."""
        return free_spans(self.claims, self.wish.place, self.wish.length, EVER, self.journeys, self.set_minutes)

    @cached_property
    def set_minutes(self) -> int | None:
        """What staff have set for the journeys of this presenter to and from the visit, if they have."""
        return self.wish.set_minutes.get(self.presenter.pk)

    @cached_property
    def travel(self) -> int:
        if self.wish.place is None:
            return 0
        return self.journeys.minutes(self.presenter.base, self.wish.place) if self.set_minutes is None else self.set_minutes

    def wanted(self, start: datetime) -> Claim:
        return Claim(self.wish.span(start), self.wish.place, self.set_minutes)

    @cached_property
    def first_day(self) -> date:
        notice = self.presenter.notice_working_days
        return after_working_days(self.today, rules.NOTICE_WORKING_DAYS if notice is None else notice, self.presenter.nation)

    @cached_property
    def last_day(self) -> date:
        own = self.presenter.horizon_days
        return self.today + (rules.HORIZON if own is None else min(rules.HORIZON, timedelta(days=own)))

    @cached_property
    def standing_breaches(self) -> tuple[Breach, ...]:
        """What holds on every day."""
        place, online = self.wish.place, self.wish.format == Format.ONLINE
        found = {
            Breach.PRESENTATION: bool(self.given) and self.wish.presentation.pk not in self.given,
            Breach.FORMAT: bool(self.presenter.formats) and self.wish.format not in self.presenter.formats,
            Breach.AUDIENCE: not self.presenter.gives_to(self.wish.audience),
            Breach.REGION: place is not None and not self.presenter.covers(place),
            Breach.DISTANCE: self.travel > self.presenter.max_travel_minutes,
            Breach.NO_LINK: online and not self.presenter.joining_link,
        }
        return tuple(breach for breach, broken in found.items() if broken)

    def given_in(self, days: Stretch) -> int:
        """How many presentations start on these UK days already, kept ones included."""
        return sum(claim.is_visit for claim in starting_in(days_in_utc(days), self.claims))

    def day_breaches(self, day: date) -> Iterator[Breach]:
        if day < self.first_day:
            yield Breach.NOTICE
        if day > self.last_day:
            yield Breach.HORIZON
        if is_bank_holiday(day, self.presenter.nation):
            yield Breach.BANK_HOLIDAY
        if self.wish.nation and is_bank_holiday(day, self.wish.nation):
            yield Breach.HOST_BANK_HOLIDAY
        most_a_day, most_a_week = self.presenter.most_a_day, self.presenter.most_a_week
        if most_a_day is not None and self.given_in(Stretch(day, day)) >= most_a_day:
            yield Breach.DAY_FULL
        if most_a_week is not None and self.given_in(Stretch.week_of(day)) >= most_a_week:
            yield Breach.WEEK_FULL
        yield from self.standing_breaches

    def windows(self, day: date) -> Sequence[Span]:
        """When the presenter can be booked on that day, in UTC."""
        return spans_of(day, self.hours.clocks_on(day))

    def starts_on(self, day: date, known: set[datetime] | frozenset[datetime] = frozenset()) -> list[datetime]:
        """The start times within every rule on that day, in order, but for those that are known already."""
        clocks = self.hours.clocks_on(day)
        starts = starts_of(day, clocks, self.wish.length) if clocks else ()
        if known.issuperset(starts) or next(self.day_breaches(day), None):
            return []
        return [start for span in self.possible_on(day) for start in within(starts, span, self.wish.length) if start not in known]

    def possible_on(self, day: date) -> Iterator[Span]:
        """Where the visit may lie on that day as far as claims, journeys and the base go."""
        whole, ends = days_in_utc(Stretch(day, day)), self.ends_of(day)
        claims = touching(whole, self.claims)
        first = bisect_right(self.free, whole.start, key=end_of_span)
        for free in self.free[first:]:
            if free.start >= whole.end:
                return
            possible = free.shared(self.within_the_day(ends, gap_at(free.start, claims)))
            if possible.length >= self.wish.length:
                yield possible

    def within_the_day(self, ends: BaseEnds, gap: Gap) -> Span:
        """Where in a gap the presenter leaves the base late enough, is back early enough, and is there for what is online."""
        place, length = self.wish.place, self.wish.length
        round_it = by_way_of_base(place, gap, ends)
        return ends.after_leaving(place, length, gap).shared(ends.before_return(place, length, gap)).shared(round_it)

    def is_free(self, span: Span) -> bool:
        """Whether the visit can be then, as far as the other claims go. Looks no further than a journey can matter."""
        near = touching(Span(span.start - APART_ENOUGH, span.end + APART_ENOUGH), self.claims)
        return bool(free_spans(near, self.wish.place, span.length, span, self.journeys, self.set_minutes))

    @cached_property
    def base(self) -> Place:
        return self.presenter.base

    def ends_of(self, day: date) -> BaseEnds:
        leaves, returns = in_utc(day, self.presenter.earliest_leaving), in_utc(day, self.presenter.latest_return)
        return BaseEnds(self.base, leaves, returns, self.journeys, self.set_minutes)

    def candidate(self, start: datetime) -> Candidate | None:
        """This presenter for that start; None if not free then, travel included."""
        span = self.wish.span(start)
        if not self.is_free(span):
            return None
        day = uk_day(start)
        breaches = list(self.day_breaches(day))
        if not any(window.contains(span) for window in self.windows(day)):
            breaches.append(Breach.HOURS)
        ends, gap = self.ends_of(day), gap_at(start, touching(days_in_utc(Stretch(day, day)), self.claims))
        breaches += self.end_breaches(span, ends, gap)
        extra = ends.extra_minutes(self.wanted(start), gap)
        return Candidate(self.presenter, tuple(breaches), self.travel, extra, self.bookings_near(start))

    def end_breaches(self, span: Span, ends: BaseEnds, gap: Gap) -> Iterator[Breach]:
        if not ends.after_leaving(self.wish.place, self.wish.length, gap).contains(span):
            yield Breach.LEAVES_EARLY
        if not ends.before_return(self.wish.place, self.wish.length, gap).contains(span):
            yield Breach.RETURNS_LATE
        if not by_way_of_base(self.wish.place, gap, ends).contains(span):
            yield Breach.FROM_BASE

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


def within(starts: Sequence[datetime], span: Span, length: timedelta) -> Sequence[datetime]:
    """Those at which a visit of that length lies in the span."""
    return starts[bisect_left(starts, span.start) : bisect_right(starts, span.end - length)]
