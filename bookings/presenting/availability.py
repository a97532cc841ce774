"""My availability: the week, days with other hours, and my own rules; each shows the times that it gives before it is saved."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from operator import itemgetter
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from bookings.availability_forms import Clocks, DaysForm, OwnRulesForm, WeekForm, from_tomorrow, say_hours, week_as_typed
from bookings.models import AvailabilityException, Presenter, Weekday
from bookings.presenting.access import page, presenter_required
from bookings.preview import Preview, preview, tried
from bookings.services.availability import set_days, set_week, take_back_days
from bookings.services.presenters import keep_presenter
from ctac.errors import DomainError
from ctac.forms import FORM_METHODS
from ctac.staff_acts import told
from ctac.uk import format_day, uk_day
from professionals.access import signed_in


@presenter_required
@require_safe
def presenter_availability(request: HttpRequest, presenter: Presenter) -> HttpResponse:
    now = timezone.now()
    today = uk_day(now)
    context = page(
        request,
        presenter,
        title=_("My availability"),
        weeks=weeks_of(presenter, today),
        exceptions=presenter.exceptions.filter(last_day__gte=today),
        preview=preview(presenter, now),
    )
    return TemplateResponse(request, "bookings/presenting/availability.html", context)


@dataclass(frozen=True)
class Week:
    """'Until Sunday 6 December 2026', and 'Monday, 9am to 1pm, 2pm to 5pm' for each weekday. No title for what holds for good."""

    title: str
    days: list[str]


def weeks_of(presenter: Presenter, today: date) -> list[Week]:
    """The weekly hours from today on, those that hold first first."""
    periods: dict[tuple[date, date], dict[int, Clocks]] = {}
    for each in presenter.availability.all():
        if each.valid_until is None or each.valid_until >= today:
            period = periods.setdefault((max(each.valid_from, today), each.valid_until or date.max), {})
            period.setdefault(each.weekday, []).append(each.clock())
    return [
        Week(title_of(first, last, today), [f"{Weekday(day).label}, {say_hours(hours)}" for day, hours in days.items()])
        for (first, last), days in sorted(periods.items(), key=itemgetter(0))
    ]


def title_of(first: date, last: date, today: date) -> str:
    if last == date.max:
        return _("From %(first)s") % {"first": format_day(first)} if first > today else ""
    if first == today:
        return _("Until %(last)s") % {"last": format_day(last)}
    return _("%(first)s to %(last)s") % {"first": format_day(first), "last": format_day(last)}


def change_page(
    request: HttpRequest, presenter: Presenter, form: Any, change: Callable[[], object], *, title: str, done: str, intro: str = ""
) -> HttpResponse:
    """The form; sent, it shows what it gives ("show") or is saved."""
    shown: Preview | None = None
    if request.method == "POST" and form.is_valid():
        try:
            if "show" in request.POST:
                shown = tried(change, presenter, timezone.now())
            else:
                change()
                messages.success(request, done)
                return redirect("presenter_availability")
        except DomainError as refusal:
            form.add_error(None, str(refusal.message))
    context = page(request, presenter, title=title, form=form, preview=shown, intro=intro)
    return TemplateResponse(request, "bookings/presenting/change_availability.html", context)


@presenter_required
@require_http_methods(FORM_METHODS)
def presenter_week(request: HttpRequest, presenter: Presenter) -> HttpResponse:
    sent = request.POST if request.method == "POST" else None
    form = WeekForm(sent, initial=week_as_typed(presenter, from_tomorrow()))

    def change() -> None:
        days = {name: form.cleaned_data[name] for name in ("first_day", "last_day")}
        set_week(presenter=presenter, hours=form.hours, **days, own=True, now=timezone.now())

    return change_page(
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
    form = DaysForm(request.POST if request.method == "POST" else None)

    def change() -> None:
        set_days(presenter=presenter, **form.cleaned_data, own=True, now=timezone.now())

    return change_page(
        request,
        presenter,
        form,
        change,
        title=_("Other hours on some days"),
        done=_("These days are saved."),
        intro=_("If you are away or ill, ask for leave instead: then your bookings go to somebody else."),
    )


@presenter_required
@require_http_methods(FORM_METHODS)
def presenter_rules(request: HttpRequest, presenter: Presenter) -> HttpResponse:
    form = OwnRulesForm(request.POST if request.method == "POST" else None, instance=presenter)

    def change() -> None:
        keep_presenter(presenter=form.save(commit=False), by=signed_in(request), now=timezone.now())
        form.save_m2m()

    return change_page(request, presenter, form, change, title=_("What I do, and where"), done=_("This is saved."))


@presenter_required
@require_http_methods(FORM_METHODS)
def presenter_end_days(request: HttpRequest, presenter: Presenter, exception_id: int) -> HttpResponse:
    """Back to the week's hours."""
    told(request).kind = AvailabilityException._meta.label_lower
    exception: AvailabilityException = get_object_or_404(presenter.exceptions, pk=exception_id)
    if request.method == "POST":
        try:
            take_back_days(exception=exception, own=True, now=timezone.now())
        except DomainError as refusal:
            messages.warning(request, str(refusal.message))
        else:
            messages.success(request, _("Your usual hours hold again."))
        return redirect("presenter_availability")
    context = page(request, presenter, title=_("Back to my usual hours"), exception=exception)
    return TemplateResponse(request, "bookings/presenting/end_days.html", context)
