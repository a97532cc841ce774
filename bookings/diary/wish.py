"""What someone wants to book."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cached_property

from bookings.gaps import Span
from bookings.models import Booking, BusyTime, Format, Presentation
from bookings.travel import Place


@dataclass(frozen=True)
class Wish:
    """What someone wants to book: `place` is None online, `audience` a profession, "" for a mix, None where nobody has said.

    `set_minutes`: by the key of a presenter, how long staff say that their journeys to and from this visit take.
    """

    presentation: Presentation
    format: str
    place: Place | None
    audience: str | None = None
    set_minutes: Mapping[int, int] = field(default_factory=dict, compare=False)

    @classmethod
    def of(cls, booking: Booking, place: Place | None) -> "Wish":
        """As that booking stands. What staff have set for its journeys holds for whoever gives it, at another time too."""
        return cls(booking.presentation, booking.format, place, booking.audience_profession, set_for(booking))

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


def set_for(booking: Booking) -> dict[int, int]:
    if booking.presenter_id is None or booking.format != Format.WORKPLACE:
        return {}
    claims = BusyTime.objects.filter(booking=booking).values_list("presenter_id", "travel_minutes")
    return {presenter: minutes for presenter, minutes in claims if minutes is not None}
