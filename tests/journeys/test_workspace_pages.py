"""The pages of the staff workspace on a phone; those with a form by keyboard alone, with nothing in it first."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.journeys import workspace
from tests.journeys.keyboard import Keyboard
from tests.journeys.test_visits import PHONE
from tests.journeys.visitor import Visitor
from tests.live.clients import inside
from tests.live.stack import Live

PERSON, BOOKING = "/staff/professionals/person/{person}/", "/staff/bookings/booking/{booking}/"
PAGES = [
    "/staff/",
    "/staff/find/",
    "/staff/find/?q=ottilie+marlow",
    "/staff/find/?q=ottillie+marlow",
    "/staff/bookings/booking/?waits=us",
    "/staff/bookings/calendar/",
    "/staff/bookings/calendar/?view=month",
    "/staff/bookings/calendar/?day=soon",
    "/staff/bookings/calendar/address/",
    "/staff/bookings/calendar/address/stop/",
    "/staff/bookings/booking/add/?person={person}",
    "/staff/leaflets/order/add/?person={person}",
    f"{PERSON}change/",
    f"{PERSON}do/merge/",
    f"{PERSON}do/merge/?with={{other}}",
    "/staff/professionals/organisation/{organisation}/change/",
    "/staff/professionals/organisation/{organisation}/do/merge/",
    f"{BOOKING}change/",
    "/staff/bookings/opensession/{session}/do/people/",
]
# The form, and the box or button at which its keys end.
FORMS = {
    "/staff/bookings/booking/add/": "Find",  # from the box, which has the focus
    "/staff/bookings/booking/add/?person={person}": "Book it",
    "/staff/views/bookings.booking/save/?waits=us": "Name of this view",
    f"{PERSON}do/note/": "Add a note",
    f"{PERSON}do/write/": "Send this email",
    f"{PERSON}do/case/": "Hand over a worry about a child",
    f"{PERSON}do/merge/": "Name, email, postcode, organisation or phone of the other one",
    "/staff/professionals/organisation/{organisation}/do/merge/": "Name of the other organisation, or part of it",
    f"{BOOKING}do/note/": "Add a note",
}


@pytest.fixture(scope="module")
def facts(live: Live) -> dict[str, Any]:
    found: dict[str, Any] = inside(live, workspace.__name__, workspace.things.__name__, "coordinator")
    return found


def test_each_page_has_room_on_a_phone(open_as: Callable[..., Visitor], facts: dict[str, Any]) -> None:
    phone = open_as(facts, "desk", **PHONE)
    for path in PAGES:
        phone.open(path.format(**facts))


@pytest.mark.slow
def test_each_form_says_by_keyboard_alone_what_is_missing(open_as: Callable[..., Visitor], facts: dict[str, Any]) -> None:
    phone = open_as(facts, "desk", **PHONE)
    keys = Keyboard(phone.page)
    for path, last in FORMS.items():
        phone.open(path.format(**facts))
        keys.to(last)
        keys.send()
        phone.look()
        assert keys.follow_first_error()["name"], path


def test_the_box_is_a_key_away_and_its_list_is_walked_by_keyboard(open_as: Callable[..., Visitor], facts: dict[str, Any]) -> None:
    phone = open_as(facts, "desk", **PHONE)
    keys = Keyboard(phone.page)
    phone.open("/staff/bookings/calendar/")
    keys.key("/")
    phone.page.keyboard.type("ottilie marlow")
    keys.send()
    phone.look()
    keys.to("Ottilie Marlowe")
    keys.send()
    phone.look()
    assert phone.url == f"/staff/professionals/person/{facts['person']}/change/"
