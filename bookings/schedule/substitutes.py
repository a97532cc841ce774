"""Who could give a booking, ranked, and why each other presenter could not; who could step in where one is needed."""

from collections.abc import Container, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from django.template.loader import render_to_string
from django.utils.functional import Promise
from django.utils.safestring import SafeString

from bookings.models import Booking, BusyTime, Format, OpenSession, Presenter
from bookings.rules import DAY_VIOLATIONS, RuleViolation
from bookings.schedule.availability import Schedule, Verdict
from bookings.schedule.queries import IgnoredClaims, open_schedule, read_journeys
from bookings.schedule.slots import SlotQuery
from bookings.travel import Place, PlaceUnknown, find_place
from ctac.dates import uk_day
from professionals.areas import look_up_areas

# Who could give a booking, ranked, and why each other presenter could not: what staff read before they choose (ADR 12).


@dataclass(frozen=True)
class PresenterRanking:
    """A verdict on each presenter, the best first."""

    verdicts: Sequence[Verdict]
    in_person: bool

    def of(self, presenter: Presenter) -> Verdict | None:
        return next((verdict for verdict in self.verdicts if verdict.presenter == presenter), None)

    def as_table(self) -> SafeString:
        context = {"verdicts": self.verdicts, "in_person": self.in_person}
        return render_to_string("bookings/includes/who_could.html", context)


def rank_presenters_for(booking: Booking, now: datetime) -> PresenterRanking:
    """For a booking that has a time. Whoever gives it, its day stays: notice and horizon are nobody's reason."""
    try:
        slot_query = SlotQuery.of(booking, place_of_booking(booking))
    except PlaceUnknown:  # which no form lets in
        return PresenterRanking([], in_person=True)
    start = booking.agreed[0]
    day = uk_day(start)
    schedule = open_schedule(slot_query, first_day=day, last_day=day, now=now, ignoring={"booking": booking})
    return PresenterRanking(rank_verdicts(schedule.verdicts(start)), booking.format == Format.WORKPLACE)


def rank_presenters_for_session(session: OpenSession, now: datetime) -> PresenterRanking:
    """For an open session as it stands; whoever gives it, its day stays."""
    day = uk_day(session.starts_at)
    slot_query = SlotQuery(session.presentation, Format.ONLINE, None)
    schedule = open_schedule(slot_query, first_day=day, last_day=day, now=now, ignoring={"session": session})
    fine = {*DAY_VIOLATIONS, *([RuleViolation.NO_LINK] if session.own_joining_link else [])}
    return PresenterRanking(rank_verdicts(schedule.verdicts(session.starts_at), fine), in_person=False)


def rank_verdicts(verdicts: Sequence[Verdict], fine: Container[RuleViolation] = DAY_VIOLATIONS) -> list[Verdict]:
    """The best first, where the day is nobody's reason."""
    return sorted((without_violations(fine, verdict) for verdict in verdicts), key=lambda verdict: verdict.rank)


def rank_presenters_at(
    slot_query: SlotQuery, start: datetime, now: datetime, ignoring: IgnoredClaims | None = None
) -> PresenterRanking:
    """For a booking that is not placed yet, or not at that time; `ignoring` as for open_schedule."""
    day = uk_day(start)
    schedule = open_schedule(slot_query, first_day=day, last_day=day, now=now, ignoring=ignoring)
    return PresenterRanking(schedule.verdicts(start), slot_query.place is not None)


def without_violations(fine: Container[RuleViolation], verdict: Verdict) -> Verdict:
    if verdict.candidate is None:
        return verdict
    violations = tuple(violation for violation in verdict.candidate.violations if violation not in fine)
    return replace(verdict, candidate=replace(verdict.candidate, violations=violations))


def place_of_booking(booking: Booking) -> Place | None:
    """Where it takes place, from its claim if it has one."""
    claim = BusyTime.objects.filter(booking=booking).first()
    if claim is not None:
        return replace(claim.place, nation=booking.nation) if claim.place else None
    return find_place(booking.postcode) if booking.format == Format.WORKPLACE else None


# Who could step in for bookings that need a presenter: everybody ranked, with why the others could not.

# So many on a page: each is worked out by itself.
MOST_ON_A_PAGE = 10


@dataclass(frozen=True)
class Substitute:
    """A presenter who is free then. `reasons`: the rules that staff would break; without any, one press is enough.

    `extra_minutes`: how much longer their journeys of that day get.
    """

    presenter: Presenter
    extra_minutes: int
    reasons: tuple[str | Promise, ...]


@dataclass(frozen=True)
class SubstituteNeed:
    """A booking that needs a presenter, and who could give it, the best first."""

    booking: Booking
    ready: list[Substitute]
    with_a_reason: list[Substitute]
    busy: list[Verdict]


def substitute_needs(bookings: Sequence[Booking], now: datetime) -> list[SubstituteNeed]:
    """One reading of the diary for all of them. Those without a time are left out."""
    timed = [booking for booking in bookings if booking.starts_at is not None]
    places = places_of({postcode_of(booking) for booking in timed})
    if not timed:
        return []
    days = [uk_day(booking.starts_at) for booking in timed if booking.starts_at is not None]
    any_wish = SlotQuery.of(timed[0], places[postcode_of(timed[0])])
    schedule = open_schedule(any_wish, first_day=min(days), last_day=max(days), now=now)
    # With what staff have set between all of these places, and not only from the one that it was read for.
    bases = [part.presenter.base for part in schedule.parts]
    visits = [claim.place for part in schedule.parts for claim in part.claims]
    journeys = read_journeys([*places.values(), *bases, *visits])
    schedule = replace(schedule, parts=[replace(part, journeys=journeys) for part in schedule.parts])
    return [substitute_need(booking, schedule_for_booking(schedule, booking, places[postcode_of(booking)])) for booking in timed]


def postcode_of(booking: Booking) -> str:
    """Empty online."""
    return booking.postcode if booking.format == Format.WORKPLACE else ""


def places_of(postcodes: Iterable[str]) -> dict[str, Place | None]:
    """Where each is; None online. One statement for all whose outward code we know."""
    areas = look_up_areas(postcode for postcode in postcodes if postcode)
    return {"": None} | {
        postcode: Place(postcode, area.latitude, area.longitude, area.nation, area.zone) if area else None
        for postcode, area in areas.items()
    }


def schedule_for_booking(schedule: Schedule, booking: Booking, place: Place | None) -> Schedule:
    slot_query = SlotQuery.of(booking, place)
    return replace(schedule, slot_query=slot_query, parts=[replace(part, slot_query=slot_query) for part in schedule.parts])


def substitute_need(booking: Booking, schedule: Schedule) -> SubstituteNeed:
    assert booking.starts_at is not None  # noqa: S101 - substitute_needs leaves the others out
    found = [
        Substitute(candidate.presenter, candidate.extra, tuple(violation_sentences(candidate.violations)))
        for candidate in schedule.candidates(booking.starts_at)
    ]
    return SubstituteNeed(
        booking,
        ready=[each for each in found if not each.reasons],
        with_a_reason=[each for each in found if each.reasons],
        busy=[verdict for verdict in schedule.verdicts(booking.starts_at) if verdict.candidate is None],
    )


def violation_sentences(violations: Iterable[RuleViolation]) -> Iterable[str | Promise]:
    """Whoever gives it, the day stays as it was agreed: what is about the day alone is nobody's reason."""
    return (violation.label for violation in violations if violation not in DAY_VIOLATIONS)
