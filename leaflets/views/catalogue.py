"""The catalogue, each leaflet's page, and its PDF for anyone."""

from csp.constants import NONE, SELF
from csp.decorators import csp_replace
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe

from ctac.uk import uk_day
from leaflets import baskets
from leaflets.browsing import look
from leaflets.forms import AddForm
from leaflets.models import Leaflet
from leaflets.narrowing import Wanted
from leaflets.reading import other_versions, prints_of
from leaflets.standing import in_full


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
    prints = prints_of(leaflet)
    context = {
        "leaflet": leaflet,
        "edition": prints.current,
        "standing": in_full(prints.current, uk_day(timezone.now())) if prints.current else "",
        "before": prints.before,
        "versions": other_versions(leaflet),
        "add_form": form_for(leaflet, refused),
        "in_basket": baskets.total_copies(baskets.find(request, timezone.now())),
        "form": refused,
    }
    return render(request, "leaflets/leaflet.html", context)


def form_for(leaflet: Leaflet, refused: AddForm | None) -> AddForm:
    return refused if refused and refused.leaflet == leaflet else AddForm(leaflet=leaflet)


# Browsers of some years ago show a PDF in a plug-in, which object-src 'none' would stop.
@csp_replace({"default-src": [NONE], "object-src": [SELF]})  # type: ignore[arg-type]
@cache_control(public=True, max_age=3600)
@require_safe
def leaflet_download(request: HttpRequest, slug: str) -> FileResponse:
    """The current edition's PDF, the same for everyone. SecurityMiddleware adds nosniff."""
    leaflet = get_object_or_404(Leaflet.objects.in_catalogue(), slug=slug)
    edition = leaflet.current_edition
    if edition is None:
        raise Http404
    return FileResponse(edition.pdf.open("rb"), content_type="application/pdf", filename=f"{leaflet.slug}.pdf")
