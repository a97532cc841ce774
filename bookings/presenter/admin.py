"""The next days by presenter, on the first staff page: what each gives, where, the journey, and whether they are there."""

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from operator import attrgetter
from typing import Any

from django.db.models import Q
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _, ngettext

from bookings.models import Booking, BookingOrSession, BookingState, BusyTime, DutyShift, Format, OpenSession, SessionState
from bookings.presenter.views import DIARY_SESSION_STATES, DIARY_VISIT_STATES, ONE_DAY, get_claim, journey_to_visit
from bookings.schedule.queries import read_journeys, starting_on
from bookings.schedule.slots import DateRange
from bookings.travel import Journeys
from bookings.visits.admin import visit_text
from core.dates import format_day, uk_day
from staff.lists import non_breaking
from staff.site import staff_site

DAYS_AHEAD = 7  # like the filters of the lists that it links to
MAX_ROWS = 60  # bookings, and as many sessions


@dataclass(frozen=True)
class StopRow:
    """One booking or open session, in the words of its row. `state` is empty if it goes on as usual."""

    day: str
    clocks: str
    title: str
    reference: str
    href: str
    where: str
    travel: str
    visit: str
    state: str
    status_colour: str


@dataclass
class PresenterDays:
    """The visits and sessions that one presenter gives, in order."""

    name: str
    stops: list[StopRow] = field(default_factory=list)


def render_presenter_days(user: Any) -> str:
    """Today, then the rest of the week. Six statements at most, however much there is."""
    now = timezone.now()
    today = uk_day(now)
    days = DateRange(today, today + (DAYS_AHEAD - 1) * ONE_DAY)
    soon = starting_on(days) & Q(presenter__isnull=False)
    bookings = Booking.objects.with_related().select_related("busy_time", "visit__presenter", "visit__taken_on_by")
    given: list[BookingOrSession] = list(
        bookings.filter(soon, state__in=DIARY_VISIT_STATES).order_by("starts_at", "pk")[: MAX_ROWS + 1]
    )
    lists = [(_("All bookings of the next 7 days"), f"{reverse('staff:bookings_booking_changelist')}?when=week")]
    more = len(given) > MAX_ROWS
    given = given[:MAX_ROWS]
    if user.has_perm("bookings.view_opensession"):
        sessions = OpenSession.objects.with_related().select_related("busy_time")
        found = list(sessions.filter(soon, state__in=DIARY_SESSION_STATES).order_by("starts_at", "pk")[: MAX_ROWS + 1])
        lists.append((_("All open sessions of the next 7 days"), f"{reverse('staff:bookings_opensession_changelist')}?when=week"))
        more = more or len(found) > MAX_ROWS
        given += found[:MAX_ROWS]
    given.sort(key=attrgetter("starts_at", "pk"))
    of_today = [each for each in given if uk_day(each.agreed_times[0]) == today]
    later = [each for each in given if uk_day(each.agreed_times[0]) > today]
    about = read_day_facts(given, now)
    shifts = DutyShift.objects.by_day(set(days))
    context = {
        "today": format_day(today),
        "on_duty": duty_text(shifts.get(today)),
        "nobody_on_duty": today not in shifts and any(is_visit(each) for each in of_today),
        "of_today": group_by_presenter(of_today, about, with_day=False),
        "later": group_by_presenter(later, about, with_day=True),
        "shifts": duty_shift_rows([day for day in days if day != today], shifts),
        "uncovered": [
            format_day(day)
            for day in sorted({uk_day(each.agreed_times[0]) for each in later if is_visit(each)})
            if day not in shifts
        ],
        "lists": lists,
        "more": more,
    }
    return render_to_string("bookings/presenter/staff/days.html", context)


def duty_shift_rows(days: list[date], shifts: dict[date, DutyShift]) -> list[dict[str, str]]:
    """The duty shifts of these days in order. `days` is empty if one shift covers them all."""
    found: dict[int, list[date]] = {}
    for day in days:
        if day in shifts:
            found.setdefault(shifts[day].pk, []).append(day)
    return [
        {
            "days": "" if of_shift == days else str(DutyShift(first_day=of_shift[0], last_day=of_shift[-1])),
            "who": duty_text(shifts[of_shift[0]]),
        }
        for of_shift in found.values()
    ]


def is_visit(given: BookingOrSession) -> bool:
    return isinstance(given, Booking) and given.format == Format.WORKPLACE


def duty_text(shift: DutyShift | None) -> str:
    """'Asha Patel, deputy Jo Green'."""
    if shift is None:
        return ""
    names = [person.name for person in shift.people]
    return _("%(duty)s, deputy %(deputy)s") % {"duty": names[0], "deputy": names[1]} if len(names) == 2 else ", ".join(names)


@dataclass(frozen=True)
class DayFacts:
    """The claims, journeys and late visits that all rows need, read at once. `claims`: by presenter and day, in order."""

    claims: dict[tuple[int | None, date], list[BusyTime]]
    journeys: Journeys
    late: dict[int, Booking]


def read_day_facts(given: list[BookingOrSession], now: datetime) -> DayFacts:
    claims: dict[tuple[int | None, date], list[BusyTime]] = {}
    for each in given:
        if (claim := get_claim(each)) is not None:
            claims.setdefault((each.presenter_id, uk_day(each.agreed_times[0])), []).append(claim)
    bases = [each.presenter.base for each in given if each.presenter and is_visit(each)]
    places = [claim.place for of_a_day in claims.values() for claim in of_a_day]
    visits = [each.pk for each in given if is_visit(each)]
    return DayFacts(
        claims,
        read_journeys([*bases, *places]) if visits else Journeys(),
        {late.pk: late for late in Booking.objects.filter(pk__in=visits).overdue(now)} if visits else {},
    )


def group_by_presenter(given: list[BookingOrSession], about: DayFacts, *, with_day: bool) -> list[PresenterDays]:
    """What each presenter gives, in the order of the first thing that each gives."""
    found: dict[int | None, PresenterDays] = {}
    for each in given:
        of_presenter = found.setdefault(each.presenter_id, PresenterDays(str(each.presenter)))
        of_presenter.stops.append(build_stop_row(each, about, format_day(each.agreed_times[0]) if with_day else ""))
    return list(found.values())


def build_stop_row(given: BookingOrSession, about: DayFacts, day: str) -> StopRow:
    kind, where, travel, visit = "opensession", _("Open session, online"), "", ""
    if isinstance(given, Booking):
        kind, where = "booking", _("Online")
        if is_visit(given):
            where = f"{given.town} {non_breaking(given.postcode)}".strip()
            claims = about.claims.get((given.presenter_id, uk_day(given.agreed_times[0])), [])
            # From the visit before, or from the base.
            if given.presenter and (there := journey_to_visit(given.presenter, given, claims, about.journeys)):
                minutes = there[1] // timedelta(minutes=1)
                travel = ngettext("%(minutes)d minute to get there", "%(minutes)d minutes to get there", minutes)
                travel %= {"minutes": minutes}
            visit = visit_text(given, about.late.get(given.pk))
    as_usual = given.state in (BookingState.CONFIRMED, SessionState.SCHEDULED)
    return StopRow(
        day=day,
        clocks=given.clocks,
        title=given.presentation.title,
        reference=given.reference,
        href=reverse(f"staff:bookings_{kind}_change", args=[given.pk]),
        where=where,
        travel=travel,
        visit=visit,
        state="" if as_usual else str(given.get_state_display()),
        status_colour=given.status_colour,
    )


staff_site.add_panel("bookings.view_booking", render_presenter_days)
