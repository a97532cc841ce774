"""A recall: blocked, moved to the successor or released, told once to each, and who was reached."""

from datetime import timedelta

import pytest
from django.conf import settings
from django.db import IntegrityError, transaction

from core.errors import DomainError
from leaflets.catalogue.services import withdraw_edition
from leaflets.dispatch.queries import PackingChoice
from leaflets.dispatch.services import UnsentCopies, dispatch_session, start_session
from leaflets.models import Advice, Edition, Order, OrderState, ParcelOutcome, ReachState, Recall, RecallHolder, RecallReplacement
from leaflets.orders.allowances import Shortfalls
from leaflets.orders.services.create import place_order
from leaflets.orders.services.transitions import (
    MoreThanAsked,
    OrderStateHasChanged,
    approve_order,
    cancel_order,
    dispatch_order,
    start_packing,
)
from leaflets.recalls.services import (
    NewerEditionExists,
    NoSuccessor,
    RecallRequest,
    mark_phoned,
    plan_recall,
    recall_edition,
    unmark_phoned,
)
from leaflets.stock.services import ledger_differences, receive_stock
from notifications.models import Notification, NotificationState
from notifications.outbox import resend
from notifications.registry import email_for
from notifications.rendering import render
from office.site_settings.queries import site_settings
from privacy.services import erase_person, export_person
from tests.factories import make_person, make_staff
from tests.leaflets.factories import make_edition, make_order, unsaved_order
from tests.leaflets.statements import statements

pytestmark = pytest.mark.django_db
WHY = "The phone number on page 2 is wrong."


@pytest.fixture
def edition(now):
    return make_edition(now, stock=100, title="One")


def recall_request(instead=RecallReplacement.CANCEL, **more) -> RecallRequest:
    return RecallRequest(**{"why": WHY, "advice": Advice.RECYCLE, "instead": instead, **more})


def recall(edition, now, instead=RecallReplacement.CANCEL, **more) -> Recall:
    found = recall_edition(edition=edition, request=recall_request(instead, **more), by=None, now=now)
    assert list(ledger_differences()) == []
    return found


def order_of(edition, now, copies=5, person=None, **fields) -> Order:
    return make_order(person or make_person(), now, {edition.leaflet: copies}, **fields)


def sent(edition, now, copies=5, person=None, **fields) -> Order:
    order = order_of(edition, now, copies, person, **fields)
    start_packing(order=order, by=None, now=now)
    dispatch_order(order=order, by=None, now=now)
    return order


def newer(edition, now, stock, label="May 2027") -> Edition:
    return make_edition(now, stock=stock, leaflet=edition.leaflet, label=label)


def lines(order) -> list[tuple]:
    return list(
        order.lines.order_by("pk").values_list("edition__label", "copies", "backordered", "allocated", "dispatched", "cancelled")
    )


def state(order) -> str:
    return Order.objects.get(pk=order.pk).state


def mails() -> dict[str, str]:
    """What each person reads, by address."""
    rows = Notification.objects.filter(kind="edition-recalled")
    assert all(email_for(row).is_still_due() for row in rows)
    return {row.recipient: " ".join(render(email_for(row).message()).text.split()) for row in rows}


def test_promised_copies_move_to_the_successor_the_oldest_first_as_far_as_it_has_some(edition, now):
    orders = [order_of(edition, now + timedelta(minutes=number), 10) for number in range(3)]
    other = newer(edition, now, stock=15)
    made = recall(edition, now, RecallReplacement.SAME)
    assert (made.successor, made.moved, made.to_come, made.cancelled, made.blocked) == (other, 15, 15, 0, 100)
    assert [lines(order)[-1] for order in orders] == [
        ("May 2027", 10, 0, 10, 0, 0),
        ("May 2027", 10, 5, 5, 0, 0),
        ("May 2027", 10, 10, 0, 0, 0),
    ]
    assert [state(order) for order in orders] == [OrderState.RECEIVED, OrderState.RECEIVED, OrderState.WAITING]
    edition.refresh_from_db()
    assert (edition.state, edition.on_hand, edition.allocated, edition.withdrawn_why) == ("withdrawn", 100, 0, WHY)
    assert set(mails()) == {order.person.email for order in orders[1:]}  # the first gets what was promised, as was promised
    for order in orders[1:]:  # who gets it anyway is not led to order it again
        assert f"See your order: {settings.SITE_URL}{order.get_absolute_url()}" in mails()[order.person.email]
        assert "Order the new edition" not in mails()[order.person.email]
    receive_stock(edition=other, copies=20, by=None, now=now)
    assert [state(order) for order in orders] == [OrderState.RECEIVED] * 3
    assert list(ledger_differences()) == []


def test_without_a_successor_promised_copies_are_cancelled_and_an_order_with_nothing_left_too(edition, now):
    both = {edition.leaflet: 4, make_edition(now, title="Two").leaflet: 3}
    alone, mixed = order_of(edition, now, 6), make_order(make_person(), now, both)
    made = recall(edition, now)
    assert (made.cancelled, made.moved, made.to_come) == (10, 0, 0)
    assert (state(alone), state(mixed)) == (OrderState.CANCELLED, OrderState.RECEIVED)
    assert lines(alone) == [("March 2026", 6, 0, 0, 0, 6)]
    assert list(alone.events.values_list("kind", flat=True)) == ["placed", "recalled", "cancelled"]
    read = mails()
    assert "We won’t send 6 copies of “One”. Nothing else was in this order, so it is cancelled." in read[alone.person.email]
    assert "We won’t send 4 copies of “One”." in read[mixed.person.email]
    assert "so it is cancelled" not in read[mixed.person.email]
    assert ("See your order" in read[mixed.person.email], "See your order" in read[alone.person.email]) == (True, False)
    assert not Notification.objects.filter(kind="order-cancelled").exists()  # one email a person


def test_without_a_print_yet_they_wait_for_the_next_in_their_old_order(edition, now):
    first, second = order_of(edition, now, 10), order_of(edition, now + timedelta(minutes=1), 10)
    recall(edition, now, RecallReplacement.WAIT)
    assert (state(first), state(second)) == (OrderState.WAITING, OrderState.WAITING)
    assert "We will send your 10 copies when the next edition is printed." in mails()[first.person.email]
    newer(edition, now, stock=15)
    assert (lines(first)[-1], lines(second)[-1]) == (("May 2027", 10, 0, 10, 0, 0), ("May 2027", 10, 5, 5, 0, 0))
    assert list(ledger_differences()) == []


def test_another_leaflet_joins_the_line_that_an_order_has_of_it(edition, now):
    other = make_edition(now, stock=20, title="Two")
    order = make_order(make_person(), now, {edition.leaflet: 8, other.leaflet: 3})
    recall(edition, now, RecallReplacement.OTHER, other=other.leaflet)
    assert [line[1:4] for line in lines(order)] == [(0, 0, 0), (11, 0, 11)]
    assert "We will send you 8 copies of “Two” instead." in mails()[order.person.email]
    edition.refresh_from_db()
    assert edition.use_instead == other.leaflet


def test_what_is_being_packed_is_taken_off_the_table_and_its_parcel_can_not_leave(edition, now):
    packed, untouched = order_of(edition, now, 5), order_of(make_edition(now), now, 5)
    for order in (packed, untouched):
        start_packing(order=order, by=None, now=now)
    newer(edition, now, stock=50)
    made = recall(edition, now, RecallReplacement.SAME)
    assert [(each.order, each.was_packing) for each in made.orders.all()] == [(packed, True)]
    with pytest.raises(OrderStateHasChanged, match="was recalled while it was being packed, so it must not leave"):
        dispatch_order(order=packed, by=None, now=now)
    assert (state(packed), state(untouched)) == (OrderState.RECEIVED, OrderState.PACKING)
    start_packing(order=packed, by=None, now=now)
    dispatch_order(order=packed, by=None, now=now)
    assert lines(packed)[-1] == ("May 2027", 5, 0, 0, 5, 0)
    assert list(ledger_differences()) == []


def test_a_parcel_of_a_packing_session_does_not_leave_with_the_others(edition, now):
    wrong, right = order_of(edition, now, 5), order_of(make_edition(now), now, 5)
    session = start_session(choice=PackingChoice(), by=None, now=now)
    newer(edition, now, stock=50)
    recall(edition, now, RecallReplacement.SAME)
    start_packing(order=wrong, by=None, now=now)  # again, on its own page: the old parcel still lies in the session's pile
    dispatch_session(session=session, rest=UnsentCopies.NEXT_TIME, by=None, now=now)
    outcomes = {parcel.order: parcel.outcome for parcel in session.parcels.all()}
    assert outcomes == {wrong: ParcelOutcome.WITHDRAWN, right: ParcelOutcome.SENT}
    assert (state(wrong), state(right)) == (OrderState.PACKING, OrderState.DISPATCHED)


def test_a_parcel_on_the_table_that_waits_for_more_of_it_stays_there_and_a_request_is_still_to_be_decided(edition, now):
    two = make_edition(now, title="Two")
    some = order_of(edition, now, 95)
    part = place_order(
        order=unsaved_order(make_person()),
        by=None,
        basket={edition.leaflet: 10, two.leaflet: 2},
        now=now,
        will_wait_for=[edition.leaflet],
    )
    asks = order_of(edition, now, 200, over_limit_reason="A whole trust")
    cancel_order(order=some, by=None, now=now)  # its copies go to `part`, before it is packed
    start_packing(order=part, by=None, now=now)
    other = make_edition(now, stock=5, title="Three")
    recall(edition, now, RecallReplacement.OTHER, other=other.leaflet)
    assert (state(part), state(asks)) == (OrderState.RECEIVED, OrderState.REQUESTED)
    assert lines(asks)[-1] == ("March 2026", 200, 200, 0, 0, 0)
    assert "You asked for 200 copies. If we agree, we will send “Three”." in mails()[asks.person.email]
    approve_order(order=asks, granted={asks.lines.get(copies=200).pk: 50}, by=None, now=now)
    assert state(asks) == OrderState.WAITING
    assert list(ledger_differences()) == []


def test_what_a_recall_ended_of_a_request_can_not_be_given_any_more(client, staff, edition, now):
    other = make_edition(now, stock=50, title="Two").leaflet
    asks = make_order(make_person(), now, {edition.leaflet: 120, other: 120}, over_limit_reason="A whole trust")
    recall(edition, now)
    ended, asked = asks.lines.order_by("edition__leaflet__title")
    assert (state(asks), ended.cancelled, asked.backordered) == (OrderState.REQUESTED, 120, 120)
    page = client.get(f"/staff/leaflets/order/{asks.pk}/do/approve/").content.decode()
    assert f"copies_{ended.pk}" not in page
    assert f"copies_{asked.pk}" in page
    with pytest.raises(MoreThanAsked):
        approve_order(order=asks, granted={ended.pk: 1, asked.pk: 1}, by=None, now=now)
    approve_order(order=asks, granted={asked.pk: 60}, by=None, now=now)
    assert lines(asks) == [("March 2026", 120, 0, 0, 0, 120), ("March 2026", 120, 10, 50, 0, 60)]
    assert list(ledger_differences()) == []


def test_what_a_presenter_was_to_bring_and_is_not_there_is_not_brought(edition, now):
    order = order_of(edition, now, 10)
    Order.objects.filter(pk=order.pk).update(
        visit_reference="BK-7Q4M-2F", address_line_1="", address_line_2="", town="", attention=""
    )
    newer(edition, now, stock=4)
    recall(edition, now, RecallReplacement.SAME)
    assert lines(order) == [("March 2026", 6, 0, 0, 0, 6), ("May 2027", 4, 0, 4, 0, 0)]


def test_each_person_who_has_copies_is_told_once_with_all_their_orders(edition, now):
    person = make_person()
    first, second = sent(edition, now, 5, person), sent(edition, now + timedelta(days=2), 7, person)
    still = order_of(edition, now, 3, person)
    sent(make_edition(now), now, 5)  # of another leaflet
    made = recall(edition, now, advice=Advice.SEND_BACK, words="Freepost CTAC")
    holder = made.holders.get()
    assert (holder.person, holder.received, holder.notification.about) == (person, 12, f"recall:{made.pk}:{holder.pk}")
    row = Notification.objects.get(kind="edition-recalled")
    assert (row.recipient, row.reference, row.queued_at) == (person.email, f"RECALL-{made.pk}", None)  # the sweep queues it
    read = mails()[person.email]
    begins = read[read.index("Please stop handing") :]
    assert begins.startswith("Please stop handing out “One”, March 2026, and send every copy you have back to us.")
    for words in ("Freepost CTAC", WHY, "5 copies", "7 copies", first.reference, second.reference, site_settings().advice_phone):
        assert words in read
    assert f"{still.reference}: We won’t send 3 copies of “One”." in read


def test_of_those_without_an_address_and_those_whose_email_failed_somebody_rings(edition, now):
    staff = make_staff()
    people = [make_person(name=name) for name in ("Amy", "Bob", "Cat")] + [make_person(name="Dan", with_user=False, email="")]
    for person in people:
        sent(edition, now, 5, person)
    made = recall(edition, now)
    for name, become in (("Amy", NotificationState.SENT), ("Bob", NotificationState.FAILED)):
        Notification.objects.filter(recalls__person__name=name).update(state=become, sent_at=now)

    def reach() -> dict[str, str]:
        return dict(RecallHolder.objects.with_reach().values_list("person__name", "reach"))

    def to_ring() -> list[str]:
        return sorted(RecallHolder.objects.to_phone().values_list("person__name", flat=True))

    assert reach() == {"Amy": ReachState.SENT, "Bob": ReachState.FAILED, "Cat": ReachState.PENDING, "Dan": ReachState.NO_EMAIL}
    assert to_ring() == ["Bob", "Dan"]
    dan, bob = (made.holders.get(person__name=name) for name in ("Dan", "Bob"))
    assert mark_phoned(holder=dan, by=staff, now=now)
    assert not mark_phoned(holder=dan, by=make_staff(), now=now + timedelta(hours=1))
    dan.refresh_from_db()
    assert (dan.reached_by, dan.reached_at, to_ring()) == (staff, now, ["Bob"])
    again = resend(bob.notification, by=staff, now=now)
    assert (reach()["Bob"], to_ring()) == (ReachState.PENDING, [])
    Notification.objects.filter(pk=again.pk).update(state=NotificationState.SENT, sent_at=now)
    assert reach()["Bob"] == ReachState.SENT
    unmark_phoned(holder=dan)
    assert to_ring() == ["Dan"]


def test_whoever_is_erased_is_left_out_before_and_taken_out_after(edition, now):
    gone, later = make_person(), make_person()
    sent(edition, now, 5, gone)
    sent(edition, now, 7, later)
    erase_person(gone, by=None, now=now)
    plan = plan_recall(edition=edition, request=recall_request(), now=now)
    assert (plan.copies_out, plan.erased_copies, plan.with_email) == (7, 5, 1)
    made = recall(edition, now)
    assert made.holders.get().person == later
    [order] = export_person(later)["leaflets"]
    facts = {"title": "One", "edition": "March 2026", "copies_received": 7, "told_by_email": True, "reached_by_phone": None}
    assert order["recalled"] == [{**facts, "recalled": "2027-01-12T10:00:00+00:00"}]
    erase_person(later, by=None, now=now)
    assert not made.holders.exists()
    assert not Notification.objects.exclude(recipient="").filter(kind="edition-recalled").exists()


@pytest.mark.parametrize("instead", [RecallReplacement.SAME, RecallReplacement.WAIT, RecallReplacement.CANCEL])
def test_the_plan_says_what_the_recall_then_does(edition, now, instead):
    for number in range(4):
        sent(edition, now, 2)
        order_of(edition, now + timedelta(minutes=number), 5)
    packed = order_of(edition, now, 5)
    start_packing(order=packed, by=None, now=now)
    if instead == RecallReplacement.SAME:
        newer(edition, now, stock=12)
    plan = plan_recall(edition=edition, request=recall_request(instead), now=now)
    assert list(plan.packing) == [packed]
    made = recall(edition, now, instead)
    assert [plan.copies(name) for name in ("moved", "to_come", "cancelled")] == [made.moved, made.to_come, made.cancelled]
    assert made.holders.count() == len(plan.received) == plan.with_email == len(mails())
    assert Order.objects.filter(state=OrderState.CANCELLED).count() == plan.cancelled_orders


def test_it_is_recalled_once_also_after_it_was_only_withdrawn(edition, now):
    order = order_of(edition, now)
    withdraw_edition(edition=edition)
    with pytest.raises(NoSuccessor):
        recall(edition, now, RecallReplacement.SAME)
    with pytest.raises(NoSuccessor):
        recall(edition, now, RecallReplacement.OTHER, other=edition.leaflet)
    latest = newer(edition, now, stock=5)
    with pytest.raises(NewerEditionExists):  # whoever waited for an older one would wait for ever
        recall(edition, now, RecallReplacement.WAIT)
    withdraw_edition(edition=latest)
    recall(edition, now)
    assert state(order) == OrderState.CANCELLED
    with pytest.raises(DomainError, match="A colleague has already recalled this edition"):
        recall(edition, now)
    with pytest.raises(Shortfalls):
        order_of(edition, now)
    with pytest.raises(IntegrityError, match="recall_has_the_successor_it_names"), transaction.atomic():
        Recall.objects.update(instead=RecallReplacement.SAME)


def test_it_asks_as_much_of_the_database_for_one_as_for_many(now):
    def counted(many: int) -> tuple[int, int, int]:
        edition = make_edition(now, stock=500)
        for _each in range(many):
            sent(edition, now, 1)
            order_of(edition, now, 2)
            order_of(edition, now, 2)
        newer(edition, now, stock=2 * many)
        plan = statements(lambda: plan_recall(edition=edition, request=recall_request(RecallReplacement.SAME), now=now))
        act = statements(lambda: recall(edition, now, RecallReplacement.SAME))
        row = Notification.objects.filter(kind="edition-recalled").last()
        return len(plan), len(act), len(statements(lambda: email_for(row).message()))

    one = counted(1)
    assert counted(12) == one
    assert one[0] <= 8
    assert one[1] <= 28  # five of them are of reconcile_stock
