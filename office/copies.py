"""What all processes read of what staff own: copies in the cache, asked for once a request or task, and all at once."""

from contextlib import suppress
from typing import Any, TypeVar

from asgiref.local import Local
from django.core.cache import cache

KEY, NOTICES = "site_settings", "office_notices"
KEPT_SECONDS = 60  # a copy that could not be renewed, because the cache was down, is believed no longer than this
_read = Local()
T = TypeVar("T")


def copy_of(key: str) -> Any:
    """None if there is none, or the cache is down."""
    if not hasattr(_read, "copies"):
        _read.copies = {}
        with suppress(Exception):  # the cache may be down
            _read.copies = cache.get_many([KEY, NOTICES])
    return _read.copies.get(key)


def keep_copy(key: str, found: T) -> T:
    """For this request and other processes, unless somebody who has changed it was quicker."""
    _read.copies[key] = found
    with suppress(Exception):  # the cache may be down
        cache.add(key, found, KEPT_SECONDS)
    return found


def assume(key: str, found: object) -> None:
    """Where there is no copy, this is it for the rest of this request, for a page that must not ask the database."""
    if copy_of(key) is None:
        _read.copies[key] = found


def publish_copy(key: str, found: object) -> None:
    """After a change: what is read from the next request on."""
    forget()
    with suppress(Exception):  # the cache may be down: then the copy before is believed for a minute at most
        cache.set(key, found, KEPT_SECONDS)


def forget(**_signal: Any) -> None:
    """A new request or task reads them again."""
    if hasattr(_read, "copies"):
        del _read.copies
