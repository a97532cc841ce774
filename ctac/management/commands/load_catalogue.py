"""Adds the leaflet titles that the product ships with."""

from typing import Any

from django.core.management.base import BaseCommand

from leaflets.catalogue import titles as catalogue_titles


class Command(BaseCommand):
    help = "Add the shipped leaflet titles that are missing; titles that are there stay as they are."

    def handle(self, *args: Any, **options: Any) -> None:
        titles = catalogue_titles.load_titles()
        self.stdout.write(f"{len(titles)} titles are there.")
