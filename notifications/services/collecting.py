"""A digest: one email about all that happens to one recipient on one day. Its sources point to the row that tells of them."""

from datetime import date, datetime
from typing import Any

from django.db import connection, transaction

from notifications.services.writing import COLUMNS, INSERT, kick_after_commit, rows_of

# The digest of the day that nobody has begun to send, or the next number of that day.
NUMBER = """(
    SELECT COALESCE(max(version) FILTER (WHERE state = 'pending' AND first_tried_at IS NULL), max(version) + 1, 1)
    FROM notifications_notification
    WHERE about = %s AND kind = %s AND lower(recipient) = lower(%s) AND resend_of_id IS NULL
)"""
# Whoever joins a digest holds its row until they commit, so a worker that comes for it waits and then sends all of it. Whoever
# comes after the worker joins nothing, and looks for a number again.
VALUES = ", ".join(NUMBER if column == "version" else "%s" for column in COLUMNS)
COLLECT = f"""
    {INSERT.replace(" (", " AS digest (", 1)} ({VALUES})
    ON CONFLICT (kind, about, version, lower(recipient)) WHERE resend_of_id IS NULL AND NOT (recipient = '')
    DO UPDATE SET reference = CASE
        WHEN strpos(digest.reference, excluded.reference) > 0
            OR length(digest.reference) + length(excluded.reference) >= %s THEN digest.reference
        ELSE digest.reference || ' ' || excluded.reference END
    WHERE digest.state = 'pending' AND digest.first_tried_at IS NULL
    RETURNING id, due_at <= %s
"""


@transaction.atomic(savepoint=False)
def collect(*, kind: str, about: str, day: date, to: str, now: datetime, due_at: datetime, reference: str = "") -> int | None:
    """The key of the digest that tells this recipient of what happens now, to be stored with it in the caller's transaction.

    It is the one of that `day` and of what `about` names, due when its first source said so; another one once a worker has
    begun to send that. None without an address. Raises KeyError for a kind nobody registered.
    """
    rows = rows_of(kind, [to], about=f"{about}:{day}", reference=reference, version=1, now=now, due_at=due_at)
    if not rows:
        return None
    [row] = rows
    values: list[Any] = []
    for column in COLUMNS:
        values += [row.about, row.kind, row.recipient] if column == "version" else [getattr(row, column)]
    room = type(row)._meta.get_field("reference").max_length
    with connection.cursor() as cursor:
        while True:
            cursor.execute(COLLECT, [*values, room, now])
            if found := cursor.fetchone():
                key, is_due = found
                kick_after_commit([key] if is_due else [])
                return int(key)
