"""A presenter's hours: a week from a day on, and days with other hours. Bookings that stand outside stay as they are.

By the presenter, from tomorrow on; staff may change any day (ADR 26).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from django.db import transaction
from django.db.models import Q

from bookings.models import Availability, AvailabilityException, Presenter
from bookings.services.errors import TooSoon
from bookings.services.locking import lock_presenters
from ctac.uk import uk_day

ONE_DAY = timedelta(days=1)


@dataclass(frozen=True)
class WeekdayHours:
    """From `start` to `end` on that weekday (0 is Monday), on a UK clock."""

    weekday: int
    start: time
    end: time


@transaction.atomic
def set_week(
    *,
    presenter: Presenter,
    hours: Sequence[WeekdayHours],
    first_day: date,
    last_day: date | None,
    own: bool,
    now: datetime,
) -> None:
    """These hours hold from the first day to the last (None: for good); before and after, what held there goes on.

    `own`: the presenter does it. Raises TooSoon.
    """
    refuse_too_soon(first_day, own=own, now=now)
    lock_presenters([presenter.pk], now=now)
    within = Q(valid_until__isnull=True) | Q(valid_until__gte=first_day)
    standing = Availability.objects.filter(within, presenter=presenter)
    for window in standing if last_day is None else standing.filter(valid_from__lte=last_day):
        cut(window, first_day, last_day)
    Availability.objects.bulk_create(
        Availability(
            presenter=presenter, weekday=each.weekday, start=each.start, end=each.end, valid_from=first_day, valid_until=last_day
        )
        for each in hours
    )


def cut(window: Availability, first_day: date, last_day: date | None) -> None:
    """Take those days out of the window: what is left is a part before, a part after, both or nothing."""
    goes_on = last_day is not None and (window.valid_until is None or window.valid_until > last_day)
    if goes_on and last_day is not None:
        Availability.objects.create(
            presenter_id=window.presenter_id,
            weekday=window.weekday,
            start=window.start,
            end=window.end,
            valid_from=last_day + ONE_DAY,
            valid_until=window.valid_until,
        )
    if window.valid_from < first_day:
        window.valid_until = first_day - ONE_DAY
        window.save(update_fields=["valid_until"])
    else:
        window.delete()


@transaction.atomic
def set_days(
    *, presenter: Presenter, first_day: date, last_day: date, hours: Sequence[tuple[time, time]], own: bool, now: datetime
) -> None:
    """On those days these hours hold instead of the week's; none of them means not available. Raises TooSoon."""
    refuse_too_soon(first_day, own=own, now=now)
    lock_presenters([presenter.pk], now=now)
    clocks: Sequence[tuple[time | None, time | None]] = hours or [(None, None)]
    AvailabilityException.objects.bulk_create(
        AvailabilityException(presenter=presenter, first_day=first_day, last_day=last_day, start=start, end=end)
        for start, end in clocks
    )


@transaction.atomic
def take_back_days(*, exception: AvailabilityException, own: bool, now: datetime) -> None:
    """The week's hours hold again. By the presenter, the days up to today stay as they were; TooSoon if no other is left."""
    today = uk_day(now)
    if own:
        refuse_too_soon(exception.last_day, own=own, now=now)
    lock_presenters([exception.presenter_id], now=now)
    if own and exception.first_day <= today:
        AvailabilityException.objects.filter(pk=exception.pk).update(last_day=today)
    else:
        AvailabilityException.objects.filter(pk=exception.pk).delete()


def refuse_too_soon(first_day: date, *, own: bool, now: datetime) -> None:
    if own and first_day <= uk_day(now):
        raise TooSoon
