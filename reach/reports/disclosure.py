"""Which figures of people a report withholds, so that nobody can work out a number from 1 to 5.

A report has tables of people: a row for each profession and the total, for some months. A figure from 1 to 5 is withheld; a
table whose total is one shows nothing. A 0 may be shown: there is nobody in it. Then more figures are withheld, until everything
shown, here and in every earlier report, leaves each withheld figure a range of at least 6. The same holds for each number from 1
to 5 in the months that remain when one report's months are subtracted from another's. A figure that changed by 1 to 5 since an
earlier report is withheld too.

The proof is by exchange: imagine people moved from one row to another, or between months, so that no shown figure changes. As
far as they can move, no reader can know. So it never shows too much, but may withhold more than it must.
"""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from math import inf

from core.dates import add_months
from reach.queries import Period

SMALL_COUNTS = range(1, 6)
MIN_RANGE = 6
TOTAL_ROW = "total"
Cell = tuple[str, int]  # a row, in a stretch of months
Secret = frozenset[Cell]


@dataclass(frozen=True)
class Table:
    """People in a period, by row and in all. None is withheld. `rows` may be empty: then only the total is shown."""

    period: Period
    rows: Mapping[str, int | None]
    total: int | None

    @property
    def figures(self) -> dict[str, int | None]:
        return {**self.rows, TOTAL_ROW: self.total}

    @property
    def end(self) -> date:
        """The first month after it."""
        return add_months(self.period.last, 1)

    def without(self, hidden: Collection[str]) -> "Table":
        rows = {row: None if row in hidden else figure for row, figure in self.rows.items()}
        return Table(self.period, rows, None if TOTAL_ROW in hidden else self.total)


class DisclosureState:
    """All people by row and stretch of months, and the shown figures that each belongs to.

    A stretch runs from one month in which a table begins or ends to the next.
    """

    def __init__(self, tables: Sequence[Table], months: Mapping[date, Mapping[str, int]]) -> None:
        self.tables = tables
        marks = sorted({mark for table in tables for mark in (table.period.first, table.end)})
        self.places = range(len(marks) - 1)
        rows = {row for table in tables for row in table.rows} | {row for month in months.values() for row in month}
        self.rows = sorted(rows or {""})
        self.people: dict[Cell, int] = defaultdict(int)
        for month, counts in months.items():
            for row, count in counts.items():
                self.people[row, bisect_right(marks, month) - 1] += count
        self.spans = [range(marks.index(table.period.first), marks.index(table.end)) for table in tables]
        shown: dict[Cell, set[int]] = defaultdict(set)
        for number, table in enumerate(tables):
            for row, figure in table.figures.items():
                for place in self.spans[number] if figure is not None else ():
                    shown[row, place].add(number)
        self.shown = {(row, place): frozenset(shown[row, place]) for row in (*self.rows, TOTAL_ROW) for place in self.places}

    def secrets(self) -> Iterator[Secret]:
        """What nobody may work out: each withheld figure, and each small number in a stretch."""
        for table, span in zip(self.tables, self.spans, strict=True):
            for row, figure in table.figures.items():
                if figure is None:
                    yield frozenset((each, place) for each in (self.rows if row == TOTAL_ROW else [row]) for place in span)
        for row in self.rows:
            for place in self.places:
                if self.people[row, place] in SMALL_COUNTS:
                    yield frozenset([(row, place)])

    def exchangeable_cells(self, cell: Cell) -> Iterator[Cell]:
        """The cells whose people can be exchanged one for one: other rows in the same months, or other months of the same row."""
        row, place = cell
        if not self.shown[cell]:
            yield from ((other, place) for other in self.rows if other != row and not self.shown[other, place])
        for other in self.places:
            if other != place and all(self.shown[each, other] == self.shown[each, place] for each in (row, TOTAL_ROW)):
                yield row, other

    def range_of(self, secret: Secret) -> float:
        """The least range that the secret may have for all a reader knows. An exchange never makes another figure 0."""
        if any(not self.shown[row, place] and not self.shown[TOTAL_ROW, place] for row, place in secret):
            return inf
        inside, outside = set[Cell](), set[Cell]()
        for cell in secret:
            if partners := set(self.exchangeable_cells(cell)) - secret:
                inside.add(cell)
                outside |= partners
        found = self.spare_people(inside, 1) + self.spare_people(outside)
        rows = {row for row, _place in secret}
        if found >= MIN_RANGE or len(rows) > 1:
            return found
        return max(self.crossed_exchange_count(row, other, secret) for row in rows for other in self.rows)

    def crossed_exchange_count(self, row: str, other: str, secret: Secret) -> int:
        """How far people can be exchanged by moving some to other months, and as many of another row back."""
        classes: dict[object, tuple[list[int], list[int]]] = defaultdict(lambda: ([], []))
        for place in self.places if row != other else ():
            alike = classes[self.shown[row, place], self.shown[other, place]]
            alike[(row, place) not in secret].append(place)
        found = 0
        for inside, outside in classes.values():
            into = self.spare_people((row, place) for place in outside), self.spare_people((other, place) for place in inside)
            away = (
                self.spare_people(((row, place) for place in inside), 1),
                self.spare_people((other, place) for place in outside),
            )
            found += min(into) + min(away)
        return found

    def spare_people(self, cells: "Collection[Cell] | Iterator[Cell]", kept: int = 0) -> int:
        """How many people can leave these cells: all but one of each, or with `kept`, all together but that many."""
        counts = [self.people[cell] for cell in cells]
        return max(sum(counts) - kept, 0) if kept else sum(max(count - 1, 0) for count in counts)


def withhold_figures(tables: Sequence[Table], earlier: Sequence[Table], months: Mapping[date, Mapping[str, int]]) -> list[Table]:
    """These tables without what must be withheld.

    `earlier`: the tables of earlier reports, as they were shown. `months`: all people by month and row today.
    """
    first = [small_rows(table) | slightly_changed_rows(table, earlier) for table in tables]
    hidden = [set(rows) for rows in first]
    # Earlier reports may give something away by themselves, as figures have changed since. These must not narrow it further.
    blank = DisclosureState([*earlier, *(table.without(table.figures) for table in tables)], months)
    least = {secret: min(blank.range_of(secret), MIN_RANGE) for secret in blank.secrets()}
    kept = set[Secret]()  # safe, and stays safe: withholding more only widens ranges

    def told() -> tuple[DisclosureState, Secret | None]:
        """What is shown so far, and what it would give away."""
        world = DisclosureState([*earlier, *map(Table.without, tables, hidden)], months)
        for secret in world.secrets():
            if secret not in kept:
                if world.range_of(secret) < least[secret]:
                    return world, secret
                kept.add(secret)
        return world, None

    world, secret = told()
    while secret is not None:
        *_order, number, row = min(withholding_candidates(secret, world, len(earlier)))
        hidden[number].add(row)
        world, secret = told()
    # A figure that was withheld for a secret which other figures now hide as well is shown after all, the largest first.
    for _figure, number, row in sorted(extra_withheld(tables, first, hidden), reverse=True):
        kept.clear()
        hidden[number].remove(row)
        if told()[1] is not None:
            hidden[number].add(row)
    return [table.without(rows) for table, rows in zip(tables, hidden, strict=True)]


def extra_withheld(
    tables: Sequence[Table], first: Sequence[set[str]], hidden: Sequence[set[str]]
) -> Iterator[tuple[int, int, str]]:
    """Figures that are withheld although they are neither small nor changed by a few."""
    for number, table in enumerate(tables):
        yield from ((table.figures[row] or 0, number, row) for row in hidden[number] - first[number])


def withholding_candidates(
    secret: Secret, world: DisclosureState, first: int
) -> Iterator[tuple[bool, bool, bool, bool, int, int, int, str]]:
    """Candidates to withhold next, from table `first` on: the secret's own figure, then the smallest that helps, totals last."""
    rows, places = {row for row, _place in secret}, {place for _row, place in secret}
    for number, (table, span) in enumerate(zip(world.tables[first:], world.spans[first:], strict=True)):
        for row, figure in table.figures.items():
            if figure is not None:
                before = sum(min(world.shown[row, place], default=first) < first for place in places)
                yield row == TOTAL_ROW, not figure, row not in rows, places.isdisjoint(span), before, figure, number, row


def small_rows(table: Table) -> set[str]:
    if table.total in SMALL_COUNTS:
        return set(table.figures)
    return {row for row, figure in table.rows.items() if figure in SMALL_COUNTS}


def slightly_changed_rows(table: Table, earlier: Sequence[Table]) -> set[str]:
    """The rows that differ from earlier reports by only a few people."""
    found = set()
    for row, figure in table.figures.items():
        facts = [(each.period.first, each.end, known) for each in earlier if (known := each.figures.get(row)) is not None]
        if figure is not None and any(abs(figure - known) in SMALL_COUNTS for known in known_counts(table, sorted(facts))):
            found.add(row)
    return found


def known_counts(table: Table, facts: Sequence[tuple[date, date, int]]) -> set[int]:
    """What `facts` (people from one month to before another) say about these months, or about slightly more or fewer."""
    first, end = table.period.first, table.end
    found = joined_sums(facts, first, end)
    for begins, ends, known in facts:
        if first <= begins and ends <= end:
            found.add(known)
        elif begins <= first and end <= ends:
            found.add(known)
            found |= {
                known - left - right for left in joined_sums(facts, begins, first) for right in joined_sums(facts, end, ends)
            }
    return found


def joined_sums(facts: Sequence[tuple[date, date, int]], first: date, end: date) -> set[int]:
    """What the facts say about these months when they are joined end to end."""
    found = defaultdict[date, set[int]](set, {first: {0}})
    for begins, ends, known in facts:
        if begins >= first and ends <= end:
            found[ends] |= {before + known for before in found[begins]}
    return found[end]
