"""The one search box: each kind is found however it is typed, by whoever may see it and by nobody else."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from audit.models import Entry
from bookings.models import Booking
from bookings.tasks import keep_street_words as keep_street_words_of_bookings
from leaflets.models import Leaflet, Order
from leaflets.tasks import keep_street_words as keep_street_words_of_orders
from privacy.services import erase_person
from professionals.models import NameWord, Person
from staff.search import MAX_HITS_SHOWN, national_digits, possible_references, search_registry
from tests.bookings.open_sessions.rows import make_session
from tests.bookings.rows import NOW, at, make_booking, make_presenter
from tests.factories import make_organisation, make_person, make_staff, sign_in_staff
from tests.leaflets import factories as leaflets
from tests.privacy.rows import make_complaint

pytestmark = pytest.mark.django_db


@pytest.fixture
def world() -> dict[str, Any]:
    """One of each kind, with a name that no other has."""
    host = make_person(
        name="Oluwaseun Adebayo",
        email="o.adebayo@quillfinch.nhs.uk",
        phone="0113 496 0461",
        postcode="YO1 7HH",
        organisation=make_organisation("Quillfinch Midwifery"),
    )
    presenter = make_presenter(name="Gwenllian Pritchard", email="gwen@ctac.test", phone="07700 900 462")
    booking = make_booking(presenter, at("14:00"), person=host)
    Booking.objects.filter(pk=booking.pk).update(address_line_1="9 Bootham Crescent", town="York", postcode="YO30 7AQ")
    order = leaflets.make_order(make_person(name="Tamsin Worrell"), NOW)
    Order.objects.filter(pk=order.pk).update(address_line_1="4 Saltergate Mews", contact_phone="0113 496 0463 ext. 4")
    session = make_session(presenter=presenter)
    leaflet = leaflets.make_leaflet(title="Lanternfish for midwives")
    keep_street_words_of_bookings()
    keep_street_words_of_orders()
    return {
        "professionals.person": host,
        "professionals.organisation": host.organisation,
        "bookings.presenter": presenter,
        "bookings.booking": booking,
        "leaflets.order": order,
        "bookings.opensession": session,
        "leaflets.leaflet": leaflet,
        "privacy.complaint": make_complaint(),
    }


def desk(role: str = "") -> Client:
    return sign_in_staff(Client(), make_staff(role=role) if role else make_staff())


def address_of(row: Any) -> str:
    return reverse(f"staff:{row._meta.app_label}_{row._meta.model_name}_change", args=[row.pk])


def found(client: Client, typed: str) -> set[str]:
    """The addresses of all that one search finds, also if it opens at once."""
    response = client.get("/staff/find/", {"q": typed})
    if response.status_code == 302:
        return {response.headers["Location"]}
    assert response.status_code == 200
    return {
        line["href"] for each in (response.context["found"].kinds if response.context["found"] else ()) for line in each.lines
    }


TYPED = {
    "professionals.person": (
        *(
            "oluwaseun",
            "ADEBAYO oluwaseun",
            "o.adebayo@quillfinch.nhs.uk",
            "01134960461",
            "+44 113 496 0461",
            "+44 (0)113 4960461",
        ),
        *("0044 113 496 0461", "yo17hh", "YO1 7HH adebayo"),
    ),
    "professionals.organisation": ("quillfinch", "Quillfinch Midwifery"),
    "bookings.presenter": ("gwenllian", "pritchard gwen", "gwen@ctac.test", "+447700900462", "07700 900462"),
    "bookings.booking": ("bootham", "9 Bootham Crescent", "yo307aq", "adebayo"),
    "leaflets.order": ("saltergate", "worrell", "0113 496 0463", "01134960463", "+44 (0)113 496 0463", "worrell 1134960463"),
    "bookings.opensession": ("gwenllian",),
    "leaflets.leaflet": ("lanternfish",),
}
MISSPELT = {
    "professionals.person": ("oluwasuen", "adebayp", "adebbayo", "oluwaseun adebuyo", "o.adebaoy@quillfinch.nhs.uk"),
    "professionals.organisation": ("quilfinch", "quillfnich midwifery"),
    "bookings.presenter": ("gwenlian", "pritchrad"),
    "bookings.booking": ("adebuyo", "boothan", "9 bootahm cresent"),
    "leaflets.order": ("worell", "saltergtae", "4 saltergate mwes"),
    "leaflets.leaflet": ("lanternfihs", "lanternfsh midwifes"),
}


@pytest.mark.parametrize(("kind", "typed"), [(kind, typed) for kind, all_typed in TYPED.items() for typed in all_typed])
def test_each_kind_is_found_as_it_is_typed(world: dict[str, Any], kind: str, typed: str) -> None:
    assert address_of(world[kind]) in found(desk(), typed)


@pytest.mark.parametrize(("kind", "typed"), [(kind, typed) for kind, all_typed in MISSPELT.items() for typed in all_typed])
def test_a_misspelt_name_finds_what_is_spelt_like_it_and_opens_nothing(world: dict[str, Any], kind: str, typed: str) -> None:
    page = desk().get("/staff/find/", {"q": typed})
    assert page.status_code == 200
    assert "These are spelt like them" in page.content.decode()
    assert address_of(world[kind]) in {line["href"] for each in page.context["found"].kinds for line in each.lines}


@pytest.mark.parametrize("kind", ["bookings.booking", "leaflets.order", "bookings.opensession", "privacy.complaint"])
def test_a_whole_reference_opens_at_once_however_it_is_typed(world: dict[str, Any], kind: str) -> None:
    client, row = desk(), world[kind]
    for typed in (row.reference, row.reference.lower(), row.reference.replace("-", ""), f" {row.reference.replace('-', '  ')} "):
        assert client.get("/staff/find/", {"q": typed}).headers["Location"] == address_of(row)


SLIPS: dict[str, Callable[[str], str]] = {
    "a wrong letter": lambda it: it.replace("7", "9"),
    "two swapped": lambda it: it.replace("Q4", "4Q"),
    "an O that no reference has": lambda it: it.replace("Q", "O"),
    "two that none has": lambda it: it.replace("Q", "0").replace("2", "I"),
    "a figure in the prefix": lambda it: it.replace("BK", "8K"),
    "a wrong prefix": lambda it: it.replace("BK", "BX"),
}


@pytest.mark.parametrize("slip", SLIPS)
def test_a_reference_with_a_slip_is_offered(slip: str) -> None:
    booking = make_booking(None, at("10:00"))
    Booking.objects.filter(pk=booking.pk).update(reference="BK-7Q4M-2F")
    page = desk().get("/staff/find/", {"q": SLIPS[slip]("BK-7Q4M-2F")})
    assert page.status_code == 200
    assert [line["text"] for each in page.context["found"].kinds for line in each.lines] == ["BK-7Q4M-2F"]


def test_two_slips_are_too_many() -> None:
    Booking.objects.filter(pk=make_booking(None, at("10:00")).pk).update(reference="BK-7Q4M-2F")
    assert found(desk(), "BK-9Q4M-9F") == set()


@pytest.mark.parametrize("typed", ["O.Adebayo@Quillfinch.NHS.uk", "oluwaseun  adebayo", "+44 113 496 0461"])
def test_the_one_person_who_is_called_so_opens_at_once(world: dict[str, Any], typed: str) -> None:
    """Though a booking of theirs has the same words."""
    assert desk().get("/staff/find/", {"q": typed}).headers["Location"] == address_of(world["professionals.person"])


def test_of_two_who_are_called_so_neither_opens(world: dict[str, Any]) -> None:
    other = make_person(name="Oluwaseun Adebayo")
    assert {address_of(other), address_of(world["professionals.person"])} <= found(desk(), "oluwaseun adebayo")


def test_few_of_each_kind_are_shown_the_newest_with_a_link_to_the_others() -> None:
    people = [make_person(name="Zanderby Common") for _ in range(MAX_HITS_SHOWN + 2)]
    page = desk().get("/staff/find/", {"q": "zanderby"})
    [kind] = page.context["found"].kinds
    assert [line["href"] for line in kind.lines] == [address_of(person) for person in people[:1:-1]]
    assert kind.more_href == "/staff/professionals/person/?q=zanderby"
    assert f"See all {MAX_HITS_SHOWN + 2} in People" in page.content.decode()


@pytest.mark.parametrize(
    "typed", ["", "   ", "-", "%", "_", "\\", "\x00", "'", '"', "nobodyatall", "x" * 300, "ö" * 70, "LS1", "é"]
)
def test_whatever_is_typed_is_answered(world: dict[str, Any], typed: str) -> None:
    assert desk().get("/staff/find/", {"q": typed}).status_code in {200, 302, 400}


# What each role may see of the world.
SEEN = {
    "coordinator": set(TYPED),
    "fulfilment": {"leaflets.order", "leaflets.leaflet"},
    "presenter": set(),  # gives none of these visits, and is shown no leaflets
    "manager": {*TYPED, "privacy.complaint"},
}


@pytest.mark.parametrize("role", [*SEEN, "read-only"])
def test_nobody_finds_what_they_may_not_see(world: dict[str, Any], role: str) -> None:
    """Typed rightly, misspelt, or by reference: what is found is what the list of its kind shows this colleague too."""
    client = desk(role)
    seen = {kind for kind, row in world.items() if client.get(address_of(row)).status_code == 200}
    assert seen == SEEN.get(role, seen)
    addresses = {address_of(row): kind for kind, row in world.items()}
    references = [row.reference for row in world.values() if hasattr(row, "reference")]
    for typed in (*(each for all_typed in (*TYPED.values(), *MISSPELT.values()) for each in all_typed), *references):
        assert {addresses[address] for address in found(client, typed) if address in addresses} <= seen, typed


def test_a_presenter_finds_their_own_visits_alone(world: dict[str, Any]) -> None:
    user = make_staff(role="presenter")
    own = make_booking(make_presenter(user=user), at("10:00"), person=make_person(name="Adebayo Other"))
    assert found(sign_in_staff(Client(), user), "adebayo") == {address_of(own)}


def test_a_role_that_sees_no_people_is_told_no_name_by_a_misspelt_one(world: dict[str, Any]) -> None:
    """Nor finds by it, among what it may see, what it could not find by typing it: names are taken from what it sees."""
    assert found(desk("fulfilment"), "worell") == set()


def test_a_name_that_is_erased_is_no_word_any_more(world: dict[str, Any]) -> None:
    person = world["professionals.person"]
    person.user.delete()
    person.refresh_from_db()
    assert NameWord.objects.filter(word="oluwaseun").exists()
    Booking.objects.filter(person=person).update(state="cancelled", presenter=None)
    erase_person(person, by=None, now=NOW)
    assert not NameWord.objects.filter(word__in=["oluwaseun", "adebayo", "quillfinch"]).exists()


def test_words_follow_a_name_and_stay_while_another_has_them() -> None:
    first, second = make_person(name="Xanthe Zanderby"), make_person(name="Yorick Zanderby")
    Person.objects.filter(pk=first.pk).update(name="Xanthe Other")
    assert NameWord.objects.filter(source="professionals_person", word="zanderby").exists()
    Person.objects.filter(pk=second.pk).update(name="Yorick Other")
    assert not NameWord.objects.filter(word="zanderby").exists()
    leaflet = leaflets.make_leaflet(title="Lanternfish")
    Leaflet.objects.filter(pk=leaflet.pk).update(title="Others")
    assert not NameWord.objects.filter(word="lanternfish").exists()


def test_a_word_goes_with_its_name_though_it_stands_where_somebody_works() -> None:
    person = make_person(with_user=False, name="Xanthe Zanderby")
    make_person(organisation=make_organisation("Zanderby Surgery"))
    person.delete()
    assert list(NameWord.objects.filter(word="zanderby").values_list("source", flat=True)) == ["professionals_organisation"]


def test_streets_are_read_each_night_and_those_that_are_gone_go(world: dict[str, Any]) -> None:
    assert set(NameWord.objects.filter(source="leaflets_order").values_list("word", flat=True)) >= {"saltergate", "mews"}
    Order.objects.update(address_line_1="12 A1 Ebor Court", address_line_2="-", town="")
    keep_street_words_of_orders()
    keep_street_words_of_orders()
    assert set(NameWord.objects.filter(source="leaflets_order").values_list("word", flat=True)) == {"ebor", "court"}
    assert NameWord.objects.filter(source="bookings_booking", word="bootham").exists()


@pytest.mark.parametrize("typed", ["adebayo", "adebuyo pritchrad quilfinch lanternfihs", "nobodyatall", "BK-7Q4M-2F", "ls1 4ap"])
@pytest.mark.parametrize("role", ["", "presenter"])
def test_a_search_takes_few_statements(world: dict[str, Any], typed: str, role: str) -> None:
    user = make_staff(role=role) if role else make_staff()
    make_presenter(user=user)
    client = sign_in_staff(Client(), user)
    with CaptureQueriesContext(connection) as taken:
        client.get("/staff/find/", {"q": typed})
    assert len(taken) <= 20, [query["sql"][:90] for query in taken.captured_queries]


def test_what_was_typed_stands_in_no_audit(world: dict[str, Any]) -> None:
    client = desk()
    client.get("/staff/find/", {"q": "zanderby nobody"})
    entry = Entry.objects.latest("pk")
    assert (entry.page, entry.act, entry.kind, entry.key, entry.what) == ("find", "viewed", "", "", "")


def test_each_page_of_staff_has_the_box_and_nobody_else_has() -> None:
    for address in ("/staff/", "/staff/bookings/booking/", "/staff/find/"):
        page = desk().get(address).content.decode()
        assert page.count('id="find-box"') == 1, address
    assert 'id="find-box"' not in Client().get("/").content.decode()


def test_each_kind_is_registered_once_and_people_come_first() -> None:
    models = [kind.model for kind in search_registry.kinds]
    assert len(models) == len(set(models))
    assert models[0] is Person


@pytest.mark.parametrize("typed", ["0113 496 0461", "+44 113 496 0461", "+44 (0)113 496-0461", "00441134960461", "1134960461"])
def test_a_phone_number_is_the_same_however_it_is_written(typed: str) -> None:
    assert national_digits(typed) == "1134960461"


@pytest.mark.parametrize("typed", ["Bradford", "11349604", "LS1 4AP", "BK-7Q4M", "BK-OOO1-II"])
def test_what_is_no_reference_stands_for_none(typed: str) -> None:
    assert possible_references(typed)[1] == set()
