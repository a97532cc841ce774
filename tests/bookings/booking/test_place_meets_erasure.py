"""Placed at the very moment at which the account is deleted: nothing is placed, nobody comes, and nothing of theirs is kept."""

from collections.abc import Callable
from typing import Any

import pytest
import time_machine
from django.test import Client

from bookings.booking.services.create import place_booking
from bookings.models import Booking, SessionPlace
from bookings.open_sessions.services import places as session_places
from bookings.open_sessions.services.places import take_place
from bookings.schedule import locks
from leaflets.models import Order, StockAlert
from leaflets.orders.services import create
from leaflets.stock import services as stock_services
from leaflets.stock.services import ask_for_alert
from notifications.models import Notification
from privacy.services import erase_person
from professionals.models import Person
from tests.bookings.admin.desk import BOOKINGS
from tests.bookings.admin.test_for_caller import caller_form
from tests.bookings.open_sessions.rows import make_session
from tests.bookings.requested import ask, on
from tests.bookings.rows import NOW, at, make_presentation, make_presenter, unsaved_booking
from tests.bookings.test_person_races import booking_of_a_draft
from tests.factories import make_organisation, make_person, make_staff, sign_in_staff
from tests.leaflets.factories import make_edition, make_order
from tests.leaflets.orders.test_order_for_caller import ADD, CALL
from tests.professionals.in_turn import Job, in_turn

pytestmark = pytest.mark.django_db(transaction=True, serialized_rollback=True)
PERSON = "SELECT 1 FROM professionals_person WHERE id = %s FOR UPDATE"
EMAIL = "sam@leeds.nhs.uk"
Placing = Callable[[Person], Job]


def an_order(person: Person) -> Job:
    leaflet = make_edition(NOW).leaflet
    return lambda: make_order(person, NOW, {leaflet: 5})


def a_booking_on_the_phone(person: Person) -> Job:
    make_presenter()
    booking = unsaved_booking(person, at("10:00"), presentation=make_presentation(), channel="phone")
    return lambda: place_booking(booking=booking, by=None, now=NOW)


def a_booking(person: Person) -> Job:
    make_presenter()
    return booking_of_a_draft(person)


def a_request(person: Person) -> Job:
    make_presenter()
    return lambda: ask(person, on(at("10:00")))


def a_place(person: Person) -> Job:
    session = make_session(make_presenter(), at("13:30"))
    return lambda: take_place(session=session, person=person, by=None, now=NOW, channel="web")


def an_alert(person: Person) -> Job:
    leaflet = make_edition(NOW, stock=0).leaflet
    return lambda: ask_for_alert(person=person, leaflet=leaflet, now=NOW)


ALL = pytest.mark.parametrize("placing", [an_order, a_booking, a_booking_on_the_phone, a_request, a_place, an_alert])


@pytest.fixture
def person() -> Person:
    person = make_person(email=EMAIL)
    make_person(email="lee@leeds.nhs.uk", organisation=person.organisation)  # which stays, whoever goes
    return person


def erasing(person: Person) -> Job:
    return lambda: erase_person(person, by=None, now=NOW)


def placed() -> int:
    return sum(model._base_manager.count() for model in (Booking, Order, SessionPlace, StockAlert))


@ALL
def test_erased_first_nothing_is_placed(person: Person, placing: Placing) -> None:
    ends = in_turn(PERSON, person.pk, erasing(person), placing(person))

    assert ends in (["done", "AccountGoneError"], ["done", "PersonErased"])
    assert (placed(), Notification.objects.filter(recipient=EMAIL).count()) == (0, 0)


@ALL
def test_control_if_nobody_asked_it_would_be_the_erased_persons(
    person: Person, placing: Placing, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_person(organisation=person.organisation)  # which stays then: the order points to it
    for module in (locks, session_places):
        monkeypatch.setattr(module, "lock_person", lambda person: Person.objects.select_for_update(no_key=True).get(pk=person.pk))
    for module in (create, stock_services):
        monkeypatch.setattr(module, "lock_person", lambda person: Person.objects.select_for_update(no_key=True).get(pk=person.pk))

    assert in_turn(PERSON, person.pk, erasing(person), placing(person)) == ["done"] * 2
    assert placed() == 1


@pytest.mark.parametrize("about", ["an order", "a booking"])
def test_staff_are_told_of_a_caller_without_an_account_that_their_details_were_erased(about: str, client: Client) -> None:
    make_presenter()
    make_edition(NOW, slug="one")
    form = {**CALL, "copies_one": "5"} if about == "an order" else caller_form(make_presentation())
    prefix = "" if about == "an order" else "caller-"
    known = {name: form[f"{prefix}{name}"] for name in ("name", "email", "phone", "profession")}
    work = {"organisation": make_organisation(form[f"{prefix}organisation_name"]), "postcode": form[f"{prefix}postcode"].upper()}
    caller = make_person(with_user=False, **known, **work)
    path, answers = ADD if about == "an order" else f"{BOOKINGS}add/", list[Any]()
    with time_machine.travel(NOW, tick=False):
        sign_in_staff(client, make_staff())
        in_turn(PERSON, caller.pk, erasing(caller), lambda: answers.append(client.post(path, form)))

    assert "This person’s details were erased a moment ago. Nothing was placed." in answers[0].content.decode()
    assert "account has just been deleted" not in answers[0].content.decode()
    assert placed() == 0
