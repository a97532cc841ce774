"""An online presentation is given from the base: the way between there and the visits round it has to fit into the day (ADR 25).

Leave is given from nowhere: it asks for no way, but what of it stands in one takes time from that, as everywhere. All that
follows holds for a whole gap between two claims, as in base_ends.
"""

from collections.abc import Iterable
from datetime import timedelta

from bookings.diary.base_ends import BaseEnds, Gap, first_visit, taken_from
from bookings.gaps import EVER, Claim, Span
from bookings.travel import Place, travel_between


def by_way_of_base(place: Place | None, gap: Gap, ends: BaseEnds) -> Span:
    """Where in the gap it may lie (a visit at `place`, or online): after the way to or from the base, and before that."""
    start, end = EVER
    if before := met_at_base(reversed(gap.before), place):
        start = before.span.end + way(before, place, ends) + taken_from(Span(before.span.end, EVER.end), gap.before)
    if after := met_at_base(gap.after, place):
        end = after.span.start - way(after, place, ends) - taken_from(Span(EVER.start, after.span.start), gap.after)
    return Span(start, end)


def met_at_base(claims: Iterable[Claim], place: Place | None) -> Claim | None:
    """To something online the nearest visit; to a visit what is online, unless another visit is nearer."""
    if place is None:
        return first_visit(claims)
    nearest = next((claim for claim in claims if claim.place or claim.is_visit), None)
    return None if nearest is None or nearest.place else nearest


def way(claim: Claim, place: Place | None, ends: BaseEnds) -> timedelta:
    """Between the base and the one of the two that is a visit, with what staff have set for it."""
    if place is not None:
        return ends.way(place)
    assert claim.place is not None  # noqa: S101 - online meets visits
    return travel_between(ends.base, claim.place, override_b=claim.travel_minutes, journeys=ends.journeys)
