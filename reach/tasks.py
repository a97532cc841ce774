"""Tasks that run by the clock."""

from django.utils import timezone

from ctac.celery import app
from reach.services import count_reach


@app.task
def count() -> None:
    """Runs each night; twice does no harm."""
    count_reach(timezone.now())
