"""Orders on the staff site: found, decided on, prioritised, packed, dispatched and cancelled."""

from collections.abc import Iterator
from typing import Any, ClassVar

from django import forms
from django.contrib import admin
from django.contrib.admin.utils import flatten_fieldsets
from django.db.models import Case, CharField, F, OrderBy, Q, QuerySet, Value, When
from django.db.models.functions import Coalesce, NullIf
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html, format_html_join, strip_tags
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _, gettext_lazy, ngettext, ngettext_lazy

from core.dates import format_day
from core.models import is_reference, normalise_reference
from leaflets.models import (
    OPEN_ORDER_STATES,
    Delivery,
    Dispatch,
    Edition,
    MissingParcel,
    MissingState,
    Order,
    OrderChannel,
    OrderEvent,
    OrderEventKind,
    OrderState,
    Parcel,
)
from leaflets.models.orders import LABEL_FIELDS, OrderQuerySet
from leaflets.orders.admin.for_caller import CHANGE_ACTION, ORDER_AGAIN_PARAM, can_order_again, delivery_field, order_for_caller
from leaflets.orders.exports import OrderExportMixin
from leaflets.orders.queries import VISIT_PERMISSION, visit_start, visit_text
from leaflets.orders.services.create import close_missing_report, resend_missing_parcel
from leaflets.orders.services.transitions import (
    approve_order,
    cancel_order,
    decline_order,
    dispatch_order,
    find_cancellation,
    parcel_contents,
    prioritise_order,
    remove_priority,
    restore_order,
    start_packing,
)
from leaflets.stock.admin import order_link
from professionals.admin import PERSON_PARAMETER, PersonColumnsMixin, name_organisation_html, name_organisation_text
from professionals.forms import clean_text
from professionals.models import Organisation, Person
from professionals.notes.admin import RECORD_NOTE_ACTIONS, add_notes_by_reference
from professionals.safeguarding.forms import StaffForm, StaffReasonForm, reason_field
from professionals.safeguarding.services import kept_back_expression, shown_text
from staff.actions import ObjectAction
from staff.lists import (
    EMPTY_VALUE,
    ListPart,
    OptionsFilter,
    column,
    datetime_column,
    format_long_datetime,
    format_short_datetime,
    mail_link,
    narrow_by,
    non_breaking,
    period_filter,
    phone_link,
    state_column,
    state_tag,
    time_ago_text,
)
from staff.model_admin import ReadOnlyAdmin, ReadOnlyInline, ReferenceSearchAdmin
from staff.search import SearchKind, search_registry, searched_contains
from staff.site import staff_site
from staff.story import (
    IMPORTED_TEXT,
    MAX_RELATED_ROWS,
    RelatedList,
    RelatedRow,
    StoryEntry,
    StoryPage,
    import_entry,
    register_related_list,
    register_story_entries,
)

COLLEAGUES_ONLY_HINT = gettext_lazy("This is for colleagues. The person won’t see it. No details of a child.")


class GrantForm(StaffReasonForm):
    """How many copies of each line to give. Each box starts with the number asked for."""

    reason = reason_field(gettext_lazy("Note"), hint=COLLEAGUES_ONLY_HINT)

    def __init__(self, data: Any = None, *, order: Order, **kwargs: Any) -> None:
        super().__init__(data, **kwargs)
        self.lines = {f"copies_{line.pk}": line for line in order.lines.in_catalogue_order() if line.backordered}
        for name, line in self.lines.items():
            free = line.edition.free
            in_stock = ngettext("%(n)s copy is free now.", "%(n)s copies are free now.", free) % {"n": f"{free:,}"}
            self.fields[name] = forms.IntegerField(
                label=line.edition.leaflet.title,
                initial=line.backordered,
                min_value=0,
                max_value=line.backordered,
                help_text=f"{_('They asked for %(n)s.') % {'n': f'{line.backordered:,}'}} {in_stock}",
                widget=forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "off"}),
            )
        self.order_fields([*self.lines, "reason"])

    def clean(self) -> dict[str, Any]:
        """Collects the copies as `granted`, by the key of the line, which is how the service takes them."""
        cleaned = super().clean()
        granted = {line.pk: cleaned.pop(name) for name, line in self.lines.items() if name in cleaned}
        return {**cleaned, "granted": granted}


class DeclineForm(StaffReasonForm):
    reason = reason_field(
        gettext_lazy("Why can’t we send them?"),
        missing=gettext_lazy("Write why we can’t send them."),
        hint=gettext_lazy("The person will read this in the email. No details of a child."),
        rows=3,
    )


class PrioritiseForm(StaffReasonForm):
    reason = reason_field(
        gettext_lazy("Why does it come first?"),
        missing=gettext_lazy("Write why it comes first."),
        hint=COLLEAGUES_ONLY_HINT,
    )


class RemovePriorityForm(StaffReasonForm):
    reason = reason_field(gettext_lazy("Note"), hint=COLLEAGUES_ONLY_HINT)


class DispatchForm(forms.Form):
    tracking_number = forms.CharField(
        label=gettext_lazy("Tracking number"),
        max_length=60,
        required=False,
        help_text=gettext_lazy("The person will read it in the email. Leave this empty if the parcel has none."),
    )


class CancelForm(StaffReasonForm):
    reason = reason_field(
        gettext_lazy("Why is it cancelled?"),
        missing=gettext_lazy("Write why it is cancelled."),
        hint=COLLEAGUES_ONLY_HINT,
    )


class RestoreForm(StaffReasonForm):
    reason = reason_field(
        gettext_lazy("Why do you take the cancellation back?"),
        missing=gettext_lazy("Write why you take the cancellation back."),
        hint=COLLEAGUES_ONLY_HINT,
    )


ORDER_ACTIONS = (
    ObjectAction(
        "approve",
        gettext_lazy("Agree to this request"),
        approve_order,
        available=lambda order: order.state == OrderState.REQUESTED,
        explanation=gettext_lazy(
            "Agree to all of it, or to less. Copies that are not in stock will wait until more are printed. The person "
            "will get an email."
        ),
        done=gettext_lazy("The request is agreed. The person will get an email."),
        permission="decide",
        weight="main",
        form_class=GrantForm,
        form_kwargs=lambda order: {"order": order},
    ),
    ObjectAction(
        "decline",
        gettext_lazy("Decline this request"),
        decline_order,
        available=lambda order: order.state == OrderState.REQUESTED,
        form_class=DeclineForm,
        explanation=gettext_lazy("We will send none of it. The person will get an email with what you write."),
        done=gettext_lazy("The request is declined. The person will get an email."),
        permission="decide",
        weight="stop",
        in_row=True,
    ),
    ObjectAction(
        "start-packing",
        gettext_lazy("Start packing"),
        start_packing,
        available=lambda order: order.state == OrderState.RECEIVED,
        explanation=gettext_lazy("From then on, the person can’t change or cancel it on the website."),
        done=gettext_lazy("The order is being packed."),
        weight="main",
    ),
    ObjectAction(
        "dispatch",
        gettext_lazy("Dispatch this order"),
        dispatch_order,
        available=lambda order: order.state == OrderState.PACKING,
        form_class=DispatchForm,
        explanation=gettext_lazy(
            "Press this when the parcel has left, or its presenter has it. The stock goes down. This evening, the person "
            "will get one email about all of today’s parcels."
        ),
        done=gettext_lazy("The order is dispatched. The person will get an email this evening."),
        weight="main",
    ),
    CHANGE_ACTION,
    ObjectAction(
        "forward",
        gettext_lazy("Pass this order forward"),
        prioritise_order,
        available=lambda order: order.is_waiting_for_copies and not order.prioritised_at,
        form_class=PrioritiseForm,
        explanation=gettext_lazy(
            "When copies come in, this order gets its copies before older orders do. Other orders keep what we have "
            "promised them."
        ),
        done=gettext_lazy("The order is passed forward."),
    ),
    ObjectAction(
        "in-line",
        gettext_lazy("Put it back in its own place"),
        remove_priority,
        available=lambda order: order.is_prioritised,
        form_class=RemovePriorityForm,
        explanation=gettext_lazy("The order goes back to its place by date. It keeps the copies that we have promised it."),
        done=gettext_lazy("The order is back in its own place."),
    ),
    ObjectAction(
        "cancel",
        gettext_lazy("Cancel this order"),
        cancel_order,
        available=lambda order: order.is_open,
        form_class=CancelForm,
        explanation=gettext_lazy("The person will get an email, and the copies will go back into stock."),
        done=gettext_lazy("The order is cancelled. The person will get an email, and the copies are back in stock."),
        permission="amend",
        weight="stop",
    ),
    ObjectAction(
        "restore",
        gettext_lazy("Take back the cancellation"),
        restore_order,
        available=lambda order: not order.visit_reference and find_cancellation(order) is not None,
        form_class=RestoreForm,
        explanation=gettext_lazy(
            "We promise the order the same copies again, if they are still in stock. The person will get an email. If the "
            "order was being packed, start packing it again."
        ),
        done=gettext_lazy("The order is no longer cancelled. The person will get an email."),
        permission="amend",
    ),
)


def urgency_ordering() -> list[OrderBy]:
    """Open orders, the longest wait first; then closed orders, the newest first."""
    waiting_since = Case(When(state__in=OPEN_ORDER_STATES, then=F("created_at")))
    return [OrderBy(waiting_since), OrderBy(F("created_at"), descending=True), OrderBy(F("pk"), descending=True)]


class DispatchInline(ReadOnlyInline):
    model = Dispatch
    verbose_name_plural = gettext_lazy("Parcels that left")
    fields = ("left", "by", "tracking_number")
    readonly_fields = ("left",)
    left = datetime_column("dispatched_at", gettext_lazy("when"))

    def get_queryset(self, request: HttpRequest) -> QuerySet[Dispatch]:
        return super().get_queryset(request).select_related("by")


# The events of orders, for the stories of the order, of the person and of the organisation.


def events_of_order(order: Order, page: StoryPage) -> Iterator[StoryEntry]:
    events = OrderEvent.objects.filter(order=order).annotate(kept_back=kept_back_expression(order="order"))
    for event in page.newest(events.select_related("by")):
        what = "\n".join([event.get_kind_display(), *event.change_lines])
        yield StoryEntry(event.at, what, event.by or "", shown_text(event, "reason"))


def events_of_person(person: Person, page: StoryPage) -> Iterator[StoryEntry]:
    """The events of a person’s orders. An imported order has none and stands on its day. One statement for both."""
    orders = Order.objects.filter(Q(events__isnull=False) | Q(channel=OrderChannel.LIST), person=person)
    rows = orders.annotate(
        at=Coalesce("events__at", "created_at"),
        by=Coalesce(NullIf("events__by__name", Value("")), "events__by__email", output_field=CharField()),
        kept_back=kept_back_expression(order="pk"),
    ).values_list("at", "by", "pk", "reference", "state", "events__pk", "events__kind", "events__reason", "kept_back")
    for at, by, key, reference, state, event, kind, reason, kept_back in page.newest(rows, "at", "-events__pk"):
        way = reference, reverse("staff:leaflets_order_change", args=[key])
        if event:
            happened = OrderEvent(pk=event, order_id=key, reason=reason)
            happened.kept_back = kept_back  # type: ignore[attr-defined]
            yield StoryEntry(at, OrderEventKind(kind).label, by or "", shown_text(happened, "reason"), *way)
        else:
            yield StoryEntry(at, OrderState(state).label, "", str(IMPORTED_TEXT), *way, whole_day=True)


def missing_entries(order: Order, page: StoryPage) -> Iterator[StoryEntry]:
    reports = MissingParcel.objects.filter(parcel__order=order)
    for report in page.newest(reports, "reported_at"):
        address = reverse("staff:leaflets_missingparcel_change", args=[report.pk])
        yield StoryEntry(report.reported_at, report.get_state_display(), link=_("A parcel never came"), href=address)


def orders_of_organisation(organisation: Organisation, page: StoryPage) -> Iterator[StoryEntry]:
    orders = Order.objects.filter(organisation=organisation).select_related("person")
    for order in page.newest(orders, "created_at"):
        what, page_of_order = _("%(name)s ordered leaflets"), reverse("staff:leaflets_order_change", args=[order.pk])
        yield StoryEntry(order.created_at, what % {"name": order.person}, link=order.reference, href=page_of_order)


def newest_orders(organisation: Organisation) -> Iterator[RelatedRow]:
    orders = Order.objects.filter(organisation=organisation).with_lines().select_related("person")
    for order in orders.order_by("-created_at", "-pk")[: MAX_RELATED_ROWS + 1]:
        copies = ngettext("%(n)s copy", "%(n)s copies", order.total_copies) % {"n": f"{order.total_copies:,}"}
        address = reverse("staff:leaflets_order_change", args=[order.pk])
        yield RelatedRow(order.reference, f"{copies}. {order.state_text}. {order.person}", address)


ORDER_PERMISSION = "leaflets.view_order"
register_story_entries(Order, events_of_order)
register_story_entries(Order, import_entry)
add_notes_by_reference(Order)
register_story_entries(Order, missing_entries, permission="leaflets.view_missingparcel")
register_story_entries(Person, events_of_person, permission=ORDER_PERMISSION)
register_story_entries(Organisation, orders_of_organisation, permission=ORDER_PERMISSION)
register_related_list(Organisation, RelatedList(gettext_lazy("Newest orders"), newest_orders, ORDER_PERMISSION))


class WaitsFilter(OptionsFilter):
    title = gettext_lazy("what it is waiting for")
    parameter_name = "waits"
    options = {
        "long": (gettext_lazy("Our answer, for too long"), OrderQuerySet.decision_overdue),
        "forward": (gettext_lazy("Copies, passed forward"), lambda orders, now: orders.prioritised()),
    }


class ChannelFilter(OptionsFilter):
    title = gettext_lazy("how it came")
    parameter_name = "came_by"
    options = {channel: (label, narrow_by(channel=channel)) for channel, label in OrderChannel.choices}


@admin.register(Order, site=staff_site)
class OrderAdmin(OrderExportMixin, PersonColumnsMixin, ReferenceSearchAdmin, ReadOnlyAdmin):
    nobody_may = ("delete",)
    list_display = ("reference", "state_text", "asked", "number_of_copies", "to_whom", "where_to")
    list_filter = ("state", WaitsFilter, ChannelFilter, period_filter("created_at"))
    sorts_quickly = ("asked",)
    list_select_related = ("person__organisation",)
    search_fields = (
        *("reference", "name", "organisation_name", "town", "postcode"),
        *("person__name", "person__email", "person__phone", "person__organisation__name"),
    )
    search_help_text = gettext_lazy("Reference or part of it, name, phone, email address, town, postcode or organisation")
    ordering = ("-pk",)  # get_ordering decides; the model’s own would put an arrow on a column that the list is not sorted by
    actions = ("start_packing_all", "dispatch_all", "export_ticked_xlsx", "export_ticked_csv")
    change_list_template = "leaflets/orders/staff/orders.html"
    may_be_empty = ("place", "visit", "packed_in", "missing_parcels_display", "order_phone")
    view_on_site = False  # the page there is its owner's
    object_actions = (*ORDER_ACTIONS, *RECORD_NOTE_ACTIONS)
    about_order = (
        *("state_text", "place", "to_pack", "number_of_copies", "label", "visit", "why_more", "asked_at", "came_by"),
        *("packed_in", "missing_parcels_display"),
    )
    fieldsets = (
        (None, {"fields": about_order}),
        (gettext_lazy("Who asked"), {"fields": (*PersonColumnsMixin.about_person, "order_phone")}),
    )
    readonly_fields = (*flatten_fieldsets(fieldsets), "visit_unlinked", "person_unlinked")
    links: ClassVar = {**PersonColumnsMixin.links, "visit": (VISIT_PERMISSION, "visit_unlinked")}
    for_who_acts = ("label", "packed_in", "missing_parcels_display", "person_email", "person_phone", "order_phone")
    order_phone = column(
        gettext_lazy("phone for this order"), lambda order: phone_link(order.contact_phone) if order.contact_phone else ""
    )
    asked_at = datetime_column("created_at", gettext_lazy("ordered"))
    asked = column(gettext_lazy("ordered"), lambda order: time_ago_text(order.created_at, timezone.now()), ordering="-created_at")
    number_of_copies = column(gettext_lazy("copies"), lambda order: f"{order.total_copies:,}")
    why_more = column(
        gettext_lazy("why more than the limit"), lambda order: shown_text(order, "over_limit_reason") or EMPTY_VALUE
    )
    to_whom = column(
        gettext_lazy("for"), lambda order: name_organisation_html(order.name, order.organisation_name), ordering="name"
    )
    label = column(gettext_lazy("send to"), lambda order: "\n".join(order.address))
    visit = column(gettext_lazy("visit"), lambda order: visit_text(order.visit_reference))
    visit_unlinked = column(gettext_lazy("visit"), lambda order: strip_tags(visit_text(order.visit_reference)))
    came_by = column(gettext_lazy("came by"), lambda order: order.get_channel_display())

    def get_ordering(self, request: HttpRequest) -> list[Any]:
        return urgency_ordering()

    def parts(self) -> tuple[ListPart, ...]:
        waiting, done = Q(state__in=OPEN_ORDER_STATES), ~Q(state__in=OPEN_ORDER_STATES)
        return ListPart(waiting, ("created_at", "-pk")), ListPart(done, ("-created_at", "-pk"))

    def get_queryset(self, request: HttpRequest) -> QuerySet[Order]:
        orders = Order.objects.with_lines().select_related(*self.list_select_related).annotate(visit_starts=visit_start())
        return orders.order_by(*self.get_ordering(request))

    def get_inlines(self, request: HttpRequest, obj: Order | None) -> list[Any]:
        """Parcels only when one has left."""
        return [DispatchInline] if obj is not None and obj.dispatches.exists() else []

    @admin.display(description=gettext_lazy("state"), ordering="state")
    def state_text(self, order: Order) -> SafeString:
        tag = state_tag(order.state_text, order.status_colour)
        more = [order.part_sent_text, _("Passed forward") if order.is_prioritised else ""]
        return tag + format_html_join("", '<br> <span class="quiet">{}</span>', ([words] for words in more if words))

    @admin.display(description=gettext_lazy("place in the queue"))
    def place(self, order: Order) -> str:
        if not order.is_prioritised:
            return ""
        event = order.events.filter(kind=OrderEventKind.PRIORITISED).select_related("by").last()
        when = _("Passed forward on %(when)s") % {"when": format_long_datetime(order.prioritised_at)}  # type: ignore[arg-type]
        if event is None:
            return when
        when_and_by = _("%(said)s by %(who)s") % {"said": when, "who": event.by} if event.by else when
        return f"{when_and_by}\n{shown_text(event, 'reason')}".strip()

    @admin.display(description=gettext_lazy("what"))
    def to_pack(self, order: Order) -> str:
        """One line a title, the copies first, as packers pick from the shelf: '10 × One, March 2026'.

        For an order that goes in parts, also how many copies are sent, to send now and to come.
        """
        texts = []
        for line in order.lines.all():
            text = f"{line.copies:,} × {line.edition}"
            if order.state != OrderState.REQUESTED and (line.backordered or (line.dispatched and line.allocated)):
                parts = (
                    (line.dispatched, _("%(n)s sent")),
                    (line.allocated, _("%(n)s to send now")),
                    (line.backordered, _("%(n)s to come")),
                )
                text += f" ({', '.join(part % {'n': f'{copies:,}'} for copies, part in parts if copies)})"
            texts.append(text)
        return "\n".join(texts)

    @admin.display(description=gettext_lazy("where to"), ordering="postcode")
    def where_to(self, order: Order) -> str:
        if not order.visit_reference:
            return f"{order.town} {non_breaking(order.postcode)}"
        starts = getattr(order, "visit_starts", None)
        if starts is None:
            return _("Brought by the presenter")
        return _("Brought by the presenter: %(moment)s") % {"moment": format_short_datetime(starts)}

    @admin.display(description=gettext_lazy("packed in"))
    def packed_in(self, order: Order) -> SafeString | str:
        """The packing sessions that the order was in, and what became of it in each."""
        parcels = Parcel.objects.filter(order=order).select_related("session").order_by("pk")
        label = _("%(session)s, parcel %(number)d")
        links = [
            (
                reverse("staff:leaflets_packingsession_change", args=[parcel.session_id]),
                label % {"session": parcel.session, "number": parcel.number},
                parcel.outcome_text,
            )
            for parcel in parcels
        ]
        return format_html_join(mark_safe("<br>"), '<a href="{}">{}</a> ({})', links) if links else ""

    @admin.display(description=gettext_lazy("lost and sent again"))
    def missing_parcels_display(self, order: Order) -> SafeString | str:
        """The lost parcel that this order replaces, and what became of its own parcels that never came."""
        lost = Order.objects.filter(dispatches__missing=order.replaces_id) if order.replaces_id else ()
        rows = [format_html(_("Replaces a lost parcel of {}"), order_link(first)) for first in lost]
        for report in MissingParcel.objects.filter(parcel__order=order).select_related("replacement"):
            url = reverse("staff:leaflets_missingparcel_change", args=[report.pk])
            link = format_html('<a href="{}">{}</a>', url, _("A parcel never came"))
            again = getattr(report, "replacement", None)
            rows.append(format_html("{}: {} {}", link, report.get_state_display(), order_link(again) if again else ""))
        return format_html_join(mark_safe("<br>"), "{}", ((row,) for row in rows))

    def get_summary_rows(self, obj: Order) -> list[dict[str, object]]:
        """What goes where and who asked: what someone must see before they press."""
        rows: list[dict[str, object]] = [
            {"label": _("What"), "value": self.to_pack(obj)},
            {"label": _("Send to"), "value": self.label(obj)},
        ]
        if obj.visit_reference:
            rows.append({"label": _("Visit"), "value": self.visit_unlinked(obj)})
        if obj.over_limit_reason:
            rows.append({"label": _("Why more than the limit"), "value": shown_text(obj, "over_limit_reason")})
        who = f"{name_organisation_text(obj.person)}\n{obj.contact_phone or obj.person.phone}".strip()
        return [*rows, {"label": _("Who asked"), "value": who}]

    def add_view(self, request: HttpRequest, form_url: str = "", extra_context: dict[str, Any] | None = None) -> HttpResponse:
        return order_for_caller(self, request)

    def get_add_links(self, request: HttpRequest, obj: Order) -> list[dict[str, object]]:
        """The link to place another order like this one, once this one is closed."""
        if not (self.has_add_permission(request) and can_order_again(obj)):
            return []
        like_it = f"{PERSON_PARAMETER}={obj.person_id}&{ORDER_AGAIN_PARAM}={obj.reference}"
        return [{"label": _("Order again"), "href": f"{reverse('staff:leaflets_order_add')}?{like_it}"}]

    def can_act(self, request: HttpRequest, obj: Order | None) -> bool:
        return self.has_amend_permission(request, obj) or self.has_decide_permission(request, obj)

    def has_amend_permission(self, request: HttpRequest, obj: Order | None = None) -> bool:
        """To change or cancel an order: for staff who place orders for callers, and staff who pack."""
        return self.has_add_permission(request) or self.has_change_permission(request, obj)

    def has_decide_permission(self, request: HttpRequest, obj: Order | None = None) -> bool:
        """Django's admin looks this up by name, for an ObjectAction with permission="decide"."""
        return request.user.has_perm("leaflets.decide_order")

    @admin.action(description=gettext_lazy("Start packing"), permissions=["change"])
    def start_packing_all(self, request: HttpRequest, orders: QuerySet[Order]) -> None:
        done = ngettext_lazy("%(n)d order is being packed.", "%(n)d orders are being packed.", "n")
        self.perform_on_each(request, orders, start_packing, done)

    @admin.action(description=gettext_lazy("Dispatch"), permissions=["change"])
    def dispatch_all(self, request: HttpRequest, orders: QuerySet[Order]) -> None:
        done = ngettext_lazy(
            "%(n)d order is dispatched. The person will get an email this evening.",
            "%(n)d orders are dispatched. Each person will get one email this evening.",
            "n",
        )
        self.perform_on_each(request, orders, dispatch_order, done)


# Parcels that never came: staff send the leaflets again, or close the report with words that the person reads.

MISSING_COLOURS = {MissingState.OPEN: "waiting", MissingState.RESENT: "done", MissingState.CLOSED: "stopped"}


class SendAgainForm(StaffForm):
    """The address to send to this time, filled in with that of the first parcel."""

    free_text_fields = ("attention",)
    never_kept = ("attention",)

    def __init__(self, data: Any = None, *, order: Order, **kwargs: Any) -> None:
        super().__init__(data, initial={name: getattr(order, name) for name in LABEL_FIELDS}, **kwargs)
        for name in LABEL_FIELDS:
            self.fields[name] = delivery_field(name, gettext_lazy("Name on the label") if name == "name" else "")
        self.order_fields(LABEL_FIELDS)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        if self.errors:
            return cleaned
        typed = {name: cleaned.pop(name) for name in LABEL_FIELDS}
        return {**cleaned, "delivery": Delivery(**{name: clean_text(value) for name, value in typed.items()})}


class CloseMissingForm(StaffReasonForm):
    reason = reason_field(
        gettext_lazy("Why are you not sending it again?"),
        missing=gettext_lazy("Write why you are not sending it again."),
        hint=gettext_lazy("The person will read this in the email and on the order’s page. No details of a child."),
        rows=3,
    )


@admin.register(MissingParcel, site=staff_site)
class MissingParcelAdmin(ReadOnlyAdmin):
    nobody_may = ("add", "delete")  # its owner tells us
    list_display = ("reference", "state_text", "told_us", "left", "to_whom", "where_to")
    list_filter = ("state",)
    sorts_quickly = ("told_us",)
    list_select_related = ("parcel__order",)
    search_fields = ("parcel__order__reference", "parcel__order__name", "parcel__order__town", "parcel__tracking_number")
    search_help_text = gettext_lazy("Reference, name or town on the label, tracking number, or email address")
    actions = None
    may_be_empty = ("wrote", "why", "sent_again_in", "tracking")
    reference = column(gettext_lazy("order"), lambda missing: missing.parcel.order.reference, ordering="parcel__order__reference")
    state_text = state_column(MISSING_COLOURS)
    told_us = column(
        gettext_lazy("told us"), lambda missing: time_ago_text(missing.reported_at, timezone.now()), ordering="reported_at"
    )
    left = column(gettext_lazy("left"), lambda missing: format_day(missing.parcel.dispatched_at))
    to_whom = column(
        gettext_lazy("for"),
        lambda missing: name_organisation_html(missing.parcel.order.name, missing.parcel.order.organisation_name),
    )
    where_to = column(gettext_lazy("where to"), lambda missing: f"{missing.parcel.order.town} {missing.parcel.order.postcode}")
    what = column(
        gettext_lazy("what was in it"),
        lambda missing: "\n".join(
            f"{copies:,} × {leaflet.title}" for leaflet, copies in parcel_contents([missing.parcel])[0].items()
        ),
    )
    label = column(gettext_lazy("sent to"), lambda missing: "\n".join(missing.parcel.order.address))
    tracking = column(gettext_lazy("tracking number"), lambda missing: missing.parcel.tracking_number)
    order = column(gettext_lazy("order"), lambda missing: order_link(missing.parcel.order))
    sent_again_in = column(
        gettext_lazy("sent again in"), lambda missing: order_link(missing.replacement) if hasattr(missing, "replacement") else ""
    )
    wrote = column(gettext_lazy("what they wrote"), lambda missing: shown_text(missing, "note"))
    why = column(gettext_lazy("why it is closed"), lambda missing: shown_text(missing, "reason"))
    person = column(gettext_lazy("person"), lambda missing: name_organisation_text(missing.parcel.order.person))
    person_email = column(gettext_lazy("email address"), lambda missing: mail_link(missing.parcel.order.person.email))
    person_phone = column(gettext_lazy("phone"), lambda missing: phone_link(missing.parcel.order.person.phone))
    told_at = datetime_column("reported_at", gettext_lazy("told us"))
    decided = datetime_column("decided_at", gettext_lazy("decided"))
    object_actions = (
        ObjectAction(
            "send-again",
            gettext_lazy("Send it again"),
            resend_missing_parcel,
            available=lambda missing: missing.state == MissingState.OPEN,
            explanation=gettext_lazy(
                "This places a new order for the same leaflets, in their current editions. Copies that are not in stock "
                "will wait. The order does not count towards any limit. The person will get an email."
            ),
            done=gettext_lazy("We have placed a new order for it. The person will get an email."),
            weight="main",
            form_class=SendAgainForm,
            form_kwargs=lambda missing: {"order": missing.parcel.order},
        ),
        ObjectAction(
            "close",
            gettext_lazy("Close without sending"),
            close_missing_report,
            available=lambda missing: missing.state == MissingState.OPEN,
            form_class=CloseMissingForm,
            explanation=gettext_lazy("We will not send it again. The person will get an email with what you write."),
            done=gettext_lazy("This is closed. The person will get an email."),
            weight="stop",
        ),
    )
    fieldsets = (
        (None, {"fields": ("state_text", "sent_again_in", "what", "label", "left", "tracking", "order")}),
        (
            gettext_lazy("What they told us"),
            {"fields": ("told_at", "wrote", "person", "person_email", "person_phone")},
        ),
        (gettext_lazy("What we decided"), {"fields": ("decided", "decided_by", "why")}),
    )
    readonly_fields = tuple(flatten_fieldsets(fieldsets))

    def get_queryset(self, request: HttpRequest) -> QuerySet[MissingParcel]:
        return super().get_queryset(request).select_related("parcel__order__person__organisation", "replacement", "decided_by")

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[MissingParcel], search_term: str
    ) -> tuple[QuerySet[MissingParcel], bool]:
        """A whole reference or address finds just that."""
        if "@" in search_term and (person := Person.objects.with_email(search_term.strip()).first()):
            return queryset.filter(parcel__order__person=person), False
        if is_reference(search_term):
            of_order = queryset.filter(parcel__order__reference=normalise_reference(search_term))
            if of_order.exists():
                return of_order, False
        return super().get_search_results(request, queryset, search_term)

    def has_value(self, name: Any, obj: MissingParcel) -> bool:
        return obj.decided_at is not None if name in {"decided", "decided_by"} else super().has_value(name, obj)

    def get_summary_rows(self, obj: MissingParcel) -> list[dict[str, object]]:
        [basket] = parcel_contents([obj.parcel])
        current = Edition.objects.current().filter(leaflet__in=basket, leaflet__active=True)
        orderable = set(current.values_list("leaflet", flat=True))
        left_out = _("%(line)s (can’t be ordered now, so it is left out)")
        lines = {leaflet.pk: f"{copies:,} × {leaflet.title}" for leaflet, copies in basket.items()}
        what = [line if key in orderable else left_out % {"line": line} for key, line in lines.items()]
        return [
            {"label": _("What"), "value": "\n".join(what)},
            {"label": _("Sent to"), "value": self.label(obj)},
            {"label": _("What they wrote"), "value": shown_text(obj, "note") or EMPTY_VALUE},
        ]

    def save_model(self, request: HttpRequest, obj: MissingParcel, form: Any, change: bool) -> None:
        """Saves nothing: only an action decides, and a page that was opened earlier must not undo that."""


search_registry.add(
    SearchKind(
        Order,
        searched_contains,
        about=lambda order: (
            order.state_text,
            order.name,
            order.organisation_name,
            order.address_line_1,
            order.town,
            order.postcode,
        ),
        spelt_in=("leaflets_order",),
    )
)
