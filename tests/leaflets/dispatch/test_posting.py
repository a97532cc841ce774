"""What leaves for one person on one day is told in one email, and every parcel in exactly one."""

import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection, transaction
from django.db.models import Q

from core.errors import DomainError
from leaflets.models import Dispatch, Order
from leaflets.orders.services.create import report_missing
from leaflets.orders.services.transitions import cancel_order, dispatch_order, email_due_at, start_packing
from leaflets.privacy import erase_orders
from leaflets.stock.services import receive_stock
from notifications import schedule
from notifications.delivery.services import claim_notification
from notifications.models import Notification, NotificationState
from notifications.outbox import resend
from notifications.privacy import erase_address
from notifications.registry import get_email_class
from notifications.rendering import Rendered, render
from tests.factories import make_person
from tests.leaflets.factories import make_edition, make_order
from tests.leaflets.statements import statements

pytestmark = pytest.mark.django_db
EVENING = datetime(2027, 1, 12, 18, tzinfo=UTC)  # of the day of `now`


@pytest.fixture
def person():
    return make_person()


@pytest.fixture
def leaflet(now):
    return make_edition(now, stock=500, title="One").leaflet


def leave(order: Order, now: datetime, tracking_number: str = "") -> Dispatch:
    start_packing(order=order, by=None, now=now)
    return dispatch_order(order=order, by=None, now=now, tracking_number=tracking_number)


def digests() -> list[Notification]:
    return list(Notification.objects.filter(kind="order-dispatched").order_by("pk"))


def words(row: Notification) -> Rendered:
    return render(get_email_class("order-dispatched")(row).message())


def send(row: Notification, now: datetime) -> Rendered:
    """As a worker does it, up to the mail server's yes."""
    assert claim_notification(row.pk, now=now) is not None
    said = words(row)
    changes = {"state": NotificationState.SENT, "sent_at": now, "lease_token": None, "lease_until": None}
    Notification.objects.filter(pk=row.pk).update(**changes)
    return said


def test_all_that_leaves_for_a_person_on_a_day_is_one_email_in_the_evening(person, leaflet, now):
    orders = [make_order(person, now, {leaflet: copies}) for copies in (5, 6)]
    other = make_order(make_person(), now, {leaflet: 7})
    parcels = [leave(order, now + timedelta(hours=n), f"RM {n}") for n, order in enumerate([*orders, other])]
    first, second = digests()
    assert [parcel.notification_id for parcel in parcels] == [first.pk, first.pk, second.pk]
    assert (first.recipient, first.due_at, first.state) == (person.email, EVENING, NotificationState.PENDING)
    assert first.reference == f"{orders[0].reference} {orders[1].reference}"
    mail = words(first)
    assert mail.subject == f"Your leaflets are on their way: {orders[0].reference} and 1 more parcel"
    for text in (
        "2 parcels left for you on Tuesday 12 January 2027",
        "5 copies: One",
        "6 copies: One",
        "RM 0",
        "RM 1",
        "LS1 4AP",
    ):
        assert text in mail.text
    assert all(order.reference in mail.text for order in orders)
    assert "7 copies" not in mail.text
    assert words(second).subject == f"Your leaflets are on their way: {other.reference}"


def test_what_leaves_after_the_email_of_the_day_is_collected_for_the_next_one(person, leaflet, now):
    orders = [make_order(person, now, {leaflet: 5}) for _ in range(4)]
    leave(orders[0], now)
    leave(orders[1], EVENING + timedelta(minutes=1))  # the worker is late: this one joins
    assert "2 parcels" in send(digests()[0], EVENING + timedelta(minutes=2)).text
    late = EVENING + timedelta(minutes=3)
    leave(orders[2], late)
    leave(orders[3], late + timedelta(minutes=10))
    [first, second] = digests()
    assert [first.version, second.version] == [1, 2]
    assert second.due_at == late + timedelta(minutes=30)
    told = send(second, second.due_at).text
    assert [order.reference in told for order in orders] == [False, False, True, True]
    # Sent again, the first says what it said.
    again = words(resend(first, by=None, now=late)).text
    assert [order.reference in again for order in orders] == [True, True, False, False]


def test_an_email_that_was_tried_and_not_taken_is_not_added_to(person, leaflet, now):
    """Its Message-ID may have arrived already: a second one under it would be thrown away as a double."""
    one, other = (make_order(person, now, {leaflet: 5}) for _ in range(2))
    leave(one, now)
    Notification.objects.filter(kind="order-dispatched").update(first_tried_at=now, attempts=1)
    leave(other, now)
    assert [row.parcels.count() for row in digests()] == [1, 1]


def test_what_the_presenter_brings_is_told_apart_and_is_never_a_lost_parcel(person, leaflet, now):
    posted, brought = (make_order(person, now, {leaflet: 5}) for _ in range(2))
    nowhere = {"visit_reference": "BK-7Q4M-2F", "address_line_1": "", "town": "", "attention": ""}
    Order.objects.filter(pk=brought.pk).update(**nowhere)
    brought.refresh_from_db()
    parcels = [leave(order, now) for order in (posted, brought)]
    first, second = digests()
    assert [parcel.notification for parcel in parcels] == [first, second]
    assert words(second).subject == f"Our presenter has your leaflets: {brought.reference}"
    with pytest.raises(DomainError, match="Our presenter brings these leaflets, so we posted no"):
        report_missing(parcel=parcels[1], by=person.user, now=now + timedelta(days=20))


def test_two_parcels_of_one_order_say_once_what_is_still_to_come(person, now):
    edition = make_edition(now, stock=4, title="One")
    order = make_order(person, now, {edition.leaflet: 10}, will_wait_for=[edition.leaflet])
    leave(order, now)
    receive_stock(edition=edition, copies=4, by=None, now=now)
    leave(order, now + timedelta(hours=1))
    mail = words(digests()[0]).text
    assert mail.count("4 copies: One") == 2
    assert mail.count("2 copies of “One”") == mail.count("STILL TO COME") + mail.count("Still to come") == 1
    cancel_order(order=order, by=None, now=now)
    assert "to come" not in words(digests()[0]).text.lower()


@pytest.mark.parametrize(
    ("left", "told"),
    [
        ("2027-07-01T08:00", "2027-07-01T17:00"),
        ("2027-07-01T17:00", "2027-07-01T17:30"),
        ("2027-07-01T22:59", "2027-07-01T23:29"),
        ("2027-07-01T23:00", "2027-07-02T17:00"),  # midnight in the UK: the next day's
        ("2027-03-28T00:30", "2027-03-28T17:00"),  # the clocks go forward half an hour later
        ("2027-10-31T00:30", "2027-10-31T18:00"),  # and back
    ],
)
def test_the_evening_and_the_day_are_the_uk_clocks(left, told):
    left, told = (datetime.fromisoformat(f"{moment}:00+00:00") for moment in (left, told))
    assert email_due_at(left) == told


def test_two_days_are_two_emails(person, leaflet):
    before_midnight = datetime(2027, 7, 1, 22, 59, tzinfo=UTC)
    for moment in (before_midnight, before_midnight + timedelta(minutes=1)):
        leave(make_order(person, moment, {leaflet: 5}), moment)
    assert [(row.about, row.version) for row in digests()] == [
        (f"person:{person.pk}:2027-07-01", 1),
        (f"person:{person.pk}:2027-07-02", 1),
    ]


def test_nobody_without_an_address_is_told_nor_who_was_erased(person, leaflet, now):
    assert leave(make_order(make_person(with_user=False, email=""), now, {leaflet: 5}), now).notification_id is None
    leave(make_order(person, now, {leaflet: 5}), now)
    erase_orders(person, now)
    erase_address(person.email, now)
    assert [(row.state, row.recipient) for row in digests()] == [(NotificationState.EXPIRED, "")]


def test_a_message_of_before_tells_of_the_parcel_that_its_number_names(person, leaflet, now):
    order = make_order(person, now, {leaflet: 5})
    Dispatch.objects.filter(pk=leave(order, now, "RM 1").pk).update(notification=None)
    old = Notification(kind="order-dispatched", about=f"order:{order.pk}", version=1, recipient=person.email)
    assert "RM 1" in words(old).text
    assert get_email_class("order-dispatched")(old).is_still_due()
    old.version = 2
    assert not get_email_class("order-dispatched")(old).is_still_due()


def test_telling_takes_as_many_statements_a_parcel_and_the_email_as_many_for_one_as_for_many(person, leaflet, now):
    def telling(order: Order) -> int:
        start_packing(order=order, by=None, now=now)
        asked = statements(lambda: dispatch_order(order=order, by=None, now=now))
        return sum("notifications_notification" in sql.split("RETURNING")[0] for sql in asked)

    def building() -> int:
        return len(statements(lambda: words(digests()[0])))

    assert telling(make_order(person, now, {leaflet: 5})) == 3  # which number, the new row, and it held
    for_one = building()
    assert [telling(make_order(person, now, {leaflet: 5})) for _ in range(3)] == [4, 4, 4]  # and its references
    assert (building(), len(digests())) == (for_one, 1)


def test_a_digest_keeps_the_references_that_fit(now):
    def collect(reference: str) -> int | None:
        news = schedule.DigestItem("person:1", "a@leeds.example.nhs.uk", reference)
        [key] = schedule.add_to_digests([news], kind="order-dispatched", day=now.date(), now=now, due_at=now)
        return key

    keys = {collect(f"LO-{number:04}-AA") for number in [*range(20), 3]}
    [row] = digests()
    assert keys == {row.pk}
    assert row.reference.split() == [f"LO-{number:04}-AA" for number in range(18)]


# Raced, on real connections


def in_a_thread(act: Callable[[], Any]) -> tuple[threading.Thread, list[Any]]:
    ends: list[Any] = []

    def run() -> None:
        try:
            ends.append(act())
        finally:
            connection.close()

    thread = threading.Thread(target=run)
    thread.start()
    return thread, ends


def wait_until_it_waits() -> None:
    """For us: other workers' tests wait for each other at the same server."""
    # pg_stat_activity stands still within a transaction
    waiting = "SELECT count(*) FROM pg_locks WHERE NOT granted AND pg_backend_pid() = ANY (pg_blocking_pids(pid))"
    for _ in range(200):
        with connection.cursor() as cursor:
            cursor.execute(waiting)
            if cursor.fetchone() == (1,):
                return
        threading.Event().wait(0.02)
    raise AssertionError("It did not wait.")


@pytest.fixture
def two_packed(transactional_db, person, leaflet, now):
    """Two orders of one person, of which the first has left."""
    orders = [make_order(person, now, {leaflet: 5}) for _ in range(2)]
    leave(orders[0], now)
    start_packing(order=orders[1], by=None, now=now)
    return orders


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_a_worker_that_comes_during_a_dispatch_waits_and_tells_of_it(two_packed, now):
    [row] = digests()
    with transaction.atomic():
        dispatch_order(order=two_packed[1], by=None, now=now)
        worker, ends = in_a_thread(lambda: send(row, EVENING).text)
        wait_until_it_waits()
    worker.join(20)
    assert all(order.reference in ends[0] for order in two_packed)
    assert Dispatch.objects.filter(notification=row).count() == 2


def dispatch_while_it_is_sent(order: Order, now: datetime) -> tuple[str, list[int]]:
    """What the email says that a worker has begun with, and how many parcels say that each email tells of them."""
    [row] = digests()
    with transaction.atomic():
        said = send(row, EVENING).text
        staff, _ends = in_a_thread(lambda: dispatch_order(order=Order.objects.get(pk=order.pk), by=None, now=now))
        wait_until_it_waits()
    staff.join(20)
    return said, [row.parcels.count() for row in digests()]


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_a_dispatch_that_comes_while_the_email_is_sent_is_in_the_next_one(two_packed, now):
    said, parcels = dispatch_while_it_is_sent(two_packed[1], now)
    assert two_packed[1].reference not in said
    assert parcels == [1, 1]
    assert two_packed[1].reference in words(digests()[1]).text


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_control_if_it_did_not_look_again_its_parcel_would_be_told_in_an_email_that_has_gone(two_packed, now, monkeypatch):
    monkeypatch.setattr(schedule, "OPEN_DIGEST_Q", Q(pk__gt=0))
    said, parcels = dispatch_while_it_is_sent(two_packed[1], now)
    assert two_packed[1].reference not in said
    assert parcels == [2]  # lost
