"""Open sessions to come, for everybody: the list, and the page of one."""

from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import urlencode

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from bookings import session_words
from bookings.models import OpenSession, Presentation, SessionPlace
from ctac.past import page_in
from professionals.person_access import person_in

ON_A_PAGE = 20


@dataclass(frozen=True)
class Shown:
    """A session in the list, and how it stands for whoever looks."""

    session: OpenSession
    room: str
    has_room: bool
    mine: SessionPlace | None


@require_safe
def sessions(request: HttpRequest) -> HttpResponse:
    now = timezone.now()
    to_come = OpenSession.objects.to_come(now)
    about = list(Presentation.objects.filter(pk__in=to_come.order_by().values("presentation")).order_by("title", "pk"))
    chosen = next((each for each in about if each.slug == request.GET.get("presentation")), None)
    if chosen:
        to_come = to_come.filter(presentation=chosen)
    number = page_in(request.GET.get("page", ""))
    first = (number - 1) * ON_A_PAGE
    found = list(to_come.select_related("presentation")[first : first + ON_A_PAGE + 1])  # one more than is shown
    context = {
        "shown": as_they_stand(found[:ON_A_PAGE], request),
        "presentations": about if len(about) > 1 else [],
        "chosen": chosen,
        "number": number,
        "earlier": at(chosen, number - 1) if number > 1 else "",
        "later": at(chosen, number + 1) if len(found) > ON_A_PAGE else "",
    }
    return render(request, "bookings/sessions/sessions.html", context)


def at(presentation: Presentation | None, page: int) -> str:
    asked = ({"presentation": presentation.slug} if presentation else {}) | ({"page": str(page)} if page > 1 else {})
    return f"?{urlencode(asked)}"


def as_they_stand(found: Iterable[OpenSession], request: HttpRequest) -> list[Shown]:
    mine = my_places(request, found)
    return [Shown(each, session_words.room(each), session_words.has_room(each), mine.get(each.pk)) for each in found]


def my_places(request: HttpRequest, found: Iterable[OpenSession]) -> dict[int, SessionPlace]:
    """Those of whoever is signed in, by session."""
    person = person_in(request)
    if person is None:
        return {}
    places = SessionPlace.objects.live().filter(person=person, session__in=[each.pk for each in found])
    return {place.session_id: place for place in places}


@require_safe
def session(request: HttpRequest, reference: str) -> HttpResponse:
    found, now = a_session(reference), timezone.now()
    context = {
        "session": found,
        "room": session_words.room(found),
        "has_room": session_words.has_room(found),
        "may_be_joined": session_words.may_be_joined(found, now),
        "is_over": found.ends_at <= now,
        "mine": my_places(request, [found]).get(found.pk),
    }
    return render(request, "bookings/sessions/session.html", context)


def a_session(reference: str) -> OpenSession:
    found = OpenSession.objects.with_names().filter(reference=reference).first()
    if found is None:
        raise Http404
    return found
