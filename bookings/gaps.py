"""Where a visit of some length fits between a presenter's claims: the database's rule (bookings/travel.py), for reading ahead.

Pure arithmetic on moments in UTC. tests/bookings/test_gaps.py holds it against the database itself.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from bookings.travel import APART_ENOUGH, Journeys, Place, travel_between

NOTHING = timedelta(0)


class Span(NamedTuple):
    """From `start` up to `end`, not included."""

    start: datetime
    end: datetime

    @property
    def length(self) -> timedelta:
        return self.end - self.start

    def contains(self, other: "Span") -> bool:
        return self.start <= other.start and other.end <= self.end

    def overlaps(self, other: "Span") -> bool:
        return self.start < other.end and other.start < self.end

    def shared(self, other: "Span") -> "Span":
        """What lies in both; if nothing does, it ends before it starts."""
        return Span(max(self.start, other.start), min(self.end, other.end))


EVER = Span(datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC))
NEVER = Span(EVER.end, EVER.start)


class Claim(NamedTuple):
    """One claim on a presenter's time; without a place it needs no travel and gives none."""

    span: Span
    place: Place | None = None
    travel_minutes: int | None = None
    is_booking: bool = False
    # An open session is as much work as a booking.
    is_session: bool = False
    # A presentation that is booked or kept, so that it counts towards the most a day and a week.
    is_visit: bool = False


class Neighbour(NamedTuple):
    """The visit on one side of a gap, if there is one, and how much of the way to it is taken by claims without a place."""

    visit: Claim | None
    without_place: timedelta


def free_spans(
    claims: Sequence[Claim],
    place: Place | None,
    length: timedelta,
    within: Span,
    journeys: Journeys | None = None,
    travel_minutes: int | None = None,
) -> list[Span]:
    """The spans inside which a visit of that length at that place (None: online) may lie, in order.

    `travel_minutes`: what staff have set for this visit, if they have.
    `claims` are in order and don't overlap, and reach at least 48 hours beyond `within` on both sides.
    """
    journeys = journeys or Journeys()
    starts = [within.start, *(claim.span.end for claim in claims)]
    ends = [*(claim.span.start for claim in claims), within.end]
    spans = []
    for start, end, before, after in zip(starts, ends, visits_before(claims), visits_after(claims), strict=True):
        span = Span(start, end).shared(within)
        if span.length < length:
            continue
        if place is not None:
            span = span.shared(reach(before, after, place, journeys, travel_minutes))
        elif not leaves_time(before, after, length, journeys):
            continue
        if span.length >= length:
            spans.append(span)
    return spans


def visits_before(claims: Sequence[Claim]) -> list[Neighbour]:
    """For the gap before the first claim and after each."""
    visit, without_place = None, NOTHING
    found = [Neighbour(visit, without_place)]
    for claim in claims:
        visit, without_place = (claim, NOTHING) if claim.place else (visit, without_place + claim.span.length)
        found.append(Neighbour(visit, without_place))
    return found


def visits_after(claims: Sequence[Claim]) -> list[Neighbour]:
    """For the gap before each claim and after the last."""
    return visits_before(claims[::-1])[::-1]


def reach(before: Neighbour, after: Neighbour, place: Place, journeys: Journeys, travel_minutes: int | None = None) -> Span:
    """When a visit at `place` can be: after the journey from the visit before, and before the one to the visit after."""
    start = before.visit.span.end + needed(before, place, journeys, travel_minutes) if before.visit else EVER.start
    end = after.visit.span.start - needed(after, place, journeys, travel_minutes) if after.visit else EVER.end
    return Span(start, end)


def needed(neighbour: Neighbour, place: Place, journeys: Journeys, travel_minutes: int | None) -> timedelta:
    """Between that visit and one at `place`: the journey and what stands in the way; 48 hours are always enough."""
    visit = neighbour.visit
    if visit is None or visit.place is None:
        return NOTHING
    way = travel_between(visit.place, place, visit.travel_minutes, travel_minutes, journeys)
    return min(APART_ENOUGH, neighbour.without_place + way)


def leaves_time(before: Neighbour, after: Neighbour, length: timedelta, journeys: Journeys) -> bool:
    """Whether the journey between the visits round a gap leaves that much time for something online."""
    if before.visit is None or after.visit is None:
        return True
    return fits(before.visit, after.visit, before.without_place + after.without_place + length, journeys)


def fits(earlier: Claim, later: Claim, without_place: timedelta, journeys: Journeys) -> bool:
    """Whether the journey between two visits has time, given how much of the gap is taken by claims without a place."""
    gap = later.span.start - earlier.span.end
    return gap >= APART_ENOUGH or gap - without_place >= journey(earlier, later, journeys)


def journey(one: Claim, other: Claim, journeys: Journeys) -> timedelta:
    """Between two claims, with what staff have set; nothing to or from one without a place."""
    if one.place is None or other.place is None:
        return NOTHING
    return travel_between(one.place, other.place, one.travel_minutes, other.travel_minutes, journeys)
