"""The page of an online presentation for the host's colleagues: enough to join, nothing private, and over when it is over."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import icalendar
import pytest
import time_machine
from django.conf import settings
from django.test import Client

from bookings.booking.services.transitions import cancel_booking
from bookings.models import Booking, BookingLink, BookingState, Format
from notifications import rendering
from notifications.models import Notification
from notifications.outbox import notify
from notifications.registry import get_email_class
from tests.bookings.flow import text, without_the_switch
from tests.bookings.rows import NOW, at, make_booking, make_presenter
from tests.factories import make_person, make_staff, sign_in

pytestmark = pytest.mark.django_db
MEETING = "https://meet.example/asha"


@pytest.fixture(autouse=True)
def clock() -> Iterator[time_machine.Traveller]:
    with time_machine.travel(NOW, tick=False) as traveller:
        yield traveller


@pytest.fixture
def booking() -> Booking:
    presenter = make_presenter(name="Asha Patel", joining_link=MEETING)
    person = make_person(email="sam@leeds.nhs.uk", name="Sam Taylor")
    return make_booking(presenter, at("10:00"), postcode="", person=person, claim=False)


def path_of(booking: Booking) -> str:
    return booking.team_url.removeprefix(settings.SITE_URL)


def private_words(booking: Booking) -> list[str]:
    return [booking.reference, "Sam Taylor", "Jo Green", "sam@leeds.nhs.uk", booking.contact_phone, "/bookings/", "/cancel/"]


def test_a_colleague_reads_what_when_who_and_how_to_join_and_nothing_private(client: Client, booking: Booking) -> None:
    page = client.get(path_of(booking))
    for words in (booking.presentation.title, "Monday 25 January 2027, 10am to 11am", "UK time", "Asha Patel", MEETING):
        assert words in text(page)
    assert [word for word in private_words(booking) if word in page.content.decode()] == []
    assert "<form" not in without_the_switch(page)
    assert page.headers["X-Robots-Tag"] == "noindex, nofollow"
    assert page.headers["Referrer-Policy"] == "no-referrer"
    assert "no-store" in page.headers["Cache-Control"]


def test_the_entry_for_their_calendar_has_its_own_name_and_nobodys_data(client: Client, booking: Booking) -> None:
    file = client.get(f"{path_of(booking)}calendar.ics")
    assert file.headers["Content-Type"] == "text/calendar; charset=utf-8"
    calendar = icalendar.Calendar.from_ical(file.content)
    [entry] = calendar.walk("VEVENT")
    assert (calendar["method"], entry["uid"]) == ("PUBLISH", f"team-{booking.ical_uid}")
    assert (entry["location"], entry["dtstart"].dt) == (MEETING, booking.starts_at)
    assert booking.team_url in entry["description"]
    assert "attendee" not in entry
    assert [word for word in private_words(booking) if word in file.content.decode().replace("\r\n ", "")] == []


def test_opening_them_changes_nothing(client: Client, booking: Booking) -> None:
    before = Booking.objects.values().get()
    for path in (path_of(booking), f"{path_of(booking)}calendar.ics"):
        assert [client.get(path).status_code, client.head(path).status_code, client.post(path).status_code] == [200, 200, 405]
    assert (Booking.objects.values().get(), BookingLink.objects.count()) == (before, 0)


@pytest.mark.parametrize(
    "change",
    [
        {"state": BookingState.CANCELLED},
        {"state": BookingState.REQUESTED},
        {"format": Format.WORKPLACE, "postcode": "LS1 4AP"},
        {"ends_at": NOW, "starts_at": NOW - timedelta(hours=1)},
    ],
)
def test_it_ends_with_the_booking_and_was_never_one_of_a_visit(client: Client, booking: Booking, change: dict[str, Any]) -> None:
    path = path_of(booking)
    Booking.objects.filter(pk=booking.pk).update(**change)
    for each in (path, f"{path}calendar.ics"):
        page = client.get(each)
        assert (page.status_code, page.headers["X-Robots-Tag"]) == (404, "noindex, nofollow")
        assert "Ask the colleague who sent you this link." in text(page)


def test_a_cancelled_one_says_no_more_who_was_to_come(client: Client, booking: Booking) -> None:
    path = path_of(booking)
    cancel_booking(booking=booking, by=make_staff(), now=NOW, reason="")
    assert "Asha Patel" not in text(client.get(path))


@pytest.mark.parametrize("token", ["x", "%25", "A" * 43, "00000000-0000-4000-8000-000000000000"])
def test_a_link_that_never_was_looks_the_same(client: Client, booking: Booking, token: str) -> None:
    assert client.get(f"/links/team/{token}/").status_code == 404


def test_without_a_joining_link_it_says_that_it_will_stand_there(client: Client, booking: Booking) -> None:
    booking.presenter.joining_link = ""
    booking.presenter.save()
    assert "We don’t have the joining link yet. It will be on this page before the presentation." in text(
        client.get(path_of(booking))
    )


def test_the_host_finds_it_on_the_pages_and_in_the_email_of_an_online_booking_alone(client: Client, booking: Booking) -> None:
    sign_in(client, booking.person)
    for page in ("", "placed/"):
        said = client.get(f"/bookings/{booking.reference}/{page}").content.decode()
        assert (booking.team_url in said, f"{path_of(booking)}calendar.ics" in said) == (True, True)
    visit = make_booking(make_presenter(), at("14:00"), person=booking.person)
    assert "/links/team/" not in client.get(f"/bookings/{visit.reference}/").content.decode()
    for kind in ("booking-confirmed", "booking-reminder"):
        assert booking.team_url in mail(booking, kind)
        assert "/links/team/" not in mail(visit, kind)


def mail(booking: Booking, kind: str) -> str:
    notify(kind=kind, about=f"booking:{booking.pk}", to=[booking.person.email], now=NOW, version=0)
    row = Notification.objects.get(kind=kind, about=f"booking:{booking.pk}")
    return rendering.render(get_email_class(kind)(row).message()).text
