"""What can be imported from a spreadsheet: the kinds of rows, each with its fields, its duplicates and what is made of a row.

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
from professionals.models import Choice, Import


@dataclass(frozen=True)
class ImportField:
    """One thing that a row says. `aliases`: other headings that people give it, in any case and spacing.

    `parse` turns a cell that is not empty into the value, `empty` is the value of one that is, or that has no column. It raises
    ValidationError or ValueError with a sentence that says what to do and never repeats what was typed: the sentence is kept.
    `free`: its words are anybody's, so what looks like a child's details is refused.
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
    """Something we have that may be the same as a row: its `model` ("professionals.person") and `key`, and `why` in a few words.
    `certain`: a second one can't be made, such as one of the same email address, so the row is linked to it."""

    model: str
    key: int
    why: str
    certain: bool = False


@dataclass(frozen=True)
class PastRetention:
    """How a row counts whose personal data we may not keep any more: nothing else of it comes in."""

    month: date
    nation: str = ""
    authority: str = ""
    profession: str = ""
    people: int = 0
    copies: int = 0


@dataclass
class Row:
    """A row of the file by the names of the kind's fields.

    `check` adds `problems` (of a field's name, or "", each a sentence without what was typed), `matches` and `past`. `make` gets
    only rows without problems and within retention, whose `choice` is make or link, the latter with the `link`; it names every
    object that it has `made` or `linked`. A problem that it adds itself leaves the row out.
    """

    number: int
    values: dict[str, Any]
    problems: list[tuple[str, str]] = field(default_factory=list)
    matches: list[Match] = field(default_factory=list)
    past: PastRetention | None = None
    choice: str = Choice.MAKE
    link: Match | None = None
    made: list[Model] = field(default_factory=list)
    linked: list[Model] = field(default_factory=list)

    def add_problem(self, name: str, sentence: str | Promise) -> None:
        self.problems.append((name, str(sentence)))


class Check(Protocol):
    def __call__(self, rows: Sequence[Row], *, now: datetime) -> None: ...


class Make(Protocol):
    def __call__(self, rows: Sequence[Row], *, by: User | None, now: datetime) -> None: ...


@dataclass(frozen=True)
class Removal:
    """How objects of one `model` ("professionals.person") that an import made are removed when it is undone.

    An object stays if it has changed since it was made, other than in the columns `ignored`, or if a row points to it that is
    none of its `parts`: objects of these models that the same import made, and that go with it. `used` says more reasons, each a
    few words by key; `remove` deletes them where Django's own delete can't.
    """

    model: str
    parts: tuple[str, ...] = ()
    ignored: tuple[str, ...] = ()
    used: Callable[[Sequence[int]], Mapping[int, str]] = lambda keys: {}
    remove: Callable[[Sequence[int]], object] | None = None


@dataclass(frozen=True)
class ImportKind:
    """`identity` says of a row's values by what it is the same as another row of the file, or "". `removals`: what an import is
    of stands first, and is removed first when it is undone; then what that points to."""

    name: str
    label: str | Promise
    fields: tuple[ImportField, ...]
    check: Check
    make: Make
    removals: tuple[Removal, ...]
    identity: Callable[[Mapping[str, Any]], str] = lambda values: ""
    help: str | Promise = ""


IMPORT_KINDS: dict[str, ImportKind] = {}


def register_import_kind(kind: ImportKind) -> None:
    """Called in an app's AppConfig.ready(). Raises ValueError for a name that is taken."""
    if IMPORT_KINDS.setdefault(kind.name, kind) != kind:
        raise ValueError(f"two kinds of imports are called {kind.name}")


def kind_of(imported: Import) -> ImportKind:
    return IMPORT_KINDS[imported.kind]


# What kinds parse cells with.


def parse_text(most: int) -> Callable[[str], str]:
    """One line of at most so many characters, without what can't be seen."""

    def parse(typed: str) -> str:
        text = one_line(typed)
        if len(text) > most:
            raise ValidationError(_("This is too long. Shorten it to %(most)d characters."), params={"most": most})
        return text

    return parse


def one_line(typed: str) -> str:
    """Without line breaks, doubled spaces, and characters that are not seen or turn the direction of others."""
    return " ".join("".join(letter if letter.isprintable() else " " for letter in typed).split())
