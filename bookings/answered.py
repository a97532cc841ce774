"""What people said of a presentation, in figures: how many answered, how far they agree on average, how many chose what."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Avg, Count, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import JSONObject
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from bookings.models import STATEMENTS, Afterwards, Agreement, Feedback

BEST = 5
MOST_COMMENTS = 100


@dataclass(frozen=True)
class Figure:
    """Of one sentence: how many said how far they agree, the most agreeing first."""

    statement: str | Promise
    numbers: Sequence[int]

    @property
    def answers(self) -> int:
        return sum(self.numbers)

    @property
    def by_choice(self) -> list[tuple[str, int]]:
        return [(str(label), number) for label, number in zip(Agreement.labels, self.numbers, strict=True)]

    @property
    def average(self) -> str:
        """'4.3', or a dash while nobody has answered."""
        total = sum(value * number for value, number in zip(Agreement.values, self.numbers, strict=True))
        return f"{total / self.answers:.1f}" if self.answers else "–"


def figures(afterwards: Afterwards) -> list[Figure]:
    """One statement, however many have answered."""
    counts = {f"{name}_{value}": Count("pk", filter=Q(**{name: value})) for name in STATEMENTS for value in Agreement.values}
    found = Feedback.objects.filter(afterwards=afterwards).aggregate(**counts)
    return [Figure(label, [found[f"{name}_{value}"] for value in Agreement.values]) for name, label in STATEMENTS.items()]


def with_averages(rows: QuerySet[Afterwards]) -> QuerySet[Afterwards]:
    """Each with `said`: how many answered, and the averages; worked out for the rows of a page alone."""
    averages = {name: Avg(name) for name in ("useful", "clear", "ready")}
    of_each = Feedback.objects.filter(afterwards=OuterRef("pk")).order_by().values("afterwards")
    said = of_each.annotate(said=JSONObject(answers=Count("pk"), **averages)).values("said")
    return rows.annotate(said=Subquery(said))


def average_of(row: Any, name: str) -> str:
    said = row.said or {}
    return f"{float(said[name]):.1f}" if said.get(name) is not None else "–"


def in_short(given_figures: Sequence[Figure]) -> str:
    """'12 answers. Of 5: useful 4.3, understood 4.1, knows what to do 4.6'."""
    useful, clear, ready = given_figures[:3]
    if not useful.answers:
        return _("Nobody has answered yet")
    said = ngettext("%(n)d answer", "%(n)d answers", useful.answers) % {"n": useful.answers}
    facts = {"answers": said, "useful": useful.average, "clear": clear.average, "ready": ready.average}
    return _("%(answers)s. Of 5: useful %(useful)s, understood %(clear)s, knows what to do %(ready)s") % facts
