"""What the staff lists of orders, editions and the ledger say, and that the first page counts what they show."""

from datetime import date, timedelta

import pytest
import time_machine
from django.test import Client

from leaflets.models import Advice, Edition, EditionState, Leaflet, Order, OrderLine, OrderState, RecallReplacement
from leaflets.orders.services.transitions import cancel_order, dispatch_order, start_packing
from leaflets.recalls.services import RecallRequest, recall_edition
from leaflets.stock.services import notify_low_stock, receive_stock
from staff.site import staff_site
from tests.face.page import Page
from tests.factories import make_person, sign_in
from tests.leaflets.factories import make_edition, make_order
from tests.leaflets.staff_site import ORDERS, change
from tests.leaflets.statements import statements

pytestmark = pytest.mark.django_db
EDITIONS = "/staff/leaflets/edition/"
LEDGER = "/staff/leaflets/stockmovement/"


@pytest.fixture(autouse=True)
def clock(now):
    with time_machine.travel(now, tick=False):
        yield


def read(client, path, **query):
    response = client.get(path, query)
    assert response.status_code == 200
    return Page(response.content.decode())


def rows(page):
    """The words of each row of a list, column by column."""
    table = page.one("table", id="result_list")
    found = [row for row in page.all("tr") if table in row.inside][1:]
    return [[cell.text for cell in page.elements if cell.tag in {"th", "td"} and row in cell.inside] for row in found]


def waits(staff, label):
    [section] = [each for each in staff_site.get_waiting_lines(staff) if each["heading"] == "Leaflets"]
    return next(each for each in section["lines"] if str(each["label"]) == label)


# -- Orders -----------------------------------------------------------------------------------------------------------


def order_of(now, days, **fields):
    order = make_order(make_person(), now, {make_edition(now, stock=5000).leaflet: 100})
    Order.objects.filter(pk=order.pk).update(created_at=now - timedelta(days=days), **fields)
    order.refresh_from_db()
    return order


def test_the_longest_wait_comes_first_and_what_is_done_comes_last(client, staff, now):
    new, old, oldest, done_long_ago, done = (order_of(now, days) for days in (0, 5, 9, 20, 7))
    start_packing(order=old, by=staff, now=now)
    for order in (done_long_ago, done):
        start_packing(order=order, by=staff, now=now)
        dispatch_order(order=order, by=staff, now=now)
    changelist = client.get(ORDERS).context["cl"]
    assert list(changelist.result_list) == [oldest, old, new, done, done_long_ago]
    assert changelist.get_ordering_field_columns() == {}


def test_a_row_says_how_long_how_many_for_whom_and_where_to(client, staff, now):
    order = make_order(make_person(), now, {make_edition(now, stock=5000, most_per_order=2000).leaflet: 1200})
    Order.objects.filter(pk=order.pk).update(
        created_at=now - timedelta(days=2), name="Kim Lee", organisation_name="York Hospital", town="York", postcode="YO1 8HE"
    )
    assert rows(read(client, ORDERS)) == [
        ["", order.reference, "Received", "2 days ago", "1,200", "Kim Lee York Hospital", "York YO1 8HE"]
    ]


@pytest.mark.parametrize("piece", [slice(3, 7), slice(0, 7), slice(3, 10), slice(1, 9)])
def test_an_order_is_found_by_a_piece_of_its_reference_with_or_without_dashes(client, staff, now, piece):
    order, _other = order_of(now, 0), order_of(now, 0)
    for typed in (order.reference[piece].lower(), order.reference[piece].replace("-", "")):
        assert list(client.get(ORDERS, {"q": typed}).context["cl"].result_list) == [order]


@pytest.mark.parametrize("count", [0, 1, 3])
@pytest.mark.parametrize(("label", "state"), [("to pack", OrderState.RECEIVED), ("being packed", OrderState.PACKING)])
def test_orders_that_wait_are_those_of_the_list(client, staff, now, label, state, count):
    for other in set(OrderState) - {state}:
        order_of(now, 1, state=other)
    mine = [order_of(now, 1, state=state) for _ in range(count)]
    line = waits(staff, label)
    assert line["figure"] == count
    found = client.get(line["href"]).context["cl"].result_list
    assert sorted(order.pk for order in found) == [order.pk for order in mine]


@pytest.mark.parametrize("count", [0, 1, 3])
def test_orders_that_wait_too_long_for_our_answer_are_those_of_the_list(client, staff, now, count):
    """Now is a Tuesday: what came by the end of Friday has waited for two working days."""
    for state in set(OrderState) - {OrderState.REQUESTED}:
        order_of(now, 9, state=state)
    order_of(now, 3, state=OrderState.REQUESTED)
    mine = [order_of(now, 4 + day, state=OrderState.REQUESTED) for day in range(count)]
    line = waits(staff, "waiting too long for our answer")
    assert (line["figure"], line["urgent"], waits(staff, "to decide on")["figure"]) == (count, True, count + 1)
    assert set(client.get(line["href"]).context["cl"].result_list) == set(mine)


def test_the_list_of_what_waits_too_long_costs_the_same_for_one_and_for_many(client, staff, now):
    costs = []
    for many in (1, 3):
        for _each in range(many):
            order_of(now, 9, state=OrderState.REQUESTED)
        costs.append([len(statements(lambda page=page: client.get(page))) for page in (f"{ORDERS}?waits=long", "/staff/")])
    assert costs[0] == costs[1]
    assert max(costs[0]) <= 12


def test_a_page_says_first_what_to_pack_and_where_it_goes(client, staff, now):
    order = order_of(now, 0)
    page = read(client, change("order", order))
    values = [e.text for e in page.all("div", "readonly")]
    line = order.lines.get()
    assert values[:2] == ["Received", f"100 × {line.edition}"]
    assert values[3].startswith("Sam Taylor")
    assert "Parcels that left" not in page.one("main").text
    assert [a.text for a in page.all("a", "actions-row__button")] == [
        "Start packing",
        "Change this order",
        "Cancel this order",
    ]


def test_a_page_says_when_the_parcel_left(client, staff, now):
    order = order_of(now, 0)
    start_packing(order=order, by=staff, now=now)
    dispatch_order(order=order, by=staff, now=now, tracking_number="RM 1")
    said = read(client, change("order", order)).one("main").text
    assert "Parcels that left" in said
    assert "Tuesday 12 January 2027, 10am" in said


def test_an_action_shows_what_goes_where(client, staff, now):
    order = order_of(now, 0)
    page = read(client, f"/staff/leaflets/order/{order.pk}/do/cancel/")
    said = [dd.text for dd in page.all("dd")]
    assert said[0] == f"100 × {order.lines.get().edition}"
    assert said[1].startswith("Sam Taylor")


# -- Editions and the ledger ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("page", [ORDERS, "/my/", "/orders/{reference}/"])
def test_an_order_of_which_a_part_has_left_says_how_much(client, staff, now, page):
    edition, owner = make_edition(now, stock=80), make_person()
    Leaflet.objects.update(most_per_order=200, most_per_person=200, most_per_workplace=200)
    edition.leaflet.refresh_from_db()
    order = make_order(owner, now, {edition.leaflet: 120}, will_wait_for=[edition.leaflet])
    said = "Part sent: 80 of 120"
    seen = client if page == ORDERS else sign_in(Client(), owner)
    page = page.format(reference=order.reference)
    assert said not in seen.get(page).content.decode()
    start_packing(order=order, by=staff, now=now)
    dispatch_order(order=order, by=staff, now=now)
    assert seen.get(page).content.decode().count(said) == 1
    receive_stock(edition=edition, copies=40, by=staff, now=now)
    start_packing(order=Order.objects.get(), by=staff, now=now)
    dispatch_order(order=Order.objects.get(), by=staff, now=now)
    assert said not in seen.get(page).content.decode()


def test_an_edition_is_called_by_its_title_and_its_figures_have_thousands(client, staff, now):
    make_edition(now, stock=12000, title="For health visitors", label="March 2026")
    assert rows(read(client, EDITIONS)) == [
        ["For health visitors", "March 2026", "Current", "1 Mar 2028", "12,000", "0", "12,000", "none sent in 12 weeks"]
    ]


@pytest.mark.parametrize("count", [0, 1, 3])
def test_low_is_less_than_one_order_may_have_of_what_the_catalogue_offers(client, staff, now, count):
    make_edition(now, stock=100)
    gone = make_edition(now, stock=0).leaflet
    gone.active = False
    gone.save()
    mine = [make_edition(now, stock=99) for _ in range(count)]
    line = waits(staff, "low in stock")
    assert line["figure"] == count
    assert sorted(edition.pk for edition in client.get(line["href"]).context["cl"].result_list) == [e.pk for e in mine]


def test_what_is_promised_is_not_there_to_give(client, staff, now):
    leaflet = make_edition(now, stock=104).leaflet
    assert waits(staff, "low in stock")["figure"] == 0
    order = make_order(make_person(), now, {leaflet: 5})
    assert waits(staff, "low in stock")["figure"] == 1
    cancel_order(order=order, by=staff, now=now, reason="Asked by phone")
    assert waits(staff, "low in stock")["figure"] == 0


def test_a_title_without_an_edition_to_send_needs_stock_and_says_how_many_are_waited_for(client, staff, now):
    """After a recall: the copies on the shelf are nobody's, and those who had them promised wait."""
    edition = make_edition(now, stock=500)
    make_order(make_person(), now, {edition.leaflet: 100})
    assert waits(staff, "low in stock")["figure"] == 0
    recall_edition(edition=edition, request=RecallRequest("Wrong.", Advice.RECYCLE, RecallReplacement.WAIT), by=staff, now=now)
    assert OrderLine.objects.get(edition=edition).backordered == 100
    line = waits(staff, "low in stock")
    assert line["figure"] == 1
    listed = client.get(line["href"])
    assert [each.pk for each in listed.context["cl"].result_list] == [edition.pk]
    assert "no edition to send; orders are waiting for 100 copies" in listed.content.decode()
    assert client.get(EDITIONS).context["cl"].result_list[0].pk == edition.pk
    assert notify_low_stock(now=now) == 1


def test_so_does_what_is_not_offered_any_more_and_is_waited_for(client, staff, now):
    edition = make_edition(now, stock=0)
    make_order(make_person(), now, {edition.leaflet: 3}, will_wait_for=[edition.leaflet])
    Leaflet.objects.update(active=False)
    assert waits(staff, "low in stock")["figure"] == 1
    cancel_order(order=Order.objects.get(), by=staff, now=now, reason="Asked by phone")
    assert waits(staff, "low in stock")["figure"] == 0


def test_of_several_prints_one_speaks_for_the_title(client, staff, now):
    old = make_edition(now, stock=500)
    latest = make_edition(now, stock=9, leaflet=old.leaflet, label="April 2026")
    Edition.objects.update(state=EditionState.WITHDRAWN)
    assert [each.pk for each in client.get(waits(staff, "low in stock")["href"]).context["cl"].result_list] == [latest.pk]
    Edition.objects.filter(pk=old.pk).update(state=EditionState.CURRENT)
    assert waits(staff, "low in stock")["figure"] == 0


def edition_to_review(now, day):
    edition = make_edition(now)
    Edition.objects.filter(pk=edition.pk).update(review_on=day)
    return edition


@pytest.mark.parametrize("count", [0, 1, 3])
def test_reviews_are_said_three_months_ahead(client, staff, now, count):
    edition_to_review(now, date(2027, 4, 13))
    mine = [edition_to_review(now, day) for day in (date(2027, 4, 12), date(2026, 12, 1), date(2027, 1, 12))[:count]]
    line = waits(staff, "to review soon")
    assert line["figure"] == count
    assert sorted(edition.pk for edition in client.get(line["href"]).context["cl"].result_list) == [e.pk for e in mine]


def test_an_action_on_stock_shows_the_figures(client, staff, now):
    edition = make_edition(now, stock=1200, title="For health visitors", label="March 2026")
    page = read(client, f"/staff/leaflets/edition/{edition.pk}/do/correct/")
    assert [dd.text for dd in page.all("dd")] == ["For health visitors", "March 2026", "1,200", "0", "1,200"]


def test_the_ledger_says_when_what_and_how_many_more_or_fewer(client, staff, now):
    leaflet = make_edition(now, stock=1200, title="For health visitors", label="March 2026").leaflet
    order = make_order(make_person(), now, {leaflet: 5})
    cancel_order(order=order, by=staff, now=now, reason="Asked by phone")
    when, what = "Tue 12 Jan 2027, 10am", "For health visitors March 2026"
    by_hand = {row[2]: row for row in rows(read(client, LEDGER))}
    assert by_hand["Released"][:6] == [when, what, "Released", "–", "−5", order.reference]
    assert by_hand["Allocated"][:6] == [when, what, "Allocated", "–", "+5", order.reference]
    assert by_hand["Received"][1:6] == [what, "Received", "+1,200", "–", "–"]
