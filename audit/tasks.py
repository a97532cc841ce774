"""Celery tasks that run by the clock."""

from celery import shared_task
from django.utils import timezone

from audit import services


@shared_task(name="audit.tasks.keep_months")
def keep_months() -> None:
    """Daily. A second run does no harm."""
    services.rotate_month_tables(now=timezone.now())
