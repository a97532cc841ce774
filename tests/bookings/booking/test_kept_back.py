"""What people read and fill in where a text of a booking waits for the safeguarding lead."""

import re

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from bookings.models import Booking, BookingState, JourneyTime
from professionals.models import FlaggedText
from professionals.safeguarding.services import KEPT_BACK_HINT, KEPT_BACK_MESSAGE, notify_safeguarding_lead
from tests.bookings.rows import at, make_booking, make_presenter
from tests.factories import make_person, make_staff, sign_in, sign_in_staff

pytestmark = pytest.mark.django_db

CHILD = "Zebedia Quark, born 12/03/2014, NHS number 943 476 5919"
KEPT, HINT = str(KEPT_BACK_MESSAGE), str(KEPT_BACK_HINT)


@pytest.fixture
def booking() -> Booking:
    made = make_booking(
        make_presenter(),
        at("10:00"),
        person=make_person(email="sam@leeds.nhs.uk", phone="0113 496 0101"),
        room=CHILD,
        access_needs="Step-free",
        contact_name="Jo Lane",
        contact_phone="0113 496 0199",
        flagged_child_details=True,
    )
    notify_safeguarding_lead(about=f"booking:{made.pk}", reference=made.reference, now=timezone.now())
    return made


def read(client: Client, address: str) -> str:
    return client.get(address, follow=True).content.decode()


def staff_page(booking: Booking, slug: str = "") -> str:
    if slug:
        return reverse("staff:bookings_booking_action", args=[booking.pk, slug])
    return reverse("staff:bookings_booking_change", args=[booking.pk])


def desk(role: str) -> Client:
    return sign_in_staff(Client(), make_staff(role=role))


@pytest.mark.parametrize("who", ["coordinator", "read-only", "owner", "presenter"])
def test_the_kept_text_and_only_it_is_kept_back(booking: Booking, who: str) -> None:
    if who == "owner":
        client, address = Client(), booking.get_absolute_url()
        sign_in(client, booking.person)
    elif who == "presenter":
        assert booking.presenter is not None
        user = make_staff(role="presenter")
        type(booking.presenter).objects.filter(pk=booking.presenter.pk).update(user=user)
        client, address = sign_in_staff(Client(), user), reverse("presenter_visit", args=[booking.reference])
    else:
        client, address = desk(who), staff_page(booking)
    page = read(client, address)
    assert "Quark" not in page
    assert page.count(KEPT) == 1
    if who != "read-only":
        assert ("Step-free" in page, "Jo Lane" in page, "0113 496 0199" in page) == (True, True, True)


def test_a_presenters_day_has_the_contact_and_not_the_kept_room(booking: Booking) -> None:
    from bookings.presenter.views import visit_stop_rows

    rows = {row["label"]: row["value"] for row in visit_stop_rows(booking)}
    assert rows["Room, parking or entrance"] == KEPT
    assert (rows["Ask for"], rows["Call them"], rows["Access needs"]) == ("Jo Lane", "0113 496 0199", "Step-free")


def test_if_none_looks_like_a_childs_details_any_more_all_words_of_it_are_kept_back(booking: Booking) -> None:
    Booking.objects.update(room="Room 3")
    page = read(desk("coordinator"), staff_page(booking))
    assert ("Room 3" in page, "Step-free" in page, page.count(KEPT)) == (False, False, 2)
    assert "Jo Lane" in page


def test_a_kept_reason_in_the_story_keeps_back_no_other_reason(booking: Booking) -> None:
    booking.events.create(kind="reassigned", at=timezone.now(), reason=CHILD)
    booking.events.create(kind="reassigned", at=timezone.now(), reason="Train strike")
    for address in (staff_page(booking), reverse("staff:professionals_person_change", args=[booking.person_id])):
        page = read(desk("coordinator"), address)
        assert ("Quark" in page, KEPT in page, "Train strike" in page) == (False, True, True)


def test_a_kept_text_takes_no_more_statements_however_many_there_are(booking: Booking) -> None:
    client, address = desk("coordinator"), staff_page(booking)
    counts = []
    for _time in range(3):
        booking.events.create(kind="reassigned", at=timezone.now(), reason=CHILD)
        read(client, address)
        with CaptureQueriesContext(
            connection,
        ) as statements:
            read(client, address)
        counts.append(len(statements))
    assert len(set(counts)) == 1


def details(page: str) -> dict[str, str]:
    """What the form of the page begins with, by the names of its boxes."""
    boxes = dict(re.findall(r'<input [^>]*?name="(\w+)"(?: value="([^"]*)")?', page))
    return boxes | dict(re.findall(r'<textarea name="(\w+)"[^>]*>\s*([^<]*)</textarea>', page))


TYPED = {"audience_size": "14", "audience_profession": "", "contact_name": "Jo Lane", "contact_phone": "0113 496 0199"}


def test_the_owner_who_leaves_the_box_empty_loses_nothing(client: Client, booking: Booking) -> None:
    sign_in(client, booking.person)
    address = reverse("booking_details", args=[booking.reference])
    page = read(client, address)
    assert ("Quark" in page, page.count(HINT), "Step-free" in page) == (False, 1, True)
    version = re.findall(r'name="version" value="([^"]*)"', page)[0]
    typed = {**TYPED, "version": version, "room": "", "access_needs": "Lift", "notes": ""}
    check = client.post(address, typed, follow=True).content.decode()
    assert ("Quark" in check, KEPT in check) == (False, False)  # nothing of the room is changed
    version = re.findall(r'name="version" value="([^"]*)"', check)[0]
    client.post(reverse("booking_details_check", args=[booking.reference]), {"version": version})
    booking.refresh_from_db()
    assert (booking.room, booking.access_needs, booking.audience_size) == (CHILD, "Lift", 14)
    assert booking.flagged_child_details


def test_new_words_of_the_owner_replace_what_was_kept(client: Client, booking: Booking) -> None:
    sign_in(client, booking.person)
    address = reverse("booking_details", args=[booking.reference])
    version = re.findall(r'name="version" value="([^"]*)"', read(client, address))[0]
    typed = {**TYPED, "version": version, "room": "Room 3", "access_needs": "Step-free", "notes": ""}
    check = client.post(address, typed, follow=True).content.decode()
    assert ("Room 3" in check, "Quark" in check) == (True, False)
    client.post(reverse("booking_details_check", args=[booking.reference]), {"version": version})
    booking.refresh_from_db()
    assert (booking.room, booking.flagged_child_details) == ("Room 3", True)  # until the lead has decided


def test_an_owner_whose_session_ran_out_loses_nothing_either(client: Client, booking: Booking) -> None:
    address = reverse("booking_details", args=[booking.reference])
    typed = {**TYPED, "version": booking.version, "room": "", "access_needs": "Lift", "notes": ""}
    client.post(address, typed)
    sign_in(client, booking.person)
    check = reverse("booking_details_check", args=[booking.reference])
    client.get(check)
    client.post(check, {"version": booking.version})
    booking.refresh_from_db()
    assert booking.room == CHILD


@pytest.mark.parametrize(("room", "stored"), [("", CHILD), ("Room 3", "Room 3")])
def test_staff_who_change_the_details_keep_it_or_write_something_new(booking: Booking, room: str, stored: str) -> None:
    client, address = desk("coordinator"), staff_page(booking, "details")
    page = read(client, address)
    assert ("Quark" in page, page.count(HINT), "Step-free" in page) == (False, 1, True)
    where = {"address_line_1": booking.address_line_1, "postcode": booking.postcode, "town": booking.town}
    typed = {**TYPED, **where, "version": booking.version, "room": room, "access_needs": "Lift", "sent": "1"}
    client.post(address, typed)
    booking.refresh_from_db()
    assert (booking.room, booking.access_needs) == (stored, "Lift")


def test_a_journey_time_is_changed_without_its_kept_reason(booking: Booking) -> None:
    journey = JourneyTime.objects.create(area_a="LS", area_b="YO", minutes=60, reason=CHILD, set_at=timezone.now())
    notify_safeguarding_lead(about=f"journey:{journey.pk}", reference="LS and YO", now=timezone.now())
    client, address = desk("coordinator"), reverse("staff:bookings_journeytime_change", args=[journey.pk])
    page = read(client, address)
    assert ("Quark" in page, HINT in page) == (False, True)
    client.post(address, {"area_a": "LS", "area_b": "YO", "minutes": "75", "reason": ""})
    journey.refresh_from_db()
    assert (journey.minutes, journey.reason) == (75, CHILD)


def test_to_book_again_begins_without_what_was_kept(client: Client, booking: Booking) -> None:
    Booking.objects.update(state=BookingState.CANCELLED)
    sign_in(client, booking.person)
    client.post(reverse("booking_again", args=[booking.reference]))
    page = read(client, reverse("book_where", args=[booking.presentation.slug]) + "?change=1")
    assert ("Quark" in page, "Step-free" in page) == (False, True)


def test_a_call_of_the_same_person_begins_without_what_was_kept(booking: Booking) -> None:
    from bookings.booking.admin.book_for_caller import last_answers

    assert last_answers(booking.person)["details-room"] == ""
    client = desk("coordinator")
    page = read(client, f"{reverse('staff:bookings_booking_add')}?person={booking.person_id}")
    assert "Quark" not in page


def test_only_the_writer_still_reads_it_in_the_draft_that_they_are_filling_in(client: Client, booking: Booking) -> None:
    """The one exception: the writer’s own form and the check of it, until they send it."""
    Booking.objects.update(room="Room 3", flagged_child_details=False)
    FlaggedText.objects.all().delete()
    sign_in(client, booking.person)
    address = reverse("booking_details", args=[booking.reference])
    typed = {**TYPED, "version": booking.version, "room": CHILD, "access_needs": "Step-free", "notes": ""}
    assert "Quark" in client.post(address, typed).content.decode()  # the form that asks once
    check = client.post(address, {**typed, "keep_what_i_wrote": "on"}, follow=True)
    assert "Quark" in check.content.decode()
    assert "Quark" in read(client, address)
    assert "Quark" not in read(desk("coordinator"), staff_page(booking))
    client.post(reverse("booking_details_check", args=[booking.reference]), {"version": booking.version})
    booking.refresh_from_db()
    assert (booking.room, booking.flagged_child_details) == (CHILD, True)
    assert "Quark" not in read(client, address) + read(client, booking.get_absolute_url())
