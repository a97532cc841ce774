"""A copy in use comes along: rows of before the booking engine (data/, from pg_dump) through every migration since."""

import gzip
import subprocess
from pathlib import Path

import psycopg2
import pytest

from tests.deploy.conftest import ROOT, Server

BEFORE = Path(__file__).parent / "data" / "before_the_booking_engine.sql.gz"
DATABASE = "upgraded"
# A past visit, moved to London and to the minute at which the coming one in Leeds ends, with the same presenter.
TOO_NEAR = """
UPDATE bookings_busytime SET presenter_id = coming.presenter_id, postcode = 'SE1 7PB', latitude = 51.5, longitude = -0.09,
    busy = tstzrange(upper(coming.busy), upper(coming.busy) + interval '1 hour')
FROM (SELECT c.* FROM bookings_busytime c JOIN bookings_booking b ON b.id = c.booking_id WHERE b.state = 'confirmed') coming
WHERE bookings_busytime.id = (SELECT min(id) FROM bookings_busytime WHERE kind = 'booking')
"""


@pytest.fixture(scope="module")
def upgraded(server: Server) -> Server:
    server.query(f"CREATE DATABASE {DATABASE}")
    words = ["psql", "--quiet", "--no-psqlrc", "--set", "ON_ERROR_STOP=1", "--dbname", server.url(database=DATABASE)]
    subprocess.run(words, input=gzip.decompress(BEFORE.read_bytes()), cwd=ROOT, env=server.env, check=True, capture_output=True)
    done = server.python("manage.py", "migrate", "--verbosity", "0", DATABASE_URL=server.url(database=DATABASE))
    assert done.returncode == 0, done.stderr
    return server


def rows(server: Server, sql: str) -> list[tuple[object, ...]]:
    return server.query(sql, database=DATABASE)


def test_bookings_keep_their_time_and_learn_where_they_are(upgraded):
    [[places, nations, authorities, claims]] = rows(
        upgraded,
        "SELECT count(DISTINCT (b.postcode, nation)), min(nation), min(local_authority), count(b.presenter_id) - count(t.id)"
        " FROM bookings_booking b LEFT JOIN bookings_busytime t ON t.booking_id = b.id",
    )
    assert (places, nations, authorities, claims) == (2, "england", "E08000035", 0)


def test_claims_with_a_place_are_on_an_island_and_the_others_are_not(upgraded):
    zones = rows(upgraded, "SELECT kind, zone, count(*) > 0 FROM bookings_busytime GROUP BY kind, zone ORDER BY kind")
    assert zones == [("booking", "mainland", True), ("leave", "", True)]


def test_leave_that_was_entered_is_granted(upgraded):
    assert rows(upgraded, "SELECT state, count(*) FROM bookings_leave GROUP BY state") == [("granted", 1)]


def test_stock_is_equal_and_nothing_is_left_to_migrate(upgraded):
    for words in (["reconcile_stock"], ["migrate", "--check"]):
        done = upgraded.python("manage.py", *words, DATABASE_URL=upgraded.url(database=DATABASE))
        assert done.returncode == 0, done.stdout + done.stderr


def test_the_guard_is_awake_again(upgraded):
    with pytest.raises(psycopg2.errors.ExclusionViolation, match="minutes of travel"):
        upgraded.query(TOO_NEAR, database=DATABASE)
