"""Changing the settings: audited, and true for everybody from the next request on."""

from contextlib import suppress
from typing import Any

from django.core.cache import cache
from django.db import transaction

from office.models import SiteSettings
from office.queries import KEPT_SECONDS, KEY, forget


@transaction.atomic
def change_settings(**values: Any) -> SiteSettings:
    """Those of these names. Writes the row, then the copy that every process reads."""
    SiteSettings.objects.bulk_create([SiteSettings()], ignore_conflicts=True)
    changed = SiteSettings.objects.select_for_update().get()
    for name, value in values.items():
        setattr(changed, name, value)
    changed.save()
    transaction.on_commit(lambda: publish(changed), robust=True)
    forget()
    return changed


def publish(settings: SiteSettings) -> None:
    forget()
    with suppress(Exception):  # the cache may be down: then the copy is believed for a minute at most
        cache.set(KEY, settings, KEPT_SECONDS)
