"""A pytest plugin: the tests of the site's work run as the role that production serves the site with.

Only tests in a transaction that is rolled back: the others empty the tables, which this role can't.
"""

import fcntl
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.db import connection

from ctac.local import postgres
from tests.environment import ROOT

WORK = (
    "tests/leaflets/orders/test_ordering.py",
    "tests/leaflets/dispatch/test_fulfilling.py",
    "tests/leaflets/test_privacy.py",
    "tests/bookings/booking/test_flow.py",
    "tests/bookings/schedule/test_holds.py",
    "tests/bookings/booking/test_place.py",
    "tests/bookings/booking/test_transitions.py",
    "tests/bookings/test_privacy_and_sample.py",
    "tests/bookings/admin/",
    "tests/privacy/test_complaining.py",
    "tests/privacy/test_privacy.py",
    "tests/privacy/test_staff_pages.py",
    "tests/professionals/test_sign_up.py",
    "tests/privacy/test_person_data.py",
    "tests/privacy/test_account_deletion.py",
    "tests/professionals/test_flagged.py",
    "tests/notifications/test_delivering.py",
    "tests/deploy/test_roles.py::test_the_sites_work_is_tested_as_this_role",
)


def is_work(item: pytest.Item) -> bool:
    if not item.nodeid.startswith(WORK) or "transactional_db" in getattr(item, "fixturenames", ()):
        return False
    mark = item.get_closest_marker("django_db")
    return bool(mark and not mark.kwargs.get("transaction")) or "db" in getattr(item, "fixturenames", ())


@pytest.fixture(scope="session")
def app_role(django_db_setup: None, django_db_blocker: Any) -> None:
    """The role, and what it may do in the database of this worker."""
    with django_db_blocker.unblock():
        values = connection.get_connection_params()
    target = f"dbname={values['dbname']} host={values['host']} user={values['user']}"
    psql = str(postgres._wheel_folder() / "pginstall" / "bin" / "psql")
    # Roles belong to the server that all workers share: one after the other.
    with (Path(os.environ[ROOT]) / "roles.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        for file in ("roles.sql", "grants.sql"):
            path = Path(settings.BASE_DIR) / "deploy" / "sql" / file
            words = [psql, "--quiet", "--no-psqlrc", "--set", "ON_ERROR_STOP=1", "--dbname", target, "--file", str(path)]
            subprocess.run(words, check=True)


@pytest.fixture(autouse=True)
def _as_app_role(request: pytest.FixtureRequest) -> None:
    if postgres.is_available() and is_work(request.node):
        request.getfixturevalue("db")
        request.getfixturevalue("app_role")
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL ROLE ctac_app")
