"""The menu of the staff site: its sections, their lists in the product's order, and the words that staff use for them."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from operator import itemgetter
from typing import Any

from django.apps import apps
from django.contrib.admin import AdminSite
from django.contrib.contenttypes.models import ContentType
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _


@dataclass(frozen=True)
class Section:
    """A heading and its lists. The first list of a daily section stands in the menu itself, and opens by g and then `key`."""

    title: str | Promise
    lists: tuple[str, ...]
    daily: bool = True
    key: str = ""


@dataclass(frozen=True)
class MenuPage:
    """A page that is no list: it stands beside the lists of its section, for colleagues with `permission`."""

    section: str | Promise
    label: str | Promise
    route: str
    permission: str
    key: str = ""


MENU_PAGES: list[MenuPage] = []
SECTIONS = (
    Section(
        _("Bookings"),
        (
            "bookings.booking",
            "bookings.followup",
            "bookings.leave",
            "bookings.presenter",
            "bookings.dutyshift",
            "bookings.busytime",
            "bookings.journeytime",
            "bookings.presentation",
        ),
        key="b",
    ),
    Section(_("Open sessions"), ("bookings.opensession",), key="s"),
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
            "leaflets.recall",
        ),
        key="o",
    ),
    Section(_("Packing"), ("leaflets.packingsession",), key="k"),
    Section(_("Reach"), ("reach.report", "reach.campaign", "reach.rolemailbox"), daily=False),
    Section(_("Guidance"), ("guidance.guidancepage", "guidance.areacontact"), daily=False),
    Section(_("Messages"), ("notifications.notification", "notifications.markedaddress", "notifications.teammail"), key="m"),
    Section(
        _("People"),
        (
            "professionals.person",
            "professionals.organisation",
            "professionals.blockedattempt",
            "professionals.flaggedtext",
            "privacy.dataaction",
            "privacy.retentionrun",
        ),
        key="p",
    ),
    Section(_("Data protection"), ("privacy.complaint", "privacy.breach"), daily=False),
    Section(
        _("Settings"),
        (
            *("office.closure", "office.banner", "office.textversion"),
            *(
                "accounts.user",
                "auth.group",
                "audit.entry",
                "audit.export",
                "professionals.recogniseddomain",
                "professionals.import",
            ),
        ),
        daily=False,
    ),
)
# Plainer names than the models': of one row within a sentence, and of the list.
MODEL_NAMES: dict[str, tuple[str | Promise, str | Promise]] = {
    "auth.group": (_("role"), _("Roles")),
    "accounts.user": (_("account"), _("Accounts")),
    "bookings.availability": (_("weekday"), _("Availability")),
    "bookings.availabilityexception": (_("day or days with other hours"), _("Days with other hours")),
    "mfa.authenticator": (_("way to prove who signs in"), _("Ways to prove who signs in")),
    "notifications.teammail": (_("timing of the team’s mail"), _("How the team gets its mail")),
}
# Buttons of the first page: what a day begins with, and what somebody on the phone waits for.
CALLER_BUTTONS: dict[str, str | Promise] = {
    "bookings.booking": _("Book for a caller"),
    "leaflets.order": _("Order for a caller"),
    "leaflets.packingsession": _("Start a packing session"),
}


def plural_name(opts: Any) -> str:
    """What the list of a model (its _meta) is called."""
    return capfirst(str(MODEL_NAMES.get(opts.label_lower, ("", opts.verbose_name_plural))[1]))


def singular_name(opts: Any) -> str:
    """What one row of that list is called, within a sentence."""
    return str(MODEL_NAMES.get(opts.label_lower, (opts.verbose_name,))[0])


def get_model_lists(site: AdminSite, request: HttpRequest) -> Iterator[dict[str, Any]]:
    """The lists that this colleague may see.

    Django's `get_app_list` sorts them by name, and translates a name again for each comparison: a third of a page's time.
    """
    for model in filter(site.is_registered, apps.get_models()):
        admin, opts = site.get_model_admin(model), model._meta
        may = admin.get_model_perms(request) if admin.has_module_permission(request) else {}
        if any(may.values()):
            route = f"staff:{opts.app_label}_{opts.model_name}"
            yield {
                "model": model,
                "name": plural_name(opts),
                "for_callers": CALLER_BUTTONS.get(opts.label_lower, ""),
                "admin_url": cached_reverse(f"{route}_changelist") if may["change"] or may["view"] else None,
                "add_url": cached_reverse(f"{route}_add") if may["add"] else None,
            }


@cache
def cached_reverse(route: str) -> str:
    """The route's address, kept: each page of the staff site has a hundred of them."""
    return reverse(route)


def build_menu(lists: Iterable[dict[str, Any]], user: Any) -> list[dict[str, Any]]:
    """The lists and pages of each section that this colleague may see; lists without a section come last."""
    found = {each["model"]._meta.label_lower: each for each in lists}
    sections = [(section, [found.pop(name) for name in section.lists if name in found]) for section in SECTIONS]
    sections.append((Section(_("Other"), (), daily=False), sorted(found.values(), key=itemgetter("name"))))
    pages = get_menu_pages(user)
    return [
        {"name": section.title, "daily": section.daily, "key": section.key, "models": models, "pages": beside}
        for section, models in sections
        if (beside := pages[str(section.title)]) or models
    ]


def get_menu_pages(user: Any) -> dict[str, list[dict[str, Any]]]:
    """The pages that this user may open, by the title of their section."""
    found: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for page in MENU_PAGES:
        if user.has_perm(page.permission):
            found[str(page.section)].append({"name": page.label, "url": cached_reverse(page.route), "key": page.key})
    return found


def section_position(title: object) -> int:
    """The place of a section in the menu; unknown ones come last."""
    titles = [str(section.title) for section in SECTIONS]
    return titles.index(str(title)) if str(title) in titles else len(titles)


def group_by_section(lines: Iterable[tuple[str | Promise, dict[str, Any]]]) -> list[dict[str, Any]]:
    """The lines, each given with its section, by section in the order of the menu."""
    sections: dict[str, list[dict[str, Any]]] = {}
    for section, line in lines:
        sections.setdefault(str(section), []).append(line)
    return [{"heading": heading, "lines": sections[heading]} for heading in sorted(sections, key=section_position)]


def split_waiting_and_idle(sections: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """What the first staff page shows: `waits`, the sections in which something waits, and `idle`, folded away, the lines at 0.

    Urgent lines come first in their section, and sections with an urgent line come first. The others keep their places, so that
    colleagues find them where they were yesterday.
    """
    waits, idle = [], []
    for section in sections:
        if filled := [line for line in section["lines"] if line["figure"]]:
            named = any(line["rows"] for line in filled)
            waits.append({**section, "lines": sorted(filled, key=lambda line: not line["urgent"]), "named": named})
        if empty := [line for line in section["lines"] if not line["figure"]]:
            idle.append({**section, "lines": empty})
    return {
        "waits": sorted(waits, key=lambda section: not section["lines"][0]["urgent"]),
        "idle": idle,
        "idle_count": sum(len(section["lines"]) for section in idle),
    }


def redirect_to_public_page(site: AdminSite, request: HttpRequest, content_type_id: str, object_id: str) -> HttpResponse:
    """Redirect to an object's page on the public site, if the user may see the object.

    Django's own view asks only whether the user is staff, and its redirect gives away the reference of any booking.
    """
    kind = ContentType.objects.filter(pk=content_type_id).first() if content_type_id.isdecimal() else None
    model: Any = kind.model_class() if kind else None
    if model is None or not site.is_registered(model):
        raise Http404
    admin = site.get_model_admin(model)
    found = admin.get_object(request, object_id) if admin.has_view_permission(request) and admin.view_on_site else None
    if found is None or not hasattr(found, "get_absolute_url"):
        raise Http404
    return redirect(found.get_absolute_url())
