"""What a colleague with few permissions gets to see, and a person’s organisation."""

import pytest
from django.contrib.auth.models import Group, Permission
from django.test import Client

from professionals.models import Organisation, Person
from tests.bookings.rows import make_presentation, make_presenter
from tests.face.page import Page
from tests.factories import make_organisation, make_person, make_staff, sign_in_staff

pytestmark = pytest.mark.django_db
PRESENTERS = "/staff/bookings/presenter/"


@pytest.fixture
def staff(client: Client) -> Client:
    return sign_in_staff(client, make_staff())


def colleague(*codenames: str) -> Client:
    """Signed in with a role of just these."""
    role = Group.objects.create(name="A small role")
    role.permissions.set(Permission.objects.filter(codename__in=codenames))
    user = make_staff(superuser=False)
    user.groups.add(role)
    return sign_in_staff(Client(), user)


def read(client: Client, path: str) -> Page:
    response = client.get(path)
    assert response.status_code == 200
    return Page(response.content.decode())


def test_a_small_role_sees_its_own_lists_only() -> None:
    page = read(colleague("view_order", "change_order"), "/staff/")
    lists = {a.attrs["href"] for a in page.all("a") if a.attrs["href"].startswith("/staff/") and "?" not in a.attrs["href"]}
    assert lists == {"/staff/", "/staff/leaflets/order/", "/staff/guide/start-the-day/"}


def test_who_has_no_role_is_told_so_and_has_no_empty_menu() -> None:
    page = read(colleague(), "/staff/")
    assert page.all("nav", "menu") == []
    assert "You can’t see any lists yet." in page.one("div", id="content-main").text


def test_availability_belongs_to_who_may_change_presenters() -> None:
    presenter = make_presenter()
    path = f"{PRESENTERS}{presenter.pk}/change/"
    assert read(colleague("change_presenter"), path).one("input", id="id_availability-0-start").attrs["value"] == "9am"
    Group.objects.all().delete()
    assert read(colleague("view_presenter"), path).all("input", id="id_availability-0-start") == []


@pytest.mark.parametrize("page", ["bookings/presenter", "professionals/person", "bookings/presentation"])
def test_who_may_only_look_reads_a_page_without_boxes(page: str) -> None:
    rows = {"bookings/presenter": make_presenter, "professionals/person": make_person, "bookings/presentation": make_presentation}
    client = colleague(f"view_{page.partition('/')[2]}")
    key = rows[page]().pk
    assert read(client, f"/staff/{page}/{key}/change/").all("input", id="id_name") == []


# -- A person's organisation ------------------------------------------------------------------------------------------


def send(staff: Client, organisation: str, **changes: str) -> int:
    typed = {"name": "Nadia", "email": "nadia@leeds.nhs.uk", "phone": "", "profession": "gp", "postcode": "LS1 4AP", **changes}
    return staff.post("/staff/professionals/person/add/", {**typed, "organisation": organisation}).status_code


def test_an_organisation_is_typed_by_its_name_in_any_case(staff: Client) -> None:
    known = make_organisation("Leeds Health Visiting")
    assert send(staff, " leeds health  VISITING ") == 302
    assert Person.objects.get().organisation == known
    assert Organisation.objects.count() == 1


def test_a_new_organisation_is_added_only_when_the_whole_form_is_right(staff: Client) -> None:
    assert send(staff, "York Health", profession="") == 200
    assert list(Organisation.objects.all()) == []
    assert send(staff, "York Health") == 302
    assert [str(person.organisation) for person in Person.objects.all()] == ["York Health"]


def test_a_person_shows_and_keeps_the_organisation(staff: Client) -> None:
    person = make_person(organisation=make_organisation("York Health"))
    path = f"/staff/professionals/person/{person.pk}/change/"
    assert read(staff, path).one("input", id="id_organisation").attrs["value"] == "York Health"
    typed = {"name": "New name", "phone": "", "profession": "gp", "postcode": "LS1 4AP", "organisation": "York Health"}
    assert staff.post(path, typed).status_code == 302
    person.refresh_from_db()
    assert (person.name, str(person.organisation)) == ("New name", "York Health")
