"""What runs in the worker: load by id, call one service."""

import logging

from celery import shared_task
from django.utils import timezone

from bookings.services import watching

logger = logging.getLogger(__name__)


@shared_task
def watch() -> None:
    """Each booking stands for itself: what happens to one does not keep the next from being told of."""
    now = timezone.now()
    for key in watching.to_alert(now=now):
        try:
            watching.alert(key=key, now=now)
        except Exception as error:  # noqa: BLE001 - tried again in two minutes; the staff page shows it meanwhile
            logger.error("Booking %s could not be told of: %s", key, type(error).__name__)
