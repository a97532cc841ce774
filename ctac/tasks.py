"""What the worker does for itself."""

from celery import shared_task


@shared_task
def tick() -> None:
    """Nothing; that it was taken shows that the worker takes tasks (ctac.watchdog)."""
