"""Requests with dates of one's own, as the services make them."""

from datetime import datetime, timedelta
from typing import Any

from bookings.booking.services.decide import offer_times
from bookings.booking.services.request import request_dates
from bookings.models import Booking, BusyTime, Channel, DateOption, Precision
from bookings.schedule.holds import PreferredDate
from professionals.models import Person
from tests.bookings.rows import ADDRESS, DETAILS, NOW, make_presentation
from tests.factories import make_staff

HOUR = timedelta(hours=1)


def on(start: datetime) -> PreferredDate:
    """That hour exactly."""
    return PreferredDate(Precision.TIME, start, start + HOUR)


def ask(person: Person, *dates: PreferredDate, **more: Any) -> Booking:
    defaults: dict[str, Any] = {
        "by": person.user,
        "channel": Channel.WEB,
        "presentation": more.pop("presentation", None) or make_presentation(),
        "format": "workplace",
        "address": ADDRESS,
        "details": DETAILS,
        "reason": "We all have clinics on those days.",
        "now": NOW,
    }
    return request_dates(person=person, dates=dates, **{**defaults, **more})


def offer(booking: Booking, *starts: datetime, **more: Any) -> list[DateOption]:
    return offer_times(booking=booking, starts=starts, **{"by": make_staff(), "now": NOW, **more})


def dates_of(booking: Booking) -> list[tuple[str, str, bool]]:
    """Kind and state of each, and whether it claims time."""
    claimed = set(BusyTime.objects.filter(kind="option").values_list("option", flat=True))
    return [(option.kind, option.state, option.pk in claimed) for option in booking.options.all()]
