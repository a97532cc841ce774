"""What a session holds that would open an account, or that somebody typed, is encrypted in the table (ADR 71).

Django only signs a session. A copy of the table would give away codes that still work and secrets of authenticator apps.
"""

import json
from typing import Any

from professionals import secret_box

BOX = "sealed"
# Codes that wait to be typed in: of a sign-in, of an address, of a forgotten password, of whoever is asked again.
CODES = ("account_login", "account_email_verification_code", "account_password_reset_verification", "code_again")
# The key of an app before it is enrolled; what was sent in the moment that somebody was asked who they are; who signs up.
SEALED = frozenset({*CODES, "mfa.totp.secret", "account_reauthentication_state", "sent_late", "sign_up_details"})


def sealed(data: dict[str, Any]) -> dict[str, Any]:
    """As it is stored. Most sessions hold nothing of the kind, and stay as they are."""
    secret = {name: value for name, value in data.items() if name in SEALED}
    if not secret:
        return data
    rest = {name: value for name, value in data.items() if name not in SEALED}
    return {**rest, BOX: secret_box.lock(json.dumps(secret))}


def opened(data: dict[str, Any]) -> dict[str, Any]:
    """As it is used. What none of our keys opens is as if it had not been begun."""
    if BOX not in data:
        return data
    rest = {name: value for name, value in data.items() if name != BOX}
    try:
        secret: dict[str, Any] = json.loads(secret_box.unlock(data[BOX]))
    except secret_box.UnreadableError:
        return rest
    return rest | secret
