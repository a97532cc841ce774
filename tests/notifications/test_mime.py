"""The email that travels."""

from email import policy
from email.parser import BytesParser

import pytest

from notifications import mime
from notifications.registry import Attachment, Message
from notifications.rendering import render
from tests.notifications.conftest import WORDS

pytestmark = pytest.mark.django_db


def ics(method):
    lines = [
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        f"METHOD:{method}",
        "BEGIN:VEVENT",
        "SUMMARY:Café talk",
        "END:VEVENT",
        "END:VCALENDAR",
        "",
    ]
    return "\r\n".join(lines).encode()


@pytest.fixture
def travelled(make_row):
    """As the server gets it: bytes, then parsed as any mail program would."""

    def send(row=None, **more):
        message = Message("Café: a subject", "test_words", dict(WORDS), **more)
        mail = mime.compose(row or make_row(), render(message), message)
        return BytesParser(policy=policy.default).parsebytes(mail.message().as_bytes(linesep="\r\n"))

    return send


def shape(part):
    return (
        [part.get_content_type(), [shape(child) for child in part.iter_parts()]]
        if part.is_multipart()
        else part.get_content_type()
    )


def test_text_and_html_are_alternatives_of_one_body(travelled):
    assert shape(travelled()) == ["multipart/alternative", ["text/plain", "text/html"]]


def test_an_invitation_is_part_of_the_body_and_comes_as_a_file_too(travelled):
    mail = travelled(calendar=ics("REQUEST"), calendar_method="REQUEST")
    body = ["multipart/alternative", ["text/plain", "text/html", "text/calendar"]]
    assert shape(mail) == ["multipart/mixed", [body, "application/ics"]]


def test_a_cancellation_is_part_of_the_body_only(travelled):
    mail = travelled(calendar=ics("CANCEL"), calendar_method="CANCEL")
    assert shape(mail) == ["multipart/alternative", ["text/plain", "text/html", "text/calendar"]]


@pytest.mark.parametrize("method", ["REQUEST", "CANCEL"])
def test_the_calendar_names_its_method_and_charset_once(travelled, method):
    part = next(
        part
        for part in travelled(calendar=ics(method), calendar_method=method).walk()
        if part.get_content_type() == "text/calendar"
    )
    header = str(part["Content-Type"])
    assert (header.count("method="), header.count("charset=")) == (1, 1)
    assert part["Content-Type"].params["method"] == method
    assert part.get_payload(decode=True).replace(b"\r\n", b"\n") == ics(method).replace(b"\r\n", b"\n")


@pytest.mark.parametrize("body", [b"", ics("PUBLISH"), ics("REQUEST").replace(b"METHOD:REQUEST\r\n", b"")])
def test_a_method_that_the_calendar_does_not_have_is_refused(travelled, body):
    message = Message("s", "test_words", calendar=body or b"-", calendar_method="REQUEST")
    with pytest.raises(ValueError, match="METHOD"):
        travelled(calendar=message.calendar, calendar_method="REQUEST")


def test_headers_say_that_a_machine_wrote_and_where_a_person_reads(travelled, make_row, settings):
    row = make_row()
    mail = travelled(row)
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail["Message-ID"] == row.message_id
    assert mail["Reply-To"] == settings.ADVICE_EMAIL
    assert mail["To"] == row.recipient
    assert mail["Subject"] == "Café: a subject"
    assert mail["Date"].datetime is not None


def test_a_kind_can_name_who_reads_replies(travelled):
    assert travelled(reply_to="presenter@ctac.example")["Reply-To"] == "presenter@ctac.example"


def test_mail_about_one_thing_hangs_together(travelled, make_row):
    first, second, other = (
        travelled(make_row(about=about, version=version)) for about, version in [("b:1", 1), ("b:1", 2), ("b:2", 1)]
    )
    assert first["References"] == first["In-Reply-To"] == second["References"]
    assert other["References"] != first["References"]
    assert first["Message-ID"] != second["Message-ID"]
    assert "b:1" not in first["References"]


def test_attachments_follow(travelled):
    mail = travelled(attachments=(Attachment("leaflet.pdf", b"%PDF-1.7", "application/pdf"),))
    assert [part.get_filename() for part in mail.iter_attachments()] == ["leaflet.pdf"]
