"""Until when its owner can change a booking on the website. Staff always can."""

from datetime import date, datetime

from bookings import rules
from bookings.models import Booking, Nation
from ctac.uk import format_day, uk_day
from ctac.working_days import before_working_days


def last_day_to_change(booking: Booking) -> date:
    """Two working days before the day of the presentation, counted where the presenter lives; all of that day still counts.

    Raises NoTimeAgreed.
    """
    nation = booking.presenter.nation if booking.presenter else Nation.ENGLAND
    return before_working_days(uk_day(booking.agreed[0]), rules.CHANGE_UNTIL_WORKING_DAYS, nation)


def until(booking: Booking) -> str:
    """That day in words; empty for a request without a time."""
    return format_day(last_day_to_change(booking)) if booking.has_time else ""


def may_change(booking: Booking, now: datetime) -> bool:
    """Whether its owner can still move it or change its details there."""
    return booking.is_open and (not booking.has_time or uk_day(now) <= last_day_to_change(booking))
