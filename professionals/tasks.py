"""What runs by the clock."""

from celery import shared_task
from django.utils import timezone

from professionals.services import clear_expired as clear_expired_now


@shared_task
def clear_expired() -> None:
    """Runs hourly; twice does no harm."""
    clear_expired_now(now=timezone.now())
