"""Draws the first page of each current edition that has no picture yet, or whose page size isn't known."""

from typing import Any

from django.core.management.base import BaseCommand

from leaflets.catalogue.services import make_cover
from leaflets.models import Edition


class Command(BaseCommand):
    help = "Draw the first page of each current edition and read its size, where that is still to be done: after an upgrade."

    def handle(self, *args: Any, **options: Any) -> None:
        wanting = Edition.objects.current().without_cover().select_related("leaflet")
        done = [make_cover(edition=edition) for edition in wanting]
        self.stdout.write(f"{done.count(True)} PDFs were looked at, {done.count(False)} could not be.")
