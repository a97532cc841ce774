"""The basket: add, change, remove, all without JavaScript."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST

from leaflets import baskets
from leaflets.forms import AddForm, BasketForm
from leaflets.models import Leaflet
from leaflets.narrowing import Wanted
from leaflets.reading import waited_for
from leaflets.views.catalogue import catalogue_page, leaflet_page
from professionals.access import person_in
from professionals.models import Draft, Where
from professionals.throttles import by_client, stopped

MOST_ADDED = (600, timedelta(hours=1))  # a whole trust may share one address


@require_POST
def basket_add(request: HttpRequest, slug: str) -> HttpResponse:
    leaflet, now = get_object_or_404(Leaflet.objects.in_catalogue(), slug=slug), timezone.now()
    draft = baskets.find(request, now)
    copies = baskets.copies_by_slug(draft)
    form = AddForm(request.POST, leaflet=leaflet, already=copies.get(slug, 0))
    if not form.is_valid():
        return leaflet_page(request, leaflet, form) if "from-leaflet" in request.POST else catalogue_page(request, form)
    if stopped(request, Where.BASKET, [by_client(request, "basket", *MOST_ADDED)], now):
        return render(request, "errors/429.html", status=429)
    draft = baskets.find_or_start(request, now)
    baskets.put(draft, {**baskets.copies_by_slug(draft), slug: form.cleaned_data["copies"]}, now)
    if form.falls_short:
        return redirect("basket")  # which says what can be done about it
    messages.success(request, added(leaflet, form.cleaned_data["copies"]))
    return redirect(page_of_the_form(request, leaflet))


def added(leaflet: Leaflet, copies: int) -> SafeString:
    said = ngettext(
        "Your basket now has %(n)d copy of “%(title)s”.", "Your basket now has %(n)d copies of “%(title)s”.", copies
    ) % {"n": copies, "title": leaflet.title}
    return format_html('{} <a class="govuk-link" href="{}">{}</a>', said, reverse("basket"), _("See your basket"))


def page_of_the_form(request: HttpRequest, leaflet: Leaflet) -> str:
    """Back to where the button was pressed, so that another title can be added at once."""
    if "from-leaflet" in request.POST:
        return leaflet.get_absolute_url()
    return Wanted.of(request.POST).address


@require_http_methods(["GET", "HEAD", "POST"])
def basket(request: HttpRequest) -> HttpResponse:
    draft = baskets.find(request, timezone.now())
    if request.method == "POST" and draft:
        return change_basket(request, draft)
    return basket_page(request, basket_form(request, draft, baskets.read(draft)))


def basket_form(
    request: HttpRequest, draft: Draft | None, contents: Mapping[Leaflet, int], posted: Mapping[str, Any] | None = None
) -> BasketForm:
    lately = baskets.lately(request.person, draft, contents, timezone.now())  # type: ignore[attr-defined]
    return BasketForm(posted, contents, wishes=baskets.wishes_of(draft), lately=lately)


def change_basket(request: HttpRequest, draft: Draft) -> HttpResponse:
    """Keep the copies typed, without the title whose Remove button was pressed, and stay or go on."""
    now, contents = timezone.now(), baskets.read(draft)
    removed = request.POST.get("remove", "")
    kept = {leaflet: copies for leaflet, copies in contents.items() if leaflet.slug != removed}
    form = basket_form(request, draft, kept, request.POST)
    if form.is_valid():
        baskets.put(draft, form.copies(), now, form.wishes())
    elif removed:
        baskets.put(draft, {leaflet.slug: copies for leaflet, copies in kept.items()}, now)
    if not form.is_valid():
        return basket_page(request, form)
    if "continue" in request.POST and kept:
        return redirect("order_delivery")
    return redirect("basket")


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
