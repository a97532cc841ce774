"""Staff are told of a presenter who has not checked in or out, and of an online booking that has no joining link.

Run every few minutes (ctac/settings.py). An alert is a row of the outbox, unique by kind, booking and the minute at which
the booking starts: run twice, or by two at once, it is written once; a booking that was moved is a new case.
"""

from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction

from bookings import rules
from bookings.models import Booking, BookingQuerySet, Overdue, overdue, without_joining_link
from bookings.models.visit import CHECK_OUT
from bookings.services.telling import Told
from notifications.services import notify_each


def to_alert(*, now: datetime) -> list[int]:
    """The keys of all bookings of which staff must know; one statement for visits, one for links."""
    return [*keys(overdue(Booking.objects.all(), now)), *keys(without_joining_link(Booking.objects.all(), now))]


def keys(bookings: BookingQuerySet) -> list[int]:
    return list(bookings.values_list("pk", flat=True))


@transaction.atomic
def alert(*, key: int, now: datetime) -> None:
    """Tell staff of this one, once for each thing that is missing, and the second address after ESCALATED_AFTER.

    The booking is locked and read again: a check-out that was just written is seen, one that comes now waits.
    """
    locked = Booking.objects.select_for_update(of=("self",), no_key=True).filter(pk=key).first()
    if locked is None or locked.starts_at is None:
        return
    kinds: Told = {}
    late = Overdue.find(locked, now)
    if late is not None:
        kinds = about_a_visit(late, now)
    elif without_joining_link(Booking.objects.filter(pk=key), now).exists():
        kinds = {"staff-no-joining-link": [settings.STAFF_EMAIL]}
    notify_each(kinds, about=f"booking:{key}", reference=locked.reference, version=minute_of(locked.starts_at), now=now)


def about_a_visit(late: Overdue, now: datetime) -> Told:
    first, second = ("staff-no-check-out", "manager-no-check-out"), ("staff-no-check-in", "manager-no-check-in")
    kind, escalated = first if late.missed == CHECK_OUT else second
    told: Told = {kind: [settings.STAFF_EMAIL]}
    if now >= late.missed_at + rules.ESCALATED_AFTER:
        told[escalated] = [settings.VISIT_ESCALATION_EMAIL]
    return told


def minute_of(start: datetime) -> int:
    """Tells the times of a booking apart, in a notification's `version`."""
    return int(start.timestamp() / timedelta(minutes=1).total_seconds())
