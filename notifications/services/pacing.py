"""No domain gets more messages a minute than its servers like: what is too much waits in a line, and was no attempt.

The count of each minute is in a table, so all workers share it. A worker takes some at a time, so that a row that all write
is written seldom; what it took and did not send is lost with the minute. Codes for signing in never wait.
"""

from datetime import datetime, timedelta
from functools import cache
from typing import Any

from django.conf import settings
from django.db import connection

from ctac.compiled import Statement
from notifications.models import Notification
from notifications.registry import kind_named

MINUTE = timedelta(minutes=1)
# What can wait leaves this much of each minute to mail that answers somebody.
SHARE_OF_PATIENT_MAIL = 0.8
# A line longer than this was drawn by a clock that has been put right since.
LONGEST_LINE = timedelta(hours=3)
# Nobody waits for the disk here: a count that is lost with the machine is lost with its minute.
TAKE = """
    WITH soon AS (SELECT set_config('synchronous_commit', 'off', TRUE))
    INSERT INTO notifications_maildomain AS line (domain, minute, taken, line_until)
    SELECT %(domain)s, %(minute)s::timestamptz, %(some)s::integer, %(now)s::timestamptz FROM soon
    ON CONFLICT (domain) DO UPDATE SET minute = %(minute)s,
        taken = CASE WHEN line.minute = %(minute)s THEN line.taken + %(some)s ELSE %(some)s END
    WHERE line.minute <> %(minute)s OR line.taken + %(some)s <= %(most)s
    RETURNING 1
"""
QUEUE_UP = """
    UPDATE notifications_maildomain SET line_until = CASE
        WHEN line_until BETWEEN %(next)s AND %(far)s THEN line_until ELSE %(next)s END + %(step)s
    WHERE domain = %(domain)s RETURNING line_until
"""
# Of (server, domain): the minute, and how many of it this process has taken and not used.
_taken: dict[str, tuple[datetime, int]] = {}


def waits_until(notification: Notification, now: datetime) -> datetime | None:
    """The end of the line at its domain if this minute's share has gone; None for what may go now, which is counted."""
    most = settings.MAIL_A_MINUTE_TO_A_DOMAIN
    domain = notification.recipient.rpartition("@")[2].lower()
    if not most or not domain:
        return None
    minute = now.replace(second=0, microsecond=0)
    last, left = _taken.get(domain, (minute, 0))
    if last == minute and left:
        _taken[domain] = (minute, left - 1)
        return None
    some = max(1, most // 30)
    if take(domain, minute, some, now=now, most=share_of(notification, most)):
        _remember(domain, minute, some - 1)
        return None
    return None if notification.is_account_mail else queue_up(domain, minute, most=most)


def share_of(notification: Notification, most: int) -> int:
    if notification.is_account_mail or not kind_named(notification.kind).can_wait:
        return most
    return max(1, int(most * SHARE_OF_PATIENT_MAIL))


def take(domain: str, minute: datetime, some: int, *, now: datetime, most: int) -> bool:
    """A transaction of its own: what else stood in it would not wait for the disk either."""
    values: dict[str, Any] = {"domain": domain, "minute": minute, "some": some, "now": now, "most": most}
    return bool(taking().rows(values))


@cache
def taking() -> Statement:
    return Statement.written("take", TAKE)


def queue_up(domain: str, minute: datetime, *, most: int) -> datetime:
    """A moment of its own for each that waits, as many in a minute as may go."""
    following = minute + MINUTE
    values: dict[str, Any] = {"domain": domain, "next": following, "far": following + LONGEST_LINE, "step": MINUTE / most}
    with connection.cursor() as cursor:
        cursor.execute(QUEUE_UP, values)
        [moment] = cursor.fetchone()
    return moment


def _remember(domain: str, minute: datetime, left: int) -> None:
    """Only of this minute: domains are many, and a worker lives for weeks."""
    for name in [name for name, (last, _left) in _taken.items() if last != minute]:
        del _taken[name]
    _taken[domain] = (minute, left)
