"""allauth's rate limits and its list of used TOTP codes, kept in our table instead of the cache.

allauth keeps each limit as a list in Django's cache, which here may be lost, and may not be shared or atomic. It offers no
setting for this, so `install()`, called in AppConfig.ready(), puts our functions in the place of three of its own. allauth's
callers all reach them through the module, as `ratelimit.consume(…)`; tests/professionals/test_allauth_limits.py fails when
an update of allauth no longer does.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from allauth.core.exceptions import RateLimited
from allauth.core.internal import ratelimit
from allauth.mfa import app_settings as mfa_settings
from allauth.mfa.totp.internal import auth as totp
from django.http import HttpRequest
from django.utils import timezone

from professionals import limits
from professionals.access import person_in
from professionals.models import By, Person, Where, Why
from professionals.services import keep_stopped


@dataclass(frozen=True)
class Usage:
    """What a caller gets for an allowed try, to take it back when the try turned out well."""

    keys: tuple[str, ...] = ()

    def rollback(self) -> None:
        for key in self.keys:
            limits.give_back(key)


def consume(
    request: HttpRequest,
    *,
    app: str,
    action: str,
    config: dict[str, str] | None = None,
    key: str | None = None,
    user: Any = None,
    dry_run: bool = False,
    limit_get: bool = False,
    raise_exception: bool = False,
) -> Usage | None:
    """Count one try against every rate of the action, in one statement. None, or RateLimited, when it is one too many.

    That is kept for staff to see, in a second statement.
    """
    if request.method == "GET" and not limit_get:
        return Usage()
    rates = _rates(request, app, action, config, key, user)
    now = timezone.now()
    if dry_run:
        too_many = any(hits >= rates[key][0] for key, hits in limits.hits(rates, now).items())
    else:
        too_many = stopped(request, action, rates, key, now)
    if too_many and raise_exception:
        raise RateLimited
    return None if too_many else Usage(tuple(rates))


WHERE = {
    "signup": Where.SIGN_UP,
    "confirm_email": Where.SIGN_UP,
    "login": Where.SIGN_IN,
    "login_failed": Where.SIGN_IN,
    "request_login_code": Where.SIGN_IN,
    "webauthn_login": Where.SIGN_IN,
    "reset_password": Where.PASSWORD,
    "reset_password_from_key": Where.PASSWORD,
}
BY = {"ip": By.NETWORK, "user": By.ACCOUNT, "key": By.MAILBOX}


def stopped(
    request: HttpRequest, action: str, rates: dict[str, tuple[int, timedelta]], mailbox: str | None, now: datetime
) -> bool:
    """By whom allauth counts stands in its name of the key: 'allauth:rl:…:5/300/key:…'."""
    found = limits.admit(rates, now)
    for full in found[:1]:
        by = next((by for name, by in BY.items() if f"/{name}:" in full.key), By.NOBODY)
        whose = person_in(request) or (Person.objects.with_email(mailbox).first() if mailbox else None)
        keep_stopped(where=WHERE.get(action, Where.ACCOUNT), why=Why.THROTTLE, by=by, key=full.key, person=whose, now=now)
    return bool(found)


def clear(
    request: HttpRequest, *, app: str, action: str, config: dict[str, str] | None = None, key: str | None = None, user: Any = None
) -> None:
    limits.clear(_rates(request, app, action, config, key, user))


def mark_code_used(self: totp.TOTP, code: str) -> bool:
    """True the first time that this person's code is used, in all the time that it is valid."""
    return first_use(self.instance.user_id, code)


def first_use(user_pk: int, code: str) -> bool:
    valid_for = timedelta(seconds=mfa_settings.TOTP_PERIOD * (2 * mfa_settings.TOTP_TOLERANCE + 1))
    key = f"totp:{user_pk}:{totp.normalize_user_code(code)}"
    return not limits.exceeded({key: (1, valid_for)}, timezone.now())


def _rates(
    request: HttpRequest, app: str, action: str, config: dict[str, str] | None, key: str | None, user: Any
) -> dict[str, tuple[int, timedelta]]:
    """allauth's rates for the action ('3/m/key'), by the name that its own cache key has."""
    return {
        ratelimit.get_cache_key(request, app=app, action=action, rate=rate, key=_one_mailbox(key), user=user): (
            rate.amount,
            timedelta(seconds=rate.duration),
        )
        for rate in ratelimit.get_rates(app=app, action=action, config=config)
    }


def _one_mailbox(key: str | None) -> str | None:
    """allauth's keys are addresses: in whatever letters one is written, it is one mailbox."""
    return None if key is None else limits.hashed(limits.mailbox(key))


REPLACED: tuple[tuple[Any, str, Callable[..., Any]], ...] = (
    (ratelimit, "consume", consume),
    (ratelimit, "clear", clear),
    (totp.TOTP, "_mark_code_used", mark_code_used),
)


def install() -> None:
    """Raises AttributeError at the start if allauth has renamed what we replace."""
    for owner, name, ours in REPLACED:
        getattr(owner, name)
        setattr(owner, name, ours)
