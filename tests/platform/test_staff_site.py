"""What every staff page gets from staff.site: the first page's counts, and actions with weight and a summary."""

import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from django.contrib.auth.models import Group, Permission
from django.db.models import Count
from django.test import Client

from professionals.admin import OrganisationAdmin
from professionals.models import Organisation
from staff.actions import ObjectAction
from staff.model_admin import StaffModelAdmin
from staff.site import staff_site
from staff.today import WaitingLine, count_all
from tests.face.page import Page
from tests.factories import make_organisation, make_person, make_staff, sign_in_staff

pytestmark = pytest.mark.django_db
ORGANISATIONS = "/staff/professionals/organisation/"
REGISTERED = list(staff_site._waiting)


@pytest.fixture
def staff(client: Client) -> Client:
    return sign_in_staff(client, make_staff())


@pytest.fixture(autouse=True)
def nothing_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    """These tests bring their own lines."""
    monkeypatch.setattr(staff_site, "_waiting", [])


def organisations(count: Callable[[], int] = Organisation.objects.count, *, urgent: bool = False) -> WaitingLine:
    return WaitingLine("organisations to tidy", count, lambda: ORGANISATIONS, "professionals.change_organisation", urgent)


def read(client: Client, path: str = "/staff/") -> Page:
    response = client.get(path)
    assert response.status_code == 200
    return Page(response.content.decode())


def lines_in(page: Page, *, folded: bool = False) -> list[str]:
    """Each section of what waits as it reads, or of where nothing does."""
    sections = page.all("div", "waiting__section")
    return [each.text for each in sections if folded == any("waiting__idle" in outer.classes for outer in each.inside)]


def test_first_page_counts_what_waits_under_its_heading(staff: Client) -> None:
    make_organisation()
    make_organisation()
    staff_site.add_waiting("People", organisations())
    staff_site.add_waiting("Post", WaitingLine("letters to send", lambda: 0, lambda: "/staff/", "auth.view_group"))
    staff_site.add_waiting("People", organisations(lambda: 41))
    page = read(staff)
    assert lines_in(page) == ["People 2 organisations to tidy 41 organisations to tidy"]
    line = next(a for a in page.all("a") if page.all("div", "waiting__section")[0] in a.inside)
    assert line.attrs["href"] == ORGANISATIONS


def test_one_of_a_thing_is_said_in_the_singular(staff: Client) -> None:
    for figure in (1, 2):
        letters = WaitingLine("letters to send", lambda figure=figure: figure, lambda: ORGANISATIONS, "auth.view_group")  # type: ignore[misc]
        staff_site.add_waiting("Post", replace(letters, one="letter to send"))
    assert lines_in(read(staff)) == ["Post 1 letter to send 2 letters to send"]


def test_each_line_that_begins_with_a_plural_has_its_singular() -> None:
    many = [waiting for _section, waiting in REGISTERED if re.match(r"(\w+ )?\w+s ", str(waiting.label))]
    assert len(many) >= 9
    assert [waiting.label for waiting in many if not waiting.one] == []


def test_where_nothing_waits_folds_away_and_every_count_is_still_there(staff: Client) -> None:
    for figure in (0, 3, 0):
        staff_site.add_waiting("People", organisations(lambda figure=figure: figure))  # type: ignore[misc]
    staff_site.add_waiting("Post", WaitingLine("letters to send", lambda: 0, lambda: "/staff/", "auth.view_group"))
    page = read(staff)
    assert lines_in(page) == ["People 3 organisations to tidy"]
    assert page.one("summary", "waiting__summary").text == "Nothing to do (3)"
    assert "open" not in page.one("details", "waiting__idle").attrs
    assert lines_in(page, folded=True) == ["People 0 organisations to tidy 0 organisations to tidy", "Post 0 letters to send"]
    assert len([a for a in page.all("a") if a.attrs.get("href") == ORGANISATIONS and "waiting__link" in a.classes]) == 3


def test_what_is_urgent_comes_before_the_rest_and_all_else_keeps_its_place(staff: Client) -> None:
    def line(label: str, figure: int, *, urgent: bool) -> WaitingLine:
        return WaitingLine(label, lambda: figure, lambda: ORGANISATIONS, "professionals.change_organisation", urgent)

    for heading, waiting in (
        ("Bookings", line("to decide", 2, urgent=False)),
        ("Bookings", line("too late", 0, urgent=True)),
        ("Messages", line("failed", 4, urgent=False)),
        ("People", line("stopped", 5, urgent=False)),
        ("People", line("about a child", 1, urgent=True)),
        ("People", line("to tidy", 6, urgent=False)),
    ):
        staff_site.add_waiting(heading, waiting)
    page = read(staff)
    assert lines_in(page) == [
        "People 1 about a child, urgent 5 stopped 6 to tidy",
        "Bookings 2 to decide",
        "Messages 4 failed",
    ]
    assert lines_in(page, folded=True) == ["Bookings 0 too late"]


def test_a_page_on_which_nothing_waits_says_so(staff: Client) -> None:
    staff_site.add_waiting("People", organisations(lambda: 0))
    page = read(staff)
    assert page.one("p", "waiting__nothing").text == "Nothing needs doing."
    assert page.one("summary", "waiting__summary").text == "Nothing to do (1)"


def test_a_page_on_which_everything_waits_folds_nothing_away(staff: Client) -> None:
    staff_site.add_waiting("People", organisations(lambda: 7))
    assert read(staff).all("details", "waiting__idle") == []


def test_rows_are_counted_in_one_statement_beside_numbers(staff: Client, django_assert_num_queries: Any) -> None:
    for name in ("Leeds General Infirmary", "Leeds Health Visiting", "York Health Visiting"):
        make_organisation(name)
    named = Organisation.objects.filter
    asked = [
        named(name__startswith="Leeds"),
        7,
        named(name="nowhere"),
        Group.objects.filter(name="nowhere"),
        named(name__endswith="Visiting").annotate(people_count=Count("people")).order_by("name"),
    ]
    with django_assert_num_queries(1):
        assert count_all(asked) == [2, 7, 0, 0, 2]
    with django_assert_num_queries(1):
        assert count_all([named(name__startswith="Leeds")]) == [2]
    with django_assert_num_queries(0):
        assert count_all([3]) == [3]


def test_nought_is_said_quietly_and_never_urgent(staff: Client) -> None:
    staff_site.add_waiting("People", organisations(lambda: 0, urgent=True))
    staff_site.add_waiting("People", organisations(lambda: 3, urgent=True))
    staff_site.add_waiting("People", organisations(lambda: 3))
    assert [line.classes - {"waiting__line"} for line in read(staff).all("li", "waiting__line")] == [
        {"waiting__line--urgent"},
        set(),
        {"waiting__line--none"},
    ]


def test_who_may_not_see_a_list_is_told_no_count_of_it_and_none_is_made(client: Client) -> None:
    def count() -> int:
        raise AssertionError("counted for someone without permission")

    viewer = make_staff(superuser=False)
    viewer.user_permissions.add(Permission.objects.get(codename="view_group"))
    staff_site.add_waiting("People", organisations(count))
    assert read(sign_in_staff(client, viewer)).all("section", "waiting") == []


def test_first_page_without_anything_to_count_has_no_empty_section(staff: Client) -> None:
    assert read(staff).all("section", "waiting") == []


def test_an_action_is_quiet_unless_it_says_otherwise() -> None:
    assert ObjectAction("rename", "Rename", print).weight == "quiet"


def test_an_action_shows_its_weight_on_the_change_page(staff: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    actions = [
        ObjectAction("keep", "Keep this organisation", print, weight="main"),
        ObjectAction("rename", "Rename this organisation", print),
        ObjectAction("close", "Close this organisation", print, weight="stop"),
    ]
    monkeypatch.setattr(OrganisationAdmin, "object_actions", actions)
    page = read(staff, f"{ORGANISATIONS}{make_organisation().pk}/change/")
    assert [(a.text, a.classes - {"actions-row__button", "staff-button"}) for a in page.all("a", "actions-row__button")] == [
        ("Keep this organisation", {"staff-button--main"}),
        ("Rename this organisation", {"staff-button--quiet"}),
        ("Close this organisation", {"staff-button--stop"}),
    ]


def test_of_several_main_steps_the_first_alone_is_main_on_the_page(staff: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    slugs = ("keep", "rename", "move")
    actions = [ObjectAction(slug, f"{slug} this organisation", print, weight="main") for slug in slugs]
    monkeypatch.setattr(OrganisationAdmin, "object_actions", actions)
    page = read(staff, f"{ORGANISATIONS}{make_organisation().pk}/change/")
    assert [a.text for a in page.all("a", "staff-button--main")] == ["keep this organisation"]
    assert len(page.all("a", "actions-row__button")) == len(slugs)


def test_djangos_lists_for_boxes_that_complete_have_no_address(staff: Client) -> None:
    """No box of ours completes; Django's own page breaks when it is asked for a relation from the other side."""
    make_person()
    for model, field in (("user", "person"), ("person", "organisation")):
        asked = {"app_label": "professionals", "model_name": model, "field_name": field, "term": "a"}
        assert staff.get("/staff/autocomplete/", asked).status_code == 404


def test_an_action_page_shows_the_summary_of_its_object(staff: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    def get_summary_rows(self: OrganisationAdmin, obj: Organisation) -> list[dict[str, object]]:
        return [{"label": "Name", "value": obj.name}, {"label": "People", "value": 0}]

    monkeypatch.setattr(OrganisationAdmin, "get_summary_rows", get_summary_rows)
    organisation = make_organisation("Leeds Health Visiting")
    page = read(staff, f"{ORGANISATIONS}{organisation.pk}/do/merge/")
    rows = page.one("dl", "govuk-summary-list")
    assert [dt.text for dt in page.all("dt") if rows in dt.inside] == ["Name", "People"]
    assert [dd.text for dd in page.all("dd") if rows in dd.inside] == ["Leeds Health Visiting", "0"]


def test_an_action_page_without_a_summary_has_no_empty_list(staff: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(OrganisationAdmin, "get_summary_rows", StaffModelAdmin.get_summary_rows)
    assert read(staff, f"{ORGANISATIONS}{make_organisation().pk}/do/merge/").all("dl") == []
