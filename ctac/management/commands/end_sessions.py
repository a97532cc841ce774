"""Signs everybody out on every device, after an incident."""

from typing import Any

from django.core.management.base import BaseCommand

from accounts.models import Session


class Command(BaseCommand):
    help = "Ends every session of everybody. Drafts stay: who signs in again finds what was typed."

    def handle(self, *args: Any, **options: Any) -> None:
        ended, _by_model = Session.objects.all().delete()
        self.stdout.write(f"Sessions ended: {ended}.")
