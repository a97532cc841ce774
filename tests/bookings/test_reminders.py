"""Reminders of bookings: a week before and the day before, to the host and the presenter, once, and only while they are true."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta

import pytest
import time_machine
from allauth.account.models import EmailAddress
from django.test import Client

from bookings.models import Booking, Presenter
from bookings.services import cancel, keep_presenter, record_leave, reschedule
from ctac.uk import uk_datetime
from notifications import rendering
from notifications.models import Notification
from notifications.registry import kind_named
from professionals.models import Person
from professionals.services import address_verified
from tests.bookings.placed import place
from tests.bookings.rows import MONDAY, NOW, at, make_presenter
from tests.factories import make_person, make_staff, sign_in_staff
from tests.leaflets.statements import statements

pytestmark = pytest.mark.django_db
ALL_FOUR = {"booking-reminder-week", "booking-reminder", "presenter-reminder-week", "presenter-reminder"}


@pytest.fixture(autouse=True)
def clock() -> Iterator[time_machine.Traveller]:
    with time_machine.travel(NOW, tick=False) as traveller:
        yield traveller


@pytest.fixture
def presenter() -> Presenter:
    return make_presenter(name="Asha Patel", email="asha@ctac.example")


@pytest.fixture
def person() -> Person:
    return make_person(email="sam@leeds.nhs.uk")


def reminders() -> list[Notification]:
    return list(Notification.objects.filter(kind__contains="reminder").order_by("pk"))


def true_ones() -> list[tuple[str, datetime]]:
    return [(each.kind, each.due_at) for each in reminders() if kind_named(each.kind).still_true(each)]


def move(booking: Booking, start: datetime) -> None:
    booking.refresh_from_db()
    change = {"expected": booking.version, "by": make_staff(), "now": NOW, "override_reason": "They asked us to"}
    reschedule(booking=booking, start=start, **change)


@pytest.mark.parametrize("sunday", [date(2027, 3, 28), date(2027, 4, 4)])
def test_they_are_due_at_nine_on_the_wall(presenter: Presenter, person: Person, sunday: date) -> None:
    tuesday = sunday + timedelta(days=2)
    booking = place(person, start=uk_datetime(tuesday, time(10)).astimezone(UTC))
    day, week = (uk_datetime(tuesday - timedelta(days=back), time(9)) for back in (1, 7))
    assert {each.kind: (each.recipient, each.due_at, each.expires_at) for each in reminders()} == {
        "booking-reminder-week": (person.email, week, day),
        "booking-reminder": (person.email, day, booking.starts_at),
        "presenter-reminder-week": (presenter.email, week, day),
        "presenter-reminder": (presenter.email, day, booking.starts_at),
    }


def test_what_would_be_due_already_is_left_out(presenter: Presenter, person: Person) -> None:
    booking = place(person)
    move(booking, at("10:00", date(2027, 1, 18)))
    assert {kind for kind, _due in true_ones()} == {"booking-reminder", "presenter-reminder"}
    move(booking, at("10:00", date(2027, 1, 13)))
    assert true_ones() == []


def test_however_often_it_moves_one_of_each_is_true(presenter: Presenter, person: Person) -> None:
    booking = place(person)
    for start in (at("11:00"), at("14:00", MONDAY + timedelta(days=1)), at("10:00"), at("15:00", MONDAY + timedelta(days=2))):
        move(booking, start)
    day = at("09:00", MONDAY + timedelta(days=1))
    assert dict(true_ones()) == {kind: day - timedelta(days=6 if "week" in kind else 0) for kind in ALL_FOUR}
    assert len(true_ones()) == 4


def test_a_presenters_reminders_follow_their_address(presenter: Presenter, person: Person) -> None:
    place(person)
    presenter.email = "asha.patel@ctac.example"
    keep_presenter(presenter=presenter, by=make_staff(), now=NOW)
    keep_presenter(presenter=presenter, by=make_staff(), now=NOW)
    true = [each for each in reminders() if kind_named(each.kind).still_true(each)]
    assert {(each.kind, each.recipient) for each in true if each.kind.startswith("presenter")} == {
        ("presenter-reminder-week", "asha.patel@ctac.example"),
        ("presenter-reminder", "asha.patel@ctac.example"),
    }
    assert len(true) == 4


def recipients() -> set[tuple[str, str]]:
    return {(each.kind, each.recipient) for each in reminders() if each.kind.startswith("booking")}


def test_a_hosts_reminders_follow_their_address_and_what_is_due_stays(presenter: Presenter, person: Person) -> None:
    place(person)
    EmailAddress.objects.create(user=person.user, email="sam.t@leeds.nhs.uk", verified=True)
    address_verified(user=person.user, email="sam.t@leeds.nhs.uk", details=None, now=NOW)
    new = "sam.t@leeds.nhs.uk"
    assert recipients() == {("booking-reminder-week", new), ("booking-reminder", new)}
    assert len(true_ones()) == 4
    assert Notification.objects.get(kind="booking-confirmed").recipient == "sam@leeds.nhs.uk"


def test_staff_put_right_the_address_of_who_does_not_sign_in(presenter: Presenter, client: Client) -> None:
    person = make_person(with_user=False, email="sam@leds.nhs.uk")
    place(person)
    sign_in_staff(client, make_staff())
    form = {"name": "Sam Taylor", "profession": "gp", "phone": "", "postcode": "", "organisation": ""}
    client.post(f"/staff/professionals/person/{person.pk}/change/", {**form, "email": "sam@leeds.nhs.uk"})
    assert {address for _kind, address in recipients()} == {"sam@leeds.nhs.uk"}
    client.post(f"/staff/professionals/person/{person.pk}/change/", {**form, "email": "", "phone": "0113 496 0000"})
    assert {address for _kind, address in recipients()} == {"sam@leeds.nhs.uk"}


def test_they_are_written_in_the_statement_that_tells_of_it(presenter: Presenter, person: Person) -> None:
    written = statements(lambda: place(person))
    assert len([sql for sql in written if "INSERT INTO notifications_notification" in sql]) == 1


def test_they_die_with_the_booking_and_without_its_presenter(presenter: Presenter, person: Person) -> None:
    booking = place(person)
    assert len(true_ones()) == 4
    record_leave(presenter=presenter, starts_at=at("09:00"), ends_at=at("17:00"), kind="illness", by=None, now=NOW)
    assert true_ones() == []
    other = place(person, start=at("10:00", MONDAY + timedelta(days=1)))
    assert len(true_ones()) == 4
    cancel(booking=other, by=person.user, now=NOW)
    assert true_ones() == []
    assert booking.reference != other.reference


@pytest.mark.parametrize(
    ("kind", "subject"),
    [
        ("booking-reminder-week", "Coming up: your presentation on Monday 25 January 2027 ({})"),
        ("booking-reminder", "Reminder: your presentation on Monday 25 January 2027 ({})"),
        ("presenter-reminder-week", "Coming up: you give {} on Monday 25 January 2027"),
        ("presenter-reminder", "Reminder: you give {} on Monday 25 January 2027"),
    ],
)
def test_each_says_what_its_reader_needs_without_a_calendar_part(
    presenter: Presenter, person: Person, kind: str, subject: str
) -> None:
    booking = place(person)
    built = kind_named(kind).build(Notification.objects.get(kind=kind))
    said = rendering.render(built)
    assert built.calendar == b""
    assert said.subject == subject.format(booking.reference)
    assert ("Contact on the day: " in said.text) == kind.startswith("presenter")
    assert "LS1 4AP" in said.text
