"""One visit, who gives it, and a colleague."""

import pytest

from accounts.models import User
from bookings.models import Booking, Presenter
from tests.bookings.rows import make_booking, make_presenter
from tests.bookings.visits.visit import START
from tests.factories import make_staff


@pytest.fixture
def staff() -> User:
    return make_staff()


@pytest.fixture
def presenter() -> Presenter:
    return make_presenter(name="Asha Patel", phone="0113 496 0002", user=make_staff(role="presenter"))


@pytest.fixture
def booking(presenter: Presenter) -> Booking:
    """From 10am to 11am."""
    return make_booking(presenter, START)
