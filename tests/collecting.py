"""How the tests are collected and dealt out, so that it takes little of the processor, then and later.

Pytest compiles a file of tests that has changed, and keeps what it made. Workers that all began with the first file would each
compile every one, at the same moment, so each begins at a place of its own.
"""

import gc
import os
from collections.abc import Iterable
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest


@pytest.hookimpl(tryfirst=True)
def pytest_collection(session: pytest.Session) -> None:
    """Of a whole run only. What can't be imported says why when pytest imports it."""
    config = session.config
    worker, workers = os.environ.get("PYTEST_XDIST_WORKER", ""), int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    if not worker or config.args_source is not pytest.Config.ArgsSource.TESTPATHS:
        return
    for name in in_turn(modules(config.rootpath), worker=int(worker.removeprefix("gw")), workers=workers):
        with suppress(Exception):
            import_module(name)


def modules(root: Path) -> list[str]:
    """The names of all modules of tests, in the order in which pytest comes to them."""
    return [".".join(path.relative_to(root).with_suffix("").parts) for path in sorted((root / "tests").rglob("test_*.py"))]


def in_turn(names: list[str], *, worker: int, workers: int) -> list[str]:
    """From this worker's share to the end, and on from the beginning."""
    start = len(names) * worker // workers
    return names[start:] + names[:start]


def pytest_collection_finish() -> None:
    """All that is there now stays to the end. Python need not search it for rubbish again and again, a tenth of its time."""
    gc.collect()
    gc.freeze()


def one_in(number: int, cases: Iterable[Any]) -> list[Any]:
    """For parametrize, of many cases that are alike: the first, and one in so many, in every run; the others are slow."""
    return [each if place % number == 0 else pytest.param(each, marks=pytest.mark.slow) for place, each in enumerate(cases)]


def pytest_configure(config: pytest.Config) -> None:
    # A run of everything: it leaves to `make test-slow` what is marked as slow. Whoever names a folder or a test gets all of it.
    whole = config.args_source is pytest.Config.ArgsSource.TESTPATHS
    if whole and not config.option.markexpr:
        config.option.markexpr = "not slow"


@pytest.hookimpl(tryfirst=True)  # before xdist reads it; after tests/deploy, which is loaded later, has named its own
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What empties the database stays by itself, so that pytest-django can put it last of all."""
    for item in items:
        if item.get_closest_marker("xdist_group") is None and not empties_the_database(item):
            item.add_marker(pytest.mark.xdist_group(file_of(item)))


def empties_the_database(item: pytest.Item) -> bool:
    marker = item.get_closest_marker("django_db")
    return "transactional_db" in getattr(item, "fixturenames", ()) or bool(marker and marker.kwargs.get("transaction"))


def file_of(item: pytest.Item) -> str:
    """As the group of its tests is called."""
    return f"{item.path.parent.name}/{item.path.stem}"
