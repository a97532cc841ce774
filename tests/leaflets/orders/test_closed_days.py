"""While we send no parcels: people order all the same, and read when their leaflets go."""

from datetime import date
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import translation

from notifications.models import Notification
from notifications.registry import get_email_class
from notifications.rendering import render
from professionals.models import Person
from tests.bookings.flow import text
from tests.factories import make_person, sign_in
from tests.leaflets.factories import make_edition, make_order
from tests.leaflets.orders.test_ordering import CHECK, fill, hidden
from tests.leaflets.statements import statements

pytestmark = [pytest.mark.django_db, pytest.mark.tuesday]
CLOSED = "We send no leaflets from 11 January to 15 January: Christmas."
AGAIN = "We send leaflets again from Monday 18 January 2027."


@pytest.fixture
def person() -> Person:
    return make_person(email="sam@leeds.nhs.uk")


def test_the_catalogue_basket_check_and_confirmation_say_when_it_goes(
    client: Client, person: Person, now: Any, close: Any
) -> None:
    leaflet = make_edition(now, stock=50, slug="one", title="One").leaflet
    close(date(2027, 1, 11), date(2027, 1, 15), "parcels")
    sign_in(client, person)
    fill(client, leaflet)
    pages = [client.get(address) for address in ("/leaflets/", "/basket/", CHECK)]
    placed = client.post(CHECK, hidden(pages[-1]))
    pages += [client.get(placed.url), client.get(placed.url.replace("placed/", ""))]
    for page in pages:
        assert f"{CLOSED} {AGAIN}" in text(page)
    client.post(reverse("set_language"), {"language": "cy"})
    assert "Nid ydym yn anfon taflenni o 11 Ionawr i 15 Ionawr: Y Nadolig." in text(client.get("/leaflets/"))


def test_a_closure_to_come_within_the_days_of_posting_is_said_and_a_later_one_is_not(client: Client, close: Any) -> None:
    close(date(2027, 3, 1), date(2027, 3, 5), "parcels")
    assert "We send no leaflets" not in text(client.get("/leaflets/"))
    close(date(2027, 1, 15), date(2027, 1, 18), "parcels")
    page = text(client.get("/leaflets/"))
    assert "We send no leaflets from 15 January to 18 January: Christmas. We don’t count these days as working days." in page


def test_the_email_says_it_in_both_languages(now: Any, close: Any) -> None:
    make_order(make_person(), now, {make_edition(now, title="One").leaflet: 5})
    close(date(2027, 1, 11), date(2027, 1, 15), "parcels")
    row = Notification.objects.get(kind="order-received")
    mail = render(get_email_class(row.kind)(row).message())
    assert AGAIN in " ".join(mail.text.split())
    with translation.override("cy"):
        mail = render(get_email_class(row.kind)(row).message())
    assert "Byddwn yn anfon taflenni eto o" in " ".join(mail.text.split())


def test_it_costs_no_statement(client: Client, close: Any) -> None:
    client.get("/leaflets/")
    before = len(statements(lambda: client.get("/leaflets/")))
    close(date(2027, 1, 11), date(2027, 1, 15), "parcels")
    assert len(statements(lambda: client.get("/leaflets/"))) == before
