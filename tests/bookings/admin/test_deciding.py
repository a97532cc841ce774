"""One booking: decided, reassigned, cancelled, and what can’t be touched."""

import pytest
import time_machine
from django.test import Client

from accounts.models import User
from bookings.models import Booking, BookingState, BusyTime, Presenter
from tests.bookings.admin.desk import ABOUT_A_CHILD, BOOKINGS, KEPT, do, text, told_lead
from tests.bookings.rows import LONDON, at, make_booking, make_presenter
from tests.factories import sign_in_staff

pytestmark = pytest.mark.django_db


def test_confirm(desk: Client, presenter: Presenter, staff: User) -> None:
    booking = make_booking(presenter, at("10:00"), state=BookingState.REQUESTED)
    do(desk, booking, "confirm")
    assert booking.state == BookingState.CONFIRMED
    assert booking.events.get().by == staff


def test_decline_asks_for_words(desk: Client, presenter: Presenter) -> None:
    booking = make_booking(presenter, at("10:00"), state=BookingState.REQUESTED)
    do(desk, booking, "decline", reason="")
    assert booking.state == BookingState.REQUESTED
    do(desk, booking, "decline", reason="We were there in May.")
    assert (booking.state, booking.closed_reason) == (BookingState.DECLINED, "We were there in May.")


def test_cancel(desk: Client, presenter: Presenter) -> None:
    booking = make_booking(presenter, at("10:00"))
    do(desk, booking, "cancel", reason="Snow")
    assert (booking.state, booking.sequence) == (BookingState.CANCELLED, 1)


def test_reassign_shows_why_it_is_refused(desk: Client, presenter: Presenter) -> None:
    booking = make_booking(presenter, at("10:00"))
    busy, far = make_presenter(name="Tom Adeyemi"), make_presenter(name="Eilidh Fraser", base_postcode=LONDON)
    make_booking(busy, at("10:30"))
    said = text(do(desk, booking, "reassign", presenter=busy.pk))
    assert "Tom Adeyemi is busy then, or could not get there in time. Has a booking: Monday 25 January 2027, 10:30am" in said
    said = text(do(desk, booking, "reassign", presenter=far.pk))
    assert "It is further than the presenter can travel. The presenter would have to leave their base before" in said
    assert "before their usual time. If you still want to go ahead, give a reason." in said
    do(desk, booking, "reassign", presenter=far.pk, override_reason="In Leeds that week")
    assert booking.presenter == far


def test_mark_as_delivered_appears_after_the_end(
    desk: Client, presenter: Presenter, staff: User, clock: time_machine.Traveller
) -> None:
    booking = make_booking(presenter, at("10:00"), postcode="")  # nobody is waited for
    assert "Mark as delivered" not in text(desk.get(f"{BOOKINGS}{booking.pk}/change/"))
    clock.move_to(at("10:59"))
    sign_in_staff(desk, staff)
    assert "Mark as delivered" not in text(desk.get(f"{BOOKINGS}{booking.pk}/change/"))
    clock.move_to(at("11:00"))
    do(desk, booking, "delivered")
    assert booking.state == BookingState.DELIVERED


def test_set_travel_minutes(desk: Client, presenter: Presenter) -> None:
    booking = make_booking(presenter, at("10:00"))
    do(desk, booking, "travel", minutes="95", reason="Roadworks")
    claim = BusyTime.objects.get()
    assert (claim.travel_minutes, claim.travel_reason) == (95, "Roadworks")
    do(desk, booking, "travel", minutes="", reason="Open again")
    assert BusyTime.objects.get().travel_minutes is None
    told = text(desk.get(f"{BOOKINGS}{booking.pk}/change/"))
    assert "Travel minutes set: from our own estimate to 95 minutes" in told
    assert "Travel minutes set: from 95 minutes to our own estimate" in told


def test_the_page_of_a_booking_shows_its_history_and_saves_nothing(desk: Client, presenter: Presenter) -> None:
    booking = make_booking(presenter, at("10:00"), state=BookingState.REQUESTED)
    do(desk, booking, "confirm")
    page = desk.get(f"{BOOKINGS}{booking.pk}/change/")
    assert "Confirmed" in text(page)
    assert 'name="_save"' not in page.content.decode()
    desk.post(f"{BOOKINGS}{booking.pk}/change/", {"state": "delivered", "notes": "mine"})
    booking.refresh_from_db()
    assert (booking.state, booking.notes) == (BookingState.CONFIRMED, "")


def test_nothing_of_history_can_be_deleted(desk: Client, presenter: Presenter) -> None:
    booking = make_booking(presenter, at("10:00"))
    for path in (
        f"booking/{booking.pk}",
        f"presenter/{presenter.pk}",
        f"presentation/{booking.presentation_id}",
        f"busytime/{booking.busy_time.pk}",
    ):
        assert desk.post(f"/staff/bookings/{path}/delete/", {"post": "yes"}).status_code == 403
    assert Booking.objects.exists()


@pytest.mark.parametrize(
    ("slug", "field", "state"),
    [
        ("decline", "reason", BookingState.REQUESTED),
        ("cancel", "reason", BookingState.CONFIRMED),
        ("reassign", "override_reason", BookingState.CONFIRMED),
        ("travel", "reason", BookingState.CONFIRMED),
    ],
)
def test_an_action_asks_about_a_childs_details_and_tells_the_lead_of_what_stays(
    desk: Client, presenter: Presenter, slug: str, field: str, state: BookingState
) -> None:
    booking = make_booking(presenter, at("10:00"), state=state)
    answers = {field: ABOUT_A_CHILD, "presenter": make_presenter().pk, "minutes": "30"}
    assert "This looks like details of a child." in text(do(desk, booking, slug, **answers))
    assert (booking.events.count(), told_lead()) == (0, 0)
    do(desk, booking, slug, **answers, **KEPT)
    assert (booking.events.get().reason, told_lead()) == (ABOUT_A_CHILD, 1)
    assert booking.flagged_child_details == (slug in {"decline", "cancel"})
