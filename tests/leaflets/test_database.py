"""The database itself refuses what must never be."""

import pytest
from django.db import IntegrityError, connection, transaction
from django.db.models import F

from leaflets.models import Edition, EditionState, Leaflet, Order, OrderEvent, OrderLine, StockMovement
from leaflets.orders.services.transitions import cancel_order
from tests.factories import make_person, make_staff
from tests.leaflets.factories import make_edition, make_order

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    "figures",
    [{"on_hand": -1}, {"allocated": -1}, {"allocated": F("on_hand") + 1}, {"on_hand": 4, "allocated": 5}],
    ids=["negative stock", "negative allocation", "over-allocation", "shelf emptied under a promise"],
)
def test_stock_is_never_negative_nor_promised_twice(now, figures):
    edition = make_edition(now, stock=50)
    with pytest.raises(IntegrityError), transaction.atomic():
        Edition.objects.filter(pk=edition.pk).update(**figures)


@pytest.mark.parametrize(
    "figures",
    [{"allocated": 6}, {"dispatched": 1}, {"allocated": 0}, {"copies": 0}, {"copies": -1, "allocated": -1}, {"cancelled": 5}],
)
def test_every_copy_of_a_line_is_accounted_for_once(now, figures):
    order = make_order(make_person(), now)
    with pytest.raises(IntegrityError), transaction.atomic():
        OrderLine.objects.filter(order=order).update(**figures)


def test_a_title_has_one_current_edition(now):
    edition = make_edition(now)
    with pytest.raises(IntegrityError), transaction.atomic():
        Edition.objects.create(
            leaflet=edition.leaflet, label="Another", published_on=now.date(), review_on=now.date(), pdf="x.pdf", pages=1, size=1
        )


def test_an_order_has_one_line_an_edition(now):
    line = make_order(make_person(), now).lines.get()
    with pytest.raises(IntegrityError), transaction.atomic():
        OrderLine.objects.create(order=line.order, edition=line.edition, copies=1, allocated=1)


def test_a_limit_of_nothing_is_refused(now):
    leaflet = make_edition(now).leaflet
    with pytest.raises(IntegrityError), transaction.atomic():
        Leaflet.objects.filter(pk=leaflet.pk).update(most_per_order=0)


def test_two_orders_never_come_from_one_form(now):
    person = make_person()
    make_order(person, now, token="t" * 43)
    second = make_order(make_person(), now)
    with pytest.raises(IntegrityError), transaction.atomic():
        Order.objects.filter(pk=second.pk).update(submission_token="t" * 43)


@pytest.mark.parametrize("model", [StockMovement, OrderEvent])
def test_history_can_be_neither_changed_nor_deleted(now, model):
    make_order(make_person(), now)
    with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
        model.objects.update(kind="cancelled" if model is OrderEvent else "released")
    with pytest.raises(IntegrityError, match="append-only"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"DELETE FROM {model._meta.db_table}")  # noqa: S608


def test_a_reason_and_who_acted_can_be_blanked(now):
    staff = make_staff()
    order = make_order(make_person(), now)
    cancel_order(order=order, by=staff, now=now, reason="Asked by phone")
    OrderEvent.objects.update(reason="", by=None)
    assert list(OrderEvent.objects.values_list("reason", "by")) == [("", None), ("", None)]


@pytest.mark.parametrize(
    "changes",
    [
        {"kind": "received", "copies": 5, "on_hand_change": 6, "allocated_change": 0},
        {"kind": "received", "copies": 0, "on_hand_change": 0, "allocated_change": 0},
        {"kind": "allocated", "copies": 5, "on_hand_change": 0, "allocated_change": 5},  # without a line
        {"kind": "corrected", "copies": 5, "on_hand_change": -4, "allocated_change": 0},
        {"kind": "corrected", "copies": 5, "on_hand_change": -5, "allocated_change": -5},
    ],
)
def test_a_movement_changes_what_its_kind_says(now, changes):
    edition = make_edition(now)
    with pytest.raises(IntegrityError, match="stock_movement"), transaction.atomic():
        StockMovement.objects.create(edition=edition, at=now, **changes)


def test_a_leaflet_that_was_ordered_can_not_be_deleted(now):
    leaflet = make_order(make_person(), now).lines.get().edition.leaflet
    with pytest.raises(IntegrityError):
        leaflet.delete()
    assert leaflet.editions.get().state == EditionState.CURRENT
