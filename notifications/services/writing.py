"""New rows of the outbox, written in the transaction of the thing that they tell of."""

import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from email.utils import parseaddr
from functools import partial

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


@transaction.atomic(savepoint=False)
def notify_each(kinds: Mapping[str, Iterable[str]], *, about: str, now: datetime, reference: str = "", version: int = 1) -> None:
    """As notify, for several kinds that are due now, each to its own addresses: one statement for all of one event."""
    told = partial(rows_of, about=about, now=now, due_at=now, reference=reference, version=version)
    insert([row for kind, to in kinds.items() for row in told(kind, to)])


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
    Notification.objects.bulk_create(rows, ignore_conflicts=True)
    kick_after_commit([row.message_id for row in rows if row.kicked_at])


def kick_after_commit(message_ids: Sequence[str]) -> None:
    """All that one transaction writes is queued at once, so that a silent broker is waited for once and not for each message."""
    waiting = next((call for entry in connection.run_on_commit for call in entry if isinstance(call, Kick)), None)
    if waiting:
        waiting.message_ids += message_ids
    elif message_ids:
        transaction.on_commit(Kick(list(message_ids)), robust=True)


@dataclass
class Kick:
    """Queues the rows that were really written: PostgreSQL returns no keys from an INSERT that may skip rows."""

    message_ids: list[str]

    def __call__(self) -> None:
        with connection.cursor() as cursor:
            cursor.execute("SELECT id FROM notifications_notification WHERE message_id = ANY(%s) ORDER BY id", [self.message_ids])
            written = [key for (key,) in cursor.fetchall()]
        queue.publish(written)


def distinct(addresses: Iterable[str]) -> list[str]:
    """Without empty ones and without doubles in any case of letters, in the order given."""
    kept: dict[str, str] = {}
    for address in filter(None, map(str.strip, addresses)):
        kept.setdefault(address.lower(), address)
    return list(kept.values())


def new_message_id() -> str:
    """Made once, when the row is written: if a message ever goes twice, mail programs see that it is the same one."""
    domain = parseaddr(str(settings.DEFAULT_FROM_EMAIL))[1].rpartition("@")[2] or "localhost"
    return f"<{secrets.token_hex(16)}@{domain}>"
