"""The texts: each has what the page, the PDF and the checklist need, and says where its facts are from."""

import re
from collections import Counter
from collections.abc import Iterable
from datetime import date
from itertools import product

import pytest
from django.utils import timezone

from core.dates import uk_day
from guidance import content
from guidance.content import (
    AUDIENCE_BY_PROFESSION,
    AUDIENCES,
    CHECKLIST_HEADINGS,
    NATION_SECTION_HEADINGS,
    NATIONS,
    PROFESSION_BY_AUDIENCE,
    SECTION_HEADINGS,
    TEXTS_DIR,
    Section,
    find_audiences,
    folder_of,
    page_text_digest,
    parse_text_file,
    read_guidance,
    read_nation,
    render_section_html,
    split_sections,
)
from professionals.models import Language, Nation, Profession

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


def test_every_profession_has_a_text_and_every_text_its_professions() -> None:
    assert list(AUDIENCE_BY_PROFESSION) == list(Profession)
    assert set(AUDIENCE_BY_PROFESSION.values()) == set(AUDIENCES)
    assert {AUDIENCE_BY_PROFESSION[profession]: audience for audience, profession in PROFESSION_BY_AUDIENCE.items()} == {
        audience: audience for audience in PROFESSION_BY_AUDIENCE
    }


def test_professions_that_share_a_text_are_named_in_it() -> None:
    shared = {
        Profession.MIDWIFE: ("health-visitors", "midwives"),
        Profession.SCHOOL_NURSE: ("teachers", "school nurses"),
        Profession.GP: ("all-professionals", "GPs"),
        Profession.IMMIGRATION_OFFICER: ("all-professionals", "immigration officers"),
        Profession.YOUTH_WORKER: ("all-professionals", "youth workers"),
    }
    for profession, (audience, name) in shared.items():
        text = read_guidance(audience)
        assert AUDIENCE_BY_PROFESSION[profession] == audience
        assert name in text.title + "".join(section.markdown for section in text.sections)


def sentences_of(sections: Iterable[Section]) -> list[str]:
    """Without the marks of Markdown, the numbers of steps and the addresses of links."""
    plain = re.sub(r"\]\([^)]*\)|[*\[\]]", "", "\n".join(section.markdown for section in sections))
    lines = (re.sub(r"^(?:-|\d+\.|#+) ", "", line) for line in plain.splitlines())
    return [part.strip() for line in lines for part in re.split(r"(?<=[.?!])”? ", line) if part.strip()]


@each_language
@each_nation
@each_audience
def test_no_page_says_a_sentence_twice(audience: str, nation: str, language: str) -> None:
    counts = Counter(sentences_of((*read_guidance(audience, language).sections, *read_nation(nation, language).sections)))
    assert [sentence for sentence, count in counts.items() if count > 1] == []


OFFENSIVE = re.compile(r"used for|to use them|as a thief|duties hold|[Ss]omebody|don’t face|\bsex\b|ddefnyddio: ar gyfer|\brhyw,")


@each_language
@each_audience
@each_nation
def test_a_text_names_exploitation_as_such(audience: str, nation: str, language: str) -> None:
    sections = (*read_guidance(audience, language).sections, *read_nation(nation, language).sections)
    assert OFFENSIVE.findall("\n".join(section.markdown for section in sections)) == []


@pytest.mark.parametrize("audience", ["social-workers", "police", "all-professionals"])
def test_first_responders_read_their_duty_without_choosing_a_nation(audience: str) -> None:
    text = "\n".join(section.markdown for section in read_guidance(audience).sections)
    assert re.search(r"In England and Wales[^.]*(?:section 52|councils and the police must notify the Home Office)", text)
    assert "For a child, the referral is that notice." in text or "for a child, the referral does that" in text


@pytest.mark.parametrize(
    ("nation", "law"),
    [
        (
            "england",
            ["section 47 of the Children Act 1989", "72 hours (section 46)", "section 52 of the Modern Slavery Act 2015"],
        ),
        ("wales", ["section 130", "section 47 of the Children Act 1989", "72 hours (section 46)", "section 52"]),
        ("scotland", ["section 60", "(section 56)", "(section 37)", "anyone in the UK has parental rights or responsibilities"]),
        (
            "northern-ireland",
            ["section 5 of the Criminal Law Act", "article 66", "(article 65)", "separated child", "(tel:02895049999)"],
        ),
    ],
)
def test_each_nation_names_its_own_law(nation: str, law: list[str]) -> None:
    text = "\n".join(section.markdown for section in read_nation(nation).sections)
    assert [each for each in law if each not in text] == []


@each_language
@each_audience
def test_a_text_names_the_helpline_and_no_hours_of_it(audience: str, language: str) -> None:
    (line,) = [line for line in read_guidance(audience, language).sections[0].markdown.splitlines() if "tel:08000121700" in line]
    assert re.findall(r"24|\d(?:am|pm)", line) == []


def test_schools_read_the_guidance_of_their_nation() -> None:
    text = read_guidance("teachers").sections[-1].markdown
    names = ["Keeping children safe in education", "Keeping learners safe", "Safeguarding and child protection in schools"]
    assert [name for name in names if f"**{name}**" not in text] == []


def test_emergency_care_says_what_may_not_be_done_and_who_to_call_if_an_adult_takes_the_child() -> None:
    now, not_to_do = (section.markdown for section in read_guidance("emergency-care").sections[:2])
    taken = now.partition("### If an adult wants to take the child away")[2]
    assert taken.strip().startswith("1. **Call 999 at once,** then the emergency team of children’s services.")
    assert "Don’t lock a child in, and don’t hold a child or a parent back by force." in not_to_do
    assert "If the child needs an X-ray or a urine sample anyway" in now
    assert "Keep the child in the department" not in now


@pytest.mark.parametrize("nation", ["england", "wales"])
def test_a_guardian_asks_for_parental_responsibility_and_not_for_a_parent(nation: str) -> None:
    guardians = read_nation(nation).sections[-1].markdown
    assert "nobody in the UK has parental responsibility" in guardians
    assert "no parent" not in guardians


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
