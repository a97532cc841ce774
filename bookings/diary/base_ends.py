"""The base at the ends of a day: when a presenter would leave it for the first visit, and be back from the last.

What stands in the way without a place takes time from the journey, as between two visits. A visit that is neither the first nor
the last of its day has its journeys to the neighbours only, and online may not take the time of a journey that is there already.
Whoever is online until 10am sets off at 10am, and from the base: from_base has that rule.

All that follows holds for a whole gap between two claims, so a day is bounded gap by gap and not start by start.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from bookings.gaps import EVER, NEVER, NOTHING, Claim, Span, journey
from bookings.travel import Journeys, Place, travel_between


@dataclass(frozen=True)
class Gap:
    """Where in a day: `before` and `after` are what else claims time of that day, in order."""

    before: Sequence[Claim]
    after: Sequence[Claim]


@dataclass(frozen=True)
class BaseEnds:
    """One presenter's day from the base and back to it, in UTC. `set_minutes`: what staff have set for the visit in question."""

    base: Place
    leaves: datetime
    returns: datetime
    journeys: Journeys
    set_minutes: int | None = None

    @property
    def at_home(self) -> tuple[Claim, Claim]:
        """The base before and after, as if it were a visit on each side."""
        return Claim(Span(self.leaves, self.leaves), self.base), Claim(Span(self.returns, self.returns), self.base)

    def after_leaving(self, place: Place | None, length: timedelta, gap: Gap) -> Span:
        """Where a visit of that length in the gap may lie, so that the day's first visit can be reached from the base."""
        if first_visit(gap.before):
            return EVER
        if place is not None:
            return Span(self.leaves + self.way(place) + taken_from(Span(self.leaves, EVER.end), gap.before), EVER.end)
        if not (first := first_visit(gap.after)):
            return EVER
        on_the_way = Span(self.leaves, first.span.start)
        spare = (
            on_the_way.length - taken_from(on_the_way, [*gap.before, *gap.after]) - journey(self.at_home[0], first, self.journeys)
        )
        if spare >= length:
            return EVER
        return Span(EVER.start, self.leaves + spare) if spare >= NOTHING else NEVER

    def before_return(self, place: Place | None, length: timedelta, gap: Gap) -> Span:
        """Where a visit of that length in the gap may lie, so that the base can be reached from the day's last visit."""
        if first_visit(gap.after):
            return EVER
        if place is not None:
            return Span(EVER.start, self.returns - self.way(place) - taken_from(Span(EVER.start, self.returns), gap.after))
        if not (last := first_visit(reversed(gap.before))):
            return EVER
        on_the_way = Span(last.span.end, self.returns)
        spare = (
            on_the_way.length - taken_from(on_the_way, [*gap.before, *gap.after]) - journey(last, self.at_home[1], self.journeys)
        )
        if spare >= length:
            return EVER
        # Who is back, or was to be back, can be online after that.
        return Span(self.returns - spare if spare >= NOTHING else max(self.returns, last.span.end), EVER.end)

    def way(self, place: Place) -> timedelta:
        return travel_between(self.base, place, self.set_minutes, journeys=self.journeys)

    def extra_minutes(self, wanted: Claim, gap: Gap) -> int:
        """How much longer the day's journeys get by this visit: to and from its neighbours, less the way between those."""
        if wanted.place is None:
            return 0
        home_before, home_after = self.at_home
        before, after = first_visit(reversed(gap.before)) or home_before, first_visit(gap.after) or home_after
        with_it = journey(before, wanted, self.journeys) + journey(wanted, after, self.journeys)
        return max(0, round((with_it - journey(before, after, self.journeys)) / timedelta(minutes=1)))


def first_visit(claims: Iterable[Claim]) -> Claim | None:
    return next((claim for claim in claims if claim.place), None)


def spare_time(earlier: Claim, later: Claim, gap: Gap, journeys: Journeys) -> timedelta:
    """What the journey between two visits, and what stands in its way, leave of the time between them; below nothing if short."""
    between = Span(earlier.span.end, later.span.start)
    return between.length - taken_from(between, [*gap.before, *gap.after]) - journey(earlier, later, journeys)


def taken_from(gap: Span, claims: Iterable[Claim]) -> timedelta:
    """How much of the gap claims without a place take."""
    cuts = (claim.span.shared(gap).length for claim in claims if claim.place is None)
    return sum((cut for cut in cuts if cut > NOTHING), NOTHING)
