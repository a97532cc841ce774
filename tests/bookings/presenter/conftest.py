"""A presenter at their phone: a Tuesday morning, signed in to the staff site, with no rights beyond their own pages."""

from collections.abc import Iterator

import pytest
import time_machine
from django.test import Client

from bookings.models import Presenter
from tests.bookings.rows import NOW, make_presenter
from tests.factories import make_staff, sign_in_staff


@pytest.fixture(autouse=True)
def clock() -> Iterator[time_machine.Traveller]:
    with time_machine.travel(NOW, tick=False) as traveller:
        yield traveller


@pytest.fixture
def presenter() -> Presenter:
    return make_presenter(name="Asha Patel", user=make_staff("asha@ctac.example", role="presenter"))


@pytest.fixture
def phone(client: Client, presenter: Presenter) -> Client:
    return sign_in_staff(client, presenter.user)
