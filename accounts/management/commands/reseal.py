"""While a secret key is changed: second factors are sealed anew with the new one, so that the old one can go."""

from typing import Any

from allauth.mfa.models import Authenticator
from django.core.management.base import BaseCommand
from django.db import transaction

from accounts import sessions


class Command(BaseCommand):
    help = "Seals every second factor with SECRET_KEY; the earlier keys must still be in SECRET_KEY_FALLBACKS."

    @transaction.atomic
    def handle(self, *args: Any, **options: Any) -> None:
        changed = 0
        for authenticator in Authenticator.objects.select_for_update().order_by("pk"):
            data = {name: resealed(value) for name, value in authenticator.data.items()}
            if data != authenticator.data:
                Authenticator.objects.filter(pk=authenticator.pk).update(data=data)
                changed += 1
        self.stdout.write(f"Second factors sealed with the new key: {changed}.")


def resealed(value: Any) -> Any:
    """What is not sealed, or by a key that we don't know, stays as it is."""
    if isinstance(value, list):
        return [resealed(each) for each in value]
    if not isinstance(value, str):
        return value
    try:
        return sessions.encrypt(sessions.decrypt(value))
    except sessions.DecryptionError:
        return value
