"""`drill`: a machine that is backed up while people book and order. `make drill` takes its time, and ends with a table."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from ctac.local import postgres
from tests import ready
from tests.deploy.conftest import PROGRAMS
from tests.drill.machine import ROOT, Machine
from tests.faults.packages import DRILL, missing

LONG = bool(os.environ.get("DRILL"))
WRITING = 75 if LONG else 4  # seconds of people before something happens: longer than archive_timeout where it is measured
KINDS = ("booking", "order")
TABLES = {"booking": "bookings_booking", "order": "leaflets_order"}
PERSON, EMAIL = "Quillfinch Zanderby", "quillfinch@leeds.nhs.uk"
PLANT = f"""
from datetime import timedelta
from django.utils import timezone
from tests.bookings.rows import make_booking, make_presenter
from tests.deploy.scene import number_from
from tests.factories import make_person
from tests.leaflets.factories import make_order
number_from(5000)
now = timezone.now()
person = make_person(name="{PERSON}", email="{EMAIL}")
make_booking(make_presenter(), now + timedelta(days=40), person=person, notes="Ask for Quillfinch", contact_name="Quillfinch")
make_order(person, now)
"""
ERASE = f"""
from django.utils import timezone
from professionals.models import Person
from privacy.services import erase_person
erase_person(Person.objects.get(name="{PERSON}"), by=None, now=timezone.now())
"""


@dataclass(frozen=True)
class Line:
    """One of the table."""

    what: str
    restored: float | None = None  # seconds until the site could write again
    lost: float | None = None  # seconds between the newest change that came back and what happened
    gone: str = ""  # of what had been acknowledged


LINES: list[Line] = []


def table(lines: Sequence[Line]) -> str:
    def seconds(value: float | None) -> str:
        return "" if value is None else f"{value:.1f}"

    rows = [("what", "restored after s", "lost s", "lost of what was acknowledged")]
    rows += [(line.what, seconds(line.restored), seconds(line.lost), line.gone) for line in lines]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows)


def pytest_terminal_summary(terminalreporter: Any) -> None:
    if LINES and LONG:
        terminalreporter.section("drill")
        terminalreporter.write_line(table(LINES))


@dataclass(frozen=True)
class Acknowledged:
    kind: str
    reference: str
    at: float


@dataclass
class Drill:
    machine: Machine
    people: subprocess.Popen[str] | None = None
    lines: Path = Path()
    numbers: int = 10_000

    def begin(self) -> None:
        """People begin to book and order; returns when the first has been told that it is done."""
        self.lines = self.machine.folder / f"acknowledged-{self.numbers}"
        env = self.machine.env | {"DATABASE_URL": self.machine.url("ctac_app"), "DJANGO_SETTINGS_MODULE": "ctac.settings"}
        words = [sys.executable, "-W", "ignore", "-m", "tests.drill.writer", str(self.numbers)]
        with self.lines.open("w") as out, (self.machine.folder / "writer.log").open("a") as errors:
            self.people = subprocess.Popen(words, cwd=ROOT, env=env, stdout=out, stderr=errors, text=True)
        self.numbers += 2000
        end = time.monotonic() + 60
        while not self.acknowledged():
            assert self.people.poll() is None, (self.machine.folder / "writer.log").read_text()[-2000:]
            assert time.monotonic() < end, "nobody could book or order"
            time.sleep(0.05)

    def acknowledged(self) -> list[Acknowledged]:
        """By whoever books and orders now. A line that is being written is none."""
        whole = self.lines.read_text().rpartition("\n")[0].splitlines()
        return [Acknowledged(**json.loads(line)) for line in whole]

    def end(self) -> list[Acknowledged]:
        if self.people is not None:
            self.people.terminate()
            self.people.wait(20)
            self.people = None
        return self.acknowledged()

    def missing(self, acknowledged: Sequence[Acknowledged]) -> list[Acknowledged]:
        """Those that the database does not have."""
        there = {kind: set(self.machine.rows(f"SELECT reference FROM {table}")) for kind, table in TABLES.items()}  # noqa: S608 - ours
        return [one for one in acknowledged if one.reference not in there[one.kind]]

    def keep(self, what: str, restored: float, lost: float, acknowledged: Sequence[Acknowledged]) -> None:
        gone = self.missing(acknowledged)

        def share(kind: str) -> str:
            of_kind = [sum(one.kind == kind for one in ones) for ones in (gone, acknowledged)]
            return f"{of_kind[0]} of {of_kind[1]} {kind}s"

        LINES.append(Line(what, restored, lost, ", ".join(map(share, KINDS))))

    def restore(self, *words: str) -> float:
        """Seconds until the site could write again."""
        begun = time.monotonic()
        self.machine.pgbackrest(*words, "restore")
        self.machine.start()
        return time.monotonic() - begun

    def newest(self) -> float:
        """When the newest change that came back was made."""
        return float(self.machine.rows("SELECT extract(epoch FROM pg_last_xact_replay_timestamp())")[0])

    def tables_with(self, canary: str) -> set[str]:
        """Those with a row that has it in any column, as text."""
        names = self.machine.rows("SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'")
        count = "SELECT count(*) FROM {} t WHERE t::text ILIKE '%{}%'"
        return {name for name in names if self.machine.rows(count.format(name, canary)) != ["0"]}


def schema(folder: Path) -> str:
    """A dump of what tests.ready has migrated, from a server of its own: the tests' own is a template, and must be left alone."""
    if ready.FOLDER not in os.environ:
        return ""
    ready.lay_out(folder)
    server = postgres.start(folder, fast=True)
    try:
        words = [str(PROGRAMS / "pg_dump"), "--no-owner", "--no-privileges", "--dbname", postgres.database_url(folder)]
        return subprocess.run(words, capture_output=True, text=True, check=True).stdout
    finally:
        postgres.stop(folder)
        if server:
            server.wait()


@pytest.fixture(scope="package")
def drill(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Drill]:
    """With a full backup, in which is somebody who has been erased since; and people who book and order."""
    if why := missing(*DRILL):
        pytest.skip(why)
    drill = Drill(Machine())
    machine = drill.machine
    try:
        machine.set_up("" if LONG else schema(tmp_path_factory.mktemp("schema")))
        if LONG:
            machine.python("manage.py", "load_sample_data")
        machine.python("manage.py", "shell", "--no-imports", "-c", PLANT)
        machine.python("deploy/backup.py")
        drill.begin()
        time.sleep(WRITING)
        machine.python("manage.py", "shell", "--no-imports", "-c", ERASE)
        machine.back_up_files()
        time.sleep(WRITING)
        yield drill
    finally:
        if drill.people is not None:
            drill.people.kill()
        machine.remove()


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """What is marked as long runs in `make drill` only."""
    unwanted = [item for item in items if "drill" in item.path.parts and item.get_closest_marker("long") and not LONG]
    if unwanted:
        config.hook.pytest_deselected(items=unwanted)
        items[:] = [item for item in items if item not in unwanted]
