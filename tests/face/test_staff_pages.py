"""The admin in our clothes: the row of actions, the page that asks, and nothing that the content policy would stop."""

from urllib.parse import urljoin

import pytest
from django.test import Client

from tests.face.page import Page
from tests.factories import make_organisation, make_staff, sign_in_staff

pytestmark = pytest.mark.django_db
CHANGE = "/staff/professionals/organisation/{}/change/"
MERGE = "/staff/professionals/organisation/{}/do/merge/"


@pytest.fixture
def staff(client: Client) -> Client:
    return sign_in_staff(client, make_staff())


def read(client: Client, path: str) -> Page:
    response = client.get(path)
    assert response.status_code == 200
    return Page(response.content.decode())


def test_first_page_lists_what_is_kept_and_no_log(staff: Client) -> None:
    page = read(staff, "/staff/")
    assert page.one("h1").text == "Staff site"
    assert "Organisations" in page.one("main").text
    assert "Recent actions" not in page.one("main").text


def test_signing_out_is_a_button_that_posts(staff: Client) -> None:
    form = read(staff, "/staff/").one("form", id="logout-form")
    assert (form.attrs["method"], form.attrs["action"]) == ("post", "/staff/logout/")


def test_our_stylesheet_comes_last(staff: Client) -> None:
    organisation = make_organisation()
    for path in ("/staff/", CHANGE.format(organisation.pk), "/staff/professionals/organisation/"):
        sheets = [link.attrs["href"] for link in read(staff, path).all("link", rel="stylesheet")]
        assert sheets[-1] == "/static/css/admin.css"


def test_nothing_inline_for_the_content_policy_to_stop(staff: Client) -> None:
    organisation = make_organisation()
    paths = ["/staff/", "/staff/professionals/organisation/", CHANGE.format(organisation.pk), MERGE.format(organisation.pk)]
    for path in paths:
        page = read(staff, path)
        assert page.all("style") == []
        assert [script for script in page.all("script") if not script.attrs.get("src")] == []
        assert [e for e in page.elements if "style" in e.attrs or any(name.startswith("on") for name in e.attrs)] == []


def test_actions_stand_in_a_row_and_lead_to_their_pages(staff: Client) -> None:
    organisation = make_organisation()
    page = read(staff, CHANGE.format(organisation.pk))
    button = page.one("a", "actions-row__button")
    assert button.text == "Merge another organisation into this one"
    assert staff.get(urljoin(CHANGE.format(organisation.pk), button.attrs["href"])).status_code == 200


def test_action_page_asks_and_its_button_is_named_after_it(staff: Client) -> None:
    organisation = make_organisation("Leeds Health Visiting")
    page = read(staff, MERGE.format(organisation.pk))
    assert page.one("h1").text == "Merge another organisation into this one"
    assert page.one("button", "govuk-button").text == "Merge another organisation into this one"
    assert "Leeds Health Visiting" in page.one("main").text
    assert CHANGE.format(organisation.pk) in [a.attrs.get("href") for a in page.all("a")]


def test_action_page_shows_errors_beside_the_field_and_in_the_summary(staff: Client) -> None:
    organisation = make_organisation()
    page = Page(staff.post(MERGE.format(organisation.pk), {"name": ""}).content.decode())
    summary = page.one("div", "govuk-error-summary")
    links = [a.attrs["href"] for a in page.all("a") if summary in a.inside]
    assert links
    assert {link[1:] for link in links} <= set(page.ids)
    assert page.one("title").text.startswith("Error: ")


def test_a_page_for_a_caller_is_drawn_by_the_same_pack(staff: Client) -> None:
    page = read(staff, "/staff/leaflets/order/add/")
    labelled = {label.attrs.get("for") for label in page.all("label")}
    boxes = [e for e in page.all("input") + page.all("select") if e.attrs.get("type") not in {"hidden", "submit", "search"}]
    assert page.one("div", "staff-form")
    assert {box.id for box in boxes if box.id.startswith("id_")} <= labelled


def test_search_has_its_label_in_words(staff: Client) -> None:
    make_organisation()
    page = read(staff, "/staff/professionals/organisation/")
    assert page.one("label", for_="searchbar").text == "Search"


def test_every_box_of_a_row_under_an_object_has_a_label(staff: Client) -> None:
    page = read(staff, "/staff/bookings/presenter/add/")
    assert page.mistakes == []
    boxes = [e for e in page.elements if e.tag in {"input", "select"} and e.id.startswith("id_availability-0-")]
    visible = [box for box in boxes if box.attrs.get("type") != "hidden"]
    labelled = {label.attrs.get("for") for label in page.all("label")}
    assert len(visible) >= 5
    assert {box.id for box in visible} <= labelled
