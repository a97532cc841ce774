"""How often times may be chosen and bookings changed; what is stopped stands on the staff site."""

from datetime import datetime

from django.http import HttpRequest

from bookings import rules
from bookings.models import Booking
from professionals.models import By, Where
from professionals.throttles import Stop, Throttle, by_client, stopped


def too_many_times(request: HttpRequest, now: datetime) -> Stop | None:
    """One more time is chosen by whoever asks, or one too many."""
    return stopped(request, Where.TIMES, [by_client(request, "hold", *rules.HOLDS_ALLOWED)], now)


def too_many_places(request: HttpRequest, now: datetime) -> Stop | None:
    """One more place at an open session is asked for."""
    return stopped(request, Where.PLACE, [by_client(request, "place", *rules.PLACES_ASKED)], now)


def too_many_changes(request: HttpRequest, booking: Booking, now: datetime) -> Stop | None:
    """Each change is an email to its presenter, to us and to its owner; by a link, too, where nobody is signed in."""
    return stopped(request, Where.CHANGE, [Throttle(By.BOOKING, f"change-booking:{booking.pk}", *rules.CHANGES_ALLOWED)], now)
