"""A pytest plugin: the tests' own database, but as the role that production serves the site with.

Only for tests in a transaction that is rolled back: the others empty the tables, which this role can't.
"""

import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.db import connection
from django.db.backends.signals import connection_created

RAN_AS: set[str] = set()


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    def is_rolled_back(item: pytest.Item) -> bool:
        mark = item.get_closest_marker("django_db")
        return not (mark and mark.kwargs.get("transaction")) and "transactional_db" not in getattr(item, "fixturenames", ())

    items[:] = [item for item in items if is_rolled_back(item)]


def become_ctac_app(connection: Any, **kwargs: object) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET ROLE ctac_app")
        cursor.execute("SELECT current_user")
        RAN_AS.add(cursor.fetchone()[0])


@pytest.fixture(scope="session", autouse=True)
def as_app_role(django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
    with django_db_blocker.unblock():
        values = connection.get_connection_params()
        target = f"dbname={values['dbname']} host={values['host']} user={values['user']}"
        for file in ("roles.sql", "grants.sql"):
            path = Path(settings.BASE_DIR) / "deploy" / "sql" / file
            words = ["psql", "--quiet", "--no-psqlrc", "--set", "ON_ERROR_STOP=1", "--dbname", target]
            subprocess.run([*words, "--file", str(path)], check=True)
        connection_created.connect(become_ctac_app)
        connection.close()
        yield
        connection_created.disconnect(become_ctac_app)
        connection.close()


def pytest_terminal_summary(terminalreporter: Any) -> None:
    terminalreporter.write_line(f"ran as {', '.join(sorted(RAN_AS))}")
