"""What emails about a booking have in common: the booking itself, its facts, its page, its calendar entry."""

from dataclasses import replace
from datetime import datetime
from typing import cast

from django.conf import settings
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _

from bookings import text
from bookings.calendars import ical
from bookings.models import Booking, State
from bookings.text import Row, row
from ctac.dates import format_clock, format_day
from notifications.models import Notification
from notifications.registry import Message
from professionals.models import Profession
from professionals.services import is_work_address

# The booking that an email tells of, read once for each email.


def booking_of(notification: Notification) -> Booking:
    """The booking that `about` names ("booking:12"); while a message is being sent, read once. Raises Booking.DoesNotExist."""
    found = {} if notification.found is None else notification.found
    if "booking" not in found:
        # What few emails say of it (its organisation, its visit) is read when they do: nine tables in one join take long to plan.
        found["booking"] = Booking.objects.with_names().with_leaflets().get(pk=notification.about.partition(":")[2])
    return cast("Booking", found["booking"])


# What emails about a booking have in common: its facts, its page, its calendar entry, and what staff read of the caller.

# The addresses behind which it can be changed without signing in, by what they are for; None where an email has none.
PrivateLinks = dict[str, str] | None


def booking_message(sentence: str | Promise, template: str, booking: Booking, **more: object) -> Message:
    """The sentence is the subject; it may name %(reference)s and, of what has a time, %(day)s and %(clock)s."""
    start = booking.starts_at
    day, clock = (format_day(start), format_clock(start)) if start else ("", "")
    context: dict[str, object] = {
        "booking": booking,
        "rows": text.facts(booking),
        "leaflet_rows": text.leaflet_rows_for_host(booking),
        "leaflets_url": f"{settings.SITE_URL}{reverse('leaflets')}" if text.leaflets_are_short(booking) else "",
        "day": day,
        "clock": clock,
        # Nothing that looks like a child's details reaches an email.
        "reason": "" if booking.flagged_child_details else booking.closed_reason,
        "url": f"{settings.SITE_URL}{booking.get_absolute_url()}",
    }
    subject = str(sentence) % {"day": day, "clock": clock, "reference": booking.reference}
    return Message(subject, template, {**context, **more})


def staff_message(sentence: str | Promise, template: str, booking: Booking, **more: object) -> Message:
    """The same with the booking's page on the staff site."""
    url = f"{settings.SITE_URL}{reverse('staff:bookings_booking_change', args=[booking.pk])}"
    return booking_message(sentence, template, booking, staff_url=url, **more)


def joining_context(booking: Booking) -> dict[str, object]:
    """With the joining link, for its professional and its presenter; nobody else needs it."""
    return {
        "rows": text.facts(booking, with_link=True),
        "awaits_link": booking.awaits_link,
    }


def with_calendar_entry(
    said: Message,
    booking: Booking,
    method: str,
    *,
    now: datetime,
    to: ical.Attendee | None = None,
    sequence: int | None = None,
) -> Message:
    """The same with what calendars are to do."""
    return replace(
        said, calendar=ical.booking_calendar(booking, method, now=now, to=to, sequence=sequence), calendar_method=method
    )


def presenter_message(sentence: str | Promise, template: str, booking: Booking, **more: object) -> Message:
    """The same with the visit's page among the presenter's own."""
    url = f"{settings.SITE_URL}{reverse('presenter_visit', args=[booking.reference])}"
    return booking_message(sentence, template, booking, staff_url=url, **more)


def caller_rows(booking: Booking) -> list[Row]:
    """Who asks, and whether we know where their address comes from."""
    person = booking.person
    return [
        row(_("Name"), person.name),
        row(_("Profession"), Profession(person.profession).label),
        row(_("Organisation"), person.organisation.name if person.organisation else ""),
        row(_("Email"), person.email),
        row(_("Domain"), domain_text(person.email)),
        phone_row(_("Phone"), person.phone),
        row(_("Came by"), booking.get_channel_display()),
    ]


def domain_text(email: str) -> str:
    if not email:
        return ""
    sentence = _("%(domain)s is recognised") if is_work_address(email) else _("%(domain)s is not recognised")
    return sentence % {"domain": email.rpartition("@")[2]}


def rows_of_the_day(booking: Booking) -> list[Row]:
    """What a visit needs. Free text that was flagged goes into no email (product.md, rule 6)."""
    waiting = booking.presenter.name if booking.presenter and booking.state == State.REQUESTED else ""
    profession = booking.audience_profession
    rows = [
        row(_("Kept with"), waiting),
        row(_("People coming"), booking.audience_size),
        row(_("Who is coming"), Profession(profession).label if profession else ""),
        row(_("Contact on the day"), booking.contact_name),
        phone_row(_("Their phone"), booking.contact_phone),
        row(_("Leaflets to bring"), text.leaflets_to_bring(booking)),
    ]
    if booking.flagged_child_details:
        return rows
    return [*rows, *text.needs_rows(booking)]


def phone_row(label: str, number: str) -> Row:
    """One tap on a phone (emails/includes/facts.html)."""
    return {**row(label, number), "is_phone": True}
