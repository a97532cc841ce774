"""The team's digest: what can wait is gathered, as its turn comes, into one email of the next digest (ADR 59).

The event's own row stays, says in which digest it is told, and is never sent by itself.
"""

import logging
from datetime import datetime

from django.db import transaction

from ctac.uk import uk_day
from notifications.models import Notification, State, TeamMail
from notifications.registry import kind_named
from notifications.services.collecting import News, collect_each
from notifications.services.quiet import untried

logger = logging.getLogger(__name__)
KIND = "staff-digest"


def gathered(notification: Notification, *, now: datetime) -> bool:
    """True when the row is told of in a digest from now on. What goes wrong here costs nothing: it then goes by itself."""
    try:
        due_at = digest_for(notification, now)
        return due_at is not None and joined(notification, due_at, now)
    except Exception as error:  # noqa: BLE001 - whatever it is, the message must not be lost for it
        logger.error("Message %s could not be gathered: %s", notification.pk, type(error).__name__)
        return False


def digest_for(notification: Notification, now: datetime) -> datetime | None:
    """When the digest is due that this may wait for; None for all that goes by itself: one statement only for the team's mail.

    What a colleague sends again goes at once, and so does what is urgent or no longer true (which then goes nowhere).
    """
    if notification.is_account_mail or notification.resend_of_id:
        return None
    kind = kind_named(notification.kind)
    if kind.in_digest is None:
        return None
    due_at: datetime | None = TeamMail.objects.next_digest(now)
    return due_at if due_at and kind.still_true(notification) and kind.in_digest(notification, due_at) else None


@transaction.atomic
def joined(notification: Notification, due_at: datetime, now: datetime) -> bool:
    """The digest and what it tells of are one transaction: a worker that comes for the digest meanwhile waits, and has all of it.

    False if the lease is no longer ours.
    """
    news = News("team", notification.recipient, notification.reference)
    [digest] = collect_each([news], kind=KIND, day=uk_day(due_at), now=now, due_at=due_at)
    mine = Notification.objects.filter(pk=notification.pk, lease_token=notification.lease_token)
    told = {"state": State.GATHERED, "told_in": digest, "last_error": "", **untried(notification)}
    if mine.update(**told, lease_token=None, lease_until=None, kicked_at=None):
        return True
    transaction.set_rollback(True)
    return False
