"""Pages behind the links of emails about a place, for whoever has the email: see bookings.views.linked, whose rules they keep."""

from collections.abc import Callable
from datetime import datetime

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from bookings import session_words
from bookings.models import PlaceLinkPurpose, SessionPlace
from bookings.services.place_links import find_place_by_link
from bookings.views.flow import FORM_METHODS
from bookings.views.linked import LinkedView, View, behind_a_link_to
from bookings.views.sessions.mine import act, standing
from professionals.person_access import person_in

OVER = "bookings/sessions/link_over.html"


def behind_a_place_link(purpose: PlaceLinkPurpose) -> Callable[[LinkedView[SessionPlace]], View]:
    return behind_a_link_to(lambda token, now: find_place_by_link(token=token, purpose=purpose, now=now), OVER)


@require_http_methods(FORM_METHODS)
@behind_a_place_link(PlaceLinkPurpose.SEE)
def place_link(request: HttpRequest, place: SessionPlace, token: str, now: datetime) -> HttpResponse:
    """How it stands, and the button that takes what is offered. Whoever is signed in goes to the place's own page."""
    return page(request, place, now, "bookings/sessions/link.html")


@require_http_methods(FORM_METHODS)
@behind_a_place_link(PlaceLinkPurpose.LEAVE)
def place_link_leave(request: HttpRequest, place: SessionPlace, token: str, now: datetime) -> HttpResponse:
    return page(request, place, now, "bookings/sessions/link_leave.html")


def page(request: HttpRequest, place: SessionPlace, now: datetime, template: str) -> HttpResponse:
    """The least that can be said: no names, no joining link, no reference."""
    if request.method == "POST":
        act(request, place, now, by=None)
        return redirect(request.path)
    person = person_in(request)
    if person and person.pk == place.person_id:
        return redirect("session_mine", reference=place.session.reference)
    how = standing(place, now)
    asks = session_words.asks_to_leave(place) if how["may_give_up"] else how["heading"]
    context = {**how, "asks": asks, "facts": session_words.facts(place.session, with_reference=False)}
    return render(request, template, context)
