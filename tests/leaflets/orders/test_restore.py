"""A cancelled order is taken back, if its copies are there; one that is done with is ordered again for a caller."""

import pytest
from django.conf import settings

from accounts.services import AccountGoneError
from core.errors import DomainError
from leaflets.catalogue.services import withdraw_edition
from leaflets.models import OrderEventKind, OrderState
from leaflets.orders.services.transitions import OrderStateHasChanged, cancel_order, dispatch_order, restore_order, start_packing
from leaflets.stock.services import ledger_differences, receive_stock
from notifications.models import Notification
from notifications.registry import email_for
from professionals.models import Person
from tests.factories import make_person, make_staff
from tests.leaflets.factories import make_edition, make_order
from tests.leaflets.staff_site import ORDERS, act, change, told_the_lead

pytestmark = pytest.mark.django_db
WHY = "The wrong one of two"


def figures(order):
    assert list(ledger_differences()) == []
    return [(line.allocated, line.backordered, line.cancelled) for line in order.lines.order_by("pk")]


def mail(order):
    rows = Notification.objects.filter(about=f"order:{order.pk}").exclude(recipient=settings.STAFF_EMAIL).order_by("pk")
    return [row.kind for row in rows]


def test_a_cancellation_is_taken_back_with_who_and_why_and_the_person_is_told(now):
    one, two = make_edition(now, stock=50), make_edition(now, stock=20)
    order, staff = make_order(make_person(), now, {one.leaflet: 5, two.leaflet: 20}), make_staff()
    start_packing(order, by=staff, now=now)
    cancel_order(order, by=staff, now=now)
    restore_order(order, reason=WHY, by=staff, now=now)
    order.refresh_from_db()
    assert (order.state, figures(order)) == (OrderState.RECEIVED, [(5, 0, 0), (20, 0, 0)])
    event = order.events.last()
    assert (event.kind, event.by, event.reason) == (OrderEventKind.RESTORED, staff, WHY)
    assert mail(order) == ["order-received", "order-cancelled", "order-restored"]
    [cancelled, restored] = [Notification.objects.get(kind=kind) for kind in ("order-cancelled", "order-restored")]
    assert not email_for(cancelled).is_still_due()
    assert email_for(restored).is_still_due()
    # Cancelled again, they hear of that too.
    cancel_order(order, by=staff, now=now)
    assert mail(order)[3:] == ["order-cancelled"]


def test_copies_that_have_gone_are_in_the_way_and_named(now):
    one, two = make_edition(now, title="One", stock=5), make_edition(now, title="Two", stock=20)
    order = make_order(make_person(), now, {one.leaflet: 5, two.leaflet: 20})
    cancel_order(order, by=None, now=now)
    make_order(make_person(), now, {one.leaflet: 1})
    with pytest.raises(DomainError, match=r"enough copies of “One”\. .*“Order again”"):
        restore_order(order, reason=WHY, by=None, now=now)
    order.refresh_from_db()
    assert (order.state, figures(order)) == (OrderState.CANCELLED, [(0, 0, 5), (0, 0, 20)])


def test_of_a_withdrawn_edition_nothing_comes_back(now):
    edition = make_edition(now, stock=5)
    order = make_order(make_person(), now, {edition.leaflet: 5})
    cancel_order(order, by=None, now=now)
    withdraw_edition(edition=edition)
    with pytest.raises(DomainError, match="no longer have enough"):
        restore_order(order, reason=WHY, by=None, now=now)


def test_what_it_waited_for_it_waits_for_again(now):
    edition = make_edition(now, stock=3)
    order = make_order(make_person(), now, {edition.leaflet: 5}, will_wait_for=[edition.leaflet])
    cancel_order(order, by=None, now=now)
    restore_order(order, reason=WHY, by=None, now=now)
    order.refresh_from_db()
    assert (order.state, figures(order)) == (OrderState.RECEIVED, [(3, 2, 0)])
    receive_stock(edition=edition, copies=10, by=None, now=now)
    assert figures(order) == [(5, 0, 0)]


def test_an_order_of_which_there_was_nothing_waits_again(now):
    edition = make_edition(now, stock=0)
    order = make_order(make_person(), now, {edition.leaflet: 5}, will_wait_for=[edition.leaflet])
    cancel_order(order, by=None, now=now)
    restore_order(order, reason=WHY, by=None, now=now)
    order.refresh_from_db()
    assert (order.state, figures(order)) == (OrderState.WAITING, [(0, 5, 0)])


def test_a_request_is_a_request_again(now):
    edition = make_edition(now, stock=500, most_per_order=10)
    order = make_order(make_person(), now, {edition.leaflet: 50}, over_limit_reason="A fair")
    cancel_order(order, by=None, now=now)
    restore_order(order, reason=WHY, by=None, now=now)
    order.refresh_from_db()
    assert (order.state, figures(order)) == (OrderState.REQUESTED, [(0, 50, 0)])


def test_what_has_left_and_what_is_open_is_not_taken_back(now):
    order = make_order(make_person(), now)
    with pytest.raises(OrderStateHasChanged):
        restore_order(order, reason=WHY, by=None, now=now)
    start_packing(order, by=None, now=now)
    dispatch_order(order, by=None, now=now)
    with pytest.raises(OrderStateHasChanged):
        restore_order(order, reason=WHY, by=None, now=now)


def test_nothing_is_sent_to_somebody_who_was_erased(now):
    order = make_order(make_person(), now)
    cancel_order(order, by=None, now=now)
    Person.objects.update(erased_at=now)
    with pytest.raises(AccountGoneError):
        restore_order(order, reason=WHY, by=None, now=now)


def test_staff_take_it_back_on_its_page(client, staff, now):
    order = make_order(make_person(), now)
    assert "Take back the cancellation" not in client.get(change("order", order)).content.decode()
    cancel_order(order, by=staff, now=now)
    assert "Take back the cancellation" in client.get(change("order", order)).content.decode()
    act(client, "order", order, "restore", reason="")
    order.refresh_from_db()
    assert order.state == OrderState.CANCELLED
    act(client, "order", order, "restore", reason=WHY)
    order.refresh_from_db()
    assert order.state == OrderState.RECEIVED
    assert told_the_lead() == []


def test_an_order_that_is_done_with_is_ordered_again_with_everything_filled_in(client, staff, now):
    edition = make_edition(now, slug="signs", stock=50)
    order = make_order(make_person(name="Asha Rahman", email="asha@leeds.nhs.uk"), now, {edition.leaflet: 7})
    assert "again=" not in client.get(change("order", order)).content.decode()
    cancel_order(order, by=staff, now=now)
    link = f"{ORDERS}add/?person={order.person_id}&again={order.reference}"
    assert link.replace("&", "&amp;") in client.get(change("order", order)).content.decode()
    page = client.get(link).content.decode()
    for value in ("Asha Rahman", "asha@leeds.nhs.uk", "7", order.address_line_1, order.postcode):
        assert f'value="{value}"' in page
    # Another's reference, or one that is wrong, fills in nothing.
    Person.objects.update(erased_at=now)
    for reference in (order.reference, "LO-2222-22", "x"):
        assert "Asha Rahman" not in client.get(f"{ORDERS}add/?person={order.person_id}&again={reference}").content.decode()
