"""The open sessions that a presenter gives: when, how to join, and who comes, in numbers and without names."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from bookings.agenda import how_to_join
from bookings.models import Afterwards, OpenSession, PlaceState, Presenter
from bookings.presenting.access import own_sessions, page, presenter_required
from bookings.presenting.afterwards import after_of, attendance_page, make_slide, slide_response
from bookings.session_figures import figures_of, needs, waiting
from bookings.words import Row, row
from ctac.forms import FORM_METHODS


def who_comes(session: OpenSession) -> list[Row]:
    figures = figures_of(session)
    offered, line = figures.of(PlaceState.OFFERED), figures.of(PlaceState.WAITING)
    of = _("%(coming)d of %(places)d") % {"coming": figures.coming, "places": session.capacity}
    rows = [row(_("People who come"), of), row(_("Who they are"), "\n".join(figures.lines))]
    rows += [row(_("Have an offer"), _("%(count)d more, if they say yes") % {"count": offered})] if offered else []
    rows += [row(_("Waiting list"), waiting(line))] if line else []
    return [*rows, row(_("Access needs"), "\n".join(needs(session)))]


def own_session(presenter: Presenter, reference: str) -> OpenSession:
    session: OpenSession = get_object_or_404(own_sessions(presenter).with_afterwards(), reference=reference)
    return session


@presenter_required
@require_safe
def presenter_session(request: HttpRequest, presenter: Presenter, reference: str) -> HttpResponse:
    session = own_session(presenter, reference)
    rows = [row(_("When"), session.when), *how_to_join(session), *who_comes(session)]
    if session.closed_reason:
        rows.insert(1, row(_("Why it was cancelled"), session.closed_reason))
    more = {
        "session": session,
        "visit": session,
        "rows": [each for each in rows if each["value"]],
        "after": after_of(session, timezone.now()),
    }
    context = page(request, presenter, title=session.presentation.title, **more)
    return TemplateResponse(request, "bookings/presenting/session.html", context)


@presenter_required
@require_http_methods(FORM_METHODS)
def presenter_session_attendance(request: HttpRequest, presenter: Presenter, reference: str) -> HttpResponse:
    session = own_session(presenter, reference)
    return attendance_page(request, presenter, session, reverse("presenter_session", args=[session.reference]))


@presenter_required
@require_POST
def presenter_session_slide(request: HttpRequest, presenter: Presenter, reference: str) -> HttpResponse:
    made = make_slide(request, own_session(presenter, reference))
    return redirect("presenter_session_slide_pdf" if made else "presenter_session", reference=reference)


@presenter_required
@require_safe
def presenter_session_slide_pdf(request: HttpRequest, presenter: Presenter, reference: str) -> HttpResponse:
    session = own_session(presenter, reference)
    return slide_response(get_object_or_404(Afterwards, session=session), session)
