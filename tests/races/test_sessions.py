"""People who want the same place at an open session at the same moment, and staff who change it under their hands."""

from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import pytest
from django.db.models import Max

from bookings.models import Nation
from core.dates import add_working_days
from tests.live.clients import CROWD, Answer, Client, all_of, at_once, inside
from tests.races import gates
from tests.races.stage import Stage
from tests.races.visits import read_form, staff_action

MODULE = "tests.races.test_sessions"
SESSION = "SELECT 1 FROM bookings_opensession WHERE id = %s FOR UPDATE"
GUARDS = ("session_never_over_capacity",)
PLACES = """SELECT email, p.state, array(SELECT n.kind FROM notifications_notification n WHERE n.about = 'place:' || p.id
    ORDER BY n.version, n.id) FROM bookings_sessionplace p JOIN professionals_person w ON w.id = p.person_id
    WHERE session_id = %s ORDER BY position"""
FIGURES = "SELECT capacity, occupied, waiting FROM bookings_opensession WHERE id = %s"
RAN_OUT = "bookings_sessionplace WHERE session_id = %s AND offer_expires_at < now()"
WIDEN = "UPDATE bookings_opensession SET capacity = occupied WHERE id = %s AND capacity < occupied"


# Runs inside


def lay_out(presentation: int, capacity: int, people: list[str]) -> tuple[int, str]:
    """A session that needs a presenter, in 40 days; these people have its places and then wait. Its key and reference."""
    from bookings.models import Presentation
    from bookings.open_sessions.queries import PlannedSession
    from bookings.open_sessions.services.places import take_place
    from bookings.open_sessions.services.sessions import plan_sessions
    from professionals.models import Person

    now = datetime.now(UTC)
    planned = PlannedSession(Presentation.objects.get(pk=presentation), None, now + timedelta(days=40), capacity)
    [session] = plan_sessions(sessions=[planned], by=None, now=now)
    for email in people:
        person = Person.objects.get(email=email)
        take_place(session=session, person=person, by=person.user, now=now, channel="web")
    return session.pk, session.reference


def offer_ends_in(key: int, seconds: float) -> int:
    from bookings.models import SessionPlace

    until = datetime.now(UTC) + timedelta(seconds=seconds)
    return SessionPlace.objects.filter(session=key, state="offered").update(offer_expires_at=until)


def lapse() -> int:
    """As beat does it just after the last offer ran out: over a weekend, offers last longer than a day."""
    from bookings.models import SessionPlace
    from bookings.open_sessions.services.places import lapse_offers

    last = SessionPlace.objects.aggregate(last=Max("offer_expires_at"))["last"]
    return lapse_offers(now=last + timedelta(seconds=1))


# What is pressed


class Scene:
    """One session, and who has a place or waits, as clients in their order."""

    def __init__(self, stage: Stage, capacity: int, people: int, base_url: str = "") -> None:
        self.stage, self.base_url = stage, base_url
        self.team = stage.staff(0, base_url)
        self.people = [stage.somebody(base_url) for _each in range(people)]
        asked = (stage.facts["presentation"], capacity, [person.email for person in self.people])
        self.key, self.reference = inside(stage.live, MODULE, "lay_out", *asked)

    def page(self, step: str) -> str:
        return f"/sessions/{self.reference}/{step}/"

    def take(self, person: Client) -> partial[Answer]:
        return partial(person.send, self.page("place"), read_form(person, self.page("place"), "token"))

    def press(self, person: Client, wish: str) -> partial[Answer]:
        """On the page of their own place."""
        return partial(person.send, self.page("mine"), read_form(person, self.page("mine"), "version"), do=wish)

    def staff(self, slug: str, **typed: str) -> partial[Answer]:
        button: partial[Answer] = staff_action(self.team, "bookings/opensession", self.key, slug, **typed)
        return button

    def move(self) -> partial[Answer]:
        """To a working day on which no other scene is."""
        day = add_working_days(datetime.now(UTC).date(), 40 + self.key % 100, Nation.ENGLAND)
        return self.staff("move", day=day.isoformat(), clock="10:00")

    def queue(self, *jobs: Callable[[], Any]) -> list[Any]:
        """All come while the test holds the session, in this order, then go together."""
        with gates.held(self.stage.live, SESSION, self.key) as gate:
            return gates.queue_at(gate, jobs)

    @property
    def places(self) -> list[tuple[str, list[str]]]:
        """State and what each was told, by position."""
        return [(state, told) for _email, state, told in self.stage.live.query(PLACES, self.key)]

    @property
    def states(self) -> list[str]:
        return [state for state, _told in self.places]

    @property
    def figures(self) -> tuple[int, int, int]:
        found: tuple[int, int, int] = self.stage.live.query(FIGURES, self.key)[0]
        return found

    def unguarded(self) -> Any:
        """Nothing in the database keeps places within their number; at the end there are as many as were taken."""
        return self.stage.dropped(GUARDS, partial(self.stage.live.query, WIDEN, self.key))


# The last place


def test_of_twenty_who_want_the_last_place_one_has_it_and_nineteen_wait_in_order(stage: Stage) -> None:
    scene = Scene(stage, capacity=1, people=0)
    answers = at_once(all_of(partial(scene.take, client) for client in stage.crowd()))
    assert [answer.outcome for answer in answers] == [(302, scene.page("mine"))] * CROWD
    assert scene.figures == (1, 1, CROWD - 1)
    assert scene.places == [("taken", ["place-taken"])] + [("waiting", ["place-waiting"])] * (CROWD - 1)
    assert (
        "You are next on the waiting list."
        in stage.client(stage.live.query(PLACES, scene.key)[1][0]).get(scene.page("mine")).words
    )


def test_control_without_locks_they_all_have_it_and_the_database_lets_only_one(stage: Stage, unguarded_url: str) -> None:
    scene = Scene(stage, capacity=1, people=0)
    buttons = all_of(partial(scene.take, client) for client in stage.crowd(unguarded_url))
    with scene.unguarded():
        assert Counter(answer.status for answer in stage.pause_at("places", *buttons)) == {302: CROWD}
        assert scene.figures == (1, CROWD, 0)
    scene = Scene(stage, capacity=1, people=0)
    buttons = [scene.take(stage.somebody(unguarded_url)) for _each in range(2)]
    assert sorted(answer.status for answer in stage.pause_at("places", *buttons)) == [302, 500]
    assert scene.figures == (1, 1, 0)


# Giving up as somebody else's place comes free


@pytest.mark.parametrize("first", [0, pytest.param(1, marks=pytest.mark.long)])
def test_who_leaves_the_line_as_they_are_promoted_leaves_and_the_next_is_offered_the_place(stage: Stage, first: int) -> None:
    scene = Scene(stage, capacity=1, people=3)
    buttons = [scene.press(person, "give-up") for person in scene.people[:2]]
    answers = scene.queue(*(buttons if first == 0 else reversed(buttons)))
    assert [answer.status for answer in answers] == [302, 302]
    assert scene.states == ["given-up", "given-up", "offered"]
    has, leaves, comes = (told for _state, told in scene.places)
    assert has == ["place-taken", "place-given-up"]
    assert leaves == ["place-waiting", *(["place-offered"] if first == 0 else []), "place-given-up"]
    assert comes == ["place-waiting", "place-offered"]


@pytest.mark.long
def test_control_without_locks_they_wait_for_each_other_and_one_reads_an_error(stage: Stage, unguarded_url: str) -> None:
    """Who gave up the place has looked who is next; before they write it, that one leaves."""
    scene = Scene(stage, capacity=1, people=3, base_url=unguarded_url)
    has, leaves = (scene.press(person, "give-up") for person in scene.people[:2])
    assert sorted(answer.status for answer in stage.pause_at("offer", has, leaves)) == [302, 500]
    assert scene.states in (["taken", "given-up", "waiting"], ["given-up", "offered", "waiting"])


# Fewer places, as somebody takes one


@pytest.mark.parametrize("first", ["take", pytest.param("cut", marks=pytest.mark.long)])
def test_a_cut_as_somebody_takes_a_place_drops_nobody(stage: Stage, first: str) -> None:
    scene = Scene(stage, capacity=3, people=2)
    take, cut = scene.take(stage.somebody()), scene.staff("capacity", capacity="2")
    answers = scene.queue(*((take, cut) if first == "take" else (cut, take)))
    told = scene.places[2][1]
    if first == "take":
        assert [answer.status for answer in answers] == [302, 200]
        assert "1 person" in answers[1].words
        assert (scene.figures, told) == ((3, 3, 0), ["place-taken"])
        scene.team.send(f"/staff/bookings/opensession/{scene.key}/do/capacity/", answers[1].form("capacity"))
        assert (scene.figures, scene.places[2]) == ((2, 2, 1), ("waiting", ["place-taken", "place-bumped"]))
    else:
        assert [answer.status for answer in answers] == [302, 302]
        assert (scene.figures, told) == ((2, 2, 1), ["place-waiting"])


def test_control_without_locks_a_cut_leaves_more_people_than_places(stage: Stage, unguarded_url: str) -> None:
    scene = Scene(stage, capacity=3, people=2, base_url=unguarded_url)
    take, cut = scene.take(stage.somebody(unguarded_url)), scene.staff("capacity", capacity="2")
    with scene.unguarded():
        assert [answer.status for answer in stage.pause_at("places", take, cut)] == [302, 302]
        assert scene.figures == (2, 3, 0)


# An offer that runs out as it is accepted


@pytest.mark.parametrize("first", ["accept", pytest.param("lapse", marks=pytest.mark.long)])
def test_an_offer_is_accepted_or_lapses(stage: Stage, first: str) -> None:
    scene = Scene(stage, capacity=1, people=3)
    scene.press(scene.people[0], "give-up")()
    accept, end = scene.press(scene.people[1], "accept"), partial(inside, stage.live, MODULE, "lapse")
    scene.queue(*((accept, end) if first == "accept" else (end, accept)))
    _gave_up, offered, waits = scene.places
    if first == "accept":
        assert offered == ("taken", ["place-waiting", "place-offered", "place-taken"])
        assert waits == ("waiting", ["place-waiting"])
    else:
        assert offered == ("given-up", ["place-waiting", "place-offered", "place-lapsed"])
        assert waits == ("offered", ["place-waiting", "place-offered"])
        assert "This offer has ended" in scene.people[1].get(scene.page("mine")).words


@pytest.mark.long
def test_control_without_locks_an_offer_is_accepted_and_lapses(stage: Stage, unguarded_url: str) -> None:
    """It is accepted in its last second; then somebody comes who finds that it ran out."""
    scene = Scene(stage, capacity=1, people=2, base_url=unguarded_url)
    scene.press(scene.people[0], "give-up")()
    accept, comes = scene.press(scene.people[1], "accept"), scene.take(stage.somebody(unguarded_url))
    inside(stage.live, MODULE, "offer_ends_in", scene.key, 3)
    with scene.unguarded(), gates.paused(stage.live, "change") as gate, ThreadPoolExecutor(2) as pool:
        accepting = pool.submit(accept)
        gate.wait_for(lambda waiting: waiting == 1)
        stage.live.wait_for(lambda: stage.count(RAN_OUT, scene.key), gates.PATIENCE)
        coming = pool.submit(comes)
        gate.wait_for(lambda waiting: waiting == 2)
        gate.open()
        assert [accepting.result().status, coming.result().status] == [302, 302]
    assert {"place-taken", "place-lapsed"} <= set(scene.places[1][1])


# A session that moves as somebody takes a place


@pytest.mark.parametrize("first", ["take", pytest.param("move", marks=pytest.mark.long)])
def test_nobody_has_a_place_at_a_time_of_which_they_were_not_told(stage: Stage, first: str) -> None:
    scene = Scene(stage, capacity=3, people=0)
    take, move = scene.take(stage.somebody()), scene.move()
    answers = scene.queue(*((take, move) if first == "take" else (move, take)))
    if first == "take":
        assert [answer.status for answer in answers] == [302, 302]
        assert scene.places == [("taken", ["place-taken", "session-moved"])]
    else:
        assert [answer.status for answer in answers] == [302, 200]
        assert "This session has moved to another time since you opened the page." in answers[1].words
        assert scene.places == []


def test_control_without_locks_somebody_has_a_place_at_a_time_that_they_never_read(stage: Stage, unguarded_url: str) -> None:
    scene = Scene(stage, capacity=3, people=0, base_url=unguarded_url)
    take, move = scene.take(stage.somebody(unguarded_url)), scene.move()
    with gates.paused(stage.live, "places") as gate, ThreadPoolExecutor(1) as pool:
        taking = pool.submit(take)
        gate.wait_for(lambda waiting: waiting == 1)
        assert move().status == 302
        gate.open()
        assert taking.result().status == 302
    assert scene.places == [("taken", ["place-taken"])]
