"""Delivers rows of the outbox. A worker leases a row for 45 seconds, and for longer only while it shows that it lives.

During the talk with the mail server, a small thread renews the lease every 10 seconds. It stops after 300 seconds, or as soon as
another worker has the lease, and cuts the connection: so no talk outlives its lease, whichever pool Celery uses.
"""

import logging
import random
import threading
import time
import traceback
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import zip_longest
from typing import Any

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.db import DatabaseError, DataError, InterfaceError, OperationalError, connection, transaction
from django.db.models import Case, Count, F, Min, Q, Value, When
from django.db.models.functions import Coalesce
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from core.figures import RECENT_PERIOD, Figure
from notifications import outbox, preferences, rendering, schedule
from notifications.bounces import services as bounces_services
from notifications.delivery import pacing, sms, smtp
from notifications.models import (
    MailboxRead,
    MailServer,
    MarkedAddress,
    Notification,
    NotificationChannel,
    NotificationQuerySet,
    NotificationState,
)
from notifications.registry import (
    DEFAULT_TOPICS,
    Email,
    email_for,
    find_email_class,
    get_email_class,
    keeps_address,
    team_addresses,
)

logger = logging.getLogger(__name__)
Clock = Callable[[], datetime]

HEARTBEAT_SECONDS = 10
MAX_LEASE_SECONDS = 300


class LeaseLostError(Exception):
    """Another worker has the row by now, or it was erased."""


def claim_notification(pk: int, *, now: datetime, server_silent: bool = False) -> Notification | None:
    """Lease the row to this caller alone. None if it is not due, is done, or is leased to another.

    `server_silent`: leave what waits for the mail server as it is.
    """
    token = uuid.uuid4()
    rows = Notification.objects.claimable(now).filter(pk=pk)
    claimed = (rows.filter(pacing.IGNORES_SERVER_STATE) if server_silent else rows).update(
        state=NotificationState.SENDING,
        lease_token=token,
        lease_until=lease_end(now),
        attempts=F("attempts") + 1,
        first_tried_at=Coalesce("first_tried_at", Value(now)),
    )  # fmt: skip
    return Notification.objects.filter(pk=pk, lease_token=token).first() if claimed else None


def claim_notification_if_free(pk: int, *, now: datetime) -> Notification | None:
    """Claim a notification in a transaction that holds another row: it waits for nobody."""
    rows = Notification.objects.claimable(now).select_for_update(skip_locked=True, no_key=True)
    row: Notification | None = rows.filter(pk=pk).first()
    if row:
        row.state, row.lease_token, row.lease_until = NotificationState.SENDING, uuid.uuid4(), lease_end(now)
        row.attempts, row.first_tried_at = row.attempts + 1, row.first_tried_at or now
        row.save(update_fields=["state", "lease_token", "lease_until", "attempts", "first_tried_at"])
    return row


def lease_end(now: datetime) -> datetime:
    return now + timedelta(seconds=settings.OUTBOX_LEASE_SECONDS)


def renew_lease(notification: Notification, now: datetime) -> bool:
    """Renews the lease if it is still ours; whether it was."""
    mine = Notification.objects.filter(pk=notification.pk, lease_token=notification.lease_token)
    return bool(mine.update(lease_until=lease_end(now)))


def require_lease(notification: Notification, now: datetime) -> None:
    """Checks the lease right before DATA: from then on the server may take the message. Raises LeaseLostError."""
    mine = Notification.objects.filter(pk=notification.pk, lease_token=notification.lease_token, lease_until__gt=now)
    if not mine.exists():
        raise LeaseLostError


@contextmanager
def heartbeat(notification: Notification, *, cut: Callable[[], None], clock: Clock) -> Iterator[None]:
    """Renews the lease until the block ends. If it must stop, `cut` ends whatever the block waits for."""
    over = threading.Event()
    thread = threading.Thread(target=keep_renewing, args=(notification, over, cut, clock), name="heartbeat", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def keep_renewing(notification: Notification, over: threading.Event, cut: Callable[[], None], clock: Clock) -> None:
    ends = time.monotonic() + MAX_LEASE_SECONDS
    try:
        while not over.wait(HEARTBEAT_SECONDS):
            try:
                is_ours = time.monotonic() < ends and renew_lease(notification, clock())
            except (DatabaseError, InterfaceError) as error:
                # A database that is away for a moment does not end the talk: the mark waits for it too.
                logger.warning("The lease of message %s could not be renewed: %s", notification.pk, type(error).__name__)
                connection.close()
                is_ours = True
            if not is_ours:
                break
        else:
            return
        logger.warning("Message %s took too long or is another worker's by now: the line is cut.", notification.pk)
        cut()
    finally:
        connection.close()  # this thread's own


# Sending one row: claim, check, build, send, mark. Run twice or by two workers, it sends once.

MAX_RETRY_PERIOD = timedelta(hours=72)
MAX_RETRY_PAUSE = timedelta(hours=2)
# The server has said yes: while the database restarts, wait for it, because an unmarked row is sent again.
WRITE_RETRY_SECONDS = (0.2, 0.5, 1, 2, 4, 8, 8)
# A marked address gets one message in this time. Others wait until it is put right, and in the end fail, for staff.
MARKED_ADDRESS_INTERVAL = timedelta(days=1)
MAX_MARKED_ADDRESS_WAIT = timedelta(hours=72)
# What each has: thread.line, send(), is_permanent(), describe().
CHANNELS: dict[NotificationChannel, Any] = {NotificationChannel.EMAIL: smtp, NotificationChannel.SMS: sms}
BLANK_TEXT_COLUMNS = {"last_error": "", "subject": "", "text_body": "", "html_body": ""}


@dataclass(frozen=True)
class Outcome:
    """The result of one try: the new state, and what to store with it."""

    state: NotificationState
    error: str = ""
    due_at: datetime | None = None
    kept: rendering.Rendered | None = None
    extra: dict[str, object] = field(default_factory=dict)


@dataclass(frozen=True)
class StoreResult:
    """Whether the outcome was written, and the next row if it was claimed with it."""

    ours: bool
    claimed: Notification | None = None


def deliver(pk: int, *, clock: Clock = timezone.now) -> None:
    """Send the row if it is due and nobody else is sending it. Every outcome is on the row afterwards."""
    deliver_each([pk], clock=clock)


def deliver_each(pks: Sequence[int], *, clock: Clock = timezone.now) -> None:
    """Send the rows one after the other; a failure of one does not touch the next.

    Marking a row as sent and claiming the next is one commit (ADR 3). While the mail server is down, emails but account mail stay
    untouched: the sweep comes back to them.
    """
    held: Notification | None = None
    for pk, following in zip_longest(pks, pks[1:]):
        taken, held = held, None
        try:
            notification = taken or claim_notification(pk, now=clock(), server_silent=pacing.is_server_silent(clock()))
            if notification:
                email = find_email_class(notification.kind)
                if not (email and email.in_digest and schedule.add_to_staff_digest(notification, now=clock())):
                    held = send_and_store_outcome(notification, following, clock=clock)
        except LeaseLostError:
            logger.warning("Message %s is not ours to send any more.", pk)
        except Exception as error:  # noqa: BLE001 - the database may be away; the sweep comes back to this row
            logger.error("Message %s could not be worked on: %s", pk, type(error).__name__)


def send_and_store_outcome(notification: Notification, following: int | None, *, clock: Clock) -> Notification | None:
    """Returns the next row if it was claimed with the mark. If this row did not go, the caller claims the next by itself."""
    outcome = attempt_delivery(notification, clock=clock)
    if outcome.state != NotificationState.SENT:
        store_outcome(notification, outcome)
        return None
    claimed = store_outcome(notification, outcome, following=following, now=clock()).claimed
    if notification.channel == NotificationChannel.EMAIL:
        record_server_state(None, clock())
    return claimed


def attempt_delivery(notification: Notification, *, clock: Clock) -> Outcome:
    """Check again, build, send. Outside any transaction: a server may take minutes."""
    if notification.expires_at and notification.expires_at <= clock():
        return Outcome(NotificationState.EXPIRED, _("It was too late to be useful."))
    try:
        email = None if notification.is_account_mail else email_for(notification)
        if email and not email.is_still_due():
            return Outcome(NotificationState.EXPIRED, _("It was no longer true when it was due."))
        if email and email.can_wait and (morning := schedule.morning_due_at(notification, clock())):
            return Outcome(
                NotificationState.PENDING,
                notification.last_error,
                due_at=morning,
                extra=schedule.undone_attempt_columns(notification),
            )
        if email and email.topic and not preferences.wants_topic(email.topic, notification.recipient):
            return Outcome(NotificationState.EXPIRED, _("The person it was for chose not to get it."))
        if held := marked_address_outcome(notification, now=clock()):
            return held
        if turn := pacing.throttled_until(notification, clock()):
            return Outcome(
                NotificationState.PENDING,
                notification.last_error,
                due_at=turn,
                extra=schedule.undone_attempt_columns(notification),
            )
        rendered, mail = build_mail(notification, email)
    except Exception as error:  # noqa: BLE001 - whatever an app gets wrong in building must not lose the mail
        logger.error("Message %s could not be built: %s", notification.pk, error_location(error))
        return retry_outcome(notification, f"{type(error).__name__}: {error}", now=clock())
    return send_by_channel(notification, rendered, mail, clock=clock)


def marked_address_outcome(notification: Notification, *, now: datetime) -> Outcome | None:
    """The outcome for a message that may not go to its address now. One statement, two for a marked address, none for a code.

    Codes go, because using one shows that the address is right; and so does mail to the team, because an alert may be among it.
    Numbers are not marked.
    Other mail goes to a marked address once a day; news and invitations do not go there at all.
    """
    address = notification.recipient.lower()
    if notification.is_account_mail or notification.channel == NotificationChannel.SMS or address in team_addresses():
        return None
    mark = MarkedAddress.objects.marked().filter(address=address).first()
    if mark is None:
        return None
    no_attempt: dict[str, object] = {"attempts": notification.attempts - 1}
    topic = get_email_class(notification.kind).topic
    if topic and topic not in DEFAULT_TOPICS:
        return Outcome(
            NotificationState.EXPIRED,
            _("Mail to this address comes back, and this email was not important enough to try."),
            extra=no_attempt,
        )
    # Today's one message may be tried again if our mail server has trouble.
    free = Q(tried_at=None) | Q(tried_at__lte=now - MARKED_ADDRESS_INTERVAL) | Q(tried_with=notification.pk)
    if MarkedAddress.objects.filter(free, pk=mark.pk).update(tried_at=now, tried_with=notification.pk):
        return None
    if now > (notification.first_tried_at or now) + MAX_MARKED_ADDRESS_WAIT:
        why = _("Mail to this address comes back, and nobody has put the address right.")
        return Outcome(NotificationState.FAILED, why, extra=no_attempt)
    until = max(now, mark.tried_at or now) + MARKED_ADDRESS_INTERVAL
    if notification.expires_at:
        until = min(until, notification.expires_at)
    why = _("Mail to this address comes back. This email waits until somebody puts the address right.")
    return Outcome(NotificationState.PENDING, why, due_at=until, extra=no_attempt)


def build_mail(notification: Notification, email: Email | None) -> tuple[rendering.Rendered, EmailMultiAlternatives | sms.Text]:
    """Renders the message in its reader's language. Account mail has no `email`: it was worded when it was asked for."""
    if email is None:
        rendered = rendering.decrypt(bytes(notification.sealed_body or b""))
        return rendered, rendering.compose(notification, rendered)
    if notification.channel == NotificationChannel.SMS:
        text = email.sms_text()
        return rendering.Rendered(str(NotificationChannel.SMS.label), text, ""), sms.Text(notification.recipient, text)
    with translation.override(email.reader_language()):
        message = email.message()
        links = rendering.choice_links(notification, message)
        rendered = rendering.render(message, choices_link=links.page, reader_name=email.reader_name())
        return rendered, rendering.compose(notification, rendered, message, links)


def send_by_channel(
    notification: Notification, rendered: rendering.Rendered, mail: EmailMultiAlternatives | sms.Text, *, clock: Clock
) -> Outcome:
    """Sends the message. Only the mail server is known to be up or down; each text message finds out for itself."""
    is_email, channel = notification.channel == NotificationChannel.EMAIL, CHANNELS[NotificationChannel(notification.channel)]
    if is_email and not pacing.can_use_server(notification, clock()):
        return Outcome(NotificationState.PENDING, notification.last_error, extra=schedule.undone_attempt_columns(notification))
    try:
        with heartbeat(notification, cut=channel.thread.line.cut, clock=clock):
            channel.send(mail, before_data=lambda: require_lease(notification, clock()))
    except LeaseLostError:
        raise
    except Exception as error:  # noqa: BLE001 - an error that we did not foresee must not leave the row without an outcome
        logger.warning(
            "Message %s was not taken by the %s server: %s", notification.pk, "mail" if is_email else "sms", error_location(error)
        )
        if is_email:
            record_server_state(error, clock())
        if channel.is_permanent(error):
            if is_email and keeps_address(notification.kind):
                bounces_services.record_refusal(notification, error, now=clock())
            return Outcome(NotificationState.FAILED, channel.describe(error), kept=rendered)
        return retry_outcome(notification, channel.describe(error), now=clock(), kept=rendered)
    return Outcome(NotificationState.SENT, kept=rendered, extra={"sent_at": clock()})


def record_server_state(error: Exception | None, now: datetime) -> None:
    """Notes what the last try told of the server. If the database is away, the message's own outcome must not be lost."""
    try:
        if error and smtp.is_server_error(error):
            pacing.record_server_failure(now)
        else:
            pacing.record_server_answer(now)
    except (DatabaseError, InterfaceError) as failure:
        logger.warning("The state of the mail server could not be written: %s", error_location(failure))


def retry_outcome(notification: Notification, error: str, *, now: datetime, kept: rendering.Rendered | None = None) -> Outcome:
    """Pending, with a later due time but not after it expires; Failed after 72 hours of trying."""
    due_at = now + retry_pause(notification.attempts + 1)
    if due_at > (notification.first_tried_at or now) + MAX_RETRY_PERIOD:
        return Outcome(NotificationState.FAILED, error, kept=kept)
    if notification.expires_at:
        due_at = min(due_at, notification.expires_at)
    return Outcome(NotificationState.PENDING, error, due_at=due_at, kept=kept)


def retry_pause(attempt_number: int) -> timedelta:
    """1, 2, 4 … minutes up to 2 hours, each a quarter shorter or longer, so that a backlog does not come back as one wave."""
    minutes = min(2 ** min(attempt_number - 2, 10), MAX_RETRY_PAUSE / timedelta(minutes=1))
    return timedelta(minutes=minutes * random.uniform(0.75, 1.25))  # noqa: S311 - spread, not secrecy


def store_outcome(
    notification: Notification, outcome: Outcome, *, following: int | None = None, now: datetime | None = None
) -> StoreResult:
    """Write the outcome if the lease is still ours, and claim the `following` row with it, as of `now`.

    If the lease is not ours, nothing is written or claimed: then another worker's outcome counts, or an erasure.
    """
    columns: dict[str, Any] = {
        "state": str(outcome.state),
        "last_error": outcome.error[:300],
        "due_at": outcome.due_at or notification.due_at,
        "queued_at": None,
        "lease_token": None,
        "lease_until": None,
        **outcome.extra,
    }
    email = find_email_class(notification.kind)
    if outcome.kept and not notification.is_account_mail and (email is None or email.keeps_words):
        kept = outcome.kept.without_private_links()
        columns |= {"subject": kept.subject[:200], "text_body": kept.text, "html_body": kept.html}
    if outcome.state != NotificationState.PENDING:
        columns["sealed_body"] = None
        if not keeps_address(notification.kind):
            columns |= {"recipient": ""} | BLANK_TEXT_COLUMNS
    try:
        settled = write_with_retries(lambda: write_outcome(notification, columns, following, now))
    except (ValueError, DataError):
        # Words that PostgreSQL can't hold (a NUL, half a character) must not leave the row unmarked: it would be sent again.
        settled = write_with_retries(lambda: write_outcome(notification, columns | BLANK_TEXT_COLUMNS, following, now))
    if not settled.ours:
        logger.warning("Message %s: the lease ran out before its outcome (%s) was written.", notification.pk, outcome.state)
    return settled


@transaction.atomic
def write_outcome(
    notification: Notification, columns: dict[str, Any], following: int | None, now: datetime | None
) -> StoreResult:
    """Write the mark, and claim the `following` row in the same commit.

    The mark comes first, and the claim waits for nobody, so that it can't deadlock with an erasure of both. The update itself
    decides whether to store the text: an erasure that came first keeps it empty.
    """
    kept = {
        name: Case(When(erased_at=None, then=Value(columns[name])), default=Value(""))
        for name in columns.keys() & BLANK_TEXT_COLUMNS
    }
    mine = Notification.objects.filter(pk=notification.pk, lease_token=notification.lease_token)
    if not mine.update(**columns | kept):
        return StoreResult(ours=False)
    return StoreResult(ours=True, claimed=claim_notification_if_free(following, now=now) if following and now else None)


def write_with_retries(write: Callable[[], StoreResult]) -> StoreResult:
    """Run one write, and again while the database can't be reached, for up to about 25 seconds."""
    for pause in WRITE_RETRY_SECONDS:
        try:
            return write()
        except (DatabaseError, InterfaceError) as error:
            # An immediate shutdown reaches us as a bare DatabaseError without a word.
            if not (isinstance(error, OperationalError | InterfaceError) or type(error) is DatabaseError):
                raise
            connection.close()
            time.sleep(pause)
    return write()


def error_location(error: Exception) -> str:
    """The error's type and line, without its message, which may hold a name or an address."""
    name, frames = type(error).__name__, traceback.extract_tb(error.__traceback__)
    return f"{name} at {frames[-1].filename}:{frames[-1].lineno} in {frames[-1].name}" if frames else name


# A queued row is left alone for this long; without it each sweep would queue a backlog again and flood the broker.
REQUEUE_INTERVAL = timedelta(seconds=45)
MAX_ROWS_PER_SWEEP = 500
MAX_ROWS_PER_SERVER_TRY = 3
MAX_SWEEP_CHAIN_SECONDS = 15  # beat's next sweep comes 20 seconds after the last


def sweep(*, now: datetime, started: float | None = None) -> list[int]:
    """Queue due rows that no worker holds, the oldest first, a bounded number at a time. Returns their ids.

    Two sweeps at once share the work. If there is more, another sweep goes into the queue before the last of these rows, so that
    workers never run dry; that ends when beat starts its next sweep. While the mail server is down, queues a few rows when a try
    is allowed, and otherwise only what does not wait for it.
    """
    silent = pacing.is_server_silent(now)
    with transaction.atomic():
        rows = due_and_unqueued(now).select_for_update(skip_locked=True, no_key=True)
        rows = rows.filter(pacing.IGNORES_SERVER_STATE) if silent else rows
        limit = MAX_ROWS_PER_SERVER_TRY if pacing.server_state().down_since and not silent else MAX_ROWS_PER_SWEEP
        ids = sorted(rows.values_list("pk", flat=True)[:limit])
        Notification.objects.filter(pk__in=ids).update(queued_at=now)
    began = started or now.timestamp()
    goes_on = len(ids) == MAX_ROWS_PER_SWEEP and 0 <= now.timestamp() - began < MAX_SWEEP_CHAIN_SECONDS
    first = len(ids) * 3 // 4 if goes_on else len(ids)
    # What is not sent by then, the next sweep finds again.
    options = {"queue": settings.CELERY_TASK_DEFAULT_QUEUE, "expires": REQUEUE_INTERVAL.total_seconds()}
    if outbox.send_tasks(ids[:first], **options) and goes_on:
        outbox.ask_for_sweep(started=began)
        outbox.send_tasks(ids[first:], **options)
    return ids


def due_and_unqueued(now: datetime) -> NotificationQuerySet:
    """Due, held by no worker, and not queued lately; the oldest first."""
    free = Q(lease_until=None) | Q(lease_until__lt=now)
    unqueued = Q(queued_at=None) | Q(queued_at__lt=now - REQUEUE_INTERVAL)
    rows: NotificationQuerySet = Notification.objects.unfinished().filter(free, unqueued, due_at__lte=now)
    return rows.order_by("due_at")


# The sweep comes every 20 seconds and a worker clears a backlog fast: after this, nobody is at work.
MAX_DUE_DELAY = timedelta(minutes=10)
# One address that takes nothing is that address's fault; several, for this long, are the mail server's.
STUCK_PERIOD = timedelta(minutes=30)
MIN_STUCK_MESSAGES = 5


def check_outbox() -> str:
    """For /readyz: what is wrong, in figures; nothing while mail goes out."""
    now = timezone.now()
    if down_since := MailServer.objects.down().order_by("down_since").values_list("down_since", flat=True).first():
        return f"the mail server has taken nothing for {(now - down_since) // timedelta(minutes=1)} minutes"
    late = Notification.objects.claimable(now).order_by("due_at").values_list("due_at", flat=True).first()
    if late and now - late > MAX_DUE_DELAY:
        return f"the oldest due message has waited {(now - late) // timedelta(minutes=1)} minutes: is there a worker, and a beat?"
    tried = Notification.objects.unfinished().filter(first_tried_at__lt=now - STUCK_PERIOD).count()
    if tried >= MIN_STUCK_MESSAGES:
        return f"{tried} messages are being tried for over half an hour: does the mail server answer?"
    return ""


def outbox_figures(now: datetime) -> Iterator[Figure]:
    """For monitoring. Each statement walks an index, and no further than what waits, what failed or one hour's messages."""
    due = Notification.objects.claimable(now).aggregate(count=Count("pk"), since=Min("due_at"))
    waited = max((now - due["since"]).total_seconds(), 0) if due["count"] else 0
    down_since = MailServer.objects.down().aggregate(since=Min("down_since"))["since"]
    recent = Notification.objects.filter(created_at__gte=now - RECENT_PERIOD).order_by().values_list("state")
    states = dict.fromkeys(NotificationState.values, 0) | dict(recent.annotate(count=Count("pk")))
    failed = Notification.objects.recently_failed(now).count()
    yield Figure("ctac_outbox_due_messages", "Messages that are due and not sent.", due["count"])
    yield Figure("ctac_outbox_oldest_due_seconds", "How long the oldest of them has waited.", waited)
    yield Figure("ctac_outbox_failed_messages", "Messages of the last two weeks that failed and were not sent again.", failed)
    yield Figure("ctac_outbox_recent_messages", "Messages that were written in the last hour, by state.", states, "state")
    down = (now - down_since).total_seconds() if down_since else 0
    yield Figure("ctac_mail_server_down_seconds", "For how long the mail server has taken nothing.", down)


def check_returned_mail() -> str:
    """For /readyz: what is wrong with the mailbox of returned mail, if one is read."""
    trouble = MailboxRead.objects.exclude(trouble="").values_list("trouble", flat=True).first() if settings.BOUNCE_MAILBOX else ""
    return f"the mailbox of returned mail can't be read: {trouble}" if trouble else ""
