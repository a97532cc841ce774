"""`rig`: the whole stack on each broker in turn. The long version runs with `make faults` only, and ends with a table."""

import logging
import os
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from tests.faults.brokers import KINDS
from tests.faults.judge import Verdict, line, table
from tests.faults.packages import missing
from tests.faults.rig import Rig

ASKED = os.environ.get("FAULTS", "")  # the brokers, with commas between; only `make faults` asks
BROKERS = [name for name in KINDS if name in ASKED.split(",")]
VERDICTS: list[Verdict] = []


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """What is marked as long runs in `make faults` only, and of the short version nothing does."""
    unwanted = [item for item in items if "faults" in item.path.parts and bool(item.get_closest_marker("long")) != bool(ASKED)]
    if unwanted:
        config.hook.pytest_deselected(items=unwanted)
        items[:] = [item for item in items if item not in unwanted]


def keep(verdict: Verdict) -> None:
    """For the table at the end, and told at once: it takes minutes."""
    VERDICTS.append(verdict)
    sys.stdout.write(f"\n{line(verdict)}\n")


def pytest_terminal_summary(terminalreporter: Any) -> None:
    if VERDICTS and ASKED:
        terminalreporter.section("faults")
        terminalreporter.write_line(table(VERDICTS))


@pytest.fixture(scope="module", params=BROKERS or ["folder"])
def rig(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rig]:
    if why := missing(request.param):
        pytest.skip(why)
    logging.getLogger("mail.log").setLevel(logging.ERROR)
    rig = Rig(tmp_path_factory.mktemp(f"faults-{request.param}"), request.param, with_clock=bool(ASKED))
    try:
        rig.no_disk = rig.mount() if ASKED else "not asked for"
        rig.start()
        yield rig
    finally:
        rig.stop()
