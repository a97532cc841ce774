"""Who is signed in, and where to go back to; reauthentication before the acts that could do most harm (ADR 9)."""

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
ViewFunction = Callable[Concatenate[HttpRequest, P], HttpResponse]
ResponseView = Callable[Concatenate[HttpRequest, P], HttpResponseBase]


def signed_in_user(request: HttpRequest) -> User:
    """The user, in a view that requires one."""
    user: User = request.user  # type: ignore[assignment]
    return user


def url_with_next(url_name: str, next_url: str) -> str:
    return f"{reverse(url_name)}?{urlencode({'next': next_url})}"


def safe_next_url(request: HttpRequest) -> str:
    """The page of ours in `next`, in the form or the address, or ''. Only a path: a bare word could be the name of a route."""
    url = request.POST.get("next") or request.GET.get("next") or ""
    return url if url.startswith("/") and is_own_page(request, url) else ""


def return_path(request: HttpRequest) -> str:
    """The path of this page. For a form that was posted, the page that it was sent from, since a link can't post it again."""
    if request.method in {"GET", "HEAD"}:
        return request.get_full_path()
    referrer = request.headers.get("Referer", "")
    if referrer and is_own_page(request, referrer):
        parts = urlsplit(referrer)
        return parts.path + (f"?{parts.query}" if parts.query else "")
    return request.get_full_path()


def is_own_page(request: HttpRequest, url: str) -> bool:
    """Whether the URL leads to a page of this site. One that can't be read doesn't."""
    return url_has_allowed_host_and_scheme(url, allowed_hosts={request.get_host()}, require_https=request.is_secure())


# Somebody may be asked to sign in in the middle of a booking or an order. The pages on the way keep showing that.


@dataclass(frozen=True)
class Progress:
    """How far somebody is, the page before this one, and the time that is held for them, which `banner` shows."""

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


def progress_for_url(request: HttpRequest, onward: str) -> Progress | None:
    """The progress of the page to go on to, if it has one."""
    try:
        match = resolve(urlsplit(onward).path)
        progress: Progress | None = match.func.progress(request, **match.kwargs) if hasattr(match.func, "progress") else None
    except Http404:
        return None
    return progress


# Reauthentication comes before the acts that could do most harm if a stranger sat at the computer (ADR 9). People with a second
# factor, as all staff have, use that; others use their password or a code by email.

SECOND_FACTOR_METHOD = "mfa"
FIRST_FACTOR_METHODS = {"code", "password"}


def has_recently_reauthenticated(request: HttpRequest, *, enrolling: bool = False) -> bool:
    """Whether they did, within ACCOUNT_REAUTHENTICATION_TIMEOUT seconds, by the strongest method that they have.

    For staff who have no second factor yet, nothing but enrolling one is enough.
    """
    if not request.user.is_authenticated:
        return False
    user, since = signed_in_user(request), time.time() - settings.ACCOUNT_REAUTHENTICATION_TIMEOUT
    methods = {record["method"] for record in get_authentication_records(request, user) if record["at"] > since}
    if SECOND_FACTOR_METHOD in methods:
        return True
    return bool(methods & FIRST_FACTOR_METHODS) and (enrolling or not user.is_staff) and not has_second_factor(user)


def has_second_factor(user: User) -> bool:
    """Whether they have a second factor, as annotated by the authentication backend.

    Only the request that signs in needs a statement.
    """
    annotated = getattr(user, "has_second_factor", None)
    return bool(is_mfa_enabled(user) if annotated is None else annotated)


def ask_to_reauthenticate(request: HttpRequest, *, enrolling: bool = False, afterwards: str = "") -> HttpResponseRedirect | None:
    """None if they did so recently; otherwise a redirect to the page that asks, which leads back here. Sign-in comes first.

    A posted form is kept for its owner to send once more. `afterwards` is a page to go on to instead of this one: for a download,
    which would leave the browser on the page that asks.
    """
    if not request.user.is_authenticated:
        return redirect(url_with_next("account_login", return_path(request)))
    if has_recently_reauthenticated(request, enrolling=enrolling):
        return None
    kept = request.method == "POST" and sessions.keep_unsubmitted_form(request, signed_in_user(request).pk, asked_again=True)
    onward = reverse("account_sent_late") if kept else afterwards or return_path(request)
    return redirect(url_with_next(reauthentication_url_name(signed_in_user(request), enrolling=enrolling), onward))


def reauthentication_url_name(user: User, *, enrolling: bool = False) -> str:
    if has_second_factor(user):
        return "mfa_reauthenticate"
    return "mfa_activate_totp" if user.is_staff and not enrolling else "account_reauthenticate"


def reauthentication_required(view: ResponseView[P]) -> ResponseView[P]:
    @wraps(view)
    def wrapper(request: HttpRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        return ask_to_reauthenticate(request) or view(request, *args, **kwargs)

    return wrapper
