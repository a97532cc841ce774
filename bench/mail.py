"""`make bench-mail`: how fast mail leaves, and whether a backlog slows a booking.

A real worker as production starts it, Redis, PostgreSQL and a mail server that says yes to everything, on one machine. The
messages are real ones of the sample's orders and bookings, each to an address of its own.
"""

import random
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import psycopg2

from bench import machine, units
from bench.client import Browser, run
from bench.compare import prepare_database, sessions_of
from bench.servers import BASE_DIR, Server, cpu_of, environment, start_database
from ctac.local import postgres, processes

RATE_TO_REACH = 80  # messages a second
P95_TO_REACH = 0.3  # seconds
ONE_MORE = "INSERT INTO notifications_notification ({columns}) SELECT {values} FROM generate_series(1, %(count)s) n"
VALUES = {
    "kind": "CASE WHEN n %% 2 = 0 THEN 'order-received' ELSE 'booking-confirmed' END",
    "about": """CASE WHEN n %% 2 = 0
        THEN 'order:' || (SELECT id FROM leaflets_order WHERE state <> 'cancelled' ORDER BY id LIMIT 1)
        ELSE 'booking:' || (SELECT id FROM bookings_booking WHERE state = 'confirmed' ORDER BY id LIMIT 1) END""",
    "version": """CASE WHEN n %% 2 = 0 THEN 1
        ELSE (SELECT sequence FROM bookings_booking WHERE state = 'confirmed' ORDER BY id LIMIT 1) END""",
    "recipient": "%(name)s || n || '@trust' || n %% 500 || '.example.nhs.uk'",
    "message_id": "'<' || %(name)s || '.' || n || '@ctac.example>'",
    "state": "'pending'",
    "created_at": "now()",
    "due_at": "now() + %(later)s * interval '1 second'",
    "is_account_mail": "false",
    "attempts": "0",
    **dict.fromkeys(("reference", "last_error", "subject", "text_body", "html_body"), "''"),
}
SWEEP_NOW = "from notifications import outbox; outbox.ask_for_sweep()"
WRITE_ONE = """
import sys, time
from django.db import connection, transaction
from django.utils import timezone
from notifications.models import Notification
from notifications.outbox import notify
for line in sys.stdin:
    to, about = line.split()
    with transaction.atomic():
        notify(kind="order-received", about=about, to=[to], now=timezone.now())
    committed = time.time()
    print(committed, Notification.objects.get(recipient=to).message_id, flush=True)
"""


class Bench:
    def __init__(self, var_dir: Path, database: str, env: dict[str, str]) -> None:
        self.var_dir, self.env = var_dir, env
        self.connection = psycopg2.connect(database)
        self.connection.autocommit = True
        self.notes = var_dir / "yes.txt"
        self.sink: subprocess.Popen[Any]

    def sql(self, sql: str, **values: object) -> list[tuple[Any, ...]]:
        with self.connection.cursor() as cursor:
            cursor.execute(sql, values)
            return cursor.fetchall() if cursor.description else []

    def backlog(self, name: str, count: int, later: int = 0) -> None:
        columns = ", ".join(VALUES)
        self.sql(ONE_MORE.format(columns=columns, values=", ".join(VALUES.values())), name=name, count=count, later=later)
        self.sql("ANALYZE notifications_notification")

    def yes(self) -> dict[str, float]:
        """Message-ID and when the server said yes to it."""
        lines = self.notes.read_text().splitlines() if self.notes.exists() else []
        return {line.split()[1]: float(line.split()[0]) for line in lines if line.count(" ") == 1}

    def python(self, *words: str, **more: Any) -> subprocess.Popen[Any]:
        return subprocess.Popen(
            [sys.executable, *words], cwd=BASE_DIR, env=self.env, preexec_fn=processes.end_with_parent(signal.SIGTERM), **more
        )


def start_sink(bench: Bench, listening: socket.socket) -> subprocess.Popen[Any]:
    return bench.python("-m", "bench.sink", str(listening.fileno()), str(bench.notes), pass_fds=[listening.fileno()])


def start_worker(bench: Bench) -> subprocess.Popen[Any]:
    words = ["-m", "celery", "--app", "ctac", "--quiet", "worker", "--without-gossip", "--without-mingle"]
    words += ["--max-tasks-per-child", "2000"]  # as deploy/systemd/ctac-worker.service has it
    worker = bench.python(*words, stdout=(bench.var_dir / "worker.log").open("ab"), stderr=subprocess.STDOUT)
    bench.backlog("first", 1)
    ask_for_sweep(bench).wait()
    if not processes.wait_until(bench.yes, 60):
        raise RuntimeError((bench.var_dir / "worker.log").read_text()[-2000:])
    return worker


def redis_server(folder: Path) -> tuple[subprocess.Popen[bytes], str]:
    """Started, with its address. Over the embedded broker a worker would have threads, as it never has in production."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    words = ["redis-server", "--port", str(port), "--bind", "127.0.0.1", "--dir", str(folder), "--save", "", "--appendonly", "no"]
    server = subprocess.Popen(words, stdout=subprocess.DEVNULL, preexec_fn=processes.end_with_parent(signal.SIGTERM))
    return server, f"redis://127.0.0.1:{port}/0"


def ask_for_sweep(bench: Bench) -> subprocess.Popen[Any]:
    return bench.python("manage.py", "shell", "--verbosity", "0", "--command", SWEEP_NOW)


def rate(bench: Bench, worker: subprocess.Popen[Any], count: int) -> bool:
    """From the first yes to the last, of a backlog that one sweep begins."""
    bench.backlog("rate", count)
    children, before = len(children_of(worker.pid)), cpu_beside(bench, worker)
    sweeping = ask_for_sweep(bench)
    wanted = [f"<rate.{number}@ctac.example>" for number in range(1, count + 1)]
    swept = time.monotonic()
    end = swept + 60 + count / 5
    while len(found := [moment for name, moment in bench.yes().items() if name.startswith("<rate.")]) < len(wanted):
        if time.monotonic() > end:
            raise RuntimeError(f"only {len(found)} of {count} came: {(bench.var_dir / 'worker.log').read_text()[-2000:]}")
        time.sleep(0.2)
        if time.monotonic() - swept > 20:  # as beat does
            sweeping.wait()
            sweeping, swept = ask_for_sweep(bench), time.monotonic()
    cpu = {name: seconds - before[name] for name, seconds in cpu_beside(bench, worker).items()}
    seconds = max(found) - min(found)
    reached = (count - 1) / seconds
    doubled = len(bench.notes.read_text().splitlines()) - len(bench.yes())
    print(f"\n{count:,} messages, half of orders and half of bookings with their calendar, by one worker of {children} processes")
    print(f"  {reached:.0f} a second (to reach: {RATE_TO_REACH}); {doubled} came twice; "
          f"{1000 * cpu['its processes'] / count:.1f} ms of a processor for each in the worker's processes")  # fmt: skip
    print("  " + ", ".join(f"{1000 * cpu[name] / count:.1f} in {name}" for name in list(cpu)[1:]), flush=True)
    return reached >= RATE_TO_REACH


def cpu_beside(bench: Bench, worker: subprocess.Popen[Any]) -> dict[str, float]:
    """Seconds of a processor that each part has used so far."""
    database = postgres.postmaster_pid(bench.var_dir) or 0
    return {
        "its processes": sum(map(cpu_of, children_of(worker.pid))),
        "its main process": cpu_of(worker.pid),
        "PostgreSQL": cpu_of(database) + sum(map(cpu_of, children_of(database))),
        "the mail server": cpu_of(bench.sink.pid),
    }


def children_of(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def quiet(bench: Bench, count: int) -> bool:
    """One message at a time, at random moments: from its commit to the server's yes."""
    [(order,)] = bench.sql("SELECT id FROM leaflets_order WHERE state <> 'cancelled' ORDER BY id LIMIT 1")
    writer = bench.python(
        "manage.py", "shell", "--verbosity", "0", "--command", WRITE_ONE,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    committed: dict[str, float] = {}
    for number in range(count):
        writer.stdin.write(f"quiet{number}@nhs.net order:{order}\n")  # type: ignore[union-attr]
        writer.stdin.flush()  # type: ignore[union-attr]
        moment, message_id = writer.stdout.readline().split()  # type: ignore[union-attr]
        committed[message_id] = float(moment)
        time.sleep(random.uniform(0.1, 0.4))
    writer.stdin.close()  # type: ignore[union-attr]
    writer.wait(20)
    processes.wait_until(lambda: committed.keys() <= bench.yes().keys(), 20)
    yes = bench.yes()
    seconds = sorted(yes[name] - moment for name, moment in committed.items())
    p95 = statistics.quantiles(seconds, n=20)[-1]
    print(f"\n{count} messages one at a time, from commit to the server's yes")
    print(f"  p50 {1000 * statistics.median(seconds):.0f} ms   p95 {1000 * p95:.0f} ms (to reach: {1000 * P95_TO_REACH:.0f})"
          f"   slowest {1000 * seconds[-1]:.0f} ms", flush=True)  # fmt: skip
    return p95 < P95_TO_REACH


def bookings(bench: Bench, database_env: dict[str, str], times: int, backlog: int) -> None:
    """Whole bookings by HTTP without and with so many messages due, in turn; nobody sends them meanwhile."""
    sessions = iter(sessions_of(database_env, [f"mail{number}@leeds.nhs.uk" for number in range(4 * times + 10)]))
    with Server("ctac.wsgi:application", database_env, bench.var_dir / "app.log") as server:
        browser = Browser(server.port)
        slots = iter(units.slots(browser, 4 * times + 10))

        def book(one: Browser) -> None:
            one.cookies = {"__Host-session": next(sessions)}
            units.booking(one, next(slots))

        run([browser], book, 8)
        print(f"\nA booking, from the first question to the confirmation, {2 * times} on either side in 2 rounds, and a sweep")
        seconds: dict[str, list[float]] = {"few": [], "many": []}
        for _ in range(2):
            seconds["few"] += run([browser], book, times).seconds
            bench.backlog("due", backlog)
            seconds["many"] += run([browser], book, times).seconds
            sweep = sweep_plan(bench)
            bench.sql("DELETE FROM notifications_notification WHERE recipient LIKE 'due%%'")
            bench.sql("VACUUM ANALYZE notifications_notification")
        few, many = (1000 * statistics.median(seconds[name]) for name in ("few", "many"))
        print(f"  none due     p50 {few:.1f} ms\n  {backlog:,} due  p50 {many:.1f} ms   ratio {many / few:.2f}")
        print(f"  the sweep among {backlog:,}: {sweep}", flush=True)


def sweep_plan(bench: Bench) -> str:
    """What PostgreSQL takes to find the rows of one sweep, and by which index."""
    from django.db import transaction
    from django.utils import timezone

    from notifications.delivery.services import (
        MAX_ROWS_PER_SWEEP,
        due_and_unqueued,  # after django.setup()
    )

    with transaction.atomic():
        rows = due_and_unqueued(timezone.now()).select_for_update(skip_locked=True, no_key=True)[:MAX_ROWS_PER_SWEEP]
        plan = rows.explain(analyze=True, costs=False).splitlines()
    index = "notification_unsent_by_due" if any("notification_unsent_by_due" in line for line in plan) else "no index!"
    return f"{plan[-1].strip()}, by {index}"


def main() -> int:
    if not shutil.which("redis-server"):
        print("bench-mail needs redis-server: apt-get install redis-server, or `make faults` as root")
        return 1
    scale = float(sys.argv[1]) if len(sys.argv) > 1 else 1.0
    with tempfile.TemporaryDirectory(prefix="bench") as folder, ExitStack() as stack:
        var_dir = Path(folder)
        database = start_database(var_dir)
        stack.callback(postgres.stop, var_dir)
        print("\n".join(machine.facts(database)), flush=True)
        listening = stack.enter_context(socket.create_server(("127.0.0.1", 0), backlog=64))
        redis, broker = redis_server(var_dir)
        stack.callback(end, redis)
        mine = {"EMAIL_URL": f"smtp://127.0.0.1:{listening.getsockname()[1]}", "CELERY_BROKER_URL": broker}
        env = environment(var_dir, database) | mine
        prepare_database(env)
        bench = Bench(var_dir, database, env)
        bench.sql("DELETE FROM notifications_notification")
        bench.sink = start_sink(bench, listening)
        stack.callback(end, bench.sink)
        worker = start_worker(bench)
        stack.callback(end, worker)
        reached = [quiet(bench, int(100 * scale)), rate(bench, worker, int(4000 * scale))]
        end(worker)
        prepare_django(env)
        bookings(bench, env, int(40 * scale), int(100_000 * scale))
        return 0 if all(reached) else 1


def prepare_django(env: dict[str, str]) -> None:
    import os

    import django

    os.environ.update(env | {"DJANGO_SETTINGS_MODULE": "ctac.settings"})
    django.setup()


def end(process: subprocess.Popen[Any]) -> None:
    if process.poll() is None:
        process.terminate()
        process.wait(30)


if __name__ == "__main__":
    sys.exit(main())
