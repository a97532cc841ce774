"""Which online bookings have no link yet by which people could join."""

from datetime import datetime, time, timedelta

from django.db.models import Q

from bookings import rules
from bookings.models.booking import BookingQuerySet, State
from bookings.models.presentation import Format
from ctac.uk import UK, uk_datetime, uk_day


def without_joining_link(bookings: BookingQuerySet, now: datetime) -> BookingQuerySet:
    """Confirmed, online, to come, neither with a link of their own nor by their presenter's; from JOINING_LINK_NEEDED_AT on
    the UK day before."""
    has_none = Q(presenter__isnull=True) | Q(presenter__joining_link="")
    return bookings.filter(
        has_none,
        state=State.CONFIRMED,
        format=Format.ONLINE,
        own_joining_link="",
        starts_at__gt=now,
        starts_at__lt=needed_until(now),
    ).order_by("starts_at", "pk")


def needed_until(now: datetime) -> datetime:
    """The end of tomorrow in the UK; before JOINING_LINK_NEEDED_AT the end of today."""
    days = 2 if now.astimezone(UK).time() >= rules.JOINING_LINK_NEEDED_AT else 1
    return uk_datetime(uk_day(now) + timedelta(days=days), time.min)
