"""People who book and order over HTTP while things break, and press again where no answer comes, as people do."""

import http.client
import random
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial

from tests.faults.stage import LEAFLET, SLUG
from tests.live.clients import Answer, Client, Form
from tests.races.visits import DETAILS, to_order_check

BROKEN = (OSError, http.client.HTTPException)
AGAIN_AFTER = 0.25  # seconds
PATIENCE = 45.0  # how long somebody presses again


@dataclass(frozen=True)
class Request:
    """What somebody waited for, how long, and when that ended, by the monotonic clock. `status` 0 means that the line broke."""

    what: str
    status: int
    seconds: float
    at: float = 0.0


class Timed(Client):
    """Remembers how long each answer took, a broken line too."""

    def __init__(self, base_url: str, session: str, requests: list[Request]) -> None:
        super().__init__(base_url, session=session)
        self.requests = requests

    def _ask(self, method: str, path: str, body: str | None = None) -> Answer:
        begun, status = time.monotonic(), 0
        try:
            answer = super()._ask(method, path, body)
            status = answer.status
            return answer
        finally:
            now = time.monotonic()
            self.requests.append(Request(f"{method} {path}", status, now - begun, now))


@dataclass
class Load:
    """What came of it: references that an answer named, and each request."""

    people: Sequence[str] = ()
    acknowledged: list[str] = field(default_factory=list)
    requests: list[Request] = field(default_factory=list)
    in_doubt: list[str] = field(default_factory=list)  # who pressed and never got an answer
    stopping: threading.Event = field(default_factory=threading.Event)

    @property
    def slowest(self) -> Request:
        return max(self.requests, key=lambda request: request.seconds, default=Request("nothing", 0, 0.0))

    @property
    def unanswered(self) -> int:
        return sum(request.status == 0 or request.status >= 500 for request in self.requests)

    def wait_for(self, more: int, seconds: float = 30) -> None:
        """Until so many more things are acknowledged than are now."""
        wanted, end = len(self.acknowledged) + more, time.monotonic() + seconds
        while len(self.acknowledged) < wanted:
            assert time.monotonic() < end, (
                f"{len(self.acknowledged)} of {wanted} were acknowledged in {seconds} s: {self.requests[-3:]}"
            )
            time.sleep(0.05)


def order(client: Client) -> Form:
    return to_order_check(client, {LEAFLET: 1})


def book(client: Client) -> Form:
    """Online, at any time of the week that is offered. One that has gone: an AssertionError, and they begin again."""
    path = f"/book/{SLUG}"
    client.post_form(f"{path}/where/", format="online", **DETAILS)
    form = client.get(f"{path}/when/").form("start")
    client.send(f"{path}/when/", form, start=random.choice(form.options["start"]))
    return client.get(f"{path}/check/").form("token", "digest")


WAYS = ((order, "/order/check/"), (book, f"/book/{SLUG}/check/"))


def act(client: Client, way: tuple, load: Load) -> None:
    """All the way to the last button; then that button, until an answer comes or nobody has patience any more."""
    fill_in, path = way
    try:
        form = fill_in(client)
    except (AssertionError, *BROKEN):
        time.sleep(AGAIN_AFTER)  # an error page, a broken line: they begin again
        return
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        try:
            answer = client.send(path, form)
        except BROKEN:
            time.sleep(AGAIN_AFTER)
            continue
        if answer.status == 302 and answer.location.endswith("/placed/"):
            load.acknowledged.append(answer.location.split("/")[2])
            return
        if answer.status < 500:  # a page that says why not
            return
        time.sleep(AGAIN_AFTER)
    load.in_doubt.append(client.email)


@contextmanager
def busy(base_url: str, sessions: dict[str, str], people: Sequence[str]) -> Iterator[Load]:
    """Each of these books and orders in turn until the block ends; then each ends what was begun."""
    load = Load(people)

    def run(number: int, email: str) -> None:
        client = Timed(base_url, sessions[email], load.requests)
        client.email = email
        turn = number
        while not load.stopping.is_set():
            act(client, WAYS[turn % len(WAYS)], load)
            turn += 1

    with at_work([partial(run, number, email) for number, email in enumerate(people)], load):
        yield load


@contextmanager
def at_work(runs: Sequence[Callable[[], None]], load: Load) -> Iterator[None]:
    """Each in a thread of its own until the block ends; then each ends what was begun."""
    threads = [threading.Thread(target=run) for run in runs]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        load.stopping.set()
        for thread in threads:
            thread.join(PATIENCE + 10)
