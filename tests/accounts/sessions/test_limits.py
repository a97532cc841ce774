"""A sign-in ends when nobody comes back, and after so long whatever happens; for staff sooner."""

from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.models import Session
from privacy.retention import clear_expired
from tests.accounts.sessions.browsers import is_in, key_of, row_of
from tests.factories import make_person, make_staff, sign_in, sign_in_staff

pytestmark = pytest.mark.django_db

MORNING = datetime(2027, 1, 12, 8, 0, tzinfo=UTC)
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)


@pytest.fixture
def clock():
    with time_machine.travel(MORNING, tick=False) as traveller:
        yield traveller


def person_in() -> Client:
    return sign_in(Client(), make_person())


def staff_in() -> Client:
    return sign_in_staff(Client(), make_staff())


def answers(client: Client, path: str) -> bool:
    return client.get(path).status_code == 200


KINDS = pytest.mark.parametrize(
    ("enter", "path", "idle", "longest"),
    [(person_in, "/my/", 2 * HOUR, 24 * HOUR), (staff_in, "/staff/", HOUR, 12 * HOUR)],
    ids=["professional", "staff"],
)


@KINDS
def test_it_ends_when_nobody_comes_back(clock, enter, path, idle, longest):
    client, key = enter(), None
    key = key_of(client)
    clock.move_to(MORNING + idle - MINUTE)
    assert answers(client, path)
    clock.move_to(MORNING + idle - MINUTE + idle)
    assert not answers(client, path)

    client.cookies["session"] = key  # the browser let go of it; whoever kept it has no use of it
    assert not answers(client, path)


@KINDS
def test_it_ends_after_so_long_however_busy_somebody_is(clock, enter, path, idle, longest):
    client = enter()
    moment = MORNING
    while moment + 30 * MINUTE < MORNING + longest:
        moment += 30 * MINUTE
        clock.move_to(moment)
        assert answers(client, path), moment
    assert row_of(client).expire_date == MORNING + longest

    clock.move_to(MORNING + longest)
    assert not answers(client, path)


def test_the_limits_are_settings(clock, settings):
    settings.SESSION_IDLE = 10 * MINUTE
    client = person_in()
    clock.shift(10 * MINUTE)
    assert not is_in(client)


def test_a_page_costs_no_statement_more_but_every_five_minutes(clock):
    client = person_in()
    counts = []
    for shift in (MINUTE, 3 * MINUTE, MINUTE, MINUTE, 3 * MINUTE):
        clock.shift(shift)
        with CaptureQueriesContext(connection) as asked:
            assert is_in(client)
        counts.append(len(asked))

    assert counts == [2, 2, 3, 2, 2]
    assert row_of(client).seen_at == MORNING + 5 * MINUTE


def test_a_sign_in_that_has_begun_and_is_nobodys_yet_ends_too(clock):
    client = Client()
    client.post("/account/login/", {"login": make_person().email})
    assert row_of(client).user is None
    assert row_of(client).expire_date == MORNING + 2 * HOUR


@pytest.mark.parametrize("many", [1, 5])
def test_rows_go_in_batches_a_day_after_their_end(now, monkeypatch, many):
    monkeypatch.setattr("accounts.sessions.CLEAR_BATCH_SIZE", 2)
    for age in range(many):
        over = now - timedelta(days=1, minutes=age)
        Session.objects.create(session_key=f"over {age}", session_data="", expire_date=over, ends_at=over)
    Session.objects.create(session_key="known still", session_data="", expire_date=now - HOUR, ends_at=now)
    Session.objects.create(session_key="live", session_data="", expire_date=now + HOUR, ends_at=now + HOUR)

    assert clear_expired(now=now)["sessions"] == many
    assert set(Session.objects.values_list("pk", flat=True)) == {"known still", "live"}
