"""The PDFs of the guidance: the words of the page in its order, tagged, with a code that leads back to it."""

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from io import BytesIO
from itertools import product

import pypdfium2.raw as pdfium
import pytest
import zxingcpp
from django.conf import settings
from django.core.cache import cache
from django.http import HttpResponse
from django.test import Client
from django.utils import translation

from core.pdf.typesetting import render_pdf
from guidance.content import AUDIENCES, NATIONS, Guidance, NationText, Section, read_guidance, read_nation
from guidance.models import GuidancePage
from guidance.pdf import CHECKLIST, LARGE_PRINT, LEAFLET, PDF_KINDS, guidance_data
from office.site_settings.queries import site_settings
from tests.guidance.approvals import approve, guidance_page
from tests.leaflets.dispatch.prints.reading import MM, Read, every, ink

MADE = datetime(2026, 11, 29, tzinfo=UTC)
URL = "https://ctac.example/guidance/some-audience/some-nation/"
DANGER = "If a child is in immediate danger, call 999."
NOTICE = "Sample text, approved for trying out only."
LONGEST = max(NATIONS, key=lambda nation: len("".join(section.markdown for section in read_nation(nation).sections)))
CHECKLIST_URL = "/guidance/health-visitors/england/checklist.pdf"
BESIDES = {"Lbl", "Figure"}
HOSTILE = r'#panic("x") *bold* _it_ $x$ [y] <label> @ref `code` \ // gone /* too */ ${jndi} {{ 7 }} = Heading'


def made(kind: str, guidance: Guidance | str, nation: NationText | None, notice: str = "") -> Read:
    """In the language that is active."""
    guidance = read_guidance(guidance) if isinstance(guidance, str) else guidance
    return Read(BytesIO(render_pdf(kind, guidance_data(guidance, nation, url=URL, notice=notice), made_at=MADE)))


def words_of(sections: tuple[Section, ...]) -> str:
    """Read from the HTML of the page."""
    text = " ".join(f"{section.heading} {re.sub(r'<[^>]+>', '', section.html)}" for section in sections)
    return " ".join(text.replace("&amp;", "&").replace("&quot;", '"').split())


def in_the_order_of_the_page(guidance: Guidance, nation: NationText) -> str:
    """“Who to tell” there is the end of “What to do now”."""
    first, *others = guidance.sections
    who, *rest = nation.sections
    return " ".join([words_of((first, who, *others)), nation.title, words_of(tuple(rest))])


def pressed(text: str) -> str:
    """Without its spaces: where a line ends with words in bold, a PDF has none. A hyphen there is read as another sign."""
    return "".join(text.replace("\x02", "-").split())


def said(read: Read) -> str:
    return " ".join(words for kind, words in read.spoken() if kind not in BESIDES)


@pytest.mark.parametrize("kind", [LEAFLET, LARGE_PRINT])
@pytest.mark.parametrize("audience", AUDIENCES)
def test_it_says_the_whole_text_in_the_order_of_the_page(audience: str, kind: str) -> None:
    guidance, nation = read_guidance(audience), read_nation(LONGEST)
    with made(kind, audience, nation) as read:
        assert pressed(in_the_order_of_the_page(guidance, nation)) in pressed(said(read))


@pytest.mark.parametrize("kind", [LEAFLET, LARGE_PRINT])
@pytest.mark.parametrize("audience", AUDIENCES)
def test_in_welsh_it_says_the_whole_text_and_looks_like_the_english(audience: str, kind: str) -> None:
    guidance, nation = read_guidance(audience, "cy"), read_nation(LONGEST, "cy")
    with translation.override("cy"):
        looks = [section["look"] for section in guidance_data(guidance, nation, url=URL)["sections"]]
        assert looks == ["to-do", "not-to-do", "", "", ""]
        with made(kind, guidance, nation) as read:
            assert pressed(in_the_order_of_the_page(guidance, nation)) in pressed(said(read))
            assert b"/Lang(cy-GB)" in read.content
            assert DANGER not in said(read)


@pytest.mark.parametrize(("audience", "nation"), product(AUDIENCES, NATIONS))
def test_the_checklist_in_welsh_is_one_page(audience: str, nation: str) -> None:
    guidance = read_guidance(audience, "cy")
    with translation.override("cy"), made(CHECKLIST, guidance, read_nation(nation, "cy"), translation.gettext(NOTICE)) as read:
        assert len(read.document) == 1
        spoken, picture = read.spoken(), read.picture(0)
    assert [words for kind, words in spoken if kind == "LBody"][: len(guidance.checklist)] == list(guidance.checklist)
    assert ink(picture, (0, 247, 210, 251)) is None  # between the text and the code
    assert ink(picture, (0, 285, 210, 297)) is None


@pytest.mark.parametrize("kind", PDF_KINDS)
def test_it_is_tagged_and_names_its_language_and_title(kind: str) -> None:
    guidance, nation = read_guidance("health-visitors"), read_nation("england")
    with made(kind, guidance, nation) as read:
        assert read.document.get_metadata_dict()["Title"] == guidance.title
        for needed in (
            b"/Lang(en-GB)",
            b"/StructTreeRoot",
            b"/MarkInfo<</Marked true",
            b"/DisplayDocTitle true",
            b"pdfuaid:part>1<",
        ):
            assert needed in read.content
        tree = [element for number in range(len(read.document)) for element in read.tree(number)]
        spoken = read.spoken()
        assert read.drawn_outside() == 0
    kinds = [kind for kind, _words in spoken]
    assert kinds.count("H1") == 1
    assert {"H2", "P", "LBody"} <= set(kinds)
    assert not any(later > before + 1 for before, later in zip(levels(kinds), levels(kinds)[1:], strict=False))
    assert {part[0] for each in every(tree, "L") for part in each[2]} == {"LI"}
    assert [words for kind, words in spoken if kind == "Figure"] == [f"QR code that opens {URL}"]


def levels(kinds: list[str]) -> list[int]:
    return [int(kind[1]) for kind in kinds if kind in {"H1", "H2", "H3", "H4"}]


@pytest.mark.parametrize(("audience", "nation"), product(AUDIENCES, NATIONS))
def test_the_checklist_is_one_page_and_nothing_covers_anything(audience: str, nation: str) -> None:
    guidance, there = read_guidance(audience), read_nation(nation)
    with made(CHECKLIST, guidance, there, NOTICE) as read:
        assert len(read.document) == 1
        text, spoken, picture = said(read), read.spoken(), read.picture(0)
    who = there.sections[0]
    assert pressed("".join([DANGER, "Tick each step", *guidance.checklist, words_of((who,)), "Who to call"])) in pressed(text)
    assert [words for kind, words in spoken if kind == "LBody"][: len(guidance.checklist)] == list(guidance.checklist)
    assert ink(picture, (0, 247, 210, 251)) is None  # between the text and the code
    assert ink(picture, (0, 285, 210, 297)) is None


@pytest.mark.parametrize("kind", PDF_KINDS)
def test_a_phone_reads_the_code_and_a_person_the_address(kind: str) -> None:
    with made(kind, "all-professionals", read_nation("england")) as read:
        codes = [code.text for page in range(len(read.document)) for code in zxingcpp.read_barcodes(read.picture(page))]
        assert codes == [URL]
        assert URL.partition("://")[2].rstrip("/") in said(read)


@pytest.mark.parametrize("audience", AUDIENCES)
def test_nothing_in_large_print_is_smaller_than_18_points(audience: str) -> None:
    with made(LARGE_PRINT, audience, read_nation(LONGEST), NOTICE) as read:
        assert min(sizes(read)) >= 18
        boxes = [ink(read.picture(page, 50)) for page in range(len(read.document))]
    assert all(left > 15 and right < 195 and bottom < 290 for left, _top, right, bottom in boxes)


def sizes(read: Read) -> Iterator[float]:
    for number in range(len(read.document)):
        for each in read.page(number).get_objects(filter=[pdfium.FPDF_PAGEOBJ_TEXT]):
            size = pdfium.c_float()
            pdfium.FPDFTextObj_GetFontSize(each.raw, size)
            yield size.value * each.get_matrix().d


@pytest.mark.parametrize("audience", AUDIENCES)
def test_a_leaflet_has_a_cover_and_a_back_and_no_text_in_its_margins(audience: str) -> None:
    with made(LEAFLET, audience, read_nation(LONGEST), NOTICE) as read:
        texts = read.texts()
        assert 5 <= len(texts) <= 10
        assert {tuple(round(side / MM) for side in read.page(number).get_size()) for number in range(len(texts))} == {(148, 210)}
        assert [NOTICE in text for text in texts] == [True] * (len(texts) - 1) + [False]
        boxes = [ink(read.picture(number)) for number in range(1, len(texts) - 1)]
    assert (DANGER in texts[0], DANGER in texts[-1], site_settings().advice_phone in texts[-1]) == (True, True, True)
    # Measured as if the page were 210 mm wide.
    assert all(left > 20 and right < 190 and bottom < 290 for left, _top, right, bottom in boxes)


def test_without_a_nation_it_says_what_holds_everywhere() -> None:
    guidance = read_guidance("police")
    with made(LEAFLET, guidance, None) as read:
        text = f"{words_of(guidance.sections)} Child trafficking advice centre Who to call"
        assert pressed(text) in pressed(said(read))


@pytest.mark.parametrize("kind", PDF_KINDS)
def test_what_looks_like_markup_is_printed_and_not_interpreted(kind: str) -> None:
    guidance = read_guidance("teachers")
    hostile = replace(guidance, title=HOSTILE, short_title=HOSTILE, description=HOSTILE, checklist=(HOSTILE, *guidance.checklist))
    with made(kind, hostile, None, NOTICE) as read:
        assert read.document.get_metadata_dict()["Title"] == HOSTILE
        assert HOSTILE in said(read)
    plain = Section("Signs", "#panic(1) and $x$ and [@y] and \\<z>", "")
    with made(kind, replace(guidance, sections=(plain,)), NationText("wales", "Wales", (plain,), (), guidance.written)) as read:
        assert "#panic(1) and $x$ and [@y] and <z>" in said(read)


def test_the_same_text_gives_the_same_bytes_and_few_of_them() -> None:
    one, two = (made(LEAFLET, "police", read_nation("wales")).content for _again in range(2))
    assert one == two
    assert len(one) < 150_000


@pytest.mark.django_db
@pytest.mark.parametrize("kind", PDF_KINDS)
def test_anybody_downloads_an_approved_page_and_a_cache_asks_again_by_its_text(client: Client, kind: str) -> None:
    approve(guidance_page())
    address = f"/guidance/health-visitors/england/{kind}.pdf"
    assert address in client.get("/guidance/health-visitors/england/").content.decode()
    answer = client.get(address)
    assert (answer.status_code, answer["Content-Type"]) == (200, "application/pdf")
    assert answer["Content-Disposition"] == f'inline; filename="health-visitors-england-{kind}.pdf"'
    assert (answer["Cache-Control"], answer.cookies) == ("public, no-cache", {})
    assert client.get(address).content == answer.content
    unchanged = client.get(address, headers={"if-none-match": answer["ETag"]})
    assert (unchanged.status_code, unchanged.content) == (304, b"")
    assert client.head(address).status_code == 200
    assert client.post(address).status_code == 405
    with Read(BytesIO(answer.content)) as read:
        assert f"{settings.SITE_URL}/guidance/health-visitors/england/" in str(read.spoken())
        assert NOTICE not in said(read)


def welsh(client: Client, address: str, **headers: str) -> HttpResponse:
    client.cookies[settings.LANGUAGE_COOKIE_NAME] = "cy"
    answer = client.get(address, headers=headers)
    del client.cookies[settings.LANGUAGE_COOKIE_NAME]
    return answer


@pytest.mark.django_db
def test_each_reader_gets_the_pdf_of_their_language_and_no_cache_mixes_them_up(client: Client) -> None:
    approve(guidance_page(), guidance_page(language="cy"))
    answers = [client.get(CHECKLIST_URL), welsh(client, CHECKLIST_URL)]
    assert [answer["Vary"] for answer in answers] == ["Cookie"] * 2
    assert [answer["Content-Disposition"].partition("=")[2] for answer in answers] == [
        '"health-visitors-england-checklist.pdf"',
        '"health-visitors-england-checklist-cy.pdf"',
    ]
    tag, tag_in_welsh = (answer["ETag"] for answer in answers)
    assert welsh(client, CHECKLIST_URL, **{"if-none-match": tag}).status_code == 200
    unchanged = welsh(client, CHECKLIST_URL, **{"if-none-match": tag_in_welsh})
    assert (unchanged.status_code, unchanged["Vary"], unchanged["ETag"]) == (304, "Cookie", tag_in_welsh)
    for answer, language in zip(answers, (b"/Lang(en-GB)", b"/Lang(cy-GB)"), strict=True):
        assert language in answer.content
        with Read(BytesIO(answer.content)) as read:
            assert (DANGER in said(read)) == (language == b"/Lang(en-GB)")


@pytest.mark.django_db
def test_until_the_welsh_is_approved_a_welsh_reader_gets_the_whole_english_pdf(client: Client) -> None:
    assert welsh(client, CHECKLIST_URL).status_code == 404
    approve(guidance_page())
    answer = welsh(client, CHECKLIST_URL)
    assert answer.content == client.get(CHECKLIST_URL).content
    assert b"/Lang(en-GB)" in answer.content
    GuidancePage.objects.update(digest="", author=None, approver=None, approved_at=None, review_on=None)
    approve(guidance_page(language="cy"))
    assert (client.get(CHECKLIST_URL).status_code, welsh(client, CHECKLIST_URL).status_code) == (404, 200)


@pytest.mark.django_db
def test_a_sample_in_welsh_says_so_in_welsh(client: Client) -> None:
    approve(guidance_page(language="cy"))
    GuidancePage.objects.update(is_sample=True)
    with translation.override("cy"):
        notice = translation.gettext(NOTICE)
    with Read(BytesIO(welsh(client, CHECKLIST_URL).content)) as read:
        assert notice in said(read)
        assert NOTICE not in said(read)


@pytest.mark.django_db
def test_what_is_made_is_kept(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    cache.clear()
    approve(guidance_page())
    calls: list[str] = []
    monkeypatch.setattr("guidance.views.render_pdf", lambda kind, *_data, **_made: calls.append(kind) or b"%PDF-")
    assert [client.get(CHECKLIST_URL).content for _again in range(2)] == [b"%PDF-"] * 2
    assert calls == ["checklist"]
    cache.clear()


@pytest.mark.django_db
def test_a_page_that_is_not_approved_has_no_pdf(client: Client) -> None:
    assert client.get(CHECKLIST_URL).status_code == 404
    page = guidance_page()
    approve(page)
    tag = client.get(CHECKLIST_URL)["ETag"]
    GuidancePage.objects.filter(pk=page.pk).update(digest="0" * 64)  # the text is another than the approved one
    assert client.get(CHECKLIST_URL, headers={"if-none-match": tag}).status_code == 404
    assert ".pdf" not in client.get("/guidance/health-visitors/england/").content.decode()


@pytest.mark.django_db
@pytest.mark.parametrize("path", ["health-visitors/england/other", "health-visitors/france/leaflet", "nobody/england/leaflet"])
def test_of_what_is_not_there_there_is_no_pdf(client: Client, path: str) -> None:
    approve(guidance_page())
    assert client.get(f"/guidance/{path}.pdf").status_code == 404


@pytest.mark.django_db
def test_a_sample_says_that_it_is_one(client: Client) -> None:
    approve(guidance_page())
    GuidancePage.objects.update(is_sample=True)
    with Read(BytesIO(client.get(CHECKLIST_URL).content)) as read:
        assert NOTICE in said(read)
