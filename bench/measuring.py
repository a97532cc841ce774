"""What one page took with the small and with the large database, in turn, and what PostgreSQL did for it."""

import statistics
from collections.abc import Callable
from dataclasses import dataclass

import psycopg2

MOST = 1.2
SLACK_MS = 1.0  # what two equal pages of a few milliseconds differ by anyway
LOOKS, LOOKS_MORE, FIRST = 15, 7, 2  # at a page; at a list narrowed or sorted; looks that do not count
AGAIN = 3  # times that a page which takes too much is measured again
Take = Callable[[], float]  # does once what is measured, and says how many milliseconds it took


class Meter:
    """What PostgreSQL did for each of the two databases since it was set to nought: milliseconds, and blocks looked at."""

    def __init__(self, database: str, names: tuple[str, ...]) -> None:
        self.connection = psycopg2.connect(database)
        self.connection.autocommit = True
        self.names = names
        self.ask("CREATE EXTENSION IF NOT EXISTS pg_stat_statements")

    def ask(self, sql: str, *values: object) -> list[tuple[float, float]]:
        with self.connection.cursor() as cursor:
            cursor.execute(sql, values)
            return cursor.fetchall() if cursor.description else []

    def reset(self) -> None:
        self.ask("SELECT pg_stat_statements_reset()")

    def spent(self) -> list[tuple[float, float]]:
        sums = "coalesce(sum(total_exec_time), 0), coalesce(sum(shared_blks_hit + shared_blks_read), 0)"
        which = "dbid = (SELECT oid FROM pg_database WHERE datname = %s)"
        found = [self.ask(f"SELECT {sums} FROM pg_stat_statements WHERE {which}", name)[0] for name in self.names]  # noqa: S608
        return [(float(took), float(blocks)) for took, blocks in found]


@dataclass(frozen=True)
class Measured:
    """Of one page with the small and with the large database: the middle of its answers, and what PostgreSQL did for one."""

    before: float
    after: float
    database: list[tuple[float, float]]

    @property
    def holds(self) -> bool:
        return self.after <= self.before * MOST or self.after - self.before <= SLACK_MS

    def __str__(self) -> str:
        (ms, blocks), (ms_large, blocks_large) = self.database
        inside = f"PostgreSQL {ms:>6.1f} {ms_large:>6.1f} ms {blocks:>6.0f} {blocks_large:>6.0f} blocks"
        return f"{self.before:>7.1f} ms {self.after:>7.1f} ms  {self.after / self.before:>5.2f}   {inside}"


def measure(meter: Meter, small: Take, large: Take, looks: int) -> Measured:
    """In turn, so that both see the same machine."""
    took: tuple[list[float], list[float]] = ([], [])
    for look in range(FIRST + looks):
        if look == FIRST:
            meter.reset()
        for list_, take in zip(took, (small, large), strict=True):
            list_.append(take())
    before, after = (statistics.median(list_[FIRST:]) for list_ in took)
    return Measured(before, after, [(ms / looks, blocks / looks) for ms, blocks in meter.spent()])


def compare(meter: Meter, name: str, small: Take, large: Take, looks: int = LOOKS) -> bool:
    found, again = measure(meter, small, large, looks), 0
    while not found.holds and again < AGAIN:
        found, again = measure(meter, small, large, looks), again + 1
    more = f"   measured again, {again} of {AGAIN}" if again else ""
    print(f"  {name:<76} {found}{more}{'' if found.holds else '   too much'}", flush=True)
    return found.holds
