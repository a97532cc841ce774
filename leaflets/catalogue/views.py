"""The catalogue, each leaflet's page, what is put into the basket from either, stock alerts, and the PDF for anyone."""

import re
import secrets
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from functools import cached_property
from hashlib import sha256
from operator import attrgetter
from typing import Any

from csp.constants import NONE, SELF
from csp.decorators import csp_replace
from django.contrib import messages
from django.core.paginator import Paginator
from django.core.validators import slug_re
from django.db.models import F, Q
from django.forms import BoundField
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import dateformat, timezone
from django.utils.html import format_html
from django.utils.text import get_text_list
from django.utils.translation import get_language, gettext as _
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.access import safe_next_url
from accounts.models import LimitedActivity
from accounts.rate_limits import check_throttles, client_throttle
from core.dates import uk_day
from core.errors import DomainError
from guidance.content import Audience
from leaflets.catalogue.queries import (
    FILTER_NAMES,
    TITLES_PER_PAGE,
    CatalogueFilters,
    Facet,
    SearchResult,
    TitleRow,
    build_facet,
    catalogue_rows,
    filter_rows,
    guidance_audiences,
    leaflet_editions,
    search,
    without_versions,
)
from leaflets.catalogue.services import BOT_NAMES_PATTERN, count_download
from leaflets.models import Edition, Leaflet, StockAlert
from leaflets.models.catalogue import version_text
from leaflets.orders.allowances import NO_RECENT_ORDERS, find_shortfall, too_many_downloads
from leaflets.orders.forms import (
    BASKET_STEP,
    AddToBasketForm,
    added_steps,
    copies_by_slug,
    copies_field_name,
    find_basket,
    find_or_start_basket,
    recent_orders_for,
    total_copies,
)
from leaflets.orders.views import ADD_TO_BASKET_RATE_LIMIT, NOT_AVAILABLE_MESSAGE, go_to_next_step, title_copies_texts
from leaflets.stock.queries import alerted_leaflet_keys, leaflets_with_stock
from leaflets.stock.services import ask_for_alert
from professionals import drafts
from professionals.access import person_required, signed_in_person, signed_in_person_or_none


def review_short_text(edition: Edition, today: date) -> str:
    """For a card: 'Reviewed March 2026, still current'."""
    facts = {"month": dateformat.format(edition.reviewed_on or edition.published_on, "F Y")}
    if edition.review_is_due(today):
        return _("From %(month)s, being checked again") % facts
    if edition.reviewed_on:
        return _("Reviewed %(month)s, still current") % facts
    return _("Published %(month)s, still current") % facts


def review_text(edition: Edition, today: date) -> str:
    """For the leaflet's own page, after the name of the edition."""
    facts = {
        "published": dateformat.format(edition.published_on, "F Y"),
        "reviewed": dateformat.format(edition.reviewed_on, "F Y") if edition.reviewed_on else "",
        "review": dateformat.format(edition.review_on, "F Y"),
    }
    if edition.review_is_due(today):
        due = _("Published %(published)s. Its review was due by %(review)s, and we are checking it. You can still use it.")
        return due % facts
    if edition.reviewed_on:
        return _("Published %(published)s. Reviewed %(reviewed)s, still current. To be reviewed again by %(review)s.") % facts
    return _("Published %(published)s, still current. To be reviewed by %(review)s.") % facts


# Other versions of a title, each with its slug and description: 'Arabic, large print'.
OtherVersions = tuple[tuple[str, str], ...]
# Everything that a card shows of a title and its edition. It reads no other column, so a cached card can't be out of date.
CARD_TITLE_FIELDS = (
    *("slug", "title", "own_title", "language", "format", "for_whom", "summary", "usual_words"),
    *("most_per_order", "most_per_person", "most_per_workplace", "active"),
)
CARD_EDITION_FIELDS = ("paper", "pages", "size", "on_hand", "allocated", "published_on", "reviewed_on", "review_on")
DAY_SECONDS = 24 * 60 * 60
card_title_values, card_edition_values = attrgetter(*CARD_TITLE_FIELDS), attrgetter(*CARD_EDITION_FIELDS)


@dataclass(frozen=True)
class Card:
    """One title. `form`: the form of the page, if it was sent and refused."""

    leaflet: Leaflet
    also: OtherVersions
    today: date
    form: AddToBasketForm | None = None

    @property
    def review_note(self) -> str:
        edition = self.leaflet.current_edition
        return review_short_text(edition, self.today) if edition else ""

    @property
    def copies_field(self) -> BoundField:
        """For its copies, with what was typed into it; empty, so that nobody orders what they did not ask for."""
        name = copies_field_name(self.leaflet.slug)
        form = self.form if self.form and name in self.form.fields else AddToBasketForm(leaflets=[self.leaflet])
        return form[name]

    @property
    def version(self) -> tuple[Any, ...]:
        """For the cache: it differs as soon as the empty card would say something else."""
        edition = self.leaflet.current_edition
        edition_values = (*card_edition_values(edition), edition.review_is_due(self.today)) if edition else None
        return card_title_values(self.leaflet), edition_values, self.also, get_language()


@dataclass(frozen=True)
class CataloguePage:
    """`count`: all titles that fit; `cards`: those on this page. `result`: the search before the filters."""

    filters: CatalogueFilters
    result: SearchResult
    count: int
    pages: int
    cards: list[Card]

    @property
    def without_filters(self) -> CatalogueFilters:
        return CatalogueFilters(search=self.filters.search)

    @property
    def count_without_filters(self) -> int:
        return len(without_versions(self.result.rows)) if self.filters.is_narrowed else 0

    @cached_property
    def facets_key(self) -> str:
        """A cache key for the filters: the same key means the same filters."""
        return sha256(repr((replace(self.filters, page=1), self.result.rows, get_language())).encode()).hexdigest()

    @property
    def cache_seconds(self) -> int:
        """How long to cache the filters; a search is not cached."""
        return 0 if self.filters.search else DAY_SECONDS

    @cached_property
    def facets(self) -> dict[str, Facet]:
        return {name: build_facet(name, self.result.rows, self.filters) for name in FILTER_NAMES}

    @property
    def guidance(self) -> list[Audience]:
        return guidance_audiences(self.filters, self.result)

    @cached_property
    def choices(self) -> list[Facet]:
        """The filters besides the audience, each if it is a choice."""
        return [facet for name, facet in self.facets.items() if name != "audience" and facet.has_choice]

    @property
    def before(self) -> str:
        """The address of the page before, '' if this is the first."""
        return replace(self.filters, page=self.filters.page - 1).address if self.filters.page > 1 else ""

    @property
    def after(self) -> str:
        return replace(self.filters, page=self.filters.page + 1).address if self.filters.page < self.pages else ""


def load_page(filters: CatalogueFilters, form: AddToBasketForm | None = None) -> CataloguePage:
    """Two or three statements; two or three more with a search. A page number beyond the last gives the last page.

    What was typed into a refused `form` stays on the page, even for titles that would not be there now.
    """
    rows = catalogue_rows()
    result = search(filters.search, rows) if filters.search else SearchResult(rows)
    fitting = filter_rows(result.rows, filters)
    versions: dict[int | None, list[TitleRow]] = defaultdict(list)
    for row in fitting:
        versions[row.version_of].append(row)
    rows = without_versions(fitting)
    page, today = Paginator(rows, TITLES_PER_PAGE).get_page(filters.page), uk_day(timezone.now())
    filters, shown = replace(filters, page=page.number), card_leaflets(list(page))
    cards = []
    for leaflet in shown:
        also = tuple((row.slug, version_text(row.language, row.format)) for row in versions[leaflet.pk])
        cards.append(Card(leaflet, also, today, form))
    typed = [Card(leaflet, (), today, form) for leaflet in (form.leaflets.values() if form else ()) if leaflet not in shown]
    return CataloguePage(filters, result, len(rows), page.paginator.num_pages, [*typed, *cards])


def card_leaflets(rows: Sequence[TitleRow]) -> list[Leaflet]:
    """These titles with their current editions, only the columns of a card. One statement; two if one has no edition."""
    keys, leaflets = [row.id for row in rows], dict[int, Leaflet]()
    editions = Edition.objects.current().filter(leaflet__in=keys).order_by().select_related("leaflet")
    for edition in editions.only(*CARD_EDITION_FIELDS, *(f"leaflet__{name}" for name in CARD_TITLE_FIELDS)):
        edition.leaflet.current_editions = [edition]
        leaflets[edition.leaflet_id] = edition.leaflet
    for leaflet in Leaflet.objects.filter(pk__in=set(keys) - set(leaflets)).order_by().only(*CARD_TITLE_FIELDS):
        leaflet.current_editions = []
        leaflets[leaflet.pk] = leaflet
    return [leaflets[key] for key in keys if key in leaflets]


FORM_ID_PATTERN = re.compile(r"[0-9a-f]{32}")


@require_http_methods(["GET", "HEAD", "POST"])
def leaflets(request: HttpRequest) -> HttpResponse:
    """The catalogue is one form: each of its buttons adds what is typed in any box, and the last one also goes on."""
    if request.method != "POST":
        return catalogue_page(request)
    now, posted, goes_on = timezone.now(), request.POST, "continue" in request.POST
    # The slugs of the titles that have something typed, and of the title whose button was pressed.
    ending = copies_field_name("")
    typed = {name.removesuffix(ending) for name in posted if name.endswith(ending) and posted.get(name, "").strip()}
    titles = leaflets_with_stock({slug for slug in (*typed, posted.get("add", "")) if slug_re.match(slug)})
    gone = [leaflet for leaflet in titles if not leaflet.orderable_edition]
    for leaflet in gone:
        messages.warning(request, NOT_AVAILABLE_MESSAGE % {"title": leaflet.title})
    form = AddToBasketForm(posted, leaflets=[leaflet for leaflet in titles if leaflet not in gone])
    if form.is_valid() and not form.leaflets and not gone:
        draft = find_basket(request, now)
        if goes_on and draft and copies_by_slug(draft):
            return go_to_next_step(request, draft, now)
        form.add_error(None, _("Enter how many copies you need, beside one or more of the leaflets."))
    if not form.is_valid():
        return catalogue_page(request, form)
    # With no response, or nothing left to add, go back to the page of the form.
    response = add_to_basket(request, form, now, goes_on=goes_on) if form.leaflets else None
    return response or redirect(CatalogueFilters.from_query(request.GET).address)


def catalogue_page(request: HttpRequest, refused: AddToBasketForm | None = None) -> HttpResponse:
    """The catalogue as its address asks for it; `refused`: the form that was sent, if something in it is wrong."""
    context = {
        "shelf": load_page(CatalogueFilters.from_query(request.GET), refused),
        "form": refused,
        "form_id": form_id_of(request),
        "in_basket": total_copies(find_basket(request, timezone.now())),
    }
    return render(request, "leaflets/catalogue/leaflets.html", context)


def add_to_basket(request: HttpRequest, form: AddToBasketForm, now: datetime, *, goes_on: bool = False) -> HttpResponse | None:
    """Put into the basket what a valid form asks for. None: go back to the page of the form, which says that it is done."""
    if check_throttles(request, LimitedActivity.BASKET, [client_throttle(request, "basket", *ADD_TO_BASKET_RATE_LIMIT)], now):
        return render(request, "errors/429.html", status=429)
    draft = find_or_start_basket(request, now)
    copies = {leaflet.slug: form.cleaned_data[name] for name, leaflet in form.leaflets.items()}
    steps = added_steps(draft, copies, form_id_of(request))
    if goes_on:
        return go_to_next_step(request, draft, now, steps=steps, leaflets=form.leaflets.values())
    drafts.save_steps(draft, steps, now)
    in_basket = {leaflet: steps[BASKET_STEP][leaflet.slug] for leaflet in form.leaflets.values()}
    if any(find_shortfall(leaflet, count, leaflet.orderable_edition) for leaflet, count in in_basket.items()):
        return redirect("basket")  # it says what can be done about it
    text = _("Your basket now has %(copies)s.") % {"copies": get_text_list(title_copies_texts(in_basket), _("and"))}
    messages.success(
        request, format_html('{} <a class="govuk-link" href="{}">{}</a>', text, reverse("basket"), _("See your basket"))
    )
    return None


def form_id_of(request: HttpRequest) -> str:
    """The number of the form that was sent, or a new one."""
    posted = request.POST.get("form-id", "")
    return posted if FORM_ID_PATTERN.fullmatch(posted) else secrets.token_hex(16)


@require_safe
def leaflet(request: HttpRequest, slug: str) -> HttpResponse:
    return leaflet_page(request, get_object_or_404(Leaflet.objects.active(), slug=slug))


@require_POST
def basket_add(request: HttpRequest, slug: str) -> HttpResponse:
    """Add copies from the leaflet's own page, to which it leads back."""
    leaflet = get_object_or_404(Leaflet.objects.in_catalogue(), slug=slug)
    form = AddToBasketForm(request.POST, leaflets=[leaflet])
    if not form.is_valid():
        return leaflet_page(request, leaflet, form)
    return add_to_basket(request, form, timezone.now()) or redirect(leaflet)


def leaflet_page(request: HttpRequest, leaflet: Leaflet, refused: AddToBasketForm | None = None) -> HttpResponse:
    now = timezone.now()
    draft = find_basket(request, now)
    recent = recent_orders_for(signed_in_person_or_none(request), draft, [leaflet], now)
    editions = leaflet_editions(leaflet)
    # The box starts with what a team usually takes, or with fewer if the limits or the stock allow only that.
    allowance = recent.get(leaflet.pk, NO_RECENT_ORDERS).allowance(leaflet)
    usual = min(leaflet.usual_copies, max(allowance.copies, 1), max(leaflet.available, 1))
    name, data = copies_field_name(leaflet.slug), refused.data if refused else None
    form = AddToBasketForm(data, leaflets=[leaflet], recent=recent, initial={name: usual})
    # The main title first, then its other versions.
    title = leaflet.version_of_id or leaflet.pk
    versions = Leaflet.objects.active().filter(Q(pk=title) | Q(version_of=title)).exclude(pk=leaflet.pk)
    context = {
        "leaflet": leaflet,
        "edition": editions.current,
        "standing": review_text(editions.current, uk_day(now)) if editions.current else "",
        "before": editions.before,
        "recalled": editions.recalled,
        "versions": list(versions.order_by(F("version_of").asc(nulls_first=True), "position", "title", "pk")),
        "waited_for": alerted_leaflet_keys(signed_in_person_or_none(request), [leaflet]),
        "box": form[name],
        "in_basket": total_copies(draft),
        "form": form if refused else None,
        "form_id": form_id_of(request),
    }
    return render(request, "leaflets/catalogue/leaflet.html", context)


@require_safe
def leaflet_download(request: HttpRequest, slug: str) -> HttpResponseBase:
    """The current edition's PDF, the same for everybody."""
    leaflet = get_object_or_404(Leaflet.objects.in_catalogue(), slug=slug)
    edition = leaflet.current_edition
    if edition is None:
        # If the edition was withdrawn: 410, with what to do instead. A title that never had an edition: 404.
        before = leaflet_editions(leaflet).before
        if before is None:
            raise Http404
        return render(request, "leaflets/catalogue/withdrawn.html", {"leaflet": leaflet, "before": before}, status=410)
    if too_many_downloads(request, timezone.now()):
        return render(request, "errors/429.html", status=429)
    return pdf_response(request, edition=edition)  # type: ignore[call-arg] # csp_replace keeps what a view takes, but doesn't say so


# Browsers of some years ago show a PDF in a plug-in, which object-src 'none' would stop.
@csp_replace({"default-src": [NONE], "object-src": [SELF]})  # type: ignore[arg-type]
@cache_control(public=True, max_age=3600)
def pdf_response(request: HttpRequest, *, edition: Edition) -> FileResponse:
    """Counts the download if a person asks for it. SecurityMiddleware adds nosniff."""
    file = FileResponse(edition.pdf.open("rb"), content_type="application/pdf", filename=f"{edition.leaflet.slug}.pdf")
    # Count only a person who asks for the file from its start: not a program, not a browser that prefetches.
    headers, agent = request.headers, request.headers.get("User-Agent", "")
    whole = headers.get("Range", "bytes=0-").startswith("bytes=0-")
    ahead = "prefetch" in headers.get("Sec-Purpose", "") or "prefetch" in headers.get("Purpose", "")
    if request.method == "GET" and whole and not ahead and agent and not BOT_NAMES_PATTERN.search(agent):
        count_download(edition_id=edition.pk, day=uk_day(timezone.now()))
    return file


@cache_control(public=True, max_age=31_536_000, immutable=True)
@require_safe
def leaflet_cover(request: HttpRequest, slug: str, number: int) -> FileResponse:
    """The picture of the current edition's first page. Each edition has an address of its own, so a browser may keep it."""
    covers = Edition.objects.current().filter(leaflet__slug=slug, leaflet__active=True).exclude(cover="")
    edition = get_object_or_404(covers, pk=number)
    return FileResponse(edition.cover.open("rb"), content_type="image/webp")


@person_required
@require_http_methods(["GET", "HEAD", "POST"])
def leaflet_alert(request: HttpRequest, slug: str) -> HttpResponse:
    """The page that emails link to. It asks first; only its button, or the button on the leaflet's page, changes something."""
    leaflet = get_object_or_404(Leaflet.objects.in_catalogue(), slug=slug)
    person, title = signed_in_person(request), {"title": leaflet.title}
    alerts = StockAlert.objects.filter(person=person, leaflet=leaflet)
    if request.method != "POST":
        context = {"leaflet": leaflet, "asked": alerts.exists(), "next": safe_next_url(request)}
        return render(request, "leaflets/catalogue/alert.html", context)
    if "stop" in request.POST:
        alerts.delete()
        messages.success(request, _("We will not email you about “%(title)s” any more.") % title)
    else:
        try:
            ask_for_alert(person=person, leaflet=leaflet, now=timezone.now())
            messages.success(request, _("We will email you once, when “%(title)s” is back in stock.") % title)
        except DomainError as refusal:
            messages.warning(request, str(refusal))
    return redirect(safe_next_url(request) or leaflet)
