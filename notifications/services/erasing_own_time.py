"""Mail to an address that several people had one after the other: what was written in the time of one of them goes with them."""

from datetime import datetime

from django.db import transaction

from notifications.models import Notification
from notifications.services.bouncing import forget_address
from notifications.services.choosing import erase_choices
from notifications.services.erasing import _blank


@transaction.atomic
def erase_since(email: str, moment: datetime, now: datetime) -> int:
    """As erase_for, but what was written before that moment, when the address was another person's, stays. How many rows."""
    erase_choices(email)
    forget_address(email)
    return _blank(Notification.objects.to_address(email).filter(created_at__gte=moment), now)


def erase_between(email: str, since: datetime, before: datetime, now: datetime) -> int:
    """As erase_messages_before, of what was written from one moment on and before another. How many rows."""
    return _blank(Notification.objects.to_address(email).filter(created_at__gte=since, created_at__lt=before), now)
