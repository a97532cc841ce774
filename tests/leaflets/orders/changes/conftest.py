"""An order of ten copies of one title and five of another, and whose it is."""

import pytest

from tests.factories import make_person
from tests.leaflets.factories import make_edition, make_order


@pytest.fixture
def owner(db):
    return make_person()


@pytest.fixture
def one(now):
    return make_edition(now, stock=50, slug="one", title="One", most_per_order=40, most_per_person=60, most_per_workplace=80)


@pytest.fixture
def two(now):
    return make_edition(now, stock=50, slug="two", title="Two")


@pytest.fixture
def order(owner, one, two, now):
    return make_order(owner, now, {one.leaflet: 10, two.leaflet: 5}, by=owner.user)
