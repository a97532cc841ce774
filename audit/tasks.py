"""What runs by the clock."""

from celery import shared_task
from django.utils import timezone

from audit import services


@shared_task
def keep_months() -> None:
    """Daily; twice does no harm."""
    services.keep_months(now=timezone.now())
