"""What open sessions hold about a person: how it is exported and erased. The fields are classified in bookings/privacy.py."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.utils.translation import ngettext

from bookings.models import PlaceLink, SessionEvent, SessionPlace, YearLater
from bookings.services.sessions.placing import give_up_all
from notifications.services.erasing import erase_bodies_about
from professionals.models import Person


def export(person: Person) -> list[dict[str, Any]]:
    """Every place of theirs, had or waited for, with its history. One statement if there is none, else two."""
    places = list(SessionPlace.objects.for_my_page(person).select_related("yearlater").order_by("pk"))
    if not places:
        return []
    history: dict[int | None, list[dict[str, Any]]] = defaultdict(list)
    for event in SessionEvent.objects.filter(place__in=places).order_by("at", "pk"):
        history[event.place_id].append({"at": event.at, "what": event.get_kind_display(), "reason": event.reason})
    return [
        {
            "reference": place.session.reference,
            "presentation": place.session.presentation.title,
            "starts_at": place.session.starts_at,
            "ends_at": place.session.ends_at,
            "state": place.state,
            "offered_until": place.offer_expires_at,
            "access_needs": place.access_needs,
            "channel": place.channel,
            "created_at": place.created_at,
            "history": history[place.pk],
            "reminder_a_year_later": place.yearlater.due_at if hasattr(place, "yearlater") else None,
        }
        for place in places
    ]


def ahead(person: Person, now: datetime) -> list[str]:
    count = SessionPlace.objects.filter(person=person).lying_ahead(now).count()
    said = ngettext(
        "Your place at %(n)d open session goes to whoever is next.",
        "Your places at %(n)d open sessions go to whoever is next.",
        count,
    )
    return [said % {"n": count}] if count else []


def erase(person: Person, now: datetime) -> None:
    """What lies ahead goes to who is next in line; rows without a person's words stay, since sessions count who came."""
    give_up_all(person=person, by=None, now=now)
    forget_details(list(SessionPlace.objects.filter(person=person).values_list("pk", flat=True)), now)


def forget_details(keys: Sequence[int], now: datetime) -> None:
    """Of these places."""
    SessionPlace.objects.filter(pk__in=keys).update(access_needs="", submission_token=None)
    SessionEvent.objects.filter(place__in=keys).exclude(reason="").update(reason="")
    PlaceLink.objects.filter(place__in=keys).delete()
    YearLater.objects.filter(place__in=keys).delete()
    erase_bodies_about([f"place:{key}" for key in keys], now)
