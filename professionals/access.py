"""Who may see a page: someone who is signed in and whom we know as a person."""

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec
from urllib.parse import urlencode, urlsplit

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme

from professionals.models import Person, User

P = ParamSpec("P")
View = Callable[Concatenate[HttpRequest, P], HttpResponse]


def person_required(view: View[P]) -> View[P]:
    """Sends the signed-out to sign in and those without a Person to the details page; both come back here after."""

    @wraps(view)
    def wrapper(request: HttpRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        if not request.user.is_authenticated:
            return redirect(with_next("account_login", where_to_return(request)))
        if not request.person:  # type: ignore[attr-defined]
            return redirect(with_next("account_details", where_to_return(request)))
        return view(request, *args, **kwargs)

    return wrapper


def person_in(request: HttpRequest) -> Person | None:
    """request.person as a plain row, or None; PersonMiddleware sets it."""
    person: Person | None = request.person or None  # type: ignore[attr-defined]
    return person


def the_person(request: HttpRequest) -> Person:
    """The person, in a view that requires one."""
    person: Person = request.person  # type: ignore[attr-defined]
    return person


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
