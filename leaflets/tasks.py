"""Tasks that run by the clock."""

from celery import shared_task
from django.utils import timezone

from core.models import statement_timeout
from leaflets.models import Order
from leaflets.stock.services import check_stock, notify_low_stock
from professionals.models import NameWord


@shared_task(name="leaflets.tasks.warn_of_low_stock")
def warn_of_low_stock() -> None:
    """Runs each morning; twice does no harm."""
    notify_low_stock(now=timezone.now())


@shared_task(name="leaflets.tasks.compare_stock_with_ledger")
def compare_stock_with_ledger() -> None:
    """Runs each hour, for monitoring. `manage.py reconcile_stock` compares more, and says what differs."""
    check_stock()


@shared_task(name="leaflets.tasks.keep_street_words")
def keep_street_words() -> None:
    """Runs nightly, for the search of staff; twice does no harm."""
    with statement_timeout("10min"):
        NameWord.objects.sync_words(Order.objects.all(), "address_line_1", "address_line_2", "town")
