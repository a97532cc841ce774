"""Changing an order until it is packed: stock, limits and mail follow."""

import pytest
from django.test import Client
from django.urls import reverse

from core.errors import DomainError
from leaflets.catalogue.services import withdraw_edition
from leaflets.models import Edition, Order, OrderEventKind, OrderState
from leaflets.orders.allowances import Shortfalls
from leaflets.orders.services.change import NothingChanged, NothingLeft, OrderHasChanged
from leaflets.orders.services.transitions import OrderStateHasChanged, cancel_order, dispatch_order, rewrite_order, start_packing
from leaflets.stock.services import ledger_differences, receive_stock
from notifications.models import Notification
from notifications.registry import get_email_class
from notifications.rendering import render
from tests.factories import make_person, make_staff, sign_in
from tests.leaflets.factories import make_edition, make_order
from tests.leaflets.orders.changes.order import ELSEWHERE, change, lines, promised, told, version

pytestmark = pytest.mark.django_db

# -- What happens to copies ---------------------------------------------------------------------------------------------


def test_more_fewer_and_none_of_a_title_move_the_stock_and_the_ledger(order, one, two, now):
    change(order, now, one=12, two=0)
    assert (lines(order), order.state) == ([(12, 0, 12, 0, 0), (0, 0, 0, 0, 0)], OrderState.RECEIVED)
    assert (promised(one), promised(two), list(ledger_differences())) == (12, 0, [])
    change(order, now, one=3)
    assert (lines(order)[0], promised(one), list(ledger_differences())) == ((3, 0, 3, 0, 0), 3, [])
    assert order.summary == "3 copies of “One”"
    assert list(order.events.values_list("kind", "by")) == [
        (OrderEventKind.PLACED, order.person.user.pk),
        *[(OrderEventKind.CHANGED, order.person.user.pk)] * 2,
    ]
    assert told(order) == [(1, order.person.email), (2, order.person.email)]


def test_its_own_copies_count_as_in_stock_and_the_rest_can_be_waited_for(order, two, now):
    make_order(make_person(), now, {two.leaflet: 45})
    with pytest.raises(Shortfalls, match="There are only 5 copies of “Two” in stock") as refusal:
        change(order, now, two=8)
    assert [(short.possible, short.may_wait) for short in refusal.value.shortfalls] == [(5, True)]
    change(order, now, two=8, waits=["two"])
    assert lines(order)[1] == (8, 3, 5, 0, 0)
    change(order, now, two=6)  # of fewer than it had, what it waited for is given up first
    assert (lines(order)[1], list(ledger_differences())) == ((6, 1, 5, 0, 0), [])


def test_what_is_given_back_goes_to_who_waits(order, two, now):
    two_left = make_order(make_person(), now, {two.leaflet: 45})
    waiting = make_order(make_person(), now, {two.leaflet: 7}, will_wait_for=[two.leaflet])
    change(order, now, two=1)
    waiting.refresh_from_db()
    assert (waiting.state, lines(waiting), lines(two_left)) == (OrderState.RECEIVED, [(7, 3, 4, 0, 0)], [(45, 0, 45, 0, 0)])
    assert Notification.objects.filter(kind="order-stocked", about=f"order:{waiting.pk}").count() == 1
    assert (promised(two), list(ledger_differences())) == (50, [])


def test_an_order_waits_when_nothing_is_promised_to_it_any_more(owner, one, now):
    edition = make_edition(now, stock=0, slug="none", title="None")
    order = make_order(owner, now, {one.leaflet: 10, edition.leaflet: 5}, will_wait_for=[edition.leaflet])
    change(order, now, one=0)
    assert (order.state, promised(one)) == (OrderState.WAITING, 0)
    change(order, now, delivery=ELSEWHERE)
    receive_stock(edition=edition, copies=9, by=None, now=now)
    order.refresh_from_db()
    assert (order.state, order.postcode, list(ledger_differences())) == (OrderState.RECEIVED, "BT1 5GS", [])


def test_more_copies_come_from_the_print_of_today_and_a_withdrawn_one_can_be_left_out(order, one, two, now):
    newer = make_edition(now, leaflet=one.leaflet, label="April 2027", stock=20)
    change(order, now, one=14)
    assert (lines(order)[0], lines(order)[2]) == ((10, 0, 10, 0, 0), (4, 0, 4, 0, 0))
    change(order, now, one=9)  # the newest go back first, as others can have them
    assert (promised(one), promised(newer)) == (9, 0)
    change(order, now, one=11)
    assert (promised(one), promised(newer), list(ledger_differences())) == (9, 2, [])
    withdraw_edition(edition=Edition.objects.get(pk=two.pk))
    with pytest.raises(Shortfalls, match="We can’t add copies of “Two” just now"):
        change(order, now, two=6)
    change(order, now, two=0)
    assert promised(two) == 0


def test_of_an_order_that_left_in_part_the_rest_is_changed(owner, two, now):
    order = make_order(owner, now, {two.leaflet: 60}, will_wait_for=[two.leaflet])
    start_packing(order=order, by=None, now=now)
    dispatch_order(order=order, by=None, now=now)
    change(order, now, two=4)
    assert (lines(order), order.state) == ([(54, 4, 0, 50, 0)], OrderState.WAITING)
    with pytest.raises(NothingLeft):
        change(order, now, two=0)
    with pytest.raises(DomainError, match="We have already sent part of this order"):  # it says where the first parcel went
        change(order, now, delivery=ELSEWHERE)
    with pytest.raises(Shortfalls, match="You can have at most 50 copies of “Two” in one order"):
        change(order, now, two=51, waits=["two"])
    assert list(ledger_differences()) == []
    page, url = sign_in(Client(), owner), reverse("order_change", args=[order.reference])
    assert "We have already sent 50." in page.get(url).content.decode()
    assert "the rest will go to the same address" in page.get(url).content.decode()
    page.post(url, {"version": version(order), "copies-two": "7", "wait-for-two": "on"})
    assert lines(order) == [(57, 7, 0, 50, 0)]


def test_a_request_is_changed_and_still_decided_on(owner, one, now):
    order = make_order(owner, now, {one.leaflet: 120}, over_limit_reason="We train every school")
    change(order, now, one=200)
    assert (order.state, lines(order), promised(one)) == (OrderState.REQUESTED, [(200, 200, 0, 0, 0)], 0)


# -- Limits -------------------------------------------------------------------------------------------------------------


def test_limits_count_other_orders_and_not_this_one(order, owner, one, now):
    with pytest.raises(Shortfalls) as refusal:
        change(order, now, one=41)
    assert str(refusal.value) == (
        "You can have at most 40 copies of “One” in one order. Enter 40 or fewer. "
        "To ask for more, order the rest separately and tell us why."
    )
    make_order(owner, now, {one.leaflet: 35})
    with pytest.raises(Shortfalls, match="You have ordered 35 other copies of “One” lately, so this order can have 25 until"):
        change(order, now, one=26)
    with pytest.raises(Shortfalls, match="There are only 15 copies"):
        change(order, now, one=25)
    change(order, now, one=15)
    assert list(ledger_differences()) == []


def test_the_workplace_is_the_one_it_goes_to_now(order, owner, one, now):
    receive_stock(edition=one, copies=200, by=None, now=now)
    for _ in range(2):
        colleague = make_person(organisation=owner.organisation)
        there = make_order(colleague, now, {one.leaflet: 38})
        Order.objects.filter(pk=there.pk).update(postcode=ELSEWHERE.postcode)
    with pytest.raises(Shortfalls, match="Your workplace at this postcode has ordered 76 other copies") as refusal:
        change(order, now, delivery=ELSEWHERE)
    assert [short.possible for short in refusal.value.shortfalls] == [4]
    change(order, now, delivery=ELSEWHERE, one=4)
    assert (order.postcode, order.town, lines(order)[0][0]) == ("BT1 5GS", "Belfast", 4)


def test_what_staff_gave_over_the_limit_may_stay_and_they_may_give_more_with_a_reason(owner, one, now):
    staff = make_staff()
    order = make_order(owner, now, {one.leaflet: 45}, by=staff, override_reason="A whole ward")
    change(order, now, one=44)
    with pytest.raises(Shortfalls, match="at most 44 copies"):
        change(order, now, one=45)
    change(order, now, by=staff, one=50)
    assert lines(order) == [(50, 0, 50, 0, 0)]
    last = order.events.order_by("-pk")[:2]
    assert [(event.kind, event.reason) for event in last] == [
        (OrderEventKind.OVER_LIMIT, "Agreed on the phone"),
        (OrderEventKind.CHANGED, ""),
    ]
    with pytest.raises(Shortfalls, match="There are only 50"):
        change(order, now, by=staff, one=51)


# -- The same form again, another tab, too late -------------------------------------------------------------------------


def test_the_same_form_twice_changes_once(order, now):
    shown = version(order)
    for _ in range(2):
        change(order, now, expected=shown, one=12, two=0)
    assert (len(told(order)), order.events.filter(kind=OrderEventKind.CHANGED).count()) == (1, 1)
    with pytest.raises(NothingChanged):
        change(order, now, one=12)


@pytest.mark.parametrize("later", [{"one": 7}, {"two": 0}, {"delivery": ELSEWHERE}])
def test_a_page_that_is_too_old_stores_nothing(order, now, later):
    shown = version(order)
    change(order, now, **later)
    before = (lines(order), order.delivery)
    with pytest.raises(OrderHasChanged):
        change(order, now, expected=shown, one=9)
    assert (lines(order), order.delivery) == before


@pytest.mark.parametrize("end", ["packing", "cancelled"])
def test_what_is_packed_or_cancelled_is_not_changed(order, now, end):
    if end == "packing":
        start_packing(order=order, by=None, now=now)
    else:
        cancel_order(order=order, by=None, now=now)
    with pytest.raises(OrderStateHasChanged):
        change(order, now, one=9)
    assert (order.state, told(order), list(ledger_differences())) == (end, [], [])


def test_the_update_names_the_state_that_it_expects(order, now):
    """Should the lock ever be missing: an order that was read before its end does not come back from it."""
    read_before = Order.objects.get(pk=order.pk)
    cancel_order(order=order, by=None, now=now)
    with pytest.raises(OrderStateHasChanged):
        rewrite_order(read_before, OrderState.RECEIVED, {}, changes={}, by=None, now=now)


# -- Its mail -----------------------------------------------------------------------------------------------------------


def test_the_mail_says_how_it_stands_and_only_the_last_one_goes(order, now):
    change(order, now, one=12, two=0, delivery=ELSEWHERE)
    change(order, now, one=13)
    first, second = Notification.objects.filter(kind="order-changed").order_by("version")
    kind = get_email_class("order-changed")
    assert (kind(first).is_still_due(), kind(second).is_still_due()) == (False, True)
    mail = render(kind(second).message())
    assert mail.subject == f"Your leaflet order {order.reference} has changed"
    assert ("13 copies: One" in mail.text, "Two" in mail.text, "2 High Street" in mail.text) == (True, False, True)
    cancel_order(order=order, by=None, now=now)
    assert not kind(second).is_still_due()
