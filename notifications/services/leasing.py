"""A row is one worker's for 45 seconds, and for longer only while that worker shows that it lives.

While a message is handed over, a small thread renews the lease every 10 seconds. It stops after 300 seconds, or as soon as the
lease is another's, and cuts the line to the mail server: so no talk outlives its lease, whichever pool of Celery's runs it.
"""

import logging
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

from django.conf import settings
from django.db import DatabaseError, InterfaceError, connection
from django.db.models import F, Value
from django.db.models.functions import Coalesce

from notifications.models import Notification, State

logger = logging.getLogger(__name__)
Clock = Callable[[], datetime]

HEARTBEAT_SECONDS = 10
HELD_AT_MOST = 300  # seconds


class LeaseLostError(Exception):
    """Another worker has the row by now, or it was erased."""


def claim(pk: int, *, now: datetime) -> Notification | None:
    """The row, leased to this caller alone; None if it is not due, done, or leased to another."""
    token = uuid.uuid4()
    claimed = Notification.objects.claimable(now).filter(pk=pk).update(
        state=State.SENDING,
        lease_token=token,
        lease_until=end_of_lease(now),
        attempts=F("attempts") + 1,
        first_tried_at=Coalesce("first_tried_at", Value(now)),
    )  # fmt: skip
    return Notification.objects.filter(pk=pk, lease_token=token).first() if claimed else None


def claim_if_free(pk: int, *, now: datetime) -> Notification | None:
    """As claim(), within a transaction that holds another row: nobody is waited for."""
    rows = Notification.objects.claimable(now).select_for_update(skip_locked=True, no_key=True)
    row: Notification | None = rows.filter(pk=pk).first()
    if row:
        row.state, row.lease_token, row.lease_until = State.SENDING, uuid.uuid4(), end_of_lease(now)
        row.attempts, row.first_tried_at = row.attempts + 1, row.first_tried_at or now
        row.save(update_fields=["state", "lease_token", "lease_until", "attempts", "first_tried_at"])
    return row


def end_of_lease(now: datetime) -> datetime:
    return now + timedelta(seconds=settings.OUTBOX_LEASE_SECONDS)


def renew(notification: Notification, now: datetime) -> bool:
    """Whether the lease was still ours; then it begins anew."""
    mine = Notification.objects.filter(pk=notification.pk, lease_token=notification.lease_token)
    return bool(mine.update(lease_until=end_of_lease(now)))


def ensure_ours(notification: Notification, now: datetime) -> None:
    """Asked right before DATA, from which on the message may be taken. Raises LeaseLostError."""
    mine = Notification.objects.filter(pk=notification.pk, lease_token=notification.lease_token, lease_until__gt=now)
    if not mine.exists():
        raise LeaseLostError


@contextmanager
def heartbeat(notification: Notification, *, cut: Callable[[], None], clock: Clock) -> Iterator[None]:
    """The lease is renewed until the block ends. `cut` ends what the block waits for, when it may go on no longer."""
    over = threading.Event()
    thread = threading.Thread(target=keep_renewing, args=(notification, over, cut, clock), name="heartbeat", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def keep_renewing(notification: Notification, over: threading.Event, cut: Callable[[], None], clock: Clock) -> None:
    ends = time.monotonic() + HELD_AT_MOST
    try:
        while not over.wait(HEARTBEAT_SECONDS):
            if time.monotonic() >= ends or not renewed(notification, clock()):
                break
        else:
            return
        logger.warning("Message %s took too long or is another worker's by now: the line is cut.", notification.pk)
        cut()
    finally:
        connection.close()  # this thread's own


def renewed(notification: Notification, now: datetime) -> bool:
    """A database that is away for a moment does not end the talk: the mark waits for it too."""
    try:
        return renew(notification, now)
    except (DatabaseError, InterfaceError) as error:
        logger.warning("The lease of message %s could not be renewed: %s", notification.pk, type(error).__name__)
        connection.close()
        return True
