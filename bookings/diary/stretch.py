"""Days in a row, as a UK calendar has them."""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Self


@dataclass(frozen=True)
class Stretch:
    """From the first day to the last, both included."""

    first: date
    last: date

    @classmethod
    def week_of(cls, day: date) -> Self:
        """From its Monday to its Sunday."""
        monday = day - timedelta(days=day.weekday())
        return cls(monday, monday + timedelta(days=6))

    def __contains__(self, day: date) -> bool:
        return self.first <= day <= self.last
