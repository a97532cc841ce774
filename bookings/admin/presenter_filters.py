"""How staff narrow a list by who gives presentations, and what they call the ways of giving one."""

import re
from typing import Any

from django.contrib import admin
from django.db.models import Exists, OuterRef, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy

from bookings.models import Booking, Format, Presenter

# Formats as staff say them; the public reads “At your workplace”.
FORMAT_WORDS = {str(Format.WORKPLACE): gettext_lazy("At their workplace"), str(Format.ONLINE): gettext_lazy("Online")}


class PresenterFilter(admin.SimpleListFilter):
    """Those who give presentations now. Who has none is asked for by a filter of its own."""

    title = gettext_lazy("presenter")
    parameter_name = "presenter"

    def lookups(self, request: HttpRequest, model_admin: admin.ModelAdmin) -> list[tuple[Any, str]]:
        return list(Presenter.objects.active().values_list("pk", "name"))

    def queryset(self, request: HttpRequest, queryset: QuerySet[Booking]) -> QuerySet[Booking]:
        chosen = self.value() or ""
        return queryset.filter(presenter=int(chosen)) if re.fullmatch(r"[0-9]{1,9}", chosen) else queryset


class AnyPresenterFilter(PresenterFilter):
    """Those who give presentations now, then those who did and have rows in this list, as many as can be looked through."""

    most_former = 30

    def lookups(self, request: HttpRequest, model_admin: admin.ModelAdmin) -> list[tuple[Any, str]]:
        rows = model_admin.model._default_manager.order_by()
        former = (
            Presenter.objects.filter(active=False).filter(Exists(rows.filter(presenter=OuterRef("pk")))).order_by("name", "pk")
        )
        return [*super().lookups(request, model_admin), *former.values_list("pk", "name")[: self.most_former]]
