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
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_http_methods

from accounts.access import with_next
from accounts.limits import ReachedThrottle, check_throttles, record_if_blocked
from accounts.models import Where
from leaflets.models import Channel, Leaflet, Order
from leaflets.models.orders import MAX_KEPT_ADDRESSES
from leaflets.orders import baskets
from leaflets.orders.allowances import Shortfalls, web_order_limits
from leaflets.orders.forms import AnonymousDeliveryForm, BasketForm, DeliveryChoiceForm, DeliveryForm, known_delivery_answers
from leaflets.orders.queries import DeliveryAddresses, delivery_addresses
from leaflets.orders.services.create import AlreadyPlaced, EmptyBasket, place_order
from leaflets.stock.queries import alerts_asked_for
from professionals import drafts
from professionals.access import person_in, person_required
from professionals.models import Draft
from professionals.safeguarding.forms import CONFIRM_FIELD

# The basket: change, remove, go on, all without JavaScript.

ADD_TO_BASKET_LIMIT = (600, timedelta(hours=1))  # a whole trust may share one address


@require_http_methods(["GET", "HEAD", "POST"])
def basket(request: HttpRequest) -> HttpResponse:
    draft = baskets.find(request, timezone.now())
    if request.method == "POST" and draft:
        # Keep the copies typed, without the title whose Remove button was pressed, and stay or go on.
        now, contents = timezone.now(), baskets.read(draft)
        removed = request.POST.get("remove", "")
        kept = {leaflet: copies for leaflet, copies in contents.items() if leaflet.slug != removed}
        form = basket_form(request, draft, kept, request.POST)
        goes_on = "continue" in request.POST and bool(kept)
        if form.is_valid():
            more = known_delivery_step(request, draft) if goes_on else {}
            baskets.put(draft, form.copies(), now, form.wishes(), more)
        elif removed:
            baskets.put(draft, {leaflet.slug: copies for leaflet, copies in kept.items()}, now)
        if not form.is_valid():
            return basket_page(request, form)
        return redirect(next_step_url(request, draft) if goes_on else "basket")
    return basket_page(request, basket_form(request, draft, baskets.read(draft)))


def basket_form(
    request: HttpRequest, draft: Draft | None, contents: Mapping[Leaflet, int], posted: Mapping[str, Any] | None = None
) -> BasketForm:
    lately = baskets.lately(person_in(request), draft, contents, timezone.now())
    return BasketForm(posted, contents, wishes=baskets.wishes_of(draft), lately=lately)


def go_to_next_step(
    request: HttpRequest,
    draft: Draft,
    now: datetime,
    *,
    steps: Mapping[str, dict[str, Any]] = baskets.NO_STEPS,
    titles: Iterable[Leaflet] = (),
) -> HttpResponse:
    """From the catalogue, with these `steps` of what was added there, to the basket if that has something to ask, else past it.

    `titles` are at hand already.
    """
    drafts.save_steps(draft, {**steps, **known_delivery_step(request, draft)}, now)
    form = basket_form(request, draft, baskets.read(draft, at_hand=titles))
    if not form.is_valid():
        return redirect("basket")
    if form.wishes() != baskets.wishes_of(draft):
        baskets.put(draft, form.copies(), now, form.wishes())
    return redirect(next_step_url(request, draft))


def known_delivery_step(request: HttpRequest, draft: Draft) -> dict[str, dict[str, Any]]:
    """The step of the draft that says where to, for whoever has typed nothing about it: as the delivery page would begin."""
    person = person_in(request)
    if person is None or baskets.typed_delivery(draft):
        return {}
    return {baskets.DELIVERY: known_delivery_answers(person, delivery_addresses(person.pk))}


def next_step_url(request: HttpRequest, draft: Draft) -> str:
    """Past the delivery page, if there is nothing to ask there."""
    is_known = person_in(request) and DeliveryForm(baskets.delivery_answers(draft)).is_valid()
    return "order_check" if is_known else "order_delivery"


def basket_page(request: HttpRequest, form: BasketForm, *, refused: bool = False) -> HttpResponse:
    """`refused`: the order was about to be placed, and the form carries what stood in the way."""
    total = sum(form.copies().values()) if form.is_valid() else 0
    said = ngettext("%(n)d copy in all", "%(n)d copies in all", total) % {"n": total} if total else ""
    context = {
        "form": form,
        "rows": form.rows(),
        "questions": form.questions(),
        "waited_for": alerts_asked_for(person_in(request), form.leaflets.values()),
        "total": said,
        "refused": refused,
        "in_basket": total,
    }
    return render(request, "leaflets/basket.html", context)


# A parcel may go to a colleague, so the last page asks whose name stands on it rather than whose it is.
CHECK_LABELS = {"name": gettext_lazy("Name on the label")}


@require_http_methods(["GET", "HEAD", "POST"])
def order_delivery(request: HttpRequest) -> HttpResponse:
    now = timezone.now()
    draft = baskets.find(request, now)
    if not draft or not baskets.copies_by_slug(draft):
        return redirect("basket")
    person, chooses = person_in(request), "to" in request.POST
    if chooses and person is None:  # signed out meanwhile, so we don't know whose addresses they are
        return redirect(with_next("account_login", request.path))
    answers = baskets.typed_delivery(draft)
    # Who answered the page before without a choice of addresses is not asked for one when they come back to it.
    asks_which = chooses or (request.method != "POST" and (not answers or "to" in answers))
    places = delivery_addresses(person.pk) if person and asks_which else DeliveryAddresses([], None)
    form_class = DeliveryChoiceForm if request.user.is_authenticated else AnonymousDeliveryForm
    if request.method == "POST":
        form = form_class(request.POST, kept=places.kept)
        if form.is_valid():
            drafts.save_step(draft, baskets.DELIVERY, form.answers(), now)
            return redirect("order_check")
        record_if_blocked(form)
    else:
        form = form_class.to_fill_in(answers, person, places)
    context = {"form": form, "most_kept": MAX_KEPT_ADDRESSES, "in_basket": baskets.total_copies(draft)}
    return render(request, "leaflets/delivery.html", context)


@person_required
@require_http_methods(["GET", "HEAD", "POST"])
def order_check(request: HttpRequest) -> HttpResponse:
    """Its button places the order exactly as it was shown: the token says which form it was, the digest what it said."""
    now = timezone.now()
    draft = baskets.find(request, now)
    token, digest = request.POST.get("token", ""), request.POST.get("digest", "")
    if request.method == "POST" and (earlier := earlier_order(request, draft, token)):
        return already_placed_page(request, earlier, digest)
    if not draft or not baskets.copies_by_slug(draft):
        return redirect("basket") if request.method == "POST" else nothing_to_check(request)
    delivery = DeliveryForm(baskets.delivery_answers(draft))
    if not delivery.is_valid():
        return redirect("order_delivery")
    if request.method != "POST" or draft.token != token or baskets.digest(draft) != digest:
        changed = _("Your answers were changed in another tab. Check them again.") if request.method == "POST" else ""
        return check_page(request, draft, delivery, warning=changed)
    if stop := too_many_orders(request, draft, delivery, now):
        response = check_page(request, draft, delivery, warning=stop.sentence(now), status=429)
        response.headers["Retry-After"] = str(stop.seconds(now))
        return response
    basket, wishes, to = baskets.read(draft, with_stock=False), baskets.wishes_of(draft), delivery.delivery()
    order = Order(person=request.person, channel=Channel.WEB, asked_because=wishes.because, **vars(to))  # type: ignore[attr-defined]
    order.submission_token, order.submission_digest = token, digest
    try:
        place_order(
            order=order,
            basket=basket,
            by=request.user,  # type: ignore[arg-type]
            will_wait_for=[leaflet for leaflet in basket if leaflet.slug in wishes.waits],
            flagged=wishes.flagged,
            keep=to if baskets.keeps_address(draft) else None,
            now=now,
        )
    except EmptyBasket:
        return redirect("basket")
    except Shortfalls as refusal:
        return shortfalls_page(request, draft, refusal)
    except AlreadyPlaced as refusal:
        return already_placed_page(request, refusal.order, digest)
    return redirect("order_placed", order.reference)


def nothing_to_check(request: HttpRequest) -> HttpResponse:
    """Whoever comes back from their order finds it, not an empty basket."""
    if not request.person.orders.exists():  # type: ignore[attr-defined]
        return redirect("basket")
    messages.info(request, _("There is nothing to check. What you have ordered stands below."))
    return redirect("my")


def earlier_order(request: HttpRequest, draft: Draft | None, token: str) -> Order | None:
    """What this page has placed already. A token that can't be one of ours is not asked of the database."""
    if (draft and draft.token == token) or not drafts.SECRET.fullmatch(token):
        return None
    earlier: Order | None = request.person.orders.filter(submission_token=token).first()  # type: ignore[attr-defined]
    return earlier


def too_many_orders(request: HttpRequest, draft: Draft, delivery: DeliveryForm, now: datetime) -> ReachedThrottle | None:
    """One more order by this person, from their workplace, to this address, of these titles: or one too many."""
    counted = web_order_limits(
        request,
        organisation=request.person.organisation_id,  # type: ignore[attr-defined]
        postcode=delivery.cleaned_data["postcode"],
        slugs=baskets.copies_by_slug(draft),
    )
    return check_throttles(request, Where.ORDER, counted, now)


def already_placed_page(request: HttpRequest, order: Order, digest: str) -> HttpResponse:
    """The same form again: the first confirmation. The same form with other answers: say that it is placed already."""
    if order.submission_digest == digest:
        return redirect("order_placed", order.reference)
    return render(request, "leaflets/placed_before.html", {"order": order}, status=409)


def shortfalls_page(request: HttpRequest, draft: Draft, refusal: Shortfalls) -> HttpResponse:
    """The basket as it was, with every title that is short said beside its field."""
    form = basket_form(request, draft, baskets.read(draft))
    form.is_valid()
    for short in refusal.shortfalls:
        if short.leaflet.slug not in form.errors:
            form.add_error(short.leaflet.slug, short.message)
    return basket_page(request, form, refused=True)


def check_page(
    request: HttpRequest, draft: Draft, delivery: DeliveryForm, *, warning: str = "", status: int = 200
) -> HttpResponse:
    context = {
        "sections": check_sections(draft, delivery),
        "token": draft.token,
        "digest": baskets.digest(draft),
        "warning": warning,
        "asks": bool(baskets.wishes_of(draft).because),
        "is_known_address": baskets.is_known_address(draft),
        "in_basket": baskets.total_copies(draft),
    }
    return render(request, "leaflets/check.html", context, status=status)


def check_sections(draft: Draft, delivery: DeliveryForm) -> list[dict[str, Any]]:
    """For includes/check_answers.html."""
    wishes = baskets.wishes_of(draft)
    lines = [
        {"label": leaflet.title, "value": copies_value(copies, waits=leaflet.slug in wishes.waits)}
        for leaflet, copies in baskets.read(draft, with_stock=False).items()
    ]
    if wishes.because:
        lines.append({"label": _("Why you need more"), "value": wishes.because})
    answers = [
        {"label": CHECK_LABELS.get(field.name, field.label), "value": delivery.cleaned_data[field.name]}
        for field in delivery
        if field.name != CONFIRM_FIELD
    ]
    if baskets.keeps_address(draft):
        answers.append({"label": _("Keep this address for next time"), "value": _("Yes")})
    return [
        {"title": _("Leaflets"), "change_url": reverse("basket"), "rows": lines},
        {"title": _("Delivery"), "change_url": reverse("order_delivery"), "rows": [row for row in answers if row["value"]]},
    ]


def copies_value(copies: int, *, waits: bool) -> str:
    said = ngettext("%(n)d copy", "%(n)d copies", copies) % {"n": copies}
    return f"{said}. {_('What is not in stock now follows later.')}" if waits else said
