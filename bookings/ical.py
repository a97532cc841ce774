"""Calendar entries (RFC 5545, RFC 5546): an invitation when a booking is made or changed, its withdrawal, and a copy to keep.

REQUEST and CANCEL share UID, ORGANIZER and ATTENDEE. In a REQUEST the attendee has accepted already and no reply is asked
for, because nobody should think that declining in a calendar cancels the booking. A copy that someone downloads is PUBLISH
and names no attendee. The organizer is the mailbox that our mail comes from and that people read.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parseaddr
from typing import TYPE_CHECKING

from django.conf import settings
from django.urls import reverse
from django.utils.translation import gettext as _

from bookings import leaflet_words
from bookings.models import Booking, Format
from ctac.uk import UK

# The library takes 3 MB: a web worker that makes no entry does without it.
if TYPE_CHECKING:
    from icalendar import Event, vCalAddress

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


@dataclass(frozen=True)
class Attendee:
    """Whose calendar the entry is for: the professional's, or the presenter's, which leads to the staff site."""

    email: str
    name: str = ""
    is_presenter: bool = False


def presenter_of(booking: Booking) -> Attendee:
    """For the calendar of who gives it; nobody's if nobody does."""
    presenter = booking.presenter
    return Attendee(presenter.email, presenter.name, is_presenter=True) if presenter else Attendee("", is_presenter=True)


def calendar(booking: Booking, method: str, *, now: datetime, to: Attendee | None = None, sequence: int | None = None) -> bytes:
    """The iCalendar object that says `method` about this booking, to the professional if nobody is named.

    `sequence` where it is not the booking's own: a presenter is told that it is theirs no longer while it stays for others.
    """
    from icalendar import Calendar, Timezone

    whole = Calendar()
    whole.add("prodid", "-//CTAC//Bookings//EN")
    whole.add("version", "2.0")
    whole.add("method", method)
    whole.add_component(Timezone.from_ical(LONDON))
    whole.add_component(event(booking, method, to or Attendee(booking.person.email, booking.person.name), sequence, now=now))
    return whole.to_ical()


def event(booking: Booking, method: str, to: Attendee, sequence: int | None, *, now: datetime) -> "Event":
    from icalendar import Event

    entry = Event()
    entry.add("uid", booking.ical_uid)
    entry.add("sequence", booking.sequence if sequence is None else sequence)
    entry.add("dtstamp", now.astimezone(UTC))
    start, end = booking.agreed
    entry.add("dtstart", start.astimezone(UK))
    entry.add("dtend", end.astimezone(UK))
    entry.add("summary", _("Presentation: %(title)s") % {"title": booking.presentation.title})
    # Who gave it before needs no way in to what somebody else gives now.
    withdrawn_online = method == "CANCEL" and booking.format == Format.ONLINE
    entry.add("location", _("Online") if withdrawn_online else location(booking))
    entry.add("description", description(booking, for_presenter=to.is_presenter))
    entry.add("status", "CANCELLED" if method == "CANCEL" else "CONFIRMED")
    entry.add("transp", "OPAQUE")
    name, address = parseaddr(str(settings.DEFAULT_FROM_EMAIL))
    entry.add("organizer", calendar_address(address, name))
    if method != "PUBLISH" and to.email:
        attendee = calendar_address(to.email, to.name)
        attendee.params.update({"ROLE": "REQ-PARTICIPANT", "PARTSTAT": "ACCEPTED", "RSVP": "FALSE"})
        entry.add("attendee", attendee)
    return entry


def calendar_address(email: str, name: str) -> "vCalAddress":
    from icalendar import vCalAddress

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


def description(booking: Booking, *, for_presenter: bool = False) -> str:
    """How to change it: a calendar can't cancel with us."""
    if for_presenter:
        words = _("Reference %(reference)s. Contact and details: %(url)s. Can’t you go? Tell the team, not the calendar.")
        if leaflet_words.live_order(booking):
            words += " " + _("There are leaflets to bring: they stand there too.")
        url = f"{settings.SITE_URL}{reverse('presenter_visit', args=[booking.reference])}"
        return words % {"reference": booking.reference, "url": url}
    return _("Reference %(reference)s. To change or cancel, go to %(url)s or call %(phone)s: answering here doesn’t tell us.") % {
        "reference": booking.reference,
        "url": f"{settings.SITE_URL}{booking.get_absolute_url()}",
        "phone": settings.ADVICE_PHONE,
    }
