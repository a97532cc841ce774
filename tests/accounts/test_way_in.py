"""Signing in as a page: one for all, and, in the middle of a booking or an order, the word that nothing is lost."""

import hashlib
import secrets
from datetime import timedelta

import pytest
from django.conf import settings
from django.test import Client
from django.utils import timezone

from professionals.models import Draft
from tests.face.page import Page

pytestmark = pytest.mark.django_db
PAGES = ["/account/login/", "/account/login/password/"]
ONWARD = ["/book/signs/check/", "/order/check/"]
KEPT, NOT_KEPT = "We have kept what you typed.", "We could not keep what you typed."


def read(client: Client, path: str) -> Page:
    page = Page(client.get(path).content.decode())
    assert page.mistakes == []
    return page


def test_it_is_one_way_for_all_with_one_main_button(client: Client) -> None:
    page = read(client, "/account/login/")
    assert page.all("h2") == []
    assert "If you are new here, do the same to create a free account." in page.one("main").text
    main = page.one("main")
    buttons = [
        (each.text, "govuk-button--secondary" in each.classes) for each in page.all("", "govuk-button") if main in each.inside
    ]
    assert buttons == [("Send me a code", False), ("Use a passkey", True)]


@pytest.fixture
def typed(client: Client) -> Draft:
    """What this browser has typed into the pages of a booking."""
    secret = secrets.token_urlsafe(32)
    client.cookies[settings.DRAFT_COOKIE_NAME] = secret
    key, expires = hashlib.sha256(secret.encode()).hexdigest(), timezone.now() + timedelta(hours=1)
    return Draft.objects.create(kind="booking", key_hash=key, answers={"where": {}}, token=secret, expires_at=expires)


@pytest.mark.parametrize("path", PAGES)
@pytest.mark.parametrize("onward", ONWARD)
def test_in_the_middle_of_a_form_it_says_that_what_was_typed_is_kept(
    client: Client, typed: Draft, path: str, onward: str
) -> None:
    assert KEPT in read(client, f"{path}?next={onward}").one("main").text
    # But not of what has gone meanwhile.
    Draft.objects.update(expires_at=timezone.now())
    said = read(client, f"{path}?next={onward}").one("main").text
    assert (KEPT in said, NOT_KEPT in said) == (False, False)


@pytest.mark.parametrize("path", PAGES)
@pytest.mark.parametrize("onward", ONWARD)
def test_to_a_browser_without_cookies_it_says_that_nothing_is_kept_and_what_to_do(path: str, onward: str) -> None:
    said = read(Client(), f"{path}?next={onward}").one("main").text
    assert (KEPT in said, NOT_KEPT in said) == (False, True)
    for words in ("This browser sends us no cookies", "Allow cookies for this site", "call us on 0808 800 5000"):
        assert words in said


def test_a_form_sent_without_cookies_says_what_to_do() -> None:
    client = Client(enforce_csrf_checks=True)
    refused = client.post("/account/login/", {"login": "nobody@leeds.nhs.uk"})
    said = Page(refused.content.decode()).one("main").text
    assert refused.status_code == 403
    for words in (
        "This browser keeps no cookies for our site.",
        "Allow cookies for this site",
        "call our advice line on 0808 800 5000",
    ):
        assert words in said
    client.get("/account/login/")
    said = Page(client.post("/account/login/", {"login": "nobody@leeds.nhs.uk"}).content.decode()).one("main").text
    assert ("This page had been open for too long" in said, "keeps no cookies" in said) == (True, False)


@pytest.mark.parametrize("path", [*PAGES, "/account/login/?next=/my/"])
def test_otherwise_it_says_nothing_of_the_kind(client: Client, path: str) -> None:
    assert KEPT not in read(client, path).one("main").text


def test_the_code_page_says_it_too(client: Client, typed: Draft) -> None:
    answer = client.post("/account/login/", {"login": "nobody@leeds.nhs.uk", "next": "/book/signs/check/"}, follow=True)
    page = Page(answer.content.decode())
    assert page.one("h1").text == "Check your email"
    assert KEPT in page.one("main").text


def test_each_way_keeps_where_the_person_was_going(client: Client) -> None:
    page = read(client, "/account/login/?next=/order/check/")
    ways = {a.text: a.attrs["href"] for a in page.all("a")}
    assert ways["Sign in with a password instead"] == "/account/login/password/?next=%2Forder%2Fcheck%2F"
