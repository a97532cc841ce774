"""The emails about orders: the answer first, and only while they are true."""

import pytest
from django.conf import settings

from leaflets.orders.services.transitions import cancel_order, dispatch_order, start_packing
from notifications.models import Notification
from notifications.registry import get_email_class
from notifications.rendering import render
from tests.factories import make_person, make_staff
from tests.leaflets.factories import make_edition, make_order

pytestmark = pytest.mark.django_db


@pytest.fixture
def order(now):
    return make_order(make_person(), now, {make_edition(now, title="One & two").leaflet: 5})


def row(kind):
    return Notification.objects.get(kind=kind)


def rendered(kind):
    return render(get_email_class(kind)(row(kind)).message())


def is_still_due(kind):
    return get_email_class(kind)(row(kind)).is_still_due()


def test_order_received_says_what_where_and_the_reference(order):
    mail = rendered("order-received")
    assert mail.subject == f"We have your leaflet order {order.reference}"
    for text in ("5 copies: One & two", "Sam Taylor", "1 Park Row", "LS1 4AP", order.reference, "5 working days"):
        assert text in mail.text
    assert f"{settings.SITE_URL}/orders/{order.reference}/" in mail.text
    assert "One &amp; two" in mail.html
    assert f'href="{settings.SITE_URL}/orders/{order.reference}/"' in mail.html


def test_order_received_is_true_until_the_order_is_cancelled(order, now):
    assert is_still_due("order-received")
    cancel_order(order=order, by=None, now=now)
    assert not is_still_due("order-received")
    assert not is_still_due("staff-new-order")
    assert is_still_due("order-cancelled")


def test_order_dispatched_says_that_it_left_and_the_tracking_number(order, now):
    start_packing(order=order, by=None, now=now)
    dispatch_order(order=order, by=None, now=now, tracking_number="RM 123")
    mail = rendered("order-dispatched")
    assert mail.subject == f"Your leaflets are on their way: {order.reference}"
    assert "Tracking number: RM 123" in mail.text
    assert "RM 123</td>" in mail.html
    assert is_still_due("order-dispatched")
    assert is_still_due("order-received")


def test_order_dispatched_without_a_tracking_number_does_not_speak_of_one(order, now):
    start_packing(order=order, by=None, now=now)
    dispatch_order(order=order, by=None, now=now)
    assert "racking" not in rendered("order-dispatched").text


def test_order_cancelled_says_that_nothing_comes_and_not_why(order, now):
    cancel_order(order=order, by=make_staff(), now=now, reason="Noted among ourselves")
    mail = rendered("order-cancelled")
    assert mail.subject == f"Your leaflet order {order.reference} is cancelled"
    assert "We won’t send anything" in mail.text
    assert "Noted among ourselves" not in mail.text + mail.html
    assert f"{settings.SITE_URL}/leaflets/" in mail.text


def test_staff_are_sent_to_the_order(order):
    mail = rendered("staff-new-order")
    assert mail.subject == f"New leaflet order {order.reference}: 5 copies of “One & two”"
    assert f"{settings.SITE_URL}/staff/leaflets/order/{order.pk}/change/" in mail.text
    assert row("staff-new-order").recipient == settings.STAFF_EMAIL


def test_a_person_without_an_email_address_gets_none(now):
    order = make_order(make_person(with_user=False, email=""), now)
    cancel_order(order=order, by=None, now=now)
    assert list(Notification.objects.values_list("kind", flat=True)) == ["staff-new-order"]
