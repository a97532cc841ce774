"""Rows whose every typed word is an attack: of each model and field of ours, found and not named."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.notifications import awkward
from tests.notifications.awkward import everybody_types


@contextmanager
def everybody_attacks(words: str) -> Iterator[None]:
    """While it lasts, each made row ends each of its words with these."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(awkward.WORDS, "attack", lambda said: f"{said} {words}")
        with everybody_types("attack"):
            yield
