"""What has happened, in words for a page: the history of one object, and who the keys are."""

from collections.abc import Iterable
from typing import Any

from django.contrib.auth import get_user_model
from django.utils.translation import gettext as _

from audit.models import Entry

MOST = 50


def changes_of(row: Any) -> list[dict[str, object]]:
    """Who changed this row, the latest first, as far as a page reads. Two statements."""
    found = list(Entry.objects.about(row._meta.label_lower, row.pk).changes().newest_first()[:MOST])
    names = names_of(entry.actor for entry in found)
    return [{"at": entry.at, "who": names[entry.actor], "what": did(entry)} for entry in found]


def did(entry: Entry) -> str:
    what = in_words(entry.what)
    return f"{entry.get_act_display()}: {what}" if what else str(entry.get_act_display())


def in_words(what: str) -> str:
    """'confirm-now' and 'is_active' as somebody reads them."""
    return what.replace("_", " ").replace("-", " ")


def names_of(keys: Iterable[int | None]) -> dict[int | None, str]:
    """The address of each account that there still is. One statement."""
    asked = {key for key in keys if key is not None}
    users = get_user_model()._default_manager.filter(pk__in=asked).values_list("pk", "email") if asked else ()
    gone: dict[int | None, str] = {key: _("Account %(key)s") % {"key": key} for key in asked}
    return {None: _("Nobody signed in"), **gone, **dict(users)}
