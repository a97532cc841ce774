"""Axe looks once at pages that are the same to it, and at each that is not."""

from typing import Any

import pytest

from tests.journeys.visitor import APPEARANCE

pytestmark = pytest.mark.xdist_group("live")
PAGE = """<h1>Booking 12</h1><h2>At 10:30 for a@trust.nhs.uk</h2><input id="id_1"><input id="id_2">
    <a href="/bookings/7/">BK-7Q4M-2F</a><input type="hidden" name="csrfmiddlewaretoken" value="x7">"""
SAME = [("Booking 12", "Booking 15"), ("10:30", "09:45"), ("a@trust", "b@other"), ("7Q4M", "ABCD"), ('value="x7"', 'value="y"')]
OTHER = [("h2", "h3"), ("id_2", "id_1"), ('id="id_1"', 'id="id_1" tabindex="3"'), ("<a ", "<a hidden "), ("Booking", "Order")]


def test_a_page_is_new_to_axe_unless_only_names_and_numbers_differ(browser: Any) -> None:
    page = browser.new_page()

    def appearance(change: tuple[str, str]) -> str:
        page.set_content(PAGE.replace(*change))
        return str(page.evaluate(APPEARANCE))

    first = appearance(("Booking", "Booking"))
    seen = [[appearance(change) == first for change in changes] for changes in (SAME, OTHER)]
    page.set_viewport_size({"width": 320, "height": 640})
    page.set_content(PAGE)
    narrow = page.evaluate(APPEARANCE)
    page.close()
    assert seen == [[True] * len(SAME), [False] * len(OTHER)]
    assert narrow != first
