"""The page of an online presentation for the host's colleagues: enough to join, nothing private, and over when it is over."""

import logging
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import icalendar
import pytest
import time_machine
from django.conf import settings
from django.core.signing import Signer
from django.test import Client

from bookings.booking.services.assign import reassign
from bookings.booking.services.links import replace_team_link
from bookings.booking.services.reschedule import reschedule
from bookings.booking.services.transitions import cancel_booking
from bookings.calendars import ical
from bookings.emails import sample_booking
from bookings.leave.services import record_leave
from bookings.models import Booking, BookingLink, BookingState, Format, LeaveKind, SeatState
from bookings.seats.services import decline_seat, give_up_seat
from core.logs import JSONFormatter
from notifications import rendering
from notifications.models import Notification
from notifications.outbox import notify
from notifications.registry import get_email_class
from tests.bookings.flow import text, without_the_switch
from tests.bookings.rows import NOW, at, make_booking, make_presenter
from tests.bookings.seats.scene import make_seat, offered
from tests.factories import make_person, make_staff, sign_in

pytestmark = pytest.mark.django_db
MEETING = "https://meet.example/asha"
LATER = "https://meet.example/set-afterwards"
OVER = "The presentation may be over or cancelled, or the link may be incomplete. Ask the colleague who sent you this link."
REPLACED = "This link was replaced. Ask the colleague who booked the presentation for the new one."


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


@pytest.mark.parametrize("token", ["x", "%25", "%FF", "A" * 43, "1.1." + "A" * 43, "00000000-0000-4000-8000-000000000000"])
def test_a_link_that_never_was_looks_the_same(client: Client, booking: Booking, token: str) -> None:
    page = client.get(f"/links/team/{token}/")
    assert (page.status_code, OVER in text(page), REPLACED in text(page)) == (404, True, False)


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


def entry_uid(calendar: bytes) -> str:
    [entry] = icalendar.Calendar.from_ical(calendar).walk("VEVENT")
    return str(entry["uid"])


def test_the_entry_of_a_guest_and_of_a_presenter_opens_nothing(client: Client) -> None:
    """What either can make of the UID that their own calendar has, signed with what anyone knows, or not at all."""
    booking = offered(postcode="")
    seat = make_seat(booking, SeatState.APPROVED)
    guests = entry_uid(ical.seat_calendar(seat, "REQUEST", now=NOW))
    presenters = entry_uid(ical.booking_calendar(booking, "REQUEST", now=NOW, to=ical.presenter_attendee(booking)))
    tokens = {uid.partition("@")[0] for uid in (guests, presenters)} | {presenters, guests.split("-", 2)[2].partition("@")[0]}
    tokens |= {f"{uid}.{uid}" for uid in tokens} | {f"{booking.pk}.1", f"{booking.pk}.1.{booking.pk}"}
    tokens |= {Signer(key=uid, sep=".", salt="bookings.team_link").sign(f"{booking.pk}.1") for uid in set(tokens)}
    assert {token: client.get(f"/links/team/{token}/").status_code for token in tokens} == dict.fromkeys(tokens, 404)
    assert presenters.partition("@")[0] not in booking.team_url
    assert client.get(path_of(booking)).status_code == 200


def revoke(booking: Booking) -> None:
    sign_in(host := Client(), booking.person)
    host.post(f"/bookings/{booking.reference}/team-link/")


def reassign_it(booking: Booking) -> None:
    reassign(booking, presenter=make_presenter(), by=make_staff(), now=NOW)


def move_it_to_another_presenter(booking: Booking) -> None:
    chosen = {"start": at("12:00"), "presenter": make_presenter()}
    reschedule(booking=booking, expected=booking.version, by=make_staff(), now=NOW, **chosen)


def free_it_for_leave(booking: Booking) -> None:
    away = {"presenter": booking.presenter, "starts_at": at("09:00"), "ends_at": at("17:00"), "kind": LeaveKind.ILLNESS}
    record_leave(by=make_staff(), now=NOW, **away)


def take_a_seat_back(booking: Booking) -> None:
    decline_seat(booking.seats.get(), by=booking.person.user, now=NOW)


@pytest.mark.parametrize(
    "change",
    [revoke, reassign_it, move_it_to_another_presenter, free_it_for_leave, take_a_seat_back],
    ids=lambda each: each.__name__,
)
def test_who_had_the_link_before_reads_no_joining_link_set_afterwards(client: Client, change: Callable[[Booking], None]) -> None:
    booking = offered(postcode="")
    make_seat(booking, SeatState.APPROVED)
    before = path_of(booking)
    assert (client.get(before).status_code, booking.team_link_generation) == (200, 1)
    change(booking)
    booking.refresh_from_db()
    Booking.objects.filter(pk=booking.pk).update(own_joining_link=LATER)
    assert booking.team_link_generation == 2
    for path in (before, f"{before}calendar.ics"):
        page = client.get(path)
        assert (page.status_code, LATER in page.content.decode(), REPLACED in text(page)) == (404, False, True)
        assert [word for word in (booking.presentation.title, *private_words(booking)) if word in text(page)] == []
    assert LATER in text(client.get(path_of(booking)))
    host = Client()
    sign_in(host, booking.person)
    for page in ("", "placed/"):
        said = host.get(f"/bookings/{booking.reference}/{page}")
        assert (booking.team_url in said.content.decode(), before in said.content.decode()) == (True, False)
        assert "If your colleagues have an earlier link, it no longer works. Please send them this one." in text(said)
    sent = mail(booking, "booking-reminder")
    assert (booking.team_url in sent, "an earlier link, it no longer works." in sent) == (True, True)


def test_a_link_that_was_replaced_ends_with_the_booking_like_any_other(client: Client, booking: Booking) -> None:
    before = path_of(booking)
    replace_team_link(booking, by=booking.person.user, now=NOW)
    cancel_booking(booking=booking, by=make_staff(), now=NOW, reason="")
    page = text(client.get(before))
    assert (OVER in page, REPLACED in page) == (True, False)


def test_the_link_stays_as_long_as_nobody_loses_what_they_had(client: Client) -> None:
    """A guest who was never given a seat, or gives it up; a first presenter; another time; details."""
    booking = offered(postcode="", seats=3)
    decline_seat(make_seat(booking), by=booking.person.user, now=NOW)
    give_up_seat(make_seat(booking, SeatState.APPROVED), by=None, now=NOW)
    reschedule(booking=booking, start=at("12:00"), expected=booking.version, by=make_staff(), now=NOW)
    Booking.objects.filter(pk=booking.pk).update(audience_size=12)
    booking.refresh_from_db()
    assert booking.team_link_generation == 1
    free_it_for_leave(booking)
    booking.refresh_from_db()
    reassign_it(booking)
    booking.refresh_from_db()
    assert booking.team_link_generation == 2


def test_a_request_has_no_link_yet_that_could_be_replaced(booking: Booking) -> None:
    Booking.objects.filter(pk=booking.pk).update(state=BookingState.REQUESTED)
    Booking.objects.filter(pk=booking.pk).update(presenter=make_presenter())
    booking.refresh_from_db()
    assert booking.team_link_generation == 1


def test_the_host_makes_a_new_link_and_reads_so(client: Client, booking: Booking) -> None:
    sign_in(client, booking.person)
    page = client.get(f"/bookings/{booking.reference}/")
    assert "Has someone got this link who shouldn’t have it? Make a new link: the old one stops working." in text(page)
    assert "an earlier link" not in text(page)
    assert client.get(f"/bookings/{booking.reference}/team-link/").status_code == 302
    booking.refresh_from_db()
    assert booking.team_link_generation == 1  # opening an address changes nothing
    page = client.post(f"/bookings/{booking.reference}/team-link/", follow=True)
    for words in ("Your team has a new link. The old one no longer works.", "You made a new link for your team."):
        assert words in text(page)


def test_only_the_host_makes_a_new_link_and_only_where_there_is_one(client: Client, booking: Booking) -> None:
    sign_in(client, make_person())
    assert client.post(f"/bookings/{booking.reference}/team-link/").status_code == 404
    visit = make_booking(make_presenter(), at("14:00"), person=booking.person)
    sign_in(client, booking.person)
    page = client.post(f"/bookings/{visit.reference}/team-link/", follow=True)
    assert "This booking has changed in the meantime. Please look at it again." in text(page)
    assert set(Booking.objects.values_list("team_link_generation", flat=True)) == {1}


def test_a_host_who_takes_a_seat_back_reads_that_the_team_has_a_new_link(client: Client) -> None:
    said = "We made a new link for your team, because a guest’s seat was taken back. It is on your booking’s page."
    for postcode, state, is_told in (("", "approved", True), ("", "asked", False), ("LS1 4AP", "approved", False)):
        booking = offered(postcode=postcode, person=make_person())
        sign_in(client, booking.person)
        answer = {"do": "decline", "seat": make_seat(booking, state).pk}
        page = text(client.post(f"/bookings/{booking.reference}/seats/", answer, follow=True))
        assert (said in page, "Nadia Khan has no seat." in page) == (is_told, True)


def test_a_link_of_an_old_secret_key_works_as_long_as_that_key_is_known(client: Client, booking: Booking, settings: Any) -> None:
    before = path_of(booking)
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "another", [settings.SECRET_KEY]
    assert path_of(booking) != before
    assert [client.get(path).status_code for path in (before, path_of(booking))] == [200, 200]
    settings.SECRET_KEY_FALLBACKS = []
    assert [client.get(path).status_code for path in (before, path_of(booking))] == [404, 200]


def test_no_log_has_the_link(client: Client, booking: Booking, caplog: pytest.LogCaptureFixture) -> None:
    before = path_of(booking)
    with caplog.at_level(logging.DEBUG):
        client.get(before)
        revoke(booking)
        client.get(before)
        booking.refresh_from_db()
        client.get(path_of(booking))
    tokens = [path.split("/")[3] for path in (before, path_of(booking))]
    lines = [JSONFormatter().format(record) for record in caplog.records if not record.name.startswith("django.db")]
    assert any("team_link" in line for line in lines)
    assert [line for line in lines for token in tokens if token in line] == []


def test_the_link_in_the_example_of_an_email_opens_no_booking(client: Client, booking: Booking) -> None:
    """Colleagues see examples where they word emails; the made-up booking there has the key of a real one."""
    example = sample_booking(pk=booking.pk, format=Format.ONLINE, state=BookingState.CONFIRMED)
    assert client.get(path_of(example)).status_code == 404
