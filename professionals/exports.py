"""The rows of a staff list as a spreadsheet. Only with permission, after a second factor again; limited and recorded."""

from array import array
from collections.abc import Iterator, Sequence
from typing import Any, ClassVar, cast

from django.contrib import admin, messages
from django.contrib.admin.options import IncorrectLookupParameters
from django.core.exceptions import EmptyResultSet, PermissionDenied
from django.db import connection, transaction
from django.db.models import Count, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseNotAllowed, QueryDict
from django.shortcuts import redirect
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.text import capfirst
from django.utils.translation import gettext, gettext_lazy as _

from accounts.access import ask_to_reauthenticate
from accounts.models import User
from accounts.rate_limits import check_export_limit
from audit.models import Export, SpreadsheetFormat
from core.dates import uk_day
from professionals.areas import authority_with_code, look_up_areas
from professionals.models import Organisation, Person
from staff.model_admin import StaffModelAdmin
from staff.spreadsheets import MAX_SHEET_ROWS, Cell, Heading, spreadsheet_response

BATCH_SIZE = 1_000  # rows: some statements


def read_primary_keys(rows: QuerySet[Any]) -> "array[int]":
    """The keys of these rows in the order of the list, eight bytes each: all that memory holds of a million rows meanwhile.

    Reads them with a cursor on the server that ends with the transaction, which a pooler allows. iterator() would take 116 bytes
    a row, because of DISABLE_SERVER_SIDE_CURSORS.
    """
    try:
        statement, values = rows.values_list("pk").query.sql_with_params()
    except EmptyResultSet:
        return array("q")
    with transaction.atomic(), connection.chunked_cursor() as cursor:
        cursor.execute(statement, values)
        return array("q", (key for (key,) in cursor))


def key_batches(keys: Sequence[int], size: int = 0) -> Iterator[list[int]]:
    size = size or BATCH_SIZE
    for start in range(0, len(keys), size):
        yield list(keys[start : start + size])


class ExportMixin(StaffModelAdmin):
    """For a model admin: export all that its list shows, or the ticked rows. Only by POST, and recorded."""

    export_permission: ClassVar[str]
    export_headings: ClassVar[Sequence[Heading]]
    export_refusal: ClassVar[str | Promise]  # the message if there is nothing to export

    def count_lines(self, keys: Sequence[int]) -> int:
        """How many lines the file has."""
        return len(keys)

    def export_rows(self, keys: Sequence[int]) -> Iterator[list[Cell]]:
        raise NotImplementedError

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.export_view)
        return [path("export/", view, name=f"{self.opts.app_label}_{self.opts.model_name}_export"), *super().get_urls()]

    def has_export_permission(self, request: HttpRequest) -> bool:
        return self.has_view_permission(request) and request.user.has_perm(self.export_permission)

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        address = reverse(f"staff:{self.opts.app_label}_{self.opts.model_name}_export")
        may = {"export_url": address if self.has_export_permission(request) else ""}
        return super().changelist_view(request, {**may, **(extra_context or {})})

    def export_view(self, request: HttpRequest) -> HttpResponseBase:
        """Export what the list shows. What was searched for may be a name, so it comes in the form, not in the address."""
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
        if form not in SpreadsheetFormat.values or "%00" in query or "\0" in query:
            return redirect(all_of_it)
        request.GET = QueryDict(query)
        try:
            shown = self.get_changelist_instance(request)
        except IncorrectLookupParameters:
            return redirect(all_of_it)
        # 'State: Received; period: November 2026', without the search and without the owner filtered by, which may be a name.
        parts = []
        for spec in shown.filter_specs:
            chosen = [str(choice["display"]) for choice in list(spec.choices(shown))[1:] if choice["selected"]]
            if chosen and getattr(spec, "names_somebody", False):
                chosen = [gettext("one alone")]
            parts += [f"{spec.title}: {', '.join(chosen)}"] if chosen else []
        filters = "; ".join(parts)[:300]
        filters = filters[:1].upper() + filters[1:]
        response = self.export(request, shown.queryset, form, filters=filters, searched=bool(shown.query))
        return response or redirect(list_url)

    def export(self, request: HttpRequest, rows: QuerySet[Any], form: str, **record: Any) -> HttpResponseBase | None:
        """The file as a response, recorded before it is sent. None, with a message, if there is nothing to write or too much."""
        keys = read_primary_keys(rows.prefetch_related(None))
        lines = self.count_lines(keys)
        if not lines:
            messages.warning(request, str(self.export_refusal))
            return None
        if form == SpreadsheetFormat.XLSX and lines >= MAX_SHEET_ROWS:
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
        counted = {"rows": len(keys), "lines": lines}
        Export.objects.create(of=self.opts.label_lower, at=now, by=cast("User", request.user), form=form, **counted, **record)
        name = str(self.opts.verbose_name_plural)
        return spreadsheet_response(name, form, self.export_headings, self.export_rows(keys), sheet=capfirst(name))

    @admin.action(description=_("Export as XLSX (Excel)"), permissions=["export"])
    def export_ticked_xlsx(self, request: HttpRequest, rows: QuerySet[Any]) -> HttpResponseBase | None:
        return ask_to_reauthenticate(request) or self.export(request, rows, SpreadsheetFormat.XLSX, chosen=True)

    @admin.action(description=_("Export as CSV"), permissions=["export"])
    def export_ticked_csv(self, request: HttpRequest, rows: QuerySet[Any]) -> HttpResponseBase | None:
        return ask_to_reauthenticate(request) or self.export(request, rows, SpreadsheetFormat.CSV, chosen=True)


class PersonExportMixin(ExportMixin):
    """Exports people without notes, bookings or orders: their page has all these."""

    export_permission = "professionals.export_people"
    export_refusal = _("Nobody is in this list, so there is nothing to export.")
    export_headings = (
        Heading(_("Name"), 24),
        Heading(_("Email address"), 30),
        Heading(_("Phone"), 16),
        Heading(_("Profession"), 22),
        Heading(_("Organisation"), 28),
        Heading(_("Work postcode"), 10),
        Heading(_("Local authority"), 22),
        Heading(_("Signs in"), 9),
        Heading(_("Added on"), 12),
    )

    def export_rows(self, keys: Sequence[int]) -> Iterator[list[Cell]]:
        """One row for each person, as they are when their batch is read. A person erased meanwhile has none."""
        for batch in key_batches(keys):
            found = Person.objects.filter(pk__in=batch, erased_at=None).select_related("organisation").order_by().in_bulk()
            areas = look_up_areas(person.postcode for person in found.values() if person.postcode)
            for person in (found[key] for key in batch if key in found):
                area = areas.get(person.postcode)
                authority = authority_with_code(area.local_authority) if area else None
                yield [
                    person.name,
                    person.email,
                    person.phone,
                    person.get_profession_display(),
                    person.organisation.name if person.organisation else None,
                    person.postcode,
                    authority.name if authority else None,
                    str(_("Yes") if person.user_id else _("No")),
                    uk_day(person.created_at),
                ]


class OrganisationExportMixin(ExportMixin):
    export_permission = "professionals.export_organisations"
    export_refusal = _("No organisation is in this list, so there is nothing to export.")
    export_headings = (Heading(_("Name"), 36), Heading(_("People"), 9), Heading(_("Added on"), 12))

    def export_rows(self, keys: Sequence[int]) -> Iterator[list[Cell]]:
        for batch in key_batches(keys):
            rows = Organisation.objects.filter(pk__in=batch).annotate(many=Count("people")).order_by()
            found: dict[int, list[Cell]] = {
                key: [name, many, uk_day(added)]
                for key, name, many, added in rows.values_list("pk", "name", "many", "created_at")
            }
            yield from (found[key] for key in batch if key in found)
