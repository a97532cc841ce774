"""The link and the words by which people join a session."""

from typing import TYPE_CHECKING

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from bookings.admin.sessions.plan_forms import JoiningForm
from bookings.admin.sessions.showing import address, show
from bookings.models import OpenSession
from bookings.services.sessions.joining import can_be_known, set_joining
from bookings.services.sessions.telling import HAVE_A_PLACE
from ctac.errors import DomainError
from ctac.staff import ObjectAction

if TYPE_CHECKING:
    from bookings.admin.sessions.listing import OpenSessionAdmin


def joining_page(page: "OpenSessionAdmin", request: HttpRequest, session: OpenSession, action: ObjectAction) -> HttpResponse:
    typed = {"own_joining_link": session.own_joining_link, "joining_help": session.joining_help}
    known = can_be_known(session)
    form = JoiningForm(request.POST if request.method == "POST" else None, initial=typed)
    if form.is_valid():
        try:
            told = set_joining(session=session, by=request.user, now=timezone.now(), **form.cleaned_data)  # type: ignore[arg-type]
        except DomainError as refusal:
            form.add_error(None, str(refusal.message))
        else:
            messages.success(request, said(session, told, known=known))
            return redirect(address(session))
    return show(page, request, session, action, "bookings/staff/sessions/joining.html", form, known=known)


def said(session: OpenSession, told: int, *, known: bool) -> str:
    if told:
        return _("It is changed. Everybody with a place gets an email.")
    if not known:
        return _("It is changed. Nobody had read how to join before, so nobody is told.")
    if session.places.filter(state__in=HAVE_A_PLACE).exists():
        return _("It is changed. We have no email address of anybody with a place, so please ring them.")
    return _("It is changed. Nobody has a place yet, so nobody is told.")


JOINING = ObjectAction(
    "joining",
    gettext_lazy("Change how to join"),
    page=joining_page,
    available=lambda session: session.is_scheduled,
    explanation=gettext_lazy("Only people who have a place, and the presenter, ever see it."),
)
