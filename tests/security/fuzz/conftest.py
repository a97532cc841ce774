"""What the tests of this folder share."""

import logging
import os
from collections.abc import Iterator
from pathlib import Path

import pytest


@pytest.fixture(autouse=True, scope="module")
def log_to_nowhere() -> Iterator[None]:
    """Each line is made as ever, with whatever was sent in it; nobody reads ten thousand."""
    handlers = [each for each in logging.getLogger().handlers if type(each) is logging.StreamHandler]
    with Path(os.devnull).open("w") as nowhere:
        streams = [(each, each.setStream(nowhere)) for each in handlers]
        yield
        for each, stream in streams:
            each.setStream(stream or nowhere)
