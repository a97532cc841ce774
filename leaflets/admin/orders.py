"""Orders: found, packed, dispatched and cancelled, one by one or many in one press."""

from collections import defaultdict
from collections.abc import Callable
from typing import Any, ClassVar

from django import forms
from django.contrib import admin, messages
from django.db.models import Case, F, OrderBy, Q, QuerySet, When
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html_join, strip_tags
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from ctac.errors import DomainError
from ctac.staff import ObjectAction, staff_site
from ctac.staff_big_lists import Part, period_of
from ctac.staff_lists import (
    NOTHING,
    FoundByReference,
    LooksOnly,
    ReadOnlyInline,
    how_long_ago,
    moment_of,
    short_moment,
    state_tag,
    unbroken,
)
from leaflets.admin.changing import CHANGE
from leaflets.admin.deciding import DECISIONS
from leaflets.admin.exchange import ExportsOrders
from leaflets.admin.for_caller import order_for_caller
from leaflets.admin.forward import FORWARD_ACTIONS, WaitsFilter, place_in_words, with_its_place
from leaflets.admin.missing import links_of_order
from leaflets.models import OPEN_STATES, Channel, Dispatch, Order, OrderEvent, OrderLine, OrderState, Parcel
from leaflets.services.fulfilling import cancel, dispatch, start_packing
from leaflets.visits import VISITS_OPEN_WITH, start_of_visit, visit_in_words
from professionals.for_staff import AboutPerson, called, name_and_organisation
from professionals.models import User
from professionals.safeguarding import StaffForm


class DispatchForm(forms.Form):
    tracking_number = forms.CharField(
        label=gettext_lazy("Tracking number"),
        max_length=60,
        required=False,
        help_text=gettext_lazy("The person reads it in the email. Leave empty if the parcel has none."),
    )


class CancelForm(StaffForm):
    free_text_fields = ("reason",)

    reason = forms.CharField(
        label=gettext_lazy("Why is it cancelled?"),
        max_length=300,
        help_text=gettext_lazy("For colleagues. The person is not shown it. No details of a child."),
        error_messages={"required": gettext_lazy("Write why it is cancelled.")},
    )


def do_start_packing(order: Order, *, by: User) -> None:
    start_packing(order=order, by=by, now=timezone.now())


def do_dispatch(order: Order, *, by: User, tracking_number: str = "") -> None:
    dispatch(order=order, by=by, now=timezone.now(), tracking_number=tracking_number)


def do_cancel(order: Order, *, by: User, reason: str, flagged: bool) -> None:
    cancel(order=order, by=by, now=timezone.now(), reason=reason, flagged=flagged)


OBJECT_ACTIONS = (
    *DECISIONS,
    ObjectAction(
        "start-packing",
        gettext_lazy("Start packing"),
        do_start_packing,
        available=lambda order: order.state == OrderState.RECEIVED,
        explanation=gettext_lazy("From now on the person can’t change or cancel it on the website."),
        done=gettext_lazy("The order is being packed."),
        weight="main",
    ),
    ObjectAction(
        "dispatch",
        gettext_lazy("Dispatch this order"),
        do_dispatch,
        available=lambda order: order.state == OrderState.PACKING,
        form_class=DispatchForm,
        explanation=gettext_lazy(
            "The parcel has left, or its presenter has it, and the stock goes down. "
            "In the evening the person gets one email about all of today’s parcels."
        ),
        done=gettext_lazy("The order is dispatched. The person gets an email this evening."),
        weight="main",
    ),
    CHANGE,
    *FORWARD_ACTIONS,
    ObjectAction(
        "cancel",
        gettext_lazy("Cancel this order"),
        do_cancel,
        available=lambda order: order.is_open,
        form_class=CancelForm,
        explanation=gettext_lazy("The person gets an email, and the copies go back into stock."),
        done=gettext_lazy("The order is cancelled. The person gets an email, and the copies are back in stock."),
        weight="stop",
    ),
)


def order_of_need() -> list[OrderBy]:
    """What waits, the longest first; then what is done, the latest first."""
    waiting_since = Case(When(state__in=OPEN_STATES, then=F("created_at")))
    return [OrderBy(waiting_since), OrderBy(F("created_at"), descending=True), OrderBy(F("pk"), descending=True)]


class DispatchInline(ReadOnlyInline):
    model = Dispatch
    verbose_name_plural = gettext_lazy("Parcels that left")
    fields = ("left", "by", "tracking_number")
    readonly_fields = ("left",)
    left = moment_of("dispatched_at", gettext_lazy("when"))

    def get_queryset(self, request: HttpRequest) -> QuerySet[Dispatch]:
        return super().get_queryset(request).select_related("by")


class EventInline(ReadOnlyInline):
    model = OrderEvent
    verbose_name_plural = gettext_lazy("What has happened")
    fields = ("at_in_words", "what", "by", "reason")
    readonly_fields = ("at_in_words", "what")
    at_in_words = moment_of("at", gettext_lazy("when"))

    @admin.display(description=gettext_lazy("what"))
    def what(self, event: OrderEvent) -> str:
        return "\n".join([event.get_kind_display(), *event.changed])

    def get_queryset(self, request: HttpRequest) -> QuerySet[OrderEvent]:
        return super().get_queryset(request).select_related("by")


SECTIONS: tuple[tuple[Any, tuple[str, ...]], ...] = (
    (
        None,
        (
            "state_in_words",
            "place",
            "to_pack",
            "number_of_copies",
            "label",
            "visit",
            "why_more",
            "asked_at",
            "came_by",
            "packed_in",
            "never_came",
        ),
    ),
    (gettext_lazy("Who asked"), AboutPerson.about_person),
)


# As the staff pages of bookings say it.
CAME_BY = {
    str(Channel.WEB): gettext_lazy("Website"),
    str(Channel.PHONE): Channel.PHONE.label,
    str(Channel.EMAIL): Channel.EMAIL.label,
}


class CameByFilter(admin.SimpleListFilter):
    title = gettext_lazy("how it came")
    parameter_name = "came_by"

    def lookups(self, request: HttpRequest, model_admin: admin.ModelAdmin) -> list[tuple[str, Any]]:
        return list(CAME_BY.items())

    def queryset(self, request: HttpRequest, queryset: QuerySet[Order]) -> QuerySet[Order]:
        return queryset.filter(channel=self.value()) if self.value() in CAME_BY else queryset


@admin.register(Order, site=staff_site)
class OrderAdmin(ExportsOrders, AboutPerson, FoundByReference, LooksOnly):
    list_display = ("reference", "state_in_words", "asked", "number_of_copies", "to_whom", "where_to")
    list_filter = ("state", WaitsFilter, CameByFilter, period_of("created_at"))
    sorts_quickly = ("asked",)
    list_select_related = ("person__organisation",)
    search_fields = (
        *("reference", "name", "organisation_name", "town", "postcode"),
        *("person__name", "person__email", "person__phone", "person__organisation__name"),
    )
    search_help_text = gettext_lazy("Reference or a piece of it, name, phone, email address, town, postcode or organisation")
    ordering = ("-pk",)  # get_ordering decides; the model’s own would put an arrow on a column that the list is not sorted by
    actions = ("start_packing_all", "dispatch_all", "export_ticked_xlsx", "export_ticked_csv")
    change_list_template = "leaflets/staff/orders.html"
    may_be_empty = ("place", "visit", "packed_in", "never_came")
    view_on_site = False  # the page there is its owner's
    object_actions = OBJECT_ACTIONS
    fieldsets = tuple((title, {"fields": fields}) for title, fields in SECTIONS)
    readonly_fields = (*(name for _title, fields in SECTIONS for name in fields), "visit_unlinked", "person_unlinked")
    links: ClassVar = {**AboutPerson.links, "visit": (VISITS_OPEN_WITH, "visit_unlinked")}
    for_who_acts = ("label", "packed_in", "never_came", "person_email", "person_phone")
    asked_at = moment_of("created_at", gettext_lazy("ordered"))

    def get_ordering(self, request: HttpRequest) -> list[Any]:
        return order_of_need()

    def parts(self) -> tuple[Part, ...]:
        waiting, done = Q(state__in=OPEN_STATES), ~Q(state__in=OPEN_STATES)
        return Part(waiting, ("created_at", "-pk")), Part(done, ("-created_at", "-pk"))

    def get_queryset(self, request: HttpRequest) -> QuerySet[Order]:
        orders = Order.objects.with_lines().select_related(*self.list_select_related).annotate(visit_starts=start_of_visit())
        return orders.order_by(*self.get_ordering(request))

    def get_inlines(self, request: HttpRequest, obj: Order | None) -> list[Any]:
        """Parcels only when one has left."""
        left = [DispatchInline] if obj is not None and obj.dispatches.exists() else []
        return [*left, EventInline]

    @admin.display(description=gettext_lazy("state"), ordering="state")
    def state_in_words(self, order: Order) -> SafeString:
        return with_its_place(state_tag(order.state_in_words, order.state_kind), order)

    @admin.display(description=gettext_lazy("place among those that wait"))
    def place(self, order: Order) -> str:
        return place_in_words(order)

    @admin.display(description=gettext_lazy("ordered"), ordering="-created_at")
    def asked(self, order: Order) -> str:
        return how_long_ago(order.created_at, timezone.now())

    @admin.display(description=gettext_lazy("copies"))
    def number_of_copies(self, order: Order) -> str:
        return f"{order.total_copies:,}"

    @admin.display(description=gettext_lazy("what"))
    def to_pack(self, order: Order) -> str:
        """A line a title, the copies first, as it is picked from the shelf."""
        return "\n".join(line_in_words(line, order) for line in order.lines.all())

    @admin.display(description=gettext_lazy("why more than the limit"))
    def why_more(self, order: Order) -> str:
        return order.asked_because or NOTHING

    @admin.display(description=gettext_lazy("for"), ordering="name")
    def to_whom(self, order: Order) -> SafeString | str:
        return name_and_organisation(order.name, order.organisation_name)

    @admin.display(description=gettext_lazy("where to"), ordering="postcode")
    def where_to(self, order: Order) -> str:
        if not order.brought_with:
            return f"{order.town} {unbroken(order.postcode)}"
        starts = getattr(order, "visit_starts", None)
        if starts is None:
            return _("Brought by the presenter")
        return _("Brought by the presenter: %(moment)s") % {"moment": short_moment(starts)}

    @admin.display(description=gettext_lazy("send to"))
    def label(self, order: Order) -> str:
        return "\n".join(order.address)

    @admin.display(description=gettext_lazy("visit"))
    def visit(self, order: Order) -> str:
        return visit_in_words(order.brought_with)

    @admin.display(description=gettext_lazy("visit"))
    def visit_unlinked(self, order: Order) -> str:
        return strip_tags(self.visit(order))

    @admin.display(description=gettext_lazy("came by"))
    def came_by(self, order: Order) -> str:
        return str(CAME_BY[order.channel])

    @admin.display(description=gettext_lazy("packed in"))
    def packed_in(self, order: Order) -> SafeString | str:
        return sessions_of_order(order)

    @admin.display(description=gettext_lazy("lost and sent again"))
    def never_came(self, order: Order) -> SafeString | str:
        return links_of_order(order)

    def summary_of(self, obj: Order) -> list[dict[str, object]]:
        """What goes where and who asked: what someone must see before they press."""
        visit: list[dict[str, object]] = [{"label": _("Visit"), "value": self.visit_unlinked(obj)}] if obj.brought_with else []
        why: list[dict[str, object]] = [{"label": _("Why more than the limit"), "value": obj.asked_because}]
        return [
            {"label": _("What"), "value": self.to_pack(obj)},
            {"label": _("Send to"), "value": self.label(obj)},
            *visit,
            *(why if obj.asked_because else []),
            {"label": _("Who asked"), "value": f"{called(obj.person)}\n{obj.person.phone}".strip()},
        ]

    def add_view(self, request: HttpRequest, form_url: str = "", extra_context: dict[str, Any] | None = None) -> HttpResponse:
        return order_for_caller(self, request)

    def acts(self, request: HttpRequest, obj: Order | None) -> bool:
        return super().acts(request, obj) or self.has_decide_permission(request, obj)

    def has_decide_permission(self, request: HttpRequest, obj: Order | None = None) -> bool:
        return request.user.has_perm("leaflets.decide_order")

    def has_delete_permission(self, request: HttpRequest, obj: Order | None = None) -> bool:
        return False

    @admin.action(description=gettext_lazy("Start packing"), permissions=["change"])
    def start_packing_all(self, request: HttpRequest, orders: QuerySet[Order]) -> None:
        self.do_for_each(request, orders, do_start_packing, packing_started)

    @admin.action(description=gettext_lazy("Dispatch"), permissions=["change"])
    def dispatch_all(self, request: HttpRequest, orders: QuerySet[Order]) -> None:
        self.do_for_each(request, orders, do_dispatch, dispatched)

    def do_for_each(
        self, request: HttpRequest, orders: QuerySet[Order], perform: Callable[..., None], said: Callable[[int], str]
    ) -> None:
        """Each order in a transaction of its own, oldest first; those that refuse are named with the reason."""
        done, skipped = 0, defaultdict[str, list[str]](list)
        for order in orders.select_related("person").order_by("created_at", "pk"):
            try:
                perform(order, by=request.user)
            except DomainError as refusal:
                skipped[str(refusal)].append(order.reference)
            else:
                done += 1
        if done:
            self.message_user(request, said(done), messages.SUCCESS)
        for reason, references in skipped.items():
            why = ngettext("%(references)s was skipped: %(reason)s", "%(references)s were skipped: %(reason)s", len(references))
            self.message_user(request, why % {"references": ", ".join(references), "reason": reason}, messages.WARNING)


def line_in_words(line: OrderLine, order: Order) -> str:
    """'10 × One, March 2026'; and of an order that goes in parts, how many are to pack and how many to come."""
    whole = f"{line.copies:,} × {line.edition}"
    if order.state == OrderState.REQUESTED or not (line.backordered or (line.dispatched and line.allocated)):
        return whole
    parts = (
        (line.dispatched, _("%(n)s sent")),
        (line.allocated, _("%(n)s to send now")),
        (line.backordered, _("%(n)s to come")),
    )
    return f"{whole} ({', '.join(words % {'n': f'{copies:,}'} for copies, words in parts if copies)})"


def packing_started(count: int) -> str:
    return ngettext("%(n)d order is being packed.", "%(n)d orders are being packed.", count) % {"n": count}


def dispatched(count: int) -> str:
    said = ngettext(
        "%(n)d order is dispatched. The person gets an email this evening.",
        "%(n)d orders are dispatched. Each person gets one email this evening.",
        count,
    )
    return said % {"n": count}


def sessions_of_order(order: Order) -> SafeString | str:
    """For the page of an order: in which sessions it was packed, and what became of it there."""
    parcels = Parcel.objects.filter(order=order).select_related("session").order_by("pk")
    words = _("%(session)s, parcel %(number)d")
    said = [
        (
            reverse("staff:leaflets_packingsession_change", args=[parcel.session_id]),
            words % {"session": parcel.session, "number": parcel.number},
            parcel.why,
        )
        for parcel in parcels
    ]
    return format_html_join(mark_safe("<br>"), '<a href="{}">{}</a> ({})', said) if said else ""
