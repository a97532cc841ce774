"""Proves that the stock ledger and the figures are equal."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from leaflets.stock.services import ledger_differences


class Command(BaseCommand):
    help = "Compare the stock ledger with the figures of editions and orders: one line a difference, exit code 1 if there is any."

    def handle(self, *args: Any, **options: Any) -> None:
        found = 0
        for line in ledger_differences():
            found += 1
            self.stdout.write(line)
        if found:
            raise CommandError(f"The stock ledger and the figures differ. Differences: {found}")
        self.stdout.write("The stock ledger and the figures are equal.")
