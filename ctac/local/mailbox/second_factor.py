"""The code that the sample staff login needs now: a stranger who tries the product has no authenticator set up for it."""

import time
from dataclasses import dataclass

from allauth.mfa import app_settings
from allauth.mfa.models import Authenticator
from allauth.mfa.utils import decrypt

from professionals.allauth_internals import format_hotp_value, hotp_value
from professionals.sample import STAFF_EMAIL


@dataclass(frozen=True)
class Code:
    email: str
    digits: str
    seconds_left: int


def sample_code() -> Code | None:
    """None where the sample login is not loaded, or has no second factor."""
    authenticator = Authenticator.objects.filter(type=Authenticator.Type.TOTP, user__email=STAFF_EMAIL).first()
    if authenticator is None:
        return None
    period = app_settings.TOTP_PERIOD
    counter, passed = divmod(int(time.time()), period)
    digits = format_hotp_value(hotp_value(decrypt(authenticator.data["secret"]), counter))
    return Code(STAFF_EMAIL, digits, period - passed)
