"""Two beats: each task of the schedule, run twice in the same moment, leaves what it leaves when it runs once.

A copy of the sample data hears all that beat asks for once, another hears it twice, each over the same days. Then two real ones
on Redis: one is killed, Redis is emptied, and tasks go on coming.
"""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg2
import pytest
from django.conf import settings

from ctac.celery import build_beat_schedule
from ctac.local import postgres, processes
from tests import ready
from tests.faults.brokers import Redis
from tests.faults.packages import missing

needs_postgres = pytest.mark.skipif(not postgres.is_available(), reason="needs the embedded PostgreSQL")
MODULE = "tests.platform.two_beats"
# These write to the cache alone, or hand on to a worker what has a test of its own.
WRITE_NO_ROW = {
    "leaflets.tasks.compare_stock_with_ledger",
    "privacy.tasks.count_due",
    "professionals.imports.tasks.look_after_imports",
    "reach.reports.tasks.look_after_reports",
}
# Of each run of the retention there is a row that says what it did; two at once share the work.
A_ROW_FOR_EACH_RUN = "privacy_retentionrun"
CONTROL = "naive"


class Copies:
    """Databases of one server, each from the same template."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        own = ("CTAC_VAR", "DATABASE_URL")
        self.env = {name: value for name, value in os.environ.items() if name not in own}
        self.env |= {"CTAC_ENV": "test", "ENV_FILE": os.devnull, "BEGIN": f"{datetime.now(UTC):%Y-%m-%d}T00:00:00+00:00"}

    def start(self, name: str, *words: str) -> "subprocess.Popen[str]":
        env = self.env | {"CTAC_VAR": str(self.folder / name), "DATABASE_URL": postgres.database_url(self.folder, name)}
        command = [sys.executable, *words]
        return subprocess.Popen(
            command, cwd=settings.BASE_DIR, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )

    def run(self, name: str, *words: str) -> str:
        process = self.start(name, *words)
        said, errors = process.communicate()
        assert process.returncode == 0, errors[-4000:]
        return said

    def copy(self, name: str) -> None:
        connection = psycopg2.connect(postgres.database_url(self.folder, "postgres"))
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute(f"CREATE DATABASE {name} TEMPLATE {postgres.DATABASE}")
        connection.close()


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    copies = Copies(tmp_path_factory.mktemp("beats"))
    ready.lay_out(copies.folder)
    server = postgres.start(copies.folder, fast=True)
    try:
        copies.run(postgres.DATABASE, "manage.py", "load_sample_data")
        copies.run(postgres.DATABASE, "-m", MODULE, "lay-out")
        names = ("once", "twice")
        for name in names:
            copies.copy(name)
        running = [copies.start(name, "-m", MODULE, name) for name in names]
        said = [process.communicate() for process in running]
        assert [process.returncode for process in running] == [0, 0], [errors[-2000:] for _said, errors in said]
        once, twice = (json.loads(out.splitlines()[-1]) for out, _errors in said)
        yield once, twice
    finally:
        postgres.stop(copies.folder)
        if server is not None:
            server.wait(30)


@pytest.mark.slow
@needs_postgres
def test_each_task_had_something_to_do(outcomes: tuple[dict[str, Any], dict[str, Any]]) -> None:
    once, _twice = outcomes
    idle = {entry["task"] for entry in build_beat_schedule().values()} - {task for task, rows in once["wrote"].items() if rows}
    assert idle == WRITE_NO_ROW


@pytest.mark.slow
@needs_postgres
def test_no_task_failed(outcomes: tuple[dict[str, Any], dict[str, Any]]) -> None:
    assert [outcome["failed"] for outcome in outcomes] == [{}, {}]


@pytest.mark.slow
@needs_postgres
def test_twice_in_the_same_moment_is_as_once(outcomes: tuple[dict[str, Any], dict[str, Any]]) -> None:
    """But for the negative control, which looks before it writes and is not kept from doing so twice."""
    once, twice = (outcome["state"] for outcome in outcomes)
    assert {table for table in once if once[table] != twice[table]} == {CONTROL, A_ROW_FOR_EACH_RUN}
    assert len(once) > 100
    assert int(twice[CONTROL][0]) > int(once[CONTROL][0])


@pytest.fixture
def redis(tmp_path: Path) -> Iterator[Redis]:
    server = Redis(tmp_path / "redis")
    server.start()
    yield server
    server.stop()


def start_beat(redis: Redis, folder: Path) -> "subprocess.Popen[bytes]":
    folder.mkdir()
    env = os.environ | {"CTAC_VAR": str(folder), "CELERY_BROKER_URL": redis.url, "OUTBOX_SWEEP_SECONDS": "1"}
    words = ["-m", "celery", "--app", "ctac", "--quiet", "beat", "--pidfile="]
    with (folder / "log").open("wb") as log:
        command = [sys.executable, *words]
        return subprocess.Popen(command, cwd=settings.BASE_DIR, env=env, stdout=log, stderr=log)


def queued(redis: Redis) -> int:
    with redis.connect() as connection:
        return int(connection.default_channel.client.llen(settings.CELERY_TASK_DEFAULT_QUEUE))


def more_come(redis: Redis, seconds: float) -> bool:
    """Nobody takes them, so the queue grows."""
    before = queued(redis)
    return processes.wait_until(lambda: queued(redis) > before, seconds, every=0.1)


@pytest.mark.skipif(bool(missing("redis")), reason=missing("redis"))
def test_when_one_is_killed_or_redis_emptied_tasks_go_on_coming(redis: Redis, tmp_path: Path) -> None:
    one, other = (start_beat(redis, tmp_path / name) for name in ("one", "other"))
    try:
        assert processes.wait_until(lambda: all(list((tmp_path / name).glob("celerybeat*")) for name in ("one", "other")), 60)
        assert more_come(redis, 20)
        one.kill()
        one.wait(10)
        assert more_come(redis, 5)
        redis.empty()
        assert more_come(redis, 10)
        other.kill()
        other.wait(10)
        time.sleep(1)
        assert not more_come(redis, 5)  # the negative control: nobody else asks
    finally:
        for beat in (one, other):
            beat.kill()
            beat.wait(10)
