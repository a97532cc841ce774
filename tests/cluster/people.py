"""People of the cluster: each comes from an address of their own, and signs in with the code from an email."""

import itertools
import random
import re
import ssl
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from http.client import HTTPConnection, HTTPSConnection

from tests.cluster.stage import email
from tests.faults.mail_server import MailServer
from tests.faults.people import BROKEN, WAYS, Load, Request, Timed, act, at_work
from tests.live.clients import PATIENCE

SIGN_IN, CODE_PAGE = "/account/login/", "/account/login/code/confirm/"
CODE = re.compile(r"\b([A-Z]{4}-[A-Z]{4})\b")
CODE_PATIENCE = 60.0  # seconds for which somebody waits for the email
TRUSTING = ssl.create_default_context()  # of a certificate of our own, a minute old
TRUSTING.check_hostname, TRUSTING.verify_mode = False, ssl.CERT_NONE
LOOKED_AT = ("/", "/leaflets/", "/presentations/", "/my/", "/about/")


@dataclass
class CrowdLoad(Load):
    """And the seconds from asking for a code to being signed in; who never got one."""

    sign_ins: list[float] = field(default_factory=list)
    without_code: list[str] = field(default_factory=list)


class Person(Timed):
    """`think`: the seconds before each page, least and most."""

    def __init__(self, number: int, site: "Site", think: tuple[float, float]) -> None:
        super().__init__(site.base_url, "", [])
        self.email, self.think, self.site = email(number), think, site
        self.address = f"10.77.{128 + number // 200}.{number % 200 + 1}"
        self.is_signed_in = False

    def _ask(self, method: str, path: str, body: str | None = None):
        time.sleep(random.uniform(*self.think))
        return super()._ask(method, path, body)

    def _send(self, method: str, path: str, body: str | None) -> HTTPConnection:
        headers = {"Cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items() if value)}
        headers |= {"Host": self.site.name, "Origin": f"https://{self.site.name}"}
        if body is not None:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        source = (self.address, 0)
        if self.site.base_url.startswith("https"):
            connection: HTTPConnection = HTTPSConnection(self.server, timeout=PATIENCE, source_address=source, context=TRUSTING)
        else:  # a bare node: what its proxy would say
            connection = HTTPConnection(self.server, timeout=PATIENCE, source_address=source)
            headers |= {"X-Forwarded-For": self.address, "X-Forwarded-Proto": "https"}
        connection.request(method, path, body, headers)
        return connection

    # What they do

    def sign_in(self, load: CrowdLoad) -> None:
        """Raises AssertionError, or what breaks a line, where a page is not what it should be."""
        self.cookies.clear()
        self.is_signed_in = False
        asked_at, begun = time.time(), time.monotonic()
        answer = self.post_form(SIGN_IN, login=self.email)
        assert answer.location.startswith(CODE_PAGE), answer.outcome
        code = self.site.code(self.email, asked_at)
        if not code:
            load.without_code.append(self.email)
            return
        answer = self.post_form(CODE_PAGE, code=code)
        assert answer.status == 302, answer.outcome
        assert CODE_PAGE not in answer.location, answer.outcome
        self.is_signed_in = True
        load.sign_ins.append(time.monotonic() - begun)

    def visit(self, way: Callable[["Person", CrowdLoad], None], load: CrowdLoad) -> None:
        """One errand; on an error page or a broken line they give it up, and come again."""
        try:
            if not self.is_signed_in and way is not come_back:
                self.sign_in(load)
            way(self, load)
        except (AssertionError, *BROKEN):
            time.sleep(0.25)


@dataclass
class Site:
    """Where people go, and where their mail arrives."""

    name: str
    base_url: str
    mail: MailServer

    def code(self, address: str, after: float) -> str:
        """From the newest email to them since then; empty where none comes."""
        end = time.monotonic() + CODE_PATIENCE
        while time.monotonic() < end:
            for taken in reversed(self.mail.taken):
                if taken.at < after:
                    break
                if taken.recipient == address and (found := CODE.search(text_of(taken.content))):
                    return found[1]
            time.sleep(0.05)
        return ""


def text_of(content: bytes) -> str:
    body = message_from_bytes(content, policy=policy.default).get_body(("plain",))
    return str(body.get_content()) if body else ""


# Errands


def order(person: Person, load: CrowdLoad) -> None:
    act(person, WAYS[0], load)


def book(person: Person, load: CrowdLoad) -> None:
    act(person, WAYS[1], load)


def look_around(person: Person, load: CrowdLoad) -> None:
    for path in random.sample(LOOKED_AT, 3):
        person.get(path)


def come_back(person: Person, load: CrowdLoad) -> None:
    person.sign_in(load)


# Crowds


class Crowd:
    """While something breaks, some book and order all the time, and one after another signs in. Each time they are others, since
    nobody may hold more than 40 times in an hour."""

    def __init__(self, site: Site, people: int, think: tuple[float, float]) -> None:
        self.next = itertools.cycle(Person(number, site, think) for number in range(people))

    @contextmanager
    def busy(self, regulars: int = 6) -> Iterator[CrowdLoad]:
        people = list(itertools.islice(self.next, regulars))
        load = CrowdLoad([person.email for person in people])
        runs = [self._regular(person, turn, load) for turn, person in enumerate(people)]
        with at_work([*runs, self._newcomers(load)], load):
            yield load

    def _regular(self, person: Person, turn: int, load: CrowdLoad) -> Callable[[], None]:
        def run() -> None:
            person.requests = load.requests
            for errand in itertools.islice(itertools.cycle((order, book)), turn % 2, None):
                if load.stopping.is_set():
                    return
                person.visit(errand, load)

        return run

    def _newcomers(self, load: CrowdLoad) -> Callable[[], None]:
        def run() -> None:
            while not load.stopping.is_set():
                person = next(self.next)
                person.requests = load.requests
                person.visit(come_back, load)

        return run


ERRANDS = (look_around,) * 5 + (order,) * 2 + (book,) * 2 + (come_back,)


@contextmanager
def many(people: Sequence[Person]) -> Iterator[CrowdLoad]:
    """All signed in, each on one errand after another: half look around, a fifth book, a fifth order, a tenth sign in anew."""
    load = CrowdLoad([person.email for person in people])

    def live(person: Person) -> Callable[[], None]:
        def run() -> None:
            person.requests = load.requests
            while not load.stopping.is_set():
                person.visit(random.choice(ERRANDS), load)

        return run

    with at_work([live(person) for person in people], load):
        yield load


def percentile(requests: Sequence[Request], share: float) -> float:
    """Seconds within which that share of the answers came."""
    seconds = sorted(request.seconds for request in requests)
    return seconds[min(int(len(seconds) * share), len(seconds) - 1)] if seconds else 0.0
