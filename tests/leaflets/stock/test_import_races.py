"""An uploaded list that is written twice at the same moment, or while orders take from the same shelf."""

from collections import Counter
from functools import partial
from threading import Barrier

import pytest
from django.db.models import QuerySet

from leaflets.models import Edition, SheetImport
from leaflets.stock import imports
from leaflets.stock.imports import apply_import, create_import, plan_import
from leaflets.stock.services import ledger_differences
from tests.factories import make_person, make_staff
from tests.leaflets.factories import make_edition, make_leaflet, make_order
from tests.leaflets.test_races import at_once

pytestmark = pytest.mark.django_db(transaction=True, serialized_rollback=True)


def press(sheet, now):
    return partial(apply_import, sheet=sheet, shown=plan_import(sheet).digest, again=False, by=make_staff(), now=now)


def upload(now):
    content = b"Short name,Copies that came in\r\ngp,100\r\nit,5\r\n"
    return create_import(kind="stock", content=content, by=None, now=now)


@pytest.fixture
def shelf(now):
    return [make_edition(now, stock=50, leaflet=make_leaflet(slug)) for slug in ("gp", "it")]


def on_the_shelf():
    return list(Edition.objects.order_by("pk").values_list("on_hand", flat=True))


def test_four_presses_at_once_write_a_list_once(now, shelf):
    sheet = upload(now)
    outcomes = at_once(*(press(sheet, now) for _ in range(4)))
    assert Counter(outcomes) == {"done": 1, "ListAlreadyApplied": 3}
    assert (on_the_shelf(), list(ledger_differences())) == ([150, 55], [])


def test_without_the_locks_they_write_it_more_than_once(now, shelf, monkeypatch):
    """The negative control: what the lock of the import, and the digest under the lock of the editions, are for."""
    sheet = upload(now)
    presses = [press(sheet, now) for _ in range(4)]
    monkeypatch.setattr(QuerySet, "select_for_update", lambda rows, **_options: rows)
    meet = Barrier(4)
    plan = imports.plan_import

    def met(asked):
        found = plan(asked)
        meet.wait(timeout=20)
        return found

    monkeypatch.setattr(imports, "plan_import", met)
    assert Counter(at_once(*presses))["done"] > 1
    assert on_the_shelf()[0] > 150
    assert SheetImport.objects.count() == 1


def test_of_two_uploads_of_the_same_list_one_is_written(now, shelf):
    outcomes = at_once(press(upload(now), now), press(upload(now), now))
    assert Counter(outcomes) == {"done": 1, "DataHasChanged": 1}
    assert on_the_shelf() == [150, 55]


def test_orders_and_a_list_at_once_never_wait_in_a_circle(now, shelf):
    sheet = upload(now)
    people = [make_person() for _ in range(6)]
    baskets = [{edition.leaflet: 5 for edition in shelf[:: 1 if n % 2 else -1]} for n in range(6)]
    orders = [partial(make_order, person, now, basket) for person, basket in zip(people, baskets, strict=True)]
    outcomes = at_once(press(sheet, now), *orders)
    assert Counter(outcomes) == {"done": 7}
    assert (on_the_shelf(), list(ledger_differences())) == ([150, 55], [])
