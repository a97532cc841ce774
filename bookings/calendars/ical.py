"""Calendar entries (RFC 5545, RFC 5546): an invitation when something is arranged or changed, its withdrawal, and a copy to keep.

REQUEST and CANCEL share UID, ORGANIZER and ATTENDEE. A REQUEST says that the attendee has accepted and asks for no reply,
because nobody should think that declining in a calendar cancels anything. A copy to download is PUBLISH and names no attendee.
The organizer is the mailbox that our mail comes from and that people read.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from email.utils import parseaddr
from functools import cache

from django.conf import settings
from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from icalendar import Calendar, Component, Event, Timezone, vCalAddress

from bookings.models import Booking, Format, OpenSession, Seat, SessionPlace, VisitLeaflets
from core.dates import UK_TZ, uk_day
from office.site_settings.queries import site_settings

METHODS = ("REQUEST", "CANCEL", "PUBLISH")
CONFIRMED, TENTATIVE, CANCELLED = "CONFIRMED", "TENTATIVE", "CANCELLED"
# Written out with the yearly rule, which every calendar program knows; the library's own lists every year since 1970.
LONDON_VTIMEZONE = """BEGIN:VTIMEZONE
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
    """Whose calendar it is: the professional's, or the presenter's, in which entries lead to the staff site."""

    email: str
    name: str = ""
    is_presenter: bool = False


@dataclass(frozen=True)
class CalendarEntry:
    """An entry for a booking, a session or leave. `status` as in RFC 5545, 3.8.1.11.

    An entry for whole days has no clock times, so that a phone shows it above the day.
    """

    uid: str
    sequence: int
    starts_at: datetime
    ends_at: datetime
    summary: str
    location: str = ""
    description: str = ""
    status: str = CONFIRMED
    whole_days: bool = False


def presenter_attendee(given: Booking | OpenSession) -> Attendee:
    """The presenter as the attendee; without an address if there is none."""
    presenter = given.presenter
    return Attendee(presenter.email, presenter.name, is_presenter=True) if presenter else Attendee("", is_presenter=True)


def booking_calendar(
    booking: Booking, method: str, *, now: datetime, to: Attendee | None = None, sequence: int | None = None
) -> bytes:
    """The iCalendar object with this `method` about the booking, to the professional if `to` is None.

    `sequence`: if it is not the booking's own, since a presenter's entry is withdrawn while it stays for others.
    """
    attendee = to or Attendee(booking.person.email, booking.person.name)
    status = CANCELLED if method == "CANCEL" else CONFIRMED
    entry = booking_entry(booking, status, for_presenter=attendee.is_presenter, sequence=sequence)
    return build_calendar(method, [entry], now=now, to=attendee).to_ical()


def session_calendar(
    session: OpenSession, method: str, *, now: datetime, to: Attendee | None = None, sequence: int | None = None
) -> bytes:
    """Like booking_calendar, for an open session.

    `to` has a place there or gives it, and reads how to join; a copy for nobody does not say.

    `sequence`: if it is not the session's own, since somebody's place comes and goes while the session stays (see
    place_sequence).
    """
    status, for_presenter = CANCELLED if method == "CANCEL" else CONFIRMED, to is not None and to.is_presenter
    entry = session_entry(session, status, for_presenter=for_presenter, may_join=to is not None, sequence=sequence)
    return build_calendar(method, [entry], now=now, to=to).to_ical()


def place_sequence(place: SessionPlace) -> int:
    """The SEQUENCE of this person's entry: higher with each change of their place and of its session.

    A person who gives a place up and comes back has the same entry (UID) again, and the invitation must outdate the withdrawal.
    """
    return place.session.sequence + place.version


def build_calendar(method: str, entries: Iterable[CalendarEntry], *, now: datetime, to: Attendee | None = None) -> Calendar:
    """All entries in one calendar; `now` is when it is written. It names `to` only if it is sent to them."""
    calendar = Calendar()
    calendar.add("prodid", "-//CTAC//Bookings//EN")
    calendar.add("version", "2.0")
    calendar.add("method", method)
    calendar.add_component(london_timezone())
    for entry in entries:
        event = Event()
        event.add("uid", entry.uid)
        event.add("sequence", entry.sequence)
        event.add("dtstamp", now.astimezone(UTC))
        if entry.whole_days:
            event.add("dtstart", uk_day(entry.starts_at))
            event.add("dtend", uk_day(entry.ends_at) + timedelta(days=1))  # the day after the last
        else:
            event.add("dtstart", entry.starts_at.astimezone(UK_TZ))
            event.add("dtend", entry.ends_at.astimezone(UK_TZ))
        for name in ("summary", "location", "description"):
            if text := getattr(entry, name):
                event.add(name, text)
        event.add("status", entry.status)
        event.add("transp", "OPAQUE")
        name, address = parseaddr(str(settings.DEFAULT_FROM_EMAIL))
        event.add("organizer", calendar_address(address, name))
        if to and to.email and method != "PUBLISH":
            attendee = calendar_address(to.email, to.name)
            attendee.params.update({"ROLE": "REQ-PARTICIPANT", "PARTSTAT": "ACCEPTED", "RSVP": "FALSE"})
            event.add("attendee", attendee)
        calendar.add_component(event)
    return calendar


def calendar_response(entry: bytes, name: str) -> HttpResponse:
    return HttpResponse(
        entry, "text/calendar; charset=utf-8", headers={"Content-Disposition": f'attachment; filename="{name}.ics"'}
    )


@cache
def london_timezone() -> Component:
    """The same object in every calendar; none changes it."""
    return Timezone.from_ical(LONDON_VTIMEZONE)


def calendar_address(email: str, name: str) -> vCalAddress:
    address = vCalAddress(f"mailto:{email}")
    if name:
        address.params["CN"] = name.replace('"', "'")  # a parameter's value can't hold the quote (RFC 5545, 3.2)
    return address


def booking_entry(booking: Booking, status: str, *, for_presenter: bool = False, sequence: int | None = None) -> CalendarEntry:
    """The entry of a booking. It says how to change the booking: a calendar can't cancel with us."""
    start, end = booking.agreed_times
    # A former presenter gets no joining link.
    withdrawn_online = status == CANCELLED and booking.format == Format.ONLINE
    if for_presenter:
        text = _(
            "Reference %(reference)s. For the contact and details, go to %(url)s. "
            "If you can’t go, tell the team: we won’t see a reply from your calendar."
        )
        brought: VisitLeaflets | None = getattr(booking, "brought", None)
        if brought and brought.live_order:
            text += " " + _("You have leaflets to bring, which are listed there too.")
        url = reverse("presenter_visit", args=[booking.reference])
    else:
        text = _(
            "Reference %(reference)s. To change or cancel, go to %(url)s or call %(phone)s. "
            "We won’t see a reply from your calendar."
        )
        url = booking.get_absolute_url()
    context = {"reference": booking.reference, "url": f"{settings.SITE_URL}{url}", "phone": site_settings().advice_phone}
    return CalendarEntry(
        uid=booking.ical_uid,
        sequence=booking.sequence if sequence is None else sequence,
        starts_at=start,
        ends_at=end,
        summary=_("Presentation: %(title)s") % {"title": booking.presentation.title},
        location=_("Online") if withdrawn_online else booking_location(booking),
        description=text % context,
        status=status,
        whole_days=booking.has_only_a_day,
    )


def team_calendar(booking: Booking, *, now: datetime) -> bytes:
    """A copy for colleagues of the person who booked: a separate entry, without the reference and the owner's page."""
    text = _("For details and any changes, go to %(url)s") % {"url": booking.team_url}
    entry = replace(booking_entry(booking, CONFIRMED), uid=f"team-{booking.ical_uid}", description=text)
    return build_calendar("PUBLISH", [entry], now=now).to_ical()


def seat_calendar(seat: Seat, method: str, *, now: datetime) -> bytes:
    """For the guest who has, or had, that seat: a separate entry, whose sequence rises with each change of seat and booking."""
    entry = seat_entry(seat, CANCELLED if method == "CANCEL" else CONFIRMED)
    return build_calendar(method, [entry], now=now, to=Attendee(seat.person.email, seat.person.name)).to_ical()


def seat_entry(seat: Seat, status: str) -> CalendarEntry:
    text = _("Reference %(reference)s. To give up your seat, go to %(url)s. We won’t see a reply from your calendar.")
    url = f"{settings.SITE_URL}{reverse('seat', args=[seat.booking.reference])}"
    return replace(
        booking_entry(seat.booking, status),
        uid=f"seat-{seat.pk}-{seat.booking.ical_uid}",
        sequence=seat.booking.sequence + seat.version,
        description=text % {"reference": seat.booking.reference, "url": url},
    )


def booking_location(booking: Booking) -> str:
    if booking.format == Format.ONLINE:
        return booking.joining_link or _("Online")
    # Nothing that looks like a child's details reaches an email or a calendar.
    room = "" if booking.flagged_child_details else booking.room
    return ", ".join(filter(None, [*booking.address_lines, room]))


def session_entry(
    session: OpenSession, status: str, *, for_presenter: bool = False, may_join: bool = False, sequence: int | None = None
) -> CalendarEntry:
    is_joinable = may_join and status == CONFIRMED and session.is_scheduled
    text, url = _("Reference %(reference)s. For details, go to %(url)s."), session.get_absolute_url()
    if for_presenter:
        text = _(
            "Reference %(reference)s. For details, go to %(url)s. "
            "If you can’t give it, tell the team: we won’t see a reply from your calendar."
        )
        url = reverse("presenter_session", args=[session.reference])
    elif may_join:
        text = _("Reference %(reference)s. To give up your place, go to %(url)s. We won’t see a reply from your calendar.")
        url = reverse("session_mine", args=[session.reference])
    description = text % {"reference": session.reference, "url": f"{settings.SITE_URL}{url}"}
    return CalendarEntry(
        uid=session.ical_uid,
        sequence=session.sequence if sequence is None else sequence,
        starts_at=session.starts_at,
        ends_at=session.ends_at,
        summary=_("Open session: %(title)s") % {"title": session.presentation.title},
        location=(session.joining_link if is_joinable else "") or _("Online"),
        description=f"{session.joining_help}\n{description}" if is_joinable and session.joining_help else description,
        status=status,
    )
