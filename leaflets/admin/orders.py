"""Orders: found, packed, dispatched and cancelled, one by one or many in one press."""

from collections import defaultdict
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.timesince import timesince
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from ctac.errors import DomainError
from ctac.references import tidy_reference
from ctac.staff import ObjectAction, StaffModelAdmin, staff_site
from ctac.uk import tidy_postcode
from leaflets.admin.for_caller import order_for_caller
from leaflets.models import Dispatch, Order, OrderEvent, OrderLine, OrderState
from leaflets.services import cancel, dispatch, start_packing
from professionals.models import User
from professionals.safeguarding import ChildDetailsMixin


class DispatchForm(forms.Form):
    tracking_number = forms.CharField(label=gettext_lazy("Tracking number"), max_length=60, required=False)


class CancelForm(ChildDetailsMixin, forms.Form):
    free_text_fields = ("reason",)

    reason = forms.CharField(
        label=gettext_lazy("Why"),
        max_length=300,
        help_text=gettext_lazy("For colleagues. The person is not shown it. No details of a child."),
    )


def do_start_packing(order: Order, *, by: User) -> None:
    start_packing(order=order, by=by, now=timezone.now())


def do_dispatch(order: Order, *, by: User, tracking_number: str = "") -> None:
    dispatch(order=order, by=by, now=timezone.now(), tracking_number=tracking_number)


def do_cancel(order: Order, *, by: User, reason: str, keep_what_i_wrote: bool = False) -> None:
    cancel(order=order, by=by, now=timezone.now(), reason=reason, flagged=keep_what_i_wrote)


class ReadOnlyInline(admin.TabularInline):
    extra = 0
    can_delete = False

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class LineInline(ReadOnlyInline):
    model = OrderLine
    fields = ("edition", "copies", "allocated", "dispatched", "cancelled")

    def get_queryset(self, request: HttpRequest) -> QuerySet[OrderLine]:
        return super().get_queryset(request).select_related("edition__leaflet")


class DispatchInline(ReadOnlyInline):
    model = Dispatch
    fields = ("dispatched_at", "by", "tracking_number")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Dispatch]:
        return super().get_queryset(request).select_related("by")


class EventInline(ReadOnlyInline):
    model = OrderEvent
    fields = ("at", "kind", "by", "reason")

    def get_queryset(self, request: HttpRequest) -> QuerySet[OrderEvent]:
        return super().get_queryset(request).select_related("by")


@admin.register(Order, site=staff_site)
class OrderAdmin(StaffModelAdmin):
    list_display = ("reference", "state", "age", "name", "organisation_name", "postcode", "copies", "channel")
    list_filter = ("state", "channel", "created_at")
    list_select_related = ("person",)
    ordering = ("-created_at", "-pk")
    search_fields = (
        "reference",
        "name",
        "organisation_name",
        "postcode",
        "person__name",
        "person__email",
        "person__organisation__name",
    )
    search_help_text = gettext_lazy("Reference, name, email address, postcode or organisation")
    actions = ("start_packing_all", "dispatch_all")
    change_form_template = "admin/change_form_without_history.html"
    change_list_template = "leaflets/staff/orders.html"
    view_on_site = False  # the page there is its owner's
    inlines = (LineInline, DispatchInline, EventInline)
    fields = (
        *("reference", "state", "created_at", "channel", "person", "name", "attention", "organisation_name"),
        *("address_line_1", "address_line_2", "town", "postcode"),
    )
    readonly_fields = fields
    object_actions = (
        ObjectAction(
            "start-packing",
            gettext_lazy("Start packing"),
            do_start_packing,
            available=lambda order: order.state == OrderState.RECEIVED,
            explanation=gettext_lazy("From now on the person can’t cancel it on the website."),
            done=gettext_lazy("The order is being packed."),
        ),
        ObjectAction(
            "dispatch",
            gettext_lazy("Dispatch"),
            do_dispatch,
            available=lambda order: order.state == OrderState.PACKING,
            form_class=DispatchForm,
            explanation=gettext_lazy("The parcel has left. The person gets an email, and the stock goes down."),
            done=gettext_lazy("The order is dispatched."),
        ),
        ObjectAction(
            "cancel",
            gettext_lazy("Cancel"),
            do_cancel,
            available=lambda order: order.is_open,
            form_class=CancelForm,
            explanation=gettext_lazy("The person gets an email, and the copies go back into stock."),
            done=gettext_lazy("The order is cancelled."),
        ),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Order]:
        return Order.objects.with_lines().order_by(*self.get_ordering(request))

    @admin.display(description=gettext_lazy("age"), ordering="-created_at")
    def age(self, order: Order) -> str:
        return timesince(order.created_at, depth=1)

    @admin.display(description=gettext_lazy("copies"))
    def copies(self, order: Order) -> int:
        return order.total_copies

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Order], search_term: str
    ) -> tuple[QuerySet[Order], bool]:
        """A whole reference or postcode, however it was typed, finds just that; anything else searches the words."""
        exact = Q(reference=tidy_reference(search_term))
        with suppress(ValidationError):
            exact |= Q(postcode=tidy_postcode(search_term))
        found = queryset.filter(exact)
        if search_term and found.exists():
            return found, False
        return super().get_search_results(request, queryset, search_term)

    def add_view(self, request: HttpRequest, form_url: str = "", extra_context: dict[str, Any] | None = None) -> HttpResponse:
        return order_for_caller(self, request)

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Nothing here is saved: every change is one of the actions."""
        no_save = {"show_save": False, "show_save_and_continue": False, "show_save_and_add_another": False}
        return super().change_view(request, object_id, form_url, {**(extra_context or {}), **no_save})

    def has_delete_permission(self, request: HttpRequest, obj: Order | None = None) -> bool:
        return False

    @admin.action(description=gettext_lazy("Start packing"), permissions=["change"])
    def start_packing_all(self, request: HttpRequest, orders: QuerySet[Order]) -> None:
        self.do_for_each(request, orders, do_start_packing)

    @admin.action(description=gettext_lazy("Dispatch"), permissions=["change"])
    def dispatch_all(self, request: HttpRequest, orders: QuerySet[Order]) -> None:
        self.do_for_each(request, orders, do_dispatch)

    def do_for_each(self, request: HttpRequest, orders: QuerySet[Order], perform: Callable[..., None]) -> None:
        """Each order in a transaction of its own, oldest first; those that refuse are named with the reason."""
        done, skipped = 0, defaultdict[str, list[str]](list)
        for order in orders.select_related("person").order_by("created_at", "pk"):
            try:
                perform(order, by=request.user)
            except DomainError as refusal:
                skipped[str(refusal)].append(order.reference)
            else:
                done += 1
        self.report(request, done, skipped)

    def report(self, request: HttpRequest, done: int, skipped: dict[str, list[str]]) -> None:
        counts = {"done": done, "skipped": sum(map(len, skipped.values()))}
        level = messages.WARNING if skipped else messages.SUCCESS
        self.message_user(request, _("%(done)d done, %(skipped)d skipped.") % counts, level)
        for reason, references in skipped.items():
            said = ngettext("%(references)s was skipped: %(reason)s", "%(references)s were skipped: %(reason)s", len(references))
            self.message_user(request, said % {"references": ", ".join(references), "reason": reason}, messages.WARNING)
