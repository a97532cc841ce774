"""Signing in, a new address and erasure beside a booking or an order of the same person, on real connections.

Each is held where it went wrong before: the booking or order waits for a presenter or for stock, and the other comes.
"""

from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from threading import Thread

import pytest
from allauth.account.models import EmailAddress
from django.conf import settings
from django.db import connection, transaction
from django.test import RequestFactory

from bookings.booking.services.create import place_booking
from bookings.models import Booking, Presenter
from bookings.schedule.holds import hold_slot
from leaflets.models import Edition, Order
from leaflets.stock.services import ledger_differences
from privacy.services import erase_person
from professionals import drafts
from professionals.models import Draft, Organisation, Person
from professionals.services import (
    Details as CallerDetails,
    assign_verified_address,
    find_or_enter_person,
    get_or_create_organisation,
)
from tests.bookings.rows import NOW, at, make_booking, make_presentation, make_presenter, slot_query, unsaved_booking
from tests.factories import make_person
from tests.leaflets.factories import make_edition, make_order
from tests.live.stack import Live

# Rows that migrations loaded come back before each test.
pytestmark = pytest.mark.django_db(transaction=True, serialized_rollback=True)
SECRET = "s" * 43
TEN, TWO = at("10:00"), at("14:00")
# Not pg_stat_activity, which stands still within a transaction. Other tests wait in other databases of the same server, and a
# lock on a transaction names no database; whoever waits for one holds others that do.
WAITING = """SELECT count(DISTINCT pid) FROM pg_locks WHERE NOT granted AND pid IN (SELECT pid FROM pg_locks
    WHERE database = (SELECT oid FROM pg_database WHERE datname = current_database()))"""


def behind(gate: Callable[[], object], *jobs: Callable[[], object]) -> Counter[str]:
    """Start one after another, each once those before wait, while this test holds the gate; how they ended."""
    ends, threads = Counter[str](), []

    def run(job: Callable[[], object]) -> None:
        try:
            job()
        except Exception as error:  # noqa: BLE001 - how it ended is what the test looks at
            ends[f"{type(error).__name__}: {error}"] += 1
        else:
            ends["done"] += 1
        finally:
            connection.close()

    try:
        with transaction.atomic():
            gate()
            for number, job in enumerate(jobs, 1):
                threads.append(Thread(target=run, args=(job,)))
                threads[-1].start()
                Live.wait_for(lambda number=number: waiting() == number, 20)
    finally:
        for thread in threads:  # or a test that failed would go on beside the next
            thread.join(timeout=30)
    return ends


def waiting() -> int:
    with connection.cursor() as cursor:
        cursor.execute(WAITING)
        return cursor.fetchone()[0]


@pytest.fixture
def person() -> Person:
    return make_person(email="sam@leeds.nhs.uk")


def booking_of_a_draft(person: Person) -> Callable[[], object]:
    presentation = make_presentation()
    fields = {"key_hash": drafts._hash(SECRET), "token": "t" * 43, "expires_at": NOW + timedelta(hours=48)}
    draft = Draft.objects.create(person=person, kind="booking", answers={"where": {}}, **fields)
    hold_slot(draft=draft, person=person, slot_query=slot_query(presentation), start=TEN, now=NOW)
    booking = unsaved_booking(person, TEN, presentation=presentation, submission=(draft.token, "digest"))
    return lambda: place_booking(booking=booking, by=person.user, now=NOW)


def lock_presenter() -> object:
    return Presenter.objects.select_for_update().get()


def lock_edition() -> object:
    return Edition.objects.select_for_update().get()


def test_a_sign_in_while_the_booking_is_placed_waits_for_it(person: Person) -> None:
    make_presenter()
    placing = booking_of_a_draft(person)
    request = RequestFactory().get("/")
    request.COOKIES[settings.DRAFT_COOKIE_NAME] = SECRET
    assert behind(lock_presenter, placing, lambda: drafts.claim_drafts(request, person, NOW)) == {"done": 2}
    assert (Booking.objects.count(), Draft.objects.count()) == (1, 0)


def test_a_sign_in_while_a_time_is_chosen_waits_for_it(person: Person) -> None:
    make_presenter()
    booking_of_a_draft(person)
    draft = Draft.objects.get()
    other = slot_query(make_presentation())
    request = RequestFactory().get("/")
    request.COOKIES[settings.DRAFT_COOKIE_NAME] = SECRET
    choosing = lambda: hold_slot(draft=draft, person=person, slot_query=other, start=TWO, now=NOW)  # noqa: E731
    assert behind(lock_presenter, choosing, lambda: drafts.claim_drafts(request, person, NOW)) == {"done": 2}


def test_an_erasure_while_the_booking_is_placed_takes_that_booking_too(person: Person) -> None:
    presenter = make_presenter()
    make_booking(presenter, TWO, person=person)
    placing = booking_of_a_draft(person)
    ends = behind(lock_presenter, placing, lambda: erase_person(person, by=None, now=NOW))
    assert ends == {"done": 2}
    assert list(Booking.objects.values_list("state", "contact_name")) == [("cancelled", "")] * 2


def test_an_erasure_while_staff_book_for_that_person_takes_that_booking_too(person: Person) -> None:
    presenter, presentation = make_presenter(), make_presentation()
    make_booking(presenter, TWO, person=person)
    booking = unsaved_booking(person, TEN, presentation=presentation, channel="phone")
    placing = lambda: place_booking(booking=booking, by=None, now=NOW)  # noqa: E731
    assert behind(lock_presenter, placing, lambda: erase_person(person, by=None, now=NOW)) == {"done": 2}
    assert list(Booking.objects.values_list("state", "contact_name")) == [("cancelled", "")] * 2


def test_an_erasure_while_an_order_is_placed_takes_that_order_too(person: Person, now: datetime) -> None:
    leaflet = make_edition(now).leaflet
    make_order(person, now, {leaflet: 5})
    ends = behind(lock_edition, lambda: make_order(person, now, {leaflet: 5}), lambda: erase_person(person, by=None, now=now))
    assert ends == {"done": 2}
    assert set(Order.objects.values_list("state", flat=True)) == {"cancelled"}
    assert list(ledger_differences()) == []


def test_a_new_address_while_an_order_is_placed_waits_for_it(person: Person, now: datetime) -> None:
    leaflet = make_edition(now).leaflet
    new = {"user": person.user, "email": "sam.green@leeds.nhs.uk", "details": None, "now": now}
    EmailAddress.objects.create(user=person.user, email=new["email"], verified=True)
    ends = behind(
        lock_edition, lambda: make_order(person, now, {leaflet: 5}, by=person.user), lambda: assign_verified_address(**new)
    )
    assert ends == {"done": 2}
    assert [order.person.email for order in Order.objects.all()] == ["sam.green@leeds.nhs.uk"]


def test_a_caller_whose_organisation_is_added_in_this_very_moment_has_it() -> None:
    details = CallerDetails(name="Pat", profession="gp", organisation_name="Leeds TH", phone="", postcode="")
    enter = partial(find_or_enter_person, email="pat@leeds.nhs.uk", by=None, now=NOW, **details)
    assert behind(lambda: get_or_create_organisation("leeds th"), enter) == {"done": 1}
    assert Person.objects.get().organisation == Organisation.objects.get()
