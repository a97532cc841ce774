"""Whole and half hours: when a slot can start."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from bookings import rules


def grid_starts(earliest: datetime, latest_end: datetime, length: timedelta) -> Iterator[datetime]:
    """Whole and half hours from `earliest` whose visit ends by `latest_end`.

    UK time is a whole number of hours from UTC, so the grid in UTC is the grid on the wall.
    """
    step = rules.GRID.total_seconds()
    start = datetime.fromtimestamp(-(-earliest.timestamp() // step) * step, UTC)
    while start + length <= latest_end:
        yield start
        start += rules.GRID


def on_grid(start: datetime) -> bool:
    return start.timestamp() % rules.GRID.total_seconds() == 0
