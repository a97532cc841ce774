"""Counts in each area, also relative to its children or social workers."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

from reach.areas import Area, MissingReason, areas_of
from reach.forms import Measure, Question
from reach.queries import counts_by_area

CHILDREN_RATE_BASE = 10_000
# For each measure, the decimal places shown and used: figures that look the same are in one class.
DECIMAL_PLACES = {Measure.NUMBER: 0, Measure.PER_CHILDREN: 1, Measure.PER_SOCIAL_WORKER: 2}
CLASS_COUNT = 5
ROUND_STEPS = (1, 2, 3, 5)


@dataclass(frozen=True)
class AreaFigure:
    """`base`: how many children or social workers the count is set against; None where that is `missing` or not asked."""

    area: Area
    count: int
    measure: Measure
    base: int | None = None
    missing: MissingReason | None = None

    @property
    def value(self) -> float | None:
        """The figure as the page shows it."""
        if self.measure == Measure.NUMBER:
            return self.count
        if self.base is None:
            return None
        return round(
            self.count * (CHILDREN_RATE_BASE if self.measure == Measure.PER_CHILDREN else 1) / self.base,
            DECIMAL_PLACES[self.measure],
        )


@dataclass(frozen=True)
class Coverage:
    """`nowhere`: what was counted and lies in no area."""

    question: Question
    figures: tuple[AreaFigure, ...]
    nowhere: int

    @property
    def total(self) -> int:
        return self.nowhere + sum(figure.count for figure in self.figures)

    @cached_property
    def bounds(self) -> list[float]:
        """Where each class after the first begins: round figures near those that divide the areas into equal fifths."""
        values = sorted(figure.value for figure in self.figures if figure.count and figure.value is not None)
        return round_bounds(values, DECIMAL_PLACES[self.question.measure])

    def class_number(self, figure: AreaFigure) -> int | None:
        """From 1 to 5; 0 for a count of nothing, None for no figure."""
        if figure.value is None:
            return None
        return 1 + sum(figure.value >= bound for bound in self.bounds) if figure.count else 0


def round_bounds(values: Sequence[float], digits: int) -> list[float]:
    ladder = [round(step * 10.0**power, digits) for power in range(-digits, 13) for step in ROUND_STEPS]
    fifths = [values[len(values) * part // CLASS_COUNT] if values else 0 for part in range(1, CLASS_COUNT)]
    found: list[float] = []
    for fifth in fifths:
        place = max(sum(step <= fifth for step in ladder) - 1, ladder.index(found[-1]) + 1 if found else 1)
        found.append(ladder[place])
    return found


def read_coverage(question: Question) -> Coverage:
    """The answer to a question. One statement."""
    counts = counts_by_area(question.kind, question.period, question.unit, question.profession)
    figures = [build_area_figure(area, counts.get(code, 0), question.measure) for code, area in areas_of(question.unit).items()]
    return Coverage(question, tuple(figures), counts.get("", 0))


def build_area_figure(area: Area, count: int, measure: Measure) -> AreaFigure:
    published = area.published
    if measure == Measure.NUMBER:
        return AreaFigure(area, count, measure)
    base = published.children if measure == Measure.PER_CHILDREN else published.social_workers
    if base is None:
        is_withheld = measure == Measure.PER_SOCIAL_WORKER and area.has_own_return
        return AreaFigure(area, count, measure, missing=MissingReason.WITHHELD if is_withheld else MissingReason.NOT_PUBLISHED)
    if measure == Measure.PER_SOCIAL_WORKER and (published.joint or not base):
        return AreaFigure(area, count, measure, missing=MissingReason.JOINT if published.joint else MissingReason.NOBODY)
    return AreaFigure(area, count, measure, base)


def class_limits(bounds: Sequence[float], digits: int) -> list[tuple[float, float | None]]:
    """The least and greatest value of each class, as shown; the last has no greatest."""
    step = 10.0**-digits
    return [*((first, round(second - step, digits)) for first, second in pairwise([step, *bounds])), (bounds[-1], None)]
