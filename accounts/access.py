"""Who is signed in and where to go back to; and reauthentication before what would do most harm (ADR 9)."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Concatenate, ParamSpec
from urllib.parse import urlencode, urlsplit

from allauth.account.authentication import get_authentication_records
from allauth.mfa.utils import is_mfa_enabled
from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.shortcuts import redirect
from django.urls import resolve, reverse
from django.utils.http import url_has_allowed_host_and_scheme

from accounts import sessions
from accounts.models import User

P = ParamSpec("P")
View = Callable[Concatenate[HttpRequest, P], HttpResponse]
ResponseView = Callable[Concatenate[HttpRequest, P], HttpResponseBase]


def signed_in(request: HttpRequest) -> User:
    """The user, in a view that requires one."""
    user: User = request.user  # type: ignore[assignment]
    return user


def with_next(url_name: str, next_url: str) -> str:
    return f"{reverse(url_name)}?{urlencode({'next': next_url})}"


def safe_next(request: HttpRequest) -> str:
    """The page of ours that the form or the address names to go on to, or ''. Its path: a bare word could be a route's name."""
    url = request.POST.get("next") or request.GET.get("next") or ""
    return url if url.startswith("/") and is_own_page(request, url) else ""


def return_path(request: HttpRequest) -> str:
    """This page; for a form that was sent, the page it was sent from, since the sending itself can't be repeated by a link."""
    if request.method in {"GET", "HEAD"}:
        return request.get_full_path()
    referrer = request.headers.get("Referer", "")
    if referrer and is_own_page(request, referrer):
        parts = urlsplit(referrer)
        return parts.path + (f"?{parts.query}" if parts.query else "")
    return request.get_full_path()


def is_own_page(request: HttpRequest, url: str) -> bool:
    """Whether it leads to a page of this site; what can't be read as an address doesn't."""
    return url_has_allowed_host_and_scheme(url, allowed_hosts={request.get_host()}, require_https=request.is_secure())


# Somebody may be in the middle of a booking or an order when they are asked to sign in: the pages on the way go on saying so.


@dataclass(frozen=True)
class Progress:
    """How far they are, the page before this, and the time that is kept for them, which `banner` shows."""

    caption: str
    back_url: str
    kept: object = None
    banner: str = ""


def shows_progress(progress: Callable[..., Progress | None]) -> Callable[[ResponseView[P]], ResponseView[P]]:
    """For a view to which people go on after signing in: `progress` takes the same arguments as the view."""

    def decorate(view: ResponseView[P]) -> ResponseView[P]:
        view.progress = progress  # type: ignore[attr-defined]
        return view

    return decorate


def progress_at(request: HttpRequest, onward: str) -> Progress | None:
    """The progress that the page to go on to tells of, if it does."""
    try:
        match = resolve(urlsplit(onward).path)
        progress: Progress | None = match.func.progress(request, **match.kwargs) if hasattr(match.func, "progress") else None
    except Http404:
        return None
    return progress


# Reauthentication is asked for before what would do most harm if a stranger sat at the computer (ADR 9): by the second factor, of
# those who have one, as all staff do; of others by password or a code by email.

SECOND_FACTOR = "mfa"
OTHER_METHODS = {"code", "password"}


def recently_reauthenticated(request: HttpRequest, *, enrolling: bool = False) -> bool:
    """Within ACCOUNT_REAUTHENTICATION_TIMEOUT seconds, by the strongest method that they have.

    For staff who have no second factor yet nothing is enough but enrolling one.
    """
    if not request.user.is_authenticated:
        return False
    user, since = signed_in(request), time.time() - settings.ACCOUNT_REAUTHENTICATION_TIMEOUT
    methods = {record["method"] for record in get_authentication_records(request, user) if record["at"] > since}
    if SECOND_FACTOR in methods:
        return True
    return bool(methods & OTHER_METHODS) and (enrolling or not user.is_staff) and not has_second_factor(user)


def has_second_factor(user: User) -> bool:
    """Read off what the authentication backend annotates; a statement only in the request in which somebody signs in."""
    annotated = getattr(user, "has_second_factor", None)
    return bool(is_mfa_enabled(user) if annotated is None else annotated)


def ask_to_reauthenticate(request: HttpRequest, *, enrolling: bool = False, afterwards: str = "") -> HttpResponseRedirect | None:
    """None if it is recent; else a redirect to the page that asks, which leads back here. The signed out sign in first.

    A form that was sent is kept for its owner to send once more. `afterwards` is where to go on instead of to this page: for a
    download, which would leave the browser on the page that asks.
    """
    if not request.user.is_authenticated:
        return redirect(with_next("account_login", return_path(request)))
    if recently_reauthenticated(request, enrolling=enrolling):
        return None
    kept = request.method == "POST" and sessions.keep_unsubmitted_form(request, signed_in(request).pk, asked_again=True)
    onward = reverse("account_sent_late") if kept else afterwards or return_path(request)
    return redirect(with_next(reauthentication_page(signed_in(request), enrolling=enrolling), onward))


def reauthentication_page(user: User, *, enrolling: bool = False) -> str:
    if has_second_factor(user):
        return "mfa_reauthenticate"
    return "mfa_activate_totp" if user.is_staff and not enrolling else "account_reauthenticate"


def reauthentication_required(view: ResponseView[P]) -> ResponseView[P]:
    @wraps(view)
    def wrapper(request: HttpRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        return ask_to_reauthenticate(request) or view(request, *args, **kwargs)

    return wrapper
