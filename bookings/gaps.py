"""Where a visit of some length fits between a presenter's claims: the database's rule (bookings/travel.py), for reading ahead.

Pure arithmetic on moments in UTC. tests/bookings/test_gaps.py holds it against the database itself.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from bookings.travel import APART_ENOUGH, Journeys, Place, travel_between

NOTHING = timedelta(0)


@dataclass(frozen=True)
class Span:
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


@dataclass(frozen=True)
class Claim:
    """One claim on a presenter's time; without a place it needs no travel and gives none."""

    span: Span
    place: Place | None = None
    travel_minutes: int | None = None
    is_booking: bool = False
    # A presentation that is booked or kept, so that it counts towards the most a day and a week.
    is_visit: bool = False


def free_spans(
    claims: Sequence[Claim], place: Place | None, length: timedelta, within: Span, journeys: Journeys | None = None
) -> list[Span]:
    """The spans inside which a visit of that length at that place (None: online) may lie, in order.

    `claims` are in order and don't overlap, and reach at least 48 hours beyond `within` on both sides.
    """
    journeys = journeys or Journeys()
    starts = [within.start, *(claim.span.end for claim in claims)]
    ends = [*(claim.span.start for claim in claims), within.end]
    if place is None:
        spans = [
            Span(start, end)
            for number, (start, end) in enumerate(zip(starts, ends, strict=True))
            if _journey_leaves(claims, number, length, journeys)
        ]
    else:
        spans = [
            Span(max(start, earliest), min(end, latest))
            for start, end, earliest, latest in zip(
                starts,
                ends,
                _earliest_starts(claims, place, within, journeys),
                _latest_ends(claims, place, within, journeys),
                strict=True,
            )
        ]
    cut = (Span(max(span.start, within.start), min(span.end, within.end)) for span in spans)
    return [span for span in cut if span.length >= length]


def fits(earlier: Claim, later: Claim, without_place: timedelta, journeys: Journeys) -> bool:
    """Whether the journey between two visits has time, given how much of the gap is taken by claims without a place."""
    gap = later.span.start - earlier.span.end
    return gap >= APART_ENOUGH or gap - without_place >= journey(earlier, later, journeys)


def journey(one: Claim, other: Claim, journeys: Journeys) -> timedelta:
    """Between two claims, with what staff have set; nothing to or from one without a place."""
    if one.place is None or other.place is None:
        return NOTHING
    return travel_between(one.place, other.place, one.travel_minutes, other.travel_minutes, journeys)


def _needed(visit: Claim, place: Place, without_place: timedelta, journeys: Journeys) -> timedelta:
    """Between that visit and one at `place`: the journey and what stands in the way; 48 hours are always enough."""
    return min(APART_ENOUGH, without_place + journey(visit, Claim(visit.span, place), journeys))


def _earliest_starts(claims: Sequence[Claim], place: Place, within: Span, journeys: Journeys) -> list[datetime]:
    """For the gap before the first claim and after each: when a visit at `place` can start, coming from the visit before."""
    found, visit, without_place = [within.start], None, NOTHING
    for claim in claims:
        visit, without_place = (claim, NOTHING) if claim.place else (visit, without_place + claim.span.length)
        found.append(visit.span.end + _needed(visit, place, without_place, journeys) if visit else within.start)
    return found


def _latest_ends(claims: Sequence[Claim], place: Place, within: Span, journeys: Journeys) -> list[datetime]:
    """For the gap before each claim and after the last: when a visit at `place` must end, going on to the visit after."""
    found, visit, without_place = [within.end], None, NOTHING
    for claim in reversed(claims):
        visit, without_place = (claim, NOTHING) if claim.place else (visit, without_place + claim.span.length)
        found.append(visit.span.start - _needed(visit, place, without_place, journeys) if visit else within.end)
    return found[::-1]


def _journey_leaves(claims: Sequence[Claim], number: int, length: timedelta, journeys: Journeys) -> bool:
    """Whether the journey over gap `number`, between the visits round it, leaves that much time for something online."""
    before = next((index for index in range(number - 1, -1, -1) if claims[index].place), None)
    after = next((index for index in range(number, len(claims)) if claims[index].place), None)
    if before is None or after is None:
        return True
    without_place = sum((claim.span.length for claim in claims[before + 1 : after]), NOTHING)
    return fits(claims[before], claims[after], without_place + length, journeys)
