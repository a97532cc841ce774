"""Whose feeds are read, and when."""

from collections.abc import Iterator

import pytest
import time_machine

from bookings.models import (
    Presenter,
)
from professionals.models import Person
from tests.bookings.calendars.reading import LINK
from tests.bookings.rows import NOW, make_presenter
from tests.factories import make_person, make_staff


@pytest.fixture(autouse=True)
def clock() -> Iterator[time_machine.Traveller]:
    with time_machine.travel(NOW, tick=False) as traveller:
        yield traveller


@pytest.fixture
def person() -> Person:
    return make_person(name="Sam O'Brien", email="sam@leeds.nhs.uk")


@pytest.fixture
def presenter() -> Presenter:
    return make_presenter(name="Asha Patel", email="asha@ctac.example", joining_link=LINK, user=make_staff())
