"""What is exported of places at open sessions, and what happens to them when somebody is erased."""

from datetime import timedelta

import pytest

from bookings import privacy as bookings_privacy
from bookings.models import PlaceLink, PlaceLinkPurpose, PlaceState, SessionEvent, SessionPlace
from bookings.open_sessions.services.notify import PersonErased
from bookings.open_sessions.services.places import give_up_place
from notifications.models import Notification
from privacy.services import erase_person, export_person
from professionals.models import Person
from tests.bookings.open_sessions.rows import make_place, make_session
from tests.bookings.open_sessions.told import states, take, told
from tests.bookings.rows import NOW, at
from tests.factories import make_person

pytestmark = pytest.mark.django_db
CANARY = "Canary Wharton"


def test_the_export_has_every_place_with_its_history() -> None:
    person = make_person()
    place = take(make_session(None), person, access_needs="Captions")
    give_up_place(place=place, by=None, now=NOW)
    take(place.session)
    [exported] = bookings_privacy.export_places(person)
    assert (exported["reference"], exported["state"], exported["access_needs"]) == (
        *(place.session.reference, "given-up", "Captions"),
    )
    assert [each["what"] for each in exported["history"]] == ["Place taken", "Place given up"]
    assert export_person(person)["open_sessions"] == [exported]


def test_who_is_erased_gives_up_what_lies_ahead_and_nobody_is_told_of_it_but_who_is_next() -> None:
    person = make_person(name=CANARY, email="canary@leeds.nhs.uk")
    past = make_place(make_session(None, NOW - timedelta(days=1)), PlaceState.ATTENDED, person, access_needs=CANARY)
    session, other = make_session(None, capacity=1), make_session(None, at("15:00"), capacity=1)
    mine = take(session, person, access_needs=CANARY)
    holder = take(other)
    waits = take(session)
    take(other, person)
    SessionEvent.objects.filter(place=mine).update(reason=CANARY)
    hashes = {"token_hash": "0" * 64, "address_hash": "1" * 64}
    days = {"created_at": NOW, "expires_at": NOW + timedelta(days=1)}
    PlaceLink.objects.create(place=mine, purpose=PlaceLinkPurpose.SEE, **hashes, **days)
    erase_person(person, by=None, now=NOW)
    assert (states(session), states(other), states(past.session)) == (
        ["given-up", "offered"],
        ["taken", "given-up"],
        ["attended"],
    )
    assert (told(waits), told(holder)) == (["place-waiting", "place-offered"], ["place-taken"])
    assert not PlaceLink.objects.exists()
    everything = [*SessionPlace.objects.values(), *SessionEvent.objects.values(), *Notification.objects.values()]
    assert [row for row in everything if "canary" in str(row).lower()] == []


def test_who_is_erased_as_they_take_a_place_gets_none() -> None:
    session, person = make_session(None, capacity=5), make_person(email="sam@leeds.nhs.uk")
    stale = Person.objects.get(pk=person.pk)
    erase_person(person, by=None, now=NOW)
    with pytest.raises(PersonErased):
        take(session, stale)
    assert not session.places.exists()
