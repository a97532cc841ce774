"""A device with passkeys, in software: what a browser sends of one, right or as somebody who means harm would (WebAuthn 2)."""

import json
import os
import re
import struct
from base64 import urlsafe_b64decode, urlsafe_b64encode
from hashlib import sha256
from html import unescape
from typing import Any

from allauth.mfa.models import Authenticator
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from django.test import Client
from fido2 import cbor
from fido2.cose import ES256, RS1, CoseKey

ORIGIN = "http://localhost:8000"  # SITE_URL of the tests
PRESENT, VERIFIED, NEW = 0x01, 0x04, 0x40
OPTIONS = re.compile(r'data-passkey-options="([^"]+)"')
ADD, SIGN_IN, ASK, AGAIN = (
    "/account/passkeys/add/",
    "/account/passkeys/sign-in/",
    "/account/passkeys/options/",
    "/account/passkeys/again/",
)


def in_base64(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode()


def from_base64(text: str) -> bytes:
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))


def options_in(page: str) -> dict[str, Any]:
    found = OPTIONS.search(page)
    assert found, page
    options: dict[str, Any] = json.loads(unescape(found[1]))["publicKey"]
    return options


def options_to_sign_in(client: Client) -> dict[str, Any]:
    options: dict[str, Any] = client.post(ASK).json()["publicKey"]
    return options


class Device:
    """`origin`: of the page on which it is used. `verifies`: whether it asks for finger, face or PIN."""

    kind: type[CoseKey] = ES256

    def __init__(self, origin: str = ORIGIN, *, verifies: bool = True) -> None:
        self.origin, self.verifies = origin, verifies
        self.key = self.new_key()
        self.id = os.urandom(16)
        self.handle = b""

    def new_key(self) -> Any:
        return ec.generate_private_key(ec.SECP256R1())

    def create(self, options: dict[str, Any]) -> str:
        self.handle = from_base64(options["user"]["id"])
        public = cbor.encode(self.kind.from_cryptography_key(self.key.public_key()))
        attested = bytes(16) + struct.pack(">H", len(self.id)) + self.id + public
        data = self._authenticator_data(options["rp"]["id"], NEW) + attested
        attestation = cbor.encode({"fmt": "none", "authData": data, "attStmt": {}})
        about = self._client_data("webauthn.create", options)
        return self._sent(clientDataJSON=in_base64(about), attestationObject=in_base64(attestation))

    def get(self, options: dict[str, Any]) -> str:
        data, about = self._authenticator_data(options["rpId"]), self._client_data("webauthn.get", options)
        signature = self.key.sign(data + sha256(about).digest(), ec.ECDSA(SHA256()))
        return self._sent(
            clientDataJSON=in_base64(about),
            authenticatorData=in_base64(data),
            signature=in_base64(signature),
            userHandle=in_base64(self.handle),
        )

    def _authenticator_data(self, host: str, more: int = 0) -> bytes:
        flags = PRESENT | (VERIFIED if self.verifies else 0) | more
        return sha256(host.encode()).digest() + struct.pack(">BI", flags, 0)

    def _client_data(self, kind: str, options: dict[str, Any]) -> bytes:
        return json.dumps({"type": kind, "challenge": options["challenge"], "origin": self.origin}).encode()

    def _sent(self, **response: str) -> str:
        name = in_base64(self.id)
        return json.dumps({"type": "public-key", "id": name, "rawId": name, "response": response})


class OldDevice(Device):
    """Signs by RSA with SHA-1."""

    kind = RS1

    def new_key(self) -> Any:
        return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def kept_passkey(user: Any) -> Authenticator:
    """One that somebody has, added at some time."""
    asked = {"user": {"id": in_base64(str(user.pk).encode())}, "rp": {"id": "localhost"}, "challenge": "AA"}
    data = {"name": "Phone", "credential": json.loads(Device().create(asked))}
    passkey: Authenticator = Authenticator.objects.create(user=user, type=Authenticator.Type.WEBAUTHN, data=data)
    return passkey


def add_passkey(client: Client, device: Device | None = None, name: str = "Work phone") -> Device:
    """As whoever is signed in in this browser and has just shown who they are."""
    device = device or Device()
    response = client.post(ADD, {"name": name, "credential": device.create(options_in(client.get(ADD).content.decode()))})
    assert (response.status_code, response["Location"]) == (302, "/account/passkeys/")
    return device
