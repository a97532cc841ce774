"""Every form in which a note about a child can be kept, filled in so that it is: once refused, then kept."""

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django.test import Client
from django.urls import reverse

from bookings.feedback.services import get_or_create_follow_up
from bookings.leave.services import ask_for_leave
from bookings.models import BookingState
from leaflets.orders.services.create import report_missing
from leaflets.orders.services.transitions import dispatch_order, prioritise_order, start_packing
from tests.bookings.admin.test_leave import leave_form
from tests.bookings.flow import WHERE, confirm, fill_in, hidden
from tests.bookings.open_sessions.rows import make_place, make_session
from tests.bookings.rows import NOW, at, make_booking, make_presentation, make_presenter
from tests.factories import make_person, make_staff, sign_in, sign_in_staff
from tests.leaflets.factories import make_edition, make_order
from tests.privacy.rows import make_complaint

NAME = "Quark"
CHILD = f"Zebedia {NAME}, born 12/03/2014, NHS number 943 476 5919"
KEPT = {"keep_what_i_wrote": "on"}
SAM = "sam@leeds.nhs.uk"


def inputs(page: str) -> dict[str, str]:
    return dict(re.findall(r'<input type="hidden" name="(token|promised|version|starts)" value="([^"]*)"', page))


# Each plants the note by a form, once refused and once kept; the browser is signed in as whoever fills it in.


def details_of_a_booking(client: Client) -> None:
    make_presenter(hours=("09:00", "12:00"))
    make_presentation(slug="signs")
    sign_in(client, make_person(email=SAM))
    fill_in(client)
    for more in ({}, KEPT):
        typed = {**WHERE, "room": CHILD, "access_needs": CHILD, "notes": CHILD}
        client.post("/book/signs/where/?change=1", typed | more)
    confirm(client)


def dates_of_a_request(client: Client) -> None:
    make_presenter(hours=("09:00", "12:00"))
    make_presentation(slug="signs")
    sign_in(client, make_person(email=SAM))
    client.post("/book/signs/where/", WHERE)
    for more in ({}, KEPT):
        client.post("/book/signs/dates/", {"day_1": "25 1 2027", "part_1": "time", "clock_1": "10am", "reason": CHILD} | more)
    confirm(client)


def cancelling_a_booking(client: Client) -> None:
    person = make_person(email=SAM)
    booking = make_booking(make_presenter(), at("10:00"), person=person)
    sign_in(client, person)
    for more in ({}, KEPT):
        client.post(f"/bookings/{booking.reference}/cancel/", {"reason": CHILD} | more)


def a_place_at_a_session(client: Client) -> None:
    session = make_session(make_presenter())
    sign_in(client, make_person(email=SAM))
    address = f"/sessions/{session.reference}/place/"
    for more in ({}, KEPT):
        page = client.get(address).content.decode()
        client.post(address, {**inputs(page), "access_needs": CHILD} | more)


def feedback(client: Client) -> None:
    booking = make_booking(make_presenter(), NOW - timedelta(minutes=70), state=BookingState.DELIVERED)
    follow_up = get_or_create_follow_up(given=booking, now=NOW - timedelta(minutes=40))
    said = {"useful": "5", "clear": "4", "ready": "5", "comment": CHILD, "token": "t" * 43}
    said |= {"confidence_before": "2", "confidence_now": "4"}
    for more in ({}, KEPT):
        client.post(f"/f/{follow_up.code}/", said | more)


def why_so_many_copies(client: Client) -> None:
    leaflet = make_edition(NOW, title="One", slug="one", most_per_order=30, stock=500).leaflet
    sign_in(client, make_person(email=SAM))
    client.post(reverse("basket_add", args=[leaflet.slug]), {"one-copies": 5})
    for more in ({}, KEPT):
        client.post(reverse("basket"), {"one": "45", "reason": CHILD, "continue": "1"} | more)
    address = {"name": "Sam Taylor", "address_line_1": "1 Park Row", "town": "Leeds", "postcode": "LS1 4AP"}
    client.post(reverse("order_delivery"), address)
    client.post(reverse("order_check"), hidden(client.get(reverse("order_check"))))


def lost_parcel(client: Client) -> Any:
    person = make_person(email=SAM)
    order = make_order(person, NOW - timedelta(days=20))
    start_packing(order=order, by=None, now=NOW - timedelta(days=20))
    return dispatch_order(order=order, by=None, now=NOW - timedelta(days=20), tracking_number="RM 1")


def a_parcel_that_never_came(client: Client) -> None:
    parcel = lost_parcel(client)
    sign_in(client, parcel.order.person)
    for more in ({}, KEPT):
        client.post(reverse("order_missing", args=[parcel.order.reference]), {"parcel": parcel.pk, "note": CHILD} | more)


def act(client: Client, app: str, row: Any, slug: str, **typed: Any) -> None:
    sign_in_staff(client, make_staff())
    address = reverse(f"staff:{app}_{row._meta.model_name}_action", args=[row.pk, slug])
    for more in ({}, KEPT):
        client.post(address, {"sent": "1", **typed, **more})


def closing_a_parcel(client: Client) -> None:
    parcel = lost_parcel(client)
    report, _made = report_missing(parcel=parcel, by=None, now=NOW)
    act(client, "leaflets", report, "close", reason=CHILD)


def declining_a_booking(client: Client) -> None:
    act(client, "bookings", make_booking(make_presenter(), at("10:00"), state=BookingState.REQUESTED), "decline", reason=CHILD)


def cancelling_for_staff(client: Client) -> None:
    act(client, "bookings", make_booking(make_presenter(), at("10:00")), "cancel", reason=CHILD)


def reassigning(client: Client) -> None:
    booking, other = make_booking(make_presenter(), at("10:00")), make_presenter()
    act(client, "bookings", booking, "reassign", override_reason=CHILD, presenter=other.pk)


def a_journey_of_a_booking(client: Client) -> None:
    act(client, "bookings", make_booking(make_presenter(), at("10:00")), "travel", reason=CHILD, minutes="30")


def a_journey_between_areas(client: Client) -> None:
    sign_in_staff(client, make_staff())
    for more in ({}, KEPT):
        typed = {"area_a": "LS", "area_b": "YO", "minutes": "60", "reason": CHILD}
        client.post("/staff/bookings/journeytime/add/", typed | more)


def cancelling_a_session(client: Client) -> None:
    act(client, "bookings", make_session(make_presenter()), "cancel", reason=CHILD)


def leave(client: Client) -> None:
    sign_in_staff(client, make_staff())
    typed = leave_form(make_presenter(), reason=CHILD)
    for more in ({}, KEPT):
        client.post("/staff/bookings/leave/add/", typed | more)


def cancelling_an_order(client: Client) -> None:
    act(client, "leaflets", make_order(make_person(email=SAM), NOW), "cancel", reason=CHILD)


def declining_an_order(client: Client) -> None:
    edition = make_edition(NOW, most_per_order=10)
    order = make_order(make_person(email=SAM), NOW, {edition.leaflet: 40}, over_limit_reason="A conference")
    act(client, "leaflets", order, "decline", reason=CHILD)


def passing_an_order_forward(client: Client) -> None:
    edition = make_edition(NOW, stock=0)
    order = make_order(make_person(email=SAM), NOW, {edition.leaflet: 10}, will_wait_for=[edition.leaflet])
    act(client, "leaflets", order, "forward", reason=CHILD)


def correcting_stock(client: Client) -> None:
    act(client, "leaflets", make_edition(NOW), "correct", reason=CHILD, change="5")


def refusing_leave(client: Client) -> None:
    presenter, holiday = make_presenter(), (at("09:00"), at("17:00"))
    asked = ask_for_leave(presenter=presenter, starts_at=holiday[0], ends_at=holiday[1], kind="holiday", by=None, now=NOW).leave
    act(client, "bookings", asked, "refuse", answer=CHILD)


def moving_a_session(client: Client) -> None:
    """It shows first what speaks against the time; who has a place gets an email."""
    session = make_session(make_presenter())
    make_place(session, person=make_person(email=SAM))
    sign_in_staff(client, make_staff())
    address = reverse("staff:bookings_opensession_action", args=[session.pk, "move"])
    typed = {"sent": "1", "starts": session.starts_at.isoformat(), "day": "25 1 2027", "clock": "7pm", "reason": CHILD}
    client.post(address, typed)
    shown = client.post(address, typed | KEPT)
    client.post(address, typed | KEPT | {"seen": shown.context["seen"], "starts": shown.context["starts"]})


def another_presenter_for_a_session(client: Client) -> None:
    session, other = make_session(make_presenter()), make_presenter()
    act(client, "bookings", session, "reassign", reason=CHILD, presenter=other.pk)


def stock_that_came_in(client: Client) -> None:
    act(client, "leaflets", make_edition(NOW), "receive", reason=CHILD, copies="5")


def putting_an_order_back_in_line(client: Client) -> None:
    edition = make_edition(NOW, stock=0)
    order = make_order(make_person(email=SAM), NOW, {edition.leaflet: 10}, will_wait_for=[edition.leaflet])
    prioritise_order(order=order, by=None, now=NOW, reason="A conference")
    act(client, "leaflets", order, "in-line", reason=CHILD)


def agreeing_to_an_order(client: Client) -> None:
    edition = make_edition(NOW, most_per_order=10)
    order = make_order(make_person(email=SAM), NOW, {edition.leaflet: 40}, over_limit_reason="A conference")
    act(client, "leaflets", order, "approve", reason=CHILD, **{f"copies_{line.pk}": "20" for line in order.lines.all()})


def a_complaint(client: Client) -> None:
    token = inputs(client.get(reverse("complaint")).content.decode())
    typed = {**token, "name": "Sam Taylor", "email": SAM, "description": CHILD, "wanted": CHILD}
    for more in ({}, KEPT):
        client.post(reverse("complaint"), typed | more)


def a_note_about_a_complaint(client: Client) -> None:
    act(client, "privacy", make_complaint(), "note", words=CHILD)


def closing_a_complaint(client: Client) -> None:
    act(client, "privacy", make_complaint(), "close", words=CHILD)


# Plant → the boxes that it fills in. A box that is in none, can be kept, and is not named in free_text.py fails a test.
PLANTED: dict[Callable[[Client], None], set[str]] = {
    details_of_a_booking: {
        "bookings.booking.forms.BookingForm.room",
        "bookings.booking.forms.BookingForm.access_needs",
        "bookings.booking.forms.BookingForm.notes",
    },
    dates_of_a_request: {"bookings.booking.forms.DatesForm.reason"},
    cancelling_a_booking: {"bookings.booking.forms.CancelForm.reason"},
    a_place_at_a_session: {"bookings.open_sessions.views.PlaceForm.access_needs"},
    feedback: {"bookings.feedback.forms.FeedbackForm.comment"},
    why_so_many_copies: {"leaflets.orders.forms.BasketForm.reason"},
    a_parcel_that_never_came: {"leaflets.orders.views.MissingForm.note"},
    closing_a_parcel: {"leaflets.orders.admin.orders.CloseMissingForm.reason"},
    declining_a_booking: {"bookings.booking.admin.actions.DeclineForm.reason"},
    cancelling_for_staff: {"bookings.booking.admin.actions.CancelBookingForm.reason"},
    reassigning: {"bookings.booking.admin.actions.ReassignForm.override_reason"},
    a_journey_of_a_booking: {"bookings.booking.admin.actions.TravelForm.reason"},
    a_journey_between_areas: {"bookings.schedule.admin.JourneyTimeForm.reason"},
    cancelling_a_session: {"bookings.open_sessions.admin.actions.CancelSessionForm.reason"},
    leave: {"bookings.leave.admin.LeaveForm.reason"},
    cancelling_an_order: {"leaflets.orders.admin.orders.CancelForm.reason"},
    declining_an_order: {"leaflets.orders.admin.orders.DeclineForm.reason"},
    passing_an_order_forward: {"leaflets.orders.admin.orders.PrioritiseForm.reason"},
    correcting_stock: {"leaflets.catalogue.admin.CorrectForm.reason"},
    refusing_leave: {"bookings.leave.admin.RefuseLeaveForm.answer"},
    moving_a_session: {"bookings.open_sessions.admin.actions.RescheduleSessionForm.reason"},
    another_presenter_for_a_session: {"bookings.open_sessions.admin.actions.SessionPresenterForm.reason"},
    stock_that_came_in: {"leaflets.catalogue.admin.ReceiveForm.reason"},
    putting_an_order_back_in_line: {"leaflets.orders.admin.orders.RemovePriorityForm.reason"},
    agreeing_to_an_order: {"leaflets.orders.admin.orders.GrantForm.reason"},
    a_complaint: {"privacy.forms.ComplaintForm.description", "privacy.forms.ComplaintForm.wanted"},
    a_note_about_a_complaint: {"privacy.forms.ComplaintNoteForm.words"},
    closing_a_complaint: {"privacy.forms.CloseComplaintForm.words"},
}
