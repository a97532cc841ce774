"""What the product is drawn with. The door is in urls.py: these views don't ask who looks."""

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from bookings import words
from ctac.staff import staff_site
from ctac.styleguide import samples
from ctac.styleguide.forms import FILLED, RARE, WRONG, EverythingForm, RareForm, with_prefix
from ctac.styleguide.palette import PAIRS, STYLESHEET, read_palette, shades
from ctac.styleguide.rare import RARE_PAGES, RarePage
from leaflets.models import Leaflet
from notifications.framing import framed
from notifications.samples import Sample, all_samples, sample_at

Row = dict[str, Any]


@require_safe
def index(request: HttpRequest) -> HttpResponse:
    return render(request, "styleguide/index.html")


@require_safe
def colours(request: HttpRequest) -> HttpResponse:
    palette = read_palette(STYLESHEET.read_text())
    pairs = [(pair, shades(pair, palette)) for pair in PAIRS]
    return render(request, "styleguide/colours.html", {"pairs": pairs, "reference": samples.REFERENCE})


@require_safe
def fields(request: HttpRequest) -> HttpResponse:
    rare = RareForm(prefix="rare", initial=RARE)
    return render(request, "styleguide/fields.html", {"questions": every_question(), "rare": rare})


def every_question() -> list[tuple[str, list[tuple[str, Any]]]]:
    """Each question of the form as it looks empty, filled in and wrong. A dependent one is drawn by what it depends on."""
    forms = [
        (_("Empty"), EverythingForm(prefix="empty")),
        (_("Filled in"), EverythingForm(with_prefix("filled", FILLED), prefix="filled")),
        (_("Wrong"), EverythingForm(with_prefix("wrong", WRONG), prefix="wrong")),
    ]
    shown = [field for field in EverythingForm() if not field.is_hidden and field.name not in EverythingForm.conditional]
    return [(str(field.label), [(state, form[field.name]) for state, form in forms]) for field in shown]


@require_http_methods(["GET", "HEAD", "POST"])
def form(request: HttpRequest) -> HttpResponse:
    """A whole page with a question of every kind. It can be sent: the answers are checked and forgotten."""
    return render(request, "styleguide/form.html", {"form": EverythingForm(request.POST or None)})


@require_safe
def wrong_form(request: HttpRequest) -> HttpResponse:
    return render(request, "styleguide/form.html", {"form": EverythingForm(WRONG)})


@require_safe
def parts(request: HttpRequest) -> HttpResponse:
    context = {
        "states": samples.state_tags(),
        "notices": samples.notices(),
        "booking": samples.booking(),
        "kept": samples.kept(),
        "picker": samples.picker(),
        "presentation": samples.presentation(),
        "edition": samples.leaflet().current_edition,
        "leaflet": samples.leaflet(),
        "sections": answers(),
        "in_basket": 35,
    }
    return render(request, "styleguide/parts.html", context)


def answers() -> list[Row]:
    """Two groups of answers to check: one to three lines each, and one that nobody may change."""
    booking = samples.booking()
    where = [{"label": _("Place"), "value": _("At your workplace")}, {"label": _("Address"), "value": words.where(booking)}]
    return [
        {"title": _("Where"), "change_url": "#check-answers", "rows": where},
        {"title": _("When"), "change_url": "#check-answers", "rows": [{"label": _("Day and time"), "value": booking.when}]},
        {"title": _("About the day"), "rows": words.details(booking)},
    ]


@require_safe
def confirmation(request: HttpRequest) -> HttpResponse:
    booking = samples.booking()
    context = {"facts": words.facts(booking, with_reference=False), "steps": samples.next_steps(booking)}
    return render(request, "styleguide/confirmation.html", context)


@require_safe
def staff(request: HttpRequest) -> HttpResponse:
    """The same form inside the staff look, as staff meet it when they enter something for a caller."""
    context = {
        **staff_site.each_context(request),
        "is_nav_sidebar_enabled": False,  # it would list what this person may see, which is nothing of ours to show
        "title": _("Staff parts"),
        "form": EverythingForm(WRONG),
        "rows": words.facts(samples.booking()),
    }
    return render(request, "styleguide/staff.html", context)


@require_safe
def pages(request: HttpRequest) -> HttpResponse:
    return render(request, "styleguide/pages.html", {"pages": RARE_PAGES})


@require_safe
def rare_page(request: HttpRequest, page: RarePage) -> HttpResponse:
    """The page itself, whole, with status 200 whatever it would have in earnest."""
    return render(request, page.template, page.context())


@require_safe
def emails(request: HttpRequest) -> HttpResponse:
    return render(request, "styleguide/emails.html", {"samples": all_samples()})


@require_safe
def email(request: HttpRequest, number: int) -> HttpResponse:
    """One of the list, counted from 1: its HTML in a frame, and its text beside."""
    return render(request, "styleguide/email.html", {"sample": sample_or_404(number), "number": number})


@require_safe
def email_html(request: HttpRequest, number: int) -> HttpResponse:
    html = sample_or_404(number).html
    if not html:
        raise Http404
    return framed(html)


def sample_or_404(number: int) -> Sample:
    found = sample_at(number)
    if found is None:
        raise Http404
    return found


@require_safe
def leaflets(request: HttpRequest) -> HttpResponse:
    return render(request, "styleguide/leaflets.html", {"leaflets": Leaflet.objects.in_catalogue()})
