"""Packing sessions: chosen, started, changed, and ended in one press with every figure right."""

from datetime import timedelta

import pytest

from core.errors import DomainError
from leaflets.catalogue.services import withdraw_edition
from leaflets.dispatch.queries import PackingChoice, packable_order_keys, preview_choice, titles_to_pack
from leaflets.dispatch.services import (
    IsInSession,
    NothingToPack,
    SessionHasEnded,
    TypedParcel,
    UnsentCopies,
    add_order,
    close_session,
    dispatch_session,
    remove_order,
    save_parcels,
    start_session,
)
from leaflets.models import (
    Dispatch,
    Edition,
    LeftOutReason,
    MovementKind,
    OrderEventKind,
    PackingSession,
    PackingSessionState,
    Parcel,
    ParcelOutcome,
    StockMovement,
)
from leaflets.orders.services.transitions import OrderStateHasChanged, cancel_order, dispatch_order, start_packing
from leaflets.stock.services import ledger_differences, receive_stock
from notifications.models import Notification
from tests.factories import make_person, make_staff
from tests.leaflets.factories import make_edition, make_many_orders, make_order
from tests.leaflets.statements import statements

pytestmark = pytest.mark.django_db


@pytest.fixture
def staff(db):
    return make_staff()


@pytest.fixture
def edition(now):
    return make_edition(now, stock=50)


def orders_of(edition, now, *copies, **fields):
    """One each, a minute after the one before, each of a person of their own."""
    return [
        make_order(make_person(), now + timedelta(minutes=number), {edition.leaflet: n}, **fields)
        for number, n in enumerate(copies)
    ]


def start(staff, now, **choice):
    return start_session(choice=PackingChoice(**choice), by=staff, now=now + timedelta(hours=1))


def end(session, staff, now, rest=UnsentCopies.WAITS):
    return dispatch_session(session=session, rest=rest, by=staff, now=now + timedelta(hours=2))


def states(*orders):
    for order in orders:
        order.refresh_from_db()
    return [str(order.state) for order in orders]


def figures(edition):
    edition = Edition.objects.get(pk=edition.pk)
    return edition.on_hand, edition.allocated


def became(session):
    return list(session.parcels.values_list("number", "outcome", "copies"))


def type_in(session, order, **typed):
    save_parcels(session=session, typed={session.parcels.get(order=order).pk: TypedParcel(**typed)})


def shortages(order, copies):
    return {"shortages": {order.lines.get().pk: copies}}


# Choosing and starting


def test_the_oldest_orders_are_packed_and_nobody_can_take_them_twice(edition, staff, now):
    first, second, third = orders_of(edition, now, 5, 6, 7)
    session = start(staff, now, most=2)
    assert [parcel.order for parcel in session.parcels.order_by("number")] == [first, second]
    assert states(first, second, third) == ["packing", "packing", "received"]
    assert first.events.get(kind=OrderEventKind.PACKING).by == staff
    assert [parcel.order for parcel in start(staff, now).parcels.all()] == [third]
    with pytest.raises(NothingToPack, match="No order matches"):
        start(staff, now)


def test_an_order_is_found_by_its_titles_area_and_nation(edition, staff, now):
    other = make_edition(now)
    [leeds] = orders_of(edition, now, 1)
    both = make_order(make_person(), now, {edition.leaflet: 1, other.leaflet: 1})
    [cardiff, lincoln] = orders_of(other, now, 1, 1)
    type(cardiff).objects.filter(pk=cardiff.pk).update(postcode="CF10 3AT")
    type(cardiff).objects.filter(pk=lincoln.pk).update(postcode="L1 8JQ")

    def found(**choice):
        session = start(staff, now, **choice)
        orders = {parcel.order for parcel in session.parcels.all()}
        close_session(session=session, by=staff, now=now + timedelta(hours=2))
        return orders

    assert found() == {leeds, both, cardiff, lincoln}
    assert found(titles=(edition.leaflet_id,)) == {leeds}
    assert found(titles=(edition.leaflet_id, other.leaflet_id)) == {leeds, both, cardiff, lincoln}
    assert found(areas=("LS",)) == {leeds, both}
    assert found(areas=("L",)) == {lincoln}
    assert found(areas=("LS1", "CF10")) == {leeds, both, cardiff}
    assert found(nation="wales") == {cardiff}
    assert found(nation="wales", titles=(other.leaflet_id,)) == {cardiff}


def test_before_it_starts_one_sees_what_it_makes_and_what_is_short(edition, now):
    orders_of(edition, now, 20, 25)
    orders_of(edition, now, 15, will_wait_for=[edition.leaflet])
    seen = preview_choice(PackingChoice())
    [pick] = seen.picks
    assert (seen.matching, seen.orders, seen.copies) == (3, 3, 50)
    assert (pick.title, pick.copies, pick.orders, pick.to_come, pick.left) == (edition.leaflet.title, 50, 3, 10, 0)
    assert [(each.title, each.copies, each.orders) for each in seen.short] == [(edition.leaflet.title, 10, 1)]
    assert [(each.key, each.copies, each.orders) for each in titles_to_pack(packable_order_keys(PackingChoice()))] == [
        (edition.leaflet_id, 50, 3)
    ]
    assert (preview_choice(PackingChoice(most=1)).matching, preview_choice(PackingChoice(most=1)).orders) == (3, 1)


def test_more_orders_than_are_counted_are_said_and_every_title_is_offered(edition, staff, now, monkeypatch):
    monkeypatch.setattr("leaflets.dispatch.queries.MAX_COUNTED", 2)
    later = make_edition(now, stock=50)
    first, second = orders_of(edition, now, 20, 25)
    assert [each.label for each in titles_to_pack(packable_order_keys(PackingChoice()))] == [
        f"{edition.leaflet} (45 copies, 2 orders)"
    ]
    assert not preview_choice(PackingChoice(most=1)).many_more
    make_order(make_person(), now + timedelta(days=1), {later.leaflet: 5})
    offered = titles_to_pack(packable_order_keys(PackingChoice()))
    assert [each.label for each in offered] == [f"{edition.leaflet} (at least 45 copies, 2 orders)", str(later.leaflet)]
    seen = preview_choice(PackingChoice(most=1))
    assert (seen.many_more, seen.orders, seen.copies) == (True, 1, 20)
    assert preview_choice(PackingChoice(titles=(later.leaflet_id,)), oldest=packable_order_keys(PackingChoice())).copies == 5
    waiting = orders_of(edition, now, 30, 30, 30, will_wait_for=[edition.leaflet])
    [short] = preview_choice(PackingChoice()).short
    assert (short.orders, short.many_more) == (3, True)
    assert [parcel.order for parcel in start(staff, now).parcels.order_by("number")] == [first, waiting[0], second]


def test_two_prints_of_one_title_are_one_order(edition, now):
    [order] = orders_of(edition, now, 20)
    order.lines.create(edition=make_edition(now, leaflet=edition.leaflet, label="May 2026"), copies=5, allocated=5)
    [title] = titles_to_pack(packable_order_keys(PackingChoice()))
    assert (title.orders, title.copies) == (1, 25)


def test_what_waits_is_withdrawn_or_brought_is_not_posted(edition, staff, now):
    withdrawn = make_edition(now)
    orders_of(withdrawn, now, 5)
    withdraw_edition(edition=withdrawn)
    [brought] = orders_of(edition, now, 5)
    type(brought).objects.filter(pk=brought.pk).update(
        visit_reference="BK-7Q4M-2F", address_line_1="", address_line_2="", town="", attention=""
    )
    with pytest.raises(NothingToPack):
        start(staff, now)
    assert preview_choice(PackingChoice()).orders == 0
    session = start(staff, now, brought=True)
    assert [parcel.order for parcel in session.parcels.all()] == [brought]
    [posted] = orders_of(edition, now, 5)
    with pytest.raises(DomainError, match="You can’t pack leaflets to post and leaflets for presenters in the same session"):
        add_order(session=session, order=posted, by=staff, now=now)


# Dispatching


def test_one_press_dispatches_all_but_those_left_out_and_says_why(edition, staff, now):
    sent, left, gone, lent = orders_of(edition, now, 5, 6, 7, 8)
    session = start(staff, now)
    type_in(session, sent, tracking_number="QK 1")
    type_in(session, left, left_out=LeftOutReason.ADDRESS)
    cancel_order(order=gone, by=staff, now=now)
    dispatch_order(order=lent, by=staff, now=now)
    session = end(session, staff, now)
    assert (session.state, session.ended_by) == (PackingSessionState.DISPATCHED, staff)
    assert became(session) == [(1, "sent", 5), (2, "left-out", 0), (3, "cancelled", 0), (4, "elsewhere", 0)]
    assert states(sent, left, gone, lent) == ["dispatched", "received", "cancelled", "dispatched"]
    assert figures(edition) == (50 - 5 - 8, 6)
    parcel = Parcel.objects.get(order=sent)
    assert (parcel.dispatch.tracking_number, parcel.dispatch.by) == ("QK 1", staff)
    assert left.events.get(kind=OrderEventKind.PUT_BACK).reason == "Left out: The address is not clear"
    assert "The address" in str(Parcel.objects.get(order=left).outcome_text)
    assert list(ledger_differences()) == []
    assert [parcel.order for parcel in start(staff, now).parcels.all()] == [left]


def test_everybody_is_told_in_the_evening_as_of_one_parcel(edition, staff, now):
    person = make_person()
    mine = [make_order(person, now, {edition.leaflet: 2}) for _ in range(2)]
    orders_of(edition, now, 3)
    nobody = make_person(email="", user=None)
    make_order(nobody, now, {edition.leaflet: 1})
    end(start(staff, now), staff, now)
    told = Notification.objects.filter(kind="order-dispatched")
    assert told.count() == 2
    own = told.get(about__startswith=f"person:{person.pk}:")
    assert sorted(own.reference.split()) == sorted(order.reference for order in mine)
    assert own.parcels.count() == 2
    assert Dispatch.objects.get(order__person=nobody).notification is None


def test_a_withdrawn_edition_stops_its_own_parcels_only(edition, staff, now):
    other = make_edition(now)
    [bad] = orders_of(other, now, 5)
    [good] = orders_of(edition, now, 5)
    session = start(staff, now)
    withdraw_edition(edition=other)
    end(session, staff, now)
    assert states(bad, good) == ["received", "dispatched"]
    assert Parcel.objects.get(order=bad).outcome == ParcelOutcome.WITHDRAWN
    assert list(ledger_differences()) == []


def test_a_second_press_is_told_that_it_is_done(edition, staff, now):
    orders_of(edition, now, 5)
    session = start(staff, now)
    end(session, staff, now)
    for again in (end, lambda *args: close_session(session=session, by=staff, now=now)):
        with pytest.raises(SessionHasEnded):
            again(session, staff, now)
    assert (Dispatch.objects.count(), figures(edition)) == (1, (45, 0))


def test_fewer_copies_because_the_shelf_is_empty_wait_and_leave_the_stock(edition, staff, now):
    # 50 by the figures, 9 on the shelf: 5 go, then 4 of 6, and nothing for the third
    whole, part, none = orders_of(edition, now, 5, 6, 7)
    session = start(staff, now)
    type_in(session, part, **shortages(part, 4))
    type_in(session, none, **shortages(none, 0))
    end(session, staff, now)
    assert became(session) == [(1, "sent", 5), (2, "sent", 4), (3, "nothing", 0)]
    assert states(whole, part, none) == ["dispatched", "waiting", "waiting"]
    assert figures(edition) == (0, 0)
    gone = StockMovement.objects.get(kind=MovementKind.CORRECTED)
    assert (gone.copies, gone.by, gone.reason) == (50 - 9, staff, f"Not on the shelf: Packing session {session.pk}")
    assert list(ledger_differences()) == []
    # And they come first when there are new ones
    receive_stock(edition=edition, copies=8, by=staff, now=now + timedelta(hours=3))
    assert states(part, none) == ["received", "received"]
    assert [line.allocated for order in (part, none) for line in order.lines.all()] == [2, 6]
    assert list(ledger_differences()) == []


def test_fewer_copies_that_are_on_the_shelf_stay_promised_and_go_next_time(edition, staff, now):
    [order] = orders_of(edition, now, 12)
    session = start(staff, now)
    type_in(session, order, **shortages(order, 8))
    end(session, staff, now, rest=UnsentCopies.NEXT_TIME)
    assert (states(order), figures(edition)) == (["received"], (42, 4))
    assert order.events.filter(kind=OrderEventKind.PART_SENT).count() == 1
    end(start(staff, now), staff, now + timedelta(hours=1))
    assert (states(order), figures(edition)) == (["dispatched"], (38, 0))
    assert list(order.lines.values_list("dispatched", flat=True)) == [12]
    assert list(ledger_differences()) == []


def test_what_the_shelf_lacks_of_an_earlier_print_waits_for_the_newest(edition, staff, now):
    [order] = orders_of(edition, now, 10)
    newest = make_edition(now, stock=0, leaflet=edition.leaflet, label="May 2026")
    session = start(staff, now)
    type_in(session, order, **shortages(order, 7))
    end(session, staff, now)
    lines = order.lines.order_by("pk").values_list("edition", "copies", "backordered", "dispatched")
    assert list(lines) == [(edition.pk, 7, 0, 7), (newest.pk, 3, 3, 0)]
    assert (states(order), figures(edition)) == (["waiting"], (0, 0))
    receive_stock(edition=newest, copies=3, by=staff, now=now)
    end(start(staff, now), staff, now + timedelta(hours=1))
    assert states(order) == ["dispatched"]
    assert list(ledger_differences()) == []


def test_copies_that_came_in_while_it_was_packed_are_promised_when_it_is_done(staff, now):
    edition = make_edition(now, stock=10)
    [sent, left] = [
        make_order(make_person(), now, {edition.leaflet: copies}, will_wait_for=[edition.leaflet]) for copies in (8, 6)
    ]
    session = start(staff, now)
    receive_stock(edition=edition, copies=20, by=staff, now=now)
    type_in(session, left, left_out=LeftOutReason.TIME)
    end(session, staff, now)
    assert states(sent, left) == ["dispatched", "received"]
    assert list(left.lines.values_list("allocated", "backordered")) == [(6, 0)]
    assert list(ledger_differences()) == []


# Late orders, orders taken out, sessions closed


def test_a_late_order_joins_and_another_is_taken_out(edition, staff, now):
    [first, second] = orders_of(edition, now, 1, 2)
    session = start(staff, now)
    [late, alone] = orders_of(edition, now, 3, 4)
    assert add_order(session=session, order=late, by=staff, now=now).number == 3
    start_packing(order=alone, by=staff, now=now)
    add_order(session=session, order=alone, by=staff, now=now)
    with pytest.raises(IsInSession):
        add_order(session=session, order=late, by=staff, now=now)
    remove_order(session=session, order=second, by=staff, now=now)
    remove_order(session=session, order=second, by=staff, now=now)
    assert states(first, second, late, alone) == ["packing", "received", "packing", "packing"]
    other = start(staff, now)
    assert [parcel.order for parcel in other.parcels.all()] == [second]
    end(session, staff, now)
    assert became(session) == [(1, "sent", 1), (2, "taken-out", 0), (3, "sent", 3), (4, "sent", 4)]
    with pytest.raises(OrderStateHasChanged):
        add_order(session=other, order=first, by=staff, now=now)


def test_a_closed_session_sends_nothing_and_its_orders_are_found_again(edition, staff, now):
    orders = orders_of(edition, now, 1, 2)
    session = start(staff, now)
    close_session(session=session, by=staff, now=now + timedelta(hours=2))
    assert (states(*orders), figures(edition)) == (["received", "received"], (50, 3))
    assert set(session.parcels.values_list("outcome", flat=True)) == {"closed"}
    assert PackingSession.objects.get(pk=session.pk).state == PackingSessionState.CLOSED
    assert start(staff, now).parcels.count() == 2


# What it asks of the database


@pytest.mark.parametrize("many", [1, 200])
def test_a_session_takes_as_many_statements_for_one_as_for_two_hundred(staff, now, many):
    """With fewer copies of the first parcel, because the shelf is empty, and its rest waiting for a newer print."""
    editions = [make_edition(now, stock=2000) for _ in range(2)]
    make_many_orders(many, editions, now, email="many{}@leeds.example.nhs.uk")
    newest = make_edition(now, stock=0, leaflet=editions[0].leaflet, label="May 2026")
    sessions = []
    started = statements(lambda: sessions.append(start(staff, now + timedelta(hours=9))))
    [session] = sessions
    parcels = list(session.parcels.all())
    line = parcels[0].order.lines.get(edition=editions[0])
    typed = {parcel.pk: TypedParcel(shortages={line.pk: 3} if parcel.number == 1 else {}) for parcel in parcels}
    ends = {"session": session, "rest": UnsentCopies.WAITS, "by": staff, "now": now + timedelta(hours=11), "typed": typed}
    ended = statements(lambda: dispatch_session(**ends))
    assert len(started) == 6
    assert len(ended) <= 35  # for one it has nothing to say of the parcels that leave whole
    assert Dispatch.objects.count() == many
    assert Notification.objects.filter(kind="order-dispatched").count() == many
    assert newest.order_lines.get().backordered == 2
    assert list(ledger_differences()) == []
