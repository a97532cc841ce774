"""Staff's own wordings as they are now: read once a request or task, from a copy in the cache, else from their rows."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any

from asgiref.local import Local
from django.core.cache import cache
from django.db import DatabaseError
from django.utils.translation import get_language

from office.texts.markup import as_plain, fill
from office.texts.models import TextVersion

KEY = "site_texts"
KEPT_SECONDS = 60  # as of the settings of the site (office/queries.py)
_read = Local()
Wordings = Mapping[str, Mapping[str, str]]  # language → our sentence in it → theirs


def own_wordings() -> Mapping[str, str]:
    """Those of the language of this moment, for this request or task."""
    found: Wordings | None = getattr(_read, "wordings", None)
    if found is None:
        found = _read.wordings = _cached()
    return found.get(get_language() or "", {})


def _cached() -> Wordings:
    with suppress(Exception):  # the cache may be down
        if (found := cache.get(KEY)) is not None:
            return found
    try:
        found = live_wordings()
    except DatabaseError:  # down too: the page that says so has our own words
        return {}
    with suppress(Exception):
        cache.add(KEY, found, KEPT_SECONDS)  # unless somebody who has changed them was quicker
    return found


def live_wordings() -> Wordings:
    found: dict[str, dict[str, str]] = defaultdict(dict)
    for language, ours, text in TextVersion.objects.live().order_by("pk").values_list("language", "ours", "text"):
        found[language][ours] = text
    return dict(found)


def publish(wordings: Wordings) -> None:
    forget()
    with suppress(Exception):  # the cache may be down: then the copy is believed for a minute at most
        cache.set(KEY, wordings, KEPT_SECONDS)


def forget(**_signal: Any) -> None:
    """A new request or task reads them again."""
    if hasattr(_read, "wordings"):
        del _read.wordings


@contextmanager
def trying_out(language: str, ours: str, text: str) -> Iterator[None]:
    """For a preview: as if this wording were approved."""
    own_wordings()
    before: Wordings = _read.wordings
    _read.wordings = {**before, language: {**before.get(language, {}), ours: text}}
    try:
        yield
    finally:
        _read.wordings = before


def worded(ours: str, values: Mapping[str, object]) -> str:
    """A sentence of ours that stands in no template, such as the subject of an email, or staff's own wording of it."""
    own = own_wordings().get(ours)
    return ours % values if own is None else fill(as_plain(own), values)
