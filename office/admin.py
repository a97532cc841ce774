"""The page of the settings on the staff site."""

from collections.abc import Iterator
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import permission_required
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from ctac.forms import FORM_METHODS
from ctac.staff.audit import audit_note
from ctac.staff.menu import PAGES, MenuPage
from ctac.staff.site import long_moment, staff_site
from office.closures import admin as closures_admin  # noqa: F401 - registers its models
from office.forms import GROUPS, NAMES, SettingsForm, began_name, in_words
from office.models import SiteSettings
from office.queries import last_changes, stored
from office.services import broken_promises, change_settings, locked_settings
from office.texts import admin as texts_admin  # noqa: F401 - registers its model

CHANGE = "office.change_sitesettings"
PAGES.append(MenuPage(gettext_lazy("Settings"), gettext_lazy("Settings of the site"), "staff:settings", CHANGE))


@require_http_methods(FORM_METHODS)
@permission_required(CHANGE, raise_exception=True)
def settings_page(request: HttpRequest) -> HttpResponse:
    """A GET shows the settings, a POST saves all changes. The button beside a setting also puts back its first value."""
    if request.method != "POST":
        return shown(request, SettingsForm(instance=stored(), changes=last_changes()))
    asked = staff_site.ask_again(request)
    if asked is not None:
        return asked
    with transaction.atomic():
        form = SettingsForm(request.POST, instance=locked_settings(), changes=last_changes())
        is_saved = save(request, form)
        transaction.set_rollback(not is_saved)  # so not even a new row stays
    if not is_saved:
        return shown(request, form)
    messages.success(request, _("Saved. Every page and email follows from now on."))
    return redirect("staff:settings")


def save(request: HttpRequest, form: SettingsForm) -> bool:
    """Save the form. Returns False if it has something to say instead."""
    if (name := request.POST.get("first")) in NAMES:
        form.put_back(name)
    old = SiteSettings(**form.initial)
    if not form.is_valid() or not form.confirms(broken_promises(old, SiteSettings(**form.values))):
        return False
    change_settings(by=request.user, now=timezone.now(), **form.values)
    changed = [name for name in NAMES if form.values[name] != form.initial[name]]
    note = audit_note(request)
    note.kind = SiteSettings._meta.label_lower
    note.add("changed" if changed else "sent", keys=[old.pk], what=", ".join(changed))
    return True


def shown(request: HttpRequest, form: SettingsForm) -> HttpResponse:
    title = _("Settings of the site")
    page = {
        "title": title,
        "form": form,
        "wide": True,
        "groups": [(legend, list(rows(form, names))) for legend, names in GROUPS.items()],
    }
    return TemplateResponse(request, "office/staff/settings.html", {**staff_site.each_context(request), **page})


def rows(form: SettingsForm, names: tuple[str, ...]) -> Iterator[dict[str, Any]]:
    """For each setting: its box, its first value, its last change, and whether it has the first value now."""
    for name in names:
        first, change = SiteSettings._meta.get_field(name).get_default(), form.changes.get(name)  # type: ignore[union-attr]
        yield {
            "box": form[name],
            "began_name": began_name(name),
            "began": form.typed(name, form.initial[name]),
            "first": in_words(name, first),
            "is_first": form.initial[name] == first,
            "before": change and in_words(name, change.old),
            "who": change and (change.by or _("A former colleague")),
            "when": change and long_moment(change.at),
        }


staff_site.add_page("settings/", settings_page, "settings")
