"""The same order once more: into the basket, never doubled, and with its address."""

import html
from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from leaflets.catalogue.services import withdraw_edition
from leaflets.orders.services.transitions import approve_order, cancel_order
from professionals.models import Draft
from tests.factories import make_person, sign_in
from tests.leaflets.factories import make_edition, make_order

pytestmark = pytest.mark.django_db


@pytest.fixture
def owner(client):
    owner = make_person()
    sign_in(client, owner)
    return owner


@pytest.fixture
def titles(now):
    return [make_edition(now, stock=50, slug=slug, title=slug.title()).leaflet for slug in ("one", "two")]


def again(client, order):
    return client.post(reverse("order_again", args=[order.reference]), follow=True)


def answers(owner):
    return Draft.objects.get(person=owner).answers


def test_it_fills_the_basket_and_the_address_and_pressing_twice_adds_nothing(client, owner, titles, now):
    order = make_order(owner, now, dict(zip(titles, (5, 7), strict=True)))
    for _press in range(2):
        page = again(client, order)
    assert page.redirect_chain == [("/basket/", 302)]
    assert f"What you ordered in {order.reference} is in your basket." in page.content.decode()
    assert answers(owner)["basket"] == {"one": 5, "two": 7}
    assert client.get(reverse("order_delivery")).context["form"]["address_line_1"].value() == "1 Park Row"
    assert client.get(reverse("order_check")).status_code == 200


def test_what_was_in_the_basket_and_typed_for_it_stays(client, owner, titles, now):
    one, two = titles
    order = make_order(owner, now, {one: 5, two: 7})
    typed = {"basket": {"one": 9, "two": 3, "three": 4}, "delivery": {"address_line_1": "2 Hill Lane"}}
    expires = timezone.now() + timedelta(hours=1)
    Draft.objects.create(kind="order", person=owner, key_hash="k", token="t" * 43, answers=typed, expires_at=expires)
    again(client, order)
    assert answers(owner) == {"basket": {"one": 9, "two": 7, "three": 4}, "delivery": {"address_line_1": "2 Hill Lane"}}


def test_a_title_that_is_gone_is_named_and_the_current_print_is_ordered(client, owner, titles, now):
    one, two = titles
    order = make_order(owner, now, {one: 5, two: 7})
    make_edition(now, leaflet=one, label="April 2026")
    withdraw_edition(edition=two.editions.get())
    page = html.unescape(again(client, order).content.decode())
    assert "“Two” can’t be ordered just now, so it is not in your basket." in page
    assert answers(owner)["basket"] == {"one": 5}


def test_as_many_as_were_agreed_or_of_a_cancelled_order_as_were_asked_for(client, owner, titles, now):
    one, two = titles
    order = make_order(owner, now, {one: 5, two: 7}, over_limit_reason="A whole ward")
    line = order.lines.get(edition__leaflet=one)
    approve_order(order=order, granted={line.pk: 4}, by=None, now=now)
    again(client, order)
    assert answers(owner)["basket"] == {"one": 4}
    cancel_order(order=order, by=None, now=now)
    again(client, order)
    assert answers(owner)["basket"] == {"one": 5, "two": 7}


def test_opening_its_address_leads_to_the_order_and_fills_nothing(client, owner, now):
    order = make_order(owner, now)
    assert client.get(reverse("order_again", args=[order.reference])).url == order.get_absolute_url()
    assert not Draft.objects.exists()
