"""What a calendar program reads at somebody's address, and when it reads nothing."""

import os
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext
from icalendar import Calendar

from bookings.booking.services.assign import reassign
from bookings.calendars import ical, views as calendars_views
from bookings.calendars.views import FEED_CANCELLED_RETENTION, get_or_create_feed
from bookings.models import (
    Booking,
    BookingEventKind,
    BookingState,
    CalendarFeed,
    Leave,
    OpenSession,
    PlaceState,
    Presenter,
    SessionEvent,
    SessionEventKind,
    SessionState,
)
from bookings.models.booking import record_event
from bookings.models.leave import END_OF_DAY, START_OF_DAY
from bookings.open_sessions.services.places import give_up_place, take_place
from core.dates import uk_datetime
from professionals.models import Person
from tests.bookings.calendars.reading import LINK, events, feed_of, read, told
from tests.bookings.open_sessions.rows import make_place, make_session
from tests.bookings.rows import MONDAY, NOW, at, make_booking, make_presenter
from tests.factories import make_staff

pytestmark = pytest.mark.django_db
GOLDEN = Path(__file__).with_name("golden")


# What is in it


def test_a_professional_reads_their_bookings_and_places_and_nobody_elses(person: Person, presenter: Presenter) -> None:
    make_booking(presenter, at("10:00"), person=person)
    make_booking(presenter, at("15:00"))
    online = make_session(presenter, at("13:00"))
    make_place(online, person=person)
    make_place(online)
    assert told(feed_of(person)) == [
        ("CONFIRMED", "Presentation: Spotting the signs", "St James, Leeds, LS1 4AP"),
        ("CONFIRMED", "Open session: Spotting the signs", LINK),
    ]


def test_who_waits_reads_nothing_of_it_and_who_is_offered_a_place_not_how_to_join(person: Person, presenter: Presenter) -> None:
    make_place(make_session(presenter, at("10:00"), capacity=1), PlaceState.WAITING, person)
    make_place(make_session(presenter, at("14:00"), joining_help="Code 77"), PlaceState.OFFERED, person)
    [event] = events(feed_of(person))
    assert (event["status"], event["summary"], event["location"]) == (
        "TENTATIVE",
        "Place offered: Spotting the signs",
        "Online",
    )
    assert "until 10am on Wednesday 13 January 2027" in event["description"]
    assert "Code 77" not in event["description"]


@pytest.mark.parametrize(("had", "said"), [(False, []), (True, ["CANCELLED"])], ids=["only waited", "had a place"])
def test_who_leaves_the_waiting_list_had_nothing_that_could_be_cancelled(
    person: Person, presenter: Presenter, had: bool, said: list[str]
) -> None:
    session = make_session(presenter, at("10:00"), capacity=1)
    if not had:
        make_place(session)
    place = take_place(session=session, person=person, by=person.user, now=NOW, channel="web")
    give_up_place(place=place, by=person.user, now=NOW)
    assert [event["status"] for event in events(feed_of(person))] == said


def test_a_presenter_reads_what_a_phone_needs_and_no_more(presenter: Presenter) -> None:
    booking = make_booking(presenter, at("10:00"), contact_name="Jo Green", notes="New to this", access_needs="Hearing loop")
    make_session(presenter, at("14:00"))
    day = MONDAY + timedelta(days=7)
    Leave.objects.create(
        presenter=presenter,
        starts_at=uk_datetime(day, START_OF_DAY),
        ends_at=uk_datetime(day, END_OF_DAY),
        kind="illness",
        reason="Migraine",
        created_at=NOW,
    )
    url = feed_of(presenter)
    assert told(url) == [
        ("CONFIRMED", "Presentation: Spotting the signs", "St James, Leeds, LS1 4AP"),
        ("CONFIRMED", "Open session: Spotting the signs", LINK),
        ("CONFIRMED", "Away", ""),
    ]
    assert events(url)[2]["dtstart"].dt == day
    assert events(url)[2]["dtend"].dt == day + timedelta(days=1)
    raw = read(url).content.decode().replace("\r\n ", "")
    assert f"/staff/mine/visits/{booking.reference}/" in raw
    for private in (booking.person.name, booking.person.email, "Jo Green", "0113", "New to this", "loop", "llness", "Migraine"):
        assert private not in raw


def test_leave_that_was_only_asked_for_is_not_in_it(presenter: Presenter) -> None:
    Leave.objects.create(
        presenter=presenter, starts_at=at("10:00"), ends_at=at("12:00"), kind="holiday", state="asked", created_at=NOW
    )
    assert told(feed_of(presenter)) == []


def test_a_request_is_tentative_for_both(person: Person, presenter: Presenter) -> None:
    make_booking(presenter, at("10:00"), person=person, state=BookingState.REQUESTED)
    assert [each[:2] for each in told(feed_of(person))] == [("TENTATIVE", "Asked for: Spotting the signs")]
    assert [each[:2] for each in told(feed_of(presenter))] == [("TENTATIVE", "Kept for a request: Spotting the signs")]


def test_what_was_called_off_stays_as_cancelled_for_a_while(
    person: Person, presenter: Presenter, clock: time_machine.Traveller
) -> None:
    start = at("10:00", MONDAY + timedelta(days=60))
    booking = make_booking(presenter, start, person=person)
    session = make_session(presenter, start + timedelta(hours=4))
    make_place(session, person=person)
    left = make_session(None, start + timedelta(hours=8))
    place = make_place(left, person=person)
    urls = [feed_of(person), feed_of(presenter)]
    Booking.objects.update(state=BookingState.CANCELLED)
    record_event(booking, BookingEventKind.CANCELLED, by=None, now=NOW)
    OpenSession.objects.filter(pk=session.pk).update(state=SessionState.CANCELLED)
    SessionEvent.objects.create(session=session, at=NOW, kind=SessionEventKind.CANCELLED)
    type(place).objects.filter(pk=place.pk).update(state=PlaceState.GIVEN_UP, version=1)
    for kind in (SessionEventKind.TAKEN, SessionEventKind.GIVEN_UP):
        SessionEvent.objects.create(session=left, place=place, at=NOW, kind=kind)
    assert [[each[0] for each in told(url)] for url in urls] == [["CANCELLED"] * 3, ["CANCELLED"] * 2]
    assert LINK not in read(urls[0]).content.decode()
    clock.shift(FEED_CANCELLED_RETENTION + timedelta(minutes=1))
    assert [told(url) for url in urls] == [[], []]


def test_what_somebody_else_gives_now_is_gone_at_once(presenter: Presenter) -> None:
    booking = make_booking(presenter, at("10:00"))
    url, other = feed_of(presenter), make_presenter(user=make_staff())
    reassign(booking=booking, presenter=other, by=make_staff(), now=NOW)
    assert told(url) == []
    assert len(told(feed_of(other))) == 1


def test_it_looks_back_ninety_days_and_ahead_without_end(person: Person) -> None:
    for days in (-91, -89, 400):
        make_booking(None, NOW + timedelta(days=days), person=person, state=BookingState.DELIVERED)
    assert [event.start.astimezone(UTC).date() - NOW.date() for event in events(feed_of(person))] == [
        timedelta(days=-89),
        timedelta(days=400),
    ]


def test_statements_are_the_same_for_one_and_for_many(person: Person, presenter: Presenter) -> None:
    urls = [feed_of(person), feed_of(presenter)]

    def statements() -> list[int]:
        counts = []
        for url in urls:
            read(url)  # whatever it writes down is written
            with CaptureQueriesContext(connection) as queries:
                assert read(url).status_code == 200
            counts.append(len(queries))
        return counts

    def lay_out(first: int, days: int) -> None:
        for day in range(first, first + days):
            start = at("10:00", MONDAY + timedelta(days=day))
            make_booking(presenter, start, person=person)
            make_place(make_session(presenter, start + timedelta(hours=4)), person=person)

    lay_out(0, 1)
    few = statements()
    lay_out(1, 12)
    assert few == statements() == [4, 4]


# Reading it again


def test_what_has_not_changed_is_not_sent_again(person: Person, presenter: Presenter, clock: time_machine.Traveller) -> None:
    booking, url = make_booking(presenter, at("10:00"), person=person), feed_of(person)
    first = read(url)
    assert first.headers["Cache-Control"] == "private, no-cache"
    known = {"If-None-Match": first.headers["ETag"]}
    dated = {"If-Modified-Since": first.headers["Last-Modified"]}
    clock.shift(timedelta(minutes=5))
    for headers in (known, dated):
        again = read(url, **headers)
        assert (again.status_code, again.content, again.headers["ETag"]) == (304, b"", first.headers["ETag"])
    assert read(url).content == first.content
    Booking.objects.filter(pk=booking.pk).update(room="Second floor", sequence=1)
    for headers in (known, dated):
        changed = read(url, **headers)
        assert changed.status_code == 200
        assert b"Second floor" in changed.content
    assert changed.headers["Last-Modified"] == "Tue, 12 Jan 2027 10:05:00 GMT"


def test_two_changes_in_one_second_have_two_dates(person: Person) -> None:
    booking, url = make_booking(None, at("10:00"), person=person), feed_of(person)
    dates = []
    for room in ("One", "Two", "Three"):
        Booking.objects.filter(pk=booking.pk).update(room=room)
        dates.append(read(url).headers["Last-Modified"])
    assert len(set(dates)) == 3


def test_reading_writes_when_it_was_read_once_an_hour(person: Person, clock: time_machine.Traveller) -> None:
    url = feed_of(person)
    read(url)
    clock.shift(timedelta(minutes=59))
    with CaptureQueriesContext(connection) as queries:
        read(url)
    assert not [query for query in queries if "UPDATE" in query["sql"]]
    clock.shift(timedelta(minutes=1))
    read(url)
    assert CalendarFeed.objects.get().read_at == NOW + timedelta(hours=1)


def test_it_sets_no_cookie_and_asks_programs_to_look_every_hour(person: Person) -> None:
    response = read(feed_of(person))
    calendar = Calendar.from_ical(response.content)
    assert not response.cookies
    assert response.headers["Content-Type"] == "text/calendar; charset=utf-8"
    assert (calendar["method"], calendar["x-published-ttl"], calendar["x-wr-calname"]) == (
        "PUBLISH",
        "PT1H",
        "CTAC presentations",
    )
    assert calendar["refresh-interval"].dt == timedelta(hours=1)
    assert "REFRESH-INTERVAL;VALUE=DURATION:PT1H" in response.content.decode()


# Golden files: what calendar programs are really sent, over both clock changes of 2027


@pytest.mark.parametrize(("name", "sunday"), [("march", date(2027, 3, 28)), ("october", date(2027, 10, 31))])
@pytest.mark.parametrize("whose", ["person", "presenter"])
def test_over_a_clock_change_it_reads_as_the_golden_file(
    person: Person, presenter: Presenter, whose: str, name: str, sunday: date
) -> None:
    """`WRITE_GOLDEN=1` writes them anew: read what it changes."""
    golden = GOLDEN / f"{name}-{whose}.ics"
    found = calendars_views.feed_entries(laid_out(person, presenter, whose, sunday), NOW)
    numbered = [replace(entry, uid=f"entry-{number}@ctac.example") for number, entry in enumerate(found, 1)]
    written = calendars_views.feed_file("CTAC", numbered, NOW)
    if "WRITE_GOLDEN" in os.environ:
        golden.write_bytes(written)
    assert written == golden.read_bytes()
    calendar = Calendar.from_ical(written)
    assert isinstance(calendar, Calendar)
    read_back = [(event.start, event.end) for event in calendar.events]
    for entry, (start, end) in zip(found, read_back, strict=True):
        if entry.whole_days:
            assert (start, end) == (sunday, sunday + timedelta(days=2))
        else:
            assert (start.astimezone(UTC), end.astimezone(UTC)) == (entry.starts_at, entry.ends_at)
            assert (start.time(), end.time()) in CLOCKS


CLOCKS = [(time(10), time(11)), (time(14), time(15))]


def laid_out(person: Person, presenter: Presenter, whose: str, sunday: date) -> CalendarFeed:
    """At ten on the Saturday before, at ten and at two on the Monday after; leave on the Sunday and the Monday."""
    monday = sunday + timedelta(days=1)
    starts: list[datetime] = [uk_datetime(sunday - timedelta(days=1), time(10)), uk_datetime(monday, time(10))]
    for number, start in enumerate(starts):
        booking = make_booking(presenter, start.astimezone(UTC), person=person)
        Booking.objects.filter(pk=booking.pk).update(reference=f"BK-000{number}-AA")
    session = make_session(presenter, uk_datetime(monday, time(14)).astimezone(UTC))
    OpenSession.objects.filter(pk=session.pk).update(reference="OS-0001-AA")
    make_place(session, person=person)
    away = {"starts_at": uk_datetime(sunday, START_OF_DAY), "ends_at": uk_datetime(monday, END_OF_DAY)}
    Leave.objects.create(presenter=presenter, kind="other", created_at=NOW, **away)
    owner = person if whose == "person" else presenter
    return get_or_create_feed(owner=owner, by=owner.user, now=NOW)  # type: ignore[arg-type]


def test_every_feed_has_one_time_zone_and_unique_uids(presenter: Presenter, person: Person) -> None:
    laid_out(person, presenter, "presenter", date(2027, 3, 28))
    calendar = Calendar.from_ical(read(feed_of(presenter)).content)
    assert isinstance(calendar, Calendar)
    assert [zone["tzid"] for zone in calendar.timezones] == ["Europe/London"]
    assert len({event["uid"] for event in calendar.events}) == len(calendar.events) == 4
    assert not [event for event in calendar.events if "attendee" in event]
    assert ical.METHODS[2] == calendar["method"]
