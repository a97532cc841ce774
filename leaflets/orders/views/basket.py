"""From the basket to the confirmation: delivery, check, place."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods

from accounts.access import Progress, shows_progress, with_next
from accounts.limits import check_throttles, record_if_blocked
from accounts.models import Where
from leaflets.models import Channel, Leaflet, Order
from leaflets.models.orders import MAX_KEPT_ADDRESSES
from leaflets.orders.allowances import Shortfalls, web_order_limits
from leaflets.orders.forms import (
    DELIVERY,
    NO_STEPS,
    AnonymousDeliveryForm,
    BasketForm,
    DeliveryChoiceForm,
    DeliveryForm,
    basket_options,
    copies_by_slug,
    delivery_answers,
    find_basket,
    order_digest,
    recent_orders_for,
    save_basket,
    titles_in_basket,
    total_copies,
    typed_delivery,
)
from leaflets.orders.queries import DeliveryAddresses, delivery_addresses
from leaflets.orders.services.create import AlreadyPlaced, EmptyBasket, place_order
from leaflets.stock.queries import alerts_asked_for
from professionals import drafts
from professionals.access import person_in, person_required, the_person
from professionals.models import Draft
from professionals.safeguarding.forms import CONFIRM_FIELD

ADD_TO_BASKET_LIMIT = (600, timedelta(hours=1))  # a whole trust may share one address


@require_http_methods(["GET", "HEAD", "POST"])
def basket(request: HttpRequest) -> HttpResponse:
    """Keeps the copies typed, without the title whose Remove button was pressed, and stays or goes on."""
    now = timezone.now()
    draft = find_basket(request, now)
    contents = titles_in_basket(draft)
    if request.method != "POST" or not draft:
        return basket_page(request, basket_form(request, draft, contents))
    removed = request.POST.get("remove", "")
    contents = {leaflet: copies for leaflet, copies in contents.items() if leaflet.slug != removed}
    form = basket_form(request, draft, contents, request.POST)
    if not form.is_valid():
        if removed:
            save_basket(draft, {leaflet.slug: copies for leaflet, copies in contents.items()}, now)
        return basket_page(request, form)
    goes_on = "continue" in request.POST and bool(contents)
    save_basket(draft, form.copies(), now, form.options(), known_delivery_step(request, draft) if goes_on else {})
    return redirect(next_step_url(request, draft) if goes_on else "basket")


def basket_form(
    request: HttpRequest, draft: Draft | None, contents: Mapping[Leaflet, int], posted: Mapping[str, Any] | None = None
) -> BasketForm:
    recent = recent_orders_for(person_in(request), draft, contents, timezone.now())
    return BasketForm(posted, contents, options=basket_options(draft), recent=recent)


def go_to_next_step(
    request: HttpRequest,
    draft: Draft,
    now: datetime,
    *,
    steps: Mapping[str, dict[str, Any]] = NO_STEPS,
    leaflets: Iterable[Leaflet] = (),
) -> HttpResponse:
    """From the catalogue, with these `steps` of what was added there, to the basket if that has something to ask, else past it.

    `leaflets` need not be read again.
    """
    drafts.save_steps(draft, {**steps, **known_delivery_step(request, draft)}, now)
    form = basket_form(request, draft, titles_in_basket(draft, leaflets=leaflets))
    if not form.is_valid():
        return redirect("basket")
    if form.options() != basket_options(draft):
        save_basket(draft, form.copies(), now, form.options())
    return redirect(next_step_url(request, draft))


def known_delivery_step(request: HttpRequest, draft: Draft) -> dict[str, dict[str, Any]]:
    """The step of the draft that says where to, for whoever has typed nothing about it: as the delivery page would begin.

    It says nothing if that is no whole address.
    """
    person = person_in(request)
    if person is None or typed_delivery(draft):
        return {}
    places = delivery_addresses(person.pk)
    first = DeliveryChoiceForm.to_fill_in({}, person, places)
    form = DeliveryChoiceForm(first.initial, kept=places.kept)
    return {DELIVERY: {**form.answers(), "known": True} if form.is_valid() else {}}


def next_step_url(request: HttpRequest, draft: Draft) -> str:
    """Past the delivery page, if there is nothing to ask there."""
    is_known = person_in(request) and DeliveryForm(delivery_answers(draft)).is_valid()
    return "order_check" if is_known else "order_delivery"


def basket_page(request: HttpRequest, form: BasketForm, *, refusal: Shortfalls | None = None) -> HttpResponse:
    """`refusal`: why the order could not be placed; each title that is short has it beside its field."""
    form.is_valid()
    for short in refusal.shortfalls if refusal else ():
        if short.leaflet.slug not in form.errors:
            form.add_error(short.leaflet.slug, short.message)
    total = sum(form.copies().values()) if form.is_valid() else 0
    reason = ["reason", CONFIRM_FIELD] if form.over_limit or "reason" in form.errors else []
    context = {
        "form": form,
        "rows": form.rows(),
        "questions": [form[name] for name in reason if name in form.fields],
        "waited_for": alerts_asked_for(person_in(request), form.leaflets.values()),
        "total": ngettext("%(n)d copy in all", "%(n)d copies in all", total) % {"n": total} if total else "",
        "refused": refusal is not None,
        "in_basket": total,
    }
    return render(request, "leaflets/orders/basket.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def order_delivery(request: HttpRequest) -> HttpResponse:
    now = timezone.now()
    draft = find_basket(request, now)
    if not draft or not copies_by_slug(draft):
        return redirect("basket")
    person, chooses = person_in(request), "to" in request.POST
    if chooses and person is None:  # signed out meanwhile, so we don't know whose addresses they are
        return redirect(with_next("account_login", request.path))
    answers = typed_delivery(draft)
    # Who answered the page before without a choice of addresses is not asked for one when they come back to it.
    asks_which = chooses or (request.method != "POST" and (not answers or "to" in answers))
    places = delivery_addresses(person.pk) if person and asks_which else DeliveryAddresses([], None)
    form_class = DeliveryChoiceForm if request.user.is_authenticated else AnonymousDeliveryForm
    if request.method == "POST":
        form = form_class(request.POST, kept=places.kept)
        if form.is_valid():
            drafts.save_step(draft, DELIVERY, form.answers(), now)
            return redirect("order_check")
        record_if_blocked(form)
    else:
        form = form_class.to_fill_in(answers, person, places)
    context = {"form": form, "most_kept": MAX_KEPT_ADDRESSES, "in_basket": total_copies(draft)}
    return render(request, "leaflets/orders/delivery.html", context)


@shows_progress(lambda request: Progress(_("Order leaflets"), reverse("order_delivery")))
@person_required
@require_http_methods(["GET", "HEAD", "POST"])
def order_check(request: HttpRequest) -> HttpResponse:
    """Its button places the order exactly as it was shown: the token says which form it was, the digest what it said."""
    now = timezone.now()
    draft = find_basket(request, now)
    person = the_person(request)
    token, digest = request.POST.get("token", ""), request.POST.get("digest", "")
    # A token that can't be one of ours is not asked of the database.
    may_be_placed = request.method == "POST" and not (draft and draft.token == token) and drafts.SECRET.fullmatch(token)
    earlier = person.orders.filter(submission_token=token).first() if may_be_placed else None
    if earlier:
        return already_placed_page(request, earlier, digest)
    if not draft or not copies_by_slug(draft):
        if request.method == "POST" or not person.orders.exists():
            return redirect("basket")
        # Whoever comes back from their order finds it, not an empty basket.
        messages.info(request, _("There is nothing to check. You can see your orders below."))
        return redirect("my")
    delivery = DeliveryForm(delivery_answers(draft))
    if not delivery.is_valid():
        return redirect("order_delivery")
    if request.method != "POST" or draft.token != token or order_digest(draft) != digest:
        changed = _("Your answers were changed in another tab. Check them again.") if request.method == "POST" else ""
        return check_page(request, draft, delivery, warning=changed)
    counted = web_order_limits(
        request,
        organisation=person.organisation_id,
        postcode=delivery.cleaned_data["postcode"],
        slugs=copies_by_slug(draft),
    )
    if stop := check_throttles(request, Where.ORDER, counted, now):
        response = check_page(request, draft, delivery, warning=stop.sentence(now), status=429)
        response.headers["Retry-After"] = str(stop.seconds(now))
        return response
    basket, options, address = titles_in_basket(draft, with_stock=False), basket_options(draft), delivery.delivery()
    order = Order(person=person, channel=Channel.WEB, asked_because=options.reason, **vars(address))
    order.submission_token, order.submission_digest = token, digest
    try:
        place_order(
            order=order,
            basket=basket,
            by=request.user,  # type: ignore[arg-type]
            will_wait_for=[leaflet for leaflet in basket if leaflet.slug in options.backorder],
            flagged=options.flagged,
            keep=address if delivery_answers(draft).get("keep") else None,
            now=now,
        )
    except EmptyBasket:
        return redirect("basket")
    except Shortfalls as refusal:
        return basket_page(request, basket_form(request, draft, titles_in_basket(draft)), refusal=refusal)
    except AlreadyPlaced as refusal:
        return already_placed_page(request, refusal.order, digest)
    return redirect("order_placed", order.reference)


def already_placed_page(request: HttpRequest, order: Order, digest: str) -> HttpResponse:
    """The same form again: the first confirmation. The same form with other answers: say that it is placed already."""
    if order.submission_digest == digest:
        return redirect("order_placed", order.reference)
    return render(request, "leaflets/orders/placed_before.html", {"order": order}, status=409)


def check_page(
    request: HttpRequest, draft: Draft, delivery: DeliveryForm, *, warning: str = "", status: int = 200
) -> HttpResponse:
    options, stored = basket_options(draft), delivery_answers(draft)
    lines = []
    for leaflet, count in titles_in_basket(draft, with_stock=False).items():
        copies = ngettext("%(n)d copy", "%(n)d copies", count) % {"n": count}
        later = f". {_('We will send what is not in stock now later.')}" if leaflet.slug in options.backorder else ""
        lines.append({"label": leaflet.title, "value": f"{copies}{later}"})
    if options.reason:
        lines.append({"label": _("Why you need more"), "value": options.reason})
    # A parcel may go to a colleague, so it says whose name stands on it rather than whose it is.
    labels = {field.name: field.label for field in delivery} | {"name": _("Name on the label")}
    answers = [
        {"label": label, "value": delivery.cleaned_data[name]}
        for name, label in labels.items()
        if name != CONFIRM_FIELD and delivery.cleaned_data[name]
    ]
    if stored.get("keep"):
        answers.append({"label": _("Save this address for next time"), "value": _("Yes")})
    context = {
        "sections": [
            {"title": _("Leaflets"), "change_url": reverse("basket"), "rows": lines},
            {"title": _("Delivery"), "change_url": reverse("order_delivery"), "rows": answers},
        ],
        "token": draft.token,
        "digest": order_digest(draft),
        "warning": warning,
        "asks": bool(options.reason),
        "is_known_address": bool(stored.get("known")),
        "in_basket": total_copies(draft),
    }
    return render(request, "leaflets/orders/check.html", context, status=status)
