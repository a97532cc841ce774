"""Writes of an import: uploaded, checked, run, undone. Each step is an order to a worker, who goes on batch by batch."""

from collections.abc import Mapping
from datetime import datetime

from accounts.models import User
from professionals.models import Import


def create_import(*, kind: str, content: bytes, by: User | None, now: datetime) -> Import:
    """Keep the file until it is imported. Raises NotASheet."""
    raise NotImplementedError


def choose_columns(imported: Import, *, mapping: Mapping[str, int], by: User, now: datetime) -> None:
    """The column of each field, from 0. Has the rows checked."""
    raise NotImplementedError


def choose(imported: Import, *, choice: str, rows: Mapping[int, tuple[str, int]], by: User, now: datetime) -> None:
    """What becomes of duplicates: of all, and by the number of a row."""
    raise NotImplementedError


def run_import(imported: Import, *, by: User, now: datetime) -> None:
    raise NotImplementedError


def undo_import(imported: Import, *, by: User, now: datetime) -> None:
    raise NotImplementedError


def work_on(key: int) -> None:
    """What a worker does: go on with this import until its state is reached. Twice at once does no harm."""
    raise NotImplementedError
