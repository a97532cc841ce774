"""Whatever address is typed, the database is asked and told the same: what differs in time would tell who has an account."""

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.models import RateLimit
from tests.security.test_same_answers import SORTS, UNKNOWN, WAYS, accounts, resetting, signing_in, typed

pytestmark = pytest.mark.django_db
__all__ = ["accounts"]
VALUE = re.compile(r"'(?:[^']|'')*'|\b\d+\b|\bNULL\b|s\d+_x\d+|_django_curs_\w+")
Way = Callable[[Client, str], Iterator[Any]]


def statements(way: Way, sort: str) -> list[list[str]]:
    """Of each answer on the way, without the values."""
    RateLimit.objects.all().delete()
    asked: list[list[str]] = []
    with time_machine.travel("2027-01-12 10:00+00:00", tick=False):
        answers = way(Client(), typed(sort))
        while True:
            with CaptureQueriesContext(connection) as captured:
                if next(answers, None) is None:
                    return asked
            asked.append([VALUE.sub("?", query["sql"]) for query in captured.captured_queries])


@pytest.mark.parametrize("sort", SORTS[1:])
def test_signing_in_takes_the_same_statements_for_every_sort_of_address(sort: str) -> None:
    """On each page up to the right code: there is no branch for who is new."""
    assert statements(signing_in, sort) == statements(signing_in, UNKNOWN)


@pytest.mark.parametrize("sort", SORTS[1:])
def test_so_does_asking_for_a_new_password(sort: str) -> None:
    assert statements(resetting, sort)[0] == statements(resetting, UNKNOWN)[0]


@pytest.mark.parametrize("sort", SORTS[1:])
@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)
def test_what_is_written_is_the_same_on_every_way(way: Way, sort: str) -> None:
    def writes(sort: str) -> list[list[str]]:
        return [[each for each in asked if not each.startswith(("SELECT", "DECLARE"))] for asked in statements(way, sort)]

    assert writes(sort) == writes(UNKNOWN)


def test_the_comparison_sees_what_is_asked() -> None:
    asked = statements(signing_in, UNKNOWN)[0]
    assert all(any(table in each for each in asked) for table in ("accounts_user", "notifications_notification"))
    assert statements(resetting, UNKNOWN)[2] != statements(resetting, "coded")[2]  # the account that a code is of is read
