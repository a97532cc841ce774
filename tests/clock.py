"""The clock of the tests: each file begins at the same moment, whatever the hour on the machine's wall.

Tests that start processes of their own run under the machine's clock, as those processes do: they stand in one of PROCESSES, ask
for `live` or carry the mark `machine_clock`. `make test-clocks` runs what can depend on the hour at other moments: CLOCK names
one of MOMENTS. A test that names the days of the usual one carries the mark `tuesday`.
"""

import os
import time
from collections.abc import Generator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import time_machine

# UTC. The first is that of every run: a quiet Tuesday morning in winter, when UTC and UK time agree.
MOMENTS = {
    "tuesday": datetime(2027, 1, 12, 10, 0, tzinfo=UTC),
    "saturday": datetime(2027, 1, 16, 11, 20, tzinfo=UTC),
    "night": datetime(2027, 1, 13, 3, 0, tzinfo=UTC),
    "before-closing": datetime(2027, 1, 13, 16, 29, tzinfo=UTC),
    "after-closing": datetime(2027, 1, 13, 16, 31, tzinfo=UTC),
    "christmas": datetime(2026, 12, 25, 12, 0, tzinfo=UTC),
    "new-years-eve": datetime(2026, 12, 31, 23, 58, tzinfo=UTC),
    "clocks-forward": datetime(2027, 3, 28, 0, 58, tzinfo=UTC),
    "clocks-back": datetime(2027, 10, 31, 0, 58, tzinfo=UTC),
    "leap-day": datetime(2028, 2, 29, 9, 30, tzinfo=UTC),
}
# Folders of tests that start processes; PostgreSQL, whose clock dates the rows of the audit, is one as well.
PROCESSES = {"access", "audit", "deploy", "faults", "journeys", "live", "platform", "races"}
CLOCK = os.environ.get("CLOCK", "tuesday")
# When each file began, by a clock that nothing changes.
BEGAN: dict[Path, float] = {}


def has_the_machines(item: pytest.Item) -> bool:
    folder = item.path.relative_to(item.config.rootpath / "tests").parts[0]
    return (
        folder in PROCESSES or "live" in getattr(item, "fixturenames", ()) or item.get_closest_marker("machine_clock") is not None
    )


def moment_of(item: pytest.Item) -> datetime:
    return MOMENTS["tuesday" if item.get_closest_marker("tuesday") else CLOCK]


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    """Around the fixtures too, whatever their scope. The clock ticks on through a file, so that nothing which its tests share
    is younger than they are."""
    if has_the_machines(item):
        return (yield)
    began = BEGAN.setdefault(item.path, time.monotonic())
    with time_machine.travel(moment_of(item) + timedelta(seconds=time.monotonic() - began)):
        return (yield)


@pytest.fixture
def now(request: pytest.FixtureRequest) -> datetime:
    """When each file of tests begins: 10am on Tuesday 12 January 2027, unless CLOCK says otherwise."""
    return moment_of(request.node)
