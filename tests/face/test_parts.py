"""The includes that pages share."""

import pytest
from django.template.loader import render_to_string
from django.test import Client

from tests.face.page import Page


@pytest.mark.urls("tests.face.urls")
def test_a_page_of_all_parts_is_well_formed(client: Client) -> None:
    page = Page(client.get("/t/parts/").content.decode())
    assert page.mistakes == []
    assert len(page.all("h1")) == 1


@pytest.mark.urls("tests.face.urls")
def test_each_change_link_says_what_it_changes(client: Client) -> None:
    page = Page(client.get("/t/parts/").content.decode())
    assert [a.text for a in page.all("a") if a.text.startswith("Change")] == ["Change: Where", "Change: When", "Change it"]


def test_a_summary_value_keeps_its_lines_and_is_escaped() -> None:
    html = render_to_string("includes/summary_list.html", {"rows": [{"label": "Address", "value": "1 High Street\n<b>Leeds"}]})
    assert "1 High Street<br>&lt;b&gt;Leeds" in html


def test_a_confirmation_without_reference_shows_none() -> None:
    page = Page(render_to_string("includes/confirmation_panel.html", {"heading": "Order received"}))
    assert page.one("h1").text == "Order received"
    assert page.all("strong") == []


def test_the_state_is_a_word() -> None:
    page = Page(render_to_string("includes/state_tag.html", {"label": "Confirmed", "kind": "good"}))
    assert page.one("strong").text == "Confirmed"
    assert "state--good" in page.one("strong").classes


def test_back_link_has_words_of_its_own_or_none() -> None:
    assert Page(render_to_string("includes/back_link.html", {"url": "/x/"})).one("a").text == "Back"
    assert (
        Page(render_to_string("includes/back_link.html", {"url": "/x/", "label": "All leaflets"})).one("a").text == "All leaflets"
    )
