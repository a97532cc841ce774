"""Saves presenters, their hours, and the journey times that staff set between areas."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from itertools import pairwise

from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from bookings.models import Availability, AvailabilityException, BusyTime, JourneyTime, Presenter
from bookings.schedule.locks import lock_presenters
from bookings.schedule.queries import read_journeys, to_claim
from bookings.schedule.slots import ZERO, journey_fits
from bookings.travel import find_place
from core.dates import uk_day
from core.errors import DomainError
from notifications.bounces.services import clear_mark_and_resend
from notifications.models import MarkClearReason
from professionals.safeguarding.services import notify_lead_if_flagged

# A presenter's hours: a week from a day on, and days with other hours. Bookings that stand outside stay as they are.
#
# A presenter may change them from tomorrow on, staff on any day (ADR 11).

ONE_DAY = timedelta(days=1)


@dataclass(frozen=True)
class WeekdayHours:
    """From `start` to `end` on that weekday (0 is Monday), on a UK clock."""

    weekday: int
    start: time
    end: time


@transaction.atomic
def set_weekly_hours(
    *,
    presenter: Presenter,
    hours: Sequence[WeekdayHours],
    first_day: date,
    last_day: date | None,
    own: bool,
    now: datetime,
) -> None:
    """These hours hold from the first day to the last (None: for good). Before and after them, the old hours go on.

    `own`: the presenter does it.
    """
    refuse_own_change_today(first_day, own=own, now=now)
    lock_presenters([presenter.pk], now=now)
    within = Q(valid_until__isnull=True) | Q(valid_until__gte=first_day)
    standing = Availability.objects.filter(within, presenter=presenter)
    for window in standing if last_day is None else standing.filter(valid_from__lte=last_day):
        # Take those days out of the window: what is left is a part before, a part after, both or nothing.
        if last_day is not None and (window.valid_until is None or window.valid_until > last_day):
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
    Availability.objects.bulk_create(
        Availability(
            presenter=presenter, weekday=day.weekday, start=day.start, end=day.end, valid_from=first_day, valid_until=last_day
        )
        for day in hours
    )


@transaction.atomic
def set_exception_hours(
    *, presenter: Presenter, first_day: date, last_day: date, hours: Sequence[tuple[time, time]], own: bool, now: datetime
) -> None:
    """These hours hold on those days instead of the week's; no hours means not available."""
    refuse_own_change_today(first_day, own=own, now=now)
    lock_presenters([presenter.pk], now=now)
    clocks: Sequence[tuple[time | None, time | None]] = hours or [(None, None)]
    AvailabilityException.objects.bulk_create(
        AvailabilityException(presenter=presenter, first_day=first_day, last_day=last_day, start=start, end=end)
        for start, end in clocks
    )


@transaction.atomic
def end_exception(*, exception: AvailabilityException, own: bool, now: datetime) -> None:
    """The week's hours hold again.

    If the presenter does it, the days up to today stay as they were. Raises DomainError if no other day is left.
    """
    today = uk_day(now)
    if own:
        refuse_own_change_today(exception.last_day, own=own, now=now)
    lock_presenters([exception.presenter_id], now=now)
    if own and exception.first_day <= today:
        AvailabilityException.objects.filter(pk=exception.pk).update(last_day=today)
    else:
        AvailabilityException.objects.filter(pk=exception.pk).delete()


def refuse_own_change_today(first_day: date, *, own: bool, now: datetime) -> None:
    if own and first_day <= uk_day(now):
        raise DomainError(_("You can change this from tomorrow on. For today, call the team."))


@transaction.atomic
def set_journey_time(*, journey: JourneyTime, by: User | None, now: datetime, flagged: bool = False) -> JourneyTime:
    """Store the minutes between two areas, named in alphabetical order. Both guards use them from now on.

    `flagged`: the reason looks like a child's details and its writer kept it.
    """
    journey.area_a, journey.area_b = sorted((journey.area_a, journey.area_b))
    journey.set_by, journey.set_at = by, now
    journey.save()
    areas = f"{journey.area_a} {journey.area_b}"
    notify_lead_if_flagged(journey, f":{now:%Y%m%d%H%M%S}", now, flagged=flagged, reference=areas)
    return journey


def visits_too_close(now: datetime) -> list[tuple[BusyTime, BusyTime]]:
    """Visits to come that follow each other faster than the journey allows, because it was set longer afterwards.

    They stay as they were agreed; staff see them in a list.
    """
    rows = list(BusyTime.objects.live_at(now).filter(busy__endswith__gt=now).select_related("booking", "presenter"))
    rows.sort(key=lambda row: (row.presenter_id, row.busy.lower))
    journeys = read_journeys(row.place for row in rows)
    too_close = []
    for one, other in pairwise(row for row in rows if row.place):
        if one.presenter_id != other.presenter_id:
            continue
        between = [row for row in rows if row.place is None and row.presenter_id == one.presenter_id]
        inside = [row.busy for row in between if one.busy.upper <= row.busy.lower < other.busy.lower]
        without_place: timedelta = sum((busy.upper - busy.lower for busy in inside), ZERO)
        if not journey_fits(to_claim(one), to_claim(other), without_place, journeys):
            too_close.append((one, other))
    return too_close


# Called when a presenter's joining link has changed; registered in apps.py.
JOINING_LINK_CHANGED_HANDLERS: list[Callable[..., None]] = []


@transaction.atomic
def save_presenter(*, presenter: Presenter, by: User | None = None, now: datetime | None = None) -> Presenter:
    """Store a presenter with the coordinates of the base. If the link changes, tell the people who join by it.

    If the address changes, mail that waited for a better one goes there. Raises PlaceUnknown.
    """
    moment = now or timezone.now()
    before = Presenter.objects.select_for_update(no_key=True).filter(pk=presenter.pk).first()
    base = find_place(presenter.base_postcode)
    presenter.base_latitude, presenter.base_longitude, presenter.base_zone = base.latitude, base.longitude, base.zone
    presenter.save()
    if before is not None and before.email.lower() != presenter.email.lower():
        clear_mark_and_resend(address=before.email, how=MarkClearReason.CHANGED, by=by, now=moment, to=presenter.email)
    if before is not None and before.joining_link != presenter.joining_link:
        for notify_change in JOINING_LINK_CHANGED_HANDLERS:
            notify_change(presenter=presenter, before=before.joining_link, by=by, now=moment)
    return presenter
