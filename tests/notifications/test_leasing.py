"""A lease is 45 seconds, renewed while the message is handed over; without it nothing is said of the message."""

import asyncio
import time
import uuid
from datetime import timedelta

import pytest
from django.db import connection, transaction

from notifications.delivery import services as delivery_services
from notifications.delivery.services import claim_notification, deliver, deliver_each, lease_end, renew_lease, sweep
from notifications.models import Notification, NotificationState
from notifications.privacy import erase_address
from notifications.registry import Message
from tests.notifications.conftest import WORDS, Inbox, later

pytestmark = pytest.mark.django_db(transaction=True, serialized_rollback=True)


class Between(Inbox):
    """Calls `what` after RCPT, before DATA; and says nothing to the message for so many seconds."""

    def __init__(self, what=lambda: None, silent=0.0):
        super().__init__()
        self.what, self.down = what, silent

    def run(self):
        try:
            self.what()
        finally:
            connection.close()

    async def handle_RCPT(self, server, session, envelope, address, options):  # noqa: N802
        await asyncio.to_thread(self.run)
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):  # noqa: N802
        await asyncio.sleep(self.down)
        return await super().handle_DATA(server, session, envelope)


def taken_by_another():
    Notification.objects.update(lease_token=uuid.uuid4())


def test_no_data_where_another_has_the_lease(kind, delivered, make_row, mail_server, caplog):
    inbox, row = mail_server(Between(taken_by_another)), make_row()
    delivered(row)
    assert (inbox.messages, row.state, row.attempts) == ([], NotificationState.SENDING, 1)
    assert f"Message {row.pk} is not ours to send any more." in caplog.text


def test_no_data_where_the_lease_is_over(kind, make_row, mail_server, now):
    """The worker stood still in between: whether another has the row by now or not."""
    moments = iter([now, now, now, now, now])
    inbox, row = mail_server(), make_row()
    deliver(row.pk, clock=lambda: next(moments, now + timedelta(seconds=46)))
    assert inbox.messages == []
    assert claim_notification(row.pk, now=now + timedelta(seconds=46)) is not None


def test_no_data_to_who_was_erased_a_moment_before(kind, delivered, make_row, mail_server, now):
    row = make_row()
    inbox = mail_server(Between(lambda: erase_address(row.recipient, now)))
    delivered(row)
    assert (inbox.messages, row.state, row.recipient) == ([], NotificationState.EXPIRED, "")


def test_after_a_message_that_was_not_ours_the_next_goes(kind, make_row, mail_server, now):
    calls = []

    def first_only():
        calls.append(1)
        if len(calls) == 1:
            Notification.objects.filter(state="sending").update(lease_token=uuid.uuid4())

    inbox, rows = mail_server(Between(first_only)), [make_row(), make_row()]
    deliver_each([row.pk for row in rows], clock=lambda: now)
    assert [row.state for row in Notification.objects.order_by("pk")] == [NotificationState.SENDING, NotificationState.SENT]
    assert len(inbox.messages) == 1


def test_the_lease_is_renewed_while_the_server_takes_its_time(kind, make_row, mail_server, now, monkeypatch):
    monkeypatch.setattr(delivery_services, "HEARTBEAT_SECONDS", 0.1)
    begun, row, seen = time.monotonic(), make_row(), []

    def clock():
        return now + timedelta(seconds=100 * (time.monotonic() - begun))

    class Looking(Between):
        async def handle_DATA(self, server, session, envelope):  # noqa: N802
            answer = await super().handle_DATA(server, session, envelope)
            await asyncio.to_thread(self.run)
            return answer

    def look():
        seen.append(Notification.objects.get().lease_until)

    mail_server(Looking(look, silent=1))
    deliver(row.pk, clock=clock)
    before_data, after = seen
    assert after - before_data > timedelta(seconds=50)
    assert Notification.objects.get().state == NotificationState.SENT


def test_the_line_is_cut_when_the_lease_is_lost_or_no_longer_renewed(
    kind, delivered, make_row, mail_server, monkeypatch, settings
):
    """Without a limit of the pool: a server that says nothing for longer is left."""
    settings.EMAIL_TIMEOUT = 30
    monkeypatch.setattr(delivery_services, "HEARTBEAT_SECONDS", 0.1)
    monkeypatch.setattr(delivery_services, "MAX_LEASE_SECONDS", 0.5)
    inbox, row, begun = mail_server(Between(silent=8)), make_row(), time.monotonic()
    delivered(row)
    assert (row.state, row.attempts, time.monotonic() - begun < 5) == (NotificationState.PENDING, 1, True)
    assert inbox.messages == []


def test_only_who_holds_a_lease_renews_it(make_row, now):
    row = claim_notification(make_row().pk, now=now)
    moment = now + timedelta(seconds=30)
    assert renew_lease(row, moment)
    row.refresh_from_db()
    assert row.lease_until == lease_end(moment)
    row.lease_token = uuid.uuid4()
    assert not renew_lease(row, moment)


def test_mail_of_a_killed_worker_goes_within_two_minutes(make_kind, make_row, mail_server, now):
    """Sweeps come every 20 seconds, at the worst moment for this row, and another worker takes what they queue."""
    killed = []

    def build(notification):
        if not killed:
            killed.append(notification.pk)
            raise SystemExit
        return Message("A subject", "test_words", dict(WORDS))

    make_kind(build=build)
    inbox, row = mail_server(), make_row(queued_at=now)
    with pytest.raises(SystemExit):
        deliver(row.pk, clock=lambda: now)
    seconds = 0
    while not inbox.messages:
        seconds += 20
        for pk in sweep(now=now + timedelta(seconds=seconds)):
            deliver(pk, clock=later(now, seconds=seconds))
        assert seconds < 120
    assert seconds == 60


def test_a_claim_within_a_transaction_is_taken_back_with_it(make_row, now):
    row = make_row()
    with transaction.atomic():
        assert claim_notification(row.pk, now=now)
        transaction.set_rollback(True)
    assert claim_notification(row.pk, now=now)
