"""The catalogue, each leaflet's page, what is put into the basket from either, and the PDF for anyone."""

import re
import secrets
from collections.abc import Mapping
from datetime import datetime

from csp.constants import NONE, SELF
from csp.decorators import csp_replace
from django.contrib import messages
from django.core.validators import slug_re
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, QueryDict
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.text import get_text_list
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from ctac.uk import uk_day
from leaflets import baskets
from leaflets.browsing import look
from leaflets.forms import AddForm, copies_box
from leaflets.models import Edition, Leaflet
from leaflets.narrowing import Wanted
from leaflets.reading import other_versions, prints_of, stock_of_slugs, waited_for
from leaflets.services.downloads import count_download, is_a_program
from leaflets.services.shortfalls import shortfall
from leaflets.standing import in_full
from leaflets.throttles import too_many_downloads
from leaflets.views.again import not_any_more
from leaflets.views.basket import MOST_ADDED, go_on
from professionals import drafts
from professionals.models import Where
from professionals.person_access import person_in
from professionals.throttles import by_client, stopped

FORM_ID = re.compile(r"[0-9a-f]{32}")


@require_http_methods(["GET", "HEAD", "POST"])
def leaflets(request: HttpRequest) -> HttpResponse:
    """The catalogue is one form: each of its buttons adds what is typed into any box, and the last one goes on with it."""
    return add_from_catalogue(request) if request.method == "POST" else catalogue_page(request)


def catalogue_page(request: HttpRequest, refused: AddForm | None = None) -> HttpResponse:
    """What its address asks for; `refused` is its form, if something in it was wrong."""
    shelf = look(Wanted.of(request.GET), refused)
    context = {
        "shelf": shelf,
        "form": refused,
        "form_id": form_id(request),
        "in_basket": baskets.total_copies(baskets.find(request, timezone.now())),
    }
    return render(request, "leaflets/leaflets.html", context)


def add_from_catalogue(request: HttpRequest) -> HttpResponse:
    now, goes_on, back = timezone.now(), "continue" in request.POST, Wanted.of(request.GET).address
    titles = stock_of_slugs(asked_for(request.POST))
    gone = [leaflet for leaflet in titles if not leaflet.orderable_edition]
    for leaflet in gone:
        messages.warning(request, not_any_more(leaflet))
    form = AddForm(request.POST, leaflets=[leaflet for leaflet in titles if leaflet not in gone])
    if form.is_valid() and not form.leaflets and not gone:
        draft = baskets.find(request, now)
        if goes_on and draft and baskets.copies_by_slug(draft):
            return go_on(request, draft, now)
        form.add_error(None, _("Enter how many copies you need, beside one or more of the leaflets."))
    if not form.is_valid():
        return catalogue_page(request, form)
    if gone and not form.leaflets:
        return redirect(back)
    return add(request, form, now, goes_on=goes_on) or redirect(back)


def asked_for(posted: QueryDict) -> set[str]:
    """The slugs of the titles beside which something is typed, and of the one whose button was pressed."""
    ending = copies_box("")
    typed = {name.removesuffix(ending) for name in posted if name.endswith(ending) and posted.get(name, "").strip()}
    return {slug for slug in (*typed, posted.get("add", "")) if slug_re.match(slug)}


def add(request: HttpRequest, form: AddForm, now: datetime, *, goes_on: bool = False) -> HttpResponse | None:
    """Into the basket what a valid form asks for. Without an answer: back to the page of the form, which says so."""
    if stopped(request, Where.BASKET, [by_client(request, "basket", *MOST_ADDED)], now):
        return render(request, "errors/429.html", status=429)
    draft = baskets.find_or_start(request, now)
    steps = baskets.added(draft, form.copies(), form_id(request))
    if goes_on:
        return go_on(request, draft, now, steps=steps, titles=form.leaflets.values())
    drafts.save_steps(draft, steps, now)
    there = {leaflet: steps[baskets.BASKET][leaflet.slug] for leaflet in form.leaflets.values()}
    if any(shortfall(leaflet, copies, leaflet.orderable_edition) for leaflet, copies in there.items()):
        return redirect("basket")  # which says what can be done about it
    messages.success(request, said_of(there))
    return None


def said_of(there: Mapping[Leaflet, int]) -> SafeString:
    titles = [
        ngettext("%(n)d copy of “%(title)s”", "%(n)d copies of “%(title)s”", copies) % {"n": copies, "title": leaflet.title}
        for leaflet, copies in there.items()
    ]
    said = _("Your basket now has %(copies)s.") % {"copies": get_text_list(titles, _("and"))}
    return format_html('{} <a class="govuk-link" href="{}">{}</a>', said, reverse("basket"), _("See your basket"))


def form_id(request: HttpRequest) -> str:
    """Of the form that was sent, or of a new one."""
    sent = request.POST.get("form-id", "")
    return sent if FORM_ID.fullmatch(sent) else secrets.token_hex(16)


@require_safe
def leaflet(request: HttpRequest, slug: str) -> HttpResponse:
    return leaflet_page(request, get_object_or_404(Leaflet.objects.active(), slug=slug))


@require_POST
def basket_add(request: HttpRequest, slug: str) -> HttpResponse:
    """From the leaflet's own page, to which it leads back."""
    leaflet = get_object_or_404(Leaflet.objects.in_catalogue(), slug=slug)
    form = AddForm(request.POST, leaflets=[leaflet])
    if not form.is_valid():
        return leaflet_page(request, leaflet, form)
    return add(request, form, timezone.now()) or redirect(leaflet)


def leaflet_page(request: HttpRequest, leaflet: Leaflet, refused: AddForm | None = None) -> HttpResponse:
    now = timezone.now()
    draft = baskets.find(request, now)
    lately = baskets.lately(person_in(request), draft, [leaflet], now)
    prints = prints_of(leaflet)
    form = AddForm.of_one(leaflet, lately, refused.data if refused else None)
    context = {
        "leaflet": leaflet,
        "edition": prints.current,
        "standing": in_full(prints.current, uk_day(now)) if prints.current else "",
        "before": prints.before,
        "recalled": prints.recalled,
        "versions": other_versions(leaflet),
        "waited_for": waited_for(person_in(request), [leaflet]),
        "box": form[copies_box(leaflet.slug)],
        "in_basket": baskets.total_copies(draft),
        "form": form if refused else None,
        "form_id": form_id(request),
    }
    return render(request, "leaflets/leaflet.html", context)


@require_safe
def leaflet_download(request: HttpRequest, slug: str) -> HttpResponseBase:
    """The current edition's PDF, the same for everyone."""
    leaflet = get_object_or_404(Leaflet.objects.in_catalogue(), slug=slug)
    edition = leaflet.current_edition
    if edition is None:
        return no_download(request, leaflet)
    if too_many_downloads(request, timezone.now()):
        return render(request, "errors/429.html", status=429)
    return pdf_of(request, edition=edition)  # type: ignore[call-arg] # csp_replace keeps what a view takes, but doesn't say so


# Browsers of some years ago show a PDF in a plug-in, which object-src 'none' would stop.
@csp_replace({"default-src": [NONE], "object-src": [SELF]})  # type: ignore[arg-type]
@cache_control(public=True, max_age=3600)
def pdf_of(request: HttpRequest, *, edition: Edition) -> FileResponse:
    """Counted, if somebody asks for it. SecurityMiddleware adds nosniff."""
    file = FileResponse(edition.pdf.open("rb"), content_type="application/pdf", filename=edition.download_name)
    if is_somebody(request):
        count_download(edition_id=edition.pk, day=uk_day(timezone.now()))
    return file


def is_somebody(request: HttpRequest) -> bool:
    """Whether a person asks for the file, and for it from its beginning: not a program, not a browser looking ahead."""
    asked = request.headers
    whole = asked.get("Range", "bytes=0-").startswith("bytes=0-")
    ahead = "prefetch" in asked.get("Sec-Purpose", "") or "prefetch" in asked.get("Purpose", "")
    return request.method == "GET" and whole and not ahead and not is_a_program(asked.get("User-Agent", ""))


def no_download(request: HttpRequest, leaflet: Leaflet) -> HttpResponse:
    """Gone, and what to do without it, if the edition was withdrawn; a title that never had one has no such page."""
    before = prints_of(leaflet).before
    if before is None:
        raise Http404
    return render(request, "leaflets/withdrawn.html", {"leaflet": leaflet, "before": before}, status=410)


@cache_control(public=True, max_age=31_536_000, immutable=True)
@require_safe
def leaflet_cover(request: HttpRequest, slug: str, number: int) -> FileResponse:
    """The picture of the current edition's first page. Each edition has an address of its own, so a browser may keep it."""
    covers = Edition.objects.current().filter(leaflet__slug=slug, leaflet__active=True).exclude(cover="")
    edition = get_object_or_404(covers, pk=number)
    return FileResponse(edition.cover.open("rb"), content_type="image/webp")
