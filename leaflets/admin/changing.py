"""Staff change an order for whoever calls, as its owner does on the website; over its limits with a reason."""

from dataclasses import replace
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from ctac.errors import DomainError
from ctac.staff import ObjectAction, StaffModelAdmin
from leaflets.admin.for_caller import over_its_limit
from leaflets.change_form import ChangeForm, copies_name, form_of
from leaflets.models import Order
from leaflets.services.allowances import OrderedLately
from leaflets.services.changing import Change, OrderIsAnotherNow, change_order
from leaflets.services.shortfalls import Shortfalls
from leaflets.services.titles import Title


class StaffChangeForm(ChangeForm):
    """As its owner fills it in, and why more than the limit."""

    free_text_fields = (*ChangeForm.free_text_fields, "override_reason")

    override_reason = forms.CharField(
        label=gettext_lazy("Why more than the limit"),
        max_length=300,
        required=False,
        help_text=gettext_lazy("Only needed to go over a leaflet’s limit. It is kept with the order. No details of a child."),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "name" in self.fields:
            self.fields["name"].label = _("Name on the label")
        for slug, title in self.titles.items():
            self.fields[copies_name(slug)].label = title.leaflet.title

    def room(self, title: Title, lately: OrderedLately) -> str:
        """In figures, and of the limits, which they may set aside."""
        facts = {"stock": f"{title.available:,}", "most": f"{title.most(lately):,}"}
        return _("%(stock)s in stock for this order. Within the limits it can have %(most)s.") % facts

    def change(self, expected: str) -> Change:
        return replace(super().change(expected), override_reason=self.cleaned_data["override_reason"])

    def show(self, refusal: Shortfalls) -> None:
        for short in refusal.shortfalls:
            self._say(short, over_its_limit(short) if short.over_limit else short.message)


def change_page(admin: StaffModelAdmin, request: HttpRequest, order: Order, action: ObjectAction) -> HttpResponse:
    now, posted = timezone.now(), request.method == "POST"
    form, version = form_of(StaffChangeForm, order, request.POST if posted else None, now)
    change_url = reverse("staff:leaflets_order_change", args=[order.pk])
    if posted and form.is_valid():
        shown = request.POST.get("version", "")
        try:
            change_order(order=order, change=form.change(shown), by=request.user, now=now)  # type: ignore[arg-type]
        except Shortfalls as refusal:
            form.show(refusal)
        except OrderIsAnotherNow as refusal:
            form.add_error(None, f"{refusal.message} {_('It stands above as it is now.')}")
        except DomainError as refusal:
            form.add_error(None, str(refusal.message))
        else:
            messages.success(request, str(action.done))
            return redirect(change_url)
    about = {**admin.about_action(request, action, order, change_url), "form": form, "version": version}
    return TemplateResponse(request, "leaflets/staff/change_order.html", about)


CHANGE = ObjectAction(
    "change",
    gettext_lazy("Change this order"),
    available=lambda order: order.may_be_changed,
    explanation=gettext_lazy("Copies of each title, 0 for none, and where they go. The person gets an email."),
    done=gettext_lazy("The order is changed. The person gets an email."),
    page=change_page,
)
