"""Somebody with a password, and the browser in which they are signed in."""

import pytest

from tests.accounts.sessions.browsers import signed_in, with_password
from tests.factories import make_person


@pytest.fixture
def person():
    person = make_person()
    with_password(person.user)
    return person


@pytest.fixture
def here(person):
    return signed_in(person.user)
