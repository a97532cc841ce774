"""The back button after a page that answered a form (ADR 5): no question of the browser's, nothing that was typed is lost."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.journeys.test_booking import give_details
from tests.journeys.visitor import Visitor
from tests.live.stack import Live


@pytest.mark.parametrize("scripts", [True, False], ids=["with scripts", "without"])
def test_going_back_to_answers_that_were_wrong(scripts: bool, new_page: Callable[..., Any], live: Live) -> None:
    visitor = Visitor(new_page(java_script_enabled=scripts), live, scripts=scripts)
    visitor.open("/presentations/")
    visitor.page.locator("main h2 a").first.click()
    visitor.follow("Book this presentation")
    visitor.choose("At your workplace")
    visitor.fill("Town or city (optional)", "Leeds")
    visitor.press("Continue")

    # Away from the page that says what is missing, and back: what was typed is there
    visitor.follow("About us")
    visitor.page.go_back()
    assert visitor.page.get_by_label("Town or city (optional)", exact=True).input_value() == "Leeds"
    visitor.choose("Online")
    give_details(visitor, "0")
    assert visitor.page.title().startswith("Error:")
    give_details(visitor)

    # Back once it was put right: with scripts the page is as it is kept, without them as it was, and nowhere a blank one
    visitor.page.go_back()
    assert visitor.heading == "About your presentation"
    assert visitor.page.get_by_label("How many people will come?").input_value() == "12"
    assert visitor.page.title().startswith("Error:") is not scripts
