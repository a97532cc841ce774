"""What is exported and erased; the rows that a new copy is tried with."""

from datetime import timedelta

import pytest
from django.db import connection

from bookings import privacy as bookings_privacy, samples as bookings_samples
from bookings.models import (
    Availability,
    Booking,
    BookingEvent,
    BookingEventKind,
    BookingState,
    BusyTime,
    OpenSession,
    Presentation,
    Presenter,
)
from bookings.models.booking import record_event
from bookings.schedule.queries import read_schedule
from core.dates import uk_day
from notifications.models import Notification
from privacy.services import erase_person, export_person
from tests.bookings.rows import NOW, at, first_slot, make_booking, make_cover, make_presenter, slot_query
from tests.factories import make_person

pytestmark = pytest.mark.django_db
CANARY = "Canary Wharton"


def make_canary(**fields: object) -> Booking:
    booking = make_booking(
        make_presenter(),
        fields.pop("start", at("10:00")),
        person=fields.pop("person", None) or make_person(name=CANARY),
        room=CANARY,
        access_needs=CANARY,
        notes=CANARY,
        contact_name=CANARY,
        **fields,
    )
    BusyTime.objects.filter(booking=booking).update(travel_reason=CANARY)
    record_event(booking, BookingEventKind.BOOKED, by=None, now=NOW, reason=CANARY)
    return booking


def test_the_export_holds_every_booking_with_its_history() -> None:
    booking = make_canary()
    make_booking(make_presenter(), at("10:00"))
    (exported,) = bookings_privacy.export_bookings(booking.person)
    assert (exported["reference"], exported["notes"], exported["starts_at"]) == (booking.reference, CANARY, at("10:00"))
    assert exported["history"] == [{"at": NOW, "what": "Booked", "reason": CANARY}]
    assert export_person(booking.person)["bookings"] == [exported]


def test_erasing_cancels_what_lies_ahead_and_takes_the_person_out_of_all_of_it() -> None:
    person = make_person(name=CANARY)
    area = {"nation": "england", "local_authority": "E08000035"}
    past = make_canary(person=person, start=NOW - timedelta(days=30), state=BookingState.DELIVERED, visit_closed=True, **area)
    ahead = make_canary(person=person)
    Booking.objects.update(town=CANARY)
    erase_person(person, by=None, now=NOW)
    past.refresh_from_db()
    ahead.refresh_from_db()
    assert (past.state, ahead.state) == (BookingState.DELIVERED, BookingState.CANCELLED)
    assert not BusyTime.objects.filter(booking=ahead).exists()
    assert "staff-booking-cancelled" in Notification.objects.values_list("kind", flat=True)
    everything = [
        *Booking.objects.values(),
        *BookingEvent.objects.values(),
        *BusyTime.objects.values(),
        *Notification.objects.values(),
    ]
    assert [row for row in everything if "Canary" in str(row)] == []
    assert (past.nation, past.local_authority, past.postcode, past.audience_size) == ("england", "E08000035", "LS1", 8)
    assert "LS1 4AP" not in str([row for row in everything if "LS1" in str(row)])


def test_an_erasure_is_not_refused_a_journey_between_two_visits_in_one_building() -> None:
    """Of which the presenter needs none while both are known to be there."""
    presenter, day = make_presenter(), NOW - timedelta(days=30)
    first, second = (
        make_booking(presenter, day + timedelta(hours=hours), state=BookingState.DELIVERED, visit_closed=True) for hours in (0, 1)
    )
    erase_person(first.person, by=None, now=NOW)
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
    assert list(BusyTime.objects.order_by("busy").values_list("postcode", "live")) == [("LS1", False), (second.postcode, True)]


def test_a_joining_link_of_its_own_is_given_and_erased() -> None:
    link = "https://meet.example/canary-wharton"
    given = make_booking(
        make_presenter(), NOW - timedelta(days=30), postcode="", state=BookingState.DELIVERED, own_joining_link=link
    )
    assert bookings_privacy.export_bookings(given.person)[0]["own_joining_link"] == link
    erase_person(given.person, by=None, now=NOW)
    given.refresh_from_db()
    assert given.own_joining_link == ""


def test_the_sample_loads_once_and_offers_slots() -> None:
    make_cover()
    bookings_samples.load_bookings(NOW)
    counts = [model.objects.count() for model in (Presentation, Presenter, Availability)]
    bookings_samples.load_bookings(NOW + timedelta(days=1))
    assert [model.objects.count() for model in (Presentation, Presenter, Availability)] == counts == [2, 3, 10]
    assert [session.capacity for session in OpenSession.objects.all()] == [40, 1, 40, 40]
    assert "we bring leaflets if you ask for them" in Presentation.objects.get(slug="spotting-the-signs").description
    for presentation in Presentation.objects.all():
        for postcode in ("LS1 4AP", "SE1 7PB", "G2 1DU", ""):
            asked = slot_query(presentation, postcode)
            schedule = read_schedule(asked, first_day=uk_day(NOW), last_day=uk_day(NOW) + timedelta(days=14), now=NOW)
            assert first_slot(schedule) is not None
