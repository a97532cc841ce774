"""Celery tasks. They load by id, and call one service."""

from celery import shared_task
from django.utils import timezone

from professionals.imports import services
from professionals.models import Import


@shared_task(name="professionals.imports.tasks.work_on")
def work_on(key: int) -> None:
    """Work on one import. A second call does no harm: what is done is not done again."""
    services.process_import(key)


@shared_task(name="professionals.imports.tasks.look_after_imports")
def look_after_imports() -> None:
    """Delete old files and rows, and go on with imports that a worker left. A second call does no harm."""
    now = timezone.now()
    services.delete_old_files(now)
    services.delete_old_rows(now)
    for key in Import.objects.left_by_worker(now).values_list("pk", flat=True):
        services.queue_import_task(key)
