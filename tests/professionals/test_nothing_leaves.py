"""A note about a child that somebody keeps, planted by each form: no log, email, calendar, list, export, draft or session has it.

Then the safeguarding lead finds it and clears it, and no table of the database has it any more.
"""

import json
import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.urls import reverse

from bookings import feeds
from bookings.models import Presenter, State
from bookings.services import open_afterwards
from ctac.staff import staff_site
from leaflets.exchange.orders import keys_of_orders, order_rows
from leaflets.models import Order
from leaflets.services import dispatch, report_missing, start_packing
from notifications.models import Notification
from notifications.registry import kind_named
from notifications.rendering import render
from notifications.services import notify
from professionals import services
from professionals.flagged import mark_of, words_of
from professionals.models import Draft, FlaggedText, Person, Session
from tests.bookings.admin.test_leave import leave_form
from tests.bookings.flow import DETAILS, WHERE, confirm, fill_in, hidden
from tests.bookings.rows import NOW, at, make_booking, make_presentation, make_presenter
from tests.bookings.sessions.rows import make_session
from tests.dataprotection.rows import make_complaint
from tests.factories import make_person, make_staff, sign_in, sign_in_staff
from tests.leaflets.factories import make_edition, make_order

pytestmark = pytest.mark.django_db
NAME = "Quark"
CHILD = f"Zebedia {NAME}, born 12/03/2014, NHS number 943 476 5919"
KEPT = {"keep_what_i_wrote": "on"}
SAM = "sam@leeds.nhs.uk"


@pytest.fixture(autouse=True)
def clock() -> Iterator[None]:
    with time_machine.travel(NOW, tick=False):
        yield


# Each plants the note by a form, once refused and once kept; the browser is signed in as whoever fills it in.


def details_of_a_booking(client: Client) -> None:
    make_presenter(hours=("09:00", "12:00"))
    make_presentation(slug="signs")
    sign_in(client, make_person(email=SAM))
    fill_in(client)
    for more in ({}, KEPT):
        typed = {**DETAILS, "room": CHILD, "access_needs": CHILD, "notes": CHILD}
        client.post("/book/signs/details/?change=1", typed | more)
    confirm(client)


def dates_of_a_request(client: Client) -> None:
    make_presenter(hours=("09:00", "12:00"))
    make_presentation(slug="signs")
    sign_in(client, make_person(email=SAM))
    client.post("/book/signs/where/", WHERE)
    for more in ({}, KEPT):
        client.post("/book/signs/dates/", {"day_1": "25 1 2027", "part_1": "time", "clock_1": "10am", "reason": CHILD} | more)
    client.post("/book/signs/details/", DETAILS)
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
    booking = make_booking(make_presenter(), NOW - timedelta(minutes=70), state=State.DELIVERED)
    afterwards = open_afterwards(given=booking, now=NOW - timedelta(minutes=40))
    said = {"useful": "5", "clear": "4", "ready": "5", "comment": CHILD, "token": "t" * 43}
    for more in ({}, KEPT):
        client.post(f"/f/{afterwards.code}/", said | more)


def why_so_many_copies(client: Client) -> None:
    leaflet = make_edition(NOW, title="One", slug="one", most_per_order=30, stock=500).leaflet
    sign_in(client, make_person(email=SAM))
    client.post(reverse("basket_add", args=[leaflet.slug]), {"one-copies": 5})
    for more in ({}, KEPT):
        client.post(reverse("basket"), {"one": "45", "because": CHILD, "continue": "1"} | more)
    address = {"name": "Sam Taylor", "address_line_1": "1 Park Row", "town": "Leeds", "postcode": "LS1 4AP"}
    client.post(reverse("order_delivery"), address)
    client.post(reverse("order_check"), hidden(client.get(reverse("order_check"))))


def lost_parcel(client: Client) -> Any:
    person = make_person(email=SAM)
    order = make_order(person, NOW - timedelta(days=20))
    start_packing(order=order, by=None, now=NOW - timedelta(days=20))
    return dispatch(order=order, by=None, now=NOW - timedelta(days=20), tracking_number="RM 1")


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
    act(client, "bookings", make_booking(make_presenter(), at("10:00"), state=State.REQUESTED), "decline", reason=CHILD)


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
        typed = {"one": "LS", "other": "YO", "minutes": "60", "reason": CHILD}
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
    order = make_order(make_person(email=SAM), NOW, {edition.leaflet: 40}, asked_because="A conference")
    act(client, "leaflets", order, "decline", reason=CHILD)


def passing_an_order_forward(client: Client) -> None:
    edition = make_edition(NOW, stock=0)
    order = make_order(make_person(email=SAM), NOW, {edition.leaflet: 10}, will_wait_for=[edition.leaflet])
    act(client, "leaflets", order, "forward", reason=CHILD)


def correcting_stock(client: Client) -> None:
    act(client, "leaflets", make_edition(NOW), "correct", reason=CHILD, change="5")


def a_complaint(client: Client) -> None:
    token = inputs(client.get(reverse("complaint")).content.decode())
    typed = {**token, "name": "Sam Taylor", "email": SAM, "wrong": CHILD, "wanted": CHILD}
    for more in ({}, KEPT):
        client.post(reverse("complaint"), typed | more)


def a_note_about_a_complaint(client: Client) -> None:
    act(client, "dataprotection", make_complaint(), "note", words=CHILD)


def closing_a_complaint(client: Client) -> None:
    act(client, "dataprotection", make_complaint(), "close", words=CHILD)


PLANTED: tuple[Callable[[Client], None], ...] = (
    details_of_a_booking,
    dates_of_a_request,
    cancelling_a_booking,
    a_place_at_a_session,
    feedback,
    why_so_many_copies,
    a_parcel_that_never_came,
    closing_a_parcel,
    declining_a_booking,
    cancelling_for_staff,
    reassigning,
    a_journey_of_a_booking,
    a_journey_between_areas,
    cancelling_a_session,
    leave,
    cancelling_an_order,
    declining_an_order,
    passing_an_order_forward,
    correcting_stock,
    a_complaint,
    a_note_about_a_complaint,
    closing_a_complaint,
)


@pytest.mark.parametrize("plant", PLANTED, ids=lambda plant: plant.__name__)
def test_what_is_kept_reaches_nobody_but_the_lead_who_clears_it(
    client: Client, caplog: pytest.LogCaptureFixture, plant: Callable[[Client], None]
) -> None:
    with caplog.at_level("DEBUG"):
        plant(client)
        flagged = FlaggedText.objects.get()  # the form stopped the first time, and the lead is told of the second, once
        assert Notification.objects.filter(kind="safeguarding-flag").count() == 1
        assert tables_with(NAME) != set()
        seen = {
            "email": sent(),
            "draft": json.dumps(list(Draft.objects.values_list("answers", flat=True)), default=str),
            "session": json.dumps([session.get_decoded() for session in Session.objects.all()], default=str),
            "calendar": calendars(),
            "list": lists(),
            "export": str([list(row) for row in order_rows(keys_of_orders(Order.objects.all()))]),
        }
    seen["log"] = caplog.text
    assert [where for where, words in seen.items() if NAME in words or "943 476 5919" in words] == []

    lead = make_staff()
    assert {NAME in words.text for words in words_of(flagged)} == {True}
    services.read_flagged(flagged=flagged, by=lead, now=NOW)
    services.clear_flagged(flagged=flagged, shown=mark_of(words_of(flagged)), by=lead, now=NOW)
    assert tables_with(NAME) == set()


def test_the_looks_find_what_is_there() -> None:
    """The control: a note that nobody marked as a child's is in the list of tables, and in an email."""
    booking = make_booking(make_presenter(), at("10:00"), room=f"Dr {NAME}", notes="")
    assert tables_with(NAME) == {"bookings_booking"}
    notify(kind="staff-new-booking", about=f"booking:{booking.pk}", to=["t@ctac.example"], reference=booking.reference, now=NOW)
    assert NAME in sent()


def inputs(page: str) -> dict[str, str]:
    return dict(re.findall(r'<input type="hidden" name="(token|promised|version|starts)" value="([^"]*)"', page))


def sent() -> str:
    """Every message as its reader would get it now, and what the outbox has of it."""
    words = [json.dumps(list(Notification.objects.values()), default=str)]
    for row in Notification.objects.all():
        message = kind_named(row.kind).build(row)
        rendered = render(message)
        words += [str(rendered), message.calendar.decode(), *(str(part.content) for part in message.attachments)]
    return "\n".join(words)


def calendars() -> str:
    entries = [entry for person in Person.objects.all() for entry in feeds.of_person(person, NOW)]
    entries += [entry for presenter in Presenter.objects.all() for entry in feeds.of_presenter(presenter, NOW)]
    return feeds.written("All", entries, NOW).decode()


def lists() -> str:
    """Each list of the staff site and its first page, as somebody sees them who may see everything."""
    desk = sign_in_staff(Client(), make_staff())
    pages = [reverse("staff:index")]
    pages += [reverse(f"staff:{model._meta.app_label}_{model._meta.model_name}_changelist") for model in staff_site._registry]
    return "\n".join(f"{page} {desk.get(page, follow=True).content.decode()}" for page in pages)


def tables_with(words: str) -> set[str]:
    """Every table of the database that has them anywhere, columns of JSON and arrays too."""
    with connection.cursor() as cursor:
        tables = connection.introspection.table_names(cursor)
        asked = " UNION ALL ".join(
            f"SELECT '{table}' FROM {connection.ops.quote_name(table)} AS line WHERE line::text ILIKE %s"  # noqa: S608 - names of tables
            for table in tables
        )
        cursor.execute(asked, [f"%{words}%"] * len(tables))
        return {table for (table,) in cursor.fetchall()}
