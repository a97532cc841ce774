"""One person twice in our list: staff compare both, merge them and take that apart; who has two accounts says so themselves."""

from collections.abc import Callable

import pytest

from tests.journeys import workspace
from tests.journeys.conftest import DESK
from tests.journeys.visitor import Visitor
from tests.live.clients import inside
from tests.live.stack import Live

PEOPLE = "/staff/professionals/person"


@pytest.mark.slow
def test_two_records_are_merged_and_taken_apart(open_as: Callable[..., Visitor], live: Live) -> None:
    facts = inside(live, workspace.__name__, workspace.two_records.__name__)
    staff = open_as(facts, "desk", **DESK)
    kept, other = (f"{PEOPLE}/{facts[name]}/change/" for name in ("kept", "other"))

    # Given a coordinator who gave the second factor hours ago, when they want to merge somebody
    staff.open(kept)
    staff.follow("Merge with another person")
    # Then it is asked again, and leads on
    assert staff.heading == "Your second factor"
    staff.page.locator("main input[name=code]").fill(staff.unused_code())
    staff.press("Continue")
    assert staff.heading == "Merge with another person"
    assert staff.reads("These may be the same")

    # When they look for the other one, compare both and choose what stays
    staff.page.get_by_label("Name, email, postcode, organisation or phone of the other one").fill("0113 496 0083")
    staff.page.locator("#content-main").get_by_role("button", name="Find", exact=True).click()
    staff.look()
    staff.follow("Imelda J Farrow", exact=True)
    table = staff.page.locator("#content-main table").inner_text()
    for each in ("Imelda Farrow", "Imelda J Farrow", "0113 496 0082", "0113 496 0083"):
        assert each in table
    staff.choose("Imelda J Farrow")
    staff.choose("0113 496 0082")
    staff.press("Merge these two")

    # Then there is one person, with what stays and the bookings of both
    assert staff.url == kept
    assert staff.reads("They are one person now. You can undo this within 30 days.")
    assert staff.heading == "Imelda J Farrow"
    assert staff.page.get_by_role("link", name="Bookings (2)").count() == 1

    # When that is taken apart, both are as they were
    staff.follow("Undo the merge")
    assert staff.reads("Comes back")
    staff.press("Undo the merge")
    assert staff.reads("They are two people again.")
    for page, name in ((kept, "Imelda Farrow"), (other, "Imelda J Farrow")):
        staff.open(page)
        assert staff.heading == name
        assert staff.page.get_by_role("link", name="Bookings (1)").count() == 1


def test_who_has_two_accounts_confirms_with_each_address(open_as: Callable[..., Visitor], live: Live) -> None:
    # Given somebody whom staff have asked, on a phone, with the second account first
    facts = inside(live, workspace.__name__, workspace.two_accounts.__name__)
    phone = {"viewport": {"width": 390, "height": 844}}
    first = open_as(facts, "other", **phone)
    first.open(facts["page"])
    first.press("Confirm that both are mine")
    assert first.reads("You have confirmed it with this address.")
    # Then nothing is merged before the other address has said so too
    second = open_as(facts, "kept", **phone)
    second.open("/my/")
    assert not second.reads("BK-WAN2-A7")
    second.open(facts["page"])
    assert second.reads("You have already confirmed it with the other address.")
    second.press("Confirm that both are mine")
    assert second.reads("Your two accounts are now one.")
    assert second.reads("BK-WAN2-A7")
    # And the other sign-in is closed
    first.open("/my/")
    assert first.url.startswith("/account/login/")
