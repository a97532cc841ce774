"""What runs in the worker: load by id, call one service. No retry and no countdown: the row's due_at is the only clock."""

from django.conf import settings
from django.utils import timezone

from ctac.celery import app
from notifications import services


# The hard limit ends a task before the lease of any row that it has claimed: so no second worker sends a row
# while a mail server that answers a letter a minute still holds the first.
@app.task(time_limit=settings.OUTBOX_LEASE_SECONDS * 0.9)
def deliver(ids: list[int]) -> None:
    services.deliver_each(ids)


@app.task
def sweep(started: float | None = None) -> None:
    """`started`: when the sweep began that this one goes on with, in seconds since 1970."""
    services.sweep(now=timezone.now(), started=started)


# Longer than any server takes for a few hundred reports; a mailbox that hangs ends here.
@app.task(time_limit=240)
def read_returned_mail() -> None:
    """Imported here, because the web server loads this module and never reads a mailbox."""
    from notifications.bounces.mailbox import read_and_note

    read_and_note(settings.BOUNCE_MAILBOX, now=timezone.now())
