"""The texts: each has what the page, the PDF and the checklist need, and says where its facts are from."""

import re
from datetime import date
from itertools import product

import pytest
from django.utils import timezone

from ctac.dates import uk_day
from guidance import content
from guidance.content import (
    AUDIENCE_BY_PROFESSION,
    AUDIENCES,
    CHECKLIST_HEADINGS,
    NATION_SECTION_HEADINGS,
    NATIONS,
    SECTION_HEADINGS,
    TEXTS_DIR,
    find_audiences,
    folder_of,
    page_text_digest,
    parse_text_file,
    read_guidance,
    read_nation,
    render_section_html,
    split_sections,
)
from professionals.models import Language, Nation

LONGEST_DESCRIPTION = 155
each_language = pytest.mark.parametrize("language", Language.values)
each_audience = pytest.mark.parametrize("audience", AUDIENCES)
each_nation = pytest.mark.parametrize("nation", NATIONS)


@each_language
@each_audience
def test_a_text_for_an_audience_is_whole(audience: str, language: str) -> None:
    text = read_guidance(audience, language)
    assert [section.heading for section in text.sections if not section.markdown] == []
    assert text.title
    assert text.short_title
    assert 0 < len(text.description) <= LONGEST_DESCRIPTION
    assert 8 <= len(text.checklist) <= 12
    assert [line for line in text.checklist if len(line) >= 90] == []
    assert text.written <= uk_day(timezone.now())


@each_language
@each_audience
def test_a_text_has_the_five_sections_and_the_checklist_in_order(audience: str, language: str) -> None:
    assert tuple(section.heading for section in read_guidance(audience, language).sections) == SECTION_HEADINGS[language]
    _facts, _sources, body = parse_text_file(folder_of(language) / f"{audience}.md")
    assert [section.heading for section in split_sections(body, deeper=0)] == [
        *SECTION_HEADINGS[language],
        CHECKLIST_HEADINGS[language],
    ]


@each_language
@each_nation
def test_a_text_for_a_nation_is_whole(nation: str, language: str) -> None:
    text = read_nation(nation, language)
    assert [section.heading for section in text.sections if not section.markdown] == []
    assert text.title


@each_language
@each_nation
def test_a_text_for_a_nation_has_its_sections_in_order(nation: str, language: str) -> None:
    assert tuple(section.heading for section in read_nation(nation, language).sections) == NATION_SECTION_HEADINGS[language]


@each_language
@pytest.mark.parametrize(
    "read",
    [
        *(lambda language, a=a: read_guidance(a, language) for a in AUDIENCES),
        *(lambda language, n=n: read_nation(n, language) for n in NATIONS),
    ],
)
def test_every_fact_names_its_source_and_when_it_was_looked_up(read, language: str) -> None:
    sources = read(language).sources
    assert sources
    assert [
        source for source in sources if not (source.fact and source.source and source.looked_up <= uk_day(timezone.now()))
    ] == []


def test_no_file_lies_about_unread() -> None:
    folders = [folder_of(language) for language in Language.values]
    assert sorted(TEXTS_DIR.iterdir()) == sorted(folders)
    for folder in folders:
        found = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
        assert found == {*(f"{audience}.md" for audience in AUDIENCES), *(f"nations/{nation}.md" for nation in NATIONS)}


@each_language
def test_a_text_has_only_what_page_and_pdf_can_draw(language: str) -> None:
    allowed = {"p", "h3", "h4", "ul", "ol", "li", "strong", "em", "a"}
    texts = [*(read_guidance(each, language) for each in AUDIENCES), *(read_nation(each, language) for each in NATIONS)]
    tags = {tag for text in texts for section in text.sections for tag in re.findall(r"<([a-z0-9]+)", section.html)}
    assert tags <= allowed


def test_nations_are_those_of_the_postcodes() -> None:
    assert set(NATIONS) <= set(Nation.values)
    assert set(AUDIENCE_BY_PROFESSION.values()) | {"all-professionals"} == set(AUDIENCES)


def test_html_in_a_text_stays_text_and_headings_can_go_deeper() -> None:
    html = render_section_html("### More\n\n<b>bold</b> and [a link](tel:999)\n\n- one", deeper=1)
    assert '<h4 class="govuk-heading-s">More</h4>' in html
    assert "&lt;b&gt;bold" in html
    assert '<a href="tel:999" class="govuk-link">' in html
    assert '<ul class="govuk-list govuk-list--bullet">' in html


def test_a_file_is_read_with_its_facts_sources_and_body(tmp_path) -> None:
    path = tmp_path / "text.md"
    path.write_text(
        "---\ntitle: A title: with a colon\nsources:\n- A | fact | Somewhere | 2026-11-02\n---\n## Signs\n\nText --- more\n"
    )
    facts, sources, body = parse_text_file(path)
    assert facts["title"] == "A title: with a colon"
    assert sources == (content.Source("A | fact", "Somewhere", date(2026, 11, 2)),)
    assert body == "## Signs\n\nText --- more\n"


def test_every_page_has_a_digest_of_its_own() -> None:
    assert len({page_text_digest(*each) for each in product(AUDIENCES, NATIONS, Language.values)}) == 56


def test_words_find_the_texts_that_have_them() -> None:
    assert find_audiences(["child"]) == ["all-professionals"]
    assert find_audiences(["zzzz"]) == []
    assert find_audiences([]) == []
