"""Places that are free go to the line: offered in order, or given at once when the session is near."""

import logging
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from django.db import transaction
from django.db.models import F

from bookings import rules
from bookings.models import OpenSession, PlaceState, SessionEventKind, SessionPlace, SessionState
from bookings.services.sessions.locking import lock_session
from bookings.services.sessions.recording import record_each
from bookings.services.sessions.telling import tell
from ctac.uk import UK, uk_datetime, uk_day
from ctac.working_days import OURS, after_working_days, is_working_day
from professionals.models import User

logger = logging.getLogger(__name__)


def offer_until(starts_at: datetime, now: datetime) -> datetime | None:
    """Until when, in UTC, a place that is offered now is kept; None: there is no time to ask."""
    starts, moment = starts_at.astimezone(UTC), now.astimezone(UTC)
    last = starts - rules.OFFERS_END_BEFORE
    if by_day(moment, rules.TOO_LATE_TO_ASK) >= last:
        return None
    near = starts - moment <= rules.SESSION_IS_NEAR
    return min(by_day(moment, rules.OFFER_LASTS_WHEN_NEAR) if near else next_working_day(moment), last)


def next_working_day(moment: datetime) -> datetime:
    """The same UK time on our office's next working day, in UTC; offered on a day off, not before 5pm of it."""
    day, clock = uk_day(moment), moment.astimezone(UK).time()
    if not is_working_day(day, OURS):
        clock = max(clock, rules.OFFERS_OF_A_DAY_OFF_LAST_UNTIL)
    return uk_datetime(after_working_days(day, rules.OFFER_LASTS_WORKING_DAYS, OURS), clock).astimezone(UTC)


def by_day(moment: datetime, lasts: timedelta) -> datetime:
    """So long after `moment`, in UTC: hours that pass, without those of the night by UK time."""
    day = uk_day(moment)
    while True:
        first, last = (uk_datetime(day, clock).astimezone(UTC) for clock in (rules.NO_NIGHT_FROM, rules.NO_NIGHT_UNTIL))
        begins = max(first, moment)
        if begins + lasts <= last:
            return begins + lasts
        lasts -= max(last - begins, timedelta(0))
        day += timedelta(days=1)


def fill_places(session: OpenSession, *, by: User | None, now: datetime) -> None:
    """End offers that ran out, then give what is free to who waits, in order, while there is time. The session is locked."""
    end_lapsed(session, now=now)
    if session.is_scheduled and not session.has_begun(now):
        next_in_line = who_is_next(session)
        if next_in_line:
            until = offer_until(session.starts_at, now)
            give(next_in_line, session, until, by=by, now=now)


def who_is_next(session: OpenSession) -> list[SessionPlace]:
    """As many of the line as places are free."""
    session.refresh_from_db(fields=["occupied", "waiting"])  # the database counts them
    if not session.free or not session.waiting:
        return []
    return list(session.places.in_line().select_related("person")[: session.free])


def give(places: Sequence[SessionPlace], session: OpenSession, until: datetime | None, *, by: User | None, now: datetime) -> None:
    """Offer these places until then; None: give them at once."""
    if until is None:
        change(places, PlaceState.TAKEN)
        record_each(SessionEventKind.TAKEN, places, by=by, now=now)
        tell("place-taken", places, session, now)
    else:
        change(places, PlaceState.OFFERED, until)
        record_each(SessionEventKind.OFFERED, places, by=by, now=now)
        tell("place-offered", places, session, now)


def end_lapsed(session: OpenSession, *, now: datetime) -> int:
    """Offers that ran out: their people have no place and read how to come back. How many there were."""
    if not session.is_scheduled:
        return 0
    places = list(session.places.lapsed(now).select_related("person").order_by("position"))
    if places:
        change(places, PlaceState.GIVEN_UP)
        record_each(SessionEventKind.LAPSED, places, by=None, now=now)
        tell("place-lapsed", places, session, now)
    return len(places)


def change(places: Sequence[SessionPlace], state: PlaceState, until: datetime | None = None) -> None:
    """Their new state, of which each is told: a version more. One statement."""
    rows = SessionPlace.objects.filter(pk__in=[place.pk for place in places])
    rows.update(state=state, offer_expires_at=until, version=F("version") + 1)
    for place in places:
        place.state, place.offer_expires_at, place.version = state, until, place.version + 1


def lapse_offers(*, now: datetime) -> int:
    """End the offers that ran out and offer those places to who is next. How many ended.

    Each session stands for itself: what happens to one does not keep the next from going on.
    """
    lapsed = SessionPlace.objects.lapsed(now).filter(session__state=SessionState.SCHEDULED)
    ended = 0
    for session in OpenSession.objects.filter(pk__in=lapsed.values("session")).order_by("pk"):
        try:
            ended += lapse_at(session, now=now)
        except Exception as error:  # noqa: BLE001 - tried again in a minute; what has lapsed can't be accepted meanwhile
            logger.error("The offers of %s could not lapse: %s", session.reference, type(error).__name__)
    return ended


@transaction.atomic
def lapse_at(session: OpenSession, *, now: datetime) -> int:
    locked = lock_session(session)
    ended = end_lapsed(locked, now=now)
    fill_places(locked, by=None, now=now)
    return ended
