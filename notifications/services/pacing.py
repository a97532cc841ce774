"""No domain gets more messages a minute than its servers like: what is too much waits in a line, and was no attempt.

The count of each minute is in a table, so all workers share it. A worker takes some at a time, so that a row that all write
is written seldom; what it took and did not send is lost with the minute. Codes for signing in never wait.
"""

from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import Case, F, Q, When

from notifications.models import MailDomain, Notification
from notifications.registry import kind_named

MINUTE = timedelta(minutes=1)
# What can wait leaves this much of each minute to mail that answers somebody.
SHARE_OF_PATIENT_MAIL = 0.8
# A line longer than this was drawn by a clock that has been put right since.
LONGEST_LINE = timedelta(hours=3)
# Of a domain: the minute, and how many of it this process has taken and not used.
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
    """Whether there was so much room in this minute."""
    added = Case(When(minute=minute, then=F("taken") + some), default=some)
    room = MailDomain.objects.filter(~Q(minute=minute) | Q(taken__lte=most - some), domain=domain)
    if room.update(minute=minute, taken=added):
        return True
    first = {"minute": minute, "taken": some, "line_until": now}
    _line, made = MailDomain.objects.get_or_create(domain=domain, defaults=first)
    return made or bool(room.update(minute=minute, taken=added))  # two may have met it for the first time at once


@transaction.atomic
def queue_up(domain: str, minute: datetime, *, most: int) -> datetime:
    """A moment of its own for each that waits, as many in a minute as may go."""
    following = minute + MINUTE
    line = MailDomain.objects.select_for_update(no_key=True).get(domain=domain)
    begins = line.line_until if following <= line.line_until <= following + LONGEST_LINE else following
    line.line_until = begins + MINUTE / most
    line.save(update_fields=["line_until"])
    return line.line_until


def _remember(domain: str, minute: datetime, left: int) -> None:
    """Only of this minute: domains are many, and a worker lives for weeks."""
    for name, (last, _left) in list(_taken.items()):  # a copy, since a worker may have threads
        if last != minute:
            _taken.pop(name, None)
    _taken[domain] = (minute, left)
