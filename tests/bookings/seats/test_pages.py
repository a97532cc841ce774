"""What hosts and guests see of spare seats, and what everybody else does not."""

import re
from collections.abc import Iterator

import pytest
import time_machine
from django.db import connection
from django.http import HttpResponse
from django.test import Client
from django.test.utils import CaptureQueriesContext
from icalendar import Calendar

from bookings.models import Booking, Seat, SeatState
from bookings.seats.services import approve_seat, decline_seat
from bookings.seats.views import SEAT_RATE_LIMIT
from notifications.models import Notification
from notifications.registry import find_email_class
from professionals.models import Person
from tests.bookings.flow import text
from tests.bookings.rows import NOW, at, make_booking, make_presenter
from tests.bookings.seats.scene import ask, make_seat, midwife, offered
from tests.factories import make_person, make_staff, sign_in, sign_in_staff

pytestmark = pytest.mark.django_db
CHILD = "For Amir Khan, born 3 May 2015"
PRIVATE = ("St James", "Jo Green", "0113 496 0001")  # the address, whom to ask for, and by which phone


@pytest.fixture(autouse=True)
def clock() -> Iterator[time_machine.Traveller]:
    with time_machine.travel(NOW, tick=False) as traveller:
        yield traveller


@pytest.fixture
def booking() -> Booking:
    return offered(room="Room 2")


@pytest.fixture
def guest(client: Client) -> Person:
    person = midwife(email="nadia@leeds.nhs.uk")
    sign_in(client, person)
    return person


def host_of(booking: Booking) -> Client:
    client = Client()
    sign_in(client, booking.person)
    return client


def statements(client: Client, path: str) -> int:
    with CaptureQueriesContext(connection) as found:
        assert client.get(path).status_code == 200
    return len(found)


def rendered(kind: str) -> str:
    message = find_email_class(kind)(Notification.objects.filter(kind=kind).latest("pk")).message()
    assert message is not None
    return str(message.context["rows"])


@pytest.mark.parametrize("path", ["/presentations/", "/sessions/", "/seats/"])
def test_who_is_near_sees_the_town_and_not_the_address(client: Client, guest: Person, booking: Booking, path: str) -> None:
    words = text(client.get(path))
    assert "Seats near you" in words
    assert "Host Trust · Leeds · 2 seats left" in words
    assert not [word for word in PRIVATE if word in words]
    assert statements(client, path) <= 20


def test_their_own_page_leads_to_the_seats_near_them(client: Client, guest: Person, booking: Booking) -> None:
    assert 'href="/seats/">See all seats near you</a>' in client.get("/my/").content.decode()


def test_signed_out_nobody_reads_of_seats(client: Client, booking: Booking) -> None:
    for path in ("/presentations/", "/sessions/"):
        assert "Seats near you" not in text(client.get(path))
    for path in ("/seats/", f"/seats/{booking.reference}/"):
        assert client.get(path).status_code == 302


def test_others_find_nothing(client: Client, booking: Booking) -> None:
    sign_in(client, make_person())  # another profession
    assert "Host Trust" not in text(client.get("/seats/"))
    assert "Nobody offers a seat to you at the moment" in text(client.get("/seats/"))
    seat = make_seat(booking, SeatState.APPROVED)
    for path in (
        f"/seats/{booking.reference}/",
        f"/seats/{booking.reference}/calendar.ics",
        f"/bookings/{booking.reference}/seats/",
        f"/bookings/{booking.reference}/seats/offer/",
        "/seats/BK-7Q4M-2F/",
    ):
        assert client.get(path).status_code == 404
    assert client.post(f"/bookings/{booking.reference}/seats/", {"do": "decline", "seat": seat.pk}).status_code == 404
    assert client.post(f"/seats/{booking.reference}/", {"do": "give-up"}).status_code == 404
    seat.refresh_from_db()
    assert seat.has_a_seat


def test_a_host_decides_on_seats_of_this_booking_alone(booking: Booking) -> None:
    other = make_seat(offered(person=make_person()))
    page = f"/bookings/{booking.reference}/seats/"
    assert host_of(booking).post(page, {"do": "approve", "seat": other.pk}).status_code == 404
    assert host_of(booking).post(page, {"do": "approve", "seat": "x"}).status_code == 302
    other.refresh_from_db()
    assert other.state == SeatState.ASKED


def test_a_host_offers_seats_with_what_we_suggest(booking: Booking) -> None:
    fresh = make_booking(make_presenter(), at("15:00"), person=booking.person, local_authority="E08000035")
    client, page = host_of(booking), f"/bookings/{fresh.reference}/seats/"
    assert "Offer spare seats" in text(client.get(f"/bookings/{fresh.reference}/"))
    form = client.get(f"{page}offer/")
    assert re.search(r'value="midwife"[^>]*checked', form.content.decode())
    assert not re.search(r'value="health-visitor"[^>]*checked', form.content.decode())
    assert "21 1 2027" in form.content.decode()  # the last day to change the time
    refused = client.post(f"{page}offer/", {"seats": "30", "professions": ["gp"], "until": "1 3 2027"})
    assert (refused.status_code, 'value="30"' in refused.content.decode()) == (200, True)
    done = client.post(f"{page}offer/", {"seats": "3", "professions": ["gp", "midwife"], "until": "20 1 2027"}, follow=True)
    assert "You offer 3 more seats, until the end of Wednesday 20 January 2027." in text(done)
    fresh.refresh_from_db()
    assert (fresh.seats_offered, fresh.seats_professions) == (3, ["gp", "midwife"])
    assert "Stop offering seats" in text(done)
    client.post(page, {"do": "close"})
    fresh.refresh_from_db()
    assert fresh.seats_until is None


def test_from_asking_to_the_seat_and_back(client: Client, guest: Person, booking: Booking) -> None:
    page = f"/seats/{booking.reference}/"
    asks = text(client.get(page))
    assert "We will tell the host your name, your organisation and your profession." in asks
    assert not [word for word in PRIVATE if word in asks]
    answer = client.post(page, {"access_needs": "Step-free access"}, follow=True)
    assert "You have asked for a seat" in text(answer)
    assert not [word for word in PRIVATE if word in text(answer)]
    assert client.get(f"{page}calendar.ics").status_code == 404
    host, hosted = host_of(booking), f"/bookings/{booking.reference}/seats/"
    shown = text(host.get(hosted))
    assert f"Nadia Khan, Midwife, {guest.organisation}" in shown
    assert "Step-free access" not in shown  # before the host has given the seat
    assert "Nadia Khan" in rendered("seat-asked")
    assert guest.email not in shown + rendered("seat-asked")
    seat = Seat.objects.get()
    given = host.post(hosted, {"do": "approve", "seat": seat.pk}, follow=True)
    assert "Nadia Khan has a seat." in text(given)
    assert "Step-free access" in text(given)
    words = text(client.get(page)) + rendered("seat-approved")
    assert [word for word in (*PRIVATE, "Room 2") if word not in words] == []
    entry = Calendar.from_ical(client.get(f"{page}calendar.ics").content).walk("VEVENT")[0]
    assert "St James" in entry["LOCATION"]
    assert page in entry["DESCRIPTION"]
    assert "Seats as a guest" in text(client.get("/my/"))
    gone = client.post(page, {"do": "give-up"}, follow=True)
    assert "Thank you. Somebody else can have the seat now." in text(gone)
    assert (Seat.objects.get().state, Booking.objects.get().seats_taken) == (SeatState.GIVEN_UP, 0)


@pytest.mark.parametrize("is_flagged", [False, True])
def test_guest_does_not_read_room_text_that_is_flagged_as_a_childs_details(
    client: Client, guest: Person, booking: Booking, is_flagged: bool
) -> None:
    Booking.objects.update(room=CHILD, flagged_child_details=is_flagged)
    booking.refresh_from_db()
    approve_seat(ask(booking, guest), by=None, now=NOW)
    page = text(client.get(f"/seats/{booking.reference}/"))
    calendar = client.get(f"/seats/{booking.reference}/calendar.ics").content.decode()
    reads_room = (CHILD in page, CHILD in rendered("seat-approved"), "Amir Khan" in calendar)
    assert reads_room == (not is_flagged,) * 3
    assert [word for word in PRIVATE if word not in page] == []  # where to come, and whom to ask for, are never kept back


def test_opening_any_page_changes_nothing(client: Client, guest: Person, booking: Booking) -> None:
    seat = ask(booking, guest)
    for reader, path in (
        (client, f"/seats/{booking.reference}/"),
        (host_of(booking), f"/bookings/{booking.reference}/seats/"),
        (host_of(booking), f"/bookings/{booking.reference}/seats/?do=approve&seat={seat.pk}"),
    ):
        assert statements(reader, path) <= 20
    assert Seat.objects.get().state == SeatState.ASKED


def test_a_childs_details_are_kept_by_nobody(client: Client, guest: Person, booking: Booking) -> None:
    answer = client.post(f"/seats/{booking.reference}/", {"access_needs": CHILD})
    assert "This looks like details of a child." in text(answer)
    assert CHILD in answer.content.decode()  # what was typed stays in the form
    assert not Seat.objects.exists()


def test_a_full_visit_and_a_refusal_are_said_plainly(client: Client, guest: Person, booking: Booking) -> None:
    decline_seat(ask(booking, guest), by=None, now=NOW)
    assert "The host could not give you a seat" in text(client.get(f"/seats/{booking.reference}/"))
    page = f"/bookings/{booking.reference}/seats/"
    for _number in range(2):
        approve_seat(ask(booking), by=None, now=NOW)
    third = make_seat(booking)
    answer = host_of(booking).post(page, {"do": "approve", "seat": third.pk}, follow=True)
    assert "All the seats that you offer are given." in text(answer)


def test_nobody_asks_without_end(client: Client, guest: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bookings.seats.views.SEAT_RATE_LIMIT", (1, SEAT_RATE_LIMIT[1]))
    first, second = offered(), offered(person=make_person())
    client.post(f"/seats/{first.reference}/", {"access_needs": ""})
    answer: HttpResponse = client.post(f"/seats/{second.reference}/", {"access_needs": "Loop"})
    assert (answer.status_code, "Loop" in answer.content.decode()) == (429, True)
    assert answer.headers["Retry-After"]


def test_the_presenter_reads_who_comes(client: Client, booking: Booking) -> None:
    approve_seat(ask(booking, needs="Step-free access"), by=None, now=NOW)
    presenter = booking.presenter
    assert presenter is not None
    presenter.user = make_staff("asha@ctac.example", role="presenter")
    presenter.save()
    sign_in_staff(client, presenter.user)
    words = text(client.get(f"/staff/mine/visits/{booking.reference}/"))
    assert "Guests from elsewhere 1 " in words
    assert "Who the guests are Nadia Khan, Midwife" in words
    assert "Step-free access" in words


def test_staff_do_it_for_the_host(client: Client, booking: Booking) -> None:
    seat, other = ask(booking), ask(booking)
    sign_in_staff(client, make_staff())
    page = f"/staff/bookings/booking/{booking.pk}/"
    shown = text(client.get(f"{page}change/"))
    assert "0 of 2 spare seats are given." in shown
    assert "Asked for: Nadia Khan, Midwife" in shown
    assert statements(client, f"{page}change/") <= 40
    for slug, chosen, state in (
        ("seat-give", seat, SeatState.APPROVED),
        ("seat-decline", seat, SeatState.DECLINED),
        ("seat-give-up", other, SeatState.GIVEN_UP),
    ):
        assert client.post(f"{page}do/{slug}/", {"seat": chosen.pk}).status_code == 302
        chosen.refresh_from_db()
        assert chosen.state == state
    assert client.post(f"{page}do/seats-close/").status_code == 302
    asked = {"seats": "5", "professions": ["gp"], "until": "20 1 2027"}
    assert client.post(f"{page}do/seats-offer/", asked).status_code == 302
    booking.refresh_from_db()
    assert (booking.seats_offered, booking.seats_professions) == (5, ["gp"])
    story = text(client.get(f"{page}change/"))
    assert "Seat given: Nadia Khan" in story
    assert "Asked for a seat as a guest" in text(client.get(f"/staff/professionals/person/{seat.person_id}/change/"))


def test_a_calendar_feed_has_the_seats_of_its_owner(guest: Person, booking: Booking) -> None:
    from bookings.calendars.views import person_entries

    seat = approve_seat(ask(booking, guest), by=None, now=NOW)
    [entry] = list(person_entries(guest, NOW))
    assert (entry.uid, "St James" in entry.location) == (f"seat-{seat.pk}-{booking.ical_uid}", True)
