"""What must stand before Django's settings load: the test environment, its folders and its PostgreSQL.

A pytest plugin (`-p tests.environment` in pyproject.toml). The first process makes one temporary
folder and, unless DATABASE_URL names a server, starts one embedded PostgreSQL, with data that `tests.ready` has
migrated; xdist's workers inherit both through the environment, and each keeps its files in a folder of its own.

Python keeps what it has compiled, whatever PYTHONDONTWRITEBYTECODE says: the tests start hundreds of processes, each of which
would compile the whole of the application first, and each worker every test.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from ctac.local import postgres
from tests import ready

ROOT = "CTAC_TEST_ROOT"  # names the folder to the workers
# A developer's own servers and settings are not the tests' business, except the database.
OWN_SETTINGS = ("CACHE_URL", "CELERY_BROKER_URL", "EMAIL_URL", "FILES_URL", "MEDIA_ROOT", "SECRET_KEY", "SITE_URL", "STATIC_ROOT")


def prepare() -> bool:
    """Set the environment; True in the process that made the folder and must remove it."""
    first = ROOT not in os.environ
    if first:
        os.environ[ROOT] = tempfile.mkdtemp(prefix="ctac-test-")
    root = Path(os.environ[ROOT])
    for name in OWN_SETTINGS:
        os.environ.pop(name, None)
    os.environ["CTAC_ENV"] = "test"
    os.environ["ENV_FILE"] = os.devnull
    os.environ["CTAC_VAR"] = str(root / os.environ.get("PYTEST_XDIST_WORKER", "main"))
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    sys.dont_write_bytecode = False
    return first


FIRST = prepare()
SERVERS: list[subprocess.Popen[bytes]] = []
EMBEDDED = FIRST and not os.environ.get("DATABASE_URL")
if EMBEDDED:
    os.environ["DATABASE_URL"] = postgres.database_url(Path(os.environ[ROOT]))


def pytest_configure(config: pytest.Config) -> None:
    if EMBEDDED and not config.option.collectonly:
        try:
            os.environ[ready.FOLDER] = str(ready.make(Path(os.environ[ROOT]) / "ready"))
            ready.lay_out(Path(os.environ[ROOT]))
            SERVERS.append(postgres.start(Path(os.environ[ROOT]), fast=True))
        except postgres.PlatformError as error:
            raise pytest.UsageError(str(error)) from error


@pytest.hookimpl(tryfirst=True)  # before the number of its own
def pytest_xdist_auto_num_workers() -> int:
    """One more than processors, because much of a test is waiting; eight at most, because each has a database."""
    return min((os.cpu_count() or 2) + 1, 8)


def pytest_unconfigure() -> None:
    if not FIRST:
        return
    root = Path(os.environ[ROOT])
    if EMBEDDED:
        postgres.stop(root)
        for server in SERVERS:
            server.wait()
    shutil.rmtree(root, ignore_errors=True)
