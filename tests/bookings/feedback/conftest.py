"""A booking that has just been given, on a Monday in winter from 10am to 11am, and who gave it."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
import time_machine
from django.test import Client

from accounts.models import User
from bookings.models import Booking, Presenter
from tests.bookings.rows import at, make_booking, make_presenter
from tests.factories import make_person, make_staff, sign_in_staff

START, END = at("10:00"), at("11:00")
JUST_AFTER = END + timedelta(minutes=5)


@pytest.fixture(autouse=True)
def clock() -> Iterator[time_machine.Traveller]:
    with time_machine.travel(JUST_AFTER, tick=False) as traveller:
        yield traveller


@pytest.fixture
def presenter() -> Presenter:
    return make_presenter(name="Asha Patel", user=make_staff("asha@ctac.example", role="presenter"))


@pytest.fixture
def presenters_user(presenter: Presenter) -> User:
    assert presenter.user is not None
    return presenter.user


@pytest.fixture
def phone(client: Client, presenters_user: User) -> Client:
    return sign_in_staff(client, presenters_user)


@pytest.fixture
def booking(presenter: Presenter) -> Booking:
    """Online, so that nobody is waited for."""
    person = make_person(name="Meera Shah", email="meera@leeds.nhs.uk")
    return make_booking(presenter, START, postcode="", person=person, audience_size=12)
