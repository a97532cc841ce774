"""`make bench-slots`: the pages of times for 40 and for 400 presenters, with 10,000 and with 1,000,000 past bookings.

Two databases that differ only in their past, each with its copy of the application; the pages are asked of both in turn. What
to read: the ratio, which must say that the past costs nothing, and the statements, which must be the same in every column.
"""

import json
import statistics
import subprocess
import sys
import tempfile
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import psycopg2

from bench.client import Browser
from bench.compare import STATEMENTS, prepare_database
from bench.measuring import AGAIN
from bench.scale import milliseconds
from bench.servers import BASE_DIR, Server, environment, start_database
from bench.units import DETAILS
from ctac.local import postgres

PRESENTERS = (40, 400)
PAST = (10_000, 1_000_000)
LOOKS = 15
MOST = 1.15
SLACK_MS = 2.0
FIRST = 2  # looks that do not count
BOOK = "/book/spotting-the-signs"
WHERE = {"format": "workplace", "address_line_1": "1 Park Row", "address_line_2": "", "town": "Leeds", "postcode": "LS1 4AP"}


@dataclass
class Copy:
    """The application over one database."""

    server: Server
    database: str
    env: dict[str, str]

    def sql(self, statement: str, *values: object) -> int:
        connection = psycopg2.connect(self.database)
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute(statement, values or None)
            found = int(cursor.fetchone()[0]) if cursor.description else 0
        connection.close()
        return found

    def only(self, presenters: int) -> None:
        """So many can be booked."""
        self.sql("UPDATE bookings_presenter SET active = false")
        some = "SELECT id FROM bookings_presenter WHERE email LIKE '%%@slots.test' ORDER BY id LIMIT %s"
        self.sql(f"UPDATE bookings_presenter SET active = true WHERE id IN ({some})", presenters)  # noqa: S608 - our own words

    def engine(self) -> dict[str, float]:
        words = [sys.executable, "-m", "bench.slots_data", "engine"]
        answer = subprocess.run(words, cwd=BASE_DIR, env=self.env, check=True, capture_output=True, text=True).stdout
        return dict(json.loads(answer.splitlines()[-1]))

    def statements(self, browser: Browser, path: str) -> int:
        self.sql("SELECT 1 FROM pg_stat_statements_reset()")
        browser.get(path)
        return self.sql(STATEMENTS)


def make_copy(stack: ExitStack, var_dir: Path, database: str, past: int) -> Copy:
    name = f"past{past}"
    connection = psycopg2.connect(database)
    connection.autocommit = True
    with connection.cursor() as cursor:
        cursor.execute(f"CREATE DATABASE {name}")
    connection.close()
    own = database.replace("/ctac?", f"/{name}?")
    env = environment(var_dir / name, own)
    prepare_database(env)
    words = [sys.executable, "-m", "bench.slots_data", "fill", str(max(PRESENTERS)), str(past)]
    subprocess.run(words, cwd=BASE_DIR, env=env | {"CTAC_ENV": "test"}, check=True)
    copy = Copy(stack.enter_context(Server("ctac.wsgi:application", env, var_dir / f"{name}.log")), own, env)
    copy.sql("CREATE EXTENSION IF NOT EXISTS pg_stat_statements")
    print(f"{past:>9,} past bookings are in their database", flush=True)
    return copy


def ask_where(copy: Copy) -> Browser:
    browser = Browser(copy.server.port)
    browser.get(f"{BOOK}/where/")
    browser.post(f"{BOOK}/where/", **WHERE, **DETAILS)
    return browser


def pages() -> list[tuple[str, str]]:
    from datetime import UTC, datetime, timedelta

    ahead = datetime.now(UTC).date() + timedelta(days=45)
    return [
        ("first week, first available", f"{BOOK}/when/"),
        ("a week seven weeks on", f"{BOOK}/when/?week={ahead}"),
        ("mornings of that week", f"{BOOK}/when/?week={ahead}&part=morning"),
        ("a month, for the script", f"{BOOK}/when/?month={ahead:%Y-%m}"),
    ]


@dataclass
class Found:
    """A page on both sides, the short past first: middle of its milliseconds, processor time of the web workers, statements."""

    took: list[float]
    cpu: list[float]
    statements: list[int]

    @property
    def holds(self) -> bool:
        few, many = self.took
        return (many <= few * MOST or many - few <= SLACK_MS) and self.statements[0] == self.statements[1]

    def __str__(self) -> str:
        few, many = self.took
        cpu, statements = " ".join(f"{ms:>6.1f}" for ms in self.cpu), " ".join(f"{number:>3}" for number in self.statements)
        return f"{few:>7.1f} ms {many:>7.1f} ms   {many / few:>5.2f}   {cpu} ms of processor   {statements} statements"


def measure(path: str, copies: list[Copy], browsers: list[Browser]) -> Found:
    took: list[list[float]] = [[] for _copy in copies]
    before = [copy.server.cpu() for copy in copies]
    for look in range(LOOKS + FIRST):
        for times, browser in zip(took, browsers, strict=True):
            once = milliseconds(browser, path)
            if look >= FIRST:
                times.append(once)
    cpu = [1000 * (copy.server.cpu() - used) / (LOOKS + FIRST) for copy, used in zip(copies, before, strict=True)]
    statements = [copy.statements(browser, path) for copy, browser in zip(copies, browsers, strict=True)]
    return Found([statistics.median(times) for times in took], cpu, statements)


def compare(name: str, path: str, copies: list[Copy], browsers: list[Browser]) -> bool:
    found, again = measure(path, copies, browsers), 0
    while not found.holds and again < AGAIN:
        found, again = measure(path, copies, browsers), again + 1
    more = f"   measured again, {again} of {AGAIN}" if again else ""
    print(f"  {name:<32} {found}{more}{'' if found.holds else '   too much'}", flush=True)
    return found.holds


def main() -> int:
    share = float(sys.argv[1]) if len(sys.argv) > 1 else 1.0
    with tempfile.TemporaryDirectory(prefix="slots") as folder, ExitStack() as stack:
        var_dir = Path(folder)
        database = start_database(var_dir)
        stack.callback(postgres.stop, var_dir)
        copies = [make_copy(stack, var_dir, database, past) for past in (PAST[0], int(PAST[1] * share))]
        held = []
        for presenters in PRESENTERS:
            for copy in copies:
                copy.only(presenters)
            print(
                f"\n{presenters} presenters: median with the short past, the long one, ratio; processor time, statements of both"
            )
            browsers = [ask_where(copy) for copy in copies]
            held += [compare(name, path, copies, browsers) for name, path in pages()]
            for copy in copies:
                print("  60 days in the engine: " + ", ".join(f"{key} {value:.4g}" for key, value in copy.engine().items()))
        print(f"\n{held.count(True)} of {len(held)} hold: the past costs at most {MOST} times as much or {SLACK_MS} ms more")
        return 0 if all(held) else 1


if __name__ == "__main__":
    sys.exit(main())
