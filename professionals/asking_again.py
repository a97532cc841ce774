"""Whoever is signed in shows again that it is they, before what would do most harm if a stranger sat at their computer (ADR 65).

Who has a second factor shows that one, and staff have one; others type their password or a code from an email.
"""

import time
from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec

from allauth.account.authentication import get_authentication_records
from allauth.mfa.utils import is_mfa_enabled
from django.conf import settings
from django.http import HttpRequest, HttpResponseBase, HttpResponseRedirect
from django.shortcuts import redirect
from django.urls import reverse

from professionals import sent_late
from professionals.access import signed_in, where_to_return, with_next
from professionals.models import User

P = ParamSpec("P")
View = Callable[Concatenate[HttpRequest, P], HttpResponseBase]
SECOND_FACTOR = "mfa"
OTHERS = {"code", "password"}


def recently_proved(request: HttpRequest, *, enrolling: bool = False) -> bool:
    """Whether they have shown who they are within ACCOUNT_REAUTHENTICATION_TIMEOUT seconds, with the best that they have.

    For staff who have no second factor yet nothing is enough but enrolling one.
    """
    if not request.user.is_authenticated:
        return False
    user, since = signed_in(request), time.time() - settings.ACCOUNT_REAUTHENTICATION_TIMEOUT
    shown = {record["method"] for record in get_authentication_records(request, user) if record["at"] > since}
    if SECOND_FACTOR in shown:
        return True
    return bool(shown & OTHERS) and (enrolling or not user.is_staff) and not has_second_factor(user)


def has_second_factor(user: User) -> bool:
    """The backend has read it along; only for somebody who signed in with this very request it is asked."""
    read = getattr(user, "has_second_factor", None)
    return bool(is_mfa_enabled(user) if read is None else read)


def ask_again(request: HttpRequest, *, enrolling: bool = False, afterwards: str = "") -> HttpResponseRedirect | None:
    """None for who has just shown it; else the way to the page that asks, and from there back; to sign in for the signed out.

    A form that was sent is kept for its owner to send once more. `afterwards` is where to go on instead of to this page: for a
    download, which would leave the browser on the page that asks.
    """
    if not request.user.is_authenticated:
        return redirect(with_next("account_login", where_to_return(request)))
    if recently_proved(request, enrolling=enrolling):
        return None
    kept = request.method == "POST" and sent_late.keep(request, signed_in(request).pk, asked_again=True)
    onward = reverse("account_sent_late") if kept else afterwards or where_to_return(request)
    return redirect(with_next(page_that_asks(signed_in(request), enrolling=enrolling), onward))


def page_that_asks(user: User, *, enrolling: bool = False) -> str:
    if has_second_factor(user):
        return "mfa_reauthenticate"
    return "mfa_activate_totp" if user.is_staff and not enrolling else "account_reauthenticate"


def asks_again(view: View[P]) -> View[P]:
    @wraps(view)
    def wrapper(request: HttpRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        return ask_again(request) or view(request, *args, **kwargs)

    return wrapper
