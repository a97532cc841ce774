"""What can wait is not sent in the night, and everything else is."""

from datetime import UTC, datetime, time, timedelta

import pytest

from notifications.delivery.services import deliver
from notifications.models import NotificationState
from notifications.outbox import resend
from notifications.schedule import MORNING_SPREAD_PERIOD, DigestItem, add_to_digests, quiet_hours_end
from tests.notifications.conftest import later

pytestmark = pytest.mark.django_db
NIGHT = datetime(2027, 1, 12, 22, 30, tzinfo=UTC)
MORNING = datetime(2027, 1, 13, 7, 0, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _quiet_hours(change_settings):
    change_settings(quiet_from=time(20), quiet_until=time(7))


@pytest.fixture
def inbox(mail_server):
    return mail_server()


def delivered(row, moment):
    deliver(row.pk, clock=lambda: moment)
    row.refresh_from_db()
    return row


def test_what_can_wait_goes_in_the_morning_without_having_been_tried(make_kind, make_row, inbox):
    make_kind(can_wait=True)
    row = delivered(make_row(created_at=NIGHT, due_at=NIGHT), NIGHT)
    assert (row.state, row.attempts, row.first_tried_at, row.last_error) == (NotificationState.PENDING, 0, None, "")
    assert MORNING <= row.due_at <= MORNING + MORNING_SPREAD_PERIOD
    assert inbox.messages == []
    row = delivered(row, row.due_at)
    assert (row.state, row.attempts, len(inbox.messages)) == (NotificationState.SENT, 1, 1)


def test_a_hundred_that_waited_are_spread_over_the_half_hour(make_kind, make_row, inbox):
    make_kind(can_wait=True)
    due = sorted(delivered(make_row(due_at=NIGHT), NIGHT).due_at for _ in range(100))
    assert due[0] < MORNING + MORNING_SPREAD_PERIOD / 4
    assert due[-1] > MORNING + MORNING_SPREAD_PERIOD * 3 / 4
    assert len(set(due)) == 100


def test_what_was_tried_before_keeps_its_count_and_its_error(make_kind, make_row, inbox):
    make_kind(can_wait=True)
    first = NIGHT - timedelta(hours=4)
    row = delivered(make_row(due_at=NIGHT, attempts=3, first_tried_at=first, last_error="451 later"), NIGHT)
    assert (row.attempts, row.first_tried_at, row.last_error) == (3, first, "451 later")


def test_mail_that_answers_somebody_goes_at_any_time(kind, make_row, inbox):
    assert delivered(make_row(due_at=NIGHT), NIGHT).state == NotificationState.SENT


def test_what_would_come_too_late_in_the_morning_goes_now(make_kind, make_row, inbox):
    make_kind(can_wait=True)
    assert delivered(make_row(due_at=NIGHT, expires_at=MORNING), NIGHT).state == NotificationState.SENT


def test_what_is_no_longer_true_does_not_wait(make_kind, make_row, inbox):
    make_kind(can_wait=True, is_still_due=lambda notification: False)
    assert delivered(make_row(due_at=NIGHT), NIGHT).state == NotificationState.EXPIRED


@pytest.mark.tuesday
def test_what_a_colleague_sends_again_in_the_night_goes(make_kind, make_row, inbox, now):
    make_kind(can_wait=True)
    row = delivered(make_row(), now)
    assert delivered(resend(row, by=None, now=NIGHT), NIGHT).state == NotificationState.SENT


def test_a_digest_that_waits_takes_in_what_comes_meanwhile(make_kind, make_row, inbox):
    make_kind(can_wait=True)
    first, second = (DigestItem("person:7", "reader@leeds.example.nhs.uk", reference) for reference in ("LO-1", "LO-2"))
    written = {"kind": "test", "day": NIGHT.date(), "due_at": NIGHT}
    [key] = add_to_digests([first], now=NIGHT, **written)
    deliver(key, clock=lambda: NIGHT)
    assert add_to_digests([second], now=NIGHT + timedelta(hours=1), **written) == [key]


@pytest.mark.parametrize(
    ("moment", "ends"),
    [
        ("2027-01-12T19:59+00:00", None),
        ("2027-01-12T20:00+00:00", "2027-01-13T07:00+00:00"),
        ("2027-01-13T06:59+00:00", "2027-01-13T07:00+00:00"),
        ("2027-01-13T07:00+00:00", None),
        # Summer: 20:30 and 06:30 of the clock; then the nights in which it changes.
        ("2027-07-12T19:30+00:00", "2027-07-13T06:00+00:00"),
        ("2027-07-13T05:30+00:00", "2027-07-13T06:00+00:00"),
        ("2027-03-27T23:00+00:00", "2027-03-28T06:00+00:00"),
        ("2027-10-30T22:00+00:00", "2027-10-31T07:00+00:00"),
    ],
)
def test_the_night_is_one_of_a_uk_clock(moment, ends):
    assert quiet_hours_end(datetime.fromisoformat(moment)) == (datetime.fromisoformat(ends) if ends else None)


@pytest.mark.tuesday
def test_hours_within_one_day_and_none_at_all(change_settings, now):
    change_settings(quiet_from=time(9, 30), quiet_until=time(11))
    assert quiet_hours_end(now) == now + timedelta(hours=1)
    assert quiet_hours_end(later(now, hours=1)()) is None
    change_settings(quiet_from=time(7), quiet_until=time(7))
    assert not any(quiet_hours_end(later(now, hours=hours)()) for hours in range(24))
