"""What only a browser can tell of the shell: our script and stylesheet over a rendered page, without the whole stack."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from crispy_forms.utils import render_crispy_form
from django.conf import settings
from django.contrib import admin
from django.template.loader import render_to_string
from django.test import RequestFactory

from core.forms import DayField, PageForm
from tests.face.test_form_pack import Address
from tests.face.test_long_texts import Notes

pytestmark = pytest.mark.xdist_group("live")
STATIC = settings.BASE_DIR / "static"
DJANGOS = Path(admin.__file__).parent / "static" / "admin" / "css"
SHEETS = {
    "site": [STATIC / "css" / "site.css"],
    "admin": [*(DJANGOS / f"{name}.css" for name in ("base", "changelists", "responsive")), STATIC / "css" / "admin.css"],
}


@pytest.fixture
def show(browser: Any) -> Iterator[Callable[..., Any]]:
    """`show(html, width=390)`: a page with that in its body."""
    contexts = []

    def make(html: str, *, width: int = 1280, css: str = "site", **options: Any) -> Any:
        contexts.append(browser.new_context(viewport={"width": width, "height": 844}, **options))
        page = contexts[-1].new_page()
        page.set_default_timeout(10_000)
        style = "".join(sheet.read_text() for sheet in SHEETS[css])
        page.set_content(f'<!doctype html><html lang="en-gb"><meta charset="utf-8"><style>{style}</style><body>{html}')
        if options.get("java_script_enabled", True):
            page.add_script_tag(path=STATIC / "js" / "page.js")
        return page

    yield make
    for context in contexts:
        context.close()


@pytest.fixture
def notes(show: Callable[..., Any]) -> Any:
    return show(render_crispy_form(Notes(), context={}))


def count(page: Any) -> str:
    return str(page.locator("#id_notes_count").inner_text())


@pytest.mark.parametrize(
    ("typed", "says"),
    [
        ("", "You can enter up to 20 characters"),
        ("five!", "You have 15 characters left"),
        ("x" * 19, "You have 1 character left"),
        ("x" * 20, "You have 0 characters left"),
        ("x" * 21, "You have 1 character too many"),
        ("x" * 1520, "You have 1,500 characters too many"),
        ("one\ntwo", "You have 12 characters left"),
        ("  one  ", "You have 17 characters left"),
        ("🙂🙂", "You have 18 characters left"),
    ],
)
def test_it_counts_as_the_server_does(notes: Any, typed: str, says: str) -> None:
    notes.locator("#id_notes").fill("x")
    notes.locator("#id_notes").fill(typed)
    assert count(notes) == says
    sent = typed.replace("\n", "\r\n")
    assert (len(sent.strip()) > 20) == ("notes" in Notes({"notes": sent or "x"}).errors)


def test_nothing_is_cut_off(notes: Any) -> None:
    notes.locator("#id_notes").type("a longer answer than there is room for")
    assert notes.locator("#id_notes").input_value() == "a longer answer than there is room for"


def test_it_is_said_aloud_only_when_the_typing_pauses(notes: Any) -> None:
    notes.clock.install()
    heard = notes.locator("#id_notes_count + [aria-live=polite]")
    notes.locator("#id_notes").type("abc")
    assert heard.inner_text() == ""
    notes.clock.run_for(1100)
    assert heard.inner_text() == "You have 17 characters left"


def test_without_a_script_the_limit_stands_there(show: Callable[..., Any]) -> None:
    page = show(render_crispy_form(Notes(), context={}), java_script_enabled=False)
    page.locator("#id_notes").fill("x" * 30)
    assert count(page) == "You can enter up to 20 characters"


def test_a_dependent_question_shows_once_its_answer_is_chosen(show: Callable[..., Any]) -> None:
    page = show(render_crispy_form(Address(), context={}), java_script_enabled=False)
    assert page.locator("#id_room").is_visible() is False
    page.locator("#id_kind_0").check()
    assert page.locator("#id_room").is_visible() is True


@pytest.mark.parametrize("width", [320, 390, 768, 1280, 1920])
def test_the_head_leaves_room_for_the_page(show: Callable[..., Any], rf: RequestFactory, width: int) -> None:
    page = show(render_to_string("includes/header.html", request=rf.get("/")), width=width)
    assert page.evaluate("document.documentElement.scrollWidth") == width
    assert page.locator("header").bounding_box()["height"] <= (200 if width == 320 else 160)
    heights = page.locator("nav a").evaluate_all(
        "all => all.filter(a => a.checkVisibility()).map(a => a.getBoundingClientRect().height)"
    )
    assert min(heights) >= 44


@pytest.mark.parametrize("signed_in", [False, True])
def test_on_a_phone_the_navigation_is_one_row(show: Callable[..., Any], rf: RequestFactory, signed_in: bool) -> None:
    request = rf.get("/my/")
    request.user = type("User", (), {"is_authenticated": signed_in})()  # type: ignore[assignment]
    page = show(render_to_string("includes/header.html", {"user": request.user}, request), width=390)
    tops = page.locator("nav a").evaluate_all(
        "all => all.filter(a => a.checkVisibility()).map(a => Math.round(a.getBoundingClientRect().top))"
    )
    assert tops == [tops[0]] * 5
    assert page.get_by_role("link", name="My bookings and orders" if signed_in else "Sign in", exact=True).count() == 1


@pytest.mark.parametrize("width", [390, 1280])
def test_a_heading_stands_as_far_from_the_text_above_it_in_a_form_as_outside(show: Callable[..., Any], width: int) -> None:
    """As on the page after an order, where the last part is a question of its own."""
    text, heading = '<p class="govuk-body">Call us.</p>', '<h2 class="govuk-heading-m">A new edition</h2>'
    form = f'<form class="form"><input type="hidden">{heading}</form>'
    page = show(f"<div>{text}{heading}{text}{form}</div>", width=width)
    texts, headings = ([each.bounding_box() for each in page.locator(name).all()] for name in ("p", "h2"))
    above = [heading["y"] - text["y"] - text["height"] for text, heading in zip(texts, headings, strict=True)]
    assert above == [40, 40]


ROOM = """box => { const text = document.createElement("canvas").getContext("2d"), style = getComputedStyle(box);
  text.font = style.font;
  return box.clientWidth - parseFloat(style.paddingLeft) - parseFloat(style.paddingRight) - text.measureText(box.value).width }"""


@pytest.mark.parametrize("width", [320, 390, 768, 1280])
def test_the_box_for_ticked_rows_has_room_for_what_is_chosen(show: Callable[..., Any], width: int) -> None:
    choice = '<select name="action"><option>Export as XLSX (Excel)</option><option>Go</option></select>'
    label = f'<label class="actions__choice">With the ticked rows {choice}</label>'
    button = '<button class="staff-button staff-button--quiet">Go</button>'
    page = show(f'<div id="changelist"><div class="actions">{label}{button}</div></div>', width=width, css="admin")
    assert page.locator("select").evaluate(ROOM) >= 0


class Days(PageForm):
    first_day = DayField(label="First day", lies_ahead=True)


def test_a_day_is_typed_or_chosen_from_the_browsers_calendar(show: Callable[..., Any]) -> None:
    page = show(f"<form>{render_crispy_form(Days(), context={})}</form>", width=390)
    page.get_by_role("button", name=re.compile("^Choose a date ?: First day$")).click()
    calendar = page.locator(".choose-day__calendar")
    assert (calendar.get_attribute("type"), calendar.get_attribute("name")) == ("date", None)
    calendar.fill("2027-03-09")
    typed = page.locator("#id_first_day").input_value()
    assert typed == "9 March 2027"
    assert Days({"first_day": typed}).is_valid()
    page.locator("#id_first_day").fill("next Friday")
    assert page.locator("#id_first_day").input_value() == "next Friday"


def test_without_a_script_a_day_is_typed(show: Callable[..., Any]) -> None:
    page = show(f"<form>{render_crispy_form(Days(), context={})}</form>", java_script_enabled=False)
    assert page.locator("#id_first_day").get_attribute("type") == "text"
    assert page.get_by_role("button").count() == 0
