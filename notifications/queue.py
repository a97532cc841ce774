"""Telling a worker that rows are due. The outbox holds the truth, so whatever goes wrong here only costs time.

There are two queues, and a worker takes from them in turn: what somebody waits for does not stand behind a backlog.
"""

import logging
from collections.abc import Sequence
from typing import Any

from django.conf import settings

from ctac.celery import app

logger = logging.getLogger(__name__)
IDS_A_TASK = 10


def publish(ids: Sequence[int]) -> None:
    """Queue new rows for sending. Never raises: the sweep finds again what could not be queued."""
    _send(ids, queue=settings.FRESH_MAIL_QUEUE)


def publish_backlog(ids: Sequence[int], *, lasts: float) -> bool:
    """Queue what the sweep found, for so many seconds: then it is found again. Whether all was queued."""
    return _send(ids, queue=settings.CELERY_TASK_DEFAULT_QUEUE, expires=lasts)


def ask_for_sweep(*, started: float | None = None, expires: float = 55) -> None:
    """One more sweep, behind what is queued. Never raises: beat asks for one several times a minute."""
    try:
        app.send_task("notifications.tasks.sweep", kwargs={"started": started}, expires=expires)
    except Exception as error:  # noqa: BLE001 - as below
        logger.warning("Broker unreachable (%s); the next sweep comes within a minute.", type(error).__name__)


def _send(ids: Sequence[int], **options: Any) -> bool:
    for start in range(0, len(ids), IDS_A_TASK):
        try:
            app.send_task("notifications.tasks.deliver", args=[list(ids[start : start + IDS_A_TASK])], **options)
        except Exception as error:  # noqa: BLE001 - each transport has its own errors, and none may reach a page
            logger.warning("Broker unreachable (%s); the sweep will send messages %s.", type(error).__name__, list(ids[start:]))
            return False
    return True
