"""What a client can do about open sessions and places at them."""

import secrets
from datetime import datetime, time, timedelta
from typing import Any

from django.db import transaction

from bookings.models import BusyTime, OpenSession, Presentation, Presenter, SessionPlace
from bookings.open_sessions import queries as session_queries
from bookings.open_sessions.queries import PlannedSession
from bookings.open_sessions.services import notify as session_base, places as place_services, sessions as session_services
from core.dates import uk_datetime, uk_day
from tests.races.driver.client import Actor
from tests.races.driver.operations import polite, staff_action, went_on

# Few sessions with few places, so that everybody wants the same ones.
MOST_PLACES = 4
WEIGHTS = {
    "plan_session": 5,
    "plan_series": 2,
    "take_place": 90,
    "take_place_page": 20,
    "own_place_page": 20,
    "staff_session_page": 10,
    "accept_offer": 45,
    "give_up": 70,
    "set_capacity": 25,
    "move_session": 10,
    "assign_session": 10,
    "set_joining": 6,
    "send_details": 10,
    "cancel_session": 3,
    "offers_run_out": 12,
    "lapse_offers": 15,
}


def planned(actor: Actor, presenter: Presenter | None) -> PlannedSession:
    return PlannedSession(
        actor.chance.choice(actor.presentations), presenter, actor.start(), actor.chance.randint(1, MOST_PLACES)
    )


def plan_session(actor: Actor) -> None:
    """Half of them need a presenter."""
    presenter = actor.presenter() if actor.chance.random() < 0.5 else None
    session_services.plan_sessions(sessions=[planned(actor, presenter)], by=actor.staff(), now=actor.now)


def plan_series(actor: Actor) -> None:
    """All or none: with one presenter, so that dates of one series may be in each other's way."""
    presenter = actor.presenter()
    wanted = [planned(actor, presenter) for _each in range(actor.chance.randint(2, 4))]
    made = session_queries.clashes(wanted, now=actor.now)
    if any(clash.hard for found in made for clash in found) and actor.chance.random() < 0.7:
        return
    session_services.plan_sessions(sessions=wanted, by=actor.staff(), now=actor.now, series="Whatever")


def a_session(actor: Actor, **which: Any) -> OpenSession:
    """Mostly one that is to come; now and then one that is over."""
    rows = OpenSession.objects.filter(presentation__in=actor.presentations, **which)
    found: OpenSession = actor.one_of(rows.filter(state="scheduled") if actor.chance.random() < 0.95 else rows)
    return found


def a_place(actor: Actor, state: str) -> SessionPlace:
    """Mostly one in that state; now and then any."""
    rows = SessionPlace.objects.filter(person__in=actor.people, session__presentation__in=actor.presentations)
    found: SessionPlace = actor.one_of(
        (rows.filter(state=state) if actor.chance.random() < 0.9 else rows).select_related("person__user", "session")
    )
    return found


def take_place(actor: Actor) -> None:
    """Some press twice: the same token."""
    session, person, chance = a_session(actor), actor.person(), actor.chance
    token = secrets.token_urlsafe(32) if chance.random() < 0.7 else None
    for _press in range(2 if token and chance.random() < 0.2 else 1):
        by, channel = (person.user, "web") if token else (actor.staff(), "phone")
        place_services.take_place(session=session, person=person, by=by, now=actor.now, channel=channel, token=token)


def take_place_page(actor: Actor) -> bool:
    session = a_session(actor)
    page, path = actor.page_of(actor.person()), f"/sessions/{session.reference}/place/"
    with polite():
        return went_on(page.send(path, page.get(path).form("token")), "/mine/")


def own_place_page(actor: Actor) -> bool:
    """Whatever the page offers: to accept, to give up."""
    place = a_place(actor, actor.chance.choice(["offered", "offered", "taken", "waiting"]))
    page, path = actor.page_of(place.person), f"/sessions/{place.session.reference}/mine/"
    with polite():
        wish = "accept" if place.state == "offered" and actor.chance.random() < 0.8 else "give-up"
        return went_on(page.send(path, page.get(path).form("version"), do=wish), "/mine/")


def staff_session_page(actor: Actor) -> bool:
    """More or fewer places, without saying who would go back; how to join; now and then the end of it."""
    slug = actor.chance.choice(["capacity", "capacity", "capacity", "send", "cancel"])
    typed = {"capacity": {"capacity": str(actor.chance.randint(1, MOST_PLACES))}, "cancel": {"reason": "Snow"}}
    return staff_action(actor, f"/staff/bookings/opensession/{a_session(actor).pk}/do/{slug}/", typed.get(slug, {}))


def accept_offer(actor: Actor) -> None:
    place = a_place(actor, "offered")
    place_services.accept_offer(place=place, by=place.person.user, now=actor.now)


def give_up(actor: Actor) -> None:
    """A place mostly; an offer or one's turn in the line at times."""
    place = a_place(actor, actor.chance.choice(["taken", "taken", "taken", "offered", "waiting"]))
    place_services.give_up_place(place=place, by=place.person.user, now=actor.now, by_link=actor.chance.random() < 0.3)


def set_capacity(actor: Actor) -> None:
    """Staff who were told how many would go back say so, and may be too late."""
    session, capacity = a_session(actor), actor.chance.randint(1, MOST_PLACES)
    change = {"session": session, "capacity": capacity, "by": actor.staff(), "now": actor.now, "expected": session.capacity}
    try:
        session_services.set_capacity(**change)
    except session_base.UnconfirmedCapacityCut as refusal:
        session_services.set_capacity(**change, back_to_line=refusal.people)


def move_session(actor: Actor) -> None:
    """Now and then so near that whoever is next gets the place at once."""
    soon = actor.now + timedelta(minutes=100)
    start = soon if actor.chance.random() < 0.15 else actor.start()
    session_services.reschedule_session(
        session=a_session(actor), starts_at=start, by=actor.staff(), now=actor.now, reason="Room for more"
    )


def assign_session(actor: Actor) -> None:
    session_services.assign_presenter(session=a_session(actor), presenter=actor.presenter(), by=actor.staff(), now=actor.now)


def set_joining(actor: Actor) -> None:
    link = actor.chance.choice(["", f"https://meet.example/{actor.chance.randint(1, 9)}"])
    words = {"own_joining_link": link, "joining_help": actor.chance.choice(["", "Code 12"])}
    session_services.set_joining_details(session=a_session(actor), by=actor.staff(), now=actor.now, **words)


def send_details(actor: Actor) -> None:
    session_services.send_joining_details(session=a_session(actor, details_sent_at=None), by=actor.staff(), now=actor.now)


def cancel_session(actor: Actor) -> None:
    session_services.cancel_session(session=a_session(actor), by=actor.staff(), now=actor.now, reason="Snow")


def offers_run_out(actor: Actor) -> None:
    with transaction.atomic():
        session = session_base.lock_session(a_session(actor))
        session.places.filter(state="offered").update(offer_expires_at=actor.now - timedelta(seconds=1))


def lapse_offers(actor: Actor) -> None:
    """As beat does it, in two places at once."""
    place_services.lapse_offers(now=actor.now)


def lay_out(presentations: list[Presentation], now: datetime) -> None:
    """Two of each to begin with."""
    first = [
        PlannedSession(presentation, None, uk_datetime(uk_day(now) + timedelta(days=12 + number), time(10)), 2)
        for number, presentation in enumerate(presentations * 2)
    ]
    session_services.plan_sessions(sessions=first, by=None, now=now)


def clear_away(presentations: list[int]) -> None:
    """Nobody sees them, and their presenters' time is nobody's concern."""
    theirs = OpenSession.objects.filter(presentation__in=presentations)
    BusyTime.objects.filter(session__in=theirs).delete()
    theirs.update(state="cancelled")
