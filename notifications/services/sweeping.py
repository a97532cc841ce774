"""Finding again what the queue forgot."""

from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q

from notifications import queue
from notifications.models import Notification
from notifications.models.outbox import NotificationQuerySet
from notifications.services import breaker

# A queued row is left alone for this long; without it each sweep would queue a backlog again and flood the broker.
QUEUED_AGAIN_AFTER = timedelta(seconds=45)
ROWS_A_SWEEP = 500
ROWS_A_TRY = 3
GOES_ON_SECONDS = 15  # beat's next sweep comes 20 seconds after the last


def sweep(*, now: datetime, started: float | None = None) -> list[int]:
    """Queue what is due and that no worker holds, oldest first, a bounded number at a time. Returns the rows' ids.

    Two sweeps at once share the work instead of doubling it. Where there is more, one more sweep stands in the queue before the
    last of these rows, so that workers never run dry; it goes on until beat begins the next. While the mail server is down, a
    few rows go when it may be tried, and else none.
    """
    if breaker.is_silent(now):
        return []
    with transaction.atomic():
        rows = forgotten(now).select_for_update(skip_locked=True, no_key=True)
        limit = ROWS_A_TRY if breaker.known().down_since else ROWS_A_SWEEP
        ids = sorted(rows.values_list("pk", flat=True)[:limit])
        Notification.objects.filter(pk__in=ids).update(kicked_at=now)
    began = started or now.timestamp()
    goes_on = len(ids) == ROWS_A_SWEEP and 0 <= now.timestamp() - began < GOES_ON_SECONDS
    first = len(ids) * 3 // 4 if goes_on else len(ids)
    lasts = QUEUED_AGAIN_AFTER.total_seconds()
    if queue.publish_backlog(ids[:first], lasts=lasts) and goes_on:
        queue.ask_for_sweep(started=began)
        queue.publish_backlog(ids[first:], lasts=lasts)
    return ids


def forgotten(now: datetime) -> NotificationQuerySet:
    """Due, held by no worker, and not queued lately; the oldest first."""
    free = Q(lease_until=None) | Q(lease_until__lt=now)
    unqueued = Q(kicked_at=None) | Q(kicked_at__lt=now - QUEUED_AGAIN_AFTER)
    rows: NotificationQuerySet = Notification.objects.unfinished().filter(free, unqueued, due_at__lte=now)
    return rows.order_by("due_at")
