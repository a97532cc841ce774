"""The lists of the staff site in the product's order: in the menu, on the first page, in words that staff use.

Named as text: this is what a person sees first, and no part of it needs the apps themselves.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.utils.functional import Promise
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _


@dataclass(frozen=True)
class Section:
    """A heading and its lists; the first list of a daily section stands in the menu itself."""

    title: str | Promise
    lists: tuple[str, ...]
    daily: bool = True


SECTIONS = (
    Section(
        _("Bookings"),
        (
            "bookings.booking",
            "bookings.afterwards",
            "bookings.leave",
            "bookings.presenter",
            "bookings.busytime",
            "bookings.journeytime",
            "bookings.presentation",
        ),
    ),
    Section(_("Open sessions"), ("bookings.opensession",)),
    Section(
        _("Leaflets"),
        (
            "leaflets.order",
            "leaflets.missingparcel",
            "leaflets.edition",
            "leaflets.stocktake",
            "leaflets.leaflet",
            "leaflets.stockmovement",
            "leaflets.sheetimport",
            "leaflets.orderexport",
            "leaflets.recall",
        ),
    ),
    Section(_("Packing"), ("leaflets.packingsession",)),
    Section(_("Messages"), ("notifications.notification", "notifications.markedaddress", "notifications.teammail")),
    Section(
        _("People"),
        (
            "professionals.person",
            "professionals.organisation",
            "professionals.stopped",
            "professionals.flaggedtext",
            "professionals.dataaction",
            "professionals.retentionrun",
        ),
    ),
    Section(_("Data protection"), ("dataprotection.complaint", "dataprotection.breach"), daily=False),
    Section(
        _("Settings"),
        ("professionals.user", "auth.group", "audit.entry", "professionals.recogniseddomain", "professionals.outofhours"),
        daily=False,
    ),
)
# What has a plainer name than Django's.
NAMES: dict[str, tuple[str | Promise, str | Promise]] = {
    "auth.group": (_("role"), _("Roles")),
    "professionals.user": (_("account"), _("Accounts")),
    "bookings.availability": (_("weekday"), _("Availability")),
}
# What somebody on the phone is waiting for stands on the first page as a button.
FOR_CALLERS: dict[str, str | Promise] = {
    "bookings.booking": _("Book for a caller"),
    "leaflets.order": _("Order for a caller"),
}


def name_of(opts: Any) -> str:
    """What the list of a model (its _meta) is called."""
    return capfirst(str(NAMES.get(opts.label_lower, ("", opts.verbose_name_plural))[1]))


def one_of(opts: Any) -> str:
    """What one row of that list is called, within a sentence."""
    return str(NAMES.get(opts.label_lower, (opts.verbose_name,))[0])


def arrange(apps: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Django's list of apps (only what this person may see) as our sections; a list that no section names comes last."""
    found = {model["model"]._meta.label_lower: model for app in apps for model in app["models"]}
    for label, model in found.items():
        model["name"] = name_of(model["model"]._meta)
        model["for_callers"] = FOR_CALLERS.get(label, "")
    sections = [(section, [found.pop(name) for name in section.lists if name in found]) for section in SECTIONS]
    sections.append((Section(_("Other"), (), daily=False), list(found.values())))
    return [{"name": section.title, "daily": section.daily, "models": models} for section, models in sections if models]


def place_of(title: object) -> int:
    """Where a section of this title stands; what is not in the menu comes last."""
    titles = [str(section.title) for section in SECTIONS]
    return titles.index(str(title)) if str(title) in titles else len(titles)
