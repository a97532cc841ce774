"""Golden files: what a page or an email was when somebody last read it.

    SNAPSHOTS=write .venv/bin/python -m pytest tests/snapshots

writes them anew; then read each line that `git diff` shows: it writes down what is, right or wrong.
"""

import os
from collections.abc import Mapping
from difflib import unified_diff
from pathlib import Path

import pytest

FOLDER = Path(__file__).parent / "golden"
WRITE = os.environ.get("SNAPSHOTS") == "write"
MOST_SHOWN = 400  # lines


def hold_against(folder: str, texts: Mapping[str, str]) -> None:
    """Fail with the difference where a text is not its golden file, or where there is a file without a text or the other way."""
    kept = FOLDER / folder
    if WRITE:
        write(kept, texts)
    golden = {file.stem: file.read_text() for file in kept.glob("*.txt")}
    assert len(golden) > 0
    lines: list[str] = []
    for name in sorted(golden.keys() | texts.keys()):
        was, now = golden.get(name, "").splitlines(), texts.get(name, "").splitlines()
        lines += unified_diff(was, now, f"golden/{folder}/{name}.txt", "now", lineterm="", n=5)
    if lines:
        more = [f"… and {len(lines) - MOST_SHOWN} lines more"] if len(lines) > MOST_SHOWN else []
        pytest.fail("\n".join([*lines[:MOST_SHOWN], *more]), pytrace=False)


def write(folder: Path, texts: Mapping[str, str]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for file in folder.glob("*.txt"):
        file.unlink()
    for name, text in texts.items():
        (folder / f"{name}.txt").write_text(text)
