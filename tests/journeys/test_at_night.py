"""A nurse on a phone without JavaScript, from the first page to the number that answers now: by day, at 4.40am, and at the copy
that runs, under whichever clock that has.

The pages of the first tests are drawn in this process, under a clock of its own, and handed to the browser as the web server
would: a running copy can't be told that it is night.
"""

import logging
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import time_machine
from django.conf import settings
from django.contrib.staticfiles import finders
from django.db import connections
from django.test import Client

from guidance.contacts.models import AreaContact
from guidance.models import GuidancePage
from tests.guidance.approvals import approve

pytestmark = pytest.mark.xdist_group("live")
ORIGIN = "http://localhost"
PHONE = {"viewport": {"width": 390, "height": 844}, "java_script_enabled": False}
DAY, NIGHT = "2027-01-13T11:00:00+00:00", "2027-01-13T04:40:00+00:00"
MAX_SECONDS = 20  # from the first page to the number
LONG_ROUTE = "call the duty team of your local council, or the police on 101"
BOX = "#worried-postcode"


@pytest.fixture
def phone_at(db: None, browser: Any) -> Iterator[Callable[..., Any]]:
    """`phone_at(NIGHT)`: a page of a phone for which it is that moment; `page.asked` has every address that it asked for."""
    contexts, connection = [], connections["default"]

    def make(moment: str, language: str = "en-gb") -> Any:
        context = browser.new_context(base_url=ORIGIN, **PHONE)
        contexts.append(context)
        page, client, page_asked = context.new_page(), Client(), []
        client.cookies[settings.LANGUAGE_COOKIE_NAME] = language

        def answer(route: Any) -> None:
            connections["default"] = connection  # Playwright answers in a context that would have one of its own
            request, path = route.request, urlsplit(route.request.url).path
            page_asked.append((request.method, request.url))
            if path.startswith(settings.STATIC_URL):
                route.fulfill(path=Path(str(finders.find(path.removeprefix(settings.STATIC_URL)))))
                return
            sent = {"data": request.post_data, "content_type": request.headers.get("content-type", "")}
            with time_machine.travel(moment, tick=False):
                response = client.post(path, **sent) if request.method == "POST" else client.get(path)
            headers = {name: value for name, value in response.headers.items() if name != "Content-Length"}
            route.fulfill(status=response.status_code, headers=headers, body=response.content)

        page.route("**/*", answer)
        page.asked = page_asked
        return page

    yield make
    for context in contexts:
        context.close()


def show_numbers(page: Any, postcode: str) -> None:
    """Send the postcode with Enter, and wait until the answer has loaded: `press` returns at its first line."""
    page.fill(BOX, postcode)
    with page.expect_navigation():
        page.press(BOX, "Enter")


def size(page: Any, selector: str) -> float:
    return float(page.locator(selector).first.evaluate("link => parseFloat(getComputedStyle(link).fontSize)"))


def numbers_in_order(page: Any) -> list[str]:
    return [
        str(href)
        for href in page.locator("main .page__main a[href^='tel:']").evaluate_all("all => all.map(a => a.getAttribute('href'))")
    ]


def keep_numbers() -> None:
    """Leeds, Cardiff and Glasgow with a number by day and one for the night; Belfast and Jersey have what the migration knows."""
    for code, place in (("E08000035", "1"), ("W06000015", "2"), ("S12000049", "3")):
        AreaContact.objects.filter(kind="children", code=code).update(
            phone=f"0113 222 000{place}", out_of_hours_phone=f"0113 222 990{place}"
        )
    AreaContact.objects.filter(code="BHSCT").update(phone="028 9050 7000")


@pytest.mark.parametrize(
    ("postcode", "by_day", "at_night"),
    [
        ("LS1 4AP", "01132220001", "01132229901"),
        ("CF10 4UW", "01132220002", "01132229902"),
        ("BT1 5GS", "02890507000", "02895049999"),
        ("G2 1DU", "01132220003", "01132229903"),
        ("JE2 3NG", "01534612612", "01534612612"),
    ],
)
@pytest.mark.parametrize("moment", [DAY, NIGHT])
def test_a_nurse_has_the_number_that_answers_now_in_two_pages(
    phone_at: Callable[..., Any], moment: str, postcode: str, by_day: str, at_night: str, caplog: Any
) -> None:
    keep_numbers()
    caplog.set_level(logging.DEBUG)
    began, page = time.monotonic(), phone_at(moment)
    page.goto("/")
    show_numbers(page, postcode)
    first_after_999 = page.locator(".worried a[href^='tel:']").nth(1)
    assert first_after_999.is_visible()
    assert time.monotonic() - began <= MAX_SECONDS
    number = by_day if moment == DAY else at_night
    assert numbers_in_order(page)[:2] == ["tel:999", f"tel:{number}"]
    assert "Answers now" in page.locator(".worried").inner_text()
    biggest, now, other = (
        size(page, "a[href='tel:999'].worried__phone"),
        size(page, ".worried__phone--now"),
        size(page, "main dl"),
    )
    assert biggest > now > other
    bottom = first_after_999.bounding_box()
    assert bottom["y"] + bottom["height"] <= PHONE["viewport"]["height"]  # type: ignore[index]
    assert [(method, url) for method, url in page.asked if "/static/" not in url] == [
        ("GET", f"{ORIGIN}/"),
        ("POST", f"{ORIGIN}/guidance/who-to-tell/"),
    ]
    logged = caplog.text.replace(" ", "").replace("+", "")
    assert ("who_to_tell" in caplog.text, postcode.replace(" ", "") in logged) == (True, False)


@pytest.mark.parametrize("moment", [DAY, NIGHT])
def test_where_no_number_is_kept_101_comes_first_with_what_to_ask_for_but_never_on_an_island(
    phone_at: Callable[..., Any], moment: str
) -> None:
    page = phone_at(moment)
    for postcode, first in (("LS1 4AP", ["tel:101"]), ("IM1 1AA", []), ("GY1 1AA", ["tel:01481222222"])):
        page.goto("/guidance/")
        page.fill(BOX, postcode)
        with page.expect_navigation():
            page.get_by_role("button", name="Show numbers").click()
        assert numbers_in_order(page)[:2] == ["tel:999", *first]
        text = page.locator("main").inner_text()
        assert ("Ask the police to tell children’s services now" in text) == bool(first)
        assert ("101" in text) == (postcode == "LS1 4AP")
    page.goto("/")
    show_numbers(page, "IM1 1AA")
    assert "We don’t have another number for this place yet. Call 999 if it can’t wait." in page.locator("main").inner_text()


@pytest.mark.parametrize("language", ["en-gb", "cy"])
@pytest.mark.parametrize("moment", [DAY, NIGHT])
def test_the_box_is_on_the_first_screen_of_a_phone_and_999_is_the_largest_number(
    phone_at: Callable[..., Any], change_settings: Callable[..., None], moment: str, language: str
) -> None:
    """Also where staff say at length whom to call out of hours, which stands in the head."""
    change_settings(out_of_hours_route=LONG_ROUTE)
    approve(*GuidancePage.objects.filter(audience="health-visitors", nation="england"))
    page = phone_at(moment, language)
    for path in ("/", "/guidance/", "/guidance/health-visitors/england/", "/guidance/emergency-care/wales/"):
        page.goto(path)
        for part in (BOX, ".worried__form button"):
            box = page.locator(part).bounding_box()
            assert box["y"] + box["height"] <= PHONE["viewport"]["height"], (path, part)  # type: ignore[index]
        sizes = {href: size(page, f".worried a[href='{href}']") for href in ("tel:999", "tel:101", "tel:08088005000")}
        assert max(sizes, key=lambda href: sizes[href]) == "tel:999"
        assert numbers_in_order(page)[0] == "tel:999"


def test_at_a_running_copy_the_postcode_stands_in_no_address_and_in_no_log(live: Any, new_page: Callable[..., Any]) -> None:
    page, asked = new_page(**PHONE), []
    page.on("request", lambda request: asked.append(request.url))
    page.context.clear_cookies()
    began = time.monotonic()
    page.goto("/")
    show_numbers(page, "ls10 3ex")
    assert page.locator(".worried__phone--now").is_visible()
    assert time.monotonic() - began <= MAX_SECONDS
    assert urlsplit(page.url).path == "/guidance/who-to-tell/"
    assert page.context.cookies() == []
    assert [url for url in asked if "ls10" in url.lower() or "3ex" in url.lower()] == []
    live.wait_for(lambda: "POST who_to_tell 200" in live.output(), 10)
    logs = "".join(path.read_text(errors="replace") for path in live.var_dir.rglob("*.log")).lower()
    assert ("who_to_tell" in logs, "3ex" in logs) == (True, False)
