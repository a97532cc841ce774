"""Pages while a time is kept: how long it is, once more, and what happens when it is over while somebody types."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from bookings.models import Booking, Hold, Presentation, Presenter
from professionals.models import Draft, Person
from tests.bookings.flow import TEN, WHERE, confirm, fill_in, text
from tests.bookings.rows import NOW, at, make_booking
from tests.factories import sign_in

pytestmark = pytest.mark.django_db
UNTIL = "We are keeping Monday 25 January 2027, 10am to 11am for you until"
BUTTON = "Keep this time 15 minutes longer"


@pytest.fixture(autouse=True)
def clock() -> Iterator[time_machine.Traveller]:
    with time_machine.travel(NOW, tick=False) as traveller:
        yield traveller


def choose(client: Client) -> None:
    client.post("/book/signs/where/", WHERE)
    client.post("/book/signs/when/", {"start": TEN})


def test_the_pages_that_follow_say_until_when_and_offer_more(client: Client, presentation: Presentation, person: Person) -> None:
    sign_in(client, person)
    fill_in(client)
    for path in ("/book/signs/where/", "/book/signs/check/"):
        page = client.get(path)
        assert f"{UNTIL} 10:15am" in text(page)
        assert BUTTON in text(page)
        assert 'data-seconds="900"' in page.content.decode()
    assert f"{UNTIL} 10:15am" in text(client.get("/book/signs/when/"))


def test_the_button_keeps_what_was_typed_and_asks_for_nothing(client: Client, presentation: Presentation) -> None:
    choose(client)
    page = client.post("/book/signs/where/", {"extend": "1", "notes": "Half typ", "audience_size": "twelve"})
    assert page.status_code == 200
    assert f"{UNTIL} 10:30am" in text(page)
    assert "We are keeping this time for you until 10:30am." in text(page)
    assert BUTTON not in text(page)
    assert (page.context["form"]["notes"].value(), page.context["form"]["audience_size"].value()) == ("Half typ", "twelve")
    assert not page.context["form"].errors
    assert Draft.objects.get().answers["where"]["notes"] == ""


def test_on_the_check_page_it_leads_back_there(client: Client, presentation: Presentation, person: Person) -> None:
    sign_in(client, person)
    fill_in(client)
    assert client.post("/book/signs/check/", {"extend": "1"}).url == "/book/signs/check/"
    assert f"{UNTIL} 10:30am" in text(client.get("/book/signs/check/"))


def test_a_second_time_is_refused_plainly(client: Client, presentation: Presentation) -> None:
    choose(client)
    client.post("/book/signs/where/", {"extend": "1"})
    page = client.post("/book/signs/where/", {"extend": "1", "notes": "Half typed"})
    assert "You have had your extra time." in text(page)
    assert page.context["form"]["notes"].value() == "Half typed"
    assert Hold.objects.get().expires_at == NOW + timedelta(minutes=30)


def test_a_time_that_ran_out_while_somebody_typed_is_taken_again_if_it_is_free(
    client: Client, presentation: Presentation, clock: time_machine.Traveller
) -> None:
    choose(client)
    clock.shift(timedelta(minutes=16))
    assert client.post("/book/signs/where/?change=1", WHERE).url == "/book/signs/check/"
    assert Hold.objects.get().expires_at == NOW + timedelta(minutes=31)
    page = client.get("/book/signs/where/")
    assert "We had stopped keeping your time, but it was still free. We are keeping it for you again until 10:31am." in text(page)


def test_if_it_is_not_free_the_nearest_are_shown_and_nothing_is_lost(
    client: Client, presentation: Presentation, presenter: Presenter, person: Person, clock: time_machine.Traveller
) -> None:
    choose(client)
    clock.shift(timedelta(minutes=16))
    Hold.objects.all().delete()
    make_booking(presenter, at("10:00"))
    page = client.post("/book/signs/where/?change=1", WHERE)
    assert "That time has just gone" in text(page)
    assert 'action="/book/signs/when/"' in page.content.decode()
    assert client.post("/book/signs/when/", {"start": "2027-01-25T11:00Z"}).url == "/book/signs/check/"
    sign_in(client, person)
    confirm(client)
    assert Booking.objects.get(person=person).access_needs == "Hearing loop"


@pytest.mark.parametrize("taken", [False, True])
def test_the_button_after_the_time_was_over(
    client: Client, presentation: Presentation, presenter: Presenter, clock: time_machine.Traveller, taken: bool
) -> None:
    choose(client)
    clock.shift(timedelta(minutes=16))
    if taken:
        Hold.objects.all().delete()
        make_booking(presenter, at("10:00"))
    page = client.post("/book/signs/where/", {"extend": "1", "notes": "Half typed"})
    assert page.context["form"]["notes"].value() == "Half typed"
    assert ("Your time is no longer free. Finish this page first" in text(page)) == taken
    assert ("We are keeping it for you again until 10:31am" in text(page)) == (not taken)


def test_the_button_on_the_check_page_shows_the_nearest_if_the_time_has_gone(
    client: Client, presentation: Presentation, presenter: Presenter, person: Person, clock: time_machine.Traveller
) -> None:
    sign_in(client, person)
    fill_in(client)
    clock.shift(timedelta(minutes=16))
    Hold.objects.all().delete()
    make_booking(presenter, at("10:00"))
    assert "That time has just gone" in text(client.post("/book/signs/check/", {"extend": "1"}))


def test_the_button_without_a_draft_breaks_nothing(client: Client, presentation: Presentation, person: Person) -> None:
    sign_in(client, person)
    assert client.post("/book/signs/where/", {"extend": "1"}).status_code == 200
    assert client.post("/book/signs/check/", {"extend": "1"}).url == "/book/signs/check/"


# --- From one address ---


def visitor(address: str, **more: str) -> Client:
    client = Client(REMOTE_ADDR=address, **more)
    client.post("/book/signs/where/", WHERE)
    return client


def test_from_one_address_so_many_are_kept_at_once(presentation: Presentation, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bookings.schedule.holds.MAX_HOLDS_PER_CLIENT", 2)
    starts = ["2027-01-25T09:00Z", "2027-01-26T09:00Z", "2027-01-27T09:00Z"]
    answers = [visitor("192.0.2.1").post("/book/signs/when/", {"start": start}) for start in starts]
    assert [answer.status_code for answer in answers] == [302, 302, 429]
    assert "We are already keeping too many times for people on your network." in text(answers[2])
    assert visitor("192.0.2.2").post("/book/signs/when/", {"start": starts[2]}).status_code == 302


def test_behind_our_proxy_the_address_that_it_saw_counts(
    presentation: Presentation, monkeypatch: pytest.MonkeyPatch, settings: object
) -> None:
    monkeypatch.setattr("bookings.schedule.holds.MAX_HOLDS_PER_CLIENT", 1)
    settings.TRUSTED_PROXY_COUNT = 1  # type: ignore[attr-defined]
    starts = iter(f"2027-01-{day}T09:00Z" for day in (25, 26, 27, 28))

    def choose_from(forwarded: str) -> int:
        client = visitor("10.0.0.1", HTTP_X_FORWARDED_FOR=forwarded)
        return int(client.post("/book/signs/when/", {"start": next(starts)}).status_code)

    assert choose_from("192.0.2.1") == 302
    assert choose_from("203.0.113.9, 192.0.2.1") == 429  # what the client wrote itself counts for nothing
    assert choose_from("192.0.2.2") == 302


def test_people_of_one_trust_who_are_signed_in_are_not_counted_together(
    presentation: Presentation, person: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bookings.schedule.holds.MAX_HOLDS_PER_CLIENT", 1)
    assert visitor("192.0.2.1").post("/book/signs/when/", {"start": "2027-01-25T09:00Z"}).status_code == 302
    colleague = visitor("192.0.2.1")
    sign_in(colleague, person)
    assert colleague.post("/book/signs/when/", {"start": "2027-01-26T09:00Z"}).status_code == 302


def test_no_address_is_stored(presentation: Presentation) -> None:
    visitor("192.0.2.1").post("/book/signs/when/", {"start": TEN})
    assert len(Hold.objects.get().client) == 64
    assert "192.0.2.1" not in str(Hold.objects.values().get())


def test_choosing_and_keeping_longer_stay_within_their_statements(client: Client, presentation: Presentation) -> None:
    client.post("/book/signs/where/", WHERE)
    counts = []
    for path, typed in (("when/", {"start": TEN}), ("where/", {"extend": "1"}), ("where/?change=1", WHERE)):
        with CaptureQueriesContext(connection) as queries:
            client.post(f"/book/signs/{path}", typed)
        counts.append(sum(not each["sql"].startswith(("SAVEPOINT", "RELEASE")) for each in queries))
    assert [count <= most for count, most in zip(counts, (20, 12, 12), strict=True)] == [True] * 3, counts
