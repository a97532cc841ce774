"""What runs by the clock."""

from celery import shared_task
from django.utils import timezone

from leaflets.services.forecast import tell_of_low_stock


@shared_task
def warn_of_low_stock() -> None:
    """Runs each morning; twice does no harm."""
    tell_of_low_stock(now=timezone.now())
