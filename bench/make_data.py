"""A database as after years of use: `python -m bench.make_data --people 500000 --bookings 200000 --orders 1000000`.

For the database that DATABASE_URL names, migrated and filled with the sample data, on a role that may skip triggers. All of it is
made by generate_series (bench/sql/), always the same, and every rule of the database holds afterwards: the constraints are
checked as rows go in, and the figures of the stock equal its ledger. Bookings of the past belong to presenters who have left; a
team of three has the next weeks' work, however long the history is.
"""

import argparse
import os
import sys
import time
from pathlib import Path

import psycopg2

SQL = Path(__file__).parent / "sql"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    for name, usual in (("people", 500_000), ("bookings", 200_000), ("orders", 1_000_000)):
        parser.add_argument(f"--{name}", type=int, default=usual)
    wanted = vars(parser.parse_args())
    make(os.environ["DATABASE_URL"], **wanted)


def make(database: str, *, people: int, bookings: int, orders: int) -> None:
    from ctac.references import ALPHABET

    values = {"people": people, "bookings": bookings, "orders": orders, "alphabet": ALPHABET, "base": len(ALPHABET)}
    connection = psycopg2.connect(database)
    with connection, connection.cursor() as cursor:
        # Neither append-only nor travel triggers: what they keep holds by construction.
        cursor.execute("SET session_replication_role = replica")
        cursor.execute((SQL / "reference.sql").read_text(), values)
        for name, many in {"people": people, "bookings": bookings, "orders": orders, "messages": bookings + orders}.items():
            began = time.perf_counter()
            cursor.execute((SQL / f"{name}.sql").read_text(), values)
            sys.stdout.write(f"  {name}: {many:,} in {time.perf_counter() - began:.0f} s\n")
            sys.stdout.flush()
    connection.autocommit = True
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")
    connection.close()


if __name__ == "__main__":
    main()
