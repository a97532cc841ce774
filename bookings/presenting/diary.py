"""My diary: the days ahead of one presenter, and one visit with all that the day needs."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, time

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from bookings import messages, words
from bookings.models import Booking, Leave, LeaveState, Overdue, Presenter, State
from bookings.presenting.access import own_leave, own_visits, page, presenter_or_awaited, presenter_required
from bookings.presenting.checking import visit_now
from ctac.staff_lists import dialled
from ctac.uk import format_day, uk_datetime, uk_day

IN_A_DIARY = (State.REQUESTED, State.CONFIRMED, State.DELIVERED)


@dataclass
class Day:
    """A day of the diary, with what begins on it; leave that began before today stands under today."""

    day: date
    visits: list[Booking] = field(default_factory=list)
    leave: list[Leave] = field(default_factory=list)

    @property
    def name(self) -> str:
        return format_day(self.day)


def days_ahead(visits: Iterable[Booking], leave: Iterable[Leave], today: date) -> list[Day]:
    """Only days on which there is something, in order."""
    days: dict[date, Day] = {}

    def on(moment: datetime) -> Day:
        day = max(uk_day(moment), today)
        return days.setdefault(day, Day(day))

    for visit in visits:
        on(visit.agreed[0]).visits.append(visit)
    for away in leave:
        on(away.starts_at).leave.append(away)
    return [days[day] for day in sorted(days)]


@presenter_required
@require_safe
def presenter_diary(request: HttpRequest, presenter: Presenter) -> HttpResponse:
    today = uk_day(timezone.now())
    from_today = uk_datetime(today, time())
    visits = own_visits(presenter).filter(ends_at__gt=from_today, state__in=IN_A_DIARY).order_by("starts_at")
    leave = own_leave(presenter).filter(state=LeaveState.GRANTED, ends_at__gt=from_today).order_by("starts_at", "pk")
    context = page(request, presenter, title=_("My diary"), days=days_ahead(visits, leave, today), today=today)
    return TemplateResponse(request, "bookings/presenting/diary.html", context)


@presenter_or_awaited
@require_safe
def presenter_visit(request: HttpRequest, presenter: Presenter, reference: str) -> HttpResponse:
    """One visit, also an online one: when, where, whom to ask for, how many come."""
    visit = get_object_or_404(own_visits(presenter), reference=reference)
    rows = [*words.facts_under_its_title(visit), *words.no_link_yet(visit), *messages.on_the_day(visit)]
    shown = [tappable(row) for row in rows if row["value"]]
    context = page(
        request,
        presenter,
        title=visit.presentation.title,
        visit=visit,
        rows=shown,
        now=visit_now(visit, presenter, is_late=Overdue.find(visit, timezone.now()) is not None),
    )
    return TemplateResponse(request, "bookings/presenting/visit.html", context)


def tappable(row: words.Row) -> words.Row:
    """A phone number as a link that calls it."""
    return {**row, "href": f"tel:{dialled(str(row['value']))}"} if row.get("is_phone") else row
