"""What every test gets: a network that ends at this machine, a fresh cache, a clock."""

import ipaddress
import os
import socket
from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib.auth.hashers import PBKDF2PasswordHasher
from django.test import override_settings

from ctac.local import postgres
from tests import initial_rows, ready

pytest_plugins = ["tests.clock", "tests.collecting", "tests.live.fixtures", "tests.deploy.as_app_role"]

CONNECT, CONNECT_EX = socket.socket.connect, socket.socket.connect_ex


def is_here(sock: socket.socket, address: Any) -> bool:
    if sock.family == socket.AF_UNIX:
        return True
    host = str(address[0])
    if host in {"localhost", ""}:
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def refuse_elsewhere(sock: socket.socket, address: Any) -> None:
    if not is_here(sock, address):
        raise AssertionError(f"A test tried to reach {address!r}; only this machine may be reached.")


def connect_here_only(sock: socket.socket, address: Any) -> None:
    refuse_elsewhere(sock, address)
    CONNECT(sock, address)


def connect_ex_here_only(sock: socket.socket, address: Any) -> int:
    refuse_elsewhere(sock, address)
    return CONNECT_EX(sock, address)


@pytest.fixture(autouse=True, scope="session")
def _no_network() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket.socket, "connect", connect_here_only)
        patch.setattr(socket.socket, "connect_ex", connect_ex_here_only)
        yield


class QuickHasher(PBKDF2PasswordHasher):
    """As Django keeps passwords, but for how often it does it over: half a second each time."""

    iterations = 1


@pytest.fixture(autouse=True, scope="session")
def _quick_passwords() -> Iterator[None]:
    with override_settings(PASSWORD_HASHERS=[f"{__name__}.{QuickHasher.__name__}"]):
        yield


@pytest.fixture(scope="session")
def django_db_modify_db_settings(django_db_modify_db_settings_parallel_suffix: None) -> None:
    """Each worker's database is a copy of one that is migrated. A hook of pytest-django."""
    from django.db import connection

    if ready.FOLDER in os.environ:
        connection.settings_dict["TEST"]["TEMPLATE"] = postgres.DATABASE
        initial_rows.use()


@pytest.fixture(autouse=True)
def _fresh_cache() -> Iterator[None]:
    """Empty but for the settings of the site, which have their first values, and for when we are closed, which is never."""
    from django.core.cache import cache, caches

    from office.closures.queries import NOTICES
    from office.queries import SETTINGS
    from office.texts.queries import WORDINGS
    from professionals.areas import outward_code

    for copy in (SETTINGS, NOTICES, WORDINGS):
        copy.known = None
        copy.publish(copy.first())  # as in a copy that was asked for a page: no test reads them from the database by chance
        cache.touch(copy.key, None)  # wherever its clock goes
    yield
    for each in caches.all(initialized_only=True):
        each.clear()
    outward_code.cache_clear()


@pytest.fixture
def close(db: None) -> Any:
    """`close(date(2026, 12, 24), date(2027, 1, 2))`: a closure of everything, unless it is told of what or where; published."""
    from office.closures.models import Closes, Closure
    from office.closures.services import publish

    def close(first: Any, last: Any = None, *what: str, **fields: Any) -> Closure:
        closed = dict.fromkeys(what or Closes.values, True)
        reasons = {"reason": "Christmas", "reason_cy": "Y Nadolig"}
        closure = Closure.objects.create(first_day=first, last_day=last or first, **closed, **{**reasons, **fields})
        publish()
        return closure

    return close


@pytest.fixture
def change_settings(db: None, django_capture_on_commit_callbacks: Any) -> Any:
    """`change_settings(hold_minutes=5)`: as staff do it, and published."""
    from django.core.cache import cache

    from office.queries import SETTINGS
    from office.services import change_settings

    def change(**values: Any) -> None:
        with django_capture_on_commit_callbacks(execute=True):
            change_settings(**values)
        cache.touch(SETTINGS.key, None)

    return change
