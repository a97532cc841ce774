"""Every kind of mail with words as people type them: it stays valid, harmless and small, and its links lead somewhere."""

import re
from collections.abc import Iterator
from email import policy
from email.parser import BytesParser
from urllib.parse import urlsplit

import pytest
from django.conf import settings
from django.urls import Resolver404, resolve
from html5lib import HTMLParser, getTreeBuilder  # type: ignore[import-untyped]
from html5lib.html5parser import ParseError  # type: ignore[import-untyped]

from notifications import rendering
from notifications.samples import Sample, all_samples
from tests.notifications.awkward import LONG, everybody_types

pytestmark = pytest.mark.django_db
MOST_BYTES = 100_000  # Gmail cuts off what is behind 102 kB of HTML
# Made up: links that carry a token, and the rooms in which online presentations are.
MADE_UP = {"ctac.example", "meet.example"}
MADE_UP_PATHS = ("/mail/private/",)
BLOCKS = {"p", "div", "table", "ul", "ol", "h1", "h2"}


@pytest.fixture(scope="module", params=["all at once", "empty"])
def samples(request: pytest.FixtureRequest, django_db_setup: None, django_db_blocker: pytest.FixtureRequest) -> list[Sample]:
    with django_db_blocker.unblock(), everybody_types(request.param):  # type: ignore[attr-defined]
        return all_samples()


def faults_in(html: str) -> Iterator[str]:
    """Of the standard's parser, which takes no mistake; and of what it lets pass."""
    try:
        tree = HTMLParser(tree=getTreeBuilder("etree"), strict=True, namespaceHTMLElements=False).parse(html)
    except ParseError as error:
        yield f"not valid: {error}"
        return
    elements = [each for each in tree.iter() if isinstance(each.tag, str)]
    ids = [each.get("id") for each in elements if each.get("id")]
    yield from (f"id {each}" for each in ids)  # an email is put into a page that has ids of its own
    yield from (f"<{each.tag}> with {name}" for each in elements for name in each.keys() if name.startswith("on"))  # noqa: SIM118
    yield from (
        f"empty <{each.tag}>" for each in elements if each.tag in {"a", "h1", "h2", "th"} and not "".join(each.itertext()).strip()
    )
    yield from (f"<{each.tag}> in a sentence" for p in tree.iter("p") for each in p if each.tag in BLOCKS)
    for table in tree.iter("table"):
        is_layout, headings = table.get("role") == "presentation", list(table.iter("th"))
        if not is_layout and table.iter("tr") and (not headings or any(th.get("scope") != "row" for th in headings)):
            yield "a table without row headings"
    yield from (f"leads nowhere: {each.get('href')}" for each in tree.iter("a") if not leads_somewhere(each.get("href") or ""))


def leads_somewhere(href: str) -> bool:
    """To a route of ours, an address or a number; nowhere else, and with nothing that tells who pressed it."""
    if href.startswith(("mailto:", "tel:")):
        return bool(re.fullmatch(r"mailto:[^@\s?]+@[\w.-]+|tel:\+?\d{3,}", href))
    parts = urlsplit(href)
    if parts.hostname in MADE_UP:
        return parts.scheme == "https" and "utm_" not in parts.query
    if not href.startswith(settings.SITE_URL) or "utm_" in parts.query:
        return False
    try:
        return parts.path.startswith(MADE_UP_PATHS) or bool(resolve(parts.path or "/"))
    except Resolver404:
        return False


@pytest.mark.parametrize("how", ["all at once", "empty"])
def test_the_html_is_valid_harmless_and_its_links_lead_somewhere(how: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """As the templates give it: the inliner mends what it reads, so mistakes would not be seen behind it."""
    monkeypatch.setattr(rendering, "inline_styles", str)
    with everybody_types(how):
        samples = all_samples()
    assert [f"{sample.title}: {fault}" for sample in samples for fault in faults_in(sample.html)] == []


def test_nothing_is_cut_off_and_the_text_is_no_html(samples: list[Sample]) -> None:
    assert [sample.title for sample in samples if len(sample.html.encode()) > MOST_BYTES] == []
    assert [
        sample.title for sample in samples if re.search(r"&(?:amp|lt|quot|#\d+);|: None$|, None\b", sample.text, re.MULTILINE)
    ] == []
    assert [sample.title for sample in samples if not sample.subject or "\n" in sample.subject] == []
    no_value = re.compile(r"^\S[^:\n]*: *$\n^\S+: ", re.MULTILINE)
    assert [sample.title for sample in samples if "\n\n\n" in sample.text or no_value.search(sample.text)] == []


def test_it_travels_and_arrives_as_it_was_written(samples: list[Sample]) -> None:
    for sample in samples:
        sent = sample.as_mail().message().as_bytes(linesep="\r\n")
        assert max(map(len, sent.split(b"\r\n"))) <= 998, sample.title  # RFC 5322, 2.1.1
        mail = BytesParser(policy=policy.default).parsebytes(sent)
        assert (mail["Subject"].strip(), mail.defects) == (sample.subject, [])
        text = mail.get_body(("plain",))
        assert text is not None
        assert text.get_content().split() == sample.text.split()


def test_awkward_words_are_in_it_at_all() -> None:
    with everybody_types("all at once"):
        awkward = [sample for sample in all_samples() if LONG in sample.text]
    assert len({sample.kind for sample in awkward}) > 60
    assert [sample for sample in all_samples() if "evil" in sample.text] == []
