"""Keeping time for the dates of a request, and giving it back. Every caller has locked the presenters and the booking."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from django.db.backends.postgresql.psycopg_any import DateTimeTZRange
from django.db.models import Q

from bookings import rules
from bookings.diary.book import Diary
from bookings.diary.breaches import ABOUT_THE_DAY
from bookings.diary.candidate import Candidate
from bookings.diary.grid import grid_starts
from bookings.diary.reading import open_diary
from bookings.diary.wish import Wish
from bookings.gaps import Claim
from bookings.models import (
    Booking,
    BusyKind,
    BusyTime,
    DateOption,
    Nation,
    OptionKind,
    OptionState,
    Precision,
    Presenter,
    WhyNot,
)
from bookings.services.errors import MoveRefused
from bookings.services.holding import place_columns
from bookings.services.locking import lock_booking
from bookings.travel import Place
from ctac.uk import uk_datetime, uk_day
from ctac.working_days import after_working_days


@dataclass(frozen=True)
class Preferred:
    """A date that somebody would like; `starts_at` and `ends_at` as in DateOption."""

    precision: str
    starts_at: datetime
    ends_at: datetime

    def starts(self, wish: Wish) -> list[datetime]:
        """Where it can begin; several days are not looked at one by one."""
        if self.precision == Precision.TIME:
            return [self.starts_at]
        if self.precision == Precision.DAYS:
            return []
        return list(grid_starts(self.starts_at, self.ends_at, wish.length))


@dataclass(frozen=True)
class Chosen:
    """Who could give it, and from when."""

    presenter: Presenter
    start: datetime


def kept_until(start: datetime, now: datetime) -> datetime:
    """5pm on the second working day (our office's), or when it begins if that is sooner."""
    day = after_working_days(uk_day(now), rules.DATES_KEPT_WORKING_DAYS, Nation.ENGLAND)
    return min(uk_datetime(day, rules.DATES_KEPT_UNTIL), start)


def diary_of(
    wish: Wish, starts: Sequence[datetime], now: datetime, *, presenter: Presenter | None = None, own: Booking | None = None
) -> Diary:
    """The diary over the days of these starts; what this booking claims itself is not in its way."""
    days = [uk_day(start) for start in starts] or [uk_day(now)]
    chosen = [presenter] if presenter else None
    ignoring = {"booking": own, "option__booking": own}
    return open_diary(wish, first_day=min(days), last_day=max(days), now=now, presenters=chosen, ignoring=ignoring)


def could_give(candidate: Candidate) -> bool:
    return set(candidate.breaches) <= ABOUT_THE_DAY


def first_possible(diary: Diary, starts: Iterable[datetime]) -> Chosen | None:
    """The first of these starts at which a presenter could give it without staff asking them a favour."""
    for start in starts:
        for candidate in diary.candidates(start):
            if could_give(candidate):
                return Chosen(candidate.presenter, start)
    return None


def presenters_for(diary: Diary, starts: Iterable[datetime]) -> set[int]:
    return {candidate.presenter.pk for start in starts for candidate in diary.candidates(start)}


def with_kept(diary: Diary, chosen: Chosen) -> Diary:
    """The same diary with that time taken, so that the next date of the request is kept beside it."""
    claim = Claim(diary.wish.span(chosen.start), diary.wish.place, is_visit=True)
    parts = [
        replace(part, claims=sorted([*part.claims, claim], key=lambda each: each.span.start))
        if part.presenter.pk == chosen.presenter.pk
        else part
        for part in diary.parts
    ]
    return replace(diary, parts=parts)


def add_options(
    booking: Booking, kind: OptionKind, dates: Sequence[tuple[Preferred, Chosen | WhyNot]], place: Place | None, now: datetime
) -> list[DateOption]:
    """Store the dates of a request, and a claim for each that is kept."""
    options = [
        DateOption(
            booking=booking,
            kind=kind,
            precision=date.precision,
            starts_at=date.starts_at,
            ends_at=date.ends_at,
            **as_columns(outcome, now),
        )
        for date, outcome in dates
    ]
    DateOption.objects.bulk_create(options)
    BusyTime.objects.bulk_create(
        BusyTime(
            presenter=option.presenter,
            kind=BusyKind.OPTION,
            busy=DateTimeTZRange(option.kept_from, option.kept_from + booking.presentation.length),
            expires_at=option.expires_at,
            option=option,
            **place_columns(place),
        )
        for option in options
        if option.kept_from
    )
    return options


def as_columns(outcome: Chosen | WhyNot, now: datetime) -> dict[str, Any]:
    if isinstance(outcome, WhyNot):
        return {"why_not": outcome}
    return {"presenter": outcome.presenter, "kept_from": outcome.start, "expires_at": kept_until(outcome.start, now)}


def lock_request(booking: Booking, *, now: datetime, also: Iterable[Presenter] = ()) -> tuple[Booking, list[DateOption]]:
    """The booking locked as by lock_booking, and its dates as they stand.

    Raises MoveRefused also if it takes place elsewhere by now: who could come was looked up for the place that was read.
    """
    locked = lock_booking(booking, now=now, also=also)
    if locked.postcode != booking.postcode:
        raise MoveRefused
    return locked, list(locked.options.select_related("presenter", "busy_time").order_by("pk"))


def close_options(booking: Booking, *, taken: DateOption | None = None) -> None:
    """The request is answered or closed: its dates are passed over, but for the one that is taken."""
    if taken is not None:
        DateOption.objects.filter(pk=taken.pk).update(state=OptionState.TAKEN)
    standing = (OptionState.OPEN, OptionState.EXPIRED)
    DateOption.objects.filter(booking=booking, state__in=standing).update(state=OptionState.PASSED)


def free_time(booking: Booking, *, but: BusyTime | None = None) -> None:
    """Give back all that this booking claims: its own time, and that of its dates."""
    own = BusyTime.objects.filter(Q(booking=booking) | Q(option__booking=booking))
    (own.exclude(pk=but.pk) if but else own).delete()
