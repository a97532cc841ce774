"""The basket: change, remove, go on, all without JavaScript."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods

from leaflets import baskets
from leaflets.address_forms import known_answers
from leaflets.forms import BasketForm, DeliveryForm
from leaflets.models import Leaflet
from leaflets.reading import places_of, waited_for
from professionals import drafts
from professionals.models import Draft
from professionals.person_access import person_in

MOST_ADDED = (600, timedelta(hours=1))  # a whole trust may share one address


@require_http_methods(["GET", "HEAD", "POST"])
def basket(request: HttpRequest) -> HttpResponse:
    draft = baskets.find(request, timezone.now())
    if request.method == "POST" and draft:
        return change_basket(request, draft)
    return basket_page(request, basket_form(request, draft, baskets.read(draft)))


def basket_form(
    request: HttpRequest, draft: Draft | None, contents: Mapping[Leaflet, int], posted: Mapping[str, Any] | None = None
) -> BasketForm:
    lately = baskets.lately(person_in(request), draft, contents, timezone.now())
    return BasketForm(posted, contents, wishes=baskets.wishes_of(draft), lately=lately)


def change_basket(request: HttpRequest, draft: Draft) -> HttpResponse:
    """Keep the copies typed, without the title whose Remove button was pressed, and stay or go on."""
    now, contents = timezone.now(), baskets.read(draft)
    removed = request.POST.get("remove", "")
    kept = {leaflet: copies for leaflet, copies in contents.items() if leaflet.slug != removed}
    form = basket_form(request, draft, kept, request.POST)
    goes_on = "continue" in request.POST and bool(kept)
    if form.is_valid():
        more = known_delivery(request, draft) if goes_on else {}
        baskets.put(draft, form.copies(), now, form.wishes(), more)
    elif removed:
        baskets.put(draft, {leaflet.slug: copies for leaflet, copies in kept.items()}, now)
    if not form.is_valid():
        return basket_page(request, form)
    return redirect(next_step(request, draft) if goes_on else "basket")


def go_on(
    request: HttpRequest,
    draft: Draft,
    now: datetime,
    *,
    steps: Mapping[str, dict[str, Any]] = baskets.NOTHING_MORE,
    titles: Iterable[Leaflet] = (),
) -> HttpResponse:
    """From the catalogue, with these `steps` of what was added there, to the basket if that has something to ask, else past it.

    `titles` are at hand already.
    """
    drafts.save_steps(draft, {**steps, **known_delivery(request, draft)}, now)
    form = basket_form(request, draft, baskets.read(draft, at_hand=titles))
    if not form.is_valid():
        return redirect("basket")
    if form.wishes() != baskets.wishes_of(draft):
        baskets.put(draft, form.copies(), now, form.wishes())
    return redirect(next_step(request, draft))


def known_delivery(request: HttpRequest, draft: Draft) -> dict[str, dict[str, Any]]:
    """The step of the draft that says where to, for whoever has typed nothing about it: as the delivery page would begin."""
    person = person_in(request)
    if person is None or baskets.typed_delivery(draft):
        return {}
    return {baskets.DELIVERY: known_answers(person, places_of(person.pk))}


def next_step(request: HttpRequest, draft: Draft) -> str:
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
        "waited_for": waited_for(person_in(request), form.leaflets.values()),
        "total": said,
        "refused": refused,
        "in_basket": total,
    }
    return render(request, "leaflets/basket.html", context)
