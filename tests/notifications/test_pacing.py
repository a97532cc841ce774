"""So many messages a minute go to one domain; the rest stand in a line, and it was no attempt."""

from datetime import timedelta

import pytest

from notifications.delivery import pacing
from notifications.delivery.services import deliver, sweep
from notifications.models import MailDomain, Notification, NotificationState
from tests.notifications.conftest import later

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _pace(settings, mail_server):
    settings.MAIL_A_MINUTE_TO_A_DOMAIN = 5
    mail_server()


@pytest.fixture
def rows(kind, make_row):
    return [make_row(recipient=f"reader{number}@NHS.net") for number in range(12)]


def deliver_all(rows, clock):
    for row in rows:
        deliver(row.pk, clock=clock)


def test_what_is_too_much_for_a_minute_waits_in_line(rows, make_row, now):
    other = make_row(recipient="reader@leeds.example.nhs.uk")
    deliver_all([*rows, other], lambda: now)
    sent, waiting = Notification.objects.filter(state="sent"), Notification.objects.filter(state="pending")
    assert sent.filter(recipient__endswith="NHS.net").count() == 5
    assert sent.filter(pk=other.pk).exists()
    assert set(waiting.values_list("attempts", "first_tried_at", "last_error")) == {(0, None, "")}
    gaps = [moment - now for moment in waiting.order_by("due_at").values_list("due_at", flat=True)]
    assert gaps == [timedelta(seconds=60 + 12 * number) for number in range(1, 8)]


def test_all_of_the_line_goes_in_its_turn(rows, now):
    deliver_all(rows, lambda: now)
    for seconds in range(5, 300, 5):
        for pk in sweep(now=now + timedelta(seconds=seconds)):
            deliver(pk, clock=later(now, seconds=seconds))
        sent = Notification.objects.filter(state="sent")
        assert all(
            sent.filter(sent_at__gte=now + timedelta(minutes=m), sent_at__lt=now + timedelta(minutes=m + 1)).count() <= 5
            for m in range(5)
        )
    assert set(Notification.objects.values_list("state", "attempts")) == {(NotificationState.SENT, 1)}


def test_codes_never_wait_and_the_patient_leave_room(kind, make_kind, make_row, now):
    make_kind("patient", can_wait=True)
    deliver_all([make_row(kind="patient") for _ in range(6)], lambda: now)
    assert Notification.objects.filter(state="sent").count() == 4
    deliver_all([make_row(), make_row()], lambda: now)
    assert Notification.objects.filter(state="sent").count() == 5
    assert pacing.throttled_until(make_row(is_account_mail=True), now) is None


def test_a_worker_takes_some_at_a_time_and_writes_seldom(make_row, kind, now, settings, django_assert_num_queries):
    settings.MAIL_A_MINUTE_TO_A_DOMAIN = 300
    row = make_row()
    with django_assert_num_queries(5):  # a domain that is new to us: no row yet, look again, and the insert in its savepoint
        for _ in range(10):
            assert pacing.throttled_until(row, now) is None
    with django_assert_num_queries(1):
        for _ in range(10):
            assert pacing.throttled_until(row, now) is None
    assert MailDomain.objects.get().taken == 20


def test_a_line_that_a_wrong_clock_drew_is_forgotten(rows, now):
    deliver_all(rows[:5], lambda: now)
    MailDomain.objects.update(queue_ends_at=now + timedelta(days=400))
    deliver_all(rows[5:6], lambda: now)
    assert Notification.objects.get(pk=rows[5].pk).due_at <= now + timedelta(minutes=2)


def test_no_limit_asks_nothing(make_row, kind, now, settings, django_assert_num_queries):
    settings.MAIL_A_MINUTE_TO_A_DOMAIN = 0
    row = make_row()
    with django_assert_num_queries(0):
        assert pacing.throttled_until(row, now) is None
