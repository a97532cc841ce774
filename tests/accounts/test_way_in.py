"""Signing in as a page: one for all, and, in the middle of a booking or an order, the word that nothing is lost."""

import pytest
from django.test import Client

from tests.face.page import Page

pytestmark = pytest.mark.django_db
PAGES = ["/account/login/", "/account/login/password/"]
KEPT = "What you typed is kept."


def read(client: Client, path: str) -> Page:
    page = Page(client.get(path).content.decode())
    assert page.mistakes == []
    return page


def test_it_is_one_way_for_all_with_one_main_button(client: Client) -> None:
    page = read(client, "/account/login/")
    assert page.all("h2") == []
    assert "If you are new here, do the same." in page.one("main").text
    main = page.one("main")
    buttons = [
        (each.text, "govuk-button--secondary" in each.classes) for each in page.all("", "govuk-button") if main in each.inside
    ]
    assert buttons == [("Send me a code", False), ("Use a passkey", True)]


@pytest.mark.parametrize("path", PAGES)
@pytest.mark.parametrize("onward", ["/book/signs/check/", "/order/check/"])
def test_in_the_middle_of_a_form_it_says_that_what_was_typed_is_kept(client: Client, path: str, onward: str) -> None:
    assert KEPT in read(client, f"{path}?next={onward}").one("main").text


@pytest.mark.parametrize("path", [*PAGES, "/account/login/?next=/my/"])
def test_otherwise_it_says_nothing_of_the_kind(client: Client, path: str) -> None:
    assert KEPT not in read(client, path).one("main").text


def test_the_code_page_says_it_too(client: Client) -> None:
    answer = client.post("/account/login/", {"login": "nobody@leeds.nhs.uk", "next": "/book/signs/check/"}, follow=True)
    page = Page(answer.content.decode())
    assert page.one("h1").text == "Check your email"
    assert KEPT in page.one("main").text


def test_each_way_keeps_where_the_person_was_going(client: Client) -> None:
    page = read(client, "/account/login/?next=/order/check/")
    ways = {a.text: a.attrs["href"] for a in page.all("a")}
    assert ways["Sign in with a password instead"] == "/account/login/password/?next=%2Forder%2Fcheck%2F"
