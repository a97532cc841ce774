"""What each email about a request and its dates says. The others: bookings.messages."""

from collections.abc import Callable, Sequence
from datetime import datetime

from django.conf import settings
from django.urls import reverse
from django.utils.translation import gettext as _

from bookings import date_words
from bookings.messages import caller, message, on_the_day, staff_message
from bookings.models import Booking, DateOption, OptionKind, OptionState
from bookings.words import Row, row
from notifications.registry import Message

Options = Sequence[DateOption]


def answer_url(booking: Booking) -> str:
    return f"{settings.SITE_URL}{reverse('booking_answer', args=[booking.reference])}"


# To the professional


def requested(booking: Booking, options: Options, *, now: datetime) -> Message:
    rows = date_words.chosen_rows(options, now)
    return message(_("We have your request (%(reference)s)"), "booking_dates_requested", booking, date_rows=rows)


def offered(booking: Booking, options: Options) -> Message:
    """The link opens the page and changes nothing: the answer is a button there."""
    offers = date_words.offers(options)
    more = {
        "date_rows": date_words.offered_rows(options),
        "until": date_words.kept_till(offers),
        "answer_url": answer_url(booking),
    }
    return message(_("Please choose a time for your presentation (%(reference)s)"), "booking_offered", booking, **more)


def lapsed(booking: Booking, options: Options, *, now: datetime) -> Message:
    """We offered and they didn't answer, or they asked and we didn't, or the presenter is away then."""
    ours = any(option.kind == OptionKind.PROPOSED and option.state == OptionState.EXPIRED for option in options)
    sentence = _("We no longer keep the dates you asked for (%(reference)s)")
    if ours:
        sentence = _("We no longer keep the times we offered (%(reference)s)")
    more = {"date_rows": lapsed_rows(options, date_words.why_gone, now), "answer_url": answer_url(booking)}
    return message(sentence, "booking_dates_lapsed", booking, ours=ours, **more)


def lapsed_rows(options: Options, why: Callable[[DateOption, datetime], str], now: datetime) -> list[Row]:
    """What is no longer kept, each with why: the times that we offered, else the dates that they asked for."""
    ours = [option for option in options if option.kind == OptionKind.PROPOSED and option.state == OptionState.EXPIRED]
    asked = date_words.labelled([option for option in options if option.kind == OptionKind.PREFERRED])
    named = [(_("Time %(number)d") % {"number": number}, option) for number, option in enumerate(ours, start=1)]
    lapsed = named or [(label, option) for label, option in asked if option.state == OptionState.EXPIRED]
    return [row(label, f"{option.when}\n{why(option, now)}") for label, option in lapsed]


# To the team


def new_for_team(booking: Booking, options: Options, *, now: datetime) -> Message:
    more = {
        "date_rows": date_words.rows_for_staff(options, now),
        "request_reason": "" if booking.flagged_child_details else booking.request_reason,
        "caller_rows": caller(booking),
        "day_rows": on_the_day(booking),
    }
    return staff_message(_("Please decide: request %(reference)s with own dates"), "booking_staff_dates", booking, **more)


def time_taken(booking: Booking) -> Message:
    return staff_message(_("Agreed: %(reference)s on %(day)s"), "booking_staff_request", booking, what="taken")


def others_asked(booking: Booking, words: str) -> Message:
    shown = "" if booking.flagged_child_details else words
    sentence = _("Please offer other times: request %(reference)s")
    return staff_message(sentence, "booking_staff_request", booking, what="others", words=shown)


def lapsed_for_team(booking: Booking, options: Options, *, now: datetime) -> Message:
    more = {"what": "lapsed", "date_rows": lapsed_rows(options, date_words.for_staff, now)}
    return staff_message(_("Dates lapsed: request %(reference)s"), "booking_staff_request", booking, **more)
