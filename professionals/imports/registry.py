"""What can be imported from a spreadsheet: the kinds of rows. A kind has fields, finds duplicates, and makes something of a row.

Every app adds its kinds in its AppConfig. Rows come in batches of some hundred, so a kind looks things up for all of them at
once, never row by row.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Protocol

from django.core.exceptions import ValidationError
from django.db.models import Model
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from professionals.models import DuplicateChoice, Import


@dataclass(frozen=True)
class ImportField:
    """One piece of information in a row. `aliases` are other headings that people give it, in any case and spacing.

    `parse` turns a cell into the value. `empty` is the value of an empty cell or a missing column. `parse` raises ValidationError
    or ValueError with a sentence that says what to do. We store that sentence, so it never repeats what was typed. `free`:
    anybody's own words, in which we refuse what looks like a child's details.
    """

    name: str
    label: str | Promise
    parse: Callable[[str], Any]
    required: bool = False
    aliases: tuple[str, ...] = ()
    help: str | Promise = ""
    example: str = ""
    empty: Any = ""
    free: bool = True


@dataclass(frozen=True)
class Match:
    """An object of ours that may be the same as a row: its `model` ("professionals.person") and `key`, and `why` in a few words.

    `certain`: there can't be two, such as two people with one email address, so the row must be linked to it.
    """

    model: str
    key: int
    why: str
    certain: bool = False


@dataclass(frozen=True)
class PastRetention:
    """How to count a row whose personal data we may not keep any more. Nothing else of the row comes in."""

    month: date
    nation: str = ""
    authority: str = ""
    profession: str = ""
    people: int = 0
    copies: int = 0


@dataclass
class Row:
    """A row of the file. `values` has its values by the names of the kind's fields.

    `check` adds `matches`, `past` and `problems`: each problem is the name of a field, or "", and a sentence without what was
    typed. `make` gets only rows without problems and within retention, whose `choice` is make or link (with `link`). It adds
    every object to `made` or `linked`. If it adds a problem, the row is left out.
    """

    number: int
    values: dict[str, Any]
    problems: list[tuple[str, str]] = field(default_factory=list)
    matches: list[Match] = field(default_factory=list)
    past: PastRetention | None = None
    choice: str = DuplicateChoice.MAKE
    link: Match | None = None
    made: list[Model] = field(default_factory=list)
    linked: list[Model] = field(default_factory=list)

    def add_problem(self, name: str, sentence: str | Promise) -> None:
        self.problems.append((name, str(sentence)))


class CheckRows(Protocol):
    def __call__(self, rows: Sequence[Row], *, now: datetime) -> None: ...


class MakeObjects(Protocol):
    def __call__(self, rows: Sequence[Row], *, by: User | None, now: datetime) -> None: ...


@dataclass(frozen=True)
class Removal:
    """How objects of one `model` ("professionals.person") that an import made are removed when the import is undone.

    An object stays if it has changed since (columns in `ignored` don't count), or if a row points to it that is none of its
    `parts`. Parts are objects of these models that the same import made; they go with it. `used` gives more reasons to stay: by
    key, a few words. `remove` deletes the objects if Django's own delete can't.
    """

    model: str
    parts: tuple[str, ...] = ()
    ignored: tuple[str, ...] = ()
    used: Callable[[Sequence[int]], Mapping[int, str]] = lambda keys: {}
    remove: Callable[[Sequence[int]], object] | None = None


@dataclass(frozen=True)
class ImportKind:
    """A kind of row. `identity` gives a text that is equal for two rows of the file that are the same, or "".

    `removals`: the kind's main model comes first, and is removed first when an import is undone; then the models that it points
    to.
    """

    name: str
    label: str | Promise
    fields: tuple[ImportField, ...]
    check: CheckRows
    make: MakeObjects
    removals: tuple[Removal, ...]
    identity: Callable[[Mapping[str, Any]], str] = lambda values: ""
    help: str | Promise = ""


IMPORT_KINDS: dict[str, ImportKind] = {}


def register_import_kind(kind: ImportKind) -> None:
    """Add a kind, in an app's AppConfig.ready(). Raises ValueError for a name that is taken."""
    if IMPORT_KINDS.setdefault(kind.name, kind) != kind:
        raise ValueError(f"two kinds of imports are called {kind.name}")


def kind_of(import_job: Import) -> ImportKind:
    return IMPORT_KINDS[import_job.kind]


# Parsers of cells, for all kinds.


def parse_text(most: int) -> Callable[[str], str]:
    """A parser of one line of text, of at most `most` characters, without invisible characters."""

    def parse(typed: str) -> str:
        text = one_line(typed)
        if len(text) > most:
            raise ValidationError(_("This is too long. Shorten it to %(most)d characters."), params={"most": most})
        return text

    return parse


def one_line(typed: str) -> str:
    """The text without line breaks, doubled spaces, and characters that are invisible or change the direction of writing."""
    return " ".join("".join(letter if letter.isprintable() else " " for letter in typed).split())
