"""Celery tasks that run by the clock."""

from django.utils import timezone

from ctac.celery import app
from ctac.models import statement_timeout
from privacy import retention
from privacy.retention import clear_expired as clear_expired_now
from privacy.services import write_erasures_to_file


@app.task
def take_out() -> None:
    """Nightly, after the backup: run the retention rules. A second run does no harm."""
    retention.run_rules(now=timezone.now())
    count_due()


@app.task
def count_due() -> None:
    """Hourly, and after the nightly run: count what is due, so that nobody who looks has to wait."""
    with statement_timeout("10min"):
        retention.count_due(timezone.now())


@app.task
def clear_expired() -> None:
    """Hourly: clear what has expired. A second run does no harm."""
    clear_expired_now(now=timezone.now())
    write_erasures_to_file(timezone.now())
