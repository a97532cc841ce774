"""Who is signed in, and the page to go back to."""

from collections.abc import Callable
from typing import Concatenate, ParamSpec
from urllib.parse import urlencode, urlsplit

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme

from professionals.models import User

P = ParamSpec("P")
View = Callable[Concatenate[HttpRequest, P], HttpResponse]


def signed_in(request: HttpRequest) -> User:
    """The user, in a view that requires one."""
    user: User = request.user  # type: ignore[assignment]
    return user


def with_next(url_name: str, next_url: str) -> str:
    return f"{reverse(url_name)}?{urlencode({'next': next_url})}"


def safe_next(request: HttpRequest) -> str:
    """The page of ours that the form or the address names to go on to, or ''. Its path: a bare word could be a route's name."""
    url = request.POST.get("next") or request.GET.get("next") or ""
    return url if url.startswith("/") and is_ours(request, url) else ""


def where_to_return(request: HttpRequest) -> str:
    """This page; for a form that was sent, the page it was sent from, since the sending itself can't be repeated by a link."""
    if request.method in {"GET", "HEAD"}:
        return request.get_full_path()
    referrer = request.headers.get("Referer", "")
    if referrer and is_ours(request, referrer):
        parts = urlsplit(referrer)
        return parts.path + (f"?{parts.query}" if parts.query else "")
    return request.get_full_path()


def is_ours(request: HttpRequest, url: str) -> bool:
    """Whether it leads to a page of this site; what can't be read as an address doesn't."""
    return url_has_allowed_host_and_scheme(url, allowed_hosts={request.get_host()}, require_https=request.is_secure())
