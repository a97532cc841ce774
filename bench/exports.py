"""`python -m bench.exports [ORDERS]`: what it takes to export that many orders (75,000: 100,000 lines) as CSV and as XLSX.

The database is made by bench/make_data.py. Each export is read as gunicorn reads it, piece by piece, and thrown away. Read
how long until the first piece, how long in all, how large the file is, and by how much the process grew meanwhile; then the same
for reading, checking and writing a stock list of 10,000 rows.
"""

import csv
import io
import os
import resource
import sys
import tempfile
import time
from collections.abc import Iterable
from contextlib import ExitStack
from itertools import pairwise
from pathlib import Path
from typing import Any

import django

from bench import machine, make_data
from bench.compare import prepare_database
from bench.servers import environment, start_database
from ctac.local import postgres

ORDERS, ROWS = 75_000, 10_000


def grown() -> float:
    """Megabytes that this process ever had resident."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def export(form: str) -> None:
    from leaflets.models import Order
    from leaflets.orders.admin.orders import urgency_ordering
    from leaflets.orders.exports import EXPORT_HEADINGS, count_lines, order_rows
    from professionals.exports import read_primary_keys
    from staff.spreadsheets import csv_chunks, xlsx_chunks

    before, began = grown(), time.perf_counter()
    keys = read_primary_keys(Order.objects.order_by(*urgency_ordering()))
    lines = count_lines(keys)
    if form == "xlsx" and lines > 1_000_000:
        print(f"  {form:<5} {lines:>9,} lines are too many for a sheet")
        return
    rows = order_rows(keys)
    pieces: Iterable[bytes] = (
        csv_chunks(EXPORT_HEADINGS, rows) if form == "csv" else xlsx_chunks(EXPORT_HEADINGS, rows, name="Orders")
    )
    first, size = 0.0, 0
    for piece in pieces:
        first = first or time.perf_counter() - began
        size += len(piece)
    seconds = time.perf_counter() - began
    print(
        f"  {form:<5} {lines:>9,} lines   first piece after {first:>5.1f} s, all after {seconds:>6.1f} s"
        f"   {size / 1e6:>6.1f} MB   {grown() - before:>5.1f} MB more resident"
    )


def take_in(rows: int) -> None:
    """A stock list, as it is uploaded, checked and written."""
    from django.utils import timezone

    from accounts.models import User
    from leaflets.models import Edition, Leaflet
    from leaflets.stock.imports import apply_import, create_import, plan_import

    slugs = [f"bench-{n}" for n in range(rows)]
    leaflets = Leaflet.objects.bulk_create([Leaflet(slug=slug, title=slug, active=False) for slug in slugs], batch_size=1000)
    facts = {"label": "One", "published_on": "2026-01-01", "review_on": "2028-01-01", "pages": 1, "size": 1, "pdf": "x.pdf"}
    Edition.objects.bulk_create([Edition(leaflet=leaflet, **facts) for leaflet in leaflets], batch_size=1000)
    kept = io.StringIO()
    csv.writer(kept).writerows([["Short name", "Copies that came in"], *([slug, "5"] for slug in slugs)])
    before, times = grown(), [time.perf_counter()]
    sheet = create_import(kind="stock", content=kept.getvalue().encode(), by=None, now=timezone.now())
    times.append(time.perf_counter())
    shown = plan_import(sheet).digest
    times.append(time.perf_counter())
    staff = User.objects.filter(is_staff=True)[0]
    apply_import(sheet=sheet, shown=shown, again=False, by=staff, now=timezone.now())
    times.append(time.perf_counter())
    read, checked, written = (after - earlier for earlier, after in pairwise(times))
    print(f"  stock list of {rows:,} rows: read {read:.1f} s, checked {checked:.1f} s, written {written:.1f} s", end="")
    print(f"   {grown() - before:.1f} MB more resident")


def main() -> int:
    orders = int(sys.argv[1]) if len(sys.argv) > 1 else ORDERS
    with tempfile.TemporaryDirectory(prefix="exports") as folder, ExitStack() as stack:
        var_dir = Path(folder)
        database = start_database(var_dir)
        stack.callback(postgres.stop, var_dir)
        env = environment(var_dir, database)
        prepare_database(env)
        os.environ.update(env, DJANGO_SETTINGS_MODULE="ctac.settings")
        django.setup()
        make_data.make(database, people=max(1_000, orders // 20), bookings=1_000, orders=orders)
        from django.db import connection

        stack.callback(connection.close)
        print("\n".join(machine.facts(database)), flush=True)
        warm_up()
        for form in ("csv", "xlsx"):
            export(form)
        take_in(ROWS)
    return 0


def warm_up() -> Any:
    """What is loaded once."""
    from leaflets.models import Order
    from leaflets.orders.exports import order_rows

    return list(order_rows(list(Order.objects.values_list("pk", flat=True)[:1000])))


if __name__ == "__main__":
    sys.exit(main())
