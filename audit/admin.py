"""The audit on the staff site: who looked at, took out and changed what. For managers to read (ADR 21)."""

from typing import Any

from django.apps import apps
from django.contrib import admin
from django.contrib.auth import get_user_model
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.text import capfirst
from django.utils.translation import gettext as _, gettext_lazy, ngettext

from audit.models import Act, Entry, Export
from audit.pages import account_names, admin_of, details_text, humanise_code, model_of
from core.models import is_reference, normalise_reference
from staff import menu
from staff.lists import EMPTY_VALUE, CappedChangeList, column, datetime_column, number_column, period_filter, state_tag
from staff.model_admin import OneRowAdmin, ReadOnlyAdmin
from staff.site import staff_site

MAX_COLLEAGUES = 200
# Pages that neither staff_site.add_page nor the menu names.
PAGE_NAMES = {
    "login": gettext_lazy("Sign-in for staff"),
    "mail_gallery": gettext_lazy("All emails"),
    "mail_gallery_html": gettext_lazy("Example of an email"),
    "mail_gallery_one": gettext_lazy("Example of an email"),
    "message_html": gettext_lazy("An email as its reader sees it"),
    "notifications_send_failed": gettext_lazy("Send failed emails again"),
    "staff_calendar_address": gettext_lazy("Address of the team’s calendar"),
    "staff_calendar_stop": gettext_lazy("Stop the address of the team’s calendar"),
    "view_on_site": gettext_lazy("The public page of a row"),
}
LABEL_BY_PAGE_PART = {"changelist": "list", "add": "new", "change": "one of them"}
STOPPED_ACTS = {Act.REFUSED, Act.LIMITED, Act.NOT_LET_IN}


class ActorFilter(admin.SimpleListFilter):
    """Filters by colleague. The URL has only their key, so that no log and no bookmark names them."""

    title = gettext_lazy("who")
    parameter_name = "who"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        staff = get_user_model()._default_manager.filter(is_staff=True).order_by("name", "email")
        return [(str(user.pk), str(user)) for user in staff.only("name", "email")[:MAX_COLLEAGUES]]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Entry]) -> QuerySet[Entry]:
        chosen = self.value() or ""
        return queryset.filter(actor=chosen) if chosen.isascii() and chosen.isdecimal() and len(chosen) < 19 else queryset


class KindFilter(admin.SimpleListFilter):
    title = gettext_lazy("kind of thing")
    parameter_name = "kind"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        named = [(model._meta.label_lower, capfirst(menu.singular_name(model._meta))) for model in models_with_pages()]
        return sorted(named, key=lambda choice: choice[1])

    def queryset(self, request: HttpRequest, queryset: QuerySet[Entry]) -> QuerySet[Entry]:
        return queryset.filter(kind=self.value()) if self.value() else queryset


class EntryChangeList(CappedChangeList):
    """Reads the names of all actors on the page at once."""

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        rows = self.result_list = list(self.result_list)
        names = account_names(entry.actor for entry in rows)
        for entry in rows:
            entry.actor_name = names[entry.actor]


@admin.register(Entry, site=staff_site)
class EntryAdmin(ReadOnlyAdmin):
    nobody_may = ("add", "change", "delete")
    list_display = ("when", "who", "did", "about", "details", "request")
    list_display_links = None
    list_filter = (ActorFilter, "act", KindFilter, period_filter("at"))
    search_fields = ("key",)
    search_help_text = gettext_lazy("A reference, such as BK-7Q4M-2F, or the number of a person, account or message")
    sorts_quickly = ("when",)
    ordering = ("-at", "-pk")
    actions = None
    when = datetime_column("at", gettext_lazy("when"), short=True)
    # We don't know somebody who was stopped before signing in. An act that succeeded without a user was done by our own rules.
    who = column(
        gettext_lazy("who"),
        lambda entry: str(entry.actor_name) if entry.actor or entry.act in STOPPED_ACTS else _("The site itself"),
    )
    did = column(
        gettext_lazy("did"),
        lambda entry: state_tag(entry.get_act_display(), "stopped" if entry.act in STOPPED_ACTS else "done"),
        ordering="act",
    )
    details = column(gettext_lazy("details"), lambda entry: capfirst(details_text(entry)) or EMPTY_VALUE)

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[CappedChangeList]:
        return EntryChangeList

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> None:
        """None: an entry has no page of its own, since the list shows all of it."""

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Entry], search_term: str
    ) -> tuple[QuerySet[Entry], bool]:
        """Finds the acts about one object: some pages have its reference in their address, others its key."""
        typed = search_term.strip()
        if not typed:
            return queryset, False
        if not is_reference(typed):
            return queryset.filter(key=typed) if typed.isascii() and typed.isdecimal() else queryset.none(), False
        reference = normalise_reference(typed)
        found = Q(key=reference)
        for model in models_with_pages():
            if any(field.name == "reference" and field.unique for field in model._meta.concrete_fields):
                key = model._base_manager.filter(reference=reference).values_list("pk", flat=True).first()
                if key is not None:
                    found |= Q(kind=model._meta.label_lower, key=str(key))
        return queryset.filter(found), False

    @admin.display(description=gettext_lazy("what"))
    def about(self, entry: Entry) -> SafeString | str:
        """The kind and number of the object, as a link if it has a page on the staff site. Without an object, the page's name."""
        model, key = model_of(entry), entry.key
        if model is None:
            return key or (_("Page: %(page)s") % {"page": page_name(entry.page)} if entry.page else EMPTY_VALUE)
        kind, model_admin = capfirst(menu.singular_name(model._meta)), admin_of(model)
        if not key:
            if entry.page.endswith("_add"):
                return _("New %(kind)s") % {"kind": menu.singular_name(model._meta)}
            return _("List: %(kind)s") % {"kind": menu.plural_name(model._meta)}
        name = menu.plural_name(model._meta) if isinstance(model_admin, OneRowAdmin) else f"{kind} {key}"
        if model_admin is None:
            return name
        page = f"staff:{model._meta.app_label}_{model._meta.model_name}"
        href = f"{reverse(f'{page}_changelist')}?q={key}" if is_reference(key) else reverse(f"{page}_change", args=[key])
        return format_html('<a href="{}">{}</a>', href, name)


def page_name(page: str) -> str:
    """The page's name in the menu; for a list and its pages, the kind of thing first."""
    menu_names = {each.route.removeprefix("staff:"): each.label for each in menu.MENU_PAGES}
    if name := staff_site.page_labels.get(page) or PAGE_NAMES.get(page) or menu_names.get(page):
        return str(name)
    for model in models_with_pages():
        app, part, rest = page.partition(f"{model._meta.app_label}_{model._meta.model_name}_")
        if part and not app:
            return f"{capfirst(menu.plural_name(model._meta))}: {humanise_code(LABEL_BY_PAGE_PART.get(rest, rest))}"
    return humanise_code(page)


def models_with_pages() -> list[Any]:
    return [model for model in apps.get_models() if staff_site.is_registered(model)]


@admin.register(Export, site=staff_site)
class ExportAdmin(ReadOnlyAdmin):
    """Who took lists out of the system, and when."""

    nobody_may = ("add", "change", "delete")
    list_display = ("when", "by", "what", "form", "number_rows", "number_lines", "which")
    list_display_links = None
    list_select_related = ("by",)
    sorts_quickly = ("when",)
    actions = None
    when = datetime_column("at", gettext_lazy("when"), short=True)
    number_rows = number_column("rows", gettext_lazy("rows"))
    number_lines = number_column("lines", gettext_lazy("lines"))
    what = column(gettext_lazy("list"), lambda export: menu.plural_name(apps.get_model(export.of)._meta))

    @admin.display(description=gettext_lazy("which rows"))
    def which(self, export: Export) -> str:
        """How the colleague had narrowed the list."""
        if export.chosen:
            return ngettext("Ticked: %(n)s row", "Ticked: %(n)s rows", export.rows) % {"n": f"{export.rows:,}"}
        searched = _("Found by a search") if export.searched else ""
        return "\n".join(filter(None, [searched, export.filters])) or _("The whole list")
