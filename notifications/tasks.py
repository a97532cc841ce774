"""Tasks for the worker: each calls one service. No retry and no countdown: the row's due_at is the only clock."""

from celery import shared_task
from django.conf import settings
from django.utils import timezone

from notifications.bounces.reports import read_mailbox_safely
from notifications.delivery import services as delivery_services
from notifications.delivery.services import MAX_LEASE_SECONDS


# No lease is renewed for longer, so at this limit the pool ends a task that hangs (processes can be ended, threads can't).
@shared_task(name="notifications.tasks.deliver", time_limit=MAX_LEASE_SECONDS)
def deliver(ids: list[int]) -> None:
    delivery_services.deliver_each(ids)


@shared_task(name="notifications.tasks.sweep")
def sweep(started: float | None = None) -> None:
    """`started`: when the sweep that this one continues began, in seconds since 1970."""
    delivery_services.sweep(now=timezone.now(), started=started)


# Longer than any server takes for a few hundred reports; a mailbox that hangs ends here.
@shared_task(name="notifications.tasks.read_returned_mail", time_limit=240)
def read_returned_mail() -> None:
    read_mailbox_safely(settings.BOUNCE_MAILBOX, now=timezone.now())
