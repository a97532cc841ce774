"""An erasure that meets somebody who changes the same things is done all the same; what does stand in its way is said."""

from collections.abc import Callable
from datetime import datetime

import pytest
from django.test import Client

from bookings.errors import TransitionNotAllowed
from bookings.models import Booking, BookingState
from leaflets.models import Order
from leaflets.orders.services.transitions import OrderStateHasChanged
from privacy import services as privacy_services
from privacy.services import MAX_ERASE_ATTEMPTS, HasStaffAccount, PrivacySource, VisitBlocksErasure, erase_person
from professionals.models import Person
from tests.bookings.rows import NOW, at, make_booking, make_presenter
from tests.factories import make_person, sign_in
from tests.leaflets.factories import make_order
from tests.professionals.mailing import mails_to

pytestmark = pytest.mark.django_db
DELETE = "/account/delete/"
ADDRESS = "nadia@leeds.nhs.uk"


@pytest.fixture
def person() -> Person:
    return make_person(name="Nadia Rahman", email=ADDRESS)


def meeting(monkeypatch: pytest.MonkeyPatch, meets: Callable[[Person, datetime], None]) -> None:
    """The last app to be registered erases first."""
    monkeypatch.setattr(privacy_services, "_sources", dict(privacy_services._sources))
    privacy_services.register_source(PrivacySource("meets", export=lambda person: {}, erase=meets))


def refusing(times: int, error: Callable[[], Exception]) -> tuple[Callable[[Person, datetime], None], list[int]]:
    """Says no so often, as a service does that finds something changed under its lock."""
    tries: list[int] = []

    def refuse(person: Person, now: datetime) -> None:
        tries.append(person.pk)
        if len(tries) <= times:
            raise error()

    return refuse, tries


def order_has_moved() -> OrderStateHasChanged:
    return OrderStateHasChanged(Order(state="packing"))


@pytest.mark.parametrize("error", [TransitionNotAllowed, order_has_moved])
def test_what_changed_meanwhile_is_read_again_and_the_person_is_erased(person, monkeypatch, error):
    booking, order = make_booking(make_presenter(), at("10:00"), person=person), make_order(person, NOW)
    refuse, tries = refusing(MAX_ERASE_ATTEMPTS - 1, error)
    meeting(monkeypatch, refuse)

    assert erase_person(person, by=None, now=NOW) == ADDRESS

    assert len(tries) == MAX_ERASE_ATTEMPTS
    booking.refresh_from_db()
    order.refresh_from_db()
    assert (booking.state, order.state) == (BookingState.CANCELLED, "cancelled")
    assert booking.events.filter(kind="cancelled").count() == 1  # of the tries that were taken back nothing is left


def test_who_is_refused_for_good_is_not_tried_again(person, monkeypatch):
    refuse, tries = refusing(1, VisitBlocksErasure)
    meeting(monkeypatch, refuse)
    with pytest.raises(VisitBlocksErasure):
        erase_person(person, by=None, now=NOW)
    assert len(tries) == 1


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (TransitionNotAllowed, "Something in your account changed at the same moment"),
        (order_has_moved, "Something in your account changed at the same moment"),
        (VisitBlocksErasure, "A presenter may be with you or on the way to you"),
        (HasStaffAccount, "This person has a staff account"),
    ],
)
def test_the_page_says_what_it_was(person, monkeypatch, error, said):
    meeting(monkeypatch, refusing(99, error)[0])
    page = sign_in(Client(), person).post(DELETE, {"sure": "on"}).content.decode()
    sentences = ("Something in your account changed", "A presenter may be with you", "This person has a staff account")
    assert [words for words in sentences if words in page] == [words for words in sentences if said.startswith(words)]
    assert (Person.objects.get().name, mails_to(ADDRESS)) == ("Nadia Rahman", [])


def test_a_presenter_who_was_not_heard_from_stands_in_the_way_too(person):
    make_booking(make_presenter(), NOW, person=person)
    Booking.objects.update(state=BookingState.CONFIRMED)
    with pytest.raises(VisitBlocksErasure):
        erase_person(person, by=None, now=NOW)
