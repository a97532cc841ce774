"""Order for a caller: the staff page that places an order by the same service as the website."""

import secrets
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from ctac.forms import PageForm
from leaflets.forms import CopiesField, DeliveryForm, stock_hint
from leaflets.models import Channel, Delivery, Leaflet, Order
from leaflets.services import AlreadyPlaced, Shortfalls, place_order
from professionals.forms import CallerForm
from professionals.services import find_or_enter_person

if TYPE_CHECKING:
    from leaflets.admin.orders import OrderAdmin


class CopiesForm(PageForm):
    """How many of each title; empty for none."""

    def __init__(self, data: Any = None) -> None:
        super().__init__(data, prefix="copies")
        self.leaflets = {leaflet.slug: leaflet for leaflet in Leaflet.objects.in_catalogue() if leaflet.current_edition}
        for slug, leaflet in self.leaflets.items():
            self.fields[slug] = CopiesField(
                leaflet, label=leaflet.title, help_text=stock_hint(leaflet), required=False, min_value=0
            )

    def clean(self) -> dict[str, Any]:
        if not self.errors and not any(self.cleaned_data.values()):
            raise forms.ValidationError(_("Enter copies of at least one leaflet."))
        return self.cleaned_data

    def basket(self) -> dict[Leaflet, int]:
        return {self.leaflets[slug]: copies for slug, copies in self.cleaned_data.items() if copies}


class CallerDeliveryForm(DeliveryForm):
    """The address. What is the same as the caller's own may stay empty."""

    autocomplete = dict.fromkeys((*DeliveryForm.texts, "postcode"), "off")
    same_as_caller = ("name", "organisation_name", "postcode")

    def __init__(self, data: Any = None) -> None:
        super().__init__(data, prefix="delivery")
        for name in self.same_as_caller:
            self.fields[name].required = False
            self.fields[name].help_text = _("Leave empty if it is the caller’s.")
        self.fields["name"].label = _("Name on the label")

    def delivery_for(self, caller: dict[str, Any]) -> Delivery:
        given = self.delivery()
        return replace(given, **{name: getattr(given, name) or caller[name] for name in self.same_as_caller})


class HowForm(PageForm):
    channel = forms.ChoiceField(
        label=gettext_lazy("They got in touch by"), choices=[(c.value, c.label) for c in (Channel.PHONE, Channel.EMAIL)]
    )
    override_reason = forms.CharField(
        label=gettext_lazy("Why more than the limit"),
        max_length=300,
        required=False,
        help_text=gettext_lazy("Only needed to go over a leaflet’s limit. It is kept with the order. Stock is never exceeded."),
    )


def order_for_caller(admin: "OrderAdmin", request: HttpRequest) -> HttpResponse:
    if not admin.has_add_permission(request):
        raise PermissionDenied
    data = request.POST if request.method == "POST" else None
    caller, copies, delivery, how = CallerForm(data), CopiesForm(data), CallerDeliveryForm(data), HowForm(data)
    # Every form is asked, so that the page says everything that is wrong at once.
    valid = {form.is_valid() for form in (caller, copies, delivery, how)} == {True}
    if valid:
        order = place(request, caller, copies, delivery, how)
        if order:
            messages.success(
                request, _("Order %(reference)s is placed. Tell the caller the reference.") % {"reference": order.reference}
            )
            return redirect(reverse("staff:leaflets_order_change", args=[order.pk]))
    context = {
        **admin.admin_site.each_context(request),
        "opts": admin.opts,
        "title": _("Order for a caller"),
        "sections": [(_("Caller"), caller), (_("Leaflets"), copies), (_("Send to"), delivery), (_("Also"), how)],
        "token": request.POST.get("token") or secrets.token_urlsafe(32),
        "changelist_url": reverse("staff:leaflets_order_changelist"),
    }
    return TemplateResponse(request, "leaflets/staff/order_for_caller.html", context)


def place(
    request: HttpRequest, caller: CallerForm, copies: CopiesForm, delivery: CallerDeliveryForm, how: HowForm
) -> Order | None:
    """The order, or None with every shortfall said beside its field. A refused order leaves no new person behind."""
    now = timezone.now()
    try:
        with transaction.atomic():
            person = find_or_enter_person(**caller.details(), email=caller.cleaned_data["email"], by=request.user, now=now)  # type: ignore[arg-type]
            return place_order(
                person=person,
                by=request.user,  # type: ignore[arg-type]
                channel=Channel(how.cleaned_data["channel"]),
                basket=copies.basket(),
                delivery=delivery.delivery_for(caller.cleaned_data),
                flagged=delivery.flagged,
                now=now,
                token=request.POST.get("token") or None,
                override_reason=how.cleaned_data["override_reason"],
            )
    except Shortfalls as refusal:
        for short in refusal.shortfalls:
            copies.add_error(short.leaflet.slug, short.message)
    except AlreadyPlaced as refusal:
        return refusal.order
    return None
