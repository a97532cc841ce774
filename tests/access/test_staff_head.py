"""The staff site on a phone: its head leaves the page its room, and where nothing waits unfolds by the keyboard alone."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.live.stack import Live

from .tour import Guide, signs_in_as_staff

# px of height that the head takes at most at this width, and the rows of links in it; it took 185 at 390, and 255 at 320.
MOST = {390: (150, 1), 320: (210, 2)}
LINES = """() => [...document.querySelectorAll('#user-tools :is(a, button)')].filter(each => each.checkVisibility()).map(each => {
    const range = document.createRange(); range.selectNodeContents(each);
    return [each.textContent.trim(), new Set([...range.getClientRects()].map(line => Math.round(line.top))).size,
        Math.round(each.getBoundingClientRect().top)]; })"""
FOLDED = "details.waiting__idle .waiting__link"


@pytest.mark.parametrize("width", MOST)
def test_the_head_is_small_and_no_link_in_it_is_broken(width: int, new_page: Callable[..., Any], live: Live) -> None:
    page = signed_in(new_page, live, viewport={"width": width, "height": 800})
    high, rows = MOST[width]
    lines = page.evaluate(LINES)
    assert [(name, count) for name, count, _top in lines] == [
        *(("Help", 1), ("Where you are signed in", 1), ("Public site", 1), ("Sign out", 1)),
    ]
    assert len({top // 10 for _name, _count, top in lines}) <= rows
    assert page.locator("#header").bounding_box()["height"] <= high
    assert page.evaluate("document.documentElement.scrollWidth") == width


def test_where_nothing_waits_unfolds_by_a_key_without_a_script(new_page: Callable[..., Any], live: Live) -> None:
    page = signed_in(new_page, live, viewport={"width": 390, "height": 800}, java_script_enabled=False)
    assert not page.locator(FOLDED).first.is_visible()
    page.locator(".waiting__summary").focus()
    page.keyboard.press("Enter")
    assert page.locator(FOLDED).first.is_visible()
    page.keyboard.press("Tab")
    assert page.locator(FOLDED).first.evaluate("link => link === document.activeElement")


# By a copy's address, the cookies of who signed in there: each code serves once, and the next comes half a minute later.
SIGNED_IN: dict[str, Any] = {}


def signed_in(new_page: Callable[..., Any], live: Live, **options: Any) -> Any:
    if live.base_url not in SIGNED_IN:
        guide = Guide(new_page(), live)
        for _page in signs_in_as_staff(guide):
            pass
        SIGNED_IN[live.base_url] = guide.page.context.storage_state()
    page = new_page(storage_state=SIGNED_IN[live.base_url], **options)
    page.goto("/staff/")
    return page
