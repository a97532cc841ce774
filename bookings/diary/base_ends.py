"""The base at the ends of a day: when a presenter would leave it for the first visit, and be back from the last.

What stands in the way without a place takes time from the journey, as between two visits: whoever is online until 10am sets
off at 10am. A visit that is neither the first nor the last of its day has its journeys to the neighbours only, and online needs
none, but may not take the time of a journey that is there already.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from bookings.gaps import NOTHING, Claim, Span, journey
from bookings.travel import Journeys, Place


@dataclass(frozen=True)
class BaseEnds:
    """One presenter's day from the base and back to it, in UTC."""

    base: Place
    leaves: datetime
    returns: datetime
    journeys: Journeys

    @property
    def at_home(self) -> tuple[Claim, Claim]:
        """The base before and after, as if it were a visit on each side."""
        return Claim(Span(self.leaves, self.leaves), self.base), Claim(Span(self.returns, self.returns), self.base)

    def reachable(self, place: Place, window: Span) -> Span:
        """What of the window a visit there can use on a day without anything else."""
        way = timedelta(minutes=self.journeys.minutes(self.base, place))
        return Span(max(window.start, self.leaves + way), min(window.end, self.returns - way))

    def leaves_too_early(self, wanted: Claim, claims: Sequence[Claim]) -> bool:
        """Whether the journey to the first visit of the day has no time, and `wanted` is part of that."""
        first = min(visits_among(wanted, claims), key=lambda claim: claim.span.start, default=None)
        if first is None or wanted.span.start > first.span.start:
            return False
        gap = Span(self.leaves, first.span.start)
        return gap.length - taken_from(gap, [wanted, *claims]) < journey(self.at_home[0], first, self.journeys)

    def returns_too_late(self, wanted: Claim, claims: Sequence[Claim]) -> bool:
        """Whether the journey from the last visit of the day has no time, and `wanted` is part of that."""
        last = max(visits_among(wanted, claims), key=lambda claim: claim.span.end, default=None)
        if last is None or wanted.span.end < last.span.end or wanted.span.start >= max(self.returns, last.span.end):
            return False
        gap = Span(last.span.end, self.returns)
        return gap.length - taken_from(gap, [wanted, *claims]) < journey(last, self.at_home[1], self.journeys)

    def extra_minutes(self, wanted: Claim, claims: Sequence[Claim]) -> int:
        """How much longer the day's journeys get by this visit: to and from its neighbours, less the way between those."""
        if wanted.place is None:
            return 0
        before, after = self.neighbours(wanted, claims)
        with_it = journey(before, wanted, self.journeys) + journey(wanted, after, self.journeys)
        return max(0, round((with_it - journey(before, after, self.journeys)) / timedelta(minutes=1)))

    def neighbours(self, wanted: Claim, claims: Sequence[Claim]) -> tuple[Claim, Claim]:
        """The visit before and the visit after on that day, or the base."""
        home_before, home_after = self.at_home
        visits = [claim for claim in claims if claim.place]
        before = max((c for c in visits if c.span.end <= wanted.span.start), key=lambda c: c.span.end, default=home_before)
        after = min((c for c in visits if c.span.start >= wanted.span.end), key=lambda c: c.span.start, default=home_after)
        return before, after


def visits_among(wanted: Claim, claims: Sequence[Claim]) -> list[Claim]:
    return [claim for claim in (wanted, *claims) if claim.place]


def taken_from(gap: Span, claims: Sequence[Claim]) -> timedelta:
    """How much of the gap claims without a place take."""
    cuts = (min(claim.span.end, gap.end) - max(claim.span.start, gap.start) for claim in claims if claim.place is None)
    return sum((cut for cut in cuts if cut > NOTHING), NOTHING)
