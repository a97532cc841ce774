"""Who could give the presentation at some start, and who of them comes first."""

from dataclasses import dataclass

from bookings.diary.breaches import Breach
from bookings.models import Presenter


@dataclass(frozen=True)
class Candidate:
    """A presenter who is free then. Breaches are rules, not impossibilities.

    `travel` is the way from the base, `extra` what the visit adds to the journeys of that day, both in minutes.
    """

    presenter: Presenter
    breaches: tuple[Breach, ...]
    travel: int
    extra: int
    bookings_near: int

    @property
    def rank(self) -> tuple[bool, int, int, int]:
        """Within the rules first, then least extra travel, then fewest bookings near that day, then who came first (ADR 25)."""
        return bool(self.breaches), self.extra, self.bookings_near, self.presenter.pk
