"""By which link people join an online booking: who reads it, and who is told when it changes."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from accounts.models import User
from bookings.booking import emails as booking_emails
from bookings.booking.services.assign import set_joining_link
from bookings.booking.services.transitions import cancel_booking
from bookings.calendars import ical
from bookings.emails import BookingEmail
from bookings.errors import TransitionNotAllowed
from bookings.models import Booking, BookingEvent, BookingState, Presenter
from bookings.schedule.services import save_presenter
from core.errors import DomainError
from notifications.models import Notification
from notifications.registry import all_emails, get_email_class
from notifications.rendering import render
from tests.bookings.placed import sent
from tests.bookings.rows import NOW, at, make_booking, make_presenter
from tests.factories import make_person, make_staff

pytestmark = pytest.mark.django_db
HERS, OWN = "https://meet.example/hers", "https://meet.example/own"
NEEDS_IT = {
    *("booking-confirmed", "booking-reminder-week", "booking-reminder", "booking-moved", "booking-changed"),
    "booking-taken-over",
    # presenter-kept is the same message as presenter-booked, and goes only while it is a request.
    *("presenter-booked", "presenter-kept", "presenter-moved", "presenter-changed"),
    *("presenter-reminder-week", "presenter-reminder"),
}


@pytest.fixture
def staff() -> User:
    return make_staff()


@pytest.fixture
def presenter() -> Presenter:
    return make_presenter(joining_link=HERS, email="asha@ctac.example", user=make_staff(role="presenter"))


@pytest.fixture
def booking(presenter: Presenter) -> Booking:
    return make_booking(presenter, at("10:00"), postcode="", person=make_person(email="sam@leeds.nhs.uk"))


KINDS = [email.name for email in all_emails() if issubclass(email, BookingEmail) and email.__module__ == booking_emails.__name__]


def words_of(kind: str, booking: Booking) -> str:
    """Everything that the email says, its calendar included."""
    notification = Notification(kind=kind, about=f"booking:{booking.pk}", recipient="asha@ctac.example", created_at=NOW)
    message = get_email_class(kind)(notification).message()
    rendered = render(message)
    return rendered.html + rendered.text + message.calendar.decode()


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("state", [BookingState.CONFIRMED, BookingState.REQUESTED, BookingState.CANCELLED, BookingState.DECLINED])
def test_only_who_joins_a_confirmed_booking_reads_the_link(booking: Booking, kind: str, state: BookingState) -> None:
    Booking.objects.update(state=state)
    assert (HERS in words_of(kind, booking)) == (state == BookingState.CONFIRMED and kind in NEEDS_IT)


def test_the_copy_that_staff_can_read_leaves_it_out(booking: Booking) -> None:
    notification = Notification(kind="booking-confirmed", about=f"booking:{booking.pk}", created_at=NOW)
    kept = render(get_email_class("booking-confirmed")(notification).message()).without_private_links()
    assert (HERS in kept.html + kept.text, "[private link]" in kept.text) == (False, True)


@pytest.mark.parametrize(
    ("state", "said"), [(BookingState.CONFIRMED, HERS), (BookingState.DELIVERED, "Online"), (BookingState.CANCELLED, "Online")]
)
def test_calendars_have_it_while_it_is_confirmed(booking: Booking, state: BookingState, said: str) -> None:
    Booking.objects.update(state=state)
    assert ical.booking_location(Booking.objects.get()) == said


def test_a_link_of_its_own_goes_before_the_presenters_and_is_told_once(booking: Booking, staff: User) -> None:
    changed = set_joining_link(booking=booking, link=OWN, by=staff, now=NOW)
    assert (changed.joining_link, changed.sequence) == (OWN, 1)
    assert sent(booking) == [
        ("booking-confirmed", "sam@leeds.nhs.uk", 1),
        ("presenter-booked", "asha@ctac.example", 1),
    ]
    assert list(BookingEvent.objects.values_list("kind", "by")) == [("link-set", staff.pk)]
    assert f"LOCATION:{OWN}" in words_of("booking-confirmed", booking)
    with pytest.raises(DomainError, match="The booking already has this link"):
        set_joining_link(booking=booking, link=OWN, by=staff, now=NOW)
    assert len(sent(booking)) == 2


@pytest.mark.parametrize("kind", ["booking-confirmed", "presenter-booked"])
def test_whoever_joins_reads_first_that_the_link_is_new(booking: Booking, staff: User, kind: str) -> None:
    set_joining_link(booking=booking, link=OWN, by=staff, now=NOW)
    message = get_email_class(kind)(Notification.objects.get(kind=kind)).message()
    text = render(message).text
    assert message.subject.startswith("Your joining link for Monday 25 January 2027 has changed")
    assert text.index("Your new joining link") < text.index("Please use this joining link from now on") < text.index(OWN)
    later = Notification(kind=kind, about=f"booking:{booking.pk}", version=2, created_at=NOW + timedelta(days=1))
    assert "from now on" not in render(get_email_class(kind)(later).message()).text


def test_whose_link_was_taken_away_reads_not_to_use_it(booking: Booking, staff: User, presenter: Presenter) -> None:
    Presenter.objects.update(joining_link="")
    Booking.objects.update(own_joining_link=OWN)
    set_joining_link(booking=booking, link="", by=staff, now=NOW)
    text = render(get_email_class("booking-confirmed")(Notification.objects.get(kind="booking-confirmed")).message()).text
    assert "Please stop using your joining link" in text
    assert OWN not in text


def test_going_back_to_the_same_link_under_another_name_tells_nobody(booking: Booking, staff: User) -> None:
    """What is the presenter's and what is its own may be the same room."""
    changed = set_joining_link(booking=booking, link=HERS, by=staff, now=NOW)
    assert (changed.own_joining_link, changed.sequence, sent(booking)) == (HERS, 0, [])


def test_a_request_is_given_a_link_and_nobody_is_told(booking: Booking, staff: User) -> None:
    Booking.objects.update(state=BookingState.REQUESTED)
    assert set_joining_link(booking=booking, link=OWN, by=staff, now=NOW).joining_link == ""
    assert sent(booking) == []


def test_a_visit_and_what_is_over_have_no_link(presenter: Presenter, booking: Booking, staff: User) -> None:
    with pytest.raises(TransitionNotAllowed):
        set_joining_link(booking=make_booking(presenter, at("13:00")), link=OWN, by=staff, now=NOW)
    cancel_booking(booking=booking, by=staff, now=NOW)
    with pytest.raises(TransitionNotAllowed):
        set_joining_link(booking=booking, link=OWN, by=staff, now=NOW)


def changed_by(presenter: Presenter, by: User | None, link: str) -> None:
    presenter.joining_link = link
    save_presenter(presenter=presenter, by=by, now=NOW)


def test_a_presenters_new_link_is_told_to_those_who_join_by_it(presenter: Presenter, booking: Booking, staff: User) -> None:
    others = [
        make_booking(presenter, at("12:00"), postcode="", own_joining_link=OWN),
        make_booking(presenter, at("13:00"), postcode="", state=BookingState.REQUESTED),
        make_booking(presenter, at("15:00")),
        make_booking(presenter, at("09:00", NOW.date()), postcode=""),
        make_booking(make_presenter(), at("12:00"), postcode=""),
    ]
    changed_by(presenter, staff, "https://meet.example/new")
    assert [kind for kind, _to, _version in sent(booking)] == ["booking-confirmed", "presenter-booked"]
    assert [sent(other) for other in others] == [[]] * 5
    booking.refresh_from_db()
    assert (booking.sequence, booking.joining_link) == (1, "https://meet.example/new")


def test_who_changed_their_own_link_need_not_be_told(presenter: Presenter, booking: Booking) -> None:
    changed_by(presenter, presenter.user, "https://meet.example/new")
    assert [kind for kind, _to, _version in sent(booking)] == ["booking-confirmed"]


def test_keeping_a_presenter_with_the_same_link_tells_nobody(presenter: Presenter, booking: Booking, staff: User) -> None:
    changed_by(presenter, staff, HERS)
    assert sent(booking) == []


@pytest.mark.parametrize(
    ("model", "fields"),
    [
        (Booking, {"own_joining_link": "http://meet.example/1"}),
        (Booking, {"own_joining_link": "javascript:alert(1)"}),
        (Booking, {"own_joining_link": OWN, "format": "workplace", "postcode": "LS1 4AP"}),
        (Presenter, {"joining_link": "http://meet.example/1"}),
    ],
)
def test_the_database_refuses_a_link_without_https_and_one_for_a_visit(
    booking: Booking, model: Any, fields: dict[str, Any]
) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        model.objects.update(**fields)
