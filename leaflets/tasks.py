"""What runs by the clock."""

from django.utils import timezone

from ctac.celery import app
from leaflets.stock.services import notify_low_stock


@app.task
def warn_of_low_stock() -> None:
    """Runs each morning; twice does no harm."""
    notify_low_stock(now=timezone.now())
