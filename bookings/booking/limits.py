"""Until when and how often its owner can change a booking on the website. Staff always can."""

from datetime import date, datetime

from django.http import HttpRequest

from accounts.limits import ReachedThrottle, Throttle, check_throttles, client_throttle
from accounts.models import By, Where
from bookings import rules
from bookings.models import Booking, Nation
from ctac.dates import before_working_days, format_day, uk_day


def last_day_to_change(booking: Booking) -> date:
    """So many working days before the day of the presentation (rules.CHANGE_DEADLINE_WORKING_DAYS), counted where the presenter
    lives; all of that day still counts.

    Raises NoTimeAgreed.
    """
    nation = booking.presenter.nation if booking.presenter else Nation.ENGLAND
    return before_working_days(uk_day(booking.agreed[0]), rules.CHANGE_DEADLINE_WORKING_DAYS, nation)


def changeable_until(booking: Booking) -> str:
    """That day in words; empty for a request without a time."""
    return format_day(last_day_to_change(booking)) if booking.has_time else ""


def may_still_change(booking: Booking, now: datetime) -> bool:
    """Whether its owner can still move it or change its details there."""
    return booking.is_open and (not booking.has_time or uk_day(now) <= last_day_to_change(booking))


# How often times may be chosen and bookings changed; what is stopped stands on the staff site.


def too_many_times(request: HttpRequest, now: datetime) -> ReachedThrottle | None:
    """One more time is chosen by whoever asks, or one too many."""
    return check_throttles(request, Where.TIMES, [client_throttle(request, "hold", *rules.HOLD_RATE_LIMIT)], now)


def too_many_places(request: HttpRequest, now: datetime) -> ReachedThrottle | None:
    """One more place at an open session is asked for."""
    return check_throttles(request, Where.PLACE, [client_throttle(request, "place", *rules.PLACE_RATE_LIMIT)], now)


def too_many_changes(request: HttpRequest, booking: Booking, now: datetime) -> ReachedThrottle | None:
    """Each change is an email to its presenter, to us and to its owner; by a link, too, where nobody is signed in."""
    return check_throttles(
        request, Where.CHANGE, [Throttle(By.BOOKING, f"change-booking:{booking.pk}", *rules.CHANGE_RATE_LIMIT)], now
    )
