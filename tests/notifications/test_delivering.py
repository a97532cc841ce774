"""What becomes of a row at a mail server that takes, refuses, breaks off or says nothing."""

import asyncio
import smtplib
import socket
import threading
from datetime import timedelta

import pytest
from aiosmtpd.smtp import AuthResult
from django.core.mail import EmailMultiAlternatives

from notifications.delivery import services as delivery_services, smtp
from notifications.delivery.services import MAX_RETRY_PERIOD, deliver, retry_pause
from notifications.models import Notification, NotificationState
from notifications.registry import Message
from tests.notifications.conftest import WORDS, Inbox, free_port, later, refusal

pytestmark = pytest.mark.django_db


class Refusing(Inbox):
    """Answers RCPT for addresses at bad.example with this line."""

    def __init__(self, answer):
        super().__init__()
        self.answer = answer

    async def handle_RCPT(self, server, session, envelope, address, options):  # noqa: N802
        if address.endswith("bad.example"):
            return self.answer
        envelope.rcpt_tos.append(address)
        return "250 OK"


class Answering(Inbox):
    """Answers the message itself with this line."""

    def __init__(self, answer):
        super().__init__()
        self.answer = answer

    async def handle_DATA(self, server, session, envelope):  # noqa: N802
        return self.answer


class DroppingInData(Inbox):
    async def handle_DATA(self, server, session, envelope):  # noqa: N802
        server.transport.abort()
        return "250 never arrives"


class DroppingAfterYes(Inbox):
    async def handle_QUIT(self, server, session, envelope):  # noqa: N802
        server.transport.abort()
        return "221 never arrives"


class Hanging(Inbox):
    async def handle_DATA(self, server, session, envelope):  # noqa: N802
        await asyncio.sleep(4)
        return "250 too late"


class RefusingSender(Inbox):
    async def handle_MAIL(self, server, session, envelope, address, options):  # noqa: N802
        return "550 sender not allowed"


def test_a_message_that_the_server_takes_is_sent_and_what_was_said_is_kept(kind, delivered, mail_server, now):
    inbox = mail_server()
    row = delivered()
    assert (row.state, row.sent_at, row.attempts, row.last_error, row.lease_token) == (NotificationState.SENT, now, 1, "", None)
    assert inbox.recipients == ["reader@leeds.example.nhs.uk"]
    assert row.subject == "A subject"
    assert row.text_body.startswith("A subject\n\nHello,\n\nWhen: Tuesday 9 March 2027, 1:30pm to 3pm\n\nSeán O’Brien & “Sons”\n")
    assert "<h1" in row.html_body


def test_delivering_a_sent_row_again_does_nothing(kind, delivered, mail_server, now):
    inbox = mail_server()
    row = delivered()
    for _ in range(10):
        deliver(row.pk, clock=later(now, minutes=10))
    assert len(inbox.messages) == 1


@pytest.mark.parametrize(
    ("handler", "answer"),
    [(Refusing, "550 no such user"), (Refusing, "553 no such user"), (Answering, "554 not wanted here")],
)
def test_an_address_or_a_message_that_the_server_will_never_take_fails_at_once(kind, delivered, mail_server, handler, answer):
    mail_server(handler(answer))
    row = delivered(recipient="nobody@bad.example")
    assert (row.state, row.last_error, row.attempts) == (NotificationState.FAILED, answer, 1)


def assert_comes_back(row, now, error):
    assert (row.state, row.lease_token, row.lease_until, row.queued_at) == (NotificationState.PENDING, None, None, None)
    assert row.last_error.startswith(error)
    assert timedelta(seconds=45) <= row.due_at - now <= timedelta(seconds=75)


@pytest.mark.parametrize(
    ("handler", "error"),
    [
        (Refusing("451 come back later"), "451 come back later"),
        (Refusing("421 too many"), "421 too many"),
        (Answering("451 disk full"), "451 disk full"),
        (DroppingInData(), "SMTPServerDisconnected"),
        (RefusingSender(), "550 sender not allowed"),
    ],
    ids=["451 at RCPT", "421 at RCPT", "451 at DATA", "dropped in DATA", "550 at MAIL"],
)
def test_a_bad_moment_passes(kind, delivered, mail_server, now, handler, error):
    mail_server(handler)
    assert_comes_back(delivered(recipient="reader@bad.example"), now, error)


def test_a_server_that_hangs_holds_a_worker_only_as_long_as_the_timeout(kind, delivered, mail_server, now, settings):
    mail_server(Hanging())
    settings.EMAIL_TIMEOUT = 0.3
    assert_comes_back(delivered(), now, "SMTPServerDisconnected: Connection unexpectedly closed: timed out")


def test_no_server_is_a_bad_moment(kind, delivered, mail_server, now, settings):
    mail_server()
    settings.EMAIL_PORT = free_port()
    assert_comes_back(delivered(), now, "ConnectionRefusedError")


def test_a_bad_banner_is_a_bad_moment(kind, delivered, mail_server, now, settings):
    mail_server()
    with socket.create_server(("127.0.0.1", 0)) as server:

        def refuse():
            connection, _address = server.accept()
            with connection:
                connection.sendall(b"554 we are closed\r\n")

        thread = threading.Thread(target=refuse)
        thread.start()
        settings.EMAIL_PORT = server.getsockname()[1]
        assert_comes_back(delivered(), now, "554 we are closed")
        thread.join()


def test_a_refused_login_is_a_bad_moment(kind, delivered, mail_server, now, settings):
    mail_server(authenticator=lambda *_: AuthResult(success=False, handled=False), auth_require_tls=False)
    settings.EMAIL_HOST_USER, settings.EMAIL_HOST_PASSWORD = "ctac", "wrong"
    assert_comes_back(delivered(), now, "535 ")


def test_a_server_that_says_yes_and_then_drops_the_line_has_said_yes(kind, delivered, mail_server):
    inbox = mail_server(DroppingAfterYes())
    assert (delivered().state, len(inbox.messages)) == (NotificationState.SENT, 1)


def test_one_bad_address_stops_only_itself(kind, delivered, mail_server):
    mail_server(Refusing("550 no such user"))
    assert [delivered(recipient=address).state for address in ("a@bad.example", "b@nhs.net")] == [
        NotificationState.FAILED,
        NotificationState.SENT,
    ]


def test_each_try_keeps_the_message_id(kind, delivered, mail_server, now):
    mail_server(Answering("451 not now"))
    row = delivered()
    inbox = mail_server()
    deliver(row.pk, clock=later(now, minutes=2))
    assert f"Message-ID: {row.message_id}".encode() in inbox.messages[0]


def test_pauses_grow_to_two_hours_and_vary():
    minutes = [retry_pause(number) / timedelta(minutes=1) for number in range(2, 20)]
    expected = [min(2 ** (number - 2), 120) for number in range(2, 20)]
    assert all(0.75 * middle <= pause <= 1.25 * middle for pause, middle in zip(minutes, expected, strict=True))
    assert len({retry_pause(5) for _ in range(5)}) == 5


def test_it_tries_for_seventy_two_hours_and_then_says_so(kind, make_row, mail_server, now):
    mail_server(Answering("451 not now"))
    row = make_row()
    moment, tries = now, 0
    while row.state == NotificationState.PENDING:
        assert tries < 100
        deliver(row.pk, clock=lambda: moment)  # noqa: B023 - called before it changes
        row.refresh_from_db()
        moment, tries = row.due_at, tries + 1
    assert (row.state, row.last_error) == (NotificationState.FAILED, "451 not now")
    assert MAX_RETRY_PERIOD - timedelta(hours=3) <= moment - now <= MAX_RETRY_PERIOD
    assert row.attempts == tries
    assert 38 <= tries <= 60


def test_what_comes_too_late_expires(kind, delivered, mail_server, now):
    inbox = mail_server()
    row = delivered(expires_at=now)
    assert (row.state, row.last_error, inbox.messages) == (NotificationState.EXPIRED, "It was too late to be useful.", [])


def test_a_pause_never_outlasts_the_message(kind, delivered, mail_server, now):
    mail_server(Answering("451 not now"))
    row = delivered(expires_at=now + timedelta(seconds=20))
    assert (row.state, row.due_at) == (NotificationState.PENDING, now + timedelta(seconds=20))


def test_what_is_no_longer_true_is_not_sent(make_kind, delivered, mail_server):
    make_kind(is_still_due=lambda notification: notification.about != "booking:12")
    inbox = mail_server()
    row = delivered(about="booking:12")
    assert (row.state, row.last_error, inbox.messages) == (
        NotificationState.EXPIRED,
        "It was no longer true when it was due.",
        [],
    )


def test_a_mistake_in_building_keeps_the_row_and_logs_no_name(make_kind, delivered, mail_server, now, caplog):
    def build(notification):
        raise ValueError("Seán O’Brien has no postcode")

    make_kind(build=build)
    mail_server()
    row = delivered()
    assert_comes_back(row, now, "ValueError: Seán O’Brien has no postcode")
    assert f"Message {row.pk} could not be built: ValueError at {__file__}" in caplog.text
    assert "Seán" not in caplog.text


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_words_that_the_database_can_not_hold_do_not_leave_the_row_unmarked(make_kind, delivered, mail_server):
    make_kind(message=Message("A subject", "test_words", {**WORDS, "name": "Sam\0"}))
    inbox = mail_server()
    row = delivered()
    assert (row.state, row.text_body, len(inbox.messages)) == (NotificationState.SENT, "", 1)


def test_a_kind_that_is_not_registered_yet_waits(kind, delivered, now, caplog):
    row = delivered(kind="from-the-next-release")
    assert_comes_back(row, now, "KeyError")


def test_refusals_are_logged_without_the_address(kind, delivered, mail_server, caplog):
    mail_server(Refusing("550 nobody@bad.example is unknown"))
    row = delivered(recipient="nobody@bad.example")
    assert f"Message {row.pk} was not taken by the mail server: SMTPRecipientsRefused" in caplog.text
    assert "nobody@" not in caplog.text
    assert row.last_error == "550 nobody@bad.example is unknown"


@pytest.mark.parametrize(
    ("error", "permanent"),
    [
        (refusal(550), True),
        (refusal(450), False),
        (smtplib.SMTPDataError(554, b"no"), True),
        (smtplib.SMTPDataError(451, b"no"), False),
        (smtplib.SMTPSenderRefused(550, b"no", "a@b.example"), False),
        (smtplib.SMTPAuthenticationError(535, b"no"), False),
        (smtplib.SMTPHeloError(554, b"no"), False),
        (smtplib.SMTPConnectError(554, b"no"), False),
        (smtplib.SMTPServerDisconnected("gone"), False),
        (TimeoutError(), False),
        (smtp.NotHandedOverError(), False),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else str(value),
)
def test_only_a_5xx_to_the_address_or_the_message_is_final(error, permanent):
    assert smtp.is_permanent(error) is permanent


def test_a_backend_that_sends_nothing_is_noticed(mail_server):
    mail_server()
    with pytest.raises(smtp.NotHandedOverError):
        smtp.send(EmailMultiAlternatives("A subject", "text", to=[]))


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_the_mark_waits_for_a_database_that_restarts(kind, make_row, mail_server, now, monkeypatch):
    """The connection is cut by the server between SMTP's yes and our mark."""
    from django.db import connection, connections

    class CuttingTheDatabase(Inbox):
        async def handle_DATA(self, server, session, envelope):  # noqa: N802
            answer = await super().handle_DATA(server, session, envelope)
            await asyncio.to_thread(cut)
            return answer

    connection.ensure_connection()
    pid = connection.connection.info.backend_pid

    def cut():
        with connections["default"].cursor() as cursor:
            cursor.execute("SELECT pg_terminate_backend(%s)", [pid])
        connections["default"].close()

    inbox = mail_server(CuttingTheDatabase())
    monkeypatch.setattr(delivery_services, "WRITE_RETRY_SECONDS", (0.05, 0.05))
    row = make_row()
    deliver(row.pk, clock=lambda: now)
    assert Notification.objects.get(pk=row.pk).state == NotificationState.SENT
    assert len(inbox.messages) == 1


def test_calendar_that_contradicts_itself_is_a_mistake_in_building(make_kind, delivered, now, mail_server):
    mail_server()
    make_kind(message=Message("A subject", "test_words", dict(WORDS), calendar=b"METHOD:CANCEL\r\n", calendar_method="REQUEST"))
    row = delivered()
    assert_comes_back(row, now, "ValueError: the calendar's METHOD")
