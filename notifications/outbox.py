"""New rows of the outbox, written in the transaction of the thing that they are about, and queued for a worker after commit.

The outbox holds the truth, so whatever goes wrong in queueing only costs time. There are two queues, and a worker takes from them
in turn: what somebody waits for does not stand behind a backlog.
"""

import logging
import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from email.utils import parseaddr
from functools import partial
from typing import Any

from celery import current_app
from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser
from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _

from core.errors import DomainError
from notifications import rendering
from notifications.models import Notification, NotificationChannel, NotificationState
from notifications.registry import find_mobiles, get_email_class

logger = logging.getLogger(__name__)
MAX_IDS_PER_TASK = 10


def queue_notifications(ids: Sequence[int]) -> None:
    """Queue new rows for sending, after their commit. What could not be queued is due in the next sweep."""
    if not send_tasks(ids, queue=settings.FRESH_MAIL_QUEUE):
        Notification.objects.filter(pk__in=ids, state=NotificationState.PENDING).update(queued_at=None)


def ask_for_sweep(*, started: float | None = None) -> None:
    """Queue one more sweep behind the rest. Never raises: beat asks for a sweep several times a minute anyway."""
    try:
        current_app.send_task("notifications.tasks.sweep", kwargs={"started": started}, expires=55)
    except Exception as error:  # noqa: BLE001 - as below
        logger.warning("Broker unreachable (%s); the next sweep comes within a minute.", type(error).__name__)


def send_tasks(ids: Sequence[int], **options: Any) -> bool:
    """Queues these rows for the workers; whether all could be queued. `options` are Celery's."""
    for start in range(0, len(ids), MAX_IDS_PER_TASK):
        try:
            current_app.send_task("notifications.tasks.deliver", args=[list(ids[start : start + MAX_IDS_PER_TASK])], **options)
        except Exception as error:  # noqa: BLE001 - each transport has its own errors, and none may reach a page
            logger.warning("Broker unreachable (%s); the sweep will send messages %s.", type(error).__name__, list(ids[start:]))
            return False
    return True


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
    insert_notifications(
        build_rows(kind, to, about=about, reference=reference, version=version, now=now, due_at=due_at, expires_at=expires_at)
    )


@dataclass(frozen=True)
class NewMessage:
    """One of many messages of a kind, due now unless `due_at` says otherwise. An empty address gets none."""

    about: str
    to: str
    reference: str = ""
    version: int = 1
    due_at: datetime | None = None
    expires_at: datetime | None = None


@transaction.atomic(savepoint=False)
def notify_many(messages: Iterable[NewMessage], *, kind: str, now: datetime, left_to_sweep: bool = False) -> None:
    """notify() for many things at once, each to one person. `left_to_sweep`: so many that no request waits to queue them."""
    rows = []
    for message in messages:
        rows += build_rows(
            kind,
            [message.to],
            about=message.about,
            reference=message.reference,
            version=message.version,
            now=now,
            due_at=message.due_at or now,
            expires_at=message.expires_at,
        )
    if left_to_sweep:
        for row in rows:
            row.queued_at = None
    insert_notifications(rows)


@dataclass(frozen=True)
class LaterMessage:
    """A kind that is due later than the others, and when it expires."""

    kind: str
    to: Sequence[str]
    due_at: datetime
    expires_at: datetime


@transaction.atomic(savepoint=False)
def notify_kinds(
    kinds: Mapping[str, Iterable[str]],
    *,
    about: str,
    now: datetime,
    reference: str = "",
    version: int = 1,
    later: Sequence[LaterMessage] = (),
) -> None:
    """notify() for several kinds that are due now, each to its own addresses."""
    build = partial(build_rows, about=about, now=now, reference=reference, version=version)
    rows = [row for kind, to in kinds.items() for row in build(kind, to, due_at=now)]
    for message in later:
        rows += build(message.kind, message.to, due_at=message.due_at, expires_at=message.expires_at)
    insert_notifications(rows)


def build_rows(
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
    """Rows not yet written, without empty or repeated addresses (ignoring case). Urgent kinds also get text messages."""
    email = get_email_class(kind)
    addresses: dict[str, str] = {}
    for address in filter(None, map(str.strip, to)):
        addresses.setdefault(address.lower(), address)
    recipients = [(NotificationChannel.EMAIL, address) for address in addresses.values()]
    if email.sms and settings.SMS_URL:
        recipients += [(NotificationChannel.SMS, number) for number in find_mobiles(addresses)]
    return [
        Notification(
            kind=kind,
            about=about,
            reference=reference,
            version=version,
            recipient=recipient,
            channel=channel,
            created_at=now,
            due_at=due_at,
            expires_at=expires_at,
            queued_at=now if due_at <= now else None,
            message_id=new_message_id(),
        )
        for channel, recipient in recipients
    ]


@transaction.atomic(savepoint=False)
def queue_account_mail(*, kind: str, to: str, mail: rendering.Rendered, now: datetime, expires_at: datetime) -> None:
    """Write one account mail, which is already worded; it lies encrypted until it is sent or expired, then is wiped."""
    row = Notification(
        kind=kind,
        about=f"account:{secrets.token_hex(8)}",
        recipient=to.strip(),
        is_account_mail=True,
        created_at=now,
        due_at=now,
        expires_at=expires_at,
        queued_at=now,
        message_id=new_message_id(),
        sealed_body=rendering.encrypt(mail),
    )
    insert_notifications([row])


def insert_notifications(rows: Sequence[Notification]) -> None:
    """Write the rows; existing ones stay as they are. Rows that are due now are queued after commit."""
    Notification.objects.bulk_create(rows, ignore_conflicts=True)
    if due := [row.message_id for row in rows if row.queued_at]:
        queue_after_commit(list(Notification.objects.filter(message_id__in=due).values_list("pk", flat=True)))


def queue_after_commit(keys: Sequence[int]) -> None:
    if keys:
        transaction.on_commit(partial(queue_notifications, sorted(keys)), robust=True)


def new_message_id() -> str:
    """Made once, when the row is written: if a message ever goes twice, mail programs see that it is the same one."""
    return f"<{secrets.token_hex(16)}@{mail_domain()}>"


def mail_domain() -> str:
    return parseaddr(str(settings.DEFAULT_FROM_EMAIL))[1].rpartition("@")[2] or "localhost"


MAX_RESENT_AT_ONCE = 5_000  # what one press sends again; the rest stays in the list
BODY_FIELDS = ("subject", "text_body", "html_body", "sealed_body", "last_error")


class CannotResend(DomainError):
    message = _("This message can’t be sent again.")


@transaction.atomic
def resend(notification: Notification, *, by: AbstractBaseUser | None, now: datetime) -> Notification:
    """A new row that points to the first one and is built afresh. Raises CannotResend with the reason."""
    first = Notification.objects.select_for_update().get(pk=notification.resend_of_id or notification.pk)
    if first.is_account_mail:
        raise CannotResend(_("Codes and links for signing in are private: ask the person to request a new one."))
    if first.state in {NotificationState.PENDING, NotificationState.SENDING} or first.resends.unfinished().exists():
        raise CannotResend(_("This message is already on its way."))
    if first.expires_at and first.expires_at <= now:
        raise CannotResend(_("It is too late for this message: its time has passed."))
    if not may_resend(first):
        raise CannotResend
    again = build_resend(first, by, now)
    insert_notifications([again])
    logger.info("Message %s is sent again by user %s.", first.pk, by.pk if by else "-")
    return Notification.objects.get(message_id=again.message_id)


def build_resend(first: Notification, by: AbstractBaseUser | None, now: datetime) -> Notification:
    """A row that is not yet written."""
    return Notification(
        kind=first.kind,
        about=first.about,
        reference=first.reference,
        version=first.version,
        recipient=first.recipient,
        channel=first.channel,
        resend_of=first,
        resent_by_id=by.pk if by else None,
        created_at=now,
        due_at=now,
        expires_at=first.expires_at,
        queued_at=now,
        message_id=new_message_id(),
    )


@transaction.atomic
def resend_failed(*, among: QuerySet[Notification], by: AbstractBaseUser | None, now: datetime) -> int:
    """Writes a new row for each of these messages that failed lately and may be sent again. How many.

    The sweep queues them, a bounded number at a time. Two colleagues who press at once send each once: the first rows are
    locked, as by resend(), and then it is asked again which still wait for it.
    """
    firsts = original_ids(among.filter(pk__in=Notification.objects.resendable(now).values("pk"))[:MAX_RESENT_AT_ONCE])
    locked = Notification.objects.select_for_update().filter(pk__in=firsts).order_by("pk")
    keys = list(locked.values_list("pk", flat=True))
    still_failed = original_ids(Notification.objects.resendable(now).filter(Q(pk__in=keys) | Q(resend_of_id__in=keys)))
    rows = [
        build_resend(first, by, now)
        for first in Notification.objects.filter(pk__in=still_failed).defer(*BODY_FIELDS).order_by("pk")
    ]
    for row in rows:
        row.queued_at = None
    insert_notifications(rows)
    logger.info("%s failed messages are sent again by user %s.", len(rows), by.pk if by else "-")
    return len(rows)


def original_ids(rows: QuerySet[Notification]) -> list[int]:
    return [resend_of or pk for pk, resend_of in rows.values_list("pk", "resend_of_id")]


def may_resend(notification: Notification) -> bool:
    """Whether a message of this kind and state can be sent again at all; resend() also looks at time and at its resends."""
    try:
        kind = get_email_class(notification.kind)
    except KeyError:
        return False
    done = notification.state in {NotificationState.SENT, NotificationState.FAILED, NotificationState.EXPIRED}
    return done and bool(notification.recipient) and not notification.is_account_mail and kind.may_resend
