"""Tasks for the worker: each calls one service."""

from django.utils import timezone

from ctac.celery import app
from reach.reports import services


@app.task
def make_report(key: int) -> None:
    """Twice does no harm: what is done is not done again."""
    services.make_report(key)


@app.task
def look_after_reports() -> None:
    """Queues reports that a worker left unfinished. Twice does no harm."""
    services.queue_unfinished_reports(timezone.now())
