"""A note about a child that somebody keeps, planted by each form: no log, email, calendar, list, export, draft or session has it.

Then the safeguarding lead finds it and clears it, and no table of the database has it any more.
"""

import json
import re
import sys
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.db import connection
from django.forms import Form
from django.test import Client
from django.urls import reverse

from bookings import feeds
from bookings.models import Presenter, State
from bookings.services import ask_for_leave, open_afterwards
from ctac.staff import staff_site
from leaflets.exchange.orders import keys_of_orders, order_rows
from leaflets.models import Order
from leaflets.services import dispatch, pass_forward, report_missing, start_packing
from notifications.models import Notification
from notifications.registry import kind_named
from notifications.rendering import render
from notifications.services import notify
from professionals import services
from professionals.flagged import mark_of, words_of
from professionals.models import Draft, FlaggedText, Person, Session
from professionals.safeguarding import ChildDetailsMixin
from tests.bookings.admin.test_leave import leave_form
from tests.bookings.flow import DETAILS, WHERE, confirm, fill_in, hidden
from tests.bookings.rows import NOW, at, make_booking, make_presentation, make_presenter
from tests.bookings.sessions.rows import make_place, make_session
from tests.dataprotection.rows import make_complaint
from tests.factories import make_person, make_staff, sign_in, sign_in_staff
from tests.leaflets.factories import make_edition, make_order
from tests.professionals.free_text import GOES_AS, WRITTEN_BY
from tests.professionals.test_free_text import checked, named, our_forms

pytestmark = pytest.mark.django_db
NAME = "Quark"
CHILD = f"Zebedia {NAME}, born 12/03/2014, NHS number 943 476 5919"
KEPT = {"keep_what_i_wrote": "on"}
SAM = "sam@leeds.nhs.uk"


@pytest.fixture(autouse=True)
def clock() -> Iterator[None]:
    with time_machine.travel(NOW, tick=False):
        yield


def by_name() -> dict[str, type[Form]]:
    """Those forms whose words go by the detector, but none that the staff site makes of them while it runs."""
    found = {named(form): form for form in our_forms() if checked(form)}
    return {name: form for name, form in found.items() if getattr(sys.modules[form.__module__], form.__name__, None) is form}


CHECKED = by_name()


@pytest.fixture
def kept(monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """The boxes whose words somebody kept, as forms say it; the forms do what they do."""
    found: set[str] = set()
    clean = ChildDetailsMixin.clean

    def watched(form: Any) -> Any:
        cleaned = clean(form)
        if form.flagged:
            name = next(named(each) for each in type(form).__mro__ if CHECKED.get(named(each)) is each)
            found.update(f"{name}.{field}" for field in form._suspicious)
        return cleaned

    monkeypatch.setattr(ChildDetailsMixin, "clean", watched)
    return found


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
    pass_forward(order=order, by=None, now=NOW, reason="A conference")
    act(client, "leaflets", order, "in-line", reason=CHILD)


def agreeing_to_an_order(client: Client) -> None:
    edition = make_edition(NOW, most_per_order=10)
    order = make_order(make_person(email=SAM), NOW, {edition.leaflet: 40}, asked_because="A conference")
    act(client, "leaflets", order, "approve", reason=CHILD, **{f"copies_{line.pk}": "20" for line in order.lines.all()})


def a_complaint(client: Client) -> None:
    token = inputs(client.get(reverse("complaint")).content.decode())
    typed = {**token, "name": "Sam Taylor", "email": SAM, "wrong": CHILD, "wanted": CHILD}
    for more in ({}, KEPT):
        client.post(reverse("complaint"), typed | more)


def a_note_about_a_complaint(client: Client) -> None:
    act(client, "dataprotection", make_complaint(), "note", words=CHILD)


def closing_a_complaint(client: Client) -> None:
    act(client, "dataprotection", make_complaint(), "close", words=CHILD)


# Plant → the boxes that it fills in. A box that is in none, can be kept, and is not named in free_text.py fails a test.
PLANTED: dict[Callable[[Client], None], set[str]] = {
    details_of_a_booking: {
        "bookings.forms.DayAndLeafletsForm.room",
        "bookings.forms.DayAndLeafletsForm.access_needs",
        "bookings.forms.DayAndLeafletsForm.notes",
    },
    dates_of_a_request: {"bookings.request_forms.DatesForm.reason"},
    cancelling_a_booking: {"bookings.forms.CancelForm.reason"},
    a_place_at_a_session: {"bookings.session_forms.PlaceForm.access_needs"},
    feedback: {"bookings.after_forms.FeedbackForm.comment"},
    why_so_many_copies: {"leaflets.forms.BasketForm.because"},
    a_parcel_that_never_came: {"leaflets.views.missing.MissingForm.note"},
    closing_a_parcel: {"leaflets.admin.missing.CloseForm.reason"},
    declining_a_booking: {"bookings.admin.actions.DeclineForm.reason"},
    cancelling_for_staff: {"bookings.admin.actions.CancelForm.reason"},
    reassigning: {"bookings.admin.actions.ReassignForm.override_reason"},
    a_journey_of_a_booking: {"bookings.admin.actions.TravelForm.reason"},
    a_journey_between_areas: {"bookings.admin.journeys.JourneyTimeForm.reason"},
    cancelling_a_session: {"bookings.admin.sessions.actions.CancelForm.reason"},
    leave: {"bookings.admin.leave.LeaveForm.reason"},
    cancelling_an_order: {"leaflets.admin.orders.CancelForm.reason"},
    declining_an_order: {"leaflets.admin.deciding.DeclineForm.reason"},
    passing_an_order_forward: {"leaflets.admin.forward.ForwardForm.reason"},
    correcting_stock: {"leaflets.admin.editions.CorrectForm.reason"},
    refusing_leave: {"bookings.admin.leave.RefuseForm.answer"},
    moving_a_session: {"bookings.admin.sessions.moving.MoveForm.reason"},
    another_presenter_for_a_session: {"bookings.admin.sessions.presenter.PresenterForm.reason"},
    stock_that_came_in: {"leaflets.admin.editions.ReceiveForm.reason"},
    putting_an_order_back_in_line: {"leaflets.admin.forward.BackForm.reason"},
    agreeing_to_an_order: {"leaflets.admin.deciding.GrantForm.reason"},
    a_complaint: {"dataprotection.forms.ComplaintForm.wrong", "dataprotection.forms.ComplaintForm.wanted"},
    a_note_about_a_complaint: {"dataprotection.admin.complaint_forms.NoteForm.words"},
    closing_a_complaint: {"dataprotection.admin.complaint_forms.CloseForm.words"},
}


@pytest.mark.parametrize("plant", PLANTED, ids=lambda plant: plant.__name__)
def test_what_is_kept_reaches_nobody_but_the_lead_who_clears_it(
    client: Client, caplog: pytest.LogCaptureFixture, kept: set[str], plant: Callable[[Client], None]
) -> None:
    with caplog.at_level("DEBUG"):
        plant(client)
        assert kept == PLANTED[plant]
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


def test_no_box_for_words_is_forgotten() -> None:
    """Each is planted above, or can't be kept, or goes as a planted one: into the same column."""
    planted = {box for boxes in PLANTED.values() for box in boxes}
    never = {f"{name}.{field}" for name, form in CHECKED.items() for field in getattr(form, "never_kept", ())}
    every = {f"{name}.{field}" for name, form in CHECKED.items() for field in checked(form)}
    assert every - planted - never == set(GOES_AS)
    assert set(GOES_AS.values()) - planted == set()
    assert [(box, other) for box, other in GOES_AS.items() if not columns_of(box) & columns_of(other)] == []


def columns_of(box: str) -> set[str]:
    """In which its words end; forms inherit boxes, so that of the first form that has it counts."""
    name, field = box.rsplit(".", 1)
    parents = [form.__name__ for form in CHECKED[name].__mro__ if field in getattr(form, "base_fields", ())]
    return {column for column, boxes in WRITTEN_BY.items() if {f"{parent}.{field}" for parent in parents} & boxes}


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
