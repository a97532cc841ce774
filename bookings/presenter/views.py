"""A presenter's own pages at /staff/mine/, made for a phone: day, diary, visit, session, availability, calendar."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta
from itertools import takewhile
from operator import attrgetter, itemgetter
from typing import Any

from django import forms
from django.contrib import messages
from django.db.models import Prefetch, Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _, gettext_lazy, ngettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.access import signed_in_user
from bookings import text as bookings_text
from bookings.calendars import views as calendars_views
from bookings.calendars.views import get_or_create_feed, revoke_feed
from bookings.emails import presenter_detail_rows
from bookings.feedback.views import feedback_panel_for_presenter
from bookings.models import (
    AvailabilityException,
    Booking,
    BookingOrSession,
    BookingQuerySet,
    BookingState,
    BusyTime,
    DutyContact,
    Format,
    HeldTime,
    Leave,
    LeaveState,
    OpenSession,
    PlaceState,
    Presenter,
    SessionState,
    Visit,
    Weekday,
    duty_contacts_by_booking,
    is_near_visit_time,
    may_check_in,
    may_check_out,
)
from bookings.models.booking import CHECK_IN, CHECK_IN_OPENS_BEFORE, CHECK_OUT, LATE_MINUTES_CHOICES
from bookings.open_sessions.queries import access_needs_of, place_figures, places_text, waiting_text
from bookings.schedule.access import (
    gives_presentations,
    own_leave,
    own_sessions,
    own_visits,
    page_context,
    presenter_or_awaited_required,
    presenter_required,
    refusal_as_warning,
)
from bookings.schedule.forms import DayHours, DaysHoursForm, OwnRulesForm, WeekHoursForm, hours_text, initial_week
from bookings.schedule.queries import Preview, build_preview, preview_change, read_journeys, starting_on
from bookings.schedule.services import end_exception, save_presenter, set_exception_hours, set_weekly_hours
from bookings.schedule.slots import DateRange
from bookings.seats.queries import guest_rows
from bookings.text import summary_row
from bookings.travel import Journeys, Place, travel_between
from bookings.visits.emails import alarm_taken_on_text
from bookings.visits.services import (
    TAKE_BACK_PERIOD,
    ask_for_help,
    check_in,
    check_out,
    report_disclosure,
    report_late,
    take_back_tap,
)
from core.dates import format_day, format_uk_time, uk_datetime, uk_day
from core.forms import FORM_METHODS, dialable_number, domain_error_to_form
from leaflets.models import OrderLine
from professionals.safeguarding.services import shown_text
from staff.audit import audit_note

# We question a check-in that is earlier than this before the start: nobody waits there for so long, and a phone in a pocket may
# press the button.
EARLY_CHECK_IN_THRESHOLD = timedelta(minutes=45)


@presenter_required
@require_safe
def presenter_availability(request: HttpRequest, presenter: Presenter) -> HttpResponse:
    now = timezone.now()
    today = uk_day(now)
    context = page_context(
        request,
        presenter,
        title=_("My availability"),
        weeks=shown_weeks(presenter, today),
        exceptions=presenter.exceptions.filter(last_day__gte=today),
        preview=build_preview(presenter, now),
    )
    return TemplateResponse(request, "bookings/presenter/availability.html", context)


@dataclass(frozen=True)
class ShownWeek:
    """A title such as 'Until Sunday 6 December 2026', and 'Monday, 9am to 1pm, 2pm to 5pm' for each weekday.

    Hours that hold for good have no title.
    """

    title: str
    days: list[str]


def shown_weeks(presenter: Presenter, today: date) -> list[ShownWeek]:
    """The weekly hours from today on, in the order in which they begin."""
    periods: dict[tuple[date, date], dict[int, DayHours]] = {}
    for window in presenter.availability.all():
        if window.valid_until is None or window.valid_until >= today:
            period = periods.setdefault((max(window.valid_from, today), window.valid_until or date.max), {})
            period.setdefault(window.weekday, []).append(window.clock_span())
    weeks = []
    for (first, last), days in sorted(periods.items(), key=itemgetter(0)):
        title = ""
        if last != date.max:
            title = _("Until %(last)s") if first == today else _("%(first)s to %(last)s")
            title %= {"first": format_day(first), "last": format_day(last)}
        elif first > today:
            title = _("From %(first)s") % {"first": format_day(first)}
        lines = [f"{Weekday(day).label}, {hours_text(hours)}" for day, hours in days.items()]
        weeks.append(ShownWeek(title, lines))
    return weeks


def change_availability_page(
    request: HttpRequest, presenter: Presenter, form: Any, change: Callable[[], object], *, title: str, done: str, intro: str = ""
) -> HttpResponse:
    """The form. Once sent, it shows what it would offer (the button "show"), or is saved."""
    shown: Preview | None = None
    if request.method == "POST" and form.is_valid():
        with domain_error_to_form(form):
            if "show" in request.POST:
                shown = preview_change(change, presenter, timezone.now())
            else:
                change()
                messages.success(request, done)
                return redirect("presenter_availability")
    context = page_context(request, presenter, title=title, form=form, preview=shown, intro=intro)
    return TemplateResponse(request, "bookings/presenter/change_availability.html", context)


@presenter_required
@require_http_methods(FORM_METHODS)
def presenter_week(request: HttpRequest, presenter: Presenter) -> HttpResponse:
    sent = request.POST if request.method == "POST" else None
    form = WeekHoursForm(sent, initial=initial_week(presenter, uk_day(timezone.now()) + ONE_DAY))

    def change() -> None:
        days = {name: form.cleaned_data[name] for name in ("first_day", "last_day")}
        set_weekly_hours(presenter=presenter, hours=form.hours, **days, own=True, now=timezone.now())

    return change_availability_page(
        request,
        presenter,
        form,
        change,
        title=_("Change my week"),
        done=_("Your week is saved."),
        intro=_("Leave a day empty if you can’t be booked on it."),
    )


@presenter_required
@require_http_methods(FORM_METHODS)
def presenter_days(request: HttpRequest, presenter: Presenter) -> HttpResponse:
    form = DaysHoursForm(request.POST if request.method == "POST" else None)

    def change() -> None:
        set_exception_hours(presenter=presenter, **form.cleaned_data, own=True, now=timezone.now())

    return change_availability_page(
        request,
        presenter,
        form,
        change,
        title=_("Set other hours for some days"),
        done=_("These days are saved."),
        intro=_("If you are away or ill, ask for leave instead. Then your bookings will go to somebody else."),
    )


@presenter_required
@require_http_methods(FORM_METHODS)
def presenter_rules(request: HttpRequest, presenter: Presenter) -> HttpResponse:
    form = OwnRulesForm(request.POST if request.method == "POST" else None, instance=presenter)

    def change() -> None:
        save_presenter(presenter=form.save(commit=False), by=signed_in_user(request), now=timezone.now())
        form.save_m2m()

    return change_availability_page(
        request, presenter, form, change, title=_("What I do, and where"), done=_("Your choices are saved.")
    )


@presenter_required
@require_http_methods(FORM_METHODS)
def presenter_end_days(request: HttpRequest, presenter: Presenter, exception_id: int) -> HttpResponse:
    """Go back to the week's hours."""
    audit_note(request).kind = AvailabilityException._meta.label_lower
    exception: AvailabilityException = get_object_or_404(presenter.exceptions, pk=exception_id)
    if request.method == "POST":
        with refusal_as_warning(request, _("Your usual hours apply again.")):
            end_exception(exception=exception, own=True, now=timezone.now())
        return redirect("presenter_availability")
    context = page_context(request, presenter, title=_("Go back to my usual hours"), exception=exception)
    return TemplateResponse(request, "bookings/presenter/end_days.html", context)


@dataclass(frozen=True)
class VisitStatus:
    """How a visit stands, in a sentence, and the one button for now; `tap` is what can still be taken back, and how."""

    text: str
    button: str = ""
    action: str = ""
    is_late: bool = False
    tap: str = ""
    take_back: str = ""
    take_back_until: str = ""


def visit_status(booking: Booking, presenter: Presenter, *, is_late: bool) -> VisitStatus | None:
    """The status for that presenter; None if nobody goes anywhere."""
    now = timezone.now()
    status = visit_status_without_undo(booking, presenter, now, is_late=is_late)
    visit: Visit | None = getattr(booking, "visit", None)
    tapped = visit.last_tap if visit is not None and visit.presenter_id == presenter.pk else None
    if status is None or tapped is None or now >= tapped[1] + TAKE_BACK_PERIOD:
        return status
    until, url = format_uk_time(tapped[1] + TAKE_BACK_PERIOD), reverse("presenter_take_back", args=[booking.reference])
    return replace(status, tap=tapped[0], take_back=url, take_back_until=until)


def visit_status_without_undo(booking: Booking, presenter: Presenter, now: datetime, *, is_late: bool) -> VisitStatus | None:
    visit: Visit | None = getattr(booking, "visit", None)
    if booking.format != Format.WORKPLACE or booking.starts_at is None:
        return None
    if visit is not None and visit.is_checked_out and visit.checked_out_at and visit.presenter_id == presenter.pk:
        return VisitStatus(_("You checked out at %(clock)s. Thank you.") % {"clock": format_uk_time(visit.checked_out_at)})
    if visit is not None and visit.is_handed_over and visit.presenter_id != presenter.pk:
        clock = format_uk_time(visit.checked_in_at) if visit.checked_in_at else ""
        sentence = _(
            "%(name)s checked in there at %(clock)s. You can check in as soon as %(name)s has checked out. "
            "Ask them to do it on their phone, or ask the team to do it for them."
        )
        return VisitStatus(sentence % {"name": visit.presenter, "clock": clock})
    if may_check_in(booking, now):
        sentence = _("We have not heard from you. Are you there?") if is_late else _("Tell us when you are there.")
        return VisitStatus(sentence, _("I have arrived"), reverse("presenter_check_in", args=[booking.reference]), is_late)
    if may_check_out(booking, now):
        action = reverse("presenter_check_out", args=[booking.reference])
        return VisitStatus(check_out_text(visit, is_late), _("I have left"), action, is_late)
    start = booking.agreed_times[0]
    if booking.state != BookingState.CONFIRMED or start < now or uk_day(start) != uk_day(now):
        return None
    return VisitStatus(_("You can check in from %(clock)s.") % {"clock": format_uk_time(start - CHECK_IN_OPENS_BEFORE)})


def check_out_text(visit: Visit | None, is_late: bool) -> str:
    handed_over = ""
    if visit is not None and visit.is_handed_over:
        if visit.booking.presenter is None:
            handed_over = " " + _("This visit is no longer yours. The next presenter can only check in after you have left.")
        else:
            sentence = _("%(name)s has this visit now, and can only check in after you have left.")
            handed_over = " " + sentence % {"name": visit.booking.presenter}
    if is_late:
        return _("We have not heard that you have left. Are you safe?") + handed_over
    if visit is not None and visit.is_checked_in and visit.checked_in_at:
        sentence = _("You checked in at %(clock)s. Tell us when you have left.")
        return sentence % {"clock": format_uk_time(visit.checked_in_at)} + handed_over
    return _("You did not check in. Tell us when you have left.")


def early_question(booking: Booking, tap: str, now: datetime) -> str:
    """The question that comes before a check-in long before the start, or a check-out before the end; else empty."""
    if booking.starts_at is None:
        return ""
    start, end = booking.agreed_times
    if tap == CHECK_IN and may_check_in(booking, now) and now < start - EARLY_CHECK_IN_THRESHOLD:
        return _("The visit begins at %(clock)s. Have you really arrived?") % {"clock": format_uk_time(start)}
    if tap == CHECK_OUT and may_check_out(booking, now) and now < end:
        return _("The visit ends at %(clock)s. Have you really left?") % {"clock": format_uk_time(end)}
    return ""


TAPS: dict[str, tuple[Callable[..., Visit], Any]] = {
    CHECK_IN: (check_in, gettext_lazy("Yes, I have arrived")),
    CHECK_OUT: (check_out, gettext_lazy("Yes, I have left")),
}


@presenter_or_awaited_required
@require_POST
def presenter_tap(request: HttpRequest, presenter: Presenter, reference: str, tap: str) -> HttpResponse:
    """Call the service for this tap and go to the visit's page, which says how it stands now.

    If it is too early, ask first; until “Yes” is pressed, nothing changes.
    """
    booking, now = get_object_or_404(own_visits(presenter), reference=reference), timezone.now()
    service, yes = TAPS[tap]
    question = "" if "sure" in request.POST else early_question(booking, tap, now)
    if question:
        context = page_context(request, presenter, title=question, visit=booking, yes=yes)
        return TemplateResponse(request, "bookings/presenter/really.html", context)
    with refusal_as_warning(request):
        service(booking, presenter=presenter, by=signed_in_user(request), now=now)
    return redirect("presenter_visit", reference=booking.reference)


@presenter_or_awaited_required
@require_POST
def presenter_take_back(request: HttpRequest, presenter: Presenter, reference: str) -> HttpResponse:
    """Take back the tap that the page named: anything since then stays."""
    booking = get_object_or_404(own_visits(presenter), reference=reference)
    with refusal_as_warning(request):
        take_back_tap(
            booking, tap=request.POST.get("tap", ""), presenter=presenter, by=signed_in_user(request), now=timezone.now()
        )
    return redirect("presenter_visit", reference=booking.reference)


# When something is wrong at a visit, or about to be.


class LateForm(forms.Form):
    """One of the buttons of the page."""

    minutes = forms.TypedChoiceField(choices=[(minutes, minutes) for minutes in LATE_MINUTES_CHOICES], coerce=int)


@presenter_or_awaited_required
@require_http_methods(FORM_METHODS)
def presenter_late(request: HttpRequest, presenter: Presenter, reference: str) -> HttpResponse:
    """Ask how late; then tell the host, and the watch waits."""
    booking = get_object_or_404(own_visits(presenter), reference=reference)
    form = LateForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        with refusal_as_warning(request, _("We have emailed the host. We will expect your check-in that much later.")):
            report_late(booking, presenter=presenter, **form.cleaned_data, by=signed_in_user(request), now=timezone.now())
        return redirect("presenter_visit", reference=booking.reference)
    context = page_context(request, presenter, title=_("How late will you be?"), visit=booking, delays=LATE_MINUTES_CHOICES)
    return TemplateResponse(request, "bookings/presenter/late.html", context)


@presenter_or_awaited_required
@require_http_methods(FORM_METHODS)
def presenter_disclosed(request: HttpRequest, presenter: Presenter, reference: str) -> HttpResponse:
    """Says whom to call; its button asks the duty person to call. There is no box, so nothing can be stored."""
    booking = get_object_or_404(own_visits(presenter), reference=reference)
    if request.method == "POST":
        with refusal_as_warning(request, _("We have emailed the duty person and the deputy and asked them to call you.")):
            report_disclosure(booking, presenter=presenter, by=signed_in_user(request), now=timezone.now())
        return redirect("presenter_disclosed", reference=booking.reference)
    context = page_context(
        request, presenter, title=_("Something was disclosed to you"), visit=booking, rows=duty_phone_rows(booking)
    )
    return TemplateResponse(request, "bookings/presenter/disclosed.html", context)


@presenter_or_awaited_required
@require_http_methods(FORM_METHODS)
def presenter_help(request: HttpRequest, presenter: Presenter, reference: str) -> HttpResponse:
    """One press sounds the alarm. The page says whom to call meanwhile, and who is on it."""
    booking = get_object_or_404(own_visits(presenter), reference=reference)
    if request.method == "POST":
        with refusal_as_warning(request):
            ask_for_help(booking, presenter=presenter, by=signed_in_user(request), now=timezone.now())
        return redirect("presenter_help", reference=booking.reference)
    visit: Visit | None = getattr(booking, "visit", None)
    asked_at = visit.help_at if visit is not None and visit.needs_help else None
    context = page_context(
        request,
        presenter,
        title=_("You need help"),
        visit=booking,
        rows=duty_phone_rows(booking),
        asked_at=format_uk_time(asked_at) if asked_at else "",
        on_it=alarm_taken_on_text(visit) if visit is not None and asked_at and visit.is_alarm_taken_on(asked_at) else "",
    )
    return TemplateResponse(request, "bookings/presenter/help.html", context)


def duty_phone_rows(booking: Booking) -> list[bookings_text.SummaryRow]:
    return [with_phone_link(row) for row in bookings_text.duty_rows(duty_contacts_by_booking([booking]).get(booking.pk, []))]


@presenter_or_awaited_required
@require_safe
def presenter_day(request: HttpRequest, presenter: Presenter) -> HttpResponse:
    """The day in ?day=2027-01-25; today if that is no day within a year."""
    now = timezone.now()
    day = today = uk_day(now)
    try:
        asked = date.fromisoformat(request.GET.get("day", ""))
    except ValueError:
        asked = today
    if abs(asked - today) <= timedelta(days=366):
        day = asked
    late = set(visits_on(presenter, day).overdue(now).values_list("pk", flat=True))
    stops = []
    for stop in stops_on(presenter, day):
        given, rows = stop.given, [with_phone_link(row) for row in stop.rows]
        status = visit_status(given, presenter, is_late=given.pk in late) if isinstance(given, Booking) else None
        stops.append(replace(stop, now=status, rows=rows))
    other_days: Sequence[tuple[str, date]] = [(_("The day before"), day - ONE_DAY), (_("The day after"), day + ONE_DAY)]
    shown = {"day": day, "is_today": day == today, "stops": stops, "other_days": other_days}
    context = page_context(request, presenter, title=format_day(day), **shown)
    return TemplateResponse(request, "bookings/presenter/day.html", context)


DIARY_VISIT_STATES = (BookingState.REQUESTED, BookingState.CONFIRMED, BookingState.DELIVERED)


@dataclass(frozen=True)
class DiaryEntry:
    """An entry of the diary. `state` is empty if it goes on as usual."""

    start: datetime
    clocks: str
    title: str
    href: str
    where: str
    state: str = ""
    status_colour: str = ""


@dataclass
class DiaryDay:
    """A day of the diary, with what begins on it; leave that began before today stands under today."""

    day: date
    entries: list[DiaryEntry] = field(default_factory=list)
    leave: list[Leave] = field(default_factory=list)

    @property
    def name(self) -> str:
        return format_day(self.day)


def diary_days(
    visits: Iterable[Booking],
    sessions: Iterable[OpenSession],
    leave: Iterable[Leave],
    held: Iterable[HeldTime],
    today: date,
) -> list[DiaryDay]:
    """The days that have something on them, in order."""
    days: dict[date, DiaryDay] = {}

    def day_of(moment: datetime) -> DiaryDay:
        day = max(uk_day(moment), today)
        return days.setdefault(day, DiaryDay(day))

    both: list[BookingOrSession] = [*visits, *sessions]
    for given in both:
        if isinstance(given, OpenSession):
            page, where = "presenter_session", _("Open session, online: %(filled)s") % {"filled": places_text(given)}
        else:
            page, where = "presenter_visit", _("Online") if given.format == Format.ONLINE else ", ".join(given.address_lines)
        state = "" if given.state in (BookingState.CONFIRMED, SessionState.SCHEDULED) else str(given.get_state_display())
        href, start = reverse(page, args=[given.reference]), given.agreed_times[0]
        entry = DiaryEntry(start, given.clocks, given.presentation.title, href, where, state, given.status_colour)
        day_of(start).entries.append(entry)
    for time_held in held:
        title = _("Held for %(area)s") % {"area": time_held.area_name}
        where = _("We will email you if somebody there books this time.")
        day_of(time_held.starts_at).entries.append(DiaryEntry(time_held.starts_at, time_held.clocks, title, "", where))
    for away in leave:
        day_of(away.starts_at).leave.append(away)
    for day in days.values():
        day.entries.sort(key=attrgetter("start"))
    return [days[day] for day in sorted(days)]


def not_over(moment: datetime) -> Q:
    """For visits and open sessions that are not over.

    A presentation takes 8 hours at most, so none of them began a day before. An index finds them by their starts; by their ends,
    the database would read every booking that there ever was.
    """
    return Q(starts_at__gt=moment - ONE_DAY, ends_at__gt=moment)


@presenter_required
@require_safe
def presenter_diary(request: HttpRequest, presenter: Presenter) -> HttpResponse:
    today = uk_day(timezone.now())
    from_today = uk_datetime(today, time())
    visits = own_visits(presenter).filter(not_over(from_today), state__in=DIARY_VISIT_STATES).order_by("starts_at")
    leave = own_leave(presenter).filter(state=LeaveState.GRANTED, ends_at__gt=from_today).order_by("starts_at", "pk")
    sessions = own_sessions(presenter).filter(not_over(from_today), state__in=DIARY_SESSION_STATES)
    held = HeldTime.objects.open().filter(presenter=presenter, expires_at__gt=timezone.now())
    days = diary_days(visits, sessions, leave, held, today)
    context = page_context(request, presenter, title=_("My diary"), days=days, today=today)
    return TemplateResponse(request, "bookings/presenter/diary.html", context)


@presenter_or_awaited_required
@require_safe
def presenter_visit(request: HttpRequest, presenter: Presenter, reference: str) -> HttpResponse:
    """One visit, or an online booking: when, where, the contact, how many come."""
    visit = get_object_or_404(own_visits(presenter).with_afterwards(), reference=reference)
    rows = [
        *bookings_text.booking_facts_without_title(visit),
        *bookings_text.missing_link_rows(visit),
        *presenter_detail_rows(visit),
        # Where an email leaves all free text out, the page keeps back only what may be about a child.
        *(bookings_text.needs_rows(visit) if visit.flagged_child_details else ()),
        *guest_rows(visit),
    ]
    rows += duty_rows_of(visit, duty_contacts_by_booking([visit]))
    shown = [with_phone_link(row) for row in rows if row["value"]]
    context = page_context(
        request,
        presenter,
        title=visit.presentation.title,
        visit=visit,
        rows=shown,
        after=feedback_panel_for_presenter(visit, timezone.now()) if gives_presentations(request.user, presenter) else None,
        now=visit_status(visit, presenter, is_late=visit.find_overdue(timezone.now()) is not None),
        is_near=is_near_visit_time(visit, timezone.now()),
        may_run_late=visit.presenter_id == presenter.pk and may_check_in(visit, timezone.now()),
    )
    return TemplateResponse(request, "bookings/presenter/visit.html", context)


def with_phone_link(row: bookings_text.SummaryRow) -> bookings_text.SummaryRow:
    """The row, with its phone number as a link that calls it."""
    return {**row, "href": f"tel:{dialable_number(str(row['value']))}"} if row.get("is_phone") else row


@presenter_required
@require_safe
def presenter_session(request: HttpRequest, presenter: Presenter, reference: str) -> HttpResponse:
    session: OpenSession = get_object_or_404(own_sessions(presenter).with_afterwards(), reference=reference)
    figures = place_figures(session)
    offered, line = figures.in_state(PlaceState.OFFERED), figures.in_state(PlaceState.WAITING)
    filled = _("%(coming)d of %(places)d") % {"coming": figures.coming, "places": session.capacity}
    rows = [
        summary_row(_("When"), session.when),
        summary_row(_("Why it was cancelled"), shown_text(session, "closed_reason")),
        *joining_rows(session),
        summary_row(_("People who come"), filled),
        summary_row(_("Who they are"), "\n".join(figures.lines)),
        summary_row(_("Offered a place"), _("%(count)d more, if they say yes") % {"count": offered} if offered else ""),
        summary_row(_("Waiting list"), waiting_text(line) if line else ""),
        summary_row(_("Access needs"), "\n".join(access_needs_of(session))),
    ]
    context = page_context(
        request,
        presenter,
        title=session.presentation.title,
        session=session,
        visit=session,
        rows=[shown for shown in rows if shown["value"]],
        after=feedback_panel_for_presenter(session, timezone.now()),
    )
    return TemplateResponse(request, "bookings/presenter/session.html", context)


@presenter_required
@require_http_methods(FORM_METHODS)
def presenter_calendar(request: HttpRequest, presenter: Presenter) -> HttpResponse:
    now, user = timezone.now(), signed_in_user(request)
    if request.method == "POST":
        get_or_create_feed(owner=presenter, by=user, now=now)
        messages.success(request, _("Your calendar address is ready."))
        return redirect("presenter_calendar")
    context = page_context(
        request, presenter, title=_("My diary on my phone"), **calendars_views.feed_page_context(presenter, user, now)
    )
    return TemplateResponse(request, "bookings/presenter/calendar.html", context)


@presenter_required
@require_http_methods(FORM_METHODS)
def presenter_calendar_stop(request: HttpRequest, presenter: Presenter) -> HttpResponse:
    if request.method == "POST":
        revoke_feed(owner=presenter, by=signed_in_user(request), now=timezone.now())
        messages.success(request, _("Your old calendar address no longer works."))
        return redirect("presenter_calendar")
    context = page_context(request, presenter, title=_("Stop my calendar address?"))
    return TemplateResponse(request, "bookings/presenter/calendar_stop.html", context)


# What a presenter gives on a day: where to go, when to leave, the contact, what to bring. For a page and an email.

ONE_DAY = timedelta(days=1)
GOING_AHEAD_STATES = (BookingState.CONFIRMED, BookingState.DELIVERED)
DIARY_SESSION_STATES = (SessionState.SCHEDULED, SessionState.DELIVERED)


@dataclass(frozen=True)
class Stop:
    """What is given on that day. `leave`: when to set off, if anywhere; `now`, for the page: how a visit stands."""

    given: BookingOrSession
    leave: str
    rows: list[bookings_text.SummaryRow]
    now: object = None

    @property
    def start(self) -> datetime:
        return self.given.agreed_times[0]

    @property
    def path(self) -> str:
        page = "presenter_visit" if isinstance(self.given, Booking) else "presenter_session"
        return reverse(page, args=[self.given.reference])


def stops_on(presenter: Presenter, day: date) -> list[Stop]:
    """What this presenter gives on that UK day, in order; each journey begins where the visit before ended, or at the base."""
    in_order = Prefetch("brought__order__lines", queryset=OrderLine.objects.in_catalogue_order())
    given = list(
        visits_on(presenter, day).filter(state__in=GOING_AHEAD_STATES).prefetch_related(in_order).order_by("starts_at", "pk")
    )
    of_the_day = own_sessions(presenter).filter(starting_on(DateRange(day, day)), state__in=DIARY_SESSION_STATES)
    sessions = list(of_the_day.select_related("presentation", "presenter", "busy_time"))
    both: list[BookingOrSession] = [*given, *sessions]
    claims = sorted(filter(None, map(get_claim, both)), key=lambda claim: claim.busy.lower)
    journeys = read_journeys([presenter.base, *(claim.place for claim in claims)])
    duty = duty_contacts_by_booking(given)
    stops = [Stop(session, _("Open session, online"), session_stop_rows(session)) for session in sessions]
    stops += [
        Stop(
            booking,
            departure_text(presenter, booking, claims, journeys),
            [*visit_stop_rows(booking), *duty_rows_of(booking, duty)],
        )
        for booking in given
    ]
    return sorted(stops, key=lambda stop: stop.start)


def visits_on(presenter: Presenter, day: date) -> BookingQuerySet:
    return own_visits(presenter).select_related("busy_time").filter(starting_on(DateRange(day, day)))


def get_claim(given: BookingOrSession) -> BusyTime | None:
    claim: BusyTime | None = getattr(given, "busy_time", None)
    return claim


def departure_text(presenter: Presenter, booking: Booking, claims: Sequence[BusyTime], journeys: Journeys) -> str:
    """'Leave LS1 4AP at 8:55am. The journey takes 65 minutes, with parking.' `claims` are the day's, in order."""
    there = journey_to_visit(presenter, booking, claims, journeys)
    if there is None:
        return ""
    origin, journey, online = there
    if not journey:
        return _("You don’t need any time to get there from %(from)s.") % {"from": origin.postcode}
    leave = booking.agreed_times[0] - journey
    for other in online:
        if leave < other.busy.upper:
            leave -= other.busy.upper - other.busy.lower
    minutes = int(journey.total_seconds() // 60)
    text = ngettext(
        "Leave %(from)s at %(clock)s. The journey takes %(minutes)d minute, with parking.",
        "Leave %(from)s at %(clock)s. The journey takes %(minutes)d minutes, with parking.",
        minutes,
    )
    return text % {"clock": format_uk_time(leave), "from": origin.postcode, "minutes": minutes}


def journey_to_visit(
    presenter: Presenter, booking: Booking, claims: Sequence[BusyTime], journeys: Journeys
) -> tuple[Place, timedelta, list[BusyTime]] | None:
    """From where, how long, and what is given online just before; None if nobody goes anywhere. `claims`: the day's, in order.

    Something online is given from the base, so the journey after it begins there. If staff overrode that, it is given where they
    are at that time: they leave earlier by as long as it takes.
    """
    claim = get_claim(booking)
    if claim is None or claim.place is None:
        return None
    start = booking.agreed_times[0]
    earlier = [other for other in claims if other.busy.upper <= start]
    online = list(takewhile(lambda other: other.place is None, reversed(earlier)))
    before = earlier[-len(online) - 1] if len(earlier) > len(online) else None
    from_base = travel_between(presenter.base, claim.place, None, claim.travel_minutes, journeys)
    if online and online[0].busy.upper <= start - from_base:
        before = None
    origin = before.place if before and before.place else presenter.base
    journey = travel_between(origin, claim.place, before.travel_minutes if before else None, claim.travel_minutes, journeys)
    return origin, journey, online


def visit_stop_rows(booking: Booking) -> list[bookings_text.SummaryRow]:
    rows = [bookings_text.summary_row(_("Where"), bookings_text.where_text(booking))]
    if booking.joining_link:
        rows.append({**bookings_text.summary_row(_("Joining link"), booking.joining_link), "href": booking.joining_link})
    rows += bookings_text.missing_link_rows(booking)
    bring = ""
    if booking.format != Format.ONLINE:
        bring = ngettext(
            "Your staff card, your laptop with its leads, and leaflets for %(people)d person",
            "Your staff card, your laptop with its leads, and leaflets for %(people)d people",
            booking.audience_size or 0,
        )
        if bookings_text.leaflets_to_bring_text(booking):
            bring = _("Your staff card, your laptop with its leads, and the leaflets below")
    rows += [
        bookings_text.summary_row(_("Room, parking or entrance"), shown_text(booking, "room")),
        bookings_text.summary_row(_("Ask for"), booking.contact_name),
        {**bookings_text.summary_row(_("Call them"), booking.contact_phone), "is_phone": True},
        bookings_text.summary_row(_("Bring"), bring % {"people": booking.audience_size}),
        bookings_text.summary_row(_("Leaflets to bring"), bookings_text.leaflets_to_bring_text(booking)),
        bookings_text.summary_row(_("Access needs"), shown_text(booking, "access_needs")),
    ]
    return [row for row in rows if row["value"]]


def duty_rows_of(booking: Booking, duty: Mapping[int, Sequence[DutyContact]]) -> list[bookings_text.SummaryRow]:
    """The people on duty, for a visit that goes ahead."""
    return bookings_text.duty_rows(duty[booking.pk]) if booking.pk in duty and booking.state in GOING_AHEAD_STATES else []


def session_stop_rows(session: OpenSession) -> list[bookings_text.SummaryRow]:
    """What a day's page needs at a glance; it does not read who comes."""
    return [bookings_text.summary_row(_("Who is coming"), places_text(session)), *joining_rows(session)]


def joining_rows(session: OpenSession) -> list[bookings_text.SummaryRow]:
    link = session.joining_link
    rows = (
        [{**bookings_text.summary_row(_("Joining link"), link), "href": link}]
        if link
        else [bookings_text.summary_row(_("Joining link"), _("There is no link yet. The team will add one and email it to you."))]
    )
    return [*rows, bookings_text.summary_row(_("How to join"), session.joining_help)] if session.joining_help else rows
