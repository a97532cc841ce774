"""The name of a colleague: given by a manager, shown in place of the address, greeted by, found, taken out with the rest."""

import io
from datetime import date

import pytest
from django.core.management import call_command

from accounts.models import User
from audit.pages import account_names
from bookings.models import DutyShift
from notifications.registry import find_reader_name
from privacy.personal_data import export_details
from tests.accounts.role_pages import colleague, read
from tests.accounts.test_giving_roles import ACCOUNTS, group, save
from tests.bookings.rows import make_presenter
from tests.factories import make_person, make_staff

pytestmark = pytest.mark.django_db


def test_a_manager_is_asked_for_it_with_the_account_and_changes_it() -> None:
    client, _manager = colleague("manager")
    page = read(client, f"{ACCOUNTS}add/")
    assert page.one("input", name="name").attrs["type"] == "text"
    posted = {"email": "new@ctac.example", "name": "Lee Okafor", "is_staff": "on", "groups": [group("coordinator").pk]}
    assert client.post(f"{ACCOUNTS}add/", posted).status_code == 302
    user = User.objects.get(email="new@ctac.example")
    assert (user.name, str(user)) == ("Lee Okafor", "Lee Okafor")
    assert save(client, user, "coordinator", name="Lee Adeyemi") == 302
    user.refresh_from_db()
    assert str(user) == "Lee Adeyemi"
    assert str(make_staff("nameless@ctac.example")) == "nameless@ctac.example"


def test_of_an_account_that_is_no_colleagues_it_is_not_asked() -> None:
    client, _manager = colleague("manager")
    user = make_person().user
    assert not read(client, f"{ACCOUNTS}{user.pk}/change/").all("input", name="name")
    save(client, user, name="Somebody Else", is_staff="")
    user.refresh_from_db()
    assert user.name == ""


@pytest.mark.parametrize("typed", ["lee okafor", "okaf", "lee@ctac"])
def test_an_account_is_found_by_its_name(typed: str) -> None:
    client, _manager = colleague("manager")
    make_staff("lee@ctac.example", role="read-only", name="Lee Okafor")
    make_staff("sam@ctac.example", role="read-only", name="Sam Reid")
    page = client.get(f"{ACCOUNTS}?q={typed}").content.decode()
    assert "Lee Okafor" in page
    assert "Sam Reid" not in page


def test_the_page_of_a_role_and_the_audit_name_colleagues() -> None:
    client, manager = colleague("manager")
    lee = make_staff("lee@ctac.example", role="read-only", name="Lee Okafor")
    assert "Lee Okafor" in client.get(f"/staff/auth/group/{group('read-only').pk}/change/").content.decode()
    assert account_names([lee.pk, manager.pk]) == {None: account_names([])[None], lee.pk: "Lee Okafor", manager.pk: manager.email}


def test_mail_greets_a_colleague_by_it_and_a_former_one_by_nothing() -> None:
    lee = make_staff("lee@ctac.example", name="Lee Okafor")
    assert find_reader_name("LEE@ctac.example") == "Lee Okafor"
    User.objects.filter(pk=lee.pk).update(is_staff=False)
    assert find_reader_name("lee@ctac.example") == ""


def test_who_is_on_duty_is_called_by_it() -> None:
    lee, asha = make_staff(name="Lee Okafor"), make_staff()
    make_presenter(name="Asha Patel", user=asha)
    shift = DutyShift(first_day=date(2027, 3, 1), last_day=date(2027, 3, 1), duty_person=lee, deputy=asha)
    assert [person.name for person in shift.people] == ["Lee Okafor", "Asha Patel"]


def test_their_copy_of_their_data_has_it() -> None:
    person = make_person()
    User.objects.filter(pk=person.user.pk).update(is_staff=True, name="Lee Okafor")
    person.refresh_from_db()
    assert export_details(person)["sign_in"]["name"] == "Lee Okafor"


def test_the_command_that_makes_the_first_manager_takes_it() -> None:
    asked = {"interactive": False, "email": "first@ctac.example", "name": "Helen Byrne"}
    call_command("createsuperuser", **asked, stdout=io.StringIO())
    assert str(User.objects.get(email="first@ctac.example")) == "Helen Byrne"
