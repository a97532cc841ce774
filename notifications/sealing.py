"""Account mail kept unreadable while it waits: codes must not lie open in the database or its backups."""

import json
from base64 import urlsafe_b64encode
from dataclasses import asdict

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings

from notifications.rendering import Rendered


def seal(rendered: Rendered) -> bytes:
    return _box().encrypt(json.dumps(asdict(rendered)).encode())


def unseal(sealed: bytes) -> Rendered:
    """Raises UnreadableError if the key has changed and the old one is not in SECRET_KEY_FALLBACKS."""
    try:
        return Rendered(**json.loads(_box().decrypt(sealed)))
    except InvalidToken as error:
        raise UnreadableError from error


class UnreadableError(Exception):
    """The encrypted body can't be opened with any key that we have."""


def _box() -> MultiFernet:
    return MultiFernet([Fernet(_key(secret)) for secret in [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]])


def _key(secret: str) -> bytes:
    """A key for this use only (RFC 5869), so that it gives nothing away about the other uses of SECRET_KEY."""
    return urlsafe_b64encode(
        HKDF(algorithm=SHA256(), length=32, salt=None, info=b"notifications: account mail").derive(secret.encode())
    )
