"""Counts what we have reached, like each night; or checks that the table of counts agrees with the rows."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from reach.models import CountKind
from reach.services import count_reach, find_differences


class Command(BaseCommand):
    help = "Count what we have reached. With --check: one line a count that differs from the rows, exit code 1 if there is any."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--check",
            action="store_true",
            help="Write nothing. What changed since the last count differs too, so count first if you look for a fault.",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if not options["check"]:
            self.stdout.write(f"Counts written: {count_reach(timezone.now()):,}")
            return
        found = 0
        for kind in CountKind:
            for difference in find_differences(kind):
                found += 1
                self.stdout.write(str(difference))
        if found:
            raise CommandError(f"The counts and the rows differ. Differences: {found}")
        self.stdout.write("The counts and the rows are equal.")
