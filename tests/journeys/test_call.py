"""A call: somebody whom we know, by keys alone, of which the run reports how many; and somebody who only seems to be new."""

import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from tests.journeys import workspace
from tests.journeys.conftest import DESK
from tests.journeys.keyboard import Keyboard
from tests.journeys.test_staff import offered_time, reference_on
from tests.journeys.visitor import Visitor
from tests.live.clients import inside
from tests.live.stack import Live

MOST_KEYS = 60
CALLER = "ngaio.known@workspace.example"
PHONE = {"viewport": {"width": 390, "height": 844}}


class CountedKeyboard(Keyboard):
    """Counts every key, and those of each letter that is typed."""

    def __init__(self, page: Any) -> None:
        super().__init__(page)
        self.pressed = 0

    def key(self, key: str, times: int = 1) -> None:
        super().key(key, times)
        self.pressed += times

    def send(self, key: str = "Enter") -> None:
        super().send(key)
        self.pressed += 1

    def tab(self, key: str = "Tab") -> dict[str, Any] | None:
        self.pressed += 1
        return super().tab(key)

    def type(self, text: str) -> None:
        self.page.keyboard.type(text)
        self.pressed += len(text)


def fill_booking(staff: Visitor, start: datetime) -> None:
    staff.page.get_by_label("Presentation", exact=True).select_option(index=1)
    staff.fill("Day", f"{start:%-d %-m %Y}")
    staff.fill("Starts at", f"{start:%-I:%M%p}".lower())
    staff.choose("At their workplace")
    staff.fill("Address line 1", "1 Park Row")
    staff.fill("Postcode", "ls14ap")
    staff.fill("How many people will come?", "9")


@pytest.mark.slow
def test_a_known_caller_is_booked_in_few_keys_and_gets_leaflets_in_the_same_call(
    staff: Visitor, new_page: Callable[..., Any], live: Live, record_property: Callable[[str, object], None]
) -> None:
    # Given somebody who has booked before, and a time that the website offers
    inside(live, workspace.__name__, workspace.booked_before.__name__)
    start = offered_time(Visitor(new_page(**DESK), live), place=0)

    # When they call again: find them, open the first, choose the presentation, type the time
    keys = CountedKeyboard(staff.page)
    staff.open("/staff/bookings/booking/add/")
    keys.type("ngaio known")
    keys.send()
    staff.look()
    assert keys.focus is not None
    assert keys.focus["name"] == "Ngaio Known"
    keys.send()
    staff.look()
    assert staff.page.get_by_label("Address line 1", exact=True).input_value() == "St James"
    assert staff.reads("Last booking of this team")
    assert keys.focus["id"]
    keys.key("ArrowDown")
    keys.to("Day")
    keys.type(f"{start:%-d/%-m}")
    keys.to("Starts at")
    keys.type(f"{start:%-I:%M%p}".lower())
    before = datetime.now(UTC)
    keys.send()

    # Then the booking stands, and the keys are few
    reference = reference_on(staff, "BK")
    assert f"Booking {reference} is placed." in staff.page.locator(".message").inner_text()
    assert live.wait_for_mail(to=CALLER, after=before)
    record_property("keys of a known caller’s booking", keys.pressed)
    print(f"A known caller’s booking took {keys.pressed} keys.")  # noqa: T201
    assert keys.pressed <= MOST_KEYS

    # And leaflets go to the same caller and address in the same call
    staff.follow("Also send leaflets")
    assert staff.page.get_by_label("Address line 1", exact=True).input_value() == "St James"
    staff.fill("Town or city", "Leeds")
    staff.page.get_by_label("Child trafficking is child abuse").fill("5")
    staff.press("Place the order")
    assert f"Order {reference_on(staff, 'LO')} is placed." in staff.page.locator(".message").inner_text()


@pytest.mark.slow
def test_a_new_caller_who_may_be_known_is_shown_before_they_are_made(
    staff: Visitor, new_page: Callable[..., Any], live: Live
) -> None:
    # Given somebody whom we know, when they call from a number that we don’t know
    inside(live, workspace.__name__, workspace.known_caller.__name__)
    start = offered_time(Visitor(new_page(**DESK), live), place=0)
    staff.open("/staff/bookings/booking/add/")
    staff.fill("Who is calling?", "0113 496 0069")
    staff.page.locator("#content-main").get_by_role("button", name="Find", exact=True).click()
    staff.look()
    assert staff.reads("We found nobody")
    staff.press("Somebody new")
    assert staff.page.get_by_label("Caller’s work phone", exact=True).input_value() == "0113 496 0069"
    staff.fill("Caller’s name", "Wren Ashdown")
    staff.select("Caller’s profession", "Teacher")
    staff.fill("Where they work", "Ashdown Primary School")
    staff.fill("Postcode of their work", "ls9 7tn")
    fill_booking(staff, start)
    staff.press("Book it")

    # Then they are shown before anybody is entered, and nothing is booked
    assert staff.page.title().startswith("Error:")
    assert staff.reads("Is it one of these people?")
    assert people_called(live, "Wren Ashdown") == 1
    # And once staff have said that it is them, the new number is offered as a change
    staff.page.get_by_label(re.compile("^Wren Ashdown, Ashdown Primary School")).check()
    staff.press("Book it")
    staff.page.get_by_label(re.compile("^Yes, change 0113 496 0062 to 0113 496 0069")).check()
    staff.press("Book it")
    assert f"Booking {reference_on(staff, 'BK')} is placed." in staff.page.locator(".message").inner_text()
    assert people_called(live, "Wren Ashdown") == 1
    assert live.query("SELECT phone FROM professionals_person WHERE name = %s", "Wren Ashdown") == [("0113 496 0069",)]


def people_called(live: Live, name: str) -> int:
    return len(live.query("SELECT 1 FROM professionals_person WHERE name = %s", name))


@pytest.mark.parametrize(("size", "columns", "most_screens"), [(DESK, 2, 1.8), (PHONE, 1, 9)], ids=["desk", "phone"])
def test_the_form_has_two_columns_where_there_is_room_and_is_short(
    staff: Visitor, size: dict[str, Any], columns: int, most_screens: float
) -> None:
    staff.page.set_viewport_size(size["viewport"])
    staff.open("/staff/bookings/booking/add/?person=")
    lefts = staff.page.locator(".call > div").evaluate_all("all => all.map(each => each.getBoundingClientRect().left)")
    assert len(set(lefts)) == columns
    screens = staff.page.evaluate("document.documentElement.scrollHeight / innerHeight")
    print(f"{size['viewport']['width']} px: {screens:.1f} screens")  # noqa: T201
    assert screens <= most_screens
