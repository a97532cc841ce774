"""Sending again: a new message that points to the first."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import timedelta
from threading import Barrier, BrokenBarrierError

import pytest
from django.db import connection

from notifications import outbox
from notifications.models import Notification, NotificationState
from notifications.outbox import CannotResend, may_resend, resend, resend_failed
from tests.factories import make_staff

pytestmark = pytest.mark.django_db


@pytest.fixture
def sent(kind, make_row, now):
    return make_row(state="sent", sent_at=now)


def test_it_is_a_new_row_that_points_to_the_first(sent, now, queued, django_capture_on_commit_callbacks, caplog):
    staff = make_staff()
    with django_capture_on_commit_callbacks(execute=True):
        again = resend(sent, by=staff, now=now)
    assert (again.resend_of, again.resent_by, again.state, again.due_at) == (sent, staff, NotificationState.PENDING, now)
    assert (again.kind, again.about, again.version, again.recipient) == (sent.kind, sent.about, sent.version, sent.recipient)
    assert again.message_id != sent.message_id
    assert queued() == [[again.pk]]
    assert f"Message {sent.pk} is sent again by user {staff.pk}." in caplog.text
    assert staff.email not in caplog.text


def test_a_resend_of_a_resend_points_to_the_first(sent, now, mail_server, delivered):
    mail_server()
    again = resend(sent, by=None, now=now)
    delivered(again)
    assert resend(again, by=None, now=now).resend_of == sent


def test_what_is_on_its_way_is_not_sent_again(sent, now):
    resend(sent, by=None, now=now)
    with pytest.raises(CannotResend, match="already on its way"):
        resend(sent, by=None, now=now)
    assert Notification.objects.count() == 2


def test_what_has_failed_can_be_sent_again(kind, make_row, now):
    row = make_row(state="failed")
    assert may_resend(row) is True
    assert resend(row, by=None, now=now).state == NotificationState.PENDING


def test_what_is_out_of_date_is_not_sent_again(kind, make_row, now):
    row = make_row(state="sent", sent_at=now, expires_at=now + timedelta(hours=1))
    with pytest.raises(CannotResend, match="too late"):
        resend(row, by=None, now=now + timedelta(hours=1))


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({"state": "pending", "sent_at": None}, "already on its way"),
        ({"kind": "once"}, "can’t be sent again"),
        ({"recipient": ""}, None),
        ({"kind": "no longer registered"}, None),
    ],
    ids=["not gone yet", "a kind that refuses", "erased", "unknown kind"],
)
def test_what_is_not_sent_again(kind, make_kind, make_row, now, fields, why):
    make_kind("once", may_resend=False)
    row = make_row(**{"state": "sent", "sent_at": now, **fields})
    assert may_resend(row) is False
    with pytest.raises(CannotResend, match=why):
        resend(row, by=None, now=now)


def test_all_that_failed_lately_goes_again_and_only_that(kind, make_kind, make_row, now, django_assert_num_queries):
    staff = make_staff()
    make_kind("once", may_resend=False)
    failed = [make_row(state="failed") for _ in range(3)]
    make_row(state="failed", kind="once")
    make_row(state="failed", expires_at=now)
    make_row(state="failed", is_account_mail=True)
    make_row(state="failed", created_at=now - timedelta(days=15))
    make_row(state="sent", sent_at=now)
    resend(failed[0], by=None, now=now)
    with django_assert_num_queries(7):  # savepoint, which, lock, ask again, read, insert, release: however many
        assert resend_failed(among=Notification.objects.all(), by=staff, now=now) == 2
    again = Notification.objects.exclude(resend_of=None).exclude(resent_by=None)
    assert set(again.values_list("resend_of", "state", "queued_at")) == {(row.pk, "pending", None) for row in failed[1:]}
    assert resend_failed(among=Notification.objects.all(), by=None, now=now) == 0


def test_what_failed_again_goes_again(kind, make_row, now):
    first = make_row(state="failed")
    again = make_row(state="failed", resend_of=first)
    assert resend_failed(among=Notification.objects.filter(pk=again.pk), by=None, now=now) == 1
    assert Notification.objects.latest("pk").resend_of == first


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_two_who_press_at_once_send_each_once(kind, make_row, now, monkeypatch):
    rows = [make_row(state="failed") for _ in range(4)]
    start = Barrier(2)
    chosen = outbox.original_ids

    def chosen_by_both(found):
        firsts = chosen(found)
        with suppress(BrokenBarrierError):
            start.wait(1)  # both have looked before either writes
        return firsts

    monkeypatch.setattr(outbox, "original_ids", chosen_by_both)

    def work(_number):
        try:
            return resend_failed(among=Notification.objects.all(), by=None, now=now)
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(work, range(2))) == [0, 4]
    assert Notification.objects.filter(resend_of__in=rows).count() == 4
