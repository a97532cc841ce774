"""An order that staff pass forward gets what it waits for before older ones, with who did it and why, until they take it back."""

from datetime import timedelta

import pytest

from core.errors import DomainError
from leaflets.models import OrderEventKind, OrderLine, OrderState
from leaflets.orders.services.transitions import (
    OrderStateHasChanged,
    cancel_order,
    dispatch_order,
    prioritise_order,
    remove_priority,
    start_packing,
)
from leaflets.stock.services import ledger_differences, receive_stock
from tests.factories import make_person, make_staff, sign_in, sign_in_staff
from tests.leaflets.factories import make_edition, make_order
from tests.leaflets.staff_site import ORDERS, act, change, said, told_the_lead

pytestmark = pytest.mark.django_db
FIRST_PAGE = "/staff/"


def waits(now, days, *wanted):
    """An order placed so many days ago, of (edition, copies)."""
    basket = {edition.leaflet: copies for edition, copies in wanted}
    return make_order(make_person(), now - timedelta(days=days), basket, will_wait_for=list(basket))


def promised(edition, *orders):
    lines = dict(OrderLine.objects.filter(edition=edition).values_list("order", "allocated"))
    return [lines[order.pk] for order in orders]


def test_copies_go_to_who_was_passed_forward_in_that_order_and_then_to_the_oldest(now):
    edition = make_edition(now, stock=0)
    oldest, older, new, newest = (waits(now, days, (edition, 10)) for days in (9, 5, 2, 1))
    prioritise_order(order=newest, by=None, now=now, reason="A court hearing")
    prioritise_order(order=new, by=None, now=now + timedelta(minutes=1), reason="A training day")
    receive_stock(edition=edition, copies=14, by=None, now=now)
    assert promised(edition, newest, new, oldest, older) == [10, 4, 0, 0]
    receive_stock(edition=edition, copies=9, by=None, now=now)
    assert promised(edition, newest, new, oldest, older) == [10, 10, 3, 0]
    assert list(ledger_differences()) == []


def test_it_comes_first_for_each_of_its_titles_and_nobody_loses_what_was_promised(now):
    one, two = make_edition(now, stock=6), make_edition(now, stock=0)
    older = waits(now, 3, (one, 10), (two, 10))
    forward = waits(now, 1, (one, 10), (two, 10))
    prioritise_order(order=forward, by=None, now=now, reason="A court hearing")
    receive_stock(edition=two, copies=7, by=None, now=now)
    assert (promised(one, older, forward), promised(two, older, forward)) == ([6, 0], [0, 7])
    # What an older order gives back, and what is left when it has been packed, goes the same way.
    cancel_order(order=older, by=None, now=now)
    assert promised(one, forward) == [6]
    last = waits(now, 2, (two, 5))
    receive_stock(edition=two, copies=5, by=None, now=now)
    assert promised(two, forward, last) == [10, 2]
    assert list(ledger_differences()) == []


def test_after_its_first_parcel_it_still_comes_first_for_the_rest(now):
    edition = make_edition(now, stock=4)
    forward, older = waits(now, 1, (edition, 10)), waits(now, 8, (edition, 10))
    prioritise_order(order=forward, by=None, now=now, reason="A court hearing")
    start_packing(order=forward, by=None, now=now)
    dispatch_order(order=forward, by=None, now=now)
    receive_stock(edition=edition, copies=8, by=None, now=now)
    assert promised(edition, forward, older) == [6, 2]


def test_it_can_be_taken_back_and_the_oldest_comes_first_again(now):
    edition = make_edition(now, stock=0)
    oldest, order = waits(now, 9, (edition, 10)), waits(now, 1, (edition, 10))
    prioritise_order(order=order, by=None, now=now, reason="A court hearing")
    with pytest.raises(DomainError, match="This order is already passed forward"):
        prioritise_order(order=order, by=None, now=now, reason="Again")
    receive_stock(edition=edition, copies=3, by=None, now=now)
    remove_priority(order=order, by=None, now=now)
    with pytest.raises(DomainError, match="This order is already in its own place"):
        remove_priority(order=order, by=None, now=now)
    receive_stock(edition=edition, copies=12, by=None, now=now)
    assert promised(edition, oldest, order) == [10, 5]
    kinds = [OrderEventKind.PRIORITISED, OrderEventKind.IN_LINE]
    assert list(order.events.filter(kind__in=kinds).values_list("kind", flat=True)) == kinds


def test_only_an_order_that_waits_can_be_passed_forward(now):
    edition = make_edition(now, stock=10)
    whole, gone = waits(now, 1, (edition, 10)), waits(now, 1, (edition, 10))
    with pytest.raises(DomainError, match="This order already has all its copies"):
        prioritise_order(order=whole, by=None, now=now, reason="A court hearing")
    cancel_order(order=gone, by=None, now=now)
    with pytest.raises(OrderStateHasChanged, match="cancelled"):
        prioritise_order(order=gone, by=None, now=now, reason="A court hearing")
    gone.refresh_from_db()
    assert (gone.state, gone.prioritised_at) == (OrderState.CANCELLED, None)


def test_staff_pass_it_forward_with_a_reason_and_find_it_on_the_first_page(client, staff, now):
    edition = make_edition(now, stock=0)
    other, order = waits(now, 9, (edition, 10)), waits(now, 1, (edition, 10))
    assert "reason" in act(client, "order", order, "forward").context["form"].errors
    assert said(act(client, "order", order, "forward", reason="A court hearing")) == ["The order is passed forward."]
    waiting = {str(line["label"]): line for section in client.get(FIRST_PAGE).context["waits"] for line in section["lines"]}
    line = waiting["passed forward and waiting"]
    assert (line["figure"], waiting["waiting for stock"]["figure"]) == (1, 2)
    assert list(client.get(line["href"]).context["cl"].result_list) == [order]
    page = client.get(change("order", order)).content.decode()
    assert f"by {staff}" in page
    assert page.count("A court hearing") == 2  # its place, and what has happened
    listed = client.get(ORDERS)
    assert (listed.content.decode().count("Passed forward"), other in listed.context["cl"].result_list) == (1, True)
    act(client, "order", order, "in-line", reason="")
    assert list(client.get(line["href"]).context["cl"].result_list) == []
    # When it has everything it is no longer among them.
    act(client, "order", order, "forward", reason="A court hearing")
    receive_stock(edition=edition, copies=10, by=None, now=now)
    assert list(client.get(line["href"]).context["cl"].result_list) == []
    assert "Passed forward on" not in client.get(change("order", order)).content.decode().split("What has happened")[0]


def test_its_owner_reads_nothing_of_it_and_a_childs_details_reach_the_lead(client, now):
    edition = make_edition(now, stock=0)
    order = waits(now, 1, (edition, 10))
    sign_in_staff(client, make_staff())
    typed = {"reason": "For Amy Smith, born 3/4/2014", "keep_what_i_wrote": "on"}
    act(client, "order", order, "forward", **typed)
    assert [reference for _to, reference in told_the_lead()] == [order.reference]
    sign_in(client, order.person)
    page = client.get(order.get_absolute_url()).content.decode()
    assert "assed forward" not in page
    assert "Amy" not in page


def test_staff_who_may_only_look_can_not_pass_an_order_forward(client, now):
    from django.contrib.auth.models import Permission

    order = waits(now, 1, (make_edition(now, stock=0), 10))
    looks = make_staff(superuser=False)
    looks.user_permissions.add(Permission.objects.get(codename="view_order"))
    sign_in_staff(client, looks)
    assert act(client, "order", order, "forward", reason="Me first").status_code == 403
    assert "Pass this order forward" not in client.get(change("order", order)).content.decode()
