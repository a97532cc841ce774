"""Celery tasks that run by the clock."""

from django.utils import timezone

from audit import services
from ctac.celery import app


@app.task
def keep_months() -> None:
    """Daily. A second run does no harm."""
    services.rotate_month_tables(now=timezone.now())
