"""The emails of a morning: to each presenter what they give that day; to them and the team which of their checks ends."""

from collections import defaultdict
from datetime import datetime, time, timedelta
from typing import Any

from django.db.models import Q

from bookings.booking.services.transitions import notify_once
from bookings.models import Booking, BookingState, OpenSession, Presenter, SessionState
from bookings.schedule.queries import starting_on
from bookings.schedule.slots import DateRange
from core.dates import uk_datetime, uk_day
from notifications.outbox import NewMessage
from office.site_settings.queries import site_settings

# On the day, in the UK; if nothing could be sent, until the latest time. ctac/celery.py says in which hours (UTC) the task runs.
AGENDA_TIME, AGENDA_LATEST_TIME = time(7), time(11)

AGENDA_EMAIL_KIND = "presenter-agenda"
CHECKS_END_EMAIL_KIND, TEAM_CHECKS_END_EMAIL_KIND = "checks-end", "checks-end-for-team"


def send_agendas(*, now: datetime) -> int:
    """One email at 7 in the morning to each presenter who gives something that day. Returns how many were written now.

    Running it again, or late after an outage, does no harm; nobody gets one in the afternoon.
    """
    day = uk_day(now)
    if not uk_datetime(day, AGENDA_TIME) <= now < uk_datetime(day, AGENDA_LATEST_TIME):
        return 0
    on_the_day = starting_on(DateRange(day, day)) & Q(presenter__isnull=False)
    bookings = Booking.objects.filter(on_the_day, state=BookingState.CONFIRMED).select_related("presenter")
    sessions = OpenSession.objects.filter(on_the_day, state=SessionState.SCHEDULED).select_related("presenter")
    given = defaultdict[Presenter, list[Any]](list)
    both: list[Any] = [*bookings, *sessions]
    for one in sorted(both, key=lambda one: (one.starts_at, one.reference)):
        given[one.presenter].append(one)
    agendas = [
        NewMessage(
            f"agenda:{presenter.pk}:{day.isoformat()}",
            presenter.email,
            " ".join(one.reference for one in theirs)[:200],
            expires_at=theirs[-1].starts_at,
        )
        for presenter, theirs in given.items()
        if theirs[-1].starts_at > now
    ]
    return notify_once({AGENDA_EMAIL_KIND: agendas}, now)


def warn_of_checks(*, now: datetime) -> int:
    """Tell each presenter whose DBS check or training ends, and the team: some time before, and on the last day.

    Returns how many were written now. The version is 0 on the last day. Running it again does no harm; if less time is left when
    the day is entered, they are told at once.
    """
    today = uk_day(now)
    soon = today + timedelta(days=site_settings().checks_warning_days)
    told = defaultdict[str, list[NewMessage]](list)
    for presenter in Presenter.objects.with_checks_ending_by(soon):
        for end in {presenter.checked_until, presenter.trained_until}:
            if end is None or not today <= end <= soon:
                continue
            about, version = f"presenter:{presenter.pk}:{end}", 1 if end > today else 0
            until = uk_datetime(end if version else end + timedelta(days=1), time.min)
            for kind, to in ((CHECKS_END_EMAIL_KIND, presenter.email), (TEAM_CHECKS_END_EMAIL_KIND, site_settings().team_email)):
                told[kind].append(NewMessage(about, to, version=version, expires_at=until))
    return notify_once(told, now)
