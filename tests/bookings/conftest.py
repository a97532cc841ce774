"""Who and what most booking pages are tried with."""

import pytest

from bookings.models import Presentation, Presenter
from professionals.models import Person
from tests.bookings.rows import make_presentation, make_presenter
from tests.factories import make_person


@pytest.fixture
def presenter() -> Presenter:
    return make_presenter(hours=("09:00", "12:00"))


@pytest.fixture
def presentation(presenter: Presenter) -> Presentation:
    return make_presentation(slug="signs")


@pytest.fixture
def person() -> Person:
    return make_person(email="sam@leeds.nhs.uk", name="Sam Taylor")
