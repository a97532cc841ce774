"""Parcels that never came: staff send the leaflets again, or close the report with words that the person reads."""

from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from ctac.dates import format_day
from ctac.models import is_reference, tidy_reference
from ctac.staff.columns import NOTHING, LooksOnly, column, how_long_ago, mail_link, moment_of, phone_link, state_tag
from ctac.staff.site import ObjectAction, staff_site
from leaflets.models import Delivery, Edition, MissingParcel, MissingState, Order
from leaflets.models.orders import LABEL_FIELDS
from leaflets.orders.admin.for_caller import delivery_field
from leaflets.orders.services.missing import close_missing, send_again
from leaflets.orders.services.transitions import parcel_contents
from professionals.admin import name_and_organisation, name_with_organisation
from professionals.forms import clean_text
from professionals.models import Person
from professionals.safeguarding.forms import StaffForm

MISSING_COLOURS = {MissingState.OPEN: "waiting", MissingState.RESENT: "done", MissingState.CLOSED: "stopped"}


class SendAgainForm(StaffForm):
    """Where it goes this time: as the first time, until staff correct it."""

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


class CloseMissingForm(StaffForm):
    free_text_fields = ("reason",)

    reason = forms.CharField(
        label=gettext_lazy("Why do we not send it again?"),
        max_length=300,
        widget=forms.Textarea({"rows": 3}),
        help_text=gettext_lazy("The person reads this in the email and on the order’s page. No details of a child."),
        error_messages={"required": gettext_lazy("Write why we don’t send it again.")},
    )


def order_link(order: Order) -> SafeString:
    url = reverse("staff:leaflets_order_change", args=[order.pk])
    return format_html('<a class="reference" href="{}">{}</a>', url, order.reference)


MISSING_SECTIONS: tuple[tuple[Any, tuple[str, ...]], ...] = (
    (None, ("state_in_words", "sent_again_in", "what", "label", "left", "tracking", "order")),
    (gettext_lazy("What they told us"), ("told_at", "wrote", "person", "person_email", "person_phone")),
    (gettext_lazy("What we decided"), ("decided", "decided_by", "why")),
)


@admin.register(MissingParcel, site=staff_site)
class MissingParcelAdmin(LooksOnly):
    list_display = ("reference", "state_in_words", "told_us", "left", "to_whom", "where_to")
    list_filter = ("state",)
    sorts_quickly = ("told_us",)
    list_select_related = ("parcel__order",)
    search_fields = ("parcel__order__reference", "parcel__order__name", "parcel__order__town", "parcel__tracking_number")
    search_help_text = gettext_lazy("Reference, name or town on the label, tracking number, or email address")
    ordering = ("reported_at", "pk")
    actions = None
    may_be_empty = ("wrote", "why", "sent_again_in", "tracking")
    reference = column(gettext_lazy("order"), lambda missing: missing.parcel.order.reference, ordering="parcel__order__reference")
    state_in_words = column(
        gettext_lazy("state"),
        lambda missing: state_tag(missing.get_state_display(), MISSING_COLOURS[MissingState(missing.state)]),
        ordering="state",
    )
    told_us = column(
        gettext_lazy("told us"), lambda missing: how_long_ago(missing.reported_at, timezone.now()), ordering="reported_at"
    )
    left = column(gettext_lazy("left"), lambda missing: format_day(missing.parcel.dispatched_at))
    to_whom = column(
        gettext_lazy("for"),
        lambda missing: name_and_organisation(missing.parcel.order.name, missing.parcel.order.organisation_name),
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
    wrote = column(gettext_lazy("what they wrote"), lambda missing: missing.note)
    why = column(gettext_lazy("why it is closed"), lambda missing: missing.reason)
    person = column(gettext_lazy("person"), lambda missing: name_with_organisation(missing.parcel.order.person))
    person_email = column(gettext_lazy("email address"), lambda missing: mail_link(missing.parcel.order.person.email))
    person_phone = column(gettext_lazy("phone"), lambda missing: phone_link(missing.parcel.order.person.phone))
    told_at = moment_of("reported_at", gettext_lazy("told us"))
    decided = moment_of("decided_at", gettext_lazy("decided"))
    object_actions = (
        ObjectAction(
            "send-again",
            gettext_lazy("Send it again"),
            send_again,
            available=lambda missing: missing.state == MissingState.OPEN,
            explanation=gettext_lazy(
                "This makes a new order for the same leaflets, in the prints of now. What is not in stock waits until it is. "
                "It counts towards no limit. The person gets an email."
            ),
            done=gettext_lazy("It is sent again, as an order of its own. The person gets an email."),
            weight="main",
            form_class=SendAgainForm,
            form_kwargs=lambda missing: {"order": missing.parcel.order},
        ),
        ObjectAction(
            "close",
            gettext_lazy("Close without sending"),
            close_missing,
            available=lambda missing: missing.state == MissingState.OPEN,
            form_class=CloseMissingForm,
            explanation=gettext_lazy("Nothing is sent again. The person gets an email with what you write."),
            done=gettext_lazy("It is closed. The person gets an email."),
            weight="stop",
        ),
    )
    fieldsets = tuple((title, {"fields": fields}) for title, fields in MISSING_SECTIONS)
    readonly_fields = tuple(name for _title, fields in MISSING_SECTIONS for name in fields)

    def get_queryset(self, request: HttpRequest) -> QuerySet[MissingParcel]:
        return super().get_queryset(request).select_related("parcel__order__person__organisation", "replacement", "decided_by")

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[MissingParcel], search_term: str
    ) -> tuple[QuerySet[MissingParcel], bool]:
        """A whole reference or address finds just that."""
        if "@" in search_term and (person := Person.objects.with_email(search_term.strip()).first()):
            return queryset.filter(parcel__order__person=person), False
        if is_reference(search_term):
            of_order = queryset.filter(parcel__order__reference=tidy_reference(search_term))
            if of_order.exists():
                return of_order, False
        return super().get_search_results(request, queryset, search_term)

    def says(self, name: Any, obj: MissingParcel) -> bool:
        return obj.decided_at is not None if name in {"decided", "decided_by"} else super().says(name, obj)

    def summary_of(self, obj: MissingParcel) -> list[dict[str, object]]:
        [basket] = parcel_contents([obj.parcel])
        current = Edition.objects.current().filter(leaflet__in=basket, leaflet__active=True)
        orderable = set(current.values_list("leaflet", flat=True))
        left_out = _("%(line)s (can’t be ordered now, so it is left out)")
        lines = {leaflet.pk: f"{copies:,} × {leaflet.title}" for leaflet, copies in basket.items()}
        what = [line if key in orderable else left_out % {"line": line} for key, line in lines.items()]
        return [
            {"label": _("What"), "value": "\n".join(what)},
            {"label": _("Sent to"), "value": self.label(obj)},
            {"label": _("What they wrote"), "value": obj.note or NOTHING},
        ]

    def save_model(self, request: HttpRequest, obj: MissingParcel, form: Any, change: bool) -> None:
        """Nothing: what is decided is decided by an action, and a page that was opened before must not undo it."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Its owner tells us."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: MissingParcel | None = None) -> bool:
        return False
