"""A limit counts for all workers together, and whatever a client claims of its address."""

import http.client
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import pytest

from bookings.booking.views.bookings import LINK_RATE_LIMIT
from tests.deploy.conftest import Server, Site
from tests.deploy.test_safe_headers import EVERYWHERE, NOWHERE, wrong
from tests.security.payloads import FORGED

PATH = f"/links/{'A' * 43}/"
MOST = LINK_RATE_LIMIT[0]
OURS = "203.0.113.77"  # what the proxy adds


@pytest.fixture(scope="module")
def two_workers(server: Server, site: Site) -> Iterator[Site]:
    """Beside the site of one worker, which has collected the static files."""
    found = Site(server)
    try:
        found.serve(workers=2)
        yield found
    finally:
        found.stop()


def headers(number: int) -> list[tuple[str, str]]:
    """As a proxy that appends hands on what it was sent: in one header, or each in its own, in any case of letters."""
    forged = FORGED[number % len(FORGED)].format(n=number)
    ways = [
        [("X-Forwarded-For", f"{forged}, {OURS}")],
        [("X-Forwarded-For", forged), ("x-forwarded-for", OURS)],
        [("x-FORWARDED-for", f"{forged},{OURS}"), ("X_Forwarded_For", "198.51.100.9")],
        [("X-Forwarded-For", f"{forged}, {OURS} "), ("X-Real-IP", "198.51.100.8"), ("Forwarded", "for=198.51.100.7")],
    ]
    return [("Host", "ctac.example"), ("X-Forwarded-Proto", "https"), *ways[number % len(ways)]]


def ask(port: int, numbers: range) -> list[tuple[int, list[tuple[str, str]]]]:
    answers = []
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=20)) as connection:
        for number in numbers:
            connection.putrequest("GET", PATH, skip_host=True)
            for name, value in headers(number):
                connection.putheader(name, value)
            connection.endheaders()
            response = connection.getresponse()
            response.read()
            answers.append((response.status, response.getheaders()))
    return answers


def test_two_workers_count_as_one_for_every_forged_address(two_workers: Site) -> None:
    each = MOST // 6 + 2
    with ThreadPoolExecutor(6) as pool:
        found = list(pool.map(lambda n: ask(two_workers.port, range(n * each, (n + 1) * each)), range(6)))
    answers = [answer for part in found for answer in part]
    assert Counter(status for status, _headers in answers) == {404: MOST, 429: 6 * each - MOST}
    refused = next(headers for status, headers in answers if status == 429)
    assert wrong(refused, EVERYWHERE | {"Cache-Control": NOWHERE, "Referrer-Policy": "no-referrer"}) == {}
