"""The contents of a report: its figures, read from the counts in a few statements, and their words for page and files."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, time, timedelta
from typing import Any

from django.db.models import Q, Sum
from django.utils.functional import Promise
from django.utils.translation import gettext as _, gettext_lazy

from bookings.feedback.queries import average_confidence
from bookings.models import Feedback
from core.dates import add_months, uk_datetime
from professionals.models import Nation, Profession
from reach.areas import Unit, areas_of
from reach.models import CountKind, ReachCount
from reach.queries import Period, counts_by_area_and_month, months_between
from reach.reports.disclosure import SMALL_COUNTS, TOTAL_ROW, Table, withhold_figures

REPORTED_KINDS = (CountKind.PRESENTATIONS, CountKind.ATTENDED, CountKind.LEAFLETS, CountKind.SIGNED_UP)
PEOPLE_KINDS = (CountKind.ATTENDED, CountKind.SIGNED_UP)
MAX_QUOTES = 20
PROFESSION_ROWS = (*Profession.values, "")  # empty: nobody said


def previous_period(period: Period) -> Period:
    """The period of as many months just before it."""
    many = months_between(period.first, period.last) + 1
    return Period(add_months(period.first, -many), add_months(period.first, -1))


def read_report_figures(period: Period, earlier: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Everything that the report shows, without what must be withheld.

    `earlier`: the figures of all other reports, also deleted ones.
    """
    counts = counts_by_month()
    periods = (period, previous_period(period))
    found: dict[str, Any] = {"months": [[each.first.isoformat(), each.last.isoformat()] for each in periods]}
    for kind in REPORTED_KINDS:
        tables = [build_table(counts[kind], each, by_profession=kind == CountKind.ATTENDED) for each in periods]
        if kind in PEOPLE_KINDS:
            tables = withhold_figures(
                tables, [table for figures in earlier for table in parse_shown_tables(figures, kind)], counts[kind]
            )
        found[kind] = [table.figures for table in tables]
    months = counts_by_area_and_month(CountKind.ATTENDED, Unit.UPPER)
    reached = [{code for code, each in months.items() if any(month in p for month in each)} for p in periods]
    new = [{code for code in there if min(months[code]) >= p.first} for there, p in zip(reached, periods, strict=True)]
    return {
        **found,
        "reached": [len(there) for there in reached],
        "new": [len(there) for there in new],
        "areas": {"reached": sorted(reached[0]), "new": sorted(new[0])},
        "confidence": report_confidence(period),
        "quotes": chosen_quotes(period),
    }


def counts_by_month() -> dict[str, dict[date, dict[str, int]]]:
    """Counts by kind, month and profession. One statement."""
    found: dict[str, dict[date, dict[str, int]]] = defaultdict(lambda: defaultdict(dict))
    rows = ReachCount.objects.filter(kind__in=REPORTED_KINDS).order_by().values_list("kind", "month", "profession")
    for kind, month, profession, count in rows.annotate(Sum("count")):
        found[kind][month][profession] = count
    return found


def build_table(counts: Mapping[date, Mapping[str, int]], period: Period, *, by_profession: bool) -> Table:
    """Whole: nothing is withheld yet."""
    within = [each for month, each in counts.items() if month in period]
    rows = {profession: sum(each.get(profession, 0) for each in within) for profession in PROFESSION_ROWS}
    return Table(period, rows if by_profession else {}, sum(rows.values()))


def parse_shown_tables(figures: Mapping[str, Any], kind: str) -> list[Table]:
    """The tables of people as a report showed them."""
    periods = [Period(date.fromisoformat(first), date.fromisoformat(last)) for first, last in figures["months"]]
    return [
        Table(period, {row: figure for row, figure in shown.items() if row != TOTAL_ROW}, shown[TOTAL_ROW])
        for period, shown in zip(periods, figures[kind], strict=True)
    ]


def report_confidence(period: Period) -> dict[str, float | None]:
    """Averages out of 5; None if fewer than 6 people have answered."""
    averages = average_confidence(period.first, add_months(period.last, 1) - timedelta(days=1))
    found = {"before": averages.before, "now": averages.now, "later": averages.later}
    return {
        name: round(float(each.average), 1) if each.average is not None and each.answers > max(SMALL_COUNTS) else None
        for name, each in found.items()
    }


def chosen_quotes(period: Period) -> list[str]:
    """Quotes about this period's presentations that the writer allows and staff chose. The newest, if there are many."""
    start, end = (uk_datetime(day, time.min) for day in (period.first, add_months(period.last, 1)))
    given = Q(follow_up__booking__starts_at__gte=start, follow_up__booking__starts_at__lt=end)
    given |= Q(follow_up__session__starts_at__gte=start, follow_up__session__starts_at__lt=end)
    quotes = Feedback.objects.filter(given, quotable=True, chosen_at__isnull=False, flagged_child_details=False).exclude(
        comment=""
    )
    return list(quotes.order_by("-chosen_at", "-pk").values_list("comment", flat=True)[:MAX_QUOTES])


# The same in words.

FIGURE_LABELS: dict[str, str | Promise] = {
    CountKind.PRESENTATIONS: gettext_lazy("Presentations"),
    CountKind.ATTENDED: gettext_lazy("People who attended"),
    CountKind.LEAFLETS: gettext_lazy("Leaflets sent"),
    CountKind.SIGNED_UP: gettext_lazy("Professionals signed up"),
    "reached": gettext_lazy("Areas reached"),
    "new": gettext_lazy("Of these, reached for the first time"),
}


@dataclass(frozen=True)
class ReportLine:
    """A figure in this period and in the one before. None is withheld."""

    label: str
    this: int | None
    before: int | None

    @property
    def change(self) -> int | None:
        return None if self.this is None or self.before is None else self.this - self.before

    @property
    def texts(self) -> tuple[str, str, str]:
        change = _("withheld") if self.change is None else f"{self.change:+,}".replace("-", "−") if self.change else "0"
        return figure_text(self.this), figure_text(self.before), change


def figure_text(figure: int | None) -> str:
    return _("withheld") if figure is None else f"{figure:,}"


def main_lines(figures: Mapping[str, Any]) -> list[ReportLine]:
    found: dict[str, list[int | None]] = {kind: [each[TOTAL_ROW] for each in figures[kind]] for kind in REPORTED_KINDS}
    found |= {name: figures[name] for name in ("reached", "new")}
    return [ReportLine(str(label), *found[name]) for name, label in FIGURE_LABELS.items()]


def profession_lines(figures: Mapping[str, Any]) -> list[ReportLine]:
    """Professions of whom anybody came in either period, or may have; then everybody."""
    this, earlier = figures[CountKind.ATTENDED]
    labels = {**dict(Profession.choices), "": _("Profession not known"), TOTAL_ROW: _("Everybody")}
    return [
        ReportLine(str(label), this[row], earlier[row])
        for row, label in labels.items()
        if row == TOTAL_ROW or (this[row], earlier[row]) != (0, 0)
    ]


def has_withheld(figures: Mapping[str, Any]) -> bool:
    return any(figure is None for kind in PEOPLE_KINDS for each in figures[kind] for figure in each.values())


@dataclass(frozen=True)
class ReachedAreas:
    """The names of a nation's upper-tier areas, those first reached in this period apart."""

    nation: str
    new: list[str]
    others: list[str]


def areas_by_nation(figures: Mapping[str, Any]) -> list[ReachedAreas]:
    areas = areas_of(Unit.UPPER)
    new, others = set(figures["areas"]["new"]), set(figures["areas"]["reached"]) - set(figures["areas"]["new"])

    def names(codes: set[str], nation: str) -> list[str]:
        return [area.name for area in areas.values() if area.code in codes and area.nation == nation]

    found = [ReachedAreas(str(nation.label), names(new, nation), names(others, nation)) for nation in Nation]
    return [each for each in found if each.new or each.others]


CONFIDENCE_LABELS = {
    "before": gettext_lazy("Before the presentation"),
    "now": gettext_lazy("Straight after it"),
    "later": gettext_lazy("3 months on"),
}


def confidence_lines(figures: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Empty if there is nothing to show: nobody was asked, or fewer than 6 people have answered."""
    asked = figures["confidence"]
    if not any(asked.values()):
        return []
    few = _("fewer than 6 answers")
    return [
        (str(label), _("%(average)s of 5") % {"average": asked[name]} if asked[name] else few)
        for name, label in CONFIDENCE_LABELS.items()
    ]
