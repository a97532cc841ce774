"""Staff pass an order forward among those that wait for copies, or put it back in its own place."""

from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from ctac.staff import ObjectAction
from ctac.staff_lists import long_moment
from leaflets.models import EventKind, Order
from leaflets.services.forward import pass_forward, put_back_in_line
from professionals.models import User
from professionals.safeguarding import StaffForm


class ForwardForm(StaffForm):
    free_text_fields = ("reason",)

    reason = forms.CharField(
        label=gettext_lazy("Why does it come first?"),
        max_length=300,
        help_text=gettext_lazy("For colleagues. The person is not shown it. No details of a child."),
        error_messages={"required": gettext_lazy("Write why it comes first.")},
    )


class BackForm(StaffForm):
    free_text_fields = ("reason",)

    reason = forms.CharField(
        label=gettext_lazy("Note"),
        max_length=300,
        required=False,
        help_text=gettext_lazy("For colleagues. The person is not shown it. No details of a child."),
    )


def do_pass_forward(order: Order, *, by: User, reason: str, flagged: bool) -> None:
    pass_forward(order=order, by=by, now=timezone.now(), reason=reason, flagged=flagged)


def do_put_back(order: Order, *, by: User, reason: str, flagged: bool) -> None:
    put_back_in_line(order=order, by=by, now=timezone.now(), reason=reason, flagged=flagged)


FORWARD_ACTIONS = (
    ObjectAction(
        "forward",
        gettext_lazy("Pass this order forward"),
        do_pass_forward,
        available=lambda order: order.waits_in_line and not order.passed_forward_at,
        form_class=ForwardForm,
        explanation=gettext_lazy(
            "When copies come in, this order gets what it waits for before older orders. "
            "What others have been promised stays theirs."
        ),
        done=gettext_lazy("The order is passed forward."),
    ),
    ObjectAction(
        "in-line",
        gettext_lazy("Put it back in its own place"),
        do_put_back,
        available=lambda order: order.is_passed_forward,
        form_class=BackForm,
        explanation=gettext_lazy("The day on which it was ordered counts again. What it was promised meanwhile stays promised."),
        done=gettext_lazy("The order is back in its own place."),
    ),
)


class WaitsFilter(admin.SimpleListFilter):
    title = gettext_lazy("what it waits for")
    parameter_name = "waits"

    ways: dict[str, tuple[Any, Callable[[Any], Any]]] = {
        "long": (gettext_lazy("Our answer, for too long"), lambda orders: orders.asked_too_long_ago(timezone.now())),
        "forward": (gettext_lazy("Copies, passed forward"), lambda orders: orders.passed_forward()),
    }

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [(value, label) for value, (label, _narrow) in self.ways.items()]

    def queryset(self, request: HttpRequest, queryset: Any) -> QuerySet[Order]:
        _label, narrow = self.ways.get(self.value() or "", ("", None))
        rows: QuerySet[Order] = narrow(queryset) if narrow else queryset
        return rows


def with_its_place(tag: SafeString, order: Order) -> SafeString:
    """The state of an order in a list, and under it that it was passed forward."""
    return format_html('{}<br> <span class="quiet">{}</span>', tag, _("Passed forward")) if order.is_passed_forward else tag


def place_in_words(order: Order) -> str:
    """Since when, by whom and why an order that waits comes before others; nothing of one in its own place."""
    if not order.is_passed_forward:
        return ""
    event = order.events.filter(kind=EventKind.FORWARD).select_related("by").last()
    when = _("Passed forward on %(when)s") % {"when": long_moment(order.passed_forward_at)}  # type: ignore[arg-type]
    if event is None:
        return when
    said = _("%(said)s by %(who)s") % {"said": when, "who": event.by} if event.by else when
    return f"{said}\n{event.reason}".strip()
