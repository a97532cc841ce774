"""The settings as they are now, and who last changed each of them."""

from datetime import datetime, time, timedelta
from typing import Any
from zlib import crc32

from django.utils.translation import gettext as _, ngettext

from core.dates import TEAM_NATION, format_time, subtract_working_days, uk_datetime, uk_day
from core.models import CachedValue
from office.closures.queries import office_closed_days
from office.site_settings.models import SettingChange, SiteSettings


def read_settings() -> SiteSettings:
    """The stored settings, or the first values if there is no row."""
    return SiteSettings.objects.first() or SiteSettings()


# A release that has other settings has its own copy in the cache.
COLUMN_NAMES = ",".join(field.name for field in SiteSettings._meta.concrete_fields)
CACHED_SETTINGS: CachedValue[SiteSettings] = CachedValue(
    f"site_settings:{crc32(COLUMN_NAMES.encode())}", read_settings, SiteSettings
)


def site_settings() -> SiteSettings:
    """The settings as this request or task sees them. Asks the cache once; the database only if that has no copy or is down."""
    return CACHED_SETTINGS.get()


def settings_values(settings: SiteSettings) -> dict[str, Any]:
    """The values of these settings, by name."""
    return {field.name: getattr(settings, field.name) for field in SiteSettings._meta.concrete_fields}


def advice_hours() -> str:
    """The opening hours in the language of the page: 'Monday to Friday, 9.30am to 4.30pm'."""
    times = (site_settings().advice_opens, site_settings().advice_closes)
    opens, closes = (format_time(clock).replace(":", ".") for clock in times)
    return _("Monday to Friday, %(opens)s to %(closes)s") % {"opens": opens, "closes": closes}


def last_change_by_setting() -> dict[str, SettingChange]:
    """The last change of each setting that was ever changed. One statement."""
    newest = SettingChange.objects.order_by("field", "-at", "-pk").distinct("field").select_related("by")
    return {change.field: change for change in newest}


def setting_text(name: str) -> str:
    """A setting in words, with the unit that its name tells: '2 working days', '90 days', '15 minutes'."""
    n = getattr(site_settings(), name)
    if name.endswith("_minutes"):
        text = ngettext("%(n)d minute", "%(n)d minutes", n)
    elif name.endswith("_working_days"):
        text = ngettext("%(n)d working day", "%(n)d working days", n)
    else:
        text = ngettext("%(n)d day", "%(n)d days", n)
    return text % {"n": n}


def overdue_request_cutoff(now: datetime) -> datetime:
    """A request from before this time has waited too long. One from a weekend counts from the next working day."""
    last = subtract_working_days(uk_day(now), site_settings().answer_working_days, TEAM_NATION, office_closed_days())
    return uk_datetime(last + timedelta(days=1), time.min)
