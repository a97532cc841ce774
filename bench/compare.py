"""`make bench`: the application beside a bare reference, and beside an earlier commit of itself, in alternating rounds.

`python -m bench.compare --against REV` adds the earlier commit: a checkout of its own, with its own environment, its own database
in the same PostgreSQL, and its own way through the pages. Each comparison names its unit of work and how many requests it takes
on each side. All sides do the unit equally often in each round; the ratio is of the rates over all rounds, so what slows the
machine slows all.
"""

import argparse
import importlib.util
import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import psycopg2

from bench import machine, units
from bench.client import Browser, Round, run
from bench.servers import BASE_DIR, Server, environment, production_python, start_database
from ctac.local import postgres

CONNECTIONS = 4
ROUNDS = 3
MOST_MEMORY = 120  # MB of a worker
# What a whole order and a whole booking may take.
MOST_STATEMENTS = {"order": 45, "booking": 60}
# What the application asks: not what begins or ends a transaction, not whether a kept connection still lives (Django asks that),
# not what PostgreSQL asks itself for each foreign key.
NOT_COUNTED = "^(begin|commit|rollback|set|show|savepoint|release)|^select \\$1$|^select 1 from only "
STATEMENTS = f"SELECT coalesce(sum(calls), 0) FROM pg_stat_statements WHERE query !~* '{NOT_COUNTED}'"  # noqa: S608


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


@dataclass
class Site:
    """A commit of the application: its server, the sessions of people who are signed in there, and its way through the pages."""

    name: str
    server: Server
    sessions: list[str]
    units: Any

    def whole_order(self, browser: Browser) -> None:
        """From the catalogue to the confirmation."""
        if hasattr(self.units, "fill_basket"):  # as it was until November 2026: title by title, then the basket
            self.units.fill_basket(browser)
        self.units.order(browser)


class Bench:
    """All servers and their database, and a psql of our own for counting statements."""

    def __init__(self, sites: list[Site], reference: Server, database: str) -> None:
        self.sites, self.reference = sites, reference
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

    def browsers(self, server: Server) -> list[Browser]:
        return [Browser(server.port) for _ in range(CONNECTIONS)]

    def rounds(self, name: str, work: dict[str, Callable[[Browser], object]], times: int) -> list[Side]:
        """Each site's unit of work in turn, then the bare one, among as many pages as the first site asks for."""
        sides = [Side(name if site.name == "now" else site.name) for site in self.sites]
        bare, others = Side("reference"), self.browsers(self.reference)
        browsers = [self.browsers(site.server) for site in self.sites]
        for site, connections in zip(self.sites, browsers, strict=True):
            run(connections, work[site.name], 12)
        for _ in range(ROUNDS):
            for side, site, connections in zip(sides, self.sites, browsers, strict=True):
                self.measure(side, site.server, connections, work[site.name], times)
            requests = sides[0].rounds[-1].requests // times
            unit = units.reference_page if requests == 1 else partial(units.reference_order, requests=requests)
            self.measure(bare, self.reference, others, unit, times)
        return [*sides, bare]

    def pages(self, times: int) -> list[Side]:
        return self.rounds("catalogue", {site.name: site.units.catalogue for site in self.sites}, times)

    def orders(self, times: int) -> list[Side]:
        """Each order has a person of its own, so that none is anyone's second."""
        return self.rounds("order", {site.name: by_person(site, site.whole_order) for site in self.sites}, times)

    def bookings(self, times: int) -> list[Side]:
        """Each by a person of its own, as with orders: one person may choose 40 times an hour. Slots that all sides offer."""
        found = [site.units.slots(self.browsers(site.server)[0], times * ROUNDS + 12) for site in self.sites]
        times = min(times, (min(map(len, found)) - 12) // ROUNDS)
        work = {}
        for site, slots in zip(self.sites, found, strict=True):
            work[site.name] = by_person(site, partial(book_next, site, iter(slots)))
        return self.rounds("booking", work, times)


def by_person(site: Site, unit: Callable[[Browser], object]) -> Callable[[Browser], None]:
    waiting = iter(site.sessions)

    def work(browser: Browser) -> None:
        browser.cookies = {"__Host-session": next(waiting)}
        unit(browser)

    return work


def book_next(site: Site, slots: Iterator[str], browser: Browser) -> None:
    site.units.booking(browser, next(slots))


# A measurement orders more often than people do, at any hour.
AS_MEASURED = (
    "from datetime import time; from office.site_settings.services import change_settings; "
    "change_settings(order_limit_times=100, quiet_from=time(0), quiet_until=time(0))"
)


def prepare_database(env: dict[str, str], checkout: Path = BASE_DIR) -> None:
    """Tables, sample data and static files of the application."""
    development = env | {"CTAC_ENV": "development"}
    steps = [["migrate", "--verbosity=0"], ["load_sample_data", "--verbosity=0"]]
    if checkout == BASE_DIR:  # an earlier one may not have these settings
        steps.append(["shell", "--no-imports", "-c", AS_MEASURED])
    for words in steps:
        subprocess.run([sys.executable, "manage.py", *words], cwd=checkout, env=development, check=True)
    subprocess.run(
        [sys.executable, "manage.py", "collectstatic", "--no-input", "--verbosity=0"], cwd=checkout, env=env, check=True
    )


def sessions_of(env: dict[str, str], emails: list[str], checkout: Path = BASE_DIR) -> list[str]:
    command = [sys.executable, "-m", "bench.sessions", *emails]
    made = subprocess.run(command, cwd=checkout, env=env, check=True, capture_output=True, text=True)
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


def checkout_of(revision: str, folder: Path) -> Path:
    git = shutil.which("git") or "git"
    subprocess.run([git, "clone", "--quiet", "--no-checkout", str(BASE_DIR), str(folder)], check=True)
    subprocess.run([git, "checkout", "--quiet", "--detach", revision], cwd=folder, check=True)
    return folder


def units_in(checkout: Path) -> Any:
    """The way through the pages as that commit has it."""
    spec = importlib.util.spec_from_file_location("units_of_before", checkout / "bench" / "units.py")
    if spec is None or spec.loader is None:
        raise ImportError(checkout)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def start_site(name: str, checkout: Path, env: dict[str, str], emails: list[str], stack: ExitStack) -> Site:
    prepare_database(env, checkout)
    sessions = sessions_of(env, emails, checkout)
    folder = Path(env["CTAC_VAR"])
    python = production_python(folder / "venv", checkout)
    server = Server("ctac.wsgi:application", env, folder / "app.log", python=python, checkout=checkout)
    return Site(name, stack.enter_context(server), sessions, units if checkout == BASE_DIR else units_in(checkout))


def report(what: str, sides: list[Side], mark: float, against: str) -> bool:
    """Whether the first side's rate reaches `mark` times that of the side named `against`, and its statements their mark."""
    ours = sides[0]
    print(f"\n{what}: {ours.times} on each side, in {len(ours.rounds)} alternating rounds over {CONNECTIONS} connections")
    for side in sides:
        print(side.line())
    reached = True
    for side in sides[1:]:
        ratio = ours.rate / side.rate
        cpu = (side.cpu / side.times) / (ours.cpu / ours.times)
        counts = side.name == against
        reached &= not counts or ratio >= mark
        print(f"  beside {side.name}: ratio of rates {ratio:.2f}{f' (to reach: {mark})' if counts else ''}, of CPU {cpu:.2f}")
    most = MOST_STATEMENTS.get(ours.name)
    if most:
        print(f"  statements {ours.statements / ours.times:.1f} (at most {most})")
        reached &= ours.statements <= most * ours.times
    return reached


def main() -> int:
    parser = argparse.ArgumentParser(description="The application beside a bare reference, and beside an earlier commit.")
    parser.add_argument("scale", nargs="?", type=float, default=1.0, help="0.1: a tenth of the work")
    parser.add_argument("--against", metavar="REV", help="an earlier commit, measured in the same rounds")
    wanted = parser.parse_args()
    orders = int(100 * wanted.scale)
    emails = [f"bench{number}@leeds.nhs.uk" for number in range(orders * ROUNDS + 30)]
    with tempfile.TemporaryDirectory(prefix="bench") as name, ExitStack() as stack:
        folder = Path(name)
        database = start_database(folder)
        stack.callback(postgres.stop, folder)
        print("\n".join(machine.facts(database)), flush=True)
        env = environment(folder, database)
        sites = [start_site("now", BASE_DIR, env, emails, stack)]
        reference_env = prepare_reference(env)
        python = str(folder / "venv" / "bin" / "python")
        reference = stack.enter_context(
            Server("bench.reference.wsgi:application", reference_env, folder / "ref.log", python=python)
        )
        bench = Bench(sites, reference, database)
        if wanted.against:
            bench.execute("CREATE DATABASE before")
            (folder / "before").mkdir()
            earlier = environment(folder / "before", postgres.database_url(folder, "before"))
            sites.append(start_site("before", checkout_of(wanted.against, folder / "checkout"), earlier, emails, stack))
        reached = [
            report("The catalogue page beside a page with one SELECT", bench.pages(int(1000 * wanted.scale)), 0.22, "reference"),
            report("A signed-in order, from the catalogue to the confirmation", bench.orders(orders), 0.8, "before"),
            report("A signed-in booking, from the first question to the confirmation", bench.bookings(orders), 0.5, "before"),
        ]
        app = sites[0].server
        held, bare = app.memory(), reference.memory()
        print(f"\nresident memory of a worker afterwards: {held:.0f} MB (at most {MOST_MEMORY}); reference {bare:.0f} MB")
        print(f"  its part, where pages are shared: {app.own_memory():.0f} MB; reference {reference.own_memory():.0f} MB")
        return 0 if all(reached) and held <= MOST_MEMORY else 1


if __name__ == "__main__":
    sys.exit(main())
