"""Each page on which a team works takes at most twenty statements, for every role, with much of everything on it."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.test import Client

from accounts.roles import ROLES_BY_SLUG
from bookings.feedback.services import get_or_create_follow_up, record_attendance
from bookings.models import BookingEvent, BookingEventKind, BookingState, Feedback
from professionals.merges.services import merge_organisations, merge_people
from professionals.models import NoteKind, Organisation
from professionals.services import add_note, write_letter
from tests.bookings.open_sessions.rows import make_place, make_session
from tests.bookings.rows import NOW, at, make_booking, make_presenter, make_request
from tests.factories import make_organisation, make_person, make_staff, sign_in_staff
from tests.leaflets.factories import make_edition, make_order
from tests.leaflets.statements import statements
from tests.professionals.test_story import a_story, page_of

pytestmark = pytest.mark.django_db
MOST, DAY = 20, timedelta(days=1)


@pytest.fixture(autouse=True)
def clock() -> Iterator[None]:
    with time_machine.travel(NOW, tick=False):
        yield


def at_work(organisation: Organisation, number: int) -> None:
    """One of many colleagues, with something of each kind."""
    colleague = make_person(name=f"Asha Colleague {number}", organisation=organisation)
    made = make_booking(
        make_presenter(), NOW - (number + 1) * DAY, person=colleague, state=BookingState.DELIVERED, visit_closed=True
    )
    BookingEvent.objects.create(booking=made, kind=BookingEventKind.BOOKED, at=NOW - DAY)
    make_order(colleague, NOW - number * DAY)
    make_place(make_session(make_presenter(), NOW + (number + 5) * DAY), person=colleague)


@pytest.fixture
def pages() -> dict[str, str]:
    """By name, the address of each, with as much on it as there can be."""
    staff = make_staff("pat@ctac.example")
    organisation = make_organisation("Leeds Health Visiting")
    person = make_person(name="Asha Okafor", email="asha@leeds.nhs.uk", organisation=organisation)
    twin = make_person(name="Asha Okafor", email="asha.okafor@leeds.nhs.uk", organisation=organisation, with_user=False)
    other = make_person(name="Asha Okafor", email="a.okafor@leeds.nhs.uk", organisation=organisation, with_user=False)
    of: dict[str, Any] = a_story(person, staff)
    booking, order, session = of["booking"], of["order"], of["session"]
    for number in range(4):
        at_work(organisation, number)
    for state in (BookingState.CONFIRMED, BookingState.CANCELLED):
        make_booking(make_presenter(), at("10:00") + 20 * DAY, person=person, state=state)
    make_request(person=person)
    record_attendance(given=booking, counts={"health-visitor": 9}, by=staff, now=NOW)
    marks = dict.fromkeys(("useful", "clear", "ready"), 4)
    Feedback.objects.create(follow_up=get_or_create_follow_up(given=booking, now=NOW), token="t", received_on=NOW.date(), **marks)
    for row in (booking, order, session):
        add_note(person=person, kind=NoteKind.WE_RANG, text="About it.", reference=row.reference, by=staff, now=NOW)
    add_note(organisation=organisation, kind=NoteKind.RANG_US, text="Ask for Jo.", by=staff, now=NOW)
    write_letter(person=person, subject="Your call", text="As we said.", by=staff, now=NOW)
    merge_organisations(keep=organisation, others=[make_organisation("Leeds Health Visitors")], by=staff, now=NOW)
    merge_people(person, other=twin, kept_values={}, by=staff, now=NOW)
    make_edition(NOW, stock=500)
    own, its = page_of(person), page_of(organisation)
    return {
        "person": own,
        "organisation": its,
        "booking": page_of(booking),
        "order": page_of(order),
        "session": page_of(session),
        "today": "/staff/",
        "find": "/staff/find/?q=asha",
        "find misspelt": "/staff/find/?q=asah",
        "guide": "/staff/guide/?q=orders",
        "section of the guide": "/staff/guide/orders/",
        "calendar": "/staff/bookings/calendar/",
        "calendar month": "/staff/bookings/calendar/?view=month",
        "book for a caller": f"/staff/bookings/booking/add/?person={person.pk}",
        "order for a caller": f"/staff/leaflets/order/add/?person={person.pk}",
        "merge": own.replace("/change/", "/do/merge/"),
        "merge with": f"{own.replace('/change/', '/do/merge/')}?with={other.pk}",
        "undo merge": own.replace("/change/", "/do/undo-merge/"),
        "merge organisations": its.replace("/change/", "/do/merge/"),
        "undo merge of organisations": its.replace("/change/", "/do/undo-merge/"),
    }


@pytest.mark.parametrize("role", ROLES_BY_SLUG)
def test_each_page_takes_few_statements(pages: dict[str, str], role: str) -> None:
    client = sign_in_staff(Client(), make_staff(role=role))
    seen, too_many = set(), {}
    for name, address in pages.items():
        if client.get(address).status_code != 200:  # it may not; and what is read once a process is read
            continue
        seen.add(name)
        if len(asked := statements(lambda address=address: client.get(address))) > MOST:  # type: ignore[misc]
            too_many[name] = [len(asked), *(sql[:90] for sql in asked)]
    assert too_many == {}
    assert seen
    assert role != "coordinator" or seen == set(pages)
