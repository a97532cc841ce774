"""`make bench-import`: 20,000 old bookings from a list, checked, brought in and undone by one worker, beside years of other data.

Each step is a process of its own, with all that a Celery worker loads. Read its seconds, the megabytes that it had resident at
the most, and whether every table has as many rows after the undo as before. `python -m bench.imports 5000` takes other rows.
"""

import csv
import io
import os
import random
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import date, timedelta
from pathlib import Path

import django

from bench import machine, make_data
from bench.compare import prepare_database
from bench.servers import BASE_DIR, environment, start_database
from ctac.local import postgres

ROWS = 20_000
MOST_SECONDS, MOST_MEGABYTES = 120, 200
WORK = "--work"
HEADINGS = ("Date", "Time", "Presentation", "Visit or online", "Name", "Email", "Phone", "Profession", "Organisation", "Postcode")
MORE_HEADINGS = ("Audience", "People expected", "People who came", "Presenter", "State")
TITLES = ("Spotting the signs of child trafficking", "after-a-concern")
POSTCODES = ("LS1 4AP", "BD1 1HX", "CF10 3NQ", "G2 1DU", "BT1 5GS", "SE1 7PB", "YO1 7HH", "M1 1AE", "B1 1BB", "EX1 1HS")
PROFESSIONS = ("Health visitor", "Social worker", "Midwife", "Teacher", "GP", "")
HOSTS, PAST_DAYS, KEPT_DAYS = 3, 3000, 600  # bookings of each host; how far back; so far back lie four fifths


def old_list(rows: int, today: date) -> bytes:
    """Always the same: a fifth of it past retention, every fourth host without an email address."""
    draw, written = random.Random(25), io.StringIO()
    writer = csv.writer(written)
    writer.writerow((*HEADINGS, *MORE_HEADINGS))
    for number in range(rows):
        host = number // HOSTS
        ago = draw.randint(KEPT_DAYS + 200, PAST_DAYS) if number % 5 == 0 else 1 + (number * 7) % KEPT_DAYS
        day, is_online, came = today - timedelta(days=ago), number % 4 == 3, draw.randint(5, 60)
        writer.writerow(
            (
                *(f"{day:%d/%m/%Y}", ("", "10am", "1:30pm")[number % 3], TITLES[number % 2], "Online" if is_online else "Visit"),
                *(f"Host {words(host)}", f"host{host}@trust{host % 50}.example" if host % 4 else "", f"0113 {4_000_000 + host}"),
                *(PROFESSIONS[host % 6], f"Trust {host % 400}", POSTCODES[host % 10]),
                *(
                    "",
                    came + 2,
                    came,
                    ("Asha Patel", "Tom Adeyemi", "")[number % 3],
                    "Cancelled" if number % 50 == 49 else "Delivered",
                ),
            )
        )
    return written.getvalue().encode()


def words(number: int) -> str:
    """A name without figures, each number another one."""
    return "".join("abcdefghij"[int(figure)] for figure in str(number)).title()


def tables() -> dict[str, int]:
    """How many rows each table has; not what an import keeps of itself, nor the audit."""
    from django.apps import apps

    own = {"professionals.import", "professionals.importmapping"}
    models = [model for model in apps.get_models() if model._meta.label_lower not in own and model._meta.app_label != "audit"]
    return {model._meta.label: model._base_manager.count() for model in models}


def work(key: int) -> None:
    """What the worker does, and what it took."""
    from ctac.celery import app
    from professionals.imports.services import process_import

    app.loader.import_default_modules()
    began, used = time.perf_counter(), time.process_time()
    process_import(key)
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(time.perf_counter() - began, time.process_time() - used, most)


def worked(what: str, key: int) -> tuple[float, float]:
    words = [sys.executable, "-m", "bench.imports", WORK, str(key)]
    said = subprocess.run(words, cwd=BASE_DIR, check=True, stdout=subprocess.PIPE, text=True).stdout
    seconds, used, megabytes = map(float, said.split()[-3:])
    print(f"  {what:<12} {seconds:>6.1f} s, {used:>5.1f} s of a processor   {megabytes:>4.0f} MB at the most", flush=True)
    return seconds, megabytes


def steps(rows: int) -> Iterator[tuple[float, float]]:
    """Checked, brought in, undone."""
    from django.utils import timezone

    from accounts.models import User
    from professionals.imports.services import choose_columns, create_import, run_import, suggest_mapping, undo_import
    from professionals.models import DuplicateChoice, Import, ImportState

    staff, now = User.objects.filter(is_staff=True)[0], timezone.now()
    import_job = create_import(kind="bookings", content=old_list(rows, now.date()), by=staff, now=now)
    choose_columns(import_job, mapping=suggest_mapping(import_job), by=staff, now=now)
    yield worked("checked", import_job.pk)
    Import.objects.filter(pk=import_job.pk).update(choice=DuplicateChoice.MAKE)
    run_import(import_job, by=staff, now=timezone.now())
    yield worked("brought in", import_job.pk)
    states = list(import_job.rows.values_list("state", flat=True))
    print("  rows        ", ", ".join(f"{states.count(state):,} {state}" for state in sorted(set(states))))
    undo_import(import_job, by=staff, now=timezone.now())
    yield worked("undone", import_job.pk)
    if Import.objects.get(pk=import_job.pk).state != ImportState.UNDONE:
        raise AssertionError("The import is not undone.")


def main() -> int:
    rows = int(sys.argv[1]) if len(sys.argv) > 1 else ROWS
    with tempfile.TemporaryDirectory(prefix="imports") as folder, ExitStack() as stack:
        var_dir = Path(folder)
        database = start_database(var_dir)
        stack.callback(postgres.stop, var_dir)
        env = environment(var_dir, database)
        prepare_database(env)
        os.environ.update(env, DJANGO_SETTINGS_MODULE="ctac.settings")
        django.setup()
        make_data.make(database, people=50_000, bookings=20_000, orders=20_000)
        from django.core.management import call_command
        from django.db import connection

        stack.callback(connection.close)
        print("\n".join(machine.facts(database)), f"{rows:,} old bookings", sep="\n", flush=True)
        before = tables()
        (check_seconds, check_most), (run_seconds, run_most), (_undo_seconds, undo_most) = steps(rows)
        after = tables()
        call_command("reconcile_stock")
    most = max(check_most, run_most, undo_most)
    bounds = f"to reach: {MOST_SECONDS} s and {MOST_MEGABYTES} MB for {ROWS:,} rows"
    print(f"  in all {check_seconds + run_seconds:.1f} s to check and bring in, {most:.0f} MB ({bounds})")
    differences = {table: (before[table], after[table]) for table in before if before[table] != after[table]}
    print(f"  tables that differ after the undo: {differences or 'none'}")
    held = check_seconds + run_seconds <= MOST_SECONDS * max(1, rows / ROWS) and most <= MOST_MEGABYTES
    return 0 if held and not differences else 1


if __name__ == "__main__":
    if sys.argv[1:2] == [WORK]:
        django.setup()
        work(int(sys.argv[2]))
    else:
        sys.exit(main())
