"""The settings as they are now, and who last changed each of them."""

from datetime import datetime, time, timedelta
from typing import Any
from zlib import crc32

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from ctac.dates import OURS, before_working_days, format_clock_time, uk_datetime, uk_day
from ctac.models import Copy
from office.closures.queries import office_closed
from office.models import SettingChange, SiteSettings


def stored() -> SiteSettings:
    """The stored settings, or the first values if there is no row."""
    return SiteSettings.objects.first() or SiteSettings()


# A release that has other settings has its own copy in the cache.
NAMES = ",".join(field.name for field in SiteSettings._meta.concrete_fields)
SETTINGS: Copy[SiteSettings] = Copy(f"site_settings:{crc32(NAMES.encode())}", stored, SiteSettings)


def site_settings() -> SiteSettings:
    """The settings as this request or task sees them. Asks the cache once; the database only if that has no copy or is down."""
    return SETTINGS.get()


def values_of(settings: SiteSettings) -> dict[str, Any]:
    """The values of these settings, by name."""
    return {field.name: getattr(settings, field.name) for field in SiteSettings._meta.concrete_fields}


def advice_hours() -> str:
    """The opening hours in the language of the page: 'Monday to Friday, 9.30am to 4.30pm'."""
    times = (site_settings().advice_opens, site_settings().advice_closes)
    opens, closes = (format_clock_time(clock).replace(":", ".") for clock in times)
    return _("Monday to Friday, %(opens)s to %(closes)s") % {"opens": opens, "closes": closes}


def last_changes() -> dict[str, SettingChange]:
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


def asked_too_long_ago(now: datetime) -> datetime:
    """A request from before this time has waited too long. One from a weekend counts from the next working day."""
    last = before_working_days(uk_day(now), site_settings().answer_working_days, OURS, office_closed())
    return uk_datetime(last + timedelta(days=1), time.min)
