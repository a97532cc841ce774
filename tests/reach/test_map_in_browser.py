"""The map of coverage as a browser gives it to a screen reader, a keyboard, a phone and a printer; without JavaScript."""

from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

from reach.areas import Unit, areas_of
from tests.journeys.keyboard import LOOK_AT_EACH, fault_of
from tests.journeys.visitor import AXE, RULES, RUN_AXE, TOO_WIDE
from tests.live.clients import inside
from tests.live.stack import Live

COVERAGE = "/staff/reach/coverage/"
GROUPS = {"England": 153, "Scotland": 32, "Wales": 22, "Northern Ireland": 11, "Jersey": 1, "Guernsey": 1, "Isle of Man": 1}


def lay_out() -> dict[str, str]:
    """Runs inside: somebody who coordinates, and people who attended last month in Leeds, Belfast and Jersey."""
    from django.conf import settings
    from django.utils import timezone

    from reach.models import ReachCount
    from reach.queries import Period
    from tests.factories import make_staff
    from tests.races.stage import staff_session
    from tests.reach.rows import BELFAST, LEEDS, make_count

    ReachCount.objects.all().delete()
    month = Period.last_months(1, timezone.now()).last
    for where, count in ((LEEDS, 1_240), (BELFAST, 1), ("jersey", 7), ("", 3)):
        make_count(where, month, count)
    return {"cookie": settings.SESSION_COOKIE_NAME, "staff": staff_session(make_staff("map@reach.example"))}


@pytest.fixture(scope="module")
def state(live: Live) -> dict[str, Any]:
    facts = inside(live, __name__, "lay_out")
    cookie = {"name": facts["cookie"], "value": facts["staff"], "domain": "localhost", "path": "/", "expires": -1}
    return {"cookies": [cookie | {"httpOnly": True, "secure": False, "sameSite": "Lax"}], "origins": []}


def opened(new_page: Callable[..., Any], state: dict[str, Any], query: str = "", **options: Any) -> Any:
    page = new_page(storage_state=state, **{"viewport": {"width": 1280, "height": 900}, **options})
    page.goto(f"{COVERAGE}{query}")
    return page


def tree_of(page: Any) -> list[dict[str, Any]]:
    """What the browser tells a screen reader: of each thing its role, its name and what it is in."""
    nodes = page.context.new_cdp_session(page).send("Accessibility.getFullAXTree")["nodes"]
    by_id = {node["nodeId"]: node for node in nodes}

    def word(node: dict[str, Any], name: str) -> str:
        return str(node.get(name, {}).get("value", ""))

    def group(node: dict[str, Any]) -> str:
        while node := by_id.get(node.get("parentId"), {}):
            if word(node, "role") == "group" and not node.get("ignored"):
                return word(node, "name")
        return ""

    return [
        {
            "role": word(node, "role"),
            "name": word(node, "name"),
            "group": group(node),
            "described": word(node, "description"),
            "within": [word(by_id[child], "name") for child in node.get("childIds", []) if not by_id[child].get("ignored")],
        }
        for node in nodes
        if not node.get("ignored")
    ]


def test_a_screen_reader_hears_each_area_once_with_its_figure(new_page: Callable[..., Any], state: dict[str, Any]) -> None:
    tree = tree_of(opened(new_page, state))
    in_map = [node for node in tree if node["role"] == "link" and node["group"] in GROUPS]
    assert Counter(node["group"] for node in in_map) == GROUPS
    names = [node["name"] for node in in_map]
    assert {name.partition(":")[0] for name in names} == {area.name for area in areas_of(Unit.UPPER).values()}
    assert {"Leeds: 1,240 people who attended", "Belfast: 1 person who attended", "York: 0 people who attended"} <= set(names)
    assert len(set(names)) == len(names)
    # The figure and the words of the mouse are not heard a second time.
    assert all(node["within"] == [] and node["described"] in ("", node["name"]) for node in in_map)
    assert [node["name"] for node in tree if node["role"] == "group"].count("1,251 people who attended") <= 1
    assert all(node["name"] for node in tree if node["role"] == "link")
    assert "Go past the map to the table" in [node["name"] for node in tree if node["role"] == "link"]


@pytest.mark.parametrize(
    "query", ["", "?measure=per-social-worker&sort=-rate", "?unit=police", "?period=own&first=soon&last=1+2026"]
)
def test_axe_finds_nothing_and_nothing_is_too_wide(query: str, new_page: Callable[..., Any], state: dict[str, Any]) -> None:
    page = opened(new_page, state, query)
    page.evaluate(AXE)
    for width, scheme in ((1280, "light"), (390, "dark"), (320, "light")):
        page.set_viewport_size({"width": width, "height": 900})
        page.emulate_media(color_scheme=scheme)
        assert not page.evaluate(TOO_WIDE), width
        # The head of the staff site has links near each other at 320 px, on every page.
        found = [fault for fault in page.evaluate(RUN_AXE, RULES) if not fault.startswith("target-size: #user-tools")]
        assert not found, (width, scheme, found)


@pytest.mark.parametrize("width", [1280, 390])
def test_the_focus_is_seen_on_each_area(width: int, new_page: Callable[..., Any], state: dict[str, Any]) -> None:
    page = opened(new_page, state, viewport={"width": width, "height": 900})
    stops = page.evaluate(LOOK_AT_EACH)
    assert len(stops) > 2 * len(areas_of(Unit.UPPER))
    assert [fault for stop in stops if (fault := fault_of(stop))] == []


def test_a_key_goes_past_the_map_and_another_opens_an_area(new_page: Callable[..., Any], state: dict[str, Any]) -> None:
    page = opened(new_page, state, java_script_enabled=False)
    page.get_by_role("link", name="Go past the map to the table").focus()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.innerText") == "Download as CSV"
    page.get_by_role("link", name="Leeds: 1,240 people who attended").focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**/staff/reach/area/upper/E08000035/")
    assert "Leeds" in page.locator("h1").inner_text()


def test_the_question_is_asked_without_a_script(new_page: Callable[..., Any], state: dict[str, Any]) -> None:
    page = opened(new_page, state, java_script_enabled=False)
    assert not page.get_by_label("From month").is_visible()
    page.get_by_label("Areas", exact=True).select_option(label="Nation")
    page.get_by_label("When", exact=True).select_option(label="Other months")
    page.get_by_label("From month").fill("1 2020")
    page.get_by_label("To month").fill("12 2029")
    with page.expect_navigation():
        page.get_by_role("button", name="Show").click()
    assert page.get_by_role("link", name="England: 1,240 people who attended").count() == 1
    assert page.get_by_label("From month").input_value() == "1 2020"
    assert "so this map is geographic" in page.locator("main").inner_text()


def test_on_paper_there_are_map_key_and_table_and_nothing_to_press(new_page: Callable[..., Any], state: dict[str, Any]) -> None:
    page = opened(new_page, state)
    page.emulate_media(media="print")
    shown = {name: page.locator(name).first.is_visible() for name in (".reach-map", ".reach-key", ".reach-table", ".reach__form")}
    assert shown == {".reach-map": True, ".reach-key": True, ".reach-table": True, ".reach__form": False}
    assert not page.get_by_role("link", name="Go past the map to the table").is_visible()
    box = page.locator(".reach-map").first.bounding_box()
    assert box["height"] < 1_000
