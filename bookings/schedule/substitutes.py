"""Presenters ranked for a booking or session, with the reasons against; substitutes where a booking needs a presenter."""

from collections.abc import Container, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from operator import attrgetter

from django.template.loader import render_to_string
from django.utils.safestring import SafeString

from bookings.errors import DAY_VIOLATIONS, RuleViolation
from bookings.models import Booking, BusyTime, Format, OpenSession, Presenter
from bookings.schedule.availability import Verdict
from bookings.schedule.queries import IgnoredClaims, read_journeys, read_schedule
from bookings.schedule.slots import SlotQuery
from bookings.travel import Place, PlaceUnknown, find_place
from core.dates import uk_day
from professionals.areas import look_up_areas


@dataclass(frozen=True)
class PresenterRanking:
    """A verdict on each presenter, the best first."""

    verdicts: Sequence[Verdict]
    in_person: bool

    def verdict_for(self, presenter: Presenter) -> Verdict | None:
        return next((verdict for verdict in self.verdicts if verdict.presenter == presenter), None)

    def as_table(self) -> SafeString:
        context = {"verdicts": self.verdicts, "in_person": self.in_person}
        return render_to_string("bookings/schedule/includes/who_could.html", context)


def rank_presenters_for(booking: Booking, now: datetime) -> PresenterRanking:
    """The ranking for a booking that has a time. Its day stays, whoever gives it: notice and horizon don't count."""
    try:
        slot_query = SlotQuery.for_booking(booking, place_of_booking(booking))
    except PlaceUnknown:  # no form lets one in
        return PresenterRanking([], in_person=True)
    return rank_presenters_at(slot_query, booking.agreed_times[0], now, {"booking": booking}, DAY_VIOLATIONS)


def rank_presenters_for_session(session: OpenSession, now: datetime) -> PresenterRanking:
    """The ranking for an open session as it stands. Its day stays, whoever gives it."""
    slot_query = SlotQuery(session.presentation, Format.ONLINE, None)
    excused = {*DAY_VIOLATIONS, *([RuleViolation.NO_LINK] if session.own_joining_link else [])}
    return rank_presenters_at(slot_query, session.starts_at, now, {"session": session}, excused)


def rank_presenters_at(
    slot_query: SlotQuery,
    start: datetime,
    now: datetime,
    ignoring: IgnoredClaims | None = None,
    excused: Container[RuleViolation] = (),
) -> PresenterRanking:
    """The ranking at that time. For `ignoring`, see read_schedule. `excused`: rules that don't count here."""
    day = uk_day(start)
    schedule = read_schedule(slot_query, first_day=day, last_day=day, now=now, ignoring=ignoring)
    verdicts = []
    for verdict in schedule.verdicts(start):
        candidate = verdict.candidate
        if candidate is not None:
            counted = tuple(violation for violation in candidate.violations if violation not in excused)
            candidate = replace(candidate, violations=counted)
        verdicts.append(replace(verdict, candidate=candidate))
    return PresenterRanking(sorted(verdicts, key=attrgetter("rank")), slot_query.place is not None)


def place_of_booking(booking: Booking) -> Place | None:
    """Where the booking takes place, from its claim if it has one; None online."""
    claim = BusyTime.objects.filter(booking=booking).first()
    if claim is not None:
        return replace(claim.place, nation=booking.nation) if claim.place else None
    return find_place(booking.postcode) if booking.format == Format.WORKPLACE else None


# Each of them is worked out by itself, so a page has few.
MAX_BOOKINGS_PER_PAGE = 10


@dataclass(frozen=True)
class Substitute:
    """A presenter who is free then. `reasons`: the rules that staff would break; without any, one press is enough.

    `extra_minutes`: how many minutes it adds to their journeys of that day.
    """

    presenter: Presenter
    extra_minutes: int
    reasons: tuple[str, ...]


@dataclass(frozen=True)
class SubstituteNeed:
    """A booking that needs a presenter, and who could give it, the best first."""

    booking: Booking
    ready: list[Substitute]
    with_a_reason: list[Substitute]
    busy: list[Verdict]


def substitute_needs(bookings: Sequence[Booking], now: datetime) -> list[SubstituteNeed]:
    """What each booking needs, by reading the schedule once for all of them. Bookings without a time are left out."""
    timed = [booking for booking in bookings if booking.starts_at is not None]
    if not timed:
        return []
    areas = look_up_areas({booking.postcode for booking in timed if booking.format == Format.WORKPLACE and booking.postcode})
    places = {
        postcode: Place(postcode, area.latitude, area.longitude, area.nation, area.zone)
        for postcode, area in areas.items()
        if area
    }
    queries = [
        SlotQuery.for_booking(booking, places.get(booking.postcode) if booking.format == Format.WORKPLACE else None)
        for booking in timed
    ]
    days = [uk_day(booking.agreed_times[0]) for booking in timed]
    schedule = read_schedule(queries[0], first_day=min(days), last_day=max(days), now=now)
    # With the journey times that staff have set between all of these places, not only those of the first query.
    bases = [part.presenter.base for part in schedule.parts]
    visits = [claim.place for part in schedule.parts for claim in part.claims]
    journeys = read_journeys([*places.values(), *bases, *visits])
    schedule = replace(schedule, parts=[replace(part, journeys=journeys) for part in schedule.parts])
    needs = []
    for booking, slot_query in zip(timed, queries, strict=True):
        start, shown = booking.agreed_times[0], schedule.for_query(slot_query)
        # The day is agreed, so notice and horizon don't count.
        substitutes = [
            Substitute(
                candidate.presenter,
                candidate.extra,
                candidate.reasons(DAY_VIOLATIONS),
            )
            for candidate in shown.candidates(start)
        ]
        needs.append(
            SubstituteNeed(
                booking,
                ready=[substitute for substitute in substitutes if not substitute.reasons],
                with_a_reason=[substitute for substitute in substitutes if substitute.reasons],
                busy=[verdict for verdict in shown.verdicts(start) if verdict.candidate is None],
            )
        )
    return needs
