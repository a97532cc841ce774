"""`stage`: what the races need, laid out in the live copy. `unguarded_url`: the server for negative controls."""

import os
from collections.abc import Iterator

import pytest

from tests.live.clients import inside
from tests.live.stack import Live
from tests.races.stage import SLUG, STOCK, Stage
from tests.races.unguarded import server_without_guards


@pytest.hookimpl(tryfirst=True)  # before pytest leaves out what is slow
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Those at the live server are slow; those marked as long run in `make races` only."""
    for item in items:
        if "races" in item.path.parts and "live" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.slow)
    if os.environ.get("RACES"):
        return
    long = [item for item in items if item.get_closest_marker("long")]
    if long:
        config.hook.pytest_deselected(items=long)
        items[:] = [item for item in items if item not in long]


@pytest.fixture(scope="package")
def stage(live: Live) -> Iterator[Stage]:
    yield Stage(live, inside(live, "tests.races.stage", "lay_out"))
    live.query("UPDATE bookings_presentation SET active = false WHERE slug = %s", SLUG)
    live.query("UPDATE leaflets_leaflet SET active = false WHERE slug = ANY(%s)", list(STOCK))


@pytest.fixture(scope="package")
def unguarded_url(live: Live) -> Iterator[str]:
    with server_without_guards(live) as url:
        yield url
