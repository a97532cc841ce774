"""What someone wants to book."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property

from bookings.gaps import Span
from bookings.models import Booking, Presentation
from bookings.travel import Place


@dataclass(frozen=True)
class Wish:
    """What someone wants to book: `place` is None online, `audience` a profession, "" for a mix, None where nobody has said."""

    presentation: Presentation
    format: str
    place: Place | None
    audience: str | None = None

    @classmethod
    def of(cls, booking: Booking, place: Place | None) -> "Wish":
        """As that booking stands."""
        return cls(booking.presentation, booking.format, place, booking.audience_profession)

    @cached_property
    def length(self) -> timedelta:
        return self.presentation.length

    @property
    def nation(self) -> str:
        """Where the presentation takes place: its bank holidays are days off too. Empty online."""
        return self.place.nation if self.place else ""

    def span(self, start: datetime) -> Span:
        start = start.astimezone(UTC)
        return Span(start, start + self.length)
