"""Who could give the presentation at some start, and who of them comes first."""

from dataclasses import dataclass

from bookings.diary.breaches import Breach
from bookings.models import Presenter


@dataclass(frozen=True)
class Candidate:
    """A presenter who is free then. Breaches are rules, not impossibilities."""

    presenter: Presenter
    breaches: tuple[Breach, ...]
    travel: int
    bookings_near: int

    @property
    def rank(self) -> tuple[bool, int, int, int]:
        """Within the rules first, then least travel, then fewest bookings near that day, then a stable tie-break."""
        return bool(self.breaches), self.travel, self.bookings_near, self.presenter.pk
