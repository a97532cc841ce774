"""A wording that is approved is what readers get: in the subject, the HTML and the plain text of emails, and on pages."""

from collections.abc import Iterator
from html import unescape
from typing import Any

import pytest
from django.core.cache import cache
from django.db import DatabaseError
from django.template import Context, Template
from django.test import Client
from django.utils import translation

from bookings.booking.emails import BookingConfirmed
from core import models as copies
from core.models import reset_request_values
from notifications.registry import all_emails
from notifications.samples import Sample, all_examples, all_samples, sample_at
from office.texts import queries
from office.texts.models import TextVersion
from office.texts.sources import get_sentences, text_source_lines, text_sources
from professionals.emails import render_account_email
from tests.leaflets.statements import statements
from tests.office.texts.wordings import BOOKED, ENGLISH, LEAD, SUBJECT, WELSH, WITHOUT_PRESENTER, approve, sentence, write

pytestmark = pytest.mark.django_db


def confirmation() -> Sample:
    found = sample_at(1, "booking-confirmed")
    assert found is not None
    return found


def rendered(template: str, **values: Any) -> str:
    return Template("{% load i18n texts %}" + template).render(Context(values))


def test_each_email_and_each_template_of_one_is_a_place() -> None:
    assert {email.name for email in all_emails()} < set(text_sources())
    assert all(text_source_lines(source) for source in text_sources().values())
    named = {name for source in text_sources().values() for name in source.templates}
    for example in all_examples():
        message = example.words()
        if template := getattr(message, "template", ""):
            assert f"emails/{template}.html" in named, example.kind
            assert f"emails/{template}.html" in text_sources()[example.kind].templates
        assert example.kind in text_sources()


def test_each_subject_that_an_email_has_is_one_of_its_sentences(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: dict[str, set[str]] = {}

    def record(ours: str, values: Any) -> str:
        asked.setdefault(kind, set()).add(ours)
        return ours % values

    monkeypatch.setattr("notifications.registry.worded_text", record)
    for example in all_examples():
        kind = example.kind
        example.words()
    assert len(asked) > 80
    for kind, subjects in asked.items():
        known = {ours for line in text_source_lines(text_sources()[kind]) for ours in line.wordings(ENGLISH)}
        assert {subject for subject in subjects if subject != "%(subject)s"} <= known, kind


def test_every_sentence_of_every_sample_is_found_on_its_page() -> None:
    """What the template draws by `translate` is in the list of the source: read off the templates themselves."""
    found = {line.messages for line in text_source_lines(text_sources()["booking-confirmed"])}
    assert {(BOOKED,), (WITHOUT_PRESENTER,), (SUBJECT,), ("Your new joining link",)} <= found


def test_a_wording_that_waits_changes_nothing() -> None:
    before = confirmation()
    write(BOOKED, "We are coming to you")
    assert confirmation() == before


def test_an_approved_wording_is_in_html_and_in_plain_text() -> None:
    approve(write(BOOKED, "We are coming to <you> & yours"))
    approve(write("We have added a calendar entry to this email.", "This email has a **calendar entry**. [See all](/sessions/)"))
    sample = confirmation()
    assert "<h1" in sample.html
    assert "We are coming to &lt;you&gt; &amp; yours" in sample.html
    assert "We are coming to <you> & yours" in sample.text
    assert BOOKED not in sample.html.replace(sample.subject, "")
    assert "This email has a calendar entry." in " ".join(sample.text.split())
    assert ">calendar entry</strong>" in sample.html
    assert "http://localhost:8000/sessions/" in sample.text


def test_plain_text_has_the_address_and_the_number_behind_a_link() -> None:
    ours = "We have added a calendar entry to this email."
    approve(write(ours, "[Write to us](mailto:help@ctac.example) or [call](tel:01134960000).", reason="The fair's own number"))
    assert "Write to us (help@ctac.example) or call (01134960000)." in " ".join(confirmation().text.split())


def test_an_approved_wording_is_in_the_subject_with_what_is_filled_in() -> None:
    ours = confirmation().subject
    approve(write(SUBJECT, "Booked ({reference}): {day} & 100%"))
    subject = confirmation().subject
    assert subject.startswith("Booked (BK-")
    assert subject.endswith("& 100%")
    assert subject != ours


def test_one_wording_of_a_subject_changes_the_emails_that_share_it_and_no_other() -> None:
    shared = sentence("Your joining link for %(day)s has changed (%(reference)s)")
    assert {source.slug for source in shared.sources} >= {BookingConfirmed.name, "presenter-booked"}


def test_welsh_readers_get_the_welsh_wording_and_english_readers_ours() -> None:
    with translation.override(WELSH):
        ours = translation.gettext(BOOKED)
    assert ours != BOOKED
    approve(write(sentence(ours, WELSH), "Rydyn ni’n dod atoch chi"))
    email = next(example for example in all_examples() if example.kind == "booking-confirmed")
    with translation.override(WELSH):
        assert rendered("{% translate '" + BOOKED + "' %}") == "Rydyn ni’n dod atoch chi"
        assert email.words()
    assert rendered("{% translate '" + BOOKED + "' %}") == BOOKED


def test_an_account_email_has_it_in_subject_html_and_text() -> None:
    approve(write("%(code)s is your code to sign in", "Here’s {code}, your “code” & key"))
    approve(write("Your code to sign in", "Here is your code"))
    mail = render_account_email("account/email/login_code", "x@y.example", {"code": "BCDF-GHJK", "reader_name": ""})
    assert mail.subject == "Here’s BCDF-GHJK, your “code” & key"
    assert "Here is your code" in mail.html
    assert "Here is your code" in mail.text
    approve(write("Your password has changed", "You’ve a new password, haven’t you? 1 < 2"))
    mail = render_account_email("account/email/password_changed", "x@y.example", {"reader_name": ""})
    assert mail.subject == "You’ve a new password, haven’t you? 1 < 2"


def test_a_page_has_it_from_the_next_request_on(client: Client, django_capture_on_commit_callbacks: Any) -> None:
    assert LEAD in client.get("/").content.decode()
    version = write(LEAD, "All of it is **free**.")
    with django_capture_on_commit_callbacks(execute=True):
        from office.texts.services import approve_text

        approve_text(version, by=make_staff_once(), now=version.at)
    page = client.get("/").content.decode()
    assert "All of it is <strong>free</strong>." in page
    assert LEAD not in page


def make_staff_once() -> Any:
    from tests.factories import make_staff

    return make_staff()


def test_reading_takes_no_statement_with_a_copy_and_a_single_one_without() -> None:
    with translation.override(ENGLISH):
        reset_request_values()
        assert statements(lambda: [queries.current_wordings()]) == []
        cache.delete(queries.CACHED_WORDINGS.key)
        reset_request_values()
        assert len(statements(lambda: [queries.current_wordings(), queries.current_wordings()])) == 1


def test_a_page_of_many_sentences_asks_the_cache_once(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    approve(write(LEAD, "All of it is free."))
    asked: list[str] = []
    get = cache.get_many
    monkeypatch.setattr(copies.cache, "get_many", lambda keys: (asked.extend(keys), get(keys))[1])
    client.get("/")
    assert asked.count(queries.CACHED_WORDINGS.key) == 1


def test_without_cache_and_database_readers_get_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_args: Any, **_kwargs: Any) -> Any:
        raise DatabaseError

    monkeypatch.setattr(copies.cache, "get_many", fails)
    monkeypatch.setattr(queries.CACHED_WORDINGS, "read", fails)
    reset_request_values()
    assert rendered("{% translate 'Good to know' %}") == "Good to know"


def test_a_sentence_that_a_release_words_differently_is_ours_again() -> None:
    approve(write(BOOKED, "We are coming to you"))
    assert rendered("{% translate '" + BOOKED + "' %}") == "We are coming to you"
    assert rendered("{% translate 'Your presentation has been booked' %}") == "Your presentation has been booked"


# The tags give what Django's give, to the byte, as long as nothing is worded otherwise; and then what is asked for.

CASES: list[tuple[str, dict[str, Any]]] = [
    ("{% translate 'Tom & Jerry' %}", {}),
    ('{% translate "100% sure" %}', {}),
    ("{% translate 'a' as x %}[{{ x }}]", {}),
    ("{% translate 'a' noop %}", {}),
    ("{% translate name %}", {"name": "<b>"}),
    ("{% translate 'a'|upper %}", {}),
    ("{% translate 'May' context 'month' %}", {}),
    ("{% blocktranslate %} a  {{ name }}\n b {% endblocktranslate %}", {"name": "<b> & “x”"}),
    ("{% blocktranslate trimmed with n=name|upper %}\n  a {{ n }} 5%\n{% endblocktranslate %}", {"name": "<b>"}),
    ("{% blocktranslate count n=many %}{{ n }} one{% plural %}{{ n }} more{% endblocktranslate %}", {"many": 1}),
    ("{% blocktranslate count n=many %}{{ n }} one{% plural %}{{ n }} more{% endblocktranslate %}", {"many": 3}),
    ("{% blocktranslate asvar x %}a {{ name }}{% endblocktranslate %}[{{ x }}]", {"name": "<b>"}),
    ("{% blocktranslate context 'x' %}a {{ name }}{% endblocktranslate %}", {"name": "<b>"}),
    ("{% autoescape off %}{% blocktranslate %}a {{ name }}{% endblocktranslate %}{% endautoescape %}", {"name": "<b>"}),
]


@pytest.fixture(params=["nothing", "another sentence"])
def _worded(request: pytest.FixtureRequest) -> Iterator[None]:
    queries.CACHED_WORDINGS.publish({ENGLISH: {"another": "other"}} if request.param == "another sentence" else {})
    return


@pytest.mark.usefixtures("_worded")
@pytest.mark.parametrize(("template", "values"), CASES)
def test_the_tags_are_djangos_while_nothing_is_worded(template: str, values: dict[str, Any]) -> None:
    assert rendered(template, **values) == Template("{% load i18n %}" + template).render(Context(values))


@pytest.mark.parametrize(
    ("template", "ours", "text", "expected"),
    [
        ("<p>{% translate 'a b' %}</p>", "a b", "c **d** < 'e'", "<p>c <strong>d</strong> &lt; 'e'</p>"),
        ("<h1>{% translate 'a b' %}</h1>", "a b", "c **d** < 'e'", "<h1>c d &lt; &#x27;e&#x27;</h1>"),
        ("<p title=\"{% translate 'a b' %}\">", "a b", '"c" **d**', '<p title="&quot;c&quot; d">'),
        ("{% translate 'a b' as x %}<p>{{ x }}</p>", "a b", "c **d** <", "<p>c d &lt;</p>"),
        ("{% autoescape off %}{% translate 'a b' %}{% endautoescape %}", "a b", "c & d", "c & d"),
        (
            "<p>{% blocktranslate %}a {{ name }}{% endblocktranslate %}</p>",
            "a %(name)s",
            "{name} **b**",
            "<p>&lt;i&gt; <strong>b</strong></p>",
        ),
        (
            "<p>{% blocktranslate count n=2 %}{{ n }} one{% plural %}{{ n }} more{% endblocktranslate %}</p>",
            "%(n)s more",
            "all {n}",
            "<p>all 2</p>",
        ),
        (
            '<p>{% blocktranslate %}See <a href="{{ url }}">it</a>{% endblocktranslate %}</p>',
            'See <a href="%(url)s">it</a>',
            "[Look]({url}) at **it**",
            '<p><a class="govuk-link" href="/x?a=1&amp;b=2">Look</a> at <strong>it</strong></p>',
        ),
        (
            "<p>{% blocktranslate asvar x %}a {{ name }}{% endblocktranslate %}{{ x }}</p>",
            "a %(name)s",
            "{name} & b",
            "<p>&lt;i&gt; &amp; b</p>",
        ),
    ],
)
def test_a_wording_takes_the_place_of_ours(template: str, ours: str, text: str, expected: str) -> None:
    queries.CACHED_WORDINGS.publish({ENGLISH: {ours: text}})
    assert rendered(template, name="<i>", url="/x?a=1&b=2") == expected


def test_what_is_filled_in_is_not_read_as_a_placeholder() -> None:
    queries.CACHED_WORDINGS.publish({ENGLISH: {"a %(name)s %(other)s": "{name} {other}"}})
    drawn = rendered("<p>{% blocktranslate %}a {{ name }} {{ other }}{% endblocktranslate %}</p>", name="{other}", other="x")
    assert drawn == "<p>{other} x</p>"


def test_every_sample_is_drawn_with_every_sentence_worded_otherwise() -> None:
    """Nothing is lost or doubled: each sentence says "#" before it, and each placeholder is filled in."""
    worded = {
        each.ours: f"# {each.editable}" for each in get_sentences().values() if each.language == ENGLISH and not each.locked
    }
    queries.CACHED_WORDINGS.publish({ENGLISH: worded})
    for sample in all_samples():
        assert "#" in sample.text, sample.kind
        assert "{" not in sample.text, sample.kind
        assert "{" not in unescape(sample.html).partition("</head>")[2], sample.kind


def test_what_is_worded_is_counted_by_version() -> None:
    version = write(BOOKED, "We are coming to you")
    assert (version.number, version.language, version.ours) == (1, ENGLISH, BOOKED)
    assert write(BOOKED, "We will come to you").number == 2
    assert TextVersion.objects.waiting().get().number == 2
