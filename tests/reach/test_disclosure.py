"""What a report withholds, against an attacker who has all reports and tries every world that they allow."""

import random
from collections.abc import Iterator, Sequence
from datetime import date
from fractions import Fraction

import pytest

from reach.queries import Period
from reach.reports.disclosure import MIN_RANGE, Table, withhold_figures

Months = dict[date, dict[str, int]]
MOST = 27  # people of a row in a month: three months of nine can all have been in one


def month(number: int) -> date:
    return date(2026 + number // 12, number % 12 + 1, 1)


def table(months: Months, first: int, last: int, *, by_row: bool = True) -> Table:
    """Whole, from the month of that number to the other."""
    rows = sorted({row for counts in months.values() for row in counts})
    within = [counts for at, counts in months.items() if month(first) <= at <= month(last)]
    figures = {row: sum(counts.get(row, 0) for counts in within) for row in rows}
    return Table(Period(month(first), month(last)), figures if by_row else {}, sum(figures.values()))


def in_month(**counts: int) -> Months:
    return {month(0): counts}


def shown_once(**counts: int) -> Table:
    months = in_month(**counts)
    (found,) = withhold_figures([table(months, 0, 0)], [], months)
    return found


def withheld(found: Table) -> set[str]:
    return {row for row, figure in found.figures.items() if figure is None}


class Attacker:
    """Tries every number of people in each row and month that all shown figures allow; a withheld one is not 0 beside a total.

    Knows no rule but that, and solves nothing: it searches month by month, row by row.
    """

    def __init__(self, reports: Sequence[Table], months: Months) -> None:
        self.at, self.rows = sorted(months), sorted({row for counts in months.values() for row in counts})
        self.cells = [(row, at) for at in self.at for row in self.rows]
        self.rules: list[tuple[list[int], int]] = []
        self.not_none: list[list[int]] = []
        self.secret: list[list[int]] = []
        for report in reports:
            within = [at for at in self.at if report.period.first <= at <= report.period.last]
            for row, figure in report.figures.items():
                cells = [self.cells.index((each, at)) for each in self.rows if row in (each, "total") for at in within]
                if figure is not None:
                    self.rules.append((cells, figure))
                else:
                    self.secret.append(cells)
                    if report.total is not None:
                        self.not_none.append(cells)
        # A small number in any run of months is a secret too.
        for row in self.rows:
            for begin in range(len(self.at)):
                for end in range(begin + 1, len(self.at) + 1):
                    if 1 <= sum(months[at].get(row, 0) for at in self.at[begin:end]) <= 5:
                        self.secret.append([self.cells.index((row, at)) for at in self.at[begin:end]])

    def worlds(self, order: list[int], known: dict[int, int], *, down: bool = False) -> Iterator[dict[int, int]]:
        """All that go on from what is `known`, cell by cell, the least numbers first, or the greatest."""
        if len(known) == len(self.cells):
            if all(any(known[cell] for cell in cells) for cells in self.not_none):
                yield known
            return
        place = order[len(known)]
        least, most = 0, MOST
        for cells, figure in self.rules:
            if place in cells:
                left = figure - sum(known.get(cell, 0) for cell in cells)
                most = min(most, left)
                if all(cell in known or cell == place for cell in cells):
                    least = max(least, left)
        counts = range(least, most + 1)
        for count in reversed(counts) if down else counts:
            yield from self.worlds(order, {**known, place: count}, down=down)

    def narrowest(self) -> int:
        """The range of what is known best of all that must not be known."""
        return min((self.range_of(cells) for cells in self.secret), default=10**9)

    def range_of(self, cells: list[int]) -> int:
        """Of the first world with few in these cells and the first with many; if that is too little, of all worlds."""
        order = [*cells, *(cell for cell in range(len(self.cells)) if cell not in cells)]
        ends = [next(self.worlds(order, {}, down=down)) for down in (False, True)]
        low, high = (sum(world[cell] for cell in cells) for world in ends)
        if high - low < MIN_RANGE:
            values = {sum(world[cell] for cell in cells) for world in self.worlds(order, {})}
            low, high = min(values), max(values)
        return high - low


def solvable(reports: Sequence[Table], months: Months) -> list[tuple[str, Period]]:
    """The withheld figures that follow from the shown ones by adding and subtracting them, found by elimination."""
    at = sorted(months)
    rows = sorted({row for counts in months.values() for row in counts})
    cells = [(row, each) for row in rows for each in at]

    def vector(row: str, period: Period) -> list[Fraction]:
        return [Fraction(row in (each, "total") and period.first <= when <= period.last) for each, when in cells]

    basis: list[list[Fraction]] = []

    def rest(line: list[Fraction]) -> list[Fraction]:
        for known in basis:
            lead = next(place for place, value in enumerate(known) if value)
            if line[lead]:
                factor = line[lead] / known[lead]
                line = [a - factor * b for a, b in zip(line, known, strict=True)]
        return line

    figures = [(row, report.period, figure) for report in reports for row, figure in report.figures.items()]
    for row, period, figure in figures:
        if figure is not None and any(left := rest(vector(row, period))):
            basis.append(left)
    return [(row, period) for row, period, figure in figures if figure is None and not any(rest(vector(row, period)))]


# One table.


def test_what_is_large_enough_is_shown_whole() -> None:
    assert shown_once(gp=6, midwife=30, teacher=0) == table(in_month(gp=6, midwife=30, teacher=0), 0, 0)


def test_a_small_figure_takes_another_with_it_so_that_the_total_does_not_give_it_away() -> None:
    found = shown_once(gp=3, midwife=20, teacher=40)
    assert (found.rows["gp"], found.total, found.rows["teacher"]) == (None, 63, 40)
    assert withheld(found) == {"gp", "midwife"}


def test_two_of_one_person_each_would_be_known_from_what_is_left_of_the_total() -> None:
    assert withheld(shown_once(gp=1, midwife=1, teacher=40, other=9)) == {"gp", "midwife", "other"}


def test_a_nought_is_shown_unless_the_whole_table_is_small() -> None:
    assert shown_once(gp=0, midwife=9).rows["gp"] == 0
    assert withheld(shown_once(gp=0, midwife=3)) == {"gp", "midwife", "total"}
    assert withheld(shown_once(gp=0, midwife=0)) == set()


def test_what_cannot_be_hidden_among_others_hides_the_total() -> None:
    assert withheld(shown_once(gp=3, midwife=3)) >= {"gp", "midwife", "total"}


def test_a_total_alone() -> None:
    for people, expected in ((0, 0), (5, None), (6, 6)):
        months = in_month(somebody=people)
        assert withhold_figures([table(months, 0, 0, by_row=False)], [], months)[0].total == expected


# Several reports.


def reported(months: Months, *periods: tuple[int, int], by_row: bool = True) -> list[Table]:
    """One report after the other."""
    found: list[Table] = []
    for first, last in periods:
        found += withhold_figures([table(months, first, last, by_row=by_row)], found, months)
    return found


def test_one_month_more_gives_away_the_few_who_came_in_it() -> None:
    months = {month(0): {"gp": 20, "midwife": 30, "teacher": 30}, month(1): {"gp": 3, "midwife": 12, "teacher": 25}}
    first, second = reported(months, (0, 0), (0, 1))
    assert withheld(first) == set()
    assert withheld(second) == {"gp", "midwife"}
    assert (second.total, second.rows["teacher"]) == (120, 55)


def test_one_month_more_with_very_few_says_nothing_new() -> None:
    months = {month(0): {"gp": 20, "midwife": 30}, month(1): {"gp": 1, "midwife": 2}}
    assert withheld(reported(months, (0, 0), (0, 1))[1]) == {"gp", "midwife", "total"}


def test_a_year_does_not_give_away_what_a_quarter_withheld() -> None:
    months = {month(number): {"gp": 3 if number == 1 else 20, "midwife": 30, "teacher": 40} for number in range(4)}
    *quarters, year = reported(months, (0, 0), (1, 1), (2, 2), (3, 3), (0, 3))
    assert [withheld(each) for each in quarters] == [set(), {"gp", "midwife"}, set(), set()]
    assert withheld(year) == {"gp", "midwife"}
    assert year.total == 343


def test_a_year_is_shown_if_several_quarters_hide_each_other() -> None:
    months = {month(number): {"gp": 4, "midwife": 30, "teacher": 40} for number in range(4)}
    assert withheld(reported(months, (0, 0), (1, 1), (2, 2), (3, 3), (0, 3))[4]) == set()


def test_a_quarter_does_not_give_away_itself_beside_the_year_and_the_others() -> None:
    months = {month(number): {"gp": 3 if number == 3 else 20, "midwife": 30, "teacher": 40} for number in range(4)}
    year, *quarters = reported(months, (0, 3), (0, 0), (1, 1), (2, 2), (3, 3))
    # The last quarter would follow from the others, so the one before it says less.
    assert [withheld(each) for each in (year, *quarters)] == [set(), set(), set(), {"gp", "midwife"}, {"gp", "midwife"}]
    assert not solvable([year, *quarters], months)


def test_the_middle_of_a_year_does_not_give_away_its_rest() -> None:
    months = {month(0): {"gp": 2, "midwife": 30}, month(1): {"gp": 20, "midwife": 30}, month(2): {"gp": 1, "midwife": 30}}
    assert withheld(reported(months, (0, 2), (1, 1))[1]) == {"gp", "midwife"}


def test_a_count_made_again_with_a_few_people_more() -> None:
    months = in_month(gp=20, midwife=30, teacher=40)
    first = reported(months, (0, 0))
    again = in_month(gp=22, midwife=30, teacher=40)
    assert withheld(withhold_figures([table(again, 0, 0)], first, again)[0]) >= {"gp", "total"}
    more = in_month(gp=26, midwife=30, teacher=40)
    assert withheld(withhold_figures([table(more, 0, 0)], first, more)[0]) == set()


def test_a_few_people_more_in_what_quarters_said_before() -> None:
    months = {month(number): {"gp": 20, "midwife": 30} for number in range(4)}
    quarters = reported(months, (0, 0), (1, 1), (2, 2), (3, 3))
    months[month(2)]["gp"] += 2
    assert withheld(withhold_figures([table(months, 0, 3)], quarters, months)[0]) >= {"gp", "total"}


def test_what_was_withheld_stays_withheld_when_it_has_grown() -> None:
    months = in_month(gp=3, midwife=20, teacher=40)
    first = reported(months, (0, 0))
    grown = in_month(gp=30, midwife=20, teacher=40)
    assert withheld(withhold_figures([table(grown, 0, 0)], first, grown)[0]) == {"gp", "midwife"}


def test_a_report_that_says_the_same_again_withholds_the_same() -> None:
    months = in_month(gp=3, midwife=20, teacher=40, other=0)
    first, second = reported(months, (0, 0), (0, 0))
    assert first == second


def test_two_periods_of_one_report_are_held_against_each_other() -> None:
    months = {month(number): {"gp": 3 if number == 2 else 20, "midwife": 30, "teacher": 40} for number in range(4)}
    year = reported(months, (0, 3))
    this, before = withhold_figures([table(months, 2, 3), table(months, 0, 1)], year, months)
    assert not solvable([*year, this, before], months)


def test_totals_alone_over_time() -> None:
    months = {month(0): {"": 30}, month(1): {"": 2}, month(2): {"": 30}}
    first, second = reported(months, (0, 0), (0, 1), by_row=False)
    assert (first.total, second.total) == (30, None)


# An attacker.


@pytest.mark.parametrize("seed", [*range(20), 2247])
def test_an_attacker_who_tries_every_world_pins_nothing(seed: int) -> None:
    rng = random.Random(seed)
    rows, many = rng.choice([(2, 1), (3, 1), (4, 1), (2, 2), (3, 2), (2, 3)])
    months: Months = {
        month(number): {f"row {row}": rng.choice([0, 1, 2, 3, 5, 7, 9]) for row in range(rows)} for number in range(many)
    }
    spans = [(a, b) for a in range(many) for b in range(a, many)]
    reports = reported(months, *(rng.choice(spans) for _ in range(rng.choice([1, 2, 3]))))
    assert Attacker(reports, months).narrowest() >= MIN_RANGE


@pytest.mark.parametrize("seed", range(4))
def test_nothing_follows_by_adding_and_subtracting_what_twelve_reports_show(seed: int) -> None:
    rng = random.Random(seed)
    rows = [f"row {number}" for number in range(13)]
    months: Months = {month(number): {row: int(rng.paretovariate(0.7)) - 1 for row in rows} for number in range(18)}
    periods = []
    for _ in range(12):
        first = rng.randrange(0, 18)
        periods.append((first, min(17, first + rng.choice([0, 2, 2, 5, 11]))))
    reports = reported(months, *periods)
    assert not solvable(reports, months)
    assert any(figure is not None for report in reports for figure in report.rows.values())


def test_the_attacker_finds_what_is_shown_carelessly() -> None:
    """Its own control: with only the small figures withheld it pins them."""
    months: Months = {month(0): {"gp": 3, "midwife": 11}, month(1): {"gp": 9, "midwife": 4}}
    careless = [table(months, 0, 0).without({"gp"}), table(months, 1, 1).without({"midwife"})]
    assert Attacker(careless, months).narrowest() == 0
    assert len(solvable(careless, months)) == 2
