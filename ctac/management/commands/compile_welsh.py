"""`manage.py compile_welsh`: makes the catalogue for pages and emails in Welsh. Each release runs it."""

from typing import Any

from django.core.management.base import BaseCommand

from ctac import welsh


class Command(BaseCommand):
    help = "Make the catalogue of Welsh strings: in production of those alone that a reader has approved as they are now."
    requires_system_checks = []

    def handle(self, *args: Any, **options: Any) -> None:
        po = welsh.read_po_file()
        self.stdout.write(f"{welsh.compile_catalogue()} of {len(po)} strings are in Welsh.")
