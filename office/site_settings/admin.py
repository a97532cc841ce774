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
from django.utils.translation import gettext as _, gettext_lazy
from django.views.decorators.http import require_http_methods

from core.forms import FORM_METHODS
from office.site_settings.forms import SETTING_GROUPS, SETTING_NAMES, SettingsForm, opened_value_name, setting_value_text
from office.site_settings.models import SiteSettings
from office.site_settings.queries import last_change_by_setting, read_settings
from office.site_settings.services import change_settings, find_broken_promises, get_locked_settings
from staff.audit import audit_note
from staff.lists import format_long_datetime
from staff.menu import MENU_PAGES, MenuPage
from staff.site import staff_site

CHANGE_PERMISSION = "office.change_sitesettings"
MENU_PAGES.append(MenuPage(gettext_lazy("Settings"), gettext_lazy("Settings of the site"), "staff:settings", CHANGE_PERMISSION))


@require_http_methods(FORM_METHODS)
@permission_required(CHANGE_PERMISSION, raise_exception=True)
def settings_page(request: HttpRequest) -> HttpResponse:
    """A GET shows the settings, a POST saves all changes. The button beside a setting also puts back its first value."""
    if request.method != "POST":
        return render_settings(request, SettingsForm(instance=read_settings(), changes=last_change_by_setting()))
    asked = staff_site.ask_again(request)
    if asked is not None:
        return asked
    with transaction.atomic():
        form = SettingsForm(request.POST, instance=get_locked_settings(), changes=last_change_by_setting())
        is_saved = save_settings(request, form)
        transaction.set_rollback(not is_saved)  # so not even a new row stays
    if not is_saved:
        return render_settings(request, form)
    messages.success(request, _("Saved. Every page and email follows from now on."))
    return redirect("staff:settings")


def save_settings(request: HttpRequest, form: SettingsForm) -> bool:
    """Save the form. Returns False if it has something to say instead."""
    if (name := request.POST.get("first")) in SETTING_NAMES:
        form.restore_first_value(name)
    old = SiteSettings(**form.initial)
    if not form.is_valid() or not form.confirm_promises(find_broken_promises(old, SiteSettings(**form.values))):
        return False
    change_settings(by=request.user, now=timezone.now(), **form.values)
    changed = [name for name in SETTING_NAMES if form.values[name] != form.initial[name]]
    note = audit_note(request)
    note.kind = SiteSettings._meta.label_lower
    note.add("changed" if changed else "sent", keys=[old.pk], what=", ".join(changed))
    return True


def render_settings(request: HttpRequest, form: SettingsForm) -> HttpResponse:
    page = {
        "title": _("Settings of the site"),
        "form": form,
        "wide": True,
        "groups": [(legend, list(setting_rows(form, names))) for legend, names in SETTING_GROUPS.items()],
    }
    return TemplateResponse(request, "office/site_settings/staff/settings.html", {**staff_site.each_context(request), **page})


def setting_rows(form: SettingsForm, names: tuple[str, ...]) -> Iterator[dict[str, Any]]:
    """For each setting: its box, its first value, its last change, and whether it has the first value now."""
    for name in names:
        first, change = SiteSettings._meta.get_field(name).get_default(), form.changes.get(name)  # type: ignore[union-attr]
        yield {
            "box": form[name],
            "began_name": opened_value_name(name),
            "began": form.typed(name, form.initial[name]),
            "first": setting_value_text(name, first),
            "is_first": form.initial[name] == first,
            "before": change and setting_value_text(name, change.old),
            "who": change and (change.by or _("A former colleague")),
            "when": change and format_long_datetime(change.at),
        }


staff_site.add_page("settings/", settings_page, "settings")
