"""What the pages of reach are asked, and what they show of it when it makes no sense."""

from datetime import UTC, date, datetime
from typing import Any

import pytest
from django.http import QueryDict

from reach.areas import Unit
from reach.forms import Measure, Question, QuestionForm
from reach.models import CountKind, ReachCount
from reach.queries import Period

NOW = datetime(2027, 1, 12, 10, tzinfo=UTC)
USUAL = Question(CountKind.ATTENDED, Period(date(2026, 1, 1), date(2026, 12, 1)), "", Unit.UPPER, Measure.NUMBER)


def asked(**data: str) -> QuestionForm:
    return QuestionForm(data, now=NOW)


def test_nothing_asked_is_the_last_twelve_months() -> None:
    form = asked()
    assert form.question == USUAL
    assert not form.errors
    assert form.query() == "?"


@pytest.mark.parametrize(
    ("preset", "first", "last"),
    [
        ("this-financial-year", date(2026, 4, 1), date(2027, 3, 1)),
        ("last-financial-year", date(2025, 4, 1), date(2026, 3, 1)),
    ],
)
def test_presets(preset: str, first: date, last: date) -> None:
    assert asked(period=preset).question.period == Period(first, last)


@pytest.mark.django_db
def test_everything_begins_with_the_first_count() -> None:
    assert asked(period="everything").question.period == Period(date(2027, 1, 1), date(2027, 1, 1))
    ReachCount.objects.create(kind=CountKind.LEAFLETS, month=date(2024, 5, 1), count=3)
    assert asked(period="everything").question.period == Period(date(2024, 5, 1), date(2027, 1, 1))


@pytest.mark.parametrize("typed", ["3 2025", "03/2025", "March 2025", "mar 2025", "2025-03"])
def test_other_months_are_typed_as_people_do(typed: str) -> None:
    form = asked(period="own", first=typed, last="4 2025")
    assert form.question.period == Period(date(2025, 3, 1), date(2025, 4, 1))
    again = QueryDict(form.query().lstrip("?"))
    assert QuestionForm(again.dict(), now=NOW).question == form.question  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("data", "wrong"),
    [
        ({"kind": "cats"}, "kind"),
        ({"period": "yesterday"}, "period"),
        ({"period": "own"}, "first"),
        ({"period": "own", "first": "13 2025", "last": "1 2026"}, "first"),
        ({"period": "own", "first": "sam 2025", "last": "1 2026"}, "first"),
        ({"period": "own", "first": "1 0001", "last": "1 9999"}, "last"),
        ({"period": "own", "first": "2 2026", "last": "1 2026"}, "last"),
        ({"period": "own", "first": "\0", "last": "1 2026"}, "first"),
        ({"profession": "wizard"}, "profession"),
        ({"unit": "parish"}, "unit"),
        ({"measure": "per-cat"}, "measure"),
    ],
)
def test_what_is_wrong_is_said_and_the_usual_is_shown(data: dict[str, Any], wrong: str) -> None:
    form = asked(**data)
    assert form.question == USUAL
    assert wrong in form.errors
    assert QuestionForm(QueryDict(form.query().lstrip("?")).dict(), now=NOW).is_valid()  # type: ignore[arg-type]


def test_the_address_keeps_what_was_asked() -> None:
    form = asked(kind="leaflets", profession="gp", measure="cats")
    assert form.query(sort="name") == "?kind=leaflets&profession=gp&sort=name"
    assert form.query(unit="nation", profession="all") == "?kind=leaflets&unit=nation"


def test_months_that_are_not_asked_are_no_mistake() -> None:
    form = asked(period="last-financial-year", first="soon", last="3 2020")
    assert form.question.period == Period(date(2025, 4, 1), date(2026, 3, 1))
    assert not form.errors
    assert form.query() == "?period=last-financial-year"
