"""Staff find out if a presenter is safe, check them in or out after a call, and set a joining link."""

import re
from datetime import timedelta

import pytest
import time_machine
from django.contrib.auth.models import Permission
from django.test import Client

from accounts.models import User
from bookings.models import Booking, BookingEvent, Presenter, Visit
from bookings.visits.services import check_in, check_out
from notifications.models import Notification
from tests.bookings.admin.desk import ABOUT_A_CHILD, BOOKINGS, KEPT, do, text, told_lead
from tests.bookings.rows import at, make_booking, make_presenter
from tests.factories import make_staff, sign_in_staff
from tests.leaflets.statements import statements

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)
START, END = at("10:00"), at("11:00")
SAID = {"note": "She is on the train, all well."}


@pytest.fixture
def booking(presenter: Presenter) -> Booking:
    Presenter.objects.update(phone="0113 496 0002")
    return make_booking(presenter, START)


@pytest.fixture
def late_desk(client: Client, staff: User, booking: Booking, clock: time_machine.Traveller) -> Client:
    """Monday, half an hour after the end; nobody has checked in. No task ran, and nothing was mailed."""
    clock.move_to(END + HOUR / 2)
    return sign_in_staff(client, staff)


def test_who_is_overdue_stands_at_the_top_of_the_first_page_until_somebody_says_that_all_is_well(
    late_desk: Client, booking: Booking, staff: User
) -> None:
    page = late_desk.get("/staff/").content.decode()
    assert page.index("No check-out from Asha Patel") < page.index("What needs you")
    for words in ('href="tel:01134960002"', 'href="tel:01134960001"', "Jo Green", "St James, Leeds, LS1 4AP", "Today at 11am"):
        assert words in page
    resolve = re.search(rf'href="({BOOKINGS}{booking.pk}/do/safe/)"', page)
    assert resolve
    asked = late_desk.get(resolve[1])
    assert "Call the presenter, then the contact on site." in text(asked)
    for number in ("tel:01134960002", "tel:01134960001"):
        assert number in asked.content.decode()
    assert "The alarm is over." in text(do(late_desk, booking, "safe", **SAID))
    assert "No check-out from" not in late_desk.get("/staff/").content.decode()
    event = BookingEvent.objects.get(kind="said-safe")
    assert (event.by, event.reason) == (staff, SAID["note"])
    assert Notification.objects.count() == 0


def test_the_second_colleague_is_told(late_desk: Client, booking: Booking) -> None:
    do(late_desk, booking, "safe", **SAID)
    assert "so this is no longer possible" in text(do(late_desk, booking, "safe", **SAID))
    assert BookingEvent.objects.filter(kind="said-safe").count() == 1


def test_a_note_must_say_something_and_nothing_of_a_child(late_desk: Client, booking: Booking) -> None:
    for note in ("", ABOUT_A_CHILD):
        assert do(late_desk, booking, "safe", note=note).context["form"].errors["note"]
    assert (Visit.objects.count(), told_lead()) == (0, 0)
    do(late_desk, booking, "safe", note=ABOUT_A_CHILD, **KEPT)
    assert (Visit.objects.count(), told_lead()) == (1, 1)


def test_only_who_may_see_bookings_sees_who_is_overdue(client: Client, late_desk: Client) -> None:
    somebody = make_staff(superuser=False)
    assert "Asha Patel" not in sign_in_staff(client, somebody).get("/staff/").content.decode()
    somebody.user_permissions.add(Permission.objects.get(codename="view_booking"))
    assert "No check-out from Asha Patel" in sign_in_staff(client, somebody).get("/staff/").content.decode()


def test_who_may_only_look_has_no_button_and_cannot_press_it(client: Client, late_desk: Client, booking: Booking) -> None:
    looks = make_staff(superuser=False)
    looks.user_permissions.add(Permission.objects.get(codename="view_booking"))
    page = sign_in_staff(client, looks).get("/staff/").content.decode()
    assert ("No check-out from Asha Patel" in page, "Say that all is well" in page, "/do/safe/" in page) == (True, False, False)
    assert do(client, booking, "safe", **SAID).status_code == 403
    assert BookingEvent.objects.count() == 0


def test_many_overdue_take_the_same_few_statements(late_desk: Client) -> None:
    counts = []
    for _more in range(3):
        counts.append(len(statements(lambda: late_desk.get("/staff/"))))
        make_booking(make_presenter(), START)
    assert counts[0] == counts[2] <= 12


def test_staff_check_a_presenter_in_and_out_by_hand(
    client: Client, staff: User, booking: Booking, clock: time_machine.Traveller
) -> None:
    clock.move_to(START)
    desk = sign_in_staff(client, staff)
    do(desk, booking, "checked-in", note="She called from reception.")
    clock.move_to(END)
    sign_in_staff(desk, staff)
    page = do(desk, booking, "checked-out", note="She called from the car.")
    assert "Checked in: Monday 25 January 2027, 10am Checked out: Monday 25 January 2027, 11am" in text(page)
    events = BookingEvent.objects.values_list("kind", "by", "reason", "at")
    assert list(events) == [
        ("checked-in", staff.pk, "She called from reception.", START),
        ("checked-out", staff.pk, "She called from the car.", END),
    ]


def test_staff_take_a_check_out_and_a_check_in_back_and_say_why(
    client: Client, staff: User, presenter: Presenter, booking: Booking, clock: time_machine.Traveller
) -> None:
    clock.move_to(START)
    desk = sign_in_staff(client, staff)
    for tap, kind in ((check_in, "check-in"), (check_out, "check-out")):
        tap(booking=booking, presenter=presenter, by=staff, now=START)
        slug = "not-checked-in" if kind == "check-in" else "not-checked-out"
        assert do(desk, booking, slug, note="").context["form"].errors["note"]
        do(desk, booking, slug, note="She pressed the wrong button.")
        event = BookingEvent.objects.get(kind=f"{kind}-taken-back")
        assert (event.by, event.reason) == (staff, "She pressed the wrong button.")
        assert "so this is no longer possible" in text(do(desk, booking, slug, note="Again"))
    assert not Visit.objects.get().is_checked_out


def test_who_checked_in_and_not_out_is_overdue_on_the_bookings_page(
    late_desk: Client, booking: Booking, presenter: Presenter, staff: User
) -> None:
    check_in(booking=booking, presenter=presenter, by=staff, now=START)
    assert "No check-out" in text(late_desk.get(f"{BOOKINGS}{booking.pk}/change/"))


# The joining link


@pytest.mark.parametrize(
    ("typed", "wrong"), [("http://meet.example/1", True), ("javascript:alert(1)", True), ("https://meet.example/1", False)]
)
def test_a_booking_gets_a_link_of_its_own_by_https_only(desk: Client, presenter: Presenter, typed: str, wrong: bool) -> None:
    online = make_booking(presenter, START, postcode="")
    page = do(desk, online, "link", link=typed)
    assert online.own_joining_link == ("" if wrong else typed)
    assert ("Enter a link that starts with https://." in text(page) or "Enter a valid URL" in text(page)) == wrong


def test_the_link_stands_on_the_bookings_page_and_in_no_list(desk: Client, presenter: Presenter) -> None:
    online = make_booking(presenter, START, postcode="")
    assert "https://meet.example/room (the presenter’s)" in text(desk.get(f"{BOOKINGS}{online.pk}/change/"))
    do(desk, online, "link", link="https://meet.example/own")
    assert "https://meet.example/own (this booking’s own)" in text(desk.get(f"{BOOKINGS}{online.pk}/change/"))
    assert "meet.example" not in desk.get(BOOKINGS).content.decode()
