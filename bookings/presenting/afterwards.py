"""What a presenter does when it is over, in under a minute: how many came; and the slide with the link to feedback."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from bookings.after_forms import AttendanceForm
from bookings.after_words import attendance_of, people_came
from bookings.models import Afterwards, Attendance, Booking, Given, Presenter
from bookings.models.after import TAKES_PLACE
from bookings.presenting.access import own_visits, page, presenter_required
from bookings.prints.slide import feedback_slide
from bookings.services.afterwards import open_afterwards
from bookings.services.attendance import CountedMeanwhile, may_record, record_attendance
from bookings.short_links import short_link
from ctac.errors import DomainError
from ctac.forms import FORM_METHODS
from professionals.access import signed_in


@dataclass(frozen=True)
class After:
    """Where things stand, and what can be done."""

    people: str
    attendance_url: str
    slide_url: str
    short_link: str


def after_of(given: Given, now: datetime) -> After | None:
    """None for what does not take place. Read with the booking (`with_afterwards`), it asks the database nothing."""
    if given.state not in TAKES_PLACE or given.starts_at is None:
        return None
    attendance, afterwards = attendance_of(given), getattr(given, "afterwards", None)
    return After(
        people=people_came(attendance.people) if attendance else "",
        attendance_url=url_of(given, "attendance") if may_record(given, now, by_presenter=True) else "",
        slide_url=url_of(given, "slide") if afterwards is None or now < afterwards.closes_at else "",
        short_link=short_link(afterwards) if afterwards else "",
    )


def url_of(given: Given, what: str) -> str:
    kind = "presenter" if isinstance(given, Booking) else "presenter_session"
    return reverse(f"{kind}_{what}", args=[given.reference])


def own_visit(presenter: Presenter, reference: str) -> Booking:
    visit: Booking = get_object_or_404(own_visits(presenter).with_afterwards(), reference=reference)
    return visit


def attendance_page(request: HttpRequest, presenter: Presenter, given: Given, back_url: str) -> HttpResponse:
    """The form; sent, back to the page of what was given."""
    now, stands = timezone.now(), attendance_of(given)
    form = AttendanceForm(request.POST if request.method == "POST" else None, given=given, stands=stands)
    if request.method == "POST" and form.is_valid():
        try:
            kept = save(form, given, by=signed_in(request), now=now, by_presenter=True)
        except CountedMeanwhile as refusal:
            form = drawn_anew(form, refusal, given)
        except DomainError as refusal:
            form.add_error(None, str(refusal.message))
        else:
            messages.success(request, _("Thank you. %(came)s") % {"came": people_came(kept.people, form.uncounted)})
            return redirect(back_url)
    context = page(request, presenter, title=_("Who came?"), form=form, given=given, visit=given, back_url=back_url)
    return TemplateResponse(request, "bookings/presenting/attendance.html", context)


def save(form: AttendanceForm, given: Any, **how: Any) -> Attendance:
    return record_attendance(given=given, counts=form.counts, expected=form.expected, **how)


def drawn_anew(form: AttendanceForm, refusal: CountedMeanwhile, given: Given) -> AttendanceForm:
    """With what was typed; pressed again, it replaces the numbers that its reader has now been told of."""
    again = AttendanceForm({**form.data.dict(), "seen": str(refusal.stands.revision)}, given=given, stands=refusal.stands)  # type: ignore[attr-defined]
    again.is_valid()
    again.add_error(None, str(refusal.message))
    return again


@presenter_required
@require_http_methods(FORM_METHODS)
def presenter_attendance(request: HttpRequest, presenter: Presenter, reference: str) -> HttpResponse:
    visit = own_visit(presenter, reference)
    return attendance_page(request, presenter, visit, reverse("presenter_visit", args=[visit.reference]))


@presenter_required
@require_POST
def presenter_slide(request: HttpRequest, presenter: Presenter, reference: str) -> HttpResponse:
    """Makes its short link, if it has none yet, and goes to the PDF."""
    made = make_slide(request, own_visit(presenter, reference))
    return redirect("presenter_slide_pdf" if made else "presenter_visit", reference=reference)


def make_slide(request: HttpRequest, given: Given) -> bool:
    if after_of(given, timezone.now()) is None:
        messages.warning(request, _("This presentation does not take place, so there is nothing to show."))
        return False
    open_afterwards(given=given, now=timezone.now())
    return True


@presenter_required
@require_safe
def presenter_slide_pdf(request: HttpRequest, presenter: Presenter, reference: str) -> HttpResponse:
    visit = own_visit(presenter, reference)
    return slide_response(get_object_or_404(Afterwards, booking=visit), visit)


def slide_response(afterwards: Afterwards, given: Given) -> HttpResponse:
    response = HttpResponse(feedback_slide(afterwards, made_at=timezone.now()), content_type="application/pdf")
    response.headers["Content-Disposition"] = f'attachment; filename="{given.reference}-feedback.pdf"'
    return response
