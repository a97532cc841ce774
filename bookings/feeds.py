"""What stands in somebody's calendar feed: what is theirs from ninety days ago on, each as their calendar needs it.

What was called off stays for a while as CANCELLED, for programs that take nothing out by themselves. What a presenter gives no
more, because somebody else does, is gone at once: it is not theirs to see.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from urllib.parse import urlsplit

from django.conf import settings
from django.db.models import Exists, OuterRef, Q
from django.urls import reverse
from django.utils.translation import gettext as _

from bookings import ical, rules
from bookings.ical import CANCELLED, CONFIRMED, TENTATIVE, Entry
from bookings.models import (
    OCCUPYING,
    Booking,
    BookingEvent,
    BookingQuerySet,
    CalendarFeed,
    EventKind,
    Leave,
    OpenSession,
    PlaceState,
    Presenter,
    SessionEvent,
    SessionEventKind,
    SessionPlace,
    SessionState,
    State,
)
from bookings.models.leave import END_OF_DAY, START_OF_DAY
from bookings.services.feeds import token_of
from ctac.uk import UK, format_clock, format_day, uk_day
from professionals.models import Person, User

# Goes up when what we write about the same things is written otherwise, so that programs fetch it anew.
FORMAT = 1
CLOSED = (State.CANCELLED, State.DECLINED)
ENDED_PLACE = (SessionEventKind.GIVEN_UP, SessionEventKind.LAPSED, SessionEventKind.BUMPED)


def name_of(feed: CalendarFeed) -> str:
    """What the calendar is called in the program that reads it."""
    return _("CTAC diary") if feed.presenter else _("CTAC presentations")


def entries(feed: CalendarFeed, now: datetime) -> list[Entry]:
    """In the order of their starts. Two or three statements, however many there are."""
    found = of_presenter(feed.presenter, now) if feed.presenter else of_person(feed.person, now)
    return sorted(found, key=lambda entry: (entry.starts_at, entry.uid))


def digest_of(name: str, found: list[Entry]) -> str:
    """The same for as long as a calendar program would read the same."""
    return hashlib.sha256(repr((FORMAT, settings.SITE_URL, name, found)).encode()).hexdigest()


def written(name: str, found: list[Entry], changed_at: datetime) -> bytes:
    """The whole feed. Stamped with when it last changed: two readings of the same are the same, byte for byte."""
    calendar = ical.whole("PUBLISH", found, now=changed_at)
    every = rules.FEED_READ_EVERY
    calendar.add("name", name)
    calendar.add("x-wr-calname", name)
    calendar.add("x-wr-timezone", UK.key)
    calendar.add("refresh-interval", every, parameters={"VALUE": "DURATION"})
    calendar.add("x-published-ttl", f"PT{int(every.total_seconds() // 3600)}H")
    return calendar.to_ical()


def since(now: datetime) -> datetime:
    return now - rules.FEED_LOOKS_BACK


def lately(now: datetime) -> datetime:
    return now - rules.FEED_KEEPS_CANCELLED


def of_person(person: Person | None, now: datetime) -> Iterator[Entry]:
    for booking in bookings(Booking.objects.filter(person=person), now):
        yield booking_entry(booking, _("Asked for: %(title)s"), for_presenter=False)
    yield from places(person, now)


def of_presenter(presenter: Presenter, now: datetime) -> Iterator[Entry]:
    for booking in bookings(Booking.objects.filter(presenter=presenter), now):
        yield booking_entry(booking, _("Kept for a request: %(title)s"), for_presenter=True)
    closed = SessionEvent.objects.filter(session=OuterRef("pk"), kind=SessionEventKind.CANCELLED, at__gte=lately(now))
    sessions = OpenSession.objects.with_names().filter(presenter=presenter, starts_at__gte=since(now))
    for session in sessions.filter(~Q(state=SessionState.CANCELLED) | Exists(closed)):
        status = CANCELLED if session.state == SessionState.CANCELLED else CONFIRMED
        yield ical.of_session(session, status, for_presenter=True, may_join=True)
    for leave in Leave.objects.granted().filter(presenter=presenter, ends_at__gte=since(now)):
        yield leave_entry(leave)


# Bookings


def bookings(theirs: BookingQuerySet, now: datetime) -> BookingQuerySet:
    """Those that have a time, the closed ones for a while only."""
    closed = BookingEvent.objects.filter(
        booking=OuterRef("pk"), kind__in=(EventKind.CANCELLED, EventKind.DECLINED), at__gte=lately(now)
    )
    open_or_lately = ~Q(state__in=CLOSED) | Exists(closed)
    return theirs.with_names().with_leaflets().filter(open_or_lately, starts_at__gte=since(now))


def booking_entry(booking: Booking, asked: str, *, for_presenter: bool) -> Entry:
    """`asked`: how one is called on which staff must still decide."""
    status = CANCELLED if booking.state in CLOSED else TENTATIVE if booking.state == State.REQUESTED else CONFIRMED
    entry = ical.of_booking(booking, status, for_presenter=for_presenter)
    return replace(entry, summary=asked % {"title": booking.presentation.title}) if status == TENTATIVE else entry


# Places at open sessions


def places(person: Person | None, now: datetime) -> Iterator[Entry]:
    """Taken and offered ones; given up and called off ones for a while. Who only waits has nothing to come to."""
    told = SessionEvent.objects.filter(at__gte=lately(now))
    called_off = told.filter(session=OuterRef("session"), kind=SessionEventKind.CANCELLED)
    ended = told.filter(place=OuterRef("pk"), kind__in=ENDED_PLACE)
    theirs = SessionPlace.objects.for_my_page(person).filter(session__starts_at__gte=since(now))
    alive = ~Q(session__state=SessionState.CANCELLED)
    shown = theirs.filter(
        (alive & Q(state__in=OCCUPYING))
        | (alive & Q(state__in=(PlaceState.GIVEN_UP, PlaceState.WAITING)) & Exists(ended))
        | (~alive & Q(state__in=OCCUPYING) & Exists(called_off))
    )
    return map(place_entry, shown)


def place_entry(place: SessionPlace) -> Entry:
    session, sequence = place.session, ical.place_sequence(place)
    if session.state == SessionState.CANCELLED or place.state not in OCCUPYING:
        return ical.of_session(session, CANCELLED, may_join=True, sequence=sequence)
    if place.offer_expires_at is None:
        return ical.of_session(session, CONFIRMED, may_join=True, sequence=sequence)
    offered = ical.of_session(session, TENTATIVE, may_join=True, sequence=sequence)
    until = {"day": format_day(place.offer_expires_at), "clock": format_clock(place.offer_expires_at)}
    return replace(
        offered,
        summary=_("Place offered: %(title)s") % {"title": session.presentation.title},
        description=_("This place is kept for you until %(clock)s on %(day)s.") % until + "\n" + offered.description,
    )


# Leave


def leave_entry(leave: Leave) -> Entry:
    """Never why: a phone shows its calendar to whoever stands beside it."""
    start, end = leave.starts_at.astimezone(UK), leave.ends_at.astimezone(UK)
    return Entry(
        uid=f"leave-{leave.pk}@{urlsplit(settings.SITE_URL).hostname}",
        sequence=0,
        starts_at=leave.starts_at,
        ends_at=leave.ends_at,
        summary=_("Away"),
        location="",
        description="",
        whole_days=(start.time(), end.time()) == (START_OF_DAY, END_OF_DAY),
    )


# Its own page


def shown(owner: Person | Presenter, user: User, now: datetime) -> dict[str, str | bool]:
    """For the owner's page: the address, if they made one, and whenever a calendar program last looked there."""
    whose = {"presenter" if isinstance(owner, Presenter) else "person": owner}
    feed = CalendarFeed.objects.working().filter(**whose, user=user).first()
    token = token_of(feed) if feed else ""
    read_at = feed.read_at if feed else None
    day = _("today") if read_at and uk_day(read_at) == uk_day(now) else format_day(read_at) if read_at else ""
    return {
        "has_feed": feed is not None,
        "feed_url": f"{settings.SITE_URL}{reverse('calendar_feed', args=[token])}" if token else "",
        "feed_read": f"{day}, {format_clock(read_at)}" if read_at else "",
    }
