"""What runs by the clock."""

from django.utils import timezone

from ctac.celery import app
from leaflets.stock.services import check_stock, notify_low_stock


@app.task
def warn_of_low_stock() -> None:
    """Runs each morning; twice does no harm."""
    notify_low_stock(now=timezone.now())


@app.task
def compare_stock_with_ledger() -> None:
    """Runs each hour, for monitoring. `manage.py reconcile_stock` compares more, and says what differs."""
    check_stock()
