"""Calendar entries (RFC 5545, RFC 5546): an invitation when a booking is made or changed, its withdrawal, and a copy to keep.

REQUEST and CANCEL share UID, ORGANIZER and ATTENDEE. In a REQUEST the attendee has accepted already and no reply is asked
for, because nobody should think that declining in a calendar cancels the booking. A copy that someone downloads is PUBLISH
and names no attendee. The organizer is the mailbox that our mail comes from and that people read.
"""

from datetime import UTC, datetime
from email.utils import parseaddr

from django.conf import settings
from django.utils.translation import gettext as _
from icalendar import Calendar, Event, Timezone, vCalAddress

from bookings.models import Booking, Format
from ctac.uk import UK

METHODS = ("REQUEST", "CANCEL", "PUBLISH")
# Written out with the yearly rule, which every calendar program knows; the library's own lists every year since 1970.
LONDON = """BEGIN:VTIMEZONE
TZID:Europe/London
BEGIN:DAYLIGHT
DTSTART:19810329T010000
RRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=-1SU
TZNAME:BST
TZOFFSETFROM:+0000
TZOFFSETTO:+0100
END:DAYLIGHT
BEGIN:STANDARD
DTSTART:19961027T020000
RRULE:FREQ=YEARLY;BYMONTH=10;BYDAY=-1SU
TZNAME:GMT
TZOFFSETFROM:+0100
TZOFFSETTO:+0000
END:STANDARD
END:VTIMEZONE
"""


def calendar(booking: Booking, method: str, *, now: datetime) -> bytes:
    """The iCalendar object that says `method` about this booking."""
    whole = Calendar()
    whole.add("prodid", "-//CTAC//Bookings//EN")
    whole.add("version", "2.0")
    whole.add("method", method)
    whole.add_component(Timezone.from_ical(LONDON))
    whole.add_component(event(booking, method, now=now))
    return whole.to_ical()


def event(booking: Booking, method: str, *, now: datetime) -> Event:
    entry = Event()
    entry.add("uid", booking.ical_uid)
    entry.add("sequence", booking.sequence)
    entry.add("dtstamp", now.astimezone(UTC))
    start, end = booking.agreed
    entry.add("dtstart", start.astimezone(UK))
    entry.add("dtend", end.astimezone(UK))
    entry.add("summary", _("Presentation: %(title)s") % {"title": booking.presentation.title})
    entry.add("location", location(booking))
    entry.add("description", description(booking))
    entry.add("status", "CANCELLED" if method == "CANCEL" else "CONFIRMED")
    entry.add("transp", "OPAQUE")
    name, address = parseaddr(str(settings.DEFAULT_FROM_EMAIL))
    entry.add("organizer", calendar_address(address, name))
    if method != "PUBLISH" and booking.person.email:
        attendee = calendar_address(booking.person.email, booking.person.name)
        attendee.params.update({"ROLE": "REQ-PARTICIPANT", "PARTSTAT": "ACCEPTED", "RSVP": "FALSE"})
        entry.add("attendee", attendee)
    return entry


def calendar_address(email: str, name: str) -> vCalAddress:
    address = vCalAddress(f"mailto:{email}")
    if name:
        address.params["CN"] = name.replace('"', "'")  # a parameter's value can't hold the quote (RFC 5545, 3.2)
    return address


def location(booking: Booking) -> str:
    if booking.format == Format.ONLINE:
        return booking.joining_link or _("Online")
    # Nothing that looks like a child's details reaches an email or a calendar.
    room = "" if booking.flagged_child_details else booking.room
    return ", ".join(filter(None, [*booking.address_lines, room]))


def description(booking: Booking) -> str:
    """How to change it: a calendar can't cancel with us."""
    return _("Reference %(reference)s. To change or cancel, go to %(url)s or call %(phone)s: answering here doesn’t tell us.") % {
        "reference": booking.reference,
        "url": f"{settings.SITE_URL}{booking.get_absolute_url()}",
        "phone": settings.ADVICE_PHONE,
    }
