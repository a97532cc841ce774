"""Open sessions to come, for everybody; taking a place; one's own place; and the pages behind links in emails about it."""

import secrets
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _, gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.access import Progress, shows_progress, signed_in_user
from accounts.models import LimitedActivity, User
from accounts.rate_limits import check_throttles, client_throttle
from bookings import text as bookings_text
from bookings.booking.forms import TEXTAREA_ATTRS
from bookings.booking.services.transitions import wants_reminders
from bookings.booking.views.bookings import LinkedView, ViewFunction, link_target_required
from bookings.calendars import ical
from bookings.errors import AlreadyPlaced
from bookings.feedback.queries import feedback_panel_for_place
from bookings.feedback.services import request_year_later, withdraw_year_later
from bookings.models import BookingChannel, OpenSession, PlaceLinkPurpose, PlaceState, Presentation, SessionPlace
from bookings.open_sessions.services.notify import (
    OfferOver,
    PlaceStateChanged,
    SessionClosed,
    TimeChanged,
    is_unsure,
    were_warned,
)
from bookings.open_sessions.services.places import accept_offer, find_place_by_link, give_up_place, take_place
from bookings.seats.queries import nearby_seats_context
from core.forms import FORM_METHODS, PageForm
from core.pages import parse_page_number
from professionals import drafts
from professionals.access import person_required, signed_in_person, signed_in_person_or_none
from professionals.models import DraftKind
from professionals.safeguarding.child_details import looks_like_child_details
from professionals.safeguarding.forms import ChildDetailsMixin

# By account: nobody needs as many to plan a year, and each may be an email.
PLACE_RATE_LIMIT = (30, timedelta(hours=1))


class PlaceForm(ChildDetailsMixin, PageForm):
    access_needs = forms.CharField(
        label=gettext_lazy("Do you need anything to take part?"),
        help_text=gettext_lazy("For example, captions, or slides in advance. Do not give any child’s details here."),
        max_length=1000,
        widget=forms.Textarea(TEXTAREA_ATTRS),
        required=False,
    )

    free_text_fields = ("access_needs",)


# Open sessions to come, for everybody: the list, and the page of one.

PAGE_SIZE = 20


@require_safe
def sessions(request: HttpRequest) -> HttpResponse:
    to_come = OpenSession.objects.upcoming(timezone.now())
    about = list(Presentation.objects.filter(pk__in=to_come.order_by().values("presentation")).order_by("title", "pk"))
    chosen = next((presentation for presentation in about if presentation.slug == request.GET.get("presentation")), None)
    if chosen:
        to_come = to_come.filter(presentation=chosen)
    number = parse_page_number(request.GET.get("page", ""))
    first = (number - 1) * PAGE_SIZE
    found = list(to_come.select_related("presentation")[first : first + PAGE_SIZE + 1])  # one more than is shown
    mine = my_places(request, found[:PAGE_SIZE])

    def link(page: int) -> str:
        query = ({"presentation": chosen.slug} if chosen else {}) | ({"page": str(page)} if page > 1 else {})
        return f"?{urlencode(query)}"

    context = {
        "shown": [
            {
                "session": session,
                "room": bookings_text.room_text(session),
                "has_room": bookings_text.has_room(session),
                "mine": mine.get(session.pk),
            }
            for session in found[:PAGE_SIZE]
        ],
        "presentations": about if len(about) > 1 else [],
        "chosen": chosen,
        "number": number,
        "earlier": link(number - 1) if number > 1 else "",
        "later": link(number + 1) if len(found) > PAGE_SIZE else "",
        **nearby_seats_context(signed_in_person_or_none(request), timezone.now()),
    }
    return render(request, "bookings/open_sessions/sessions.html", context)


def my_places(request: HttpRequest, sessions: Iterable[OpenSession]) -> dict[int, SessionPlace]:
    """The places of the person who is signed in, by session."""
    person = signed_in_person_or_none(request)
    if person is None:
        return {}
    places = SessionPlace.objects.live().filter(person=person, session__in=[session.pk for session in sessions])
    return {place.session_id: place for place in places}


@require_safe
def session(request: HttpRequest, reference: str) -> HttpResponse:
    session, now = get_object_or_404(OpenSession.objects.with_related(), reference=reference), timezone.now()
    context = {
        "session": session,
        "room": bookings_text.room_text(session),
        "has_room": bookings_text.has_room(session),
        "may_be_joined": bookings_text.may_be_joined(session, now),
        "is_over": session.ends_at <= now,
        "mine": my_places(request, [session]).get(session.pk),
    }
    return render(request, "bookings/open_sessions/session.html", context)


# Taking a place, on one page. What was typed is kept while somebody signs in.

PROMISED_PLACE, PROMISED_WAITING = "room", "line"  # what the page has promised: a place, or the waiting list


@shows_progress(
    lambda request, reference: Progress(
        _("Open session %(reference)s") % {"reference": reference}, reverse("session", args=[reference])
    )
)
@require_http_methods(FORM_METHODS)
def session_place(request: HttpRequest, reference: str) -> HttpResponse:
    """Keep what was typed before asking anybody to sign in: their session may have run out meanwhile."""
    if request.method == "POST" and not signed_in_person_or_none(request):
        # In a draft, by session. What looks like a child's details is not kept, since we can't ask about it here.
        typed = request.POST.get("access_needs", "")[: PlaceForm.base_fields["access_needs"].max_length]  # type: ignore[attr-defined]
        if typed and not looks_like_child_details(typed):
            session = get_object_or_404(OpenSession, reference=reference)
            drafts.save_answers(request, DraftKind.PLACE, {session.reference: {"access_needs": typed}}, timezone.now())
    return place_page(request, reference)


@person_required
def place_page(request: HttpRequest, reference: str) -> HttpResponse:
    now, session = timezone.now(), get_object_or_404(OpenSession.objects.with_related(), reference=reference)
    if SessionPlace.objects.live().filter(session=session, person=signed_in_person(request)).exists():
        return redirect("session_mine", reference=reference)
    if not bookings_text.may_be_joined(session, now):
        return redirect(session)  # its page says why
    if request.method != "POST":
        draft = drafts.find(request, DraftKind.PLACE, timezone.now())
        typed = str(draft.answers.get(reference, {}).get("access_needs", "")) if draft else ""
        return place_form_page(request, session, PlaceForm(initial={"access_needs": typed}), restored=bool(typed))
    form = PlaceForm(request.POST)
    if not form.is_valid():
        return place_form_page(request, session, form)
    if stop := check_throttles(request, LimitedActivity.PLACE, [client_throttle(request, "place", *PLACE_RATE_LIMIT)], now):
        response = place_form_page(request, session, form, warning=stop.sentence(now), status=429)
        response.headers["Retry-After"] = str(stop.seconds(now))
        return response
    return submit_place(request, session, form, now)


def submit_place(request: HttpRequest, session: OpenSession, form: PlaceForm, now: datetime) -> HttpResponse:
    again = _("Nothing has been sent yet. Please press the button again.")
    if not form_token(request):
        return place_form_page(request, session, form, warning=again)
    if request.POST.get("starts") != session.starts_at.isoformat():
        return place_form_page(request, session, form, warning=TimeChanged.message)
    try:
        place = take_place(
            session=session,
            person=signed_in_person(request),
            by=signed_in_user(request),
            now=now,
            channel=BookingChannel.WEB,
            token=form_token(request),
            access_needs=form.cleaned_data["access_needs"],
            flagged=form.flagged,
        )
    except AlreadyPlaced:
        return place_form_page(request, session, form, token=secrets.token_urlsafe(32), warning=again)
    except TimeChanged as refusal:  # in this very moment
        session = OpenSession.objects.with_related().get(pk=session.pk)
        return place_form_page(request, session, form, warning=refusal.message)
    except SessionClosed as refusal:
        messages.warning(request, refusal.message)
        return redirect(session)
    # The draft is no longer needed.
    reference = session.reference
    draft = drafts.find(request, DraftKind.PLACE, timezone.now())
    if draft and draft.answers.get(reference):
        drafts.save_step(draft, reference, {}, timezone.now())
    # While somebody read the page, the last place may have gone, or one may have become free.
    promised = request.POST.get("promised", "")
    if promised == PROMISED_PLACE and place.state == PlaceState.WAITING:
        messages.warning(request, _("The last place went to somebody else a moment ago, so you are on the waiting list now."))
    elif promised == PROMISED_WAITING and place.state == PlaceState.TAKEN:
        messages.success(request, _("A place became free while you were reading the page, so you have it now."))
    elif place.state == PlaceState.TAKEN:
        sent = _("We have sent the details to %(email)s, with an entry for your calendar.")
        messages.success(request, sent % {"email": place.person.email})
    return redirect("session_mine", reference=session.reference)


def place_form_page(
    request: HttpRequest, session: OpenSession, form: PlaceForm, *, status: int = 200, **more: Any
) -> HttpResponse:
    """`restored`: what was typed before they had to sign in. `warning`: why nothing is stored now."""
    has_room = bookings_text.has_room(session)
    context: dict[str, Any] = {
        "session": session,
        "form": form,
        "has_room": has_room,
        "room": bookings_text.room_text(session),
        "facts": bookings_text.session_facts(session, with_reference=False),
        "steps": [] if has_room else bookings_text.waiting_steps(session),
        "token": form_token(request) or secrets.token_urlsafe(32),
        "promised": PROMISED_PLACE if has_room else PROMISED_WAITING,
        "starts": session.starts_at.isoformat(),
        **more,
    }
    return render(request, "bookings/open_sessions/place.html", context, status=status)


def form_token(request: HttpRequest) -> str:
    """The token that the page sent, if it can be one of ours."""
    token = request.POST.get("token", "")
    return token if drafts.SECRET_PATTERN.fullmatch(token) else ""


# A person's own place at an open session: how it stands, how to join, accepting an offer, giving it up.

ACCEPT, GIVE_UP = "accept", "give-up"
GIVE_UP_STATES = (PlaceState.TAKEN, PlaceState.OFFERED, PlaceState.WAITING)


def own_place(request: HttpRequest, reference: str) -> SessionPlace:
    mine = signed_in_person(request).session_places.select_related(
        "session__presentation", "session__presenter", "person", "session__follow_up", "anniversary_prompt"
    )
    return get_object_or_404(mine, session__reference=reference)


@require_http_methods(FORM_METHODS)
@person_required
def session_mine(request: HttpRequest, reference: str) -> HttpResponse:
    now, place = timezone.now(), own_place(request, reference)
    if request.method == "POST":
        act_on_place(request, place, now, by=request.user)  # type: ignore[arg-type]
        return redirect("session_mine", reference=reference)
    will_be_reminded = place.state == PlaceState.TAKEN and place.session.reminder_due_at > now
    reminders_stopped = will_be_reminded and not wants_reminders(place.person)
    is_live = place.state in (PlaceState.TAKEN, PlaceState.WAITING)
    context = {
        **place_context(place, now),
        "steps": bookings_text.session_next_steps(place, now, reminds=not reminders_stopped) if is_live else [],
        "stopped_reminders": reminders_stopped,
        "facts": bookings_text.place_facts(place, with_reference=False),
        "unsure": place.has_a_place and is_unsure(place.session, now) and were_warned(place.session),
        "has_calendar": place.has_a_place and place.session.is_scheduled and place.session.ends_at > now,
        "after": feedback_panel_for_place(place, now),
    }
    return render(request, "bookings/open_sessions/mine.html", context)


def place_context(place: SessionPlace, now: datetime) -> dict[str, object]:
    """What the place's own page and the pages behind links have in common."""
    to_come = bookings_text.may_be_joined(place.session, now)
    waits = to_come and place.state == PlaceState.WAITING
    return {
        "place": place,
        "session": place.session,
        "to_come": to_come,
        "heading": bookings_text.place_title(place, now),
        "line": bookings_text.waiting_list_text(bookings_text.waiting_list_number(place)) if waits else "",
        "until": place.offered_until,
        "may_accept": to_come and place.state == PlaceState.OFFERED,
        "may_give_up": to_come and place.state in GIVE_UP_STATES,
    }


def act_on_place(request: HttpRequest, place: SessionPlace, now: datetime, *, by: User | None) -> None:
    """Accept or give up the place, whichever button was pressed; the next page shows the message."""
    action = request.POST.get("do", "")
    if action not in (ACCEPT, GIVE_UP):
        return
    if request.POST.get("version") != str(place.version):
        messages.warning(request, _("Your place has changed since you opened the page. Please read this page again."))
        return
    try:
        if action == ACCEPT:
            accept_offer(place=place, by=by, now=now)
            messages.success(request, _("The place is yours. We have sent you an email with the calendar entry."))
        else:
            waited = place.state == PlaceState.WAITING
            give_up_place(place=place, by=by, now=now, by_link=by is None)
            done = _("You are off the waiting list.") if waited else _("Thank you. Somebody else can have the place now.")
            messages.success(request, done)
    except (OfferOver, PlaceStateChanged, SessionClosed) as refusal:
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
    return ical.calendar_response(entry, place.session.reference)


@require_POST
@person_required
def session_again(request: HttpRequest, reference: str) -> HttpResponse:
    """Ask for a reminder in a year, or take the wish back."""
    now, place = timezone.now(), own_place(request, reference)
    if "withdraw" in request.POST:
        withdraw_year_later(of=place)
    elif "wish" in request.POST and feedback_panel_for_place(place, now) is not None:
        request_year_later(of=place, now=now)
    return redirect("session_mine", reference=reference)


# Pages behind links in emails about a place, by the rules of bookings.booking.views.bookings.

LINK_OVER_TEMPLATE = "bookings/open_sessions/link_over.html"


def place_link_required(purpose: PlaceLinkPurpose) -> Callable[[LinkedView[SessionPlace]], ViewFunction]:
    return link_target_required(lambda token, now: find_place_by_link(token=token, purpose=purpose, now=now), LINK_OVER_TEMPLATE)


@require_http_methods(FORM_METHODS)
@place_link_required(PlaceLinkPurpose.SEE)
def place_link(request: HttpRequest, place: SessionPlace, token: str, now: datetime) -> HttpResponse:
    """How the place stands, with the button that accepts an offer. Its person, if signed in, goes to its own page."""
    return place_link_page(request, place, now, "bookings/open_sessions/link.html")


@require_http_methods(FORM_METHODS)
@place_link_required(PlaceLinkPurpose.LEAVE)
def place_link_leave(request: HttpRequest, place: SessionPlace, token: str, now: datetime) -> HttpResponse:
    return place_link_page(request, place, now, "bookings/open_sessions/link_leave.html")


def place_link_page(request: HttpRequest, place: SessionPlace, now: datetime, template: str) -> HttpResponse:
    """As little as can be said: no names, no joining link, no reference."""
    if request.method == "POST":
        act_on_place(request, place, now, by=None)
        return redirect(request.path)
    person = signed_in_person_or_none(request)
    if person and person.pk == place.person_id:
        return redirect("session_mine", reference=place.session.reference)
    context = place_context(place, now)
    asks = context["heading"]
    if context["may_give_up"] and place.state == PlaceState.WAITING:
        asks = _("Leave the waiting list?")
    elif context["may_give_up"]:
        asks = _("Give up your place?") if place.state == PlaceState.TAKEN else _("Let somebody else have this place?")
    context |= {"asks": asks, "facts": bookings_text.session_facts(place.session, with_reference=False)}
    return render(request, template, context)
