"""Imports on the staff site: upload, columns, what was found, duplicates, the run and its result, undo."""

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from django.apps import apps
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.core.paginator import Page, Paginator
from django.db.models import Count, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _, gettext_lazy
from django.views.decorators.http import require_safe

from accounts.access import signed_in_user
from core.dates import format_day
from core.forms import domain_error_to_form
from core.pages import parse_page_number
from professionals.imports import services
from professionals.imports.forms import ChoicesForm, ColumnsForm, UploadForm, row_text
from professionals.imports.registry import IMPORT_KINDS, kind_of
from professionals.models import WAITING_ROW_STATES, Import, ImportedObject, ImportRow, ImportState, Person, RowState
from staff.actions import ObjectAction
from staff.audit import audit_note
from staff.lists import column, datetime_column, format_long_datetime, number_column, state_tag
from staff.menu import plural_name
from staff.model_admin import ReadOnlyAdmin
from staff.site import staff_site
from staff.spreadsheets import CSV_CONTENT_TYPE, Heading, csv_chunks
from staff.today import WaitingLine

ROWS_PER_PAGE = 50
CHOICES_PER_PAGE = 25
STATE_COLOURS = {
    ImportState.UPLOADED: "waiting",
    ImportState.CHECKING: "waiting",
    ImportState.CHECKED: "waiting",
    ImportState.RUNNING: "waiting",
    ImportState.DONE: "good",
    ImportState.UNDOING: "waiting",
    ImportState.UNDONE: "done",
    ImportState.FAILED: "stopped",
    ImportState.ABANDONED: "done",
}
ROW_COLOURS = {
    RowState.NEW: "good",
    RowState.DUPLICATE: "waiting",
    RowState.PAST: "done",
    RowState.WRONG: "stopped",
    RowState.MADE: "good",
    RowState.LINKED: "done",
    RowState.SKIPPED: "done",
    RowState.COUNTED: "done",
}


def object_links(found: Iterable[tuple[str, int]]) -> dict[tuple[str, int], tuple[str, str]]:
    """The name of each object, and its page on the staff site. One statement for each model."""
    keys = defaultdict(set)
    for label, key in found:
        keys[label].add(key)
    texts = {}
    for label, those in keys.items():
        model: Any = apps.get_model(label)
        rows = model._base_manager.all()
        rows = rows.select_related("organisation") if model is Person else rows
        for key, obj in rows.in_bulk(those).items():
            text = str(obj)
            if isinstance(obj, Person):
                text = ", ".join(filter(None, [obj.name, obj.organisation.name if obj.organisation else "", obj.postcode]))
            is_listed = staff_site.is_registered(model)
            page = f"staff:{model._meta.app_label}_{model._meta.model_name}_change"
            texts[label, key] = text, reverse(page, args=[key]) if is_listed else ""
    return texts


def columns_page(page_admin: "ImportAdmin", request: HttpRequest, import_job: Import, action: ObjectAction) -> HttpResponse:
    change_url = reverse("staff:professionals_import_change", args=[import_job.pk])
    suggested = import_job.mapping or services.suggest_mapping(import_job)
    form = ColumnsForm(request.POST if request.method == "POST" else None, import_job=import_job, suggested=suggested)
    if form.is_valid():
        with domain_error_to_form(form):
            services.choose_columns(
                import_job, mapping=form.cleaned_data["mapping"], by=signed_in_user(request), now=timezone.now()
            )
            return redirect(change_url)
    context = {
        **page_admin.get_action_context(request, action, import_job, change_url),
        "form": form,
        "refused": form.refused,
        "fields": kind_of(import_job).fields,
    }
    return TemplateResponse(request, "professionals/staff/import_columns.html", context)


def choices_page(page_admin: "ImportAdmin", request: HttpRequest, import_job: Import, action: ObjectAction) -> HttpResponse:
    """One page of the duplicates. Saving it leads to the next page, and after the last one to the import."""
    change_url = reverse("staff:professionals_import_change", args=[import_job.pk])
    rows = import_job.rows.filter(state=RowState.DUPLICATE).order_by("number")
    page = Paginator(rows, CHOICES_PER_PAGE).get_page(parse_page_number(request.GET.get("page", "")))
    known = object_links((match["model"], match["key"]) for row in page for match in row.matches)
    form = ChoicesForm(
        request.POST if request.method == "POST" else None,
        import_job=import_job,
        rows=page,
        texts={key: text for key, (text, _href) in known.items()},
    )
    if form.is_valid():
        with domain_error_to_form(form):
            services.save_duplicate_choices(
                import_job,
                choice=form.cleaned_data["choice"],
                rows=form.chosen_rows(),
                by=signed_in_user(request),
                now=timezone.now(),
            )
            more = page.has_next() and not form.cleaned_data["choice"]
            return redirect(f"{request.path}?page={page.next_page_number()}" if more else change_url)
    context = {**page_admin.get_action_context(request, action, import_job, change_url), "form": form, "page": page}
    return TemplateResponse(request, "professionals/staff/import_choices.html", context)


def undo_facts(import_job: Import) -> list[dict[str, Any]]:
    made = import_job.objects_of_it.filter(made=True).order_by("model").values_list("model").annotate(Count("pk"))
    facts = [{"label": plural_name(apps.get_model(model)._meta), "value": f"{count:,}"} for model, count in made]
    until = import_job.undo_until
    return [*facts, {"label": _("Possible until"), "value": format_day(until) if until else ""}]


IMPORT_ACTIONS = (
    ObjectAction(
        slug="run",
        label=gettext_lazy("Import these rows"),
        service=services.run_import,
        available=lambda import_job: (
            import_job.state == ImportState.CHECKED
            and not import_job.is_undecided
            and any(state in import_job.row_counts for state in WAITING_ROW_STATES)
        ),
        facts=lambda import_job: [
            {"label": state.label, "value": f"{import_job.row_counts[state]:,}"}
            for state in RowState
            if state in import_job.row_counts
        ],
        explanation=gettext_lazy(
            "Rows to correct are left out. Nobody gets an email, and nobody is put on a list for emails. "
            "You can undo this within 30 days."
        ),
        done=gettext_lazy("The import has begun. This page shows how far it is."),
        weight="main",
    ),
    ObjectAction(
        slug="choices",
        label=gettext_lazy("Choose what becomes of duplicates"),
        page=choices_page,
        available=lambda import_job: import_job.state == ImportState.CHECKED and RowState.DUPLICATE in import_job.row_counts,
        explanation=gettext_lazy("We change nothing about the records that we have, whatever you choose."),
        weight="main",
    ),
    ObjectAction(
        slug="resume",
        label=gettext_lazy("Go on with this import"),
        service=services.resume_import,
        available=lambda import_job: import_job.state == ImportState.FAILED,
        explanation=gettext_lazy(
            "It goes on where it stopped. No row comes in twice. If it stops again, tell the people who run this site."
        ),
        done=gettext_lazy("The import goes on. This page shows how far it is."),
        weight="main",
    ),
    ObjectAction(
        slug="columns",
        label=gettext_lazy("Choose the columns"),
        page=columns_page,
        available=lambda import_job: (
            import_job.state in {ImportState.UPLOADED, ImportState.CHECKED} and not import_job.file_deleted_at
        ),
        explanation=gettext_lazy(
            "Say what is in each column of your file. We remember it for the next file with the same headings."
        ),
        button=gettext_lazy("Check the rows"),
    ),
    ObjectAction(
        slug="undo",
        label=gettext_lazy("Undo this import"),
        service=services.undo_import,
        available=lambda import_job: services.can_be_undone(import_job, timezone.now()),
        facts=undo_facts,
        explanation=gettext_lazy(
            "We remove everything that this import added. What was used or changed since stays, and we list it here."
        ),
        done=gettext_lazy("We are undoing the import. This page shows how far we are."),
        weight="stop",
        asks_again=True,
    ),
    ObjectAction(
        slug="abandon",
        label=gettext_lazy("Delete the file"),
        service=services.abandon_import,
        available=lambda import_job: (
            import_job.state in {ImportState.UPLOADED, ImportState.CHECKED, ImportState.FAILED} and not import_job.run_at
        ),
        explanation=gettext_lazy("Nothing has come in yet. We delete the file and everything that its rows say."),
        done=gettext_lazy("We have deleted the file."),
        weight="stop",
    ),
)


def kind_label(import_job: Import) -> str:
    kind = IMPORT_KINDS.get(import_job.kind)
    return str(kind.label if kind else import_job.kind)


@admin.register(Import, site=staff_site)
class ImportAdmin(ReadOnlyAdmin):
    nobody_may = ("delete",)
    list_display = ("uploaded", "what", "state_text", "number_rows", "uploaded_by")
    list_select_related = ("uploaded_by",)
    sorts_quickly = ("uploaded",)
    ordering = ("-uploaded_at", "-pk")
    actions = None
    change_list_template = "professionals/staff/imports.html"
    change_form_template = "professionals/staff/import.html"
    fields = readonly_fields = (
        "state_text",
        "uploaded",
        "uploaded_by",
        "run",
        "run_by",
        "undone",
        "undone_by",
        "file_deleted",
    )
    may_be_empty = ("run", "undone", "file_deleted")
    object_actions = IMPORT_ACTIONS
    uploaded = datetime_column("uploaded_at", gettext_lazy("uploaded"), short=True)
    what = column(gettext_lazy("what"), kind_label)
    state_text = column(
        gettext_lazy("state"),
        lambda import_job: state_tag(import_job.get_state_display(), STATE_COLOURS[import_job.state]),
        ordering="state",
    )
    number_rows = number_column("total", gettext_lazy("rows"))
    run = column(
        gettext_lazy("imported"), lambda import_job: format_long_datetime(import_job.run_at) if import_job.run_at else ""
    )
    undone = column(
        gettext_lazy("undone"), lambda import_job: format_long_datetime(import_job.undone_at) if import_job.undone_at else ""
    )
    file_deleted = column(
        gettext_lazy("file deleted"),
        lambda import_job: format_long_datetime(import_job.file_deleted_at) if import_job.file_deleted_at else "",
    )

    def get_urls(self) -> list[URLPattern]:
        problems, example = self.admin_site.admin_view(self.problems_view), self.admin_site.admin_view(self.example_view)
        return [
            path("<path:object_id>/problems/", problems, name="professionals_import_problems"),
            path("example/<slug:kind>/", example, name="professionals_import_example"),
            *super().get_urls(),
        ]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Import]:
        return super().get_queryset(request).select_related("uploaded_by", "run_by", "undone_by").defer("file")

    def add_view(self, request: HttpRequest, form_url: str = "", extra_context: dict[str, Any] | None = None) -> HttpResponse:
        if not self.has_add_permission(request):
            raise PermissionDenied
        data = (request.POST, request.FILES) if request.method == "POST" else ()
        kinds = [(kind.name, kind.label) for kind in IMPORT_KINDS.values()]
        form = UploadForm(*data, kinds=kinds, most=services.MAX_ROWS, initial={"kind": request.GET.get("kind", "contacts")})
        if form.is_valid():
            kind, content = form.cleaned_data["kind"], form.cleaned_data["file"]
            with domain_error_to_form(form, beside="file"):
                import_job = services.create_import(kind=kind, content=content, by=signed_in_user(request), now=timezone.now())
                audit_note(request).add("added", keys=[import_job.pk])
                return redirect("staff:professionals_import_action", import_job.pk, "columns")
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "media": self.media,
            "title": _("Import old records"),
            "form": form,
            "kinds": IMPORT_KINDS.values(),
        }
        return TemplateResponse(request, "professionals/staff/import_upload.html", context)

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        import_job = self.get_object(request, object_id)
        if import_job is None:
            raise Http404
        if not self.has_view_permission(request, import_job):
            raise PermissionDenied
        page = {"title": _("%(what)s: import %(number)d") % {"what": kind_label(import_job), "number": import_job.pk}}
        if import_job.state == ImportState.UNDONE:
            page |= kept_objects_context(import_job, request)
        elif not import_job.is_at_work:
            page |= rows_context(import_job, request)
        return super().change_view(request, object_id, form_url, {**page, **(extra_context or {})})

    @method_decorator(require_safe)
    def example_view(self, request: HttpRequest, kind: str) -> StreamingHttpResponse:
        """A CSV file with all columns, and one row that could be imported as it is."""
        if not self.has_add_permission(request):
            raise PermissionDenied
        if kind not in IMPORT_KINDS:
            raise Http404
        fields = IMPORT_KINDS[kind].fields
        pieces = csv_chunks([Heading(field.label) for field in fields], [[field.example for field in fields]])
        headers = {"Content-Disposition": f'attachment; filename="example-{kind}.csv"'}
        return StreamingHttpResponse(pieces, content_type=CSV_CONTENT_TYPE, headers=headers)

    @method_decorator(require_safe)
    def problems_view(self, request: HttpRequest, object_id: str) -> StreamingHttpResponse:
        """A CSV file of the problems, each with its row and column, for the person who corrects the file.

        It repeats nothing that was typed.
        """
        import_job = self.get_object(request, object_id)
        if import_job is None:
            raise Http404
        if not self.has_view_permission(request, import_job):
            raise PermissionDenied
        headings = [Heading(_("Row")), Heading(_("Column")), Heading(_("Problem"))]
        labels = {field.name: str(field.label) for field in kind_of(import_job).fields}
        rows = import_job.rows.exclude(problems=[]).order_by("number").values_list("number", "problems")
        cells = ((number, labels.get(name, ""), why) for number, found in rows.iterator() for name, why in found)
        headers = {"Content-Disposition": f'attachment; filename="problems-{import_job.pk}.csv"'}
        return StreamingHttpResponse(csv_chunks(headings, cells), content_type=CSV_CONTENT_TYPE, headers=headers)


def rows_context(import_job: Import, request: HttpRequest) -> dict[str, Any]:
    """One page of all rows, or of those in one state: what each row says, its problems, and what was made of it."""
    counts = import_job.row_counts
    only = request.GET.get("only", "") if request.GET.get("only", "") in counts else ""
    rows = import_job.rows.filter(state=only) if only else import_job.rows.all()
    page: Page[ImportRow] = Paginator(rows.order_by("number"), ROWS_PER_PAGE).get_page(
        parse_page_number(request.GET.get("page", ""))
    )
    objects = import_job.objects_of_it.filter(number__in=[row.number for row in page])
    by_row: dict[int, list[tuple[str, int]]] = defaultdict(list)
    for each in objects:
        by_row[each.number].append((each.model, each.key))
    known = object_links(pair for pairs in by_row.values() for pair in pairs)
    labels = {field.name: field.label for field in kind_of(import_job).fields}
    filters = [{"href": "?", "label": _("All rows"), "count": sum(counts.values()), "selected": not only}]
    filters += [
        {"href": f"?only={state}", "label": RowState(state).label, "count": counts[state], "selected": state == only}
        for state in RowState.values
        if state in counts
    ]
    return {
        "page": page,
        "only": only,
        "filters": filters if counts else [],
        "has_problems": RowState.WRONG in counts,
        "table": [
            {
                "number": row.number,
                "state": state_tag(RowState(row.state).label, ROW_COLOURS[RowState(row.state)]),
                "says": row_text(row) if row.state != RowState.PAST else "",
                "problems": [(labels.get(name, ""), why) for name, why in row.problems],
                "objects": [known[pair] for pair in by_row[row.number] if pair in known],
            }
            for row in page
        ],
    }


def kept_objects_context(import_job: Import, request: HttpRequest) -> dict[str, Any]:
    """A page of what stayed when the import was undone, and why."""
    kept = import_job.objects_of_it.exclude(kept=[])
    page: Page[ImportedObject] = Paginator(kept, ROWS_PER_PAGE).get_page(parse_page_number(request.GET.get("page", "")))
    known = object_links((each.model, each.key) for each in page)
    table = [
        {
            "number": each.number,
            "objects": [known[each.model, each.key]] if (each.model, each.key) in known else [],
            "why": ", ".join(map(reason_text, each.kept)),
        }
        for each in page
    ]
    return {"page": page, "table": table}


def reason_text(reason: str) -> str:
    if reason == services.CHANGED_REASON:
        return _("changed since")
    try:
        return plural_name(apps.get_model(reason)._meta)
    except (LookupError, ValueError):
        return reason


staff_site.add_waiting(
    gettext_lazy("Settings"),
    WaitingLine(
        label=gettext_lazy("imports to go on with"),
        one=gettext_lazy("import to go on with"),
        count=lambda: Import.objects.waiting(),
        address=lambda: reverse("staff:professionals_import_changelist"),
        permission="professionals.change_import",
    ),
)
