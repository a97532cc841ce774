"""Taking a place at an open session, accepting an offer, giving up."""

from datetime import timedelta

import pytest

from bookings.errors import AlreadyPlaced, NotStarted
from bookings.models import OpenSession, PlaceState
from bookings.open_sessions.services.notify import OfferOver, PlaceStateChanged, SessionClosed, TimeChanged
from bookings.open_sessions.services.places import accept_offer, give_up_all_places, give_up_place, mark_attended, take_place
from bookings.open_sessions.services.sessions import cancel_session, reschedule_session
from notifications.models import Notification
from tests.bookings.open_sessions.rows import make_place, make_session
from tests.bookings.open_sessions.told import figures, states, take, told
from tests.bookings.rows import NOW, at
from tests.factories import make_person, make_staff

pytestmark = pytest.mark.django_db


def test_who_comes_gets_a_place_while_there_are_any_and_then_stands_in_line() -> None:
    session = make_session(None, capacity=1)
    first, second, third = take(session), take(session), take(session)
    assert [place.state for place in (first, second, third)] == ["taken", "waiting", "waiting"]
    assert [place.position for place in (first, second, third)] == [1, 2, 3]
    assert [told(place) for place in (first, second, third)] == [["place-taken"], ["place-waiting"], ["place-waiting"]]
    assert [event.kind for event in session.events.all()] == ["taken", "joined", "joined"]
    assert figures(session) == (1, 2)


def test_a_free_place_goes_to_nobody_past_the_line() -> None:
    """However it came that somebody waits beside a free place: they come first."""
    session = make_session(None, capacity=2)
    waits = make_place(session, PlaceState.WAITING)
    comes = take(session)
    waits.refresh_from_db()
    assert (waits.state, comes.state) == ("offered", "taken")
    assert take(session).state == "waiting"


def test_the_same_token_and_the_same_person_get_the_same_place_once() -> None:
    session, person = make_session(None), make_person()
    place = take(session, person, token="t" * 43)
    assert take(session, person, token="t" * 43) == take(session, person, token="u" * 43) == take(session, person) == place
    assert told(place) == ["place-taken"]
    give_up_place(place=place, by=None, now=NOW)
    assert take(session, person, token="t" * 43).state == "given-up"
    with pytest.raises(AlreadyPlaced):
        take(make_session(None), person, token="t" * 43)


def test_who_comes_back_stands_at_the_end_of_the_line() -> None:
    session = make_session(None, capacity=1)
    first, second, third = take(session), take(session), take(session)
    give_up_place(place=second, by=None, now=NOW)
    again = take(session, second.person, access_needs="Captions")
    assert (again.pk, again.state, again.position, again.access_needs) == (second.pk, "waiting", 4, "Captions")
    assert told(again) == ["place-waiting", "place-given-up", "place-waiting"]
    assert list(session.places.waiting()) == [third, again]
    assert first.position == 1


def test_who_gives_up_makes_room_for_who_is_next() -> None:
    session = make_session(None, capacity=1)
    first, second, third = take(session), take(session), take(session)
    give_up_place(place=first, by=first.person.user, now=NOW, by_link=True)
    assert states(session) == ["given-up", "offered", "waiting"]
    assert (told(first), told(second), told(third)) == (
        ["place-taken", "place-given-up"],
        ["place-waiting", "place-offered"],
        ["place-waiting"],
    )
    given_up = session.events.get(kind="given-up")
    assert given_up.changes == {"version": 2, "by_link": True}
    with pytest.raises(PlaceStateChanged):
        give_up_place(place=first, by=None, now=NOW)
    give_up_place(place=second, by=None, now=NOW)
    assert states(session) == ["given-up", "given-up", "offered"]


def test_an_offer_is_accepted_in_time_and_once() -> None:
    session = make_session(None, capacity=1)
    first, second = take(session), take(session)
    with pytest.raises(OfferOver):
        accept_offer(place=second, by=None, now=NOW)
    give_up_place(place=first, by=None, now=NOW)
    last_moment = NOW + timedelta(hours=24)
    with pytest.raises(OfferOver):
        accept_offer(place=second, by=None, now=last_moment)
    taken = accept_offer(place=second, by=None, now=last_moment - timedelta(seconds=1))
    assert (taken.state, taken.offer_expires_at) == ("taken", None)
    assert accept_offer(place=second, by=None, now=last_moment) == taken
    assert told(second) == ["place-waiting", "place-offered", "place-taken"]
    assert figures(session) == (1, 0)


def test_the_history_says_what_was_given_up() -> None:
    session = make_session(None, capacity=1)
    first, second, third, fourth = take(session), take(session), take(session), take(session)
    give_up_place(place=third, by=None, now=NOW)
    give_up_place(place=first, by=None, now=NOW)
    give_up_place(place=second, by=None, now=NOW)
    give_up_all_places(person=fourth.person, by=None, now=NOW)
    left = session.events.filter(kind="given-up").order_by("pk")
    assert [event.title for event in left] == [
        "Left the waiting list",
        "Place given up",
        "Offer turned down",
        "Offer turned down",
    ]


def test_nothing_is_taken_accepted_or_given_up_once_it_has_begun_or_is_cancelled() -> None:
    begun, cancelled = make_session(None, NOW, capacity=3), make_session(None, capacity=3)
    places = {session: (make_place(session), make_place(session, PlaceState.OFFERED)) for session in (begun, cancelled)}
    cancel_session(session=cancelled, by=make_staff(), now=NOW, reason="")
    for session, (taken, offered) in places.items():
        with pytest.raises(SessionClosed):
            take(session)
        with pytest.raises(SessionClosed):
            accept_offer(place=offered, by=None, now=NOW)
        with pytest.raises(SessionClosed):
            give_up_place(place=taken, by=None, now=NOW)
        assert take(session, taken.person) == taken  # they see what they have


def test_nobody_takes_a_place_at_a_time_that_they_have_not_read() -> None:
    session = make_session(None)
    reschedule_session(session=OpenSession.objects.get(pk=session.pk), starts_at=at("15:00"), by=None, now=NOW)
    with pytest.raises(TimeChanged):
        take(session)
    assert take(OpenSession.objects.get(pk=session.pk)).state == "taken"


def test_people_who_were_there_have_attended() -> None:
    session = make_session(None, NOW + timedelta(minutes=5))
    place, waiting = take(session), make_place(session, PlaceState.WAITING)
    with pytest.raises(NotStarted):
        mark_attended(session=session, places=[place.pk], by=None, now=NOW)
    later = NOW + timedelta(hours=1)
    assert mark_attended(session=session, places=[place.pk], by=None, now=later) == 1
    assert mark_attended(session=session, places=[place.pk], by=None, now=later) == 0
    assert mark_attended(session=session, places=[waiting.pk], by=None, now=later) == 0
    assert states(session) == ["attended", "waiting"]
    assert [event.kind for event in session.events.all()] == ["taken", "attended"]


def test_what_looks_like_a_childs_details_is_told_to_the_lead() -> None:
    place = take(make_session(None), access_needs="NHS number 943 476 5919", flagged=True)
    place.refresh_from_db()
    assert place.flagged_child_details
    assert Notification.objects.filter(kind="safeguarding-flag", about=f"place:{place.pk}:1").exists()


def test_who_has_no_address_gets_a_place_and_no_email() -> None:
    place = take(make_session(None), make_person(email=""))
    assert (place.state, place.version, told(place)) == ("taken", 1, [])


def test_taking_a_place_asks_as_much_of_a_big_session_as_of_a_small_one(django_assert_num_queries) -> None:
    small, big = make_session(None, capacity=1), make_session(None, capacity=1)
    for session, people in ((small, 1), (big, 40)):
        take(session)
        for _ in range(people):
            make_place(session, PlaceState.WAITING)
    counts = []
    for session in (small, big):
        person, fresh = make_person(), OpenSession.objects.get(pk=session.pk)
        with django_assert_num_queries(14) as captured:
            take_place(session=fresh, person=person, by=None, now=NOW, channel="web", token=f"a token of {session.pk}")
        counts.append(len(captured))
    assert counts[0] == counts[1] <= 20
