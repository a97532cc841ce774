"""The stock ledger, duplicate entries of stock, and stock-takes on the staff site."""

import re
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from ctac.dates import format_clock
from ctac.errors import DomainError
from ctac.forms import PageForm
from ctac.models import is_reference, tidy_reference
from ctac.staff.columns import NOTHING, LooksOnly, moment_of, state_tag
from ctac.staff.lists import contains, period_of, words_in
from ctac.staff.site import ObjectAction, StaffModelAdmin, page_form_class, staff_site
from leaflets.models import Edition, OrderLine, StockMovement, StockTake, StockTakeState, TitleCount
from leaflets.models.stock import MOVEMENT_WORDS
from leaflets.stock.services import DuplicateEntry, SeenEntries, last_entry_key
from leaflets.stock.stock_takes import (
    Difference,
    TypedCount,
    abandon_count,
    confirm_count,
    count_again,
    counts_of,
    differences_of,
    differences_version,
    editions_to_count,
    is_counted,
    record_counts,
    start_count,
)
from professionals.safeguarding.services import KEPT_BACK, waits_for_lead

# The stock ledger, to read.


def signed(change: int) -> str:
    """'+1,200', '−12' with a real minus; a dash for no change."""
    return f"{change:+,}".replace("-", "−") if change else NOTHING


def editions_with(words: list[str]) -> list[int]:
    """The editions that have each word in the leaflet's title or in their own label: a few rows."""
    editions = Edition.objects.all()
    for word in words:
        editions = editions.filter(Q(leaflet__title__icontains=word) | Q(label__icontains=word))
    return list(editions.values_list("pk", flat=True))


@admin.register(StockMovement, site=staff_site)
class StockMovementAdmin(StaffModelAdmin):
    list_display = ("when", "edition_in_words", "kind", "number_shelf", "number_promised", "order", "who_and_why")
    list_display_links = None
    list_filter = ("kind", period_of("at"))
    sorts_quickly = ("when",)
    list_select_related = ("edition__leaflet", "order_line__order", "by")
    search_fields = ("edition__leaflet__title", "edition__label", "order_line__order__reference", "reason")
    search_help_text = gettext_lazy("Leaflet, edition, order reference, note, or STOCK- and a number")
    ordering = ("-at", "-pk")
    when = moment_of("at", gettext_lazy("when"), short=True)

    def get_queryset(self, request: HttpRequest) -> QuerySet[StockMovement]:
        return super().get_queryset(request).annotate(kept_back=waits_for_lead("stock"))

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[StockMovement], search_term: str
    ) -> tuple[QuerySet[StockMovement], bool]:
        """One entry, or those of one order; else words of a leaflet with its edition, or words of a note."""
        if entry := re.fullmatch(r"\s*STOCK-(\d{1,18})\s*", search_term, re.IGNORECASE | re.ASCII):
            return queryset.filter(pk=entry[1]), False
        lines = OrderLine.objects.filter(order__reference=tidy_reference(search_term)).values_list("pk", flat=True)
        if is_reference(search_term) and (found := list(lines)):
            return queryset.filter(order_line__in=found), False
        typed = list(words_in(search_term))
        if not typed:
            return queryset.none() if search_term.strip() else queryset, False
        noted = ~Q(reason="")
        for word in typed:
            noted &= contains(word)
        return queryset.alias(searched=MOVEMENT_WORDS).filter(noted | Q(edition__in=editions_with(typed))), False

    @admin.display(description=gettext_lazy("leaflet"), ordering="edition")
    def edition_in_words(self, movement: StockMovement) -> SafeString:
        edition = movement.edition
        return format_html('{}<br> <span class="quiet">{}</span>', edition.leaflet.title, edition.label)

    @admin.display(description=gettext_lazy("by whom and why"))
    def who_and_why(self, movement: Any) -> SafeString | str:
        why = str(KEPT_BACK if movement.kept_back else movement.reason)
        if movement.by is None:
            return why or NOTHING
        return format_html('{}<br> <span class="quiet">{}</span>', movement.by, why)

    @admin.display(description=gettext_lazy("on the shelf"), ordering="on_hand_change")
    def number_shelf(self, movement: StockMovement) -> str:
        return signed(movement.on_hand_change)

    @admin.display(description=gettext_lazy("promised"), ordering="allocated_change")
    def number_promised(self, movement: StockMovement) -> str:
        return signed(movement.allocated_change)

    @admin.display(description=gettext_lazy("order"))
    def order(self, movement: StockMovement) -> SafeString | str:
        if movement.order_line is None:
            return NOTHING
        order = movement.order_line.order
        return format_html(
            '<a class="reference" href="{}">{}</a>', reverse("staff:leaflets_order_change", args=[order.pk]), order.reference
        )

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Movements are written by what causes them."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: StockMovement | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: StockMovement | None = None) -> bool:
        return False


# Copies that came in and corrections: the same entered twice, by Back or after an answer that got lost, is asked about.


def stock_entry_page(model_admin: StaffModelAdmin, request: HttpRequest, edition: Edition, action: ObjectAction) -> HttpResponse:
    """The form carries which entry was the last when it was opened, and of which ones refusals have told since."""
    change_url = reverse("staff:leaflets_edition_change", args=[edition.pk])
    form = page_form_class(action.form_class)(request.POST if request.method == "POST" else None)
    last, told = (
        key_or_none(request.POST.get("last", "")),
        [key for key in map(key_or_none, request.POST.getlist("told")) if key is not None],
    )
    if form.is_valid():
        form.cleaned_data["seen"] = None if last is None else SeenEntries(last, frozenset(told))
        if model_admin.perform(request, note_duplicates(action, told), edition, form):
            return redirect(change_url)
    context: dict[str, Any] = {
        **model_admin.about_action(request, action, edition, change_url),
        "form": form,
        "media": model_admin.media + form.media,
        "last": last_entry_key(edition) if last is None else last,
        "told": told,
    }
    return TemplateResponse(request, "leaflets/staff/stock_entry.html", context)


def note_duplicates(action: ObjectAction, told: list[int]) -> ObjectAction:
    """The same action; the entry that it names when it refuses is added to those that were told of."""

    def service(*args: Any, **kwargs: Any) -> None:
        try:
            action.service(*args, **kwargs)  # type: ignore[misc]
        except DuplicateEntry as refusal:
            told.append(refusal.entry.pk)
            raise

    return replace(action, service=service)


def key_or_none(typed: str) -> int | None:
    """None for a page that did not say."""
    return int(typed) if typed.isascii() and typed.isdigit() and len(typed) < 19 else None


# Stock-takes: what to count, the figures as they are counted, and the differences that one press puts right.

STOCK_TAKE_COLOURS = {StockTakeState.OPEN: "waiting", StockTakeState.CONFIRMED: "done", StockTakeState.ABANDONED: "stopped"}
SAVE_EVERY = 10  # titles: a button after so many
WHAT_TO_COUNT = gettext_lazy(
    "Count every copy that has not left yet: those on the shelf, and those in parcels that are packed or being packed. "
    "A parcel that has gone out and is not dispatched here: dispatch it first."
)


class StartStockTakeForm(PageForm):
    conditional = {"editions": ("what", "some")}

    what = forms.ChoiceField(
        label=gettext_lazy("What do you count?"),
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

    def chosen(self) -> list[Edition]:
        return editions_to_count() if self.cleaned_data["what"] == "all" else list(self.cleaned_data["editions"])


class CountField(forms.IntegerField):
    """A box that may stay empty until its title is counted; it is no question that one may leave out."""

    def validate(self, value: Any) -> None:
        pass


class CountForm(PageForm):
    """An empty box for each title: what the figures say is not shown before it was counted."""

    def __init__(self, data: Any, *, counts: Iterable[TitleCount]) -> None:
        super().__init__(data)
        self.refusals: list[tuple[str | None, str]] = []
        self.counts = {count_field_name(count): count for count in counts}
        for name, count in self.counts.items():
            self.add(name, count)

    def add(self, name: str, count: TitleCount) -> None:
        field = CountField(
            label=str(count.edition),
            min_value=0,
            max_value=1_000_000,
            help_text=count_again_text(count),
            widget=forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "off", "class": "govuk-input--width-5"}),
        )
        field.error_messages["invalid"] = _("Enter how many copies of “%(title)s” there are, in figures.") % {
            "title": count.edition
        }
        self.fields[name] = field

    def refuse(self, name: str | None, why: str) -> None:
        self.refusals.append((name, why))
        self.add_error(name, why)

    def typed(self) -> dict[int, TypedCount]:
        """What can be kept, by the keys of the counts."""
        return {
            count.pk: TypedCount(self.cleaned_data[name], posted_number(self.data.get(f"seen-{count.pk}")))
            for name, count in self.counts.items()
            if self.cleaned_data.get(name) is not None
        }

    @property
    def boxes(self) -> list[tuple[Any, TitleCount]]:
        """Each with its count, whose `at` says how far the ledger was when the page was made."""
        return [(self[name], count) for name, count in self.counts.items() if name in self.fields]


def count_field_name(count: TitleCount) -> str:
    return f"count-{count.pk}"


def posted_number(value: Any) -> int:
    return int(value) if str(value).isascii() and str(value).isdigit() else -1


def count_again_text(count: TitleCount) -> str:
    if count.counted is None or is_counted(count):
        return ""
    return _("Its stock was corrected after it was counted, so please count it again.")


def count_page(admin: StaffModelAdmin, request: HttpRequest, take: StockTake, action: ObjectAction) -> HttpResponse:
    """Saves whatever is right and keeps the rest in its boxes; a title that was saved goes to the end of the page."""
    here = reverse("staff:leaflets_stocktake_action", args=[take.pk, "count"])
    data = request.POST
    form = (
        CountForm(request.POST, counts=[count for count in counts_of(take) if count_field_name(count) in data])
        if request.method == "POST"
        else None
    )
    if form is not None:
        kept = save_counts(take, form, request)
        if not form.errors:
            left = any(not is_counted(count) for count in counts_of(take))
            return redirect(here if left else reverse("staff:leaflets_stocktake_action", args=[take.pk, "confirm"]))
        if kept:
            messages.success(request, ngettext("%(n)d title is saved.", "%(n)d titles are saved.", kept) % {"n": kept})
    change_url = reverse("staff:leaflets_stocktake_change", args=[take.pk])
    # The boxes that are still to be filled in, those with what was typed wrong among them; and what is counted.
    counts = counts_of(take)
    wrong = set(form.errors) if form else set()
    open_ones = [count for count in counts if not is_counted(count) or count_field_name(count) in wrong]
    again = CountForm(form.data if form else None, counts=open_ones)
    for name, why in form.refusals if form else ():
        again.add_error(name, why)
    done = [count for count in counts if is_counted(count)]
    progress = _("%(done)d of %(all)d titles counted") % {"done": len(done), "all": len(counts)}
    context = {
        **admin.about_action(request, action, take, change_url),
        "form": again,
        "done": done,
        "progress": progress,
        "save_every": SAVE_EVERY,
    }
    return TemplateResponse(request, "leaflets/staff/count.html", context)


def save_counts(take: StockTake, form: CountForm, request: HttpRequest) -> int:
    """How many were kept; what was not is said beside its box."""
    form.full_clean()
    by, again, typed = request.user, posted_number(request.POST.get("again")), form.typed()
    try:
        refused = record_counts(take=take, typed=typed, by=by, now=timezone.now())  # type: ignore[arg-type]
        if again > 0:
            count_again(take=take, key=again)
    except DomainError as refusal:
        form.refuse(None, str(refusal.message))
        return 0
    for key, why in refused.items():
        form.refuse(f"count-{key}", why)
    if not typed and not form.errors and again <= 0:
        form.refuse(None, _("Enter at least one figure, then save."))
    return len(typed) - len(refused)


def confirm_page(admin: StaffModelAdmin, request: HttpRequest, take: StockTake, action: ObjectAction) -> HttpResponse:
    form = forms.Form(request.POST if request.method == "POST" else None)
    change_url = reverse("staff:leaflets_stocktake_change", args=[take.pk])
    if form.is_valid():
        try:
            confirm_count(take=take, seen=request.POST.get("version", ""), by=request.user, now=timezone.now())  # type: ignore[arg-type]
        except DomainError as refusal:
            form.add_error(None, str(refusal.message))
            take.refresh_from_db()
        else:
            messages.success(request, str(action.done))
            return redirect(change_url)
    counts, found = counts_of(take), differences_of(take)
    context = {
        **admin.about_action(request, action, take, change_url),
        "form": form,
        "version": differences_version(found),
        "differences": [difference_row(each) for each in found if each.found or each.short],
        "same": [each.count for each in found if not (each.found or each.short)],
        "stale": [count for count in counts if count.counted is not None and not is_counted(count)],
        "not_counted": [count for count in counts if count.counted is None],
        "count_url": reverse("staff:leaflets_stocktake_action", args=[take.pk, "count"]),
    }
    return TemplateResponse(request, "leaflets/staff/differences.html", context)


def difference_row(found: Difference) -> dict[str, Any]:
    """One title of the page of differences."""
    count = found.count
    at = format_clock(count.counted_at) if count.counted_at else ""
    ways = [(count.came, _("%(n)s came in")), (count.went, _("%(n)s left"))]  # type: ignore[attr-defined]
    since = ", ".join(words % {"n": f"{copies:,}"} for copies, words in ways if copies)
    facts = {"change": signed(found.found), "counted": f"{count.counted:,}", "expected": f"{count.expected:,}"}
    rows = [
        {"label": _("Difference"), "value": _("%(change)s (%(counted)s counted, %(expected)s expected)") % facts},
        {"label": _("Counted"), "value": _("%(clock)s by %(who)s") % {"clock": at, "who": count.counted_by or NOTHING}},
        *([{"label": _("Since then"), "value": since}] if since else []),
        {"label": _("Stock after you confirm"), "value": f"{found.will_be:,}"},
    ]
    return {"found": found, "rows": rows, "fewer": list(found.fewer_for.items())}


def is_open_stock_take(take: StockTake) -> bool:
    return take.state == StockTakeState.OPEN


STOCK_TAKE_FIELDS = ("state_in_words", "progress", "started", "started_by", "ended", "ended_by", "result")


@admin.register(StockTake, site=staff_site)
class StockTakeAdmin(LooksOnly):
    list_display = ("name", "state_in_words", "progress", "started_by")
    list_filter = ("state",)
    list_select_related = ("started_by",)
    actions = None
    change_list_template = "leaflets/staff/stock_takes.html"
    fieldsets = ((None, {"fields": STOCK_TAKE_FIELDS}),)
    readonly_fields = STOCK_TAKE_FIELDS
    may_be_empty = ("result",)
    started = moment_of("started_at", gettext_lazy("started"))
    ended = moment_of("ended_at", gettext_lazy("ended"))
    object_actions = (
        ObjectAction(
            "count",
            gettext_lazy("Count"),
            available=is_open_stock_take,
            explanation=WHAT_TO_COUNT,
            weight="main",
            page=count_page,
        ),
        ObjectAction(
            "confirm",
            gettext_lazy("Confirm the differences"),
            available=is_open_stock_take,
            explanation=gettext_lazy(
                "The stock of these titles is put right in one step. Titles that were not counted stay as they are."
            ),
            done=gettext_lazy("The stock is put right."),
            page=confirm_page,
        ),
        ObjectAction(
            "abandon",
            gettext_lazy("Give this stock-take up"),
            abandon_count,
            available=is_open_stock_take,
            explanation=gettext_lazy("What was counted can still be read. No stock changes."),
            done=gettext_lazy("The stock-take is given up. No stock has changed."),
            weight="stop",
        ),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[StockTake]:
        takes: QuerySet[StockTake] = StockTake.objects.with_progress().order_by("-started_at", "-pk")
        return takes.select_related("started_by", "ended_by")

    def says(self, name: Any, obj: StockTake) -> bool:
        return obj.ended_at is not None if name in {"ended", "ended_by"} else super().says(name, obj)

    @admin.display(description=gettext_lazy("stock-take"), ordering="started_at")
    def name(self, take: StockTake) -> str:
        return str(take)

    @admin.display(description=gettext_lazy("state"), ordering="state")
    def state_in_words(self, take: StockTake) -> SafeString:
        return state_tag(take.get_state_display(), STOCK_TAKE_COLOURS[StockTakeState(take.state)])

    @admin.display(description=gettext_lazy("counted"))
    def progress(self, take: StockTake) -> str:
        return _("%(done)d of %(all)d titles") % {"done": take.titles_counted, "all": take.titles}  # type: ignore[attr-defined]

    @admin.display(description=gettext_lazy("what was put right"))
    def result(self, take: StockTake) -> str:
        """A line a title, once it is confirmed."""
        if take.state != StockTakeState.CONFIRMED:
            return ""
        line = _("%(title)s: %(change)s (%(counted)s counted, %(expected)s expected)")
        changed = take.counts.exclude(correction=None).select_related("edition__leaflet")
        said = [
            line
            % {"title": each, "change": signed(each.difference), "counted": f"{each.counted:,}", "expected": f"{each.expected:,}"}
            for each in changed
        ]
        return "\n".join(said) or _("Everything was as expected.")

    def add_view(self, request: HttpRequest, form_url: str = "", extra_context: dict[str, Any] | None = None) -> HttpResponse:
        if not self.has_add_permission(request):
            raise PermissionDenied
        form = StartStockTakeForm(request.POST if request.method == "POST" else None)
        if form.is_valid():
            try:
                take = start_count(editions=form.chosen(), by=request.user, now=timezone.now())  # type: ignore[arg-type]
            except DomainError as refusal:
                form.add_error("editions", str(refusal.message))
            else:
                return redirect(reverse("staff:leaflets_stocktake_action", args=[take.pk, "count"]))
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": _("Start a stock-take"),
            "intro": WHAT_TO_COUNT,
            "form": form,
            "media": self.media,
            "button": _("Start counting"),
        }
        return TemplateResponse(request, "admin/for_caller.html", context)

    def save_model(self, request: HttpRequest, obj: StockTake, form: Any, change: bool) -> None:
        """Nothing: only services write it."""

    def has_delete_permission(self, request: HttpRequest, obj: StockTake | None = None) -> bool:
        return False
