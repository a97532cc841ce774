"""An order, for the person who placed it."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from leaflets.models import Order, OrderState
from leaflets.services.fulfilling import cancel
from leaflets.services.states import OrderHasMoved, OrderIsAColleaguesNow
from leaflets.timeline import arrival_of, history_of, parcels_of, replaced_by
from notifications.choices import has_chosen
from notifications.topics import Topic
from professionals.person_access import person_required, the_person


def own_order(request: HttpRequest, reference: str) -> Order:
    """The person's order with its lines; somebody else's is not found."""
    return get_object_or_404(the_person(request).orders.with_lines(), reference=reference)


@person_required
@require_safe
def order(request: HttpRequest, reference: str) -> HttpResponse:
    order = own_order(request, reference)
    parcels = parcels_of(order)
    context = {
        "order": order,
        "history": history_of(order, parcels),
        "parcels": parcels,
        "arrival": arrival_of([] if order.brought_with else parcels, timezone.now()),
        "replaced": replaced_by(order),
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


def step(when: str, what: str | Promise) -> dict[str, str | Promise]:
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
    steps = [step(_("In the next few minutes"), mail)] if email else []
    if asks:
        steps.append(step(_("Usually within 2 working days"), _("One of us reads your request, and emails you our answer.")))
    elif order.state == OrderState.WAITING:
        steps.append(step(_("As soon as copies have come in"), _("We email you, pack them and post them.")))
    else:
        steps.append(step(_("Usually within 5 working days"), _("We pack your leaflets and post them.")))
        if any(line.backordered for line in order.lines.all()):
            steps.append(step(_("As soon as more have come in"), _("We post the copies that are not in stock now.")))
    return [*steps, step(_("In the evening of the day it leaves"), _("You get another email."))]


@person_required
@require_http_methods(["GET", "HEAD", "POST"])
def order_cancel(request: HttpRequest, reference: str) -> HttpResponse:
    """Asks first; only the button cancels."""
    order = own_order(request, reference)
    if request.method == "POST":
        try:
            cancel(order=order, by=request.user, now=timezone.now())  # type: ignore[arg-type]
        except OrderIsAColleaguesNow as refusal:
            messages.warning(request, str(refusal))
            return redirect("my")
        except OrderHasMoved as refusal:
            messages.warning(request, str(refusal))
        else:
            messages.success(request, _("Order %(reference)s is cancelled.") % {"reference": order.reference})
        return redirect(order)
    return render(request, "leaflets/cancel.html", {"order": order})
