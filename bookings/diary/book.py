"""Every presenter's diary for one wish: the slots of its days, and who is free at a start."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cached_property

from bookings import rules
from bookings.diary.breaches import Breach
from bookings.diary.candidate import Candidate
from bookings.diary.grid import on_grid
from bookings.diary.presenter_day import PresenterDiary
from bookings.diary.stretch import Stretch
from bookings.diary.verdict import Verdict
from bookings.diary.wish import Wish
from ctac.uk import uk_day

ONE_DAY = timedelta(days=1)


@dataclass(frozen=True)
class Slot:
    """A start time that can be booked."""

    start: datetime
    end: datetime


@dataclass
class Diary:
    """Every presenter's diary for one wish, over a range of UK days. `read`: the days of which it knows all claims."""

    wish: Wish
    first_day: date
    last_day: date
    parts: list[PresenterDiary]
    read: Sequence[Stretch]

    @property
    def whole(self) -> Stretch:
        return Stretch(self.first_day, self.last_day)

    @cached_property
    def able(self) -> list[PresenterDiary]:
        """Those who could on some day: what they give, how and where does not speak against it."""
        return [part for part in self.parts if not part.standing_breaches]

    @property
    def why_never(self) -> list[Breach]:
        """The rules of which each of these presenters breaks every one on every day."""
        first, *others = [part.standing_breaches for part in self.parts] or [()]
        return [breach for breach in first if all(breach in each for each in others)]

    def is_read(self, day: date) -> bool:
        return any(day in stretch for stretch in self.read)

    def slots_on(self, day: date) -> list[Slot]:
        """Raises LookupError for a day that was not read."""
        if day not in self.whole:
            return []
        if not self.is_read(day):
            raise LookupError(day)
        starts: set[datetime] = set()
        for part in self.able:
            starts.update(part.starts_on(day, starts))
        return [Slot(start, start + self.wish.length) for start in sorted(starts)]

    def week(self, first_day: date) -> list[tuple[date, list[Slot]]]:
        """Seven days from that one, without those that have no slot."""
        days = [first_day + ONE_DAY * number for number in range(7)]
        return [(day, slots) for day in days if (slots := self.slots_on(day))]

    def first_slot(self) -> Slot | None:
        """The first of all. Looks no further than it must."""
        day = self.first_day
        while day <= self.last_day:
            if slots := self.slots_on(day):
                return slots[0]
            day += ONE_DAY
        return None

    def nearest(self, start: datetime, count: int = rules.ALTERNATIVES) -> list[Slot]:
        """The slots nearest to a start that is gone, in order of time."""
        middle, found = uk_day(start), self.slots_on(uk_day(start))
        reach = max((self.last_day - middle).days, (middle - self.first_day).days, 0)
        for distance in range(1, reach + 1):
            if len(found) >= count:
                break
            found += self.slots_on(middle - ONE_DAY * distance) + self.slots_on(middle + ONE_DAY * distance)
        found.sort(key=lambda slot: abs(slot.start - start))
        return sorted(found[:count], key=lambda slot: slot.start)

    def candidates(self, start: datetime) -> list[Candidate]:
        """Who is free then, the best first; those outside the rules come last."""
        found = [candidate for part in self.parts if (candidate := part.candidate(start))]
        return sorted(found, key=lambda candidate: candidate.rank)

    def verdicts(self, start: datetime) -> list[Verdict]:
        """One for each presenter, the best first: why each could or could not."""
        return sorted((part.verdict(start) for part in self.parts), key=lambda verdict: verdict.rank)

    def offered_to(self, start: datetime) -> list[Candidate]:
        """Whom the public would get then, the best first; none if the start is no slot."""
        if not on_grid(start):
            return []
        return [candidate for candidate in self.candidates(start) if not candidate.breaches]
