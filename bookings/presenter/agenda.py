"""What a presenter gives on a day: where to go, when to leave, whom to ask for, what to bring. On a page and in an email."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from itertools import takewhile
from typing import Any

from django.db.models import Prefetch
from django.utils.translation import gettext as _

from bookings import rules, text
from bookings.booking.services.notify import notify_once
from bookings.models import Booking, BookingQuerySet, BusyTime, Format, OpenSession, Presenter, SessionState, State
from bookings.open_sessions.queries import places_in_words
from bookings.schedule.access import own_sessions, own_visits
from bookings.schedule.queries import read_journeys
from bookings.travel import Journeys, travel_between
from ctac.dates import format_clock, uk_datetime, uk_day
from leaflets.models import OrderLine
from notifications.outbox import About

A_DAY = timedelta(days=1)
GIVEN_STATES = (State.CONFIRMED, State.DELIVERED)
SESSIONS_IN_A_DIARY = (SessionState.SCHEDULED, SessionState.DELIVERED)


@dataclass(frozen=True)
class VisitStop:
    """One booking of the day. `leave` is empty for what needs no journey; `now` is for the page: where a visit stands."""

    booking: Booking
    leave: str
    rows: list[text.Row]
    now: object = None

    @property
    def start(self) -> datetime:
        return self.booking.agreed[0]


@dataclass(frozen=True)
class SessionStop:
    """An open session in a day of the presenter: nobody goes anywhere for it."""

    session: OpenSession
    rows: list[text.Row]

    @property
    def start(self) -> datetime:
        return self.session.starts_at


def stops_on(presenter: Presenter, day: date) -> list[VisitStop | SessionStop]:
    """What this presenter gives on that UK day, in order; each journey begins where the visit before ended, or at the base."""
    start, end = uk_datetime(day, time.min), uk_datetime(day + A_DAY, time.min)
    in_order = Prefetch("brought__order__lines", queryset=OrderLine.objects.in_order())
    given = list(visits_on(presenter, day).filter(state__in=GIVEN_STATES).prefetch_related(in_order).order_by("starts_at", "pk"))
    of_the_day = own_sessions(presenter).filter(starts_at__gte=start, starts_at__lt=end, state__in=SESSIONS_IN_A_DIARY)
    sessions = list(of_the_day.select_related("presentation", "presenter", "busy_time"))
    claims = claims_of([*given, *sessions])
    journeys = read_journeys([presenter.base, *(claim.place for claim in claims)])
    found: list[VisitStop | SessionStop] = [SessionStop(session, session_stop_rows(session)) for session in sessions]
    found += [
        VisitStop(booking, when_to_leave(presenter, booking, claims, journeys), visit_stop_rows(booking)) for booking in given
    ]
    return sorted(found, key=lambda stop: stop.start)


def visits_on(presenter: Presenter, day: date) -> BookingQuerySet:
    start, end = uk_datetime(day, time.min), uk_datetime(day + A_DAY, time.min)
    return own_visits(presenter).select_related("busy_time").filter(starts_at__gte=start, starts_at__lt=end)


def claim_of(given: Booking | OpenSession) -> BusyTime | None:
    claim: BusyTime | None = getattr(given, "busy_time", None)
    return claim


def claims_of(given: Iterable[Booking | OpenSession]) -> list[BusyTime]:
    """In order of time."""
    return sorted((claim for each in given if (claim := claim_of(each))), key=lambda claim: claim.busy.lower)


def when_to_leave(presenter: Presenter, booking: Booking, claims: Sequence[BusyTime], journeys: Journeys) -> str:
    """'Leave at 8:55am from LS1 4AP: 65 minutes on the way, with parking'. `claims` are the day's, in order.

    Something online is given from the base, so the journey after it begins there. Where staff went past that, it is given where
    they are then: they leave as much earlier as it takes.
    """
    claim = claim_of(booking)
    if claim is None or claim.place is None:
        return ""
    start = booking.agreed[0]
    earlier = [each for each in claims if each.busy.upper <= start]
    online = list(takewhile(lambda each: each.place is None, reversed(earlier)))
    before = earlier[-len(online) - 1] if len(earlier) > len(online) else None
    from_base = travel_between(presenter.base, claim.place, None, claim.travel_minutes, journeys)
    if online and online[0].busy.upper <= start - from_base:
        before = None
    origin = before.place if before and before.place else presenter.base
    way = travel_between(origin, claim.place, before.travel_minutes if before else None, claim.travel_minutes, journeys)
    if not way:
        return _("No journey: the way from %(from)s takes no time.") % {"from": origin.postcode}
    leave = start - way
    for each in online:
        if leave < each.busy.upper:
            leave -= each.busy.upper - each.busy.lower
    facts = {"clock": format_clock(leave), "from": origin.postcode, "minutes": int(way.total_seconds() // 60)}
    return _("Leave at %(clock)s from %(from)s: %(minutes)d minutes on the way, with parking") % facts


def visit_stop_rows(booking: Booking) -> list[text.Row]:
    rows = [text.row(_("Where"), text.where_text(booking))]
    if booking.joining_link:
        rows.append({**text.row(_("Joining link"), booking.joining_link), "href": booking.joining_link})
    rows += text.missing_link_rows(booking)
    kept_back = booking.flagged_child_details
    rows += [
        text.row(_("Room, parking or entrance"), "" if kept_back else booking.room),
        text.row(_("Ask for"), booking.contact_name),
        {**text.row(_("Call them"), booking.contact_phone), "is_phone": True},
        text.row(_("Bring"), what_to_bring(booking)),
        text.row(_("Leaflets to bring"), text.leaflets_to_bring(booking)),
        text.row(_("Access needs"), "" if kept_back else booking.access_needs),
    ]
    return [row for row in rows if row["value"]]


def what_to_bring(booking: Booking) -> str:
    if booking.format == Format.ONLINE:
        return ""
    if text.leaflets_to_bring(booking):
        return _("Your staff card, your laptop with its leads, and the leaflets below")
    return _("Your staff card, your laptop with its leads, and leaflets for %(people)d people") % {
        "people": booking.audience_size
    }


def session_stop_rows(session: OpenSession) -> list[text.Row]:
    """What a day needs at a glance, without reading who comes."""
    return [text.row(_("Who comes"), places_in_words(session)), *how_to_join(session)]


def how_to_join(session: OpenSession) -> list[text.Row]:
    link = session.joining_link
    rows = (
        [{**text.row(_("Joining link"), link), "href": link}]
        if link
        else [text.row(_("Joining link"), _("There is none yet. The team sets one, and you get it by email."))]
    )
    return [*rows, text.row(_("How to join"), session.joining_help)] if session.joining_help else rows


# Agendas: at 7 in the morning each presenter who gives something that day is told of all of it, in one email.

AGENDA = "presenter-agenda"


def send_agendas(*, now: datetime) -> int:
    """Write those of today that are not written; how many. None before the hour, and nothing of who has nothing left that day.

    Run again, and late after an outage, it does no harm; nobody gets one in the afternoon.
    """
    day = uk_day(now)
    if not uk_datetime(day, rules.AGENDA_TIME) <= now < uk_datetime(day, rules.AGENDA_LATEST_TIME):
        return 0
    start, end = uk_datetime(day, time.min), uk_datetime(day + timedelta(days=1), time.min)
    on_the_day = {"starts_at__gte": start, "starts_at__lt": end, "presenter__isnull": False}
    bookings = Booking.objects.filter(state=State.CONFIRMED, **on_the_day).select_related("presenter")
    sessions = OpenSession.objects.filter(state=SessionState.SCHEDULED, **on_the_day).select_related("presenter")
    given = defaultdict[Presenter, list[Any]](list)
    both: list[Any] = [*bookings, *sessions]
    for each in sorted(both, key=lambda each: (each.starts_at, each.reference)):
        given[each.presenter].append(each)
    told = [
        About(
            f"agenda:{presenter.pk}:{day.isoformat()}",
            presenter.email,
            " ".join(each.reference for each in theirs)[:200],
            expires_at=theirs[-1].starts_at,
        )
        for presenter, theirs in given.items()
        if theirs[-1].starts_at > now
    ]
    return notify_once({AGENDA: told}, now)
