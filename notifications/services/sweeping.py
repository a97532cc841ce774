"""Finding again what the queue forgot."""

from datetime import datetime, timedelta

from django.db import connection, transaction

from notifications import queue
from notifications.services import breaker

# A queued row is left alone for this long; without it each sweep would queue a backlog again and flood the broker.
QUEUED_AGAIN_AFTER = timedelta(minutes=2)
ROWS_A_SWEEP = 500
ROWS_A_TRY = 3
GOES_ON_SECONDS = 50  # beat's next sweep comes a minute after the last
# ANY (ARRAY(…)), not IN: for IN the planner may read the whole table to join it with the few rows that are due.
SWEEP = """
    UPDATE notifications_notification SET kicked_at = %(now)s
    WHERE id = ANY (ARRAY(
        SELECT id FROM notifications_notification
        WHERE state IN ('pending', 'sending') AND due_at <= %(now)s
          AND (lease_until IS NULL OR lease_until < %(now)s)
          AND (kicked_at IS NULL OR kicked_at < %(forgotten)s)
        ORDER BY due_at LIMIT %(limit)s
        FOR UPDATE SKIP LOCKED
    ))
    RETURNING id
"""


def sweep(*, now: datetime, started: float | None = None) -> list[int]:
    """Queue what is due and that no worker holds, oldest first, a bounded number at a time. Returns the rows' ids.

    One statement, so two sweeps at once share the work instead of doubling it. Where there is more, one more sweep stands
    in the queue before the last of these rows, so that workers never run dry; it goes on until beat begins the next. While
    the mail server is down, a few rows go when it may be tried, and else none.
    """
    if breaker.is_silent(now):
        return []
    limit = ROWS_A_TRY if breaker.known().down_since else ROWS_A_SWEEP
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(SWEEP, {"now": now, "forgotten": now - QUEUED_AGAIN_AFTER, "limit": limit})
        ids = sorted(row[0] for row in cursor.fetchall())
    began = started or now.timestamp()
    goes_on = len(ids) == ROWS_A_SWEEP and 0 <= now.timestamp() - began < GOES_ON_SECONDS
    first = len(ids) * 3 // 4 if goes_on else len(ids)
    lasts = QUEUED_AGAIN_AFTER.total_seconds()
    if queue.publish_backlog(ids[:first], lasts=lasts) and goes_on:
        queue.ask_for_sweep(started=began)
        queue.publish_backlog(ids[first:], lasts=lasts)
    return ids
