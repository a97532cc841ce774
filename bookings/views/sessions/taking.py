"""Taking a place: one page to check and to press, once. What was typed is kept while somebody signs in."""

import secrets
from datetime import datetime
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from bookings import session_words
from bookings.models import LIVE_PLACES, Channel, OpenSession, PlaceState, SessionPlace
from bookings.services.errors import AlreadyPlaced
from bookings.services.sessions.errors import SessionClosed, TimeChanged
from bookings.services.sessions.placing import take_place
from bookings.session_forms import PlaceForm
from bookings.throttles import too_many_places
from bookings.views.flow import FORM_METHODS
from bookings.views.sessions.listing import a_session
from professionals import drafts
from professionals.access import signed_in
from professionals.child_details import looks_like_child_details
from professionals.models import DraftKind
from professionals.person_access import person_in, person_required, the_person

ROOM, LINE = "room", "line"  # what the page has promised: a place, or the waiting list


@require_http_methods(FORM_METHODS)
def session_place(request: HttpRequest, reference: str) -> HttpResponse:
    """What is typed is kept before anybody is asked to sign in: a session may have run out meanwhile."""
    if request.method == "POST" and not person_in(request):
        keep(request, reference)
    return place_page(request, reference)


@person_required
def place_page(request: HttpRequest, reference: str) -> HttpResponse:
    now, session = timezone.now(), a_session(reference)
    has_one = SessionPlace.objects.filter(session=session, person=the_person(request), state__in=LIVE_PLACES).exists()
    if has_one:
        return redirect("session_mine", reference=reference)
    if not session_words.may_be_joined(session, now):
        return redirect(session)  # which says why
    if request.method != "POST":
        typed = kept(request, reference)
        return page(request, session, PlaceForm(initial={"access_needs": typed}), restored=bool(typed))
    form = PlaceForm(request.POST)
    if not form.is_valid():
        return page(request, session, form)
    if stop := too_many_places(request, now):
        response = page(request, session, form, warning=stop.sentence(now), status=429)
        response.headers["Retry-After"] = str(stop.seconds(now))
        return response
    return take(request, session, form, now)


def take(request: HttpRequest, session: OpenSession, form: PlaceForm, now: datetime) -> HttpResponse:
    again = _("Nothing is taken yet. Please press the button once more.")
    if not token_in(request):
        return page(request, session, form, warning=again)
    if request.POST.get("starts") != session.starts_at.isoformat():
        return page(request, session, form, warning=TimeChanged.message)
    try:
        place = take_place(
            session=session,
            person=the_person(request),
            by=signed_in(request),
            now=now,
            channel=Channel.WEB,
            token=token_in(request),
            access_needs=form.cleaned_data["access_needs"],
            flagged=form.flagged,
        )
    except AlreadyPlaced:
        return page(request, session, form, token=secrets.token_urlsafe(32), warning=again)
    except TimeChanged as refusal:  # at this very moment
        return page(request, a_session(session.reference), form, warning=refusal.message)
    except SessionClosed as refusal:
        messages.warning(request, refusal.message)
        return redirect(session)
    forget(request, session.reference)
    say_what_became(request, place)
    return redirect("session_mine", reference=session.reference)


def say_what_became(request: HttpRequest, place: SessionPlace) -> None:
    """The last place may have gone, or one become free, while somebody read the page."""
    promised = request.POST.get("promised", "")
    if promised == ROOM and place.state == PlaceState.WAITING:
        messages.warning(request, _("The last place went to somebody else a moment ago, so you are on the waiting list now."))
    elif promised == LINE and place.state == PlaceState.TAKEN:
        messages.success(request, _("A place became free while you read the page, so you have it now."))
    elif place.state == PlaceState.TAKEN:
        said = _("We have sent all of this to %(email)s, with an entry for your calendar.")
        messages.success(request, said % {"email": place.person.email})


def page(request: HttpRequest, session: OpenSession, form: PlaceForm, *, status: int = 200, **more: Any) -> HttpResponse:
    """`restored`: what was typed before they had to sign in. `warning`: why nothing is stored now."""
    has_room = session_words.has_room(session)
    context: dict[str, Any] = {
        "session": session,
        "form": form,
        "has_room": has_room,
        "room": session_words.room(session),
        "facts": session_words.facts(session, with_reference=False),
        "steps": [] if has_room else session_words.while_waiting(session),
        "token": token_in(request) or secrets.token_urlsafe(32),
        "promised": ROOM if has_room else LINE,
        "starts": session.starts_at.isoformat(),
        **more,
    }
    return render(request, "bookings/sessions/place.html", context, status=status)


def token_in(request: HttpRequest) -> str:
    """What the page carried, if it can be one of ours."""
    token = request.POST.get("token", "")
    return token if drafts.SECRET.fullmatch(token) else ""


def keep(request: HttpRequest, reference: str) -> None:
    """In a draft, by session; not what looks like a child's details: nobody could be asked about that yet."""
    typed = request.POST.get("access_needs", "")[: PlaceForm.base_fields["access_needs"].max_length]  # type: ignore[attr-defined]
    if typed and not looks_like_child_details(typed):
        session = a_session(reference)
        drafts.keep(request, DraftKind.PLACE, {session.reference: {"access_needs": typed}}, timezone.now())


def kept(request: HttpRequest, reference: str) -> str:
    draft = drafts.find(request, DraftKind.PLACE, timezone.now())
    return str(draft.answers.get(reference, {}).get("access_needs", "")) if draft else ""


def forget(request: HttpRequest, reference: str) -> None:
    """What was kept is stored with the place now."""
    draft = drafts.find(request, DraftKind.PLACE, timezone.now())
    if draft and draft.answers.get(reference):
        drafts.save_step(draft, reference, {}, timezone.now())
