"""One-time codes work once, in the browser that asked, for a few guesses; references and keys follow from nothing."""

from collections import Counter
from collections.abc import Callable
from datetime import datetime
from itertools import pairwise

import pytest
from django.apps import apps
from django.conf import LazySettings
from django.test import Client

from bookings.booking.services.links import make_booking_links
from bookings.calendars.views import feed_token, get_or_create_feed
from bookings.models import LinkPurpose
from core.models import REFERENCE_ALPHABET, random_reference
from professionals.models import Person
from tests.bookings.rows import at, make_booking, make_presenter
from tests.factories import make_person
from tests.professionals.mailing import last_code, mails_to

SIGN_IN, CODE = "/account/login/", "/account/login/code/confirm/"
RESET, RESET_CODE = "/account/password/reset/", "/account/password/reset/confirm/"
OURS = {
    "audit",
    "office",
    "accounts",
    "professionals",
    "privacy",
    "guidance",
    "bookings",
    "leaflets",
    "notifications",
    "reach",
    "account",
}
WRONG = "BBBB-BBBB"


@pytest.fixture
def person(db: None) -> Person:
    return make_person(email="nadia@leeds.nhs.uk")


def asks(person: Person, path: str) -> Client:
    browser = Client()
    browser.post(path, {"login": person.email, "email": person.email})
    return browser


def is_in(browser: Client) -> bool:
    return "_auth_user_id" in browser.session


def may_set_a_password(browser: Client) -> bool:
    return browser.get("/account/password/reset/complete/").status_code == 200


KINDS: dict[str, tuple[str, str, Callable[[Client], bool]]] = {
    "sign in": (SIGN_IN, CODE, is_in),
    "reset": (RESET, RESET_CODE, may_set_a_password),
}
by_kind = pytest.mark.parametrize(("path", "confirm", "worked"), KINDS.values(), ids=KINDS)
Worked = Callable[[Client], bool]


@by_kind
def test_a_code_works_where_it_was_asked_for(person: Person, path: str, confirm: str, worked: Worked) -> None:
    browser = asks(person, path)
    browser.post(confirm, {"code": last_code(person.email)})
    assert worked(browser)


@by_kind
def test_a_code_that_was_used_works_nowhere_again(person: Person, path: str, confirm: str, worked: Worked) -> None:
    browser = asks(person, path)
    code = last_code(person.email)
    browser.post(confirm, {"code": code})
    browser.post("/account/logout/")
    other = asks(person, path)  # who has a code of their own to type
    for again in (browser, Client(), other):
        again.post(confirm, {"code": code})
    assert [worked(again) for again in (Client(), other)] == [False, False]
    if path == SIGN_IN:
        assert not is_in(browser)


@by_kind
def test_a_code_is_no_use_in_another_browser(person: Person, path: str, confirm: str, worked: Worked) -> None:
    mine, theirs = asks(person, path), asks(make_person(email="other@leeds.nhs.uk"), path)
    code = last_code(person.email)
    for browser in (Client(), theirs):
        browser.post(confirm, {"code": code})
        assert not worked(browser)
    mine.post(confirm, {"code": code})
    assert worked(mine)


@by_kind
def test_three_wrong_guesses_end_a_code(person: Person, path: str, confirm: str, worked: Worked) -> None:
    browser = asks(person, path)
    for _ in range(3):
        browser.post(confirm, {"code": WRONG})
    browser.post(confirm, {"code": last_code(person.email)})
    assert not worked(browser)


@by_kind
def test_a_newer_code_ends_the_one_before(person: Person, path: str, confirm: str, worked: Worked) -> None:
    browser = asks(person, path)
    first = last_code(person.email)
    if path == SIGN_IN:
        browser.post(confirm, {"action": "resend"})
    else:
        browser.post(path, {"email": person.email})
    assert last_code(person.email) != first
    browser.post(confirm, {"code": first})
    assert not worked(browser)


@by_kind
def test_codes_of_many_requests_are_all_different(person: Person, path: str, confirm: str, worked: Worked) -> None:
    for _ in range(3):
        asks(person, path)
    texts = {mail.text for mail in mails_to(person.email)}
    assert len(texts) == 3


# References


def test_references_are_evenly_spread_and_in_no_order() -> None:
    """Chi-squared of 25 letters at 6 places: 24 degrees of freedom each, so 80 is beyond one in ten million."""
    made = [random_reference("LO")[3:].replace("-", "") for _ in range(10_000)]
    assert len(set(made)) > 9_990
    for place in range(6):
        counts = Counter(each[place] for each in made)
        expected = len(made) / len(REFERENCE_ALPHABET)
        assert set(counts) == set(REFERENCE_ALPHABET)
        assert sum((counts[letter] - expected) ** 2 / expected for letter in REFERENCE_ALPHABET) < 80
    rising = sum(one < other for one, other in pairwise(made))
    assert 4_700 < rising < 5_300


def test_a_reference_follows_from_nothing_that_can_be_known(settings: LazySettings) -> None:
    """Not from the row, the moment or the secret: with all of them the same, no two are."""
    import random

    made = set()
    for _ in range(20):
        random.seed(1)
        made.add(random_reference("BK"))
    settings.SECRET_KEY = "another"
    assert len(made | {random_reference("BK")}) == 21


# Keys of links


def stored_words() -> str:
    """Every text that the database holds."""
    words = []
    for model in apps.get_models():
        if model._meta.app_label in {
            "audit",
            "accounts",
            "professionals",
            "privacy",
            "bookings",
            "leaflets",
            "notifications",
            "account",
        }:
            words += [str(value) for row in model._default_manager.values_list() for value in row]
    return "\n".join(words)


@pytest.mark.django_db
def test_no_key_of_a_link_lies_in_the_database(now: datetime) -> None:
    owner = make_person()
    booking = make_booking(make_presenter(), at("10:00"), person=owner)
    links = make_booking_links(booking=booking, address=owner.email, purposes=list(LinkPurpose), now=now)
    keys = [link.rstrip("/").split("/")[-1] if "/" in link else link for link in map(str, links.values())]
    keys.append(feed_token(get_or_create_feed(owner=owner, by=owner.user, now=now)))  # type: ignore[arg-type]
    stored = stored_words()
    assert booking.reference in stored
    assert len(set(keys)) == len(LinkPurpose) + 1
    assert [key for key in keys if len(key) < 43 or key in stored] == []


@pytest.mark.django_db
def test_no_code_lies_in_the_outbox_as_it_is_typed(person: Person) -> None:
    asks(person, SIGN_IN)
    code = last_code(person.email)
    stored = stored_words()
    assert person.email in stored
    assert code not in stored
    assert code.replace("-", "") not in stored
