"""A dead mail server is left alone: after three failures in a row one worker at a time tries it, until it says yes again.

The state is in a table, so that all workers know. Each remembers for a second that the server was well, and asks no more often.
"""

import logging
import time
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import DateTimeField, DurationField, ExpressionWrapper, Q, Value
from django.db.models.functions import Random

from notifications import queue
from notifications.models import MailServer, Notification, State
from notifications.models.servers import server_name

logger = logging.getLogger(__name__)

FAILURES_UNTIL_DOWN = 3
SHORTEST_PAUSE = timedelta(seconds=10)
LONGEST_PAUSE = timedelta(minutes=1)
REMEMBERED_SECONDS = 1.0
# A next try further away than any pause was written by a clock that has been put right since.
NO_PAUSE_IS_SO_LONG = timedelta(minutes=10)
# What was tried while the server was down comes at once, not after its own pause (two hours and a quarter at most), and within
# so long, not as one wave.
WAITS_NO_LONGER = timedelta(minutes=150)
WAKES_WITHIN = timedelta(seconds=10)


@dataclass(frozen=True)
class Known:
    """What this process last read, and when by its own clock."""

    failures: int
    down_since: datetime | None
    next_try_at: datetime | None
    read_at: float


_known: dict[str, Known] = {}


def known() -> Known:
    """A second old at most while the server is well, else read now."""
    last = _known.get(server_name())
    if last and last.down_since is None and time.monotonic() - last.read_at < REMEMBERED_SECONDS:
        return last
    row = MailServer.objects.filter(name=server_name()).values_list("failures", "down_since", "next_try_at").first()
    failures, down_since, next_try_at = row or (0, None, None)
    fresh = Known(failures, down_since, next_try_at, time.monotonic())
    _known[server_name()] = fresh
    return fresh


def is_silent(now: datetime) -> bool:
    """Whether the server is down and nobody is to try it now: then rows stay as they are."""
    state = known()
    return state.down_since is not None and not is_due(state.next_try_at, now)


def is_due(next_try_at: datetime | None, now: datetime) -> bool:
    return next_try_at is None or next_try_at <= now or next_try_at > now + NO_PAUSE_IS_SO_LONG


def may_talk(now: datetime) -> bool:
    """Whether this worker may hand over a message now. While the server is down this takes the one try that there is."""
    if known().down_since is None:
        return True
    mine = Q(next_try_at__lte=now) | Q(next_try_at__gt=now + NO_PAUSE_IS_SO_LONG)
    trying = timedelta(seconds=4 * settings.EMAIL_TIMEOUT)  # until then the others wait for the answer
    return bool(MailServer.objects.silent().filter(mine).update(next_try_at=now + trying))


def failed(now: datetime) -> None:
    """The server could not be reached, or broke off, or would not have us: it is the server and not the message."""
    with transaction.atomic():
        servers = MailServer.objects.select_for_update(no_key=True)
        server, _made = servers.get_or_create(name=server_name(), defaults={"next_try_at": now})
        server.failures += 1
        is_down = server.failures >= FAILURES_UNTIL_DOWN
        server.down_since = (server.down_since or now) if is_down else None
        doubled = min(max(server.failures - FAILURES_UNTIL_DOWN, 0), 10)
        server.next_try_at = now + min(SHORTEST_PAUSE * 2**doubled, LONGEST_PAUSE)
        server.save(update_fields=["failures", "down_since", "next_try_at"])
    _known.pop(server_name(), None)
    if server.failures == FAILURES_UNTIL_DOWN:
        logger.error("The mail server failed %s times in a row: it is left alone but for one try at a time.", server.failures)


def answered(now: datetime) -> None:
    """It answered for a message, with yes or no. What waited for it goes at once."""
    state = known()
    if not state.failures:
        return
    well = {"failures": 0, "down_since": None}
    changed = MailServer.objects.filter(name=server_name(), failures__gt=0).update(**well)
    _known.pop(server_name(), None)
    if changed and state.down_since:
        logger.warning("The mail server answers again, after %s.", now - state.down_since)
        wake(now)


def wake(now: datetime) -> None:
    waiting = Notification.objects.filter(state=State.PENDING, first_tried_at__isnull=False, attempts__gt=0)
    some_time = ExpressionWrapper(Random() * Value(WAKES_WITHIN), output_field=DurationField())
    soon = ExpressionWrapper(Value(now) + some_time, output_field=DateTimeField())
    waiting.filter(due_at__gt=now, due_at__lte=now + WAITS_NO_LONGER).update(due_at=soon)
    queue.ask_for_sweep()
