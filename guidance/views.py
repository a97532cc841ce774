"""The guidance: whom to call first, then what to do. A page that is not approved says only whom to call."""

from functools import partial
from typing import Any

from csp.constants import NONE, SELF
from csp.decorators import csp_replace
from django.conf import settings
from django.core.cache import cache
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.utils.cache import get_conditional_response
from django.utils.http import quote_etag
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe

from guidance.contacts.views import who_to_tell_form
from guidance.content import AUDIENCES, NATIONS, Audience, UKNation, read_guidance, read_nation
from guidance.models import GuidancePage
from guidance.pdf import KINDS, guidance_data, guidance_digest, guidance_pdf
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


MAX_PDF_AGE = 7 * 24 * 60 * 60  # seconds in the cache


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


# Browsers of some years ago show a PDF in a plug-in, which object-src 'none' would stop.
@csp_replace({"default-src": [NONE], "object-src": [SELF]})  # type: ignore[arg-type]
@cache_control(public=True, no_cache=True)
@require_safe
def guidance_download(request: HttpRequest, audience: str, nation: str, pdf: str) -> HttpResponseBase:
    """The text of the page to take along, made once for each text. Caches ask each time whether it is still approved."""
    page = get_object_or_404(GuidancePage, audience=audience, nation=nation)
    now = timezone.now()
    if pdf not in KINDS or not (page.is_approved(now) or settings.DEVELOPMENT):
        raise Http404
    notice = _("Sample text, approved for trying out only.") if page.is_sample else ""
    url = settings.SITE_URL + page.get_absolute_url()
    data = guidance_data(read_guidance(audience), read_nation(nation), url=url, notice=str(notice))
    digest = guidance_digest(pdf, data)
    unchanged = get_conditional_response(request, etag=quote_etag(digest))
    if unchanged is not None:
        return unchanged
    content = cache.get_or_set(f"guidance-pdf:{digest}", partial(guidance_pdf, pdf, data, made_at=now), timeout=MAX_PDF_AGE)
    headers = {"ETag": quote_etag(digest), "Content-Disposition": f'inline; filename="{audience}-{nation}-{pdf}.pdf"'}
    return HttpResponse(content, content_type="application/pdf", headers=headers)
