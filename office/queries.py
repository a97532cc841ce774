"""The settings as they are now: read once a request or task, from a copy in the cache, else from their row."""

from contextlib import suppress
from typing import Any, TypeVar

from asgiref.local import Local
from django.core.cache import cache

from office.models import SiteSettings

KEY, NOTICES = "site_settings", "office_notices"  # what is published of closures and banners (office/closures/queries.py)
KEPT_SECONDS = 60  # a copy that could not be renewed, because the cache was down, is believed no longer than this
_read = Local()
T = TypeVar("T")


def site_settings() -> SiteSettings:
    """Those of this request or task. Asks the cache once; the database only if that has no copy or is down."""
    found: SiteSettings | None = copy_of(KEY)
    return found or keep_copy(KEY, SiteSettings.objects.first() or SiteSettings())


def copy_of(key: str) -> Any:
    """What is published under this key: all of it is read from the cache at once, and once a request or task."""
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


def forget(**_signal: Any) -> None:
    """A new request or task reads them again."""
    if hasattr(_read, "copies"):
        del _read.copies
