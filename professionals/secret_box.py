"""Second-factor secrets, and what sessions hold of the kind, are encrypted: a copy of the database opens no account."""

from base64 import urlsafe_b64encode
from functools import lru_cache

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings


class UnreadableError(Exception):
    """None of the keys that we have opens it."""


def lock(text: str) -> str:
    return _box(settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS).encrypt(text.encode()).decode()


def unlock(locked: str) -> str:
    """Raises UnreadableError."""
    try:
        return _box(settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS).decrypt(locked.encode()).decode()
    except InvalidToken as error:
        raise UnreadableError from error


@lru_cache(maxsize=4)
def _box(*secrets: str) -> MultiFernet:
    return MultiFernet([Fernet(_key(secret)) for secret in secrets])


def _key(secret: str) -> bytes:
    """A key for this use only (RFC 5869)."""
    derived = HKDF(algorithm=SHA256(), length=32, salt=None, info=b"professionals: second factor").derive(secret.encode())
    return urlsafe_b64encode(derived)
