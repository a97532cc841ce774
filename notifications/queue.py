"""Telling a worker that rows are due. The outbox holds the truth, so whatever goes wrong here only costs time."""

import logging
from collections.abc import Sequence

from ctac.celery import app

logger = logging.getLogger(__name__)
IDS_A_TASK = 10


def publish(ids: Sequence[int]) -> None:
    """Queue the rows for sending. Never raises: the sweep finds again what could not be queued."""
    for start in range(0, len(ids), IDS_A_TASK):
        try:
            app.send_task("notifications.tasks.deliver", args=[list(ids[start : start + IDS_A_TASK])])
        except Exception as error:  # noqa: BLE001 - each transport has its own errors, and none may reach a page
            logger.warning("Broker unreachable (%s); the sweep will send messages %s.", type(error).__name__, list(ids[start:]))
            return
