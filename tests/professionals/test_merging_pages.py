"""Staff find the other one, compare both and merge; somebody with two accounts confirms it with each address."""

import re
from datetime import timedelta
from urllib.parse import unquote

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import User
from audit.models import Entry
from bookings.models import Booking
from notifications.models import Notification
from professionals.merges import services
from professionals.models import Merge, Person
from tests.bookings.rows import NOW, at, make_booking, make_presenter
from tests.face.page import Page
from tests.factories import make_person, make_staff, sign_in, sign_in_staff

pytestmark = pytest.mark.django_db


@pytest.fixture
def sam() -> Person:
    return make_person(email="sam@leeds.nhs.uk")


@pytest.fixture
def samuel() -> Person:
    return make_person(name="Samuel Taylor", email="samuel@leeds.nhs.uk", phone="0113 496 0055", with_user=False)


@pytest.fixture
def coordinator() -> User:
    return make_staff(role="coordinator")


@pytest.fixture
def desk(coordinator: User) -> Client:
    return sign_in_staff(Client(), coordinator)


def do(person: Person, slug: str) -> str:
    return f"/staff/professionals/person/{person.pk}/do/{slug}/"


def change(person: Person) -> str:
    return f"/staff/professionals/person/{person.pk}/change/"


def shown(client: Client, path: str) -> Page:
    response = client.get(path)
    assert response.status_code == 200
    page = Page(response.content.decode())
    assert page.mistakes == []
    return page


@pytest.mark.parametrize("typed", ["samuel", "SAMUEL@leeds.nhs.uk", "0113 496 0055"])
def test_the_other_is_found_chosen_and_merged_and_taken_apart(
    desk: Client, sam: Person, samuel: Person, typed: str, coordinator: User
) -> None:
    make_booking(make_presenter(), at("10:00"), person=samuel)
    assert "Merge with another person" in shown(desk, change(sam)).one("main").text
    found = Page(desk.post(do(sam, "merge"), {"typed": typed}).content.decode())
    assert found.mistakes == []
    [link] = [a.attrs["href"] for a in found.all("a") if a.text == "Samuel Taylor"]
    assert unquote(link) == f"{do(sam, 'merge')}?with={samuel.pk}"  # a key, and no word of what was typed

    page = shown(desk, link)
    table = page.one("table").text
    assert "Samuel Taylor" in table
    assert re.search(r"Bookings\s+0\s+1", table)
    assert [e.attrs["name"] for e in page.all("input") if e.attrs.get("type") == "radio"][::2] == [
        "name",
        "phone",
        "organisation",
    ]
    kept_values = {"name": samuel.pk, "phone": sam.pk, "organisation": samuel.pk}
    response = desk.post(link, kept_values)
    assert (response.status_code, response["Location"]) == (302, change(sam))
    sam.refresh_from_db()
    assert (sam.name, sam.phone, Booking.objects.get().person) == ("Samuel Taylor", "0113 496 0000", sam)
    about = Entry.objects.filter(actor=coordinator.pk, act="changed", kind="professionals.person")
    assert set(about.values_list("key", flat=True)) >= {str(sam.pk), str(samuel.pk)}

    assert "You can take it apart until" in shown(desk, change(sam)).one("main").text
    asks = shown(desk, do(sam, "undo-merge")).one("main").text
    assert "Samuel Taylor" in asks
    assert desk.post(do(sam, "undo-merge")).status_code == 302
    assert Booking.objects.get().person_id == Person.objects.get(email="samuel@leeds.nhs.uk").pk
    assert Person.objects.get(pk=samuel.pk).email == "samuel@leeds.nhs.uk"


def test_who_may_be_the_same_is_offered_at_once_and_what_is_missing_is_said(desk: Client, sam: Person) -> None:
    same = make_person(name="Sam Taylor", email="", with_user=False)
    page = shown(desk, do(sam, "merge"))
    assert [a.attrs["href"] for a in page.all("a") if a.text == "Sam Taylor" and "with=" in a.attrs["href"]] == [
        f"{do(sam, 'merge')}?with={same.pk}"
    ]
    refused = Page(desk.post(do(sam, "merge"), {"typed": ""}).content.decode())
    assert refused.one("div", "govuk-error-summary")
    refused = Page(desk.post(f"{do(sam, 'merge')}?with={make_person(name='Jo').pk}", {"name": "7"}).content.decode())
    assert refused.one("div", "govuk-error-summary")
    assert Person.objects.count() == 3


def test_a_key_of_nobody_leads_back_to_the_search(desk: Client, sam: Person) -> None:
    for key in (sam.pk, 999_999, "x"):
        response = desk.post(f"{do(sam, 'merge')}?with={key}", {})
        assert (response.status_code, Merge.objects.count()) == (200, 0)


def test_only_who_may_change_people_may_and_shows_again_who_they_are(sam: Person, samuel: Person) -> None:
    services.merge_people(sam, other=samuel, kept_values={}, by=make_staff(), now=NOW)
    for role in ("presenter", "fulfilment", "read-only"):
        client = sign_in_staff(Client(), make_staff(role=role))
        for slug in ("merge", "undo-merge", "call-off"):
            assert {client.get(do(sam, slug)).status_code, client.post(do(sam, slug)).status_code} == {403}


@pytest.mark.parametrize("path", ["", "?with={}"])
def test_its_pages_take_few_statements_whatever_they_have(
    desk: Client, sam: Person, samuel: Person, path: str, django_assert_max_num_queries: object
) -> None:
    for hour in ("09:00", "13:00"):
        make_booking(make_presenter(), at(hour), person=samuel)
    desk.get(change(sam))
    with django_assert_max_num_queries(20):  # type: ignore[operator]
        desk.get(do(sam, "merge") + path.format(samuel.pk))


# Two who sign in.


@pytest.fixture
def twin() -> Person:
    return make_person(name="Sam T", email="s.taylor@bradford.nhs.uk")


@pytest.fixture
def asked(desk: Client, sam: Person, twin: Person) -> str:
    """The address of the page that both emails lead to."""
    response = desk.post(f"{do(sam, 'merge')}?with={twin.pk}", {"name": sam.pk, "email": sam.pk, "organisation": sam.pk})
    assert response.status_code == 302
    return reverse("account_merge", args=[Merge.objects.get().pk])


def test_staff_see_who_has_confirmed_and_can_call_it_off(desk: Client, sam: Person, twin: Person, asked: str) -> None:
    sign_in(Client(), twin).post(asked)
    for person in (sam, twin):
        text = shown(desk, change(person)).one("main").text
        assert "s.taylor@bradford.nhs.uk has confirmed it." in text
        assert "sam@leeds.nhs.uk has not confirmed it yet." in text
    assert desk.post(do(twin, "call-off")).status_code == 302
    assert sign_in(Client(), sam).get(asked).status_code == 404


def test_both_confirm_with_a_button_and_opening_changes_nothing(sam: Person, twin: Person, asked: str) -> None:
    mail = Notification.objects.filter(kind="merge-asked")
    assert mail.count() == 2
    first, second = sign_in(Client(), twin), sign_in(Client(), sam)
    page = shown(first, asked)
    assert ("s…" in page.one("main").text, "sam@" in page.one("main").text) == (True, False)  # it may be a stranger's
    shown(first, asked)
    assert not Merge.objects.exclude(person_confirmed_at=None, other_said_at=None).exists()

    assert first.post(asked)["Location"] == asked
    assert "You have confirmed it with this address" in shown(first, asked).one("main").text
    done = second.post(asked)
    assert done["Location"] == reverse("my")
    assert "Your two accounts are now one" in second.get(done["Location"]).content.decode()
    assert first.get(reverse("my"))["Location"].startswith(reverse("account_login"))
    assert list(Person.objects.filter(email=sam.email)) == [sam]


def test_who_confirms_last_with_the_account_that_closes_goes_on_to_sign_in(sam: Person, twin: Person, asked: str) -> None:
    sign_in(Client(), sam).post(asked)
    client = sign_in(Client(), twin)
    done = client.post(asked)
    assert done["Location"] == reverse("account_login")
    assert "Sign in with your other email address" in client.get(done["Location"]).content.decode()


def test_it_is_for_the_two_alone_and_asks_who_they_are(sam: Person, asked: str) -> None:
    assert Client().get(asked)["Location"].startswith(reverse("account_login"))
    stranger = sign_in(Client(), make_person())
    assert (stranger.get(asked).status_code, stranger.post(asked).status_code) == (404, 404)
    Merge.objects.update(asked_at=NOW - timedelta(days=800))
    assert sign_in(Client(), sam).get(asked).status_code == 404
