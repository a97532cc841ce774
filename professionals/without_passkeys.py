"""allauth without its passkeys, which we don't offer: their library takes 4 MB of each worker (ADR 22).

allauth imports it with each stage of a sign-in and with each second factor that it checks, whatever MFA_SUPPORTED_TYPES says.
"""

import sys
from types import ModuleType

from allauth.mfa import app_settings
from allauth.mfa.models import Authenticator

PASSKEYS = "allauth.mfa.webauthn.internal.auth"  # the only module that imports the library


class NoPasskey:
    """For a second factor that says it is a passkey; none of ours does."""

    def __init__(self, instance: Authenticator) -> None:
        raise LookupError(f"{instance.pk} is a passkey, and we offer none")


def leave_out() -> None:
    """Before anything of allauth's sign-in is imported."""
    if Authenticator.Type.WEBAUTHN in app_settings.SUPPORTED_TYPES or PASSKEYS in sys.modules:
        return
    instead = ModuleType(PASSKEYS, __doc__)
    instead.__dict__["WebAuthn"] = NoPasskey
    sys.modules[PASSKEYS] = instead
