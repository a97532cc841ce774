"""The stock ledger, to read."""

import re
from typing import Any

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy

from ctac.references import is_reference, tidy_reference
from ctac.staff import StaffModelAdmin, staff_site
from ctac.staff_big_lists import contains, period_of, words_in
from ctac.staff_lists import NOTHING, moment_of
from leaflets.models import Edition, OrderLine, StockMovement
from leaflets.models.stock import MOVEMENT_WORDS
from professionals.flagged import KEPT_BACK, waits_for_lead


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
