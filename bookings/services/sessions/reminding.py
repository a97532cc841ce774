"""Reminders of open sessions: a week before and the day before, to everybody with a place and to who gives it.

As those of bookings they are written when they fall due (bookings.services.reminding). Who took the place, got the session,
or was told that it moved or how to join it after that moment has just read all of it, and gets none. Nobody is reminded of what
needs a presenter: they read that it may not take place (bookings.services.sessions.warning).
"""

from datetime import datetime

from bookings.models import OpenSession, SessionState
from bookings.services.reminding import AHEAD, DUE, NOT_YET, write_due

# Of what is due, what has not moved since.
STANDING = f"""
    {DUE}, standing AS (
        SELECT due.*, session.presenter_id FROM due JOIN bookings_opensession AS session ON session.id = due.key
        WHERE NOT EXISTS (
            SELECT FROM bookings_sessionevent AS event
            WHERE event.session_id = due.key AND event.kind = 'moved' AND event.at > due.moment
        )
    )
"""  # noqa: S608 - constants of ours
WITH_A_PLACE = f"""
    {STANDING}, each AS (
        SELECT concat('place:', place.id) AS about, person.email AS recipient, standing.*
        FROM standing
        JOIN bookings_sessionplace AS place ON place.session_id = standing.key AND place.state = 'taken'
        JOIN professionals_person AS person ON person.id = place.person_id
        WHERE NOT EXISTS (
            SELECT FROM bookings_sessionevent AS event
            WHERE event.place_id = place.id AND event.kind IN ('taken', 'accepted') AND event.at > standing.moment
        ) AND NOT EXISTS (
            SELECT FROM bookings_sessionevent AS event
            WHERE event.session_id = standing.key AND event.kind = 'reassigned' AND event.at > standing.moment
              AND (event.changes ->> 'details')::boolean
        )
    ), {NOT_YET}
"""  # noqa: S608 - constants of ours
PRESENTERS = f"""
    {STANDING}, each AS (
        SELECT concat('session:', standing.key) AS about, presenter.email AS recipient, standing.*
        FROM standing JOIN bookings_presenter AS presenter ON presenter.id = standing.presenter_id
        WHERE NOT EXISTS (
            SELECT FROM bookings_sessionevent AS event
            WHERE event.session_id = standing.key AND event.kind = 'reassigned' AND event.at > standing.moment
        )
    ), {NOT_YET}
"""  # noqa: S608 - constants of ours


def remind_of_sessions(*, now: datetime) -> int:
    """Write the reminders that have fallen due; how many. Five statements at most, however many sessions and people."""
    ahead = {"state": SessionState.SCHEDULED, "starts_at__gt": now, "starts_at__lt": now + AHEAD}
    sessions = list(OpenSession.objects.filter(**ahead).exclude(presenter=None))
    kinds = {"session-reminder": WITH_A_PLACE, "session-presenter-reminder": PRESENTERS}
    return sum(write_due(sessions, kinds=kinds, now=now, early=early) for early in (True, False))
