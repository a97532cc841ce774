"""Forced pauses: a test holds a lock that others come to wait for, sees them wait, and lets them go."""

import time
import zlib
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any, TypeVar

import psycopg2

from tests.live.stack import Live

T = TypeVar("T")
PATIENCE = 30  # seconds
WAITING = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
DEADLOCKS = "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()"


def key_of(pause: str) -> int:
    """The advisory lock at which a server without guards pauses (tests.races.unguarded)."""
    return zlib.crc32(pause.encode())


class Gate:
    """Something that this test has locked, until `open`."""

    def __init__(self, live: Live, connection: Any) -> None:
        self.live, self.connection = live, connection

    def wait_for(self, condition: Callable[[int], bool]) -> None:
        """Until so many wait, for this lock or for one of those who wait for it, that the condition holds."""
        self.live.wait_for(lambda: condition(self.live.query(WAITING)[0][0]), PATIENCE)

    def open(self) -> None:
        self.connection.rollback()


@contextmanager
def held(live: Live, sql: str, *values: object) -> Iterator[Gate]:
    """What this statement locks is locked until the gate is opened or left."""
    connection = psycopg2.connect(live.database_url)
    try:
        with connection.cursor() as cursor:
            cursor.execute(sql, values)
        yield Gate(live, connection)
    finally:
        connection.close()


def paused(live: Live, pause: str) -> Any:
    """A gate at that pause of the server without guards."""
    return held(live, "SELECT pg_advisory_xact_lock(%s)", key_of(pause))


def queue_at(gate: Gate, jobs: Sequence[Callable[[], T]], *, behind: int = 0) -> list[T]:
    """Start the jobs one after another, each once the one before waits or has ended; then open. What each returned.

    `behind`: so many wait there already.
    """
    with ThreadPoolExecutor(len(jobs)) as pool:
        started: list[Future[T]] = []
        for job in jobs:
            started.append(pool.submit(job))
            gate.wait_for(lambda waiting: waiting + sum(future.done() for future in started) >= behind + len(started))
        gate.open()
        return [future.result(PATIENCE) for future in started]


def deadlocks(live: Live) -> int:
    """How many the server has had to break so far, as far as its backends have reported."""
    return int(live.query(DEADLOCKS)[0][0])


def deadlocks_after_a_while(live: Live) -> int:
    """All of them: a backend that stays idle reports within a second, one that is kept busy after ten."""
    time.sleep(1.5)
    return deadlocks(live)
