"""My diary: the days ahead of one presenter, and one visit with all that the day needs."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, time
from operator import attrgetter

from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from bookings import words
from bookings.agenda import A_DAY
from bookings.agenda import IN_A_DIARY as SESSIONS_IN_A_DIARY
from bookings.messages import on_the_day
from bookings.models import Booking, Format, Leave, LeaveState, OpenSession, Overdue, Presenter, State
from bookings.presenting.access import (
    gives_presentations,
    own_leave,
    own_sessions,
    own_visits,
    page,
    presenter_or_awaited,
    presenter_required,
)
from bookings.presenting.afterwards import after_of
from bookings.presenting.checking import visit_now
from bookings.session_figures import filled
from ctac.staff_lists import dialled
from ctac.uk import format_day, uk_datetime, uk_day

IN_A_DIARY = (State.REQUESTED, State.CONFIRMED, State.DELIVERED)


@dataclass
class Day:
    """A day of the diary, with what begins on it; leave that began before today stands under today."""

    day: date
    visits: list[Booking] = field(default_factory=list)
    leave: list[Leave] = field(default_factory=list)
    sessions: list[OpenSession] = field(default_factory=list)

    @property
    def name(self) -> str:
        return format_day(self.day)

    @property
    def entries(self) -> list["Entry"]:
        """Visits and open sessions, as they follow one another."""
        both = [*map(entry_of_visit, self.visits), *map(entry_of_session, self.sessions)]
        return sorted(both, key=attrgetter("start"))


@dataclass(frozen=True)
class Entry:
    """`state` is empty for what goes on as usual."""

    start: datetime
    clocks: str
    title: str
    href: str
    where: str
    state: str = ""
    state_kind: str = ""


def entry_of_visit(visit: Booking) -> Entry:
    where = _("Online") if visit.format == Format.ONLINE else ", ".join(visit.address_lines)
    state = "" if visit.state == State.CONFIRMED else str(visit.get_state_display())
    href = reverse("presenter_visit", args=[visit.reference])
    return Entry(visit.agreed[0], visit.clocks, visit.presentation.title, href, where, state, visit.state_kind)


def entry_of_session(session: OpenSession) -> Entry:
    where = _("Open session, online: %(filled)s") % {"filled": filled(session)}
    state = "" if session.is_scheduled else str(session.get_state_display())
    href = reverse("presenter_session", args=[session.reference])
    return Entry(session.starts_at, session.clocks, session.presentation.title, href, where, state, session.state_kind)


def days_ahead(visits: Iterable[Booking], leave: Iterable[Leave], today: date, sessions: Iterable[OpenSession] = ()) -> list[Day]:
    """Only days on which there is something, in order."""
    days: dict[date, Day] = {}

    def on(moment: datetime) -> Day:
        day = max(uk_day(moment), today)
        return days.setdefault(day, Day(day))

    for visit in visits:
        on(visit.agreed[0]).visits.append(visit)
    for session in sessions:
        on(session.starts_at).sessions.append(session)
    for away in leave:
        on(away.starts_at).leave.append(away)
    return [days[day] for day in sorted(days)]


def not_over(moment: datetime) -> Q:
    """Of visits and open sessions. A presentation takes 8 hours at most, so none of them began a day before: by their starts
    an index finds them, by their ends every booking that there ever was would be read."""
    return Q(starts_at__gt=moment - A_DAY, ends_at__gt=moment)


@presenter_required
@require_safe
def presenter_diary(request: HttpRequest, presenter: Presenter) -> HttpResponse:
    today = uk_day(timezone.now())
    from_today = uk_datetime(today, time())
    visits = own_visits(presenter).filter(not_over(from_today), state__in=IN_A_DIARY).order_by("starts_at")
    leave = own_leave(presenter).filter(state=LeaveState.GRANTED, ends_at__gt=from_today).order_by("starts_at", "pk")
    sessions = own_sessions(presenter).filter(not_over(from_today), state__in=SESSIONS_IN_A_DIARY)
    days = days_ahead(visits, leave, today, sessions)
    context = page(request, presenter, title=_("My diary"), days=days, today=today)
    return TemplateResponse(request, "bookings/presenting/diary.html", context)


@presenter_or_awaited
@require_safe
def presenter_visit(request: HttpRequest, presenter: Presenter, reference: str) -> HttpResponse:
    """One visit, also an online one: when, where, whom to ask for, how many come."""
    visit = get_object_or_404(own_visits(presenter).with_afterwards(), reference=reference)
    rows = [*words.facts_under_its_title(visit), *words.no_link_yet(visit), *on_the_day(visit)]
    shown = [tappable(row) for row in rows if row["value"]]
    context = page(
        request,
        presenter,
        title=visit.presentation.title,
        visit=visit,
        rows=shown,
        after=after_of(visit, timezone.now()) if gives_presentations(request.user, presenter) else None,
        now=visit_now(visit, presenter, is_late=Overdue.find(visit, timezone.now()) is not None),
    )
    return TemplateResponse(request, "bookings/presenting/visit.html", context)


def tappable(row: words.Row) -> words.Row:
    """A phone number as a link that calls it."""
    return {**row, "href": f"tel:{dialled(str(row['value']))}"} if row.get("is_phone") else row
