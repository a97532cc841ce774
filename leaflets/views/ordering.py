"""From the basket to the confirmation: delivery, check, place."""

from functools import partial
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_http_methods

from leaflets import baskets
from leaflets.address_forms import DeliveryChoiceForm, OpenDeliveryForm
from leaflets.forms import DeliveryForm
from leaflets.models import Channel, Order
from leaflets.models.addresses import MOST_KEPT
from leaflets.reading import Places, places_of
from leaflets.services.addresses import place_and_keep
from leaflets.services.placing import AlreadyPlaced, EmptyBasket, place_order
from leaflets.services.shortfalls import Shortfalls
from leaflets.throttles import of_a_web_order
from leaflets.views.basket import basket_form, basket_page
from professionals import drafts
from professionals.access import with_next
from professionals.guarded import note_if_stopped
from professionals.models import Draft, Where
from professionals.person_access import person_in, person_required
from professionals.safeguarding import CONFIRM_FIELD
from professionals.throttles import Stop, stopped

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
    places = places_of(person.pk) if person and asks_which else Places([], None)
    form_class = DeliveryChoiceForm if request.user.is_authenticated else OpenDeliveryForm
    if request.method == "POST":
        form = form_class(request.POST, kept=places.kept)
        if form.is_valid():
            drafts.save_step(draft, baskets.DELIVERY, form.answers(), now)
            return redirect("order_check")
        note_if_stopped(form)
    else:
        form = form_class.to_fill_in(answers, person, places)
    context = {"form": form, "most_kept": MOST_KEPT, "in_basket": baskets.total_copies(draft)}
    return render(request, "leaflets/delivery.html", context)


@person_required
@require_http_methods(["GET", "HEAD", "POST"])
def order_check(request: HttpRequest) -> HttpResponse:
    draft = baskets.find(request, timezone.now())
    if request.method == "POST":
        return confirm(request, draft)
    if not draft or not baskets.copies_by_slug(draft):
        return nothing_to_check(request)
    delivery = DeliveryForm(baskets.delivery_answers(draft))
    if not delivery.is_valid():
        return redirect("order_delivery")
    return check_page(request, draft, delivery)


def nothing_to_check(request: HttpRequest) -> HttpResponse:
    """Whoever comes back from their order finds it, not an empty basket."""
    if not request.person.orders.exists():  # type: ignore[attr-defined]
        return redirect("basket")
    messages.info(request, _("There is nothing to check. What you have ordered stands below."))
    return redirect("my")


def confirm(request: HttpRequest, draft: Draft | None) -> HttpResponse:
    """Place the order exactly as it was shown: the token says which form it was, the digest what it said."""
    token, digest = request.POST.get("token", ""), request.POST.get("digest", "")
    if not drafts.SECRET.fullmatch(token):
        token = ""  # not one of ours: no question to the database, and the page is shown again
    if not draft or draft.token != token:
        earlier = request.person.orders.filter(submission_token=token).first() if token else None  # type: ignore[attr-defined]
        if earlier:
            return placed_before(request, earlier, digest)
    if not draft or not baskets.copies_by_slug(draft):
        return redirect("basket")
    delivery = DeliveryForm(baskets.delivery_answers(draft))
    if not delivery.is_valid():
        return redirect("order_delivery")
    if draft.token != token or baskets.digest(draft) != digest:
        return check_page(request, draft, delivery, warning=_("Your answers were changed in another tab. Check them again."))
    if stop := throttled(request, draft, delivery):
        return later_page(request, draft, delivery, stop)
    return place(request, draft, delivery, digest)


def throttled(request: HttpRequest, draft: Draft, delivery: DeliveryForm) -> Stop | None:
    """One more order by this person, from their workplace, to this address, of these titles: or one too many."""
    counted = of_a_web_order(
        request,
        organisation=request.person.organisation_id,  # type: ignore[attr-defined]
        postcode=delivery.cleaned_data["postcode"],
        slugs=baskets.copies_by_slug(draft),
    )
    return stopped(request, Where.ORDER, counted, timezone.now())


def later_page(request: HttpRequest, draft: Draft, delivery: DeliveryForm, stop: Stop) -> HttpResponse:
    now = timezone.now()
    response = check_page(request, draft, delivery, warning=stop.sentence(now), status=429)
    response.headers["Retry-After"] = str(stop.seconds(now))
    return response


def place(request: HttpRequest, draft: Draft, delivery: DeliveryForm, digest: str) -> HttpResponse:
    basket, wishes = baskets.read(draft, with_stock=False), baskets.wishes_of(draft)
    act = place_order if not baskets.keeps_address(draft) else partial(place_and_keep, kept=delivery.delivery())
    try:
        order = act(
            person=request.person,  # type: ignore[attr-defined]
            by=request.user,  # type: ignore[arg-type]
            channel=Channel.WEB,
            basket=basket,
            delivery=delivery.delivery(),
            asked_because=wishes.because,
            will_wait_for=[leaflet for leaflet in basket if leaflet.slug in wishes.waits],
            flagged=wishes.flagged,
            token=draft.token,
            digest=digest,
            now=timezone.now(),
        )
    except EmptyBasket:
        return redirect("basket")
    except Shortfalls as refusal:
        return refused_page(request, draft, refusal)
    except AlreadyPlaced as refusal:
        return placed_before(request, refusal.order, digest)
    return redirect("order_placed", order.reference)


def placed_before(request: HttpRequest, order: Order, digest: str) -> HttpResponse:
    """The same form again: the first confirmation. The same form with other answers: say that it is placed already."""
    if order.submission_digest == digest:
        return redirect("order_placed", order.reference)
    return render(request, "leaflets/placed_before.html", {"order": order}, status=409)


def refused_page(request: HttpRequest, draft: Draft, refusal: Shortfalls) -> HttpResponse:
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
        "sections": sections(draft, delivery),
        "token": draft.token,
        "digest": baskets.digest(draft),
        "warning": warning,
        "asks": bool(baskets.wishes_of(draft).because),
        "is_known_address": baskets.is_known_address(draft),
        "in_basket": baskets.total_copies(draft),
    }
    return render(request, "leaflets/check.html", context, status=status)


def sections(draft: Draft, delivery: DeliveryForm) -> list[dict[str, Any]]:
    """For includes/check_answers.html."""
    wishes = baskets.wishes_of(draft)
    lines = [
        {"label": leaflet.title, "value": copies_in_words(copies, waits=leaflet.slug in wishes.waits)}
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


def copies_in_words(copies: int, *, waits: bool) -> str:
    said = ngettext("%(n)d copy", "%(n)d copies", copies) % {"n": copies}
    return f"{said}. {_('What is not in stock now follows later.')}" if waits else said
