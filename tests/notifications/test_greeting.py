"""Each email greets its reader by name, and nobody by the name of somebody else."""

import re
from datetime import datetime
from html import unescape

import pytest

from notifications.models import Notification
from notifications.registry import all_emails, email_for, find_reader_name
from notifications.rendering import render
from notifications.samples import NAMES_BY_ADDRESS, PRESENTER_ADDRESS as PRESENTER_SAMPLE, TEAM_ADDRESS, all_samples
from privacy.models import Complaint
from tests import factories
from tests.bookings.rows import make_presenter
from tests.notifications.conftest import WORDS

pytestmark = pytest.mark.django_db
NIA = "nia.jones@cardiff.example.nhs.uk"


def greeting(text: str) -> str:
    return text.split("\n\n")[1]


def test_every_email_greets_its_reader_after_the_answer() -> None:
    samples = all_samples()
    assert {email.name for email in all_emails()} <= {sample.kind for sample in samples}
    for sample in samples:
        name = NAMES_BY_ADDRESS.get(sample.recipient, "")
        wanted = {f"Dear {name},"} if name else {"Hello,"}
        if sample.message is None:
            wanted.add("Hello,")  # account mail: to an address that may be nobody's
        assert greeting(sample.text) in wanted, sample.title
        assert len(re.findall(r"<p[^>]*>(?:Dear [^<]+|Hello),</p>", unescape(sample.html))) == 1, sample.title


def test_mail_to_the_team_greets_nobody_by_name_and_mail_to_presenters_does() -> None:
    recipients = {sample.kind: sample.recipient for sample in all_samples() if sample.message}
    for kind, recipient in recipients.items():
        if kind.startswith(("staff-", "manager-", "duty-")):
            assert recipient == TEAM_ADDRESS, kind
        if "presenter" in kind and not kind.startswith("staff-"):
            assert recipient == PRESENTER_SAMPLE, kind


def test_it_is_the_name_of_whoever_has_the_address_now(change_settings) -> None:
    change_settings(team_email="Team@ctac.example")
    factories.make_person(name="Nia Jones", email=NIA)
    make_presenter(name="Asha Patel", email="asha@ctac.example")
    factories.make_person(name="Sam Lee", email="team@ctac.example")
    assert find_reader_name(NIA.upper()) == "Nia Jones"
    assert find_reader_name("asha@ctac.example") == "Asha Patel"
    assert find_reader_name("team@ctac.example") == find_reader_name("nobody@leeds.nhs.uk") == find_reader_name("") == ""


def test_a_mailbox_that_two_share_is_greeted_by_neither_name() -> None:
    make_presenter(name="Asha Patel", email="desk@ctac.example")
    make_presenter(name="Tom Reed", email="desk@ctac.example")
    assert find_reader_name("desk@ctac.example") == ""
    factories.make_person(name="Nia Jones", email=NIA)
    make_presenter(name="Nia Jones", email=NIA)
    assert find_reader_name(NIA) == "Nia Jones"


def test_a_name_costs_as_many_statements_for_a_stranger(django_assert_num_queries) -> None:
    """So that a page that sends a code takes as long for an address that we don't know."""
    factories.make_person(name="Nia Jones", email=NIA)
    for address in (NIA, "nobody@leeds.nhs.uk"):
        with django_assert_num_queries(2):
            find_reader_name(address)


def test_whoever_complains_is_greeted_by_the_name_that_they_gave(now: datetime) -> None:
    complaint = Complaint(pk=1, name="Nia Jones", email=NIA)
    for recipient, name in ((NIA.upper(), "Nia Jones"), ("desk@ctac.example", "")):
        email = email_for(Notification(kind="complaint-received", about="complaint:1", recipient=recipient))
        email.complaint = complaint
        assert email.reader_name() == name


def test_a_name_is_written_as_it_was_typed(make_kind) -> None:
    message = make_kind()(Notification(kind="test")).message()
    assert message.context == WORDS
    said = render(message, reader_name="Seán <b>O’Brien</b>")
    assert greeting(said.text) == "Dear Seán <b>O’Brien</b>,"
    assert "Dear Seán &lt;b&gt;" in said.html
