"""Tasks for the worker: each calls one service."""

from celery import shared_task
from django.utils import timezone

from reach.reports import services


@shared_task(name="reach.reports.tasks.make_report")
def make_report(key: int) -> None:
    """Twice does no harm: what is done is not done again."""
    services.make_report(key)


@shared_task(name="reach.reports.tasks.look_after_reports")
def look_after_reports() -> None:
    """Queues reports that a worker left unfinished. Twice does no harm."""
    services.queue_unfinished_reports(timezone.now())
