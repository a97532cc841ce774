"""The same order once more: its titles into the basket, its address into the delivery page."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from leaflets import baskets
from leaflets.address_forms import ANOTHER
from leaflets.models import Leaflet, Order
from leaflets.reading import stock_of_slugs
from leaflets.views.orders import own_order
from professionals.person_access import person_required


@person_required
@require_http_methods(["GET", "HEAD", "POST"])
def order_again(request: HttpRequest, reference: str) -> HttpResponse:
    """Only the button fills the basket, which then says what is short; who comes by the address sees the order.

    A title that is in the basket already gets as many copies as the order had, if it has fewer: so pressing twice adds nothing.
    """
    order, now = own_order(request, reference), timezone.now()
    if request.method != "POST":
        return redirect(order)
    wanted = copies_of(order)
    titles = stock_of_slugs(wanted)
    found = {leaflet.slug: wanted[leaflet.slug] for leaflet in titles if leaflet.orderable_edition}
    if found:
        draft = baskets.find_or_start(request, now)
        there = baskets.copies_by_slug(draft)
        together = {**there, **{slug: max(copies, there.get(slug, 0)) for slug, copies in found.items()}}
        baskets.put_again(draft, together, {"to": ANOTHER, **baskets.delivery_of(order)}, now)
        messages.success(request, _("What you ordered in %(reference)s is in your basket.") % {"reference": order.reference})
    for leaflet in titles:
        if leaflet.slug not in found:
            messages.warning(request, not_any_more(leaflet))
    return redirect("basket")


def copies_of(order: Order) -> dict[str, int]:
    """By slug: what was sent or is to come of each title; of an order of which nothing came, what was asked for."""
    lines = order.lines.all()
    nothing_came = all(line.copies == line.cancelled for line in lines)
    copies: dict[str, int] = {}
    for line in lines:
        slug, count = line.edition.leaflet.slug, line.copies if nothing_came else line.copies - line.cancelled
        if count:
            copies[slug] = copies.get(slug, 0) + count
    return copies


def not_any_more(leaflet: Leaflet) -> str:
    return _("“%(title)s” can’t be ordered just now, so it is not in your basket.") % {"title": leaflet.title}
