"""A visit whose host can offer seats, for the tour and for journeys. Runs inside a live copy."""

from datetime import timedelta

from django.utils import timezone

from bookings.models import Booking, Presentation
from core.dates import uk_day
from professionals.models import Person
from tests.bookings.rows import at, make_booking


def visit_of(email: str, days_ahead: int) -> str:
    """Of the person with that address, in Leeds; its reference."""
    person, day = Person.objects.with_email(email).get(), uk_day(timezone.now()) + timedelta(days=days_ahead)
    booking: Booking = make_booking(None, at("10:00", day), person=person, presentation=Presentation.objects.earliest("pk"))
    return booking.reference
