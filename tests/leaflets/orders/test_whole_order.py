"""An order from the catalogue to the confirmation: how few pages it takes, what each asks, and that nothing typed is lost."""

import html
from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest
from django.test import Client

from leaflets.catalogue.queries import TITLES_PER_PAGE
from leaflets.models import KeptAddress, Leaflet
from leaflets.orders.forms import MAX_COPIES
from leaflets.orders.services.create import forget_address, keep_address
from professionals.models import Draft, Person
from tests.factories import make_person, sign_in
from tests.leaflets.factories import DELIVERY, make_edition, make_order
from tests.leaflets.orders.test_basket import contents, press
from tests.leaflets.orders.test_ordering import ADDRESS, CHECK, hidden
from tests.leaflets.statements import statements

pytestmark = pytest.mark.django_db
CATALOGUE, BASKET, TO = "/leaflets/", "/basket/", "/order/delivery/"
FILLED_IN = "We have filled in your delivery address."
# What each page asks of the database: at most 45 together.
FIVE = {"GET /leaflets/": 5, "POST /leaflets/": 11, "GET /order/check/": 4, "POST /order/check/": 18, "GET /orders/": 6}
SEVEN = FIVE | {"GET /order/delivery/": 5, "POST /order/delivery/": 4}


@pytest.fixture
def titles(now: datetime) -> list[Leaflet]:
    slugs = ("one", "two", "three")
    return [make_edition(now, stock=50, slug=slug, title=slug.title(), most_per_order=40).leaflet for slug in slugs]


@pytest.fixture
def person(client: Client) -> Person:
    person = make_person(email="sam@leeds.nhs.uk")
    sign_in(client, person)
    return person


@pytest.fixture
def known(person: Person) -> KeptAddress:
    return keep_address(person=person, delivery=DELIVERY)


class Walk:
    """A browser, and the statements of each page that it asked for."""

    def __init__(self, client: Client, commits: Callable[..., Any]) -> None:
        self.client, self.commits = client, commits
        self.taken: dict[str, int] = {}

    def get(self, path: str) -> Any:
        return self._ask(f"GET {path}", lambda: self.client.get(path))

    def post(self, path: str, **fields: str) -> Any:
        return self._ask(f"POST {path}", lambda: self.client.post(path, fields))

    def _ask(self, what: str, act: Callable[[], Any]) -> Any:
        answers = []

        def once() -> None:
            with self.commits(execute=True):
                answers.append(act())

        self.taken["GET /orders/" if what.startswith("GET /orders/") else what] = len(statements(once))
        return answers[0]


@pytest.fixture
def walk(client: Client, django_capture_on_commit_callbacks: Callable[..., Any]) -> Walk:
    return Walk(client, django_capture_on_commit_callbacks)


def five_each(count: int) -> dict[str, str]:
    return {f"{slug}-copies": "5" for slug in ("one", "two", "three")[:count]} | {"continue": "1"}


@pytest.mark.usefixtures("titles")
@pytest.mark.parametrize("count", [1, 3])
def test_an_order_to_a_known_address_is_five_requests(walk: Walk, known: KeptAddress, count: int) -> None:
    walk.get(CATALOGUE)
    assert walk.post(CATALOGUE, **five_each(count)).url == CHECK
    placed = walk.post(CHECK, **hidden(walk.get(CHECK))).url
    assert walk.get(placed).status_code == 200
    order = known.person.orders.get()
    assert (order.address, [line.copies for line in order.lines.all()]) == (known.label_lines, [5] * count)
    assert (walk.taken, sum(walk.taken.values()) <= 45) == (FIVE, True)


@pytest.mark.usefixtures("titles")
@pytest.mark.parametrize("count", [1, 3])
def test_an_order_to_a_new_address_is_seven_requests(walk: Walk, person: Person, count: int) -> None:
    walk.get(CATALOGUE)
    assert walk.post(CATALOGUE, **five_each(count)).url == TO
    walk.get(TO)
    assert walk.post(TO, **ADDRESS).url == CHECK
    placed = walk.post(CHECK, **hidden(walk.get(CHECK))).url
    assert walk.get(placed).status_code == 200
    assert person.orders.get().lines.count() == count
    assert (walk.taken, sum(walk.taken.values()) <= 55) == (SEVEN, True)


# -- The boxes of the catalogue --------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("titles")
@pytest.mark.parametrize("button", ["add two", "enter"])
def test_each_button_adds_all_that_is_typed_and_the_page_says_so(client: Client, button: str) -> None:
    press(client, "add one", one="2")
    answer = press(client, button, "/leaflets/?for=midwife", one="3", two="7", three=" ")
    assert answer.url == "/leaflets/?for=midwife"
    page = client.get(answer.url).content.decode()
    assert "Your basket now has 5 copies of “One” and 7 copies of “Two”. <a" in page
    assert contents(client) == {"one": "5", "two": "7"}


@pytest.mark.usefixtures("titles")
@pytest.mark.parametrize("button", ["continue", "add three", "enter"])
def test_what_is_wrong_is_named_for_each_title_and_every_box_keeps_what_was_typed(client: Client, button: str) -> None:
    answer = press(client, button, one="ten", two="7", three="0")
    page = html.unescape(answer.content.decode())
    assert 'href="#id_one-copies">Enter how many copies of “One” as a whole number, like 10.' in page
    assert 'href="#id_three-copies">Enter how many copies of “Three”: 1 or more.' in page
    assert [card.copies_field.value() for card in answer.context["shelf"].cards] == ["ten", "7", "0"]
    assert not Draft.objects.exists()


@pytest.mark.usefixtures("titles")
def test_the_button_of_a_title_asks_for_its_copies(client: Client) -> None:
    answer = press(client, "add one", one="", two="7")
    assert list(answer.context["form"].errors) == ["one-copies"]
    assert answer.context["form"]["two-copies"].value() == "7"


@pytest.mark.usefixtures("titles")
def test_nothing_typed_asks_for_copies_unless_there_is_a_basket_to_go_on_with(client: Client) -> None:
    for button in ("continue", "enter"):
        assert "Enter how many copies you need" in press(client, button).content.decode()
    press(client, "add one", one="3")
    assert press(client, "continue").url == TO
    assert "Enter how many copies you need" in press(client, "enter").content.decode()
    assert contents(client) == {"one": "3"}


@pytest.mark.usefixtures("titles")
def test_a_form_that_is_sent_again_adds_nothing_twice(client: Client) -> None:
    shown = {"form-id": client.get(CATALOGUE).context["form_id"], "continue": "1"}
    for copies in ("10", "10", "12"):  # twice at once; then back from the next page, and another number
        client.post(CATALOGUE, {**shown, "one-copies": copies, "two-copies": "4"})
    assert contents(client) == {"one": "12", "two": "4"}
    client.post(CATALOGUE, {**shown, "two-copies": "6"})  # a browser that forgot the rest
    assert contents(client) == {"one": "12", "two": "6"}
    client.post(BASKET, {"one": "1", "remove": "two", "two": "6"})
    client.post(CATALOGUE, {**shown, "one-copies": "3", "two-copies": "2"})
    assert contents(client) == {"one": "3", "two": "2"}
    assert client.get(CATALOGUE).context["form_id"] != shown["form-id"]


@pytest.mark.usefixtures("titles")
def test_a_basket_has_no_more_of_a_title_than_a_box_takes(client: Client) -> None:
    for _ in range(2):
        press(client, "add one", one=str(MAX_COPIES))
    assert Draft.objects.get().answers["basket"] == {"one": MAX_COPIES}


def test_what_was_typed_beside_a_title_that_moved_to_another_page_is_kept(client: Client, now: datetime) -> None:
    for number in range(TITLES_PER_PAGE):
        make_edition(now, slug=f"before-{number}", position=1)
    make_edition(now, slug="last", title="Last", position=2)
    answer = press(client, "continue", last="many")
    first, *others = answer.context["shelf"].cards
    assert (first.leaflet.slug, first.copies_field.value(), len(others)) == ("last", "many", TITLES_PER_PAGE)
    assert 'id="id_last-copies_error"' in answer.content.decode()
    press(client, "add last", "/leaflets/?for=midwife", last="3")
    assert contents(client) == {"last": "3"}


def test_a_title_that_is_gone_is_named_and_the_others_are_added(client: Client, titles: list[Leaflet]) -> None:
    Leaflet.objects.filter(slug="one").update(active=False)
    for typed in ({"one": "3"}, {"one": "3", "two": "4"}):
        page = client.get(press(client, "enter", **typed).url).content.decode()
        assert "“One” can’t be ordered just now, so it is not in your basket." in page
    assert contents(client) == {"two": "4"}


@pytest.mark.usefixtures("titles")
@pytest.mark.parametrize("form_id", ["\x00" * 32, "é" * 32, "a" * 33, ""])
def test_a_form_that_is_none_of_ours_adds_each_time(client: Client, form_id: str) -> None:
    for _ in range(2):
        client.post(CATALOGUE, {"form-id": form_id, "one-copies": "5"})
    assert contents(client) == {"one": "10"}


@pytest.mark.parametrize("name", ["\x00-copies", "é-copies", "-copies", "nobody-copies"])
def test_a_name_that_is_no_title_of_ours_is_nothing_typed(client: Client, titles: list[Leaflet], name: str) -> None:
    assert client.post(CATALOGUE, {name: "3", "add": "\x00"}).context["form"].non_field_errors()


# -- What the next page is -------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("titles", "known")
@pytest.mark.parametrize(("copies", "asks"), [("45", 'name="reason"'), ("51", "wait-for-one")])
def test_the_basket_asks_what_has_to_be_asked_and_then_leads_to_the_check_page(client: Client, copies: str, asks: str) -> None:
    Leaflet.objects.update(most_per_order=40 if copies == "45" else 100)
    assert press(client, "continue", one=copies).url == BASKET
    assert asks in client.get(BASKET).content.decode()
    assert press(client, "continue").url == BASKET
    answered = {"one": copies, "reason": "A whole ward", "wait-for-one": "on", "continue": "1"}
    assert client.post(BASKET, answered).url == CHECK


@pytest.mark.usefixtures("titles")
def test_signed_out_the_delivery_page_comes_next_also_if_it_was_filled_in(client: Client) -> None:
    assert press(client, "continue", one="5").url == TO
    assert client.post(TO, ADDRESS).url == CHECK
    assert press(client, "continue", two="5").url == TO
    assert client.get(TO).context["form"]["town"].value() == "Leeds"


@pytest.mark.usefixtures("titles", "known")
def test_the_check_page_says_that_the_address_was_filled_in_until_it_is_answered(client: Client) -> None:
    press(client, "continue", one="5")
    page = client.get(CHECK).content.decode()
    assert (FILLED_IN in page, "1 Park Row" in page, f'href="{TO}">Change' in page, f'href="{BASKET}">Change' in page) == (
        True,
    ) * 4
    form = client.get(TO).context["form"]
    assert form["to"].value() == str(KeptAddress.objects.get().pk)
    client.post(TO, {**ADDRESS, "to": "another", "town": "York"})
    page = client.get(CHECK).content.decode()
    assert (FILLED_IN in page, "York" in page) == (False, True)
    assert press(client, "continue", two="5").url == CHECK  # what was typed stays
    assert "York" in client.get(CHECK).content.decode()


@pytest.mark.usefixtures("titles")
def test_where_the_last_order_went_is_a_known_address_without_whom_it_was_for(
    client: Client, person: Person, now: datetime
) -> None:
    make_order(person, now)
    assert press(client, "continue", one="5").url == CHECK
    page = client.get(CHECK).content.decode()
    assert (FILLED_IN in page, "1 Park Row" in page, "The duty desk" in page) == (True, True, False)
    client.post(CHECK, hidden(client.get(CHECK)))
    assert [(order.address_line_1, order.attention) for order in person.orders.order_by("pk")] == [
        ("1 Park Row", "The duty desk"),
        ("1 Park Row", ""),
    ]


@pytest.mark.usefixtures("titles")
def test_an_address_that_is_no_longer_known_is_asked_for(client: Client, known: KeptAddress) -> None:
    press(client, "continue", one="5")
    forget_address(address=known)
    assert press(client, "continue").url == TO
    assert client.get(CHECK).url == TO


@pytest.mark.usefixtures("known")
def test_the_same_again_goes_where_that_order_went_and_not_where_we_filled_in(
    client: Client, titles: list[Leaflet], person: Person, now: datetime
) -> None:
    order = make_order(person, now, {titles[1]: 2})
    type(order).objects.update(town="Hull")
    press(client, "continue", one="5")
    client.post(f"/orders/{order.reference}/again/")
    assert Draft.objects.get().answers["delivery"]["town"] == "Hull"
    assert client.post(BASKET, {"one": "5", "two": "2", "continue": "1"}).url == CHECK


@pytest.mark.usefixtures("titles", "known")
def test_the_basket_too_leads_past_a_known_address(client: Client) -> None:
    press(client, "add one", one="5")
    assert client.post(BASKET, {"one": "6", "save": "1"}).url == BASKET
    assert client.post(BASKET, {"one": "6", "continue": "1"}).url == CHECK
    assert "6 copies" in client.get(CHECK).content.decode()


@pytest.mark.usefixtures("titles", "known")
def test_a_check_page_of_another_tab_is_shown_again_when_more_was_added(client: Client, person: Person) -> None:
    press(client, "continue", one="5")
    old = hidden(client.get(CHECK))
    press(client, "continue", two="4")
    answer = client.post(CHECK, old)
    assert "changed in another tab" in answer.content.decode()
    client.post(CHECK, hidden(answer))
    assert [line.copies for line in person.orders.get().lines.all()] == [5, 4]
