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


def texts(group: str, world: dict[str, Any], frames: dict[str, str]) -> Iterator[tuple[str, str]]:
    framed: Known = {}
    for name, page in frames.items():
        lines_of(tree_of(page), framed, name=name)
    for asked in BY_GROUP[group]:
        url, known = address(asked, world), framed.copy()
        lines = []
        for method, who in asks(asked, url):
            client = fresh_browsers(world)[who]  # the one before may have been signed out
            lines += [f"##### {method} {url} by {who}", *shown(answer(client, method, url), known, f"{method} by {who}"), ""]
        if lines:
            yield asked.replace(":", "_").replace(" ", "_"), masked("\n".join(lines))


@pytest.mark.parametrize("group", BY_GROUP)
def test_every_page_is_as_somebody_last_read_it(group: str, world: dict[str, Any], frames: dict[str, str]) -> None:
    with moment(LATER):
        hold_against(f"pages/{group}", dict(texts(group, world, frames)))


def test_what_frames_every_page_is_as_somebody_last_read_it(frames: dict[str, str]) -> None:
    known: Known = {}
    found: list[str] = []
    for name, page in frames.items():
        found += [f"##### {name}", *lines_of(tree_of(page), known, name=name), ""]
    hold_against("pages/frames", {"frames": masked("\n".join(found))})
