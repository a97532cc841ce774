"""Links in emails about places: they show little, change nothing by being opened, and end when they should."""

import re
from collections.abc import Iterator
from datetime import timedelta

import pytest
import time_machine
from django.conf import settings
from django.http import HttpResponse
from django.test import Client

from bookings.models import OpenSession, PlaceLink, PlaceLinkPurpose, PlaceState, SessionPlace
from bookings.open_sessions.emails import URL_NAME_BY_PURPOSE, PlaceOffered
from bookings.open_sessions.services.places import accept_offer, give_up_place, make_place_links, take_place
from bookings.open_sessions.services.sessions import cancel_session
from notifications.models import Notification
from professionals.models import Person
from tests.bookings.flow import text
from tests.bookings.open_sessions.rows import make_session
from tests.bookings.rows import NOW, at, make_presenter
from tests.factories import make_person, sign_in

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def clock() -> Iterator[time_machine.Traveller]:
    with time_machine.travel(NOW, tick=False) as traveller:
        yield traveller


@pytest.fixture
def session() -> OpenSession:
    return make_session(make_presenter(name="Asha Patel", joining_link="https://meet.example/asha"), capacity=1)


@pytest.fixture
def offered(session: OpenSession) -> SessionPlace:
    """To Sam, after somebody gave up the only place."""
    first, sam = (take(session, make_person(name=name, email=email)) for name, email in PEOPLE)
    give_up_place(place=first, by=None, now=NOW)
    sam.refresh_from_db()
    assert sam.state == PlaceState.OFFERED
    return sam


PEOPLE = (("Jo Green", "jo@leeds.nhs.uk"), ("Sam Taylor", "sam@leeds.nhs.uk"))


def take(session: OpenSession, person: Person) -> SessionPlace:
    return take_place(session=session, person=person, by=None, now=NOW, channel="web")


@pytest.fixture
def links(offered: SessionPlace) -> dict[str, str]:
    made = PlaceOffered(Notification(), place=offered).links
    return {purpose: url.removeprefix(settings.SITE_URL) for purpose, url in made.items()}


def press(link: str, wish: str, client: Client | None = None) -> HttpResponse:
    client = client or Client()
    version = re.search(r'name="version" value="(\d+)"', client.get(link).content.decode())
    return client.post(link, {"do": wish, "version": version[1] if version else "0"}, follow=True)


def state_of(place: SessionPlace) -> str:
    return SessionPlace.objects.get(pk=place.pk).state


def test_a_scanner_that_follows_every_link_changes_nothing(offered: SessionPlace, links: dict[str, str]) -> None:
    before = SessionPlace.objects.values().order_by("pk")
    rows = list(before)
    for link in links.values():
        for ask in (Client().head, Client().get, Client().options):
            response = ask(link)
        found = Client().get(link)
        assert (found.status_code, found.headers["X-Robots-Tag"]) == (200, "noindex, nofollow")
        assert ("no-store" in found.headers["Cache-Control"], found.headers["Referrer-Policy"]) == (True, "strict-origin")
        for private in ("Sam", "Jo", "Asha", "meet.example", "nhs.uk", offered.session.reference):
            assert private not in text(found).replace("Worried", "")
        assert response.status_code in (200, 405)
    assert list(before.all()) == rows
    assert [row.token_hash in "".join(links.values()) for row in PlaceLink.objects.all()] == [False, False]


def test_what_is_offered_is_taken_by_one_press_without_signing_in(offered: SessionPlace, links: dict[str, str]) -> None:
    assert "We will keep it for you until" in text(Client().get(links["see"]))
    words = text(press(links["see"], "accept"))
    assert ("You have a place" in words, "The place is yours." in words) == (True, True)
    assert state_of(offered) == PlaceState.TAKEN
    assert text(Client().get(links["see"])).count("Take this place") == 0


def test_it_is_given_up_by_one_press_and_history_says_by_whom(offered: SessionPlace, links: dict[str, str]) -> None:
    assert "Let somebody else have this place?" in text(Client().get(links["leave"]))
    words = text(press(links["leave"], "give-up"))
    assert ("You left the waiting list" in words, state_of(offered)) == (True, PlaceState.GIVEN_UP)
    assert offered.events.last().changes["by_link"]
    press(links["leave"], "give-up")
    assert offered.events.filter(kind="given-up").count() == 1


def test_a_press_on_an_old_page_is_told_plainly(
    offered: SessionPlace, links: dict[str, str], clock: time_machine.Traveller
) -> None:
    accept_offer(place=offered, by=None, now=NOW)
    words = text(Client().post(links["see"], {"do": "give-up", "version": str(offered.version)}, follow=True))
    assert ("Your place has changed since you opened the page" in words, state_of(offered)) == (True, PlaceState.TAKEN)


def test_every_link_that_does_not_work_gets_one_same_page(
    offered: SessionPlace, links: dict[str, str], clock: time_machine.Traveller
) -> None:
    def over(link: str) -> tuple[int, str]:
        response = Client().get(link)
        return response.status_code, text(response)

    unknown = over(f"/place-links/{'A' * 43}/")
    assert (unknown[0], "This link does not work" in unknown[1]) == (404, True)
    swapped = [links["leave"].removesuffix("leave/"), f"{links['see']}leave/"]
    for link in [*swapped, "/place-links/short/", f"/place-links/{'A' * 2000}/leave/"]:
        assert over(link) == unknown
    Person.objects.filter(pk=offered.person_id).update(email="sam@york.nhs.uk")
    assert [over(link) for link in links.values()] == [unknown, unknown]
    Person.objects.filter(pk=offered.person_id).update(email="Sam@leeds.nhs.uk")
    assert [over(link)[0] for link in links.values()] == [200, 200]
    clock.move_to(at("10:00"))
    assert [over(link) for link in links.values()] == [unknown, unknown]
    clock.move_to(NOW)
    cancel_session(session=offered.session, by=None, now=NOW, reason="")
    assert [over(link) for link in links.values()] == [unknown, unknown]


def test_whoever_is_signed_in_goes_to_their_own_page(offered: SessionPlace, links: dict[str, str], client: Client) -> None:
    sign_in(client, offered.person)
    for link in links.values():
        assert client.get(link).url == f"/sessions/{offered.session.reference}/mine/"
    sign_in(client, make_person())
    assert client.get(links["see"]).status_code == 200


def test_links_end_with_the_session_and_what_is_over_goes(offered: SessionPlace, links: dict[str, str]) -> None:
    assert set(PlaceLink.objects.values_list("expires_at", flat=True)) == {at("10:00")}
    make_place_links(place=offered, purposes=[PlaceLinkPurpose.LEAVE], now=at("09:00"))
    OpenSession.objects.update(starts_at=at("10:00") + timedelta(days=1), ends_at=at("11:00") + timedelta(days=1))
    offered.session.refresh_from_db()
    make_place_links(place=offered, purposes=[PlaceLinkPurpose.LEAVE], now=at("10:00"))
    assert PlaceLink.objects.count() == 1


def test_every_purpose_has_its_page() -> None:
    assert set(URL_NAME_BY_PURPOSE) == set(PlaceLinkPurpose)
