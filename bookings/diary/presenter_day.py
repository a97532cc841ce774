"""One presenter's part of the diary: windows, the rules of each day, and free time, day by day."""

from bisect import bisect_left, bisect_right
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import cached_property

from bookings import rules
from bookings.diary.base_ends import BaseEnds
from bookings.diary.breaches import Breach
from bookings.diary.candidate import Candidate
from bookings.diary.grid import grid_starts
from bookings.diary.hours import Hours, in_utc
from bookings.diary.verdict import Verdict, obstacles
from bookings.diary.wish import Wish
from bookings.gaps import Claim, Span, free_spans
from bookings.models import Format, Presenter
from bookings.travel import APART_ENOUGH, Journeys
from bookings.working_days import after_working_days, is_bank_holiday
from ctac.uk import uk_day


@dataclass
class PresenterDiary:
    """One presenter's part of the diary. `given`: the keys of the presentations that they give; empty means all."""

    presenter: Presenter
    given: Sequence[int]
    hours: Hours
    claims: list[Claim]
    wish: Wish
    within: Span
    today: date
    journeys: Journeys

    @cached_property
    def free_weeks(self) -> dict[date, list[Span]]:
        """By the Monday: what was worked out so far."""
        return {}

    def free_near(self, day: date) -> list[Span]:
        """Free time of the week that the day is in, and a day to both sides. Only weeks that are looked at are worked out."""
        monday = monday_of(day)
        if monday not in self.free_weeks:
            start, end = (in_utc(monday + timedelta(days=days), time()) for days in (-1, 8))
            within = Span(max(start, self.within.start), min(end, self.within.end))
            first = bisect_right(self.claims, within.start - APART_ENOUGH, key=lambda claim: claim.span.end)
            last = bisect_left(self.claims, within.end + APART_ENOUGH, key=lambda claim: claim.span.start)
            claims = self.claims[first:last]
            self.free_weeks[monday] = free_spans(claims, self.wish.place, self.wish.length, within, self.journeys)
        return self.free_weeks[monday]

    @cached_property
    def travel(self) -> int:
        return self.journeys.minutes(self.presenter.base, self.wish.place) if self.wish.place else 0

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
            Breach.REGION: place is not None and not self.presenter.covers(place),
            Breach.DISTANCE: self.travel > self.presenter.max_travel_minutes,
            Breach.NO_LINK: online and not self.presenter.joining_link,
        }
        return tuple(breach for breach, broken in found.items() if broken)

    @cached_property
    def given_on(self) -> Counter[date]:
        """How many presentations each UK day has already, kept ones included."""
        return Counter(uk_day(claim.span.start) for claim in self.claims if claim.is_visit)

    @cached_property
    def given_in_week(self) -> Counter[date]:
        """The same by the Monday of each week."""
        found: Counter[date] = Counter()
        for day, count in self.given_on.items():
            found[monday_of(day)] += count
        return found

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
        if most_a_day is not None and self.given_on[day] >= most_a_day:
            yield Breach.DAY_FULL
        if most_a_week is not None and self.given_in_week[monday_of(day)] >= most_a_week:
            yield Breach.WEEK_FULL
        yield from self.standing_breaches

    def windows(self, day: date) -> list[Span]:
        """When the presenter can be booked on that day, in UTC."""
        return self.hours.spans_on(day)

    def is_free(self, span: Span) -> bool:
        spans = self.free_near(uk_day(span.start))
        index = bisect_right(spans, span.start, key=lambda free: free.start) - 1
        return index >= 0 and spans[index].contains(span)

    def starts_on(self, day: date) -> Iterator[datetime]:
        """The start times within every rule on that day."""
        if next(self.day_breaches(day), None):
            return
        spans, ends, claims = self.free_near(day), self.ends_of(day), self.claims_by_day.get(day, [])
        for window in self.windows(day):
            if not claims and self.wish.place:  # most days: only the base bounds them
                window = ends.reachable(self.wish.place, window)
            first = bisect_right(spans, window.start, key=lambda free: free.end)
            last = bisect_left(spans, window.end, key=lambda free: free.start)
            for free in spans[first:last]:
                starts = grid_starts(max(free.start, window.start), min(free.end, window.end), self.wish.length)
                yield from (start for start in starts if not claims or not any(self.end_breaches(start, ends, claims)))

    def ends_of(self, day: date) -> BaseEnds:
        leaves, returns = in_utc(day, self.presenter.earliest_leaving), in_utc(day, self.presenter.latest_return)
        return BaseEnds(self.presenter.base, leaves, returns, self.journeys)

    @cached_property
    def claims_by_day(self) -> dict[date, list[Claim]]:
        """By each UK day that they touch."""
        found: dict[date, list[Claim]] = defaultdict(list)
        for claim in self.claims:
            day, last = uk_day(claim.span.start), uk_day(claim.span.end - timedelta(microseconds=1))
            while day <= last:
                found[day].append(claim)
                day += timedelta(days=1)
        return found

    def end_breaches(self, start: datetime, ends: BaseEnds, claims: list[Claim]) -> Iterator[Breach]:
        wanted = Claim(self.wish.span(start), self.wish.place)
        if ends.leaves_too_early(wanted, claims):
            yield Breach.LEAVES_EARLY
        if ends.returns_too_late(wanted, claims):
            yield Breach.RETURNS_LATE

    def candidate(self, start: datetime) -> Candidate | None:
        """This presenter for that start; None if not free then, travel included."""
        span = self.wish.span(start)
        if not self.is_free(span):
            return None
        day = uk_day(start)
        breaches = list(self.day_breaches(day))
        if not any(window.contains(span) for window in self.windows(day)):
            breaches.append(Breach.HOURS)
        ends, claims = self.ends_of(day), self.claims_by_day.get(day, [])
        breaches += self.end_breaches(start, ends, claims)
        extra = ends.extra_minutes(Claim(span, self.wish.place), claims)
        return Candidate(self.presenter, tuple(breaches), self.travel, extra, self.bookings_near(start))

    def verdict(self, start: datetime) -> Verdict:
        """Whether this presenter could, and if not why not."""
        candidate = self.candidate(start)
        if candidate is not None:
            return Verdict(self.presenter, candidate)
        wanted = Claim(self.wish.span(start), self.wish.place)
        return Verdict(self.presenter, None, tuple(obstacles(wanted, self.claims, self.journeys)))

    def bookings_near(self, start: datetime) -> int:
        """How many bookings the presenter has in the days round that: the load that is shared out."""
        return sum(claim.is_booking and abs(claim.span.start - start) <= rules.NEAR for claim in self.claims)


def monday_of(day: date) -> date:
    return day - timedelta(days=day.weekday())
