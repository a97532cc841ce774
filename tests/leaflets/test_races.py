"""Many at the same moment, on real connections: nobody gets what isn't there, and nobody waits in a circle."""

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import pytest
from django.db import connection

from core.errors import DomainError
from leaflets.models import Edition, Order, StockAlert, StockMovement
from leaflets.models.catalogue import EditionQuerySet
from leaflets.orders.allowances import Shortfalls
from leaflets.orders.services import create
from leaflets.orders.services.change import OrderChange, change_order, change_page_digest, ordered_titles
from leaflets.orders.services.create import AlreadyPlaced
from leaflets.orders.services.transitions import OrderStateHasChanged, cancel_order, dispatch_order, restore_order, start_packing
from leaflets.stock.services import AlreadyInStock, ask_for_alert, ledger_differences, receive_stock
from notifications.models import Notification
from tests.factories import make_person, make_staff
from tests.leaflets.factories import make_edition, make_order

pytestmark = pytest.mark.django_db(transaction=True, serialized_rollback=True)


def at_once(*acts: Callable[[], Any]) -> list[str]:
    """Run all in threads of their own, each with its own connection, from one starting shot; the outcomes by name."""
    shot, outcomes = threading.Barrier(len(acts)), ["never ended"] * len(acts)

    def run(number: int, act: Callable[[], Any]) -> None:
        try:
            connection.ensure_connection()
            shot.wait(timeout=20)
            act()
            outcomes[number] = "done"
        except Exception as error:  # noqa: BLE001  # whatever it was, the test compares its name
            outcomes[number] = type(error).__name__
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(number, act)) for number, act in enumerate(acts)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    return outcomes


def test_twenty_people_take_the_last_copies_and_exactly_the_stock_is_given(now):
    edition = make_edition(now, stock=35)
    people = [make_person() for _ in range(20)]
    outcomes = at_once(*(lambda person=person: make_order(person, now, {edition.leaflet: 5}) for person in people))
    assert Counter(outcomes) == {"done": 7, Shortfalls.__name__: 13}
    edition.refresh_from_db()
    assert (edition.on_hand, edition.allocated, edition.available) == (35, 35, 0)
    assert (Order.objects.count(), list(ledger_differences())) == (7, [])


def without_the_lock(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(EditionQuerySet, "locked", lambda self: self.order_by("pk"))


@contextmanager
def without_guards(monkeypatch: pytest.MonkeyPatch, people: int) -> Iterator[None]:
    """The lock off, the CHECK dropped, and everyone held between reading the stock and taking from it."""
    everyone_has_read, allocate = threading.Barrier(people), create._allocate

    def allocate_once_all_have_read(*order: Any, **more: Any) -> None:
        everyone_has_read.wait(timeout=30)
        allocate(*order, **more)

    without_the_lock(monkeypatch)
    monkeypatch.setattr(create, "_allocate", allocate_once_all_have_read)
    table, name = Edition._meta.db_table, "edition_allocated_within_on_hand"
    constraint = next(c for c in Edition._meta.constraints if c.name == name)
    with connection.cursor() as cursor:
        cursor.execute(f"ALTER TABLE {table} DROP CONSTRAINT {name}")
    try:
        yield
    finally:
        Edition.objects.update(on_hand=10**6)  # or the constraint could not come back
        with connection.schema_editor() as editor:
            editor.add_constraint(Edition, constraint)


def test_without_lock_and_check_more_is_promised_than_there_is(now, monkeypatch):
    """The negative control: the race above is real, and the guards are what wins it."""
    edition = make_edition(now, stock=35)
    people = [make_person() for _ in range(20)]
    with without_guards(monkeypatch, len(people)):
        outcomes = at_once(*(lambda person=person: make_order(person, now, {edition.leaflet: 5}) for person in people))
        edition.refresh_from_db()
        assert Counter(outcomes) == {"done": 20}
        assert (edition.on_hand, edition.allocated) == (35, 100)


def test_without_the_lock_the_check_alone_still_refuses(now, monkeypatch):
    edition = make_edition(now, stock=35)
    people = [make_person() for _ in range(20)]
    without_the_lock(monkeypatch)
    outcomes = at_once(*(lambda person=person: make_order(person, now, {edition.leaflet: 5}) for person in people))
    assert Counter(outcomes)["done"] == 7
    edition.refresh_from_db()
    assert (edition.on_hand, edition.allocated, list(ledger_differences())) == (35, 35, [])


def test_baskets_with_titles_in_opposite_order_never_wait_for_each_other_in_a_circle(now):
    titles = [make_edition(now, stock=2000).leaflet for _ in range(4)]

    def place_many(basket: list[Any]) -> None:
        person = make_person()
        for _ in range(10):
            make_order(person, now, dict.fromkeys(basket, 1))

    acts = [lambda basket=basket: place_many(basket) for basket in (titles, titles[::-1]) * 4]
    assert at_once(*acts) == ["done"] * 8
    assert set(Edition.objects.values_list("allocated", flat=True)) == {80}
    assert list(ledger_differences()) == []


def test_the_same_form_sent_five_times_at_once_makes_one_order(now):
    person, leaflet = make_person(), make_edition(now).leaflet
    outcomes = at_once(*[lambda: make_order(person, now, {leaflet: 5}, token="t" * 43)] * 5)
    assert Counter(outcomes) == {"done": 1, AlreadyPlaced.__name__: 4}
    assert Order.objects.count() == 1


def test_the_same_form_with_other_titles_at_once_makes_one_order(now):
    """Two tabs: their titles share no lock, so the unique token decides."""
    person, titles = make_person(), [make_edition(now).leaflet for _ in range(2)]
    outcomes = at_once(*(lambda title=title: make_order(person, now, {title: 5}, token="t" * 43) for title in titles))
    assert Counter(outcomes) == {"done": 1, AlreadyPlaced.__name__: 1}
    assert (Order.objects.count(), list(ledger_differences())) == (1, [])


def test_the_same_form_twice_for_the_last_copies_is_not_told_that_they_are_gone(now):
    person, leaflet = make_person(), make_edition(now, stock=5).leaflet
    outcomes = at_once(*[lambda: make_order(person, now, {leaflet: 5}, token="t" * 43)] * 2)
    assert Counter(outcomes) == {"done": 1, AlreadyPlaced.__name__: 1}


def test_of_cancel_and_dispatch_at_once_one_wins_and_the_figures_are_right(now):
    staff, edition = make_staff(), make_edition(now, stock=100)
    for _ in range(8):
        order = make_order(make_person(), now, {edition.leaflet: 5})
        start_packing(order=order, by=staff, now=now)
        two = [Order.objects.get(pk=order.pk) for _ in range(2)]
        outcomes = at_once(
            lambda one=two[0]: cancel_order(order=one, by=staff, now=now),
            lambda other=two[1]: dispatch_order(order=other, by=staff, now=now),
        )
        assert Counter(outcomes) == {"done": 1, OrderStateHasChanged.__name__: 1}
    edition.refresh_from_db()
    sent = StockMovement.objects.filter(kind="dispatched").count()
    assert (edition.on_hand, edition.allocated) == (100 - 5 * sent, 0)
    assert list(ledger_differences()) == []


def test_of_the_owner_who_cancels_and_staff_who_start_to_pack_one_wins(now):
    staff, edition = make_staff(), make_edition(now, stock=100)
    for _ in range(5):
        order = make_order(make_person(), now, {edition.leaflet: 5})
        two = [Order.objects.select_related("person__user").get(pk=order.pk) for _ in range(2)]
        outcomes = at_once(
            lambda one=two[0]: cancel_order(order=one, by=one.person.user, now=now),
            lambda other=two[1]: start_packing(order=other, by=staff, now=now),
        )
        assert Counter(outcomes) == {"done": 1, OrderStateHasChanged.__name__: 1}
    assert list(ledger_differences()) == []


@pytest.mark.parametrize("end", ["cancelled", "packing"])
def test_a_change_comes_before_the_end_of_an_order_or_not_at_all(now, end):
    staff, edition = make_staff(), make_edition(now, stock=100)
    for _ in range(5):
        order = make_order(make_person(), now, {edition.leaflet: 5})
        one, other = (Order.objects.select_related("person__user").get(pk=order.pk) for _ in range(2))
        fewer = OrderChange(
            {edition.leaflet_id: 3},
            order.delivery,
            change_page_digest(ordered_titles(order.lines.in_catalogue_order(), {}), order.delivery),
        )
        ending = {"cancelled": cancel_order, "packing": start_packing}[end]
        outcomes = at_once(
            lambda one=one, fewer=fewer: change_order(order=one, change=fewer, by=one.person.user, now=now),
            lambda other=other, ending=ending: ending(order=other, by=staff, now=now),
        )
        assert outcomes in (["done", "done"], [OrderStateHasChanged.__name__, "done"])
        order.refresh_from_db()
        assert (order.state, order.lines.get().copies) == (end, 3 if outcomes[0] == "done" else 5)
    assert list(ledger_differences()) == []


def test_of_two_who_want_the_last_copies_for_their_orders_one_is_refused(now):
    edition = make_edition(now, stock=15)
    orders = [make_order(make_person(), now, {edition.leaflet: 5}) for _ in range(2)]
    more = [
        OrderChange(
            {edition.leaflet_id: 10},
            order.delivery,
            change_page_digest(ordered_titles(order.lines.in_catalogue_order(), {}), order.delivery),
        )
        for order in orders
    ]
    outcomes = at_once(
        *(
            lambda order=order, change=change: change_order(order=order, change=change, by=None, now=now)
            for order, change in zip(orders, more, strict=True)
        )
    )
    assert Counter(outcomes) == {"done": 1, Shortfalls.__name__: 1}
    edition.refresh_from_db()
    assert (edition.allocated, list(ledger_differences())) == (15, [])


def test_two_dispatches_of_one_order_at_once_send_one_parcel(now):
    staff, edition = make_staff(), make_edition(now, stock=100)
    order = make_order(make_person(), now, {edition.leaflet: 5})
    start_packing(order=order, by=staff, now=now)
    copies = [Order.objects.get(pk=order.pk) for _ in range(4)]
    outcomes = at_once(*(lambda one=one: dispatch_order(order=one, by=staff, now=now) for one in copies))
    assert Counter(outcomes) == {"done": 1, OrderStateHasChanged.__name__: 3}
    assert order.dispatches.count() == 1


def test_whoever_waits_for_word_is_told_once_by_two_deliveries_and_none_asks_past_them(now):
    edition, early, late = make_edition(now, stock=0), make_person(email="early@nhs.net"), make_person(email="late@nhs.net")
    ask_for_alert(person=early, leaflet=edition.leaflet, now=now)
    deliver = partial(receive_stock, edition=edition, copies=5, by=None, now=now)
    outcomes = at_once(deliver, deliver, partial(ask_for_alert, person=late, leaflet=edition.leaflet, now=now))
    told = sorted(Notification.objects.filter(kind="leaflet-back").values_list("recipient", flat=True))
    assert (outcomes[:2], StockAlert.objects.count()) == (["done", "done"], 0)
    assert (outcomes[2], told) in [("done", ["early@nhs.net", "late@nhs.net"]), (AlreadyInStock.__name__, ["early@nhs.net"])]


def test_the_last_copies_go_back_to_a_cancelled_order_or_to_somebody_else(now):
    edition = make_edition(now, stock=5)
    order = make_order(make_person(), now, {edition.leaflet: 5})
    cancel_order(order, by=None, now=now)
    people = [make_person() for _ in range(5)]
    orders = [lambda person=person: make_order(person, now, {edition.leaflet: 5}) for person in people]
    outcomes = Counter(at_once(partial(restore_order, order, reason="A mistake", by=None, now=now), *orders))
    assert outcomes["done"] == 1
    assert outcomes[Shortfalls.__name__] + outcomes[DomainError.__name__] == 5
    edition.refresh_from_db()
    assert (edition.on_hand, edition.allocated, list(ledger_differences())) == (5, 5, [])
