"""How often the pages of accounts may be sent, and how often emails to one address be asked for (ADR 42).

allauth's own limits are switched off (ctac/settings.py): they live in a cache, which may be lost and is not shared.
"""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from functools import wraps
from typing import Concatenate, ParamSpec

from allauth.account.adapter import get_adapter
from allauth.core.exceptions import ImmediateHttpResponse
from allauth.mfa import app_settings as mfa_settings
from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.utils import timezone

from ctac.logs import request_reference
from professionals import limits, throttles
from professionals.models import By, Where
from professionals.throttles import Throttle

P = ParamSpec("P")
View = Callable[Concatenate[HttpRequest, P], HttpResponseBase]
Account = AbstractBaseUser | AnonymousUser
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


@dataclass(frozen=True)
class Rate:
    by: By
    most: int
    window: timedelta


# Each email that somebody else may ask for counts by the address that it goes to: a shared mailbox of a ward gets by with
# 30 codes a day, and nobody's is flooded.
MAIL_TO_ONE_ADDRESS = (Rate(By.MAILBOX, 10, HOUR), Rate(By.MAILBOX, 30, DAY))
# Of several the first that is full is told to staff: those of one person stand before those that many share.
RATES: dict[str, tuple[Rate, ...]] = {
    "signup": (Rate(By.NETWORK, 20, MINUTE),),
    "confirm_email": (Rate(By.MAILBOX, 5, 5 * MINUTE), *MAIL_TO_ONE_ADDRESS),
    "login": (Rate(By.NETWORK, 30, MINUTE),),
    "request_login_code": (Rate(By.MAILBOX, 3, MINUTE), *MAIL_TO_ONE_ADDRESS, Rate(By.NETWORK, 20, MINUTE)),
    # Wrong passwords count by the mailbox, wrong second factors by the account.
    "login_failed": (Rate(By.MAILBOX, 5, 5 * MINUTE), Rate(By.ACCOUNT, 5, 5 * MINUTE), Rate(By.NETWORK, 10, MINUTE)),
    "webauthn_login": (Rate(By.NETWORK, 40, MINUTE),),  # two to a sign-in; a whole hospital may have one address
    "reset_password": (Rate(By.MAILBOX, 5, MINUTE), *MAIL_TO_ONE_ADDRESS, Rate(By.NETWORK, 20, MINUTE)),
    "reset_password_from_key": (Rate(By.NETWORK, 20, MINUTE),),
    "reauthenticate": (Rate(By.ACCOUNT, 10, MINUTE),),
    "change_password": (Rate(By.ACCOUNT, 5, MINUTE),),
    # A code goes to an address that is not theirs yet.
    "manage_email": (Rate(By.ACCOUNT, 10, MINUTE), Rate(By.ACCOUNT, 20, DAY)),
}
FORMS = {
    "signup": Where.SIGN_UP,
    "confirm_email": Where.SIGN_UP,
    "login": Where.SIGN_IN,
    "request_login_code": Where.SIGN_IN,
    "login_failed": Where.SIGN_IN,
    "webauthn_login": Where.SIGN_IN,
    "reset_password": Where.PASSWORD,
    "reset_password_from_key": Where.PASSWORD,
}


def stopped(request: HttpRequest, action: str, *, address: str = "", user: Account | None = None) -> bool:
    """Count one try by each rate of the action whose mailbox or account is given, or keep for staff that it was one too many."""
    counted = _throttles(request, action, address, user)
    where = FORMS.get(action, Where.ACCOUNT)
    return throttles.stopped(request, where, counted, timezone.now(), address=address) is not None


def give_back(request: HttpRequest, action: str, *, address: str = "", user: Account | None = None) -> None:
    """What was counted turned out well."""
    for throttle in _throttles(request, action, address, user):
        limits.give_back(throttle.key)


def clear(request: HttpRequest, action: str, *, address: str = "", user: Account | None = None) -> None:
    """The mailbox or the account begins anew. Their network gets this try back: with all of them one account of a stranger's own
    would open the others.
    """
    for throttle in _throttles(request, action, address, user):
        if throttle.by == By.NETWORK:
            limits.give_back(throttle.key)
        else:
            limits.clear([throttle.key])


def _throttles(request: HttpRequest, action: str, address: str, user: Account | None) -> list[Throttle]:
    known = {
        By.NETWORK: limits.client_address(request),
        By.MAILBOX: limits.mailbox(address),
        By.ACCOUNT: str(user.pk or "") if user else "",
    }
    return [
        Throttle(rate.by, f"{action}:{rate.most}/{rate.window}:{rate.by}:{known[rate.by]}", rate.most, rate.window)
        for rate in RATES[action]
        if known[rate.by]
    ]


def too_many(request: HttpRequest) -> HttpResponse:
    return render(request, "errors/429.html", {"reference": request_reference.get()}, status=429)


def limited(action: str) -> Callable[[View[P]], View[P]]:
    """For a view: whatever is sent to it counts, by the network and by the account that is signed in."""

    def decorate(view: View[P]) -> View[P]:
        @wraps(view)
        def wrapper(request: HttpRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
            if request.method not in {"GET", "HEAD", "OPTIONS"} and stopped(request, action, user=request.user):
                return too_many(request)
            return view(request, *args, **kwargs)

        return wrapper

    return decorate


def confirm_email_or_refuse(request: HttpRequest, address: str) -> None:
    """Count one email that asks whether this address is theirs. allauth's views show what is raised."""
    if stopped(request, "confirm_email", address=address):
        raise ImmediateHttpResponse(too_many(request))


@contextmanager
def few_tries(request: HttpRequest, user: Account, refusal: str = "too_many_login_attempts") -> Iterator[None]:
    """To check a second factor: five wrong ones stop the next, on whichever page. What is right is not counted."""
    if stopped(request, "login_failed", user=user):
        raise get_adapter().validation_error(refusal)
    yield
    clear(request, "login_failed", user=user)


def is_first_use(user_pk: int, code: str) -> bool:
    """True the first time that this person's code of the app is used, in all the time that it is valid."""
    valid_for = timedelta(seconds=mfa_settings.TOTP_PERIOD * (2 * mfa_settings.TOTP_TOLERANCE + 1))
    digits = re.sub(r"\D", "", code)  # allauth takes it with spaces and hyphens
    return not limits.exceeded({f"totp:{user_pk}:{digits}": (1, valid_for)}, timezone.now())
