"""People at the live server without a browser, so that many can act at the same moment."""

import http.client
import json
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, field
from html.parser import HTMLParser
from http.cookies import SimpleCookie
from threading import Barrier
from typing import Any, TypeVar
from urllib.parse import urlencode, urljoin, urlsplit

from django.conf import settings

from .stack import Live

CROWD = 20
PATIENCE = 60  # seconds
T = TypeVar("T")


# Pages, as far as a visitor without eyes needs them


@dataclass
class Form:
    """What a browser would send; `options` are the radios that it offers."""

    action: str
    method: str
    fields: dict[str, str] = field(default_factory=dict)
    options: dict[str, list[str]] = field(default_factory=dict)

    def has(self, names: Iterable[str]) -> bool:
        return all(name in self.fields or name in self.options for name in names)


class Reader(HTMLParser):
    """The words of h1 and main, and the forms inside main."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.forms: list[Form] = []
        self.heading, self.main = "", ""
        self._open: list[str] = []
        self._form: Form | None = None
        self._select = self._textarea = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag in {"main", "h1"}:
            self._open.append(tag)
        elif tag == "form" and "main" in self._open:
            self._form = Form(given.get("action", ""), given.get("method", "get"))
            self.forms.append(self._form)
        elif self._form is not None:
            self._on_field(self._form, tag, given)

    def _on_field(self, form: Form, tag: str, given: dict[str, str]) -> None:
        name, value = given.get("name", ""), given.get("value", "")
        if tag == "input" and given.get("type") in {"radio", "checkbox"}:
            form.options.setdefault(name, []).append(value)
            if "checked" in given:
                form.fields[name] = value
        elif tag in {"input", "select", "textarea"} and name:
            form.fields[name] = value
            self._select = name if tag == "select" else ""
            self._textarea = name if tag == "textarea" else ""
        elif tag == "option" and "selected" in given:
            form.fields[self._select] = value

    def handle_endtag(self, tag: str) -> None:
        if tag in self._open:
            self._open.remove(tag)
        if tag == "form":
            self._form = None
        if tag == "textarea":
            self._textarea = ""

    def handle_data(self, data: str) -> None:
        self.heading += data if "h1" in self._open else ""
        self.main += data if "main" in self._open else ""
        if self._form is not None and self._textarea:
            self._form.fields[self._textarea] += data


@dataclass(frozen=True)
class Answer:
    status: int
    path: str
    text: str
    location: str

    @property
    def heading(self) -> str:
        return " ".join(Reader(self.text).heading.split())

    @property
    def words(self) -> str:
        return " ".join(Reader(self.text).main.split())

    @property
    def outcome(self) -> tuple[int, str]:
        """The status, and where it leads or what it is headed."""
        return self.status, self.location or self.heading

    def form(self, *names: str) -> Form:
        """The form that has these fields."""
        fitting = [form for form in Reader(self.text).forms if form.method == "post" and form.has(names)]
        assert fitting, f"No form with {names} at {self.path}: {self.status} {self.heading!r}"
        return fitting[0]


class Client:
    """One person's browser: keeps cookies, sends forms whole (token and hidden fields included), follows no redirect."""

    def __init__(self, base_url: str, *, session: str = "") -> None:
        self.server = urlsplit(base_url).netloc
        self.email = ""  # of whoever's session it is, where a test says so
        self.cookies = {settings.SESSION_COOKIE_NAME: session} if session else {}

    def get(self, path: str) -> Answer:
        return self._ask("GET", path)

    def send(self, path: str, form: Form, **typed: str) -> Answer:
        """The form as it stands on the page at `path`, with this typed into it."""
        return self._ask("POST", urljoin(path, form.action), urlencode(form.fields | typed))

    def post_form(self, path: str, **typed: str) -> Answer:
        return self.send(path, self.get(path).form(*typed), **typed)

    def send_and_leave(self, path: str, form: Form) -> None:
        """As a browser does with the first of two clicks: the form is sent, and nobody waits for the answer."""
        with closing(self._send("POST", urljoin(path, form.action), urlencode(form.fields))):
            pass

    def _ask(self, method: str, path: str, body: str | None = None) -> Answer:
        with closing(self._send(method, path, body)) as connection:
            response = connection.getresponse()
            for line in response.headers.get_all("Set-Cookie", []):
                self.cookies |= {name: morsel.value for name, morsel in SimpleCookie(line).items()}
            return Answer(response.status, path, response.read().decode(), response.headers.get("Location", ""))

    def _send(self, method: str, path: str, body: str | None) -> http.client.HTTPConnection:
        headers = {"Cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items())}
        if body is not None:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        connection = http.client.HTTPConnection(self.server, timeout=PATIENCE)
        connection.request(method, path, body, headers)
        return connection


def all_of(jobs: Iterable[Callable[[], T]]) -> list[T]:
    """A few at a time, as fast as the server can."""
    with ThreadPoolExecutor(4) as pool:
        return list(pool.map(lambda job: job(), jobs))


def at_once(jobs: Iterable[Callable[[], T]]) -> list[T]:
    """Each in a thread of its own, all released together; what each returned, in their order."""
    jobs = list(jobs)
    shot = Barrier(len(jobs))

    def run(job: Callable[[], T]) -> T:
        shot.wait(PATIENCE)
        return job()

    with ThreadPoolExecutor(len(jobs)) as pool:
        return list(pool.map(run, jobs))


# Inside the live copy


def inside(live: Live, module: str, function: str, *arguments: object) -> Any:
    """What this function of the tests returns when the live copy runs it, on its own database and with its own key."""
    code = f"import json; from {module} import {function} as f; print(json.dumps(f(*{arguments!r})))"
    return json.loads(live.manage("shell", "--no-imports", "-c", code).splitlines()[-1])
