"""After an incident: everybody is signed out, on every device."""

from importlib import import_module
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand


class Command(BaseCommand):
    help = "Ends every session of everybody. Drafts stay: who signs in again finds what was typed."

    def handle(self, *args: Any, **options: Any) -> None:
        sessions = import_module(settings.SESSION_ENGINE).SessionStore.get_model_class()
        ended, _of_each = sessions.objects.all().delete()
        self.stdout.write(f"Sessions ended: {ended}.")
