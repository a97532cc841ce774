"""A presenter's hours as the diary needs them: on each day the weekly windows, or the exceptions in their place."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import Any, NamedTuple

from django.db.models import PositiveSmallIntegerField, Q, QuerySet, Value

from bookings.diary.grid import grid_starts
from bookings.diary.stretch import Stretch
from bookings.gaps import Span
from bookings.models import Availability, AvailabilityException, Presenter
from ctac.uk import uk_datetime

Clocks = tuple[time, time]


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

    def clocks_on(self, day: date) -> tuple[Clocks, ...]:
        exceptions = [window for window in self.exceptions if window.holds_on(day)]
        holding = exceptions or [window for window in self.weekly.get(day.weekday(), ()) if window.holds_on(day)]
        return tuple(
            sorted((window.start, window.end) for window in holding if window.start is not None and window.end is not None)
        )


@lru_cache(maxsize=1024)  # many presenters have the same hours
def spans_of(day: date, clocks: tuple[Clocks, ...]) -> tuple[Span, ...]:
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
def starts_of(day: date, clocks: tuple[Clocks, ...], length: timedelta) -> tuple[datetime, ...]:
    """The whole and half hours at which a visit of that length can start and end within these hours, in order."""
    return tuple(start for span in spans_of(day, clocks) for start in grid_starts(span.start, span.end, length))


def days_in_utc(days: Stretch) -> Span:
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
