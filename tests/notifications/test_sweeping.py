"""The sweep finds what the queue forgot, and does not flood it."""

import uuid
from datetime import timedelta

import pytest
import time_machine
from django.db import connection

from notifications import tasks
from notifications.delivery import services as delivery_services
from notifications.delivery.services import HEARTBEAT_SECONDS, MAX_LEASE_SECONDS, sweep
from notifications.models import Notification, NotificationState
from notifications.outbox import new_message_id

pytestmark = pytest.mark.django_db


def leased(until):
    return {"state": "sending", "lease_token": uuid.uuid4(), "lease_until": until}


def test_what_is_due_and_forgotten_is_queued(make_row, now, queued):
    rows = [make_row(), make_row(queued_at=now - timedelta(minutes=3)), make_row(**leased(now - timedelta(seconds=1)))]
    assert sweep(now=now) == [row.pk for row in rows]
    assert queued() == [[row.pk for row in rows]]
    assert set(Notification.objects.values_list("queued_at", flat=True)) == {now}


def test_the_rest_is_left_alone(make_row, now, queued):
    make_row(due_at=now + timedelta(seconds=1))
    make_row(queued_at=now - timedelta(seconds=45))
    make_row(**leased(now + timedelta(seconds=1)))
    make_row(state="failed")
    make_row(state="expired")
    make_row(state="sent", sent_at=now)
    assert sweep(now=now) == []
    assert queued() == []


def test_a_second_sweep_does_not_queue_the_same_again(make_row, now, queued):
    make_row()
    sweep(now=now)
    queued()
    for seconds in (0, 20, 45):
        assert sweep(now=now + timedelta(seconds=seconds)) == []
    assert queued() == []
    assert len(sweep(now=now + timedelta(seconds=46))) == 1


def test_a_backlog_is_queued_oldest_first_and_a_bounded_number_at_a_time(make_row, now, queued, monkeypatch):
    monkeypatch.setattr(delivery_services, "MAX_ROWS_PER_SWEEP", 25)
    pks = [make_row(due_at=now - timedelta(minutes=60 - number)).pk for number in range(40)]
    assert sweep(now=now) == pks[:25]
    assert [len(ids) for ids in queued()] == [10, 8, 7]  # between the last two stands the next sweep
    assert sweep(now=now) == pks[25:]


def test_a_full_sweep_asks_for_the_next_until_beat_does(make_row, now, queued, monkeypatch):
    monkeypatch.setattr(delivery_services, "MAX_ROWS_PER_SWEEP", 4)
    asked = []
    monkeypatch.setattr(delivery_services.outbox, "ask_for_sweep", lambda **more: asked.append(more["started"]))
    for _ in range(14):
        make_row()
    began = now.timestamp()
    assert len(sweep(now=now)) == 4
    assert len(sweep(now=now + timedelta(seconds=10), started=began)) == 4
    assert len(sweep(now=now + timedelta(seconds=15), started=began)) == 4
    assert len(sweep(now=now + timedelta(seconds=20))) == 2
    assert asked == [began, began]


def test_it_is_two_statements(make_row, now, django_assert_num_queries):
    for _ in range(3):
        make_row()
    sweep(now=now - timedelta(minutes=1))  # it knows for a second that the mail server is well
    with django_assert_num_queries(4):  # SAVEPOINT, SELECT FOR UPDATE, UPDATE, RELEASE
        sweep(now=now)


def test_it_reads_only_what_is_due_through_its_index(make_row, now):
    """10,000 messages sent and 1,000 for later do not slow it."""
    Notification.objects.bulk_create(
        Notification(
            kind="old",
            about=f"x:{n}",
            recipient="a@nhs.net",
            created_at=now,
            due_at=now,
            state="sent",
            sent_at=now,
            message_id=new_message_id(),
        )
        for n in range(10_000)
    )
    Notification.objects.bulk_create(
        Notification(
            kind="later",
            about=f"x:{n}",
            recipient="a@nhs.net",
            created_at=now,
            due_at=now + timedelta(days=9),
            message_id=new_message_id(),
        )
        for n in range(1_000)
    )
    make_row()
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE notifications_notification")
    found = delivery_services.due_and_unqueued(now).select_for_update(skip_locked=True, no_key=True)[:500]
    plan = found.explain(analyze=True, costs=False, timing=False, summary=False)
    assert "notification_unsent_by_due" in plan
    assert "Seq Scan" not in plan
    assert "Rows Removed by Filter" not in plan


def test_the_task_sweeps(make_row, now, queued):
    row = make_row()
    with time_machine.travel(now):
        tasks.sweep()
    assert queued() == [[row.pk]]


def test_the_tasks_do_not_retry_and_end_when_no_lease_is_renewed_any_more(settings):
    assert tasks.deliver.time_limit <= MAX_LEASE_SECONDS
    assert settings.CELERY_TASK_ACKS_LATE is True
    assert settings.CELERY_TASK_REJECT_ON_WORKER_LOST is True


def test_a_lease_is_renewed_for_longer_than_each_step_of_the_talk_with_the_mail_server_may_take(settings):
    steps = 12  # connect, banner, EHLO, STARTTLS, EHLO, AUTH twice, MAIL, RCPT, DATA, the message, QUIT
    assert steps * settings.EMAIL_TIMEOUT < MAX_LEASE_SECONDS
    assert settings.OUTBOX_LEASE_SECONDS > 3 * HEARTBEAT_SECONDS


def test_deliver_works_through_all_ids_and_stops_at_none(kind, make_row, now, mail_server):
    inbox = mail_server()
    rows = [make_row(), make_row(kind="unknown"), make_row()]
    with time_machine.travel(now):
        tasks.deliver([rows[0].pk, 999_999_999, rows[1].pk, rows[2].pk])
    states = dict(Notification.objects.values_list("pk", "state"))
    assert [states[row.pk] for row in rows] == [NotificationState.SENT, NotificationState.PENDING, NotificationState.SENT]
    assert len(inbox.messages) == 2
