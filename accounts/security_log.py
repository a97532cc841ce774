"""Who came in and how, and what was changed about the way in: a line each in the log and a row in the audit, by key alone.

Asked for by OWASP ASVS 5.0, V16.3.1. What was done with bookings, orders and messages stands in their histories.
"""

import logging
from typing import Any

from allauth.account import signals as account
from allauth.account.authentication import get_authentication_records
from allauth.mfa import signals as mfa
from allauth.mfa.models import Authenticator
from django.contrib.auth import signals as auth
from django.contrib.auth.models import Group
from django.db.models.signals import m2m_changed
from django.dispatch import Signal
from django.http import HttpRequest

from accounts.models import User
from accounts.roles import BY_NAME
from audit.models import Act
from audit.services import About, acting, record

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


def connect_security_log() -> None:
    auth.user_logged_in.connect(log_sign_in)
    auth.user_logged_out.connect(log_sign_out)
    auth.user_login_failed.connect(log_refused_password)
    mfa.authentication_failed.connect(log_refused_code)
    for signal in CHANGES:
        signal.connect(log_change)
    m2m_changed.connect(log_roles, sender=User.groups.through)


def log_sign_in(request: HttpRequest, user: User, **_: Any) -> None:
    ways = sorted({sign_in_method(record) for record in get_authentication_records(request, user)})
    logger.info("signed in: user %s by %s", user.pk, " and ".join(ways) or "another way")
    record(Act.SIGNED_IN, by=user.pk, about=About.of(user), whats=[", ".join(ways)])


def sign_in_method(record: dict[str, Any]) -> str:
    return "passkey" if record.get("type") == Authenticator.Type.WEBAUTHN else str(record["method"])


def log_sign_out(user: User | None, **_: Any) -> None:
    if user is not None:
        logger.info("signed out: user %s", user.pk)
        record(Act.SIGNED_OUT, by=user.pk, about=About.of(user))


def log_refused_password(**_: Any) -> None:
    """Not whose: to look that up would take longer for an address that has an account."""
    logger.warning("password refused")
    record(Act.NOT_LET_IN, whats=["password"])


def log_refused_code(user: User, **_: Any) -> None:
    """Of the second factor: whose it is, the first step has shown."""
    logger.warning("second factor refused: user %s", user.pk)
    record(Act.NOT_LET_IN, by=user.pk, about=About.of(user), whats=["second factor"])


def log_refused_answer(what: str, by: int | None) -> None:
    """A code by email, or a password that was asked for again; of somebody who is not signed in, not whose."""
    record(Act.NOT_LET_IN, by=by, whats=[what])


def log_change(signal: Signal, user: User, authenticator: Authenticator | None = None, **_: Any) -> None:
    what = CHANGES[signal]
    if authenticator is not None and authenticator.type == Authenticator.Type.WEBAUTHN:
        what = what.replace("second factor", "passkey")
    logger.info("%s: user %s", what, user.pk)
    record(Act.CREDENTIALS, by=acting.get() or user.pk, about=About.of(user), whats=[what])


ROLE_ACTS = {"post_add": Act.ROLE_GIVEN, "post_remove": Act.ROLE_TAKEN}


def log_roles(instance: User, action: str, pk_set: set[int] | None, **_: Any) -> None:
    """However it is done: on the page of an account, or by a command."""
    if action in ROLE_ACTS and pk_set:
        names = Group.objects.filter(pk__in=pk_set).order_by("name").values_list("name", flat=True)
        slugs = [BY_NAME[name].slug if name in BY_NAME else "no role" for name in names]
        record(ROLE_ACTS[action], by=acting.get(), about=About.of(instance), whats=slugs)
