"""Limits that help: an order, a person and a workplace, in any 90 days; what is over them becomes a request."""

import re
from datetime import timedelta

import pytest
from django.conf import settings
from django.urls import reverse
from django.utils import timezone

from core.dates import format_day, uk_day
from leaflets.models import OrderEvent, OrderEventKind, OrderState
from leaflets.orders.allowances import Shortfalls
from leaflets.orders.services.create import place_order
from leaflets.orders.services.transitions import (
    MoreThanAsked,
    NothingGranted,
    OrderStateHasChanged,
    approve_order,
    cancel_order,
    decline_order,
)
from leaflets.stock.services import ledger_differences, receive_stock
from notifications.models import Notification
from notifications.registry import get_email_class
from notifications.rendering import render
from professionals.models import Organisation
from tests.factories import make_person, make_staff, sign_in
from tests.leaflets.factories import DELIVERY, make_edition, make_order, unsaved_order
from tests.leaflets.statements import statements

pytestmark = pytest.mark.django_db


@pytest.fixture
def leaflet(now):
    return make_edition(now, title="One", stock=500, most_per_order=100, most_per_person=150, most_per_workplace=180).leaflet


@pytest.fixture
def person(db):
    return make_person()


@pytest.fixture
def request_of_120(person, leaflet, now):
    """A request: 120 copies where 100 are the limit."""
    return make_order(person, now, {leaflet: 120}, by=person.user, over_limit_reason="We train every school")


def refused(person, now, leaflet, copies):
    with pytest.raises(Shortfalls) as refusal:
        make_order(person, now, {leaflet: copies})
    [short] = refusal.value.shortfalls
    assert short.over_limit
    return short


def colleague_of(person):
    return make_person(organisation=person.organisation)


def test_a_person_may_order_so_many_in_90_days_and_is_told_until_when(person, leaflet, now):
    make_order(person, now - timedelta(days=60), {leaflet: 100})
    make_order(person, now - timedelta(days=1), {leaflet: 15})
    short = refused(person, now, leaflet, 36)
    assert short.possible == 35
    assert short.message.startswith(
        "You have ordered 115 copies of “One” lately, so you can order 35 more until Thursday 11 February 2027."
    )
    assert make_order(person, now, {leaflet: 35}).state == OrderState.RECEIVED
    assert "You can order more from Thursday 11 February 2027." in refused(person, now, leaflet, 1).message
    assert make_order(person, now + timedelta(days=31), {leaflet: 100}).state == OrderState.RECEIVED


def test_a_workplace_is_an_organisation_at_one_postcode(person, leaflet, now):
    organisation = Organisation.objects.create(name="A trust")
    person.organisation = organisation
    person.save()
    make_order(person, now, {leaflet: 100})
    short = refused(colleague_of(person), now, leaflet, 81)
    assert short.message.startswith("Your workplace has ordered 100 copies of “One” lately, so it can order 80 more until")
    elsewhere = type(DELIVERY)(**{**DELIVERY.__dict__, "postcode": "LS2 7UE"})
    far = unsaved_order(colleague_of(person), delivery=elsewhere)
    assert place_order(order=far, basket={leaflet: 100}, by=None, now=now).state == OrderState.RECEIVED
    assert make_order(make_person(organisation=Organisation.objects.create(name="Another")), now, {leaflet: 100})


def test_what_was_cancelled_counts_no_longer_and_what_is_asked_for_does(person, leaflet, now):
    order = make_order(person, now, {leaflet: 100})
    cancel_order(order=order, by=person.user, now=now)
    make_order(person, now, {leaflet: 120}, over_limit_reason="More")
    assert refused(person, now, leaflet, 31).possible == 30


def test_another_edition_of_the_title_counts_too(person, leaflet, now):
    make_order(person, now, {leaflet: 100})
    make_edition(now, leaflet=leaflet, label="April 2026", stock=500)
    assert refused(person, now, leaflet, 51).possible == 50


def test_staff_go_over_each_limit_with_a_reason(person, leaflet, now):
    make_order(person, now, {leaflet: 100})
    order = make_order(person, now, {leaflet: 200}, by=make_staff(), override_reason="Agreed on the phone")
    assert order.lines.get().allocated == 200


def test_a_request_promises_nothing_and_tells_both(request_of_120, leaflet, person):
    [line] = request_of_120.lines.all()
    assert (request_of_120.state, line.backordered, line.allocated) == (OrderState.REQUESTED, 120, 0)
    assert leaflet.editions.get().allocated == 0
    assert set(Notification.objects.values_list("kind", "recipient")) == {
        ("order-requested", person.email),
        ("staff-order-request", settings.STAFF_EMAIL),
    }
    assert list(request_of_120.events.values_list("kind", flat=True)) == [OrderEventKind.REQUESTED]


@pytest.mark.parametrize("granted", [120, 50])
def test_staff_approve_or_trim_it(request_of_120, leaflet, now, granted):
    staff, line = make_staff(), request_of_120.lines.get()
    approve_order(order=request_of_120, granted={line.pk: granted}, by=staff, now=now, reason="A county")
    line.refresh_from_db()
    assert (request_of_120.state, line.allocated, line.cancelled) == (OrderState.RECEIVED, granted, 120 - granted)
    assert OrderEvent.objects.filter(kind=OrderEventKind.APPROVED, by=staff, reason="A county").count() == 1
    mail = render(get_email_class("order-approved")(Notification.objects.get(kind="order-approved")).message())
    assert f"{granted} copies: One" in mail.text
    assert ("We can’t send everything you asked for" in mail.text) == (granted == 50)
    assert not get_email_class("order-requested")(Notification.objects.get(kind="order-requested")).is_still_due()
    assert list(ledger_differences()) == []


def test_what_is_agreed_and_not_in_stock_waits(person, now):
    edition = make_edition(now, stock=0)
    order = make_order(person, now, {edition.leaflet: 120}, over_limit_reason="We train every school")
    receive_stock(edition=edition, copies=30, by=None, now=now)
    line = order.lines.get()
    assert line.allocated == 0  # nobody has agreed yet
    approve_order(order=order, granted={line.pk: 100}, by=None, now=now)
    line.refresh_from_db()
    assert (line.allocated, line.backordered, line.cancelled) == (30, 70, 20)
    assert list(ledger_differences()) == []


def test_staff_decline_it_and_the_person_reads_why(request_of_120, now, leaflet):
    decline_order(order=request_of_120, by=make_staff(), now=now, reason="Our next print comes in April.")
    assert (request_of_120.state, request_of_120.lines.get().cancelled) == (OrderState.DECLINED, 120)
    mail = render(get_email_class("order-declined")(Notification.objects.get(kind="order-declined")).message())
    assert "Our next print comes in April." in mail.text
    with pytest.raises(OrderStateHasChanged):
        approve_order(order=request_of_120, granted={request_of_120.lines.get().pk: 1}, by=None, now=now)


@pytest.mark.parametrize(("granted", "refusal"), [(0, NothingGranted), (121, MoreThanAsked), (-1, MoreThanAsked)])
def test_what_cant_be_granted(request_of_120, now, granted, refusal):
    with pytest.raises(refusal):
        approve_order(order=request_of_120, granted={request_of_120.lines.get().pk: granted}, by=None, now=now)
    request_of_120.refresh_from_db()
    assert request_of_120.state == OrderState.REQUESTED


def test_a_request_is_cancelled_by_its_owner(request_of_120, person, now):
    cancel_order(order=request_of_120, by=person.user, now=now)
    assert request_of_120.lines.get().cancelled == 120


def test_staff_read_why_and_decide_on_the_page_of_the_request(client, staff, request_of_120, now):
    page = client.get(f"/staff/leaflets/order/{request_of_120.pk}/change/").content.decode()
    assert "We train every school" in page
    path, line = f"/staff/leaflets/order/{request_of_120.pk}/do/approve/", request_of_120.lines.get()
    asked = client.get(path).content.decode()
    assert "They asked for 120. 500 copies are free now." in asked
    refused = client.post(path, {f"copies_{line.pk}": "121", "reason": ""})
    assert refused.context["form"].errors[f"copies_{line.pk}"]
    assert client.post(path, {f"copies_{line.pk}": "60", "reason": "Half now"}).status_code == 302
    line.refresh_from_db()
    assert (line.allocated, line.cancelled) == (60, 60)


def test_staff_decline_it_with_words_for_the_person(client, staff, request_of_120):
    path = f"/staff/leaflets/order/{request_of_120.pk}/do/decline/"
    assert client.post(path, {"reason": ""}).status_code == 200
    assert client.post(path, {"reason": "None are left."}).status_code == 302
    request_of_120.refresh_from_db()
    assert request_of_120.state == OrderState.DECLINED


def headed(response):
    """Title and heading."""
    found = (re.findall(f"<{tag}[^>]*>([^<]+)<", response.content.decode())[0] for tag in ("title", "h1"))
    return tuple(" ".join(each.split()) for each in found)


def test_from_the_basket_to_a_request_and_its_pages(client, person, leaflet, now):
    sign_in(client, person)
    client.post(reverse("basket_add", args=[leaflet.slug]), {f"{leaflet.slug}-copies": "120"})
    client.post(reverse("basket"), {leaflet.slug: "120", "reason": "We train every school", "continue": "1"})
    address = {"name": "Sam", "address_line_1": "1 Park Row", "town": "Leeds", "postcode": "ls14ap"}
    client.post(reverse("order_delivery"), address)
    check = client.get(reverse("order_check"))
    assert "We train every school" in check.content.decode()
    assert "Send this request" in check.content.decode()
    assert headed(check) == ("Check your request – CTAC", "Check your request")
    assert "This is more than the limit, so it is a request" in check.content.decode()
    placed = client.post(reverse("order_check"), {name: check.context[name] for name in ("token", "digest")}, follow=True)
    assert "We have your request" in placed.content.decode()
    order = person.orders.get()
    assert headed(placed) == (f"We have your request {order.reference} – CTAC", "We have your request")
    assert (order.state, order.over_limit_reason) == (OrderState.REQUESTED, "We train every school")
    assert "one of us will read why you need it" in client.get(order.get_absolute_url()).content.decode()
    assert "One of us will read your request" in client.get(reverse("my")).content.decode()


def test_the_page_of_a_leaflet_says_how_many_more_the_person_may_order(client, person, leaflet, now):
    make_order(person, timezone.now(), {leaflet: 100})
    sign_in(client, person)
    assert "You can order 50 more until" in client.get(leaflet.get_absolute_url()).content.decode()


@pytest.mark.parametrize(
    ("ordered", "on_hand", "says"),
    [
        (20, 500, "In stock. Up to 100 an order"),
        (50, 500, "In stock. Up to 100 an order"),
        (51, 500, "You can order 99 more until "),
        (100, 500, "You can order 50 more until "),
        (150, 500, "You can order more from "),
        (20, 90, "Only 70 left in stock"),
        (20, 20, "Out of stock just now. You can order and wait for more"),
        (120, 120, "Out of stock just now. You can order and wait for more"),
        (150, 150, "Out of stock just now. You can order more from "),
    ],
)
def test_the_page_of_a_leaflet_and_the_basket_say_in_the_same_words_what_is_left(client, now, ordered, on_hand, says):
    leaflet, person, today = make_edition(now, stock=on_hand, most_per_person=150).leaflet, make_person(), timezone.now()
    for copies in filter(None, (min(ordered, 100), max(ordered - 100, 0))):
        make_order(person, today, {leaflet: copies})
    sign_in(client, person)
    client.post(reverse("basket_add", args=[leaflet.slug]), {f"{leaflet.slug}-copies": "1"})
    day = f"{format_day(uk_day(today + timedelta(days=90)))}</div>" if says.endswith((" from ", " until ")) else "</div>"
    for page in (leaflet.get_absolute_url(), reverse("basket")):
        assert f"{says}{day}" in client.get(page).content.decode()


@pytest.mark.parametrize(
    ("ordered", "on_hand", "says"),
    [
        (10, 9_000, "In stock. Up to 2,000 an order<"),
        (10, 1_500, "Only 1,490 left in stock<"),
        (1_100, 9_000, "You can order 1,900 more until "),
    ],
)
def test_large_figures_have_a_comma(client, now, ordered, on_hand, says):
    leaflet = make_edition(now, stock=on_hand, most_per_order=2_000, most_per_person=3_000, most_per_workplace=9_000).leaflet
    person = make_person()
    make_order(person, timezone.now(), {leaflet: ordered})
    sign_in(client, person)
    assert says in client.get(leaflet.get_absolute_url()).content.decode()


def test_what_is_left_is_said_of_a_workplace_too_and_beside_an_error(client, person, leaflet, now):
    make_order(colleague_of(person), timezone.now(), {leaflet: 90})
    sign_in(client, person)
    wrong = client.post(reverse("basket_add", args=[leaflet.slug]), {f"{leaflet.slug}-copies": "ten", "from-leaflet": "1"})
    for page in (wrong, client.get(leaflet.get_absolute_url())):
        assert "You can order 90 more until " in page.content.decode()
    assert "as a whole number" in wrong.content.decode()
    assert 'value="ten"' in wrong.content.decode()


def test_what_is_left_is_said_to_who_is_signed_in_alone_and_costs_no_statement_more(client, person, leaflet, now):
    path = leaflet.get_absolute_url()
    make_order(person, timezone.now(), {leaflet: 60})
    signed_out = client.get(path).content.decode()
    assert "In stock. Up to 100 an order<" in signed_out
    assert len(statements(lambda: client.get(path))) == 3
    sign_in(client, person)
    assert "You can order 90 more until " in client.get(path).content.decode()
    assert len(statements(lambda: client.get(path))) == 7  # as for who has ordered nothing
