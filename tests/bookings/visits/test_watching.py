"""Staff are told of who is overdue, and of a booking without a presenter or without a link: once, and in time."""

from datetime import UTC, date, datetime
from typing import Any

import pytest
import time_machine

from bookings import tasks
from bookings.models import Booking, BookingEventKind, BookingQuerySet, BookingState, Presenter
from bookings.visits import emails as visit_emails, services as visits_services
from bookings.visits.services import check_in, check_out, confirm_presenter_safe
from notifications.models import Notification
from notifications.registry import all_emails, email_for, get_email_class
from notifications.rendering import render
from tests.bookings.rows import at, make_booking, make_presenter
from tests.bookings.visits.visit import DAY, END, HOUR, MINUTE, START
from tests.factories import make_staff

pytestmark = pytest.mark.django_db
# To the team’s addresses; test_alarm.py has what goes to duty person and deputy.
OF_VISITS = [email.name for email in all_emails() if email.__module__ == visit_emails.__name__]
ALERTS = [name for name in OF_VISITS if name.startswith(("staff", "manager"))]
STAFF, MANAGER = "team@ctac.example", "manager@ctac.example"


@pytest.fixture(autouse=True)
def _addresses(change_settings: Any) -> None:
    change_settings(team_email=STAFF, visit_escalation_email=MANAGER)


def beat(now: datetime) -> None:
    with time_machine.travel(now, tick=False):
        tasks.watch()


def told() -> list[tuple[str, str]]:
    return list(Notification.objects.filter(kind__in=ALERTS).order_by("pk").values_list("kind", "recipient"))


def is_still_due(kind: str, now: datetime) -> bool:
    notification = Notification.objects.get(kind=kind)
    with time_machine.travel(now, tick=False):
        return get_email_class(kind)(notification).is_still_due()


def test_each_stage_is_told_once_however_often_the_task_runs(booking: Booking) -> None:
    moment, seen = START, []
    while moment <= END + 3 * HOUR:
        before = len(told())
        beat(moment)
        beat(moment)
        seen += [((moment - START) / MINUTE, *row) for row in told()[before:]]
        moment += 5 * MINUTE
    assert seen == [
        (15, "staff-no-check-in", STAFF),
        (60, "manager-no-check-in", MANAGER),
        (90, "staff-no-check-out", STAFF),
        (120, "manager-no-check-out", MANAGER),
    ]


def test_nobody_is_told_of_who_checked_in_and_out_in_time(booking: Booking, presenter: Presenter) -> None:
    check_in(booking=booking, presenter=presenter, by=presenter.user, now=START + 14 * MINUTE)
    beat(START + 20 * MINUTE)
    check_out(booking=booking, presenter=presenter, by=presenter.user, now=END + 29 * MINUTE)
    beat(END + 2 * HOUR)
    assert told() == []


def test_a_colleague_who_says_that_all_is_well_stops_the_escalation(booking: Booking, presenter: Presenter) -> None:
    check_in(booking=booking, presenter=presenter, by=presenter.user, now=START)
    beat(END + 30 * MINUTE)
    confirm_presenter_safe(booking=booking, by=make_staff(), now=END + 40 * MINUTE, note="She is safe.")
    beat(END + 2 * HOUR)
    assert told() == [("staff-no-check-out", STAFF)]


def test_an_alert_that_is_no_longer_true_is_not_sent(booking: Booking, presenter: Presenter) -> None:
    beat(END + 30 * MINUTE)
    assert is_still_due("staff-no-check-out", END + 31 * MINUTE)
    check_out(booking=booking, presenter=presenter, by=presenter.user, now=END + 32 * MINUTE)
    assert not is_still_due("staff-no-check-out", END + 33 * MINUTE)


def test_alert_of_a_missed_check_in_is_not_sent_once_the_check_out_is_missed(booking: Booking) -> None:
    beat(START + 20 * MINUTE)
    assert [is_still_due("staff-no-check-in", END + minutes * MINUTE) for minutes in (29, 30)] == [True, False]


def test_a_visit_that_was_moved_is_a_new_case(booking: Booking) -> None:
    beat(START + 20 * MINUTE)
    Booking.objects.update(starts_at=START + DAY, ends_at=END + DAY)
    assert not is_still_due("staff-no-check-in", START + DAY + 20 * MINUTE)
    beat(START + DAY + 20 * MINUTE)
    assert told() == [("staff-no-check-in", STAFF)] * 2


def test_after_an_outage_what_is_missed_now_is_told_at_once(booking: Booking) -> None:
    beat(END + 5 * HOUR)
    assert told() == [("staff-no-check-out", STAFF), ("manager-no-check-out", MANAGER)]


def test_one_that_cannot_be_told_of_does_not_keep_the_next(
    booking: Booking, presenter: Presenter, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    other = make_booking(make_presenter(), START)
    alert = visits_services.alert_staff

    def fail_for_the_first(*, key: int, now: datetime) -> None:
        if key == booking.pk:
            raise RuntimeError
        alert(key=key, now=now)

    monkeypatch.setattr("bookings.visits.services.alert_staff", fail_for_the_first)
    beat(START + 20 * MINUTE)
    assert set(Notification.objects.values_list("about", flat=True)) == {f"booking:{other.pk}"}
    assert f"Booking {booking.pk} could not be told of: RuntimeError" in caplog.text


def test_the_mail_says_whom_to_call(booking: Booking, presenter: Presenter) -> None:
    check_in(booking=booking, presenter=presenter, by=presenter.user, now=START - 5 * MINUTE)
    beat(END + 30 * MINUTE)
    message = get_email_class("staff-no-check-out")(Notification.objects.get(kind="staff-no-check-out")).message()
    assert message.subject == f"No check-out from Asha Patel ({booking.reference})"
    rows = {row["label"]: row["value"] for name in ("whom_to_call", "place_rows") for row in message.context[name]}
    assert rows == {
        "1. The presenter": "0113 496 0002",
        "2. Contact on site": "Jo Green",
        "Their phone": "0113 496 0001",
        "Where": "St James\nLeeds\nLS1 4AP",
        "Room, parking or entrance": "",
        "When": "Monday 25 January 2027, 10am to 11am",
        "Checked in": "Monday 25 January 2027, 9:55am",
        "Who is on it": "",
        "Reference": booking.reference,
    }


def test_the_mail_says_the_day_and_that_there_is_no_number_to_call(booking: Booking, presenter: Presenter) -> None:
    Presenter.objects.update(phone="")
    beat(END + 50 * HOUR)
    text = render(get_email_class("staff-no-check-out")(Notification.objects.get(kind="staff-no-check-out")).message()).text
    assert "ended at 11am on Monday 25 January 2027" in " ".join(text.split())
    assert "1. The presenter: We don’t have their phone number" in text


# The joining link


@pytest.fixture
def online() -> Booking:
    """Monday 25 January, 10am; neither it nor its presenter has a link."""
    return make_booking(make_presenter(joining_link=""), START, postcode="")


def all_of(now: datetime) -> BookingQuerySet:
    return Booking.objects.without_joining_link(now)


@pytest.mark.parametrize(
    ("now", "missing"),
    [
        (at("06:59", date(2027, 1, 24)), False),
        (at("07:00", date(2027, 1, 24)), True),
        (at("09:59"), True),
        (START, False),
    ],
)
def test_a_link_is_missed_from_seven_on_the_day_before_until_the_start(online: Booking, now: datetime, missing: bool) -> None:
    assert list(all_of(now)) == ([online] if missing else [])


@pytest.mark.parametrize(("day", "hour"), [(date(2027, 3, 28), 6), (date(2027, 10, 31), 7)])
def test_seven_is_seven_on_the_days_when_the_clocks_change(day: date, hour: int) -> None:
    """The day before a Monday is the Sunday of the change: 7am is 6am UTC after the spring, 7am UTC after the autumn."""
    monday = make_booking(make_presenter(joining_link=""), at("13:00", day + DAY), postcode="")
    seven = datetime(day.year, day.month, day.day, hour, tzinfo=UTC)
    assert (list(all_of(seven - MINUTE)), list(all_of(seven))) == ([], [monday])


@pytest.mark.parametrize(
    "fields",
    [{"own_joining_link": "https://meet.example/one"}, {"state": BookingState.REQUESTED}, {"state": BookingState.CANCELLED}],
)
def test_no_link_is_missed_where_there_is_one_or_none_is_needed(online: Booking, fields: dict[str, Any]) -> None:
    Booking.objects.update(**fields)
    assert list(all_of(START - HOUR)) == []


def test_the_presenters_link_is_enough_and_without_a_presenter_there_is_none(online: Booking) -> None:
    Presenter.objects.update(joining_link="https://meet.example/hers")
    assert list(all_of(START - HOUR)) == []
    Booking.objects.update(presenter=None)
    assert list(all_of(START - HOUR)) == [online]


def test_staff_are_told_once_that_a_link_is_missing(online: Booking) -> None:
    beat(START - 26 * HOUR)
    beat(START - HOUR)
    assert told() == [("staff-no-joining-link", STAFF)]
    Presenter.objects.update(phone="0113 496 0002")
    assert 'href="tel:01134960002"' in render(get_email_class("staff-no-joining-link")(Notification.objects.get()).message()).html
    assert is_still_due("staff-no-joining-link", START - HOUR)
    Presenter.objects.update(joining_link="https://meet.example/hers")
    assert not is_still_due("staff-no-joining-link", START - HOUR)


@pytest.fixture
def nobodys(booking: Booking) -> Booking:
    """It has no presenter."""
    Booking.objects.update(presenter=None)
    return booking


def fell_ill(booking: Booking, at: datetime) -> None:
    booking.events.create(kind=BookingEventKind.PRESENTER_FREED, at=at)


def test_a_booking_that_nobody_would_come_to_is_told_of_once_while_there_is_time(nobodys: Booking) -> None:
    fell_ill(nobodys, START - 60 * HOUR)
    beat(START - 48 * HOUR - MINUTE)
    assert told() == []
    beat(START - 48 * HOUR)
    beat(START - HOUR)
    assert sorted(told()) == [("staff-still-no-presenter", MANAGER), ("staff-still-no-presenter", STAFF)]
    to_staff = Notification.objects.get(recipient=STAFF)
    html = render(get_email_class("staff-still-no-presenter")(to_staff).message()).html
    assert nobodys.contact_phone.replace(" ", "") in html
    assert "/staff/bookings/booking/stand-ins/" in html
    Notification.objects.exclude(pk=to_staff.pk).delete()
    assert is_still_due("staff-still-no-presenter", START - HOUR)
    assert not is_still_due("staff-still-no-presenter", START)
    Booking.objects.update(presenter=Presenter.objects.get())
    assert not is_still_due("staff-still-no-presenter", START - HOUR)


def test_nobody_is_told_again_within_the_hour_in_which_the_presenter_fell_ill(nobodys: Booking) -> None:
    fell_ill(nobodys, START - 3 * HOUR)
    beat(START - 2 * HOUR - MINUTE)
    assert told() == []
    beat(START - 2 * HOUR)
    assert ("staff-still-no-presenter", MANAGER) in told()


def test_who_took_it_over_and_falls_ill_too_is_a_new_case(nobodys: Booking) -> None:
    fell_ill(nobodys, START - 60 * HOUR)
    beat(START - 48 * HOUR)
    Booking.objects.update(presenter=Presenter.objects.get())
    beat(START - 40 * HOUR)
    Booking.objects.update(presenter=None)
    fell_ill(nobodys, START - 30 * HOUR)
    beat(START - 29 * HOUR)
    beat(START - 28 * HOUR)
    assert sorted(told()) == [("staff-still-no-presenter", MANAGER)] * 2 + [("staff-still-no-presenter", STAFF)] * 2
    with time_machine.travel(START - 28 * HOUR, tick=False):
        goes = [email_for(each).is_still_due() for each in Notification.objects.filter(recipient=STAFF).order_by("pk")]
    assert goes == [False, True]


def test_a_team_without_a_manager_of_its_own_reads_it_once(nobodys: Booking, change_settings: Any) -> None:
    change_settings(visit_escalation_email=STAFF)
    beat(START - HOUR)
    assert told() == [("staff-still-no-presenter", STAFF)]


@pytest.mark.parametrize("state", [BookingState.CANCELLED, BookingState.DELIVERED])
def test_what_is_not_to_come_needs_no_presenter(nobodys: Booking, state: str) -> None:
    Booking.objects.update(state=state)
    beat(START - HOUR)
    assert told() == []
