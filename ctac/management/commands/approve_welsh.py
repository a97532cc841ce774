"""`manage.py approve_welsh`: the strings that a reader of Welsh has to read, and a record of those they approve."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from core.dates import uk_day
from ctac import welsh


class Command(BaseCommand):
    help = (
        "Show each string that nobody has approved in Welsh as it is now; with a reader's name, write down that they approve it."
    )
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--reader", default="", help="the name of who has read them all, as it stands in the file")
        parser.add_argument("--file", action="append", default=[], help="only strings of this file or folder; may be repeated")

    def handle(self, *args: Any, **options: Any) -> None:
        entries = list(welsh.entries_to_approve(welsh.read_po_file(), files=options["file"]))
        if reader := options["reader"].strip():
            count = welsh.record_approval(entries, reader=reader, on=uk_day(timezone.now()))
            self.stdout.write(f"{reader} has approved {count} strings. Commit locale/cy/approved.csv.")
            return
        for entry in entries:
            self.stdout.write(f"{entry}\n")
        self.stdout.write(f"{len(entries)} strings to read. Run this again with --reader and a name to approve them.")
