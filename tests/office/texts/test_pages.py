"""The pages on which staff word texts: what they list, what they refuse, who may do what, and how a wording looks."""

import re
from collections.abc import Callable, Iterator
from datetime import date, time
from html import unescape
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from bookings.models import Booking, BookingState
from core.dates import uk_datetime
from notifications.models import MailReader, Notification
from notifications.registry import all_emails
from office.texts import sources as sources_module
from office.texts.admin import check_used_wordings, word_diff
from office.texts.markup import editable_text
from office.texts.models import TextStep, TextVersion
from office.texts.pages import PUBLIC_PAGES
from office.texts.queries import live_wordings
from office.texts.sources import get_sentences, sentence_rows, text_source_lines, text_sources
from staff.first_run import Light
from tests.bookings.rows import make_booking, make_presenter
from tests.factories import make_staff, sign_in_staff
from tests.leaflets.statements import statements
from tests.office.texts.wordings import BOOKED, ENGLISH, LEAD, SUBJECT, WELSH, WITHOUT_PRESENTER, approve, sentence, write
from tests.security.payloads import MARKUP

pytestmark = pytest.mark.django_db
MOST_STATEMENTS = 20
LOCKED = "If a child is in immediate danger, call 999."


@pytest.fixture
def author() -> User:
    return make_staff(role="coordinator")


@pytest.fixture
def manager() -> User:
    return make_staff(role="manager")


@pytest.fixture
def as_author(author: User) -> Client:
    return sign_in_staff(Client(), author)


@pytest.fixture
def as_manager(manager: User) -> Client:
    return sign_in_staff(Client(), manager)


def word_url(ours: str = BOOKED, source: str = "booking-confirmed") -> str:
    return reverse("staff:text", args=[source, sentence(ours).key])


def action(version: TextVersion, slug: str) -> str:
    return reverse("staff:office_textversion_action", args=[version.pk, slug])


def shown(response: Any) -> str:
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", response.content.decode())).split())


def test_the_list_names_every_email_and_every_page(as_author: Client) -> None:
    text = as_author.get(reverse("staff:texts")).content.decode()
    for source in text_sources().values():
        assert reverse("staff:source_texts", args=[source.slug]) in text
    assert len(all_emails()) > 80


@pytest.mark.parametrize("slug", sorted(text_sources()))
def test_the_page_of_each_place_lists_its_sentences_in_english_and_welsh(slug: str, as_author: Client) -> None:
    text = as_author.get(reverse("staff:source_texts", args=[slug])).content.decode()
    for line in text_source_lines(text_sources()[slug]):
        for language in ("en-gb", WELSH):
            for ours in line.wordings(language):
                assert f'<p lang="{language}">' in text
                assert editable_text(ours) in unescape(text)


def test_a_locked_sentence_is_listed_with_its_reason_and_without_a_form(as_author: Client) -> None:
    source = "every-email"
    text = as_author.get(reverse("staff:source_texts", args=[source])).content.decode()
    assert "This says when to call 999." in text
    assert word_url(LOCKED, source) not in text
    assert as_author.get(word_url(LOCKED, source)).status_code == 404
    assert as_author.post(word_url(LOCKED, source), {"text": "Call us.", "seen": "0"}).status_code == 404
    assert not TextVersion.objects.exists()


def test_what_is_not_of_the_place_or_not_there_is_404(as_author: Client) -> None:
    assert as_author.get(word_url(BOOKED, "home")).status_code == 404
    assert as_author.get(reverse("staff:text", args=["home", "0" * 32])).status_code == 404
    assert as_author.get(reverse("staff:source_texts", args=["nowhere"])).status_code == 404
    assert as_author.get(reverse("staff:source_preview", args=["home", "fr"])).status_code == 404


def test_a_sentence_says_where_else_it_is(as_author: Client) -> None:
    shared = "We have added a calendar entry to this email."
    assert len(sentence(shared).sources) > 1
    assert "It changes in all of them" in shown(as_author.get(word_url(shared)))


def test_from_writing_to_readers(
    as_author: Client, as_manager: Client, author: User, django_capture_on_commit_callbacks: Any
) -> None:
    response = as_author.post(word_url(), {"text": "  We are\r\ncoming to you ", "seen": "0"}, follow=True)
    version = TextVersion.objects.get()
    assert (version.text, version.author, version.number) == ("We are coming to you", author, 1)
    assert "once a colleague has approved it" in shown(response)
    assert as_author.get(action(version, "approve")).status_code == 403
    assert "wording to approve" in shown(as_manager.get("/staff/"))
    with django_capture_on_commit_callbacks(execute=True):
        assert as_manager.post(action(version, "approve")).status_code == 302
    assert "We are coming to you" in as_manager.get(reverse("mail_gallery_html", args=["booking-confirmed", 1])).content.decode()
    text = shown(as_author.get(reverse("staff:source_texts", args=["booking-confirmed"])))
    assert "In your own words." in text
    with django_capture_on_commit_callbacks(execute=True):
        assert as_manager.post(action(version, "take-back")).status_code == 302
    assert (
        "We are coming to you" not in as_manager.get(reverse("mail_gallery_html", args=["booking-confirmed", 1])).content.decode()
    )


def test_an_author_reads_who_wrote_it_without_a_link_that_they_may_not_follow(as_author: Client, as_manager: Client) -> None:
    version = write(BOOKED, "We are coming")
    url = reverse("staff:office_textversion_change", args=[version.pk])
    assert str(version.author) in shown(as_author.get(url))
    assert "/staff/accounts/user/" not in as_author.get(url).content.decode()
    assert f"/staff/accounts/user/{version.author_id}/" in as_manager.get(url).content.decode()


def test_a_manager_can_not_approve_their_own(as_manager: Client, manager: User) -> None:
    response = as_manager.post(action(write(BOOKED, "We are coming", by=manager), "approve"))
    assert "You can’t approve your own wording." in shown(response)
    assert not TextStep.objects.exists()


def test_sent_back_with_what_should_change(as_manager: Client, as_author: Client) -> None:
    version = write(BOOKED, "We are coming")
    assert "Say what should change" in shown(as_manager.post(action(version, "send-back"), {"reason": ""}))
    assert "details of a child" in shown(
        as_manager.post(action(version, "send-back"), {"reason": "Amy Jones, born 3 May 2014, has bruises"})
    )
    as_manager.post(action(version, "send-back"), {"reason": "Say when"})
    assert TextStep.objects.get().reason == "Say when"
    assert "Sent back : Say when" in shown(as_author.get(word_url())).replace(" :", " :") or "Say when" in shown(
        as_author.get(word_url())
    )


@pytest.mark.parametrize(
    ("ours", "text", "why"),
    [
        (BOOKED, "", "Enter the new wording"),
        (SUBJECT, "Booked", "Keep everything in curly brackets"),
        (BOOKED, "See [this](https://ctac.example)", "can’t have bold words or links"),
        (WITHOUT_PRESENTER, "See [this](javascript:alert(1)).", "Begin each link with"),
    ],
)
def test_a_refusal_keeps_what_was_typed(ours: str, text: str, why: str, as_author: Client) -> None:
    response = as_author.post(word_url(ours), {"text": text, "seen": "0"})
    assert response.status_code == 200
    assert why in shown(response)
    assert text in unescape(response.content.decode())
    assert not TextVersion.objects.exists()


def test_a_warning_asks_for_a_reason_and_keeps_it(as_author: Client) -> None:
    typed = {"text": "Amy Jones, born 3 May 2014, was seen with bruises.", "seen": "0"}
    response = as_author.post(word_url(WITHOUT_PRESENTER), typed)
    assert "This looks like details of a child." in shown(response)
    assert 'name="reason"' in response.content.decode()
    assert "Say why this wording is right all the same" in shown(response)
    response = as_author.post(word_url(WITHOUT_PRESENTER), {**typed, "reason": "Ben Smith, born 3 May 2014, was hit at home"})
    assert not TextVersion.objects.exists()
    as_author.post(word_url(WITHOUT_PRESENTER), {**typed, "reason": "A made-up example"})
    version = TextVersion.objects.get()
    assert version.reason == "A made-up example"
    assert "A made-up example" in shown(as_author.get(reverse("staff:office_textversion_change", args=[version.pk])))


def test_a_plain_wording_is_not_asked_for_a_reason(as_author: Client) -> None:
    assert 'name="reason"' not in as_author.get(word_url()).content.decode()


def test_two_who_write_at_once(as_author: Client) -> None:
    assert 'name="seen" value="0"' in as_author.get(word_url()).content.decode()
    write(BOOKED, "We are coming")
    response = as_author.post(word_url(), {"text": "We will come", "seen": "0"})
    assert "Somebody has written a new wording since you opened this page." in shown(response)
    text = response.content.decode()
    assert "We will come</textarea>" in text
    assert "We are coming" in text
    assert 'name="seen" value="1"' in text
    as_author.post(word_url(), {"text": "We will come", "seen": "1"})
    assert TextVersion.objects.count() == 2


def test_two_versions_are_compared_word_by_word(as_author: Client) -> None:
    write(WITHOUT_PRESENTER, "We will soon tell you who is coming.")
    version = write(WITHOUT_PRESENTER, "We will tell you soon.")
    url = reverse("staff:office_textversion_change", args=[version.pk])
    assert "What differs from our own wording" in shown(as_author.get(url))
    text = as_author.get(f"{url}?with=1").content.decode()
    assert "What differs from version 1" in text
    assert re.search(r"<del><span[^>]*>Taken out: </span>soon </del>", text)
    assert word_diff("a b c", "a d c") == [("same", "a "), ("gone", "b "), ("new", "d "), ("same", "c")]


def test_what_a_release_words_differently_is_listed_as_no_longer_used(as_author: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    version = approve(write(BOOKED, "We are coming"))
    known = {key: each for key, each in get_sentences().items() if each.ours != BOOKED}
    assert "No longer used" not in shown(as_author.get(reverse("staff:texts")))
    for module in ("admin", "queries"):
        monkeypatch.setattr(f"office.texts.{module}.get_sentences", lambda: known)
    monkeypatch.setattr("office.texts.admin.sentence_rows", lambda source: [])
    text = shown(as_author.get(reverse("staff:texts")))
    assert "No longer used" in text
    assert version.text in text
    page = shown(as_author.get(reverse("staff:office_textversion_change", args=[version.pk])))
    assert "nobody gets this wording any more" in page


@pytest.fixture
def lock_booked(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[], None]]:
    """As a release does that locks a sentence."""
    read = (sources_module.get_sentences, sources_module.sentence_rows)

    def lock() -> None:
        monkeypatch.setattr(sources_module, "LOCK_PATTERNS", ((BOOKED, "This is a promise."),))
        for each in read:
            each.cache_clear()

    yield lock
    monkeypatch.undo()
    for each in read:
        each.cache_clear()


def test_a_wording_of_a_sentence_that_a_release_locks_is_ours_again_and_staff_are_told(
    as_author: Client, lock_booked: Callable[[], None]
) -> None:
    version = approve(write(BOOKED, "We are coming"))
    source = reverse("staff:source_texts", args=["booking-confirmed"])
    assert live_wordings() == {ENGLISH: {BOOKED: "We are coming"}}
    assert "In your own words." in shown(as_author.get(source))
    assert [line.light for line in check_used_wordings(None)] == [Light.GREEN]
    lock_booked()
    assert live_wordings() == {}
    [line] = check_used_wordings(None)
    assert (line.light, line.href) == (Light.AMBER, reverse("staff:texts"))
    assert "1 wording is no longer used" in line.sentence
    text = shown(as_author.get(reverse("staff:texts")))
    assert "No longer used" in text
    assert "We are coming : This sentence is locked." in text
    assert "In your own words." not in shown(as_author.get(source))
    page = shown(as_author.get(reverse("staff:office_textversion_change", args=[version.pk])))
    assert "This sentence is locked. So nobody gets this wording any more." in page


@pytest.mark.parametrize("payload", MARKUP.values())
def test_nothing_that_is_typed_runs(payload: str, as_author: Client, as_manager: Client) -> None:
    """In the wording, in the reason, and in the reason of who sends it back; on our pages and in the previews."""
    as_author.post(word_url(WITHOUT_PRESENTER), {"text": f"We {payload} 0113 496 0000.", "reason": payload, "seen": "0"})
    version = TextVersion.objects.get()
    pages = [
        as_author.get(word_url(WITHOUT_PRESENTER)),
        as_author.get(reverse("staff:office_textversion_change", args=[version.pk])),
        as_author.get(reverse("staff:office_textversion_changelist")),
        as_author.get(reverse("staff:version_preview", args=["booking-confirmed", version.pk])),
    ]
    as_manager.post(action(version, "send-back"), {"reason": payload})
    pages.append(as_author.get(word_url(WITHOUT_PRESENTER)))
    assert TextStep.objects.get().reason == payload
    for page in pages:
        assert page.status_code == 200
        assert payload not in page.content.decode()


def test_a_preview_shows_the_wording_in_a_frame_that_runs_nothing(as_author: Client) -> None:
    version = write(LEAD, "All of it is **free** of charge.")
    url = reverse("staff:version_preview", args=["home", version.pk])
    assert (
        f'<iframe src="{url}" sandbox="allow-same-origin"'
        in as_author.get(reverse("staff:office_textversion_change", args=[version.pk])).content.decode()
    )
    response = as_author.get(url)
    assert "All of it is <strong>free</strong> of charge." in response.content.decode()
    policy = response.headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'")
    assert policy.endswith("sandbox allow-same-origin")
    assert "script-src" not in policy
    assert "<script" not in response.content.decode()
    assert (
        "free</strong> of charge" not in as_author.get(reverse("staff:source_preview", args=["home", "en-gb"])).content.decode()
    )
    assert "free</strong> of charge" not in as_author.get("/").content.decode()


@pytest.mark.parametrize("slug", ["home", "booking-confirmed"])
def test_the_sentences_of_a_place_stand_above_what_readers_get_now(slug: str, as_author: Client) -> None:
    page = as_author.get(reverse("staff:source_texts", args=[slug])).content.decode()
    previews = [reverse("staff:source_preview", args=[slug, language]) for language in (ENGLISH, WELSH)]
    assert re.findall('<iframe src="([^"]*)" sandbox="allow-same-origin"', page) == previews


@pytest.mark.parametrize("slug", sorted(slug for slug, source in text_sources().items() if source.preview))
def test_each_place_is_drawn_in_both_languages(slug: str, as_author: Client) -> None:
    for language in ("en-gb", WELSH):
        response = as_author.get(reverse("staff:source_preview", args=[slug, language]))
        assert response.status_code == 200
        text = response.content.decode()
        assert f'lang="{language}"' in text or "can’t be shown here" in text


@pytest.mark.parametrize("page", [page for page in PUBLIC_PAGES if not page.route], ids=lambda page: page.slug)
@pytest.mark.parametrize("language", [ENGLISH, WELSH])
def test_a_page_of_its_own_reader_is_drawn_with_an_example(page: Any, language: str, as_author: Client) -> None:
    text = shown(as_author.get(reverse("staff:source_preview", args=[page.slug, language])))
    ours = [
        each.ours
        for row in sentence_rows(text_sources()[page.slug])
        for cell in row
        for each in cell
        if each.language == language
    ]
    plain = [" ".join(unescape(re.sub(r"<[^>]+>", " ", each)).split()) for each in ours if "%" not in each]
    found = [each for each in plain if each in text]
    assert len(found) > 2, (found, text)


def test_a_preview_is_of_the_newest_real_email_and_keeps_private_links_back(as_author: Client, make_real_booking: Any) -> None:
    booking = make_real_booking()
    text = as_author.get(reverse("staff:source_preview", args=["booking-confirmed", "en-gb"])).content.decode()
    assert booking.reference in text
    assert "[private link]" in text
    assert "/b/" not in text


def test_what_a_preview_draws_is_not_kept(as_author: Client, make_real_booking: Any) -> None:
    make_real_booking()
    before = Notification.objects.count()
    readers = MailReader.objects.count()
    as_author.get(reverse("staff:source_preview", args=["booking-confirmed", "en-gb"]))
    assert (Notification.objects.count(), MailReader.objects.count()) == (before, readers)


@pytest.fixture
def make_real_booking() -> Any:
    def make() -> Booking:
        booking = make_booking(make_presenter(), uk_datetime(date(2027, 3, 9), time(13)), state=BookingState.CONFIRMED)
        facts = {"about": f"booking:{booking.pk}", "recipient": booking.person.email, "reference": booking.reference}
        moment = timezone.now()
        Notification.objects.create(kind="booking-confirmed", created_at=moment, due_at=moment, **facts)
        return booking

    return make


@pytest.mark.parametrize("role", ["presenter", "fulfilment", "read-only"])
def test_others_have_nothing_to_do_with_it(role: str) -> None:
    client, version = sign_in_staff(Client(), make_staff(role=role)), write(BOOKED, "We are coming")
    for url in (
        reverse("staff:texts"),
        reverse("staff:source_texts", args=["home"]),
        word_url(),
        reverse("staff:source_preview", args=["home", "en-gb"]),
        reverse("staff:version_preview", args=["booking-confirmed", version.pk]),
        reverse("staff:office_textversion_change", args=[version.pk]),
    ):
        assert client.get(url).status_code == 403


def test_no_page_takes_more_statements_than_it_may(as_author: Client, as_manager: Client) -> None:
    for text in ("One", "Two", "Three"):
        version = approve(write(BOOKED, text))
    write(BOOKED, "Four")
    for url in (
        reverse("staff:texts"),
        reverse("staff:source_texts", args=["booking-confirmed"]),
        word_url(),
        reverse("staff:office_textversion_change", args=[version.pk]),
        reverse("staff:office_textversion_changelist"),
        f"{reverse('staff:office_textversion_changelist')}?state=live",
    ):
        as_manager.get(url)
        assert len(statements(lambda url=url: as_manager.get(url))) <= MOST_STATEMENTS, url
