"""The catalogue, each leaflet's page, and its PDF for anyone."""

from csp.constants import NONE, SELF
from csp.decorators import csp_replace
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe

from ctac.uk import uk_day
from leaflets import baskets
from leaflets.browsing import look
from leaflets.forms import AddForm
from leaflets.models import Edition, Leaflet
from leaflets.narrowing import Wanted
from leaflets.reading import other_versions, prints_of, waited_for
from leaflets.services import count_download, is_a_program
from leaflets.services.allowances import NOTHING_LATELY
from leaflets.standing import in_full
from leaflets.throttles import too_many_downloads
from professionals.access import person_in


@require_safe
def leaflets(request: HttpRequest) -> HttpResponse:
    return catalogue_page(request)


def catalogue_page(request: HttpRequest, refused: AddForm | None = None) -> HttpResponse:
    """What its address asks for; `refused` is the form of a title that could not be added to the basket."""
    shelf = look(Wanted.of(request.POST if refused else request.GET))
    context = {
        "shelf": shelf,
        "cards": [(leaflet, also, refused if refused and refused.leaflet == leaflet else None) for leaflet, also in shelf.titles],
        "in_basket": baskets.total_copies(baskets.find(request, timezone.now())),
        "form": refused,
    }
    return render(request, "leaflets/leaflets.html", context)


@require_safe
def leaflet(request: HttpRequest, slug: str) -> HttpResponse:
    return leaflet_page(request, get_object_or_404(Leaflet.objects.active(), slug=slug))


def leaflet_page(request: HttpRequest, leaflet: Leaflet, refused: AddForm | None = None) -> HttpResponse:
    now = timezone.now()
    draft = baskets.find(request, now)
    lately = baskets.lately(request.person, draft, [leaflet], now)  # type: ignore[attr-defined]
    prints = prints_of(leaflet)
    add_form = AddForm(refused.data if refused else None, leaflet=leaflet, lately=lately.get(leaflet.pk, NOTHING_LATELY))
    context = {
        "leaflet": leaflet,
        "edition": prints.current,
        "standing": in_full(prints.current, uk_day(now)) if prints.current else "",
        "before": prints.before,
        "recalled": prints.recalled,
        "versions": other_versions(leaflet),
        "waited_for": waited_for(person_in(request), [leaflet]),
        "add_form": add_form,
        "in_basket": baskets.total_copies(draft),
        "form": add_form if refused else None,
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
