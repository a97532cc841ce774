"""The pages that belong to no app: well formed, quick, current, and the same help on each."""

import itertools
from typing import Any

import pytest
from django.conf import settings
from django.contrib.messages import constants
from django.contrib.messages.storage.base import Message
from django.template.loader import render_to_string
from django.test import Client, RequestFactory
from django.utils import timezone

from professionals.safeguarding.advice_line import is_advice_line_open
from tests.face.page import Page
from tests.factories import make_person, make_staff, sign_in

pytestmark = pytest.mark.django_db
PAGES = ["/", "/about/", "/privacy/", "/cookies/", "/accessibility/", "/security/"]


@pytest.fixture(params=PAGES)
def path(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def read(client: Client, path: str) -> Page:
    return Page(client.get(path).content.decode())


def test_page_is_well_formed_current_and_carries_the_same_help(client: Client, path: str, django_assert_num_queries: Any) -> None:
    with django_assert_num_queries(0):
        response = client.get(path)
    assert response.status_code == 200
    page = Page(response.content.decode())
    assert page.mistakes == []
    assert len(page.ids) == len(set(page.ids))
    assert [len(page.all("main")), len(page.all("h1")), len(page.all("header")), len(page.all("footer"))] == [1, 1, 1, 1]
    assert page.one("html").attrs["lang"] == "en-gb"
    levels = [int(e.tag[1]) for e in page.elements if e.tag in {"h1", "h2", "h3", "h4"}]
    assert levels[0] == 1
    assert all(deeper - level <= 1 for level, deeper in itertools.pairwise(levels))
    assert (page.all("a")[0].attrs["href"], page.one("main").id) == ("#main", "main")
    line = page.one("div", "advice-line")
    assert [a.attrs["href"] for a in page.all("a") if line in a.inside] == ["tel:999", "/guidance/", "tel:08088005000"]
    assert page.one("span", "masthead__charity").text == settings.CHARITY["name"]
    foot = page.one("footer").text
    assert "Example Children’s Charity runs this service. Registered charity 0000000. 1 Example Street, London N1 1AA" in foot
    assert f"Help with this website: {settings.SITE_HELP_EMAIL}" in foot
    assert page.one("p", "print-only").text == f"This page: {settings.SITE_URL}{path}"
    assert client.post(path).status_code == 405


def test_no_script_or_style_stands_in_the_page_and_the_content_policy_allows_none(client: Client, path: str) -> None:
    response = client.get(path)
    page = Page(response.content.decode())
    assert page.all("style") == []
    assert [script.attrs.get("src", "") for script in page.all("script")] == ["/static/js/page.js"]
    assert [e for e in page.elements if "style" in e.attrs or any(name.startswith("on") for name in e.attrs)] == []
    assert "default-src 'self'" in response.headers["Content-Security-Policy"]
    assert "unsafe" not in response.headers["Content-Security-Policy"]


@pytest.mark.tuesday
def test_advice_line_hours_and_999_are_on_it(client: Client, path: str) -> None:
    assert read(client, path).one("div", "advice-line").text == (
        "Immediate danger: call 999 Worried about a child? Advice line 0808 800 5000, Monday to Friday, 9.30am to 4.30pm"
    )


def test_title_says_what_the_page_is(client: Client) -> None:
    titles = {read(client, path).one("title").text for path in PAGES}
    assert len(titles) == len(PAGES)
    assert all(title.endswith(" – CTAC") for title in titles)


def test_the_page_one_is_on_is_marked(client: Client) -> None:
    marked = read(client, "/about/").all("a", aria_current="page")
    assert [a.text for a in marked] == ["About us"]


def test_a_section_is_marked_on_the_pages_within(rf: RequestFactory) -> None:
    page = Page(render_to_string("includes/header.html", request=rf.get("/leaflets/social-workers/")))
    assert [a.text for a in page.all("a", aria_current="true")] == ["Leaflets"]


@pytest.mark.parametrize(("path", "marked"), [("/basket/add/one/", ["Leaflets"]), ("/order/check/", ["Basket"])])
def test_a_leaflet_that_could_not_be_added_is_still_of_the_leaflets(rf: RequestFactory, path: str, marked: list[str]) -> None:
    page = Page(render_to_string("includes/header.html", request=rf.get(path)))
    assert [a.text for a in page.all("a", aria_current="true")] == marked


@pytest.mark.parametrize(("copies", "said"), [(0, "Basket"), (1, "Basket (1 copy)"), (25, "Basket (25 copies)")])
def test_a_page_that_knows_the_basket_says_how_much_is_in_it(rf: RequestFactory, copies: int, said: str) -> None:
    page = Page(render_to_string("includes/header.html", {"in_basket": copies}, request=rf.get("/")))
    assert [a.text for a in page.all("a") if a.attrs["href"] == "/basket/"] == [said]


def test_home_has_three_doors_and_one_main_button(client: Client) -> None:
    page = read(client, "/")
    doors = [(a.attrs["href"], a.text) for a in page.all("a", "govuk-button")]
    assert doors == [
        ("/presentations/", "Choose a presentation"),
        ("/sessions/", "Choose a session"),
        ("/leaflets/", "Choose leaflets"),
    ]
    main = [a.text for a in page.all("", "govuk-button") if "govuk-button--secondary" not in a.classes]
    assert main == ["Choose a presentation"]


def test_signed_out_the_way_in_is_shown(client: Client) -> None:
    text = read(client, "/").one("header").text
    assert "Sign in" in text
    assert "My bookings and orders" not in text


def test_signed_in_ones_own_page_and_the_way_out_are_shown(client: Client) -> None:
    page = read(sign_in(client, make_person()), "/")
    assert "My bookings and orders" in page.one("header").text
    assert "Sign out" in page.one("footer").text
    assert "Staff site" not in page.one("footer").text


def test_staff_find_the_staff_site(client: Client) -> None:
    client.force_login(make_staff())
    assert "Staff site" in read(client, "/").one("footer").text


def test_cookies_named_are_the_ones_we_set(client: Client, settings: Any) -> None:
    keys = [dt.text for dt in read(client, "/cookies/").all("dt")]
    assert keys == [
        settings.SESSION_COOKIE_NAME,
        settings.CSRF_COOKIE_NAME,
        settings.DRAFT_COOKIE_NAME,
        settings.BROWSER_COOKIE_NAME,
        settings.LANGUAGE_COOKIE_NAME,
    ]


@pytest.mark.parametrize(
    ("level", "role"),
    [
        (constants.SUCCESS, "status"),
        (constants.INFO, "status"),
        (constants.WARNING, "alert"),
        (constants.ERROR, "alert"),
    ],
)
def test_messages_are_announced(level: int, role: str) -> None:
    page = Page(render_to_string("includes/messages.html", {"messages": [Message(level, "Saved <b>.")]}))
    assert page.one("div").attrs["role"] == role
    assert page.one("p").text == "Saved <b>."


def test_the_first_page_begins_with_a_worry_about_a_child(client: Client) -> None:
    page = read(client, "/")
    assert page.all("h2")[0].text == "Worried about a child now?"
    panel = page.one("section", "worried")
    helpline = [] if is_advice_line_open(timezone.now()) else ["https://www.modernslaveryhelpline.org/", "tel:08000121700"]
    numbers = ["tel:999", "tel:101", "tel:08088005000", *helpline]
    assert [a.attrs["href"] for a in page.all("a") if panel in a.inside] == numbers


@pytest.mark.tuesday
def test_it_says_that_the_advice_line_is_open(client: Client) -> None:
    assert "The line is open now. Monday to Friday, 9.30am to 4.30pm." in read(client, "/").one("section", "worried").text


def test_a_logo_takes_the_place_of_the_mark(rf: RequestFactory, settings: Any, change_settings: Any) -> None:
    settings.CHARITY_LOGO = "/etc/ctac/logo/charity.svg"
    change_settings(site_help_phone="0113 496 0000")
    head = Page(render_to_string("includes/header.html", request=rf.get("/")))
    assert [image.attrs["src"] for image in head.all("img")] == ["/static/charity/charity.svg"]
    assert head.all("svg") == []
    foot = Page(render_to_string("includes/footer.html", request=rf.get("/")))
    assert "tel:01134960000" in [a.attrs["href"] for a in foot.all("a")]
