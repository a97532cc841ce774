"""What a presenter can't get to: never offered, never taken from a page that was tampered with, never let in by the database."""

from collections.abc import Callable, Iterator
from datetime import time

import pytest
import time_machine
from django.db import IntegrityError, connection, transaction
from django.test import Client

from bookings.models import BusyTime, Hold, JourneyTime, Presentation, Presenter
from professionals.models import Person
from tests.bookings.flow import TEN, WHERE
from tests.bookings.rows import LEEDS_TOO, NOW, YORK, at, make_booking
from tests.factories import sign_in

pytestmark = pytest.mark.django_db
WHEN = "/book/signs/when/"


@pytest.fixture(autouse=True)
def clock() -> Iterator[time_machine.Traveller]:
    with time_machine.travel(NOW, tick=False) as traveller:
        yield traveller


def comes_from_york(presenter: Presenter) -> None:
    make_booking(presenter, at("08:45"), postcode=YORK)


def goes_on_to_york(presenter: Presenter) -> None:
    make_booking(presenter, at("11:15"), postcode=YORK)


def takes_longer_than_the_rule(presenter: Presenter) -> None:
    """By the rule half an hour is enough, and half an hour there is."""
    JourneyTime.objects.create(area_a="LS9", area_b="LS", minutes=31, reason="Roadworks", set_at=NOW)
    make_booking(presenter, at("11:30"), postcode=LEEDS_TOO)


def leaves_late(presenter: Presenter) -> None:
    Presenter.objects.filter(pk=presenter.pk).update(base_postcode=LEEDS_TOO, earliest_leaving=time(9, 31))


def is_online_until_then(presenter: Presenter) -> None:
    """From the base, which is half an hour away."""
    Presenter.objects.filter(pk=presenter.pk).update(base_postcode=LEEDS_TOO)
    make_booking(presenter, at("09:00"), postcode="")


NEIGHBOURS = [comes_from_york, goes_on_to_york, takes_longer_than_the_rule]
Case = Callable[[Presenter], None]


@pytest.mark.parametrize("case", [*NEIGHBOURS, leaves_late, is_online_until_then])
def test_it_is_not_offered_and_not_taken(
    client: Client, presenter: Presenter, presentation: Presentation, person: Person, case: Case
) -> None:
    sign_in(client, person)
    client.post("/book/signs/where/", WHERE)
    assert TEN in client.get(f"{WHEN}?week=2027-01-25").content.decode()
    case(presenter)
    connection.check_constraints()
    assert TEN not in client.get(f"{WHEN}?week=2027-01-25").content.decode()
    assert client.post(WHEN, {"start": TEN}).status_code == 200
    assert Hold.objects.count() == 0


def insert_ten_oclock(presenter: Presenter) -> None:
    with transaction.atomic():
        make_booking(presenter, at("10:00"))
        connection.check_constraints()


@pytest.mark.parametrize("case", NEIGHBOURS)
def test_the_database_refuses_it_past_every_service(presenter: Presenter, case: Case) -> None:
    case(presenter)
    connection.check_constraints()
    with pytest.raises(IntegrityError, match="minutes of travel between two visits"):
        insert_ten_oclock(presenter)
    JourneyTime.objects.all().delete()
    BusyTime.objects.update(travel_minutes=0)
    insert_ten_oclock(presenter)
