"""What is mailed when a booking is moved or changed: the words, the calendar parts, what is outdated before it goes."""

from datetime import UTC, date, datetime, time, timedelta
from email.message import EmailMessage

import pytest
from django.conf import settings
from icalendar import Calendar, Event

from bookings.booking.services.assign import reassign
from bookings.booking.services.reschedule import change_details, reschedule
from bookings.booking.services.transitions import cancel_booking, confirm_booking
from bookings.leave.services import end_leave, record_leave
from bookings.models import Booking, BookingState, Leave, Presenter
from core.dates import uk_datetime
from notifications import rendering
from notifications.models import Notification
from notifications.outbox import resend
from notifications.registry import Message, email_for, get_email_class
from tests.bookings.rows import DETAILS, MONDAY, NOW, at, make_booking, make_leave, make_presenter
from tests.factories import make_person, make_staff

pytestmark = pytest.mark.django_db
TWO = at("14:00")


@pytest.fixture
def presenter() -> Presenter:
    return make_presenter(name="Asha Patel", email="asha@ctac.example")


@pytest.fixture
def booking(presenter: Presenter) -> Booking:
    return make_booking(presenter, at("10:00"), person=make_person(name="Sam Taylor", email="sam@leeds.nhs.uk"))


def move(booking: Booking, start: datetime = TWO) -> None:
    reschedule(booking=booking, start=start, expected=booking.version, by=booking.person.user, now=NOW)
    booking.refresh_from_db()


def change(booking: Booking, **fields: object) -> None:
    flagged = bool(fields.pop("flagged", False))
    change_details(
        booking=booking, answers={**DETAILS, **fields}, flagged=flagged, expected=booking.version, by=booking.person.user, now=NOW
    )
    booking.refresh_from_db()


def row(kind: str, **which: object) -> Notification:
    return Notification.objects.get(kind=kind, **which)


def built(kind: str, **which: object) -> Message:
    return get_email_class(kind)(row(kind, **which)).message()


def words(kind: str, **which: object) -> rendering.Rendered:
    return rendering.render(built(kind, **which))


def goes(kind: str, **which: object) -> bool:
    return get_email_class(kind)(row(kind, **which)).is_still_due()


def entry(message: Message) -> tuple[str, Event]:
    calendar = Calendar.from_ical(message.calendar)
    assert isinstance(calendar, Calendar)
    (event,) = calendar.events
    assert calendar["method"] == message.calendar_method
    return message.calendar_method, event


def test_its_owner_reads_both_times_and_the_entry_moves(booking: Booking) -> None:
    move(booking)
    said = words("booking-moved")
    assert said.subject == f"Your presentation has moved to Monday 25 January 2027, 2pm ({booking.reference})"
    assert "It was on Monday 25 January 2027, 10am." in said.text
    assert "When: Monday 25 January 2027, 2pm to 3pm" in said.text
    method, event = entry(built("booking-moved"))
    assert (method, event["uid"], event["sequence"], event["attendee"]) == (
        "REQUEST",
        booking.ical_uid,
        1,
        "mailto:sam@leeds.nhs.uk",
    )
    assert event.start.astimezone(UTC) == TWO


def test_the_presenter_who_stays_reads_both_times_and_their_entry_moves(booking: Booking) -> None:
    move(booking)
    said = words("presenter-moved")
    assert "Your presentation has moved to Monday 25 January 2027, 2pm" in said.text
    assert "It was on Monday 25 January 2027, 10am. You are still the presenter." in said.text
    method, event = entry(built("presenter-moved"))
    assert (method, event["uid"], event["sequence"], event["attendee"]) == (
        "REQUEST",
        booking.ical_uid,
        1,
        "mailto:asha@ctac.example",
    )
    assert f"/staff/mine/visits/{booking.reference}/" in event["description"]


def test_who_gave_it_before_reads_the_time_that_was_theirs_and_loses_the_entry(booking: Booking, presenter: Presenter) -> None:
    make_leave(presenter, at("13:00"), at("17:00"))
    other = make_presenter(email="tom@ctac.example")
    move(booking)
    said = words("presenter-freed")
    assert "Monday 25 January 2027, 10am to 11am" in said.text
    assert "2pm" not in said.text
    assert "removes the entry from your calendar" in " ".join(said.text.split())
    method, event = entry(built("presenter-freed"))
    assert (method, event["status"], event["uid"], event["attendee"]) == (
        "CANCEL",
        "CANCELLED",
        booking.ical_uid,
        "mailto:asha@ctac.example",
    )
    assert event["sequence"] == 1
    method, event = entry(built("presenter-booked"))
    assert (method, event["attendee"], event["sequence"]) == ("REQUEST", f"mailto:{other.email}", 1)


def test_whoever_else_gives_it_is_named_also_when_that_is_sent_again(booking: Booking) -> None:
    reassign(booking=booking, presenter=make_presenter(name="Tom Adeyemi"), by=make_staff(), now=NOW)
    first = row("booking-confirmed")
    Notification.objects.update(state="sent", sent_at=NOW)
    again = resend(first, by=make_staff(), now=NOW + timedelta(hours=1))
    for each in (first, again):
        said = rendering.render(email_for(each).message())
        assert said.subject == f"Your presentation on Monday 25 January 2027 has changed ({booking.reference})"
        assert "Your presenter is now Tom Adeyemi. Your booking is still confirmed" in " ".join(said.text.split())


def test_a_request_that_was_moved_is_first_said_to_be_booked_when_it_is_confirmed(booking: Booking) -> None:
    Booking.objects.update(state=BookingState.REQUESTED)
    booking.refresh_from_db()
    move(booking)
    confirm_booking(booking=booking, by=make_staff(), now=NOW + timedelta(hours=1))
    said = words("booking-confirmed")
    assert said.subject == f"Your presentation is booked: Monday 25 January 2027 ({booking.reference})"
    assert said.text.startswith("Your presentation is booked")


def test_leave_takes_the_entry_out_of_the_presenters_calendar_and_leaves_the_professionals(
    booking: Booking, presenter: Presenter
) -> None:
    record_leave(presenter=presenter, starts_at=at("09:00"), ends_at=at("17:00"), kind="illness", by=None, now=NOW)
    method, event = entry(built("presenter-freed"))
    assert (method, event["sequence"]) == ("CANCEL", booking.sequence + 1)
    booking.refresh_from_db()
    other = make_presenter()
    reassign(booking=booking, presenter=other, by=make_staff(), now=NOW)
    assert entry(built("presenter-booked"))[1]["sequence"] == 2


def test_whoever_was_taken_off_and_has_it_again_is_told_a_higher_sequence(booking: Booking, presenter: Presenter) -> None:
    record_leave(presenter=presenter, starts_at=at("09:00"), ends_at=at("17:00"), kind="illness", by=None, now=NOW)
    end_leave(leave=Leave.objects.get(), by=None, now=NOW)
    for gives_it in (presenter, make_presenter(), presenter):
        reassign(booking=booking, presenter=gives_it, by=make_staff(), now=NOW)
    told = Notification.objects.filter(recipient=presenter.email).exclude(kind__contains="reminder").order_by("pk")
    entries = [entry(email_for(each).message()) for each in told]
    written = [(method, each.version) for each, (method, _event) in zip(told, entries, strict=True)]
    assert written == [("CANCEL", 1), ("REQUEST", 2), ("CANCEL", 3), ("REQUEST", 4)]
    assert [int(event["sequence"]) for _method, event in entries] == [1, 4, 3, 4]  # a REQUEST says what stands now


def test_cancelling_withdraws_the_presenters_entry_too(booking: Booking) -> None:
    move(booking)
    cancel_booking(booking=booking, by=booking.person.user, now=NOW)
    for kind, attendee in (("booking-cancelled", "sam@leeds.nhs.uk"), ("presenter-cancelled", "asha@ctac.example")):
        method, event = entry(built(kind))
        assert (method, event["uid"], event["sequence"], event["attendee"]) == (
            "CANCEL",
            booking.ical_uid,
            2,
            f"mailto:{attendee}",
        )


def test_a_request_has_no_entry_to_move_or_withdraw(booking: Booking, presenter: Presenter) -> None:
    Booking.objects.update(state=BookingState.REQUESTED)
    booking.refresh_from_db()
    move(booking)
    for kind in ("booking-moved", "presenter-moved"):
        assert built(kind).calendar == b""
    assert "not confirmed yet" in words("booking-moved").text
    cancel_booking(booking=booking, by=booking.person.user, now=NOW)
    assert built("presenter-cancelled").calendar == b""


def test_what_is_superseded_before_it_went_does_not_go(booking: Booking) -> None:
    move(booking)
    move(booking, at("15:00"))
    assert [goes("booking-moved", version=version) for version in (1, 2)] == [False, True]
    assert [goes("presenter-moved", version=version) for version in (1, 2)] == [False, True]
    cancel_booking(booking=booking, by=None, now=NOW)
    assert not goes("booking-moved", version=2)


def test_details_are_told_by_their_names_and_as_they_stand(booking: Booking) -> None:
    change(booking, contact_name="Ana Diaz", audience_size=30)
    for kind in ("booking-changed", "presenter-changed"):
        said = words(kind)
        assert "What has changed: People coming, contact on the day." in " ".join(said.text.split())
        assert "Ana Diaz" in said.text
        assert built(kind).calendar == b""


def test_a_room_changes_both_entries(booking: Booking) -> None:
    change(booking, room="Room 3")
    for kind in ("booking-changed", "presenter-changed"):
        method, event = entry(built(kind))
        assert (method, event["sequence"]) == ("REQUEST", 1)
        assert str(event["location"]).endswith("Room 3")


def test_flagged_words_reach_no_mail_about_a_change(booking: Booking) -> None:
    change(booking, notes="Ana Pop was born on 12/03/2014", room="With Ana Pop", flagged=True)
    for kind in ("booking-changed", "presenter-changed"):
        body = words(kind)
        assert "Ana Pop" not in body.text + body.html
        assert b"Ana Pop" not in built(kind).calendar


def test_the_team_read_what_the_professional_did(booking: Booking) -> None:
    move(booking)
    said = words("staff-booking-moved")
    assert row("staff-booking-moved").recipient == settings.STAFF_EMAIL
    assert "The professional moved it. It was on Monday 25 January 2027, 10am." in " ".join(said.text.split())


@pytest.mark.parametrize(
    ("first", "second", "written"),
    [
        (date(2027, 3, 26), date(2027, 3, 29), "20270329T140000"),  # the clocks go forward on the 28th
        (date(2027, 3, 29), date(2027, 3, 25), "20270325T140000"),
        (date(2027, 10, 29), date(2027, 11, 1), "20271101T140000"),  # and back on the 31st
        (date(2027, 11, 1), date(2027, 10, 29), "20271029T140000"),
    ],
)
def test_moved_over_a_clock_change_it_is_at_the_same_hour_on_the_wall(
    presenter: Presenter, first: date, second: date, written: str
) -> None:
    start, end = uk_datetime(first, time(14)).astimezone(UTC), uk_datetime(second, time(14)).astimezone(UTC)
    booking = make_booking(presenter, start)
    now = start - timedelta(days=40)
    reschedule(booking=booking, start=end, expected=booking.version, by=make_staff(), now=now, override_reason="Must")
    said = words("booking-moved")
    assert "2pm to 3pm" in said.text
    method, event = entry(built("booking-moved"))
    assert f"DTSTART;TZID=Europe/London:{written}" in built("booking-moved").calendar.decode()
    assert (method, event["sequence"], event.start.astimezone(UTC)) == ("REQUEST", 1, end)
    cancel_booking(booking=Booking.objects.get(pk=booking.pk), by=None, now=now)
    method, event = entry(built("booking-cancelled"))
    assert (method, event["sequence"], event.start.astimezone(UTC)) == ("CANCEL", 2, end)


def test_the_mail_names_its_method_as_the_body_does(booking: Booking) -> None:
    move(booking)
    notification, message = row("presenter-moved"), built("presenter-moved")
    mail: EmailMessage = rendering.compose(notification, rendering.render(message), message).message()
    [part] = [part for part in mail.walk() if part.get_content_type() == "text/calendar"]
    assert part.get_param("method") == "REQUEST"
    assert MONDAY.isoformat().replace("-", "") in part.get_payload(decode=True).decode()
