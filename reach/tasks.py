"""Tasks that run by the clock."""

from celery import shared_task
from django.utils import timezone

from reach.services import count_reach


@shared_task(name="reach.tasks.count")
def count() -> None:
    """Runs each night; twice does no harm."""
    count_reach(timezone.now())
