"""The cluster itself is built where it is asked for: by `make cluster`, or with CLUSTER=short, as .ci/run does."""

import os

import pytest

ASKED = os.environ.get("CLUSTER") == "short"


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """The rest of the tests here needs nothing, and always runs."""
    ours = (item for item in items if item.nodeid.startswith("tests/cluster/"))
    unwanted = [] if ASKED else [item for item in ours if item.get_closest_marker("long")]
    if unwanted:
        config.hook.pytest_deselected(items=unwanted)
        items[:] = [item for item in items if item not in unwanted]
