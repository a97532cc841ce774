"""The admin in our clothes: the row of actions, the page that asks, and nothing that the content policy would stop."""

from typing import Any
from urllib.parse import urljoin

import pytest
from django.contrib.auth.models import Permission
from django.test import Client

from professionals.models import RecognisedDomain
from tests.bookings.rows import make_presenter
from tests.face.page import Page
from tests.factories import make_organisation, make_person, make_staff, sign_in_staff
from tests.leaflets.factories import make_leaflet

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


def test_first_page_has_the_lists_in_the_order_of_the_product_and_no_log(staff: Client) -> None:
    page = read(staff, "/staff/")
    assert page.one("h1").text == "Today"
    assert [heading.text for heading in page.all("h3", "lists__title")] == [
        "Bookings",
        "Open sessions",
        "Leaflets",
        "Packing",
        "Reach",
        "Guidance",
        "Messages",
        "People",
        "Data protection",
        "Settings",
    ]
    assert [item.text for item in page.all("li", "lists__item")][-6:] == [
        "Recognised domains Add to Recognised domains",
        "Imports of old records Add to Imports of old records",
        "Bank holidays",
        "First-run check",
        "Texts of emails and pages",
        "Settings of the site",
    ]
    assert "Recent actions" not in page.one("main").text


def test_first_page_offers_what_a_caller_waits_for(staff: Client) -> None:
    page = read(staff, "/staff/")
    assert [(a.text, a.attrs["href"]) for a in page.all("a", "staff-button")] == [
        ("Book for a caller", "/staff/bookings/booking/add/"),
        ("Order for a caller", "/staff/leaflets/order/add/"),
        ("Start a packing session", "/staff/leaflets/packingsession/add/"),
    ]


def test_first_page_takes_at_most_twelve_statements_with_a_role_as_with_every_right(
    client: Client, django_assert_max_num_queries: Any
) -> None:
    coordinator = make_staff(superuser=False)
    coordinator.user_permissions.set(Permission.objects.all())
    for user in (coordinator, make_staff()):
        sign_in_staff(client, user)
        with django_assert_max_num_queries(12):
            read(client, "/staff/")


def test_menu_leads_to_the_lists_of_every_day_and_marks_the_one_a_page_belongs_to(staff: Client) -> None:
    page = read(staff, "/staff/professionals/person/add/")
    daily = page.all("a", "menu__link")
    assert [a.text for a in daily] == ["Bookings", "Calendar", "Open sessions", "Orders", "Packing", "Messages", "People"]
    assert [a.text for a in daily if "aria-current" in a.attrs] == ["People"]


def test_menu_shows_only_what_a_person_may_see(client: Client) -> None:
    viewer = make_staff(superuser=False)
    viewer.user_permissions.add(Permission.objects.get(codename="view_organisation"))
    menu = read(sign_in_staff(client, viewer), "/staff/").one("nav", "menu")
    assert menu.text == "Organisations All lists People Organisations"


def test_pages_are_called_after_what_they_show(staff: Client) -> None:
    organisation = make_organisation("Leeds Health Visiting")
    top = "/staff/professionals/organisation/"
    for path, title in {
        top: "Organisations",
        f"{top}add/": "Add organisation",
        f"{top}{organisation.pk}/change/": "Leeds Health Visiting",
        f"{top}{organisation.pk}/history/": "History of Leeds Health Visiting",
        "/staff/auth/group/": "Roles",
        "/staff/accounts/user/": "Accounts",
    }.items():
        page = read(staff, path)
        assert (page.one("h1").text, page.one("title").text) == (title, f"{title} – CTAC staff")


def test_the_way_back_leads_through_the_list_and_the_object(staff: Client) -> None:
    organisation = make_organisation("Leeds Health Visiting")
    page = read(staff, MERGE.format(organisation.pk))
    crumbs = page.one("ol", "crumbs__list")
    assert [(a.text, a.attrs["href"]) for a in page.all("a") if crumbs in a.inside] == [
        ("Staff site", "/staff/"),
        ("Organisations", "/staff/professionals/organisation/"),
        ("Leeds Health Visiting", CHANGE.format(organisation.pk)),
    ]


def test_filters_fold_away_and_say_what_is_in_use_with_a_way_out(staff: Client) -> None:
    page = read(staff, "/staff/professionals/person/?profession__exact=midwife&q=Sam")
    assert "open" not in page.one("details", "filters__all").attrs
    assert page.one("summary", "filters__summary").text == "Filter 1 in use"
    used = page.one("li", "filters__one")
    assert used.text.startswith("Profession: Midwife Remove")
    assert [a.attrs["href"] for a in page.all("a") if used in a.inside] == ["?q=Sam"]


def test_a_list_without_a_filter_in_use_says_nothing_of_it(staff: Client) -> None:
    page = read(staff, "/staff/professionals/person/")
    assert page.one("summary", "filters__summary").text == "Filter"
    assert page.all("ul", "filters__used") == []


def test_every_cell_of_a_list_carries_the_heading_of_its_column(staff: Client) -> None:
    make_person(name="Sam Taylor")
    page = read(staff, "/staff/professionals/person/")
    headings = [th.text for th in page.all("th", scope="col")]
    cells = [e for e in page.elements if e.attrs.get("role") in {"cell", "rowheader"}]
    assert [cell.attrs["data-label"] for cell in cells] == headings
    assert page.one("th", role="rowheader").text == "Sam Taylor"


def test_a_heading_and_a_value_are_escaped_in_a_cell(staff: Client) -> None:
    make_organisation("<b>Leeds</b>")
    assert read(staff, "/staff/professionals/organisation/").one("th", role="rowheader").text == "<b>Leeds</b>"


def test_what_staff_wrote_is_escaped_in_a_help_text(staff: Client) -> None:
    topic = "<img src=x onerror=alert(1)>"
    page = read(staff, f"/staff/leaflets/leaflet/{make_leaflet(topics=topic).pk}/change/")
    assert page.one(id="id_topics_helptext").text == f"One topic a line. In use so far: {topic}."
    assert page.all("img", src="x") == []


def test_what_can_be_wider_than_the_screen_scrolls_and_takes_the_focus(staff: Client) -> None:
    make_organisation()
    region = read(staff, "/staff/professionals/organisation/").one("div", "results")
    assert (region.attrs["role"], region.attrs["tabindex"], region.attrs["aria-label"]) == (
        "region",
        "0",
        "Table of Organisations",
    )


def test_errors_of_a_form_and_of_its_rows_stand_in_one_summary_whose_links_land(staff: Client) -> None:
    rows = {"availability-TOTAL_FORMS": "1", "availability-INITIAL_FORMS": "0", "availability-0-start": "10:00"}
    page = Page(staff.post("/staff/bookings/presenter/add/", rows).content.decode())
    summary = page.one("div", "govuk-error-summary")
    links = [a.attrs["href"] for a in page.all("a") if summary in a.inside]
    assert {"#id_name", "#id_availability-0-weekday"} <= set(links)
    assert {link[1:] for link in links} <= set(page.ids)
    assert page.one("title").text == "Error: Add presenter – CTAC staff"
    assert "Please correct" not in page.one("main").text


def test_nothing_but_the_summary_asks_for_the_focus_after_an_error(staff: Client) -> None:
    page = Page(staff.post("/staff/professionals/organisation/add/", {"typed": ""}).content.decode())
    assert "data-model-name" not in page.one("script", id="django-admin-form-add-constants").attrs
    assert (
        "data-model-name"
        in read(staff, "/staff/professionals/organisation/add/").one("script", id="django-admin-form-add-constants").attrs
    )


def test_forms_go_to_their_own_address_without_a_fragment(staff: Client) -> None:
    organisation = make_organisation()
    for path in (MERGE.format(organisation.pk), "/staff/professionals/organisation/add/", "/staff/leaflets/order/add/"):
        page = read(staff, path)
        main = page.one("main")
        assert [form.attrs["action"] for form in page.all("form", method="post") if main in form.inside] == [path]


def test_staff_pages_share_the_script_of_the_public_ones(staff: Client) -> None:
    sources = [script.attrs["src"] for script in read(staff, "/staff/").all("script")]
    assert sources == ["/static/js/page.js", "/static/js/staff.js"]


def test_times_and_days_are_filled_in_as_people_type_them(staff: Client) -> None:
    page = read(staff, f"/staff/bookings/presenter/{make_presenter().pk}/change/")
    shown = {name: page.one("input", id=f"id_availability-0-{name}").attrs["value"] for name in ("start", "end", "valid_from")}
    assert shown == {"start": "9am", "end": "5pm", "valid_from": "1 1 2026"}


def test_a_form_has_one_button_that_saves_and_no_icon_that_needs_a_script(staff: Client) -> None:
    page = read(staff, f"/staff/bookings/presenter/{make_presenter().pk}/change/")
    assert [button.attrs["name"] for button in page.all("input", type="submit")] == ["_save"]
    assert page.all("a", "related-widget-wrapper-link") == []
    assert "Add another weekday" in page.one("div", id="availability-group").attrs["data-inline-formset"]


def test_deleting_names_what_goes_and_has_a_way_back_without_scripts(staff: Client) -> None:
    domain = RecognisedDomain.objects.create(domain="ward.example")
    change = f"/staff/professionals/recogniseddomain/{domain.pk}/change/"
    page = read(staff, change.replace("change", "delete"))
    assert page.one("h1").text == "Delete ward.example"
    assert page.one("button", "govuk-button--warning").text == "Delete ward.example"
    assert "ward.example" in page.one("ul", "goes").text
    assert change in [a.attrs.get("href") for a in page.all("a") if page.one("main") in a.inside]


def test_deleting_the_ticked_rows_asks_first_and_then_does_it(staff: Client) -> None:
    RecognisedDomain.objects.all().delete()
    ticked = [RecognisedDomain.objects.create(domain=f"{name}.example").pk for name in ("ward", "school")]
    answer = {"action": "delete_selected", "_selected_action": [str(pk) for pk in ticked]}
    path = "/staff/professionals/recogniseddomain/"
    page = Page(staff.post(path, answer).content.decode())
    assert page.one("button", "govuk-button--warning").text == "Delete these 2 rows"
    assert RecognisedDomain.objects.count() == 2
    staff.post(path, {**answer, "post": "yes"})
    assert RecognisedDomain.objects.count() == 0


def test_after_signing_out_one_may_sign_in_again(staff: Client) -> None:
    page = Page(staff.post("/staff/logout/").content.decode())
    assert page.one("h1").text == "You are signed out"
    assert page.all("nav", "menu") == []
    assert page.one("a", "staff-button").attrs["href"] == "/staff/"


def test_a_page_of_one_app_has_its_lists(staff: Client) -> None:
    page = read(staff, "/staff/leaflets/")
    assert page.one("h1").text == "Leaflets"
    assert "Stock movements" in page.one("main").text


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
    buttons = page.all("a", "actions-row__button")
    assert [button.text for button in buttons] == ["Merge another organisation into this one", "Add a role mailbox"]
    for button in buttons:
        assert staff.get(urljoin(CHANGE.format(organisation.pk), button.attrs["href"])).status_code == 200


def test_action_page_asks_and_its_button_is_named_after_it(staff: Client) -> None:
    organisation = make_organisation("Leeds Health Visiting")
    page = read(staff, MERGE.format(organisation.pk))
    assert page.one("h1").text == "Merge another organisation into this one"
    assert page.one("button", "govuk-button").text == "Find"  # the other one first
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
    page = read(staff, "/staff/leaflets/order/add/?person=")
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
