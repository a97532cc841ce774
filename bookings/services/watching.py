"""Staff are told of a presenter who has not checked in or out, of a booking to which nobody would come, and of an online one
that has no joining link.

Run every few minutes (ctac/settings.py). An alert is a row of the outbox, unique by kind, booking and the minute at which
the booking starts: run twice, or by two at once, it is written once; a booking that was moved is a new case. For a booking to
which nobody would come it is the minute at which it lost its presenter: who took it over and is away too is a new case.
"""

from datetime import datetime, timedelta
from functools import partial

from django.conf import settings
from django.db import transaction
from django.db.models import Exists, OuterRef

from bookings import rules
from bookings.models import (
    Booking,
    BookingEvent,
    BookingQuerySet,
    EventKind,
    Overdue,
    State,
    overdue,
    without_joining_link,
)
from bookings.models.visit import CHECK_OUT
from notifications.services.writing import notify_each


def to_alert(*, now: datetime) -> list[int]:
    """The keys of all bookings of which staff must know, each once; a statement for visits, presenters and links each."""
    bookings = Booking.objects.all()
    wanting = overdue(bookings, now), without_presenter(bookings, now), without_joining_link(bookings, now)
    return list(dict.fromkeys(key for each in wanting for key in keys(each)))


def keys(bookings: BookingQuerySet) -> list[int]:
    return list(bookings.values_list("pk", flat=True))


def without_presenter(bookings: BookingQuerySet, now: datetime) -> BookingQuerySet:
    """Confirmed ones that start soon, and to which nobody would come. Staff read of it when it happened, some time ago."""
    just_freed = BookingEvent.objects.filter(
        booking=OuterRef("pk"), kind=EventKind.PRESENTER_FREED, at__gt=now - rules.ESCALATED_AFTER
    )
    soon = {"starts_at__gt": now, "starts_at__lte": now + rules.PRESENTER_NEEDED_BEFORE}
    return bookings.filter(~Exists(just_freed), state=State.CONFIRMED, presenter=None, **soon).order_by("starts_at", "pk")


@transaction.atomic
def alert(*, key: int, now: datetime) -> None:
    """Tell staff of this one, once for each thing that is missing, and the second address after ESCALATED_AFTER.

    The booking is locked and read again: a check-out that was just written is seen, one that comes now waits.
    """
    locked = Booking.objects.select_for_update(of=("self",), no_key=True).filter(pk=key).first()
    if locked is None or locked.starts_at is None:
        return
    late = Overdue.find(locked, now)
    tell = partial(notify_each, about=f"booking:{key}", reference=locked.reference, now=now)
    if late is not None:
        tell(about_a_visit(late, now), version=minute_of(locked.starts_at))
        return
    if without_presenter(Booking.objects.filter(pk=key), now).exists():
        whom = {settings.STAFF_EMAIL, settings.VISIT_ESCALATION_EMAIL}
        tell({"staff-still-no-presenter": whom}, version=minute_of_loss(locked))
    if without_joining_link(Booking.objects.filter(pk=key), now).exists():
        tell({"staff-no-joining-link": [settings.STAFF_EMAIL]}, version=minute_of(locked.starts_at))


def minute_of_loss(booking: Booking) -> int:
    """The minute at which it last lost its presenter; of what never had one, that at which it starts."""
    freed = booking.events.filter(kind=EventKind.PRESENTER_FREED).order_by("at", "pk").values_list("at", flat=True).last()
    return minute_of(freed or booking.agreed[0])


def about_a_visit(late: Overdue, now: datetime) -> dict[str, list[str]]:
    first, second = ("staff-no-check-out", "manager-no-check-out"), ("staff-no-check-in", "manager-no-check-in")
    kind, escalated = first if late.missed == CHECK_OUT else second
    told = {kind: [settings.STAFF_EMAIL]}
    if now >= late.missed_at + rules.ESCALATED_AFTER:
        told[escalated] = [settings.VISIT_ESCALATION_EMAIL]
    return told


def minute_of(start: datetime) -> int:
    """Tells the times of a booking apart, in a notification's `version`."""
    return int(start.timestamp() / timedelta(minutes=1).total_seconds())
