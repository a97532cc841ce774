"""The guidance: whom to call first, then what to do. A page that is not approved says only whom to call."""

from typing import Any

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from guidance.contacts.views import who_to_tell_form
from guidance.content import AUDIENCES, NATIONS, Audience, UKNation, read_guidance, read_nation
from guidance.models import GuidancePage
from professionals.access import person_in
from professionals.areas import look_up_area

# Where others say how to report a worry and what the law is. Shown also where no text of ours is approved.
OFFICIAL_LINKS = (
    (_("GOV.UK: report child abuse"), "https://www.gov.uk/report-child-abuse"),
    (_("mygov.scot: report child abuse in Scotland"), "https://www.mygov.scot/report-child-abuse"),
    (
        _("nidirect: report child abuse and neglect in Northern Ireland"),
        "https://www.nidirect.gov.uk/articles/reporting-child-abuse-and-neglect",
    ),
    (
        _("Home Office: how to identify and support victims of modern slavery"),
        "https://www.gov.uk/government/publications/modern-slavery-how-to-identify-and-support-victims",
    ),
    (_("Modern Slavery & Exploitation Helpline"), "https://www.modernslaveryhelpline.org/"),
)


@require_safe
def guidance(request: HttpRequest) -> HttpResponse:
    context = {"audiences": Audience.choices, "who_to_tell_form": who_to_tell_form(request)}
    return render(request, "guidance/index.html", context)


@require_safe
def guidance_page(request: HttpRequest, audience: str, nation: str = "") -> HttpResponse:
    """Without a nation in its address, for the nation of the person's workplace; else for all four, to choose from."""
    if audience not in AUDIENCES or (nation and nation not in NATIONS):
        raise Http404
    shown = nation or nation_of_workplace(request)
    approvals = {page.nation: page for page in GuidancePage.objects.filter(audience=audience)}
    # What all nations share is advice in each of them, so it is approved once it is approved for all.
    needed = [approvals.get(each) for each in ([shown] if shown else NATIONS)]
    now = timezone.now()
    is_approved = all(page is not None and page.is_approved(now) for page in needed)
    context: dict[str, Any] = {
        "audience": Audience(audience),
        "audiences": Audience.choices,
        "nation": UKNation(shown) if shown else None,
        "nations": UKNation.choices,
        "is_approved": is_approved,
        "is_sample": any(page is not None and page.is_sample for page in needed),
        "approval": needed[0] if shown else None,
        "official_links": OFFICIAL_LINKS,
        "who_to_tell_form": who_to_tell_form(request),
    }
    if is_approved or settings.DEVELOPMENT:  # else the page does not even have the text
        context["guidance"] = read_guidance(audience)
        context["nation_text"] = read_nation(shown) if shown else None
    return render(request, "guidance/page.html", context)


def nation_of_workplace(request: HttpRequest) -> str:
    """Of whoever is signed in and has told us a postcode; '' on the islands, whose law is their own."""
    person = person_in(request)
    area = look_up_area(person.postcode) if person and person.postcode else None
    return area.nation if area and area.nation in NATIONS else ""
