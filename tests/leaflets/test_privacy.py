"""What we hold about a person can be shown, and taken out again."""

import pytest

from leaflets import privacy as leaflets_privacy
from leaflets.models import Edition, OrderEvent, OrderState
from leaflets.orders.services.transitions import cancel_order, dispatch_order, start_packing
from leaflets.stock.services import ledger_differences
from privacy.services import export_person
from tests.factories import make_person, make_staff
from tests.leaflets.factories import make_edition, make_order

pytestmark = pytest.mark.django_db


def test_an_export_has_every_order_with_its_address_and_history(now):
    person = make_person()
    order = make_order(person, now, {make_edition(now, title="One").leaflet: 5}, contact_phone="0113 496 0999")
    make_order(make_person(), now)
    assert export_person(person)["leaflets"] == [
        {
            "reference": order.reference,
            "state": "Received",
            "placed": "2027-01-12T10:00:00+00:00",
            "came_by": "Website",
            "why_more": "",
            "to": ["Sam Taylor", "The duty desk", "Leeds Health Visiting", "1 Park Row", "Leeds", "LS1 4AP"],
            "phone": "0113 496 0999",
            "leaflets": [{"title": "One", "edition": "March 2026", "copies": 5}],
            "recalled": [],
            "events": [{"what": "Order received", "changes": [], "when": "2027-01-12T10:00:00+00:00", "why": ""}],
            "parcels": [],
        }
    ]


def test_erasing_cancels_what_is_open_and_keeps_the_figures_of_what_left(now):
    person, staff, edition = make_person(), make_staff(), make_edition(now, stock=50)
    left, open_order, packing, called_off = (
        make_order(person, now, {edition.leaflet: 5}, contact_phone="0113 496 0999") for _ in range(4)
    )
    for order in (left, packing):
        start_packing(order=order, by=staff, now=now)
    dispatch_order(order=left, by=staff, now=now, tracking_number="RM 123")
    cancel_order(order=called_off, by=staff, now=now, reason="Sam rang")
    someone_else = make_order(make_person(), now, {edition.leaflet: 5})
    leaflets_privacy.erase_orders(person, now)
    for order in (left, open_order, packing, called_off, someone_else):
        order.refresh_from_db()
    assert [order.state for order in (left, open_order, packing, called_off)] == [
        OrderState.DISPATCHED,
        OrderState.CANCELLED,
        OrderState.CANCELLED,
        OrderState.CANCELLED,
    ]
    for order in (left, open_order, packing, called_off):
        assert (order.address, order.contact_phone) == (["Erased", "LS1"], "")
    assert someone_else.address[0] == "Sam Taylor"
    assert left.dispatches.get().tracking_number == ""
    assert not OrderEvent.objects.filter(order__person=person).exclude(reason="").exists()
    assert left.lines.get().dispatched == 5
    assert Edition.objects.values_list("on_hand", "allocated").get() == (45, 5)
    assert list(ledger_differences()) == []


def test_erasing_twice_does_no_harm(now):
    person = make_person()
    make_order(person, now)
    leaflets_privacy.erase_orders(person, now)
    leaflets_privacy.erase_orders(person, now)
    assert person.orders.get().address == ["Erased", "LS1"]


def test_a_user_who_acted_can_be_deleted_and_the_history_stays(now):
    person = make_person()
    order = make_order(person, now, by=person.user)
    person.user.delete()
    assert [(event.kind, event.by) for event in order.events.all()] == [("placed", None)]
