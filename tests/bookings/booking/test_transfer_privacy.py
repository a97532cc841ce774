"""Whoever gave their bookings to a colleague is erased from these too; their copy says so, the colleague's does not."""

from datetime import timedelta

import pytest
from allauth.account.models import EmailAddress
from django.db import connection

from bookings import privacy as bookings_privacy
from bookings.booking.services.assign import transfer_bookings
from bookings.booking.services.links import make_booking_links
from bookings.models import Booking, BookingEvent, BookingEventKind, BookingLink, BookingState, VisitLeaflets
from bookings.models.booking import record_event
from leaflets.models import CopiesToBring, Order, OrderChannel, OrderEvent
from leaflets.orders.services.create import place_order_for_visit
from notifications.models import Notification, NotificationState
from privacy.services import VisitBlocksErasure, erase_person, export_person
from professionals.models import Person
from professionals.services import assign_verified_address
from tests.bookings.rows import LEEDS, NOW, at, make_booking, make_presenter
from tests.factories import make_person
from tests.leaflets.factories import make_edition

pytestmark = pytest.mark.django_db
WHY, EARLIER = "Ruth Adeyemi, their manager: Nadia has left", "Nadia rang: she is ill"
LATER = "Omar rang"


@pytest.fixture
def nadia() -> Person:
    return make_person(name="Nadia Rahman", email="nadia@leeds.nhs.uk", phone="0113 496 0123")


@pytest.fixture
def omar(nadia: Person) -> Person:
    return make_person(name="Omar Aziz", email="omar@leeds.nhs.uk", phone="0113 496 0999", organisation=nadia.organisation)


@pytest.fixture
def booking(nadia: Person) -> Booking:
    presenter = make_presenter(email="asha@ctac.example")
    booking = make_booking(presenter, at("10:00"), person=nadia, contact_name="Ruth", contact_phone="0113 496 0555")
    record_event(booking, BookingEventKind.DETAILS_CHANGED, by=None, now=NOW, reason=EARLIER)
    return booking


def give(booking: Booking, before: Person, after: Person, reason: str = WHY) -> None:
    transfer_bookings(person=before, to=after, by=None, reason=reason, now=NOW)
    booking.refresh_from_db()
    record_event(booking, BookingEventKind.DETAILS_CHANGED, by=None, now=NOW, reason=LATER)


def reasons() -> list[str]:
    return [reason for reason in BookingEvent.objects.order_by("pk").values_list("reason", flat=True) if reason]


def stored(about: str, to: str) -> Notification:
    row = {"due_at": NOW, "created_at": NOW, "state": NotificationState.SENT, "sent_at": NOW, "text_body": "Nadia Rahman"}
    return Notification.objects.create(kind="presenter-booked", about=about, recipient=to, version=99, message_id=about, **row)


def leaflets_for(booking: Booking, person: Person) -> Order:
    edition = make_edition(NOW, stock=20)
    asked = [CopiesToBring(edition.leaflet.slug, edition.leaflet.title, 5)]
    order = place_order_for_visit(
        person=person, by=None, channel=OrderChannel.WEB, asked=asked, visit=booking.reference, postcode=LEEDS, now=NOW
    )
    assert order is not None
    VisitLeaflets.objects.create(booking=booking, order=order)
    return order


def test_what_was_written_while_it_was_theirs_goes_and_what_came_after_stays(booking, nadia, omar):
    give(booking, nadia, omar)
    assert reasons() == [EARLIER, WHY, LATER]
    erase_person(nadia, by=None, now=NOW)
    assert reasons() == [LATER]


def test_so_does_what_our_emails_said_of_it(booking, nadia, omar):
    order = leaflets_for(booking, nadia)
    OrderEvent.objects.create(order=order, kind="changed", at=NOW, reason=EARLIER)
    give(booking, nadia, omar)
    about = [f"booking:{booking.pk}", f"order:{order.pk}"]
    rows = [stored(each, "team@ctac.example") for each in about]
    other = stored("booking:0", "team@ctac.example")

    erase_person(nadia, by=None, now=NOW)

    for row in (*rows, other):
        row.refresh_from_db()
    assert [row.text_body for row in (*rows, other)] == ["", "", "Nadia Rahman"]
    assert not OrderEvent.objects.exclude(reason="").exists()


def test_what_was_written_of_its_leaflets_after_they_gave_it_away_stays_and_so_do_the_emails(booking, nadia, omar):
    order = leaflets_for(booking, nadia)
    OrderEvent.objects.create(order=order, kind="changed", at=NOW, reason=EARLIER)
    give(booking, nadia, omar)
    after = NOW + timedelta(minutes=1)
    OrderEvent.objects.create(order=order, kind="changed", at=after, reason=LATER)
    about = [f"booking:{booking.pk}", f"order:{order.pk}"]
    rows = [stored(each, omar.email) for each in about]
    Notification.objects.filter(pk__in=[row.pk for row in rows]).update(created_at=after)

    erase_person(nadia, by=None, now=after)

    kept = Notification.objects.filter(pk__in=[row.pk for row in rows])
    assert [row.text_body for row in kept] == ["Nadia Rahman"] * 2
    assert list(OrderEvent.objects.exclude(reason="").values_list("reason", flat=True)) == [LATER]


def test_links_that_were_sent_to_them_go_and_the_colleagues_stay(booking, nadia, omar):
    make_booking_links(booking=booking, address=nadia.email, purposes=["cancel"], now=NOW - timedelta(days=1))
    give(booking, nadia, omar)
    make_booking_links(booking=booking, address=omar.email, purposes=["cancel"], now=NOW + timedelta(days=1))
    assert BookingLink.objects.count() == 2
    erase_person(nadia, by=None, now=NOW)
    assert [link.created_at for link in BookingLink.objects.all()] == [NOW + timedelta(days=1)]


@pytest.mark.parametrize("contact", [{"contact_name": "NADIA  Rahman"}, {"contact_phone": "01134960123"}])
def test_where_they_were_the_contact_the_colleague_is_and_the_presenter_is_told(booking, nadia, omar, contact):
    Booking.objects.filter(pk=booking.pk).update(**contact, notes="Ask for Nadia Rahman at the desk", room="Room 3")
    give(booking, nadia, omar)
    Notification.objects.all().delete()

    erase_person(nadia, by=None, now=NOW)

    booking.refresh_from_db()
    assert (booking.contact_name, booking.contact_phone) == ("Omar Aziz", "0113 496 0999")
    assert (booking.notes, booking.room, booking.revision, booking.state) == ("Ask for – at the desk", "Room 3", 1, "confirmed")
    told = Notification.objects.filter(about=f"booking:{booking.pk}", kind__in=["presenter-changed", "booking-changed"])
    assert set(told.values_list("recipient", "version")) == {("asha@ctac.example", 1), ("omar@leeds.nhs.uk", 1)}
    assert not told.exclude(erased_at=None).exists()
    assert "nadia" not in booking.searched.lower()


def test_while_they_are_the_contact_later_emails_name_them_and_go_too(booking, nadia, omar):
    Booking.objects.filter(pk=booking.pk).update(contact_name=nadia.name)
    give(booking, nadia, omar)
    after = NOW + timedelta(minutes=1)
    row = stored(f"booking:{booking.pk}", "asha@ctac.example")
    Notification.objects.filter(pk=row.pk).update(created_at=after)

    erase_person(nadia, by=None, now=after)

    row.refresh_from_db()
    assert (row.text_body, row.erased_at) == ("", after)


def test_where_somebody_else_is_the_contact_nothing_changes_and_nobody_is_told(booking, nadia, omar):
    give(booking, nadia, omar)
    Notification.objects.all().delete()
    erase_person(nadia, by=None, now=NOW)
    booking.refresh_from_db()
    assert (booking.contact_name, booking.contact_phone, booking.revision) == ("Ruth", "0113 496 0555", 0)
    assert not Notification.objects.filter(about=f"booking:{booking.pk}").exists()


def test_what_is_over_needs_no_contact_any_more(booking, nadia, omar):
    give(booking, nadia, omar)
    Booking.objects.update(contact_name=nadia.name, contact_phone=nadia.phone, state=BookingState.CANCELLED, visit_closed=True)
    erase_person(nadia, by=None, now=NOW)
    booking.refresh_from_db()
    assert (booking.contact_name, booking.contact_phone, booking.revision) == ("", "", 0)


def test_a_presenter_who_is_on_the_way_still_has_whom_to_ring(booking, nadia, omar):
    Booking.objects.update(contact_phone=nadia.phone)
    give(booking, nadia, omar)
    with pytest.raises(VisitBlocksErasure):
        erase_person(nadia, by=None, now=booking.agreed_times[0])
    booking.refresh_from_db()
    assert booking.contact_phone == nadia.phone


def test_handed_on_twice_each_has_their_own_part_and_it_goes_with_them(booking, nadia, omar):
    ruth = make_person(name="Ruth Okafor", organisation=nadia.organisation)
    give(booking, nadia, omar)
    give(booking, omar, ruth, reason="Omar has moved")
    assert words_of(export_person(nadia)["bookings_given_away"]) == [EARLIER, WHY]
    assert words_of(export_person(omar)["bookings_given_away"]) == [LATER, "Omar has moved"]
    assert words_of(export_person(ruth)["bookings"]) == [LATER]

    erase_person(nadia, by=None, now=NOW)
    assert reasons() == [LATER, "Omar has moved", LATER]
    erase_person(omar, by=None, now=NOW)
    assert reasons() == [LATER]


def words_of(bookings: list[dict[str, object]]) -> list[str]:
    return [event["reason"] for each in bookings for event in each["history"] if event["reason"]]  # type: ignore[attr-defined]


def test_the_colleagues_copy_does_not_say_why_it_came_or_what_was_before(booking, nadia, omar):
    give(booking, nadia, omar)
    [theirs] = bookings_privacy.export_bookings(omar)
    assert words_of([theirs]) == [LATER]
    assert "Handed over to a colleague" in [event["what"] for event in theirs["history"]]
    [given] = bookings_privacy.export_transferred(nadia)
    assert (given["reference"], words_of([given])) == (booking.reference, [EARLIER, WHY])


def test_who_is_one_with_the_row_that_gave_it_away_is_found(booking, omar):
    """Staff entered them by phone, and handed over what they had; then they signed up with another address and changed it."""
    by_phone = make_person(with_user=False, name="N Rahman", email="n@leeds.nhs.uk", organisation=omar.organisation)
    Booking.objects.update(person=by_phone)
    give(booking, by_phone, omar)
    own = make_person(name="Nadia Rahman", email="rahman@leeds.nhs.uk")
    EmailAddress.objects.create(user=own.user, email=by_phone.email, verified=True)
    assign_verified_address(user=own.user, email=by_phone.email, details=None, now=NOW)
    assert not Person.objects.filter(pk=by_phone.pk).exists()
    own.refresh_from_db()

    assert words_of(export_person(own)["bookings_given_away"]) == [EARLIER, WHY]
    assert bookings_privacy.export_transferred(omar) == []
    erase_person(own, by=None, now=NOW)
    assert reasons() == [LATER]


def test_their_copy_does_not_say_where_the_presenter_was(booking, nadia, omar):
    for kind in bookings_privacy.PRESENTER_EVENT_KINDS:
        record_event(booking, kind, by=None, now=NOW, reason="Rang: she is safe")
    give(booking, nadia, omar)
    assert words_of(export_person(nadia)["bookings_given_away"]) == [EARLIER, WHY]


def test_who_gave_nothing_away_costs_one_statement(nadia, omar, django_assert_num_queries):
    with django_assert_num_queries(1):
        assert bookings_privacy.export_transferred(nadia) == []
    with django_assert_num_queries(1):
        bookings_privacy.erase_transferred(nadia, NOW)


def test_what_was_given_away_is_found_by_an_index(nadia):
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off; SET LOCAL enable_sort = off")
    assert "booking_handed_over" in bookings_privacy.get_handover_events(nadia).explain()
