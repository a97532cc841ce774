"""Staff decide on a request for more than the limits: how many copies of each title, or none."""

from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from ctac.staff import ObjectAction, StaffModelAdmin, in_our_words
from leaflets.models import Order, OrderLine, OrderState
from leaflets.services.deciding import approve, decline
from professionals.models import User
from professionals.safeguarding import StaffForm


class GrantForm(StaffForm):
    """How many copies of each line; as many as were asked for stand there already."""

    free_text_fields = ("reason",)

    reason = forms.CharField(
        label=gettext_lazy("Note"),
        max_length=300,
        required=False,
        help_text=gettext_lazy("For colleagues. The person is not shown it. No details of a child."),
    )

    def __init__(self, data: Any = None, *, order: Order, **kwargs: Any) -> None:
        super().__init__(data, **kwargs)
        self.lines = {f"copies_{line.pk}": line for line in order.lines.in_order() if line.backordered}
        for name, line in self.lines.items():
            self.fields[name] = forms.IntegerField(
                label=line.edition.leaflet.title,
                initial=line.backordered,
                min_value=0,
                max_value=line.backordered,
                help_text=asked_and_there(line),
                widget=forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "off"}),
            )
        self.order_fields([*self.lines, "reason"])

    def clean(self) -> dict[str, Any]:
        """`granted` by the line's key, as the service takes it."""
        cleaned = super().clean()
        granted = {line.pk: cleaned.pop(name) for name, line in self.lines.items() if name in cleaned}
        return {**cleaned, "granted": granted}


def asked_and_there(line: OrderLine) -> str:
    free = line.edition.free
    there = ngettext("%(n)s copy is free now.", "%(n)s copies are free now.", free) % {"n": f"{free:,}"}
    return f"{_('They asked for %(n)s.') % {'n': f'{line.backordered:,}'}} {there}"


class DeclineForm(StaffForm):
    free_text_fields = ("reason",)

    reason = forms.CharField(
        label=gettext_lazy("Why can’t we send them?"),
        max_length=300,
        widget=forms.Textarea({"rows": 3}),
        help_text=gettext_lazy("The person reads this in the email. No details of a child."),
        error_messages={"required": gettext_lazy("Write why we can’t send them.")},
    )


def is_requested(order: Order) -> bool:
    return order.state == OrderState.REQUESTED


def do_approve(order: Order, *, by: User, granted: dict[int, int], reason: str, flagged: bool) -> None:
    approve(order=order, granted=granted, by=by, now=timezone.now(), reason=reason, flagged=flagged)


def do_decline(order: Order, *, by: User, reason: str, flagged: bool) -> None:
    decline(order=order, by=by, now=timezone.now(), reason=reason, flagged=flagged)


def approve_page(admin: StaffModelAdmin, request: HttpRequest, order: Order, action: ObjectAction) -> HttpResponse:
    change_url = reverse("staff:leaflets_order_change", args=[order.pk])
    form = in_our_words(GrantForm)(request.POST if request.method == "POST" else None, order=order)
    if form.is_valid() and admin.perform(request, action, order, form):
        return redirect(change_url)
    return TemplateResponse(
        request, "admin/object_action.html", {**admin.about_action(request, action, order, change_url), "form": form}
    )


DECISIONS = (
    ObjectAction(
        "approve",
        gettext_lazy("Agree to this request"),
        do_approve,
        available=is_requested,
        explanation=gettext_lazy(
            "Give all of it or less. What is not in stock waits until more are printed. The person gets an email."
        ),
        done=gettext_lazy("The request is agreed. The person gets an email."),
        permission="decide",
        weight="main",
        page=approve_page,
    ),
    ObjectAction(
        "decline",
        gettext_lazy("Decline this request"),
        do_decline,
        available=is_requested,
        form_class=DeclineForm,
        explanation=gettext_lazy("Nothing of it is sent. The person gets an email with what you write."),
        done=gettext_lazy("The request is declined. The person gets an email."),
        permission="decide",
        weight="stop",
    ),
)
