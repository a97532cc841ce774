"""Staff place an order for a caller, or change one, by the same services as the website."""

import secrets
from collections.abc import Mapping
from copy import deepcopy
from dataclasses import replace
from typing import TYPE_CHECKING, Any, cast

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.forms.boundfield import BoundField
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _, gettext_lazy, ngettext

from accounts.access import signed_in_user
from accounts.rate_limits import count_throttles
from accounts.services import AccountGoneError
from core.errors import DomainError
from core.models import is_reference, normalise_reference
from core.pages import add_correction_messages
from leaflets.models import Leaflet, Order, OrderChannel
from leaflets.models.orders import LABEL_FIELDS
from leaflets.orders.allowances import RecentOrders, Shortfall, Shortfalls, order_limits
from leaflets.orders.forms import ChangeForm, CopiesField, DeliveryForm, change_field_name, change_form_for
from leaflets.orders.queries import copies_to_order_again, last_delivery
from leaflets.orders.services.change import OrderChange, OrderedTitle, OrderHasChanged, change_order
from leaflets.orders.services.create import AlreadyPlaced, place_order
from professionals import drafts
from professionals.admin import PERSON_RECORD_KINDS, PersonRecordKind, audit_people_shown, begin_call, prefill_explanation
from professionals.forms import CallerForm, clean_text
from professionals.models import Person
from professionals.safeguarding.forms import CONFIRM_FIELD, ChildDetailsMixin
from professionals.services import find_or_enter_person
from staff.actions import ObjectAction
from staff.model_admin import StaffModelAdmin

if TYPE_CHECKING:
    from django.http import QueryDict

    from leaflets.orders.admin.orders import OrderAdmin


PERSON_RECORD_KINDS.append(PersonRecordKind(Order, gettext_lazy("Order for them")))


class CallerCopiesField(CopiesField):
    """The website's box, with figures for staff, who may go over the limit."""

    def __init__(self, leaflet: Leaflet) -> None:
        figures = {"stock": f"{leaflet.available:,}", "most": f"{leaflet.most_per_order:,}"}
        hint = _("None in stock.")
        if leaflet.available > 0:
            hint = _("%(stock)s in stock. The limit is %(most)s for an order.") % figures
        super().__init__(leaflet, label=leaflet.title, help_text=hint, required=False, min_value=0)
        self.error_messages["min_value"] = self.error_messages["invalid"]


def over_limit_label(short: Shortfall) -> str:
    facts = {"n": short.possible, "title": short.leaflet.title}
    text = ngettext(
        "More than %(n)d copy of “%(title)s” is over its limit. Give a reason below, or enter fewer.",
        "More than %(n)d copies of “%(title)s” are over its limit. Give a reason below, or enter fewer.",
        short.possible,
    )
    return text % facts


def shortfall_for_staff(short: Shortfall) -> str:
    """Why so many copies can’t be sent, and what to do, said to staff."""
    facts = {"n": short.possible, "title": short.leaflet.title}
    if short.over_limit and short.possible < short.leaflet.available:
        return over_limit_label(short)
    if short.possible <= 0:
        return (
            _("We have no copies of “%(title)s” in stock. Leave this empty: the caller can download it from the website.") % facts
        )
    text = ngettext(
        "We have only %(n)d copy of “%(title)s” in stock. Enter 1, or leave this empty.",
        "We have only %(n)d copies of “%(title)s” in stock. Enter %(n)d or fewer.",
        short.possible,
    )
    return text % facts


def delivery_field(name: str, label: Any = "", *, same_as_caller: bool = False) -> forms.Field:
    """A field of the delivery page. With `same_as_caller` it may stay empty, for the caller's own."""
    field = deepcopy(DeliveryForm.base_fields[name])
    field.label = label or field.label
    if same_as_caller:
        field.required = False
        field.help_text = gettext_lazy("Leave this empty if it is the caller’s.")
    return field


class OrderForCallerForm(ChildDetailsMixin, CallerForm):
    """Who called, how many of each title, where to. Address fields start with `to_`, titles with `copies_`."""

    free_text_fields = ("to_attention", "override_reason")
    never_kept = ("to_attention",)
    once = gettext_lazy("No, use %(typed)s for this order only")

    to_name = delivery_field("name", gettext_lazy("Name on the label"), same_as_caller=True)
    to_attention = delivery_field("attention")
    to_organisation_name = delivery_field("organisation_name", gettext_lazy("Organisation on the label"), same_as_caller=True)
    to_address_line_1 = delivery_field("address_line_1")
    to_address_line_2 = delivery_field("address_line_2")
    to_town = delivery_field("town")
    to_postcode = delivery_field("postcode", gettext_lazy("Postcode to send to"), same_as_caller=True)
    channel = forms.ChoiceField(
        label=gettext_lazy("How did they get in touch?"),
        choices=[(c.value, c.label) for c in (OrderChannel.PHONE, OrderChannel.EMAIL)],
    )
    override_reason = forms.CharField(
        label=gettext_lazy("Why do they need more than the limit?"),
        max_length=300,
        required=False,
        help_text=gettext_lazy(
            "You need a reason only to go over a leaflet’s limit. We keep it with the order. You can’t order more than "
            "we have in stock."
        ),
    )

    rare = ("to_name", "to_attention", "to_organisation_name", "override_reason")

    def __init__(self, data: Any = None, *, known: Person | None = None, initial: Mapping[str, Any] | None = None) -> None:
        super().__init__(data, known=known, initial=initial)
        token = self.data.get("token") or ""
        self.token = token if drafts.SECRET_PATTERN.fullmatch(token) else secrets.token_urlsafe(32)
        catalogue = Leaflet.objects.in_catalogue()
        self.leaflets = {f"copies_{leaflet.slug}": leaflet for leaflet in catalogue if leaflet.current_edition}
        for name, leaflet in self.leaflets.items():
            self.fields[name] = CallerCopiesField(leaflet)
        if known and not self.is_bound and self.leaflets:  # all before them is filled in
            self.fields[next(iter(self.leaflets))].widget.attrs["autofocus"] = True

    def clean(self) -> dict[str, Any] | None:
        cleaned = super().clean()
        if not any(self.data.get(name) for name in self.leaflets) or not any(
            self.cleaned_data.get(n, True) for n in self.leaflets
        ):
            self.add_error(None, _("Enter copies of at least one leaflet."))
        if self.data.get("token") != self.token:
            self.add_error(None, _("This page was open too long. Check what you typed, then press the button again."))
        return cleaned

    def typed_data_digest(self) -> str:
        """A fingerprint of all that was typed: the same form with something else in it is another order."""
        data = dict(cast("QueryDict", self.data).lists())
        return drafts.digest({name: typed for name, typed in data.items() if name not in {"csrfmiddlewaretoken", "token"}})

    def sections(self) -> dict[str, list[BoundField]]:
        """The fields that are always asked, as the page groups them."""
        groups = {
            "leaflets": list(self.leaflets),
            "to": [name for name in self.fields if name.startswith("to_") and name not in self.rare],
            "also": [name for name in ("channel", CONFIRM_FIELD) if name in self.fields],
        }
        return {group: [self[name] for name in names] for group, names in groups.items()}

    def is_stored_with_record(self, name: str) -> bool:
        """Whether a changed answer stays with this order: always the phone; other answers unless the label has its own."""
        return name == "phone" or (f"to_{name}" in self.fields and not self.data.get(f"to_{name}"))

    def contact_phone(self) -> str:
        """The caller’s number of today, if it is not the person’s."""
        return str(self.cleaned_data["phone"]) if "new_phone" in self.fields and "phone" not in self.replaced else ""

    def basket(self) -> dict[Leaflet, int]:
        return {leaflet: self.cleaned_data[name] for name, leaflet in self.leaflets.items() if self.cleaned_data[name]}

    def add_shortfall_errors(self, refusal: Shortfalls) -> None:
        """Puts an error beside each title that is short. A title that is only over a limit needs a reason."""
        for short in refusal.shortfalls:
            self.add_error(f"copies_{short.leaflet.slug}", shortfall_for_staff(short))


ORDER_AGAIN_PARAM = "again"  # the reference of the order that is like the new one


def can_order_again(order: Order) -> bool:
    """Whether it is closed and we still have its address."""
    return not order.is_open and bool(order.address_line_1) and order.person.erased_at is None


def prefilled_answers(request: HttpRequest, person: Person) -> dict[str, Any]:
    """The answers to start with: the order to repeat, if the user may see it, or the address that leaflets last went to.

    Without an order to repeat, answers that equal the caller's own stay empty.
    """
    reference = normalise_reference(request.GET.get(ORDER_AGAIN_PARAM, ""))
    if is_reference(reference) and request.user.has_perm("leaflets.view_order"):
        orders = Order.objects.with_lines().select_related("person__organisation")
        order = orders.filter(reference=reference, person=person).first()
        if order is not None and can_order_again(order):
            label = {f"to_{name}": getattr(order, name) for name in LABEL_FIELDS}
            return label | {f"copies_{slug}": copies for slug, copies in copies_to_order_again(order).items()}
    delivery = last_delivery(person.pk)
    if delivery is None:
        return {}
    own = CallerForm.initial_of(person)
    return {f"to_{name}": value for name, value in vars(delivery).items() if value.casefold() != own.get(name, "").casefold()}


def order_for_caller(admin: "OrderAdmin", request: HttpRequest) -> HttpResponse:
    if not admin.has_add_permission(request):
        raise PermissionDenied

    def about() -> dict[str, Any]:
        return {**admin.admin_site.each_context(request), "opts": admin.opts, "title": _("Order for a caller")}

    call = begin_call(request, about)
    if call.page is not None:
        return call.page
    answers = prefilled_answers(request, call.known) if call.known is not None and call.data is None else {}
    form = OrderForCallerForm(call.data, known=call.known, initial={**call.typed, **answers})
    if form.is_bound and (order := find_placed_order(form) or (place_for_caller(request, form) if form.is_valid() else None)):
        messages.success(
            request, _("Order %(reference)s is placed. Tell the caller the reference.") % {"reference": order.reference}
        )
        return redirect(reverse("staff:leaflets_order_change", args=[order.pk]))
    audit_people_shown(request, form.shown)
    context = {
        **about(),
        "intro": prefill_explanation(call.known),
        "known": call.known,
        "form": form,
        "button": _("Place the order"),
        "token": form.token,
    }
    return TemplateResponse(request, "leaflets/orders/staff/order_for_caller.html", context)


def find_placed_order(form: OrderForCallerForm) -> Order | None:
    """The order that this form has made already, or None.

    If the form was sent again with other answers, adds an error, keeps what was typed, and gives the form a new token.
    """
    order = Order.objects.filter(submission_token=form.token).first()
    if order is None or order.submission_digest == form.typed_data_digest():
        return order
    text = _(
        "You have already placed order %(reference)s from this page, with different answers. We have not placed another. "
        "If you want a second order, check this one and press the button again. If you want to change %(reference)s, "
        "open it and press “Change this order”."
    )
    form.add_error(None, text % {"reference": order.reference})
    form.token = secrets.token_urlsafe(32)
    return None


def place_for_caller(request: HttpRequest, form: OrderForCallerForm) -> Order | None:
    """The order, or None with every shortfall said on the form. A refused order leaves no new person behind."""
    by, now = signed_in_user(request), timezone.now()
    own = {name: form.cleaned_data[name] for name in ("name", "organisation_name", "postcode")}
    address = {name: clean_text(form.cleaned_data[f"to_{name}"]) or own.get(name, "") for name in LABEL_FIELDS}
    try:
        form.save_new_phone(by, now)
        with transaction.atomic():
            person = find_or_enter_person(**form.person_kwargs(), by=by, now=now)
            order = Order(person=person, channel=form.cleaned_data["channel"], contact_phone=form.contact_phone(), **address)
            order.submission_token, order.submission_digest = form.token, form.typed_data_digest()
            reason = form.cleaned_data["override_reason"]
            place_order(order=order, basket=form.basket(), by=by, flagged=form.flagged, override_reason=reason, now=now)
        slugs = [leaflet.slug for leaflet in form.basket()]
        count_throttles(order_limits(organisation=order.organisation_id, postcode=order.postcode, slugs=slugs), now)
        add_correction_messages(request, form)
        return order
    except Shortfalls as refusal:
        form.add_shortfall_errors(refusal)
    except AccountGoneError as refusal:
        form.add_error(None, str(refusal.of_a_caller))
    except AlreadyPlaced:
        return find_placed_order(form)  # its twin, sent at the same moment
    return None


class StaffChangeForm(ChangeForm):
    """The form of the order’s owner, and why they need more than the limit."""

    free_text_fields = (*ChangeForm.free_text_fields, "override_reason")

    override_reason = forms.CharField(
        label=gettext_lazy("Why do they need more than the limit?"),
        max_length=300,
        required=False,
        help_text=gettext_lazy(
            "You need a reason only to go over a leaflet’s limit. We keep it with the order. No details of a child."
        ),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "name" in self.fields:
            self.fields["name"].label = _("Name on the label")
        for slug, title in self.titles.items():
            self.fields[change_field_name(slug)].label = title.leaflet.title

    def copies_hint(self, title: OrderedTitle, recent: RecentOrders) -> str:
        """The figures alone: staff may set the limits aside."""
        facts = {"stock": f"{title.available:,}", "most": f"{title.max_copies(recent):,}"}
        return _("%(stock)s in stock for this order. It can have %(most)s within the limits.") % facts

    def change(self, expected: str) -> OrderChange:
        return replace(super().change(expected), override_reason=self.cleaned_data["override_reason"])

    def add_shortfall_errors(self, refusal: Shortfalls) -> None:
        super().add_shortfall_errors(
            Shortfalls(
                [replace(short, message=over_limit_label(short)) if short.over_limit else short for short in refusal.shortfalls]
            )
        )


def staff_change_page(admin: StaffModelAdmin, request: HttpRequest, order: Order, action: ObjectAction) -> HttpResponse:
    now, posted = timezone.now(), request.method == "POST"
    form, version = change_form_for(StaffChangeForm, order, request.POST if posted else None, now)
    change_url = reverse("staff:leaflets_order_change", args=[order.pk])
    if posted and form.is_valid():
        shown = request.POST.get("version", "")
        try:
            change_order(order=order, change=form.change(shown), by=signed_in_user(request), now=now)
        except Shortfalls as refusal:
            form.add_shortfall_errors(refusal)
        except OrderHasChanged as refusal:
            form.add_error(None, f"{refusal.message} {_('You see it above as it is now.')}")
        except DomainError as refusal:
            form.add_error(None, str(refusal.message))
        else:
            messages.success(request, str(action.done))
            add_correction_messages(request, form)
            return redirect(change_url)
    about = {**admin.get_action_context(request, action, order, change_url), "form": form, "version": version}
    return TemplateResponse(request, "leaflets/orders/staff/change_order.html", about)


CHANGE_ACTION = ObjectAction(
    "change",
    gettext_lazy("Change this order"),
    available=lambda order: order.may_be_changed,
    explanation=gettext_lazy("Change the copies of each title (0 for none) and the address. The person will get an email."),
    done=gettext_lazy("The order is changed. The person will get an email."),
    permission="amend",
    page=staff_change_page,
)
