"""Copies that someone waits for are given out oldest first, once, and each wait's end is told."""

from datetime import date, timedelta

import pytest
from django.urls import reverse

from leaflets.catalogue.services import add_edition, withdraw_edition
from leaflets.catalogue.titles import sample_pdf
from leaflets.models import Edition, OrderEventKind, OrderState
from leaflets.orders.services.transitions import OrderStateHasChanged, cancel_order, dispatch_order, start_packing
from leaflets.stock.services import correct_stock, ledger_differences, receive_stock
from notifications.models import Notification
from notifications.registry import get_email_class
from notifications.rendering import render
from tests.factories import make_person, sign_in
from tests.leaflets.factories import make_edition, make_order

pytestmark = pytest.mark.django_db


def waits(edition, copies, at, **kinds):
    leaflet = edition.leaflet
    return make_order(kinds.get("person") or make_person(), at, {leaflet: copies}, will_wait_for=[leaflet])


def figures(*orders):
    lines = [order.lines.get() for order in orders]
    return [(line.backordered, line.allocated, line.dispatched, line.cancelled) for line in lines]


def states(*orders):
    for order in orders:
        order.refresh_from_db()
    return [order.state for order in orders]


def test_what_is_there_is_promised_and_the_rest_waits(now):
    edition = make_edition(now, stock=4, title="One")
    order = waits(edition, 10, now)
    assert (order.state, figures(order)) == (OrderState.RECEIVED, [(6, 4, 0, 0)])
    mail = render(get_email_class("order-received")(Notification.objects.get(kind="order-received")).message())
    assert "6 copies of “One”" in mail.text
    assert list(ledger_differences()) == []


def test_an_order_of_which_there_is_nothing_waits_and_can_not_be_packed(now):
    order = waits(make_edition(now, stock=0), 10, now)
    assert states(order) == [OrderState.WAITING]
    with pytest.raises(OrderStateHasChanged, match="you have nothing to pack yet"):
        start_packing(order=order, by=None, now=now)


def test_stock_goes_to_the_oldest_order_first_and_each_is_told_once(now):
    edition = make_edition(now, stock=0)
    second, first = waits(edition, 10, now), waits(edition, 10, now - timedelta(days=1))
    receive_stock(edition=edition, copies=15, by=None, now=now)
    assert figures(first, second) == [(0, 10, 0, 0), (5, 5, 0, 0)]
    assert states(first, second) == [OrderState.RECEIVED, OrderState.RECEIVED]
    whole, part = (Notification.objects.get(kind="order-stocked", about=f"order:{order.pk}") for order in (first, second))
    assert render(get_email_class("order-stocked")(whole).message()).subject == f"Your leaflets have come in: {first.reference}"
    mail = render(get_email_class("order-stocked")(part).message())
    assert mail.subject == f"Some of your leaflets have come in: {second.reference}"
    assert f"\n5 copies: {edition.leaflet}\n" in mail.text
    assert f"- 5 copies of “{edition.leaflet}”" in mail.text
    assert "10 copies" not in mail.text
    receive_stock(edition=edition, copies=15, by=None, now=now)
    assert figures(second) == [(0, 10, 0, 0)]
    assert Edition.objects.get(pk=edition.pk).available == 10
    told = Notification.objects.filter(kind="order-stocked").values_list("about", flat=True)
    assert sorted(told) == sorted(f"order:{order.pk}" for order in (first, second))
    assert list(ledger_differences()) == []


def test_copies_that_are_found_or_given_back_go_to_who_waits(now):
    edition = make_edition(now, stock=10)
    holder, waiting = waits(edition, 10, now), waits(edition, 12, now)
    cancel_order(order=holder, by=None, now=now)
    assert figures(holder, waiting) == [(0, 0, 0, 10), (2, 10, 0, 0)]
    correct_stock(edition=edition, change=5, by=None, now=now, reason="Found")
    assert figures(waiting) == [(0, 12, 0, 0)]
    assert list(ledger_differences()) == []


def test_the_first_part_is_sent_and_the_rest_follows_in_a_parcel_of_its_own(now):
    edition = make_edition(now, stock=4, title="One")
    order = waits(edition, 10, now)
    start_packing(order=order, by=None, now=now)
    receive_stock(edition=edition, copies=1, by=None, now=now)
    assert figures(order) == [(6, 4, 0, 0)]  # not changed under the packer's hands
    dispatch_order(order=order, by=None, now=now, tracking_number="RM 1")
    assert (states(order), figures(order)) == ([OrderState.RECEIVED], [(5, 1, 4, 0)])
    receive_stock(edition=edition, copies=5, by=None, now=now)
    start_packing(order=order, by=None, now=now)
    dispatch_order(order=order, by=None, now=now + timedelta(days=1), tracking_number="RM 2")
    assert (states(order), figures(order)) == ([OrderState.DISPATCHED], [(0, 0, 10, 0)])
    first, second = Notification.objects.filter(kind="order-dispatched").order_by("pk")
    assert [row.due_at - first.due_at for row in (first, second)] == [timedelta(0), timedelta(days=1)]
    texts = [render(get_email_class("order-dispatched")(row).message()).text for row in (first, second)]
    for text, copies, number in zip(texts, (4, 6), ("RM 1", "RM 2"), strict=True):
        assert f"{copies} copies: One" in text
        assert f"Tracking number: {number}" in text
    assert OrderEventKind.PART_SENT in order.events.values_list("kind", flat=True)
    assert list(ledger_differences()) == []


def test_who_waits_gets_the_new_print_and_nothing_of_a_withdrawn_one(now):
    edition = make_edition(now, stock=4)
    part, whole = waits(edition, 10, now), waits(edition, 7, now + timedelta(hours=1))
    withdraw_edition(edition=edition)
    receive_stock(edition=edition, copies=50, by=None, now=now)
    assert figures(whole) == [(7, 0, 0, 0)]
    content = sample_pdf(edition.leaflet, label="April 2027", made_at=now)
    dates = {"published_on": date(2027, 4, 1), "review_on": date(2029, 4, 1)}
    new = add_edition(leaflet=edition.leaflet, label="April 2027", content=content, now=now, **dates)
    receive_stock(edition=new, copies=10, by=None, now=now)
    assert list(part.lines.order_by("pk").values_list("edition", "backordered", "allocated")) == [
        (edition.pk, 0, 4),
        (new.pk, 0, 6),
    ]
    assert list(whole.lines.values_list("edition", "backordered", "allocated")) == [(new.pk, 3, 4)]
    assert list(ledger_differences()) == []


def test_who_cancels_the_rest_reads_that_nothing_more_is_sent(client, now):
    edition, person = make_edition(now, stock=4, title="One"), make_person()
    order = waits(edition, 10, now, person=person)
    start_packing(order=order, by=None, now=now)
    dispatch_order(order=order, by=None, now=now)
    assert states(order) == [OrderState.WAITING]
    sign_in(client, person)
    assert "We will send nothing more." in client.get(reverse("order_cancel", args=[order.reference])).content.decode()
    client.post(reverse("order_cancel", args=[order.reference]))
    assert figures(order) == [(0, 0, 4, 6)]
    assert "We will send nothing more" in client.get(order.get_absolute_url()).content.decode()
    mail = render(get_email_class("order-cancelled")(Notification.objects.get(kind="order-cancelled")).message())
    assert "We won’t send anything more than has already left." in mail.text
