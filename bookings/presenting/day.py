"""My day: where to go, when to leave, whom to ask for, what to bring, and the button to check in or out."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta

from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from bookings.agenda import A_DAY, SessionStop, Stop, stops, visits_on
from bookings.models import Presenter, overdue
from bookings.presenting.access import page, presenter_or_awaited
from bookings.presenting.checking import visit_now
from bookings.presenting.diary import tappable
from ctac.uk import format_day, uk_day


def stops_now(presenter: Presenter, day: date) -> list[Stop | SessionStop]:
    """The stops of that day with where each visit stands, and numbers to tap."""
    late = set(overdue(visits_on(presenter, day), timezone.now()).values_list("pk", flat=True))
    return [as_it_is(stop, presenter, late) if isinstance(stop, Stop) else stop for stop in stops(presenter, day)]


def as_it_is(stop: Stop, presenter: Presenter, late: set[int]) -> Stop:
    now = visit_now(stop.booking, presenter, is_late=stop.booking.pk in late)
    return replace(stop, now=now, rows=[tappable(row) for row in stop.rows])


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
    more = {"day": day, "is_today": day == today, "stops": stops_now(presenter, day), "other_days": other_days}
    return TemplateResponse(request, "bookings/presenting/day.html", page(request, presenter, title=format_day(day), **more))
