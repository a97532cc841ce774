"""What each email about a booking says: a booking in, a message out."""

from collections.abc import Callable, Sequence
from copy import copy
from datetime import datetime

from django.conf import settings
from django.urls import reverse
from django.utils.translation import gettext as _

from bookings import text
from bookings.calendars import ical
from bookings.emails import (
    PrivateLinks,
    booking_message,
    caller_rows,
    joining_context,
    presenter_message,
    rows_of_the_day,
    staff_message,
    with_calendar_entry,
)
from bookings.models import Booking, BookingEvent, DateOption, OptionKind, OptionState, State
from bookings.text import Row, row
from notifications.registry import Message

# What each email about a booking says: a booking in, a message out. When it goes, and whether it still should:
# bookings.booking.emails.kinds.

# To the professional


def confirmed(
    booking: Booking,
    *,
    now: datetime,
    reminds: bool = True,
    links: PrivateLinks = None,
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
    said = booking_message(sentence, "booking_confirmed", booking, **told, **joining_context(booking))
    return with_calendar_entry(said, booking, "REQUEST", now=now)


def cancelled(booking: Booking, *, now: datetime, in_calendars: bool) -> Message:
    """Calendars are told only of what they were told before: a request has sent no entry."""
    sentence = _("Your presentation on %(day)s is cancelled (%(reference)s)")
    if not booking.has_time:
        sentence = _("Your request is withdrawn (%(reference)s)")
    said = booking_message(sentence, "booking_cancelled", booking, in_calendars=in_calendars)
    if not in_calendars:
        return said
    return with_calendar_entry(said, booking, "CANCEL", now=now)


def slot_requested(booking: Booking) -> Message:
    return booking_message(_("We have your request for %(day)s (%(reference)s)"), "booking_requested", booking)


def declined(booking: Booking) -> Message:
    sentence = _("We can’t give your presentation on %(day)s (%(reference)s)")
    if not booking.has_time:
        sentence = _("We can’t give the presentation that you asked for (%(reference)s)")
    return booking_message(sentence, "booking_declined", booking)


def reminder(booking: Booking, *, links: PrivateLinks = None, early: bool = False) -> Message:
    """Of the week before (`early`) or of the day before. No calendar part: it would invite again."""
    sentence = _("Reminder: your presentation on %(day)s (%(reference)s)")
    if early:
        sentence = _("Coming up: your presentation on %(day)s (%(reference)s)")
    return booking_message(sentence, "booking_reminder", booking, links=links, early=early, **joining_context(booking))


# To the team


def new_booking_for_team(booking: Booking) -> Message:
    sentence = _("New booking %(reference)s on %(day)s")
    if booking.state == State.REQUESTED:
        sentence = _("Please decide: request %(reference)s for %(day)s")
    rows = {"caller_rows": caller_rows(booking), "day_rows": rows_of_the_day(booking)}
    return staff_message(sentence, "booking_staff_new", booking, **rows)


def closed_for_team(booking: Booking) -> Message:
    sentence = _("Cancelled: %(reference)s on %(day)s")
    if not booking.has_time:
        sentence = _("Request %(reference)s is closed")
    elif booking.state == State.DECLINED:
        sentence = _("Declined: %(reference)s on %(day)s")
    return staff_message(sentence, "booking_staff_cancelled", booking, back_rows=text.leaflets_to_put_back(booking))


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
    told: dict[str, object] = {"day_rows": rows_of_the_day(booking), "new_link": new_link, **joining_context(booking)}
    said = presenter_message(sentence, "booking_presenter_new", booking, **told)
    if booking.state != State.CONFIRMED:
        return said
    return with_calendar_entry(said, booking, "REQUEST", now=now, to=ical.presenter_attendee(booking))


def presenter_reminder(booking: Booking, *, early: bool = False) -> Message:
    """With what the day needs, and no calendar part."""
    sentence = _("Reminder: you are giving %(reference)s on %(day)s")
    if early:
        sentence = _("Coming up: you are giving %(reference)s on %(day)s")
    told: dict[str, object] = {"day_rows": rows_of_the_day(booking), "early": early, **joining_context(booking)}
    return presenter_message(sentence, "booking_presenter_reminder", booking, **told)


def closed_for_presenter(booking: Booking, *, now: datetime, in_calendars: bool) -> Message:
    sentence = _("You are free again: %(day)s (%(reference)s)")
    told = {"in_calendars": in_calendars, "back_rows": text.leaflets_to_bring_back(booking)}
    said = presenter_message(sentence, "booking_presenter_cancelled", booking, **told)
    return with_calendar_entry(said, booking, "CANCEL", now=now, to=ical.presenter_attendee(booking)) if in_calendars else said


def freed_for_presenter(booking: Booking, *, now: datetime, to: str, sequence: int, in_calendars: bool) -> Message:
    """To who gave it before, whoever gives it now; of a booking that was moved, as it was for them."""
    sentence = _("No longer yours: %(day)s (%(reference)s)") if booking.has_time else _("No longer yours: %(reference)s")
    told = {"in_calendars": in_calendars, "back_rows": text.leaflets_to_hand_on(booking)}
    said = staff_message(sentence, "booking_presenter_freed", booking, **told)
    if not in_calendars:
        return said
    return with_calendar_entry(said, booking, "CANCEL", now=now, to=ical.Attendee(to, is_presenter=True), sequence=sequence)


# What each email about a request and its dates says. The others: bookings.emails.

Options = Sequence[DateOption]


def answer_url(booking: Booking) -> str:
    return f"{settings.SITE_URL}{reverse('booking_answer', args=[booking.reference])}"


# To the professional


def dates_requested(booking: Booking, options: Options, *, now: datetime) -> Message:
    rows = text.date_rows(options, now)
    return booking_message(_("We have your request (%(reference)s)"), "booking_dates_requested", booking, date_rows=rows)


def times_offered(booking: Booking, options: Options) -> Message:
    """The link opens the page and changes nothing: the answer is a button there."""
    offers = text.open_offers(options)
    more = {
        "date_rows": text.offered_rows(options),
        "until": text.offers_kept_until(offers),
        "answer_url": answer_url(booking),
    }
    return booking_message(_("Please choose a time for your presentation (%(reference)s)"), "booking_offered", booking, **more)


def dates_lapsed(booking: Booking, options: Options, *, now: datetime) -> Message:
    """We offered and they didn't answer, or they asked and we didn't, or the presenter is away then."""
    ours = any(option.kind == OptionKind.PROPOSED and option.state == OptionState.EXPIRED for option in options)
    sentence = _("We no longer keep the dates you asked for (%(reference)s)")
    if ours:
        sentence = _("We no longer keep the times we offered (%(reference)s)")
    more = {"date_rows": lapsed_rows(options, text.lapsed_offer_text, now), "answer_url": answer_url(booking)}
    return booking_message(sentence, "booking_dates_lapsed", booking, ours=ours, **more)


def lapsed_rows(options: Options, why: Callable[[DateOption, datetime], str], now: datetime) -> list[Row]:
    """What is no longer kept, each with why: the times that we offered, else the dates that they asked for."""
    ours = [option for option in options if option.kind == OptionKind.PROPOSED and option.state == OptionState.EXPIRED]
    asked = text.labelled_dates([option for option in options if option.kind == OptionKind.PREFERRED])
    named = [(_("Time %(number)d") % {"number": number}, option) for number, option in enumerate(ours, start=1)]
    lapsed = named or [(label, option) for label, option in asked if option.state == OptionState.EXPIRED]
    return [row(label, f"{option.when}\n{why(option, now)}") for label, option in lapsed]


# To the team


def new_request_for_team(booking: Booking, options: Options, *, now: datetime) -> Message:
    more = {
        "date_rows": text.date_rows_for_staff(options, now),
        "request_reason": "" if booking.flagged_child_details else booking.request_reason,
        "caller_rows": caller_rows(booking),
        "day_rows": rows_of_the_day(booking),
    }
    return staff_message(_("Please decide: request %(reference)s with own dates"), "booking_staff_dates", booking, **more)


def time_taken(booking: Booking) -> Message:
    return staff_message(_("Agreed: %(reference)s on %(day)s"), "booking_staff_request", booking, what="taken")


def others_asked(booking: Booking, words: str) -> Message:
    shown = "" if booking.flagged_child_details else words
    sentence = _("Please offer other times: request %(reference)s")
    return staff_message(sentence, "booking_staff_request", booking, what="others", words=shown)


def dates_lapsed_for_team(booking: Booking, options: Options, *, now: datetime) -> Message:
    more = {"what": "lapsed", "date_rows": lapsed_rows(options, text.date_text_for_staff, now)}
    return staff_message(_("Dates lapsed: request %(reference)s"), "booking_staff_request", booking, **more)


# What the emails about a change say: another time, other details. As bookings.emails for the rest.

# To the professional


def rescheduled(booking: Booking, change: BookingEvent | None, *, now: datetime, links: PrivateLinks = None) -> Message:
    """Where it was and where it is now. A request has no entry in calendars yet."""
    sentence = _("Your presentation has moved to %(day)s, %(clock)s (%(reference)s)")
    said = booking_message(
        sentence, "booking_moved", booking, before=time_before(change), links=links, **joining_context(booking)
    )
    return with_calendar_entry(said, booking, "REQUEST", now=now) if booking.state == State.CONFIRMED else said


def details_changed(
    booking: Booking, change: BookingEvent | None, *, now: datetime, in_calendars: bool, links: PrivateLinks = None
) -> Message:
    """What was changed, by its name, and how it all stands."""
    sentence = _("Your presentation on %(day)s has changed (%(reference)s)")
    if not booking.has_time:
        sentence = _("Your request has changed (%(reference)s)")
    facts: dict[str, object] = {"changed": text.changed_questions(change), "in_calendars": in_calendars, "links": links}
    said = booking_message(
        sentence, "booking_changed", booking, day_rows=rows_of_the_day(booking), **facts, **joining_context(booking)
    )
    return with_calendar_entry(said, booking, "REQUEST", now=now) if in_calendars else said


# To the presenter


def rescheduled_for_presenter(booking: Booking, change: BookingEvent | None, *, now: datetime) -> Message:
    sentence = _("Moved to %(day)s, %(clock)s (%(reference)s)")
    facts: dict[str, object] = {"before": time_before(change), "day_rows": rows_of_the_day(booking), **joining_context(booking)}
    said = presenter_message(sentence, "booking_presenter_changed", booking, **facts)
    confirmed = booking.state == State.CONFIRMED
    return with_calendar_entry(said, booking, "REQUEST", now=now, to=ical.presenter_attendee(booking)) if confirmed else said


def details_changed_for_presenter(booking: Booking, change: BookingEvent | None, *, now: datetime, in_calendars: bool) -> Message:
    facts: dict[str, object] = {"changed": text.changed_questions(change), "day_rows": rows_of_the_day(booking)}
    sentence = _("Changed: %(day)s (%(reference)s)")
    said = presenter_message(sentence, "booking_presenter_changed", booking, **facts, **joining_context(booking))
    return with_calendar_entry(said, booking, "REQUEST", now=now, to=ical.presenter_attendee(booking)) if in_calendars else said


# To the team


def rescheduled_for_team(booking: Booking, change: BookingEvent | None) -> Message:
    return staff_message(
        _("Moved: %(reference)s to %(day)s, %(clock)s"), "booking_staff_changed", booking, before=time_before(change)
    )


def details_changed_for_team(booking: Booking, change: BookingEvent | None) -> Message:
    facts: dict[str, object] = {"changed": text.changed_questions(change), "day_rows": rows_of_the_day(booking)}
    sentence = _("Changed: %(reference)s on %(day)s") if booking.has_time else _("Changed: %(reference)s")
    return staff_message(sentence, "booking_staff_changed", booking, **facts)


# What it was


def time_before(change: BookingEvent | None) -> str:
    """'Tuesday 9 March 2027, 1:30pm', or '' if that is not known any more."""
    moments = text.times_of_move(change)
    return text.moment_text(moments[0]) if moments else ""


def as_it_was(booking: Booking, change: BookingEvent | None) -> Booking:
    """The booking at the time that it had before this change, for whoever is to strike it out."""
    moments = text.times_of_move(change)
    if not moments or not booking.has_time:
        return booking
    start, end = booking.agreed
    before = copy(booking)
    before.starts_at, before.ends_at = moments[0], moments[0] + (end - start)
    return before


# What the emails say when a colleague takes a booking over: to who had it, and to who has it now.


def given_away(booking: Booking, *, now: datetime, to: str) -> Message:
    """Without a way to the booking, which is another's. Their calendar strikes it out, if it had it."""
    sentence = _("A colleague takes over your presentation on %(day)s (%(reference)s)")
    if not booking.has_time:
        sentence = _("A colleague takes over your request (%(reference)s)")
    in_calendars = booking.has_time and booking.state not in (State.REQUESTED, State.DECLINED)
    said = booking_message(sentence, "booking_given_away", booking, in_calendars=in_calendars, leaflet_rows=[])
    return with_calendar_entry(said, booking, "CANCEL", now=now, to=ical.Attendee(to)) if in_calendars else said


def taken_over(booking: Booking, *, now: datetime, links: PrivateLinks = None) -> Message:
    sentence = _("You take over a presentation: %(day)s (%(reference)s)")
    if not booking.has_time:
        sentence = _("You take over a request (%(reference)s)")
    said = booking_message(sentence, "booking_taken_over", booking, links=links, **joining_context(booking))
    return with_calendar_entry(said, booking, "REQUEST", now=now) if booking.state == State.CONFIRMED else said
