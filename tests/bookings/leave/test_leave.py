"""Leave can always be entered; what it hits needs a presenter."""

from datetime import datetime, timedelta

import pytest
from django.conf import settings

from bookings.errors import LeaveOverlapsDelivered
from bookings.leave.services import RecordedLeave, end_leave, get_affected_by_leave, record_leave
from bookings.models import Booking, BookingState, BusyTime, Hold, Leave, Presenter
from notifications.models import Notification
from tests.bookings.rows import LEEDS_TOO, LONDON, NOW, at, make_booking, make_hold, make_presenter
from tests.factories import make_staff

pytestmark = pytest.mark.django_db


@pytest.fixture
def presenter() -> Presenter:
    return make_presenter()


def away(presenter: Presenter, start: datetime, end: datetime) -> RecordedLeave:
    return record_leave(presenter=presenter, starts_at=start, ends_at=end, kind="illness", by=make_staff(), now=NOW)


def live_times(presenter: Presenter) -> list[tuple[str, str]]:
    rows = BusyTime.objects.filter(presenter=presenter, live=True).order_by("busy")
    return [(f"{row.busy.lower:%H:%M}", f"{row.busy.upper:%H:%M}") for row in rows]


def test_leave_is_busy_time(presenter: Presenter) -> None:
    recorded = away(presenter, at("10:00"), at("12:00"))
    assert recorded.freed == []
    assert BusyTime.objects.get().leave == recorded.leave


def test_leave_frees_the_bookings_that_it_hits_and_they_need_a_presenter(presenter: Presenter) -> None:
    before, hit, after = (make_booking(presenter, at(clock)) for clock in ("09:00", "10:30", "13:00"))
    assert get_affected_by_leave(presenter=presenter, starts_at=at("10:00"), ends_at=at("13:00"), now=NOW) == [hit]
    recorded = away(presenter, at("10:00"), at("13:00"))
    hit.refresh_from_db()
    assert recorded.freed == [hit]
    assert (hit.presenter, hit.state, hit.needs_a_presenter) == (None, BookingState.CONFIRMED, True)
    assert list(Booking.objects.needing_a_presenter()) == [hit]
    assert [event.kind for event in hit.events.all()] == ["presenter-freed"]
    assert live_times(presenter) == [("09:00", "10:00"), ("10:00", "13:00"), ("13:00", "14:00")]
    rows = Notification.objects.order_by("pk").values_list("kind", "recipient")
    assert list(rows) == [("staff-needs-presenter", settings.STAFF_EMAIL), ("presenter-freed", presenter.email)]
    assert {before.presenter, after.presenter} == {presenter}


def test_leave_frees_the_visit_that_it_leaves_no_time_to_travel_to(presenter: Presenter) -> None:
    make_booking(presenter, at("09:00"))
    too_late = make_booking(presenter, at("11:00"), postcode=LEEDS_TOO)
    assert away(presenter, at("10:00"), at("10:30")).freed == []
    assert away(presenter, at("10:30"), at("10:35")).freed == [too_late]
    assert live_times(presenter) == [("09:00", "10:00"), ("10:00", "10:30"), ("10:30", "10:35")]


def test_leave_frees_as_many_as_it_must(presenter: Presenter) -> None:
    make_booking(presenter, at("09:00"))
    first = make_booking(presenter, at("16:00"), postcode=LONDON)
    second = make_booking(presenter, at("17:00"), postcode=LONDON)
    assert away(presenter, at("10:00"), at("16:00")).freed == [first, second]


def test_holds_that_leave_hits_are_gone(presenter: Presenter) -> None:
    make_hold(presenter, at("10:00"), expires_at=NOW + timedelta(minutes=5))
    away(presenter, at("10:30"), at("11:00"))
    assert not Hold.objects.exists()
    assert live_times(presenter) == [("10:30", "11:00")]


def test_leave_may_overlap_leave(presenter: Presenter) -> None:
    """Ill in the middle of a holiday, then for longer, then the holiday is taken back."""
    holiday = away(presenter, at("09:00"), at("12:00")).leave
    away(presenter, at("10:00"), at("11:00"))
    assert live_times(presenter) == [("09:00", "12:00")]
    away(presenter, at("11:00"), at("14:00"))
    assert live_times(presenter) == [("09:00", "12:00"), ("12:00", "14:00")]
    away(presenter, at("08:00"), at("15:00"))
    assert live_times(presenter) == [("08:00", "15:00")]
    assert Leave.objects.count() == 4
    end_leave(leave=Leave.objects.get(starts_at=at("08:00")), by=None, now=NOW)
    end_leave(leave=holiday, by=None, now=NOW)
    assert live_times(presenter) == [("10:00", "11:00"), ("11:00", "14:00")]


def test_leave_over_a_presentation_that_was_delivered_is_refused(presenter: Presenter) -> None:
    make_booking(presenter, at("10:00"), state=BookingState.DELIVERED)
    with pytest.raises(LeaveOverlapsDelivered):
        away(presenter, at("10:30"), at("12:00"))
    assert not Leave.objects.exists()


def test_a_requested_booking_keeps_its_state(presenter: Presenter) -> None:
    booking = make_booking(presenter, at("10:00"), state=BookingState.REQUESTED)
    away(presenter, at("10:00"), at("12:00"))
    booking.refresh_from_db()
    assert (booking.state, booking.needs_a_presenter) == (BookingState.REQUESTED, True)


def test_others_are_not_touched(presenter: Presenter) -> None:
    booking = make_booking(make_presenter(), at("10:00"))
    assert away(presenter, at("09:00"), at("12:00")).freed == []
    assert BusyTime.objects.get(booking=booking).live
