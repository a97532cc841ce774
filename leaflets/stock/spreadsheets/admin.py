"""Stock lists and catalogues that staff upload: looked at row by row, then written in one press."""

from collections.abc import Callable, Iterable, Iterator, Sequence
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
    rows_from_json,
    xlsx_pieces,
)
from leaflets.stock.spreadsheets.imports import (
    LIST_KINDS,
    catalogue_list_rows,
    import_plan,
    keep_sheet,
    stock_list_rows,
    write_sheet,
    written_before,
)

ROWS_PER_PAGE = 200
MAX_ERRORS_IN_SUMMARY = 50
# Who may change these by hand may take them out as a list, and change them by one.
IMPORT_PERMISSIONS = {
    SheetKind.STOCK: ("leaflets.keep_stock",),
    SheetKind.CATALOGUE: ("leaflets.add_leaflet", "leaflets.change_leaflet"),
}
LIST_ROWS: dict[str, Callable[[], Iterator[list[Cell]]]] = {
    SheetKind.STOCK: stock_list_rows,
    SheetKind.CATALOGUE: catalogue_list_rows,
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
    """Those that this person may upload."""
    return [kind for kind, rights in IMPORT_PERMISSIONS.items() if request.user.has_perms(rights)]


class SpreadsheetLinks(StaffModelAdmin):
    """For the admin of editions and of leaflets: links above the list to take it out and in as a spreadsheet."""

    sheet_kind: SheetKind
    change_list_template = "leaflets/staff/exchange/lists.html"

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        links = {"sheet_kind": self.sheet_kind.value} if self.sheet_kind in allowed_kinds(request) else {"sheet_kind": ""}
        return super().changelist_view(request, {**links, **(extra_context or {})})


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
    change_list_template = "leaflets/staff/exchange/imports.html"
    uploaded = moment_of("uploaded_at", gettext_lazy("uploaded"), short=True)

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.list_view)
        return [path("list/", view, name="leaflets_sheetimport_list"), *super().get_urls()]

    def get_queryset(self, request: HttpRequest) -> QuerySet[SheetImport]:
        found = super().get_queryset(request).filter(kind__in=allowed_kinds(request))
        return found.select_related(*self.list_select_related).defer("rows", "done")

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
        return when_and_who_text(sheet) or _("Not yet")

    def list_view(self, request: HttpRequest) -> HttpResponseBase:
        """The list as it is now, or with `empty` its headings alone: what is filled in and uploaded. No personal data in it."""
        kind, form = request.GET.get("kind", ""), request.GET.get("form", "")
        if kind not in LIST_ROWS or form not in SheetForm.values:
            raise Http404
        if kind not in allowed_kinds(request):
            raise PermissionDenied
        wait = check_export_limit(request, timezone.now())
        if wait is not None:
            return wait
        headings = [Heading(column.label, column.width) for column in LIST_KINDS[kind].columns]
        rows = iter(()) if request.GET.get("empty") else LIST_ROWS[kind]()
        return spreadsheet_response(
            {"stock": "stock-list"}.get(kind, kind), form, headings, rows, sheet=str(SheetKind(kind).label)
        )

    def add_view(self, request: HttpRequest, form_url: str = "", extra_context: dict[str, Any] | None = None) -> HttpResponse:
        kinds = allowed_kinds(request)
        if not kinds:
            raise PermissionDenied
        given = (request.POST, request.FILES) if request.method == "POST" else ()
        form = UploadForm(*given, kinds=kinds, initial={"kind": request.GET.get("kind", kinds[0])})
        if form.is_valid():
            typed = form.cleaned_data
            try:
                sheet = keep_sheet(kind=typed["kind"], content=typed["file"], by=current_user(request), now=timezone.now())
            except DomainError as refusal:
                form.add_error("file", str(refusal.message))
            else:
                return redirect("staff:leaflets_sheetimport_change", sheet.pk)
        lists = [(kind, kind.label, LIST_KINDS[kind].columns) for kind in kinds]
        about = {**self.admin_site.each_context(request), "opts": self.opts, "media": self.media}
        context = {**about, "title": _("Upload a list"), "form": form, "lists": lists}
        return TemplateResponse(request, "leaflets/staff/exchange/upload.html", context)

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """GET shows what would be done; POST does exactly that, or says what is different now."""
        sheet = self.get_object(request, object_id)
        if sheet is None:
            raise Http404
        refused = ""
        if request.method == "POST":
            shown, again = request.POST.get("shown", ""), bool(request.POST.get("again"))
            try:
                plan = write_sheet(sheet=sheet, shown=shown, again=again, by=current_user(request), now=timezone.now())
            except DomainError as refusal:
                refused = str(refusal.message)
                sheet.refresh_from_db()
            else:
                new, changed = plan.count(RowAction.MAKE), plan.count(RowAction.CHANGE)
                said = ngettext(
                    "Written: %(new)s new, %(changed)s changed.", "Written: %(new)s new, %(changed)s changed.", new + changed
                )
                messages.success(request, (said % {"new": f"{new:,}", "changed": f"{changed:,}"}))
                return redirect(request.path)
        page = ImportCheckPage(sheet, request, refused)
        about = {**self.admin_site.each_context(request), "opts": self.opts, "media": self.media}
        return TemplateResponse(request, "leaflets/staff/exchange/check.html", {**about, "title": page.title, "page": page})


def when_and_who_text(sheet: SheetImport) -> str:
    if sheet.applied_at is None:
        return ""
    return _("%(moment)s, by %(who)s") % {
        "moment": long_moment(sheet.applied_at),
        "who": sheet.applied_by or _("somebody who has left"),
    }


class ImportCheckPage:
    """What the page of an import shows: all of its rows, or those of one fate, some at a time."""

    def __init__(self, sheet: SheetImport, request: HttpRequest, refused: str) -> None:
        self.sheet, self.refused = sheet, refused
        self.is_written = sheet.state == ImportState.APPLIED
        self.plan = ImportPlan(rows_from_json(sheet.done), []) if self.is_written else import_plan(sheet)
        self.only = request.GET.get("only", "") if request.GET.get("only", "") in RowAction.values else ""
        rows = [row for row in self.plan.rows if not self.only or row.fate == self.only]
        pages = Paginator(rows, ROWS_PER_PAGE)
        self.rows = pages.get_page(page_in(request.GET.get("page", "")))
        self.before = None if self.is_written else written_before(sheet)
        self.can_be_written = bool(self.plan.steps) and not self.plan.wrong

    @property
    def title(self) -> str:
        said = _("%(list)s: what was written") if self.is_written else _("%(list)s: check before it is written")
        return said % {"list": self.sheet.get_kind_display()}

    @property
    def written(self) -> str:
        return when_and_who_text(self.sheet)

    @property
    def written_before(self) -> str:
        """When the same rows were written, if ever."""
        return when_and_who_text(self.before) if self.before else ""

    @property
    def asks_again(self) -> bool:
        """Copies that come in twice are counted twice; a title that is written twice is the same title."""
        return self.before is not None and self.sheet.kind == SheetKind.STOCK

    @property
    def fates(self) -> list[dict[str, Any]]:
        """How many rows there are of each fate, and where they are shown alone."""
        found = [("", _("All rows"), len(self.plan.rows))]
        found += [(fate.value, str(fate.label), self.plan.count(fate)) for fate in RowAction]
        return [
            {"href": f"?only={value}" if value else "?", "label": label, "count": count, "chosen": value == self.only}
            for value, label, count in found
            if count
        ]

    @property
    def told(self) -> list[tuple[ListRow, SafeString]]:
        return [(row, state_tag(row.fate_in_words, ROW_COLOURS[RowAction(row.fate)])) for row in self.rows]

    @property
    def summary(self) -> list[tuple[str, str]]:
        """What is wrong first, each with where its row stands."""
        errors = [(row, column, why) for row in self.plan.wrong for column, why in row.wrong][:MAX_ERRORS_IN_SUMMARY]
        places = {row.number: place for place, row in enumerate(self.plan.rows if not self.only else self.rows_alone)}
        said = _("Row %(n)d, %(column)s: %(why)s")
        return [
            (self.link_to(places.get(row.number), row.number), said % {"n": row.number, "column": column, "why": why})
            for row, column, why in errors
        ]

    @property
    def rows_alone(self) -> list[ListRow]:
        return [row for row in self.plan.rows if row.fate == self.only]

    def link_to(self, place: int | None, number: int) -> str:
        """Within the page where it can be, so that nothing is loaded again."""
        page = 1 if place is None else place // ROWS_PER_PAGE + 1
        if place is not None and page == self.rows.number:
            return f"#row-{number}"
        only = f"only={self.only}&" if self.only and place is not None else ""
        return f"?{only}page={page}#row-{number}"

    @property
    def more_wrong(self) -> int:
        return max(0, sum(len(row.wrong) for row in self.plan.wrong) - MAX_ERRORS_IN_SUMMARY)
