"""The settings as they are now: read once a request or task, from a copy in the cache, else from their row."""

from contextlib import suppress
from typing import Any

from asgiref.local import Local
from django.core.cache import cache

from office.models import SiteSettings

KEY = "site_settings"
KEPT_SECONDS = 60  # a copy that could not be renewed, because the cache was down, is believed no longer than this
_read = Local()


def site_settings() -> SiteSettings:
    """Those of this request or task. Asks the cache once; the database only if that has no copy or is down."""
    found: SiteSettings | None = getattr(_read, "settings", None)
    if found is None:
        found = _read.settings = cached() or published(SiteSettings.objects.first() or SiteSettings())
    return found


def cached() -> SiteSettings | None:
    with suppress(Exception):  # the cache may be down
        return cache.get(KEY)
    return None


def published(settings: SiteSettings) -> SiteSettings:
    """For other processes, unless somebody who has changed them was quicker."""
    with suppress(Exception):  # the cache may be down
        cache.add(KEY, settings, KEPT_SECONDS)
    return settings


def forget(**_signal: Any) -> None:
    """A new request or task reads them again."""
    if hasattr(_read, "settings"):
        del _read.settings
