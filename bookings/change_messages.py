"""What the emails about a change say: another time, other details. As bookings.messages for the rest."""

from copy import copy
from datetime import datetime

from django.utils.translation import gettext as _

from bookings import ical, words
from bookings.messages import Links, link_rows, message, on_the_day, presenter_message, staff_message, with_entry
from bookings.models import Booking, BookingEvent, State
from notifications.registry import Message

# To the professional


def moved(booking: Booking, change: BookingEvent | None, *, now: datetime, links: Links = None) -> Message:
    """Where it was and where it is now. A request has no entry in calendars yet."""
    sentence = _("Your presentation has moved to %(day)s, %(clock)s (%(reference)s)")
    said = message(sentence, "booking_moved", booking, before=time_before(change), links=links, **link_rows(booking))
    return with_entry(said, booking, "REQUEST", now=now) if booking.state == State.CONFIRMED else said


def details_changed(
    booking: Booking, change: BookingEvent | None, *, now: datetime, in_calendars: bool, links: Links = None
) -> Message:
    """What was changed, by its name, and how it all stands."""
    sentence = _("Your presentation on %(day)s has changed (%(reference)s)")
    if not booking.has_time:
        sentence = _("Your request has changed (%(reference)s)")
    facts: dict[str, object] = {"changed": words.fields_changed(change), "in_calendars": in_calendars, "links": links}
    said = message(sentence, "booking_changed", booking, day_rows=on_the_day(booking), **facts, **link_rows(booking))
    return with_entry(said, booking, "REQUEST", now=now) if in_calendars else said


# To the presenter


def moved_for_presenter(booking: Booking, change: BookingEvent | None, *, now: datetime) -> Message:
    sentence = _("Moved to %(day)s, %(clock)s (%(reference)s)")
    facts: dict[str, object] = {"before": time_before(change), "day_rows": on_the_day(booking), **link_rows(booking)}
    said = presenter_message(sentence, "booking_presenter_changed", booking, **facts)
    confirmed = booking.state == State.CONFIRMED
    return with_entry(said, booking, "REQUEST", now=now, to=ical.presenter_of(booking)) if confirmed else said


def changed_for_presenter(booking: Booking, change: BookingEvent | None, *, now: datetime, in_calendars: bool) -> Message:
    facts: dict[str, object] = {"changed": words.fields_changed(change), "day_rows": on_the_day(booking)}
    sentence = _("Changed: %(day)s (%(reference)s)")
    said = presenter_message(sentence, "booking_presenter_changed", booking, **facts, **link_rows(booking))
    return with_entry(said, booking, "REQUEST", now=now, to=ical.presenter_of(booking)) if in_calendars else said


# To the team


def moved_for_team(booking: Booking, change: BookingEvent | None) -> Message:
    return staff_message(
        _("Moved: %(reference)s to %(day)s, %(clock)s"), "booking_staff_changed", booking, before=time_before(change)
    )


def changed_for_team(booking: Booking, change: BookingEvent | None) -> Message:
    facts: dict[str, object] = {"changed": words.fields_changed(change), "day_rows": on_the_day(booking)}
    sentence = _("Changed: %(reference)s on %(day)s") if booking.has_time else _("Changed: %(reference)s")
    return staff_message(sentence, "booking_staff_changed", booking, **facts)


# What it was


def time_before(change: BookingEvent | None) -> str:
    """'Tuesday 9 March 2027, 1:30pm', or '' if that is not known any more."""
    moments = words.times_of(change)
    return words.moment(moments[0]) if moments else ""


def as_it_was(booking: Booking, change: BookingEvent | None) -> Booking:
    """The booking at the time that it had before this change, for whoever is to strike it out."""
    moments = words.times_of(change)
    if not moments or not booking.has_time:
        return booking
    start, end = booking.agreed
    before = copy(booking)
    before.starts_at, before.ends_at = moments[0], moments[0] + (end - start)
    return before
