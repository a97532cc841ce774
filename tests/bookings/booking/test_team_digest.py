"""Which events of bookings may wait for the team's digest, and what it says of them."""

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
import time_machine

from bookings.booking.services.transitions import notify_booked, notify_cancelled
from bookings.models import Booking, Presenter
from notifications import rendering
from notifications.delivery.services import deliver
from notifications.models import Notification, NotificationState, TeamMail
from notifications.registry import all_emails, get_email_class
from tests.bookings.rows import NOW, at, make_booking
from tests.notifications.conftest import mail_server

__all__ = ["mail_server"]
pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def clock() -> Iterator[time_machine.Traveller]:
    TeamMail.objects.update_or_create(pk=1, defaults={"rhythm": "twice"})
    with time_machine.travel(NOW, tick=False) as traveller:
        yield traveller


def delivered(kind: str) -> Notification:
    row = Notification.objects.get(kind=kind)
    deliver(row.pk, clock=lambda: NOW)
    row.refresh_from_db()
    return row


def test_a_new_booking_waits_for_the_digest_which_leads_to_its_page(presenter: Presenter, mail_server) -> None:
    mail_server()
    booking = make_booking(presenter, at("10:00"))
    notify_booked(booking, NOW)
    row = delivered("staff-new-booking")
    assert row.state == NotificationState.GATHERED
    said = rendering.render(get_email_class("staff-digest")(row.digest).message())
    assert said.subject == "Team digest: 1 update"
    assert f"New booking {booking.reference}" in said.text
    assert f"/staff/bookings/booking/{booking.pk}/change/" in said.text
    assert delivered("booking-confirmed").state == NotificationState.SENT


def test_what_happens_to_a_presentation_of_tomorrow_is_told_at_once(presenter: Presenter, mail_server) -> None:
    mail_server()
    booking = make_booking(presenter, at("10:00", NOW.date()))
    Booking.objects.update(state="cancelled")
    booking.refresh_from_db()
    notify_cancelled(booking, NOW)
    assert delivered("staff-booking-cancelled").state == NotificationState.SENT


def test_what_happens_soon_after_the_weekend_does_not_wait_for_mondays_digest(
    presenter: Presenter, mail_server, clock: time_machine.Traveller
) -> None:
    """A Friday evening: the digest of Monday at 8 would leave less than two days."""
    mail_server()
    friday = datetime(2027, 1, 15, 18, tzinfo=UTC)
    clock.move_to(friday)
    notify_booked(make_booking(presenter, datetime(2027, 1, 20, 7, tzinfo=UTC)), friday)
    notify_booked(make_booking(presenter, datetime(2027, 1, 20, 9, tzinfo=UTC)), friday)
    rows = Notification.objects.filter(kind="staff-new-booking").order_by("pk")
    for row in rows:
        deliver(row.pk, clock=lambda: friday)
    assert [row.state for row in rows.all()] == [NotificationState.SENT, NotificationState.GATHERED]


def test_what_is_urgent_has_no_digest() -> None:
    waiting = {kind.name for kind in all_emails() if kind.in_digest}
    assert {"staff-new-booking", "staff-new-order", "staff-booking-cancelled", "leave-asked"} < waiting
    urgent = {"staff-no-check-in", "staff-needs-presenter", "leave-entered", "safeguarding-flag", "manager-requests-waiting"}
    assert not waiting & urgent
