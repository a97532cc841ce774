"""The address book: kept with an order or on its own pages, chosen on the delivery page, nobody else's business."""

import html

import pytest
from django.db import IntegrityError, connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from leaflets.models import KeptAddress, Order
from leaflets.models.orders import MAX_KEPT_ADDRESSES
from leaflets.orders.services.create import keep_address
from privacy.services import erase_person, export_person
from professionals.models import Draft
from tests.factories import make_person, sign_in
from tests.leaflets.factories import DELIVERY, make_edition, make_order
from tests.leaflets.orders.test_ordering import ADDRESS, CHECK, fill, hidden
from tests.leaflets.statements import statements

pytestmark = pytest.mark.django_db

PAGE = "/order/delivery/"
OTHER = {**ADDRESS, "address_line_1": "2 Hill Lane", "attention": ""}


@pytest.fixture
def leaflet(now):
    return make_edition(now, stock=500, slug="one", title="One").leaflet


@pytest.fixture
def person(client):
    person = make_person(email="sam@leeds.nhs.uk")
    sign_in(client, person)
    return person


@pytest.fixture
def basket(client, leaflet, person):
    client.post(reverse("basket_add", args=["one"]), {"one-copies": 5})


@pytest.fixture
def kept(person):
    return keep_address(person=person, delivery=DELIVERY)


def place(client):
    return client.post(CHECK, hidden(client.get(CHECK)))


def streets(person):
    return list(KeptAddress.objects.for_person(person).values_list("address_line_1", flat=True))


def test_an_address_is_kept_with_the_order_once_and_chosen_for_the_next(client, leaflet, person):
    fill(client, leaflet, keep="on")
    assert "Save this address for next time" in client.get(CHECK).content.decode()
    assert streets(person) == []
    for _order in range(2):
        place(client)
        assert streets(person) == ["1 Park Row"]
        fill(client, leaflet, keep="on", to="another")
    form = client.get(PAGE).context["form"]
    assert form["to"].value() == str(KeptAddress.objects.get().pk)


def test_a_box_that_is_not_ticked_keeps_nothing(client, leaflet, person):
    fill(client, leaflet)
    assert "Save this address" not in client.get(CHECK).content.decode()
    place(client)
    assert streets(person) == []


def test_the_chosen_address_is_ordered_whatever_is_typed_beside_it_and_becomes_of_it(client, basket, kept):
    assert client.post(PAGE, {**OTHER, "postcode": "nonsense", "to": kept.pk}).url == CHECK
    kept.delete()
    place(client)
    assert Order.objects.get().address == kept.label_lines


def test_an_error_in_another_address_stands_beside_its_field_and_what_was_typed_stays(client, basket, kept):
    form = client.post(PAGE, {**OTHER, "postcode": "nonsense", "to": "another", "keep": "on"}).context["form"]
    assert list(form.errors) == ["postcode"]
    assert [form[name].value() for name in ("to", "address_line_1", "postcode", "keep")] == [
        *("another", "2 Hill Lane", "nonsense", True),
    ]


def test_a_kept_address_of_somebody_else_or_one_that_is_gone_is_no_answer(client, basket, kept):
    theirs = keep_address(person=make_person(), delivery=DELIVERY)
    page = html.unescape(client.post(PAGE, {"to": theirs.pk}).content.decode())
    assert "You have removed the address that you chose." in page


def test_who_was_signed_out_while_choosing_signs_in_and_comes_back(client, leaflet):
    client.post(reverse("basket_add", args=["one"]), {"one-copies": 5})
    assert client.post(PAGE, {"to": "7"}).url == f"{reverse('account_login')}?next=%2Forder%2Fdelivery%2F"


def test_where_the_last_order_went_is_chosen_and_typed_if_it_is_not_kept(client, person, kept, basket, now, leaflet):
    newer = keep_address(person=person, delivery=DELIVERY.__class__(**{**vars(DELIVERY), "town": "York"}))
    assert client.get(PAGE).context["form"]["to"].value() == str(newer.pk)
    order = make_order(person, now, {leaflet: 1})
    assert client.get(PAGE).context["form"]["to"].value() == str(kept.pk)
    Order.objects.filter(pk=order.pk).update(town="Hull")
    form = client.get(PAGE).context["form"]
    assert (form["to"].value(), form["town"].value(), form["attention"].value()) == ("another", "Hull", "")


@pytest.mark.parametrize("count", [0, 3])
def test_the_delivery_page_reads_addresses_and_the_last_order_in_a_statement_each(client, person, basket, now, count):
    make_order(person, now)
    for number in range(count):
        keep_address(person=person, delivery=DELIVERY.__class__(**{**vars(DELIVERY), "town": f"Town {number}"}))
    asked = statements(lambda: client.get(PAGE))
    for table in ("leaflets_keptaddress", "leaflets_order"):
        assert len([sql for sql in asked if f'FROM "{table}"' in sql]) == 1


def test_an_order_without_an_address_to_keep_asks_nothing_of_the_book(client, leaflet, person):
    fill(client, leaflet)
    with CaptureQueriesContext(connection) as captured:
        place(client)
    assert [query["sql"] for query in captured if "keptaddress" in query["sql"]] == []


def test_the_pages_add_change_and_remove(client, person):
    assert client.post(reverse("my_address_add"), ADDRESS).url == reverse("my_addresses")
    address = KeptAddress.objects.get(person=person)
    assert (address.name, address.postcode) == ("Sam Taylor", "LS1 4AP")
    client.post(reverse("my_address_change", args=[address.pk]), OTHER)
    assert streets(person) == ["2 Hill Lane"]
    assert "2 Hill Lane" in client.get(reverse("my_addresses")).content.decode()
    remove = reverse("my_address_remove", args=[address.pk])
    client.get(remove)
    assert streets(person) == ["2 Hill Lane"]
    client.post(remove)
    assert streets(person) == []


def test_the_book_has_each_address_once_and_so_many_at_most(client, person, kept):
    same = {**vars(DELIVERY), "town": "LEEDS"}
    assert "You have already saved this address." in client.post(reverse("my_address_add"), same).content.decode()
    for number in range(MAX_KEPT_ADDRESSES - 1):
        keep_address(person=person, delivery=DELIVERY.__class__(**{**vars(DELIVERY), "town": f"Town {number}"}))
    assert "Remove one first" in client.post(reverse("my_address_add"), OTHER).content.decode()
    assert len(streets(person)) == MAX_KEPT_ADDRESSES
    with pytest.raises(IntegrityError):
        KeptAddress.objects.create(person=person, **same)


def test_what_looks_like_a_childs_details_is_not_kept_in_the_book(client, leaflet, person):
    attention = {"attention": "Amy Smith, born 3/4/2015"}
    page = client.post(reverse("my_address_add"), {**ADDRESS, **attention, "keep_what_i_wrote": "on"})
    assert list(page.context["form"].errors) == ["attention"]
    fill(client, leaflet, keep="on", keep_what_i_wrote="on", **attention)
    assert not KeptAddress.objects.exists()


def test_it_is_exported_and_erased(person, kept, now):
    assert export_person(person)["delivery_addresses"] == [kept.label_lines]
    erase_person(person, by=None, now=now)
    assert not KeptAddress.objects.exists()
    assert not Draft.objects.exists()
