"""Somebody outside can tell that visits are watched over: by a ping that stays away, and by an address that says no."""

import logging
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.core.cache import cache
from django.db import connection
from django.test import Client, override_settings

from bookings import tasks
from bookings.models import Booking
from bookings.visits import services as visits_services
from core import health
from notifications.models import Notification
from tests.bookings.visits.visit import START
from tests.http_double import Answer, Asked, Double, http_double
from tests.notifications.conftest import free_port

LATE = START + timedelta(minutes=20)
SECRET = "/ping/5d1c0a7e"


@pytest.fixture(autouse=True)
def nobody_watched_yet() -> None:
    cache.delete(health.VISITS_WATCHED_KEY)


@pytest.fixture
def monitor() -> Iterator[Double]:
    with http_double() as monitor, override_settings(WATCHER_PING_URL=monitor.url + SECRET):
        yield monitor


def watch(now: datetime = LATE) -> None:
    with time_machine.travel(now, tick=False):
        tasks.watch()


def status(now: datetime = LATE) -> tuple[int, dict[str, Any]]:
    with time_machine.travel(now, tick=False):
        response = Client().get("/healthz/visits", headers={"host": "anything.example"})
        return response.status_code, response.json()


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_the_monitor_is_told_once_after_all_is_written_and_outside_any_transaction(booking: Booking, monitor: Double) -> None:
    seen: list[int] = []

    def count_from_another_connection(asked: Asked) -> None:
        seen.append(Notification.objects.filter(about=f"booking:{booking.pk}", kind="staff-no-check-in").count())
        connection.close()

    monitor.judge = count_from_another_connection
    watch()
    assert [(asked.method, asked.path, asked.body) for asked in monitor.asked] == [("GET", SECRET, b"")]
    assert seen == [1]


@pytest.mark.django_db
def test_a_round_in_which_somebody_could_not_be_told_of_is_no_good_one(
    booking: Booking, monitor: Double, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(**_facts: object) -> None:
        raise RuntimeError

    with monkeypatch.context() as patch:
        patch.setattr(visits_services, "alert_staff", fail)
        watch()
    assert (monitor.asked, status()[0]) == ([], 503)
    watch()
    assert (len(monitor.asked), status()[0]) == (1, 200)


@pytest.mark.django_db
@pytest.mark.parametrize("answer", [Answer(404), Answer(500), Answer(after=3)], ids=["unknown", "broken", "slow"])
def test_a_monitor_in_trouble_is_a_line_in_the_log_and_nothing_else(
    booking: Booking,
    monitor: Double,
    answer: Answer,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(health, "PING_TIMEOUT_SECONDS", 0.5)
    monitor.answers = [answer]
    watch()
    assert (len(monitor.asked), Notification.objects.filter(kind="staff-no-check-in").count(), status()[0]) == (1, 1, 200)
    [line] = [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING]
    assert line.startswith("The monitor of the watch over visits could not be told: ")
    assert SECRET not in caplog.text


@pytest.mark.django_db
def test_a_monitor_that_is_away_costs_nothing(booking: Booking, caplog: pytest.LogCaptureFixture) -> None:
    with override_settings(WATCHER_PING_URL=f"http://127.0.0.1:{free_port()}{SECRET}"):
        watch()
    assert (Notification.objects.filter(kind="staff-no-check-in").count(), status()[0]) == (1, 200)
    assert "could not be told: URLError" in caplog.text
    assert SECRET not in caplog.text


@pytest.mark.django_db
def test_without_a_monitor_nobody_is_asked(booking: Booking, monitor: Double) -> None:
    with override_settings(WATCHER_PING_URL=""):
        watch()
    assert monitor.asked == []


@pytest.mark.django_db
def test_whoever_polls_hears_of_it_within_minutes() -> None:
    assert status() == (503, {"status": "unavailable"})
    watch()
    assert status() == (200, {"status": "ok"})
    assert status(LATE + timedelta(minutes=5)) == (200, {"status": "ok"})
    assert status(LATE + timedelta(minutes=6, seconds=1)) == (503, {"status": "unavailable"})


@pytest.mark.django_db
def test_a_cache_that_is_away_does_not_stop_the_watch_and_is_no_good_news(
    booking: Booking, caplog: pytest.LogCaptureFixture
) -> None:
    away = {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": f"redis://127.0.0.1:{free_port()}/1"}
    with override_settings(CACHES={"default": away}):
        watch()
        assert status() == (503, {"status": "unavailable"})
    assert Notification.objects.filter(kind="staff-no-check-in").count() == 1
    assert "The cache could not note that visits are watched: ConnectionError" in caplog.text


def test_the_address_only_reads_and_asks_no_database() -> None:
    answer = Client().post("/healthz/visits")
    assert (answer.status_code, answer["Allow"]) == (405, "GET, HEAD")
    assert Client().head("/healthz/visits").status_code == 503
