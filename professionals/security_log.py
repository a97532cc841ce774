"""Who came in and how, and what was changed about the way in, a line each in the log: by key, never by name or address.

Asked for by OWASP ASVS 5.0, V16.3.1. What was done with bookings, orders and messages stands in their histories.
"""

import logging
from typing import Any

from allauth.account import signals as account
from allauth.account.internal.flows.login import get_authentication_records
from allauth.mfa import signals as mfa
from allauth.mfa.models import Authenticator
from django.contrib.auth import signals as auth
from django.dispatch import Signal
from django.http import HttpRequest

from professionals.models import User

logger = logging.getLogger("ctac.security")
CHANGES: dict[Signal, str] = {
    account.password_set: "password set",
    account.password_changed: "password changed",
    account.password_reset: "password reset",
    account.email_changed: "address changed",
    mfa.authenticator_added: "second factor added",
    mfa.authenticator_removed: "second factor removed",
    mfa.authenticator_reset: "recovery codes renewed",
}


def install() -> None:
    auth.user_logged_in.connect(signed_in)
    auth.user_logged_out.connect(signed_out)
    auth.user_login_failed.connect(refused)
    for signal in CHANGES:
        signal.connect(changed)


def signed_in(request: HttpRequest, user: User, **_: Any) -> None:
    ways = sorted({way_of(record) for record in get_authentication_records(request, user)})
    logger.info("signed in: user %s by %s", user.pk, " and ".join(ways) or "another way")


def way_of(record: dict[str, Any]) -> str:
    return "passkey" if record.get("type") == Authenticator.Type.WEBAUTHN else str(record["method"])


def signed_out(user: User | None, **_: Any) -> None:
    if user is not None:
        logger.info("signed out: user %s", user.pk)


def refused(**_: Any) -> None:
    """Not whose: to look that up would take longer for an address that has an account."""
    logger.warning("password refused")


def changed(signal: Signal, user: User, authenticator: Authenticator | None = None, **_: Any) -> None:
    what = CHANGES[signal]
    if authenticator is not None and authenticator.type == Authenticator.Type.WEBAUTHN:
        what = what.replace("second factor", "passkey")
    logger.info("%s: user %s", what, user.pk)
