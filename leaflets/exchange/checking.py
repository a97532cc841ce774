"""What an upload would do, row by row: made, changed, nothing, or what is wrong, in which column."""

import hashlib
import json
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db import models
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from leaflets.exchange.reading import NotASheet, Sheet

Cells = dict[str, str]


@dataclass(frozen=True)
class Column:
    """A column of a template: its key, its heading, what to put there, and whether there is no reading the file without it."""

    key: str
    label: str | Promise
    help: str | Promise = ""
    needed: bool = False
    width: int = 14


class Fate(models.TextChoices):
    MAKE = "make", gettext_lazy("New")
    CHANGE = "change", gettext_lazy("Changed")
    NOTHING = "nothing", gettext_lazy("Nothing to do")
    WRONG = "wrong", gettext_lazy("To put right")


@dataclass
class Row:
    """One row of the file: what it is about, what will happen, and what is wrong with it by column (its heading).

    `rests_on`: what would be overwritten, as it is now.
    """

    number: int
    about: str = ""
    fate: str = Fate.NOTHING
    says: list[str] = field(default_factory=list)
    wrong: list[tuple[str, str]] = field(default_factory=list)
    rests_on: list[str] = field(default_factory=list)

    def refuse(self, column: Column, why: str) -> None:
        self.fate = Fate.WRONG
        self.wrong.append((str(column.label), why))

    @property
    def fate_in_words(self) -> str:
        return str(Fate(self.fate).label)


@dataclass
class Plan:
    """All rows; `steps` is what applying them takes, for the kind's own service."""

    rows: list[Row]
    steps: list[Any]

    @property
    def wrong(self) -> list[Row]:
        return [row for row in self.rows if row.wrong]

    def count(self, fate: str) -> int:
        return sum(row.fate == fate for row in self.rows)

    @property
    def digest(self) -> str:
        """Of everything that was shown, and of the figures that it rests on."""
        said = [[row.number, row.about, row.fate, row.says, row.wrong, row.rests_on] for row in self.rows]
        return hashlib.sha256(json.dumps(said).encode()).hexdigest()


@dataclass(frozen=True)
class Kind:
    """One kind of list: its columns, and what a file of it would do."""

    columns: tuple[Column, ...]
    plan: Callable[[list[tuple[int, Cells]]], Plan]


def squeezed(heading: str) -> str:
    return re.sub(r"[\W_]+", " ", heading).strip().casefold()


def match_columns(sheet: Sheet, columns: Sequence[Column]) -> tuple[list[tuple[int, Cells]], list[str]]:
    """The rows by column, and the headings that no column has. Raises NotASheet when the headings are not those of the list."""
    known = {squeezed(name): column for column in columns for name in (str(column.label), column.key)}
    places: dict[str, int] = {}
    unknown = []
    for place, heading in enumerate(sheet.headings):
        column = known.get(squeezed(heading))
        if column is None:
            unknown += [heading[:60]] if heading else []
        elif column.key in places:
            raise NotASheet(
                _("Two columns are called “%(heading)s”. Take one out, and upload it again.") % {"heading": heading[:60]}
            )
        else:
            places[column.key] = place
    missing = [str(column.label) for column in columns if column.needed and column.key not in places]
    if missing:
        raise NotASheet(no_columns(missing))
    rows = [
        (number, {key: row[place] if place < len(row) else "" for key, place in places.items()}) for number, row in sheet.rows
    ]
    return rows, unknown


def no_columns(labels: Sequence[str]) -> str:
    named = ", ".join(f"“{label}”" for label in labels)
    said = ngettext(
        "The first row must name the columns, and there is none called %(named)s. Begin with the template.",
        "The first row must name the columns, and there are none called %(named)s. Begin with the template.",
        len(labels),
    )
    return said % {"named": named}


def whole_number(text: str, *, least: int, most: int = 1_000_000) -> int:
    """'1,200', '12', '12.0'. Raises ValueError with words for people."""
    tidy = re.sub(r"(?<=\d)[,\s](?=\d{3}\b)", "", text).removesuffix(".0")
    if not re.fullmatch(r"\d{1,9}", tidy, re.ASCII):
        raise ValueError(_("“%(typed)s” is not a whole number. Enter figures only, like 12.") % {"typed": short(text)})
    number = int(tidy)
    if not least <= number <= most:
        raise ValueError(
            _("Enter a number from %(least)s to %(most)s; this says %(typed)s.")
            % {"least": f"{least:,}", "most": f"{most:,}", "typed": short(text)}
        )
    return number


def short(text: str) -> str:
    """Enough to find it again."""
    line = " ".join(text.split())
    return line if len(line) <= 40 else f"{line[:39]}…"


def as_kept(rows: Iterable[Row]) -> list[Any]:
    """What was said of each row, to be shown later."""
    return [[row.number, row.about, row.fate, row.says] for row in rows]


def from_kept(kept: Iterable[Any]) -> list[Row]:
    return [Row(number, about, fate, says) for number, about, fate, says in kept]
