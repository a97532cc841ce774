"""Every kind of mail, worded: the text says what the HTML says, and both keep the rules of mail."""

import re
from html import unescape
from html.parser import HTMLParser
from typing import Any

import pytest
from django.core import mail

from notifications.models import Notification
from notifications.registry import all_emails
from notifications.samples import Sample, all_samples
from professionals.emails import (
    ACCOUNT_EMAIL_SAMPLES as ACCOUNT_KINDS,
    ADDRESS_PUT_BACK_TEMPLATE,
    MOVED_BY_STAFF_TEMPLATE,
    account_email_kind,
)

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module")
def samples(django_db_setup: None, django_db_blocker: Any) -> list[Sample]:
    with django_db_blocker.unblock():
        return all_samples()


class Facts(HTMLParser):
    """Whatever a reader of the HTML is told: each stretch of words outside the head and the preheader, and each link."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.words: list[str] = []
        self.links: list[str] = []
        self.hidden: list[str] = []
        self.titles: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag in {"meta", "br"}:
            return
        if self.hidden or tag == "head" or given.get("class") in {"preheader", "brand"}:
            self.hidden.append(tag)
        if tag == "a":
            self.links.append(str(given["href"]))

    def handle_endtag(self, tag: str) -> None:
        if self.hidden:
            self.hidden.pop()

    def handle_data(self, data: str) -> None:
        if data.strip():
            (self.titles if self.hidden else self.words).append(" ".join(data.split()))


def test_every_kind_of_mail_has_a_sample(samples: list[Sample]) -> None:
    wanted = {kind.name for kind in all_emails()} | {
        account_email_kind(prefix) for prefix in (*ACCOUNT_KINDS, MOVED_BY_STAFF_TEMPLATE, ADDRESS_PUT_BACK_TEMPLATE)
    }
    assert {sample.kind for sample in samples} == wanted
    assert len({sample.title for sample in samples}) == len(samples)


def test_showing_samples_stores_and_sends_nothing(django_assert_max_num_queries) -> None:
    with django_assert_max_num_queries(5) as captured:
        all_samples()
    assert [query["sql"] for query in captured if not query["sql"].startswith("SELECT")] == []
    assert Notification.objects.count() == len(mail.outbox) == 0


def test_every_fact_of_the_html_is_in_the_text(samples: list[Sample]) -> None:
    missing = []
    for sample in samples:
        text, facts = " ".join(sample.text.split()), Facts(sample.html)
        missing += [f"{sample.title}: {words}" for words in facts.words if words not in text]
        for link in facts.links:
            spoken = link.removeprefix("mailto:")
            found = spoken.removeprefix("tel:") in text.replace(" ", "") if spoken.startswith("tel:") else spoken in text
            missing += [] if found else [f"{sample.title}: {link}"]
    assert missing == []


def test_every_line_of_the_text_is_short_and_a_link_stands_alone(samples: list[Sample]) -> None:
    lines = [(sample.title, line) for sample in samples for line in sample.text.splitlines()]
    assert [(title, line) for title, line in lines if len(line) > 78 and " " in line.strip()] == []
    assert [(title, line) for title, line in lines if "http" in line and not re.fullmatch(r" *https?://\S+", line)] == []
    assert [(title, line) for title, line in lines if re.search(r"[<{]|&[a-z#]|\s$|%\(", line)] == []
    assert [sample.title for sample in samples if "\n\n\n" in sample.text] == []


def test_no_line_of_the_text_begins_within_a_sentence(samples: list[Sample]) -> None:
    """As one does that goes on after a link."""
    found = {(sample.kind, line) for sample in samples for line in sample.text.splitlines() if re.match(r"\s*[,.:;)]", line)}
    assert found == set()


def test_the_text_begins_with_the_answer(samples: list[Sample]) -> None:
    for sample in samples:
        heading = re.search(r"<h1[^>]*>(.*?)</h1>", sample.html)
        assert heading is not None
        answer = unescape(re.sub(r"<[^>]+>", "", heading[1]))
        assert sample.text.partition("\n\n")[0].replace("\n", " ") == answer


def test_a_subject_is_one_line_that_a_phone_shows_and_the_title_of_the_html(samples: list[Sample]) -> None:
    for sample in samples:
        assert 10 < len(sample.subject) < 100, sample.subject
        assert "\n" not in sample.subject
        assert sample.subject in Facts(sample.html).titles
        of_many = sample.kind in {
            "staff-low-stock",
            "staff-digest",
            "presenter-agenda",
        }  # of none, or of several
        if sample.kind.startswith(("booking-", "staff-", "presenter-", "order-", "safeguarding-")) and not of_many:
            assert re.search(r"\b(BK-7Q4M-2F|LO-3XK9-PT|OS-7Q4M-2F|DP-7Q4M-2F)\b", sample.subject), sample.subject
        if re.search(r"booking|presenter", sample.kind) and "No time agreed yet" not in sample.text:
            assert "Tuesday 9 March 2027" in sample.subject


def test_the_html_names_its_language_and_colours_and_fetches_nothing(samples: list[Sample]) -> None:
    for sample in samples:
        assert sample.html.startswith('<!DOCTYPE html><html lang="en-gb"')
        assert '<meta name="color-scheme" content="light dark">' in sample.html
        assert "prefers-color-scheme: dark" in sample.html
        assert re.findall(r"<(?:img|link|script|iframe)|src=|url\(", sample.html) == []
        preheader = re.search(r'<div class="preheader"[^>]*>\s*(.+?)\s*</div>', sample.html, re.DOTALL)
        assert preheader is not None, sample.title
        assert re.sub(r"\W", "", preheader[1]) != ""


def test_tables_are_for_layout_or_have_row_headings(samples: list[Sample]) -> None:
    for sample in samples:
        for table in re.findall(r"<table[^>]*>", sample.html):
            assert 'role="presentation"' in table or re.search(r'class="facts\b', table)


@pytest.mark.parametrize("kind", ["staff-new-booking", "presenter-booked", "staff-new-order", "safeguarding-flag"])
def test_mail_to_staff_says_whom_it_is_for_and_names_no_advice_line(samples: list[Sample], kind: str) -> None:
    texts = [" ".join(sample.text.split()) for sample in samples if sample.kind == kind]
    assert texts != []
    for text in texts:
        assert "This email is for the CTAC team and its presenters." in text
        assert "Advice line" not in text
