"""One's own place at an open session: how it stands, how to join, taking what is offered, giving it up."""

from datetime import datetime

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from bookings import ical, session_words
from bookings.after_words import after_for_place
from bookings.models import PlaceState, SessionPlace
from bookings.services.reminding import gets_reminders
from bookings.services.sessions.errors import OfferOver, PlaceMoved, SessionClosed
from bookings.services.sessions.placing import accept_offer, give_up
from bookings.services.sessions.warning import is_unsure, were_warned
from bookings.services.year_later import wish_year_later, withdraw_year_later
from bookings.views.flow import FORM_METHODS
from professionals.models import User
from professionals.person_access import person_required, the_person

ACCEPT, GIVE_UP = "accept", "give-up"
MAY_GIVE_UP = (PlaceState.TAKEN, PlaceState.OFFERED, PlaceState.WAITING)


def own_place(request: HttpRequest, reference: str) -> SessionPlace:
    mine = the_person(request).session_places.select_related(
        "session__presentation", "session__presenter", "person", "session__afterwards", "yearlater"
    )
    return get_object_or_404(mine, session__reference=reference)


@require_http_methods(FORM_METHODS)
@person_required
def session_mine(request: HttpRequest, reference: str) -> HttpResponse:
    now, place = timezone.now(), own_place(request, reference)
    if request.method == "POST":
        act(request, place, now, by=request.user)  # type: ignore[arg-type]
        return redirect("session_mine", reference=reference)
    context = {
        **standing(place, now),
        **what_comes(place, now),
        "facts": session_words.for_its_person(place, with_reference=False),
        "unsure": place.has_a_place and is_unsure(place.session, now) and were_warned(place.session),
        "has_calendar": place.has_a_place and place.session.is_scheduled and place.session.ends_at > now,
        "after": after_for_place(place, now),
    }
    return render(request, "bookings/sessions/mine.html", context)


def what_comes(place: SessionPlace, now: datetime) -> dict[str, object]:
    if place.state not in (PlaceState.TAKEN, PlaceState.WAITING):
        return {"steps": []}
    ahead = place.state == PlaceState.TAKEN and place.session.reminder_due_at > now
    stopped = ahead and not gets_reminders(place.person)
    return {"steps": session_words.next_steps(place, now, reminds=not stopped), "stopped_reminders": stopped}


def standing(place: SessionPlace, now: datetime) -> dict[str, object]:
    """What its own page and the pages behind links both say and offer."""
    to_come = session_words.may_be_joined(place.session, now)
    waits = to_come and place.state == PlaceState.WAITING
    return {
        "place": place,
        "session": place.session,
        "to_come": to_come,
        "heading": session_words.title_of(place) if to_come else session_words.title_of_past(place, now),
        "line": session_words.in_line(session_words.number_in_line(place)) if waits else "",
        "until": place.offered_until,
        "may_accept": to_come and place.state == PlaceState.OFFERED,
        "may_give_up": to_come and place.state in MAY_GIVE_UP,
    }


def act(request: HttpRequest, place: SessionPlace, now: datetime, *, by: User | None) -> None:
    """One of the two buttons was pressed; what became of it is said on the page that follows."""
    wish = request.POST.get("do", "")
    if wish not in (ACCEPT, GIVE_UP):
        return
    if request.POST.get("version") != str(place.version):
        messages.warning(request, _("This has changed since you opened the page. Please read how it stands now."))
        return
    try:
        if wish == ACCEPT:
            accept_offer(place=place, by=by, now=now)
            messages.success(request, _("The place is yours. We have sent you an email with the calendar entry."))
        else:
            waited = place.state == PlaceState.WAITING
            give_up(place=place, by=by, now=now, by_link=by is None)
            said = _("You are off the waiting list.") if waited else _("Thank you. Somebody else can have the place now.")
            messages.success(request, said)
    except (OfferOver, PlaceMoved, SessionClosed) as refusal:
        messages.warning(request, refusal.message)


@require_safe
@person_required
def session_calendar(request: HttpRequest, reference: str) -> HttpResponse:
    place = own_place(request, reference)
    if not place.has_a_place or not place.session.is_scheduled:
        raise Http404
    to = ical.Attendee(place.person.email, place.person.name)
    sequence = ical.place_sequence(place)
    entry = ical.session_calendar(place.session, "PUBLISH", now=timezone.now(), to=to, sequence=sequence)
    response = HttpResponse(entry, content_type="text/calendar; charset=utf-8")
    response.headers["Content-Disposition"] = f'attachment; filename="{place.session.reference}.ics"'
    return response


@require_POST
@person_required
def session_again(request: HttpRequest, reference: str) -> HttpResponse:
    """A reminder in a year: wished, or taken back."""
    now, place = timezone.now(), own_place(request, reference)
    if "withdraw" in request.POST:
        withdraw_year_later(of=place)
    elif "wish" in request.POST and after_for_place(place, now) is not None:
        wish_year_later(of=place, now=now)
    return redirect("session_mine", reference=reference)
