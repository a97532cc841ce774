"""On the staff pages: what is taken back, what is booked again, and what is done with several bookings at once."""

import csv
import io
from datetime import timedelta

import pytest
import time_machine
from django.contrib.auth.models import Permission
from django.db import DatabaseError, transaction
from django.http import HttpResponse
from django.test import Client

from accounts.models import User
from audit.models import Act, Entry, Export
from bookings.booking.services.transitions import cancel_booking
from bookings.models import Booking, BookingState, BusyTime, Presenter
from professionals.models import Person
from tests.bookings.admin.desk import ABOUT_A_CHILD, BOOKINGS, KEPT, checked, do, text, told_lead, values
from tests.bookings.rows import LEEDS, NOW, at, make_booking, make_presenter, make_request
from tests.face.page import Page
from tests.factories import make_person, make_staff, sign_in_staff

pytestmark = pytest.mark.django_db
WHY = "It was the other one"
EXPORT = f"{BOOKINGS}export/"


def ticked(desk: Client, action: str, *bookings: Booking, **more: object) -> HttpResponse:
    typed = {"action": action, "_selected_action": [booking.pk for booking in bookings], **more}
    response: HttpResponse = desk.post(BOOKINGS, typed, follow=True)
    for booking in bookings:
        booking.refresh_from_db()
    return response


def cancelled(presenter: Presenter, staff: User, **fields: object) -> Booking:
    return cancel_booking(booking=make_booking(presenter, at("10:00"), **fields), by=staff, now=NOW, reason="Snow")


# Taken back


def test_a_cancellation_is_taken_back_with_a_reason(desk: Client, presenter: Presenter, staff: User) -> None:
    booking = cancelled(presenter, staff)
    assert "Take back the cancellation" in text(desk.get(f"{BOOKINGS}{booking.pk}/change/"))
    do(desk, booking, "not-cancelled", reason="")
    assert booking.state == BookingState.CANCELLED
    do(desk, booking, "not-cancelled", reason=WHY)
    assert booking.state == BookingState.CONFIRMED
    page = text(desk.get(f"{BOOKINGS}{booking.pk}/change/"))
    assert "Cancellation taken back" in page
    assert WHY in page
    assert "Take back the cancellation" not in page


def test_a_time_that_has_gone_is_refused_and_what_was_typed_stays(desk: Client, presenter: Presenter, staff: User) -> None:
    booking = cancelled(presenter, staff)
    make_booking(presenter, at("10:30"))
    response = do(desk, booking, "not-cancelled", reason=WHY)
    assert "is no longer free at that time. Go back to the booking and press “Book again”." in text(response)
    assert WHY in response.content.decode()
    assert booking.state == BookingState.CANCELLED


def test_a_reason_about_a_child_is_asked_about(desk: Client, presenter: Presenter, staff: User) -> None:
    booking = cancelled(presenter, staff)
    do(desk, booking, "not-cancelled", reason=ABOUT_A_CHILD)
    assert booking.state == BookingState.CANCELLED
    do(desk, booking, "not-cancelled", reason=ABOUT_A_CHILD, **KEPT)
    assert (booking.state, told_lead()) == (BookingState.CONFIRMED, 1)


def test_delivered_is_taken_back(desk: Client, presenter: Presenter) -> None:
    booking = make_booking(presenter, at("10:00"), state=BookingState.DELIVERED)
    do(desk, booking, "not-delivered", reason=WHY)
    assert booking.state == BookingState.CONFIRMED


# Booked again


def test_what_is_done_with_is_booked_again_with_everything_filled_in(desk: Client, presenter: Presenter, staff: User) -> None:
    person = make_person(name="Asha Rahman", email="asha@leeds.nhs.uk")
    booking = cancelled(presenter, staff, person=person, access_needs="A loop", audience_size=14, audience_profession="teacher")
    link = f"{BOOKINGS}add/?person={booking.person_id}&again={booking.reference}"
    assert link.replace("&", "&amp;") in desk.get(f"{BOOKINGS}{booking.pk}/change/").content.decode()
    page = desk.get(link)
    first = {
        name: values(page, name)
        for name in ("caller-name", "where-postcode", "where-address_line_1", "details-audience_size", "details-contact_name")
    }
    assert first == {
        "caller-name": ["Asha Rahman"],
        "where-postcode": [LEEDS],
        "where-address_line_1": ["St James"],
        "details-audience_size": ["14"],
        "details-contact_name": ["Jo Green"],
    }
    assert checked(page, "where-format") == ["workplace"]
    html = page.content.decode()
    assert "A loop" in html
    chosen = [option.attrs["value"] for option in Page(html).all("option") if "selected" in option.attrs]
    assert {str(booking.presentation_id), "teacher"} <= set(chosen)
    # Only the time is left to choose, and free ones stand there already.
    assert "These times are free" in html
    assert Entry.objects.filter(act=Act.VIEWED, kind="professionals.person", key=str(person.pk)).exists()


def test_what_was_cancelled_is_booked_again_first_and_seldom_taken_back(desk: Client, presenter: Presenter, staff: User) -> None:
    page = Page(desk.get(f"{BOOKINGS}{cancelled(presenter, staff).pk}/change/").content.decode())
    row = [(a.text, "staff-button--main" in a.classes) for a in page.all("a", "actions-row__button")]
    assert row[:2] == [("Book again", True), ("Take back the cancellation", False)]
    given = make_booking(presenter, NOW - timedelta(days=3), state=BookingState.DELIVERED, visit_closed=True)
    page = Page(desk.get(f"{BOOKINGS}{given.pk}/change/").content.decode())
    row = [(a.text, "staff-button--main" in a.classes) for a in page.all("a", "actions-row__button")]
    assert row[:2] == [("Record who came", True), ("Book again", False)]


def test_only_what_is_done_with_and_known_is_booked_again(desk: Client, presenter: Presenter, staff: User) -> None:
    live, gone = make_booking(presenter, at("14:00")), cancelled(presenter, staff, person=make_person(name="Asha Rahman"))
    Person.objects.filter(pk=gone.person_id).update(erased_at=NOW)
    for booking in (live, gone):
        assert "again=" not in desk.get(f"{BOOKINGS}{booking.pk}/change/").content.decode()
    again = desk.get(f"{BOOKINGS}add/?person={gone.person_id}&again={gone.reference}")
    assert values(again, "where-postcode") == [""]
    assert "Asha Rahman" not in text(again)
    ahead = desk.get(f"{BOOKINGS}add/?person={live.person_id}&again={live.reference}").content.decode()
    chosen = [option.attrs["value"] for option in Page(ahead).all("option") if "selected" in option.attrs]
    assert str(live.presentation_id) not in chosen
    another = desk.get(f"{BOOKINGS}add/?person={make_person().pk}&again={live.reference}")
    assert values(another, "details-audience_size") == [""]
    for wrong in ("BK-2222-22", "x", ""):
        assert desk.get(f"{BOOKINGS}add/?person={live.person_id}&again={wrong}").status_code == 200


# Several at once


def test_those_that_are_over_are_marked_and_the_others_are_named(
    desk: Client, presenter: Presenter, staff: User, clock: time_machine.Traveller
) -> None:
    over, ahead = make_booking(presenter, at("10:00"), postcode=""), make_booking(presenter, at("14:00"), postcode="")
    visit = make_booking(make_presenter(), at("10:00"))  # nobody knows if its presenter is safe
    clock.move_to(at("12:00"))
    sign_in_staff(desk, staff)
    said = text(ticked(desk, "mark_delivered_ticked", over, ahead, visit))
    assert [booking.state for booking in (over, ahead, visit)] == [
        BookingState.DELIVERED,
        BookingState.CONFIRMED,
        BookingState.CONFIRMED,
    ]
    assert "1 booking is marked as delivered." in said
    assert f"{ahead.reference} was skipped: The presentation is not over yet." in said
    assert f"{visit.reference} was skipped: We have not heard from the presenter of this visit." in said


def test_one_presenter_is_assigned_to_each_or_the_refusal_names_it(desk: Client, presenter: Presenter) -> None:
    free, clash = make_booking(None, at("10:00")), make_booking(None, at("10:30"))
    undated = make_request()
    page = ticked(desk, "assign_ticked", free, clash, undated)
    assert "Assign this presenter" in text(page)
    assert {free.reference, clash.reference} <= set(text(page).split())
    assert not BusyTime.objects.exists()
    sent = {name: values(page, name) for name in ("_selected_action", "action")}
    assert set(sent["_selected_action"]) == {str(booking.pk) for booking in (free, clash, undated)}
    said = text(ticked(desk, sent["action"][0], free, clash, undated, presenter=presenter.pk))
    assert "1 booking has this presenter now." in said
    assert f"{clash.reference} was skipped: {presenter.name} is busy then, or could not get there in time." in said
    assert f"{undated.reference} was skipped: No time is agreed yet." in said
    assert (free.presenter, clash.presenter, undated.presenter) == (presenter, None, None)


def test_a_presenter_must_be_chosen(desk: Client, presenter: Presenter) -> None:
    booking = make_booking(None, at("10:00"))
    assert "Choose a presenter." in text(ticked(desk, "assign_ticked", booking, presenter=""))
    assert booking.presenter is None


def test_who_may_only_look_finds_no_action(client: Client, presenter: Presenter) -> None:
    sign_in_staff(client, make_staff(superuser=False, role="read-only"))
    booking = make_booking(presenter, at("10:00"))
    page = client.get(BOOKINGS).content.decode()
    assert "mark_delivered_ticked" not in page
    assert "Export" not in page
    ticked(client, "mark_delivered_ticked", booking)
    assert booking.state == BookingState.CONFIRMED
    assert client.post(EXPORT, {"form": "csv", "list": ""}).status_code == 403


# Exported


def rows(response: HttpResponse) -> list[dict[str, str]]:
    assert response.streaming
    content = b"".join(response.streaming_content)  # type: ignore[attr-defined]
    return list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"), newline="")))


def test_the_list_is_exported_and_that_is_written_down(desk: Client, presenter: Presenter, staff: User) -> None:
    booking = make_booking(presenter, at("10:00"), person=make_person(name="=Asha"))
    make_request()
    response = desk.post(EXPORT, {"form": "csv", "list": "?state__exact=confirmed"})
    [row] = rows(response)
    assert (row["Reference"], row["State"], row["Day"], row["Starts"], row["Ends"]) == (
        *(booking.reference, "Confirmed", "2027-01-25", "10:00", "11:00"),
    )
    assert (row["Person"], row["Presenter"], row["Postcode"], row["People who came"]) == (*("'=Asha", presenter.name, LEEDS, ""),)
    [record] = Export.objects.all()
    assert (record.by, record.form, record.rows, record.filters, record.searched, record.chosen) == (
        *(staff, "csv", 1, "State: Confirmed", False, False),
    )
    assert Entry.objects.filter(act=Act.EXPORTED, page="bookings_booking_export").exists()
    assert "State: Confirmed" in text(desk.get("/staff/audit/export/"))
    with pytest.raises(DatabaseError, match=r"append-only|permission denied"), transaction.atomic():
        Export.objects.update(rows=2)
    staff.delete()
    assert Export.objects.get().by is None


def test_ticked_ones_are_exported_and_an_empty_list_is_not(desk: Client, presenter: Presenter) -> None:
    booking, _other = make_booking(presenter, at("10:00")), make_request()
    response = desk.post(BOOKINGS, {"action": "export_ticked_xlsx", "_selected_action": [booking.pk]})
    assert b"".join(response.streaming_content)[:2] == b"PK"  # type: ignore[attr-defined]
    assert Export.objects.get().chosen
    assert desk.post(EXPORT, {"form": "csv", "list": "?state__exact=declined"}).status_code == 302
    assert Export.objects.count() == 1


def test_only_managers_export(client: Client, presenter: Presenter) -> None:
    make_booking(presenter, at("10:00"))
    for role, status in (("coordinator", 403), ("presenter", 403), ("manager", 200)):
        sign_in_staff(client, make_staff(superuser=False, role=role))
        assert client.post(EXPORT, {"form": "csv", "list": ""}).status_code == status
    assert Permission.objects.filter(codename="export_bookings").exists()
    assert client.get(EXPORT).status_code == 405
