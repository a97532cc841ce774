"""Loads what a new copy is tried with. Run again, it adds nothing."""

from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

import bookings.sample
import leaflets.sample
import professionals.sample


class Command(BaseCommand):
    help = "Load the leaflet catalogue, sample presentations, presenters, stock, people and a booking. Never in production."

    def handle(self, *args: Any, **options: Any) -> None:
        now = timezone.now()
        for app in (professionals, leaflets, bookings):
            app.sample.load(now)
        self.stdout.write("Sample data is there.")
