"""The first page of a booking offers the addresses that its person keeps, and nobody else's."""

from collections.abc import Iterator
from datetime import date

import pytest
import time_machine
from django.test import Client

from bookings.models import Booking, BookingState, Presentation
from leaflets.models import KeptAddress
from professionals.models import Draft, Person
from tests.bookings.booking.test_flow_statements import statements
from tests.bookings.flow import DETAILS, WHERE, confirm, fill_in, text
from tests.bookings.rows import LEEDS_TOO, NOW, at, make_booking, make_request
from tests.face.page import Page
from tests.factories import make_person, sign_in
from tests.leaflets.factories import DELIVERY

pytestmark = pytest.mark.django_db
PAGE = "/book/signs/where/"
CLINIC = {"organisation_name": "", "address_line_1": "2 Hill Lane", "address_line_2": "Third floor", "postcode": LEEDS_TOO}
HEALTH_VISITING = "Leeds Health Visiting, 1 Park Row, Leeds, LS1 4AP"


@pytest.fixture(autouse=True)
def clock() -> Iterator[time_machine.Traveller]:
    with time_machine.travel(NOW, tick=False) as traveller:
        yield traveller


@pytest.fixture
def client(client: Client, presentation: Presentation, person: Person) -> Client:
    sign_in(client, person)
    return client


def keep(person: Person, **other: str) -> KeptAddress:
    return KeptAddress.objects.create(person=person, **{**vars(DELIVERY), **other})


def offered(page: Page) -> list[tuple[str, bool]]:
    """The addresses that can be chosen, each with whether it is."""
    labels = {label.attrs["for"]: label.text for label in page.all("label")}
    return [(labels[radio.id], "checked" in radio.attrs) for radio in page.all("input", name="address", type="radio")]


def look(client: Client) -> Page:
    return Page(client.get(PAGE).content.decode())


def typed(client: Client) -> dict[str, str]:
    initial = client.get(PAGE).context["form"].initial
    return {name: initial.get(name, "") for name in ("address_line_1", "address_line_2", "town", "postcode")}


def test_who_has_not_booked_yet_chooses_among_what_they_keep(client: Client, person: Person) -> None:
    keep(person)
    clinic = keep(person, **CLINIC)
    keep(make_person(), address_line_1="9 Elsewhere")
    page = look(client)
    asked = [(f"2 Hill Lane, Third floor, Leeds, {LEEDS_TOO}", True), (HEALTH_VISITING, False), ("Another address", False)]
    assert (offered(page), page.mistakes) == (asked, [])
    assert "At which address?" in [legend.text for legend in page.all("legend")]
    assert page.one("a", href="/my/addresses/").text == "See, change or remove your saved addresses"
    fill_in(client, where={"format": "workplace", "address": str(clinic.pk)})
    assert f"2 Hill Lane Third floor Leeds {LEEDS_TOO}" in text(client.get("/book/signs/check/"))
    clinic.delete()
    confirm(client)
    assert Booking.objects.get().address_lines == ["2 Hill Lane", "Third floor", "Leeds", LEEDS_TOO]


def test_what_was_chosen_or_typed_is_shown_again(client: Client, person: Person) -> None:
    older = keep(person)
    keep(person, **CLINIC)
    client.post(PAGE, {**DETAILS, "format": "workplace", "address": str(older.pk), "address_line_1": "Not looked at"})
    assert offered(look(client))[1] == (HEALTH_VISITING, True)
    assert set(typed(client).values()) == {""}
    assert client.post(PAGE, {**WHERE, "address": "another"}).url == "/book/signs/when/"
    assert offered(look(client))[2] == ("Another address", True)
    assert typed(client) == {"address_line_1": "St James", "address_line_2": "", "town": "Leeds", "postcode": "LS1 4AP"}


def test_the_last_visit_stands_ready_beside_what_is_kept(client: Client, person: Person) -> None:
    keep(person)
    fill_in(client, where={**WHERE, "address": "another"})
    confirm(client)
    assert (offered(look(client))[1], typed(client)["address_line_1"]) == (("Another address", True), "St James")
    keep(person, organisation_name="St James", address_line_1="", town="Leeds", postcode="LS1 4AP")
    assert offered(look(client))[0] == ("St James, Leeds, LS1 4AP", True)


def test_what_took_no_place_is_nobodys_last_visit(client: Client, person: Person) -> None:
    keep(person)
    make_booking(None, at("10:00", date(2026, 7, 1)), person=person, address_line_2="Third floor", state=BookingState.DELIVERED)
    Booking.objects.filter(pk=make_request(person=person).pk).update(state=BookingState.DECLINED)
    make_booking(None, at("10:00"), person=person, state=BookingState.DECLINED)
    assert (offered(look(client))[1], typed(client)["address_line_2"]) == (("Another address", True), "Third floor")
    Booking.objects.filter(state=BookingState.DELIVERED).delete()
    assert (offered(look(client))[0], typed(client)["address_line_1"]) == ((HEALTH_VISITING, True), "")


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ({"address_line_1": ""}, "Choose an address."),
        ({"address": "0"}, "That address is no longer on your list. Choose another one."),
        ({"address": "another", "address_line_1": ""}, "Enter the building and street."),
    ],
)
def test_what_is_missing_is_said_and_nothing_is_kept(client: Client, person: Person, answer: dict[str, str], said: str) -> None:
    keep(person)
    response = client.post(PAGE, {**WHERE, **answer})
    assert (response.status_code, said in text(response), Draft.objects.exists()) == (200, True, False)


def test_nobody_can_choose_another_persons_address(client: Client, person: Person) -> None:
    keep(person)
    elsewhere = keep(make_person(), address_line_1="9 Elsewhere")
    response = client.post(PAGE, {**DETAILS, "format": "workplace", "address": str(elsewhere.pk)})
    assert response.context["form"].errors == {"address": ["That address is no longer on your list. Choose another one."]}
    assert ("9 Elsewhere" in response.content.decode(), Draft.objects.exists()) == (False, False)
    KeptAddress.objects.filter(person=person).delete()
    response = client.post(PAGE, {**DETAILS, "format": "workplace", "address": str(elsewhere.pk)})
    assert response.context["form"].errors["address_line_1"] == ["Enter the building and street."]


def test_where_no_presenter_can_go_is_said_beside_the_address(client: Client, person: Person) -> None:
    barracks = keep(person, postcode="BFPO 57")
    form = client.post(PAGE, {**DETAILS, "format": "workplace", "address": str(barracks.pk)}).context["form"]
    assert {name: str(errors[0])[:43] for name, errors in form.errors.items()} == {
        "address": "We can’t send a presenter to this postcode."
    }


def test_online_asks_nothing_of_an_address(client: Client, person: Person) -> None:
    keep(person)
    assert client.post(PAGE, {**DETAILS, "format": "online", "address": "0"}).url == "/book/signs/when/"
    answered = Draft.objects.get().answers["where"]
    assert (answered["format"], answered["postcode"], "address" in answered) == ("online", "", False)
    Presentation.objects.update(formats=["online"])
    assert offered(look(client)) == []


def test_two_labels_of_one_place_are_one_and_too_long_a_name_is_left_out(client: Client, person: Person) -> None:
    keep(person)
    keep(person, name="Jo Green")
    assert [label for label, _on in offered(look(client))] == [HEALTH_VISITING, "Another address"]
    KeptAddress.objects.update(organisation_name="L" * 121)
    assert [label for label, _on in offered(look(client))] == ["1 Park Row, Leeds, LS1 4AP", "Another address"]
    KeptAddress.objects.update(address_line_1="L" * 121)
    assert offered(look(client)) == []


def test_the_address_book_costs_one_statement_however_many_are_kept(client: Client, person: Person) -> None:
    look(client)
    counts = []
    for number in range(3):
        counts.append((statements(client, "get", PAGE), statements(client, "post", PAGE, {"format": "workplace"})))
        keep(person, address_line_1=f"{number} Park Row")
    assert counts == [(6, 5)] * 3
    Presentation.objects.update(formats=["online"])
    assert statements(client, "get", PAGE) == 5


def test_who_is_not_signed_in_is_asked_for_an_address_alone(person: Person, presentation: Presentation) -> None:
    keep(person)
    assert offered(look(Client())) == []
