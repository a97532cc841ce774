"""Agendas: at 7 in the morning each presenter who gives something that day is told of all of it, in one email."""

from datetime import datetime, time, timedelta

from bookings import rules
from ctac.uk import uk_datetime, uk_day
from notifications.services import notify_found

KIND = "presenter-agenda"

# Of each presenter of the day what they give: unwritten yet, and with something that has not begun.
PRESENTERS = """
    given AS (
        SELECT presenter_id, starts_at, reference FROM bookings_booking
        WHERE state = 'confirmed' AND starts_at >= %(start)s AND starts_at < %(end)s
        UNION ALL
        SELECT presenter_id, starts_at, reference FROM bookings_opensession
        WHERE state = 'scheduled' AND starts_at >= %(start)s AND starts_at < %(end)s
    ), each AS (
        SELECT concat('agenda:', presenter.id, ':', %(day)s::text) AS about, presenter.email AS recipient,
            left(string_agg(given.reference, ' ' ORDER BY given.starts_at), 200) AS reference, max(given.starts_at) AS expires_at
        FROM given JOIN bookings_presenter AS presenter ON presenter.id = given.presenter_id
        GROUP BY presenter.id
        HAVING max(given.starts_at) > %(now)s
    ), found AS (
        SELECT * FROM each WHERE each.recipient <> '' AND NOT EXISTS (
            SELECT FROM notifications_notification AS written WHERE written.about = each.about AND written.kind = %(kind)s
        )
    )
"""


def send_agendas(*, now: datetime) -> int:
    """Write those of today that are not written; how many. One statement, and none before the hour.

    Run again, and late after an outage, it does no harm; nobody gets one in the afternoon.
    """
    day = uk_day(now)
    if not uk_datetime(day, rules.AGENDA_AT) <= now < uk_datetime(day, rules.AGENDA_UNTIL):
        return 0
    start, end = uk_datetime(day, time.min), uk_datetime(day + timedelta(days=1), time.min)
    values = {"day": day.isoformat(), "start": start, "end": end, "now": now}
    return notify_found(kind=KIND, found=PRESENTERS, values=values, now=now, own=["reference", "expires_at"])
