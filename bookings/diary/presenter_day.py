"""One presenter's part of the diary: windows, the rules of each day, and free time, day by day.

Availability is UK wall-clock time, so each day's windows are turned into UTC before anything is added to them.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cached_property

from bookings import rules
from bookings.diary.breaches import Breach
from bookings.diary.candidate import Candidate
from bookings.diary.grid import grid_starts
from bookings.diary.wish import Wish
from bookings.gaps import Claim, Span, free_spans
from bookings.models import Availability, Format, Presenter
from bookings.travel import travel_minutes
from bookings.working_days import after_working_days, is_bank_holiday
from ctac.uk import uk_datetime, uk_day


@dataclass
class PresenterDiary:
    """One presenter's part of the diary."""

    presenter: Presenter
    availability: list[Availability]
    claims: list[Claim]
    wish: Wish
    within: Span
    today: date

    @cached_property
    def free(self) -> list[Span]:
        return free_spans(self.claims, self.wish.place, self.wish.length, self.within)

    @cached_property
    def travel(self) -> int:
        return travel_minutes(self.presenter.base, self.wish.place) if self.wish.place else 0

    @cached_property
    def first_day(self) -> date:
        return after_working_days(self.today, rules.NOTICE_WORKING_DAYS, self.presenter.nation)

    @cached_property
    def standing_breaches(self) -> tuple[Breach, ...]:
        """What holds on every day."""
        too_far = self.travel > self.presenter.max_travel_minutes
        no_link = self.wish.format == Format.ONLINE and not self.presenter.joining_link
        return (*([Breach.DISTANCE] if too_far else []), *([Breach.NO_LINK] if no_link else []))

    def day_breaches(self, day: date) -> Iterator[Breach]:
        if day < self.first_day:
            yield Breach.NOTICE
        if day > self.today + rules.HORIZON:
            yield Breach.HORIZON
        if is_bank_holiday(day, self.presenter.nation):
            yield Breach.BANK_HOLIDAY
        yield from self.standing_breaches

    def windows(self, day: date) -> list[Span]:
        """When the presenter can be booked on that day, in UTC, windows that touch or overlap as one."""
        clocks = sorted(window.clock() for window in self.availability if window.holds_on(day))
        spans: list[Span] = []
        for start, end in clocks:
            span = Span(uk_datetime(day, start).astimezone(UTC), uk_datetime(day, end).astimezone(UTC))
            if spans and span.start <= spans[-1].end:
                span = Span(spans[-1].start, max(spans.pop().end, span.end))
            if span.length > timedelta(0):
                spans.append(span)
        return spans

    def is_free(self, span: Span) -> bool:
        index = bisect_right(self.free, span.start, key=lambda free: free.start) - 1
        return index >= 0 and self.free[index].contains(span)

    def starts_on(self, day: date) -> Iterator[datetime]:
        """The start times within every rule on that day."""
        if next(self.day_breaches(day), None):
            return
        for window in self.windows(day):
            first = bisect_right(self.free, window.start, key=lambda free: free.end)
            last = bisect_left(self.free, window.end, key=lambda free: free.start)
            for free in self.free[first:last]:
                yield from grid_starts(max(free.start, window.start), min(free.end, window.end), self.wish.length)

    def candidate(self, start: datetime) -> Candidate | None:
        """This presenter for that start; None if not free then, travel included."""
        span = self.wish.span(start)
        if not self.is_free(span):
            return None
        day = uk_day(start)
        breaches = list(self.day_breaches(day))
        if not any(window.contains(span) for window in self.windows(day)):
            breaches.append(Breach.HOURS)
        near = sum(claim.is_booking and abs(claim.span.start - span.start) <= rules.NEAR for claim in self.claims)
        return Candidate(self.presenter, tuple(breaches), self.travel, near)
