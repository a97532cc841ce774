"""Who was erased, in a file outside the database, so that a restored backup can be made to forget them again (ADR 76).

A line an erasure, by key and times alone: {"person": 12, "since": "…", "erased": "…"}. Key and time of making together say that a
row is that person: after a restore a new one might get the same key. Of one who was two rows, both stand here.
"""

import errno
import fcntl
import json
import logging
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from django.conf import settings
from django.db import transaction

from professionals.models import DataAction, Done, Person

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Erasure:
    person: int
    since: datetime
    erased: datetime

    @property
    def line(self) -> str:
        return json.dumps({"person": self.person, "since": self.since.isoformat(), "erased": self.erased.isoformat()}) + "\n"

    @classmethod
    def read(cls, line: str) -> "Erasure":
        """Raises ValueError or KeyError for what is no line of ours."""
        row = json.loads(line)
        return cls(int(row["person"]), datetime.fromisoformat(row["since"]), datetime.fromisoformat(row["erased"]))


@transaction.atomic
def write_down(now: datetime) -> int:
    """Add what is not in the file yet, safe on the disk before the database says so. How many.

    Called after each erasure, and hourly for those whose process died in between; a line that stands there twice does no harm.
    """
    waiting = DataAction.objects.filter(done=Done.ERASED, written_at=None).order_by("pk")
    locked = waiting.select_for_update(of=("self",), skip_locked=True).select_related("person")
    actions = list(locked.prefetch_related("person__absorbed"))
    if actions:
        append(erasure for action in actions for erasure in erasures_of(action))
        DataAction.objects.filter(pk__in=[each.pk for each in actions]).update(written_at=now)
    return len(actions)


def erasures_of(action: DataAction) -> Iterator[Erasure]:
    """Of the person, and of the rows that became theirs: a backup that is older than that has these by themselves."""
    yield Erasure(action.person_id, action.person.created_at, action.at)
    for row in action.person.absorbed.all():
        yield Erasure(row.key, row.since, action.at)


def append(erasures: Iterable[Erasure]) -> None:
    path = Path(settings.ERASURES_FILE)
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = "".join(erasure.line for erasure in erasures).encode()
    number = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    try:
        fcntl.flock(number, fcntl.LOCK_EX)
        end = os.fstat(number).st_size
        if os.write(number, lines) != len(lines):  # a disk that is nearly full takes a part, which would spoil the line after it
            os.ftruncate(number, end)
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        os.fsync(number)
    finally:
        os.close(number)


def after_an_erasure(now: datetime) -> None:
    """A disk that is full must not make an erasure look as if it had failed: it is written down within the hour."""
    try:
        write_down(now)
    except OSError as error:
        logger.error("An erasure could not be written to the file of erasures: %s", type(error).__name__)


def erasures_in(path: Path) -> Iterator[Erasure]:
    """Raises ValueError that names the line which can't be read."""
    with path.open() as file:
        for number, line in enumerate(file, 1):
            try:
                yield Erasure.read(line)
            except (ValueError, KeyError, TypeError) as error:
                raise ValueError(f"line {number} of {path} can't be read") from error


def to_be_erased_again(erasures: Iterable[Erasure]) -> Iterator[Person]:
    for erasure in erasures:
        yield from Person.objects.filter(pk=erasure.person, created_at=erasure.since, erased_at=None)
