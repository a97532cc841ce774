"""Whatever is typed: every kind of mail has the headers that we gave it, and a calendar the entries that we made."""

from datetime import timedelta
from email import policy
from email.message import EmailMessage
from email.parser import BytesParser
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from icalendar import Calendar

from bookings.calendars.views import feed_token, get_or_create_feed
from notifications.samples import Sample, all_samples
from tests.bookings.rows import at, make_booking, make_presenter
from tests.factories import make_person, sign_in
from tests.security.payloads import LINES
from tests.security.typing_in import everybody_attacks

pytestmark = pytest.mark.django_db
THEIRS = ("victim@evil.example", "x@evil.example")
ATTACK = " ".join(LINES.values())
# What mail may carry at its top; one more would be theirs.
HEADERS = {
    *("Subject", "From", "To", "Reply-To", "Date", "Message-ID", "MIME-Version", "Content-Type", "Content-Transfer-Encoding"),
    *("Auto-Submitted", "In-Reply-To", "References", "List-Unsubscribe", "List-Unsubscribe-Post"),
}
# Of one entry; ATTENDEE in what is sent to somebody.
ONCE = {
    *("UID", "SEQUENCE", "DTSTAMP", "DTSTART", "DTEND", "SUMMARY", "LOCATION", "DESCRIPTION"),
    *("STATUS", "TRANSP", "ORGANIZER", "ATTENDEE"),
}


@pytest.fixture(scope="module")
def samples(django_db_setup: None, django_db_blocker: Any) -> list[Sample]:
    with django_db_blocker.unblock(), everybody_attacks(ATTACK):
        return all_samples()


def travelled(sample: Sample) -> EmailMessage:
    sent = sample.as_mail().message().as_bytes(linesep="\r\n")
    return BytesParser(policy=policy.default).parsebytes(sent)  # type: ignore[return-value]


def test_the_attack_is_in_it_at_all(samples: list[Sample]) -> None:
    assert len({sample.kind for sample in samples if "victim@evil.example" in sample.text}) > 40
    assert len({sample.kind for sample in samples if "victim@evil.example" in sample.subject}) > 2


def test_no_header_is_theirs(samples: list[Sample]) -> None:
    for sample in samples:
        mail = travelled(sample)
        assert set(mail.keys()) <= HEADERS, sample.title
        assert len(mail.keys()) == len(set(mail.keys())), sample.title
        assert mail.defects == []
        for name in ("From", "To", "Reply-To"):
            assert not any(theirs in str(mail[name]) for theirs in THEIRS), (sample.title, name)
        assert "\n" not in sample.subject


def test_their_words_stay_words(samples: list[Sample]) -> None:
    for sample in samples:
        text = travelled(sample).get_body(("plain",))
        assert text is not None
        assert text.get_content().split() == sample.text.split()


def calendars(samples: list[Sample]) -> list[tuple[str, bytes]]:
    return [(sample.title, sample.message.calendar) for sample in samples if sample.message and sample.message.calendar]


def test_each_calendar_has_one_entry_and_each_property_once(samples: list[Sample]) -> None:
    found = calendars(samples)
    assert len(found) > 10
    for title, raw in found:
        [entry] = Calendar.from_ical(raw).walk("VEVENT")
        assert set(entry) <= ONCE, title
        assert not any(isinstance(value, list) for value in entry.values()), title
        assert str(entry.get("attendee", "")).removeprefix("mailto:") not in THEIRS
        assert entry["organizer"].params.get("ROLE") is None


def test_no_line_of_a_calendar_is_theirs(samples: list[Sample]) -> None:
    """Before folding, as a program reads them that is less strict: no bare line end, and none that begins with their words."""
    for title, raw in calendars(samples):
        text = raw.decode()
        lines = text.replace("\r\n ", "").split("\r\n")
        assert lines.count("BEGIN:VEVENT") == 1, title
        assert not [line for line in lines if "\n" in line or "\r" in line], title
        assert not [line for line in lines if line.startswith(("Bcc:", "ATTENDEE:mailto:x@", "SUMMARY:Theirs"))], title


def test_what_is_downloaded_or_fetched_by_a_calendar_has_our_entries_alone() -> None:
    with everybody_attacks(LINES["calendar line"], stored=True):
        owner = make_person(email="owner@leeds.example.nhs.uk")
        start = at("10:00", (timezone.now() + timedelta(days=20)).date())
        booking = make_booking(make_presenter(), start, person=owner)
    mine = sign_in(Client(), owner)
    feed = feed_token(get_or_create_feed(owner=owner, by=owner.user, now=timezone.now()))  # type: ignore[arg-type]
    for path in (f"/bookings/{booking.reference}/calendar.ics", f"/calendars/{feed}.ics"):
        answer = mine.get(path)
        [entry] = Calendar.from_ical(answer.content).walk("VEVENT")
        assert "SUMMARY:Theirs" in str(entry["summary"])
        assert set(entry) <= ONCE - {"ATTENDEE"}
        assert not any(isinstance(value, list) for value in entry.values())
