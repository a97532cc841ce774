"""Who could step in for bookings that need a presenter: everybody ranked, with why the others could not."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from django.utils.functional import Promise

from bookings.diary.book import Diary
from bookings.diary.breaches import ABOUT_THE_DAY, Breach
from bookings.diary.candidate import Candidate
from bookings.diary.reading import open_diary
from bookings.diary.verdict import Verdict
from bookings.diary.wish import Wish
from bookings.journeys import read_journeys
from bookings.models import Booking, Format, Presenter
from bookings.travel import Place
from ctac.uk import uk_day
from professionals.areas import look_up_areas

# So many on a page: each is worked out by itself.
MOST_ON_A_PAGE = 10


@dataclass(frozen=True)
class StandIn:
    """A presenter who is free then. `reasons`: the rules that staff would break; without any, one press is enough.

    `extra_minutes`: how much longer their journeys of that day get.
    """

    presenter: Presenter
    extra_minutes: int
    reasons: tuple[str | Promise, ...]


@dataclass(frozen=True)
class Need:
    """A booking that needs a presenter, and who could give it, the best first."""

    booking: Booking
    ready: list[StandIn]
    with_a_reason: list[StandIn]
    busy: list[Verdict]


def needs_of(bookings: Sequence[Booking], now: datetime) -> list[Need]:
    """One reading of the diary for all of them. Those without a time are left out."""
    timed = [booking for booking in bookings if booking.starts_at is not None]
    places = places_of({postcode_of(booking) for booking in timed})
    if not timed:
        return []
    days = [uk_day(booking.starts_at) for booking in timed if booking.starts_at is not None]
    any_wish = Wish.of(timed[0], places[postcode_of(timed[0])])
    diary = open_diary(any_wish, first_day=min(days), last_day=max(days), now=now)
    diary = with_journeys(diary, places.values())
    return [need_of(booking, diary_for(diary, booking, places[postcode_of(booking)])) for booking in timed]


def with_journeys(diary: Diary, places: Iterable[Place | None]) -> Diary:
    """With what staff have set between all of these places, and not only from the one that it was read for."""
    bases = [part.presenter.base for part in diary.parts]
    visits = [claim.place for part in diary.parts for claim in part.claims]
    journeys = read_journeys([*places, *bases, *visits])
    return replace(diary, parts=[replace(part, journeys=journeys) for part in diary.parts])


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


def diary_for(diary: Diary, booking: Booking, place: Place | None) -> Diary:
    wish = Wish.of(booking, place)
    return replace(diary, wish=wish, parts=[replace(part, wish=wish) for part in diary.parts])


def need_of(booking: Booking, diary: Diary) -> Need:
    assert booking.starts_at is not None  # noqa: S101 - needs_of leaves the others out
    found = [stand_in(candidate) for candidate in diary.candidates(booking.starts_at)]
    return Need(
        booking,
        ready=[each for each in found if not each.reasons],
        with_a_reason=[each for each in found if each.reasons],
        busy=[verdict for verdict in diary.verdicts(booking.starts_at) if verdict.candidate is None],
    )


def stand_in(candidate: Candidate) -> StandIn:
    return StandIn(candidate.presenter, candidate.extra, tuple(sentences(candidate.breaches)))


def sentences(breaches: Iterable[Breach]) -> Iterable[str | Promise]:
    """Whoever gives it, the day stays as it was agreed: what is about the day alone is nobody's reason."""
    return (breach.sentence for breach in breaches if breach not in ABOUT_THE_DAY)
