"""What runs by the clock."""

from django.utils import timezone

from audit import services
from ctac.celery import app


@app.task
def keep_months() -> None:
    """Daily; twice does no harm."""
    services.keep_months(now=timezone.now())
