"""Codes and resets: unreadable while they wait, gone when they are done."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction

from notifications import rendering
from notifications.delivery.services import deliver_each, sweep
from notifications.models import MailDomain, MailServer, Notification, NotificationState, server_name
from notifications.outbox import CannotResend, may_resend, queue_account_mail, resend
from notifications.privacy import export_messages
from notifications.rendering import Rendered
from tests.notifications.conftest import later
from tests.notifications.test_delivering import Answering

pytestmark = pytest.mark.django_db


@pytest.fixture
def row(now):
    queue_account_mail(
        kind="account-code",
        to="reader@leeds.example.nhs.uk",
        mail=Rendered("Your code is 482913", "Code: 482913", '<p style="color: #16232b">482913</p>'),
        now=now,
        expires_at=now + timedelta(minutes=15),
    )
    return Notification.objects.get()


def test_nothing_of_it_can_be_read_in_the_database(row):
    assert row.is_account_mail is True
    assert (row.subject, row.text_body, row.html_body) == ("", "", "")
    assert b"482913" not in bytes(row.sealed_body)
    assert b"482913" not in repr({field.name: getattr(row, field.name) for field in row._meta.concrete_fields}).encode()


def test_the_reader_gets_it_and_then_it_is_wiped(row, mail_server, delivered):
    inbox = mail_server()
    delivered(row)
    assert (row.state, row.sealed_body, row.subject, row.text_body, row.html_body) == (NotificationState.SENT, None, "", "", "")
    assert b"Subject: Your code is 482913" in inbox.messages[0]
    assert b'<p style="color: #16232b">482913</p>' in inbox.messages[0]
    assert b"In-Reply-To" not in inbox.messages[0]


def test_it_is_kept_while_it_is_tried(row, mail_server, now, delivered):
    mail_server(Answering("451 not now"))
    delivered(row)
    assert (row.state, row.sealed_body is None, row.last_error) == (NotificationState.PENDING, False, "451 not now")


@pytest.mark.parametrize(
    ("answer", "minutes", "state"), [("554 never", 0, NotificationState.FAILED), ("250 OK", 15, NotificationState.EXPIRED)]
)
def test_it_is_wiped_whatever_becomes_of_it(row, mail_server, now, answer, minutes, state, delivered):
    mail_server(Answering(answer))
    delivered(row, clock=later(now, minutes=minutes))
    assert (row.state, row.sealed_body) == (state, None)


def test_the_database_refuses_to_keep_it_longer(row, now):
    with pytest.raises(IntegrityError, match="sealed_body_wiped_when_done"), transaction.atomic():
        Notification.objects.update(state=NotificationState.SENT, sent_at=now)


def test_it_waits_neither_for_a_server_that_is_down_nor_for_its_domain(row, kind, make_row, mail_server, now, settings, queued):
    inbox = mail_server()
    other, minute = make_row(), now.replace(second=0, microsecond=0)
    settings.MAIL_A_MINUTE_TO_A_DOMAIN = 5
    MailDomain.objects.create(domain="leeds.example.nhs.uk", minute=minute, taken=5, queue_ends_at=now + timedelta(hours=1))
    MailServer.objects.create(name=server_name(), failures=3, down_since=now, next_try_at=now + timedelta(minutes=1))
    Notification.objects.update(queued_at=None)
    queued()
    assert sweep(now=now) == [row.pk]
    assert queued() == [[row.pk]]
    deliver_each([other.pk, row.pk], clock=lambda: now)
    assert len(inbox.messages) == 1
    assert dict(Notification.objects.values_list("pk", "attempts")) == {other.pk: 0, row.pk: 1}
    assert Notification.objects.get(state=NotificationState.SENT) == row
    assert MailServer.objects.get().down_since is None  # it answered, so the others may go


def test_it_is_never_resent_nor_exported(row, mail_server, now, delivered):
    mail_server()
    delivered(row)
    assert may_resend(row) is False
    with pytest.raises(CannotResend, match="private"):
        resend(row, by=None, now=now)
    assert [(message["subject"], message["text"]) for message in export_messages("reader@leeds.example.nhs.uk")] == [("", "")]


def test_a_new_key_still_opens_what_the_old_one_closed(row, settings):
    old = settings.SECRET_KEY
    settings.SECRET_KEY = "a new one, long enough to be a secret key of this site"
    with pytest.raises(rendering.UnreadableError):
        rendering.decrypt(bytes(row.sealed_body))
    settings.SECRET_KEY_FALLBACKS = [old]
    assert rendering.decrypt(bytes(row.sealed_body)).text == "Code: 482913"


def test_what_is_sealed_twice_looks_different_each_time():
    rendered = Rendered("s", "t", "h")
    assert rendering.encrypt(rendered) != rendering.encrypt(rendered)


def test_two_codes_to_one_address_are_two_messages(row, now):
    queue_account_mail(
        kind="account-code", to=row.recipient, mail=Rendered("s", "t", ""), now=now, expires_at=now + timedelta(minutes=15)
    )
    assert Notification.objects.count() == 2
