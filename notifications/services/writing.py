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
def notify_about(told: Iterable[About], *, kind: str, now: datetime) -> None:
    """As notify, of many things at once, each to one person."""
    insert([row for each in told for row in row_about(each, kind, now)])


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
    """As notify, for several kinds that are due now, each to its own addresses."""
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
    """One row for each that `found` finds, due now, and the sweep queues them. How many are new.

    `found` is constant SQL, the inside of a WITH that ends in `found AS (…)` with the columns about and recipient, and those
    that each has of its `own`, such as version. It may ask for %(kind)s too.
    """
    with connection.cursor() as cursor:
        # SQL because its caller chooses whom to tell in SQL; what it chooses is written below as any other row.
        cursor.execute(f"WITH {found} SELECT {', '.join(('about', 'recipient', *own))} FROM found", {"kind": kind, **values})  # noqa: S608
        chosen = cursor.fetchall()
    rows = []
    for about, recipient, *its_own in chosen:
        facts: dict[str, Any] = {"reference": reference, "version": 1, "due_at": now} | dict(zip(own, its_own, strict=True))
        rows += rows_of(kind, [recipient], about=about, now=now, **facts)
    for row in rows:
        row.kicked_at = None
    return insert(rows)


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


def insert(rows: Sequence[Notification]) -> int:
    """All at once; rows that are there already stay as they are. What is due now is queued after commit. How many are new."""
    if not rows:
        return 0
    Notification.objects.bulk_create(rows, ignore_conflicts=True)
    new = dict(Notification.objects.filter(message_id__in=[row.message_id for row in rows]).values_list("pk", "kicked_at"))
    kick_after_commit([key for key, kicked_at in new.items() if kicked_at])
    return len(new)


def kick_after_commit(keys: Sequence[int]) -> None:
    if keys:
        transaction.on_commit(partial(queue.publish, sorted(keys)), robust=True)


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
