"""Which leaflets to bring: a page for those who asked for some, and what the check page says of them."""

from dataclasses import asdict
from datetime import datetime
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods

from bookings import leaflet_words, words
from bookings.answers import Answers
from bookings.leaflet_forms import LeafletsForm
from bookings.views import keeping
from bookings.views.flow import answers_so_far, back_to, back_to_missing, go_to, typed
from ctac.forms import FORM_METHODS
from leaflets.models import Leaflet, ToBring
from leaflets.services.allowances import Lately, Workplace, ordered_lately
from leaflets.services.bringing import Possible, possible_now
from leaflets.stock_reading import in_stock_for
from professionals import drafts
from professionals.models import DraftKind, Person

MOST_TITLES = 12


@require_http_methods(FORM_METHODS)
def book_leaflets(request: HttpRequest, slug: str) -> HttpResponse:
    now = timezone.now()
    answers = answers_so_far(request, slug, now)
    missing = answers.missing_before("leaflets")
    if answers.is_online and not missing:
        return go_to("check", answers.presentation)
    leaflets = in_stock_for(answers.audience, MOST_TITLES)
    before = {each.slug: each.copies for each in answers.leaflets}
    form = LeafletsForm(typed(request), leaflets=leaflets, lately=counted(request, answers, leaflets, now), initial=before)
    if request.method == "POST" and form.is_valid():
        copies = [asdict(each) for each in form.to_bring()]
        drafts.keep(request, DraftKind.BOOKING, {"leaflets": {"copies": copies} if copies else {}}, now)
        if not missing:
            return go_to("check", answers.presentation)
    if missing:
        return back_to_missing(request, missing, answers.presentation, now)
    return leaflets_page(request, answers, form, now)


def leaflets_page(request: HttpRequest, answers: Answers, form: LeafletsForm, now: datetime) -> HttpResponse:
    step_before = "check" if "change" in request.GET else "dates" if answers.asks_for_dates else "when"
    context = {
        "form": form,
        "presentation": answers.presentation,
        "people": answers.details.audience_size,
        "kept": keeping.kept(answers, now),
        "back_url": back_to(step_before, answers.presentation),
    }
    return render(request, "bookings/leaflets.html", context)


def counted(request: HttpRequest, answers: Answers, leaflets: list[Leaflet], now: datetime) -> Lately:
    """What counts against the limits, as far as we know who asks."""
    person = request.person  # type: ignore[attr-defined]
    postcode = answers.step("where").get("postcode", "")
    if not person or not postcode or not leaflets:
        return {}
    workplace = Workplace(person.organisation_id, postcode)
    return ordered_lately(person=person.pk, workplace=workplace, leaflets=leaflets, now=now)


def section(answers: Answers, person: Person, now: datetime) -> dict[str, Any]:
    """For the check page. Costs statements only if some were asked for."""
    title = _("Leaflets for your audience")
    if answers.is_online:
        row = {**words.row(_("Online"), _("Everybody can download them as PDFs")), "href": reverse("leaflets")}
        return {"title": title, "rows": [row]}
    url = f"{back_to('leaflets', answers.presentation)}?change=1"
    asked, postcode = answers.leaflets, answers.address.postcode if answers.address else ""
    if not asked:
        return {"title": title, "change_url": url, "rows": [words.row(_("To bring"), _("None"))]}
    there = possible_now(asked, person=person, postcode=postcode, now=now)
    rows = [words.row(each.title, promise(each, there.get(each.slug, Possible(0)))) for each in asked]
    return {"title": title, "change_url": url, "rows": rows}


def promise(asked: ToBring, possible: Possible) -> str:
    """'12 copies'; what would be brought if it were sent now."""
    if asked.copies <= possible.copies:
        return leaflet_words.copies(asked.copies)
    facts = {"n": possible.copies, "wanted": asked.copies}
    if not possible.copies:
        return _("None: you asked for %(wanted)d, and we can’t bring any now. You can order them by post.") % facts
    said = ngettext(
        "%(n)d copy: you asked for %(wanted)d, and we can’t bring more now. You can order the rest by post.",
        "%(n)d copies: you asked for %(wanted)d, and we can’t bring more now. You can order the rest by post.",
        possible.copies,
    )
    return said % facts
