"""Who is signed in on a journey: each signs in once for all of them, as a stranger who tries the product would."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from tests.journeys.visitor import UNRECOGNISED, Visitor
from tests.live.fixtures import Watch
from tests.live.stack import Live

DESK = {"viewport": {"width": 1280, "height": 900}}


@contextmanager
def first_visit(browser: Any, live: Live) -> Iterator[Visitor]:
    """A visit that ends before the tests do: its cookies go on in theirs."""
    watch = Watch(live.base_url)
    context = browser.new_context(base_url=live.base_url, locale="en-GB", timezone_id="Europe/London", **DESK)
    context.set_default_timeout(15_000)
    try:
        page = context.new_page()
        watch.over(page)
        yield Visitor(page, live)
    finally:
        context.close()
    assert watch.problems == []


@pytest.fixture(scope="session")
def staff_cookies(browser: Any, live: Live) -> dict[str, Any]:
    with first_visit(browser, live) as visitor:
        visitor.sign_in_as_staff()
        assert visitor.url == "/staff/", visitor.page.locator("main").inner_text()
        return dict(visitor.page.context.storage_state())


@pytest.fixture(scope="session")
def professional_cookies(browser: Any, live: Live) -> dict[str, Any]:
    with first_visit(browser, live) as visitor:
        visitor.open("/account/login/")
        visitor.sign_up(UNRECOGNISED, name="Sam Obi", organisation="A small charity")
        return dict(visitor.page.context.storage_state())


@pytest.fixture
def staff(new_page: Callable[..., Any], live: Live, staff_cookies: dict[str, Any]) -> Visitor:
    return Visitor(new_page(storage_state=staff_cookies, **DESK), live)


@pytest.fixture
def professional(new_page: Callable[..., Any], live: Live, professional_cookies: dict[str, Any]) -> Visitor:
    return Visitor(new_page(storage_state=professional_cookies, **DESK), live)


@pytest.fixture
def open_as(new_page: Callable[..., Any], live: Live) -> Callable[..., Visitor]:
    def visitor(facts: dict[str, str], who: str, *, scripts: bool = True, **window: Any) -> Visitor:
        cookie = {"name": facts["cookie"], "value": facts[who], "domain": "localhost", "path": "/", "expires": -1}
        cookie |= {"httpOnly": True, "secure": False, "sameSite": "Lax"}
        state = {"cookies": [cookie], "origins": []}
        return Visitor(new_page(storage_state=state, java_script_enabled=scripts, **window), live, scripts=scripts)

    return visitor
