"""Who sits at the desk: a Tuesday morning, one of the staff, one presenter."""

from collections.abc import Iterator

import pytest
import time_machine
from django.test import Client

from accounts.models import User
from bookings.models import Presenter
from tests.bookings.rows import NOW, make_presenter
from tests.factories import make_staff, sign_in_staff


@pytest.fixture(autouse=True)
def clock() -> Iterator[time_machine.Traveller]:
    with time_machine.travel(NOW, tick=False) as traveller:
        yield traveller


@pytest.fixture
def staff() -> User:
    return make_staff()


@pytest.fixture
def desk(client: Client, staff: User) -> Client:
    return sign_in_staff(client, staff)


@pytest.fixture
def presenter() -> Presenter:
    return make_presenter(name="Asha Patel")
