"""Each form that is open to everyone stops at its limit, whatever a client claims of its address and however it writes one."""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from django.conf import LazySettings
from django.http import HttpResponse
from django.test import Client

from accounts import rate_limits
from leaflets.orders import allowances
from notifications.models import Notification
from tests.factories import make_person
from tests.leaflets.factories import make_edition
from tests.security.payloads import FORGED, SAME_MAILBOX

pytestmark = pytest.mark.django_db

SIGN_IN, BY_PASSWORD, RESET = "/account/login/", "/account/login/password/", "/account/password/reset/"
HOUR = timedelta(hours=1)
Attempt = Callable[[Client, int], HttpResponse]
# By whoever asks, that is, by network address: one try, and how many are let through (some are made few below).
BY_NETWORK: dict[str, tuple[Attempt, int]] = {
    "sign in": (lambda client, n: client.post(SIGN_IN, {"login": f"p{n}@leeds.nhs.uk"}), 60),
    "password": (lambda client, n: client.post(BY_PASSWORD, {"login": f"p{n}@leeds.nhs.uk", "password": "x" * 12}), 60),
    "reset": (lambda client, n: client.post(RESET, {"email": f"p{n}@leeds.nhs.uk"}), 60),
    "link in a mail": (lambda client, n: client.get(f"/links/{n:043d}/"), 3),
    "calendar": (lambda client, n: client.get(f"/calendars/{n:043d}.ics"), 3),
    "download": (lambda client, n: client.get("/leaflets/one/download/"), 3),
}


@pytest.fixture(autouse=True)
def few(monkeypatch: pytest.MonkeyPatch, settings: LazySettings) -> None:
    """One proxy of ours in front, as in production."""
    settings.TRUSTED_PROXY_COUNT = 1
    monkeypatch.setattr("bookings.booking.views.bookings.LINK_RATE_LIMIT", (3, HOUR))
    monkeypatch.setattr("bookings.calendars.views.UNKNOWN_FEED_RATE_LIMIT", (3, HOUR))
    monkeypatch.setattr(allowances, "DOWNLOAD_RATE_LIMIT", (3, HOUR))


def stopped(response: HttpResponse) -> bool:
    said = b"".join(response) if response.streaming else response.content  # a file is closed by being read to its end
    return response.status_code == 429 or b"tried too often" in said


def passed(attempt: Attempt, headers: Callable[[int], str], tries: int) -> int:
    """How many tries get through, each by a new browser that claims something else of where it is."""
    found = [stopped(attempt(Client(HTTP_X_FORWARDED_FOR=headers(n), REMOTE_ADDR="10.0.0.1"), n)) for n in range(tries)]
    return found.count(False)


@pytest.mark.parametrize("form", BY_NETWORK)
def test_a_network_gets_as_many_tries_as_its_limit_whatever_it_claims(form: str, now: datetime) -> None:
    """Each forged header stands before what our proxy adds, as a proxy that appends hands it on."""
    make_edition(now, slug="one")
    attempt, most = BY_NETWORK[form]
    assert passed(attempt, lambda n: f"{FORGED[n % len(FORGED)].format(n=n)}, 203.0.113.9", most + 5) == most
    assert not stopped(attempt(Client(HTTP_X_FORWARDED_FOR="203.0.113.10", REMOTE_ADDR="10.0.0.1"), 999))


def test_without_a_proxy_of_ours_nothing_that_is_forwarded_counts(settings: LazySettings) -> None:
    settings.TRUSTED_PROXY_COUNT = 0
    assert passed(BY_NETWORK["link in a mail"][0], lambda n: FORGED[n % len(FORGED)].format(n=n), 8) == 3


@pytest.mark.parametrize("claimed", FORGED)
def test_no_claim_breaks_the_reading_of_an_address(claimed: str, rf: object) -> None:
    for count in (0, 1, 2, 50):
        request = rf.get("/", REMOTE_ADDR="203.0.113.9", HTTP_X_FORWARDED_FOR=claimed.format(n=7))  # type: ignore[attr-defined]
        assert isinstance(rate_limits.client_ip(request), str), count


@pytest.mark.parametrize("odd", ["fe80::1%eth0", "::1", "::ffff:203.0.113.9", "203.0.113.9:443", "[::1]:80", "", "x" * 5000])
def test_what_a_proxy_may_hand_on_is_one_network_or_an_unknown_one(odd: str, rf: object) -> None:
    known = {"fe80::1%eth0": "fe80::/64", "::1": "::/64", "::ffff:203.0.113.9": "203.0.113.9"}
    assert rate_limits.client_ip(rf.get("/", REMOTE_ADDR=odd)) == known.get(odd, rate_limits.UNKNOWN_CLIENT)  # type: ignore[attr-defined]


@pytest.mark.parametrize("form", ["sign in", "reset"])
def test_a_mailbox_gets_no_more_mail_for_being_written_otherwise(form: str) -> None:
    """From a network of its own each time. What no address may look like is refused and sends nothing at all."""
    make_person(email="nadia@leeds.nhs.uk")
    field = {"sign in": "login"}.get(form, "email")
    path = {"sign in": SIGN_IN, "reset": RESET}[form]
    for n, written in enumerate(SAME_MAILBOX * 2):
        client = Client(HTTP_X_FORWARDED_FOR=f"203.0.113.{n}", REMOTE_ADDR="10.0.0.1")
        client.post(path, {field: written})
    most = {"sign in": 3, "reset": 5}[form]
    assert Notification.objects.filter(is_account_mail=True).count() == most


@pytest.mark.parametrize("written", SAME_MAILBOX)
def test_guesses_at_a_password_count_for_the_mailbox(written: str) -> None:
    person = make_person(email="nadia@leeds.nhs.uk")
    assert person.user is not None
    person.user.set_password("two-kettles-one-plug")
    person.user.save()
    for n in range(6):  # the sixth is stopped
        client = Client(HTTP_X_FORWARDED_FOR=f"203.0.113.{n}", REMOTE_ADDR="10.0.0.1")
        client.post(BY_PASSWORD, {"login": "nadia@leeds.nhs.uk", "password": "wrong-wrong-wrong"})
    answer = Client(REMOTE_ADDR="192.0.2.1").post(BY_PASSWORD, {"login": written, "password": "two-kettles-one-plug"})
    assert answer.status_code == 200  # where 302 would be signed in


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("a:nadia@leeds.nhs.uk", "A:NÁDIA@LEEDS.NHS.UK", True),
        ("a:nadia@leeds.nhs.uk", "a:nad\u00adia@leeds.nhs.uk", True),
        ("a:nadia@leeds.nhs.uk", "a:ｎadia@leeds.nhs.uk", True),
        ("a:strasse", "a:straße", True),
        ("a:nadia@leeds.nhs.uk", "a:nadja@leeds.nhs.uk", False),
        ("a:1", "a:2", False),
    ],
)
def test_keys_are_the_same_for_what_looks_the_same(one: str, other: str, same: bool) -> None:
    assert (rate_limits.hash_key(one) == rate_limits.hash_key(other)) is same


@pytest.mark.parametrize(
    ("address", "whose"),
    [("a+b@x.uk", "a@x.uk"), ("a+b+c@x.uk", "a@x.uk"), ("+b@x.uk", "+b@x.uk"), ("a@x.uk", "a@x.uk"), ("a", "a")],
)
def test_what_follows_a_plus_is_the_same_mailbox(address: str, whose: str) -> None:
    assert rate_limits.mailbox_of(address) == whose
