"""Two workers and one row: one of them sends."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

import pytest
from django.db import connection
from django.utils import timezone

from notifications.delivery import services as delivery_services
from notifications.delivery.services import Outcome, StoreResult, claim_notification, deliver, store_outcome
from notifications.models import Notification, NotificationState
from tests.notifications.conftest import Inbox, later

pytestmark = pytest.mark.django_db
LEASE = timedelta(seconds=45)


def test_a_due_row_is_claimed_with_a_lease(make_row, now):
    claimed = claim_notification(make_row().pk, now=now)
    assert claimed is not None
    assert (claimed.state, claimed.attempts, claimed.lease_until, claimed.first_tried_at) == (
        NotificationState.SENDING,
        1,
        now + LEASE,
        now,
    )


def test_a_claimed_row_is_not_claimed_again_before_its_lease_is_over(make_row, now):
    row = make_row()
    first = claim_notification(row.pk, now=now)
    assert claim_notification(row.pk, now=now + LEASE) is None
    second = claim_notification(row.pk, now=now + LEASE + timedelta(seconds=1))
    assert second is not None
    assert second.lease_token != first.lease_token
    assert (second.attempts, second.first_tried_at) == (2, now)


@pytest.mark.parametrize(
    "fields",
    [{"state": "failed"}, {"state": "expired"}, {"state": "sent", "sent_at": timezone.now()}],
    ids=lambda fields: fields["state"],
)
def test_what_is_done_stays_done(make_row, now, fields):
    assert claim_notification(make_row(**fields).pk, now=now) is None


def test_what_is_not_due_waits(make_row, now):
    row = make_row(due_at=now + timedelta(minutes=1))
    assert claim_notification(row.pk, now=now) is None
    assert claim_notification(row.pk, now=now + timedelta(minutes=1)) is not None


def test_a_web_server_whose_clock_is_a_little_ahead_does_not_delay_mail(make_row, now):
    assert claim_notification(make_row(due_at=now + timedelta(seconds=3)).pk, now=now) is not None


def test_an_outcome_counts_only_while_the_lease_is_ours(make_row, now):
    row = make_row()
    slow = claim_notification(row.pk, now=now)
    quick = claim_notification(row.pk, now=now + LEASE * 2)
    assert store_outcome(slow, Outcome(NotificationState.FAILED, "too late to say")) == StoreResult(ours=False)
    assert store_outcome(quick, Outcome(NotificationState.SENT, extra={"sent_at": now})) == StoreResult(ours=True)
    row.refresh_from_db()
    assert (row.state, row.last_error, row.lease_token, row.lease_until) == (NotificationState.SENT, "", None, None)


def test_a_row_that_a_dead_worker_left_is_sent_by_the_next(kind, delivered, make_row, now, mail_server):
    inbox = mail_server()
    row = make_row()
    claim_notification(row.pk, now=now)
    deliver(row.pk, clock=later(now, seconds=45))
    assert inbox.messages == []
    delivered(row, clock=later(now, seconds=46))
    assert (row.state, row.attempts, len(inbox.messages)) == (NotificationState.SENT, 2, 1)


def in_threads(count, work):
    """Each with a database connection of its own, which is closed at the end."""

    def run(_number):
        try:
            return work()
        finally:
            connection.close()

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(run, range(count)))


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_of_many_workers_that_want_one_row_one_gets_it(make_row, now):
    row, start = make_row(), Barrier(8)

    def work():
        start.wait(10)
        return claim_notification(row.pk, now=now)

    assert sum(claimed is not None for claimed in in_threads(8, work)) == 1


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_two_workers_with_one_row_send_one_message(kind, make_row, now, mail_server):
    inbox: Inbox = mail_server()
    row, start = make_row(), Barrier(2)

    def work():
        start.wait(10)
        deliver(row.pk, clock=lambda: now)

    in_threads(2, work)
    assert len(inbox.messages) == 1
    assert Notification.objects.get().state == NotificationState.SENT


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_without_the_conditional_claim_two_messages_would_go(kind, make_row, now, mail_server, monkeypatch):
    """The negative control: look first, then write, ask nothing before DATA, and the race is there."""
    inbox: Inbox = mail_server()
    row, both_have_looked = make_row(), Barrier(2)

    def claim_by_looking_first(pk, *, now, server_silent):
        notification = Notification.objects.claimable(now).filter(pk=pk).first()
        both_have_looked.wait(10)
        if notification:
            notification.state, notification.lease_until = NotificationState.SENDING, now + LEASE
            notification.lease_token = "00000000-0000-0000-0000-000000000001"
            notification.save()
        return notification

    monkeypatch.setattr(delivery_services, "claim_notification", claim_by_looking_first)
    monkeypatch.setattr(delivery_services, "require_lease", lambda notification, now: None)
    in_threads(2, lambda: deliver(row.pk, clock=lambda: now))
    assert len(inbox.messages) == 2
