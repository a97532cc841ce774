"""The catalogue, each leaflet's page, and its PDF for anyone."""

from csp.constants import NONE, SELF
from csp.decorators import csp_replace
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe

from leaflets import baskets
from leaflets.forms import AddForm
from leaflets.models import Leaflet
from leaflets.reading import catalogue
from professionals.models import Profession


@require_safe
def leaflets(request: HttpRequest) -> HttpResponse:
    return catalogue_page(request)


def catalogue_page(request: HttpRequest, refused: AddForm | None = None) -> HttpResponse:
    """All titles, or those for one profession; `refused` is the form of a title that could not be added to the basket."""
    titles = catalogue()
    audience = audience_of(request)
    audiences = {leaflet.audience for leaflet in titles} | {audience}
    shown = [leaflet for leaflet in titles if not audience or leaflet.audience in {audience, ""}]
    context = {
        "cards": [(leaflet, refused if refused and refused.leaflet == leaflet else None) for leaflet in shown],
        "audiences": [(value, label) for value, label in Profession.choices if value in audiences],
        "audience": audience,
        "in_basket": baskets.total_copies(baskets.find(request, timezone.now())),
        "form": refused,
    }
    return render(request, "leaflets/leaflets.html", context)


def audience_of(request: HttpRequest) -> str:
    """The profession that the catalogue is narrowed to: of its address, or said back by a form of it."""
    asked = request.POST.get("for", "") or request.GET.get("for", "")
    return asked if asked in Profession.values else ""


@require_safe
def leaflet(request: HttpRequest, slug: str) -> HttpResponse:
    return leaflet_page(request, get_object_or_404(Leaflet.objects.in_catalogue(), slug=slug))


def leaflet_page(request: HttpRequest, leaflet: Leaflet, refused: AddForm | None = None) -> HttpResponse:
    context = {
        "leaflet": leaflet,
        "edition": leaflet.current_edition,
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
