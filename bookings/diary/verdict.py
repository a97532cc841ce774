"""Why a presenter could or could not give the presentation at some start, in words that staff read."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta

from django.utils.functional import Promise
from django.utils.translation import gettext as _

from bookings.diary.base_ends import taken_from
from bookings.diary.breaches import Breach
from bookings.diary.candidate import Candidate
from bookings.gaps import Claim, Span, journey
from bookings.models import Presenter
from bookings.models.leave import away_in_words
from bookings.travel import APART_ENOUGH, Journeys
from ctac.uk import format_clock, format_span


@dataclass(frozen=True)
class Verdict:
    """`candidate` is None where it is impossible, and then `obstacles` say why."""

    presenter: Presenter
    candidate: Candidate | None
    obstacles: tuple[str, ...] = ()

    @property
    def breaches(self) -> tuple[Breach, ...]:
        return self.candidate.breaches if self.candidate else ()

    @property
    def rank(self) -> tuple[bool, tuple[bool, int, int, int]]:
        """Those who could, the best first; then those who are busy, as they came."""
        if self.candidate is None:
            return True, (True, 0, 0, self.presenter.pk)
        return False, self.candidate.rank

    @property
    def reasons(self) -> Sequence[str | Promise]:
        return self.obstacles or [breach.sentence for breach in self.breaches]


def obstacles(wanted: Claim, claims: Sequence[Claim], journeys: Journeys) -> Iterator[str]:
    """What of the presenter's claims is in the way of a visit that is wanted."""
    overlapping = [claim for claim in claims if claim.span.overlaps(wanted.span)]
    yield from (overlap(claim) for claim in overlapping)
    if overlapping:
        return
    before, after = neighbours(wanted, claims)
    if wanted.place is None:
        if before and after and is_short(before, after, [wanted, *claims], journeys):
            yield _("On the way from %(one)s to %(other)s then.") % {"one": where(before), "other": where(after)}
        return
    if before and is_short(before, wanted, claims, journeys):
        yield _("Comes from %(place)s, until %(clock)s: %(minutes)s") % {
            "place": where(before),
            "clock": format_clock(before.span.end),
            "minutes": needed_and_left(before, wanted, claims, journeys),
        }
    if after and is_short(wanted, after, claims, journeys):
        yield _("Goes on to %(place)s, from %(clock)s: %(minutes)s") % {
            "place": where(after),
            "clock": format_clock(after.span.start),
            "minutes": needed_and_left(wanted, after, claims, journeys),
        }


def overlap(claim: Claim) -> str:
    if not claim.is_visit:
        return _("Away: %(when)s.") % {"when": away_in_words(claim.span.start, claim.span.end)}
    when = format_span(claim.span.start, claim.span.end)
    if claim.is_session:
        return _("Gives an open session: %(when)s.") % {"when": when}
    if not claim.is_booking:
        return _("Keeps this time for somebody: %(when)s.") % {"when": when}
    return _("Has a booking: %(when)s, %(place)s.") % {"when": when, "place": where(claim)}


def where(claim: Claim) -> str:
    return claim.place.postcode if claim.place else _("online")


def neighbours(wanted: Claim, claims: Sequence[Claim]) -> tuple[Claim | None, Claim | None]:
    """The visit before and the visit after, on whatever day."""
    visits = [claim for claim in claims if claim.place]
    before = max((c for c in visits if c.span.end <= wanted.span.start), key=lambda c: c.span.end, default=None)
    after = min((c for c in visits if c.span.start >= wanted.span.end), key=lambda c: c.span.start, default=None)
    return before, after


def time_left(earlier: Claim, later: Claim, claims: Sequence[Claim]) -> timedelta:
    gap = Span(earlier.span.end, later.span.start)
    return gap.length - taken_from(gap, claims)


def is_short(earlier: Claim, later: Claim, claims: Sequence[Claim], journeys: Journeys) -> bool:
    if later.span.start - earlier.span.end >= APART_ENOUGH:
        return False
    return time_left(earlier, later, claims) < journey(earlier, later, journeys)


def needed_and_left(earlier: Claim, later: Claim, claims: Sequence[Claim], journeys: Journeys) -> str:
    left = max(timedelta(0), time_left(earlier, later, claims))
    minutes = {"needed": in_minutes(journey(earlier, later, journeys)), "left": in_minutes(left)}
    return _("the journey takes %(needed)d minutes, and there are %(left)d.") % minutes


def in_minutes(length: timedelta) -> int:
    return int(length / timedelta(minutes=1))
