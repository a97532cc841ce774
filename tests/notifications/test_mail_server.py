"""A connection is kept from message to message; a server that is down is tried by one worker at a time."""

import socket
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

import pytest
from django.db import connection

from notifications.delivery import pacing, services as delivery_services, smtp
from notifications.delivery.services import deliver, sweep
from notifications.models import MailServer, Notification, NotificationState, server_name
from tests.notifications.conftest import Inbox, free_port, later

SECOND = timedelta(seconds=1)


class Counting(Inbox):
    """Counts connections; drops each line after so many messages, before the next one's MAIL."""

    def __init__(self, a_line=1000, answer="drop"):
        super().__init__()
        self.lines, self.a_line, self.answer = 0, a_line, answer

    async def handle_EHLO(self, server, session, envelope, hostname):  # noqa: N802
        self.lines += 1
        session.host_name, session.taken = hostname, 0
        return "250 HELP"

    async def handle_DATA(self, server, session, envelope):  # noqa: N802
        session.taken += 1
        answer = await super().handle_DATA(server, session, envelope)
        if session.taken == self.a_line and self.answer == "drop":
            server._writer.write(b"250 OK\r\n")
            await server._writer.drain()
            server.transport.close()
        return answer

    async def handle_MAIL(self, server, session, envelope, address, options):  # noqa: N802
        if session.taken >= self.a_line:
            return "421 enough for one line"
        envelope.mail_from = address
        return "250 OK"


class LosingTheYes(Inbox):
    """Takes the second message of a line and loses the line before it can say so."""

    async def handle_DATA(self, server, session, envelope):  # noqa: N802
        await super().handle_DATA(server, session, envelope)
        if len(self.messages) == 2:
            server.transport.abort()
        return "250 OK"


@pytest.fixture
def send_many(kind, make_row, now):
    def run(count, clock=None, **fields):
        rows = [make_row(**{"recipient": f"reader{number}@leeds.example.nhs.uk", **fields}) for number in range(count)]
        for row in rows:
            deliver(row.pk, clock=clock or (lambda: now))
        return [Notification.objects.get(pk=row.pk) for row in rows]

    return run


@pytest.mark.django_db
@pytest.mark.parametrize(("handler", "lines"), [(Counting(), 1), (Counting(2), 3), (Counting(2, "421"), 3)])
def test_one_line_serves_many_messages_and_a_new_one_goes_on_where_it_ended(send_many, mail_server, handler, lines):
    inbox = mail_server(handler)
    assert {row.state for row in send_many(6)} == {NotificationState.SENT}
    assert (len(inbox.messages), inbox.lines) == (6, lines)


@pytest.mark.django_db
def test_a_line_that_breaks_within_a_message_is_not_taken_up_for_it(send_many, mail_server):
    """The server may have taken it: it comes back in a minute, with its Message-ID, and never at once."""
    inbox = mail_server(LosingTheYes())
    rows = send_many(3)
    assert [row.state for row in rows] == [NotificationState.SENT, NotificationState.PENDING, NotificationState.SENT]
    assert len(inbox.messages) == 3


@pytest.mark.django_db
def test_a_line_is_left_when_it_lay_idle_or_the_settings_change(send_many, mail_server, monkeypatch):
    first = mail_server(Counting())
    send_many(1)
    monkeypatch.setattr(smtp, "MAX_IDLE_SECONDS", 0.0)
    send_many(1)
    assert first.lines == 2
    second = mail_server(Counting())
    send_many(1)
    assert (len(first.messages), len(second.messages)) == (2, 1)


@pytest.mark.django_db
def test_a_server_that_is_down_is_left_alone_after_three_tries(send_many, mail_server, now, settings, queued, caplog):
    mail_server()
    settings.EMAIL_PORT = free_port()
    rows = send_many(20)
    assert sum(row.attempts for row in rows) == 3
    assert [row.first_tried_at for row in rows[3:]] == [None] * 17
    server = MailServer.objects.get()
    assert (server.failures, server.down_since, server.next_try_at) == (3, now, now + pacing.MIN_SERVER_PAUSE)
    assert "left alone" in caplog.text
    assert sweep(now=now) == []  # nor does it fill the queue
    queued()
    # Later a few are queued: one of them tries, and the others wait for what it hears.
    moment = now + 11 * SECOND
    tried = sweep(now=moment)
    assert queued() == [tried]
    for pk in tried:
        deliver(pk, clock=lambda: moment)
    assert sum(Notification.objects.values_list("attempts", flat=True)) == 4
    assert MailServer.objects.get().next_try_at == moment + 2 * pacing.MIN_SERVER_PAUSE


@pytest.mark.django_db
def test_when_it_answers_again_all_that_waited_goes(send_many, mail_server, now, settings, queued):
    mail_server()
    settings.EMAIL_PORT = free_port()
    rows = send_many(6)
    inbox = mail_server()
    MailServer.objects.update(name=server_name())  # the same server, up again
    moment = now + 11 * SECOND
    deliver(rows[5].pk, clock=lambda: moment)
    assert MailServer.objects.get().down_since is None
    assert Notification.objects.filter(state="pending", due_at__gt=moment + 10 * SECOND).count() == 0
    for pk in sweep(now=moment + 10 * SECOND):
        deliver(pk, clock=later(moment, seconds=10))
    assert len(inbox.messages) == 6
    assert set(Notification.objects.values_list("state", flat=True)) == {NotificationState.SENT}


@pytest.mark.django_db
def test_a_refusal_of_an_address_is_not_the_servers_trouble(send_many, mail_server, settings):
    class Refusing(Inbox):
        async def handle_RCPT(self, server, session, envelope, address, options):  # noqa: N802
            return "550 no such user"

    mail_server(Refusing())
    assert {row.state for row in send_many(5)} == {NotificationState.FAILED}
    assert MailServer.objects.count() == 0


@pytest.mark.django_db
def test_an_answer_in_between_counts_from_one_again(send_many, mail_server, settings):
    mail_server()
    good, bad = settings.EMAIL_PORT, free_port()
    name = f"{settings.EMAIL_HOST}:{good}"
    for port in (bad, bad, good, bad, bad):
        settings.EMAIL_PORT = port
        MailServer.objects.update(name=server_name())
        pacing._server_states.clear()
        send_many(1)
    assert MailServer.objects.get().down_since is None
    assert name != server_name()


@pytest.mark.django_db
def test_a_clock_that_was_far_ahead_does_not_silence_the_mail(send_many, mail_server, now):
    mail_server()
    ahead = now + timedelta(days=400)
    MailServer.objects.create(name=server_name(), failures=9, down_since=ahead, next_try_at=ahead)
    assert send_many(1)[0].state == NotificationState.SENT


@pytest.mark.django_db
def test_the_probe_and_the_first_pages_say_since_when(mail_server, now):
    mail_server()
    assert delivery_services.check_outbox() == ""
    since = delivery_services.timezone.now() - timedelta(minutes=4, seconds=30)
    MailServer.objects.create(name=server_name(), failures=9, down_since=since, next_try_at=since)
    assert delivery_services.check_outbox() == "the mail server has taken nothing for 4 minutes"


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_of_many_workers_one_tries(make_row, mail_server, now):
    mail_server()
    row = make_row()
    MailServer.objects.create(name=server_name(), failures=9, down_since=now, next_try_at=now)
    start = Barrier(6)

    def work(_number):
        start.wait(10)
        try:
            return pacing.can_use_server(row, now)
        finally:
            connection.close()

    with ThreadPoolExecutor(6) as pool:
        assert sum(pool.map(work, range(6))) == 1


def test_a_fork_does_not_say_goodbye_on_its_parents_line(monkeypatch):
    ours, theirs = socket.socketpair()
    with ours, theirs:

        class Backend:
            connection = None

            def close(self):
                ours.sendall(b"QUIT\r\n")

        smtp.thread.line.backend, smtp.thread.line.made_for = Backend(), (-1,)
        smtp.close_connection()
        theirs.setblocking(False)
        with pytest.raises(BlockingIOError):
            theirs.recv(10)
