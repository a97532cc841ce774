"""What a wording may hold, and that nothing else ever comes out of it."""

import re

import pytest
from django.utils.html import escape

from office.texts.markup import (
    editable_text,
    extract_links,
    extract_placeholders,
    fill_placeholders,
    has_markup,
    plain_text,
    wording_html,
)
from office.texts.services import normalise_text, text_warnings
from office.texts.sources import get_sentences, wording_error
from tests.office.texts.wordings import BOOKED, ENGLISH, LEAD, SUBJECT, WITHOUT_PRESENTER, sentence
from tests.security.payloads import MARKUP

ALLOWED = re.compile(r'</?strong>|<a class="govuk-link" href="(https://|mailto:|tel:|/)[^"<>]*">|<a>|</a>')


@pytest.mark.parametrize(
    ("ours", "text"),
    [
        ("%(when)s. Reference %(reference)s.", "{when}. Reference {reference}."),
        ("%(count)d updates, 100%%", "{count} updates, 100%"),
        ("Until <strong>%(until)s</strong>.", "Until **{until}**."),
        ('<span class="keep">%(reference)s</span> has moved', "{reference} has moved"),
        ('See <a class="govuk-link" href="%(url)s?a=%(b)s">this page</a>.', "See [this page]({url}?a={b})."),
        ("Tom &amp; Jerry", "Tom & Jerry"),
    ],
)
def test_our_sentences_are_shown_in_the_markup_that_staff_write(ours: str, text: str) -> None:
    assert editable_text(ours) == text


def test_every_sentence_that_may_be_worded_is_a_wording_of_itself() -> None:
    """Drawn by the same rules it says what ours says: so the markup can say all that ours does."""
    for each in get_sentences().values():
        if each.locked:
            continue
        text = each.editable
        assert "<" not in text
        if each.takes_markup:
            assert wording_error(each, text + "!") == "", text
            assert extract_placeholders(wording_html(text, each.ours)) == extract_placeholders(text)
        assert plain_text(text).replace("**", "") == plain_text(text) or not each.takes_markup


@pytest.mark.parametrize("payload", MARKUP.values())
def test_markup_that_means_harm_comes_out_as_words(payload: str) -> None:
    for text in (
        payload,
        f"**{payload}**",
        f"[{payload}](https://ctac.example)",
        f"[x]({payload})",
        f'[x](https://a.example "{payload}")',
    ):
        drawn = wording_html(text, LEAD)
        assert ALLOWED.sub("", drawn).count("<") == 0, drawn
        assert "<" not in escape(plain_text(text))


@pytest.mark.parametrize(
    "link",
    [
        "javascript:alert(1)",
        "JaVaScRiPt:alert(1)",
        "data:text/html,x",
        "vbscript:x",
        "http://ctac.example",
        "//evil.example",
        "/\\evil.example",
        "ftp://a.example",
        "{url}",
        "https://{reference}.evil.example/",
        "mailto:{email}",
        "x",
        "",
    ],
)
def test_a_link_to_anywhere_else_is_refused_and_never_drawn(link: str) -> None:
    text = f"See [this]({link})."
    assert wording_error(sentence(LEAD), text) != ""
    assert "href" not in wording_html(text, LEAD)


@pytest.mark.parametrize("link", ["https://www.gov.uk/x?a=1", "mailto:help@ctac.example", "tel:08088005000", "/leaflets/"])
def test_a_safe_link_is_drawn(link: str) -> None:
    assert wording_error(sentence(LEAD), f"See [this]({link}).") == ""
    assert wording_html(f"[this]({link})", LEAD) == f'<a class="govuk-link" href="{link}">this</a>'


def test_a_link_of_ours_stays_whatever_fills_it_in() -> None:
    ours = 'Or <a class="govuk-link" href="%(url)s">ask</a>.'
    assert extract_links(editable_text(ours)) == ["{url}"]
    assert (
        fill_placeholders(wording_html("[Ask]({url})!", ours), {"url": "/x?a=1&amp;b"})
        == '<a class="govuk-link" href="/x?a=1&amp;b">Ask</a>!'
    )


@pytest.mark.parametrize(
    ("ours", "text", "why"),
    [
        (SUBJECT, "Booked: {day}", "Keep everything in curly brackets"),
        (SUBJECT, "Booked: {day} ({reference}) {presenter}", "Use only the curly brackets"),
        (SUBJECT, "Booked: {day} ({reference}) {", "Use only the curly brackets"),
        (SUBJECT, "Booked: {day} ({reference}) {0.__class__}", "Use only the curly brackets"),
        (SUBJECT, "**Booked**: {day} ({reference})", "can’t have bold words"),
        (BOOKED, "**Booked**", "can’t have bold words"),
        (BOOKED, "", "Enter the new wording"),
        (BOOKED, BOOKED, "our own wording"),
        (BOOKED, "x" * 1001, "Shorten"),
        (BOOKED, "We are\u202e coming", "nobody can see"),
        (BOOKED, "We are\u200b coming", "nobody can see"),
        (WITHOUT_PRESENTER, "We *will* tell you.", "no italics"),
    ],
)
def test_what_a_wording_can_not_be(ours: str, text: str, why: str) -> None:
    assert why in str(wording_error(sentence(ours), text))


def test_what_leads_to_help_and_what_the_law_asks_for_is_locked() -> None:
    locked = {each.ours: str(each.locked) for each in get_sentences().values() if each.language == ENGLISH and each.locked}
    assert "999" in locked["If a child is in immediate danger, call 999."]
    assert "advice line" in locked["Advice line for professionals:"]
    assert "advice line" in locked["If you didn’t expect this, call %(advice_call)s and give your reference."]
    assert "child" in locked["To answer us, reply to this email. Please don’t send details of a child."]
    assert "law" in locked["We have received your complaint"]
    assert wording_error(sentence("Advice line for professionals:"), "Call us:") == "This sentence is locked."
    for each in get_sentences().values():
        if "999" in each.ours or "advice_" in each.ours:
            assert each.locked, each.ours


def test_a_welsh_sentence_is_locked_with_its_english() -> None:
    by_language: dict[str, set[bool]] = {}
    for each in get_sentences().values():
        if "999" in each.ours:
            by_language.setdefault(each.language, set()).add(bool(each.locked))
    assert by_language == {"en-gb": {True}, "cy": {True}}


@pytest.mark.parametrize(
    ("text", "warning"),
    [
        ("Amy Jones, born 3 May 2014, was seen with bruises.", "details of a child"),
        ("Call us on 0113 496 0000.", "phone number"),
        ("In an emergency call 999.", "phone number"),
        ("We will tell you " + "and you " * 13 + "soon.", "more than 25 words"),
        ("We will utilise a presenter.", "We don’t use “utilise”. We say: use."),
    ],
)
def test_a_wording_is_warned_of(text: str, warning: str) -> None:
    assert any(warning in each for each in text_warnings(sentence(WITHOUT_PRESENTER), text))


def test_a_plain_wording_is_not_warned_of() -> None:
    assert text_warnings(sentence(WITHOUT_PRESENTER), "We will soon tell you who is coming.") == []


def test_a_sentence_stands_on_one_line() -> None:
    assert normalise_text("  We are\r\n coming.\n") == "We are coming."
    assert not has_markup("5 * 3 and 2 ** 4")
