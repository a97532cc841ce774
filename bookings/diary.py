"""Slots: the start times that can be booked, and who could give the presentation then.

A diary is read in one query a table (presenters, availability, busy time) and answers from memory after that, day by day.
Availability is UK wall-clock time, so each day's windows are turned into UTC before anything is added to them.
"""

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from enum import Enum
from functools import cached_property

from django.db.backends.postgresql.psycopg_any import DateTimeTZRange
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from bookings import rules
from bookings.gaps import Claim, Span, free_spans
from bookings.models import Availability, BusyKind, BusyTime, Format, Presentation, Presenter
from bookings.models.busy import BusyTimeQuerySet
from bookings.travel import APART_ENOUGH, Place, travel_minutes
from bookings.working_days import after_working_days, is_bank_holiday
from ctac.uk import uk_datetime, uk_day

ONE_DAY = timedelta(days=1)


class Breach(Enum):
    """What the public may not do and staff may, with a reason."""

    NOTICE = "notice"
    HORIZON = "horizon"
    BANK_HOLIDAY = "bank-holiday"
    HOURS = "hours"
    DISTANCE = "distance"
    NO_LINK = "no-link"

    @property
    def sentence(self) -> str | Promise:
        return SENTENCES[self]


SENTENCES: dict[Breach, str | Promise] = {
    Breach.NOTICE: _("It is sooner than the notice period allows."),
    Breach.HORIZON: _("It is further ahead than we take bookings."),
    Breach.BANK_HOLIDAY: _("It is a bank holiday where the presenter lives."),
    Breach.HOURS: _("It is outside the presenter’s availability."),
    Breach.DISTANCE: _("It is further than the presenter travels."),
    Breach.NO_LINK: _("The presenter has no joining link for online presentations."),
}


@dataclass(frozen=True)
class Wish:
    """What someone wants to book: `place` is None online."""

    presentation: Presentation
    format: str
    place: Place | None

    @property
    def length(self) -> timedelta:
        return self.presentation.length

    def span(self, start: datetime) -> Span:
        start = start.astimezone(UTC)
        return Span(start, start + self.length)


@dataclass(frozen=True)
class Candidate:
    """A presenter who is free then. Breaches are rules, not impossibilities."""

    presenter: Presenter
    breaches: tuple[Breach, ...]
    travel: int
    bookings_near: int

    @property
    def rank(self) -> tuple[bool, int, int, int]:
        """Within the rules first, then least travel, then fewest bookings near that day, then a stable tie-break."""
        return bool(self.breaches), self.travel, self.bookings_near, self.presenter.pk


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


def grid_starts(earliest: datetime, latest_end: datetime, length: timedelta) -> Iterator[datetime]:
    """Whole and half hours from `earliest` whose visit ends by `latest_end`.

    UK time is a whole number of hours from UTC, so the grid in UTC is the grid on the wall.
    """
    step = rules.GRID.total_seconds()
    start = datetime.fromtimestamp(-(-earliest.timestamp() // step) * step, UTC)
    while start + length <= latest_end:
        yield start
        start += rules.GRID


def on_grid(start: datetime) -> bool:
    return start.timestamp() % rules.GRID.total_seconds() == 0


@dataclass(frozen=True)
class Slot:
    """A start time that can be booked."""

    start: datetime
    end: datetime


@dataclass
class Diary:
    """Every presenter's diary for one wish, over a range of UK days."""

    wish: Wish
    first_day: date
    last_day: date
    parts: list[PresenterDiary] = field(default_factory=list)

    def slots_on(self, day: date) -> list[Slot]:
        if not self.first_day <= day <= self.last_day:
            return []
        starts = sorted({start for part in self.parts for start in part.starts_on(day)})
        return [Slot(start, start + self.wish.length) for start in starts]

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

    def offered_to(self, start: datetime) -> list[Candidate]:
        """Whom the public would get then, the best first; none if the start is no slot."""
        if not on_grid(start):
            return []
        return [candidate for candidate in self.candidates(start) if not candidate.breaches]


def open_diary(
    wish: Wish,
    *,
    first_day: date,
    last_day: date,
    now: datetime,
    presenters: Iterable[Presenter] | None = None,
    ignoring: Mapping[str, object] | None = None,
) -> Diary:
    """Read the diary of these presenters (all active ones if none are named) from the first UK day to the last.

    `ignoring` names claims that are not in the way, such as one's own hold, by a lookup of BusyTime: {"hold__draft": draft}.
    """
    everyone = list(presenters) if presenters is not None else list(Presenter.objects.active().order_by("pk"))
    within = Span(uk_datetime(first_day, time()).astimezone(UTC), uk_datetime(last_day + ONE_DAY, time()).astimezone(UTC))
    availability: dict[int, list[Availability]] = defaultdict(list)
    for window in Availability.objects.filter(presenter__in=everyone, valid_from__lte=last_day):
        availability[window.presenter_id].append(window)
    claims = read_claims(everyone, within, now, ignoring)
    parts = [
        PresenterDiary(presenter, availability[presenter.pk], claims[presenter.pk], wish, within, uk_day(now))
        for presenter in everyone
    ]
    return Diary(wish, first_day, last_day, parts)


def read_again(diary: Diary, presenters: Mapping[int, Presenter], now: datetime) -> Diary:
    """The same diary of these presenters only, as they and their claims are now, after they were locked."""
    parts = [part for part in diary.parts if part.presenter.pk in presenters and presenters[part.presenter.pk].active]
    if not parts:
        return replace(diary, parts=[])
    claims = read_claims([part.presenter for part in parts], parts[0].within, now, None)
    fresh = [
        PresenterDiary(
            presenters[part.presenter.pk], part.availability, claims[part.presenter.pk], diary.wish, part.within, part.today
        )
        for part in parts
    ]
    return replace(diary, parts=fresh)


def read_claims(
    presenters: Iterable[Presenter], within: Span, now: datetime, ignoring: Mapping[str, object] | None
) -> dict[int, list[Claim]]:
    rows = claims_within(presenters, within, now)
    for lookup, own in (ignoring or {}).items():
        rows = rows.exclude(**{lookup: own}) if own is not None else rows
    claims: dict[int, list[Claim]] = defaultdict(list)
    for row in rows:
        claims[row.presenter_id].append(to_claim(row))
    return claims


def claims_within(presenters: Iterable[Presenter], within: Span, now: datetime) -> BusyTimeQuerySet:
    """Their live claims in order, as far to both sides as a journey can matter."""
    reach = DateTimeTZRange(within.start - APART_ENOUGH, within.end + APART_ENOUGH)
    return BusyTime.objects.live_at(now).filter(presenter__in=presenters, busy__overlap=reach).order_by("busy")


def to_claim(row: BusyTime) -> Claim:
    span = Span(row.busy.lower.astimezone(UTC), row.busy.upper.astimezone(UTC))
    return Claim(span, row.place, row.travel_minutes, row.kind == BusyKind.BOOKING)
