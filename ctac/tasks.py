"""What the worker does for itself."""

from ctac.celery import app


@app.task
def tick() -> None:
    """Nothing; that it was taken shows that the worker takes tasks (ctac.watchdog)."""
