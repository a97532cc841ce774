"""Forms that were filled in rightly, with something else in one or some of their boxes."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils.crypto import get_random_string
from hypothesis import strategies as st

from tests.face.page import Page
from tests.security.beforehand import Case
from tests.security.fuzz.trying import BOUNDARY, TAKEN, Pair, Sent, Tables, fuzzed, look, turned
from tests.security.fuzz.values import Value, values
from tests.security.posting import Form, form_of

Pairs = list[Pair]
TOKEN = "csrfmiddlewaretoken"
COUNTS = ("-1", "0", "1", "2", "1001", "1000000000", "9" * 30, "text", "", "1.5", "٣", "\0")
PARTS_OF_LISTS = ("TOTAL_FORMS", "INITIAL_FORMS", "MIN_NUM_FORMS", "MAX_NUM_FORMS")
FILES = (
    SimpleUploadedFile("empty.pdf", b"", "application/pdf"),
    SimpleUploadedFile("words.csv", b"a;b\r\n\xff\x00\r\n", "text/csv"),
    SimpleUploadedFile("half.xlsx", b"PK\x03\x04 and no more", "application/zip"),
    SimpleUploadedFile("half.pdf", b"%PDF-1.7\n%%EOF", "application/pdf"),
    SimpleUploadedFile("x" * 300 + ".pdf", b"x", "text/html"),
    SimpleUploadedFile("\u202efdp.exe", b"MZ", "nonsense"),
)
NAMES_BESIDE: tuple[Value, ...] = (
    *("", "unknown", "a[]", "_save", "_continue", "_popup", "_to_field", "next", "action", "confirmed"),
    *(b"\xff", "x" * 3000),
)
# All that is sent to these is refused here, and why; the last is a button that shows, and asks nothing.
WHY_REFUSED = {
    "is a page of book_where, which goes through all": "book_dates book_leaflets book_when",
    "has its buttons on another page, which say what to print": "staff:leaflets_packingsession_print",
    "asks for a password that nobody has": "account_login_password",
    "says that staff need a second factor": "mfa_deactivate_totp",
    "answers on its own page and keeps nothing": "who_to_tell",
    "holds times for areas near a visit, and no area is near one here": "staff:reach_around",
    "shows whom an invitation would reach, and sends it once all is chosen": "staff:reach_invite staff:reach_session",
}
REFUSED_HERE = {asked for names in WHY_REFUSED.values() for asked in names.split()} | {"staff:privacy_breach_action paper"}
# Whole bodies that are no form at all, with what their head says they are.
URLENCODED, IN_PARTS = "application/x-www-form-urlencoded", f"multipart/form-data; boundary={BOUNDARY.decode()}"
ONE_PART = b"--" + BOUNDARY + b'\r\nContent-Disposition: form-data; name="a"\r\n\r\nx\r\n--' + BOUNDARY + b"--\r\n"
BODIES: tuple[tuple[str, bytes], ...] = (
    ("", b""),
    ("nonsense", b"a=1"),
    ("application/json", b'{"a": [1]}'),
    ("text/plain; charset=nonsense", b"a"),
    (f"{URLENCODED}; charset=utf-16", b"a=%00"),
    (f"{URLENCODED}; charset=hex", b"a=%00"),
    (URLENCODED, b"&&=&=;%zz=%&\xff\xfe=\x00"),
    (URLENCODED, b"a=" + b"x" * 2_700_000),
    (URLENCODED, b"a=1&" * 6000),
    ("multipart/form-data", b"a=1"),
    ("multipart/form-data; boundary=", b"--"),
    (f"multipart/form-data; boundary={'x' * 300}", b"--"),
    (IN_PARTS, b""),
    (f"{IN_PARTS}; charset=hex", ONE_PART),
    (f"{IN_PARTS}; charset=utf-16", ONE_PART),
    (IN_PARTS, b"--" + BOUNDARY + b"\r\nContent-Disposition: form-data; name=a"),
    (IN_PARTS, b"--" + BOUNDARY + b'\r\nContent-Disposition: form-data; name="a"\r\n\r\nhalf'),
    (IN_PARTS, b"--" + BOUNDARY + b"\r\nContent-Disposition: nonsense\r\n\r\nx\r\n--" + BOUNDARY + b"--\r\n"),
    (IN_PARTS, b"--" + BOUNDARY + b'\r\nContent-Disposition: form-data; name="a"\r\nContent-Transfer-Encoding: base64\r\n\r\n!'),
)


@dataclass(frozen=True)
class OnePage:
    """One page of a form, and the browser that is about to send it."""

    browser: Client
    form: Form
    choices: dict[str, tuple[Value, ...]]

    def again(self) -> Client:
        """A browser that has what this one had: an answer may take a cookie away.

        It has the token against forgery in its head, so that what is checked first, as always, is not all that is checked.
        """
        token = get_random_string(32)
        client = Client(enforce_csrf_checks=True, HTTP_X_CSRFTOKEN=token)
        client.cookies.load(self.browser.cookies)
        client.cookies[settings.CSRF_COOKIE_NAME] = token
        return client


def pages(browser: Client, address: str, case: Case, world: dict[str, Any]) -> Iterator[OnePage]:
    """As `posting.press` goes through them. Each is sent rightly when the next is asked for."""
    shown = browser.get(address)
    for number in range(case.pages):
        html = shown.content.decode() if shown.status_code == 200 and not shown.streaming else ""
        typed = {name: value(browser) if callable(value) else value for name, value in case.filled(world).items()}
        form = form_of(html, address, typed)
        yield OnePage(browser, form, choices_of(Page(html)))
        if number + 1 < case.pages:
            answer = browser.post(form.action, form.sent)
            address = answer.headers.get("Location", address).partition("#")[0]
            shown = answer if answer.status_code == 200 else browser.get(address)


def choices_of(page: Page) -> dict[str, tuple[Value, ...]]:
    """By name all that its radio buttons, boxes to tick, buttons and lists to choose from hold."""
    found: dict[str, list[Value]] = {}
    for element in page.elements:
        inside = [each for each in element.inside if each.tag == "select"] if element.tag == "option" else [element]
        chosen = element.tag in {"option", "button"} or element.attrs.get("type") in {"radio", "checkbox", "submit"}
        if chosen and inside and (name := inside[-1].attrs.get("name")):
            found.setdefault(name, []).append(element.attrs.get("value", element.text))
    return {name: tuple(dict.fromkeys(values)) for name, values in found.items()}


def pairs_of(form: Form) -> Pairs:
    """As a browser sends them, rows that are new left out like in `posting.controls`."""
    found: Pairs = []
    for name, value in form.sent.items():
        if name == TOKEN:
            continue
        found += [(name, each) for each in (value if isinstance(value, list) else [value])]
    return found


@dataclass(frozen=True)
class Changes:
    """What may be done to the pairs of a form; `keys` are those of rows, whosever they are."""

    page: OnePage
    keys: tuple[Value, ...]
    name: str

    def as_it_was(self) -> Sent:
        return Sent("POST", self.page.form.action, pairs_of(self.page.form))

    def strategy(self) -> st.SearchStrategy[Sent]:
        usual = pairs_of(self.page.form)
        names = turned(sorted({*self.page.form.asked, *(str(name) for name, _value in usual)} - {TOKEN}), self.name)
        ways = [self.another, self.missing, self.twice, self.a_file, self.swapped]
        ways += [self.rows] if any(name.endswith("-TOTAL_FORMS") for name in names) else []
        one = st.one_of(
            [st.sampled_from(names).flatmap(way) for way in [self.another, *turned(ways, self.name)]] if names else []
        )
        some = st.lists(st.one_of(one, self.beside()) if names else self.beside(), min_size=1, max_size=3)
        return st.one_of(
            st.tuples(some, st.booleans()).map(lambda drawn: self.sent(usual, *drawn)),
            st.sampled_from(BODIES).map(lambda body: Sent("POST", self.page.form.action, kind=body[0], body=body[1])),
        )

    def sent(self, usual: Pairs, done: list[Any], as_parts: bool) -> Sent:
        for change in done:
            usual = change(usual)
        return Sent("POST", self.page.form.action, usual, as_parts=as_parts)

    def value(self, name: str) -> st.SearchStrategy[Value]:
        return values((*self.page.choices.get(name, ()), *self.keys))

    def another(self, name: str) -> st.SearchStrategy[Any]:
        return self.value(name).map(lambda value: lambda pairs: [*without(pairs, name), (name, value)])

    def missing(self, name: str) -> st.SearchStrategy[Any]:
        return st.just(lambda pairs: without(pairs, name))

    def twice(self, name: str) -> st.SearchStrategy[Any]:
        return st.lists(self.value(name), min_size=1, max_size=40).map(
            lambda more: lambda pairs: [*pairs, *((name, value) for value in more)]
        )

    def a_file(self, name: str) -> st.SearchStrategy[Any]:
        return st.sampled_from(FILES).map(lambda file: lambda pairs: [*without(pairs, name), (name, file)])

    def swapped(self, name: str) -> st.SearchStrategy[Any]:
        """What stands in another box."""
        found = [value for _name, value in pairs_of(self.page.form)] or [""]
        return st.sampled_from(found).map(lambda value: lambda pairs: [*without(pairs, name), (name, value)])

    def rows(self, name: str) -> st.SearchStrategy[Any]:
        """Of a list of rows: how many it says there are, or a row that is not there."""
        prefix = re.split(r"-(?:\d+|__prefix__|[A-Z_]+_FORMS)\b", name)[0]
        part = st.sampled_from(PARTS_OF_LISTS)
        count = st.tuples(part, st.sampled_from(COUNTS)).map(
            lambda drawn: lambda pairs: [*without(pairs, f"{prefix}-{drawn[0]}"), (f"{prefix}-{drawn[0]}", drawn[1])]
        )
        none = part.map(lambda found: lambda pairs: without(pairs, f"{prefix}-{found}"))
        field = st.sampled_from(["id", "DELETE", "ORDER"])
        row = st.tuples(st.sampled_from(["0", "1", "7", "-1"]), field, self.value(name)).map(
            lambda drawn: lambda pairs: [*pairs, (f"{prefix}-{drawn[0]}-{drawn[1]}", drawn[2])]
        )
        return st.one_of(count, none, row)

    def beside(self) -> st.SearchStrategy[Any]:
        """A name that the form does not have."""
        names = st.sampled_from(NAMES_BESIDE)
        return st.tuples(names, self.value("")).map(lambda pair: lambda pairs: [*pairs, pair])


def fuzzed_form(asked: Iterable[OnePage], keys: tuple[Value, ...], tables: Tables, *, name: str, inputs: int, begin: int) -> None:
    """Each page of it, as it was filled in and with changes. Of a form that takes none of them nothing was tried."""
    ended: Counter[str] = Counter()
    for number, page in enumerate(asked):
        changes, now = Changes(page, keys, name), tables.as_of_now()
        drawn = changes.strategy()
        ended[look(page.again(), changes.as_it_was(), now)] += 1

        def act(data: st.DataObject) -> None:
            ended[look(page.again(), data.draw(drawn), now)] += 1  # noqa: B023 - called before the next page

        fuzzed(act, name=f"{name} {number}", inputs=inputs, begin=begin)
    assert ended[TAKEN] or name in REFUSED_HERE, f"all that was sent was refused, what is right as well: {dict(ended)}"


def without(pairs: Pairs, name: str) -> Pairs:
    return [pair for pair in pairs if pair[0] != name]
