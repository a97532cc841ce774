"""The questions of reach's pages: what, when, who, which areas, and how measured. Bound from GET."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, ClassVar

from django import forms
from django.core.exceptions import ValidationError
from django.db import models
from django.utils.http import urlencode
from django.utils.translation import gettext_lazy as _

from core.dates import uk_day
from core.forms import MONTHS, PageForm
from professionals.models import Profession
from reach.areas import Unit
from reach.models import CountKind, ReachCount
from reach.queries import Period

MONTH_PATTERN = re.compile(r"(?:(\d{1,2}|[a-z]{3,9})[\s/.,-]+(20\d\d)|(20\d\d)[\s/.-]+(\d{1,2}))", re.ASCII)
APRIL = 4
ALL_CHOICE = "all"


class Measure(models.TextChoices):
    NUMBER = "number", _("The number")
    PER_CHILDREN = "per-children", _("For each 10,000 children")
    PER_SOCIAL_WORKER = "per-social-worker", _("For each social worker")


class Preset(models.TextChoices):
    YEAR = "year", _("The last 12 months")
    THIS_FINANCIAL = "this-financial-year", _("This financial year")
    LAST_FINANCIAL = "last-financial-year", _("The last financial year")
    EVERYTHING = "everything", _("Everything")
    OWN = "own", _("Other months")


@dataclass(frozen=True)
class Question:
    """`profession`: empty for all."""

    kind: CountKind
    period: Period
    profession: str
    unit: Unit
    measure: Measure

    @property
    def profession_text(self) -> str:
        return str(Profession(self.profession).label if self.profession else _("All professions"))


def parse_month(typed: str) -> date:
    """'4 2026', '4/2026', 'April 2026', '2026-04': its first day. Raises ValueError."""
    match = MONTH_PATTERN.fullmatch(" ".join(typed.lower().split()))
    if not match:
        raise ValueError(typed)
    month = match[1] or match[4]
    number = int(month) if month.isdigit() else MONTHS.index(month[:3]) + 1
    return date(int(match[2] or match[3]), number, 1)


class MonthField(forms.CharField):
    """A month, typed as people write it."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(help_text=_("For example, 4 2026."), max_length=20, required=False, **kwargs)
        self.widget.attrs.update({"autocomplete": "off", "class": "govuk-input--width-10"})

    def clean(self, value: Any) -> date | None:
        typed = super().clean(value)
        try:
            return parse_month(typed) if typed else None
        except ValueError as error:
            raise ValidationError(_("Enter a month and its year, such as 4 2026."), code="invalid") from error


def clean_own_months(form: forms.Form) -> Period | None:
    """The months typed into `first` and `last`. Adds an error beside each that is wrong."""
    typed = {name: form.cleaned_data[name] for name in ("first", "last") if name in form.cleaned_data}
    for name, month in typed.items():
        if not month:
            form.add_error(name, _("Enter a month and its year, such as 4 2026."))
    first, last = typed.get("first"), typed.get("last")
    if not first or not last:
        return None
    if last < first:
        form.add_error("last", _("Enter the same month as the first, or a later one."))
        return None
    return Period(first, last)


class QuestionForm(PageForm):
    """Every question has a default, so the page has an answer when it opens.

    A wrong answer gets an error beside its box, and the page uses the default instead.
    """

    kind = forms.ChoiceField(label=_("What"), choices=CountKind)
    period = forms.ChoiceField(label=_("When"), choices=Preset)
    first = MonthField(label=_("From month"))
    last = MonthField(label=_("To month"))
    profession = forms.ChoiceField(label=_("Profession"), choices=[(ALL_CHOICE, _("All professions")), *Profession.choices])
    unit = forms.ChoiceField(label=_("Areas"), choices=Unit)
    measure = forms.ChoiceField(label=_("Show"), choices=Measure)

    conditional: ClassVar[Mapping[str, tuple[str, str]]] = dict.fromkeys(("first", "last"), ("period", Preset.OWN))
    DEFAULTS: ClassVar[Mapping[str, str]] = {
        "kind": CountKind.ATTENDED,
        "period": Preset.YEAR,
        "first": "",
        "last": "",
        "profession": ALL_CHOICE,
        "unit": Unit.UPPER,
        "measure": Measure.NUMBER,
    }

    def __init__(self, data: Mapping[str, str], *, now: datetime, **kwargs: Any) -> None:
        given = {name: value for name, value in data.items() if value}
        if given.get("period") != Preset.OWN:  # left over in boxes that don't apply
            given = {name: value for name, value in given.items() if name not in ("first", "last")}
        super().__init__({**self.DEFAULTS, **given}, **kwargs)
        self.today = uk_day(now)
        year = self.today.year - (self.today.month < APRIL)
        self.periods = {
            Preset.YEAR: Period.last_months(12, now),
            Preset.THIS_FINANCIAL: Period.financial_year(year),
            Preset.LAST_FINANCIAL: Period.financial_year(year - 1),
        }

    def clean(self) -> dict[str, Any]:
        found = self.cleaned_data
        if found.get("period") == Preset.OWN:
            if period := clean_own_months(self):
                self.periods[Preset.OWN] = period
        elif found.get("period") == Preset.EVERYTHING:
            month = self.today.replace(day=1)
            first = ReachCount.objects.order_by("month").values_list("month", flat=True).first()
            self.periods[Preset.EVERYTHING] = Period(min(first or month, month), month)
        return found

    @property
    def question(self) -> Question:
        """The question that the page answers: what was asked, as far as it can be answered."""
        self.is_valid()
        asked = {**self.DEFAULTS, **self.cleaned_data}
        return Question(
            kind=CountKind(asked["kind"]),
            period=self.periods.get(Preset(asked["period"]), self.periods[Preset.YEAR]),
            profession="" if asked["profession"] == ALL_CHOICE else asked["profession"],
            unit=Unit(asked["unit"]),
            measure=Measure(asked["measure"]),
        )

    def query(self, **other: str) -> str:
        """The address of the same question with something else asked; wrong answers are left out."""
        self.is_valid()
        shown = {name: str(self.data[name]) for name in self.DEFAULTS if name in self.cleaned_data}
        if shown.get("period") == Preset.OWN and Preset.OWN not in self.periods:
            shown = {**shown, "period": Preset.YEAR}
        asked = {name: value for name, value in {**shown, **other}.items() if value != self.DEFAULTS.get(name, "")}
        return f"?{urlencode(asked)}"
