"""A task of several rows: the mark of one message and the claim of the next are one commit, and each row stands for itself."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

import pytest
from django.db import connection, connections, transaction

from notifications.delivery import services as delivery_services
from notifications.delivery.services import Outcome, StoreResult, claim_notification, deliver_each, store_outcome
from notifications.models import Notification, NotificationState
from notifications.privacy import erase_address
from notifications.registry import Message
from tests.notifications.conftest import WORDS, Inbox, later

pytestmark = pytest.mark.django_db(transaction=True, serialized_rollback=True)


class Doing(Inbox):
    """Calls `what`, with the number of the message, before it says yes; in a thread, so with another connection."""

    def __init__(self, what):
        super().__init__()
        self.what = what

    async def handle_DATA(self, server, session, envelope):  # noqa: N802
        answer = await super().handle_DATA(server, session, envelope)
        await asyncio.to_thread(self.run)
        return answer

    def run(self):
        try:
            self.what(len(self.messages))
        finally:
            connection.close()


@pytest.fixture
def rows(kind, make_row):
    return lambda count: [make_row(recipient=f"reader{number}@leeds.example.nhs.uk") for number in range(1, count + 1)]


def keys(rows):
    return [row.pk for row in rows]


def states():
    return list(Notification.objects.order_by("pk").values_list("state", flat=True))


def test_one_commit_marks_what_went_and_claims_what_follows(rows, mail_server, now):
    """What another connection sees while the server has a message in hand: at no moment is more than that one in doubt."""
    three, seen = rows(3), []

    def look(_number):
        with connection.cursor() as cursor:
            cursor.execute("SELECT state, xmin::text FROM notifications_notification ORDER BY id")
            seen.append(cursor.fetchall())

    mail_server(Doing(look))
    deliver_each(keys(three), clock=lambda: now)
    assert [[state for state, _ in each] for each in seen] == [
        ["sending", "pending", "pending"],
        ["sent", "sending", "pending"],
        ["sent", "sent", "sending"],
    ]
    assert seen[1][0][1] == seen[1][1][1]
    assert seen[2][1][1] == seen[2][2][1]
    assert states() == [NotificationState.SENT] * 3


def test_a_worker_killed_before_it_speaks_of_the_claimed_one_leaves_no_doubt(make_kind, make_row, mail_server, now):
    """The process ends while the second message is built: the first is marked, the second waits for its lease."""
    killed = []

    def build(notification):
        if notification.version == 2 and not killed:
            killed.append(notification.pk)
            raise SystemExit
        return Message("A subject", "test_words", dict(WORDS))

    make_kind(build=build)
    inbox = mail_server()
    three = [make_row(version=number) for number in (1, 2, 3)]
    with pytest.raises(SystemExit):
        deliver_each(keys(three), clock=lambda: now)
    assert states() == [NotificationState.SENT, NotificationState.SENDING, NotificationState.PENDING]
    deliver_each(keys(three), clock=later(now, seconds=45))
    assert states() == [NotificationState.SENT, NotificationState.SENDING, NotificationState.SENT]
    deliver_each(keys(three), clock=later(now, seconds=46))
    assert states() == [NotificationState.SENT] * 3
    assert len(inbox.messages) == 3


def test_workers_with_the_same_rows_in_any_order_send_each_once(rows, mail_server, now):
    inbox, ten, start = mail_server(), rows(10), Barrier(3)

    def work(order):
        try:
            start.wait(10)
            deliver_each(order, clock=lambda: now)
        finally:
            connection.close()

    orders = [keys(ten), keys(ten)[::-1], keys(ten)[5:] + keys(ten)[:5]]
    with ThreadPoolExecutor(3) as pool:
        list(pool.map(work, orders))
    assert states() == [NotificationState.SENT] * 10
    assert sorted(inbox.recipients) == sorted(row.recipient for row in ten)


def test_who_is_erased_while_their_message_goes_is_not_written_back_and_the_next_goes(rows, mail_server, now):
    first, _second = two = rows(2)
    inbox = mail_server(Doing(lambda number: number == 1 and erase_address(first.recipient, now)))
    deliver_each(keys(two), clock=lambda: now)
    first.refresh_from_db()
    assert (first.recipient, first.subject, first.text_body) == ("", "", "")
    assert states() == [NotificationState.EXPIRED, NotificationState.SENT]
    assert len(inbox.messages) == 2


def test_who_is_erased_before_their_turn_gets_nothing(rows, mail_server, now):
    _first, second = two = rows(2)
    inbox = mail_server(Doing(lambda number: number == 1 and erase_address(second.recipient, now)))
    deliver_each(keys(two), clock=lambda: now)
    assert states() == [NotificationState.SENT, NotificationState.EXPIRED]
    assert inbox.recipients == ["reader1@leeds.example.nhs.uk"]


def test_the_mark_waits_for_nobody_who_holds_the_next_row(rows, now):
    """An erasure of both that has the second and wants the first would else be locked out, or lock us out."""
    first, second = rows(2)
    mine = claim_notification(first.pk, now=now)

    def marked():
        try:
            with connection.cursor() as cursor:
                cursor.execute("SET lock_timeout = '2s'")
            return store_outcome(mine, Outcome(NotificationState.SENT, extra={"sent_at": now}), following=second.pk, now=now)
        finally:
            connection.close()

    with transaction.atomic(), ThreadPoolExecutor(1) as pool:
        Notification.objects.select_for_update().get(pk=second.pk)
        assert pool.submit(marked).result(20) == StoreResult(ours=True)
    assert states() == [NotificationState.SENT, NotificationState.PENDING]


def test_what_is_not_to_be_claimed_is_left(rows, now):
    first, not_due, leased = rows(3)
    Notification.objects.filter(pk=not_due.pk).update(due_at=now + timedelta(minutes=1))
    others = claim_notification(leased.pk, now=now)
    for following in (not_due, leased):
        Notification.objects.filter(pk=first.pk).update(state=NotificationState.PENDING, lease_token=None, lease_until=None)
        mine = claim_notification(first.pk, now=now)
        assert store_outcome(
            mine, Outcome(NotificationState.SENT, extra={"sent_at": now}), following=following.pk, now=now
        ) == StoreResult(ours=True)
    leased.refresh_from_db()
    assert (states(), leased.lease_token) == (
        [NotificationState.SENT, NotificationState.PENDING, NotificationState.SENDING],
        others.lease_token,
    )


def test_whose_lease_has_run_out_claims_nothing(rows, now):
    first, second = rows(2)
    slow = claim_notification(first.pk, now=now)
    claim_notification(first.pk, now=now + timedelta(minutes=6))
    settled = store_outcome(
        slow, Outcome(NotificationState.SENT, extra={"sent_at": now}), following=second.pk, now=now + timedelta(minutes=6)
    )
    assert (settled, states()) == (StoreResult(ours=False), [NotificationState.SENDING, NotificationState.PENDING])


def test_a_database_that_restarts_between_yes_and_mark_is_waited_for(rows, mail_server, now, monkeypatch):
    connection.ensure_connection()
    pid = connection.connection.info.backend_pid

    def cut(number):
        if number == 1:
            with connections["default"].cursor() as cursor:
                cursor.execute("SELECT pg_terminate_backend(%s)", [pid])

    inbox = mail_server(Doing(cut))
    monkeypatch.setattr(delivery_services, "WRITE_RETRY_SECONDS", (0.05, 0.05))
    deliver_each(keys(rows(3)), clock=lambda: now)
    assert states() == [NotificationState.SENT] * 3
    assert len(inbox.messages) == 3


def test_words_that_can_not_be_held_cost_neither_mark_nor_claim(make_kind, make_row, mail_server, now):
    said = iter(["half a\x00word", "whole words"])
    make_kind(build=lambda notification: Message(next(said), "test_words", dict(WORDS)))
    inbox = mail_server()
    deliver_each(keys([make_row(), make_row()]), clock=lambda: now)
    assert states() == [NotificationState.SENT] * 2
    assert len(inbox.messages) == 2


def test_an_address_that_is_refused_stops_only_itself(rows, mail_server, now):
    class Refusing(Inbox):
        async def handle_RCPT(self, server, session, envelope, address, options):  # noqa: N802
            if address.startswith("reader2@"):
                return "550 No such user"
            envelope.rcpt_tos.append(address)
            return "250 OK"

    inbox = mail_server(Refusing())
    deliver_each(keys(rows(3)), clock=lambda: now)
    assert states() == [NotificationState.SENT, NotificationState.FAILED, NotificationState.SENT]
    assert inbox.recipients == ["reader1@leeds.example.nhs.uk", "reader3@leeds.example.nhs.uk"]
