"""The settings as they are now: read once a request or task, from a copy in the cache, else from their row."""

from office.copies import KEPT_SECONDS as KEPT_SECONDS
from office.copies import KEY as KEY
from office.copies import copy_of, keep_copy
from office.copies import forget as forget
from office.models import SiteSettings


def site_settings() -> SiteSettings:
    """Those of this request or task. Asks the cache once; the database only if that has no copy or is down."""
    found: SiteSettings | None = copy_of(KEY)
    return found or keep_copy(KEY, SiteSettings.objects.first() or SiteSettings())
