"""The rows of a list as a spreadsheet, orders for one, and the record of who took it out."""

from array import array
from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import date
from typing import Any, ClassVar

from django.contrib import admin, messages
from django.contrib.admin.options import IncorrectLookupParameters
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseNotAllowed, QueryDict
from django.shortcuts import redirect
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.text import capfirst
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from accounts.access import ask_to_reauthenticate
from accounts.limits import check_export_limit
from ctac.dates import uk_day
from ctac.staff.site import LooksOnly, StaffModelAdmin, moment_of, number_of, staff_site
from ctac.staff.spreadsheets import MAX_SHEET_ROWS, Cell, Heading
from leaflets.models import Dispatch, Export, Order, OrderExport, OrderLine, SheetForm
from leaflets.stock.admin import current_user, spreadsheet_response

ORDERS_PER_BATCH = 1_000  # orders: three statements
EXPORT_HEADINGS = (
    Heading(_("Reference"), 13),
    Heading(_("Ordered on"), 12),
    Heading(_("State"), 17),
    Heading(_("Came by"), 9),
    Heading(_("Person"), 22),
    Heading(_("Name on the label"), 22),
    Heading(_("For the attention of"), 20),
    Heading(_("Organisation"), 28),
    Heading(_("Address line 1"), 26),
    Heading(_("Address line 2"), 20),
    Heading(_("Town or city"), 16),
    Heading(_("Postcode"), 10),
    Heading(_("Brought with booking"), 14),
    Heading(_("Short name"), 18),
    Heading(_("Title"), 46),
    Heading(_("Edition"), 14),
    *(Heading(label, 11) for label in (_("Copies"), _("Backordered"), _("Allocated"), _("Dispatched"), _("Cancelled"))),
    Heading(_("First parcel left"), 15),
    Heading(_("Last parcel left"), 15),
    Heading(_("Tracking numbers"), 24),
)
ORDER_COLUMNS = (
    *("pk", "reference", "created_at", "state", "channel", "person__name", "name", "attention", "organisation_name"),
    *("address_line_1", "address_line_2", "town", "postcode", "brought_with"),
)
LINE_COLUMNS = (
    *("order_id", "edition__leaflet__slug", "edition__leaflet__title", "edition__label"),
    *("copies", "backordered", "allocated", "dispatched", "cancelled"),
)


def keys_of(rows: QuerySet[Any]) -> "array[int]":
    """Their keys in the order of the list, eight bytes each: all that is held of a million rows while they are written."""
    with transaction.atomic():
        return array("q", rows.values_list("pk", flat=True).iterator(chunk_size=10_000))


def count_lines(keys: Sequence[int]) -> int:
    """How many rows these orders make."""
    return sum(OrderLine.objects.filter(order__in=batch, copies__gt=0).count() for batch in batches(keys, 100_000))


def batches(keys: Sequence[int], size: int) -> Iterator[list[int]]:
    for start in range(0, len(keys), size):
        yield list(keys[start : start + size])


def order_rows(keys: Sequence[int]) -> Iterator[list[Cell]]:
    """A row an order line, with where it goes and how far its copies are; each order as it is when its turn comes.

    No cursor or transaction stays open while somebody downloads.
    """
    for batch in batches(keys, ORDERS_PER_BATCH):
        orders = {row[0]: row for row in Order.objects.filter(pk__in=batch).order_by().values_list(*ORDER_COLUMNS)}
        lines: dict[int, list[Any]] = defaultdict(list)
        in_order = OrderLine.objects.filter(order__in=batch, copies__gt=0).order_by("edition__leaflet__position", "pk")
        for key, *line in in_order.values_list(*LINE_COLUMNS):
            lines[key].append(line)
        parcels: dict[int, list[tuple[date, str]]] = defaultdict(list)
        dispatches = Dispatch.objects.filter(order__in=batch).order_by("dispatched_at", "pk")
        for key, at, tracking_number in dispatches.values_list("order_id", "dispatched_at", "tracking_number"):
            parcels[key].append((uk_day(at), tracking_number))
        for key in filter(orders.__contains__, batch):
            _key, reference, created_at, state, channel, *rest = orders[key]
            order = Order(state=state, channel=channel, brought_with=rest[-1])
            row = [reference, uk_day(created_at), order.state_in_words, order.get_channel_display(), *rest]
            days: list[date | None] = [day for day, _number in parcels[key]] or [None]
            tracking = ", ".join(number for _day, number in parcels[key] if number)
            yield from ([*row, *line, days[0], days[-1], tracking] for line in lines[key])


class ExportMixin(StaffModelAdmin):
    """For a model admin: all that its list shows as a file, or the rows that are ticked. By POST alone, and recorded."""

    export_permission: ClassVar[str]
    export_record: ClassVar[type[Export]]
    export_headings: ClassVar[Sequence[Heading]]
    export_refusal: ClassVar[str | Promise]  # where there is nothing to write

    def count_lines(self, keys: Sequence[int]) -> int:
        raise NotImplementedError

    def export_rows(self, keys: Sequence[int]) -> Iterator[list[Cell]]:
        raise NotImplementedError

    def export_figures(self, keys: Sequence[int], lines: int) -> dict[str, int]:
        """What its record counts."""
        raise NotImplementedError

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.export_view)
        return [path("export/", view, name=f"{self.opts.app_label}_{self.opts.model_name}_export"), *super().get_urls()]

    def has_export_permission(self, request: HttpRequest) -> bool:
        return self.has_view_permission(request) and request.user.has_perm(self.export_permission)

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        may = {"may_export": self.has_export_permission(request)}
        return super().changelist_view(request, {**may, **(extra_context or {})})

    def export_view(self, request: HttpRequest) -> HttpResponseBase:
        """What was typed into the list's search may be a name, so it comes in the form and not in the address."""
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        if not self.has_export_permission(request):
            raise PermissionDenied
        form, query = request.POST.get("form", ""), request.POST.get("list", "").lstrip("?")
        all_of_it = reverse(f"staff:{self.opts.app_label}_{self.opts.model_name}_changelist")
        list_url = f"{all_of_it}{f'?{query}' if query else ''}"
        reauthentication = ask_to_reauthenticate(request)
        if reauthentication is not None:
            return reauthentication
        if form not in SheetForm.values or "%00" in query or "\0" in query:
            return redirect(all_of_it)
        request.GET = QueryDict(query)
        try:
            shown = self.get_changelist_instance(request)
        except IncorrectLookupParameters:
            return redirect(all_of_it)
        # 'State: Received; period: November 2026'; never what was searched for, nor whose orders they are: that may be a name.
        filters = []
        for spec in shown.filter_specs:
            chosen = [str(choice["display"]) for choice in list(spec.choices(shown))[1:] if choice["selected"]]
            if chosen and getattr(spec, "names_somebody", False):
                chosen = [gettext("one alone")]
            filters += [f"{spec.title}: {', '.join(chosen)}"] if chosen else []
        narrowed = "; ".join(filters)[:300]
        narrowed = narrowed[:1].upper() + narrowed[1:]
        response = self.export(request, shown.queryset, form, narrowed=narrowed, searched=bool(shown.query))
        return response or redirect(list_url)

    def export(self, request: HttpRequest, rows: QuerySet[Any], form: str, **record: Any) -> HttpResponseBase | None:
        """None if there is nothing to write, or too much; a message then says so. Recorded before the file is sent."""
        keys = keys_of(rows.prefetch_related(None))
        lines = self.count_lines(keys)
        if not lines:
            messages.warning(request, str(self.export_refusal))
            return None
        if form == SheetForm.XLSX and lines >= MAX_SHEET_ROWS:
            facts = {"lines": f"{lines:,}", "most": f"{MAX_SHEET_ROWS - 1:,}"}
            too_many = gettext(
                "These are %(lines)s lines, and an Excel sheet holds %(most)s. Filter the list to fewer, or choose CSV."
            )
            messages.warning(request, too_many % facts)
            return None
        now = timezone.now()
        wait = check_export_limit(request, now)
        if wait is not None:
            return wait
        figures = self.export_figures(keys, lines)
        self.export_record._default_manager.create(at=now, by=current_user(request), form=form, **figures, **record)
        name = str(self.opts.verbose_name_plural)
        return spreadsheet_response(name, form, self.export_headings, self.export_rows(keys), sheet=capfirst(name))

    @admin.action(description=_("Export as XLSX (Excel)"), permissions=["export"])
    def export_ticked_xlsx(self, request: HttpRequest, rows: QuerySet[Any]) -> HttpResponseBase | None:
        return ask_to_reauthenticate(request) or self.export(request, rows, SheetForm.XLSX, chosen=True)

    @admin.action(description=_("Export as CSV"), permissions=["export"])
    def export_ticked_csv(self, request: HttpRequest, rows: QuerySet[Any]) -> HttpResponseBase | None:
        return ask_to_reauthenticate(request) or self.export(request, rows, SheetForm.CSV, chosen=True)


class ExportAdmin(LooksOnly):
    """Who took rows out of the system, and when."""

    list_display_links = None
    list_select_related = ("by",)
    sorts_quickly = ("when",)
    ordering = ("-at", "-pk")
    actions = None
    when = moment_of("at", _("when"), short=True)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Export | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Export | None = None) -> bool:
        return False


class OrderExportMixin(ExportMixin):
    export_permission = "leaflets.export_orders"
    export_record = OrderExport
    export_headings = EXPORT_HEADINGS
    export_refusal = _("No order here has any copies, so there is nothing to export.")

    def count_lines(self, keys: Sequence[int]) -> int:
        return count_lines(keys)

    def export_rows(self, keys: Sequence[int]) -> Iterator[list[Cell]]:
        return order_rows(keys)

    def export_figures(self, keys: Sequence[int], lines: int) -> dict[str, int]:
        return {"orders": len(keys), "lines": lines}


@admin.register(OrderExport, site=staff_site)
class OrderExportAdmin(ExportAdmin):
    list_display = ("when", "by", "form", "number_orders", "number_lines", "which")
    number_orders = number_of("orders", _("orders"))
    number_lines = number_of("lines", _("lines"))

    @admin.display(description=_("which orders"))
    def which(self, export: OrderExport) -> str:
        ticked = ngettext("Ticked: %(n)s order", "Ticked: %(n)s orders", export.orders) % {"n": f"{export.orders:,}"}
        return which_rows(export, ticked) or gettext("All orders")


def which_rows(export: Export, ticked: str) -> str:
    """How the list was narrowed; "" if it was not. `ticked`: what that says of rows that were ticked."""
    searched = gettext("Found by a search") if export.searched else ""
    return ticked if export.chosen else "\n".join(filter(None, [searched, export.narrowed]))
