"""`live`: the whole stack, once for all journeys. `page`, `new_page`: a browser on it that forgives no error."""

import os
from collections.abc import Callable, Generator, Iterator
from typing import Any

import pytest
from django.db import connections

from .stack import Live

STACKS = {"access": "tours", "races": "races"}  # by folder; all others share one
# Nobody watches, so that drawing needs no process of its own, nor scripts that run once compilers in the background. A frame of
# another origin has its own process: a whole browser gives it one by itself, a headless shell when told.
CHROMIUM = ["--disable-dev-shm-usage", "--in-process-gpu", "--js-flags=--single-threaded", "--site-per-process"]
LONGEST_FIRST = ["live", "deploy", *(f"routes GET {n}" for n in range(5)), "routes POST 0", "routes POST 1"]
LONGEST_FIRST += ["tours", "snapshots/test_pages", "races", "faults", "fuzz/test_fuzz"]
LONGEST_FIRST += ["big lists", "privacy/test_nothing_leaves", "accounts/test_role_pages"]
LONGEST_FIRST += ["security/test_extra_fields", "project/test_checks", "platform/test_run"]


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> Generator[None]:
    """All that share a stack run in one worker. Tours, races and journeys each have one, so that they run side by side.

    `make test` begins with the first of the items, so what takes long begins first, and no worker is alone with it at the end.
    """
    for item in items:
        if "live" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.xdist_group(STACKS.get(item.path.parent.name, "live")))
    yield  # pytest-django puts first what needs a database
    items.sort(key=turn)


def turn(item: pytest.Item) -> int:
    """Groups that take long, the longest first; then what needs no database: it starts processes; then all the short ones."""
    group = item.get_closest_marker("xdist_group")
    if group and group.args[0] in LONGEST_FIRST:
        return LONGEST_FIRST.index(group.args[0])
    return len(LONGEST_FIRST) + int(item.get_closest_marker("django_db") is not None)


@pytest.fixture(scope="session")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    stack = Live(tmp_path_factory.mktemp("live"))
    try:
        stack.start()
        yield stack
    finally:
        if stack.process is not None and stack.process.poll() is None:
            stack.stop()


@pytest.fixture(scope="session")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    from playwright.sync_api import sync_playwright

    from tests.journeys.visitor import LookedAt

    from .browser import find

    base = tmp_path_factory.getbasetemp()  # of this process; beside those of the others of this run
    LookedAt.keep_in((base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "looked-at")

    path = find()
    if path is None:
        pytest.fail("There is no Chromium here; `make test` installs one.")
    with pytest.MonkeyPatch.context() as patch, sync_playwright() as playwright:
        # Playwright's loop runs in this thread, and Django would refuse its database here; nothing runs at the same time.
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
        # No sandbox, which root and containers can't have: it visits only us.
        chromium = playwright.chromium.launch(executable_path=path, chromium_sandbox=False, args=CHROMIUM)
        yield chromium
        # While Playwright's loop runs, Django has connections of their own. Nothing would close them once it has ended, and the
        # database could not be dropped.
        connections.close_all()
        chromium.close()


class Watch:
    """What a page must not do: complain in its console (the content security policy does so there), or leave this machine."""

    def __init__(self, base_url: str) -> None:
        self.base_url = base_url
        self.problems: list[str] = []
        self._pages: set[str] = set()

    def over(self, page: Any) -> None:
        page.on("console", self._on_console)
        page.on("pageerror", lambda error: self.problems.append(f"script error: {error}"))
        page.on("request", self._on_request)

    def _on_request(self, request: Any) -> None:
        if request.is_navigation_request():
            self._pages.add(request.url)
        if not request.url.startswith((self.base_url, "data:", "blob:", "about:")):
            self.problems.append(f"asked another server: {request.url}")

    def _on_console(self, message: Any) -> None:
        # A page that answers 404 is the test's to judge; a part of a page that does is not.
        is_answer = "Failed to load resource" in message.text and message.location.get("url") in self._pages
        if message.type in {"error", "warning"} and not is_answer:
            self.problems.append(f"{message.type}: {message.text} ({message.location.get('url')})")


@pytest.fixture
def new_page(live: Live, browser: Any) -> Iterator[Callable[..., Any]]:
    """Another visitor: `new_page(java_script_enabled=False, viewport={…})`, with cookies of their own."""
    watch, contexts = Watch(live.base_url), []

    def make(**options: Any) -> Any:
        usual = {"base_url": live.base_url, "locale": "en-GB", "timezone_id": "Europe/London"}
        context = browser.new_context(**usual | options)
        context.set_default_timeout(15_000)
        contexts.append(context)
        page = context.new_page()
        watch.over(page)
        return page

    yield make
    for context in contexts:
        context.close()
    assert watch.problems == []


@pytest.fixture
def page(new_page: Callable[..., Any]) -> Any:
    return new_page()
