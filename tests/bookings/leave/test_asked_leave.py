"""Leave that a presenter asks for: what it claims when, who is told, and what happens to the bookings in its time."""

from datetime import datetime, timedelta

import pytest
from django.conf import settings

from bookings.errors import LeaveDecided, LeaveOverlapsDelivered
from bookings.leave.services import RecordedLeave, ask_for_leave, end_leave, grant_leave, refuse_leave, return_from_leave
from bookings.models import Booking, BusyTime, Hold, Leave, LeaveKind, LeaveState, Presenter
from notifications.models import Notification
from notifications.registry import get_email_class
from tests.bookings.rows import MONDAY, NOW, at, make_booking, make_hold, make_presenter
from tests.factories import make_staff

pytestmark = pytest.mark.django_db
NINE = at("09:00")


@pytest.fixture
def presenter() -> Presenter:
    return make_presenter(name="Asha Patel")


def ask(presenter: Presenter, kind: LeaveKind = LeaveKind.HOLIDAY, start: datetime = NINE, **more: object) -> RecordedLeave:
    end = start + timedelta(hours=3)
    return ask_for_leave(presenter=presenter, starts_at=start, ends_at=end, kind=kind, by=presenter.user, now=NOW, **more)


def told() -> list[tuple[str, str]]:
    return list(Notification.objects.order_by("pk").values_list("kind", "recipient"))


def test_what_is_asked_for_claims_nothing_and_staff_are_told(presenter: Presenter) -> None:
    booking = make_booking(presenter, at("10:00"))
    asked = ask(presenter)
    booking.refresh_from_db()
    assert (asked.leave.state, asked.freed, booking.presenter) == (LeaveState.ASKED, [], presenter)
    assert not BusyTime.objects.filter(leave=asked.leave).exists()
    assert list(Leave.objects.to_decide(NOW)) == [asked.leave]
    assert told() == [("leave-asked", settings.STAFF_EMAIL)]


def test_illness_holds_at_once_and_frees_bookings_holds_and_all(presenter: Presenter) -> None:
    booking = make_booking(presenter, at("10:00"))
    make_hold(presenter, at("11:00"), expires_at=NOW + timedelta(minutes=10))
    ill = ask(presenter, LeaveKind.ILLNESS)
    booking.refresh_from_db()
    assert (ill.leave.state, ill.freed, booking.needs_a_presenter) == (LeaveState.GRANTED, [booking], True)
    assert [row.kind for row in BusyTime.objects.filter(presenter=presenter, live=True)] == ["leave"]
    assert not Hold.objects.exists()
    assert sorted(told()) == [
        ("leave-entered", settings.STAFF_EMAIL),
        ("presenter-freed", presenter.email),
        ("staff-needs-presenter", settings.STAFF_EMAIL),
    ]


def test_granting_claims_the_time_frees_what_is_in_it_and_tells_the_presenter_once(presenter: Presenter) -> None:
    leave, booking = ask(presenter).leave, make_booking(presenter, at("10:00"))
    granted = grant_leave(leave=leave, by=make_staff(), now=NOW)
    assert (granted.freed, list(Booking.objects.needing_a_presenter())) == ([booking], [booking])
    assert [(row.leave, row.busy.lower) for row in BusyTime.objects.all()] == [(leave, at("09:00"))]
    with pytest.raises(LeaveDecided):
        grant_leave(leave=leave, by=make_staff(), now=NOW)
    assert [kind for kind, _to in told()].count("leave-granted") == 1
    assert ("leave-granted", presenter.email) in told()


def test_refusing_tells_the_presenter_why_and_claims_nothing(presenter: Presenter) -> None:
    leave = ask(presenter).leave
    refuse_leave(leave=leave, answer="Two of us are away.", by=make_staff(), now=NOW)
    leave.refresh_from_db()
    assert (leave.state, leave.answer, BusyTime.objects.count()) == (LeaveState.REFUSED, "Two of us are away.", 0)
    message = get_email_class("leave-refused")(Notification.objects.get(kind="leave-refused")).message()
    assert message.context["answer"] == "Two of us are away."
    with pytest.raises(LeaveDecided):
        grant_leave(leave=leave, by=make_staff(), now=NOW)


def test_words_about_a_child_stay_out_of_the_email(presenter: Presenter) -> None:
    leave = ask(presenter).leave
    refuse_leave(leave=leave, answer="Ana Pop, born 12/03/2014", by=make_staff(), now=NOW, flagged=True)
    message = get_email_class("leave-refused")(Notification.objects.get(kind="leave-refused")).message()
    assert message.context["answer"] == ""
    assert Notification.objects.filter(kind="safeguarding-flag").count() == 1


def test_mail_about_leave_that_was_taken_back_or_answered_otherwise_does_not_go(presenter: Presenter) -> None:
    leave = ask(presenter).leave
    row = Notification.objects.get(kind="leave-asked")
    assert get_email_class("leave-asked")(row).is_still_due()
    refuse_leave(leave=leave, answer="No.", by=make_staff(), now=NOW)
    assert not get_email_class("leave-asked")(row).is_still_due()
    end_leave(leave=leave, by=None, now=NOW)
    assert not get_email_class("leave-refused")(Notification.objects.get(kind="leave-refused")).is_still_due()


def test_asking_over_a_presentation_that_was_given_is_refused(presenter: Presenter) -> None:
    make_booking(presenter, at("10:00"), state="delivered")
    with pytest.raises(LeaveOverlapsDelivered):
        ask(presenter)


def test_granted_leave_lies_beside_other_leave_and_asked_leave_is_no_part_of_it(presenter: Presenter) -> None:
    ill, asked = ask(presenter, LeaveKind.ILLNESS).leave, ask(presenter).leave
    assert BusyTime.objects.filter(leave=asked).count() == 0
    grant_leave(leave=asked, by=make_staff(), now=NOW)
    assert [(row.leave_id, row.live) for row in BusyTime.objects.order_by("leave")] == [(ill.pk, True), (asked.pk, False)]


def test_being_back_ends_leave_that_runs_now_and_takes_back_what_is_to_come(presenter: Presenter) -> None:
    running = ask(presenter, LeaveKind.ILLNESS, NOW - timedelta(hours=1)).leave
    to_come = ask(presenter, LeaveKind.ILLNESS, at("09:00")).leave
    assert return_from_leave(leave=running, by=presenter.user, now=NOW) is not None
    assert return_from_leave(leave=to_come, by=presenter.user, now=NOW) is None
    running.refresh_from_db()
    assert (running.ends_at, [row.busy.upper for row in BusyTime.objects.all()]) == (NOW, [NOW])
    with pytest.raises(LeaveDecided):
        return_from_leave(leave=running, by=presenter.user, now=NOW)


def test_leave_that_was_only_asked_for_is_taken_back_whenever_it_would_begin(presenter: Presenter) -> None:
    leave = ask(presenter, start=at("09:00", MONDAY)).leave
    assert return_from_leave(leave=leave, by=presenter.user, now=at("10:00", MONDAY)) is None
    assert not Leave.objects.exists()
