"""The headers of every kind of answer that production gives: pages, errors, files, probes, redirects; and its cookies."""

import http.client
import re
from contextlib import closing
from http.cookies import SimpleCookie
from typing import Any

import pytest

from core.pages import FRAMED_CONTENT_POLICY as FRAMED
from tests.deploy.conftest import BEHIND_A_PROXY, ROOT, Site

POLICY = (
    "base-uri 'none'; default-src 'self'; form-action 'self'; frame-ancestors 'none'; img-src 'self'; object-src 'none'; "
    "script-src 'self'; style-src 'self'"
)
OF_A_PDF = POLICY.replace("default-src 'self'", "default-src 'none'").replace("object-src 'none'", "object-src 'self'")
EVERYWHERE = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Strict-Transport-Security": "max-age=31536000; includeSubDomains; preload",
    "Server": "gunicorn",  # no version; the proxy says its own name instead
}
UNSAID = {"X-Powered-By", "Via", "Access-Control-Allow-Origin", "X-AspNet-Version"}
NOWHERE, BY_ALLAUTH = "private, no-store", "max-age=0, no-cache, no-store, must-revalidate, private"
# method and path; whose cookie ("": nobody's); the status; what caches may do; what differs from EVERYWHERE.
WALK: list[tuple[str, str, str, int, str, dict[str, str]]] = [
    ("GET", "/", "", 200, NOWHERE, {}),
    ("GET", "/leaflets/", "", 200, NOWHERE, {}),
    ("GET", "/leaflets/{slug}/", "", 200, NOWHERE, {}),
    ("GET", "/presentations/", "", 200, NOWHERE, {}),
    ("GET", "/account/login/", "", 200, BY_ALLAUTH, {}),
    ("GET", "/account/login/password/", "", 200, BY_ALLAUTH, {}),
    ("GET", "/my/", "", 302, NOWHERE, {}),
    ("GET", "/my/", "owner", 200, NOWHERE, {}),
    ("GET", "/account/details/", "owner", 200, NOWHERE, {}),
    ("GET", "/account/my-data/", "owner", 200, NOWHERE, {}),
    ("GET", "/bookings/{booking}/", "owner", 200, NOWHERE, {}),
    ("GET", "/orders/{order}/", "owner", 200, NOWHERE, {}),
    ("GET", "/bookings/{booking}/calendar.ics", "owner", 200, NOWHERE, {}),
    ("GET", "/calendars/{feed}.ics", "", 200, "private, no-cache", {}),
    ("GET", "/calendars/nothing.ics", "", 404, NOWHERE, {}),
    ("GET", "/staff/", "staff", 200, NOWHERE, {}),
    ("GET", "/staff/bookings/booking/", "staff", 200, NOWHERE, {}),
    ("GET", "/staff/", "owner", 302, NOWHERE, {}),
    ("GET", "/staff/leaflets/sheetimport/list/?kind=stock&form=csv", "staff", 200, NOWHERE, {}),
    ("GET", "/staff/leaflets/sheetimport/list/?kind=stock&form=xlsx", "staff", 200, NOWHERE, {}),
    ("GET", "/staff/emails/booking-confirmed/1/html/", "staff", 200, NOWHERE, {"X-Frame-Options": "SAMEORIGIN"}),
    ("GET", "/leaflets/{slug}/download/", "", 200, "public, max-age=3600", {"Content-Security-Policy": OF_A_PDF}),
    ("GET", "/leaflets/{slug}/cover/{edition}/", "", 200, "public, max-age=31536000, immutable", {}),
    ("GET", "/static/css/site.css", "", 200, "max-age=60, public", {}),
    ("GET", "/static/{hashed}", "", 200, "max-age=315360000, public, immutable", {}),
    ("GET", "/static/no-such-file.css", "", 404, NOWHERE, {}),
    ("GET", "/media/leaflets/{slug}.pdf", "", 404, NOWHERE, {}),
    ("GET", "/leaflets/?q=%00", "", 400, NOWHERE, {}),
    ("POST", "/account/login/", "", 403, NOWHERE, {}),
    ("GET", "/no-such-page/", "", 404, NOWHERE, {}),
    ("GET", "/bookings/{booking}/", "", 302, NOWHERE, {}),
    ("GET", "/orders/XX-2222-22/", "owner", 404, NOWHERE, {}),
    ("OPTIONS", "/about/", "", 405, NOWHERE, {}),
    ("TRACE", "/about/", "", 405, NOWHERE, {}),
    ("GET", "/t/broken/", "", 500, NOWHERE, {}),
    ("HEAD", "/webhooks/mail/nobody/", "", 404, NOWHERE, {}),
    ("POST", "/webhooks/mail/nobody/", "", 404, NOWHERE, {}),
    ("GET", "/healthz", "", 200, "no-store", {}),
    ("POST", "/healthz", "", 405, "no-store", {}),
    ("GET", "/healthz/visits", "", 503, "no-store", {}),
    ("GET", "/readyz", "", 200, "no-store", {}),
]


def ask(site: Site, method: str, path: str, **headers: str) -> tuple[int, list[tuple[str, str]]]:
    with closing(http.client.HTTPConnection("127.0.0.1", site.port, timeout=20)) as connection:
        connection.request(method, path, headers=headers)
        response = connection.getresponse()
        response.read()
        return response.status, response.getheaders()


def wrong(found: list[tuple[str, str]], wanted: dict[str, str]) -> dict[str, Any]:
    """What is said otherwise, or twice, and what should not be said."""
    said: dict[str, list[str]] = {}
    for name, value in found:
        said.setdefault(name, []).append(value)
    # django-csp says its directives in no order.
    said = {
        name: [in_order(value) for value in values] if name.startswith("Content-S") else values for name, values in said.items()
    }
    return {name: said.get(name) for name in wanted if said.get(name) != [wanted[name]]} | {
        name: said[name] for name in UNSAID if name in said
    }


def in_order(policy: str) -> str:
    return "; ".join(sorted(policy.split("; ")))


@pytest.mark.parametrize(("method", "path", "whose", "status", "cached", "other"), WALK, ids=lambda value: str(value)[:60])
def test_every_kind_of_answer_has_them(
    site: Site, things: dict[str, str], method: str, path: str, whose: str, status: int, cached: str, other: dict[str, str]
) -> None:
    cookies = {"Cookie": f"__Host-session={things[whose]}"} if whose else {}
    found = ask(site, method, path.format(**things), **BEHIND_A_PROXY, **cookies)
    if "/html/" in path:
        other = other | {"Content-Security-Policy": in_order(FRAMED)}
    assert (found[0], wrong(found[1], EVERYWHERE | other | {"Cache-Control": cached})) == (status, {})


@pytest.mark.parametrize(
    ("path", "headers", "status"),
    [
        ("/", {"Host": "evil.example", "X-Forwarded-Proto": "https"}, 400),
        ("/", {"Host": "evil.example"}, 400),
        ("/", {"Host": "ctac.example"}, 301),
        ("/static/css/site.css", {"Host": "ctac.example"}, 301),
        ("/healthz", {"Host": "10.0.0.1"}, 200),
    ],
)
def test_answers_that_are_given_before_anything_is_looked_at(site: Site, path: str, headers: dict[str, str], status: int) -> None:
    """By plain http there is no HSTS: browsers must not heed it there (RFC 6797, 7.2)."""
    wanted = dict(EVERYWHERE)
    if "X-Forwarded-Proto" not in headers:
        del wanted["Strict-Transport-Security"]
    found = ask(site, "GET", path, **headers)
    assert (found[0], wrong(found[1], wanted)) == (status, {})


def test_cookies_are_for_this_host_over_https_and_out_of_reach_of_scripts(site: Site, things: dict[str, str]) -> None:
    """A form's page sets the token; a session is set by what is kept for a visitor who begins an order."""
    found = ask(site, "GET", "/account/login/", **BEHIND_A_PROXY)[1]
    cookies = SimpleCookie("; ".join(value for name, value in found if name == "Set-Cookie"))
    assert list(cookies) == ["__Host-csrf"]
    csrf = cookies["__Host-csrf"]
    assert (csrf["secure"], csrf["httponly"], csrf["samesite"], csrf["path"], csrf["domain"]) == (True, True, "Lax", "/", "")


def test_a_session_another_host_might_set_is_not_taken(site: Site, things: dict[str, str]) -> None:
    """Without the prefix, which browsers let nobody set from a sister domain or by http, the same key opens nothing."""
    assert ask(site, "GET", "/my/", **BEHIND_A_PROXY, Cookie=f"session={things['owner']}")[0] == 302


CONF = (ROOT / "deploy/nginx/ctac.conf").read_text()
BY_THE_SITE = {name: value for name, value in EVERYWHERE.items() if name != "Server"}


def test_the_proxy_says_the_same_of_the_files_that_it_serves_itself() -> None:
    """Of static files, with and without a hash in their names."""
    said = re.findall(r'add_header (\S+) "?([^"$\n]*?)"? always;', CONF)
    assert sorted(said) == sorted([*BY_THE_SITE.items()] * 2)


def test_the_proxy_says_the_same_of_what_it_answers_itself() -> None:
    """To https with HSTS, to http and to who names no host without; nginx itself is asked in test_nginx.py."""
    maps = re.findall(r'map \$upstream_http_(\w+) \$(\w+) \{ "" "?([^"]*?)"?; default ""; \}', CONF)
    values = {variable: value for _header, variable, value in maps}
    said = [(name, values[variable]) for name, variable in re.findall(r"add_header (\S+) \$(\w+) always;", CONF)]
    wanted = BY_THE_SITE | {"Cache-Control": NOWHERE}
    plain = {name: value for name, value in wanted.items() if name != "Strict-Transport-Security"}
    assert sorted(said) == sorted([*wanted.items(), *plain.items(), *plain.items()])
    assert {header.replace("_", "-") for header, _variable, _value in maps} == {name.lower() for name in wanted}
