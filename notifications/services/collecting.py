"""A digest: one email about all that happens to one recipient on one day. Its sources point to the row that tells of them."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from django.db import connection, transaction

from notifications.models import Notification
from notifications.services.writing import COLUMNS, INSERT, kick_after_commit, rows_of

# The digest of the day that nobody has begun to send, or the next number of that day.
NUMBER = """(
    SELECT COALESCE(max(version) FILTER (WHERE state = 'pending' AND first_tried_at IS NULL), max(version) + 1, 1)
    FROM notifications_notification
    WHERE about = news.about AND kind = %(kind)s AND lower(recipient) = lower(news.recipient) AND resend_of_id IS NULL
)"""
# Whoever joins a digest holds its row until they commit, so a worker that comes for it waits and then sends all of it. Whoever
# comes after the worker joins nothing, and looks for a number again. All join in one order, so that nobody waits in a circle.
OWN = ("about", "reference", "recipient", "message_id")
VALUES = ", ".join(
    NUMBER if column == "version" else f"news.{column}" if column in OWN else f"%({column})s" for column in COLUMNS
)
COLLECT = f"""
    {INSERT.replace(" (", " AS digest (", 1).removesuffix("VALUES")} SELECT {VALUES}
    FROM unnest(%(abouts)s::text[], %(references)s::text[], %(recipients)s::text[], %(message_ids)s::text[])
        AS news (about, reference, recipient, message_id)
    ORDER BY news.about
    ON CONFLICT (kind, about, version, lower(recipient)) WHERE resend_of_id IS NULL AND NOT (recipient = '')
    DO UPDATE SET reference = CASE
        WHEN strpos(digest.reference, excluded.reference) > 0
            OR length(digest.reference) + length(excluded.reference) >= %(room)s THEN digest.reference
        ELSE digest.reference || ' ' || excluded.reference END
    WHERE digest.state = 'pending' AND digest.first_tried_at IS NULL
    RETURNING about, id, due_at <= %(now)s
"""  # noqa: S608 - constant


@dataclass(frozen=True)
class News:
    """What one recipient is to be told; `about` names whom or what the digest is about, the same for all that goes in one."""

    about: str
    to: str
    reference: str = ""


@transaction.atomic(savepoint=False)
def collect_each(news: Sequence[News], *, kind: str, day: date, now: datetime, due_at: datetime) -> list[int | None]:
    """Of each news the key of the digest that tells of it, to be stored with it in the caller's transaction: one statement.

    It is the one of that `day` and of what the news is about, due when its first source said so; another one once a worker has
    begun to send that. None without an address. Raises KeyError for a kind nobody registered.
    """
    rows = {about: row for about, row in digests_of(news, kind=kind, day=day, now=now, due_at=due_at).items() if row}
    found: dict[str, int] = {}
    due: list[int] = []
    while missing := [row for row in rows.values() if row.about not in found]:
        for about, key, is_due in joined(missing, now):
            found[about] = key
            due += [key] if is_due else []
    kick_after_commit(due)
    return [found.get(rows[each.about].about) if each.about in rows else None for each in news]


def digests_of(news: Sequence[News], *, kind: str, day: date, now: datetime, due_at: datetime) -> dict[str, Notification | None]:
    """One row for each that the news is about, not yet written; None without an address."""
    room = Notification._meta.get_field("reference").max_length
    references: dict[str, list[str]] = defaultdict(list)
    for each in news:
        if len(" ".join([*references[each.about], each.reference])) <= (room or 0):
            references[each.about].append(each.reference)
    digests: dict[str, Notification | None] = {}
    for each in news:
        about, told = f"{each.about}:{day}", " ".join(references[each.about])
        made = rows_of(kind, [each.to], about=about, reference=told, version=1, now=now, due_at=due_at)
        digests[each.about] = made[0] if made else None
    return digests


def joined(rows: Sequence[Notification], now: datetime) -> list[tuple[str, int, bool]]:
    """Of those that could be joined or made: what it is about, its key, and whether it is due."""
    first, room = rows[0], Notification._meta.get_field("reference").max_length
    lists = {f"{column}s": [getattr(row, column) for row in rows] for column in OWN}
    same = {column: getattr(first, column) for column in COLUMNS if column not in (*OWN, "version")}
    with connection.cursor() as cursor:
        cursor.execute(COLLECT, {**same, **lists, "room": room, "now": now})
        return cursor.fetchall()
