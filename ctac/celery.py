"""The Celery application, for worker and beat. Web workers do without it: they publish through ctac.publishing."""

import logging.config
import os
from typing import Any

from celery import Celery, signals

from ctac.logs import NOTHING, request_reference, running_task
from ctac.publishing import REFERENCE
from ctac.schedule import schedule

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "ctac.settings")

app = Celery("ctac")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.conf.beat_schedule = schedule()
app.autodiscover_tasks()


@signals.before_task_publish.connect
def carry_the_reference(headers: dict[str, Any], **kwargs: object) -> None:
    headers[REFERENCE] = request_reference.get()


@signals.task_prerun.connect
def take_the_reference(task: Any, **kwargs: object) -> None:
    request_reference.set(task.request.get(REFERENCE) or NOTHING)
    running_task.set({"task": task.name, "task_id": task.request.id})


@signals.task_postrun.connect
def drop_the_reference(**kwargs: object) -> None:
    request_reference.set(NOTHING)
    running_task.set({})


@signals.setup_logging.connect
def log_as_the_site_does(**kwargs: object) -> None:
    """Celery then adds no handlers and no format of its own."""
    from django.conf import settings

    logging.config.dictConfig(settings.LOGGING)
    logging.captureWarnings(True)


@signals.worker_ready.connect
def watch_over_it(**kwargs: object) -> None:
    from ctac import watchdog

    watchdog.start()
