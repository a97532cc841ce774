"""Stock lists and catalogues on the staff site: exported, uploaded, checked row by row, then written in one press."""

from collections.abc import Iterable, Sequence
from typing import Any, cast

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from accounts.limits import check_export_limit
from accounts.models import User
from ctac.dates import uk_day
from ctac.errors import DomainError
from ctac.forms import PageFormMixin
from ctac.pages import page_in
from ctac.staff.columns import LooksOnly, long_moment, moment_of, state_tag
from ctac.staff.site import StaffModelAdmin, staff_site
from leaflets.models import ImportState, SheetForm, SheetImport, SheetKind
from leaflets.stock.spreadsheets.files import (
    CSV,
    FILE_IS_EMPTY,
    FILE_TOO_LARGE,
    MAX_UPLOAD_BYTES,
    XLSX,
    Cell,
    Heading,
    ImportPlan,
    ListRow,
    RowAction,
    csv_pieces,
    xlsx_pieces,
)
from leaflets.stock.spreadsheets.imports import (
    LIST_KINDS,
    applied_earlier,
    apply_import,
    create_import,
    plan_import,
)

ROWS_PER_PAGE = 200
MAX_ERRORS_IN_SUMMARY = 50
# Who may change these by hand may export them as a list, and change them by uploading one.
IMPORT_PERMISSIONS = {
    SheetKind.STOCK: ("leaflets.keep_stock",),
    SheetKind.CATALOGUE: ("leaflets.add_leaflet", "leaflets.change_leaflet"),
}
IMPORT_COLOURS = {ImportState.CHECKED: "waiting", ImportState.APPLIED: "done"}
ROW_COLOURS = {RowAction.MAKE: "good", RowAction.CHANGE: "waiting", RowAction.NOTHING: "done", RowAction.WRONG: "stopped"}


def spreadsheet_response(
    name: str, form: str, headings: Sequence[Heading], rows: Iterable[Sequence[Cell]], *, sheet: str
) -> HttpResponseBase:
    """A download that is written while it is sent: 'orders-2026-11-26.xlsx'."""
    pieces = xlsx_pieces(headings, rows, name=sheet) if form == SheetForm.XLSX else csv_pieces(headings, rows)
    name = f"{name}-{uk_day(timezone.now()):%Y-%m-%d}.{form}"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return StreamingHttpResponse(pieces, content_type=XLSX if form == SheetForm.XLSX else CSV, headers=headers)


def current_user(request: HttpRequest) -> User:
    """Whoever is on a staff page has an account."""
    return cast("User", request.user)


def allowed_kinds(request: HttpRequest) -> list[SheetKind]:
    return [kind for kind, permissions in IMPORT_PERMISSIONS.items() if request.user.has_perms(permissions)]


class SpreadsheetLinks(StaffModelAdmin):
    """For the admin of editions and of leaflets: links above the list to take it out and in as a spreadsheet."""

    sheet_kind: SheetKind
    change_list_template = "leaflets/stock/staff/lists.html"

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        kind = self.sheet_kind.value if self.sheet_kind in allowed_kinds(request) else ""
        return super().changelist_view(request, {"sheet_kind": kind, **(extra_context or {})})


class UploadForm(PageFormMixin, forms.Form):
    kind = forms.ChoiceField(label=gettext_lazy("What is in the file?"), widget=forms.RadioSelect)
    file = forms.FileField(
        label=gettext_lazy("The file"),
        help_text=gettext_lazy(
            "An Excel file (.xlsx) or a CSV file, at most 5 MB and 10,000 rows. Of several sheets the first is read."
        ),
        error_messages={"required": gettext_lazy("Choose a file."), "empty": FILE_IS_EMPTY},
    )
    option_hints = {
        "kind": {
            SheetKind.STOCK.value: gettext_lazy("Copies that came in, or that were counted on the shelf."),
            SheetKind.CATALOGUE.value: gettext_lazy("New titles, and changes to titles that are there."),
        }
    }

    def __init__(self, *args: Any, kinds: list[SheetKind], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["kind"].choices = [(kind.value, kind.label) for kind in kinds]  # type: ignore[attr-defined]

    def clean_file(self) -> bytes:
        upload = self.cleaned_data["file"]
        if upload.size > MAX_UPLOAD_BYTES:
            raise forms.ValidationError(FILE_TOO_LARGE)
        content: bytes = upload.read()
        return content


@admin.register(SheetImport, site=staff_site)
class SheetImportAdmin(LooksOnly):
    list_display = ("uploaded", "what", "state_in_words", "uploaded_by", "written")
    list_select_related = ("uploaded_by", "applied_by")
    sorts_quickly = ("uploaded",)
    ordering = ("-uploaded_at", "-pk")
    actions = None
    change_list_template = "leaflets/stock/staff/imports.html"
    uploaded = moment_of("uploaded_at", gettext_lazy("uploaded"), short=True)

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.list_view)
        return [path("list/", view, name="leaflets_sheetimport_list"), *super().get_urls()]

    def get_queryset(self, request: HttpRequest) -> QuerySet[SheetImport]:
        imports = super().get_queryset(request).filter(kind__in=allowed_kinds(request))
        return imports.select_related(*self.list_select_related).defer("rows", "done")

    def has_view_permission(self, request: HttpRequest, obj: SheetImport | None = None) -> bool:
        kinds = allowed_kinds(request)
        return bool(kinds) if obj is None else obj.kind in kinds

    def has_change_permission(self, request: HttpRequest, obj: SheetImport | None = None) -> bool:
        return self.has_view_permission(request, obj)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return self.has_view_permission(request)

    def has_delete_permission(self, request: HttpRequest, obj: SheetImport | None = None) -> bool:
        return False

    @admin.display(description=gettext_lazy("what"), ordering="kind")
    def what(self, sheet: SheetImport) -> str:
        return sheet.get_kind_display()

    @admin.display(description=gettext_lazy("state"), ordering="state")
    def state_in_words(self, sheet: SheetImport) -> SafeString:
        return state_tag(sheet.get_state_display(), IMPORT_COLOURS[ImportState(sheet.state)])

    @admin.display(description=gettext_lazy("written"))
    def written(self, sheet: SheetImport) -> str:
        return written_text(sheet) or _("Not yet")

    def list_view(self, request: HttpRequest) -> HttpResponseBase:
        """The list as it is now, or with `empty` its headings alone, to be filled in and uploaded. No personal data in it."""
        kind, form = request.GET.get("kind", ""), request.GET.get("form", "")
        if kind not in LIST_KINDS or form not in SheetForm.values:
            raise Http404
        if kind not in allowed_kinds(request):
            raise PermissionDenied
        wait = check_export_limit(request, timezone.now())
        if wait is not None:
            return wait
        headings = [Heading(column.label, column.width) for column in LIST_KINDS[kind].columns]
        rows = iter(()) if request.GET.get("empty") else LIST_KINDS[kind].current_rows()
        return spreadsheet_response(
            {"stock": "stock-list"}.get(kind, kind), form, headings, rows, sheet=str(SheetKind(kind).label)
        )

    def add_view(self, request: HttpRequest, form_url: str = "", extra_context: dict[str, Any] | None = None) -> HttpResponse:
        kinds = allowed_kinds(request)
        if not kinds:
            raise PermissionDenied
        data = (request.POST, request.FILES) if request.method == "POST" else ()
        form = UploadForm(*data, kinds=kinds, initial={"kind": request.GET.get("kind", kinds[0])})
        if form.is_valid():
            kind, content = form.cleaned_data["kind"], form.cleaned_data["file"]
            try:
                sheet = create_import(kind=kind, content=content, by=current_user(request), now=timezone.now())
            except DomainError as refusal:
                form.add_error("file", str(refusal.message))
            else:
                return redirect("staff:leaflets_sheetimport_change", sheet.pk)
        lists = [(kind, kind.label, LIST_KINDS[kind].columns) for kind in kinds]
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "media": self.media,
            "title": _("Upload a list"),
            "form": form,
            "lists": lists,
        }
        return TemplateResponse(request, "leaflets/stock/staff/upload.html", context)

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """GET shows what would be done; POST does exactly that, or shows what is different now."""
        sheet = self.get_object(request, object_id)
        if sheet is None:
            raise Http404
        error = ""
        if request.method == "POST":
            shown, again = request.POST.get("shown", ""), bool(request.POST.get("again"))
            try:
                plan = apply_import(sheet=sheet, shown=shown, again=again, by=current_user(request), now=timezone.now())
            except DomainError as refusal:
                error = str(refusal.message)
                sheet.refresh_from_db()
            else:
                new, changed = plan.count(RowAction.MAKE), plan.count(RowAction.CHANGE)
                written = ngettext(
                    "Written: %(new)s new, %(changed)s changed.", "Written: %(new)s new, %(changed)s changed.", new + changed
                )
                messages.success(request, written % {"new": f"{new:,}", "changed": f"{changed:,}"})
                return redirect(request.path)
        title = _("%(list)s: check before it is written")
        if sheet.state == ImportState.APPLIED:
            title = _("%(list)s: what was written")
        context = {
            **self.admin_site.each_context(request),
            **import_context(sheet, request),
            "opts": self.opts,
            "media": self.media,
            "title": title % {"list": sheet.get_kind_display()},
            "error": error,
        }
        return TemplateResponse(request, "leaflets/stock/staff/check.html", context)


def written_text(sheet: SheetImport) -> str:
    """When and by whom; empty if it was not written."""
    if sheet.applied_at is None:
        return ""
    return _("%(moment)s, by %(who)s") % {
        "moment": long_moment(sheet.applied_at),
        "who": sheet.applied_by or _("somebody who has left"),
    }


def import_context(sheet: SheetImport, request: HttpRequest) -> dict[str, Any]:
    """All rows of an import, or those of one action, a page of them; errors link to the page on which their row is shown."""
    is_written = sheet.state == ImportState.APPLIED
    plan = ImportPlan([ListRow(*row) for row in sheet.done], []) if is_written else plan_import(sheet)
    only = request.GET.get("only", "") if request.GET.get("only", "") in RowAction.values else ""
    rows = [row for row in plan.rows if not only or row.action == only]
    page = Paginator(rows, ROWS_PER_PAGE).get_page(page_in(request.GET.get("page", "")))
    page_of_row = {row.number: place // ROWS_PER_PAGE + 1 for place, row in enumerate(rows)}
    errors = []
    for row, column, why in plan.errors[:MAX_ERRORS_IN_SUMMARY]:
        href, number = f"#row-{row.number}", page_of_row.get(row.number)
        if number is None:
            href = f"?page=1{href}"
        elif number != page.number:
            href = f"?{f'only={only}&' if only else ''}page={number}{href}"
        errors.append((href, _("Row %(n)d, %(column)s: %(why)s") % {"n": row.number, "column": column, "why": why}))
    counts = [("", _("All rows"), len(plan.rows)), *((value, label, plan.count(value)) for value, label in RowAction.choices)]
    earlier = None if is_written else applied_earlier(sheet)
    return {
        "sheet": sheet,
        "plan": plan,
        "is_written": is_written,
        "written": written_text(sheet),
        "written_earlier": written_text(earlier) if earlier else "",
        # Copies that come in twice are counted twice; a title that is written twice is the same title.
        "asks_again": earlier is not None and sheet.kind == SheetKind.STOCK,
        "only": only,
        "page": page,
        "rows": [(row, state_tag(RowAction(row.action).label, ROW_COLOURS[RowAction(row.action)])) for row in page],
        "errors": errors,
        "more_errors": max(0, len(plan.errors) - MAX_ERRORS_IN_SUMMARY),
        "filters": [
            {"href": f"?only={value}" if value else "?", "label": label, "count": count, "selected": value == only}
            for value, label, count in counts
            if count
        ],
    }
