"""Celery tasks that run by the clock."""

from celery import shared_task
from django.utils import timezone

from core.models import statement_timeout
from privacy import retention
from privacy.retention import clear_expired as clear_expired_now
from privacy.services import write_erasures_to_file


@shared_task(name="privacy.tasks.take_out")
def take_out() -> None:
    """Nightly, after the backup: run the retention rules. A second run does no harm."""
    retention.run_rules(now=timezone.now())
    count_due()


@shared_task(name="privacy.tasks.count_due")
def count_due() -> None:
    """Hourly, and after the nightly run: count what is due, so that nobody who looks has to wait."""
    with statement_timeout("10min"):
        retention.count_due(timezone.now())


@shared_task(name="privacy.tasks.clear_expired")
def clear_expired() -> None:
    """Hourly: clear what has expired. A second run does no harm."""
    clear_expired_now(now=timezone.now())
    write_erasures_to_file(timezone.now())
