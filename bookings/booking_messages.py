"""What each email about a booking says: a booking in, a message out. When it goes, and whether it still should: bookings.mail."""

from datetime import datetime

from django.conf import settings
from django.urls import reverse
from django.utils.translation import gettext as _

from bookings import ical, leaflet_words
from bookings.messages import Links, caller, link_rows, message, on_the_day, presenter_message, staff_message, with_entry
from bookings.models import Booking, State
from notifications.registry import Message

# To the professional


def confirmed(
    booking: Booking,
    *,
    now: datetime,
    reminds: bool = True,
    links: Links = None,
    new_link: bool = False,
    new_presenter: bool = False,
) -> Message:
    """Booked, or still booked with another joining link or another presenter. `reminds` is whether they want reminders."""
    sentence = _("Your presentation is booked: %(day)s (%(reference)s)")
    if new_presenter:
        sentence = _("Your presentation on %(day)s has changed (%(reference)s)")
    if new_link:
        sentence = _("The joining link for %(day)s (%(reference)s)")
    told: dict[str, object] = {
        "new_link": new_link,
        "new_presenter": new_presenter,
        "reminded": reminds and booking.reminder_due_at > now,
        "reminded_twice": reminds and booking.week_reminder_due_at > now,
        "links": links,
    }
    said = message(sentence, "booking_confirmed", booking, **told, **link_rows(booking))
    return with_entry(said, booking, "REQUEST", now=now)


def cancelled(booking: Booking, *, now: datetime, in_calendars: bool) -> Message:
    """Calendars are told only of what they were told before: a request has sent no entry."""
    sentence = _("Your presentation on %(day)s is cancelled (%(reference)s)")
    if not booking.has_time:
        sentence = _("Your request is withdrawn (%(reference)s)")
    said = message(sentence, "booking_cancelled", booking, in_calendars=in_calendars)
    if not in_calendars:
        return said
    return with_entry(said, booking, "CANCEL", now=now)


def requested(booking: Booking) -> Message:
    return message(_("We have your request for %(day)s (%(reference)s)"), "booking_requested", booking)


def declined(booking: Booking) -> Message:
    sentence = _("We can’t give your presentation on %(day)s (%(reference)s)")
    if not booking.has_time:
        sentence = _("We can’t give the presentation that you asked for (%(reference)s)")
    return message(sentence, "booking_declined", booking)


def reminder(booking: Booking, *, links: Links = None, early: bool = False) -> Message:
    """Of the week before (`early`) or of the day before. No calendar part: it would invite again."""
    sentence = _("Reminder: your presentation on %(day)s (%(reference)s)")
    if early:
        sentence = _("Coming up: your presentation on %(day)s (%(reference)s)")
    return message(sentence, "booking_reminder", booking, links=links, early=early, **link_rows(booking))


# To the team


def new_for_team(booking: Booking) -> Message:
    sentence = _("New booking %(reference)s on %(day)s")
    if booking.state == State.REQUESTED:
        sentence = _("Please decide: request %(reference)s for %(day)s")
    rows = {"caller_rows": caller(booking), "day_rows": on_the_day(booking)}
    return staff_message(sentence, "booking_staff_new", booking, **rows)


def closed_for_team(booking: Booking) -> Message:
    sentence = _("Cancelled: %(reference)s on %(day)s")
    if not booking.has_time:
        sentence = _("Request %(reference)s is closed")
    elif booking.state == State.DECLINED:
        sentence = _("Declined: %(reference)s on %(day)s")
    return staff_message(sentence, "booking_staff_cancelled", booking, back_rows=leaflet_words.to_put_back(booking))


def needs_presenter(booking: Booking) -> Message:
    stand_ins = f"{settings.SITE_URL}{reverse('staff:bookings_booking_stand_ins')}#{booking.reference}"
    sentence = _("%(reference)s on %(day)s needs a presenter")
    return staff_message(sentence, "booking_staff_needs_presenter", booking, stand_ins_url=stand_ins)


# To the presenter


def for_presenter(booking: Booking, *, now: datetime, new_link: bool = False) -> Message:
    """With an entry for their calendar once it is confirmed."""
    sentence = _("You are booked: %(day)s (%(reference)s)")
    if booking.state == State.REQUESTED:
        sentence = _("Your time is kept for a request: %(day)s (%(reference)s)")
    if new_link:
        sentence = _("The joining link for %(day)s (%(reference)s)")
    told: dict[str, object] = {"day_rows": on_the_day(booking), "new_link": new_link, **link_rows(booking)}
    said = presenter_message(sentence, "booking_presenter_new", booking, **told)
    if booking.state != State.CONFIRMED:
        return said
    return with_entry(said, booking, "REQUEST", now=now, to=ical.presenter_of(booking))


def presenter_reminder(booking: Booking, *, early: bool = False) -> Message:
    """With what the day needs, and no calendar part."""
    sentence = _("Reminder: you are giving %(reference)s on %(day)s")
    if early:
        sentence = _("Coming up: you are giving %(reference)s on %(day)s")
    told: dict[str, object] = {"day_rows": on_the_day(booking), "early": early, **link_rows(booking)}
    return presenter_message(sentence, "booking_presenter_reminder", booking, **told)


def closed_for_presenter(booking: Booking, *, now: datetime, in_calendars: bool) -> Message:
    sentence = _("You are free again: %(day)s (%(reference)s)")
    told = {"in_calendars": in_calendars, "back_rows": leaflet_words.to_bring_back(booking)}
    said = presenter_message(sentence, "booking_presenter_cancelled", booking, **told)
    return with_entry(said, booking, "CANCEL", now=now, to=ical.presenter_of(booking)) if in_calendars else said


def freed(booking: Booking, *, now: datetime, to: str, sequence: int, in_calendars: bool) -> Message:
    """To who gave it before, whoever gives it now; of a booking that was moved, as it was for them."""
    sentence = _("No longer yours: %(day)s (%(reference)s)") if booking.has_time else _("No longer yours: %(reference)s")
    told = {"in_calendars": in_calendars, "back_rows": leaflet_words.to_hand_on(booking)}
    said = staff_message(sentence, "booking_presenter_freed", booking, **told)
    if not in_calendars:
        return said
    return with_entry(said, booking, "CANCEL", now=now, to=ical.Attendee(to, is_presenter=True), sequence=sequence)
