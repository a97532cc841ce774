"""Writing to the outbox: once, for all, in the caller's transaction, and queued after it."""

import re
from datetime import timedelta

import pytest
from celery import Celery
from celery.exceptions import QueueNotFound
from django.conf import settings
from django.db import IntegrityError, transaction

from core.logs import request_reference
from ctac.celery import REFERENCE_HEADER, app
from notifications import outbox
from notifications.delivery import services as delivery_services
from notifications.models import Notification
from notifications.outbox import LaterMessage, NewMessage, notify, notify_kinds, notify_many

pytestmark = pytest.mark.django_db


def recipients():
    return list(Notification.objects.order_by("pk").values_list("recipient", flat=True))


def test_each_address_gets_a_row_of_its_own(kind, now):
    notify(kind="test", about="booking:1", to=["a@nhs.net", "", "b@nhs.net", " A@NHS.net "], now=now)
    assert recipients() == ["a@nhs.net", "b@nhs.net"]


def test_the_same_event_is_told_once(kind, now):
    for _ in range(2):
        notify(kind="test", about="booking:1", to=["a@nhs.net"], now=now)
    notify(kind="test", about="booking:1", to=["A@nhs.net", "b@nhs.net"], now=now)
    assert recipients() == ["a@nhs.net", "b@nhs.net"]


def test_another_version_is_another_event(kind, now):
    for version in (1, 2):
        notify(kind="test", about="booking:1", to=["a@nhs.net"], now=now, version=version)
    assert recipients() == ["a@nhs.net", "a@nhs.net"]


def test_the_database_refuses_a_second_row_for_one_event(make_row):
    make_row(about="booking:1")
    with pytest.raises(IntegrityError, match="notification_once"), transaction.atomic():
        make_row(about="booking:1", recipient="READER@leeds.example.nhs.uk")


def test_rows_of_erased_people_do_not_clash(make_row):
    for _ in range(2):
        make_row(about="booking:1", recipient="")
    assert recipients() == ["", ""]


def test_all_rows_are_one_insert(kind, now, django_assert_num_queries):
    with django_assert_num_queries(2) as captured:
        notify(kind="test", about="booking:1", to=[f"p{number}@nhs.net" for number in range(20)], now=now)
    assert [query["sql"].split()[0] for query in captured.captured_queries] == ["INSERT", "SELECT"]
    assert Notification.objects.count() == 20


def test_nobody_to_tell_writes_nothing(kind, now, django_assert_num_queries):
    with django_assert_num_queries(0):
        notify(kind="test", about="booking:1", to=["", " "], now=now)


def test_a_kind_that_nobody_registered_is_refused(now):
    with pytest.raises(KeyError):
        notify(kind="no such kind", about="booking:1", to=["a@nhs.net"], now=now)


def test_message_ids_are_ours_and_differ(kind, now, settings):
    settings.DEFAULT_FROM_EMAIL = "CTAC <help@ctac.example>"
    notify(kind="test", about="booking:1", to=["a@nhs.net", "b@nhs.net"], now=now)
    ids = set(Notification.objects.values_list("message_id", flat=True))
    assert len(ids) == 2
    assert all(re.fullmatch(r"<[0-9a-f]{32}@ctac\.example>", message_id) for message_id in ids)


def test_what_comes_later_is_written_with_what_is_due_now(kind, now, queued, django_capture_on_commit_callbacks):
    later = LaterMessage("test", ["b@nhs.net"], now + timedelta(days=1), now + timedelta(days=2))
    with django_capture_on_commit_callbacks(execute=True):
        notify_kinds({"test": ["a@nhs.net"]}, about="booking:1", now=now, later=[later])
    first, second = Notification.objects.order_by("pk")
    assert (first.due_at, first.queued_at, first.expires_at) == (now, now, None)
    assert (second.due_at, second.queued_at, second.expires_at) == (later.due_at, None, later.expires_at)
    assert queued() == [[first.pk]]


def test_rows_are_queued_only_after_commit(kind, now, queued, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        notify(kind="test", about="booking:1", to=["a@nhs.net", "b@nhs.net"], now=now)
        assert queued() == []
    assert queued() == [list(Notification.objects.order_by("pk").values_list("pk", flat=True))]
    assert set(Notification.objects.values_list("queued_at", flat=True)) == {now}


def test_rows_that_were_there_already_are_not_queued_again(kind, now, queued, django_capture_on_commit_callbacks):
    for _ in range(2):
        with django_capture_on_commit_callbacks(execute=True):
            notify(kind="test", about="booking:1", to=["a@nhs.net"], now=now)
    assert queued() == [[Notification.objects.get().pk]]


def test_what_is_due_later_waits_for_the_sweep(kind, now, queued, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        notify(kind="test", about="booking:1", to=["a@nhs.net"], now=now, due_at=now + timedelta(hours=1))
    assert queued() == []
    assert Notification.objects.get().queued_at is None


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_a_transaction_that_fails_tells_nobody(kind, now, queued):
    with transaction.atomic():
        notify(kind="test", about="booking:1", to=["a@nhs.net"], now=now)
        transaction.set_rollback(True)
    assert Notification.objects.count() == 0
    assert queued() == []


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_a_dead_broker_reaches_neither_the_page_nor_the_log_with_an_address(kind, now, caplog, monkeypatch):
    dead = Celery(set_as_default=False)
    dead.config_from_object("django.conf:settings", namespace="CELERY")
    dead.conf.broker_url, dead.conf.broker_transport_options = "redis://127.0.0.1:1/0", {"socket_connect_timeout": 1}
    monkeypatch.setattr(outbox, "current_app", dead)
    notify(kind="test", about="booking:1", to=["a@nhs.net"], now=now)
    dead.close()
    row = Notification.objects.get()
    assert row.state == "pending"
    assert f"the sweep will send messages [{row.pk}]" in caplog.text
    assert "a@nhs.net" not in caplog.text


def test_what_could_not_be_queued_is_due_in_the_next_sweep(kind, now, django_capture_on_commit_callbacks, settings):
    """Not after the 45 seconds in which what is queued is left alone."""
    settings.FRESH_MAIL_QUEUE = "another"  # no broker takes it
    with django_capture_on_commit_callbacks(execute=True):
        notify(kind="test", about="booking:1", to=["a@nhs.net"], now=now)
    assert delivery_services.due_and_unqueued(now).count() == 1


def test_one_event_is_told_to_several_people_in_one_insert(make_kind, now, django_assert_num_queries):
    for name in ("one", "two"):
        make_kind(name)
    kinds = {"one": ["a@nhs.net"], "two": ["a@nhs.net", "", "b@nhs.net"]}
    with django_assert_num_queries(2):  # and which of them are new
        notify_kinds(kinds, about="booking:1", now=now, reference="BK-7Q4M-2F", version=2)
    rows = list(Notification.objects.order_by("pk").values_list("kind", "recipient", "reference", "version", "due_at"))
    assert rows == [
        ("one", "a@nhs.net", "BK-7Q4M-2F", 2, now),
        ("two", "a@nhs.net", "BK-7Q4M-2F", 2, now),
        ("two", "b@nhs.net", "BK-7Q4M-2F", 2, now),
    ]


def test_a_kind_that_nobody_registered_tells_nobody(kind, now):
    with pytest.raises(KeyError), transaction.atomic():
        notify_kinds({"test": ["a@nhs.net"], "unheard-of": ["b@nhs.net"]}, about="booking:1", now=now)
    assert recipients() == []


def test_what_many_are_told_may_be_left_to_the_sweep(kind, now, queued, django_capture_on_commit_callbacks):
    told = [NewMessage(f"person:{n}", f"p{n}@nhs.net", reference="BK-1", version=3) for n in (1, 2)]
    for _ in range(2):  # the second time nothing is new
        with django_capture_on_commit_callbacks(execute=True):
            notify_many(told, kind="test", now=now, left_to_sweep=True)
    rows = Notification.objects.order_by("pk").values_list("about", "recipient", "reference", "version", "due_at", "queued_at")
    assert list(rows) == [(f"person:{n}", f"p{n}@nhs.net", "BK-1", 3, now, None) for n in (1, 2)]
    assert queued() == []


def test_each_of_many_is_told_of_its_own_thing_at_its_own_time(kind, now, django_assert_num_queries):
    told = [
        NewMessage(f"person:{n}", f"p{n}@nhs.net", due_at=now + timedelta(hours=n), expires_at=now + timedelta(days=n))
        for n in (1, 2)
    ]
    with django_assert_num_queries(1):
        notify_many([*told, NewMessage("person:3", "")], kind="test", now=now)
    rows = Notification.objects.order_by("pk").values_list("about", "due_at", "expires_at")
    assert list(rows) == [(each.about, each.due_at, each.expires_at) for each in told]


def next_in(name):
    """The next task of this queue: its headers, and what it is given."""
    with app.connection_for_read() as connection, connection.SimpleQueue(app.amqp.queues[name]) as queue:
        message = queue.get_nowait()
        message.ack()
        return message.headers, message.decode()[0]


def test_each_queue_gets_its_own_and_carries_the_reference_of_its_request(queued):
    token = request_reference.set("7Q4M2F")
    try:
        outbox.queue_notifications([7])
        outbox.send_tasks([8], queue=settings.CELERY_TASK_DEFAULT_QUEUE, expires=45)
    finally:
        request_reference.reset(token)
    for name, key, ends in ((settings.FRESH_MAIL_QUEUE, 7, False), (settings.CELERY_TASK_DEFAULT_QUEUE, 8, True)):
        headers, given = next_in(name)
        assert (headers[REFERENCE_HEADER], given[0], headers["expires"] is not None) == ("7Q4M2F", [key], ends)


def test_a_queue_that_is_not_ours_is_refused():
    with pytest.raises(QueueNotFound, match="another"):
        app.send_task("notifications.tasks.sweep", queue="another")
