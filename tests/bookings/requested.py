"""Requests with dates of one's own, as the services make them."""

from datetime import datetime, timedelta
from typing import Any

from bookings.booking.services.decide import offer_times
from bookings.booking.services.request import request_dates
from bookings.models import Booking, BusyTime, DateOption, Precision
from bookings.schedule.holds import PreferredDate
from professionals.models import Person
from tests.bookings.rows import NOW, make_presentation, unsaved_booking
from tests.factories import make_staff

HOUR = timedelta(hours=1)


def on(start: datetime) -> PreferredDate:
    """That hour exactly."""
    return PreferredDate(Precision.TIME, start, start + HOUR)


def ask(person: Person, *dates: PreferredDate, **more: Any) -> Booking:
    of_service = ("by", "now", "leaflets")
    asked = {"by": person.user, "now": NOW, **{name: more.pop(name) for name in of_service if name in more}}
    presentation, flagged = more.pop("presentation", None) or make_presentation(), more.pop("flagged", False)
    columns = {"request_reason": "We all have clinics on those days.", "flagged_child_details": flagged, **more}
    return request_dates(booking=unsaved_booking(person, presentation=presentation, **columns), dates=dates, **asked)


def offer(booking: Booking, *starts: datetime, **more: Any) -> list[DateOption]:
    return offer_times(booking=booking, starts=starts, **{"by": make_staff(), "now": NOW, **more})


def dates_of(booking: Booking) -> list[tuple[str, str, bool]]:
    """Kind and state of each, and whether it claims time."""
    claimed = set(BusyTime.objects.filter(kind="option").values_list("option", flat=True))
    return [(option.kind, option.state, option.pk in claimed) for option in booking.options.all()]
