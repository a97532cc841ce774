"""From a person's page to the forms that book and order for them, filled in, and to the lists of what is theirs."""

from datetime import UTC, datetime, timedelta

import pytest
from django.contrib.auth.models import Permission
from django.test import Client
from django.utils import timezone

from accounts.models import User
from audit.models import Entry, Export
from bookings.models import Booking
from leaflets.models import Order
from professionals.models import Person
from tests.bookings.admin.test_for_caller import caller_form
from tests.bookings.open_sessions.rows import make_place, make_session
from tests.bookings.rows import at, make_booking, make_presentation, make_presenter
from tests.face.page import Page
from tests.factories import make_organisation, make_person, make_staff, sign_in_staff
from tests.leaflets.factories import make_edition, make_order
from tests.leaflets.statements import statements

pytestmark = pytest.mark.django_db
NOW = datetime(2027, 1, 12, 10, tzinfo=UTC)
BOOKINGS, ORDERS, SESSIONS = "/staff/bookings/booking/", "/staff/leaflets/order/", "/staff/bookings/opensession/"
FORMS = {f"{BOOKINGS}add/": "caller-", f"{ORDERS}add/": ""}
LISTS = {BOOKINGS: Booking, ORDERS: Order}
NOBODY = ["999999999", "", "one", "1.5", "-1", "²", "9" * 30, pytest.param("9" * 5000, id="long")]


@pytest.fixture
def person() -> Person:
    return make_person(name="Dilys Okonkwo", email="dilys@leeds.nhs.uk", organisation=make_organisation("Leeds Health Visiting"))


def as_role(*roles: str) -> Client:
    return sign_in_staff(Client(), make_staff(role=roles))


def looks_on(*codenames: str) -> Client:
    user = make_staff(superuser=False)
    user.user_permissions.set(Permission.objects.filter(codename__in=codenames))
    return sign_in_staff(Client(), User.objects.get(pk=user.pk))


@pytest.fixture
def desk() -> Client:
    return as_role("manager")


def read(client: Client, address: str) -> Page:
    response = client.get(address)
    assert response.status_code == 200
    return Page(response.content.decode())


def links_of(client: Client, person: Person) -> dict[str, str]:
    """Those of the person's page that name the person."""
    page = read(client, f"/staff/professionals/person/{person.pk}/change/")
    return {a.text: a.attrs["href"] or "" for a in page.all("a") if "?person" in (a.attrs.get("href") or "")}


def typed(page: Page, prefix: str) -> dict[str, str]:
    """What the boxes of the caller hold."""
    names = [f"{prefix}{name}" for name in ("name", "email", "phone", "organisation_name", "postcode")]
    found = {box.attrs["name"]: box.attrs.get("value") or "" for box in page.all("input") if box.attrs.get("name") in names}
    return {name.removeprefix(prefix): value for name, value in found.items()}


def has(person: Person, bookings: int, orders: int) -> None:
    presenter, leaflet = make_presenter(), make_edition(NOW, stock=100).leaflet
    for hour in range(bookings):
        make_booking(presenter, at("09:00") + timedelta(hours=2 * hour), person=person)
    for _each in range(orders):
        make_order(person, NOW, {leaflet: 1})


def test_a_persons_page_leads_to_forms_for_them_and_to_what_is_theirs(desk: Client, person: Person) -> None:
    has(make_person(), 1, 1)
    has(person, 3, 2)
    make_place(make_session(None), person=person)
    named = f"?person={person.pk}"
    assert links_of(desk, person) == {
        "Book for them": f"{BOOKINGS}add/{named}",
        "Order for them": f"{ORDERS}add/{named}",
        "Bookings (3)": f"{BOOKINGS}{named}",
        "Open sessions (1)": f"{SESSIONS}{named}",
        "Orders (2)": f"{ORDERS}{named}",
    }


@pytest.mark.parametrize(
    ("permissions", "expected"),
    [
        ((), []),
        (("add_booking",), ["Book for them"]),
        (("add_order",), ["Order for them"]),
        (("view_order",), ["Orders (0)"]),
        (("view_booking", "add_booking"), ["Book for them", "Bookings (0)"]),
    ],
)
def test_each_way_on_is_for_those_whom_it_lets_in(person: Person, permissions: tuple[str, ...], expected: list[str]) -> None:
    client = looks_on("view_person", *permissions)
    links = links_of(client, person)
    assert list(links) == expected
    assert {client.get(address).status_code for address in links.values()} <= {200}


def test_nobody_books_for_somebody_erased(desk: Client, person: Person) -> None:
    has(person, 1, 0)
    Person.objects.filter(pk=person.pk).update(erased_at=timezone.now())
    assert list(links_of(desk, person)) == ["Bookings (1)", "Open sessions (0)", "Orders (0)"]


def test_what_is_theirs_is_counted_in_one_statement_however_much_there_is(desk: Client, person: Person) -> None:
    address, costs = f"/staff/professionals/person/{person.pk}/change/", []
    desk.get(address)
    for many in (1, 3):
        has(person, many, many)
        costs.append(statements(lambda: desk.get(address)))
    assert len(costs[0]) == len(costs[1])
    counts = [[sql for sql in cost if "COUNT(*)" in sql] for cost in costs]  # the story reads some of each, too
    assert [sum('"bookings_booking"' in sql or '"leaflets_order"' in sql for sql in cost) for cost in counts] == [1, 1]


@pytest.mark.parametrize("form", FORMS)
def test_the_form_begins_with_what_we_know_of_the_caller(desk: Client, person: Person, form: str) -> None:
    page = read(desk, f"{form}?person={person.pk}")
    assert typed(page, FORMS[form]) == {
        "name": "Dilys Okonkwo",
        "email": "dilys@leeds.nhs.uk",
        "phone": "0113 496 0000",
        "organisation_name": "Leeds Health Visiting",
        "postcode": "LS1 4AP",
    }
    profession = page.one("select", name=f"{FORMS[form]}profession")
    [chosen] = [option for option in page.all("option") if profession in option.inside and "selected" in option.attrs]
    assert chosen.attrs["value"] == "health-visitor"


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("key", NOBODY)
def test_the_form_is_empty_for_a_person_that_nobody_is(desk: Client, person: Person, form: str, key: str) -> None:
    assert set(typed(read(desk, f"{form}?person={key}"), FORMS[form]).values()) == {""}


@pytest.mark.parametrize("form", FORMS)
def test_the_form_is_empty_for_somebody_erased_and_the_audit_is_told_of_nobody(desk: Client, person: Person, form: str) -> None:
    Person.objects.filter(pk=person.pk).update(erased_at=timezone.now())
    assert set(typed(read(desk, f"{form}?person={person.pk}"), FORMS[form]).values()) == {""}
    assert not Entry.objects.about("professionals.person", person.pk).exists()


@pytest.mark.parametrize("form", FORMS)
def test_the_form_is_empty_for_whoever_may_not_see_people(person: Person, form: str) -> None:
    client = looks_on("add_booking", "add_order")
    answer = client.get(f"{form}?person={person.pk}")
    assert set(typed(Page(answer.content.decode()), FORMS[form]).values()) == {""}
    assert "Dilys" not in answer.content.decode()
    assert not Entry.objects.about("professionals.person", person.pk).exists()


@pytest.mark.parametrize("form", FORMS)
def test_the_filled_form_says_what_becomes_of_a_change(desk: Client, person: Person, form: str) -> None:
    says = "We have filled in what we know about this person. If you change it, we will ask if the change is for good."
    assert says in desk.get(f"{form}?person={person.pk}").content.decode()
    assert says not in desk.get(f"{form}?person=").content.decode()


@pytest.mark.parametrize("form", FORMS)
def test_that_somebody_looked_is_written_down_once_and_nothing_else_is(desk: Client, person: Person, form: str) -> None:
    written = statements(lambda: desk.get(f"{form}?person={person.pk}"))
    assert [sql for sql in written if sql.startswith(("UPDATE", "DELETE")) and "_session" not in sql] == []
    [entry] = Entry.objects.about("professionals.person", person.pk)
    app = form.split("/")[2]
    assert (entry.act, entry.page, entry.what) == ("viewed", f"{app}_{form.split('/')[3]}_add", "")


def test_what_is_sent_from_the_filled_form_is_theirs_and_counts_as_typed(desk: Client, person: Person) -> None:
    make_presenter()
    address = f"{BOOKINGS}add/?person={person.pk}"
    page = read(desk, address)
    assert page.one("form", "", action=address)
    answers = {f"caller-{name}": value for name, value in typed(page, "caller-").items()}
    later = {"time-day": (timezone.localdate() + timedelta(days=60)).isoformat(), "time-override_reason": "They asked"}
    answers["caller-profession"] = person.profession
    desk.post(address, caller_form(make_presentation(), **answers, **later))
    assert Booking.objects.get().person == person
    refused = Page(desk.post(address, caller_form(make_presentation(), **{"caller-name": "Kim Lee"})).content.decode())
    assert typed(refused, "caller-")["name"] == "Kim Lee"


@pytest.mark.parametrize("address", LISTS)
def test_a_list_shows_what_is_one_persons_and_says_whose(desk: Client, person: Person, address: str) -> None:
    has(make_person(), 1, 1)
    has(person, 3, 3)
    response = desk.get(f"{address}?person={person.pk}")
    assert {row.person for row in response.context["cl"].result_list} == {person}
    assert len(response.context["cl"].result_list) == 3
    used = Page(response.content.decode()).one("li", "filters__one")
    assert used.text == "Person: Dilys Okonkwo Remove the filter Person"


@pytest.mark.parametrize("address", LISTS)
@pytest.mark.parametrize("key", NOBODY)
def test_a_list_of_what_is_nobodys_is_empty(desk: Client, person: Person, address: str, key: str) -> None:
    has(person, 1, 1)
    response = desk.get(f"{address}?person={key}")
    assert response.status_code == 200
    assert list(response.context["cl"].result_list) == []


@pytest.mark.parametrize("address", LISTS)
def test_a_list_names_nobody_to_whoever_may_not_see_people(person: Person, address: str) -> None:
    """Else the names of all could be read, one key after the other. Nor does a list offer all people to choose from."""
    has(person, 1, 1)
    answer = as_role("read-only").get(f"{address}?person={person.pk}")
    assert (answer.status_code, answer.headers["Location"]) == (302, f"{address}?e=1")
    assert "Person" not in [title.text for title in read(as_role("manager"), address).all("h2", "filters__title")]


@pytest.mark.parametrize("address", LISTS)
def test_a_persons_list_costs_the_same_however_long_it_is(desk: Client, person: Person, address: str) -> None:
    costs = []
    desk.get(f"{address}?person={person.pk}")
    for many in (1, 2):
        has(person, many, many)
        costs.append(len(statements(lambda: desk.get(f"{address}?person={person.pk}"))))
    assert costs[0] == costs[1]


def test_an_export_keeps_no_name_of_whose_orders_went(desk: Client, person: Person) -> None:
    has(person, 0, 2)
    has(make_person(), 0, 1)
    answer = desk.post(f"{ORDERS}export/", {"form": "csv", "list": f"?person={person.pk}"})
    assert b"".join(answer.streaming_content).count(b"LO-") == 2  # type: ignore[attr-defined]
    row = Export.objects.get()
    assert (row.rows, row.filters) == (2, "Person: one alone")
