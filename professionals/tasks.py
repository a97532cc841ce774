"""What runs by the clock."""

from django.utils import timezone

from ctac.celery import app
from professionals.services import clear_expired as clear_expired_now


@app.task
def clear_expired() -> None:
    """Runs hourly; twice does no harm."""
    clear_expired_now(now=timezone.now())
