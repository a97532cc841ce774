"""place_order: all of it or nothing, and every shortfall said at once."""

import pytest
from django.conf import settings

from leaflets.catalogue.services import withdraw_edition
from leaflets.models import MovementKind, Order as OrderRow, OrderChannel, OrderEventKind, OrderState, StockMovement
from leaflets.orders.allowances import Shortfalls
from leaflets.orders.services.create import AlreadyPlaced, EmptyBasket, place_order
from leaflets.orders.services.transitions import cancel_order
from leaflets.stock.services import ledger_differences
from notifications.models import Notification
from professionals.models import Draft, DraftKind
from tests.factories import make_person, make_staff
from tests.leaflets.factories import make_edition, make_order, unsaved_order
from tests.leaflets.statements import statements

pytestmark = pytest.mark.django_db


def test_an_order_promises_its_copies_and_writes_everything_down(now):
    one, two = make_edition(now, stock=50), make_edition(now, stock=20)
    person = make_person()
    order = make_order(person, now, {two.leaflet: 20, one.leaflet: 5}, by=person.user)
    assert (order.state, order.channel, order.person, order.postcode, order.attention) == (
        *(OrderState.RECEIVED, OrderChannel.WEB, person, "LS1 4AP", "The duty desk"),
    )
    assert order.reference.startswith("LO-")
    assert {(line.edition, line.copies, line.allocated) for line in order.lines.all()} == {(one, 5, 5), (two, 20, 20)}
    one.refresh_from_db()
    two.refresh_from_db()
    assert (one.on_hand, one.allocated, one.available) == (50, 5, 45)
    assert (two.on_hand, two.allocated, two.available) == (20, 20, 0)
    movements = StockMovement.objects.filter(order_line__order=order, kind=MovementKind.ALLOCATED)
    assert sorted(movements.values_list("copies", "on_hand_change", "allocated_change", "by")) == [
        (5, 0, 5, person.user.pk),
        (20, 0, 20, person.user.pk),
    ]
    assert list(order.events.values_list("kind", "by", "at")) == [(OrderEventKind.PLACED, person.user.pk, now)]
    assert list(ledger_differences()) == []


def test_the_person_and_staff_are_told(now):
    person = make_person()
    order = make_order(person, now)
    assert set(Notification.objects.values_list("kind", "about", "reference", "recipient")) == {
        ("order-received", f"order:{order.pk}", order.reference, person.email),
        ("staff-new-order", f"order:{order.pk}", order.reference, settings.STAFF_EMAIL),
    }


def test_every_shortfall_is_reported_at_once_and_nothing_is_written(now):
    plenty = make_edition(now, stock=50).leaflet
    few = make_edition(now, stock=3).leaflet
    none = make_edition(now, stock=0).leaflet
    limited = make_edition(now, stock=500, most_per_order=10).leaflet
    withdrawn = make_edition(now)
    withdraw_edition(edition=withdrawn)
    hidden = make_edition(now, active=False).leaflet
    basket = {plenty: 50, few: 4, none: 1, limited: 11, withdrawn.leaflet: 1, hidden: 1}
    with pytest.raises(Shortfalls) as refusal:
        make_order(make_person(), now, basket)
    assert [(short.leaflet, short.wanted, short.possible, short.over_limit) for short in refusal.value.shortfalls] == [
        (few, 4, 3, False),
        (none, 1, 0, False),
        (limited, 11, 10, True),
        (withdrawn.leaflet, 1, 0, False),
        (hidden, 1, 0, False),
    ]
    assert (OrderRow.objects.count(), Notification.objects.count()) == (0, 0)
    assert not StockMovement.objects.exclude(kind=MovementKind.RECEIVED).exists()


@pytest.mark.parametrize("copies", [0, -1])
def test_no_order_has_less_than_one_copy(now, copies):
    with pytest.raises(Shortfalls):
        make_order(make_person(), now, {make_edition(now).leaflet: copies})


def test_the_limit_that_counts_is_the_one_in_the_database(now):
    leaflet = make_edition(now, most_per_order=100).leaflet
    type(leaflet).objects.update(most_per_order=5)
    with pytest.raises(Shortfalls):
        make_order(make_person(), now, {leaflet: 6})


def test_an_empty_basket_is_refused(now):
    with pytest.raises(EmptyBasket):
        place_order(order=unsaved_order(make_person()), by=None, basket={}, now=now)


def test_staff_go_over_a_limit_with_a_logged_reason_and_never_over_stock(now):
    staff, edition = make_staff(), make_edition(now, stock=500, most_per_order=100)
    order = make_order(make_person(), now, {edition.leaflet: 300}, by=staff, override_reason="A whole ward")
    assert list(order.events.order_by("pk").values_list("kind", "by", "reason")) == [
        (OrderEventKind.PLACED, staff.pk, ""),
        (OrderEventKind.OVER_LIMIT, staff.pk, "A whole ward"),
    ]
    with pytest.raises(Shortfalls) as refusal:
        make_order(make_person(), now, {edition.leaflet: 201}, by=staff, override_reason="More")
    assert [short.possible for short in refusal.value.shortfalls] == [200]


def test_staff_without_a_reason_keep_to_the_limit(now):
    with pytest.raises(Shortfalls):
        make_order(make_person(), now, {make_edition(now, stock=500).leaflet: 101}, by=make_staff())


def test_a_reason_from_somebody_else_lifts_no_limit(now):
    person = make_person()
    with pytest.raises(Shortfalls):
        make_order(person, now, {make_edition(now, stock=500).leaflet: 101}, by=person.user, override_reason="Please")


def test_the_same_form_again_leads_to_the_first_order(now):
    person, leaflet = make_person(), make_edition(now).leaflet
    first = make_order(person, now, {leaflet: 5}, token="t" * 43, digest="d")
    with pytest.raises(AlreadyPlaced) as refusal:
        make_order(person, now, {leaflet: 5}, token="t" * 43, digest="d")
    assert refusal.value.order == first
    assert OrderRow.objects.get() == first


def test_a_staff_form_used_again_for_another_caller_leads_to_its_order(now):
    leaflet, staff = make_edition(now).leaflet, make_staff()

    def place(person):
        order = unsaved_order(person, channel=OrderChannel.PHONE, token="t" * 43)
        return place_order(order=order, by=staff, basket={leaflet: 5}, now=now)

    first = place(make_person())
    with pytest.raises(AlreadyPlaced) as refusal:
        place(make_person())
    assert refusal.value.order == first


def test_copies_that_a_cancelled_order_gave_back_can_be_ordered(now):
    leaflet = make_edition(now, stock=5).leaflet
    cancel_order(order=make_order(make_person(), now, {leaflet: 5}), by=None, now=now)
    assert make_order(make_person(), now, {leaflet: 5}).state == OrderState.RECEIVED


@pytest.mark.parametrize("titles", [1, 3, 12])
def test_placing_an_order_takes_the_same_few_statements_for_any_number_of_titles(now, titles):
    person = make_person()
    basket = {make_edition(now).leaflet: 5 for _ in range(titles)}
    assert len(statements(lambda: make_order(person, now, basket, by=person.user, token="t" * 43))) == 11


def test_a_draft_goes_with_its_order_or_not_at_all(now):
    person, leaflet = make_person(), make_edition(now, stock=5).leaflet
    draft = Draft.objects.create(kind=DraftKind.ORDER, person=person, key_hash="k", token="t" * 43, expires_at=now)
    with pytest.raises(Shortfalls):
        make_order(person, now, {leaflet: 6}, token=draft.token)
    assert Draft.objects.get() == draft
    make_order(person, now, {leaflet: 5}, token=draft.token)
    assert Draft.objects.count() == 0
