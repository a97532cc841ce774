"""The mail server that is down and the domains that take only so many messages a minute: what may go now.

Neither holds up account mail (sign-in codes, mostly): a code is no use later. Text messages have another server.
"""

import logging
import time
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import Case, DateTimeField, DurationField, ExpressionWrapper, F, Q, Value, When
from django.db.models.functions import Random

from notifications import outbox
from notifications.models import MailDomain, MailServer, Notification, NotificationChannel, NotificationState, server_name
from notifications.registry import find_email_class

logger = logging.getLogger(__name__)

# A dead mail server is left alone: after three failures in a row, one worker at a time tries it, until it answers again. Account
# mail goes on trying it.
#
# The state is in a table, for all workers. While the server is well, each worker trusts its last look for a second.

IGNORES_SERVER_STATE = Q(channel=NotificationChannel.SMS) | Q(is_account_mail=True)
FAILURES_UNTIL_DOWN = 3
MIN_SERVER_PAUSE = timedelta(seconds=10)
MAX_SERVER_PAUSE = timedelta(minutes=1)
SERVER_STATE_CACHE_SECONDS = 1.0
# A next try further away than any pause was written by a clock that has been put right since.
MAX_PLAUSIBLE_PAUSE = timedelta(minutes=10)
# Messages tried while the server was down go soon after it answers, not after their own pauses (at most two and a quarter
# hours), and spread over this time, not as one wave.
MAX_RETRY_WAIT = timedelta(minutes=150)
WAKE_UP_PERIOD = timedelta(seconds=10)


@dataclass(frozen=True)
class ServerState:
    """The server's state as this process last read it, and when, by its own clock."""

    failures: int
    down_since: datetime | None
    next_try_at: datetime | None
    read_at: float


_server_states: dict[str, ServerState] = {}


def server_state() -> ServerState:
    """A second old at most while the server is well, else read now."""
    last = _server_states.get(server_name())
    if last and last.down_since is None and time.monotonic() - last.read_at < SERVER_STATE_CACHE_SECONDS:
        return last
    row = MailServer.objects.filter(name=server_name()).values_list("failures", "down_since", "next_try_at").first()
    failures, down_since, next_try_at = row or (0, None, None)
    state = ServerState(failures, down_since, next_try_at, time.monotonic())
    _server_states[server_name()] = state
    return state


def is_server_silent(now: datetime) -> bool:
    """Whether the server is down and nobody is to try it now: then rows stay as they are."""
    state = server_state()
    if state.down_since is None or state.next_try_at is None:
        return False
    return now < state.next_try_at <= now + MAX_PLAUSIBLE_PAUSE


def can_use_server(notification: Notification, now: datetime) -> bool:
    """Whether this worker may hand the email over now. While the server is down this takes the one try that there is."""
    if notification.is_account_mail or server_state().down_since is None:
        return True
    mine = Q(next_try_at__lte=now) | Q(next_try_at__gt=now + MAX_PLAUSIBLE_PAUSE)
    trying = timedelta(seconds=4 * settings.EMAIL_TIMEOUT)  # until then the others wait for the answer
    return bool(MailServer.objects.down().filter(mine).update(next_try_at=now + trying))


def record_server_failure(now: datetime) -> None:
    """The server could not be reached, or broke off, or would not have us: it is the server and not the message."""
    with transaction.atomic():
        servers = MailServer.objects.select_for_update(no_key=True)
        server, _made = servers.get_or_create(name=server_name(), defaults={"next_try_at": now})
        server.failures += 1
        is_down = server.failures >= FAILURES_UNTIL_DOWN
        server.down_since = (server.down_since or now) if is_down else None
        doubled = min(max(server.failures - FAILURES_UNTIL_DOWN, 0), 10)
        server.next_try_at = now + min(MIN_SERVER_PAUSE * 2**doubled, MAX_SERVER_PAUSE)
        server.save(update_fields=["failures", "down_since", "next_try_at"])
    _server_states.pop(server_name(), None)
    if server.failures == FAILURES_UNTIL_DOWN:
        logger.error("The mail server failed %s times in a row: it is left alone but for one try at a time.", server.failures)


def record_server_answer(now: datetime) -> None:
    """The server answered for a message, with yes or no. What waited for it goes at once."""
    state = server_state()
    if not state.failures:
        return
    changed = MailServer.objects.filter(name=server_name(), failures__gt=0).update(failures=0, down_since=None)
    _server_states.pop(server_name(), None)
    if changed and state.down_since:
        logger.warning("The mail server answers again, after %s.", now - state.down_since)
        waiting = Notification.objects.filter(state=NotificationState.PENDING, first_tried_at__isnull=False, attempts__gt=0)
        some_time = ExpressionWrapper(Random() * Value(WAKE_UP_PERIOD), output_field=DurationField())
        soon = ExpressionWrapper(Value(now) + some_time, output_field=DateTimeField())
        waiting.filter(due_at__gt=now, due_at__lte=now + MAX_RETRY_WAIT).update(due_at=soon)
        outbox.ask_for_sweep()


# No domain gets more messages a minute than its servers accept. Extra messages wait in a queue, which does not count as an
# attempt.
#
# The count of each minute is in a table that all workers share. A worker takes several at a time, to write that row seldom;
# those that it does not use are lost with the minute.

MINUTE = timedelta(minutes=1)
# Mail that can wait uses at most this share of each minute, and leaves the rest to mail that answers somebody.
MAX_CAN_WAIT_SHARE = 0.8
# A queue longer than this came from a clock that has been corrected since.
MAX_QUEUE_PERIOD = timedelta(hours=3)
# By domain: the minute, and how many of its messages this process has taken and not used.
_reserved_by_domain: dict[str, tuple[datetime, int]] = {}


def throttled_until(notification: Notification, now: datetime) -> datetime | None:
    """The end of the queue at its domain if this minute is full. None if it may go now, which counts it."""
    most = settings.MAIL_A_MINUTE_TO_A_DOMAIN
    domain = notification.recipient.rpartition("@")[2].lower()
    if not most or not domain or notification.channel == NotificationChannel.SMS:
        return None
    minute = now.replace(second=0, microsecond=0)
    last, left = _reserved_by_domain.get(domain, (minute, 0))
    if last == minute and left:
        _reserved_by_domain[domain] = (minute, left - 1)
        return None
    some = max(1, most // 30)
    email = None if notification.is_account_mail else find_email_class(notification.kind)
    share = max(1, int(most * MAX_CAN_WAIT_SHARE)) if email and email.can_wait else most
    if reserve_messages(domain, minute, some, now=now, most=share):
        # Keep only this minute: there are many domains, and a worker lives for weeks.
        for name, (last, _left) in list(_reserved_by_domain.items()):  # a copy, since a worker may have threads
            if last != minute:
                _reserved_by_domain.pop(name, None)
        _reserved_by_domain[domain] = (minute, some - 1)
        return None
    return None if notification.is_account_mail else join_domain_queue(domain, minute, most=most)


def reserve_messages(domain: str, minute: datetime, some: int, *, now: datetime, most: int) -> bool:
    """Takes so many of this minute's messages to the domain; whether there was room."""
    added = Case(When(minute=minute, then=F("taken") + some), default=some)
    room = MailDomain.objects.filter(~Q(minute=minute) | Q(taken__lte=most - some), domain=domain)
    if room.update(minute=minute, taken=added):
        return True
    first = {"minute": minute, "taken": some, "queue_ends_at": now}
    _line, made = MailDomain.objects.get_or_create(domain=domain, defaults=first)
    return made or bool(room.update(minute=minute, taken=added))  # two may have met it for the first time at once


@transaction.atomic
def join_domain_queue(domain: str, minute: datetime, *, most: int) -> datetime:
    """A separate moment for each message that waits, spaced so that `most` go in a minute."""
    following = minute + MINUTE
    line = MailDomain.objects.select_for_update(no_key=True).get(domain=domain)
    begins = line.queue_ends_at if following <= line.queue_ends_at <= following + MAX_QUEUE_PERIOD else following
    line.queue_ends_at = begins + MINUTE / most
    line.save(update_fields=["queue_ends_at"])
    return line.queue_ends_at
