"""Every page of the site, with one of each object there is: a golden file for each route, with what each kind of person gets.

So are the pages that an empty form comes back to. What frames all pages (head, menu, foot) is written once, in `frames`.
"""

from collections.abc import Iterator
from typing import Any

import pytest
from django.core.cache import cache
from django.db import transaction
from django.test import Client

from tests.matrix.asking import ACTIONS, ROUTES, address
from tests.matrix.people import PEOPLE, fresh_browsers
from tests.matrix.table import read_table
from tests.security.beforehand import nothing
from tests.security.filled_in import FILLED_IN, Case
from tests.security.posting import press
from tests.security.whose import FORMS

from .golden import hold_against
from .normal import Known, lines_of, masked, tree_of
from .scene import LATER, moment, world

__all__ = ["world"]
EXPECTED = read_table()
# Their rows have the database's own clock.
OF_THEIR_OWN_TIME = ("staff:audit_",)


def who_sees(url: str) -> tuple[str, ...]:
    if url.startswith("/staff/mine/"):
        return ("own presenter",)
    return ("staff",) if url.startswith("/staff/") else ("signed out", "owner")


def answer(client: Client, method: str, url: str) -> Any:
    """What a visit leaves behind is taken back."""
    cache.clear()
    with transaction.atomic():
        response = client.generic(method, url)
        if response.streaming:
            list(response.streaming_content)
        transaction.set_rollback(True)
    return response


def shown(response: Any, known: Known, name: str) -> list[str]:
    """What refuses is drawn by the styleguide."""
    kind = response.headers.get("Content-Type", "")
    if "Location" in response.headers:
        return [f"{response.status_code} → {response.headers['Location']}"]
    if "html" not in kind or response.streaming or response.status_code >= 400:
        return [" ".join([str(response.status_code), kind, response.headers.get("Content-Disposition", "")])]
    return [str(response.status_code), *lines_of(tree_of(response.content.decode()), known, name=name)]


def group_of(asked: str) -> str:
    """A folder of golden files, and a test."""
    staff, _colon, rest = asked.rpartition(":")
    part = rest.partition("_")[0]
    if staff:
        return f"staff-{part}" if part in {"bookings", "leaflets", "professionals"} else "staff"
    return {"account": "account", "mfa": "account", "presenter": "presenter", "styleguide": "styleguide"}.get(part, "site")


BY_GROUP = {
    group: [asked for asked in (*ROUTES, *ACTIONS) if group_of(asked) == group and not asked.startswith(OF_THEIR_OWN_TIME)]
    for group in sorted({group_of(asked) for asked in (*ROUTES, *ACTIONS)})
}


def asks(asked: str, url: str) -> Iterator[tuple[str, str]]:
    """By which method who asks; not who is only sent to the door, which is in tests/routes.txt."""
    for who in who_sees(url):
        for method in ("GET", "POST"):
            answers = dict(zip(PEOPLE, EXPECTED[f"{method} {asked}"], strict=True))
            if answers.get(who, answers["manager"]) not in {"405", "sign in"}:
                yield method, who


FRAMES = {"signed out": "/cookies/", "owner": "/cookies/", "staff": "/staff/"}


@pytest.fixture(scope="module")
def frames(world: dict[str, Any]) -> dict[str, str]:
    """By who sees it, a page that has little in it but what all have."""
    clients = fresh_browsers(world)
    with moment(LATER):
        return {f"{url} by {who}": answer(clients[who], "GET", url).content.decode() for who, url in FRAMES.items()}


@pytest.fixture(scope="module")
def framed(frames: dict[str, str]) -> Known:
    """What need not be written again."""
    known: Known = {}
    for name, page in frames.items():
        lines_of(tree_of(page), known, name=name)
    return known


def texts(group: str, world: dict[str, Any], framed: Known, seen: Known) -> Iterator[tuple[str, str]]:
    """`seen` gets what is written in them."""
    for asked in BY_GROUP[group]:
        url, known = address(asked, world), framed.copy()
        lines = []
        for method, who in asks(asked, url):
            client = fresh_browsers(world)[who]  # the one before may have been signed out
            name = f"{method} {url} by {who}"
            lines += [f"##### {name}", *shown(answer(client, method, url), known, name), ""]
        seen.update(known)
        if lines:
            yield file_of(asked), masked("\n".join(lines))


def file_of(asked: str) -> str:
    return asked.replace(":", "_").replace(" ", "_")


@pytest.mark.parametrize("group", BY_GROUP)
def test_every_page_in_every_state_is_as_somebody_last_read_it(group: str, world: dict[str, Any], framed: Known) -> None:
    seen = framed.copy()
    with moment(LATER):
        pages = dict(texts(group, world, framed, seen))
        hold_against(f"pages/{group}", pages | dict(walks(group, world, seen)))


def test_what_frames_every_page_is_as_somebody_last_read_it(frames: dict[str, str]) -> None:
    known: Known = {}
    found: list[str] = []
    for name, page in frames.items():
        found += [f"##### {name}", *lines_of(tree_of(page), known, name=name), ""]
    hold_against("pages/frames", {"frames": masked("\n".join(found))})


# -- Other states -----------------------------------------------------------------------------------------------------------


class Browser(Client):
    """Keeps what it was shown."""

    def __init__(self) -> None:
        super().__init__()
        self.walk: list[tuple[str, str, Any]] = []

    def request(self, **request: Any) -> Any:
        response = super().request(**request)
        if response.streaming:
            list(response.streaming_content)
        self.walk.append((request["REQUEST_METHOD"], request["PATH_INFO"], response))
        return response


def browser_of(world: dict[str, Any], who: str) -> Browser:
    browser = Browser()
    browser.cookies.load(world["clients"][who].cookies)
    return browser


def filled_in(asked: str, world: dict[str, Any]) -> list[tuple[str, str, str, Any]]:
    """Who got what by which method where, when somebody fills in this form, sends it, and reads the page after it.

    If something had to stand before, also the pages of that.
    """
    case = FILLED_IN.get(asked, Case())
    here = {**world, "laid_out": world}
    with transaction.atomic():
        made = case.before(here)
        here["objects"] = {**world["objects"], **made}
        found = [each for name in made for each in pages_of(name, here)]
        who = case.who or FORMS[asked]
        browser = browser_of(world, who)
        last = press(browser, address(asked, here), {}, case.filled(here), case.pages, case.also)
        if to := last.headers.get("Location", ""):
            browser.get(to)
        transaction.set_rollback(True)
    return found + [(who, *step) for step in browser.walk]


def pages_of(name: str, world: dict[str, Any]) -> Iterator[tuple[str, str, str, Any]]:
    """Of an object that was made: its owner's page and the staff's, as far as there are any."""
    asked = {f"staff:{name}_change": "staff", **OWN_PAGES.get(name, {})}
    for route, who in asked.items():
        if route in ROUTES:
            browser = browser_of(world, who)
            browser.get(address(route, world))
            yield (who, *browser.walk[0])


OWN_PAGES = {
    "bookings_booking": {"booking": "owner", "presenter_visit": "own presenter"},
    "bookings_opensession": {"session": "owner", "presenter_session": "own presenter"},
    "leaflets_order": {"order": "owner"},
    "leaflets_edition": {"leaflet": "signed out"},
}


def is_worth_a_walk(asked: str) -> bool:
    """It needs something to stand before, or goes over several pages: what it shows is not among the pages."""
    case = FILLED_IN.get(asked, Case())
    return case.before is not nothing or case.pages > 1


def walks(group: str, world: dict[str, Any], seen: Known) -> Iterator[tuple[str, str]]:
    for asked in filter(is_worth_a_walk, FORMS):
        if group_of(asked) != group:
            continue
        cache.clear()
        lines, known = [], seen.copy()
        for who, method, url, response in filled_in(asked, world):
            name = f"{method} {url} by {who}"
            lines += [f"##### {name}", *shown(response, known, name), ""]
        yield f"{file_of(asked)}-walk", masked("\n".join(lines))
