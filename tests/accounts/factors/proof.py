"""Browsers whose last proof is some minutes old, and codes of an authenticator app."""

import time
from typing import Any

from allauth.account.internal.flows.login import AUTHENTICATION_METHODS_SESSION_KEY
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value
from django.test import Client

from accounts import encryption
from accounts.models import User

SECRET = "CTACTRYITOUTATHOMEONLY234567ABCD"
FACTOR_AGAIN = "/account/2fa/reauthenticate/"
CODE_AGAIN = "/account/reauthenticate/code/"
PASSWORD_AGAIN = "/account/reauthenticate/"
SENT_LATE = "/account/sent-late/"


def enrol(user: User) -> Authenticator:
    return Authenticator.objects.create(user=user, type="totp", data={"secret": encryption.encrypt(SECRET)})


def totp(step: int = 0) -> str:
    """What the app shows now, or so many half minutes later."""
    return str(format_hotp_value(hotp_value(SECRET, int(time.time()) // 30 + step)))


def grow_old(client: Client, minutes: float = 11) -> Client:
    """Everything by which this browser has shown who it is was so long ago."""
    session = client.session
    records: list[dict[str, Any]] = session[AUTHENTICATION_METHODS_SESSION_KEY]
    session[AUTHENTICATION_METHODS_SESSION_KEY] = [{**each, "at": each["at"] - 60 * minutes} for each in records]
    session.save()
    return client
