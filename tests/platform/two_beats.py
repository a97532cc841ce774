"""`python -m tests.platform.two_beats lay-out|once|twice`: all that beat asks for, over a year and more of the sample data.

At each of MOMENTS it runs each task of the schedule, by itself or with another at the same time. Prints what each wrote, and
what then stands in the database. Its clock is set; the database's is not.
"""

import json
import os
import sys
from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from threading import Barrier, Thread
from typing import Any

import django
import time_machine

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "ctac.settings")
django.setup()

from django.db import connection, transaction  # noqa: E402
from django.utils import timezone  # noqa: E402

from ctac.celery import app, build_beat_schedule  # noqa: E402

DAYS = [*range(1, 30), 95, 366, 367]
HOURS = [9, 15]  # UTC: while staff are there
WRITES = ("INSERT", "UPDATE", "DELETE", "SELECT audit_")
# All of it would be sent by then. What a worker would have done is no matter here.
SEND = """
    UPDATE notifications_notification
    SET state = 'sent', sent_at = now(), sealed_body = NULL, lease_token = NULL, lease_until = NULL
    WHERE state IN ('pending', 'sending')
"""
# Rows of each table, and the sums and counts of what is no key, no moment and drawn by no lot.
COLUMNS = """
    SELECT c.table_name, c.column_name, c.data_type IN ('integer', 'smallint', 'numeric', 'bigint')
    FROM information_schema.columns c JOIN information_schema.tables t USING (table_schema, table_name)
    WHERE c.table_schema = 'public' AND t.table_type = 'BASE TABLE' AND c.table_name <> 'django_migrations'
      AND (c.column_name IN ('state', 'kind', 'recipient', 'act', 'reason', 'channel')
        OR c.data_type IN ('integer', 'smallint', 'numeric', 'bigint') AND c.column_name !~ '(^|_)(id|pk|key|object)$')
    ORDER BY 1, 2
"""
wrote: Counter[str] = Counter()
failed: Counter[str] = Counter()


@transaction.atomic
def lay_out(begin: datetime) -> None:
    """What the sample data lack: something due for each task that writes."""
    from bookings.models import (
        AnniversaryPrompt,
        Attendance,
        AttendanceCount,
        ConfidenceFollowUp,
        FollowUp,
        OpenSession,
        PlaceState,
    )
    from leaflets.models import Leaflet
    from office.site_settings.services import change_settings
    from professionals.models import NameWord
    from tests.bookings import rows
    from tests.bookings.open_sessions.rows import make_place, make_session
    from tests.factories import make_person
    from tests.leaflets.factories import make_edition, make_order

    day, hour = timedelta(days=1), timedelta(hours=1)
    change_settings(request_escalation_email="manager@ctac.example")
    NameWord.objects.filter(source__in=("bookings_booking", "leaflets_order")).delete()
    make_order(make_person(), begin)
    for number in range(4):
        made = {"created_at": begin}
        presenters = [rows.make_presenter() for _each in range(4)]
        start = begin + (9 + number) * day + 11 * hour
        rows.make_request(**made)
        booking = rows.make_booking(presenters[0], start, postcode="", **made)
        attendance = Attendance.objects.create(booking=booking, people=8, recorded_at=begin, changed_at=begin)
        AttendanceCount.objects.create(attendance=attendance, profession="midwife", people=8)
        AnniversaryPrompt.objects.create(booking=booking, wished_at=begin, due_at=begin + 95 * day)
        follow_up = FollowUp.objects.create(booking=booking, code=f"7Q4M2{'FGHJ'[number]}", created_at=begin)
        ConfidenceFollowUp.objects.create(follow_up=follow_up, address=f"a{number}@nhs.net", due_at=begin + 95 * day)
        rows.make_held(presenters[1], start, rows.LEEDS, expires_at=begin + 5 * day)
        rows.make_option(rows.make_request(**made), presenters[2], start, expires_at=begin + 2 * day)
        session = make_session(presenters[3], start)
        make_place(session, PlaceState.OFFERED, offer_expires_at=begin + 3 * day)
        make_place(session, PlaceState.WAITING)
        unsure = make_session(None, start)
        OpenSession.objects.filter(pk=unsure.pk).update(created_at=begin)
        make_place(unsure)
        edition = make_edition(begin, stock=10)
        Leaflet.objects.filter(pk=edition.leaflet_id).update(reorder_level=50)


def naive() -> None:
    """The negative control: it looks first, and then writes, as no task of ours may."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM naive WHERE at = %s", [timezone.now()])
        if cursor.fetchone() == (0,):
            cursor.execute("SELECT pg_sleep(0.01)")
            cursor.execute("INSERT INTO naive VALUES (%s)", [timezone.now()])


def tasks() -> dict[str, Callable[[], object]]:
    app.loader.import_default_modules()
    return {entry["task"]: app.tasks[entry["task"]].run for entry in build_beat_schedule().values()} | {"naive": naive}


def run(name: str, task: Callable[[], object], barrier: Barrier) -> None:
    def counted(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        answer = execute(sql, params, many, context)
        if sql.lstrip().startswith(WRITES):
            wrote[name] += max(context["cursor"].rowcount, 0)
        return answer

    try:
        with connection.execute_wrapper(counted):
            barrier.wait(60)
            task()
    except Exception as error:  # noqa: BLE001 - told below
        failed[f"{name}: {type(error).__name__}: {error}"[:200]] += 1
    finally:
        connection.close()


def state() -> dict[str, list[Any]]:
    found: dict[str, list[Any]] = {}
    with connection.cursor() as cursor:
        cursor.execute("SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p')")
        parts = {table: ["count(*)"] for (table,) in cursor.fetchall()}
        cursor.execute(COLUMNS)
        for table, column, is_number in cursor.fetchall():
            what = f'sum("{column}")' if is_number else f'md5(string_agg("{column}"::text, \' \' ORDER BY "{column}"))'
            parts[table].append(what)
        for table, sums in sorted(parts.items()):
            cursor.execute(f'SELECT {", ".join(sums)} FROM "{table}"')  # noqa: S608 - names of our own tables
            found[table] = [str(value) for value in cursor.fetchone() or ()]
    return found


def main(copies: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE naive (at timestamptz)")
    begin = datetime.fromisoformat(os.environ["BEGIN"])
    for moment in (begin + timedelta(days=day, hours=hour) for day in DAYS for hour in HOURS):
        with time_machine.travel(moment, tick=False):
            for name, task in tasks().items():
                threads = [
                    Thread(target=partial(run, name, task, barrier)) for barrier in [Barrier(copies)] for _n in range(copies)
                ]
                for thread in threads:
                    thread.start()
                for thread in threads:
                    thread.join()
        with connection.cursor() as cursor:
            cursor.execute(SEND)
    sys.stdout.write(json.dumps({"wrote": wrote, "failed": failed, "state": state()}) + "\n")


if __name__ == "__main__":
    if sys.argv[1] == "lay-out":
        lay_out(datetime.fromisoformat(os.environ["BEGIN"]))
    else:
        main({"once": 1, "twice": 2}[sys.argv[1]])
