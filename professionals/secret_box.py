"""Second-factor secrets, and what sessions hold of the kind, are encrypted: a copy of the database opens no account."""

from base64 import urlsafe_b64encode
from functools import lru_cache
from typing import TYPE_CHECKING

from django.conf import settings

if TYPE_CHECKING:
    from cryptography.fernet import MultiFernet

# cryptography is imported where it is used, as in notifications.sealing (ADR 22).


class UnreadableError(Exception):
    """None of the keys that we have opens it."""


def lock(text: str) -> str:
    return _box(settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS).encrypt(text.encode()).decode()


def unlock(locked: str) -> str:
    """Raises UnreadableError."""
    from cryptography.fernet import InvalidToken

    try:
        return _box(settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS).decrypt(locked.encode()).decode()
    except InvalidToken as error:
        raise UnreadableError from error


@lru_cache(maxsize=4)
def _box(*secrets: str) -> "MultiFernet":
    from cryptography.fernet import Fernet, MultiFernet

    return MultiFernet([Fernet(_key(secret)) for secret in secrets])


def _key(secret: str) -> bytes:
    """A key for this use only (RFC 5869)."""
    from cryptography.hazmat.primitives.hashes import SHA256
    from cryptography.hazmat.primitives.kdf.hkdf import HKDF

    derived = HKDF(algorithm=SHA256(), length=32, salt=None, info=b"professionals: second factor").derive(secret.encode())
    return urlsafe_b64encode(derived)
