"""When something is wrong: a page of its own that says what to do and whom to call."""

from collections.abc import Callable

import pytest
from django.conf import settings
from django.http import HttpResponse
from django.template.loader import render_to_string
from django.test import Client, RequestFactory, override_settings

from ctac import views
from tests.face.page import Page

PHONE = "0808 800 5000"


@pytest.mark.parametrize(
    ("view", "status", "heading"),
    [
        (views.bad_request, 400, "We could not read that request"),
        (views.forbidden, 403, "You can’t open this page"),
        (views.not_found, 404, "We can’t find that page"),
        (views.too_many_requests, 429, "Please wait a little"),
        (views.csrf_failure, 403, "Please send that again"),
        (views.server_error, 500, "Sorry, something went wrong"),
    ],
)
def test_each_says_what_to_do_and_whom_to_call(
    rf: RequestFactory, view: Callable[..., HttpResponse], status: int, heading: str
) -> None:
    response = view(rf.get("/somewhere/"))
    page = Page(response.content.decode())
    assert response.status_code == status
    assert page.one("h1").text == heading
    assert PHONE in page.one("main").text
    assert settings.SITE_HELP_EMAIL in page.one("main").text
    assert page.mistakes == []


@pytest.mark.parametrize(("path", "way_on"), [("/staff/bookings/booking/", "/staff/"), ("/orders/", "/")])
def test_who_may_not_open_a_page_is_led_back_to_where_they_work(rf: RequestFactory, path: str, way_on: str) -> None:
    page = Page(views.forbidden(rf.get(path)).content.decode())
    main = page.one("main")
    assert next(a.attrs["href"] for a in page.all("a") if main in a.inside) == way_on


def test_an_unknown_address_is_a_404_page(client: Client) -> None:
    response = client.get("/no-such-page/")
    assert response.status_code == 404
    assert Page(response.content.decode()).one("h1").text == "We can’t find that page"


def test_a_form_without_its_token_is_not_taken() -> None:
    response = Client(enforce_csrf_checks=True).post("/account/login/", {"login": "a@b.example"})
    assert response.status_code == 403
    page = Page(response.content.decode())
    assert page.one("h1").text == "Please send that again"
    assert len(page.one("strong", "reference").text) == 8


@override_settings(ROOT_URLCONF="tests.face.urls")
def test_a_crash_shows_its_reference(caplog: pytest.LogCaptureFixture) -> None:
    response = Client(raise_request_exception=False).get("/t/broken/")
    assert response.status_code == 500
    reference = Page(response.content.decode()).one("strong", "reference").text
    assert len(reference) == 8
    assert "on purpose" in caplog.text


def test_the_crash_page_needs_no_request_context_or_database() -> None:
    """pytest-django refuses the database to a test without the mark, and no request means no context processor."""
    page = Page(render_to_string("errors/500.html", {"reference": "1A2B3C4D"}))
    assert page.one("strong", "reference").text == "1A2B3C4D"
    assert PHONE in page.one("main").text
    assert page.mistakes == []


@pytest.mark.django_db
def test_an_address_that_is_not_ours_is_refused_with_the_plain_page(client: Client) -> None:
    """The page must not ask for the very host that is wrong."""
    answer = client.get("/", headers={"host": "somebody.else.example"})
    assert answer.status_code == 400
    assert b"0808 800 5000" in answer.content
