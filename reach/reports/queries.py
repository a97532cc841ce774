"""What a report says: its figures, counted in a few statements, and the same as lines for page, PDF and spreadsheet."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.db.models import Max, Min, Sum
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from bookings.feedback.queries import confidence
from bookings.models import Feedback
from ctac.dates import UK, format_moment, uk_datetime
from professionals.models import Nation, Profession
from reach.areas import Unit, area_by_key, areas_of
from reach.models import Kind, ReachCount, Report
from reach.queries import Period, key_of, month_after, month_before
from reach.reports.disclosure import LEAST_RANGE, TOTAL, Table, disclose

PEOPLE = {"attended": Kind.ATTENDED, "signed-up": Kind.SIGNED_UP}
MOST_QUOTES = 20
Counts = Mapping[date, Mapping[str, int]]


def before(period: Period) -> Period:
    """The same number of months just before it."""
    last = first = month_before(period.first)
    for _month in range((period.last.year - period.first.year) * 12 + period.last.month - period.first.month):
        first = month_before(first)
    return Period(first, last)


def read_figures(period: Period, earlier: Sequence[Report]) -> dict[str, Any]:
    """All that the report shows, without what must be withheld; `earlier`: all other reports, deleted ones too."""
    counts = counts_by_month_and_profession()
    periods = {"this": period, "before": before(period)}
    figures: dict[str, Any] = {"plain": {}, "people": {}}
    for kind in (Kind.PRESENTATIONS, Kind.LEAFLETS):
        figures["plain"][kind] = {name: sum(table_of(counts[kind], each).rows.values()) for name, each in periods.items()}  # type: ignore[arg-type]
    for kind in PEOPLE.values():
        whole = [table_of(counts[kind], each) for each in periods.values()]
        if kind == Kind.SIGNED_UP:
            whole = [Table(table.period, {}, table.total) for table in whole]
        shown = disclose(whole, [table for report in earlier for table in tables_in(report, kind)], counts[kind])
        figures["people"][kind] = {name: table.figures for name, table in zip(periods, shown, strict=True)}
    first, reached = months_of_areas()
    for name, each in periods.items():
        there = {code for code, months in reached.items() if any(each.first <= month <= each.last for month in months)}
        new = {code for code in there if first[code] >= each.first}
        figures["plain"] |= {f"reached {name}": len(there), f"new {name}": len(new)}
        if name == "this":
            figures |= {"reached": sorted(there - new), "new": sorted(new)}
    return {**figures, "confidence": confidence_figures(period), "quotes": chosen_quotes(period)}
