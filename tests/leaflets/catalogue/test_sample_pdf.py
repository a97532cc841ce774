"""The sample PDFs: the words of the guidance under the catalogue's title, in a structure that a screen reader can walk."""

import re
from datetime import datetime
from io import BytesIO

import pytest
import zxingcpp
from django.conf import settings

from guidance.content import read_guidance
from leaflets.catalogue.services import count_pages
from leaflets.catalogue.titles import TITLES, ShippedTitle, sample_pdf
from leaflets.models import Leaflet
from office.site_settings.queries import advice_hours, site_settings
from tests.leaflets.dispatch.prints.reading import Read, every

LABEL = "Sample edition, March 2026"
SAMPLE = "Sample. Staff replace it with the approved edition."
DANGER = "If a child is in immediate danger, call 999."
ALL_TITLES = pytest.mark.parametrize("title", TITLES, ids=lambda title: title["slug"])


def made(title: ShippedTitle, now: datetime) -> Read:
    return Read(BytesIO(sample_pdf(Leaflet(**title), label=LABEL, made_at=now)))


@ALL_TITLES
def test_it_says_what_the_guidance_says_in_the_same_order(title: ShippedTitle, now: datetime) -> None:
    guidance = read_guidance(title["slug"])
    assert guidance.leaflet == title["slug"]
    with made(title, now) as read:
        said = [words for kind, words in read.spoken() if kind not in {"Lbl", "Figure"}]
    name, heading, description, notice, label, charity, danger, *text = said
    # As two lines on the cover, without the colon.
    assert heading.casefold() == title["title"].replace(": ", " ").casefold()
    assert charity.startswith(settings.CHARITY["name"])
    assert (name, description, notice, label, danger) == (
        "Child trafficking advice centre",
        guidance.description,
        SAMPLE,
        LABEL,
        DANGER,
    )
    back = text.index("Child trafficking advice centre")
    html = " ".join(f"{section.heading} {re.sub(r'<[^>]+>', '', section.html)}" for section in guidance.sections)
    # Where a line ends with words in bold, the PDF has no space.
    assert "".join("".join(text[:back]).split()) == "".join(html.replace("&amp;", "&").replace("&quot;", '"').split())
    _name, call, _lead, phone, hours_and_email, _how, address, danger = text[back:]
    assert (call, phone, danger) == ("Who to call", site_settings().advice_phone, DANGER)
    assert hours_and_email == f"{advice_hours()}. Or email {site_settings().advice_email}."
    assert address.endswith(f"/guidance/{title['slug']}")


@ALL_TITLES
def test_it_is_marked_as_a_sample_on_each_page_of_text(title: ShippedTitle, now: datetime) -> None:
    with made(title, now) as read:
        texts = read.texts()
        assert count_pages(read.content) == len(texts)
        assert [text.count(SAMPLE) for text in texts] == [1] * (len(texts) - 1) + [0]
        assert [text[-len("Page 2 of 9") :] for text in texts[1:-1]] == [
            f"Page {number} of {len(texts)}" for number in range(2, len(texts))
        ]


def test_its_window_shows_its_title_and_it_names_its_language(now: datetime) -> None:
    with made(TITLES[0], now) as read:
        assert read.document.get_metadata_dict()["Title"] == TITLES[0]["title"]
        for needed in (b"/Lang(en-GB)", b"/Marked true", b"/DisplayDocTitle true"):
            assert needed in read.content


@ALL_TITLES
def test_headings_lists_and_paragraphs_are_elements_inside_each_other(title: ShippedTitle, now: datetime) -> None:
    with made(title, now) as read:
        trees = [read.tree(number) for number in range(len(read.document))]
        kinds = [kind for kind, _words in read.spoken()]
        assert read.drawn_outside() == 0
    assert (kinds.count("H1"), kinds.count("H2"), kinds[:2]) == (1, 6, ["P", "H1"])
    items = [item for tree in trees for each in every(tree, "L") for item in each[2]]
    assert len(items) > 20
    shapes = {(kind, *(part for part, *_ in inner)) for kind, _alt, inner in items}
    assert shapes - {("LI", "Lbl", "LBody")} <= {("LI", "LBody")}  # the rest of an item that began on the page before


@ALL_TITLES
def test_a_phone_that_reads_its_code_opens_the_guidance(title: ShippedTitle, now: datetime) -> None:
    with made(title, now) as read:
        codes = zxingcpp.read_barcodes(read.picture(len(read.document) - 1))
    assert [code.text for code in codes] == [f"{settings.SITE_URL}/guidance/{title['slug']}/"]


def test_a_title_of_another_slug_has_the_text_for_every_professional(now: datetime) -> None:
    with Read(BytesIO(sample_pdf(Leaflet(title="Foster care", slug="foster-care"), label=LABEL, made_at=now))) as read:
        spoken = read.spoken()
    assert ("H1", "Foster care") in spoken
    assert ("P", read_guidance("all-professionals").description) in spoken


def test_the_same_text_gives_the_same_bytes_and_few_of_them(now: datetime) -> None:
    assert made(TITLES[0], now).content == made(TITLES[0], now).content
    assert len(made(TITLES[0], now).content) < 100_000
