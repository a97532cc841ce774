"""What nginx says by itself has the headers of all we say, once; what the site says goes through it as it was.

With nginx itself, where it is installed (the Debian package nginx); else that its file says them, in test_safe_headers.py.
"""

import re
import socket
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from ctac.local.processes import wait_until
from office.site_settings.queries import site_settings
from tests.deploy.conftest import Server, Site
from tests.deploy.nginx import NAME, PROGRAM, Headers, Proxy
from tests.deploy.test_safe_headers import EVERYWHERE, NOWHERE, wrong
from tests.notifications.conftest import free_port

pytestmark = pytest.mark.skipif(PROGRAM is None, reason="nginx is not installed: apt-get install nginx")
BY_NGINX = EVERYWHERE | {"Server": "nginx", "Cache-Control": NOWHERE}
BY_HTTP = {name: value for name, value in BY_NGINX.items() if name != "Strict-Transport-Security"}
Front = Callable[[int], Proxy]


@pytest.fixture(scope="module")
def in_front_of(server: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Front]:
    proxies: list[Proxy] = []

    def start(port: int) -> Proxy:
        static = Path(server.env["STATIC_ROOT"])
        proxies.append(Proxy(tmp_path_factory.mktemp("nginx"), port, static=static))
        return proxies[-1]

    yield start
    for proxy in proxies:
        proxy.stop()


@pytest.fixture(scope="module")
def proxy(in_front_of: Front, site: Site) -> Proxy:
    return in_front_of(site.port)


def request(method: str, path: str, *more: str) -> bytes:
    return "\r\n".join([f"{method} {path} HTTP/1.1", f"Host: {NAME}", "Connection: close", *more, "", ""]).encode()


def said_twice(headers: Headers) -> set[str]:
    names = [name.lower() for name, _value in headers if name.lower() not in {"set-cookie", "vary"}]
    return {name for name in names if names.count(name) > 1}


# What nginx refuses before the site hears of it.
REFUSED: dict[str, tuple[int, bytes]] = {
    "too large": (413, request("POST", "/account/login/", "Content-Length: 27000000")),
    "an address without end": (414, request("GET", f"/{'a' * 40_000}")),
    "headers without end": (400, request("GET", "/", f"Cookie: a={'b' * 40_000}")),
    "no host": (400, b"GET / HTTP/1.1\r\nConnection: close\r\n\r\n"),
    "two lengths": (400, request("POST", "/", "Content-Length: 4", "Content-Length: 5")),
    "an echo": (405, request("TRACE", "/")),
    "no such static file": (404, request("GET", "/static/no-such-file.css")),
    "out of the folder": (400, request("GET", "/static/../../etc/passwd")),
}


@pytest.mark.parametrize("what", REFUSED)
def test_what_nginx_refuses_has_every_header_once(proxy: Proxy, what: str) -> None:
    status, sent = REFUSED[what]
    answer = proxy.ask(sent)
    unsaid = {"no such static file": "Cache-Control", "no host": "Strict-Transport-Security"}.get(what)
    wanted = {name: value for name, value in BY_NGINX.items() if name != unsaid}
    assert (answer[0], wrong(answer[1], wanted), said_twice(answer[1])) == (status, {}, set())
    assert not re.search(r"nginx/\d", answer[2])


@pytest.mark.parametrize(("path", "status"), [("/readyz", 200), ("/metrics", 404)])
def test_how_we_are_is_nobody_elses_business(proxy: Proxy, path: str, status: int) -> None:
    """Without a token for its metrics the site has no such page."""
    answer = proxy.ask(request("GET", path), source="127.0.0.2")
    assert (answer[0], wrong(answer[1], BY_NGINX)) == (403, {})
    assert proxy.ask(request("GET", path))[0] == status


def test_too_many_requests_at_once_are_told_so_with_every_header(in_front_of: Front) -> None:
    """All in one go, to a site that is down: what comes through at all is answered at once."""
    many = request("GET", "/my/").replace(b"Connection: close", b"Connection: keep-alive") * 149 + request("GET", "/my/")
    answers = in_front_of(free_port()).talk(many).split(b"HTTP/1.1 ")[1:]
    assert len(answers) == 150
    refused = [answer for answer in answers if answer.startswith(b"429")]
    assert len(refused) > 50
    lines = refused[0].partition(b"\r\n\r\n")[0].decode().split("\r\n")[1:]
    headers = [(name, value) for name, _colon, value in (line.partition(": ") for line in lines)]
    assert (wrong(headers, BY_NGINX), said_twice(headers)) == ({}, set())


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_site_that_is_down_is_a_502_with_every_header_and_says_whom_to_call(in_front_of: Front, method: str) -> None:
    proxy = in_front_of(free_port())
    status, headers, text = proxy.ask(request(method, "/my/?q=Quark", "Cookie: __Host-session=x", "Content-Length: 0"))
    assert (status, wrong(headers, BY_NGINX), said_twice(headers)) == (502, {}, set())
    assert dict(headers)["Content-Type"] == "text/html; charset=utf-8"
    assert numbers_to_call(text) == ["tel:999", f"tel:{site_settings().advice_phone.replace(' ', '')}"]
    logged = wait_for_line(proxy.folder / "ctac.log")
    assert f'"{method} /my/ HTTP/1.1" 502' in logged
    assert "Quark" not in logged


def test_a_site_that_does_not_answer_is_a_504_with_every_header_and_says_whom_to_call(in_front_of: Front) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as silent:
        status, headers, text = in_front_of(silent.getsockname()[1]).ask(request("GET", "/my/"))
    assert (status, wrong(headers, BY_NGINX), said_twice(headers)) == (504, {}, set())
    assert numbers_to_call(text) == ["tel:999", f"tel:{site_settings().advice_phone.replace(' ', '')}"]


def numbers_to_call(page: str) -> list[str]:
    return re.findall(r'href="(tel:[^"]*)"', page)


def wait_for_line(log: Path) -> str:
    wait_until(lambda: log.read_text() != "", 5)
    return log.read_text()


@pytest.mark.parametrize(("path", "status"), [("/about/", 301), ("/webhooks/mail/x/", 403), ("/calendars/x.ics", 403)])
def test_by_http_there_is_all_but_what_browsers_must_not_heed_there(proxy: Proxy, path: str, status: int) -> None:
    answer = proxy.ask(request("GET", path), tls=False)
    assert (answer[0], wrong(answer[1], BY_HTTP), said_twice(answer[1])) == (status, {}, set())
    assert "Strict-Transport-Security" not in dict(answer[1])


@pytest.mark.parametrize(
    ("path", "status", "cached"),
    [
        ("/", 200, NOWHERE),
        ("/no-such-page/", 404, NOWHERE),
        ("/my/", 302, NOWHERE),
        ("/t/broken/", 500, NOWHERE),
        ("/healthz", 200, "no-store"),
        ("/calendars/nothing.ics", 404, NOWHERE),
    ],
)
def test_what_the_site_says_is_said_once(proxy: Proxy, path: str, status: int, cached: str) -> None:
    answer = proxy.ask(request("GET", path))
    assert (answer[0], wrong(answer[1], BY_NGINX | {"Cache-Control": cached}), said_twice(answer[1])) == (status, {}, set())


def test_cookies_that_go_through_it_are_for_this_host_and_https_alone(proxy: Proxy) -> None:
    set_cookie = [value for name, value in proxy.ask(request("GET", "/account/login/"))[1] if name == "Set-Cookie"]
    assert [re.sub(r"=[^;]+", "", value, count=1).split("; ")[0] for value in set_cookie] == ["__Host-csrf"]
    assert {"HttpOnly", "Secure", "SameSite=Lax", "Path=/"} <= set(set_cookie[0].split("; "))
