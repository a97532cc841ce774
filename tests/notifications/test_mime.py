"""The email that travels."""

from email import policy
from email.parser import BytesParser
from email.utils import parseaddr

import pytest

from notifications import registry, rendering
from notifications.delivery.services import build_mail
from notifications.preferences import choices_page_link, one_click_unsubscribe_link
from notifications.registry import Desk, Message, Topic, email_for
from notifications.rendering import render
from notifications.samples import all_examples, all_samples
from office.site_settings.queries import site_settings
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
        mail = rendering.compose(row or make_row(), render(message), message)
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


def test_a_calendar_is_part_of_the_body_and_an_invitation_comes_as_a_file_too(travelled):
    body = ["multipart/alternative", ["text/plain", "text/html", "text/calendar"]]
    assert shape(travelled(calendar=ics("CANCEL"), calendar_method="CANCEL")) == body
    invitation = travelled(calendar=ics("REQUEST"), calendar_method="REQUEST")
    assert shape(invitation) == ["multipart/mixed", [body, "application/ics"]]


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


def test_headers_say_that_a_machine_wrote_and_where_a_person_reads(travelled, make_row):
    row = make_row()
    mail = travelled(row)
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail["Message-ID"] == row.message_id
    assert mail["Reply-To"] == site_settings().advice_email
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


def test_each_desk_has_its_sender_and_people_who_read_the_answers(settings, change_settings):
    settings.MAIL_FROM = {"leaflets": "CTAC leaflets <leaflets@nspcc.org.uk>", "team": ""}
    settings.MAIL_REPLIES = {"leaflets": "post-room@ctac.example"}
    change_settings(team_email="team@ctac.example")
    found = {sample.kind: sample.as_mail() for sample in all_samples()}
    headers = {
        kind: (found[kind].from_email, found[kind].reply_to)
        for kind in ("order-received", "staff-new-order", "booking-confirmed", "presenter-booked", "account-login-code")
    }
    usual = settings.DEFAULT_FROM_EMAIL
    assert headers == {
        "order-received": ("CTAC leaflets <leaflets@nspcc.org.uk>", ["post-room@ctac.example"]),
        "staff-new-order": (usual, ["team@ctac.example"]),
        "booking-confirmed": (usual, [site_settings().advice_email]),
        "presenter-booked": (usual, ["team@ctac.example"]),
        "account-login-code": (usual, [site_settings().advice_email]),
    }


def test_sender_envelope_and_message_id_are_of_one_domain_so_that_a_signature_fits(settings):
    for sample in all_samples():
        mail = sample.as_mail()
        addresses = (mail.from_email, mail.extra_headers["Message-ID"], settings.DEFAULT_FROM_EMAIL)
        assert len({parseaddr(address)[1].rpartition("@")[2].lower() for address in addresses}) == 1
        assert "Sender" not in mail.message()
        assert mail.extra_headers["Auto-Submitted"] == "auto-generated"


def test_every_kind_belongs_to_a_desk_that_knows_it():
    """What no desk was named for goes to the team, but for complaints about data, which the advice line's mailbox answers."""
    nobodys = {kind.name for kind in registry.all_emails() if kind.desk == Desk.ADVICE}
    to_others = {
        example.kind for example in all_examples() if example.kind in nobodys and example.desk_and_subject()[0] != Desk.TEAM
    }
    assert to_others == {f"complaint-{step}" for step in ("received", "acknowledged", "progress", "answered")}


def test_mail_with_a_topic_can_be_stopped_from_the_mail_program_and_service_mail_can_not(make_kind, make_row):
    make_kind("test", topic=Topic.INVITATIONS)
    row = make_row()
    rendered, mail = build_mail(row, email_for(row))
    sent = BytesParser(policy=policy.default).parsebytes(mail.message().as_bytes())
    assert sent["List-Unsubscribe"].strip() == f"<{one_click_unsubscribe_link(row.recipient, Topic.INVITATIONS)}>"
    assert sent["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert choices_page_link(row.recipient) in rendered.text
    assert choices_page_link(row.recipient) not in rendered.without_private_links().html
    make_kind("service")
    rendered, mail = build_mail(row := make_row(kind="service"), email_for(row))
    assert "List-Unsubscribe" not in mail.message()
    assert choices_page_link(row.recipient) in rendered.html


def test_mail_to_the_team_has_no_page_of_choices(make_kind, make_row):
    [sample] = [each for each in all_samples() if each.kind == "staff-needs-presenter"]
    make_kind("to-team", message=sample.message)
    rendered, mail = build_mail(row := make_row(kind="to-team"), email_for(row))
    assert "Choose which emails you get" not in rendered.text
    assert "List-Unsubscribe" not in mail.message()
