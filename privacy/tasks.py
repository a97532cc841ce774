"""What runs by the clock."""

from django.utils import timezone

from ctac.celery import app
from ctac.models import statements_within
from privacy import retention
from privacy.retention import clear_expired as clear_expired_now
from privacy.services import write_erasures_down


@app.task
def take_out() -> None:
    """Runs nightly, after the backup; twice does no harm."""
    retention.run_rules(now=timezone.now())
    count_due()


@app.task
def count_due() -> None:
    """Runs hourly, and after the nightly run, so that nobody waits for it who looks."""
    with statements_within("10min"):
        retention.count_due(timezone.now())


@app.task
def clear_expired() -> None:
    """Runs hourly; twice does no harm."""
    clear_expired_now(now=timezone.now())
    write_erasures_down(timezone.now())
