"""The ranking and the page of an area as a browser draws them: axe, keyboard, the narrowest screen, without a script."""

from collections.abc import Callable, Iterator
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.contrib.staticfiles import finders
from django.test import Client

from bookings.models import BookingState
from professionals.models import Profession
from reach.models import CountKind, ReachRun
from tests.access.checks import Examiner
from tests.bookings.rows import make_booking, make_presenter
from tests.factories import make_organisation, make_person, make_staff, sign_in_staff
from tests.reach.rows import BELFAST, LEEDS, SCILLY, YORK, make_count

pytestmark = [pytest.mark.django_db, pytest.mark.xdist_group("live")]
SITE = "http://ctac.example"


@pytest.fixture
def visit(browser: Any) -> Iterator[Callable[..., Any]]:
    """`visit("/staff/…", width=320)`: the page as this process answers it to a manager, on no server; and those `then` led to."""
    client, contexts, problems = sign_in_staff(Client(), make_staff()), [], []

    def make(path: str, *, then: tuple[str, ...] = (), width: int = 1280, **options: Any) -> Any:
        # Beforehand: what Playwright calls has another connection to the database, which sees no row of this test.
        answers = {f"{SITE}{each}": client.get(each) for each in (path, *then)}

        def answer(route: Any) -> None:
            if response := answers.get(route.request.url):
                # Without the header that gives a page a process of its own, as only a safe origin may.
                headers = {name: value for name, value in response.items() if name != "Cross-Origin-Opener-Policy"}
                route.fulfill(status=response.status_code, headers=headers, body=response.content)
            else:
                route.fulfill(path=finders.find(urlsplit(route.request.url).path.removeprefix("/static/")))

        contexts.append(browser.new_context(viewport={"width": width, "height": 900}, base_url=SITE, **options))
        page = contexts[-1].new_page()
        page.on("console", lambda message: problems.append(message.text) if message.type in {"error", "warning"} else None)
        page.route("**/*", answer)
        page.goto(path)
        return page

    yield make
    for context in contexts:
        context.close()
    assert problems == []


@pytest.fixture(autouse=True)
def _rows(now: datetime) -> None:
    """Something of everything."""
    for number, where in enumerate([LEEDS, YORK, BELFAST, SCILLY, "E10000016", "jersey"]):
        for kind in CountKind:
            make_count(where, date(2026, 12 - 2 * number, 1), 40 + number, kind=kind, profession=Profession.TEACHER)
    make_count("E08000025", date(2016, 1, 1), 900)
    ReachRun.objects.create(counted_at=now)
    for number in range(3):
        person = make_person(organisation=make_organisation(f"Leeds Children’s Social Work Service, Team {number}"))
        make_booking(make_presenter(), now + timedelta(days=20 + number), person=person)
        past = {"state": BookingState.DELIVERED, "visit_closed": True}
        make_booking(make_presenter(), now - timedelta(days=20 + number), person=person, **past)


PAGES = {
    "gaps": "/staff/reach/gaps/",
    "gaps with errors": "/staff/reach/gaps/?unit=parish",
    "area": f"/staff/reach/area/upper/{LEEDS}/",
    "area that is large": "/staff/reach/area/region/london/",
    "area with errors": f"/staff/reach/area/upper/{BELFAST}/?period=own&first=Whitsun",
}


@pytest.mark.parametrize("name", PAGES)
def test_each_page_holds_what_every_page_must(name: str, visit: Callable[..., Any]) -> None:
    examine = Examiner(thorough=True)
    examine(name, visit(PAGES[name]))
    assert examine.figures.faults == []
    assert examine.figures.counts["stops of the Tab key"] > 10


@pytest.mark.parametrize("name", PAGES)
def test_each_page_works_without_a_script_and_is_as_wide_as_the_screen(
    name: str, visit: Callable[..., Any], tmp_path: Path
) -> None:
    for width in (320, 390, 1280):
        page = visit(PAGES[name], width=width, java_script_enabled=False)
        page.screenshot(path=tmp_path / f"{name} {width}.png", full_page=True)
        assert page.locator("h1").bounding_box()["width"] <= width
        assert page.locator("body").bounding_box()["width"] <= width


def test_the_form_is_answered_by_keyboard_alone(visit: Callable[..., Any]) -> None:
    answer, cardiff = "/staff/reach/gaps/?unit=upper&months=12&place=wales", "/staff/reach/area/upper/W06000015/"
    page = visit(PAGES["gaps"], then=(answer, cardiff), java_script_enabled=False)
    page.locator("#id_place").focus()
    page.keyboard.type("Wales")
    page.locator("form.staff-form button").focus()
    page.keyboard.press("Enter")
    page.wait_for_url(f"{SITE}{answer}")
    assert page.locator("h2").all_inner_texts()[0] == "Wales"
    page.locator("table a", has_text="Cardiff").focus()
    page.keyboard.press("Enter")
    page.wait_for_url(f"{SITE}{cardiff}")
    assert page.locator("h1").inner_text() == "Cardiff"
