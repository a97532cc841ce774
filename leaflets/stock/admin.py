"""The stock ledger, duplicate entries of stock, and stock-takes on the staff site."""

import re
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db.models import Count, Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _, gettext_lazy, ngettext

from accounts.access import signed_in_user
from accounts.rate_limits import check_export_limit
from audit.models import SpreadsheetFormat
from core.dates import format_uk_time
from core.errors import DomainError
from core.forms import PageForm, domain_error_to_form
from core.models import is_reference, normalise_reference
from core.pages import parse_page_number
from leaflets.models import (
    Edition,
    ImportState,
    Order,
    OrderLine,
    SheetImport,
    SheetKind,
    StockMovement,
    StockTake,
    StockTakeState,
    TitleCount,
)
from leaflets.models.stock import MOVEMENT_SEARCH_TEXT
from leaflets.stock.imports import LIST_KINDS, apply_import, create_import, find_applied_import, plan_import
from leaflets.stock.services import DuplicateEntry, SeenEntries, entries_by_hand
from leaflets.stock.stock_takes import (
    Difference,
    TypedCount,
    abandon_stock_take,
    clear_count,
    confirm_stock_take,
    differences_digest,
    editions_to_count,
    find_differences,
    is_counted,
    record_counts,
    start_stock_take,
    stock_take_counts,
)
from professionals.imports.forms import UploadForm
from professionals.safeguarding.services import kept_back_expression, shown_text
from staff.actions import ObjectAction, page_form_class
from staff.lists import (
    EMPTY_VALUE,
    attribute_column,
    column,
    contains_word,
    datetime_column,
    format_long_datetime,
    parse_search_words,
    period_filter,
    state_column,
    state_tag,
)
from staff.model_admin import ReadOnlyAdmin, StaffModelAdmin
from staff.site import staff_site
from staff.spreadsheets import (
    MAX_UPLOAD_ROWS,
    Heading,
    ImportPlan,
    PlannedRow,
    RowAction,
    spreadsheet_response,
)


def signed_text(change: int) -> str:
    """'+1,200', '−12' with a real minus; a dash for no change."""
    return f"{change:+,}".replace("-", "−") if change else EMPTY_VALUE


def order_link(order: Order) -> SafeString:
    url = reverse("staff:leaflets_order_change", args=[order.pk])
    return format_html('<a class="reference" href="{}">{}</a>', url, order.reference)


@admin.register(StockMovement, site=staff_site)
class StockMovementAdmin(StaffModelAdmin):
    nobody_may = ("add", "change", "delete")  # movements are written by what causes them
    list_display = ("when", "edition_display", "kind", "number_shelf", "number_promised", "order", "approver_and_reason")
    list_display_links = None
    list_filter = ("kind", period_filter("at"))
    sorts_quickly = ("when",)
    list_select_related = ("edition__leaflet", "order_line__order", "by")
    search_fields = ("edition__leaflet__title", "edition__label", "order_line__order__reference", "reason")
    search_help_text = gettext_lazy("Leaflet, edition, order reference, note, or STOCK- with a number")
    fields = ("edition", "kind", "copies", "on_hand_change", "allocated_change", "order_line", "by", "at", "why")
    readonly_fields = fields
    why = column(gettext_lazy("why"), lambda movement: shown_text(movement, "reason") or EMPTY_VALUE)
    when = datetime_column("at", gettext_lazy("when"), short=True)
    number_shelf = attribute_column("on_hand_change", gettext_lazy("on the shelf"), signed_text)
    number_promised = attribute_column("allocated_change", gettext_lazy("promised"), signed_text)
    order = column(
        gettext_lazy("order"), lambda movement: order_link(movement.order_line.order) if movement.order_line else EMPTY_VALUE
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[StockMovement]:
        return super().get_queryset(request).annotate(kept_back=kept_back_expression(stock="pk", order="order_line__order"))

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[StockMovement], search_term: str
    ) -> tuple[QuerySet[StockMovement], bool]:
        """One entry by its number, the entries of an order, or those whose leaflet, edition or note has the words."""
        if number := re.fullmatch(r"\s*STOCK-(\d{1,18})\s*", search_term, re.IGNORECASE | re.ASCII):
            return queryset.filter(pk=number[1]), False
        order_lines = OrderLine.objects.filter(order__reference=normalise_reference(search_term)).values_list("pk", flat=True)
        if is_reference(search_term) and (lines := list(order_lines)):
            return queryset.filter(order_line__in=lines), False
        words = list(parse_search_words(search_term))
        if not words:
            return queryset.none() if search_term.strip() else queryset, False
        in_note, editions = ~Q(reason="") & Q(kept_back=False), Edition.objects.all()
        for word in words:
            in_note &= contains_word(word)
            editions = editions.filter(Q(leaflet__title__icontains=word) | Q(label__icontains=word))
        in_edition = Q(edition__in=list(editions.values_list("pk", flat=True)))  # a few rows
        return queryset.alias(searched=MOVEMENT_SEARCH_TEXT).filter(in_note | in_edition), False

    @admin.display(description=gettext_lazy("leaflet"), ordering="edition")
    def edition_display(self, movement: StockMovement) -> SafeString:
        edition = movement.edition
        return format_html('{}<br> <span class="quiet">{}</span>', edition.leaflet.title, edition.label)

    @admin.display(description=gettext_lazy("who and why"))
    def approver_and_reason(self, movement: Any) -> SafeString | str:
        why = shown_text(movement, "reason")
        if movement.by is None:
            return why or EMPTY_VALUE
        return format_html('{}<br> <span class="quiet">{}</span>', movement.by, why)


def stock_entry_page(model_admin: StaffModelAdmin, request: HttpRequest, edition: Edition, action: ObjectAction) -> HttpResponse:
    """Enter copies that came in, or a correction. Asks before the same entry is saved twice (Back, or a lost answer).

    The page carries the key of the last entry from when it was opened, and of each entry that a refusal has named since.
    """
    change_url = reverse("staff:leaflets_edition_change", args=[edition.pk])
    form = page_form_class(action.form_class)(request.POST if request.method == "POST" else None)
    last = posted_number(request.POST.get("last"))
    named = [key for key in map(posted_number, request.POST.getlist("told")) if key is not None]

    def service(*args: Any, **kwargs: Any) -> None:
        try:
            action.service(*args, **kwargs)  # type: ignore[misc]
        except DuplicateEntry as refusal:
            named.append(refusal.entry.pk)
            raise

    if form.is_valid():
        form.cleaned_data["seen"] = None if last is None else SeenEntries(last, frozenset(named))
        if model_admin.perform_action(request, replace(action, service=service), edition, form):
            return redirect(change_url)
    if last is None:
        last = entries_by_hand(edition).values_list("pk", flat=True).first() or 0
    context: dict[str, Any] = {
        **model_admin.get_action_context(request, action, edition, change_url),
        "form": form,
        "media": model_admin.media + form.media,
        "last": last,
        "told": named,
    }
    return TemplateResponse(request, "leaflets/stock/staff/stock_entry.html", context)


def posted_number(value: Any) -> int | None:
    """The posted number; None if it is missing or not a number."""
    text = str(value)
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else None


STOCK_TAKE_COLOURS = {StockTakeState.OPEN: "waiting", StockTakeState.CONFIRMED: "done", StockTakeState.ABANDONED: "stopped"}
TITLES_PER_SAVE_BUTTON = 10  # titles between two Save buttons
COUNTING_INSTRUCTIONS = gettext_lazy(
    "Count every copy that has not left yet, on the shelf and in parcels. If a parcel has gone but is not marked as "
    "dispatched here, dispatch it first."
)


class StartStockTakeForm(PageForm):
    conditional = {"editions": ("what", "some")}

    what = forms.ChoiceField(
        label=gettext_lazy("What are you counting?"),
        choices=[("all", gettext_lazy("Everything")), ("some", gettext_lazy("Only some titles"))],
        initial="all",
        widget=forms.RadioSelect,
    )
    editions = forms.ModelMultipleChoiceField(
        Edition.objects.select_related("leaflet").order_by("leaflet__position", "-published_on", "pk"),
        label=gettext_lazy("Which titles?"),
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )


class CountField(forms.IntegerField):
    """May stay empty until its title is counted, but is not labelled as optional."""

    def validate(self, value: Any) -> None:
        pass


class CountForm(PageForm):
    """An empty box for each title. It doesn't show the recorded figure, so that people really count."""

    def __init__(self, data: Any, *, counts: Iterable[TitleCount]) -> None:
        super().__init__(data)
        self.counts = {f"count-{count.pk}": count for count in counts}
        for name, count in self.counts.items():
            is_stale = count.counted is not None and not is_counted(count)
            invalid = _("Enter the number of copies of “%(title)s”, such as 12.") % {"title": count.edition}
            self.fields[name] = CountField(
                label=str(count.edition),
                min_value=0,
                max_value=1_000_000,
                help_text=_("Somebody corrected its stock after you counted it, so please count it again.") if is_stale else "",
                widget=forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "off", "class": "govuk-input--width-5"}),
                error_messages={"invalid": invalid},
            )


def count_page(admin: StaffModelAdmin, request: HttpRequest, take: StockTake, action: ObjectAction) -> HttpResponse:
    """Saves whatever is right and keeps the rest in its boxes; a title that was saved goes to the end of the page."""
    form: CountForm | None = None
    refusals: list[tuple[str | None, str]] = []
    if request.method == "POST":
        data = request.POST
        form = CountForm(request.POST, counts=[count for count in stock_take_counts(take) if f"count-{count.pk}" in data])
        saved, refusals = save_counts(take, form, request)
        if not form.errors and not refusals:
            left = any(not is_counted(count) for count in stock_take_counts(take))
            return redirect("staff:leaflets_stocktake_action", take.pk, "count" if left else "confirm")
        if saved:
            messages.success(request, ngettext("%(n)d title is saved.", "%(n)d titles are saved.", saved) % {"n": saved})
    counts = stock_take_counts(take)
    wrong = {*(form.errors if form else ()), *(name for name, _error in refusals)}
    to_count = [count for count in counts if not is_counted(count) or f"count-{count.pk}" in wrong]
    shown = CountForm(form.data if form else None, counts=to_count)
    for name, error in refusals:
        shown.add_error(name, error)
    done = [count for count in counts if is_counted(count)]
    context = {
        **admin.get_action_context(request, action, take, reverse("staff:leaflets_stocktake_change", args=[take.pk])),
        "form": shown,
        "boxes": [(shown[name], count) for name, count in shown.counts.items()],
        "done": done,
        "progress": ngettext("%(done)d of %(all)d title counted", "%(done)d of %(all)d titles counted", len(counts))
        % {"done": len(done), "all": len(counts)},
        "save_every": TITLES_PER_SAVE_BUTTON,
    }
    return TemplateResponse(request, "leaflets/stock/staff/count.html", context)


def save_counts(take: StockTake, form: CountForm, request: HttpRequest) -> tuple[int, list[tuple[str | None, str]]]:
    """The number of counts that were saved; and each refusal, with the name of its box or None."""
    form.full_clean()
    typed = {}
    for name, count in form.counts.items():
        if form.cleaned_data.get(name) is not None:
            seen = posted_number(form.data.get(f"seen-{count.pk}"))
            typed[count.pk] = TypedCount(form.cleaned_data[name], -1 if seen is None else seen)
    again = posted_number(request.POST.get("again"))
    try:
        refused = record_counts(take=take, typed=typed, by=signed_in_user(request), now=timezone.now())
        if again:
            clear_count(take=take, key=again)
    except DomainError as refusal:
        return 0, [(None, str(refusal.message))]
    if not typed and not form.errors and not again:
        return 0, [(None, _("Enter at least one number, then save."))]
    return len(typed) - len(refused), [(f"count-{key}", error) for key, error in refused.items()]


def confirm_page(admin: StaffModelAdmin, request: HttpRequest, take: StockTake, action: ObjectAction) -> HttpResponse:
    form = forms.Form(request.POST if request.method == "POST" else None)
    change_url = reverse("staff:leaflets_stocktake_change", args=[take.pk])
    if form.is_valid():
        form.cleaned_data["seen"] = request.POST.get("version", "")
        if admin.perform_action(request, action, take, form):
            return redirect(change_url)
        take.refresh_from_db()
    counts, differences = stock_take_counts(take), find_differences(take)
    context = {
        **admin.get_action_context(request, action, take, change_url),
        "form": form,
        "version": differences_digest(differences),
        "differences": [
            difference_context(difference) for difference in differences if difference.change or difference.missing_copies
        ],
        "same": [difference.count for difference in differences if not (difference.change or difference.missing_copies)],
        "stale": [count for count in counts if count.counted is not None and not is_counted(count)],
        "not_counted": [count for count in counts if count.counted is None],
        "count_url": reverse("staff:leaflets_stocktake_action", args=[take.pk, "count"]),
    }
    return TemplateResponse(request, "leaflets/stock/staff/differences.html", context)


def difference_context(difference: Difference) -> dict[str, Any]:
    """The context of one title on the page of differences."""
    count: Any = difference.count
    at = format_uk_time(count.counted_at) if count.counted_at else ""
    moved = [(count.came, _("%(n)s came in")), (count.went, _("%(n)s left"))]
    since = ", ".join(text % {"n": f"{copies:,}"} for copies, text in moved if copies)
    facts = {"change": signed_text(difference.change), "counted": f"{count.counted:,}", "expected": f"{count.expected:,}"}
    rows = [
        {"label": _("Difference"), "value": _("%(change)s (%(counted)s counted, %(expected)s expected)") % facts},
        {"label": _("Counted"), "value": _("%(clock)s by %(who)s") % {"clock": at, "who": count.counted_by or EMPTY_VALUE}},
        *([{"label": _("Since then"), "value": since}] if since else []),
        {"label": _("Stock after you confirm"), "value": f"{difference.on_hand_after:,}"},
    ]
    return {"difference": difference, "rows": rows, "fewer": list(difference.fewer_for.items())}


def is_open_stock_take(take: StockTake) -> bool:
    return take.state == StockTakeState.OPEN


@admin.register(StockTake, site=staff_site)
class StockTakeAdmin(ReadOnlyAdmin):
    nobody_may = ("delete",)
    list_display = ("name", "state_text", "progress", "started_by")
    list_filter = ("state",)
    list_select_related = ("started_by",)
    actions = None
    change_list_template = "leaflets/stock/staff/stock_takes.html"
    fields = readonly_fields = ("state_text", "progress", "started", "started_by", "ended", "ended_by", "result")
    may_be_empty = ("result",)
    started = datetime_column("started_at", gettext_lazy("started"))
    name = column(gettext_lazy("stock-take"), str, ordering="started_at")
    state_text = state_column(STOCK_TAKE_COLOURS)
    ended = datetime_column("ended_at", gettext_lazy("ended"))
    object_actions = (
        ObjectAction(
            "count",
            gettext_lazy("Count"),
            available=is_open_stock_take,
            explanation=COUNTING_INSTRUCTIONS,
            weight="main",
            page=count_page,
        ),
        ObjectAction(
            "confirm",
            gettext_lazy("Confirm the differences"),
            confirm_stock_take,
            available=is_open_stock_take,
            explanation=gettext_lazy(
                "This corrects the stock of these titles in one step. Titles that nobody counted stay as they are."
            ),
            done=gettext_lazy("The stock is corrected."),
            page=confirm_page,
        ),
        ObjectAction(
            "abandon",
            gettext_lazy("Give up this stock-take"),
            abandon_stock_take,
            available=is_open_stock_take,
            explanation=gettext_lazy("You can still read what was counted. No stock changes."),
            done=gettext_lazy("The stock-take is given up. No stock has changed."),
            weight="stop",
        ),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[StockTake]:
        takes = StockTake.objects.annotate(titles=Count("counts"), titles_counted=Count("counts__counted"))
        return takes.order_by("-started_at", "-pk").select_related("started_by", "ended_by")

    def has_value(self, name: Any, obj: StockTake) -> bool:
        return obj.ended_at is not None if name in {"ended", "ended_by"} else super().has_value(name, obj)

    @admin.display(description=gettext_lazy("counted"))
    def progress(self, take: StockTake) -> str:
        done, titles = take.titles_counted, take.titles  # type: ignore[attr-defined]
        return ngettext("%(done)d of %(all)d title", "%(done)d of %(all)d titles", titles) % {"done": done, "all": titles}

    @admin.display(description=gettext_lazy("corrections"))
    def result(self, take: StockTake) -> str:
        """A line a title, once it is confirmed."""
        if take.state != StockTakeState.CONFIRMED:
            return ""
        line = _("%(title)s: %(change)s (%(counted)s counted, %(expected)s expected)")
        changed = take.counts.exclude(correction=None).select_related("edition__leaflet")
        lines = []
        for count in changed:
            figures = {
                "change": signed_text(count.difference),
                "counted": f"{count.counted:,}",
                "expected": f"{count.expected:,}",
            }
            lines.append(line % {"title": count, **figures})
        return "\n".join(lines) or _("Everything was as expected.")

    def add_view(self, request: HttpRequest, form_url: str = "", extra_context: dict[str, Any] | None = None) -> HttpResponse:
        if not self.has_add_permission(request):
            raise PermissionDenied
        form = StartStockTakeForm(request.POST if request.method == "POST" else None)
        if form.is_valid():
            editions = editions_to_count() if form.cleaned_data["what"] == "all" else form.cleaned_data["editions"]
            with domain_error_to_form(form, beside="editions"):
                take = start_stock_take(editions=editions, by=signed_in_user(request), now=timezone.now())
                return redirect("staff:leaflets_stocktake_action", take.pk, "count")
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": _("Start a stock-take"),
            "intro": COUNTING_INSTRUCTIONS,
            "form": form,
            "media": self.media,
            "button": _("Start counting"),
        }
        return TemplateResponse(request, "admin/for_caller.html", context)

    def save_model(self, request: HttpRequest, obj: StockTake, form: Any, change: bool) -> None:
        """Saves nothing: only services write a stock-take."""


# Stock lists and catalogues on the staff site: exported, uploaded, checked row by row, then written in one press.

ROWS_PER_PAGE = 200
MAX_ERRORS_IN_SUMMARY = 50
# Colleagues who may change these by hand may also export them, and change them by an upload.
IMPORT_PERMISSIONS = {
    SheetKind.STOCK: ("leaflets.keep_stock",),
    SheetKind.CATALOGUE: ("leaflets.add_leaflet", "leaflets.change_leaflet"),
}
IMPORT_COLOURS = {ImportState.CHECKED: "waiting", ImportState.APPLIED: "done"}
ROW_COLOURS = {RowAction.MAKE: "good", RowAction.CHANGE: "waiting", RowAction.NOTHING: "done", RowAction.WRONG: "stopped"}


def allowed_kinds(request: HttpRequest) -> list[SheetKind]:
    return [kind for kind, permissions in IMPORT_PERMISSIONS.items() if request.user.has_perms(permissions)]


class SpreadsheetLinks(StaffModelAdmin):
    """For the admin of editions and of leaflets: links above the list to export it and to upload a spreadsheet."""

    sheet_kind: SheetKind
    change_list_template = "leaflets/stock/staff/lists.html"

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        kind = self.sheet_kind.value if self.sheet_kind in allowed_kinds(request) else ""
        return super().changelist_view(request, {"sheet_kind": kind, **(extra_context or {})})


class ListUploadForm(UploadForm):
    option_hints = {
        "kind": {
            SheetKind.STOCK.value: gettext_lazy("Copies that came in, or copies that you counted on the shelf."),
            SheetKind.CATALOGUE.value: gettext_lazy("New titles, and changes to titles that we have."),
        }
    }


@admin.register(SheetImport, site=staff_site)
class SheetImportAdmin(ReadOnlyAdmin):
    nobody_may = ("delete",)
    list_display = ("uploaded", "what", "state_text", "uploaded_by", "written")
    list_select_related = ("uploaded_by", "applied_by")
    sorts_quickly = ("uploaded",)
    ordering = ("-uploaded_at", "-pk")
    actions = None
    change_list_template = "leaflets/stock/staff/imports.html"
    uploaded = datetime_column("uploaded_at", gettext_lazy("uploaded"), short=True)
    what = column(gettext_lazy("what"), lambda sheet: sheet.get_kind_display(), ordering="kind")
    state_text = state_column(IMPORT_COLOURS)
    written = column(gettext_lazy("written"), lambda sheet: written_text(sheet) or _("Not yet"))

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

    def list_view(self, request: HttpRequest) -> HttpResponseBase:
        """The list as it is now, or with `empty` its headings alone, to be filled in and uploaded. No personal data in it."""
        kind, form = request.GET.get("kind", ""), request.GET.get("form", "")
        if kind not in LIST_KINDS or form not in SpreadsheetFormat.values:
            raise Http404
        if kind not in allowed_kinds(request):
            raise PermissionDenied
        if (wait := check_export_limit(request, timezone.now())) is not None:
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
        choices, first = [(kind.value, kind.label) for kind in kinds], request.GET.get("kind", kinds[0])
        form = ListUploadForm(*data, kinds=choices, most=MAX_UPLOAD_ROWS, initial={"kind": first})
        if form.is_valid():
            kind, content = form.cleaned_data["kind"], form.cleaned_data["file"]
            with domain_error_to_form(form, beside="file"):
                sheet = create_import(kind=kind, content=content, by=signed_in_user(request), now=timezone.now())
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
        """GET shows what the import would do. POST does exactly that, or shows what has changed since."""
        sheet = self.get_object(request, object_id)
        if sheet is None:
            raise Http404
        error = ""
        if request.method == "POST":
            shown, again = request.POST.get("shown", ""), bool(request.POST.get("again"))
            try:
                plan = apply_import(sheet=sheet, shown=shown, again=again, by=signed_in_user(request), now=timezone.now())
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
    """When the list was written, and by whom; '' if it was not written."""
    if sheet.applied_at is None:
        return ""
    return _("%(moment)s, by %(who)s") % {
        "moment": format_long_datetime(sheet.applied_at),
        "who": sheet.applied_by or _("a former colleague"),
    }


def import_context(sheet: SheetImport, request: HttpRequest) -> dict[str, Any]:
    """One page of the rows of an import: all, or those of one action. Each error links to the page that has its row."""
    is_written = sheet.state == ImportState.APPLIED
    plan = ImportPlan([PlannedRow(*row) for row in sheet.done], []) if is_written else plan_import(sheet)
    only = request.GET.get("only", "") if request.GET.get("only", "") in RowAction.values else ""
    rows = [row for row in plan.rows if not only or row.action == only]
    page = Paginator(rows, ROWS_PER_PAGE).get_page(parse_page_number(request.GET.get("page", "")))
    page_of_row = {row.number: place // ROWS_PER_PAGE + 1 for place, row in enumerate(rows)}
    errors = []
    for row, heading, why in plan.errors[:MAX_ERRORS_IN_SUMMARY]:
        href, number = f"#row-{row.number}", page_of_row.get(row.number)
        if number is None:
            href = f"?page=1{href}"
        elif number != page.number:
            href = f"?{f'only={only}&' if only else ''}page={number}{href}"
        errors.append((href, _("Row %(n)d, %(column)s: %(why)s") % {"n": row.number, "column": heading, "why": why}))
    counts = [("", _("All rows"), len(plan.rows)), *((value, label, plan.count(value)) for value, label in RowAction.choices)]
    earlier = None if is_written else find_applied_import(sheet)
    return {
        "sheet": sheet,
        "plan": plan,
        "is_written": is_written,
        "written": written_text(sheet),
        "written_earlier": written_text(earlier) if earlier else "",
        # Writing the same copies twice counts them twice. Writing the same title twice changes nothing.
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
