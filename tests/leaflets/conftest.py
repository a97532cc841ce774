"""Who sits at the staff site."""

import pytest

from tests.factories import make_staff, sign_in_staff


@pytest.fixture
def staff(client):
    user = make_staff()
    sign_in_staff(client, user)
    return user
