"""Order for a caller: what staff type while someone is on the phone."""

import html

import pytest
from django.urls import reverse

from leaflets.models import Order, OrderChannel, OrderEventKind, OrderState
from leaflets.orders.forms import change_field_name
from leaflets.orders.services.transitions import dispatch_order, start_packing
from professionals.models import Person
from tests.factories import make_organisation, make_person, make_staff, sign_in_staff
from tests.leaflets.factories import make_edition, make_order
from tests.leaflets.staff_site import ORDERS, act, change, said, told_the_lead

pytestmark = pytest.mark.django_db

ADD = "/staff/leaflets/order/add/"
CHILD = "For Amy Brown, dob 3/4/2019"
CALL = {
    "name": "Pat Moss",
    "email": "pat@school.sch.uk",
    "phone": "0113 496 0001",
    "profession": "teacher",
    "organisation_name": "Leeds High School",
    "postcode": "ls2 8aa",
    "to_address_line_1": "2 Hill Street",
    "to_town": "Leeds",
    "channel": "phone",
    "token": "c" * 43,
}


def call(client, **changes):
    return client.post(ADD, {**CALL, **changes}, follow=True)


@pytest.fixture
def leaflet(now):
    return make_edition(now, stock=150, slug="one", title="One", most_per_order=100).leaflet


def test_an_order_for_a_caller_goes_by_the_same_service(client, staff, leaflet):
    response = call(client, copies_one="5")
    order = Order.objects.get()
    assert said(response) == [f"Order {order.reference} is placed. Tell the caller the reference."]
    assert (order.channel, order.person.name, order.person.email, order.person.user) == (
        *(OrderChannel.PHONE, "Pat Moss", "pat@school.sch.uk", None),
    )
    assert order.address == ["Pat Moss", "Leeds High School", "2 Hill Street", "Leeds", "LS2 8AA"]
    assert order.events.get().by == staff


def test_corrected_postcodes_of_a_caller_are_named(client, staff, leaflet):
    response = call(client, copies_one="5", postcode="LS2 BAA", to_postcode="Y01 8HE")
    assert "Enter a full UK postcode, like LS1 4AP." in response.content.decode()
    response = call(client, copies_one="5", postcode="LS2 OAA", to_postcode="Y01 8HE")
    order = Order.objects.get()
    assert said(response) == [
        "We read “LS2 OAA” as LS2 0AA.",
        "We read “Y01 8HE” as YO1 8HE.",
        f"Order {order.reference} is placed. Tell the caller the reference.",
    ]
    assert (order.person.postcode, order.postcode) == ("LS2 0AA", "YO1 8HE")


def test_the_list_of_orders_leads_to_it_by_its_name(client, staff):
    page = client.get(ORDERS).content.decode()
    assert f'<a href="{ADD}" class="addlink">Order for a caller</a>' in page
    assert "Add order" not in page


def test_an_order_for_a_caller_can_go_elsewhere(client, staff, leaflet):
    elsewhere = {"to_name": "Kim Lee", "to_attention": "Ward 5", "to_organisation_name": "York Hospital", "to_postcode": "yo18he"}
    call(client, copies_one="5", channel="email", **elsewhere)
    order = Order.objects.get()
    assert order.address == ["Kim Lee", "Ward 5", "York Hospital", "2 Hill Street", "Leeds", "YO1 8HE"]
    assert order.channel == OrderChannel.EMAIL


def test_staff_go_over_a_limit_only_with_a_reason(client, staff, leaflet):
    page = html.unescape(call(client, copies_one="120").content.decode())
    assert "More than 100 copies of “One” are over its limit. Give a reason below, or enter fewer." in page
    assert 'href="#id_copies_one"' in page
    assert (Order.objects.count(), Person.objects.count()) == (0, 0)
    call(client, copies_one="120", override_reason="The whole school")
    assert Order.objects.get().events.get(kind=OrderEventKind.OVER_LIMIT).reason == "The whole school"


def test_stock_yields_to_no_reason(client, staff, leaflet):
    page = html.unescape(call(client, copies_one="151", override_reason="The whole county").content.decode())
    assert "We have only 150 copies of “One” in stock" in page
    assert Order.objects.count() == 0


def test_everything_wrong_with_a_call_is_said_at_once_and_stays_typed(client, staff, leaflet):
    response = call(client, name="", copies_one="ten", to_postcode="nowhere")
    assert sorted(response.context["form"].errors) == ["copies_one", "name", "to_postcode"]
    assert response.context["form"]["copies_one"].value() == "ten"


@pytest.mark.parametrize("copies", ["", "0"])
def test_a_call_about_nothing_is_asked_for_a_leaflet(client, staff, leaflet, copies):
    response = call(client, copies_one=copies)
    assert response.context["form"].non_field_errors() == ["Enter copies of at least one leaflet."]


def test_a_double_click_places_one_order_for_the_caller(client, staff, leaflet):
    call(client, copies_one="5")
    response = call(client, copies_one="5")
    assert Order.objects.count() == 1
    assert response.redirect_chain[-1][0] == change("order", Order.objects.get())


@pytest.mark.parametrize(
    "other",
    [{"copies_one": "7"}, {"name": "Kim Lee", "email": "kim@york.gov.uk", "phone": "01904 960 002"}, {"channel": "email"}],
    ids=str,
)
def test_going_back_and_placing_another_order_says_so_and_keeps_what_was_typed(client, staff, leaflet, other):
    call(client, copies_one="5")
    first = Order.objects.get()
    typed = {"copies_one": "5", **other}
    response = call(client, **typed)
    [error] = response.context["form"].non_field_errors()
    assert error.startswith(f"You have already placed order {first.reference} from this page, with different answers.")
    assert {name: response.context["form"][name].value() for name in typed} == typed
    assert (Order.objects.count(), Person.objects.count()) == (1, 1)
    token = response.context["token"]
    assert token != CALL["token"]
    assert f'value="{token}"' in response.content.decode()
    call(client, **typed, token=token)
    assert Order.objects.count() == 2


def test_the_same_call_sent_again_leads_to_its_order_also_when_the_copies_are_gone(client, staff, leaflet):
    call(client, copies_one="100")
    response = call(client, copies_one="100")
    assert response.redirect_chain[-1][0] == change("order", Order.objects.get())


@pytest.mark.parametrize("token", ["", "\x00", "c" * 44, "é" * 43])
def test_a_call_with_a_token_that_we_did_not_make_is_shown_again(client, staff, leaflet, token):
    response = call(client, copies_one="5", token=token)
    assert response.context["form"].non_field_errors() == [
        "This page was open too long. Check what you typed, then press the button again."
    ]
    assert Order.objects.count() == 0
    call(client, copies_one="5", token=response.context["token"])
    assert Order.objects.count() == 1


def test_a_caller_whom_we_know_is_not_entered_twice(client, staff, leaflet):
    known = {"name": "Pat Moss", "phone": "0113 496 0001", "profession": "teacher", "postcode": "LS2 8AA"}
    person = make_person(email="pat@school.sch.uk", organisation=make_organisation("Leeds High School"), **known)
    call(client, copies_one="5")
    assert Order.objects.get().person == person


def test_a_reason_that_looks_like_a_childs_details_is_asked_about_and_the_lead_told(client, staff, leaflet, settings):
    response = call(client, copies_one="120", override_reason=CHILD)
    assert list(response.context["form"].errors) == ["override_reason"]
    call(client, copies_one="120", override_reason=CHILD, keep_what_i_wrote="on")
    assert told_the_lead() == [(settings.SAFEGUARDING_LEAD_EMAIL, Order.objects.get().reference)]


def test_what_is_missing_is_said_about_the_caller_not_to_them(client, staff, leaflet):
    errors = client.post(ADD, {"token": "c" * 43, "channel": "phone"}).context["form"].errors
    assert {name: list(said) for name, said in errors.items()} == {
        "__all__": ["Enter copies of at least one leaflet."],
        "name": ["Enter the caller’s name."],
        "phone": ["Enter a phone number to reach the caller on."],
        "profession": ["Choose the caller’s profession."],
        "organisation_name": ["Enter the organisation the caller works for."],
        "postcode": ["Enter the postcode where the caller works."],
        "to_address_line_1": ["Enter the building and street the parcel should go to."],
        "to_town": ["Enter the town or city."],
    }


@pytest.mark.parametrize(
    ("stock", "said"), [(1500, "1,500 in stock. The limit is 100 for an order."), (7, "7 in stock."), (0, "None in stock.")]
)
def test_staff_read_stock_figures_not_what_they_may_order(client, staff, now, stock, said):
    make_edition(now, stock=stock, slug="one", title="One", most_per_order=100)
    page = client.get(f"{ADD}?person=").content.decode()
    assert said in page
    assert "You can order" not in page


@pytest.mark.parametrize(
    ("stock", "copies", "said"),
    [
        (0, "5", "We have no copies of “One” in stock. Leave this empty: the caller can download it from the website."),
        (1, "5", "We have only 1 copy of “One” in stock. Enter 1, or leave this empty."),
        (7, "8", "We have only 7 copies of “One” in stock. Enter 7 or fewer."),
        (50, "-3", "Enter how many copies of “One” as a whole number, like 10."),
    ],
)
def test_copies_that_can_not_be_sent_are_refused_in_words_for_staff(client, staff, now, stock, copies, said):
    make_edition(now, stock=stock, slug="one", title="One", most_per_order=100)
    assert call(client, copies_one=copies).context["form"].errors["copies_one"] == [said]


# -- What a coordinator may do with it afterwards -----------------------------------------------------------------------


@pytest.fixture
def coordinator(client):
    return sign_in_staff(client, make_staff(role="coordinator"))


def buttons(client, order):
    return [action.slug for action in client.get(change("order", order)).context["object_actions"]]


def test_a_coordinator_changes_and_cancels_what_they_ordered_for_a_caller(client, coordinator, leaflet):
    call(client, copies_one="5")
    order = Order.objects.get()
    assert buttons(client, order) == ["change", "cancel"]
    page = client.get(reverse("staff:leaflets_order_action", args=[order.pk, "change"])).context
    typed = {name: field.value() or "" for name, field in ((field.name, field) for field in page["form"])}
    act(client, "order", order, "change", **{**typed, change_field_name("one"): "7"}, version=page["version"])
    assert order.total_copies == 7
    act(client, "order", order, "cancel", reason="Rang again")
    order.refresh_from_db()
    assert order.state == OrderState.CANCELLED


def test_a_coordinator_packs_nothing_and_cancels_until_it_leaves(client, coordinator, leaflet, now):
    call(client, copies_one="5")
    order = Order.objects.get()
    assert act(client, "order", order, "start-packing").status_code == 403
    start_packing(order=order, by=None, now=now)
    assert buttons(client, order) == ["cancel"]
    assert act(client, "order", order, "dispatch").status_code == 403
    dispatch_order(order, by=None, now=now)
    assert buttons(client, order) == []


@pytest.mark.parametrize(("role", "may"), [("fulfilment", True), ("read-only", False)])
def test_who_else_changes_and_cancels_an_order(client, leaflet, now, role, may):
    order = make_order(make_person(), now, {leaflet: 5})
    sign_in_staff(client, make_staff(role=role))
    assert {"change", "cancel"} <= set(buttons(client, order)) if may else buttons(client, order) == []
