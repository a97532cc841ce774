"""The same time for an address with an account as for one without, against a live server: medians of 30 within 50 ms; and of
500 pairs of sign-ins no difference of a millisecond that chance does not explain.

Runs with SECURITY=1 only, on a machine that does nothing else.
"""

import os
import statistics
import time
from collections.abc import Callable, Iterator
from itertools import count

import pytest

from tests.live.clients import Client, inside
from tests.live.stack import Live

pytestmark = pytest.mark.skipif(not os.environ.get("SECURITY"), reason="measures time: SECURITY=1 runs it")

ACCOUNTS = "tests.security.timing.accounts"
TIMES, WARM_UP, PAIRS = 30, 3, 500
WITHIN, PAIRS_WITHIN = 0.050, 0.001  # seconds
FORMS: dict[str, tuple[str, Callable[[str], dict[str, str]]]] = {
    "sign-in by code": ("/account/login/", lambda email: {"login": email}),
    "sign-in by password": ("/account/login/password/", lambda email: {"login": email, "password": "not this one"}),
    "reset": ("/account/password/reset/", lambda email: {"email": email}),
    "change of address": ("/account/email/", lambda email: {"email": email}),
}


@pytest.fixture(scope="module")
def known(live: Live) -> Iterator[str]:
    """Each address is asked for once, so that no limit is met."""
    return iter(inside(live, ACCOUNTS, "make_known", (TIMES + WARM_UP) * len(FORMS) + PAIRS + WARM_UP))


@pytest.fixture(scope="module")
def session(live: Live) -> str:
    return str(inside(live, ACCOUNTS, "open_session"))


unknown = (f"other{number}@timing.nhs.uk" for number in count())


def seconds_for(client: Client, form: str, email: str) -> float:
    """From pressing the button to the end of the answer; the page was there before."""
    path, fields = FORMS[form]
    typed = fields(email)
    page = client.get(path).form(*typed)
    start = time.perf_counter()
    answer = client.send(path, page, **typed)
    took = time.perf_counter() - start
    assert answer.status == (200 if "password" in typed else 302), (form, answer.outcome)
    assert "too often" not in answer.text
    return took


@pytest.mark.parametrize("form", FORMS)
def test_a_known_and_an_unknown_address_take_the_same_time(live: Live, known: Iterator[str], session: str, form: str) -> None:
    """Asked in turn, so that whatever slows the machine slows both."""
    taken: dict[str, list[float]] = {"known": [], "unknown": []}
    for number in range(TIMES + WARM_UP):
        for sort, emails in (("known", known), ("unknown", unknown)):
            live.query("DELETE FROM accounts_ratelimit")  # limits by network address are for strangers who try many
            client = Client(live.base_url, session=session if form == "change of address" else "")
            took = seconds_for(client, form, next(emails))
            if number >= WARM_UP:
                taken[sort].append(took)
    medians = {sort: statistics.median(times) for sort, times in taken.items()}
    difference = abs(medians["known"] - medians["unknown"])
    print(f"{form}: known {medians['known'] * 1000:.1f} ms, unknown {medians['unknown'] * 1000:.1f} ms")  # noqa: T201
    assert difference < WITHIN, {sort: f"{seconds * 1000:.1f} ms" for sort, seconds in medians.items()}


def test_five_hundred_pairs_of_sign_ins_show_no_difference(live: Live, known: Iterator[str]) -> None:
    """Each pair side by side, and each sort first in every other: by turns it is the one that finds the machine warm."""
    differences: list[float] = []
    for number in range(PAIRS + WARM_UP):
        taken: dict[str, float] = {}
        pair = [("known", known), ("unknown", unknown)]
        for sort, emails in pair if number % 2 else reversed(pair):
            live.query("DELETE FROM accounts_ratelimit")
            taken[sort] = seconds_for(Client(live.base_url, session=""), "sign-in by code", next(emails))
        if number >= WARM_UP:
            differences.append(taken["known"] - taken["unknown"])
    differences.sort()
    middle, far = PAIRS // 2, int(1.96 * PAIRS**0.5 / 2)  # 95% of such runs have the true median between these two
    low, median, high = differences[middle - far], differences[middle], differences[middle + far]
    print(f"{PAIRS} pairs: known is {median * 1000:.2f} ms slower (95%: {low * 1000:.2f} to {high * 1000:.2f})")  # noqa: T201
    assert low < PAIRS_WITHIN
    assert high > -PAIRS_WITHIN
