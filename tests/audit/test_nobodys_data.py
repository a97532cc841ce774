"""Nothing in the audit names anybody, however people's names and addresses come into requests; so erasing a person leaves it."""

from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.utils import timezone

from audit.models import Entry
from privacy.services import erase_person
from professionals.models import Person
from tests.accounts.test_sign_in import BY_PASSWORD, CODE, SIGN_IN
from tests.bookings.rows import make_world
from tests.factories import make_person, make_staff, sign_in_staff

pytestmark = pytest.mark.django_db
NAME, EMAIL, PHONE, POSTCODE = "Zoltana Quixley", "zoltana@quixley.nhs.uk", "0113 496 0123", "YX9 9QX"
CANARIES = ["zoltana", "quixley", "0113 496", "01134960", "qx9", "9qx"]


@pytest.fixture
def owner() -> Person:
    return make_person(name=NAME, email=EMAIL, phone=PHONE, postcode="LS1 4AP")


@pytest.fixture
def desk(client: Client) -> Client:
    return sign_in_staff(client, make_staff("quixley@ctac.example"))


def found_in_the_table() -> list[Any]:
    with connection.cursor() as cursor:
        patterns = [f"%{each}%" for each in CANARIES]
        cursor.execute("SELECT e::text FROM audit_entry e WHERE lower(e::text) LIKE ANY(%s)", [patterns])
        return cursor.fetchall()


def at_the_door(client: Client) -> None:
    for typed in (NAME, EMAIL):
        client.post(SIGN_IN, {"login": typed})
        client.post(CODE, {"code": typed})
        client.post(BY_PASSWORD, {"login": typed, "password": typed})


def on_the_staff_site(desk: Client, owner: Person, booking: Any) -> None:
    person = f"/staff/professionals/person/{owner.pk}"
    for typed in (NAME, EMAIL, PHONE, POSTCODE):
        desk.get("/staff/professionals/person/", {"q": typed})
        desk.get("/staff/audit/entry/", {"q": typed, "kind": typed, "act": typed})
        desk.get(f"/staff/professionals/person/{typed}/change/")
        desk.get(f"{person}/do/{typed}/")
        desk.get(f"/staff/{typed}/{typed}/")
        desk.get(f"/staff/mine/visits/{typed}/")
        desk.get(f"/staff/emails/{typed}/1/")
        desk.post("/staff/professionals/person/", {"action": typed, "_selected_action": [typed, str(owner.pk)]})
        desk.post("/staff/professionals/organisation/add/", {"name": typed})
        desk.post("/staff/leaflets/order/export/", {"form": typed, "list": f"?q={typed}"})
    desk.get(f"{person}/change/")
    desk.post(f"{person}/change/", {"name": NAME, "email": EMAIL, "phone": PHONE, "postcode": POSTCODE, "profession": "gp"})
    desk.post(f"/staff/bookings/booking/{booking.pk}/do/cancel/", {"reason": f"{NAME} rang from {PHONE}"})
    desk.get(f"/staff/bookings/booking/{booking.pk}/change/", headers={"User-Agent": NAME, "Referer": f"https://x/?{EMAIL}"})


def test_no_name_address_number_or_text_gets_in(desk: Client, owner: Person) -> None:
    booking = make_world(owner, timezone.now())["bookings_booking"]
    before = Entry.objects.count()
    at_the_door(Client())
    on_the_staff_site(desk, owner, booking)
    assert Entry.objects.count() - before > 30
    assert found_in_the_table() == []


def test_so_an_erasure_leaves_every_row_as_it_was(desk: Client, owner: Person) -> None:
    desk.get(f"/staff/professionals/person/{owner.pk}/change/")
    before = list(Entry.objects.order_by("pk").values_list())
    erase_person(owner, by=None, now=timezone.now())
    assert list(Entry.objects.order_by("pk").values_list())[: len(before)] == before
    assert found_in_the_table() == []
