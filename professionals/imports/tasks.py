"""Celery tasks. They load by id, and call one service."""

from django.utils import timezone

from ctac.celery import app
from professionals.imports import services
from professionals.models import Import


@app.task
def work_on(key: int) -> None:
    """Work on one import. A second call does no harm: what is done is not done again."""
    services.process_import(key)


@app.task
def look_after_imports() -> None:
    """Delete old files and rows, and go on with imports that a worker left. A second call does no harm."""
    now = timezone.now()
    services.delete_old_files(now)
    services.delete_old_rows(now)
    for key in Import.objects.left_by_worker(now).values_list("pk", flat=True):
        services.queue_import_task(key)
