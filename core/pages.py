"""What pages of several apps share: private addresses, paginated histories, Markdown, and the template context of every page."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.conf import settings
from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.cache import patch_cache_control
from django.utils.functional import SimpleLazyObject
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language
from markdown_it import MarkdownIt
from markdown_it.token import Token

from core.forms import postcode_correction
from core.middleware import STAFF_SITE_PATH


def set_private_headers(request: HttpRequest, response: HttpResponse, *, has_a_form: bool) -> HttpResponse:
    """Keep an address that opens its page to anybody who has it from caches, search engines and other sites.

    A page with a form has the policy "strict-origin", because under "no-referrer" browsers send a form with "Origin: null",
    which the CSRF check refuses. A view also sets `request.address_is_private`, so that a printed page leaves the address out.
    """
    patch_cache_control(response, private=True, no_store=True)
    response.headers["Referrer-Policy"] = "strict-origin" if has_a_form else "no-referrer"
    response.headers["X-Robots-Tag"] = "noindex, nofollow"
    return response


def add_correction_messages(request: HttpRequest, form: forms.BaseForm) -> None:
    """Say on the next page which postcodes of a valid form were corrected."""
    for name, value in form.cleaned_data.items():
        if name.endswith("postcode") and name in form.fields and (said := postcode_correction(form[name].data or "", value)):
            messages.info(request, said)


# For an email's HTML in a sandboxed iframe: the one exception from the site's policy (product.md, pages).
FRAMED_CONTENT_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src 'self'; form-action 'none'; frame-ancestors 'self'; sandbox"
)


def framed_response(html: str, *, allow: str = "", styles: str = "'unsafe-inline'") -> HttpResponse:
    """A page with the HTML and its styles, without scripts and requests; `allow` names exceptions of the sandbox."""
    response = HttpResponse(html)
    response["Content-Security-Policy"] = f"{FRAMED_CONTENT_POLICY} {allow}".strip().replace("'unsafe-inline'", styles)
    response["X-Frame-Options"] = "SAMEORIGIN"
    return response


PAGE_SIZE = 10


@dataclass(frozen=True)
class HistoryPage:
    """The rows of a page, its number, and the queries of the pages beside it and of the first; "" where there is none."""

    rows: list[Any]
    number: int
    newer: str
    older: str
    newest: str


def parse_page_number(asked: str) -> int:
    """The page number from an address; 1 if it is no number."""
    return max(1, int(asked)) if re.fullmatch(r"[0-9]{1,4}", asked, re.ASCII) else 1


def history_page(rows: QuerySet[Any], name: str, query: Mapping[str, str], *, among: tuple[str, ...]) -> HistoryPage:
    """The page of `rows` whose number the address has as `name`. One statement, because nothing is counted.

    `among` names all lists of the page. The links keep the numbers of the others.
    """
    numbers = {other: parse_page_number(query.get(other, "")) for other in among}
    number = numbers[name]
    first = (number - 1) * PAGE_SIZE
    found = list(rows[first : first + PAGE_SIZE + 1])  # one more than is shown: whether there are others

    def at(page: int) -> str:
        return f"?{urlencode({key: value for key, value in (numbers | {name: page}).items() if value > 1})}"

    return HistoryPage(
        rows=found[:PAGE_SIZE],
        number=number,
        newer=at(number - 1) if number > 1 and found else "",
        older=at(number + 1) if len(found) > PAGE_SIZE else "",
        newest=at(1) if number > 1 and not found else "",
    )


# What pages say that staff have set: "phone", "email", "hours", "help_email", "help_phone", "charity". The app `office` adds them
# in its AppConfig.
SITE_FACTS: dict[str, Callable[[], Any]] = {}
# Further offers of the pages that confirm an order or a place, as HTML or "". A higher app adds them in its AppConfig.
CONFIRMATION_OFFERS: list[Callable[[HttpRequest], str]] = []

# CommonMark with tables, and no HTML of its own.
commonmark = MarkdownIt("commonmark", {"html": False}).enable("table")


def all_tokens(tokens: Sequence[Token]) -> Iterator[Token]:
    for token in tokens:
        yield token
        yield from all_tokens(token.children or ())


def render_markdown(tokens: Sequence[Token], *, deeper: int) -> SafeString:
    """The HTML of the tokens, with headings so many levels deeper."""
    for token in tokens:
        if token.type in {"heading_open", "heading_close"}:
            token.tag = f"h{int(token.tag[1:]) + deeper}"
    html = commonmark.renderer.render(tokens, commonmark.options, {})
    return mark_safe(html)  # noqa: S308 - texts of ours, and the parser escapes HTML


def site(request: HttpRequest) -> dict[str, object]:
    """The context processor."""
    return {
        # Asked for where a page has them. No functions: blocktranslate would not call them.
        **{f"advice_{name}": SimpleLazyObject(SITE_FACTS[name]) for name in ("phone", "email", "hours")},
        "development": settings.DEVELOPMENT,
        "site_url": settings.SITE_URL,
        "other_languages": other_languages(request),
    }


def other_languages(request: HttpRequest) -> list[tuple[str, str]]:
    """Code and name of the languages that a page can be switched to. The staff site is in English alone."""
    if request.path_info.startswith(STAFF_SITE_PATH):
        return []
    return [(code, name) for code, name in settings.LANGUAGES if code != get_language()]
