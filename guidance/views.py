"""The guidance: whom to call first, then what to do. A page that is not approved says only whom to call."""

import re
from collections.abc import Sequence
from datetime import datetime
from functools import partial
from typing import Any

from csp.constants import NONE, SELF
from csp.decorators import csp_replace
from django import forms
from django.conf import settings
from django.core.cache import cache
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.template.loader import render_to_string
from django.utils import timezone, translation
from django.utils.cache import get_conditional_response
from django.utils.http import quote_etag
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import cache_control
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_safe
from django.views.decorators.vary import vary_on_cookie

from core.dates import uk_day
from core.forms import FORM_METHODS, PageForm, postcode_correction
from core.pdf.typesetting import render_pdf
from guidance.contacts.queries import FORCES_POST_PREFIX, numbers_by_answer, referral_text, who_to_tell
from guidance.content import AUDIENCES, NATIONS, PROFESSION_BY_AUDIENCE, READERS, Audience, UKNation, read_guidance, read_nation
from guidance.models import GuidancePage
from guidance.pdf import PDF_KINDS, guidance_data, guidance_digest
from professionals.access import signed_in_person_or_none
from professionals.areas import look_up_area
from professionals.forms import PostcodeField
from professionals.models import Language, Profession

# Where others explain how to report a worry, and the law. Shown even if no text of ours is approved.
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

# Blank lines and indents: without these 200 bytes, the Welsh page stays under 20 kB. Nothing on it needs them.
BLANK_LINES_PATTERN = re.compile(r"\n\s+")
MAX_PDF_AGE = 7 * 24 * 60 * 60  # seconds in the cache


# “Who do I tell here?”: the numbers for a postcode and, if given, a profession.


class WhoToTellForm(PageForm):
    autocomplete = {"postcode": "postal-code"}

    postcode = PostcodeField(
        label=_("Postcode"),
        help_text=_("Use the postcode of the place where the child is, or of your work."),
        error_messages={"required": _("Enter a postcode.")},
    )
    profession = forms.ChoiceField(
        label=_("Your profession"), choices=[("", _("Choose your profession")), *Profession.choices], required=False
    )


def known_answers(request: HttpRequest, profession: str = "") -> dict[str, str]:
    """Of whoever has signed in; else the `profession` that a page of guidance is for."""
    person = signed_in_person_or_none(request)
    return {"postcode": person.postcode, "profession": person.profession} if person else {"profession": profession}


@csrf_exempt  # it changes nothing, so nobody can forge anything; and it must work where a browser refuses cookies
@require_http_methods(FORM_METHODS)
def who_to_tell_page(request: HttpRequest) -> HttpResponse:
    """A POST form, so that the postcode is in no address and no log. Somebody signed in gets the answer at once."""
    known = known_answers(request)
    sent = request.POST if request.method == "POST" else known if known.get("postcode") else None
    form = WhoToTellForm(sent, initial=known)
    context: dict[str, object] = {"form": form}
    if form.is_valid():
        postcode = form.cleaned_data["postcode"]
        who = who_to_tell(postcode)
        # Who may refer a child and what a guardian does are said in our guidance for every professional. Unless that is approved
        # there, or in all nations if we don't know which, the page has numbers alone.
        nations = [who.nation] if who.nation else NATIONS
        approved = GuidancePage.objects.approved(uk_day(timezone.now())).filter(nation__in=nations, language=Language.ENGLISH)
        advises = approved.filter(audience=Audience.ALL_PROFESSIONALS).count() == len(nations)
        context |= {
            "postcode": postcode,
            "correction": postcode_correction(str(form["postcode"].data), postcode),
            "who": who,
            "numbers": numbers_by_answer(who, timezone.now()),
            "advises": advises,
            "referral": referral_text(who.nation, form.cleaned_data["profession"]) if advises else "",
            "is_forces_post": postcode.startswith(FORCES_POST_PREFIX),
        }
    return render(request, "guidance/who_to_tell.html", context)


# The texts.


@require_safe
def guidance(request: HttpRequest) -> HttpResponse:
    context = {"readers": READERS, "known": known_answers(request)}
    return render(request, "guidance/index.html", context)


@require_safe
def guidance_page(request: HttpRequest, audience: str, nation: str = "") -> HttpResponse:
    """Without a nation in the address: for the nation of the person's workplace, or for all four, to choose from."""
    if audience not in AUDIENCES or (nation and nation not in NATIONS):
        raise Http404
    shown = nation
    if not nation and (person := signed_in_person_or_none(request)) and person.postcode:
        area = look_up_area(person.postcode)
        shown = area.nation if area and area.nation in NATIONS else ""  # not an island, whose law is its own
    now = timezone.now()
    # The shared text is advice in each nation, so it is approved only once it is approved for all.
    pages = pages_to_show(audience, [shown] if shown else NATIONS, now)
    context: dict[str, Any] = {
        "audience": Audience(audience),
        "readers": READERS,
        "readers_here": [label for slug, label in READERS if slug == audience],
        "nation": UKNation(shown) if shown else None,
        "nations": UKNation.choices,
        "official_links": OFFICIAL_LINKS,
        "known": known_answers(request, PROFESSION_BY_AUDIENCE.get(audience, "")),
    }
    if pages:  # without pages, the response does not even contain the text
        language = pages[0].language
        context |= {
            "guidance": read_guidance(audience, language),
            "nation_text": read_nation(shown, language) if shown else None,
            "text_language": language,
            "other_language": "" if language == translation.get_language() else language,
            "is_approved": all(page.is_approved(now) for page in pages),
            "is_sample": any(page.is_sample for page in pages),
            "approval": pages[0] if shown else None,
        }
    page = render_to_string("guidance/page.html", context, request)
    return HttpResponse(BLANK_LINES_PATTERN.sub("\n", page))


def pages_to_show(audience: str, nations: Sequence[str], now: datetime) -> list[GuidancePage]:
    """A page for each nation: in the reader's language if all are approved in it, or in English if all are approved there.

    Otherwise none; but in development, those in the reader's language.
    """
    languages = list(dict.fromkeys([translation.get_language() or Language.ENGLISH, Language.ENGLISH]))
    found = list(GuidancePage.objects.filter(audience=audience, nation__in=nations, language__in=languages))
    by_language = [[page for page in found if page.language == language] for language in languages]
    for pages in by_language:
        if len(pages) == len(nations) and all(page.is_approved(now) for page in pages):
            return pages
    return by_language[0] if settings.DEVELOPMENT else []


# Browsers of some years ago show a PDF in a plug-in, which object-src 'none' would stop.
@csp_replace({"default-src": [NONE], "object-src": [SELF]})  # type: ignore[arg-type]
@cache_control(public=True, no_cache=True)
@vary_on_cookie
@require_safe
def guidance_download(request: HttpRequest, audience: str, nation: str, pdf: str) -> HttpResponseBase:
    """The text of the page to take along, made once for each text. Caches ask each time whether it is still approved.

    All of it is in the language of the text, which is the page's: it varies with the cookie of the language.
    """
    now = timezone.now()
    pages = pages_to_show(audience, [nation], now)
    if pdf not in PDF_KINDS or not pages:
        raise Http404
    page, language = pages[0], pages[0].language
    with translation.override(language):
        notice = _("Sample text, approved for trying out only.") if page.is_sample else ""
        texts = read_guidance(audience, language), read_nation(nation, language)
        data = guidance_data(*texts, url=settings.SITE_URL + page.get_absolute_url(), notice=str(notice))
        digest = guidance_digest(pdf, data)
        tag = quote_etag(digest)
        unchanged = get_conditional_response(request, etag=tag)
        if unchanged is not None:
            unchanged.headers["ETag"] = tag  # tells a cache which of its copies, one a language, is valid
            return unchanged
        content = cache.get_or_set(f"guidance-pdf:{digest}", partial(render_pdf, pdf, data, made_at=now), timeout=MAX_PDF_AGE)
    name = "-".join([page.audience, page.nation, pdf, *([page.language] if page.language != Language.ENGLISH else [])])
    headers = {"ETag": tag, "Content-Disposition": f'inline; filename="{name}.pdf"'}
    return HttpResponse(content, content_type="application/pdf", headers=headers)
