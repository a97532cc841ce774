"""`python -m bench.volume 0.1`: what one booking and one order cost the machine, and what their rows weigh (docs/scaling.md).

Lays in that share of the large database of `make scale`, then says of it, in this order: the bytes of a row of each table that
counts, with its indexes; processor time, statements, write-ahead log and messages of a catalogue page, an order and a booking;
what each of beat's tasks asks of PostgreSQL; how many orders a second one edition takes, whose row each of them locks. Processor
time means the same on a busy machine, but for what others take from its caches; rates do not.
"""

import multiprocessing
import os
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from itertools import pairwise
from pathlib import Path
from typing import Any

import django
import psycopg2

from bench import machine, units
from bench.client import Browser
from bench.compare import STATEMENTS, prepare_database, sessions_of
from bench.mail import children_of
from bench.make_data import make
from bench.scale import LARGE, write_much
from bench.servers import Server, cpu_of, environment, start_database
from ctac.local import postgres

TIMES, PAGES = 60, 300
SECONDS, CLIENTS = 10, 4  # of orders for one edition
SIZES = """
    SELECT coalesce(p.parent, c.relname), sum(c.reltuples)::bigint, sum(pg_table_size(c.oid)), sum(pg_indexes_size(c.oid))
    FROM pg_class c
    LEFT JOIN (SELECT inhrelid, inhparent::regclass::text AS parent FROM pg_inherits) p ON p.inhrelid = c.oid
    WHERE c.relkind = 'r' AND c.relnamespace = 'public'::regnamespace AND c.reltuples > 0
    GROUP BY 1 ORDER BY sum(pg_total_relation_size(c.oid)) DESC LIMIT 16
"""
SPENT = "SELECT coalesce(sum(total_exec_time), 0), coalesce(sum(shared_blks_hit + shared_blks_read), 0) FROM pg_stat_statements"
SLOWEST = "SELECT coalesce(max(max_exec_time), 0) FROM pg_stat_statements"


class Bench:
    def __init__(self, var_dir: Path, database: str, env: dict[str, str]) -> None:
        self.var_dir, self.env = var_dir, env
        self.connection = psycopg2.connect(database)
        self.connection.autocommit = True
        self.sql("CREATE EXTENSION IF NOT EXISTS pg_stat_statements")

    def sql(self, sql: str, *values: object) -> list[tuple[Any, ...]]:
        with self.connection.cursor() as cursor:
            cursor.execute(sql, values)
            return cursor.fetchall() if cursor.description else []

    def one(self, sql: str, *values: object) -> float:
        return float(self.sql(sql, *values)[0][0])

    def database_cpu(self) -> float:
        """Seconds, of all processes of PostgreSQL that live; the application keeps its connections."""
        main = postgres.postmaster_pid(self.var_dir) or 0
        return cpu_of(main) + sum(map(cpu_of, children_of(main)))

    def log_position(self) -> float:
        return self.one("SELECT pg_current_wal_lsn() - '0/0'::pg_lsn")


def sizes(bench: Bench) -> None:
    print("\nBytes of a row and of its indexes")
    for table, rows, own, indexes in bench.sql(SIZES):
        print(f"  {table:<28} {rows:>9,} rows   {own / rows:>6.0f} + {indexes / rows:>5.0f} bytes")
    print(f"  the whole database {bench.one('SELECT pg_database_size(current_database())') / 1e6:,.0f} MB", flush=True)


def unit_costs(bench: Bench) -> None:
    print(f"\nOne catalogue page, order and booking (means of {PAGES}, {TIMES} and {TIMES}), by people who are signed in")
    bench.sql("UPDATE leaflets_leaflet SET most_per_workplace = 1000000, most_per_person = 1000000")
    emails = [f"volume{time.time():.0f}x{number}@leeds.nhs.uk" for number in range(2 * TIMES + 8)]
    sessions = iter(sessions_of(bench.env, emails))
    with Server("ctac.wsgi:application", bench.env, bench.var_dir / "app.log") as server:

        def somebody() -> Browser:
            browser = Browser(server.port)
            browser.cookies = {"__Host-session": next(sessions)}
            return browser

        reader, slots = somebody(), iter(units.slots(somebody(), TIMES + 8))
        acts: dict[str, tuple[Callable[[], object], int]] = {
            "catalogue": (lambda: units.catalogue(reader), PAGES),
            "order": (lambda: units.order(somebody()), TIMES),
            "booking": (lambda: units.booking(somebody(), next(slots)), TIMES),
        }
        for name, (act, times) in acts.items():
            for _ in range(2):
                act()
            print(f"  {name:<10} {unit_cost(bench, server, act, times)}", flush=True)


def unit_cost(bench: Bench, server: Server, act: Callable[[], object], times: int) -> str:
    """The first half begins with a checkpoint, after which PostgreSQL logs each page whole that it touches for the first time."""
    messages = "SELECT count(*) FROM notifications_notification"
    bench.sql("CHECKPOINT")
    bench.sql("SELECT pg_stat_statements_reset()")
    before, web, database = bench.one(messages), server.cpu(), bench.database_cpu()
    log = [bench.log_position()]
    for number in range(1, times + 1):
        act()
        if number in {times // 2, times}:
            log.append(bench.log_position())
    web, database = server.cpu() - web, bench.database_cpu() - database
    first, second = ((after - begun) / (times // 2) / 1000 for begun, after in pairwise(log))
    return (
        f"CPU web {1000 * web / times:>6.1f} ms, PostgreSQL {1000 * database / times:>5.1f} ms"
        f"   {bench.one(STATEMENTS) / times:>5.1f} statements   log {first:>6.1f} kB after a checkpoint, {second:>5.1f} kB later"
        f"   {(bench.one(messages) - before) / times:.0f} messages"
    )


def periodic_tasks(bench: Bench) -> None:
    """Those of beat, each once, in this process."""
    from ctac.celery import app

    print("\nBeat's tasks that take PostgreSQL 5 ms or more, each run once, after a first time that works off what was laid in")
    app.loader.import_default_modules()
    for name in sorted({entry["task"] for entry in app.conf.beat_schedule.values()}):
        app.tasks[name].run()
        bench.sql("SELECT pg_stat_statements_reset()")
        app.tasks[name].run()
        (took, blocks), slowest = bench.sql(SPENT)[0], bench.one(SLOWEST)
        if took >= 5:
            print(f"  {name:<40} {took:>7.1f} ms   {blocks:>9,.0f} blocks   slowest statement {slowest:>6.1f} ms", flush=True)


def one_edition(bench: Bench) -> None:
    """Orders by the service, without pages: for one edition, then each client for an edition of its own."""
    print(f"\nOrders a second by {CLIENTS} clients without pages, for {SECONDS} seconds")
    for name, spread in (("one edition", False), ("four editions", True)):
        spawn = multiprocessing.get_context("spawn")  # no client shares a connection
        results: Any = spawn.Queue()
        begin = spawn.Event()
        clients = [spawn.Process(target=place_orders, args=(n, spread, begin, results)) for n in range(CLIENTS)]
        for client in clients:
            client.start()
        ready = [results.get(timeout=120) for _ in clients]
        begin.set()
        counts = [results.get(timeout=120) for _ in ready]
        for client in clients:
            client.join()
        placed, cpu = sum(each for each, _ in counts), sum(seconds for _, seconds in counts)
        print(
            f"  {name:<14} {placed / SECONDS:>6.1f} a second; CPU of a client {1000 * cpu / placed:.1f} ms for each", flush=True
        )


def place_orders(client: int, spread: bool, begin: Any, results: Any) -> None:
    """In a process of its own, each order by somebody else."""
    django.setup()
    from django.utils import timezone

    from leaflets.models import Leaflet, Order, OrderChannel
    from leaflets.orders.services.create import place_order
    from professionals.models import Person

    people = Person.objects.filter(email__startswith="person", erased_at=None).order_by("pk").select_related("organisation")
    mine = iter(list(people[client * 1000 : client * 1000 + 1000]))
    titles = Leaflet.objects.filter(editions__on_hand__gt=10_000).distinct().order_by("pk")
    title = titles[client % CLIENTS if spread else 0]
    where = {"address_line_1": "1 Park Row", "town": "Leeds", "postcode": "LS1 4AP", "channel": OrderChannel.WEB}
    results.put(True)
    begin.wait()
    end, cpu, placed = time.monotonic() + SECONDS, time.process_time(), 0
    while time.monotonic() < end:
        person = next(mine)
        place_order(order=Order(person=person, name=person.name, **where), basket={title: 1}, by=None, now=timezone.now())
        placed += 1
    results.put((placed, time.process_time() - cpu))


def main() -> int:
    share = float(sys.argv[1]) if len(sys.argv) > 1 else 0.1
    with tempfile.TemporaryDirectory(prefix="volume") as folder, ExitStack() as stack:
        var_dir = Path(folder)
        database = start_database(var_dir)
        stack.callback(postgres.stop, var_dir)
        print("\n".join(machine.facts(database)), flush=True)
        env = environment(var_dir, database) | {"LOG_LEVEL": "ERROR"}
        os.environ.update(env, DJANGO_SETTINGS_MODULE="ctac.settings")
        django.setup()
        write_much(database)
        prepare_database(env)
        make(database, **{what: int(many * share) for what, many in LARGE.items()})
        look(Bench(var_dir, database, env))
    return 0


def look(bench: Bench) -> None:
    sizes(bench)
    unit_costs(bench)
    periodic_tasks(bench)
    one_edition(bench)


if __name__ == "__main__":
    sys.exit(main())
