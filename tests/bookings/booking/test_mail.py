"""What each message says, when it still goes, and its calendar part."""

import re
from datetime import UTC, date, datetime, timedelta

import pytest
from icalendar import Calendar, Event

from bookings.booking import emails as booking_emails
from bookings.booking.services.assign import reassign
from bookings.booking.services.transitions import cancel_booking, confirm_booking, decline_booking
from bookings.calendars import ical
from bookings.emails import BookingEmail
from bookings.leave.services import record_leave
from bookings.models import Booking, BookingState, Presenter
from bookings.visits.services import minute_number
from notifications import rendering
from notifications.models import ChoiceSource, Notification
from notifications.preferences import record_choices
from notifications.registry import Topic, all_emails, get_email_class
from professionals.models import Person
from tests.bookings.rows import LEEDS, MONDAY, NOW, at, make_booking, make_presenter
from tests.factories import make_person, make_staff

pytestmark = pytest.mark.django_db


@pytest.fixture
def presenter() -> Presenter:
    return make_presenter(name="Asha Patel", joining_link="https://meet.example/asha")


@pytest.fixture
def booking(presenter: Presenter) -> Booking:
    return make_booking(presenter, at("13:30"), minutes=90, person=make_person(name="Sam O'Brien", email="sam@leeds.nhs.uk"))


def message(booking: Booking, kind: str) -> rendering.Rendered:
    return rendering.render(get_email_class(kind)(note(booking, kind)).message())


def note(booking: Booking, kind: str, to: str = "sam@leeds.nhs.uk") -> Notification:
    return Notification(
        kind=kind,
        about=f"booking:{booking.pk}",
        reference=booking.reference,
        version=booking.sequence,
        recipient=to,
        created_at=NOW,
    )


def is_still_due(booking: Booking, kind: str, **changed: object) -> bool:
    notification = note(booking, kind)
    for field, value in changed.items():
        setattr(notification, field, value)
    return get_email_class(kind)(notification).is_still_due()


# Of a request that has no time yet.
KINDS = [email.name for email in all_emails() if issubclass(email, BookingEmail) and email.__module__ == booking_emails.__name__]
OF_NO_TIME = ("booking-offered", "booking-dates-lapsed", "staff-others-asked", "staff-dates-lapsed")


@pytest.mark.parametrize("kind", KINDS)
def test_every_message_says_what_when_where_and_the_reference_first(booking: Booking, kind: str) -> None:
    if kind == "booking-cancelled":  # which asks what it was before
        cancel_booking(booking=booking, by=None, now=NOW)
        booking.refresh_from_db()
    rendered = message(booking, kind)
    for words in ("Spotting the signs", "Monday 25 January 2027, 1:30pm to 3pm", LEEDS, booking.reference):
        assert words in rendered.text
        assert words in re.sub(r"</?span[^>]*>", "", rendered.html)
    assert rendered.text.index("1:30pm") < rendered.text.index("call 999")
    assert "{" not in rendered.text
    assert booking.reference in rendered.subject
    assert ("Monday 25 January 2027" in rendered.subject) == (kind not in OF_NO_TIME)


def test_the_confirmation_tells_how_to_change_and_whom_to_call(booking: Booking) -> None:
    rendered = message(booking, "booking-confirmed")
    assert rendered.subject == f"Your presentation is booked: Monday 25 January 2027 ({booking.reference})"
    assert "We won’t see it if you decline in your calendar." in " ".join(rendered.text.split())
    assert f"/bookings/{booking.reference}/" in rendered.html
    assert "Presenter: Asha Patel" in rendered.text


def test_a_reminder_is_promised_only_if_there_will_be_one(booking: Booking, presenter: Presenter) -> None:
    assert "We will remind you 7 days before and the day before." in " ".join(message(booking, "booking-confirmed").text.split())
    in_five_days = make_booking(presenter, NOW + timedelta(days=5))
    assert "We will remind you the day before." in " ".join(message(in_five_days, "booking-confirmed").text.split())
    tomorrow = make_booking(presenter, NOW + timedelta(days=1))
    assert "remind" not in message(tomorrow, "booking-confirmed").text


def test_no_reminder_is_promised_to_who_stopped_them(booking: Booking) -> None:
    record_choices(address=booking.person.email, chosen={Topic.REMINDERS: False}, where=ChoiceSource.PAGE, now=NOW)
    assert "remind" not in message(booking, "booking-confirmed").text


def test_a_changed_booking_says_so(booking: Booking) -> None:
    reassign(booking=booking, presenter=make_presenter(name="Tom Adeyemi"), by=make_staff(), now=NOW)
    booking.refresh_from_db()
    rendered = message(booking, "booking-confirmed")
    assert rendered.subject == f"Your presentation on Monday 25 January 2027 has changed ({booking.reference})"
    assert "Tom Adeyemi" in rendered.text


def test_online_the_joining_link_stands_in_the_confirmation(presenter: Presenter) -> None:
    booking = make_booking(presenter, at("10:00"), postcode="")
    assert "https://meet.example/asha" in message(booking, "booking-confirmed").text
    assert "https://meet.example/asha" in message(booking, "booking-reminder").text


def test_a_reason_is_passed_on_and_a_flagged_one_is_not(booking: Booking) -> None:
    Booking.objects.update(closed_reason="The room is flooded")
    assert "The room is flooded" in message(booking, "booking-cancelled").text
    Booking.objects.update(flagged_child_details=True)
    assert "The room is flooded" not in message(booking, "booking-cancelled").html


def test_a_request_with_a_time_is_withdrawn_and_not_cancelled(booking: Booking) -> None:
    Booking.objects.update(state=BookingState.REQUESTED)
    booking.refresh_from_db()
    cancel_booking(booking=booking, by=None, now=NOW)
    rendered = message(booking, "booking-cancelled")
    assert rendered.subject == f"Your request is withdrawn ({booking.reference})"
    assert ("Your request is withdrawn\n" in rendered.text, "is cancelled" in rendered.text) == (True, False)


def test_staff_read_whose_time_a_request_keeps(booking: Booking) -> None:
    Booking.objects.update(state=BookingState.REQUESTED)
    rendered = message(booking, "staff-new-booking")
    assert rendered.subject == f"Please decide: request {booking.reference} for Monday 25 January 2027"
    assert "Kept with: Asha Patel" in rendered.text


def test_staff_mail_says_who_asks_and_whether_their_domain_is_recognised(booking: Booking) -> None:
    Booking.objects.update(channel="phone")
    person = booking.person
    said = message(booking, "staff-new-booking").text.splitlines()
    for fact in (
        "Name: Sam O'Brien",
        "Profession: Health visitor",
        f"Organisation: {person.organisation}",
        "Email: sam@leeds.nhs.uk",
        "Domain: leeds.nhs.uk is recognised",
        "Phone: 0113 496 0000",
        "How they asked: Phone",
    ):
        assert fact in said
    Person.objects.filter(pk=person.pk).update(email="sam@gmail.com")
    assert "Domain: gmail.com is not recognised" in message(booking, "staff-new-booking").text


@pytest.mark.parametrize("kind", ["staff-new-booking", "presenter-booked"])
def test_mail_to_staff_names_the_contact_and_passes_on_what_was_written(booking: Booking, kind: str) -> None:
    Booking.objects.update(room="Second floor", access_needs="Step-free access", notes="We are new to this")
    said = message(booking, kind).text
    for fact in ("Contact on the day: Jo Green", "Their phone: 0113 496 0001", "Second floor", "Step-free", "We are new to this"):
        assert fact in said
    assert 'href="tel:01134960001"' in message(booking, kind).html
    assert "looked like a child’s details" not in said


@pytest.mark.parametrize("kind", KINDS)
def test_no_mail_holds_words_that_looked_like_a_childs_details(booking: Booking, kind: str) -> None:
    words = {"room": "Ana is seven", "access_needs": "Ana is eight", "notes": "Ana is nine", "closed_reason": "Ana is ten"}
    Booking.objects.update(flagged_child_details=True, **words)
    rendered = message(booking, kind)
    assert "Ana" not in rendered.text + rendered.html + rendered.subject
    if kind in {"staff-new-booking", "presenter-booked", "presenter-kept"}:
        assert "looked like a child’s details" in " ".join(rendered.text.split())


def test_presenters_are_not_asked_to_decide(booking: Booking, presenter: Presenter) -> None:
    Booking.objects.update(state=BookingState.REQUESTED)
    rendered = message(booking, "presenter-kept")
    assert rendered.subject == f"We are keeping your time for a request: Monday 25 January 2027 ({booking.reference})"
    assert "The team will decide whether you go" in rendered.text
    assert "Please decide" not in rendered.text
    assert is_still_due(booking, "presenter-kept", recipient=presenter.email)
    confirm_booking(booking=booking, by=None, now=NOW)
    assert not is_still_due(booking, "presenter-kept", recipient=presenter.email)
    assert is_still_due(booking, "presenter-booked", recipient=presenter.email)
    assert not is_still_due(booking, "presenter-booked", recipient="other@ctac.example")
    assert (
        message(booking, "presenter-booked").subject
        == f"You are giving a presentation on Monday 25 January 2027 ({booking.reference})"
    )


# --- Whether it still goes ---


def test_a_confirmation_that_was_superseded_does_not_go(booking: Booking) -> None:
    assert is_still_due(booking, "booking-confirmed")
    Booking.objects.update(sequence=1)
    assert not is_still_due(booking, "booking-confirmed")


def test_a_confirmation_goes_also_if_leave_freed_the_presenter_before_it_went(booking: Booking, presenter: Presenter) -> None:
    assert "We will tell you who your presenter is." not in message(booking, "booking-confirmed").text
    record_leave(presenter=presenter, starts_at=at("09:00"), ends_at=at("17:00"), kind="illness", by=None, now=NOW)
    assert is_still_due(booking, "booking-confirmed")
    rendered = message(booking, "booking-confirmed")
    for words in (rendered.text, rendered.html):
        assert "We will tell you who your presenter is." in words
        assert "Asha Patel" not in words


def test_the_presenter_is_told_that_a_request_is_declined(booking: Booking, presenter: Presenter) -> None:
    Booking.objects.update(state=BookingState.REQUESTED)
    decline_booking(booking=booking, reason="We were there in May", by=make_staff(), now=NOW)
    assert list(Notification.objects.filter(recipient=presenter.email).values_list("kind", flat=True)) == ["presenter-cancelled"]
    assert is_still_due(booking, "presenter-cancelled", recipient=presenter.email)
    rendered = message(booking, "presenter-cancelled")
    assert rendered.subject == f"You are no longer needed on Monday 25 January 2027 ({booking.reference})"
    assert rendered.text.startswith(f"Request {booking.reference} is declined\n\nHello,\n\nYou don’t need to go there any more")
    assert message(booking, "staff-booking-cancelled").subject == f"Declined: {booking.reference} on Monday 25 January 2027"


def test_the_reminder_of_a_booking_that_needs_a_presenter_does_not_go(booking: Booking, presenter: Presenter) -> None:
    of_the_day = minute_number(booking.reminder_due_at)
    assert is_still_due(booking, "booking-reminder", version=of_the_day)
    record_leave(presenter=presenter, starts_at=at("09:00"), ends_at=at("17:00"), kind="illness", by=None, now=NOW)
    assert not is_still_due(booking, "booking-reminder", version=of_the_day)
    assert is_still_due(booking, "staff-needs-presenter")
    reassign(booking=booking, presenter=make_presenter(), by=None, now=NOW)
    assert is_still_due(booking, "booking-reminder", version=of_the_day)
    assert not is_still_due(booking, "staff-needs-presenter")


def test_a_request_that_was_answered_is_not_called_a_request_any_more(booking: Booking) -> None:
    Booking.objects.update(state=BookingState.REQUESTED)
    assert is_still_due(booking, "booking-requested")
    confirm_booking(booking=booking, by=None, now=NOW)
    assert not is_still_due(booking, "booking-requested")


def test_a_presenter_who_has_it_again_is_not_told_that_it_is_gone(booking: Booking, presenter: Presenter) -> None:
    assert not is_still_due(booking, "presenter-freed", recipient=presenter.email.upper())
    assert is_still_due(booking, "presenter-freed", recipient="other@ctac.example")


# --- iCalendar ---


def parsed(booking: Booking, method: str) -> tuple[Calendar, Event]:
    calendar = Calendar.from_ical(ical.booking_calendar(booking, method, now=NOW))
    assert isinstance(calendar, Calendar)
    (event,) = calendar.events
    return calendar, event


def test_the_invitation_is_accepted_already_and_asks_for_no_answer(booking: Booking) -> None:
    built = get_email_class("booking-confirmed")(note(booking, "booking-confirmed")).message()
    assert built.calendar_method == "REQUEST"
    calendar, event = parsed(booking, "REQUEST")
    attendee = event["attendee"]
    assert calendar["method"] == "REQUEST"
    assert attendee == "mailto:sam@leeds.nhs.uk"
    assert {name: attendee.params[name] for name in ("CN", "PARTSTAT", "RSVP")} == {
        "CN": "Sam O'Brien",
        "PARTSTAT": "ACCEPTED",
        "RSVP": "FALSE",
    }
    assert event["organizer"] == "mailto:help@nspcc.org.uk"
    assert (event["uid"], event["sequence"], event["status"]) == (booking.ical_uid, 0, "CONFIRMED")
    assert event["location"] == f"St James, Leeds, {LEEDS}"
    assert built.calendar == ical.booking_calendar(booking, "REQUEST", now=NOW)


def test_the_withdrawal_has_the_same_uid_people_and_a_higher_sequence(booking: Booking) -> None:
    _calendar, invited = parsed(booking, "REQUEST")
    cancel_booking(booking=booking, by=None, now=NOW)
    booking.refresh_from_db()
    built = get_email_class("booking-cancelled")(note(booking, "booking-cancelled")).message()
    calendar, event = parsed(booking, "CANCEL")
    assert "removes the entry from your calendar" in message(booking, "booking-cancelled").text
    assert (built.calendar_method, calendar["method"], event["status"]) == ("CANCEL", "CANCEL", "CANCELLED")
    assert [event[name] for name in ("uid", "organizer", "attendee")] == [
        invited[name] for name in ("uid", "organizer", "attendee")
    ]
    assert event["sequence"] > invited["sequence"]


def test_a_request_that_is_cancelled_withdraws_no_entry_that_was_never_sent(booking: Booking) -> None:
    Booking.objects.update(state=BookingState.REQUESTED)
    cancel_booking(booking=booking, by=None, now=NOW)
    built = get_email_class("booking-cancelled")(note(booking, "booking-cancelled")).message()
    assert (built.calendar, built.calendar_method) == (b"", "")
    assert "calendar" not in message(booking, "booking-cancelled").text


def test_a_room_that_looked_like_a_childs_details_stays_out_of_calendars(booking: Booking) -> None:
    booking.room = "Second floor"
    assert parsed(booking, "REQUEST")[1]["location"] == f"St James, Leeds, {LEEDS}, Second floor"
    booking.flagged_child_details = True
    assert parsed(booking, "REQUEST")[1]["location"] == f"St James, Leeds, {LEEDS}"


def test_a_copy_to_keep_names_no_attendee(booking: Booking) -> None:
    calendar, event = parsed(booking, "PUBLISH")
    assert calendar["method"] == "PUBLISH"
    assert "attendee" not in event


def test_a_reminder_has_no_calendar_part(booking: Booking) -> None:
    assert get_email_class("booking-reminder")(note(booking, "booking-reminder")).message().calendar == b""


@pytest.mark.parametrize(
    ("day", "clock", "written", "utc"),
    [
        (date(2027, 3, 26), "13:00", "20270326T130000", "13:00"),
        (date(2027, 3, 29), "13:00", "20270329T140000", "13:00"),
        (date(2027, 10, 29), "13:00", "20271029T140000", "13:00"),
        (date(2027, 11, 1), "13:00", "20271101T130000", "13:00"),
    ],
)
def test_times_are_london_wall_clock_right_on_both_sides_of_each_clock_change(
    presenter: Presenter, day: date, clock: str, written: str, utc: str
) -> None:
    booking = make_booking(presenter, at(clock, day))
    raw = ical.booking_calendar(booking, "REQUEST", now=NOW).decode()
    assert f"DTSTART;TZID=Europe/London:{written}" in raw
    _calendar, event = parsed(booking, "REQUEST")
    assert event.start.astimezone(UTC) == at(utc, day)
    assert event.end.astimezone(UTC) == at(utc, day) + timedelta(hours=1)


@pytest.mark.parametrize("year", range(2026, 2031))
def test_the_time_zone_we_write_out_changes_when_london_does(year: int) -> None:
    from zoneinfo import ZoneInfo

    from icalendar import Timezone

    zone = Timezone.from_ical(ical.LONDON_VTIMEZONE).to_tz(lookup_tzid=False)
    hour = datetime(year, 1, 1, 0, 30, tzinfo=UTC)
    while hour.year == year:
        assert hour.astimezone(zone).utcoffset() == hour.astimezone(ZoneInfo("Europe/London")).utcoffset()
        hour += timedelta(hours=7)


@pytest.mark.parametrize(
    "name", ['Sam "Sunny" Taylor', "Sam; Taylor, RN", "Sam\r\nATTENDEE:mailto:x@evil.example", "Łukasz Żak", "x" * 150]
)
def test_odd_names_stay_inside_their_value(presenter: Presenter, name: str) -> None:
    booking = make_booking(presenter, at("10:00"), person=make_person(name=name))
    _calendar, event = parsed(booking, "REQUEST")
    assert event["attendee"] == f"mailto:{booking.person.email}"
    assert event["dtstart"].dt.astimezone(UTC) == at("10:00")


def test_someone_without_an_address_is_no_attendee(presenter: Presenter) -> None:
    booking = make_booking(presenter, at("10:00"), person=make_person(with_user=False, email=""))
    assert "attendee" not in parsed(booking, "REQUEST")[1]


def test_the_fixed_monday_is_in_winter() -> None:
    assert at("12:00", MONDAY).utcoffset() == timedelta(0)


def test_what_strangers_type_becomes_no_link_in_mail_to_staff(booking: Booking) -> None:
    Booking.objects.update(notes="See https://evil.example/form or evil.com", contact_name="<b>evil.com</b>")
    html = message(booking, "staff-new-booking").html
    assert 'href="https://evil' not in html
    assert 'href="http://evil' not in html
    assert "&lt;b&gt;evil.com&lt;/b&gt;" in html
