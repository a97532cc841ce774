"""Two beats: each task of the schedule, run twice in the same moment, leaves what it leaves when it runs once.

A copy of the sample data hears all that beat asks for once, another hears it twice, each over the same days.
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg2
import pytest
from django.conf import settings

from ctac.celery import schedule
from ctac.local import postgres
from tests import ready

pytestmark = pytest.mark.skipif(not postgres.is_available(), reason="needs the embedded PostgreSQL")
MODULE = "tests.platform.two_beats"
# These write to the cache alone, or hand on to a worker what has a test of its own.
WRITE_NO_ROW = {
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


def test_each_task_had_something_to_do(outcomes: tuple[dict[str, Any], dict[str, Any]]) -> None:
    once, _twice = outcomes
    idle = {entry["task"] for entry in schedule().values()} - {task for task, rows in once["wrote"].items() if rows}
    assert idle == WRITE_NO_ROW


def test_no_task_failed(outcomes: tuple[dict[str, Any], dict[str, Any]]) -> None:
    assert [outcome["failed"] for outcome in outcomes] == [{}, {}]


def test_twice_in_the_same_moment_is_as_once(outcomes: tuple[dict[str, Any], dict[str, Any]]) -> None:
    """But for the negative control, which looks before it writes and is not kept from doing so twice."""
    once, twice = (outcome["state"] for outcome in outcomes)
    assert {table for table in once if once[table] != twice[table]} == {CONTROL, A_ROW_FOR_EACH_RUN}
    assert len(once) > 100
    assert int(twice[CONTROL][0]) > int(once[CONTROL][0])
