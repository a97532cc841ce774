"""What every test gets: a network that ends at this machine, a fresh cache, a clock."""

import ipaddress
import os
import socket
from collections.abc import Iterator
from datetime import time
from typing import Any

import pytest
from django.contrib.auth.hashers import PBKDF2PasswordHasher
from django.test import override_settings

from ctac.local import postgres
from tests import initial_rows, ready

NO_QUIET_HOURS = {"quiet_from": time(0), "quiet_until": time(0)}
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


def published(settings: Any, **values: Any) -> None:
    """As in a copy that has been asked for a page: no test reads the settings from the database by chance, however far its clock
    jumps. Without quiet hours, unless the test has set them: tests run at any time of the day."""
    from django.core.cache import cache

    from office.site_settings.queries import CACHED_SETTINGS

    for name, value in (NO_QUIET_HOURS | values).items():
        setattr(settings, name, value)
    CACHED_SETTINGS.known = None
    CACHED_SETTINGS.publish(settings)
    cache.touch(CACHED_SETTINGS.key, None)


@pytest.fixture(autouse=True)
def _fresh_cache() -> Iterator[None]:
    """Empty but for what staff own: the settings have their first values, nothing is closed and no sentence is theirs."""
    from django.core.cache import cache, caches

    from office.closures.queries import CACHED_NOTICES
    from office.site_settings.models import SiteSettings
    from office.texts.queries import CACHED_WORDINGS
    from professionals.areas import get_outward_code

    published(SiteSettings())
    for copy in (CACHED_NOTICES, CACHED_WORDINGS):
        copy.known = None
        copy.publish(copy.first())
        cache.touch(copy.key, None)
    yield
    for each in caches.all(initialized_only=True):
        each.clear()
    get_outward_code.cache_clear()


@pytest.fixture
def close(db: None) -> Any:
    """`close(date(2026, 12, 24), date(2027, 1, 2))`: a closure of everything, unless it is told of what or where; published."""
    from office.closures.models import Closure, ClosureScope
    from office.closures.services import publish_current_notices

    def close(first: Any, last: Any = None, *what: str, **fields: Any) -> Closure:
        closed = dict.fromkeys(what or ClosureScope.values, True)
        reasons = {"reason": "Christmas", "reason_cy": "Y Nadolig"}
        closure = Closure.objects.create(first_day=first, last_day=last or first, **closed, **{**reasons, **fields})
        publish_current_notices()
        return closure

    return close


@pytest.fixture
def change_settings(db: None, django_capture_on_commit_callbacks: Any) -> Any:
    """`change_settings(hold_minutes=5)`: as staff do it, and published."""
    from office.site_settings.services import change_settings

    def change(**values: Any) -> None:
        with django_capture_on_commit_callbacks(execute=True):
            changed = change_settings(**values)
        published(changed, **values)

    return change
