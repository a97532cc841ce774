"""Encryption of second-factor secrets, and of what sessions hold of the kind: a copy of the database opens no account (ADR 9)."""

import json
from base64 import urlsafe_b64encode
from functools import lru_cache
from typing import Any

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings

ENCRYPTED_ITEMS_KEY = "sealed"
# Codes that wait to be typed in: of a sign-in, of an address, of a forgotten password, of a reauthentication.
PENDING_CODE_SESSION_KEYS = (
    "sign_in_code",
    "account_email_verification_code",
    "account_password_reset_verification",
    "code_again",
)
# Also a sign-in that waits for its second factor, an app's secret before enrolment, and forms that wait to be sent again.
ENCRYPTED_SESSION_KEYS = frozenset(
    {*PENDING_CODE_SESSION_KEYS, "account_login", "mfa.totp.secret", "account_reauthentication_state", "sent_late"}
)


class DecryptionError(Exception):
    """None of our keys decrypts it."""


def encrypt(text: str) -> str:
    return _fernet(settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS).encrypt(text.encode()).decode()


def decrypt(encrypted: str) -> str:
    """Raises DecryptionError."""
    try:
        return _fernet(settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS).decrypt(encrypted.encode()).decode()
    except InvalidToken as error:
        raise DecryptionError from error


@lru_cache(maxsize=4)
def _fernet(*secrets: str) -> MultiFernet:
    """A cipher with a key for this use only, derived from each secret (RFC 5869)."""
    purpose = b"professionals: second factor"
    keys = [HKDF(algorithm=SHA256(), length=32, salt=None, info=purpose).derive(secret.encode()) for secret in secrets]
    return MultiFernet([Fernet(urlsafe_b64encode(key)) for key in keys])


def encrypt_session_data(data: dict[str, Any]) -> dict[str, Any]:
    """A session as it is stored. Django only signs it, and most sessions have nothing to encrypt."""
    secret = {name: value for name, value in data.items() if name in ENCRYPTED_SESSION_KEYS}
    if not secret:
        return data
    rest = {name: value for name, value in data.items() if name not in ENCRYPTED_SESSION_KEYS}
    return {**rest, ENCRYPTED_ITEMS_KEY: encrypt(json.dumps(secret))}


def decrypt_session_data(data: dict[str, Any]) -> dict[str, Any]:
    """A session as it is used, without the items that none of our keys decrypts."""
    if ENCRYPTED_ITEMS_KEY not in data:
        return data
    rest = {name: value for name, value in data.items() if name != ENCRYPTED_ITEMS_KEY}
    try:
        return {**rest, **json.loads(decrypt(data[ENCRYPTED_ITEMS_KEY]))}
    except DecryptionError:
        return rest
