"""What happens on a visit, as short as a test can say it."""

from datetime import datetime, timedelta
from typing import Any

from bookings.models import Booking, Visit
from bookings.visits.services import check_in, check_out
from tests.bookings.rows import at

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
START, END = at("10:00"), at("11:00")


def arrive(booking: Booking, now: datetime, **more: Any) -> Visit:
    presenter = more.pop("presenter", None) or booking.presenter
    return check_in(booking=booking, presenter=presenter, by=more.pop("by", None) or presenter.user, now=now, **more)


def leave(booking: Booking, now: datetime, **more: Any) -> Visit:
    presenter = more.pop("presenter", None) or booking.presenter
    return check_out(booking=booking, presenter=presenter, by=more.pop("by", None) or presenter.user, now=now, **more)


def missed(booking: Booking, now: datetime) -> tuple[str, datetime] | None:
    """What its presenter has missed by then, and when it was expected."""
    late = Booking.objects.get(pk=booking.pk).find_overdue(now)
    return (late.missed, late.missed_at) if late else None
