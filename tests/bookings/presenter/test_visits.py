"""Check-in and check-out on the presenter's phone, and the page of the day."""

import re
from datetime import timedelta

import pytest
import time_machine
from django.http import HttpResponse
from django.test import Client

from bookings.models import Booking, BookingEvent, JourneyTime, Presenter, Visit
from tests.bookings.admin.desk import text
from tests.bookings.rows import LEEDS, LEEDS_TOO, MONDAY, NOW, YORK, at, make_booking, make_presenter
from tests.factories import make_staff, sign_in_staff
from tests.leaflets.statements import statements

pytestmark = pytest.mark.django_db
LEEDS_NORTH = "LS7 3AA"
MINE = "/staff/mine/"
MINUTE = timedelta(minutes=1)


def press(phone: Client, booking: Booking, what: str, **sent: str) -> HttpResponse:
    return phone.post(f"{MINE}visits/{booking.reference}/{what}/", sent, follow=True)


def at_the_door(phone: Client, presenter: Presenter, clock: time_machine.Traveller, time: str) -> None:
    """It is Monday, and the session has not run out."""
    clock.move_to(at(time))
    sign_in_staff(phone, presenter.user)


def test_a_presenter_arrives_and_leaves(phone: Client, presenter: Presenter, clock: time_machine.Traveller) -> None:
    booking = make_booking(presenter, at("10:00"))
    page = phone.get(f"{MINE}visits/{booking.reference}/")
    assert ("I have arrived" in text(page), "I have left" in text(page)) == (False, False)
    at_the_door(phone, presenter, clock, "09:50")
    assert "I have arrived" in text(phone.get(f"{MINE}visits/{booking.reference}/"))
    said = text(press(phone, booking, "check-in"))
    assert "You checked in at 9:50am. Tell us when you have left. I have left" in said
    at_the_door(phone, presenter, clock, "11:05")
    assert "You checked out at 11:05am. Thank you." in text(press(phone, booking, "check-out"))
    assert [event.by for event in BookingEvent.objects.all()] == [presenter.user] * 2


def test_a_double_tap_says_the_same_twice(phone: Client, presenter: Presenter, clock: time_machine.Traveller) -> None:
    booking = make_booking(presenter, at("10:00"))
    at_the_door(phone, presenter, clock, "09:50")
    first, second = (text(press(phone, booking, "check-in")) for _tap in range(2))
    assert (first == second, BookingEvent.objects.count()) == (True, 1)


def test_a_check_in_long_before_the_start_asks_first(phone: Client, presenter: Presenter, clock: time_machine.Traveller) -> None:
    """The question left unanswered changes nothing; nearer to the start nobody is asked."""
    booking = make_booking(presenter, at("10:00"))
    at_the_door(phone, presenter, clock, "09:14")
    page = press(phone, booking, "check-in")
    assert "The visit begins at 10am. Have you really arrived?" in text(page)
    assert re.search(
        rf'<form method="post" novalidate action="{MINE}visits/{booking.reference}/check-in/">', page.content.decode()
    )
    assert (Visit.objects.count(), "I have arrived" in text(phone.get(f"{MINE}visits/{booking.reference}/"))) == (0, True)
    assert "You checked in at 9:14am." in text(press(phone, booking, "check-in", sure="yes"))
    other = make_booking(presenter, at("12:00"))
    at_the_door(phone, presenter, clock, "11:15")
    assert "You checked in at 11:15am." in text(press(phone, other, "check-in"))


def test_a_check_out_before_the_end_asks_first(phone: Client, presenter: Presenter, clock: time_machine.Traveller) -> None:
    booking = make_booking(presenter, at("10:00"))
    at_the_door(phone, presenter, clock, "09:50")
    press(phone, booking, "check-in")
    at_the_door(phone, presenter, clock, "10:59")
    assert "The visit ends at 11am. Have you really left?" in text(press(phone, booking, "check-out"))
    assert not Visit.objects.get().is_checked_out
    assert "You checked out at 10:59am. Thank you." in text(press(phone, booking, "check-out", sure="yes"))


def test_a_tap_by_mistake_is_taken_back_for_ten_minutes(
    phone: Client, presenter: Presenter, clock: time_machine.Traveller
) -> None:
    booking = make_booking(presenter, at("10:00"))
    mine = f"{MINE}visits/{booking.reference}/"
    at_the_door(phone, presenter, clock, "09:50")
    said = text(press(phone, booking, "check-in"))
    assert "If you pressed this by mistake, you can undo it until 10am. Undo “I have arrived”" in said
    said = text(press(phone, booking, "take-back", tap="check-in"))
    assert ("I have arrived" in said, "Undo" in said) == (True, False)
    press(phone, booking, "check-in")
    at_the_door(phone, presenter, clock, "11:00")
    assert "Undo “I have left”" in text(press(phone, booking, "check-out"))
    assert "Undo “I have left”" in text(phone.get(f"{MINE}day/"))
    assert "You checked in at 9:50am." in text(press(phone, booking, "take-back", tap="check-out"))
    press(phone, booking, "check-out")
    at_the_door(phone, presenter, clock, "11:10")
    assert "Undo" not in text(phone.get(mine))
    assert "That was too long ago to undo." in text(press(phone, booking, "take-back", tap="check-out"))
    for nonsense in ("", "x"):
        press(phone, booking, "take-back", tap=nonsense)
    assert Visit.objects.get().is_checked_out
    stranger = make_booking(make_presenter(), at("10:00"))
    assert press(phone, stranger, "take-back", tap="check-out").status_code == 404


def test_opening_a_link_changes_nothing(phone: Client, presenter: Presenter, clock: time_machine.Traveller) -> None:
    booking = make_booking(presenter, at("10:00"))
    at_the_door(phone, presenter, clock, "09:50")
    for what in ("check-in", "check-out", "take-back"):
        assert phone.get(f"{MINE}visits/{booking.reference}/{what}/").status_code == 405
    assert Visit.objects.count() == 0


def test_somebody_elses_visit_is_not_found(phone: Client, presenter: Presenter, clock: time_machine.Traveller) -> None:
    booking = make_booking(make_presenter(), at("10:00"))
    at_the_door(phone, presenter, clock, "09:50")
    assert [press(phone, booking, what).status_code for what in ("check-in", "check-out")] == [404, 404]
    assert Visit.objects.count() == 0


def test_too_early_is_said_and_the_page_says_from_when(
    phone: Client, presenter: Presenter, clock: time_machine.Traveller
) -> None:
    booking = make_booking(presenter, at("10:00"))
    at_the_door(phone, presenter, clock, "07:30")
    said = text(press(phone, booking, "check-in"))
    assert "You can check in from 8am on Monday 25 January 2027." in said
    assert "You can check in from 8am." in said


def test_who_is_late_is_asked_if_they_are_safe(phone: Client, presenter: Presenter, clock: time_machine.Traveller) -> None:
    booking = make_booking(presenter, at("10:00"))
    at_the_door(phone, presenter, clock, "10:20")
    assert "We have not heard from you. Are you there?" in text(phone.get(f"{MINE}day/"))
    at_the_door(phone, presenter, clock, "11:40")
    assert "We have not heard that you have left. Are you safe?" in text(phone.get(f"{MINE}visits/{booking.reference}/"))
    at_the_door(phone, presenter, clock, "18:00")
    assert "You checked out at 6pm. Thank you." in text(press(phone, booking, "check-out"))


def test_who_is_there_checks_out_though_somebody_else_has_the_booking(
    phone: Client, presenter: Presenter, clock: time_machine.Traveller
) -> None:
    booking = make_booking(presenter, at("10:00"))
    at_the_door(phone, presenter, clock, "09:50")
    press(phone, booking, "check-in")
    Booking.objects.update(presenter=make_presenter())
    assert "You checked out" in text(press(phone, booking, "check-out", sure="yes"))


def test_who_steps_in_reads_that_the_first_must_check_out_before_and_so_does_the_first(
    phone: Client, presenter: Presenter, clock: time_machine.Traveller
) -> None:
    booking = make_booking(presenter, at("10:00"))
    at_the_door(phone, presenter, clock, "09:50")
    press(phone, booking, "check-in")
    Booking.objects.update(presenter=None)
    mine = f"{MINE}visits/{booking.reference}/"
    assert "This visit is no longer yours. The next presenter can only check in after you have left. I have left" in text(
        phone.get(mine)
    )
    second = make_presenter(name="Tom Adeyemi", user=make_staff(role="presenter"))
    Booking.objects.update(presenter=second)
    other = sign_in_staff(Client(), second.user)
    for page in (other.get(mine), other.get(f"{MINE}day/"), press(other, booking, "check-in")):
        said = text(page)
        assert "Asha Patel checked in there at 9:50am. You can check in as soon as Asha Patel has checked out." in said
        assert ("I have left" in said, "I have arrived" in said) == (False, False)
    waiting = "Tell us when you have left. Tom Adeyemi has this visit now, and can only check in after you have left. I have left"
    assert waiting in text(phone.get(mine))
    assert "You checked out at 9:50am. Thank you." in text(press(phone, booking, "check-out", sure="yes"))
    assert "You checked in at 9:50am. Tell us when you have left. I have left" in text(press(other, booking, "check-in"))


def test_who_is_made_inactive_in_mid_visit_still_checks_out(
    phone: Client, presenter: Presenter, clock: time_machine.Traveller
) -> None:
    """And nothing else is theirs any more: neither the other pages nor, once the thanks are read, these."""
    booking = make_booking(presenter, at("10:00"))
    at_the_door(phone, presenter, clock, "09:50")
    press(phone, booking, "check-in")
    Presenter.objects.filter(pk=presenter.pk).update(active=False)
    at_the_door(phone, presenter, clock, "11:05")
    day = phone.get(f"{MINE}day/")
    assert ("I have left" in text(day), f'href="{MINE}leave/"' in day.content.decode()) == (True, False)
    assert [phone.get(f"{MINE}{page}").status_code for page in ("", "availability/", "leave/")] == [403] * 3
    assert "You checked out at 11:05am. Thank you." in text(press(phone, booking, "check-out"))
    at_the_door(phone, presenter, clock, "12:10")
    assert phone.get(f"{MINE}day/").status_code == 403


def test_the_first_staff_page_offers_what_is_open_to_its_reader(
    phone: Client, presenter: Presenter, clock: time_machine.Traveller
) -> None:
    """Their day itself; to whom staff made inactive the visits that wait for them, then the one just left, then nothing."""
    unfinished, booking = make_booking(presenter, at("15:00", MONDAY - timedelta(days=3))), make_booking(presenter, at("10:00"))
    first = phone.get("/staff/")
    assert (first.status_code, first.headers["Location"]) == (302, f"{MINE}day/")
    Presenter.objects.filter(pk=presenter.pk).update(active=False)
    at_the_door(phone, presenter, clock, "10:05")
    assert offered(phone) == {"My visit at 3pm on Friday 22 January 2027": 200, "My visit at 10am today": 200}
    for visit in (unfinished, booking):
        press(phone, visit, "check-out", sure="yes")
    assert offered(phone) == {"My visit at 3pm on Friday 22 January 2027": 200, "My visit at 10am today": 200}
    at_the_door(phone, presenter, clock, "11:10")
    assert offered(phone) == {}
    assert offered(sign_in_staff(Client(), make_staff())) == {}


def offered(phone: Client) -> dict[str, int]:
    """The buttons of the first staff page that lead to one's own pages, each with what it answers."""
    buttons = re.findall(rf'<a class="staff-button" href="({MINE}[^"]*)">([^<]*)</a>', phone.get("/staff/").content.decode())
    return {label: phone.get(href).status_code for href, label in buttons}


# The day


def test_the_day_says_where_to_go_and_when_to_leave(phone: Client, presenter: Presenter, clock: time_machine.Traveller) -> None:
    make_booking(presenter, at("10:00"), postcode=LEEDS_TOO, room="Ring at the side door", audience_size=24)
    make_booking(presenter, at("14:00"), postcode=YORK)
    make_booking(presenter, at("16:30"), postcode="")
    at_the_door(phone, presenter, clock, "07:00")
    page = phone.get(f"{MINE}day/")
    leave = [stop.leave for stop in page.context["stops"]]
    assert leave[0] == f"Leave {LEEDS} at 9:30am. The journey takes 30 minutes, with parking."
    assert f"Leave {LEEDS_TOO} at " in leave[1]
    assert leave[2] == ""
    said = text(page)
    for words in ("Ring at the side door", "leaflets for 24 people", "Jo Green", "https://meet.example/room", "Today"):
        assert words in said
    assert 'href="tel:01134960001"' in page.content.decode()


def test_when_to_leave_knows_the_minutes_that_staff_have_set_between_areas(
    phone: Client, presenter: Presenter, clock: time_machine.Traveller
) -> None:
    """From the base at the start of the day, and from one visit to the next."""
    make_booking(presenter, at("10:00"), postcode=YORK)
    make_booking(presenter, at("15:00"), postcode=LEEDS_TOO)
    JourneyTime.objects.create(area_a="LS", area_b="YO", minutes=100, reason="Driven", set_at=NOW)
    JourneyTime.objects.create(area_a="LS9", area_b="YO1", minutes=115, reason="Driven", set_at=NOW)
    at_the_door(phone, presenter, clock, "07:00")
    assert [stop.leave for stop in phone.get(f"{MINE}day/").context["stops"]] == [
        f"Leave {LEEDS} at 8:20am. The journey takes 100 minutes, with parking.",
        f"Leave {YORK} at 1:05pm. The journey takes 115 minutes, with parking.",
    ]


@pytest.mark.parametrize(
    ("clock_of_it", "leave"),
    [
        ("12:45", f"Leave {LEEDS} at 12:15pm. The journey takes 30 minutes, with parking."),
        ("12:15", f"Leave {LEEDS_NORTH} at 10:45am. The journey takes 30 minutes, with parking."),
    ],
)
def test_what_is_online_is_given_from_the_base_unless_staff_went_past_that(
    phone: Client, presenter: Presenter, clock: time_machine.Traveller, clock_of_it: str, leave: str
) -> None:
    """A quarter of an hour is not enough from the base: they give it on the way."""
    make_booking(presenter, at("09:00"), postcode=LEEDS_NORTH)
    make_booking(presenter, at("11:00"), postcode="")
    make_booking(presenter, at(clock_of_it), postcode=LEEDS_TOO)
    at_the_door(phone, presenter, clock, "07:00")
    assert [stop.leave for stop in phone.get(f"{MINE}day/").context["stops"]][1:] == ["", leave]


def test_nobody_of_whom_nothing_was_heard_is_said_to_be_there(
    phone: Client, presenter: Presenter, clock: time_machine.Traveller
) -> None:
    make_booking(presenter, at("10:00"), postcode=presenter.base_postcode)
    at_the_door(phone, presenter, clock, "10:20")
    said = text(phone.get(f"{MINE}day/"))
    assert f"You don’t need any time to get there from {LEEDS}. We have not heard from you. Are you there?" in said
    assert "there already" not in said


def test_an_online_presentation_without_a_link_says_who_sets_one(phone: Client, presenter: Presenter) -> None:
    booking = make_booking(presenter, at("10:00"), postcode="")
    pages = (f"day/?day={MONDAY:%Y-%m-%d}", f"visits/{booking.reference}/")
    told = "There is no link yet. The team will add one and email it to you."
    assert [told in text(phone.get(f"{MINE}{page}")) for page in pages] == [False, False]
    Presenter.objects.update(joining_link="")
    assert [told in text(phone.get(f"{MINE}{page}")) for page in pages] == [True, True]


def test_other_days_can_be_looked_at_the_evening_before(phone: Client, presenter: Presenter) -> None:
    booking = make_booking(presenter, at("10:00"))
    assert phone.get(f"{MINE}day/").context["stops"] == []
    page = phone.get(f"{MINE}day/?day={MONDAY:%Y-%m-%d}")
    assert [stop.given for stop in page.context["stops"]] == [booking]
    for nonsense in ("x", "9999-12-31", "2027-02-30"):
        assert phone.get(f"{MINE}day/?day={nonsense}").context["is_today"]


def test_the_day_is_read_with_the_same_few_statements(phone: Client, presenter: Presenter, clock: time_machine.Traveller) -> None:
    at_the_door(phone, presenter, clock, "07:00")
    counts = []
    for hour in (9, 11, 13):
        make_booking(presenter, at(f"{hour:02}:00"))
        counts.append(len(statements(lambda: phone.get(f"{MINE}day/"))))
    assert counts[0] == counts[2] <= 12


def test_a_cancelled_visit_is_not_in_the_day(phone: Client, presenter: Presenter) -> None:
    make_booking(presenter, at("10:00"), state="cancelled", claim=False)
    make_booking(make_presenter(), at("10:00"))
    assert phone.get(f"{MINE}day/?day={MONDAY:%Y-%m-%d}").context["stops"] == []
