"""The code that the sample staff login needs now: a stranger who tries the product has no authenticator set up for it."""

import time
from collections.abc import Iterator
from dataclasses import dataclass

from allauth.mfa import app_settings
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value
from allauth.mfa.utils import decrypt

SAMPLE_DOMAIN = "@ctac.test"


@dataclass(frozen=True)
class Code:
    email: str
    code: str
    seconds_left: int


def codes() -> Iterator[Code]:
    """One for each sample staff login; never for another's."""
    period = app_settings.TOTP_PERIOD
    counter, passed = divmod(int(time.time()), period)
    samples = Authenticator.objects.filter(type=Authenticator.Type.TOTP, user__is_staff=True, user__email__endswith=SAMPLE_DOMAIN)
    for authenticator in samples.select_related("user").order_by("user__email"):
        code = format_hotp_value(hotp_value(decrypt(authenticator.data["secret"]), counter))
        yield Code(authenticator.user.email, code, period - passed)
