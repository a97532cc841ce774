"""My day: where to go, when to leave, whom to ask for, what to bring, and the button to check in or out."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from django.db.models import Prefetch
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from bookings import leaflet_words, words
from bookings.journeys import read_journeys
from bookings.models import Booking, BusyTime, Format, OpenSession, Presenter, State, overdue
from bookings.presenting.access import own_visits, page, presenter_or_awaited
from bookings.presenting.checking import VisitNow, visit_now
from bookings.presenting.sessions import IN_A_DIARY, SessionStop, own_sessions
from bookings.presenting.sessions import rows_of as session_rows
from bookings.travel import Journeys, travel_between
from ctac.staff_lists import dialled
from ctac.uk import format_clock, format_day, uk_datetime, uk_day
from leaflets.models import OrderLine

A_DAY = timedelta(days=1)


@dataclass(frozen=True)
class Stop:
    """One booking of the day. `leave` is empty for what needs no journey."""

    booking: Booking
    leave: str
    rows: list[words.Row]
    now: VisitNow | None

    @property
    def start(self) -> datetime:
        return self.booking.agreed[0]


def stops(presenter: Presenter, day: date) -> list[Stop | SessionStop]:
    """What this presenter gives on that UK day, in order; each journey begins where the visit before ended, or at the base."""
    start, end = uk_datetime(day, time.min), uk_datetime(day + A_DAY, time.min)
    bookings = own_visits(presenter).select_related("busy_time").filter(starts_at__gte=start, starts_at__lt=end)
    late = set(overdue(bookings, timezone.now()).values_list("pk", flat=True))
    in_order = Prefetch("brought__order__lines", queryset=OrderLine.objects.in_order())
    these = bookings.filter(state__in=[State.CONFIRMED, State.DELIVERED]).prefetch_related(in_order)
    given = list(these.order_by("starts_at", "pk"))
    sessions = sessions_on(presenter, start, end)
    claims = claims_of([*given, *sessions])
    journeys = read_journeys([presenter.base, *(claim.place for claim in claims)])
    found: list[Stop | SessionStop] = [SessionStop(session, session_rows(session)) for session in sessions]
    for booking in given:
        leave = when_to_leave(presenter, booking, claims, journeys)
        found.append(Stop(booking, leave, rows_of(booking), visit_now(booking, presenter, is_late=booking.pk in late)))
    return sorted(found, key=lambda stop: stop.start)


def sessions_on(presenter: Presenter, start: datetime, end: datetime) -> list[OpenSession]:
    sessions = own_sessions(presenter).filter(starts_at__gte=start, starts_at__lt=end, state__in=IN_A_DIARY)
    return list(sessions.select_related("presentation", "presenter", "busy_time"))


def claim_of(given: Booking | OpenSession) -> BusyTime | None:
    claim: BusyTime | None = getattr(given, "busy_time", None)
    return claim


def claims_of(given: Iterable[Booking | OpenSession]) -> list[BusyTime]:
    """In order of time."""
    return sorted((claim for each in given if (claim := claim_of(each))), key=lambda claim: claim.busy.lower)


def when_to_leave(presenter: Presenter, booking: Booking, claims: Sequence[BusyTime], journeys: Journeys) -> str:
    """'Leave at 8:55am from LS1 4AP: 65 minutes on the way, with parking'. `claims` are the day's, in order.

    An online presentation on the way is given where they are then: they leave as much earlier as it takes.
    """
    claim = claim_of(booking)
    if claim is None or claim.place is None:
        return ""
    start = booking.agreed[0]
    earlier = [each for each in claims if each.busy.upper <= start]
    before = next((each for each in reversed(earlier) if each.place), None)
    origin = before.place if before and before.place else presenter.base
    way = travel_between(origin, claim.place, before.travel_minutes if before else None, claim.travel_minutes, journeys)
    if not way:
        return _("No journey: the way from %(from)s takes no time.") % {"from": origin.postcode}
    leave = start - way
    for online in reversed(earlier[earlier.index(before) + 1 :] if before else earlier):
        if leave < online.busy.upper:
            leave -= online.busy.upper - online.busy.lower
    facts = {"clock": format_clock(leave), "from": origin.postcode, "minutes": int(way.total_seconds() // 60)}
    return _("Leave at %(clock)s from %(from)s: %(minutes)d minutes on the way, with parking") % facts


def rows_of(booking: Booking) -> list[words.Row]:
    rows = [words.row(_("Where"), words.where(booking))]
    if booking.joining_link:
        rows.append({**words.row(_("Joining link"), booking.joining_link), "href": booking.joining_link})
    rows += words.no_link_yet(booking)
    kept_back = booking.flagged_child_details
    rows += [
        words.row(_("Room, parking or entrance"), "" if kept_back else booking.room),
        words.row(_("Ask for"), booking.contact_name),
        {**words.row(_("Call them"), booking.contact_phone), "href": f"tel:{dialled(booking.contact_phone)}"},
        words.row(_("Bring"), what_to_bring(booking)),
        words.row(_("Leaflets to bring"), leaflet_words.to_bring(booking)),
        words.row(_("Access needs"), "" if kept_back else booking.access_needs),
    ]
    return [row for row in rows if row["value"]]


def what_to_bring(booking: Booking) -> str:
    if booking.format == Format.ONLINE:
        return ""
    if leaflet_words.to_bring(booking):
        return _("Your staff card, your laptop with its leads, and the leaflets below")
    return _("Your staff card, your laptop with its leads, and leaflets for %(people)d people") % {
        "people": booking.audience_size
    }


def asked_day(request: HttpRequest, today: date) -> date:
    """?day=2027-01-25; today if that is no day within a year."""
    try:
        day = date.fromisoformat(request.GET.get("day", ""))
    except ValueError:
        return today
    return day if abs(day - today) <= timedelta(days=366) else today


@presenter_or_awaited
@require_safe
def presenter_day(request: HttpRequest, presenter: Presenter) -> HttpResponse:
    today = uk_day(timezone.now())
    day = asked_day(request, today)
    other_days: Sequence[tuple[str, date]] = [(_("The day before"), day - A_DAY), (_("The day after"), day + A_DAY)]
    more = {"day": day, "is_today": day == today, "stops": stops(presenter, day), "other_days": other_days}
    return TemplateResponse(request, "bookings/presenting/day.html", page(request, presenter, title=format_day(day), **more))
