"""Finding again what the queue forgot."""

from datetime import datetime, timedelta

from django.db import connection, transaction

from notifications import queue

# A queued row is left alone for this long; without it each sweep would queue a backlog again and flood the broker.
QUEUED_AGAIN_AFTER = timedelta(minutes=2)
ROWS_A_SWEEP = 500
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


def sweep(*, now: datetime) -> list[int]:
    """Queue what is due and that no worker holds, oldest first, a bounded number at a time. Returns the rows' ids.

    One statement, so two sweeps at once share the work instead of doubling it.
    """
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(SWEEP, {"now": now, "forgotten": now - QUEUED_AGAIN_AFTER, "limit": ROWS_A_SWEEP})
        ids = sorted(row[0] for row in cursor.fetchall())
    queue.publish(ids)
    return ids
