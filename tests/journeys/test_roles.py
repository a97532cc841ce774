"""Each role at the staff site: a presenter begins with their day; who may not do something finds no way to it."""

import re
from collections.abc import Callable
from typing import Any

import pytest

from tests.journeys import workspace
from tests.journeys.conftest import DESK
from tests.journeys.test_visits import PHONE
from tests.journeys.visitor import Visitor
from tests.live.clients import inside
from tests.live.stack import Live

BUTTONS = "#content-main :is(.actions-row a, .story-actions a, .submit-row [type=submit])"


def test_a_presenter_who_signs_in_is_at_their_day(new_page: Callable[..., Any], live: Live) -> None:
    inside(live, workspace.__name__, workspace.presenters_day.__name__)
    visitor = Visitor(new_page(**PHONE), live)
    visitor.sign_in_as_staff("presenter@ctac.test")
    assert visitor.url.startswith("/staff/mine/day/")
    # Tomorrow has their own visit, with what they need for it, and nobody else's
    visitor.page.locator(".mine__days a").nth(1).click()
    visitor.look()
    assert visitor.reads("BK-HKM2-A7")
    assert visitor.reads("Ring at the blue door")
    assert not visitor.reads("BK-HKM2-C7")
    visitor.follow("All about BK-HKM2-A7")
    assert visitor.reads("Jo Green")
    # The first page of the staff site is this one, and their list has theirs alone
    visitor.open("/staff/")
    assert visitor.url.startswith("/staff/mine/day/")
    visitor.follow("All my bookings")
    assert [visitor.reads(reference) for reference in ("BK-HKM2-A7", "BK-HKM2-C7")] == [True, False]


@pytest.mark.parametrize("role", ["read-only", "fulfilment"])
def test_who_may_not_sees_no_button_is_refused_by_address_and_finds_nothing(
    role: str, open_as: Callable[..., Visitor], live: Live
) -> None:
    facts = inside(live, workspace.__name__, workspace.things.__name__, role)
    visitor = open_as(facts, "desk", **DESK)
    booking, person = f"/staff/bookings/booking/{facts['booking']}", f"/staff/professionals/person/{facts['person']}"

    # The first page names nothing to do and offers no way to it
    visitor.open("/staff/")
    assert visitor.page.get_by_role("link", name=re.compile("^(Decide|Assign|Book for a caller)")).count() == 0

    # Of a booking, who may look sees all but the buttons; who may not look is refused
    answer = visitor.page.goto(f"{booking}/change/")
    visitor.look()
    assert answer.status == (200 if role == "read-only" else 403)
    assert visitor.page.locator(BUTTONS).count() == 0

    # What stands behind the buttons is refused
    refused = [f"{booking}/do/{name}/" for name in ("confirm", "note", "cancel")]
    refused += [f"{person}/change/", f"{person}/do/merge/", f"{person}/do/merge/?with={facts['other']}"]
    refused += ["/staff/bookings/booking/add/", "/staff/professionals/person/", "/staff/bookings/calendar/address/"]
    for path in refused:
        answer = visitor.page.goto(path)
        visitor.look()
        assert answer.status in {403, 404}, path  # 404 of what they may not even see

    # And the search finds nobody
    visitor.open("/staff/")
    visitor.page.keyboard.press("/")
    visitor.page.keyboard.type(facts["name"])
    visitor.page.keyboard.press("Enter")
    visitor.page.wait_for_url("**/staff/find/**")
    visitor.look()
    assert visitor.reads("We found nothing.")
