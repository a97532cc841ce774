"""The sample PDFs: the words of the web page, in a structure that a screen reader can walk, on two pages that hold them."""

from datetime import datetime
from html.parser import HTMLParser
from typing import Any

import pytest
from django.conf import settings
from django.test import Client
from fpdf import FPDF

from leaflets.catalogue.services import count_pages
from leaflets.catalogue.titles import CALL_HEIGHT, COVER_HEIGHT, FOOT_TOP, TITLES, ShippedTitle, sample_pdf
from leaflets.models import Leaflet
from tests.leaflets.tagged import children, drawn_outside, elements, page_streams, spoken

LABEL = "Sample edition, March 2026"
SAMPLE = "Sample. Staff replace it with the approved edition."
ALL_TITLES = pytest.mark.parametrize("title", TITLES, ids=lambda title: title["slug"])


def made(title: ShippedTitle, now: datetime) -> bytes:
    return sample_pdf(Leaflet(**title), label=LABEL, made_at=now)


class LeafletText(HTMLParser):
    """The leaflet's own words on its web page: its title, and headings, paragraphs and points of its text."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.words: list[str] = []
        self.aside = ""
        self.depth = self.inside = self.beside = 0
        self.taking = False
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        classes = (dict(attrs).get("class") or "").split()
        if tag == "div":
            self.depth += 1
            self.inside = self.depth if "leaflet__text" in classes else self.inside
            self.beside = self.depth if "govuk-inset-text" in classes else self.beside
        if tag == "h1" or (self.inside and tag in {"h2", "p", "li"}):
            self.words.append("")
            self.taking = True

    def handle_endtag(self, tag: str) -> None:
        if tag == "div":
            self.inside = 0 if self.inside == self.depth else self.inside
            self.beside = 0 if self.beside == self.depth else self.beside
            self.depth -= 1
        if tag in {"h1", "h2", "p", "li"}:
            self.taking = False

    def handle_data(self, data: str) -> None:
        if self.beside:
            self.aside += data
        elif self.taking:
            self.words[-1] += data


@pytest.mark.django_db
@ALL_TITLES
def test_it_says_what_the_web_page_says_in_the_same_order(title: ShippedTitle, client: Client, now: datetime) -> None:
    leaflet = Leaflet.objects.create(**title)
    page = LeafletText(client.get(leaflet.get_absolute_url()).content.decode())
    web = [" ".join(words.split()) for words in page.words]
    said = [words for kind, words in spoken(made(title, now)) if kind != "Lbl"]
    call = said[said.index("Whom to call") :]
    text = said[: -len(call)]
    assert [words for words in text if words in web] == web
    assert [words for words in text if words not in web] == ["Child trafficking advice centre", SAMPLE, LABEL, SAMPLE]
    _heading, lead, phone, hours_and_email, danger = call
    assert " ".join(page.aside.split()) == f"{lead} {phone}, {settings.ADVICE_HOURS}."
    assert hours_and_email == f"{settings.ADVICE_HOURS}. Or email {settings.ADVICE_EMAIL}."
    assert danger == "If a child is in immediate danger, call 999."


@ALL_TITLES
def test_it_is_marked_as_a_sample_on_each_of_its_two_pages(title: ShippedTitle, now: datetime) -> None:
    content = made(title, now)
    assert count_pages(content) == 2
    assert [page.count(SAMPLE.encode()) for page in page_streams(content)] == [1, 1]


def test_its_window_shows_its_title_and_it_names_its_language(now: datetime) -> None:
    content = made(TITLES[0], now)
    title = TITLES[0]["title"].encode()
    for needed in (b"/Lang (en-GB)", b"/Marked true", b"/DisplayDocTitle true", b"/Title (" + title + b")"):
        assert needed in content


@ALL_TITLES
def test_headings_lists_and_paragraphs_are_elements_inside_each_other(title: ShippedTitle, now: datetime) -> None:
    content, leaflet = made(title, now), Leaflet(**title)
    tree = elements(content)
    (document,) = [element for element in tree.values() if element["kind"] == "Document"]
    top = [element["kind"] for element in children(tree, document)]
    intro = ["P"] * len(leaflet.introduction.splitlines())
    assert top == ["P", "H1", "P", *intro, "H2", "L", "P", "P", "H2", "P", "L", "H2", "L", "H2", *["P"] * 4]
    lists = [element for element in children(tree, document) if element["kind"] == "L"]
    points = [leaflet.situation_points, leaflet.sign_points, leaflet.what_to_do_points]
    assert [len(list(children(tree, element))) for element in lists] == [len(each) for each in points]
    items = [item for element in lists for item in children(tree, element)]
    assert {tuple(part["kind"] for part in children(tree, item)) for item in items} == {("Lbl", "LBody")}
    assert all(tree[key]["has_page"] for key in tree if tree[key]["kind"] != "Document")
    assert all(tree[each["parent"]]["kind"] in {"Document", "L", "LI"} for each in tree.values() if each is not document)


@ALL_TITLES
def test_whatever_is_drawn_is_an_element_or_decoration(title: ShippedTitle, now: datetime) -> None:
    assert [drawn_outside(page) for page in page_streams(made(title, now))] == [[], []]


@ALL_TITLES
def test_nothing_runs_into_what_stands_below_it(title: ShippedTitle, now: datetime, monkeypatch: pytest.MonkeyPatch) -> None:
    ends: list[tuple[int, float]] = []
    original = FPDF.multi_cell

    def watched(self: FPDF, *args: Any, **kwargs: Any) -> Any:
        result = original(self, *args, **kwargs)
        if not kwargs.get("dry_run"):
            ends.append((self.page, self.get_y()))
        return result

    monkeypatch.setattr(FPDF, "multi_cell", watched)
    made(title, now)
    cover = [y for page, y in ends if page == 1 and y < COVER_HEIGHT]
    text = [y for page, y in ends if page == 1 and COVER_HEIGHT < y < FOOT_TOP]
    steps = [y for page, y in ends if page == 2 and y < 297 - CALL_HEIGHT]
    called = [y for page, y in ends if page == 2 and y > 297 - CALL_HEIGHT]
    assert (len(cover), len(called)) == (4 if ": " in title["title"] else 3, 5)
    assert max(text) < FOOT_TOP - 8
    assert max(steps) < 297 - CALL_HEIGHT - 4
    assert max(called) < FOOT_TOP
    assert len(cover + text + steps + called) == len(ends) - 1  # and the edition in the foot


def test_the_same_text_gives_the_same_bytes_and_few_of_them(now: datetime) -> None:
    assert made(TITLES[0], now) == made(TITLES[0], now)
    assert len(made(TITLES[0], now)) < 25_000
