"""Draws the first page of each edition that has no picture of it yet."""

from typing import Any

from django.core.management.base import BaseCommand

from leaflets.models import Edition
from leaflets.services import make_cover


class Command(BaseCommand):
    help = "Draw the first page of each edition that has no picture of it yet: after an upgrade, or if drawing failed."

    def handle(self, *args: Any, **options: Any) -> None:
        wanting = Edition.objects.current().without_cover().select_related("leaflet")
        made = [make_cover(edition=edition) for edition in wanting]
        self.stdout.write(f"{made.count(True)} pictures were made, {made.count(False)} could not be.")
