"""From the basket to the confirmation: nothing typed is lost, nothing is placed twice."""

import html
import re

import pytest
from django.urls import reverse
from django.utils import timezone

from leaflets.models import Edition, Order
from notifications.models import Notification
from professionals import drafts
from professionals.models import Draft
from tests.factories import make_person, sign_in
from tests.leaflets.factories import make_edition, make_order
from tests.leaflets.statements import statements

pytestmark = pytest.mark.django_db

ADDRESS = {
    "name": "Sam  Taylor",
    "attention": "The duty desk",
    "organisation_name": "Leeds Health Visiting",
    "address_line_1": "1 Park Row",
    "address_line_2": "",
    "town": "Leeds",
    "postcode": "ls14ap",
}
CHECK = "/order/check/"


@pytest.fixture
def leaflet(now):
    return make_edition(now, stock=50, slug="one", title="One").leaflet


@pytest.fixture
def person(db):
    return make_person(email="sam@leeds.nhs.uk")


def fill(client, leaflet, copies=5, **changes):
    client.post(reverse("basket_add", args=[leaflet.slug]), {f"{leaflet.slug}-copies": copies})
    return client.post(reverse("order_delivery"), {**ADDRESS, **changes})


def hidden(response):
    """The token and digest that the check page shows."""
    return dict(re.findall(r'name="(token|digest)" value="([^"]+)"', response.content.decode()))


def test_an_order_from_start_to_end(client, leaflet, person):
    sign_in(client, person)
    assert fill(client, leaflet).url == CHECK
    page = client.get(CHECK)
    shown = html.unescape(page.content.decode())
    to_whom = ("Name on the label", "Sam Taylor", "The duty desk", "1 Park Row", "LS1 4AP")
    for text in ("One", "5 copies", *to_whom, "sam@leeds.nhs.uk"):
        assert text in shown
    response = client.post(CHECK, hidden(page))
    order = Order.objects.get()
    assert response.url == reverse("order_placed", args=[order.reference])
    assert (order.person, order.name, order.postcode) == (person, "Sam Taylor", "LS1 4AP")
    assert [(line.edition.leaflet, line.copies) for line in order.lines.all()] == [(leaflet, 5)]
    assert order.events.get().by == person.user
    confirmation = client.get(response.url).content.decode()
    assert order.reference in confirmation
    assert "sam@leeds.nhs.uk" in confirmation
    assert Draft.objects.count() == 0
    assert sorted(Notification.objects.values_list("kind", flat=True)) == ["order-received", "staff-new-order"]


def test_what_was_typed_signed_out_survives_signing_in(client, leaflet, person, rf):
    response = fill(client, leaflet)
    assert response.url == CHECK
    assert client.get(CHECK).url == f"{reverse('account_login')}?next=%2Forder%2Fcheck%2F"
    sign_in(client, person)
    request = rf.get("/")
    request.COOKIES = {key: morsel.value for key, morsel in client.cookies.items()}
    request.user, request.person = person.user, person
    drafts.claim_drafts(request, person, timezone.now())  # what the account adapter does after sign-in
    page = client.get(CHECK)
    client.post(CHECK, hidden(page))
    assert Order.objects.get().person == person


def test_the_delivery_page_begins_with_what_we_know_of_the_person(client, leaflet, person):
    sign_in(client, person)
    client.post(reverse("basket_add", args=["one"]), {"one-copies": 5})
    initial = client.get(reverse("order_delivery")).context["form"].initial
    assert initial == {"name": "Sam Taylor", "organisation_name": person.organisation.name, "postcode": "LS1 4AP"}


def test_the_delivery_page_comes_back_with_what_was_typed(client, leaflet):
    fill(client, leaflet, town="Wakefield")
    form = client.get(reverse("order_delivery")).context["form"]
    assert (form["town"].value(), form["postcode"].value()) == ("Wakefield", "LS1 4AP")


@pytest.mark.parametrize("field", ["name", "address_line_1", "town", "postcode"])
def test_a_missing_answer_is_asked_for_beside_its_field(client, leaflet, field):
    response = fill(client, leaflet, **{field: ""})
    assert list(response.context["form"].errors) == [field]
    assert f'href="#id_{field}"' in response.content.decode()


@pytest.mark.parametrize("postcode", ["LS1", "nowhere", "12345", "LS1 4AP extra"])
def test_a_wrong_postcode_stays_typed(client, leaflet, postcode):
    response = fill(client, leaflet, postcode=postcode)
    assert list(response.context["form"].errors) == ["postcode"]
    assert response.context["form"]["postcode"].value() == postcode


def test_a_corrected_postcode_is_named_on_the_page_to_check(client, leaflet, person):
    sign_in(client, person)
    assert fill(client, leaflet, postcode="Lsl 4ap").url == CHECK
    page = html.unescape(client.get(CHECK).content.decode())
    assert ("We read “Lsl 4ap” as LS1 4AP." in page, page.count("LS1 4AP")) == (True, 2)


def test_the_address_has_autocomplete_tokens(client, leaflet):
    client.post(reverse("basket_add", args=["one"]), {"one-copies": 5})
    page = client.get(reverse("order_delivery")).content.decode()
    assert re.findall(r'autocomplete="([^"]+)"', page) == [
        *("name", "off", "organization", "address-line1", "address-line2", "address-level2", "postal-code"),
        "off",  # the box that nobody sees
    ]


def test_a_childs_details_cannot_be_printed_on_a_parcel(client, leaflet, person):
    sign_in(client, person)
    response = fill(client, leaflet, attention="NHS number 943 476 5919")
    assert list(response.context["form"].errors) == ["attention"]
    assert "attention" not in str(Draft.objects.get().answers)
    assert "keep_what_i_wrote" not in response.context["form"].fields
    again = fill(client, leaflet, attention="NHS number 943 476 5919", keep_what_i_wrote="on")
    assert list(again.context["form"].errors) == ["attention"]
    assert "other people will read it" in again.content.decode()
    assert not Order.objects.exists()


@pytest.mark.parametrize("name", ["order_delivery", "order_check"])
def test_without_a_basket_the_next_pages_lead_back_to_it(client, person, name):
    sign_in(client, person)
    assert client.get(reverse(name)).url == reverse("basket")
    assert client.post(reverse(name)).url == reverse("basket")


def test_whoever_comes_back_from_their_order_finds_it_and_not_an_empty_basket(client, leaflet, person):
    sign_in(client, person)
    fill(client, leaflet)
    client.post(CHECK, hidden(client.get(CHECK)))
    page = client.get(CHECK, follow=True).content.decode()
    assert ("You can see your orders below." in page, Order.objects.get().reference in page) == (True, True)


def test_without_an_address_the_check_page_asks_for_it(client, leaflet, person):
    sign_in(client, person)
    client.post(reverse("basket_add", args=["one"]), {"one-copies": 5})
    assert client.get(CHECK).url == reverse("order_delivery")


def test_the_same_form_sent_twice_leads_to_the_first_confirmation(client, leaflet, person):
    sign_in(client, person)
    fill(client, leaflet)
    sent = hidden(client.get(CHECK))
    first = client.post(CHECK, sent)
    assert client.post(CHECK, sent).url == first.url
    assert Order.objects.count() == 1


def test_a_form_of_another_tab_with_other_answers_says_it_is_placed_already(client, leaflet, person):
    sign_in(client, person)
    fill(client, leaflet)
    old_tab = hidden(client.get(CHECK))
    client.post(reverse("basket"), {"one": "9", "continue": "1"})
    client.post(CHECK, hidden(client.get(CHECK)))
    response = client.post(CHECK, old_tab)
    order = Order.objects.get()
    assert response.status_code == 409
    assert f'href="{order.get_absolute_url()}"' in response.content.decode()
    assert order.lines.get().copies == 9


def test_answers_changed_in_another_tab_are_shown_again_before_anything_is_placed(client, leaflet, person):
    sign_in(client, person)
    fill(client, leaflet)
    old_tab = hidden(client.get(CHECK))
    client.post(reverse("basket"), {"one": "9", "continue": "1"})
    response = client.post(CHECK, old_tab)
    assert "changed in another tab" in response.content.decode()
    assert "9 copies" in response.content.decode()
    assert Order.objects.count() == 0
    client.post(CHECK, hidden(response))
    assert Order.objects.get().lines.get().copies == 9


def test_another_persons_form_places_nothing_and_tells_nothing(client, leaflet, person, now):
    theirs = make_order(make_person(), now, token="t" * 43, digest="d")
    sign_in(client, person)
    response = client.post(CHECK, {"token": "t" * 43, "digest": "d"})
    assert response.url == reverse("basket")
    assert theirs.reference not in response.content.decode()


def test_every_title_that_ran_short_is_said_beside_its_field_and_nothing_typed_is_lost(client, leaflet, person, now):
    two = make_edition(now, slug="two", title="Two").leaflet
    three = make_edition(now, slug="three", title="Three").leaflet
    sign_in(client, person)
    for each in (leaflet, two, three):
        fill(client, each)
    sent = hidden(client.get(CHECK))
    Edition.objects.exclude(leaflet=three).update(on_hand=2)
    response = client.post(CHECK, sent)
    page = html.unescape(response.content.decode())
    assert response.status_code == 200
    assert sorted(response.context["form"].errors) == ["one", "two"]
    assert "There are only 2 copies of “One” in stock" in page
    assert 'href="#id_one"' in page
    assert 'id="id_two_error"' in page
    assert "We have not placed your order" in page
    assert [response.context["form"][slug].value() for slug in ("one", "two", "three")] == ["5", "5", "5"]
    assert Order.objects.count() == 0
    client.post(reverse("basket"), {"one": "2", "two": "2", "three": "5", "continue": "1"})
    assert client.get(reverse("order_delivery")).context["form"]["town"].value() == "Leeds"
    client.post(CHECK, hidden(client.get(CHECK)))
    assert sorted(Order.objects.get().lines.values_list("copies", flat=True)) == [2, 2, 5]


@pytest.mark.parametrize("count", [1, 3])
def test_placing_takes_at_most_twenty_statements_for_any_number_of_titles(
    client, person, now, count, django_capture_on_commit_callbacks
):
    sign_in(client, person)
    for _ in range(count):
        fill(client, make_edition(now).leaflet)
    sent = hidden(client.get(CHECK))
    assert len(statements(lambda: client.get(reverse("order_delivery")))) == 3
    assert len(statements(lambda: client.get(CHECK))) == 4

    def place():
        with django_capture_on_commit_callbacks(execute=True):
            assert client.post(CHECK, sent).status_code == 302

    assert len(statements(place)) <= 20


@pytest.mark.parametrize("token", ["\x00", "t" * 44, "é" * 43])
def test_a_token_that_we_did_not_make_shows_the_check_page_again(client, leaflet, person, token):
    sign_in(client, person)
    fill(client, leaflet)
    digest = hidden(client.get(CHECK))["digest"]
    page = client.post(CHECK, {"token": token, "digest": digest})
    assert (page.status_code, hidden(page)["digest"], Order.objects.count()) == (200, digest, 0)


@pytest.mark.parametrize("token", ["\x00", "t" * 44])
def test_a_token_that_we_did_not_make_without_a_draft_leads_to_the_basket(client, person, token):
    sign_in(client, person)
    assert client.post(CHECK, {"token": token, "digest": ""}).url == reverse("basket")


def test_where_the_last_order_went_stands_in_the_form_already(client, now):
    person = make_person()
    make_order(person, now)
    sign_in(client, person)
    leaflet = make_edition(now).leaflet
    client.post(reverse("basket_add", args=[leaflet.slug]), {f"{leaflet.slug}-copies": "1"})
    form = client.get(reverse("order_delivery")).context["form"]
    values = {name: form[name].value() or "" for name in ("name", "attention", "address_line_1", "town", "postcode")}
    expected = {"name": "Sam Taylor", "attention": "", "address_line_1": "1 Park Row", "town": "Leeds", "postcode": "LS1 4AP"}
    assert values == expected


@pytest.mark.parametrize(
    ("typed", "stored"),
    [
        ("m11aE", "M1 1AE"),
        (" bt 1 5gs", "BT1 5GS"),
        ("Je23aB", "JE2 3AB"),
        ("gy1 1Wr ", "GY1 1WR"),
        ("i m 1 1 a a", "IM1 1AA"),
        ("bfpo105", "BFPO 105"),
        ("Bfpo  c/o 57", "BFPO 57"),
    ],
    ids=["Great Britain", "Northern Ireland", "Jersey", "Guernsey", "Isle of Man", "forces", "forces, care of"],
)
def test_a_postcode_of_any_part_in_any_spacing_stands_on_the_order_in_one_form(client, leaflet, person, typed, stored):
    sign_in(client, person)
    fill(client, leaflet, postcode=typed)
    page = client.get(CHECK)
    assert stored in page.content.decode()
    client.post(CHECK, hidden(page))
    order = person.orders.get()
    assert (order.postcode, order.address[-1]) == (stored, stored)
