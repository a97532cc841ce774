"""`make bench`: the application beside a bare reference, in alternating rounds, on one machine and one PostgreSQL.

Each comparison names its unit of work and how many requests it takes on either side. Both sides do the unit equally often in
each round; the ratio is of the rates over all rounds, so what slows the machine slows both.
"""

import json
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import psycopg2

from bench import machine, units
from bench.client import Browser, Round, run
from bench.servers import BASE_DIR, Server, environment, production_python, start_database
from ctac.local import postgres

CONNECTIONS = 4
ROUNDS = 3
MOST_MEMORY = 90  # MB of a worker
STATEMENTS = (
    "SELECT coalesce(sum(calls), 0) FROM pg_stat_statements WHERE query !~* '^(begin|commit|rollback|set|show|savepoint|release)'"
)


@dataclass
class Side:
    """One server's rounds of one unit of work."""

    name: str
    rounds: list[Round] = field(default_factory=list)
    cpu: float = 0.0
    statements: int = 0

    @property
    def times(self) -> int:
        return sum(len(one.seconds) for one in self.rounds)

    @property
    def rate(self) -> float:
        """Units a second."""
        return self.times / sum(one.wall for one in self.rounds)

    def line(self) -> str:
        every = Round()
        every.seconds = [seconds for one in self.rounds for seconds in one.seconds]
        requests = sum(one.requests for one in self.rounds) / self.times
        return (
            f"  {self.name:<10} {self.rate:>7.1f} a second   p50 {every.percentile(50):>6.1f} ms"
            f"   p95 {every.percentile(95):>6.1f} ms   p99 {every.percentile(99):>6.1f} ms"
            f"   CPU {1000 * self.cpu / self.times:>6.2f} ms   {self.statements / self.times:>5.1f} statements"
            f"   {requests:.0f} requests"
        )


def reference_of(side: Side) -> Callable[[Browser], None]:
    """The bare order, among as many pages as this side asks for in a unit."""
    return partial(units.reference_order, requests=side.rounds[-1].requests // len(side.rounds[-1].seconds))


class Bench:
    """Both servers and their database, and a psql of our own for counting statements."""

    def __init__(self, app: Server, reference: Server, database: str, sessions: list[str]) -> None:
        self.app, self.reference, self.sessions = app, reference, sessions
        self.connection = psycopg2.connect(database)
        self.connection.autocommit = True
        self.execute("CREATE EXTENSION IF NOT EXISTS pg_stat_statements")

    def execute(self, sql: str) -> int:
        with self.connection.cursor() as cursor:
            cursor.execute(sql)
            return int(cursor.fetchone()[0]) if cursor.description else 0

    def measure(self, side: Side, server: Server, browsers: list[Browser], unit: Callable[[Browser], object], times: int) -> None:
        self.execute("SELECT 1 FROM pg_stat_statements_reset()")
        before = server.cpu()
        side.rounds.append(run(browsers, unit, times))
        side.cpu += server.cpu() - before
        side.statements += self.execute(STATEMENTS)

    def signed_out(self, server: Server) -> list[Browser]:
        return [Browser(server.port) for _ in range(CONNECTIONS)]

    def pages(self, times: int) -> tuple[Side, Side]:
        ours, theirs = Side("catalogue"), Side("reference")
        browsers, others = self.signed_out(self.app), self.signed_out(self.reference)
        run(browsers, units.catalogue, 40)
        run(others, units.reference_page, 40)
        for _ in range(ROUNDS):
            self.measure(ours, self.app, browsers, units.catalogue, times)
            self.measure(theirs, self.reference, others, units.reference_page, times)
        return ours, theirs

    def orders(self, times: int) -> tuple[Side, Side]:
        """Baskets are filled before each round; each order has a person of its own, so that none is anyone's second."""
        ours, theirs = Side("order"), Side("reference")
        others = self.signed_out(self.reference)
        run(others, units.reference_order, 20)
        people = iter(range(len(self.sessions)))
        self.order_round(Side("warm-up"), people, 20)
        for _ in range(ROUNDS):
            self.order_round(ours, people, times)
            self.measure(theirs, self.reference, others, reference_of(ours), times)
        return ours, theirs

    def order_round(self, side: Side, people: Iterator[int], times: int) -> None:
        ready: list[Browser] = []
        for _ in range(times):
            browser = Browser(self.app.port)
            browser.cookies["__Host-session"] = self.sessions[next(people)]
            units.fill_basket(browser)
            browser.leave()
            ready.append(browser)
        waiting = iter(ready)
        counters = self.signed_out(self.app)

        def order(counter: Browser) -> None:
            browser = next(waiting)
            before = browser.requests
            units.order(browser)
            counter.requests += browser.requests - before

        self.measure(side, self.app, counters, order, times)

    def bookings(self, times: int) -> tuple[Side, Side]:
        """Each by a person of its own, as with orders: one person may choose 40 times an hour."""
        ours, theirs = Side("booking"), Side("reference")
        browsers, others = self.signed_out(self.app), self.signed_out(self.reference)
        slots = units.slots(self.signed_out(self.app)[0], times * ROUNDS + 12)
        times = min(times, (len(slots) - 12) // ROUNDS)
        waiting = zip(slots, self.sessions, strict=False)

        def book(browser: Browser) -> None:
            slot, session = next(waiting)
            browser.cookies = {"__Host-session": session}
            units.booking(browser, slot)

        run(browsers, book, 12)
        for _ in range(ROUNDS):
            self.measure(ours, self.app, browsers, book, times)
            self.measure(theirs, self.reference, others, reference_of(ours), times)
        return ours, theirs


def prepare_database(env: dict[str, str]) -> None:
    """Tables, sample data and static files of the application."""
    development = env | {"CTAC_ENV": "development"}
    for words in (["migrate", "--verbosity=0"], ["load_sample_data", "--verbosity=0"]):
        subprocess.run([sys.executable, "manage.py", *words], cwd=BASE_DIR, env=development, check=True)
    subprocess.run(
        [sys.executable, "manage.py", "collectstatic", "--no-input", "--verbosity=0"], cwd=BASE_DIR, env=env, check=True
    )


def sessions_of(env: dict[str, str], emails: list[str]) -> list[str]:
    command = [sys.executable, "-m", "bench.sessions", *emails]
    made = subprocess.run(command, cwd=BASE_DIR, env=env, check=True, capture_output=True, text=True)
    return list(json.loads(made.stdout.splitlines()[-1]))


def prepare_reference(env: dict[str, str]) -> dict[str, str]:
    reference = {**env, "DJANGO_SETTINGS_MODULE": "bench.reference.settings"}
    code = (
        "import django; django.setup()\nfrom bench.reference.models import Title\n"
        "from django.db import connection\nwith connection.schema_editor() as editor:\n"
        "    for model in django.apps.apps.get_app_config('reference').get_models(): editor.create_model(model)\n"
        "Title.objects.bulk_create(Title(name=f'A title {n}') for n in range(4))"
    )
    subprocess.run([sys.executable, "-c", code], cwd=BASE_DIR, env=reference, check=True)
    return reference


def report(name: str, target: float, ours: Side, theirs: Side) -> bool:
    ratio = ours.rate / theirs.rate
    cpu = (theirs.cpu / theirs.times) / (ours.cpu / ours.times)
    print(f"\n{name}: {ours.times} on either side, in {len(ours.rounds)} alternating rounds over {CONNECTIONS} connections")
    print(ours.line())
    print(theirs.line())
    print(f"  ratio of rates {ratio:.2f} (to reach: {target}), of CPU {cpu:.2f}")
    return ratio >= target


def main() -> int:
    scale = float(sys.argv[1]) if len(sys.argv) > 1 else 1.0
    with tempfile.TemporaryDirectory(prefix="bench") as folder, ExitStack() as stack:
        var_dir = Path(folder)
        database = start_database(var_dir)
        stack.callback(postgres.stop, var_dir)
        print("\n".join(machine.facts(database)), flush=True)
        env = environment(var_dir, database)
        orders = int(100 * scale)
        prepare_database(env)
        sessions = sessions_of(env, [f"bench{number}@leeds.nhs.uk" for number in range(orders * ROUNDS + 30)])
        reference_env = prepare_reference(env)
        python = production_python(var_dir / "venv")
        reference = Server("bench.reference.wsgi:application", reference_env, var_dir / "reference.log", python=python)
        app = Server("ctac.wsgi:application", env, var_dir / "app.log", python=python)
        reference, app = stack.enter_context(reference), stack.enter_context(app)
        bench = Bench(app, reference, database, sessions)
        reached = [
            report("The catalogue page beside a page with one SELECT", 0.5, *bench.pages(int(1000 * scale))),
            report("A signed-in order, from the basket to the confirmation", 0.3, *bench.orders(orders)),
            report("A signed-in booking, from the first question to the confirmation", 0.3, *bench.bookings(orders)),
        ]
        held, bare = app.memory(), reference.memory()
        print(f"\nmemory of a worker afterwards: {held:.0f} MB resident (at most {MOST_MEMORY}); reference {bare:.0f} MB")
        print(f"  its part, where pages are shared: {app.own_memory():.0f} MB; reference {reference.own_memory():.0f} MB")
        return 0 if all(reached) and held <= MOST_MEMORY else 1


if __name__ == "__main__":
    sys.exit(main())
