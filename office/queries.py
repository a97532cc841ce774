"""The settings as they are now: read once a request or task, from a copy in the cache, else from their row."""

from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime, time, timedelta
from time import monotonic
from typing import Any

from asgiref.local import Local
from django.core.cache import cache
from django.db import Error
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from ctac.dates import OURS, before_working_days, format_clock_time, uk_datetime, uk_day
from office.models import SettingChange, SiteSettings

KEY = "site_settings"
# So long a copy is believed that could not be renewed, because the cache was down, and what a thread has read that answers no
# requests and works on no tasks.
KEPT_SECONDS = 60
_read = Local()
_known: list[SiteSettings] = []  # the last that this process has read, for when cache and database are both down


def site_settings() -> SiteSettings:
    """Those of this request or task. Asks the cache once; the database only if that has no copy or is down."""
    found: SiteSettings | None = getattr(_read, "settings", None)
    if found is None or monotonic() > _read.until:
        found = _read.settings = cached() or stored()
        _read.until, _known[:] = monotonic() + KEPT_SECONDS, [found]
    return found


def stored() -> SiteSettings:
    """As their row has them, or their first values; published for other processes, unless who has changed them was quicker."""
    try:
        found = SiteSettings.objects.first() or SiteSettings()
    except Error:  # the database is down: a page that says so has the right phone number all the same
        return _known[0] if _known else SiteSettings()
    with suppress(Exception):  # the cache may be down
        cache.add(KEY, values_of(found), KEPT_SECONDS)
    return found


def values_of(settings: SiteSettings) -> dict[str, Any]:
    """By name. What the cache keeps, so that a release with one setting more or fewer can read what another has written."""
    return {field.name: getattr(settings, field.name) for field in SiteSettings._meta.concrete_fields}


def cached() -> SiteSettings | None:
    copy: Mapping[str, Any] | None = None
    with suppress(Exception):  # the cache may be down
        copy = cache.get(KEY)
    if copy is None:
        return None
    return SiteSettings(**{field.name: copy[field.name] for field in SiteSettings._meta.concrete_fields if field.name in copy})


def forget(**_signal: Any) -> None:
    """A new request or task reads them again."""
    _read.settings = None


def advice_hours() -> str:
    """'Monday to Friday, 9.30am to 4.30pm', in the language of the page."""
    times = (site_settings().advice_opens, site_settings().advice_closes)
    opens, closes = (format_clock_time(clock).replace(":", ".") for clock in times)
    return _("Monday to Friday, %(opens)s to %(closes)s") % {"opens": opens, "closes": closes}


def last_changes() -> dict[str, SettingChange]:
    """Of each setting that was ever changed, its last change. One statement."""
    newest = SettingChange.objects.order_by("field", "-at", "-pk").distinct("field").select_related("by")
    return {change.field: change for change in newest}


def setting_text(name: str) -> str:
    """'2 working days', '90 days', '15 minutes': a setting that counts them, as its name says."""
    n = getattr(site_settings(), name)
    if name.endswith("_minutes"):
        text = ngettext("%(n)d minute", "%(n)d minutes", n)
    elif name.endswith("_working_days"):
        text = ngettext("%(n)d working day", "%(n)d working days", n)
    else:
        text = ngettext("%(n)d day", "%(n)d days", n)
    return text % {"n": n}


def asked_too_long_ago(now: datetime) -> datetime:
    """A request from before then has waited too long. One of a weekend counts from the working day after it."""
    last = before_working_days(uk_day(now), site_settings().answer_working_days, OURS)
    return uk_datetime(last + timedelta(days=1), time.min)
