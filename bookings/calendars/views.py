"""Calendar feeds: their addresses, which their owners make and revoke, their entries, and the owners' page."""

import base64
import hashlib
import re
import secrets
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.contrib import messages
from django.db import transaction
from django.db.models import Exists, OuterRef, Q
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.cache import get_conditional_response, patch_cache_control
from django.utils.crypto import constant_time_compare, salted_hmac
from django.utils.http import http_date
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from accounts import rate_limits
from accounts.access import signed_in_user
from accounts.models import LimitedActivity, ThrottleScope, User
from accounts.rate_limits import Throttle, check_throttles
from bookings.calendars import ical
from bookings.calendars.ical import CANCELLED, CONFIRMED, TENTATIVE, CalendarEntry
from bookings.models import (
    OCCUPYING_STATES,
    PLACE_GAINED_EVENTS,
    Booking,
    BookingEvent,
    BookingEventKind,
    BookingQuerySet,
    BookingState,
    BusyKind,
    BusyTime,
    CalendarFeed,
    Leave,
    OpenSession,
    PlaceState,
    Presenter,
    Seat,
    SessionEvent,
    SessionEventKind,
    SessionPlace,
    SessionState,
)
from bookings.models.leave import END_OF_DAY, START_OF_DAY
from bookings.models.links import hash_token
from core.dates import UK_TZ, format_day, format_uk_time, uk_day
from core.forms import FORM_METHODS
from core.logs import request_reference
from professionals.access import person_required, signed_in_person
from professionals.areas import postcode_area
from professionals.models import Person

# Calendar feeds (ADR 15).
FEED_HISTORY_PERIOD = timedelta(days=90)
FEED_CANCELLED_RETENTION = timedelta(days=14)
FEED_REFRESH_INTERVAL = timedelta(hours=1)  # what we ask of calendar programs; many look more seldom
# Addresses that are no calendar, by network address: guessing costs more than it finds. Real ones are not counted, because Google
# and Microsoft read everybody's from a few addresses of theirs.
UNKNOWN_FEED_RATE_LIMIT = (60, timedelta(hours=1))

# A calendar feed, for the program that reads it; and the page on which a professional makes its address and revokes it.
#
# Reading a feed needs no sign-in and no cookie, only the address. An address that never existed, that is revoked, or whose owner
# may no longer sign in is a 404.


@require_safe
def calendar_feed(request: HttpRequest, token: str) -> HttpResponse:
    now, feeds = timezone.now(), CalendarFeed.objects.working().select_related("person", "presenter")
    feed = feeds.filter(token_hash=hash_token(token)).first() if TOKEN_PATTERN.fullmatch(token) else None
    if feed is None:
        guess = Throttle(ThrottleScope.NETWORK, f"calendar:{rate_limits.client_ip(request)}", *UNKNOWN_FEED_RATE_LIMIT)
        if stop := check_throttles(request, LimitedActivity.CALENDAR, [guess], now):
            context = {"reference": request_reference.get()}
            refused = render(request, "errors/429.html", context, status=HTTPStatus.TOO_MANY_REQUESTS)
            refused.headers["Retry-After"] = str(stop.seconds(now))
            return refused
        raise Http404
    # In the language that the owner has chosen: a calendar program has no cookie.
    with translation.override((feed.person and feed.person.language) or settings.LANGUAGE_CODE):
        name = _("CTAC team") if feed.team else _("CTAC diary") if feed.presenter else _("CTAC presentations")
        entries = feed_entries(feed, now)
    # It changes only when a calendar program would read something else.
    digest = hashlib.sha256(repr((ENTRY_FORMAT_VERSION, settings.SITE_URL, name, entries)).encode()).hexdigest()
    changed_at = record_feed_read(feed=feed, digest=digest, now=now)
    etag, stamp = f'W/"{digest}"', int(changed_at.timestamp())
    response = get_conditional_response(request, etag=etag, last_modified=stamp)
    if response is None or response.status_code != HTTPStatus.NOT_MODIFIED:
        response = HttpResponse(feed_file(name, entries, changed_at), content_type="text/calendar; charset=utf-8")
        response.headers["Content-Disposition"] = 'inline; filename="ctac.ics"'
    for header, value in {"ETag": etag, "Last-Modified": http_date(stamp), "X-Robots-Tag": "noindex, nofollow"}.items():
        response.headers[header] = value
    patch_cache_control(response, private=True, no_cache=True)
    return response


@require_http_methods(FORM_METHODS)
@person_required
def my_calendar(request: HttpRequest) -> HttpResponse:
    person, now = signed_in_person(request), timezone.now()
    if request.method == "POST":
        get_or_create_feed(owner=person, by=signed_in_user(request), now=now)
        messages.success(request, _("Your calendar address is ready."))
        return redirect("my_calendar")
    return render(request, "bookings/calendars/calendar.html", feed_page_context(person, signed_in_user(request), now))


@require_http_methods(FORM_METHODS)
@person_required
def my_calendar_stop(request: HttpRequest) -> HttpResponse:
    if request.method == "POST":
        revoke_feed(owner=signed_in_person(request), by=signed_in_user(request), now=timezone.now())
        messages.success(request, _("Your old calendar address no longer works."))
        return redirect("my_calendar")
    return render(request, "bookings/calendars/calendar_stop.html")


# Calendar feeds: their addresses, made and revoked by their owner, and their entries.

# A token is 256 bits, derived from a random seed of the row and the site's secret key. So the database alone opens no calendar,
# and yet its owner can look the address up again for a second device. ADR 15 says why.

TOKEN_PATTERN = re.compile(r"[A-Za-z0-9_-]{43}")  # 256 bits, six a letter
READ_AT_PRECISION = timedelta(hours=1)  # how exactly we note the last reading, so that not every one is a write


# A user is a colleague with the team's feed.
FeedOwner = Person | Presenter | User


def owner_lookup(owner: FeedOwner) -> dict[str, Any]:
    if isinstance(owner, User):
        return {"user": owner, "team": True}
    return {"presenter" if isinstance(owner, Presenter) else "person": owner}


@transaction.atomic
def get_or_create_feed(*, owner: FeedOwner, by: User, now: datetime) -> CalendarFeed:
    """The owner's calendar address: the present one, or a new one. One that another account made ends."""
    CalendarFeed.objects.filter(**owner_lookup(owner)).exclude(user=by).delete()
    seed = secrets.token_urlsafe(32)
    token_hash = hash_token(token_from(seed, settings.SECRET_KEY))
    new = {"user": by, "seed": seed, "token_hash": token_hash, "created_at": now}
    feed, _new = CalendarFeed.objects.get_or_create(**owner_lookup(owner), defaults=new)
    return feed


def revoke_feed(owner: FeedOwner, *, by: User | None, now: datetime) -> None:
    """From now on no calendar program can read it, and the address never works again."""
    CalendarFeed.objects.filter(**owner_lookup(owner)).delete()


def feed_token(feed: CalendarFeed) -> str:
    """The token, for its owner only. Empty if it was made under a secret key that is gone: it works, but can't be shown."""
    tokens = (token_from(feed.seed, secret) for secret in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS))
    return next((token for token in tokens if constant_time_compare(hash_token(token), feed.token_hash)), "")


def record_feed_read(*, feed: CalendarFeed, digest: str, now: datetime) -> datetime:
    """Note that a calendar program reads what has this digest. Returns since when the feed is like that.

    At most one statement, and mostly none.
    """
    changed_at = feed.changed_at
    if changed_at is None or feed.digest != digest:
        # A client that knows only Last-Modified compares whole seconds.
        changed_at = (max(now, changed_at + timedelta(seconds=1)) if changed_at else now).replace(microsecond=0)
    elif feed.read_at is not None and feed.read_at > now - READ_AT_PRECISION:
        return changed_at
    # Not .save(), which raises if it was revoked at this very moment.
    CalendarFeed.objects.filter(pk=feed.pk).update(digest=digest, changed_at=changed_at, read_at=now)
    return changed_at


def token_from(seed: str, secret: str) -> str:
    digest = salted_hmac("bookings.calendar.feed", seed, secret=secret, algorithm="sha256").digest()
    return base64.urlsafe_b64encode(digest).decode().rstrip("=")


# What is called off stays in a feed for a while as CANCELLED, for programs that remove nothing by themselves. What a presenter no
# longer gives, because somebody else does, is gone at once: it is not theirs to see.

# Raise it when entries are written in another form, so that programs fetch them again.
ENTRY_FORMAT_VERSION = 1
CLOSED_STATES = (BookingState.CANCELLED, BookingState.DECLINED)
PLACE_ENDED_KINDS = (SessionEventKind.GIVEN_UP, SessionEventKind.LAPSED, SessionEventKind.BUMPED)


def feed_entries(feed: CalendarFeed, now: datetime) -> list[CalendarEntry]:
    """The entries, in the order of their starts. Two or three statements, however many there are."""
    if feed.team:
        entries = team_entries(now)
    else:
        entries = presenter_entries(feed.presenter, now) if feed.presenter else person_entries(feed.person, now)
    return sorted(entries, key=lambda entry: (entry.starts_at, entry.uid))


def feed_file(name: str, entries: list[CalendarEntry], changed_at: datetime) -> bytes:
    """The whole feed, stamped with when it last changed: two readings of the same entries are equal, byte for byte."""
    calendar = ical.build_calendar("PUBLISH", entries, now=changed_at)
    every = FEED_REFRESH_INTERVAL
    calendar.add("name", name)
    calendar.add("x-wr-calname", name)
    calendar.add("x-wr-timezone", UK_TZ.key)
    calendar.add("refresh-interval", every, parameters={"VALUE": "DURATION"})
    calendar.add("x-published-ttl", f"PT{int(every.total_seconds() // 3600)}H")
    return calendar.to_ical()


def booking_entries(bookings: BookingQuerySet, now: datetime, *, requested: str, for_presenter: bool) -> Iterator[CalendarEntry]:
    """Bookings that have a time, closed ones only for a while. `requested`: the summary while staff must still decide."""
    closed = BookingEvent.objects.filter(
        booking=OuterRef("pk"),
        kind__in=(BookingEventKind.CANCELLED, BookingEventKind.DECLINED),
        at__gte=now - FEED_CANCELLED_RETENTION,
    )
    open_or_lately = ~Q(state__in=CLOSED_STATES) | Exists(closed)
    for booking in bookings.with_related().with_leaflets().filter(open_or_lately, starts_at__gte=now - FEED_HISTORY_PERIOD):
        status = (
            CANCELLED if booking.state in CLOSED_STATES else TENTATIVE if booking.state == BookingState.REQUESTED else CONFIRMED
        )
        entry = ical.booking_entry(booking, status, for_presenter=for_presenter)
        yield replace(entry, summary=requested % {"title": booking.presentation.title}) if status == TENTATIVE else entry


def person_entries(person: Person | None, now: datetime) -> Iterator[CalendarEntry]:
    bookings = Booking.objects.filter(person=person)
    yield from booking_entries(bookings, now, requested=_("Asked for: %(title)s"), for_presenter=False)
    # Taken and offered places, and for a while those given up or called off. Nothing for people who only wait, or waited.
    events = SessionEvent.objects.filter(at__gte=now - FEED_CANCELLED_RETENTION)
    called_off = events.filter(session=OuterRef("session"), kind=SessionEventKind.CANCELLED)
    ended = events.filter(place=OuterRef("pk"), kind__in=PLACE_ENDED_KINDS)
    stood_here = SessionEvent.objects.filter(place=OuterRef("pk"), kind__in=(*PLACE_GAINED_EVENTS, SessionEventKind.OFFERED))
    places = SessionPlace.objects.for_my_page(person).filter(session__starts_at__gte=now - FEED_HISTORY_PERIOD)
    alive = ~Q(session__state=SessionState.CANCELLED)
    shown = places.filter(
        (alive & Q(state__in=OCCUPYING_STATES))
        | (alive & Q(state__in=(PlaceState.GIVEN_UP, PlaceState.WAITING)) & Exists(ended) & Exists(stood_here))
        | (~alive & Q(state__in=OCCUPYING_STATES) & Exists(called_off))
    )
    yield from map(place_entry, shown)
    seats = person.seats.approved().with_booking() if person else Seat.objects.none()
    for seat in seats.filter(booking__state=BookingState.CONFIRMED, booking__starts_at__gte=now - FEED_HISTORY_PERIOD):
        yield ical.seat_entry(seat, CONFIRMED)


def presenter_entries(presenter: Presenter, now: datetime) -> Iterator[CalendarEntry]:
    bookings = Booking.objects.filter(presenter=presenter)
    yield from booking_entries(bookings, now, requested=_("Kept for a request: %(title)s"), for_presenter=True)
    since = now - FEED_HISTORY_PERIOD
    closed = SessionEvent.objects.filter(
        session=OuterRef("pk"), kind=SessionEventKind.CANCELLED, at__gte=now - FEED_CANCELLED_RETENTION
    )
    sessions = OpenSession.objects.with_related().filter(presenter=presenter, starts_at__gte=since)
    for session in sessions.filter(~Q(state=SessionState.CANCELLED) | Exists(closed)):
        status = CANCELLED if session.state == SessionState.CANCELLED else CONFIRMED
        yield ical.session_entry(session, status, for_presenter=True, may_join=True)
    for leave in Leave.objects.granted().filter(presenter=presenter, ends_at__gte=since):
        # Without the reason: others may see the calendar on a phone.
        yield CalendarEntry(
            uid=f"leave-{leave.pk}@{urlsplit(settings.SITE_URL).hostname}",
            sequence=0,
            starts_at=leave.starts_at,
            ends_at=leave.ends_at,
            summary=_("Away"),
            whole_days=takes_whole_days(leave.starts_at, leave.ends_at),
        )


def team_entries(now: datetime) -> Iterator[CalendarEntry]:
    """When each presenter is busy, and roughly where; not whom they see, what they give, or why. Without holds: they are over
    before a calendar looks again."""
    claims = BusyTime.objects.live_at(now).exclude(kind=BusyKind.HOLD).filter(busy__endswith__gte=now - FEED_HISTORY_PERIOD)
    columns = ("pk", "presenter__name", "kind", "busy__startswith", "busy__endswith", "postcode")
    for key, name, kind, start, end, postcode in claims.order_by("pk").values_list(*columns):
        yield CalendarEntry(
            uid=f"busy-{key}@{urlsplit(settings.SITE_URL).hostname}",
            sequence=0,
            starts_at=start,
            ends_at=end,
            summary=_("%(name)s: busy") % {"name": name},
            location=postcode_area(postcode),
            status=TENTATIVE if kind in (BusyKind.OPTION, BusyKind.HELD) else CONFIRMED,
            whole_days=takes_whole_days(start, end),
        )


def takes_whole_days(starts_at: datetime, ends_at: datetime) -> bool:
    return (starts_at.astimezone(UK_TZ).time(), ends_at.astimezone(UK_TZ).time()) == (START_OF_DAY, END_OF_DAY)


def place_entry(place: SessionPlace) -> CalendarEntry:
    session, sequence = place.session, ical.place_sequence(place)
    if session.state == SessionState.CANCELLED or place.state not in OCCUPYING_STATES:
        return ical.session_entry(session, CANCELLED, may_join=True, sequence=sequence)
    if place.offer_expires_at is None:
        return ical.session_entry(session, CONFIRMED, may_join=True, sequence=sequence)
    offered = ical.session_entry(session, TENTATIVE, may_join=True, sequence=sequence)
    until = {"day": format_day(place.offer_expires_at), "clock": format_uk_time(place.offer_expires_at)}
    return replace(
        offered,
        summary=_("Place offered: %(title)s") % {"title": session.presentation.title},
        description=_("This place is kept for you until %(clock)s on %(day)s.") % until + "\n" + offered.description,
    )


def feed_page_context(owner: FeedOwner, user: User, now: datetime) -> dict[str, str | bool]:
    """For the owner's page: the address, if they made one, and when a calendar program last read it."""
    feed = CalendarFeed.objects.working().filter(**{**owner_lookup(owner), "user": user}).first()
    token = feed_token(feed) if feed else ""
    read_at = feed.read_at if feed else None
    day = _("today") if read_at and uk_day(read_at) == uk_day(now) else format_day(read_at) if read_at else ""
    return {
        "has_feed": feed is not None,
        "feed_url": f"{settings.SITE_URL}{reverse('calendar_feed', args=[token])}" if token else "",
        "feed_read": f"{day}, {format_uk_time(read_at)}" if read_at else "",
    }
