"""The basket, without JavaScript, signed out or in."""

import pytest
from django.urls import reverse

from leaflets.models import Edition
from professionals.models import Draft
from tests.factories import make_person, sign_in
from tests.leaflets.factories import make_edition
from tests.leaflets.statements import statements

pytestmark = pytest.mark.django_db


def add(client, leaflet, copies):
    """From the leaflet's own page."""
    return client.post(reverse("basket_add", args=[leaflet.slug]), {f"{leaflet.slug}-copies": copies})


def press(client, button, page="/leaflets/", **typed):
    """A button of the catalogue: `typed` are copies by the leaflet's slug."""
    name, _, value = button.partition(" ")
    return client.post(page, {name: value or "1", **{f"{slug}-copies": copies for slug, copies in typed.items()}})


def contents(client):
    form = client.get(reverse("basket")).context["form"]
    return {leaflet.slug: form[leaflet.slug].value() for leaflet, _field, _wait in form.rows()}


@pytest.fixture
def leaflet(now):
    return make_edition(now, stock=50, slug="one", title="One", most_per_order=40).leaflet


def test_a_title_goes_into_the_basket_and_more_of_it_on_top(client, leaflet):
    add(client, leaflet, 10)
    add(client, leaflet, "5")
    assert contents(client) == {"one": "15"}


@pytest.mark.parametrize(
    ("sent_from", "page"),
    [
        ("/leaflets/", "/leaflets/"),
        ("/leaflets/?for=midwife&page=2", "/leaflets/?for=midwife&page=2"),
        ("/leaflets/?for=//elsewhere", "/leaflets/"),
        ("", "/leaflets/one/"),
    ],
)
def test_adding_comes_back_to_the_page_of_the_button_and_says_where_the_basket_is(client, leaflet, sent_from, page):
    response = press(client, "add one", sent_from, one=10) if sent_from else add(client, leaflet, 10)
    assert (response.status_code, response.url) == (302, page)
    shown = client.get(response.url).content.decode()
    said = "Your basket now has 10 copies of “One”."
    assert f'{said} <a class="govuk-link" href="/basket/">See your basket</a>' in shown
    assert "copies</strong> are in your basket" not in shown  # the message says it already
    assert "<strong>10 copies</strong> are in your basket" in client.get(page).content.decode()


def test_a_title_with_letters_that_mean_something_to_a_browser_is_shown_as_it_is(client, now):
    odd = make_edition(now, slug="odd", title="<b>A&E</b>").leaflet
    shown = client.get(add(client, odd, 1).url).content.decode()
    assert "Your basket now has 1 copy of “&lt;b&gt;A&amp;E&lt;/b&gt;”." in shown


@pytest.mark.parametrize("typed", ["0", "-1", "1e9", "1000000000", "9" * 5000, "ten", "3.5", "", " ", "10000", "<b>", "\x00"])
@pytest.mark.parametrize("page", ["catalogue", "leaflet"])
def test_a_wrong_number_is_answered_beside_its_field_and_in_the_summary_and_stays_typed(client, leaflet, typed, page):
    response = add(client, leaflet, typed) if page == "leaflet" else press(client, "add one", one=typed)
    html = response.content.decode()
    assert response.status_code == 200
    [message] = response.context["form"].errors["one-copies"]
    assert "“One”" in message
    assert 'href="#id_one-copies"' in html
    assert 'id="id_one-copies_error"' in html
    assert 'aria-invalid="true"' in html
    assert response.context["form"]["one-copies"].value() == typed
    assert Draft.objects.count() == 0


def test_repeated_adding_leaks_through_no_limit_and_the_basket_says_what_can_be_done(client, leaflet):
    add(client, leaflet, 35)
    assert add(client, leaflet, 10).url == reverse("basket")
    page = client.get(reverse("basket"))
    [message] = page.context["form"].errors["one"]
    assert message.startswith("You can order at most 40 copies of “One” at once.")
    # Without an answer it goes no further, so it isn't called optional.
    assert ('name="reason"' in page.content.decode(), "Why do you need more?</label>" in page.content.decode()) == (True, True)
    assert client.post(reverse("basket"), {"one": "45", "reason": "", "continue": "1"}).status_code == 200
    asked = client.post(reverse("basket"), {"one": "45", "reason": "A whole ward", "continue": "1"})
    assert asked.url == reverse("order_delivery")


def test_what_is_not_there_can_be_waited_for(client, now):
    leaflet = make_edition(now, stock=4, slug="one", title="One", most_per_order=40).leaflet
    assert add(client, leaflet, 10).url == reverse("basket")
    page = client.get(reverse("basket")).content.decode()
    assert "There are only 4 copies of “One” in stock." in page
    assert "Send what you have of “One” now, and the rest when you have more." in page
    assert client.post(reverse("basket"), {"one": "10", "continue": "1"}).status_code == 200
    assert client.post(reverse("basket"), {"one": "10", "wait-for-one": "on", "continue": "1"}).url == reverse("order_delivery")
    assert client.get(reverse("basket")).context["form"].is_valid()
    client.post(reverse("basket"), {"one": "3", "wait-for-one": "on", "save": "1"})  # no longer needed, so not kept
    assert Draft.objects.get().answers["options"]["backorder"] == []


def test_a_reason_with_a_child_in_it_stops_once_and_is_kept_if_it_is_none(client, leaflet):
    add(client, leaflet, 45)
    typed = {"one": "45", "reason": "For the school of Amy Smith, born 3/4/2015", "continue": "1"}
    answer = client.post(reverse("basket"), typed)
    assert "This looks like details of a child" in answer.content.decode()
    assert client.post(reverse("basket"), {**typed, "keep_what_i_wrote": "on"}).url == reverse("order_delivery")
    assert Draft.objects.get().answers["options"]["flagged"] is True
    assert client.get(reverse("basket")).context["form"].is_valid()


def test_copies_can_be_changed_and_the_page_goes_on_to_delivery(client, leaflet):
    add(client, leaflet, 10)
    assert client.post(reverse("basket"), {"one": "12", "save": "1"}).url == reverse("basket")
    assert contents(client) == {"one": "12"}
    assert client.post(reverse("basket"), {"one": "13", "continue": "1"}).url == reverse("order_delivery")
    assert contents(client) == {"one": "13"}


@pytest.mark.parametrize("typed", ["0", "-1", "1e9", "ten", "3.5", "", "41", "10000"])
def test_a_wrong_number_in_the_basket_stays_typed_and_changes_nothing(client, leaflet, now, typed):
    two = make_edition(now, slug="two", title="Two").leaflet
    add(client, leaflet, 10)
    add(client, two, 10)
    response = client.post(reverse("basket"), {"one": typed, "two": "9", "continue": "1"})
    assert response.status_code == 200
    assert list(response.context["form"].errors) == ["one"]
    assert (response.context["form"]["one"].value(), response.context["form"]["two"].value()) == (typed, "9")
    assert 'href="#id_one"' in response.content.decode()
    assert contents(client) == {"one": "10", "two": "10"}


def test_a_title_can_be_removed_and_what_else_was_typed_is_kept(client, leaflet, now):
    two = make_edition(now, slug="two").leaflet
    add(client, leaflet, 10)
    add(client, two, 10)
    client.post(reverse("basket"), {"one": "10", "two": "4", "remove": "one"})
    assert contents(client) == {"two": "4"}
    client.post(reverse("basket"), {"two": "4", "remove": "two"})
    assert contents(client) == {}
    assert "Your basket is empty" in client.get(reverse("basket")).content.decode()


def test_a_title_can_be_removed_while_another_number_is_wrong(client, leaflet, now):
    two = make_edition(now, slug="two").leaflet
    add(client, leaflet, 10)
    add(client, two, 10)
    response = client.post(reverse("basket"), {"one": "10", "two": "ten", "remove": "one"})
    assert response.context["form"]["two"].value() == "ten"
    assert contents(client) == {"two": "10"}


def test_pressing_enter_saves_and_does_not_remove(client, leaflet):
    """Browsers send the first button of a form: it must be a plain one."""
    add(client, leaflet, 10)
    html = client.get(reverse("basket")).content.decode()
    form = html[html.index(f'action="{reverse("basket")}"') :]
    first_button = form[form.index("<button") : form.index(">", form.index("<button"))]
    assert "name=" not in first_button


def test_a_title_added_in_another_tab_keeps_its_copies(client, leaflet, now):
    two = make_edition(now, slug="two").leaflet
    add(client, leaflet, 10)
    add(client, two, 7)
    client.post(reverse("basket"), {"one": "12", "save": "1"})
    assert contents(client) == {"one": "12", "two": "7"}


def test_the_basket_says_at_once_what_has_run_short(client, leaflet):
    add(client, leaflet, 10)
    Edition.objects.update(on_hand=4)
    response = client.get(reverse("basket"))
    assert list(response.context["form"].errors) == ["one"]
    assert "There are only 4 copies of “One” in stock" in response.content.decode()


def test_a_title_taken_out_of_the_catalogue_can_be_removed(client, leaflet):
    add(client, leaflet, 10)
    type(leaflet).objects.update(active=False)
    assert "can’t be ordered just now" in client.get(reverse("basket")).content.decode()
    assert client.post(reverse("basket"), {"one": "10", "continue": "1"}).status_code == 200
    client.post(reverse("basket"), {"one": "10", "remove": "one"})
    assert contents(client) == {}


def test_another_browser_has_another_basket(client, leaflet):
    add(client, leaflet, 10)
    client.cookies.clear()
    assert contents(client) == {}


def test_adding_an_unknown_title_is_not_found(client):
    assert client.post(reverse("basket_add", args=["nothing"]), {"copies": 1}).status_code == 404


def test_a_get_adds_nothing(client, leaflet):
    assert client.get(reverse("basket_add", args=["one"])).status_code == 405


@pytest.mark.parametrize("count", [1, 3])
def test_the_basket_takes_the_same_few_statements_for_any_number_of_titles(client, now, count):
    sign_in(client, make_person())
    for _ in range(count):
        add(client, make_edition(now).leaflet, 1)
    client.get(reverse("basket"))
    assert len(statements(lambda: client.get(reverse("basket")))) == 5
