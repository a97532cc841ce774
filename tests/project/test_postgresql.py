"""Our database backend asks whether the server is there only when there is a reason to."""

import time

import psycopg2
import pytest
from django.db import connection
from django.db.backends.postgresql import base

from bookings.models import Presentation
from ctac.compiled import Compiled
from tests.bookings.rows import make_presentation

pytestmark = pytest.mark.django_db(transaction=True, serialized_rollback=True)
all_presentations = Compiled(lambda: Presentation.objects.filter(pk__gt=0))


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """What came of Django's own question, each time that it was asked."""
    answers: list[bool] = []
    ask = base.DatabaseWrapper.is_usable
    monkeypatch.setattr(base.DatabaseWrapper, "is_usable", lambda self: answers.append(ask(self)) or answers[-1])
    return answers


def end_connection() -> None:
    """As when the server is restarted: it says so, and closes."""
    connection.ensure_connection()
    with psycopg2.connect(connection.connection.dsn) as other, other.cursor() as cursor:
        cursor.execute("SELECT pg_terminate_backend(%s, 10000)", [connection.connection.info.backend_pid])
    other.close()


def next_request() -> None:
    """What Django does at its beginning, the connection being one that lives on."""
    connection.close_at = time.monotonic() + 60
    connection.close_if_unusable_or_obsolete()
    connection.health_check_enabled = True
    connection.health_check_done = False


def test_a_server_that_is_quiet_is_asked_nothing(asked: list[bool]) -> None:
    make_presentation()
    next_request()
    assert len(all_presentations.all()) == 1
    assert asked == []


def test_a_server_that_went_away_is_noticed_before_anything_is_asked_of_it(asked: list[bool]) -> None:
    presentation = make_presentation()
    assert all_presentations.all() == [presentation]
    end_connection()
    next_request()
    assert all_presentations.all() == [presentation]  # on a new connection, which must prepare it anew
    assert asked == [False]


def test_after_an_error_the_server_is_asked(asked: list[bool]) -> None:
    connection.ensure_connection()
    connection.errors_occurred = True
    next_request()
    assert asked == [True]


def test_a_search_that_stops_early_finds_the_same_each_time() -> None:
    """Else PostgreSQL begins to read a large table where it last left off, so that a second page is of other rows."""
    with connection.cursor() as cursor:
        cursor.execute("SHOW synchronize_seqscans")
        assert cursor.fetchone() == ("off",)
