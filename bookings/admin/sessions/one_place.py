"""What staff do for one person after a phone call: take what they are offered, or give up their place."""

from typing import TYPE_CHECKING

from django.contrib import messages
from django.forms import Form
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from bookings import words
from bookings.admin.sessions.showing import address, show
from bookings.models import OpenSession, PlaceState, SessionPlace
from bookings.services.sessions.placing import accept_offer, give_up
from ctac.errors import DomainError
from ctac.staff import ObjectAction
from ctac.staff_lists import phone_link
from professionals.for_staff import called

if TYPE_CHECKING:
    from bookings.admin.sessions.listing import OpenSessionAdmin

ACCEPT, GIVE_UP = "accept", "give-up"


def place_page(page: "OpenSessionAdmin", request: HttpRequest, session: OpenSession, action: ObjectAction) -> HttpResponse:
    """?place=12 names it."""
    asked = request.GET.get("place", "")
    is_key = asked.isascii() and asked.isdigit() and len(asked) < 10
    places = session.places.select_related("person__organisation", "session")
    place: SessionPlace | None = places.filter(pk=int(asked)).first() if is_key else None
    if place is None:
        raise Http404
    form = Form(request.POST if request.method == "POST" else None)
    if request.method == "POST":
        try:
            said = act(place, request)
        except DomainError as refusal:
            form.add_error(None, str(refusal.message))
        else:
            messages.success(request, said)
            return redirect(address(session))
    more = {"place": place, "rows": rows_of(place), "offered": place.state == PlaceState.OFFERED}
    return show(page, request, session, action, "bookings/staff/sessions/place.html", form, **more)


def act(place: SessionPlace, request: HttpRequest) -> str:
    facts, now = {"name": place.person.name}, timezone.now()
    if request.POST.get("do") == ACCEPT:
        accept_offer(place=place, by=request.user, now=now)  # type: ignore[arg-type]
        return _("%(name)s has a place.") % facts
    give_up(place=place, by=request.user, now=now)  # type: ignore[arg-type]
    return _("%(name)s has given up. Whoever is next in line gets it.") % facts


def rows_of(place: SessionPlace) -> list[words.Row]:
    person = place.person
    rows = [words.row(_("Person"), called(person)), words.row(_("Phone"), phone_link(person.phone))]
    rows += [
        words.row(_("Email"), person.email or _("None: tell them by phone")),
        words.row(_("State"), place.get_state_display()),
    ]
    if place.offer_expires_at:
        rows.append(words.row(_("Offered until"), words.moment(place.offer_expires_at)))
    return [words.row(_("When"), place.session.when), *rows]


ONE_PLACE = ObjectAction(
    "place",
    gettext_lazy("Act for one person"),
    page=place_page,
    available=lambda session: session.is_scheduled and not session.has_begun(timezone.now()),
)
