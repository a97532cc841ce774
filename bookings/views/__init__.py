from bookings.views.answer import booking_answer
from bookings.views.calendars import calendar_feed, my_calendar, my_calendar_stop
from bookings.views.changing import booking_details, booking_details_check, booking_time, booking_time_check
from bookings.views.check import book_check
from bookings.views.dates import book_dates
from bookings.views.feedback import certificate, feedback, feedback_code, feedback_thanks
from bookings.views.flow import book_start, book_when, book_where
from bookings.views.host_after import host_again, host_feedback, host_leaflets
from bookings.views.leaflets import book_leaflets
from bookings.views.linked import link_booking, link_cancel, link_cancelled, link_time, link_time_check
from bookings.views.mine import booking, booking_calendar, booking_cancel, booking_placed
from bookings.views.offers import presentation, presentations

__all__ = [
    "book_check",
    "book_dates",
    "book_leaflets",
    "book_start",
    "book_when",
    "book_where",
    "booking",
    "booking_answer",
    "booking_calendar",
    "booking_cancel",
    "booking_details",
    "booking_details_check",
    "booking_placed",
    "booking_time",
    "booking_time_check",
    "calendar_feed",
    "certificate",
    "feedback",
    "feedback_code",
    "feedback_thanks",
    "host_again",
    "host_feedback",
    "host_leaflets",
    "link_booking",
    "link_cancel",
    "link_cancelled",
    "link_time",
    "link_time_check",
    "my_calendar",
    "my_calendar_stop",
    "presentation",
    "presentations",
]
