"""The team's calendar on the staff site, a week or a month with a row for each presenter; its address for calendar programs."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from operator import attrgetter
from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import permission_required
from django.core.exceptions import ValidationError
from django.db.models import Exists, OuterRef, Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils import dateformat, timezone
from django.utils.http import urlencode
from django.utils.translation import gettext as _, gettext_lazy
from django.views.decorators.http import require_http_methods, require_safe

from accounts.access import signed_in_user
from bookings.calendars.views import feed_page_context, get_or_create_feed, revoke_feed
from bookings.models import (
    Booking,
    BookingOrSession,
    BookingState,
    BusyKind,
    BusyTime,
    Format,
    OpenSession,
    Presentation,
    Presenter,
)
from bookings.models.leave import END_OF_DAY
from bookings.schedule.availability import PresenterSchedule, Schedule, days_in_utc, gap_at, overlapping_claims
from bookings.schedule.forms import set_choices, slot_value
from bookings.schedule.queries import read_schedule, starting_on
from bookings.schedule.slots import ZERO, DateRange, SlotQuery, Span
from core.dates import format_day, format_uk_time, is_bank_holiday, uk_datetime, uk_day
from core.forms import FORM_METHODS, DayField, PageForm, validate_near_today
from office.closures.models import ClosureScope
from office.closures.queries import closures_between
from professionals.models import Nation
from staff.menu import MENU_PAGES, MenuPage
from staff.site import staff_site

VIEW_BOOKING_PERMISSION, VIEW_DIARIES_PERMISSION, ADD_BOOKING_PERMISSION = (
    "bookings.view_booking",
    "bookings.view_busytime",
    "bookings.add_booking",
)
MENU_PAGES.append(
    MenuPage(gettext_lazy("Bookings"), gettext_lazy("Calendar"), "staff_calendar", VIEW_BOOKING_PERMISSION, key="c")
)
WEEK, MONTH, ALL = "week", "month", "all"
CALENDAR_VIEW_CHOICES = [(WEEK, gettext_lazy("A week")), (MONTH, gettext_lazy("A month"))]
ONE_DAY, MINUTE = timedelta(days=1), timedelta(minutes=1)
FRIDAY = 4
MAX_ROWS = 100
# Short labels for the month view; a booking has none.
BRIEF_LABELS = {
    BusyKind.OPTION: gettext_lazy("kept"),
    BusyKind.SESSION: gettext_lazy("session"),
    BusyKind.LEAVE: gettext_lazy("leave"),
    BusyKind.HOLD: gettext_lazy("held"),
    BusyKind.HELD: gettext_lazy("area"),
}
# For each kind of claim: its label, the admin that has it, and the permission to see it here.
KIND_DETAILS = {
    BusyKind.BOOKING: (gettext_lazy("Booking"), "booking", VIEW_BOOKING_PERMISSION),
    BusyKind.OPTION: (gettext_lazy("Kept for a request"), "booking", VIEW_BOOKING_PERMISSION),
    BusyKind.SESSION: (gettext_lazy("Open session"), "opensession", "bookings.view_opensession"),
    BusyKind.LEAVE: (gettext_lazy("Leave"), "leave", "bookings.view_leave"),
    BusyKind.HOLD: (gettext_lazy("Kept for somebody who is booking"), "busytime", VIEW_DIARIES_PERMISSION),
    BusyKind.HELD: (gettext_lazy("Held for %(area)s"), "booking", VIEW_BOOKING_PERMISSION),
}
CLAIM_COLUMNS = (
    "presenter",
    "kind",
    "busy__startswith",
    "busy__endswith",
    "postcode",
    "pk",
    "booking",
    "booking__reference",
    "booking__state",
    "session",
    "session__reference",
    "leave",
    "option__booking",
    "option__booking__reference",
    "held__visit",
    "held__area_name",
)


class CalendarForm(PageForm):
    """What the page shows. Every question has a default."""

    day = DayField(label=gettext_lazy("Go to a day"), validators=[validate_near_today])
    view = forms.ChoiceField(label=gettext_lazy("Show"), choices=CALENDAR_VIEW_CHOICES)
    presenter = forms.ChoiceField(label=gettext_lazy("Presenter"))
    nation = forms.ChoiceField(label=gettext_lazy("Where they live"), choices=[(ALL, gettext_lazy("Anywhere")), *Nation.choices])

    def __init__(self, data: dict[str, Any], **kwargs: Any) -> None:
        super().__init__(data, **kwargs)
        active = [(str(key), name) for key, name in Presenter.objects.active().values_list("pk", "name")]
        set_choices(self.fields["presenter"], [(ALL, _("Everybody")), *active])


@dataclass(frozen=True)
class CalendarOptions:
    """The days of the page, and how much each entry says."""

    day: date
    view: str
    presenter: str
    nation: str

    @property
    def days(self) -> DateRange:
        if self.view == WEEK:
            return DateRange.week_of(self.day)
        return DateRange(self.day.replace(day=1), next_month(self.day) - ONE_DAY)

    @property
    def title(self) -> str:
        if self.view == MONTH:
            return dateformat.format(self.day, "F Y")
        return _("%(first)s to %(last)s") % {"first": format_day(self.days.first), "last": format_day(self.days.last)}

    def label(self, day: date) -> str:
        """'Mon 25', with the month in a week's view, since a week may have two."""
        return dateformat.format(day, "D j" if self.view == MONTH else "D j M")

    def query(self, **other: Any) -> str:
        """The query of this page with something else shown; empty for a day that the form would refuse."""
        shown = {"day": self.day, "view": self.view, "presenter": self.presenter, "nation": self.nation, **other}
        with suppress(ValidationError):
            validate_near_today(shown["day"])
            return f"?{urlencode(shown)}"
        return ""


def next_month(day: date) -> date:
    return (day.replace(day=1) + timedelta(days=31)).replace(day=1)


@dataclass(frozen=True)
class Entry:
    """An entry in the calendar: `kind` is its look, `text` what it says, `brief` the same in a month. No `href`, no link."""

    start: datetime
    kind: str
    text: str
    href: str = ""
    brief: str = ""


@dataclass(frozen=True)
class Row:
    """A row of the calendar. `cells`: for each day its name and its entries, in order. Without a presenter: what needs one."""

    presenter: Presenter | None
    cells: list[tuple[str, list[Entry]]]

    @property
    def href(self) -> str:
        """The presenter's page, relative to this one: there are many, and from the root each would be longer."""
        return f"../presenter/{self.presenter.pk}/change/" if self.presenter else ""


@staff_site.admin_view
@require_safe
@permission_required(VIEW_BOOKING_PERMISSION, raise_exception=True)
def team_calendar(request: HttpRequest) -> HttpResponse:
    now, user = timezone.now(), request.user
    today = uk_day(now)
    at_work = today + ONE_DAY * (7 - today.weekday()) if today.weekday() > FRIDAY else today  # at a weekend, Monday
    asked = {"day": at_work, "view": WEEK, "presenter": ALL, "nation": ALL}
    form = CalendarForm({**asked, **{name: value for name, value in request.GET.items() if value}})
    form.is_valid()
    shown = CalendarOptions(**{**asked, **form.cleaned_data})
    found = list(presenters_shown(shown)[: MAX_ROWS + 1])
    rows = list(team_rows(found[:MAX_ROWS], shown, user, now))
    if shown.presenter == shown.nation == ALL and (needed := row_without_presenter(shown, user)):
        rows.insert(0, needed)
    step = timedelta(days=7)
    earlier, later = shown.day - step, shown.day + step
    if shown.view == MONTH:
        earlier, later = (shown.day.replace(day=1) - ONE_DAY).replace(day=1), next_month(shown.day)
    context = {
        **staff_site.each_context(request),
        "title": _("Team calendar"),
        "form": form,
        "shown": shown,
        # At a weekend without entries the column is narrow.
        "days": [
            (day, shown.label(day), day.weekday() > FRIDAY and not any(row.cells[place][1] for row in rows))
            for place, day in enumerate(shown.days)
        ],
        "today": today,
        "briefly": shown.view == MONTH,
        "rows": rows,
        "more": len(found) > MAX_ROWS,
        "earlier": shown.query(day=earlier),
        "later": shown.query(day=later),
        "now_query": shown.query(day=today),
        "views": [(view, label, shown.query(view=view)) for view, label in CALENDAR_VIEW_CHOICES],
        "sees_diaries": user.has_perm(VIEW_DIARIES_PERMISSION),
        "sees_presenters": user.has_perm("bookings.view_presenter"),
    }
    return TemplateResponse(request, "bookings/schedule/staff/calendar.html", context)


def presenters_shown(shown: CalendarOptions) -> Any:
    """The active presenters, and those who have anything in their diary on these days."""
    span = days_in_utc(shown.days)
    theirs = BusyTime.objects.filter(live=True, presenter=OuterRef("pk")).overlapping(*span)
    rows = Presenter.objects.with_presentation_keys().filter(Q(active=True) | Exists(theirs)).order_by("name", "pk")
    if shown.presenter != ALL:
        rows = rows.filter(pk=shown.presenter)
    return rows if shown.nation == ALL else rows.filter(nation=shown.nation)


def team_rows(presenters: Sequence[Presenter], shown: CalendarOptions, user: Any, now: datetime) -> Iterator[Row]:
    """A row for each presenter with what this user may see of each day."""
    claims = claims_by_presenter(presenters, shown, user, now)
    parts: dict[int, PresenterSchedule] = {}
    schedule: Schedule | None = None
    presentations: list[Presentation] = []
    if user.has_perm(VIEW_DIARIES_PERMISSION):
        # For visits, so that it knows on which days somebody is on duty.
        anything = SlotQuery(Presentation(length_minutes=60), Format.WORKPLACE, None)
        first, last = shown.days.first, shown.days.last
        schedule = read_schedule(anything, first_day=first, last_day=last, now=now, presenters=presenters)
        parts = {part.presenter.pk: part for part in schedule.parts}
        presentations = list(Presentation.objects.offered().order_by("length_minutes", "pk"))
    books, days = user.has_perm(ADD_BOOKING_PERMISSION), [(day, shown.label(day)) for day in shown.days]
    for presenter in presenters:
        part = parts.get(presenter.pk)
        free = free_presenter_schedules(part, presentations) if part and presenter.active else []
        cells = []
        for day, label in days:
            entries = list(day_entries(claims[presenter.pk], day, shown.view, part))
            if is_bank_holiday(day, presenter.nation):
                entries.append(Entry(uk_datetime(day, time.min), "holiday", _("Bank holiday")))
            for closure in closures_between(day, day, ClosureScope.PRESENTATIONS, [presenter.nation]):
                text = _("Closed: %(reason)s") % {"reason": closure.reason}
                entries.append(Entry(uk_datetime(day, time.min), "holiday", text, brief=_("Closed")))
            if free and schedule is not None:
                entries += free_entries(free, day, is_covered=schedule.is_covered(day), books=books)
            cells.append((label, sorted(entries, key=attrgetter("start"))))
        yield Row(presenter, cells)


def claims_by_presenter(
    presenters: Sequence[Presenter], shown: CalendarOptions, user: Any, now: datetime
) -> dict[int, list[Any]]:
    """The presenters' claims on these days, of the kinds that this user may see."""
    kinds = [kind for kind, (_word, _list, permission) in KIND_DETAILS.items() if user.has_perm(permission)]
    rows = BusyTime.objects.live_at(now).overlapping(*days_in_utc(shown.days)).filter(presenter__in=presenters, kind__in=kinds)
    found: dict[int, list[Any]] = defaultdict(list)
    for row in rows.order_by("presenter", "busy__endswith").values_list(*CLAIM_COLUMNS, named=True):
        found[row.presenter].append(row)
    return found


def day_entries(claims: Iterable[Any], day: date, view: str, part: PresenterSchedule | None) -> Iterator[Entry]:
    """The diary entries of that day; with `part` also the journeys to and from visits."""
    whole = days_in_utc(DateRange(day, day))
    for row in claims:
        span = Span(row.busy__startswith, row.busy__endswith)
        if not span.overlaps(whole):
            continue
        before, after = get_journeys_around(part, span, day) if part and row.postcode else (ZERO, ZERO)
        named, list_name, _permission = KIND_DETAILS[row.kind]
        word = str(named) % {"area": row.held__area_name} if row.held__visit else str(named)
        key = row.booking or row.session or row.leave or row.option__booking or row.held__visit or row.pk
        href = f"../{list_name}/{key}/change/"  # relative to this page, since a month has many of them
        if view == MONTH:
            where = row.postcode.partition(" ")[0] or (_("online") if row.kind == BusyKind.BOOKING else "")
            clocks = clock_range_on_day_text(span, day, short=True)
            brief = brief_text(clocks, row.kind, where)
            if travel := (before + after) // MINUTE:
                brief = _("%(entry)s, travel %(minutes)d min") % {"entry": brief, "minutes": travel}
            yield Entry(span.start, row.kind, word, href, brief)
            continue
        if before:
            there = Span(span.start - before, span.start)
            yield Entry(there.start, "travel", f"{clock_range_text(there)}: {_('Travel')}")
        yield Entry(span.start, row.kind, week_text(row, word, clock_range_on_day_text(span, day)), href)
        if after:
            yield Entry(span.end, "travel", f"{clock_range_text(Span(span.end, span.end + after))}: {_('Travel home')}")


def brief_text(clocks: str, kind: str, where: str) -> str:
    """'10am YO1', '9am kept HX1', 'All day leave'."""
    return " ".join(filter(None, [clocks, str(BRIEF_LABELS.get(BusyKind(kind), "")), where]))


def week_text(row: Any, word: Any, clocks: str) -> str:
    """'10am to 11am: Booking BK-7Q4M-2F, LS1 4AP'; a booking that is not Confirmed also has its state."""
    reference = row.booking__reference or row.session__reference or row.option__booking__reference or ""
    parts = [f"{clocks}: {word} {reference}".strip()]
    if row.kind == BusyKind.BOOKING:
        parts.append(row.postcode or _("Online"))
        if row.booking__state != BookingState.CONFIRMED:
            parts.append(str(BookingState(row.booking__state).label))
    return ", ".join(parts)


def clock_range_text(span: Span) -> str:
    return _("%(start)s to %(end)s") % {"start": format_uk_time(span.start), "end": format_uk_time(span.end)}


def clock_range_on_day_text(span: Span, day: date, *, short: bool = False) -> str:
    """'10am to 11am', or only the start if `short`. For a span over several days, what it takes of this one."""
    begins_before, ends_after = uk_day(span.start) < day, span.end >= uk_datetime(day, END_OF_DAY)
    if ends_after and span.start <= uk_datetime(day, time.min):
        return _("All day")
    if begins_before:
        return _("Until %(clock)s") % {"clock": format_uk_time(span.end)}
    if ends_after:
        return _("From %(clock)s") % {"clock": format_uk_time(span.start)}
    return format_uk_time(span.start) if short else clock_range_text(span)


def get_journeys_around(part: PresenterSchedule, span: Span, day: date) -> tuple[timedelta, timedelta]:
    """How long the presenter travels before this visit, and home after it, unless another visit follows that day."""
    today = overlapping_claims(days_in_utc(DateRange(day, day)), part.claims)
    visit = next((claim for claim in today if claim.span == span), None)
    if visit is None or visit.place is None:
        return ZERO, ZERO
    ends = replace(part.day_travel(day), override_minutes=visit.travel_minutes)
    follows = next((claim for claim in gap_at(span.end, today).after if claim.is_visit), None)
    home = ZERO if follows is not None and follows.place is not None else ends.journey_to(visit.place)
    return ends.journey_before(visit.place, gap_at(span.start, today)), home


def free_presenter_schedules(part: PresenterSchedule, presentations: Sequence[Presentation]) -> list[PresenterSchedule]:
    """What this presenter could be booked for: the shortest presentation that they give, online and near their base.

    The longer of the two comes first, so that it decides when free time ends.
    """
    theirs = [each for each in presentations if not part.given or each.pk in part.given]
    base = replace(part.presenter.base, nation=part.presenter.nation)
    found = []
    for name, place in ((Format.ONLINE, None), (Format.WORKPLACE, base)):
        shortest = next((each for each in theirs if name in each.formats), None)
        if shortest is not None:
            # A copy, because a schedule keeps what it has worked out for its own place.
            asked = replace(part, slot_query=SlotQuery(shortest, name, place))
            if not asked.current_violations:
                found.append(asked)
    return sorted(found, key=lambda part: part.slot_query.length, reverse=True)


def free_entries(parts: Iterable[PresenterSchedule], day: date, *, is_covered: bool, books: bool) -> Iterator[Entry]:
    """The times of that day that the public could book. Times that follow each other are one entry."""
    ends: dict[datetime, datetime] = {}
    for part in parts:
        if is_covered or part.slot_query.format == Format.ONLINE:
            ends.update((start, start + part.slot_query.length) for start in part.starts_on(day, set(ends)))
    runs: list[Span] = []
    for span in (Span(start, end) for start, end in sorted(ends.items())):
        if runs and span.start <= runs[-1].end:
            runs.append(Span(runs[-1].start, max(runs.pop().end, span.end)))
        else:
            runs.append(span)
    presenter = next(iter(parts)).presenter.pk
    for run in runs:
        href = f"../booking/add/?free={presenter},{slot_value(run.start)}" if books else ""
        text, brief = (_("Free %(clocks)s") % {"clocks": clocks} for clocks in (clock_range_text(run), format_uk_time(run.start)))
        yield Entry(run.start, "free", text, href, brief)


def row_without_presenter(shown: CalendarOptions, user: Any) -> Row | None:
    """Bookings and sessions of these days that have no presenter."""
    rows: list[tuple[BusyKind, BookingOrSession]] = []
    bookings = Booking.objects.needing_a_presenter().filter(starting_on(shown.days))
    rows += [(BusyKind.BOOKING, booking) for booking in bookings.order_by("starts_at", "pk")[:MAX_ROWS]]
    if user.has_perm(KIND_DETAILS[BusyKind.SESSION][2]):
        sessions = OpenSession.objects.needing_a_presenter(days_in_utc(shown.days).start).filter(starting_on(shown.days))
        rows += [(BusyKind.SESSION, session) for session in sessions[:MAX_ROWS]]
    entries: dict[date, list[Entry]] = defaultdict(list)
    for kind, given in rows:
        word, list_name, _permission = KIND_DETAILS[kind]
        start, end = given.agreed_times
        clocks = clock_range_on_day_text(Span(start, end), uk_day(start), short=shown.view == MONTH)
        text, href = f"{clocks}: {word} {given.reference}", f"../{list_name}/{given.pk}/change/"
        where = given.postcode.partition(" ")[0] if isinstance(given, Booking) else ""
        entries[uk_day(start)].append(Entry(start, kind, text, href, brief_text(clocks, kind, where)))
    if not entries:
        return None
    return Row(None, [(shown.label(day), sorted(entries[day], key=attrgetter("start"))) for day in shown.days])


# The team's calendar for calendar programs: each colleague has an address of their own, so that one can be stopped alone.


@staff_site.admin_view
@require_http_methods(FORM_METHODS)
@permission_required([VIEW_BOOKING_PERMISSION, VIEW_DIARIES_PERMISSION], raise_exception=True)
def team_calendar_address(request: HttpRequest) -> HttpResponse:
    now, user = timezone.now(), signed_in_user(request)
    if request.method == "POST":
        get_or_create_feed(owner=user, by=user, now=now)
        messages.success(request, _("Your calendar address is ready."))
        return redirect("staff_calendar_address")
    context = {
        **staff_site.each_context(request),
        "title": _("The team’s calendar on my phone"),
        **feed_page_context(user, user, now),
    }
    return TemplateResponse(request, "bookings/schedule/staff/calendar_address.html", context)


@staff_site.admin_view
@require_http_methods(FORM_METHODS)
@permission_required([VIEW_BOOKING_PERMISSION, VIEW_DIARIES_PERMISSION], raise_exception=True)
def team_calendar_stop(request: HttpRequest) -> HttpResponse:
    if request.method == "POST":
        user = signed_in_user(request)
        revoke_feed(owner=user, by=user, now=timezone.now())
        messages.success(request, _("Your old calendar address no longer works."))
        return redirect("staff_calendar_address")
    context = {**staff_site.each_context(request), "title": _("Stop my address of the team’s calendar?")}
    return TemplateResponse(request, "bookings/schedule/staff/calendar_stop.html", context)
