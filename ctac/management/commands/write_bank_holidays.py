"""`manage.py write_bank_holidays`: writes core/data/bank_holidays.json again, after an update of the package holidays."""

import json
from datetime import date
from typing import Any

import holidays
from django.core.management.base import BaseCommand

from core.dates import BANK_HOLIDAYS_FILE, HOLIDAY_CALENDARS

YEARS = range(2025, 2041)


def package_bank_holidays(nation: str, year: int) -> frozenset[date]:
    """The bank holidays according to the package."""
    country, subdivision = HOLIDAY_CALENDARS[nation]
    return frozenset(holidays.country_holidays(country, subdiv=subdivision, years=year))


class Command(BaseCommand):
    help = "Write the bank holidays of each nation anew, from the package holidays."

    def handle(self, **options: Any) -> None:
        days = {
            nation: {str(year): sorted(day.isoformat() for day in package_bank_holidays(nation, year)) for year in YEARS}
            for nation in HOLIDAY_CALENDARS
        }
        BANK_HOLIDAYS_FILE.write_text(json.dumps(days, indent=1) + "\n")
        self.stdout.write(f"{BANK_HOLIDAYS_FILE.name} holds {YEARS[0]} to {YEARS[-1]}.")
