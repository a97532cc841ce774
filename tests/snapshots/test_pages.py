"""Every page of the site, with one of each object there is: a golden file for each route, with what each kind of person gets.

So are the pages that an empty form comes back to. Of what is all the same machine on the staff site, there is one of each kind.
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
from tests.security.otherwise import OTHERWISE
from tests.security.posting import press
from tests.security.whose import FORMS

from .book import Book
from .golden import hold_against
from .scene import LATER, count_rows_from, moment, world

__all__ = ["world"]
EXPECTED = read_table()
# Their rows have the database's own clock.
OF_THEIR_OWN_TIME = ("staff:audit_",)


def who_sees(url: str) -> tuple[str, ...]:
    if url.startswith("/staff/mine/"):
        return ("own presenter",)
    return ("staff",) if url.startswith(("/staff/", "/styleguide/")) else ("signed out", "owner")


def answer(client: Client, method: str, url: str) -> Any:
    """What a visit leaves behind is taken back."""
    cache.clear()
    with transaction.atomic():
        response = client.generic(method, url)
        if response.streaming:
            list(response.streaming_content)
        transaction.set_rollback(True)
    return response


def group_of(asked: str) -> str:
    """A folder of golden files, and a test."""
    staff, _colon, rest = asked.rpartition(":")
    part = rest.partition("_")[0]
    if staff:
        return f"staff-{part}" if part in {"bookings", "leaflets", "professionals"} else "staff"
    return {"account": "account", "mfa": "account", "presenter": "presenter", "styleguide": "styleguide"}.get(part, "site")


# One of each kind is enough of these: forms that Django draws of a model, what was done to a row, and "Are you sure?".
ALIKE = {
    "_add": {"bookings_booking", "bookings_opensession", "bookings_leave", "leaflets_order", "leaflets_sheetimport"},
    "_history": {"bookings_booking"},
    "_delete": {"professionals_recogniseddomain"},
}
# The same for what somebody filled in and sent.
WALKS_ALIKE = {
    f"staff:{name}"
    for name in (
        *(f"bookings_booking_action {each}" for each in ("assign", "link", "checked-in", "checked-out", "delivered", "write")),
        *(f"bookings_opensession_action {each}" for each in ("assign", "attendance", "delivered")),
        *("bookings_leave_action refuse", "bookings_journeytime_changelist", "bookings_leave_changelist"),
        *("leaflets_order_action in-line", "leaflets_order_action write", "leaflets_order_changelist"),
        *(
            "notifications_notification_changelist",
            "professionals_recogniseddomain_changelist",
            "professionals_blockedattempt_changelist",
        ),
        *("privacy_breach_action people", "professionals_flaggedtext_action clear"),
    )
}
# Samples of emails, which are golden files of their own.
OF_OTHERS = {"mail_gallery", "mail_gallery_one"}


def is_looked_at(asked: str) -> bool:
    for ending, kept in ALIKE.items():
        if asked.startswith("staff:") and asked.endswith(ending):
            return asked.removeprefix("staff:").removesuffix(ending) in kept
    if asked.startswith("styleguide"):
        return asked.startswith("styleguide_page_")  # in states that are rare
    return not asked.startswith(OF_THEIR_OWN_TIME) and asked not in OF_OTHERS


BY_GROUP = {
    group: [asked for asked in (*ROUTES, *ACTIONS) if group_of(asked) == group and is_looked_at(asked)]
    for group in sorted({group_of(asked) for asked in (*ROUTES, *ACTIONS)})
}


def asks(asked: str, url: str) -> Iterator[tuple[str, str]]:
    """By which method who asks; not who gets no page, but is sent elsewhere or refused, which is in tests/routes.txt."""
    for who in who_sees(url):
        for method in ("GET", "POST"):
            answers = dict(zip(PEOPLE, EXPECTED[f"{method} {asked}"], strict=True))
            if "200" in ({answers[who]} if who in answers else {answers["manager"], answers["lead"]}):
                yield method, who


def is_page(response: Any) -> bool:
    return response.status_code == 200 and not response.streaming and "html" in response.headers.get("Content-Type", "")


def texts(group: str, world: dict[str, Any], book: Book) -> Iterator[tuple[str, str]]:
    for asked in BY_GROUP[group]:
        url = address(asked, world)
        drawn = []
        for method, who in asks(asked, url):
            client = fresh_browsers(world)[who]  # the one before may have been signed out
            drawn.append((who, method, url, answer(client, method, url)))
        yield from written(file_of(asked), drawn, book)


def written(name: str, drawn: list[tuple[str, str, str, Any]], book: Book) -> Iterator[tuple[str, str]]:
    """The pages among them, if there is one."""
    book.new_file()
    if pages := [each for each in drawn if is_page(each[-1])]:
        yield name, "\n".join(line for each in pages for line in book.page(*each))


def file_of(asked: str) -> str:
    return asked.replace(":", "_").replace(" ", "_")


@pytest.mark.parametrize("group", BY_GROUP)
def test_every_page_in_every_state_is_as_somebody_last_read_it(group: str, world: dict[str, Any]) -> None:
    book = Book()
    with moment(LATER):
        pages = dict(texts(group, world, book))
        hold_against(f"pages/{group}", pages | dict(walks(group, world, book)))


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


def filled_in(asked: str, world: dict[str, Any], states: set[str]) -> list[tuple[str, str, str, Any]]:
    """Who got what by which method where, when somebody fills in this form, sends it, and reads the page after it.

    If something had to stand before, also the pages of that, but not twice of the same.
    """
    case = case_of(asked)
    here = {**world, "laid_out": world}
    count_rows_from(1000)
    with transaction.atomic():
        made = case.before(here)
        here["objects"] = {**world["objects"], **made}
        state = f"{case.before.__qualname__} {[cell.cell_contents for cell in case.before.__closure__ or ()]}"
        found = [each for name in made if state not in states for each in pages_of(name, here)]
        states.add(state)
        who = case.who or FORMS[asked]
        browser = browser_of(world, who)
        last = press(browser, case.address(asked, here), {}, case.filled(here), case.pages, case.also)
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
    "bookings_booking": {"booking": "owner", "booking_placed": "owner", "presenter_visit": "own presenter"},
    "bookings_opensession": {"session": "owner", "presenter_session": "own presenter"},
    "leaflets_order": {"order": "owner"},
    "leaflets_edition": {"leaflet": "signed out"},
}


def is_worth_a_walk(asked: str) -> bool:
    """It needs something to stand before, or goes over several pages, or is another's: what it shows is not among the pages."""
    case = case_of(asked)
    return bool(case.before is not nothing or case.pages > 1 or case.who) and asked not in WALKS_ALIKE


def case_of(asked: str) -> Case:
    return OTHERWISE.get(asked) or FILLED_IN.get(asked, Case())


def walks(group: str, world: dict[str, Any], book: Book) -> Iterator[tuple[str, str]]:
    states: set[str] = set()
    for asked in filter(is_worth_a_walk, FORMS):
        if group_of(asked) == group:
            cache.clear()
            yield from written(f"{file_of(asked)}-walk", filled_in(asked, world, states), book)
