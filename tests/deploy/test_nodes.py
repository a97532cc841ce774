"""nginx with deploy/nginx/ctac.conf before two web nodes, one of which is dead, cut off, hangs, breaks off or is drained.

The nodes are servers that count what reaches them. nginx waits for one second here, not for ten.
"""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from pathlib import Path

import pytest

from tests.deploy.nginx import NAME, PROGRAM, Proxy
from tests.notifications.conftest import free_port

pytestmark = [pytest.mark.slow, pytest.mark.skipif(PROGRAM is None, reason="nginx is not installed: apt-get install nginx")]
SECONDS = 2.8  # one to wait, or two to connect, and a little
Front = Callable[..., Proxy]
numbers = count(1)


class Node(ThreadingHTTPServer):
    """What reached it, and what it then does: answer, hang, break off."""

    daemon_threads = True

    def __init__(self, then: str = "answer") -> None:
        super().__init__(("127.0.0.1", 0), Visit)
        self.then, self.seen, self.going_on = then, [], threading.Event()
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def stop(self) -> None:
        self.going_on.set()
        self.shutdown()
        self.server_close()


class Visit(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Node

    def do_GET(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.server.seen.append(f"{self.command} {self.path}")
        if self.server.then == "hang":
            self.server.going_on.wait(30)
        if self.server.then == "break off":
            self.close_connection = True
            return
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    do_POST = do_GET  # noqa: N815 - http.server’s name

    def log_message(self, *words: object) -> None:
        """Nobody reads it."""


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    with ExitStack() as found:
        yield found


@pytest.fixture
def node(stack: ExitStack) -> Callable[..., Node]:
    def start(then: str = "answer") -> Node:
        found = Node(then)
        stack.callback(found.stop)
        return found

    return start


@pytest.fixture
def in_front_of(stack: ExitStack, tmp_path: Path) -> Front:
    def start(*ports: int, **more: dict[str, str]) -> Proxy:
        proxy = Proxy(tmp_path, *ports, static=tmp_path, **more)
        stack.callback(proxy.stop)
        return proxy

    return start


@pytest.fixture
def unreachable(stack: ExitStack) -> int:
    """A port from which nothing comes, not even a refusal: as when its machine's cable is out. Its line of callers is full."""
    listening = stack.enter_context(socket.socket())
    listening.bind(("127.0.0.1", 0))
    listening.listen(0)
    for _caller in range(4):
        caller = stack.enter_context(socket.socket())
        caller.setblocking(False)
        caller.connect_ex(listening.getsockname())
    return int(listening.getsockname()[1])


def ask(proxy: Proxy, method: str) -> tuple[int, str, float]:
    """Status, what was asked for, and how long it took."""
    path, begun = f"/{next(numbers)}", time.monotonic()
    lines = [f"{method} {path} HTTP/1.1", f"Host: {NAME}", "Connection: close", "Content-Length: 3", "", "a=b"]
    status, _headers, _text = proxy.ask("\r\n".join(lines).encode())
    return status, f"{method} {path}", time.monotonic() - begun


def check_all_are_answered(proxy: Proxy, well: Node, methods: tuple[str, ...]) -> None:
    answers = [ask(proxy, method) for _turn in range(8) for method in methods]
    assert {status for status, _what, _seconds in answers} == {200}
    assert max(seconds for _status, _what, seconds in answers) < SECONDS
    assert {what for _status, what, _seconds in answers} <= set(well.seen)
    # Passed over after two failures, so that the others need not wait.
    assert sorted(seconds for _status, _what, seconds in answers)[-3] < 0.5


def test_both_nodes_are_asked_in_turn(node: Callable[..., Node], in_front_of: Front) -> None:
    one, other = node(), node()
    proxy = in_front_of(one.server_port, other.server_port)
    assert {ask(proxy, "GET")[0] for _turn in range(8)} == {200}
    assert (len(one.seen), len(other.seen)) == (4, 4)


def test_a_dead_node_costs_nobody_anything(node: Callable[..., Node], in_front_of: Front) -> None:
    well = node()
    check_all_are_answered(in_front_of(free_port(), well.server_port), well, ("GET", "POST"))


def test_a_node_that_is_cut_off_costs_two_seconds(node: Callable[..., Node], in_front_of: Front, unreachable: int) -> None:
    well = node()
    check_all_are_answered(in_front_of(unreachable, well.server_port), well, ("GET", "POST"))


@pytest.mark.parametrize("then", ["hang", "break off"])
def test_the_other_answers_what_one_has_not(node: Callable[..., Node], in_front_of: Front, then: str) -> None:
    ill, well = node(then), node()
    check_all_are_answered(in_front_of(ill.server_port, well.server_port), well, ("GET",))
    assert 1 <= len(ill.seen) <= 3


@pytest.mark.parametrize(("then", "status"), [("hang", 504), ("break off", 502)])
@pytest.mark.parametrize("repeats", [False, True])
def test_a_post_that_reached_a_node_is_never_sent_to_another(
    node: Callable[..., Node], in_front_of: Front, then: str, status: int, repeats: bool
) -> None:
    """With the one word more, which is the negative control, it is."""
    changes = {"proxy_next_upstream error timeout;": "proxy_next_upstream error timeout non_idempotent;"} if repeats else {}
    ill, well = node(then), node()
    proxy = in_front_of(ill.server_port, well.server_port, changes=changes)
    answers = [ask(proxy, "POST") for _turn in range(6)]
    assert bool(set(ill.seen) & set(well.seen)) == repeats
    assert [each for each, what, _seconds in answers if what in ill.seen] == [200 if repeats else status] * len(ill.seen)
    assert {each for each, what, _seconds in answers if what not in ill.seen} == {200}


def test_a_node_that_is_drained_ends_what_it_has_begun_and_gets_nothing_new(
    node: Callable[..., Node], in_front_of: Front
) -> None:
    one, other = node("hang"), node()
    patient = {"proxy_read_timeout 10s": "proxy_read_timeout 30s"}
    proxy = in_front_of(one.server_port, other.server_port, changes=patient)
    with ThreadPoolExecutor(1) as pool:
        while not one.seen:
            begun = pool.submit(ask, proxy, "POST")
            time.sleep(0.2)
        proxy.write(patient | {f"127.0.0.1:{one.server_port} ": f"127.0.0.1:{one.server_port} down "})
        proxy.reload()
        assert {ask(proxy, method)[0] for _turn in range(5) for method in ("GET", "POST")} == {200}
        assert len(one.seen) == 1
        assert not begun.done()
        one.going_on.set()
        assert begun.result(10)[0] == 200
