"""Writes tests/routes.txt anew from what everybody is answered now; then `git diff` shows what a change opened or closed.

    .venv/bin/python -m pytest tests/matrix/write.py

Not a test, so no run of all tests collects it. Read every line that it changes: it writes down what is, right or wrong.
"""

import os
from typing import Any

from django.core.cache import cache
from django.db import transaction

from tests.matrix.asking import ASKED, answers
from tests.matrix.people import fresh_browsers, laid_out
from tests.matrix.table import read_table, write_table

__all__ = ["laid_out"]


def test_write(laid_out: dict[str, Any], db: None) -> None:
    """If the environment names how some routes begin, those only: ONLY="order staff:leaflets"."""
    only = tuple(os.environ.get("ONLY", "").split()) or ("",)
    asked = [f"{method} {each}" for each in ASKED if each.startswith(only) for method in ("GET", "POST")]
    known = {f"{method} {each}" for each in ASKED for method in ("GET", "POST")}
    kept = {name: row for name, row in read_table().items() if name in known}
    write_table(kept | {each: ask(each, laid_out) for each in asked})


def ask(line: str, laid_out: dict[str, Any]) -> tuple[str, ...]:
    method, _space, asked = line.partition(" ")
    cache.clear()
    with transaction.atomic():
        found = tuple(answer.cell for answer in answers(asked, method, {**laid_out, "clients": fresh_browsers(laid_out)}))
        transaction.set_rollback(True)
    return found
