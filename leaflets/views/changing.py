"""Changing an order, for its owner, until it is packed. Anybody else's is not found."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from leaflets.change_form import ChangeForm, copies_name, form_of
from leaflets.forms import DeliveryForm, wait_name
from leaflets.models import Order
from leaflets.services.changing import NothingDifferent, OnlyWhatWasLost, OrderIsAnotherNow, change_order
from leaflets.services.shortfalls import Shortfalls
from leaflets.services.states import OrderHasMoved
from leaflets.throttles import of_a_change
from leaflets.views.orders import own_order
from professionals import drafts
from professionals.access import signed_in
from professionals.child_details import looks_like_child_details
from professionals.models import DraftKind, Where
from professionals.person_access import person_in, person_required
from professionals.throttles import Stop, stopped

STEP = "order"
MOST_KEPT, LONGEST_KEPT = 100, 200  # answers, and characters of each


@require_http_methods(["GET", "HEAD", "POST"])
def order_change(request: HttpRequest, reference: str) -> HttpResponse:
    """What is typed is kept before anybody is asked to sign in: a session may have run out meanwhile."""
    if request.method == "POST" and not person_in(request):
        keep(request, reference)
    return change_page(request, reference)


@person_required
def change_page(request: HttpRequest, reference: str) -> HttpResponse:
    order = own_order(request, reference)
    if order.brought_with:
        return redirect(order)
    if request.method == "POST":
        return change(request, order)
    typed = kept(request, reference)
    form, version = form_of(ChangeForm, order, typed, timezone.now())
    return page(request, order, form, version=typed.get("version", "") if typed else version, restored=typed is not None)


def change(request: HttpRequest, order: Order) -> HttpResponse:
    now, shown = timezone.now(), request.POST.get("version", "")
    form, _version = form_of(ChangeForm, order, request.POST, now)
    if not form.is_valid():
        return page(request, order, form, version=shown)
    if stop := too_many_changes(request, order, form.delivery().postcode):
        response = page(request, order, form, version=shown, warning=stop.sentence(now), status=429)
        response.headers["Retry-After"] = str(stop.seconds(now))
        return response
    try:
        change_order(order=order, change=form.change(shown), by=signed_in(request), now=now)
    except Shortfalls as refusal:
        form, _version = form_of(ChangeForm, own_order(request, order.reference), request.POST, now)
        form.is_valid()
        form.show(refusal)
        return page(request, order, form, version=shown)
    except (OrderIsAnotherNow, OrderHasMoved):
        order = own_order(request, order.reference)
        form, version = form_of(ChangeForm, order, request.POST, now)
        return page(request, order, form, version=version, another=True)
    except OnlyWhatWasLost as refusal:
        form.add_error(None, str(refusal.message))
        return page(request, order, form, version=shown)
    except NothingDifferent as refusal:
        messages.info(request, str(refusal.message))
    else:
        said = _("Order %(reference)s is changed. This is how it stands now.")
        messages.success(request, said % {"reference": order.reference})
    forget(request)
    return redirect(order)


def too_many_changes(request: HttpRequest, order: Order, postcode: str) -> Stop | None:
    """One more change by this person, perhaps to another postcode: or one too many."""
    counted = of_a_change(request, to_postcode=postcode if postcode != order.postcode else "")
    return stopped(request, Where.ORDER_CHANGE, counted, timezone.now())


def page(
    request: HttpRequest, order: Order, form: ChangeForm, *, version: str, status: int = 200, **more: object
) -> HttpResponse:
    """`another`: the order is not any more what the person was shown. `restored`: what was typed before they had to sign in.

    `warning`: why nothing is stored now.
    """
    context: dict[str, Any] = {"order": order, "form": form, "version": version, **more}
    if not order.may_be_changed:
        context |= {"form": None, "typed": form.typed() if form.is_bound else []}
    return render(request, "leaflets/change.html", context, status=status)


def keep(request: HttpRequest, reference: str) -> None:
    """In a draft, without what looks like a child's details: nobody could be asked about that yet."""
    names = {"version", *DeliveryForm.base_fields}
    begins = (copies_name(""), wait_name(""))
    typed = {name: str(value)[:LONGEST_KEPT] for name, value in request.POST.items() if name in names or name.startswith(begins)}
    if looks_like_child_details(typed.get("attention", "")):
        del typed["attention"]
    if typed:
        answers = {"reference": reference, "typed": dict(list(typed.items())[:MOST_KEPT])}
        drafts.keep(request, DraftKind.CHANGE, {STEP: answers}, timezone.now())


def kept(request: HttpRequest, reference: str) -> dict[str, Any] | None:
    draft = drafts.find(request, DraftKind.CHANGE, timezone.now())
    answers: dict[str, Any] = draft.answers.get(STEP, {}) if draft else {}
    return answers["typed"] if answers.get("reference") == reference else None


def forget(request: HttpRequest) -> None:
    """What was kept is stored with the order now."""
    draft = drafts.find(request, DraftKind.CHANGE, timezone.now())
    if draft and draft.answers.get(STEP):
        drafts.save_step(draft, STEP, {}, timezone.now())
