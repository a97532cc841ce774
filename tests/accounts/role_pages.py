"""The staff site as somebody with a role sees it."""

from collections.abc import Iterator
from typing import Any

from django.test import Client

from accounts.models import User
from tests.face.page import Page
from tests.factories import make_staff, sign_in_staff


def colleague(role: str | list[str], email: str = "") -> tuple[Client, User]:
    user = make_staff(email, role=role)
    return sign_in_staff(Client(), user), user


def read(client: Client, path: str) -> Page:
    response = client.get(path)
    assert (path, response.status_code) == (path, 200)
    return Page(response.content.decode())


def menu(client: Client, path: str) -> list[str]:
    """The names of all lists, in order."""
    page = read(client, path)
    panels = page.all("div", "menu__panel")
    return [a.text for a in page.all("a") if panels and panels[0] in a.inside]


def lines(client: Client) -> list[str]:
    """What waits, without the figures."""
    page = Page(client.get("/staff/", follow=True).content.decode())
    return [span.text for span in page.all("span", "waiting__label")]


def links(page: Page) -> Iterator[str]:
    """Where a page of the staff site leads to on that site, without what narrows lists and turns pages."""
    for a in page.all("a"):
        href = a.attrs.get("href", "").partition("#")[0]
        if href.startswith("/staff/") and "?" not in href:
            yield href


def crawl(client: Client, start: str = "/staff/", most: int = 400, said: dict[str, str] | None = None) -> dict[str, int]:
    """The answer of every page of the staff site that can be reached by links from `start`; `said` is given what stands there."""
    found: dict[str, int] = {}
    said = {} if said is None else said
    waiting = [start]
    while waiting and len(found) < most:
        path = waiting.pop(0)
        if path in found:
            continue
        response: Any = client.get(path)
        found[path] = response.status_code
        whole = b"".join(response.streaming_content) if response.streaming else response.content
        said[path] = whole.decode(errors="replace")
        if response.status_code == 200 and response.headers["Content-Type"].startswith("text/html"):
            waiting += links(Page(said[path]))
    return found
