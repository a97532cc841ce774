"""What pages of several apps share: private addresses, histories a page at a time, Markdown, and what every template may show."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.cache import patch_cache_control
from django.utils.functional import SimpleLazyObject
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language
from markdown_it import MarkdownIt
from markdown_it.token import Token

from ctac.middleware import STAFF_SITE


def keep_private(request: HttpRequest, response: HttpResponse, *, has_a_form: bool) -> HttpResponse:
    """For an address that opens a page to whoever has it: no cache, no search engine and no other site learns of it.

    Under "no-referrer" a browser sends a form with "Origin: null", which the protection against forged requests must refuse.

    So pages with a form say "strict-origin": who we are, never which page. Before it draws the page a view says
    `request.address_is_private`, and the foot of a printed page leaves the address out.
    """
    patch_cache_control(response, private=True, no_store=True)
    response.headers["Referrer-Policy"] = "strict-origin" if has_a_form else "no-referrer"
    response.headers["X-Robots-Tag"] = "noindex, nofollow"
    return response


# Of an email's HTML as a page for a sandboxed iframe: the one exception from the site's policy (product.md, pages).
POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src 'self'; form-action 'none'; frame-ancestors 'self'; sandbox"


def framed(html: str, *, allow: str = "", styles: str = "'unsafe-inline'") -> HttpResponse:
    """The HTML with its styles, and nothing that runs or leaves; `allow` names what the sandbox lets through."""
    response = HttpResponse(html)
    response["Content-Security-Policy"] = f"{POLICY} {allow}".strip().replace("'unsafe-inline'", styles)
    response["X-Frame-Options"] = "SAMEORIGIN"
    return response


ON_A_PAGE = 10


@dataclass(frozen=True)
class HistoryPage:
    """Some rows, which page of all of them, and the queries of the first page and those beside it; "" where there is none."""

    rows: list[Any]
    number: int
    newer: str
    older: str
    newest: str


def page_in(asked: str) -> int:
    """The number of a page in an address; the first if it is none."""
    return max(1, int(asked)) if re.fullmatch(r"[0-9]{1,4}", asked, re.ASCII) else 1


def history_page(rows: QuerySet[Any], name: str, query: Mapping[str, str], *, among: tuple[str, ...]) -> HistoryPage:
    """One page of `rows`, whose number the address gives as `name`. One statement, because nothing is counted.

    Its links keep the numbers of the other lists of the page, all of which `among` names.
    """
    numbers = {other: page_in(query.get(other, "")) for other in among}
    number = numbers[name]
    first = (number - 1) * ON_A_PAGE
    found = list(rows[first : first + ON_A_PAGE + 1])  # one more than is shown: whether there are others

    def at(page: int) -> str:
        return f"?{urlencode({key: value for key, value in (numbers | {name: page}).items() if value > 1})}"

    return HistoryPage(
        rows=found[:ON_A_PAGE],
        number=number,
        newer=at(number - 1) if number > 1 and found else "",
        older=at(number + 1) if len(found) > ON_A_PAGE else "",
        newest=at(1) if number > 1 and not found else "",
    )


# What staff have set and pages say: "phone", "email", "hours", "help_email", "help_phone", "charity". The app `office` gives them
# in its AppConfig.
FACTS: dict[str, Callable[[], Any]] = {}
# What the pages that confirm an order or a place offer besides, as HTML or nothing: a higher app adds it in its AppConfig.
OFFERS: list[Callable[[HttpRequest], str]] = []

# CommonMark with tables, and no HTML of its own.
commonmark = MarkdownIt("commonmark", {"html": False}).enable("table")


def all_tokens(tokens: Sequence[Token]) -> Iterator[Token]:
    for token in tokens:
        yield token
        yield from all_tokens(token.children or ())


def draw_markdown(tokens: Sequence[Token], *, deeper: int) -> SafeString:
    """With its headings so many levels deeper."""
    for token in tokens:
        if token.type in {"heading_open", "heading_close"}:
            token.tag = f"h{int(token.tag[1:]) + deeper}"
    html = commonmark.renderer.render(tokens, commonmark.options, {})
    return mark_safe(html)  # noqa: S308 - texts of ours, and the parser escapes HTML


def site(request: HttpRequest) -> dict[str, object]:
    """The context processor."""
    return {
        # Asked for where a page has them. No functions: blocktranslate would not call them.
        **{f"advice_{name}": SimpleLazyObject(FACTS[name]) for name in ("phone", "email", "hours")},
        "development": settings.DEVELOPMENT,
        "site_url": settings.SITE_URL,
        "other_languages": other_languages(request),
    }


def other_languages(request: HttpRequest) -> list[tuple[str, str]]:
    """Code and name of those that a page can be switched to; the staff site is in English alone."""
    if request.path_info.startswith(STAFF_SITE):
        return []
    return [(code, name) for code, name in settings.LANGUAGES if code != get_language()]
