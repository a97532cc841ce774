"""Changing how many places there are. A cut first says exactly who goes back to the line, and asks."""

from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import messages
from django.db.models import Case, When
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from bookings import rules
from bookings.admin.sessions.showing import address, fingerprint, show
from bookings.models import OpenSession, PlaceState, SessionPlace
from bookings.services.sessions.changing import set_capacity
from bookings.services.sessions.errors import SessionMoved, WouldDrop
from ctac.errors import DomainError
from ctac.forms import PageForm
from ctac.staff import ObjectAction

if TYPE_CHECKING:
    from bookings.admin.sessions.listing import OpenSessionAdmin


class CapacityForm(PageForm):
    capacity = forms.IntegerField(
        label=gettext_lazy("How many places?"),
        min_value=1,
        max_value=rules.LARGEST_SESSION,
        error_messages={"required": gettext_lazy("Enter how many places there are.")},
    )
    # The number that the page was drawn with: somebody else may have changed it since.
    expected = forms.IntegerField(widget=forms.HiddenInput)


def capacity_page(page: "OpenSessionAdmin", request: HttpRequest, session: OpenSession, action: ObjectAction) -> HttpResponse:
    data = request.POST if request.method == "POST" else None
    form = CapacityForm(data, initial={"capacity": session.capacity, "expected": session.capacity})
    going: list[SessionPlace] = []
    if form.is_valid():
        going = people_going_back(session, session.occupied - form.cleaned_data["capacity"])
        if not going or request.POST.get("going", "") == fingerprint(going):
            try:
                cut(form, session, request.user, len(going))
            except WouldDrop as refusal:
                session.refresh_from_db()
                going = people_going_back(session, refusal.people)
            except DomainError as refusal:
                if isinstance(refusal, SessionMoved):
                    session.refresh_from_db()
                    form = with_figures_of(session, form)
                form.add_error(None, str(refusal.message))
                going = []
            else:
                messages.success(
                    request,
                    _("There are %(places)d places now. Everybody concerned gets an email.")
                    % {"places": form.cleaned_data["capacity"]},
                )
                return redirect(address(session))
    more: dict[str, Any] = {"going": going, "seen": fingerprint(going), "new": form.cleaned_data["capacity"] if going else None}
    return show(page, request, session, action, "bookings/staff/sessions/capacity.html", form, **more)


def people_going_back(session: OpenSession, count: int) -> list[SessionPlace]:
    """Who goes back to the line when so many have to: offers first, then the newest places."""
    if count <= 0:
        return []
    held = session.places.filter(state__in=(PlaceState.OFFERED, PlaceState.TAKEN)).select_related("person__organisation")
    offers_first = Case(When(state=PlaceState.OFFERED, then=0), default=1)
    return list(held.order_by(offers_first, "-position")[:count])


def with_figures_of(session: OpenSession, form: CapacityForm) -> CapacityForm:
    """The same answer, asked again of the session as it stands now."""
    again = CapacityForm({"capacity": str(form.cleaned_data["capacity"]), "expected": str(session.capacity)})
    again.is_valid()
    return again


def cut(form: CapacityForm, session: OpenSession, by: Any, back: int) -> None:
    given = form.cleaned_data
    now = timezone.now()
    set_capacity(session=session, capacity=given["capacity"], expected=given["expected"], back_to_line=back, by=by, now=now)


CAPACITY = ObjectAction(
    "capacity",
    gettext_lazy("Change the number of places"),
    page=capacity_page,
    available=lambda session: session.is_scheduled and not session.has_begun(timezone.now()),
    explanation=gettext_lazy(
        "More places go to whoever waits, in order. If there would be fewer than are taken, the next page says exactly who goes "
        "back to the waiting list, and asks you."
    ),
)
