"""What the emails say when a colleague takes a booking over: to who had it, and to who has it now."""

from datetime import datetime

from django.utils.translation import gettext as _

from bookings import ical
from bookings.messages import Links, link_rows, message, with_entry
from bookings.models import Booking, State
from notifications.registry import Message


def given_away(booking: Booking, *, now: datetime, to: str) -> Message:
    """Without a way to the booking, which is another's. Their calendar strikes it out, if it had it."""
    sentence = _("A colleague takes over your presentation on %(day)s (%(reference)s)")
    if not booking.has_time:
        sentence = _("A colleague takes over your request (%(reference)s)")
    in_calendars = booking.has_time and booking.state not in (State.REQUESTED, State.DECLINED)
    said = message(sentence, "booking_given_away", booking, in_calendars=in_calendars, leaflet_rows=[])
    return with_entry(said, booking, "CANCEL", now=now, to=ical.Attendee(to)) if in_calendars else said


def taken_over(booking: Booking, *, now: datetime, links: Links = None) -> Message:
    sentence = _("You take over a presentation: %(day)s (%(reference)s)")
    if not booking.has_time:
        sentence = _("You take over a request (%(reference)s)")
    said = message(sentence, "booking_taken_over", booking, links=links, **link_rows(booking))
    return with_entry(said, booking, "REQUEST", now=now) if booking.state == State.CONFIRMED else said
