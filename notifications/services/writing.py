"""New rows of the outbox, written in the transaction of the thing that they tell of."""

import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from email.utils import parseaddr
from functools import partial
from typing import Any

from django.conf import settings
from django.db import connection, transaction

from notifications import queue, rendering, sealing
from notifications.models import Notification
from notifications.registry import kind_named


@transaction.atomic(savepoint=False)
def notify(
    *,
    kind: str,
    about: str,
    to: Iterable[str],
    now: datetime,
    reference: str = "",
    version: int = 1,
    due_at: datetime | None = None,
    expires_at: datetime | None = None,
) -> None:
    """Write one row for each address (empty ones are left out) in the caller's transaction; after commit they are queued if due.

    Writing the same (kind, about, version, recipient) again does nothing. Raises KeyError for a kind nobody registered.
    """
    due_at = due_at or now
    insert(rows_of(kind, to, about=about, reference=reference, version=version, now=now, due_at=due_at, expires_at=expires_at))


@dataclass(frozen=True)
class About:
    """What one of many is told of, due now if nothing else is said; an empty address is told nothing."""

    about: str
    to: str
    reference: str = ""
    version: int = 1
    due_at: datetime | None = None
    expires_at: datetime | None = None


@transaction.atomic(savepoint=False)
def notify_about(told: Iterable[About], *, kind: str, now: datetime, left_to_sweep: bool = False) -> None:
    """As notify, of many things at once, each to one person. `left_to_sweep`: so many that no request waits to queue them."""
    rows = [row for each in told for row in row_about(each, kind, now)]
    if left_to_sweep:
        for row in rows:
            row.kicked_at = None
    insert(rows)


def row_about(told: About, kind: str, now: datetime) -> list[Notification]:
    moments: dict[str, Any] = {"now": now, "due_at": told.due_at or now, "expires_at": told.expires_at}
    return rows_of(kind, [told.to], about=told.about, reference=told.reference, version=told.version, **moments)


@dataclass(frozen=True)
class Later:
    """One kind that is due later than the others, and until when it is worth sending."""

    kind: str
    to: Sequence[str]
    due_at: datetime
    expires_at: datetime


@transaction.atomic(savepoint=False)
def notify_each(
    kinds: Mapping[str, Iterable[str]],
    *,
    about: str,
    now: datetime,
    reference: str = "",
    version: int = 1,
    later: Sequence[Later] = (),
) -> None:
    """As notify, for several kinds that are due now, each to its own addresses: one statement for all of one event."""
    told = partial(rows_of, about=about, now=now, reference=reference, version=version)
    rows = [row for kind, to in kinds.items() for row in told(kind, to, due_at=now)]
    for each in later:
        rows += told(each.kind, each.to, due_at=each.due_at, expires_at=each.expires_at)
    insert(rows)


def rows_of(
    kind: str,
    to: Iterable[str],
    *,
    about: str,
    now: datetime,
    due_at: datetime,
    reference: str,
    version: int,
    expires_at: datetime | None = None,
) -> list[Notification]:
    """Not yet written."""
    kind_named(kind)
    return [
        Notification(
            kind=kind,
            about=about,
            reference=reference,
            version=version,
            recipient=address,
            created_at=now,
            due_at=due_at,
            expires_at=expires_at,
            kicked_at=now if due_at <= now else None,
            message_id=new_message_id(),
        )
        for address in distinct(to)
    ]


@transaction.atomic(savepoint=False)
def notify_found(
    *, kind: str, found: str, values: Mapping[str, Any], now: datetime, reference: str = "", own: Sequence[str] = ()
) -> int:
    """One row for each that `found` finds, due now: one statement, however many, and the sweep queues them. How many are new.

    `found` is constant SQL, the inside of a WITH that ends in `found AS (…)` with the columns about and recipient, and those
    that each has of its `own`, such as version.
    """
    [row] = rows_of(kind, ["anyone"], about="", reference=reference, version=1, now=now, due_at=now)
    row.kicked_at = None
    of_each = {"about": "about", "recipient": "recipient", "message_id": MESSAGE_ID_OF_EACH}
    of_each |= {column: column for column in own}
    same = {column: getattr(row, column) for column in COLUMNS if column not in of_each}
    columns = ", ".join(of_each.get(column, f"%({column})s") for column in COLUMNS)
    insert_found = f"WITH {found} INSERT INTO notifications_notification ({', '.join(COLUMNS)}) SELECT {columns} FROM found"  # noqa: S608
    with connection.cursor() as cursor:
        cursor.execute(f"{insert_found} ON CONFLICT DO NOTHING", {**same, "domain": mail_domain(), **values})
        return int(cursor.rowcount)


@transaction.atomic(savepoint=False)
def seal_and_send(*, kind: str, to: str, mail: rendering.Rendered, now: datetime, expires_at: datetime) -> None:
    """Write one account mail, which is already worded; it lies encrypted until it is sent or expired, then is wiped."""
    row = Notification(
        kind=kind,
        about=f"account:{secrets.token_hex(8)}",
        recipient=to.strip(),
        is_account_mail=True,
        created_at=now,
        due_at=now,
        expires_at=expires_at,
        kicked_at=now,
        message_id=new_message_id(),
        sealed_body=sealing.seal(mail),
    )
    insert([row])


def insert(rows: Sequence[Notification]) -> None:
    """One INSERT for all; rows that are there already stay as they are. What is due now is queued after commit."""
    if not rows:
        return
    values = [getattr(row, column) for row in rows for column in COLUMNS]
    one = f"({', '.join(['%s'] * len(COLUMNS))})"
    with connection.cursor() as cursor:
        cursor.execute(f"{INSERT} {', '.join([one] * len(rows))} {UNLESS_THERE}", values)
        written = cursor.fetchall()
    kick_after_commit([key for key, is_due in written if is_due])


# The other columns begin as the model says; a test holds these against it.
COLUMNS = (
    *("kind", "about", "reference", "version", "recipient", "is_account_mail", "resend_of_id", "resent_by_id", "state"),
    *("created_at", "due_at", "expires_at", "kicked_at", "attempts", "last_error", "message_id", "subject", "text_body"),
    *("html_body", "sealed_body"),
)
INSERT = f"INSERT INTO notifications_notification ({', '.join(COLUMNS)}) VALUES"
MESSAGE_ID_OF_EACH = "concat('<', replace(gen_random_uuid()::text, '-', ''), '@', %(domain)s::text, '>')"
UNLESS_THERE = "ON CONFLICT DO NOTHING RETURNING id, kicked_at IS NOT NULL"


def kick_after_commit(keys: Sequence[int]) -> None:
    """All that one transaction writes is queued at once, so that a silent broker is waited for once and not for each message."""
    waiting = next((call for entry in connection.run_on_commit for call in entry if isinstance(call, Kick)), None)
    if waiting:
        waiting.keys += keys
    elif keys:
        transaction.on_commit(Kick(list(keys)), robust=True)


@dataclass
class Kick:
    """Queues these rows. A key whose row was taken back with a savepoint is none that a worker finds."""

    keys: list[int]

    def __call__(self) -> None:
        queue.publish(sorted(self.keys))


def distinct(addresses: Iterable[str]) -> list[str]:
    """Without empty ones and without doubles in any case of letters, in the order given."""
    kept: dict[str, str] = {}
    for address in filter(None, map(str.strip, addresses)):
        kept.setdefault(address.lower(), address)
    return list(kept.values())


def new_message_id() -> str:
    """Made once, when the row is written: if a message ever goes twice, mail programs see that it is the same one."""
    return f"<{secrets.token_hex(16)}@{mail_domain()}>"


def mail_domain() -> str:
    return parseaddr(str(settings.DEFAULT_FROM_EMAIL))[1].rpartition("@")[2] or "localhost"
