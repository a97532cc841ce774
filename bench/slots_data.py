"""Presenters with full weeks ahead and long years behind, and the engine timed inside the application.

`python -m bench.slots_data fill PRESENTERS PAST` fills the database that DATABASE_URL names; `… engine` prints as JSON what the
slots of 60 days take there. Past bookings are of the first 40 presenters, who still give presentations.
"""

import json
import os
import random
import statistics
import sys
import time
from datetime import UTC, date, datetime, time as clock, timedelta
from typing import Any

import django

OWNERS = 40
DAYS = 60
PAST_A_DAY = 10  # an hour each, from 8am
BASES = ("LS1 4AP", "BD1 1HX", "YO1 7HH", "S1 2HH", "M1 1AE", "HD1 2TA", "WF1 2EB", "HX1 1UJ", "DN1 3HH", "HU1 2AA")
# Those that keep no rule: filling the table is several times as fast without.
INDEXES = """SELECT indexrelid::regclass::text, pg_get_indexdef(indexrelid) FROM pg_index
    WHERE indrelid = %s::regclass AND NOT indisunique AND NOT indisexclusion"""
# Each is a copy of one row in all columns but these.
BOOKINGS = {
    "id": "visit.n",
    "reference": "'BK-' || upper(lpad(to_hex(visit.n), 6, '0'))",
    "ical_uid": "'slots-' || visit.n",
    "presenter_id": "visit.presenter",
    "starts_at": "visit.starts",
    "ends_at": "visit.starts + interval '1 hour'",
    "state": "CASE WHEN visit.starts < now() THEN 'delivered' ELSE 'confirmed' END",
    "visit_closed": "visit.starts < now()",
}
CLAIMS = {
    "id": "visit.n",
    "booking_id": "visit.n",
    "presenter_id": "visit.presenter",
    "busy": "tstzrange(visit.starts, visit.starts + interval '1 hour')",
    "postcode": "visit.postcode",
    "latitude": "visit.latitude",
    "longitude": "visit.longitude",
}
AHEAD = """unnest(%(numbers)s::int[], %(presenters)s::int[], %(starts)s::timestamptz[], %(postcodes)s::text[],
    %(latitudes)s::float[], %(longitudes)s::float[]) AS visit (n, presenter, starts, postcode, latitude, longitude)"""
BEHIND = """(SELECT 1000000 + n AS n, (%(owners)s::int[])[1 + n %% %(many)s] AS presenter, date_trunc('day', now())
    - make_interval(days => (2 + n / %(many)s / %(a_day)s)::int) + make_interval(hours => (8 + n / %(many)s %% %(a_day)s)::int)
    AS starts, 'LS1 4AP' AS postcode, 53.8 AS latitude, -1.55 AS longitude
    FROM generate_series(0, %(past)s - 1) n) AS visit"""


def fill(presenters: int, past: int) -> None:
    from django.db import connection, transaction

    from bookings.models import Presenter

    chance = random.Random(1)
    with transaction.atomic(), connection.cursor() as cursor:
        for table in ("bookings_booking", "bookings_busytime"):  # what their triggers keep, holds by construction or is not read
            cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER ALL")
        Presenter.objects.update(active=False)
        everyone = [make_presenter(number) for number in range(presenters)]
        copy_rows(cursor, first_booking(everyone[0], 2001), AHEAD, work_of(everyone, chance))
        owners = [owner.pk for owner in everyone[:OWNERS]]
        values = {"owners": owners, "many": len(owners), "a_day": PAST_A_DAY, "past": past}
        copy_rows(cursor, first_booking(everyone[0], 2002), BEHIND, values)
    connection.set_autocommit(True)
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")


def make_presenter(number: int) -> Any:
    from bookings.models import Availability, Nation, Presenter
    from bookings.schedule.services import save_presenter

    presenter = Presenter(
        name=f"Presenter {number:03}",
        email=f"presenter{number}@slots.test",
        base_postcode=BASES[number % len(BASES)],
        nation=Nation.ENGLAND,
        max_travel_minutes=180,
        joining_link="https://meet.example/room",
        checked_until=date(2099, 12, 31),
        trained_until=date(2099, 12, 31),
    )
    save_presenter(presenter=presenter)
    windows = [(day, hours) for day in range(5) if day != number % 5 for hours in ((9, 12), (13, 17))]
    Availability.objects.bulk_create(
        Availability(presenter=presenter, weekday=day, start=clock(first), end=clock(last), valid_from=date(2020, 1, 1))
        for day, (first, last) in windows
    )
    return presenter


def first_booking(presenter: Any, year: int) -> Any:
    """Which the others are copies of; long ago."""
    from tests.bookings.rows import make_booking

    return make_booking(presenter, datetime(year, 1, 1, 8, tzinfo=UTC))


def work_of(presenters: list[Any], chance: random.Random) -> dict[str, list[Any]]:
    """None, one or two visits on each working day ahead, as columns."""
    from bookings.travel import find_place
    from core.dates import uk_datetime, uk_day

    today = uk_day(datetime.now(UTC))
    days = [day for number in range(1, 91) if (day := today + timedelta(days=number)).weekday() < 5]
    places = [find_place(postcode) for postcode in BASES]
    visits = [
        (presenter.pk, uk_datetime(day, clock(hour)), chance.choice(places))
        for presenter in presenters
        for day in days
        for hour in chance.sample((9, 11, 14, 16), chance.randint(0, 2))
    ]
    return {
        "numbers": list(range(1000, 1000 + len(visits))),
        "presenters": [presenter for presenter, _start, _place in visits],
        "starts": [start for _presenter, start, _place in visits],
        "postcodes": [place.postcode for _presenter, _start, place in visits],
        "latitudes": [place.latitude for _presenter, _start, place in visits],
        "longitudes": [place.longitude for _presenter, _start, place in visits],
    }


def copy_rows(cursor: Any, booking: Any, source: str, values: dict[str, Any]) -> None:
    """Bookings, and the claim of each."""
    from bookings.models import Booking, BusyTime

    for model, first, changed in ((Booking, booking, BOOKINGS), (BusyTime, booking.busy_time, CLAIMS)):
        cursor.execute(INDEXES, [model._meta.db_table])
        indexes = cursor.fetchall()
        for name, _made_by in indexes:
            cursor.execute(f"DROP INDEX {name}")
        cursor.execute(copying(model, changed, source), {**values, "first": first.pk})
        for _name, made_by in indexes:
            cursor.execute(made_by)


def copying(model: Any, changed: dict[str, str], source: str) -> str:
    """The statement that copies one row of the table as often as there are visits in `source`."""
    table, columns = model._meta.db_table, [field.column for field in model._meta.concrete_fields]
    values = ", ".join(changed.get(column, f"first.{column}") for column in columns)
    return f"INSERT INTO {table} ({', '.join(columns)}) SELECT {values} FROM {table} first, {source} WHERE first.id = %(first)s"  # noqa: S608 - our own words


def engine() -> dict[str, float]:
    """The slots of 60 days for one wish, read and worked out."""
    from django.db import connection
    from django.test.utils import CaptureQueriesContext
    from django.utils import timezone

    from bookings.models import Format, Presentation
    from bookings.schedule.queries import read_schedule
    from bookings.schedule.slots import SlotQuery
    from bookings.travel import find_place
    from core.dates import uk_day

    slot_query = SlotQuery(Presentation.objects.order_by("pk")[0], Format.WORKPLACE, find_place("LS1 4AP"))
    read, worked, used = [], [], []
    for _round in range(7):
        now = timezone.now()
        first = uk_day(now)
        began, cpu = time.perf_counter(), time.process_time()
        with CaptureQueriesContext(connection) as queries:
            schedule = read_schedule(slot_query, first_day=first, last_day=first + timedelta(days=DAYS - 1), now=now)
        opened = time.perf_counter()
        slots = sum(len(schedule.slots_on(first + timedelta(days=number))) for number in range(DAYS))
        read.append(1000 * (opened - began))
        worked.append(1000 * (time.perf_counter() - opened))
        used.append(1000 * (time.process_time() - cpu))
    claims = sum(len(part.claims) for part in schedule.parts)
    figures = {"presenters": len(schedule.parts), "claims": claims, "slots": slots, "queries": len(queries)}
    return figures | {name: statistics.median(ms) for name, ms in (("read_ms", read), ("worked_ms", worked), ("cpu_ms", used))}


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "ctac.settings")
    django.setup()
    if sys.argv[1] == "fill":
        fill(*(int(word) for word in sys.argv[2:]))
    else:
        print(json.dumps(engine()))


if __name__ == "__main__":
    main()
