"""The figures that the checks came to, printed when all are done."""

from collections.abc import Callable
from typing import Any

import pytest

HEADING = "what was looked at"


@pytest.fixture
def record_figures(record_property: Callable[[str, object], None]) -> Callable[[str, object], None]:
    """`record_figures(what, figures)`: printed under the test run, from whichever process it ran in."""
    return lambda what, figures: record_property(HEADING, (what, str(figures)))


def pytest_terminal_summary(terminalreporter: Any) -> None:
    reports = [report for outcome in ("passed", "failed") for report in terminalreporter.getreports(outcome)]
    figures = [value for report in reports for name, value in report.user_properties if name == HEADING]
    if not figures:
        return
    terminalreporter.section(HEADING)
    for what, text in figures:
        terminalreporter.write_line(f"{what}: {text}" if "\n" not in text else f"{what}\n{text}")
