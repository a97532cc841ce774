"""An order for its owner: shown, changed, cancelled, ordered again, reported missing; and the address book."""

from collections.abc import Mapping, Sequence
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_http_methods, require_safe

from accounts.access import signed_in
from accounts.limits import ReachedThrottle, check_throttles
from accounts.models import Where
from ctac.dates import format_day
from ctac.errors import DomainError
from ctac.forms import PageForm
from leaflets.models import Dispatch, KeptAddress, Leaflet, Order, OrderState
from leaflets.models.orders import MAX_KEPT_ADDRESSES, MAX_REASON_LENGTH
from leaflets.orders import baskets
from leaflets.orders.allowances import Shortfalls, change_limits
from leaflets.orders.forms import (
    ANOTHER_ADDRESS,
    AddressForm,
    ChangeForm,
    DeliveryForm,
    change_field_name,
    change_form_for,
    wait_field_name,
)
from leaflets.orders.queries import order_arrival, order_history, order_parcels, replaced_order, reportable_parcels
from leaflets.orders.services.change import NothingChanged, OrderHasChanged, ReplacesLostParcel, change_order
from leaflets.orders.services.create import AddressBookIsFull, AddressKeptAlready, change_address, forget_address, keep_address
from leaflets.orders.services.missing import report_missing
from leaflets.orders.services.transitions import OrderHasMoved, OrderIsTransferred, cancel, parcel_contents
from leaflets.stock.queries import leaflets_with_stock
from notifications.preferences import has_chosen
from notifications.registry import Topic
from professionals import drafts
from professionals.access import person_in, person_required, the_person
from professionals.forms import clean_text
from professionals.models import DraftKind
from professionals.safeguarding.child_details import looks_like_child_details
from professionals.safeguarding.forms import ChildDetailsMixin

# An order, for the person who placed it.


def own_order(request: HttpRequest, reference: str) -> Order:
    """The person's order with its lines; somebody else's is not found."""
    return get_object_or_404(the_person(request).orders.with_lines(), reference=reference)


@person_required
@require_safe
def order(request: HttpRequest, reference: str) -> HttpResponse:
    order = own_order(request, reference)
    parcels = order_parcels(order)
    context = {
        "order": order,
        "history": order_history(order, parcels),
        "parcels": parcels,
        "arrival": order_arrival([] if order.brought_with else parcels, timezone.now()),
        "replaced": replaced_order(order),
    }
    return render(request, "leaflets/order.html", context)


@person_required
@require_safe
def order_placed(request: HttpRequest, reference: str) -> HttpResponse:
    """The confirmation: what was ordered, what happens next, what to do if something changes; while something is to come."""
    order = own_order(request, reference)
    if not order.is_open or order.brought_with:  # the booking's confirmation tells of what is brought
        return redirect(order)
    email = request.person.email  # type: ignore[attr-defined]
    asks = bool(email) and not has_chosen(Topic.EDITIONS, email)
    context = {"order": order, "next_steps": next_steps(order, email), "asks_about_editions": asks}
    return render(request, "leaflets/placed.html", context)


def step_row(when: str, what: str | Promise) -> dict[str, str | Promise]:
    """For includes/steps.html."""
    return {"when": when, "what": what}


def next_steps(order: Order, email: str) -> list[dict[str, str | Promise]]:
    """What follows an order that was just placed."""
    asks = order.state == OrderState.REQUESTED
    sentence = (
        _("We email your request and its reference to %(email)s.")
        if asks
        else _("We email your order and its reference to %(email)s.")
    )
    mail = sentence % {"email": email}
    steps = [step_row(_("In the next few minutes"), mail)] if email else []
    if asks:
        steps.append(step_row(_("Usually within 2 working days"), _("One of us reads your request, and emails you our answer.")))
    elif order.state == OrderState.WAITING:
        steps.append(step_row(_("As soon as copies have come in"), _("We email you, pack them and post them.")))
    else:
        steps.append(step_row(_("Usually within 5 working days"), _("We pack your leaflets and post them.")))
        if any(line.backordered for line in order.lines.all()):
            steps.append(step_row(_("As soon as more have come in"), _("We post the copies that are not in stock now.")))
    return [*steps, step_row(_("In the evening of the day it leaves"), _("You get another email."))]


@person_required
@require_http_methods(["GET", "HEAD", "POST"])
def order_cancel(request: HttpRequest, reference: str) -> HttpResponse:
    """Asks first; only the button cancels."""
    order = own_order(request, reference)
    if request.method == "POST":
        try:
            cancel(order=order, by=request.user, now=timezone.now())  # type: ignore[arg-type]
        except OrderIsTransferred as refusal:
            messages.warning(request, str(refusal))
            return redirect("my")
        except OrderHasMoved as refusal:
            messages.warning(request, str(refusal))
        else:
            messages.success(request, _("Order %(reference)s is cancelled.") % {"reference": order.reference})
        return redirect(order)
    return render(request, "leaflets/cancel.html", {"order": order})


# The same order once more: its titles into the basket, its address into the delivery page.


@person_required
@require_http_methods(["GET", "HEAD", "POST"])
def order_again(request: HttpRequest, reference: str) -> HttpResponse:
    """Only the button fills the basket, which then says what is short; who comes by the address sees the order.

    A title that is in the basket already gets as many copies as the order had, if it has fewer: so pressing twice adds nothing.
    """
    order, now = own_order(request, reference), timezone.now()
    if request.method != "POST":
        return redirect(order)
    # By slug: what was sent or is to come of each title; of an order of which nothing came, what was asked for.
    lines = order.lines.all()
    nothing_came = all(line.copies == line.cancelled for line in lines)
    wanted: dict[str, int] = {}
    for line in lines:
        slug, count = line.edition.leaflet.slug, line.copies if nothing_came else line.copies - line.cancelled
        if count:
            wanted[slug] = wanted.get(slug, 0) + count
    titles = leaflets_with_stock(wanted)
    found = {leaflet.slug: wanted[leaflet.slug] for leaflet in titles if leaflet.orderable_edition}
    if found:
        draft = baskets.find_or_start(request, now)
        there = baskets.copies_by_slug(draft)
        together = {**there, **{slug: max(copies, there.get(slug, 0)) for slug, copies in found.items()}}
        baskets.put_again(draft, together, {"to": ANOTHER_ADDRESS, **baskets.delivery_of(order)}, now)
        messages.success(request, _("What you ordered in %(reference)s is in your basket.") % {"reference": order.reference})
    for leaflet in titles:
        if leaflet.slug not in found:
            messages.warning(request, not_available_text(leaflet))
    return redirect("basket")


def not_available_text(leaflet: Leaflet) -> str:
    return _("“%(title)s” can’t be ordered just now, so it is not in your basket.") % {"title": leaflet.title}


# Changing an order, for its owner, until it is packed. Anybody else's is not found.

CHANGE_STEP = "order"
MAX_KEPT_FIELDS, MAX_KEPT_LENGTH = 100, 200  # answers, and characters of each


@require_http_methods(["GET", "HEAD", "POST"])
def order_change(request: HttpRequest, reference: str) -> HttpResponse:
    """What is typed is kept before anybody is asked to sign in: a session may have run out meanwhile."""
    if request.method == "POST" and not person_in(request):
        # In a draft, without what looks like a child's details: nobody could be asked about that yet.
        names = {"version", *DeliveryForm.base_fields}
        begins = (change_field_name(""), wait_field_name(""))
        typed = {
            name: str(value)[:MAX_KEPT_LENGTH] for name, value in request.POST.items() if name in names or name.startswith(begins)
        }
        if looks_like_child_details(typed.get("attention", "")):
            del typed["attention"]
        if typed:
            answers = {"reference": reference, "typed": dict(list(typed.items())[:MAX_KEPT_FIELDS])}
            drafts.keep(request, DraftKind.CHANGE, {CHANGE_STEP: answers}, timezone.now())
    return order_change_page(request, reference)


@person_required
def order_change_page(request: HttpRequest, reference: str) -> HttpResponse:
    order = own_order(request, reference)
    if order.brought_with:
        return redirect(order)
    if request.method == "POST":
        now, shown = timezone.now(), request.POST.get("version", "")
        form, _version = change_form_for(ChangeForm, order, request.POST, now)
        if not form.is_valid():
            return render_order_change(request, order, form, version=shown)
        if stop := too_many_changes(request, order, form.delivery().postcode):
            response = render_order_change(request, order, form, version=shown, warning=stop.sentence(now), status=429)
            response.headers["Retry-After"] = str(stop.seconds(now))
            return response
        try:
            change_order(order=order, change=form.change(shown), by=signed_in(request), now=now)
        except Shortfalls as refusal:
            form, _version = change_form_for(ChangeForm, own_order(request, order.reference), request.POST, now)
            form.is_valid()
            form.show(refusal)
            return render_order_change(request, order, form, version=shown)
        except (OrderHasChanged, OrderHasMoved):
            order = own_order(request, order.reference)
            form, version = change_form_for(ChangeForm, order, request.POST, now)
            return render_order_change(request, order, form, version=version, another=True)
        except ReplacesLostParcel as refusal:
            form.add_error(None, str(refusal.message))
            return render_order_change(request, order, form, version=shown)
        except NothingChanged as refusal:
            messages.info(request, str(refusal.message))
        else:
            said = _("Order %(reference)s is changed. This is how it stands now.")
            messages.success(request, said % {"reference": order.reference})
        forget_typed_change(request)
        return redirect(order)
    draft = drafts.find(request, DraftKind.CHANGE, timezone.now())
    answers: dict[str, Any] = draft.answers.get(CHANGE_STEP, {}) if draft else {}
    typed = answers["typed"] if answers.get("reference") == reference else None
    form, version = change_form_for(ChangeForm, order, typed, timezone.now())
    return render_order_change(
        request, order, form, version=typed.get("version", "") if typed else version, restored=typed is not None
    )


def too_many_changes(request: HttpRequest, order: Order, postcode: str) -> ReachedThrottle | None:
    """One more change by this person, perhaps to another postcode: or one too many."""
    counted = change_limits(request, to_postcode=postcode if postcode != order.postcode else "")
    return check_throttles(request, Where.ORDER_CHANGE, counted, timezone.now())


def render_order_change(
    request: HttpRequest, order: Order, form: ChangeForm, *, version: str, status: int = 200, **more: object
) -> HttpResponse:
    """`another`: the order is not any more what the person was shown. `restored`: what was typed before they had to sign in.

    `warning`: why nothing is stored now.
    """
    context: dict[str, Any] = {"order": order, "form": form, "version": version, **more}
    if not order.may_be_changed:
        context |= {"form": None, "typed": form.typed() if form.is_bound else []}
    return render(request, "leaflets/change.html", context, status=status)


def forget_typed_change(request: HttpRequest) -> None:
    """What was kept is stored with the order now."""
    draft = drafts.find(request, DraftKind.CHANGE, timezone.now())
    if draft and draft.answers.get(CHANGE_STEP):
        drafts.save_step(draft, CHANGE_STEP, {}, timezone.now())


# “It never came”: where a parcel went and when, what to check first, and the button that tells us.

REPORTED_ALREADY = gettext_lazy("You have told us of this parcel already. We look into it and email you our answer.")


class MissingForm(ChildDetailsMixin, PageForm):
    """Which parcel, and what may help. `parcels`: those that may be chosen; `of_order`: all that an older page may have shown."""

    free_text_fields = ("note",)

    parcel = forms.ChoiceField(
        label=gettext_lazy("Which parcel never came?"),
        widget=forms.RadioSelect,
        error_messages={"required": gettext_lazy("Choose the parcel that never came.")},
    )
    note = forms.CharField(
        label=gettext_lazy("Anything that helps us to look for it"),
        max_length=MAX_REASON_LENGTH,
        required=False,
        widget=forms.Textarea({"rows": 3}),
        help_text=gettext_lazy("Like a new address, or whom you asked. No details of a child or a case."),
    )

    def __init__(
        self, data: Mapping[str, Any] | None, *, parcels: Sequence[tuple[int, str]], of_order: Sequence[Dispatch]
    ) -> None:
        super().__init__(data)
        self.of_order = {str(parcel.pk): parcel for parcel in of_order}
        field: Any = self.fields["parcel"]
        field.choices = [(key, key) for key in self.of_order]
        if len(parcels) > 1:
            field.widget.choices = parcels
        else:
            field.widget = forms.HiddenInput()
            field.initial = parcels[0][0]

    def clean_note(self) -> str:
        return clean_text(self.cleaned_data["note"])

    @property
    def chosen(self) -> Dispatch:
        return self.of_order[self.cleaned_data["parcel"]]


@person_required
@require_http_methods(["GET", "HEAD", "POST"])
def order_missing(request: HttpRequest, reference: str) -> HttpResponse:
    """Shows first; only the button tells us. A parcel of which we know leads back to the order, which says so."""
    order, now = own_order(request, reference), timezone.now()
    of_order = [] if order.brought_with else order_parcels(order)
    parcels = reportable_parcels(of_order, now)
    if not parcels:
        messages.warning(request, not_reportable_text(of_order))
        return redirect(order)
    said = [(parcel, contents_text(what)) for parcel, what in zip(parcels, parcel_contents(parcels), strict=True)]
    choices = [(parcel.pk, parcel_label(parcel, what)) for parcel, what in said]
    form = MissingForm(request.POST if request.method == "POST" else None, parcels=choices, of_order=of_order)
    if form.is_valid() and report_parcel(request, form):
        return redirect(order)
    context = {"order": order, "form": form, "parcels": [parcel_facts(order, *each) for each in said]}
    return render(request, "leaflets/missing.html", context)


def report_parcel(request: HttpRequest, form: MissingForm) -> bool:
    note, by, now = form.cleaned_data["note"], request.user, timezone.now()
    try:
        _report, made = report_missing(parcel=form.chosen, by=by, now=now, note=note, flagged=form.flagged)  # type: ignore[arg-type]
    except DomainError as refusal:
        form.add_error(None, str(refusal))
        return False
    if made:
        messages.success(request, _("Thank you for telling us. We look into it and email you our answer."))
    else:
        messages.info(request, REPORTED_ALREADY)
    return True


def not_reportable_text(parcels: Sequence[Dispatch]) -> str:
    """None of these may be told of now; of what the presenter brings there are none."""
    if any(getattr(parcel, "missing", None) for parcel in parcels):
        return str(REPORTED_ALREADY)
    return _("You can tell us here that a parcel never came from 7 working days to 90 days after it left.")


def contents_text(contents: Mapping[Any, int]) -> str:
    """'25 copies of “One”', a line a title."""
    said = [
        ngettext("%(n)d copy of “%(title)s”", "%(n)d copies of “%(title)s”", copies) % {"n": copies, "title": leaflet.title}
        for leaflet, copies in contents.items()
    ]
    return "\n".join(said)


def parcel_label(parcel: Dispatch, what: str) -> str:
    facts = {"day": format_day(parcel.dispatched_at), "what": what.replace("\n", ", ")}
    return _("The one that left on %(day)s: %(what)s") % facts


def parcel_facts(order: Order, parcel: Dispatch, what: str) -> list[dict[str, str]]:
    """For includes/summary_list.html."""
    rows = [
        {"label": _("It left"), "value": format_day(parcel.dispatched_at)},
        {"label": _("What is in it"), "value": what},
        {"label": _("Where it went"), "value": "\n".join(order.address)},
        {"label": _("Tracking number"), "value": parcel.tracking_number},
    ]
    return [row for row in rows if row["value"]]


# The address book, for its owner.


@person_required
@require_safe
def addresses(request: HttpRequest) -> HttpResponse:
    kept = list(KeptAddress.objects.of(the_person(request)))
    return render(request, "my/addresses.html", {"kept": kept, "is_full": len(kept) >= MAX_KEPT_ADDRESSES})


@person_required
@require_http_methods(["GET", "HEAD", "POST"])
def address_add(request: HttpRequest) -> HttpResponse:
    person = the_person(request)
    form = AddressForm(request.POST or None, initial={"name": person.name})
    if form.is_valid():
        try:
            keep_address(person=person, delivery=form.delivery())
        except (AddressBookIsFull, AddressKeptAlready) as refusal:
            form.add_error(None, str(refusal))
        else:
            messages.success(request, _("The address is kept. You can choose it when you order leaflets."))
            return redirect("my_addresses")
    return render(request, "my/address.html", {"form": form})


@person_required
@require_http_methods(["GET", "HEAD", "POST"])
def address_change(request: HttpRequest, address_id: int) -> HttpResponse:
    address = own_address(request, address_id)
    form = AddressForm(request.POST or None, initial=vars(address.delivery))
    if form.is_valid():
        try:
            change_address(address=address, delivery=form.delivery())
        except AddressKeptAlready as refusal:
            form.add_error(None, str(refusal))
        else:
            messages.success(request, _("The address is changed. Orders that you placed earlier keep theirs."))
            return redirect("my_addresses")
    return render(request, "my/address.html", {"form": form, "address": address})


@person_required
@require_http_methods(["GET", "HEAD", "POST"])
def address_remove(request: HttpRequest, address_id: int) -> HttpResponse:
    """Asks first; only the button removes."""
    address = own_address(request, address_id)
    if request.method == "POST":
        forget_address(address=address)
        messages.success(request, _("The address is removed."))
        return redirect("my_addresses")
    return render(request, "my/address_remove.html", {"address": address})


def own_address(request: HttpRequest, address_id: int) -> KeptAddress:
    """The person's; somebody else's is not found."""
    return get_object_or_404(KeptAddress.objects.of(the_person(request)), pk=address_id)
