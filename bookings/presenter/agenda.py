"""What a presenter gives on a day: where to go, when to leave, the contact, what to bring. On a page and in an email."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from itertools import takewhile
from typing import Any

from django.db.models import Prefetch, Q
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


def starting_on(day: date) -> Q:
    """Bookings and open sessions of that UK day."""
    return Q(starts_at__gte=uk_datetime(day, time.min), starts_at__lt=uk_datetime(day + A_DAY, time.min))


def stops_on(presenter: Presenter, day: date) -> list[VisitStop | SessionStop]:
    """What this presenter gives on that UK day, in order; each journey begins where the visit before ended, or at the base."""
    in_order = Prefetch("brought__order__lines", queryset=OrderLine.objects.in_order())
    given = list(visits_on(presenter, day).filter(state__in=GIVEN_STATES).prefetch_related(in_order).order_by("starts_at", "pk"))
    of_the_day = own_sessions(presenter).filter(starting_on(day), state__in=SESSIONS_IN_A_DIARY)
    sessions = list(of_the_day.select_related("presentation", "presenter", "busy_time"))
    both: list[Booking | OpenSession] = [*given, *sessions]
    claims = sorted(filter(None, map(claim_of, both)), key=lambda claim: claim.busy.lower)
    journeys = read_journeys([presenter.base, *(claim.place for claim in claims)])
    stops: list[VisitStop | SessionStop] = [SessionStop(session, session_stop_rows(session)) for session in sessions]
    stops += [
        VisitStop(booking, when_to_leave(presenter, booking, claims, journeys), visit_stop_rows(booking)) for booking in given
    ]
    return sorted(stops, key=lambda stop: stop.start)


def visits_on(presenter: Presenter, day: date) -> BookingQuerySet:
    return own_visits(presenter).select_related("busy_time").filter(starting_on(day))


def claim_of(given: Booking | OpenSession) -> BusyTime | None:
    claim: BusyTime | None = getattr(given, "busy_time", None)
    return claim


def when_to_leave(presenter: Presenter, booking: Booking, claims: Sequence[BusyTime], journeys: Journeys) -> str:
    """'Leave at 8:55am from LS1 4AP: 65 minutes on the way, with parking'. `claims` are the day's, in order.

    Something online is given from the base, so the journey after it begins there. Where staff went past that, it is given where
    they are then: they leave as much earlier as it takes.
    """
    claim = claim_of(booking)
    if claim is None or claim.place is None:
        return ""
    start = booking.agreed[0]
    earlier = [other for other in claims if other.busy.upper <= start]
    online = list(takewhile(lambda other: other.place is None, reversed(earlier)))
    before = earlier[-len(online) - 1] if len(earlier) > len(online) else None
    from_base = travel_between(presenter.base, claim.place, None, claim.travel_minutes, journeys)
    if online and online[0].busy.upper <= start - from_base:
        before = None
    origin = before.place if before and before.place else presenter.base
    journey = travel_between(origin, claim.place, before.travel_minutes if before else None, claim.travel_minutes, journeys)
    if not journey:
        return _("No journey: the way from %(from)s takes no time.") % {"from": origin.postcode}
    leave = start - journey
    for other in online:
        if leave < other.busy.upper:
            leave -= other.busy.upper - other.busy.lower
    facts = {"clock": format_clock(leave), "from": origin.postcode, "minutes": int(journey.total_seconds() // 60)}
    return _("Leave at %(clock)s from %(from)s: %(minutes)d minutes on the way, with parking") % facts


def visit_stop_rows(booking: Booking) -> list[text.Row]:
    rows = [text.row(_("Where"), text.where_text(booking))]
    if booking.joining_link:
        rows.append({**text.row(_("Joining link"), booking.joining_link), "href": booking.joining_link})
    rows += text.missing_link_rows(booking)
    bring = ""
    if booking.format != Format.ONLINE:
        bring = _("Your staff card, your laptop with its leads, and leaflets for %(people)d people")
        if text.leaflets_to_bring(booking):
            bring = _("Your staff card, your laptop with its leads, and the leaflets below")
    withheld = booking.flagged_child_details
    rows += [
        text.row(_("Room, parking or entrance"), "" if withheld else booking.room),
        text.row(_("Ask for"), booking.contact_name),
        {**text.row(_("Call them"), booking.contact_phone), "is_phone": True},
        text.row(_("Bring"), bring % {"people": booking.audience_size}),
        text.row(_("Leaflets to bring"), text.leaflets_to_bring(booking)),
        text.row(_("Access needs"), "" if withheld else booking.access_needs),
    ]
    return [row for row in rows if row["value"]]


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


AGENDA = "presenter-agenda"


def send_agendas(*, now: datetime) -> int:
    """One email at 7 in the morning to each presenter who gives something that day; returns how many were written now.

    Run again, and late after an outage, it does no harm; nobody gets one in the afternoon.
    """
    day = uk_day(now)
    if not uk_datetime(day, rules.AGENDA_TIME) <= now < uk_datetime(day, rules.AGENDA_LATEST_TIME):
        return 0
    on_the_day = starting_on(day) & Q(presenter__isnull=False)
    bookings = Booking.objects.filter(on_the_day, state=State.CONFIRMED).select_related("presenter")
    sessions = OpenSession.objects.filter(on_the_day, state=SessionState.SCHEDULED).select_related("presenter")
    given = defaultdict[Presenter, list[Any]](list)
    both: list[Any] = [*bookings, *sessions]
    for one in sorted(both, key=lambda one: (one.starts_at, one.reference)):
        given[one.presenter].append(one)
    agendas = [
        About(
            f"agenda:{presenter.pk}:{day.isoformat()}",
            presenter.email,
            " ".join(one.reference for one in theirs)[:200],
            expires_at=theirs[-1].starts_at,
        )
        for presenter, theirs in given.items()
        if theirs[-1].starts_at > now
    ]
    return notify_once({AGENDA: agendas}, now)
