"""Reminders of open sessions: a week before and the day before, to everybody with a place and to who gives it.

They are written when they fall due and not ahead, so that moving, cancelling or giving up costs nothing and leaves none behind.
The version of a reminder is the moment at which it fell due, so each is written once for it, however often a session moves. Who
took the place, got the session, or was told that it moved after that moment has just read all of it, and gets none.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from bookings import rules
from bookings.models import OpenSession, SessionState
from notifications.services import notify_found

AHEAD = timedelta(days=8)  # nothing that starts later can be due

# Of what is due, what has not moved since; the arrays have one value for each session.
STANDING = """
    due AS (
        SELECT * FROM unnest(%(sessions)s::bigint[], %(references)s::text[], %(moments)s::timestamptz[], %(versions)s::int[],
            %(until)s::timestamptz[]) AS due (session, reference, moment, version, expires_at)
    ), standing AS (
        SELECT due.*, session.presenter_id FROM due JOIN bookings_opensession AS session ON session.id = due.session
        WHERE NOT EXISTS (
            SELECT FROM bookings_sessionevent AS event
            WHERE event.session_id = due.session AND event.kind = 'moved' AND event.at > due.moment
        )
    )
"""
# What was written already is left alone without trying: this runs every five minutes.
NOT_YET = """
    NOT EXISTS (
        SELECT FROM notifications_notification AS written
        WHERE written.about = each.about AND written.kind = %(kind)s AND written.version = each.version
    )
"""
COLUMNS = "each.about, each.recipient, each.version, each.reference, each.expires_at"
WITH_A_PLACE = f"""
    {STANDING}, each AS (
        SELECT concat('place:', place.id) AS about, person.email AS recipient, standing.*
        FROM standing
        JOIN bookings_sessionplace AS place ON place.session_id = standing.session AND place.state = 'taken'
        JOIN professionals_person AS person ON person.id = place.person_id
        WHERE person.email <> '' AND NOT EXISTS (
            SELECT FROM bookings_sessionevent AS event
            WHERE event.place_id = place.id AND event.kind IN ('taken', 'accepted') AND event.at > standing.moment
        )
    ), found AS (SELECT {COLUMNS} FROM each WHERE {NOT_YET})
"""  # noqa: S608 - constants of ours
PRESENTERS = f"""
    {STANDING}, each AS (
        SELECT concat('session:', standing.session) AS about, presenter.email AS recipient, standing.*
        FROM standing JOIN bookings_presenter AS presenter ON presenter.id = standing.presenter_id
        WHERE NOT EXISTS (
            SELECT FROM bookings_sessionevent AS event
            WHERE event.session_id = standing.session AND event.kind = 'reassigned' AND event.at > standing.moment
        )
    ), found AS (SELECT {COLUMNS} FROM each WHERE {NOT_YET})
"""  # noqa: S608 - constants of ours


def remind_of_sessions(*, now: datetime) -> int:
    """Write the reminders that have fallen due; how many. Five statements at most, however many sessions and people."""
    ahead = {"state": SessionState.SCHEDULED, "starts_at__gt": now, "starts_at__lt": now + AHEAD}
    sessions = list(OpenSession.objects.filter(**ahead))
    early = [each for each in sessions if is_due(each.week_reminder_due_at, each, now) and now < each.reminder_due_at]
    on_the_eve = [each for each in sessions if is_due(each.reminder_due_at, each, now)]
    return write(early, now, early=True) + write(on_the_eve, now, early=False)


def is_due(moment: datetime, session: OpenSession, now: datetime) -> bool:
    """Not of what was planned later than that, and not of what nobody could send for days."""
    return session.created_at < moment <= now < moment + rules.REMINDED_AT_MOST_LATE


def write(sessions: Sequence[OpenSession], now: datetime, *, early: bool) -> int:
    if not sessions:
        return 0
    moments = [moment_of(each, early=early) for each in sessions]
    values = {
        "sessions": [each.pk for each in sessions],
        "references": [each.reference for each in sessions],
        "moments": moments,
        "versions": [version_of(moment) for moment in moments],
        # One of the week before is worth nothing any more once the other is due.
        "until": [each.reminder_due_at if early else each.starts_at for each in sessions],
    }
    when, own = "-week" if early else "", ["version", "reference", "expires_at"]
    return sum(
        notify_found(kind=f"{kind}{when}", found=found, values=values, now=now, own=own)
        for kind, found in (("session-reminder", WITH_A_PLACE), ("session-presenter-reminder", PRESENTERS))
    )


def moment_of(session: OpenSession, *, early: bool) -> datetime:
    return session.week_reminder_due_at if early else session.reminder_due_at


def version_of(moment: datetime) -> int:
    """A number for each moment: whole minutes, which fit the column until the year 6053."""
    return int(moment.timestamp() // 60)
