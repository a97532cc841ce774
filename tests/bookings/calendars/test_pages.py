"""The pages on which somebody makes the address of their calendar, reads how to add it, and stops it."""

import re
from collections.abc import Iterator
from datetime import timedelta

import pytest
import time_machine
from django.contrib.auth import SESSION_KEY
from django.test import Client

from accounts.models import User
from bookings.models import CalendarFeed, Presenter
from tests.bookings.admin.desk import text
from tests.bookings.rows import NOW, make_presenter
from tests.factories import make_person, make_staff, sign_in, sign_in_staff
from tests.leaflets.statements import statements

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def clock() -> Iterator[time_machine.Traveller]:
    with time_machine.travel(NOW, tick=False) as traveller:
        yield traveller


@pytest.fixture(params=["professional", "presenter"])
def page(request: pytest.FixtureRequest, client: Client) -> str:
    """Theirs, with the client signed in."""
    if request.param == "professional":
        sign_in(client, make_person())
        return "/my/calendar/"
    user = make_staff(role="presenter")
    make_presenter(user=user)
    sign_in_staff(client, user)
    return "/staff/mine/calendar/"


def address_on(client: Client, page: str) -> str:
    found = re.search(r'value="https?://[^/"]+(/calendars/[^"]+)"', client.get(page).content.decode())
    return found[1] if found else ""


def test_looking_makes_none_and_the_button_does(client: Client, page: str) -> None:
    assert "Make my calendar address" in text(client.get(page))
    assert not CalendarFeed.objects.exists()
    assert "Your calendar address is ready." in text(client.post(page, follow=True))
    assert "No calendar has read this address yet." in text(client.get(page))


def test_it_can_be_looked_up_again_and_says_when_a_calendar_read_it(
    client: Client, page: str, clock: time_machine.Traveller
) -> None:
    client.post(page)
    address = address_on(client, page)
    assert Client().get(address).status_code == 200
    user = User.objects.get(pk=client.session[SESSION_KEY])
    clock.shift(timedelta(days=1))
    sign_in_staff(client, user) if user.is_staff else sign_in(client, user.person)
    assert address_on(client, page) == address
    assert "A calendar last read this address: Tuesday 12 January 2027, 10am." in text(client.get(page))
    for words in ("iPhone", "Outlook", "Google", "Don’t share it."):
        assert words in text(client.get(page))


def test_stopping_it_asks_first_and_ends_it(client: Client, page: str) -> None:
    client.post(page)
    address = address_on(client, page)
    assert "No phone or calendar will be able to read this address again" in text(client.get(f"{page}stop/"))
    assert Client().get(address).status_code == 200
    assert "Your old calendar address no longer works." in text(client.post(f"{page}stop/", follow=True))
    assert Client().get(address).status_code == 404
    client.post(page)
    assert address_on(client, page) not in ("", address)


def test_it_takes_few_statements(client: Client, page: str) -> None:
    client.post(page)
    client.get(page)
    assert len(statements(lambda: client.get(page))) <= 12


def test_staff_stop_the_address_of_a_phone_that_is_lost(client: Client) -> None:
    presenter, staff = make_presenter(user=make_staff()), make_staff()
    sign_in_staff(client, presenter.user)
    client.post("/staff/mine/calendar/")
    address = address_on(client, "/staff/mine/calendar/")
    sign_in_staff(client, staff)
    row = f"/staff/bookings/presenter/{presenter.pk}/"
    assert "Stop the calendar address" in text(client.get(f"{row}change/"))
    assert "no longer works" in text(client.post(f"{row}do/calendar/", follow=True))
    assert Client().get(address).status_code == 404
    assert "Stop the calendar address" not in text(client.get(f"{row}change/"))
    assert Presenter.objects.get().active
