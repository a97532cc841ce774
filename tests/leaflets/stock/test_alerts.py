"""An email when a leaflet is back in stock: asked for, told once to each, and true when it is sent."""

import html
import re

import pytest
from django.conf import settings
from django.urls import reverse

from leaflets.catalogue.services import withdraw_edition
from leaflets.models import Edition, StockAlert
from leaflets.orders.services.transitions import cancel_order
from leaflets.stock.emails import LeafletBack
from leaflets.stock.services import AlreadyInStock, ask_for_alert, correct_stock, receive_stock
from notifications.models import Notification
from notifications.rendering import render
from privacy.services import erase_person, export_person
from tests.factories import make_person, sign_in
from tests.leaflets.factories import make_edition, make_order
from tests.leaflets.statements import statements

pytestmark = pytest.mark.django_db


@pytest.fixture
def edition(now):
    return make_edition(now, stock=0, slug="one", title="One")


@pytest.fixture
def leaflet(edition):
    return edition.leaflet


@pytest.fixture
def person(db):
    return make_person(email="sam@leeds.nhs.uk")


def url(name, leaflet):
    return reverse(name, args=[leaflet.slug])


def told():
    return list(Notification.objects.filter(kind="leaflet-back").values_list("recipient", flat=True).order_by("recipient"))


def mail():
    return render(LeafletBack(Notification.objects.get(kind="leaflet-back")).message())


def test_the_leaflets_page_asks_and_stops(client, person, leaflet):
    sign_in(client, person)
    assert "Email me when it is back" in client.get(leaflet.get_absolute_url()).content.decode()
    page = html.unescape(client.post(url("leaflet_alert", leaflet), follow=True).content.decode())
    assert "We will email you once, when “One” is back in stock." in page
    assert "Stop this email" in page
    client.post(url("leaflet_alert", leaflet))
    assert StockAlert.objects.get().person == person
    client.post(url("leaflet_alert", leaflet), {"stop": "1"})
    assert not StockAlert.objects.exists()


def test_who_is_signed_out_signs_in_and_comes_to_a_page_that_asks(client, person, leaflet):
    page = client.get(leaflet.get_absolute_url()).content.decode()
    [link] = re.findall(r'href="([^"]*alert[^"]*)"', page)
    assert client.get(link).url == f"{reverse('account_login')}?next=%2Fleaflets%2Fone%2Falert%2F"
    sign_in(client, person)
    assert "Email you when it is back?" in client.get(link).content.decode()
    assert not StockAlert.objects.exists()


def test_the_basket_leads_there_and_back(client, person, leaflet):
    sign_in(client, person)
    client.post(url("basket_add", leaflet), {"one-copies": 5})
    basket = reverse("basket")
    assert f'href="{url("leaflet_alert", leaflet)}?next={basket}"' in client.get(basket).content.decode()
    assert client.post(url("leaflet_alert", leaflet), {"next": basket}).url == basket
    assert "We will email you when it is back." in client.get(basket).content.decode()


def test_each_is_told_once_in_as_few_statements_however_many(leaflet, edition, now):
    for number in range(3):
        ask_for_alert(person=make_person(email=f"{number}@leeds.nhs.uk"), leaflet=leaflet, now=now)
    asked = statements(lambda: receive_stock(edition=edition, copies=5, by=None, now=now))
    assert len([sql for sql in asked if "stockalert" in sql]) == 2
    assert told() == ["0@leeds.nhs.uk", "1@leeds.nhs.uk", "2@leeds.nhs.uk"]
    assert not StockAlert.objects.exists()
    receive_stock(edition=edition, copies=5, by=None, now=now)
    assert len(told()) == 3


def test_a_row_that_was_found_is_like_any_other_and_left_to_the_sweep(person, leaflet, edition, now):
    ask_for_alert(person=person, leaflet=leaflet, now=now)
    receive_stock(edition=edition, copies=5, by=None, now=now)
    row = Notification.objects.get(kind="leaflet-back")
    assert (row.state, row.due_at, row.queued_at, row.reference, row.version) == ("pending", now, None, "", 1)
    assert re.fullmatch(r"<[0-9a-f]{32}@[^>]+>", row.message_id)


def test_who_waits_with_an_order_comes_first(person, leaflet, edition, now):
    order = make_order(make_person(), now, {leaflet: 5}, will_wait_for=[leaflet])
    ask_for_alert(person=person, leaflet=leaflet, now=now)
    receive_stock(edition=edition, copies=5, by=None, now=now)
    assert told() == []
    cancel_order(order=order, by=None, now=now)
    assert told() == ["sam@leeds.nhs.uk"]


def test_nobody_waits_for_what_is_there(client, person, now):
    leaflet = make_edition(now, stock=5, slug="two").leaflet
    with pytest.raises(AlreadyInStock):
        ask_for_alert(person=person, leaflet=leaflet, now=now)
    sign_in(client, person)
    assert "It is in stock" in client.get(url("leaflet_alert", leaflet)).content.decode()
    assert "Email me when" not in client.get(leaflet.get_absolute_url()).content.decode()


def test_whoever_waits_for_a_withdrawn_print_is_told_of_the_next(person, leaflet, edition, now):
    withdraw_edition(edition=edition)
    ask_for_alert(person=person, leaflet=leaflet, now=now)
    receive_stock(edition=edition, copies=5, by=None, now=now)
    assert told() == []
    receive_stock(edition=make_edition(now, leaflet=leaflet, stock=0, label="April 2026"), copies=5, by=None, now=now)
    assert told() == ["sam@leeds.nhs.uk"]


def test_the_email_says_what_is_true_when_it_is_sent(person, leaflet, edition, now):
    ask_for_alert(person=person, leaflet=leaflet, now=now)
    receive_stock(edition=edition, copies=5, by=None, now=now)
    assert mail().subject == "Back in stock: “One”"
    assert f"{settings.SITE_URL}/leaflets/one/alert/" in mail().text
    correct_stock(edition=Edition.objects.get(pk=edition.pk), change=-5, by=None, now=now, reason="Damp")
    assert mail().subject == "Out of stock again: “One”"
    assert "Order now and join the queue" in mail().text
    withdraw_edition(edition=edition)
    assert "Order now and join the queue" not in mail().text


def test_whoever_waits_for_a_title_that_leaves_the_catalogue_is_told(client, staff, person, leaflet, now):
    ask_for_alert(person=person, leaflet=leaflet, now=now)
    change = reverse("staff:leaflets_leaflet_change", args=[leaflet.pk])
    form = client.get(change).context["adminform"].form
    data = {name: form[name].value() or "" for name in form.fields if name != "active"}
    assert client.post(change, data).status_code == 302
    assert (told(), mail().subject) == (["sam@leeds.nhs.uk"], "We no longer send out “One”")


def test_it_is_exported_and_erasing_ends_it(person, leaflet, now):
    ask_for_alert(person=person, leaflet=leaflet, now=now)
    assert export_person(person)["back_in_stock_emails"] == [{"title": "One", "asked": now.isoformat()}]
    erase_person(person, by=None, now=now)
    assert not StockAlert.objects.exists()
