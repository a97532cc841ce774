"""A spare seat: a host offers it, a professional nearby asks for it without JavaScript, the host gives it, the mail arrives."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from tests.access import seat_scene
from tests.journeys.test_booking import DESK, PHONE, calendar_event
from tests.journeys.visitor import Visitor
from tests.live.clients import inside
from tests.live.stack import Live

HOST, GUEST = "has.room@leeds.nhs.uk", "would.come@leeds.nhs.uk"


def test_a_spare_seat_goes_to_a_guest_by_name(new_page: Callable[..., Any], live: Live) -> None:
    # Given a host with a visit to come, who offers two seats on a phone
    host = Visitor(new_page(**PHONE), live)
    host.open("/my/")
    host.sign_up(HOST, name="Jo Green", organisation="Host Trust")
    reference = inside(live, seat_scene.__name__, seat_scene.visit_of.__name__, HOST, 45)
    host.open(f"/bookings/{reference}/")
    host.follow("Offer spare seats")
    host.follow("Offer spare seats")
    host.press("Offer these seats")
    assert host.url == f"/bookings/{reference}/seats/offer/"  # it asks how many first
    host.fill("How many spare seats do you have?", "2")
    host.choose("Health visitor")
    host.press("Offer these seats")
    assert (host.heading, host.reads("You offer 2 more seats")) == ("Your spare seats", True)

    # When a professional nearby without JavaScript asks for one, who reads the town and no address
    guest = Visitor(new_page(**DESK, java_script_enabled=False), live, scripts=False)
    guest.open("/seats/")
    guest.sign_up(GUEST, name="Nadia Khan", organisation="Guest Trust")
    assert (guest.heading, guest.reads("Host Trust · Leeds · 2 seats left")) == ("Seats near you", True)
    guest.page.locator(f"a[href='/seats/{reference}/']").first.click()
    guest.look()
    before = datetime.now(UTC)
    guest.fill("Do you need anything to take part? (optional)", "Step-free access")
    guest.press("Ask for this seat")
    assert (guest.heading, guest.reads("St James")) == ("You have asked for a seat", False)

    # Then the host is told, opening the link gives nothing, and one press gives the seat
    mail = live.wait_for_mail(to=HOST, after=before, subject_contains="asked for a seat")
    assert "Nadia Khan" in mail.text
    link = f"/bookings/{reference}/seats/"
    assert link in mail.text
    host.open(link)
    host.open(link)
    assert (host.reads("Nadia Khan"), host.reads("Asked for"), host.reads("Step-free access")) == (True, True, False)
    before = datetime.now(UTC)
    host.press("Give the seat")
    assert (host.reads("Nadia Khan has a seat."), host.reads("Step-free access")) == (True, True)

    # And the guest reads where to come, with an entry for the calendar, and can give the seat up
    mail = live.wait_for_mail(to=GUEST, after=before, subject_contains="You have a seat")
    assert calendar_event(mail.calendar)[0] == "REQUEST"
    assert "St James" in mail.text
    guest.open(f"/seats/{reference}/")
    assert (guest.heading, guest.reads("St James")) == ("You have a seat", True)
    before = datetime.now(UTC)
    guest.press("Give up my seat")
    assert guest.heading in ("Ask for this seat?", "You have given up your seat")
    mail = live.wait_for_mail(to=GUEST, after=before, subject_contains="given up your seat")
    assert calendar_event(mail.calendar)[0] == "CANCEL"
    assert live.wait_for_mail(to=HOST, after=before, subject_contains="given up a seat")
