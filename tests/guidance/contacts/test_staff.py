"""The list of numbers that staff keep: what is missing, what is old, who checked it, who may."""

import re
from datetime import date, timedelta
from typing import Any

import pytest
import time_machine
from django.core.management import call_command
from django.test import Client, override_settings

from audit.models import Entry
from core.dates import uk_day
from guidance.contacts.models import AreaContact
from guidance.services import fill_sample_contacts
from professionals.samples import NotInProductionError
from tests.factories import make_staff, sign_in_staff
from tests.leaflets.statements import statements

pytestmark = pytest.mark.django_db
LIST = "/staff/guidance/areacontact/"


@pytest.fixture(autouse=True)
def clock(now: Any) -> Any:
    with time_machine.travel(now, tick=False):
        yield


@pytest.fixture
def coordinator(client: Client) -> Client:
    return sign_in_staff(client, make_staff("kim@ctac.example", role="coordinator"))


def leeds() -> AreaContact:
    return AreaContact.objects.get(code="E08000035")


def shown(client: Client, query: str = "") -> int:
    return int(client.get(LIST + query).context["cl"].result_count)


def test_the_list_finds_what_is_missing_and_what_is_older_than_a_year(coordinator: Client, now: Any) -> None:
    today = uk_day(now)
    AreaContact.objects.update(phone="", out_of_hours_phone="")
    for code, phone, days in (("E08000035", "0113 222 4403", 366), ("W06000015", "029 2053 6490", 365), ("E06000001", "", 900)):
        AreaContact.objects.filter(code=code).update(phone=phone, checked_on=today - timedelta(days=days))
    assert (shown(coordinator), shown(coordinator, "?needs=number"), shown(coordinator, "?needs=check")) == (267, 220, 1)
    assert shown(coordinator, "?needs=check&q=leeds") == 1
    AreaContact.objects.filter(code="W06000015").update(checked_on=None)  # a number that nobody has checked
    assert shown(coordinator, "?needs=check") == 2
    first = coordinator.get("/staff/").content.decode()
    said = " ".join(re.sub(r"<[^>]+>", " ", first).split())
    assert "220 areas without a phone number to tell" in said
    assert "2 phone numbers of areas that nobody has checked for a year" in said


def test_who_saves_has_checked_it_today_and_it_is_audited(coordinator: Client, now: Any) -> None:
    page = f"{LIST}{leeds().pk}/change/"
    sent = {
        "name": "Leeds",
        "phone": " 0113  222 4403",
        "out_of_hours_phone": "0113 535 0600",
        "web_page": "https://www.leeds.gov.uk/",
    }
    assert "Check each number with the authority" in coordinator.get(page).content.decode()
    assert coordinator.post(page, sent).status_code == 302
    saved = leeds()
    assert (saved.phone, saved.out_of_hours_phone, saved.checked_on) == ("0113 222 4403", "0113 535 0600", uk_day(now))
    assert saved.checked_by is not None
    assert saved.checked_by.email == "kim@ctac.example"
    entry = Entry.objects.filter(kind="guidance.areacontact").latest("pk")
    assert (str(entry.act), entry.what) == ("changed", "out_of_hours_phone, phone, web_page")
    AreaContact.objects.update(checked_on=date(2020, 1, 2), checked_by=None)
    assert coordinator.post(page, sent | {"phone": saved.phone}).status_code == 302  # nothing is new: checked again
    assert leeds().checked_on == uk_day(now)


@pytest.mark.parametrize(
    ("name", "typed", "error"),
    [
        ("phone", "ring the town hall", "Enter a phone number, like 0113 496 0000."),
        ("out_of_hours_phone", "102", "Enter a phone number, like 0113 496 0000."),
        ("web_page", "http://www.leeds.gov.uk/", "Enter an address that begins with https://."),
    ],
)
def test_what_is_no_number_and_no_address_is_refused(coordinator: Client, name: str, typed: str, error: str) -> None:
    page = f"{LIST}{leeds().pk}/change/"
    response = coordinator.post(page, {"name": "Leeds", "phone": "", "out_of_hours_phone": "", "web_page": "", name: typed})
    assert (response.status_code, error in response.content.decode(), leeds().checked_on) == (200, True, None)


def test_a_police_force_may_have_101_or_nothing(coordinator: Client) -> None:
    force = AreaContact.objects.get(name="West Yorkshire Police")
    sent = {"name": force.name, "phone": "101", "out_of_hours_phone": "", "web_page": ""}
    assert coordinator.post(f"{LIST}{force.pk}/change/", sent).status_code == 302
    AreaContact.objects.update(phone="")
    force.refresh_from_db()
    assert (force.number, AreaContact.objects.missing().filter(pk=force.pk).exists()) == ("101", False)


@pytest.mark.parametrize(
    ("role", "sees", "saves"),
    [
        ("coordinator", 200, 302),
        ("manager", 200, 302),
        ("read-only", 200, 403),
        ("fulfilment", 403, 403),
        ("presenter", 403, 403),
    ],
)
def test_who_may(client: Client, role: str, sees: int, saves: int) -> None:
    sign_in_staff(client, make_staff(role=role))
    page = f"{LIST}{leeds().pk}/change/"
    sent = {"name": "Leeds", "phone": "", "out_of_hours_phone": "", "web_page": ""}
    assert (client.get(LIST).status_code, client.get(page).status_code, client.post(page, sent).status_code) == (
        sees,
        sees,
        saves,
    )
    assert {client.get(f"{LIST}add/").status_code, client.get(f"{LIST}{leeds().pk}/delete/").status_code} == {403}


def test_the_list_takes_few_statements(coordinator: Client) -> None:
    AreaContact.objects.update(checked_by=make_staff(), checked_on=date(2027, 1, 2))
    coordinator.get(LIST)
    assert len(statements(lambda: coordinator.get(LIST))) <= 12
    assert len(statements(lambda: coordinator.get(f"{LIST}{leeds().pk}/change/"))) <= 12


def test_a_colleague_whose_account_goes_leaves_the_day(coordinator: Client) -> None:
    colleague = make_staff("gone@ctac.example")
    AreaContact.objects.filter(code="E08000035").update(checked_by=colleague, checked_on=date(2027, 1, 2))
    colleague.delete()
    assert "Saturday 2 January 2027, somebody who is no colleague any more" in coordinator.get(LIST + "?q=leeds").content.decode()


def test_the_sample_fills_some_with_numbers_that_nobody_has(now: Any) -> None:
    by = make_staff()
    fill_sample_contacts(by=by, now=now)
    filled = AreaContact.objects.exclude(phone="").exclude(kind="police")
    assert {contact.is_sample for contact in filled} == {True}
    assert len({contact.phone for contact in filled}) == len(filled) > 150
    assert leeds().phone.startswith("0113 496 0")
    assert AreaContact.objects.missing().count() > 20
    assert 10 < AreaContact.objects.to_check(uk_day(now)).count() < 60
    AreaContact.objects.filter(code="E08000035").update(phone="0113 222 4403")
    before = list(AreaContact.objects.order_by("pk").values())
    fill_sample_contacts(by=by, now=now + timedelta(days=3))
    assert list(AreaContact.objects.order_by("pk").values()) == before
    with override_settings(PRODUCTION=True), pytest.raises(NotInProductionError):
        fill_sample_contacts(by=by, now=now)


def test_a_real_number_is_no_sample() -> None:
    numbers = {
        "0113 222 4403": False,
        "020 7946 0123": True,
        "020 7947 0123": False,
        "101": False,
        "": False,
        "01632 960123": True,
    }
    assert {number: AreaContact(phone=number).is_sample for number in numbers} == numbers
    assert AreaContact(out_of_hours_phone="028 9649 6123").is_sample


def test_make_run_loads_it() -> None:
    call_command("load_sample_data", verbosity=0)
    assert leeds().is_sample
