"""A coordinator’s morning: what waits is named and decided, somebody is found, free time is pressed, a list is kept as a view."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from tests.journeys import workspace
from tests.journeys.conftest import DESK
from tests.journeys.keyboard import Keyboard
from tests.journeys.visitor import Visitor
from tests.live.clients import inside
from tests.live.stack import Live

EMAIL = "rowan.tidewell@workspace.example"
WEEKS_AHEAD = 6  # within which the website offers times


@pytest.fixture
def coordinator(new_page: Callable[..., Any], live: Live) -> Visitor:
    visitor = Visitor(new_page(**DESK), live)
    visitor.sign_in_as_staff("coordinator@ctac.test")
    return visitor


@pytest.mark.slow
def test_a_coordinators_morning(coordinator: Visitor, live: Live) -> None:
    # Given a request that has waited for long
    person = inside(live, workspace.__name__, workspace.morning.__name__)["person"]
    # When a coordinator looks at the day
    coordinator.open("/staff/")
    row = coordinator.page.locator(".waiting__row", has_text="Rowan Tidewell").first
    assert "Tidewell Primary School" in row.inner_text()
    # Then its row leads to the page where they can accept, offer other times or decline
    before = datetime.now(UTC)
    row.get_by_role("link", name="Decide").click()
    coordinator.look()
    for answer in ("Offer other times", "Decline this booking"):
        assert coordinator.page.get_by_role("link", name=answer).is_visible()
    coordinator.follow("Confirm this booking")
    coordinator.press("Confirm this booking")
    assert "The booking is confirmed." in coordinator.page.locator(".message").inner_text()
    assert live.wait_for_mail(to=EMAIL, after=before).subject.startswith("Your presentation is booked")

    # When they look for somebody by a name that they mistype, by keyboard
    keys = Keyboard(coordinator.page)
    keys.key("/")
    assert keys.focus is not None
    assert keys.focus["id"] == "find-box"
    coordinator.page.keyboard.type("rowen tidwell")
    keys.send()
    coordinator.look()
    # Then those whose name is spelt like it are there, and each has a page
    assert coordinator.reads("Nothing has exactly those words.")
    coordinator.page.locator(".found__list a", has_text="Rowan Tidewell").last.click()
    coordinator.look()
    assert coordinator.url == f"/staff/professionals/person/{person}/change/"
    assert coordinator.reads("BK-TDW2-E7")
    # And a whole name opens the page at once
    keys.key("/")
    coordinator.page.keyboard.type(EMAIL)
    keys.send()
    coordinator.look()
    assert coordinator.url == f"/staff/professionals/person/{person}/change/"

    # When somebody calls, and they press free time in the team’s calendar
    coordinator.follow("Calendar")
    for _week in range(WEEKS_AHEAD):
        if coordinator.page.locator("a.free").count():
            break
        coordinator.follow("Week after")
    free = coordinator.page.locator("a.free").first
    clock = free.inner_text().removeprefix("Free ").partition(" to ")[0]
    free.click()
    coordinator.look()
    coordinator.fill("Who is calling?", EMAIL)
    coordinator.page.locator("#content-main").get_by_role("button", name="Find", exact=True).click()
    coordinator.look()
    coordinator.page.locator(".found__people a").first.click()
    coordinator.look()
    # Then the form has the time, its presenter, and what we know of the caller
    assert coordinator.page.get_by_label("Starts at", exact=True).input_value() == clock
    assert coordinator.page.locator("[name=time-day]").input_value()
    assert coordinator.page.locator("[name=time-presenter]").input_value()
    assert coordinator.page.locator("[name=where-postcode]").input_value() == "LS1 4AP"


@pytest.mark.slow
def test_a_view_of_a_list_is_saved_and_opened_again(coordinator: Visitor) -> None:
    # Given the requests that wait for us, when they are saved without a name first
    coordinator.open("/staff/bookings/booking/?waits=us")
    coordinator.follow("Save this view")
    coordinator.press("Save this view")
    assert coordinator.page.locator(".govuk-error-summary").is_visible()
    coordinator.fill("Name of this view", "For this morning")
    coordinator.press("Save this view")
    assert coordinator.reads("The view “For this morning” is saved.")
    # Then the list offers them by that name until they are removed
    coordinator.open("/staff/bookings/booking/")
    coordinator.follow("For this morning", exact=True)
    assert coordinator.url == "/staff/bookings/booking/?waits=us"
    coordinator.press("Remove the view For this morning")
    assert coordinator.page.get_by_role("link", name="For this morning").count() == 0
