"""The Celery application: worker and beat run it, web workers publish through it."""

import logging.config
import os
from typing import Any

from celery import Celery, signals
from django.conf import settings

from ctac.logs import NOTHING, request_reference, running_task
from ctac.schedule import schedule

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "ctac.settings")
REFERENCE = "request_reference"  # the header in which a task carries the reference of the request that caused it

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
    logging.config.dictConfig(settings.LOGGING)
    logging.captureWarnings(True)
