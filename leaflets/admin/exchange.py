"""Orders taken out as spreadsheets, and who did it."""

from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.admin.views.main import ChangeList
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseNotAllowed, QueryDict
from django.shortcuts import redirect
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from ctac.staff import StaffModelAdmin, staff_site
from ctac.staff_lists import LooksOnly, moment_of, number_of
from leaflets.admin.importing import as_file, as_user
from leaflets.exchange.orders import HEADINGS, keys_of_orders, lines_of, order_rows
from leaflets.exchange.writing import MOST_ROWS
from leaflets.models import Order, OrderExport, SheetForm
from leaflets.services.exporting import record_export
from professionals.asking_again import ask_again
from professionals.taking_out import too_many_sheets


class ExportsOrders(StaffModelAdmin):
    """For the admin of orders: all that its list shows as a file, or those that are ticked. By POST alone, and written down."""

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.export_view)
        return [path("export/", view, name="leaflets_order_export"), *super().get_urls()]

    def has_export_permission(self, request: HttpRequest) -> bool:
        return self.has_view_permission(request) and request.user.has_perm("leaflets.export_orders")

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        may = {"may_export": self.has_export_permission(request)}
        return super().changelist_view(request, {**may, **(extra_context or {})})

    def export_view(self, request: HttpRequest) -> HttpResponseBase:
        """What was typed into the list's search may be a name, so it comes in the form and not in the address."""
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        if not self.has_export_permission(request):
            raise PermissionDenied
        form, asked = request.POST.get("form", ""), request.POST.get("list", "").lstrip("?")
        here = f"{reverse('staff:leaflets_order_changelist')}{f'?{asked}' if asked else ''}"
        asked_again = ask_again(request)
        if asked_again is not None:
            return asked_again
        if form not in SheetForm.values or "%00" in asked or "\0" in asked:
            return redirect("staff:leaflets_order_changelist")
        request.GET = QueryDict(asked)
        try:
            shown = self.get_changelist_instance(request)
        except IncorrectLookupParameters:
            return redirect("staff:leaflets_order_changelist")
        what = {"narrowed": filters_in_words(shown), "searched": bool(shown.query)}
        return self.export(request, shown.queryset, form, **what) or redirect(here)

    def export(self, request: HttpRequest, orders: QuerySet[Order], form: str, **what: Any) -> HttpResponseBase | None:
        """None if there is nothing to write, or too much; a message then says so."""
        keys = keys_of_orders(orders.prefetch_related(None))
        lines = lines_of(keys)
        if not lines:
            messages.warning(request, gettext("No order here has any copies, so there is nothing to export."))
            return None
        if form == SheetForm.XLSX and lines >= MOST_ROWS:
            messages.warning(request, too_many(lines))
            return None
        now = timezone.now()
        wait = too_many_sheets(request, now)
        if wait is not None:
            return wait
        record_export(form=form, orders=len(keys), lines=lines, by=as_user(request), now=now, **what)
        return as_file("orders", form, HEADINGS, order_rows(keys), sheet=gettext("Orders"))

    @admin.action(description=_("Export as XLSX (Excel)"), permissions=["export"])
    def export_ticked_xlsx(self, request: HttpRequest, orders: QuerySet[Order]) -> HttpResponseBase | None:
        return ask_again(request) or self.export(request, orders, SheetForm.XLSX, chosen=True)

    @admin.action(description=_("Export as CSV"), permissions=["export"])
    def export_ticked_csv(self, request: HttpRequest, orders: QuerySet[Order]) -> HttpResponseBase | None:
        return ask_again(request) or self.export(request, orders, SheetForm.CSV, chosen=True)


def too_many(lines: int) -> str:
    facts = {"lines": f"{lines:,}", "most": f"{MOST_ROWS - 1:,}"}
    said = gettext("These are %(lines)s lines, and an Excel sheet holds %(most)s. Filter the list to fewer, or choose CSV.")
    return said % facts


def filters_in_words(shown: ChangeList) -> str:
    """'State: Received; period: November 2026'; never what was searched for, nor whose orders they are."""
    words = []
    for spec in shown.filter_specs:
        chosen = [str(choice["display"]) for choice in list(spec.choices(shown))[1:] if choice["selected"]]
        if chosen and getattr(spec, "names_somebody", False):
            chosen = [gettext("one alone")]
        words += [f"{spec.title}: {', '.join(chosen)}"] if chosen else []
    said = "; ".join(words)[:300]
    return said[:1].upper() + said[1:]


@admin.register(OrderExport, site=staff_site)
class OrderExportAdmin(LooksOnly):
    """Who took orders out of the system, and when."""

    list_display = ("when", "by", "form", "number_orders", "number_lines", "which")
    list_display_links = None
    list_select_related = ("by",)
    sorts_quickly = ("when",)
    ordering = ("-at", "-pk")
    actions = None
    when = moment_of("at", _("when"), short=True)
    number_orders = number_of("orders", _("orders"))
    number_lines = number_of("lines", _("lines"))

    @admin.display(description=_("which orders"))
    def which(self, export: OrderExport) -> str:
        if export.chosen:
            return ngettext("Ticked: %(n)s order", "Ticked: %(n)s orders", export.orders) % {"n": f"{export.orders:,}"}
        found = [gettext("Found by a search")] if export.searched else []
        return "\n".join([*found, *([export.narrowed] if export.narrowed else [])]) or gettext("All orders")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: OrderExport | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: OrderExport | None = None) -> bool:
        return False
