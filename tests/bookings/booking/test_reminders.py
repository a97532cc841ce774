"""Reminders of bookings: a week before and the day before, to the host and the presenter, once, and only while they are true."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta

import pytest
import time_machine
from allauth.account.models import EmailAddress
from django.test import Client

from bookings.booking.services.reschedule import reschedule
from bookings.booking.services.transitions import REMINDER_MAX_DELAY, cancel_booking, remind_of_bookings
from bookings.leave.services import record_leave
from bookings.models import Booking, BookingChannel, BookingEvent, BookingEventKind, Presenter
from bookings.schedule.services import save_presenter
from core.dates import uk_datetime
from notifications import rendering
from notifications.models import Notification
from notifications.outbox import LaterMessage, notify_kinds
from notifications.registry import get_email_class
from professionals.models import Person
from professionals.services import assign_verified_address
from tests.bookings.placed import place
from tests.bookings.rows import MONDAY, NOW, at, make_presenter
from tests.factories import make_person, make_staff, sign_in_staff
from tests.leaflets.statements import statements

pytestmark = pytest.mark.django_db
WEEK, DAY = at("09:00", MONDAY - timedelta(days=7)), at("09:00", MONDAY - timedelta(days=1))
THEIRS = "asha@ctac.example"


@pytest.fixture(autouse=True)
def clock() -> Iterator[time_machine.Traveller]:
    with time_machine.travel(NOW, tick=False) as traveller:
        yield traveller


@pytest.fixture
def presenter() -> Presenter:
    return make_presenter(name="Asha Patel", email=THEIRS)


@pytest.fixture
def person() -> Person:
    return make_person(email="sam@leeds.nhs.uk")


def written() -> list[tuple[str, str]]:
    rows = Notification.objects.filter(kind__contains="reminder").order_by("pk")
    return list(rows.values_list("kind", "recipient"))


def goes(kind: str) -> bool:
    return get_email_class(kind)(Notification.objects.filter(kind=kind).latest("pk")).is_still_due()


def move(booking: Booking, start: datetime, now: datetime) -> None:
    booking.refresh_from_db()
    change = {"expected": booking.version, "by": make_staff(), "now": now, "override_reason": "They asked us to"}
    reschedule(booking=booking, start=start, **change)


def confirm_link(booking: Booking, now: datetime) -> None:
    """One of the changes after which everything about the booking is told anew."""
    BookingEvent.objects.create(booking=booking, kind=BookingEventKind.LINK_SET, at=now, by=None)


def test_host_and_presenter_are_reminded_twice_and_no_more(presenter: Presenter, person: Person) -> None:
    booking = place(person)
    early, late = ([(f"{whose}-reminder{when}", to) for whose, to in whom(person)] for when in ("-week", ""))
    assert remind_of_bookings(now=WEEK - timedelta(seconds=1)) == 0
    assert [remind_of_bookings(now=WEEK + timedelta(minutes=minutes)) for minutes in (0, 5, 600)] == [2, 0, 0]
    assert written() == early
    assert [remind_of_bookings(now=DAY + timedelta(minutes=minutes)) for minutes in (0, 5, 600)] == [2, 0, 0]
    assert written() == [*early, *late]
    assert remind_of_bookings(now=booking.agreed_times[0]) == 0


def whom(person: Person) -> list[tuple[str, str]]:
    return [("booking", person.email), ("presenter", THEIRS)]


@pytest.mark.parametrize("sunday", [date(2027, 3, 28), date(2027, 4, 4)])
def test_they_are_due_at_nine_on_the_wall(presenter: Presenter, person: Person, sunday: date) -> None:
    tuesday = sunday + timedelta(days=2)
    booking = place(person, start=uk_datetime(tuesday, time(10)).astimezone(UTC))
    day, week = (uk_datetime(tuesday - timedelta(days=back), time(9)) for back in (1, 7))
    assert remind_of_bookings(now=week - timedelta(seconds=1)) == 0
    assert remind_of_bookings(now=week) == 2
    assert set(Notification.objects.filter(kind__contains="reminder").values_list("expires_at", flat=True)) == {day}
    assert remind_of_bookings(now=day - timedelta(seconds=1)) == 0
    assert remind_of_bookings(now=day) == 2
    assert Notification.objects.get(kind="booking-reminder").expires_at == booking.starts_at


def test_what_is_late_is_left_out(presenter: Presenter, person: Person) -> None:
    place(person)
    assert remind_of_bookings(now=WEEK + REMINDER_MAX_DELAY) == 0
    assert remind_of_bookings(now=WEEK + REMINDER_MAX_DELAY - timedelta(seconds=1)) == 2
    assert {kind for kind, _to in written()} == {"booking-reminder-week", "presenter-reminder-week"}


def test_however_often_it_moves_there_is_one_of_each(presenter: Presenter, person: Person, clock: time_machine.Traveller) -> None:
    booking = place(person)
    for start in (at("11:00"), at("14:00", MONDAY + timedelta(days=1)), at("10:00"), at("15:00", MONDAY + timedelta(days=2))):
        move(booking, start, NOW)
    assert remind_of_bookings(now=DAY) == 0
    clock.move_to(WEEK + timedelta(days=2))
    assert remind_of_bookings(now=WEEK + timedelta(days=2)) == 2
    assert goes("booking-reminder-week")
    assert goes("presenter-reminder-week")


def test_who_read_of_a_change_after_the_moment_gets_none(presenter: Presenter, person: Person) -> None:
    booking = place(person)
    confirm_link(booking, WEEK + timedelta(minutes=1))
    assert remind_of_bookings(now=WEEK + timedelta(minutes=2)) == 0
    assert remind_of_bookings(now=DAY) == 2


def test_one_that_was_written_dies_with_a_move_a_presenter_or_the_booking(
    presenter: Presenter, person: Person, clock: time_machine.Traveller
) -> None:
    moved, cancelled, freed = (place(person, start=at(clock_)) for clock_ in ("09:00", "12:00", "15:00"))
    clock.move_to(WEEK)
    assert remind_of_bookings(now=WEEK) == 6
    rows = {row.about: row for row in Notification.objects.filter(kind="booking-reminder-week")}

    def still(booking: Booking) -> bool:
        return get_email_class("booking-reminder-week")(rows[f"booking:{booking.pk}"]).is_still_due()

    assert [still(booking) for booking in (moved, cancelled, freed)] == [True, True, True]
    move(moved, at("09:00", MONDAY + timedelta(days=1)), WEEK)
    cancel_booking(booking=cancelled, by=person.user, now=WEEK)
    record_leave(presenter=presenter, starts_at=at("15:00"), ends_at=at("18:00"), kind="illness", by=None, now=WEEK)
    assert [still(booking) for booking in (moved, cancelled, freed)] == [False, False, False]
    assert remind_of_bookings(now=WEEK + timedelta(days=1)) == 2  # of the one that moved to the day after


def test_they_go_to_the_address_of_that_day(presenter: Presenter, client: Client) -> None:
    person = make_person(with_user=False, email="sam@leds.nhs.uk")
    place(person)
    assert remind_of_bookings(now=WEEK) == 2
    sign_in_staff(client, make_staff())
    form = {"name": "Sam Taylor", "profession": "gp", "phone": "", "postcode": "", "organisation": ""}
    client.post(f"/staff/professionals/person/{person.pk}/change/", {**form, "email": "sam@leeds.nhs.uk"})
    presenter.email = "asha.patel@ctac.example"
    save_presenter(presenter=presenter, by=make_staff(), now=WEEK)
    assert not goes("presenter-reminder-week")
    assert remind_of_bookings(now=DAY) == 2
    assert written()[2:] == [("booking-reminder", "sam@leeds.nhs.uk"), ("presenter-reminder", "asha.patel@ctac.example")]


def test_whoever_has_no_address_is_no_row(presenter: Presenter) -> None:
    person = make_person(with_user=False, email="", phone="0113 496 0000")
    place(person, by=make_staff(), channel=BookingChannel.PHONE)
    assert remind_of_bookings(now=WEEK) == 1
    assert written() == [("presenter-reminder-week", THEIRS)]


def test_a_hundred_are_as_many_statements_as_one(presenter: Presenter, person: Person) -> None:
    def to_remind() -> int:
        return len(statements(lambda: remind_of_bookings(now=WEEK)))

    place(person)
    one = to_remind()
    Notification.objects.all().delete()
    for clock_ in ("12:00", "15:00"):
        place(person, start=at(clock_))
    assert to_remind() == one <= 7
    assert Notification.objects.filter(kind__contains="reminder").count() == 6


def test_what_waits_for_later_follows_a_persons_address(presenter: Presenter, person: Person) -> None:
    booking = place(person)
    later = LaterMessage(
        "booking-afterwards", [person.email], booking.agreed_times[1], booking.agreed_times[1] + timedelta(days=14)
    )
    notify_kinds({}, about=f"booking:{booking.pk}", now=NOW, later=[later])
    EmailAddress.objects.create(user=person.user, email="sam.t@leeds.nhs.uk", verified=True)
    assign_verified_address(user=person.user, email="sam.t@leeds.nhs.uk", details=None, now=NOW)
    assert Notification.objects.get(kind="booking-afterwards").recipient == "sam.t@leeds.nhs.uk"
    assert Notification.objects.get(kind="booking-confirmed").recipient == "sam@leeds.nhs.uk"


def test_placing_writes_none_ahead(presenter: Presenter, person: Person) -> None:
    place(person)
    assert written() == []


@pytest.mark.parametrize(
    ("kind", "subject"),
    [
        ("booking-reminder-week", "Coming up: your presentation on Monday 25 January 2027 ({})"),
        ("booking-reminder", "Reminder: your presentation on Monday 25 January 2027 ({})"),
        ("presenter-reminder-week", "Coming up: your presentation on Monday 25 January 2027 ({})"),
        ("presenter-reminder", "Reminder: your presentation on Monday 25 January 2027 ({})"),
    ],
)
def test_each_says_what_its_reader_needs_without_a_calendar_part(
    presenter: Presenter, person: Person, kind: str, subject: str
) -> None:
    booking = place(person)
    remind_of_bookings(now=WEEK if "week" in kind else DAY)
    built = get_email_class(kind)(Notification.objects.get(kind=kind)).message()
    said = rendering.render(built)
    assert built.calendar == b""
    assert said.subject == subject.format(booking.reference)
    assert ("Contact on the day: " in said.text) == kind.startswith("presenter")
    assert "LS1 4AP" in said.text
