"""An order's pages are its owner's alone, and only a button cancels."""

import pytest
from django.urls import reverse

from leaflets.models import Edition, Order, OrderState
from leaflets.orders.services.transitions import dispatch_order, start_packing
from office.site_settings.queries import site_settings
from tests.factories import make_person, make_staff, sign_in
from tests.leaflets.factories import make_edition, make_order
from tests.leaflets.statements import statements

pytestmark = pytest.mark.django_db

PAGES = ["order", "order_placed", "order_change", "order_cancel"]


@pytest.fixture
def owner(db):
    return make_person()


@pytest.fixture
def order(owner, now):
    return make_order(owner, now, {make_edition(now, stock=50, title="One").leaflet: 5}, by=owner.user)


def url(name, order):
    return reverse(name, args=[order.reference])


@pytest.mark.parametrize("name", PAGES)
def test_the_owner_sees_it(client, order, owner, name):
    sign_in(client, owner)
    response = client.get(url(name, order))
    assert response.status_code == 200
    assert order.reference in response.content.decode()


@pytest.mark.parametrize("name", PAGES)
def test_a_stranger_does_not_find_it(client, order, name):
    sign_in(client, make_person())
    assert client.get(url(name, order)).status_code == 404


def test_a_stranger_can_not_cancel_it(client, order):
    sign_in(client, make_person())
    assert client.post(url("order_cancel", order)).status_code == 404
    order.refresh_from_db()
    assert order.state == OrderState.RECEIVED


@pytest.mark.parametrize("name", PAGES)
def test_someone_signed_out_is_asked_to_sign_in_and_comes_back(client, order, name):
    response = client.get(url(name, order))
    assert response.url.startswith(reverse("account_login"))
    assert order.reference in response.url


def test_opening_the_cancel_page_cancels_nothing(client, order, owner):
    sign_in(client, owner)
    client.get(url("order_cancel", order))
    order.refresh_from_db()
    assert order.state == OrderState.RECEIVED


def test_the_button_cancels_and_gives_the_copies_back(client, order, owner):
    sign_in(client, owner)
    response = client.post(url("order_cancel", order), follow=True)
    order.refresh_from_db()
    assert order.state == OrderState.CANCELLED
    assert f"Order {order.reference} is cancelled." in response.content.decode()
    assert Edition.objects.get().allocated == 0


def test_an_order_being_packed_is_not_cancelled_and_the_page_says_whom_to_call(client, order, owner, now):
    start_packing(order=order, by=make_staff(), now=now)
    sign_in(client, owner)
    response = client.post(url("order_cancel", order), follow=True)
    order.refresh_from_db()
    assert order.state == OrderState.PACKING
    assert "We have started to pack this order" in response.content.decode()
    assert site_settings().advice_phone in response.content.decode()


def test_cancelling_twice_is_answered_politely(client, order, owner):
    sign_in(client, owner)
    client.post(url("order_cancel", order))
    response = client.post(url("order_cancel", order), follow=True)
    assert "already been cancelled" in response.content.decode()


def test_the_page_tells_what_has_happened_in_words(client, order, owner, now):
    staff = make_staff()
    start_packing(order=order, by=staff, now=now)
    dispatch_order(order=order, by=staff, now=now, tracking_number="RM 123 456")
    sign_in(client, owner)
    response = client.get(url("order", order))
    assert [(event["what"], event["when"]) for event in response.context["history"]] == [
        ("Order received", "Tuesday 12 January 2027, 10am"),
        ("Packing started", "Tuesday 12 January 2027, 10am"),
        ("Dispatched, tracking number RM 123 456", "Tuesday 12 January 2027, 10am"),
    ]
    assert "RM 123 456" in response.content.decode()


def test_an_order_that_is_over_has_no_confirmation_and_nothing_to_cancel(client, order, owner):
    sign_in(client, owner)
    client.post(url("order_cancel", order))
    assert client.get(url("order_placed", order)).url == order.get_absolute_url()
    assert "You can’t cancel this order here any more" in client.get(url("order_cancel", order)).content.decode()
    assert "Order other leaflets" in client.get(order.get_absolute_url()).content.decode()


def test_the_confirmation_says_what_comes_next(client, order, owner):
    sign_in(client, owner)
    steps = client.get(url("order_placed", order)).context["next_steps"]
    assert [(step["when"], step["what"]) for step in steps] == [
        ("In the next few minutes", f"We will email your order and its reference to {owner.email}."),
        ("Usually within 5 working days", "We will pack your leaflets and post them."),
        ("On the evening of the day your leaflets leave", "We will email you again."),
    ]


def test_what_staff_noted_among_themselves_is_not_shown(client, owner, now):
    leaflet = make_edition(now, stock=500).leaflet
    order = make_order(owner, now, {leaflet: 300}, by=make_staff(), override_reason="A whole ward")
    sign_in(client, owner)
    page = client.get(url("order", order)).content.decode()
    assert "A whole ward" not in page
    assert "set aside" not in page


def test_my_page_gets_the_persons_orders_newest_first(owner, now):
    first, second = make_order(owner, now), make_order(owner, now)
    make_order(make_person(), now)
    assert list(Order.objects.for_my_page(owner)) == [second, first]


@pytest.mark.parametrize("count", [1, 3])
def test_my_page_reads_orders_in_two_statements(owner, now, count):
    for _ in range(count):
        make_order(owner, now)
    assert len(statements(lambda: [order.summary for order in Order.objects.for_my_page(owner)])) == 2


def test_an_order_is_summed_up_in_words(owner, now):
    one, two = make_edition(now, title="One").leaflet, make_edition(now, title="Two").leaflet
    assert make_order(owner, now, {one: 1}).summary == "1 copy of “One”"
    assert make_order(owner, now, {one: 5}).summary == "5 copies of “One”"
    assert make_order(owner, now, {one: 5, two: 7}).summary == "12 copies of 2 leaflets"
