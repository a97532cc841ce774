"""The moment, and the world of the matrix, as they are each time that a snapshot is taken."""

import itertools
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any
from unittest.mock import patch

import pytest
import time_machine
from django.db import connection, transaction
from django.test import override_settings

from tests import factories
from tests.bookings import rows as booking_rows
from tests.bookings.open_sessions import rows as session_rows
from tests.leaflets import factories as leaflet_factories
from tests.matrix.people import lay_out

# A quiet Tuesday morning in winter; the advice line is open.
NOW = datetime(2027, 1, 12, 10, 0, tzinfo=UTC)
LATER = NOW + timedelta(minutes=2)
# Keys begin here, those of each table apart, so that they can be told from all other numbers.
FIRST_KEY, APART = 700_000_000, 100_000
COUNTED = (factories, booking_rows, session_rows, leaflet_factories)


@contextmanager
def moment(now: datetime, *, tick: bool = False) -> Iterator[None]:
    with time_machine.travel(now, tick=tick), override_settings(SECRET_KEY="the same in every run of the snapshots"):
        yield


def number_anew() -> None:
    """Inside the transaction: PostgreSQL takes this back too."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT schemaname, sequencename FROM pg_sequences WHERE schemaname = 'public' ORDER BY 2")
        for place, (_schema, name) in enumerate(cursor.fetchall()):
            cursor.execute(f'ALTER SEQUENCE "{name}" RESTART WITH {FIRST_KEY + place * APART}')


def count_rows_from(number: int) -> None:
    """What is made next is called by this number and those after it, whatever ran before."""
    for module in COUNTED:
        module._number = itertools.count(number)


@pytest.fixture(scope="module")
def world(django_db_setup: None, django_db_blocker: Any) -> Iterator[dict[str, Any]]:
    """The people and objects of the matrix. The clock ticks while they are made, so that each row has a time of its own."""
    with django_db_blocker.unblock(), transaction.atomic(), moment(NOW, tick=True):
        number_anew()
        with patch.multiple(factories, _number=itertools.count(1)):
            count_rows_from(1)
            yield lay_out()
        transaction.set_rollback(True)
