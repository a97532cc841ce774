"""An order whose person becomes another while somebody waits for its row: nobody misses it, and who had it leaves it alone."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from django.db import transaction
from django.test import Client
from django.urls import reverse

from leaflets.dispatch.queries import PackingChoice
from leaflets.dispatch.services import UnsentCopies, dispatch_session, start_session
from leaflets.models import Advice, Edition, Order, OrderLine, RecallReplacement, StockTake
from leaflets.orders.services.change import OrderChange, change_order, change_page_digest, ordered_titles
from leaflets.orders.services.create import transfer_order
from leaflets.orders.services.transitions import approve_order, cancel_order, dispatch_order, prioritise_order, start_packing
from leaflets.recalls.services import RecallRequest, recall_edition
from leaflets.stock.services import ledger_differences, receive_stock
from leaflets.stock.stock_takes import (
    TypedCount,
    confirm_stock_take,
    differences_digest as version_of_count,
    find_differences,
    record_counts,
    start_stock_take,
    stock_take_counts,
)
from notifications.models import Notification
from professionals.models import Person
from professionals.services import assign_verified_address
from tests.factories import make_person, make_staff, sign_in
from tests.leaflets.factories import make_edition, make_order
from tests.professionals.in_turn import Job, in_turn

pytestmark = pytest.mark.django_db(transaction=True, serialized_rollback=True)
ORDER = "SELECT 1 FROM leaflets_order WHERE id = %s FOR UPDATE"
NEW = "n.rahman@leeds.nhs.uk"


@pytest.fixture
def nadia() -> Person:
    return make_person(name="Nadia Rahman", email="nadia@leeds.nhs.uk")


@pytest.fixture
def entered(nadia: Person) -> Person:
    """Whom staff entered on the phone: the same Nadia, under her other address."""
    return Person.objects.create(name="Nadia Rahman", email=NEW, profession="teacher", organisation=nadia.organisation)


@pytest.fixture
def edition(now: datetime) -> Edition:
    return make_edition(now, stock=20)


def become_one(user_of: Person) -> Job:
    """She shows that the other address is hers, too: both rows are one."""
    user = user_of.user
    assert user is not None
    EmailAddress.objects.create(user=user, email=NEW, verified=True)
    return lambda: assign_verified_address(user=user, email=NEW, details=None, now=datetime.now().astimezone())


def in_a_row(order: Order, *jobs: Job) -> list[str]:
    return in_turn(ORDER, order.pk, *jobs)


def lines(*orders: Order) -> list[tuple[str, str, int, int, int, int]]:
    """Whose each is and its state, then its copies: that wait, promised, sent, cancelled."""
    found = OrderLine.objects.filter(order__in=orders).select_related("order__person").order_by("pk")
    figures = ("backordered", "allocated", "dispatched", "cancelled")
    return [(row.order.person.email, row.order.state, *(getattr(row, name) for name in figures)) for row in found]  # type: ignore[misc]


def told(kind: str) -> list[str]:
    return list(Notification.objects.filter(kind=kind).order_by("pk").values_list("recipient", flat=True))


def as_read(order: Order) -> Order:
    """By a page that needs no person to show it."""
    return Order.objects.get(pk=order.pk)


def waits(edition: Edition, person: Person, now: datetime, copies: int = 5) -> Order:
    return make_order(person, now, {edition.leaflet: copies}, will_wait_for=[edition.leaflet])


def test_control_locked_with_its_person_beside_it_the_order_would_be_missing(
    nadia: Person, entered: Person, edition: Edition, now: datetime
) -> None:
    """What PostgreSQL does: who waited is asked for the row anew, but for the person who was joined to it."""
    order = make_order(entered, now, {edition.leaflet: 5})
    found: list[Sequence[Order]] = []

    @transaction.atomic
    def locked() -> None:
        joined = Order.objects.select_related("person").select_for_update(of=("self",), no_key=True)
        found.append(list(joined.filter(pk=order.pk)))

    assert in_a_row(order, become_one(nadia), locked) == ["done"] * 2
    assert found == [[]]


def test_an_order_is_cancelled_and_its_person_told(nadia: Person, entered: Person, edition: Edition, now: datetime) -> None:
    order = make_order(entered, now, {edition.leaflet: 5})
    read = as_read(order)

    ends = in_a_row(order, become_one(nadia), lambda: cancel_order(order=read, by=None, now=now))

    assert ends == ["done"] * 2
    assert lines(order) == [(NEW, "cancelled", 0, 0, 0, 5)]
    assert (told("order-cancelled"), list(ledger_differences())) == ([NEW], [])


def test_an_order_is_dispatched(nadia: Person, entered: Person, edition: Edition, now: datetime) -> None:
    order = make_order(entered, now, {edition.leaflet: 5})
    start_packing(order=order, by=None, now=now)
    read = as_read(order)

    assert in_a_row(order, become_one(nadia), lambda: dispatch_order(order=read, by=None, now=now)) == ["done"] * 2
    assert lines(order) == [(NEW, "dispatched", 0, 0, 5, 0)]
    assert told("order-dispatched") == [NEW]


def test_an_order_is_changed(nadia: Person, entered: Person, edition: Edition, now: datetime) -> None:
    order = make_order(entered, now, {edition.leaflet: 5})
    titles = ordered_titles(order.lines.select_related("edition__leaflet"), {edition.leaflet_id: edition})
    seen = change_page_digest(titles, order.delivery)
    change = OrderChange(copies={edition.leaflet_id: 3}, delivery=order.delivery, expected=seen)
    read = as_read(order)

    ends = in_a_row(order, become_one(nadia), lambda: change_order(order=read, change=change, by=None, now=now))

    assert ends == ["done"] * 2
    assert lines(order) == [(NEW, "received", 0, 3, 0, 0)]
    assert told("order-changed") == [NEW]


def test_a_request_is_granted(nadia: Person, entered: Person, edition: Edition, now: datetime) -> None:
    order = make_order(entered, now, {edition.leaflet: 5})
    Order.objects.update(state="requested")
    line = order.lines.get()
    OrderLine.objects.update(allocated=0, backordered=5)
    Edition.objects.update(allocated=0)
    read = as_read(order)

    ends = in_a_row(order, become_one(nadia), lambda: approve_order(order=read, granted={line.pk: 5}, by=None, now=now))

    assert ends == ["done"] * 2
    assert lines(order) == [(NEW, "received", 0, 5, 0, 0)]
    assert told("order-approved") == [NEW]


def test_who_waits_gets_the_copies_that_come_in(nadia: Person, entered: Person, now: datetime) -> None:
    edition = make_edition(now, stock=0)
    order = waits(edition, entered, now)
    later = waits(edition, make_person(email="ruth@leeds.nhs.uk"), now)

    come_in = lambda: receive_stock(edition=edition, copies=6, by=None, now=now)  # noqa: E731
    assert in_a_row(order, become_one(nadia), come_in) == ["done"] * 2
    assert lines(order, later) == [(NEW, "received", 0, 5, 0, 0), ("ruth@leeds.nhs.uk", "received", 4, 1, 0, 0)]
    assert told("order-stocked") == [NEW, "ruth@leeds.nhs.uk"]


def test_an_order_is_passed_forward(nadia: Person, entered: Person, now: datetime) -> None:
    order = waits(make_edition(now, stock=0), entered, now)
    read = as_read(order)

    ends = in_a_row(order, become_one(nadia), lambda: prioritise_order(order=read, by=None, now=now, reason="Monday"))

    assert ends == ["done"] * 2
    order.refresh_from_db()
    assert (order.person, order.prioritised_at) == (nadia, now)


def counted_short(edition: Edition, now: datetime) -> StockTake:
    """A stock-take in which there are 3 copies of a title of which 5 are promised."""
    take = start_stock_take(editions=[edition], by=None, now=now)
    [count] = stock_take_counts(take)
    record_counts(take=take, typed={count.pk: TypedCount(3, count.at)}, by=None, now=now)
    return take


def test_a_stock_take_takes_back_what_is_not_there(nadia: Person, entered: Person, edition: Edition, now: datetime) -> None:
    order = make_order(entered, now, {edition.leaflet: 5})
    take = counted_short(edition, now)
    seen = version_of_count(find_differences(take))

    ends = in_a_row(order, become_one(nadia), lambda: confirm_stock_take(take=take, seen=seen, by=None, now=now))

    assert ends == ["done"] * 2
    assert lines(order) == [(NEW, "received", 2, 3, 0, 0)]
    assert list(ledger_differences()) == []


def test_a_recall_takes_the_promise_away(nadia: Person, entered: Person, edition: Edition, now: datetime) -> None:
    order = make_order(entered, now, {edition.leaflet: 5})
    recall_request = RecallRequest(why="The number is wrong.", advice=Advice.RECYCLE, instead=RecallReplacement.CANCEL)

    ends = in_a_row(order, become_one(nadia), lambda: recall_edition(edition=edition, request=recall_request, by=None, now=now))

    assert ends == ["done"] * 2
    assert lines(order) == [(NEW, "cancelled", 0, 0, 0, 5)]


def test_a_packing_session_sends_it_with_the_others(nadia: Person, entered: Person, edition: Edition, now: datetime) -> None:
    order = make_order(entered, now, {edition.leaflet: 5})
    other = make_order(make_person(email="ruth@leeds.nhs.uk"), now, {edition.leaflet: 5})
    session = start_session(choice=PackingChoice(), by=None, now=now)

    ends = in_a_row(
        order, become_one(nadia), lambda: dispatch_session(session=session, rest=UnsentCopies.WAITS, by=None, now=now)
    )

    assert ends == ["done"] * 2
    assert lines(order, other) == [(NEW, "dispatched", 0, 0, 5, 0), ("ruth@leeds.nhs.uk", "dispatched", 0, 0, 5, 0)]
    assert told("order-dispatched") == [NEW, "ruth@leeds.nhs.uk"]


def given_to(person: Person, order: Order, now: datetime) -> Job:
    """As who hands their visits over does it, with what is brought to them."""
    return lambda: transfer_order(order=as_read(order), person=person, by=None, now=now)


def test_what_a_colleague_has_by_now_is_not_cancelled_by_who_had_it(nadia: Person, edition: Edition, now: datetime) -> None:
    omar = make_person(name="Omar Aziz", email="omar@leeds.nhs.uk")
    order = make_order(nadia, now, {edition.leaflet: 5})
    read = as_read(order)

    ends = in_a_row(order, given_to(omar, order, now), lambda: cancel_order(order=read, by=nadia.user, now=now))

    assert ends == ["done", "OrderIsTransferred"]
    assert lines(order) == [("omar@leeds.nhs.uk", "received", 0, 5, 0, 0)]


def test_who_had_it_reads_so_on_their_own_page(client: Client, nadia: Person, edition: Edition, now: datetime) -> None:
    omar = make_person(name="Omar Aziz", email="omar@leeds.nhs.uk")
    order = make_order(nadia, now, {edition.leaflet: 5})
    sign_in(client, nadia)
    answers: list[Any] = []
    press = lambda: answers.append(client.post(reverse("order_cancel", args=[order.reference])))  # noqa: E731

    assert in_a_row(order, given_to(omar, order, now), press) == ["done"] * 2
    assert answers[0].url == "/my/"
    assert "A colleague is already working on this order" in client.get("/my/").content.decode()


def test_what_a_colleague_has_by_now_staff_cancel_and_they_are_told(nadia: Person, edition: Edition, now: datetime) -> None:
    omar, staff = make_person(name="Omar Aziz", email="omar@leeds.nhs.uk"), make_staff()
    order = make_order(nadia, now, {edition.leaflet: 5})
    read = Order.objects.select_related("person").get(pk=order.pk)

    ends = in_a_row(order, given_to(omar, order, now), lambda: cancel_order(order=read, by=staff, now=now))

    assert ends == ["done"] * 2
    assert lines(order) == [("omar@leeds.nhs.uk", "cancelled", 0, 0, 0, 5)]
    assert told("order-cancelled") == ["omar@leeds.nhs.uk"]
