"""Agendas: at 7 in the morning each presenter who gives something that day is told of all of it, in one email."""

from collections import defaultdict
from datetime import datetime, time, timedelta
from typing import Any

from bookings import rules
from bookings.models import Booking, OpenSession, Presenter, SessionState, State
from bookings.services.telling import tell_once
from ctac.uk import uk_datetime, uk_day
from notifications.services.writing import About

KIND = "presenter-agenda"


def send_agendas(*, now: datetime) -> int:
    """Write those of today that are not written; how many. None before the hour, and nothing of who has nothing left that day.

    Run again, and late after an outage, it does no harm; nobody gets one in the afternoon.
    """
    day = uk_day(now)
    if not uk_datetime(day, rules.AGENDA_AT) <= now < uk_datetime(day, rules.AGENDA_UNTIL):
        return 0
    start, end = uk_datetime(day, time.min), uk_datetime(day + timedelta(days=1), time.min)
    on_the_day = {"starts_at__gte": start, "starts_at__lt": end, "presenter__isnull": False}
    bookings = Booking.objects.filter(state=State.CONFIRMED, **on_the_day).select_related("presenter")
    sessions = OpenSession.objects.filter(state=SessionState.SCHEDULED, **on_the_day).select_related("presenter")
    given = defaultdict[Presenter, list[Any]](list)
    both: list[Any] = [*bookings, *sessions]
    for each in sorted(both, key=lambda each: (each.starts_at, each.reference)):
        given[each.presenter].append(each)
    told = [
        About(
            f"agenda:{presenter.pk}:{day.isoformat()}",
            presenter.email,
            " ".join(each.reference for each in theirs)[:200],
            expires_at=theirs[-1].starts_at,
        )
        for presenter, theirs in given.items()
        if theirs[-1].starts_at > now
    ]
    return tell_once({KIND: told}, now)
