"""For a change of the secret key: encrypts second factors with the new key, so that the old one can be dropped."""

from typing import Any

from allauth.mfa.models import Authenticator
from django.core.management.base import BaseCommand
from django.db import transaction

from accounts.encryption import DecryptionError, decrypt, encrypt


class Command(BaseCommand):
    help = "Encrypts every second factor with SECRET_KEY; the earlier keys must still be in SECRET_KEY_FALLBACKS."

    @transaction.atomic
    def handle(self, *args: Any, **options: Any) -> None:
        changed = 0
        for authenticator in Authenticator.objects.select_for_update().order_by("pk"):
            data = {name: reencrypted(value) for name, value in authenticator.data.items()}
            if data != authenticator.data:
                Authenticator.objects.filter(pk=authenticator.pk).update(data=data)
                changed += 1
        self.stdout.write(f"Second factors encrypted with the new key: {changed}.")


def reencrypted(value: Any) -> Any:
    """The value encrypted with the new key. One that is not encrypted, or whose key we don't have, stays as it is."""
    if isinstance(value, list):
        return [reencrypted(item) for item in value]
    if not isinstance(value, str):
        return value
    try:
        return encrypt(decrypt(value))
    except DecryptionError:
        return value
