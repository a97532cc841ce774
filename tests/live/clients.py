"""People at the live server without a browser, so that many can act at the same moment; and a server without the guards."""

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from html.parser import HTMLParser
from http.cookies import SimpleCookie
from threading import Barrier
from typing import Any, TypeVar
from urllib.parse import urlencode, urljoin, urlsplit

from django.conf import settings

from ctac.local import processes

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
        self.cookies = {settings.SESSION_COOKIE_NAME: session} if session else {}

    def get(self, path: str) -> Answer:
        return self._ask("GET", path)

    def send(self, path: str, form: Form, **typed: str) -> Answer:
        """The form as it stands on the page at `path`, with this typed into it."""
        return self._ask("POST", urljoin(path, form.action), urlencode(form.fields | typed))

    def post_form(self, path: str, **typed: str) -> Answer:
        return self.send(path, self.get(path).form(*typed), **typed)

    def _ask(self, method: str, path: str, body: str | None = None) -> Answer:
        headers = {"Cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items())}
        if body is not None:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        connection = http.client.HTTPConnection(self.server, timeout=PATIENCE)
        try:
            connection.request(method, path, body, headers)
            response = connection.getresponse()
            for line in response.headers.get_all("Set-Cookie", []):
                self.cookies |= {name: morsel.value for name, morsel in SimpleCookie(line).items()}
            return Answer(response.status, path, response.read().decode(), response.headers.get("Location", ""))
        finally:
            connection.close()


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


def open_sessions(emails: list[str]) -> list[str]:
    """Runs inside: a person for each address, signed in; the session cookies."""
    from django.test import Client as Inner

    from tests.factories import make_organisation, make_person, sign_in

    team = make_organisation("Shetland Health Visiting")
    people = [make_person(email=email, organisation=team) for email in emails]
    return [sign_in(Inner(), person).cookies[settings.SESSION_COOKIE_NAME].value for person in people]


# The negative control: a second server on the same database, whose guards are off


@contextmanager
def server_without_guards(live: Live) -> Iterator[str]:
    """Its address. The database's own guards are the caller's to drop."""
    env = live.env | {"EMAIL_URL": f"smtp://127.0.0.1:{live.facts['mail_port']}", "SITE_URL": live.base_url}
    with socket.create_server(("127.0.0.1", 0), backlog=256) as listening, (live.var_dir / "unguarded.log").open("wb") as log:
        bind = ["--bind", f"fd://{listening.fileno()}"]
        application = [f"{__name__}:unguarded()", *bind, "--workers", "1", "--threads", str(CROWD + 4), "--no-control-socket"]
        process = subprocess.Popen(
            [sys.executable, "-m", "gunicorn", *application],
            cwd=settings.BASE_DIR,
            env=env,
            stdout=log,
            stderr=subprocess.STDOUT,
            pass_fds=[listening.fileno()],
            preexec_fn=processes.tied(signal.SIGTERM),
        )
        try:
            yield f"http://localhost:{listening.getsockname()[1]}"
        finally:
            process.terminate()
            process.wait(PATIENCE)


def unguarded() -> Any:
    """Runs inside, as the application: no lock, and everybody has looked before anybody writes."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "ctac.settings")
    from ctac.wsgi import application

    let_everyone_look_at_slots()
    let_everyone_look_at_stock()
    return application


def let_everyone_look_at_slots() -> None:
    from bookings.models import Presenter
    from bookings.services import holding

    everyone_has_looked, guarded = Barrier(CROWD), holding.guarded

    @contextmanager
    def together() -> Iterator[None]:
        everyone_has_looked.wait(PATIENCE / 2)
        with guarded():
            yield

    def no_lock(keys: Iterable[int], **_more: object) -> dict[int, Presenter]:
        return {presenter.pk: presenter for presenter in Presenter.objects.filter(pk__in=list(keys))}

    holding.lock_presenters, holding.guarded = no_lock, together


def let_everyone_look_at_stock() -> None:
    from leaflets.models.leaflet import EditionQuerySet
    from leaflets.services import placing

    everyone_has_looked, random_reference = Barrier(CROWD), placing.random_reference

    def after_all(prefix: str) -> str:
        """Asked for between reading the stock and taking from it."""
        everyone_has_looked.wait(PATIENCE / 2)
        return random_reference(prefix)

    EditionQuerySet.locked = lambda self: self.order_by("pk")
    placing.random_reference = after_all
