"""Orders, bookings, codes, passwords and downloads at two workers at once: a limit counts for both, whatever is claimed and
however it is typed.

The site runs as production does, but its limits on orders are a twentieth of the usual, and forms may be sent at once.
"""

import json
import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.urls import reverse

from bookings.booking.views.book import HOLD_RATE_LIMIT
from leaflets.orders import allowances
from tests.deploy.browser import SESSION, Answer, Browser, hidden
from tests.deploy.conftest import Server, Site
from tests.races.visits import DETAILS
from tests.security.payloads import FORGED, SAME_MAILBOX

TIMES = 0.05
OF_ONE_NETWORK, TO_ONE_POSTCODE = 19, 9
GUESSES = 5  # at one mailbox in five minutes, allauth’s own limit
PEOPLE = OF_ONE_NETWORK + TO_ONE_POSTCODE + 1  # each test has its own, and one is left
CHECK = reverse("order_check")
TO = {"name": "Sam Taylor", "organisation_name": "Leeds", "address_line_1": "1 Park Row", "town": "Leeds"}
# One postcode, as different as it can be typed.
SAME_POSTCODE = ("LS1 4AP", "ls1 4ap", "LS14AP", " Ls1  4aP ", "ls1\u00a04ap", "LS1-4AP", "ＬＳ１ ４ＡＰ")


@pytest.fixture(scope="module")
def two_workers(server: Server, site: Site) -> Iterator[Site]:
    """Beside the site of one worker, which has collected the static files."""
    found = Site(server)
    found.env |= {"TEST_ORDER_LIMIT_TIMES": str(TIMES), "CHECK_FORM_TIMESTAMP": "no"}
    try:
        found.serve(workers=2)
        yield found
    finally:
        found.stop()


@pytest.fixture(scope="module")
def crowd(server: Server, two_workers: Site) -> dict[str, Any]:
    code = f"from tests.deploy.crowd import print_crowd; print_crowd({PEOPLE})"
    found: dict[str, Any] = json.loads(server.lay_out(code).splitlines()[-1])
    return found


def claims(number: int, network: str) -> list[tuple[str, str]]:
    """What somebody claims, each time something else, and behind it what our proxy adds; in one header or in two, in any case."""
    forged = FORGED[number % len(FORGED)].format(n=number)
    ways = [
        [("X-Forwarded-For", f"{forged}, {network}")],
        [("X-Forwarded-For", forged), ("x-forwarded-for", network)],
        [("x-FORWARDED-for", f"{forged},{network}"), ("X_Forwarded_For", "198.51.100.9"), ("X-Real-IP", "198.51.100.8")],
    ]
    return ways[number % len(ways)]


def filled(browser: Browser, leaflet: str, postcode: str) -> dict[str, str]:
    """An order that waits for its last button, and what the button sends; nothing if it was not taken."""
    browser.post(reverse("basket_add", args=[leaflet]), {f"{leaflet}-copies": "1"})
    browser.post(reverse("order_delivery"), {**TO, "postcode": postcode})
    return hidden(browser.get(CHECK))


def pressed_at_once(browsers: Sequence[Browser], forms: Sequence[dict[str, str]]) -> list[Answer]:
    with ThreadPoolExecutor(8) as pool:
        return list(pool.map(lambda browser, form: browser.post(CHECK, form), browsers, forms))


def statuses(answers: Sequence[Answer]) -> Counter[int]:
    return Counter(answer.status for answer in answers)


def most(limit: tuple[int, object]) -> int:
    return int(limit[0] * TIMES)


def test_a_network_places_as_many_orders_as_it_may_whatever_it_claims(two_workers: Site, crowd: dict[str, Any]) -> None:
    """By people of their own workplaces, to postcodes of their own."""
    may, network = most(allowances.NETWORK_RATE_LIMIT), "203.0.113.61"
    keys = crowd["sessions"][:OF_ONE_NETWORK]
    browsers = [Browser(two_workers, {SESSION: key}, claims(n, network)) for n, key in enumerate(keys)]
    forms = [filled(browser, crowd["leaflets"][0], f"YO{n % 5 + 10} {n % 9 + 1}AA") for n, browser in enumerate(browsers)]
    assert all(forms)
    assert statuses(pressed_at_once(browsers, forms)) == {302: may, 429: OF_ONE_NETWORK - may}


def test_a_postcode_gets_as_many_parcels_as_it_may_however_it_is_typed(two_workers: Site, crowd: dict[str, Any]) -> None:
    may = most(allowances.POSTCODE_RATE_LIMIT)
    keys = crowd["sessions"][OF_ONE_NETWORK:-1]
    browsers = [Browser(two_workers, {SESSION: key}, claims(n, f"203.0.113.{n}")) for n, key in enumerate(keys)]
    forms = [filled(browser, crowd["leaflets"][1], SAME_POSTCODE[n % len(SAME_POSTCODE)]) for n, browser in enumerate(browsers)]
    taken = [(browser, form) for browser, form in zip(browsers, forms, strict=True) if form]
    assert len(taken) > may + 1  # a form may refuse a way of typing; then there is no order
    assert statuses(pressed_at_once(*zip(*taken, strict=True))) == {302: may, 429: len(taken) - may}


def test_a_person_places_as_many_orders_as_they_may_from_wherever(two_workers: Site, crowd: dict[str, Any]) -> None:
    """Somebody of whom no other test here knows."""
    may, key = most(allowances.ACCOUNT_RATE_LIMIT), crowd["sessions"][-1]
    answers = []
    for n in range(may + 2):
        browser = Browser(two_workers, {SESSION: key}, claims(n, f"203.0.113.{100 + n}"))
        answers.append(browser.post(CHECK, filled(browser, crowd["leaflets"][2], f"BD1 {n + 1}AA")))
    assert statuses(answers) == {302: may, 429: 2}


def choose(site: Site, presentation: str, network: str) -> Callable[[range], list[int]]:
    where, when = (reverse(f"book_{step}", args=[presentation]) for step in ("where", "when"))

    def tries(numbers: range) -> list[int]:
        browser = Browser(site)
        browser.post(where, {"format": "online", **DETAILS})
        starts = re.findall(r'name="start"[^>]*value="([^"]+)"', browser.get(when).text)
        found = []
        for n in numbers:
            browser.claims = claims(n, network)
            found.append(browser.post(when, {"start": starts[n % min(len(starts), 6)]}).status)
        return found

    return tries


def test_a_network_chooses_as_many_times_to_book_as_it_may(two_workers: Site, crowd: dict[str, Any]) -> None:
    """By visitors who are not signed in, and hold a time each."""
    may = HOLD_RATE_LIMIT[0]
    with ThreadPoolExecutor(3) as pool:
        each = may // 3 + 3
        parts = [range(n * each, (n + 1) * each) for n in range(3)]
        found = [
            status for part in pool.map(choose(two_workers, crowd["presentation"], "203.0.113.62"), parts) for status in part
        ]
    assert found.count(429) == len(found) - may


def test_a_mailbox_gets_no_more_codes_for_being_written_otherwise(
    server: Server, two_workers: Site, crowd: dict[str, Any]
) -> None:
    """From a network of its own each time."""
    ways = [*SAME_MAILBOX, *SAME_MAILBOX]
    browsers = [Browser(two_workers, {}, claims(n, f"198.18.0.{n}")) for n in range(len(ways))]
    [(last,)] = server.query("SELECT max(id) FROM notifications_notification")
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda browser, login: browser.post(reverse("account_login"), {"login": login}), browsers, ways))
    assert max(answer.status for answer in answers) < 500
    sent = "SELECT count(*) FROM notifications_notification WHERE is_account_mail AND id > %s"
    assert server.query(sent, last) == [(3,)]


def test_a_password_is_guessed_at_as_often_as_it_may_from_wherever(two_workers: Site, crowd: dict[str, Any]) -> None:
    """One mailbox, however it is written, and each guess from a network of its own."""
    ways = ["nadia@leeds.nhs.uk", "NADIA@leeds.nhs.uk", "Nadia@Leeds.NHS.uk", " nadia@leeds.nhs.uk "] * 3
    browsers = [Browser(two_workers, {}, claims(n, f"198.19.0.{n}")) for n in range(len(ways))]
    path = reverse("account_login_password")
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda browser, login: browser.post(path, guess(login)), browsers, ways))
    assert Counter("too often" in answer.text for answer in answers) == {False: GUESSES, True: len(ways) - GUESSES}


def guess(login: str) -> dict[str, str]:
    return {"login": login, "password": "wrong-wrong-wrong"}


def test_a_network_downloads_as_much_as_it_may_whatever_it_claims(
    server: Server, two_workers: Site, crowd: dict[str, Any]
) -> None:
    """All but three of its downloads were made before."""
    path, keys = reverse("leaflet_download", args=[crowd["leaflets"][0]]), "SELECT key FROM accounts_ratelimit"
    before = set(server.query(keys))
    browsers = [Browser(two_workers, {}, claims(n, "203.0.113.63")) for n in range(9)]
    assert browsers[0].ask("HEAD", path, "", []).status == 200
    [(key,)] = set(server.query(keys)) - before
    server.query("UPDATE accounts_ratelimit SET hits = %s WHERE key = %s", allowances.DOWNLOAD_RATE_LIMIT[0] - 3, key)
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda browser: browser.ask("HEAD", path, "", []), browsers[1:]))
    assert statuses(answers) == {200: 3, 429: 5}
