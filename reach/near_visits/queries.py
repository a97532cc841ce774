"""Areas that a presenter could reach around a visit, where nobody has attended anything for a year."""

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from functools import lru_cache

from bookings.models import Booking, Format
from bookings.schedule.availability import Slot
from bookings.schedule.holds import days_around
from bookings.schedule.queries import read_journeys, read_schedule
from bookings.schedule.slots import SlotQuery
from bookings.travel import Place, find_place
from notifications.registry import Topic
from professionals.areas import look_up_areas
from professionals.models import OutwardCode
from professionals.services import subscribers
from reach.areas import Area, Unit, area_by_key, areas_of
from reach.invitations.queries import most_central_place
from reach.queries import Period, area_key, last_attended_months

AREA_UNIT = Unit.UPPER
GAP_MONTHS = 12
MAX_AREAS = 12


@lru_cache(maxsize=1)  # tables that only a migration changes
def central_places() -> Mapping[str, Place]:
    """The outward code nearest to each area's middle, from which journeys and times are reckoned."""
    areas, codes = area_by_key(AREA_UNIT), defaultdict[str, list[OutwardCode]](list)
    for code in OutwardCode.objects.defer("others"):
        if area := areas.get(area_key(code.nation, code.authority)):
            codes[area.code].append(code)
    return {area: most_central_place(theirs) for area, theirs in codes.items()}


@dataclass(frozen=True)
class NearbyArea:
    """`minutes`: from the visit to its middle. `chose`: how many there asked to be invited to visits."""

    area: Area
    last: date | None
    minutes: int
    chose: int
    days: list[tuple[date, list[Slot]]]

    @property
    def count(self) -> int:
        return sum(len(slots) for _day, slots in self.days)


def nearby_gap_areas(visit: Booking, now: datetime) -> list[NearbyArea]:
    """The nearest gap areas where the visit's presenter has a time on its day, or the day before or after.

    Follows the public's rules for a visit there: travel, hours, bank holidays, notice and so on. Leaves out the visit's own
    area.
    """
    assert visit.presenter is not None  # noqa: S101 - whoever asks has a visit that somebody gives
    here, since, last = find_place(visit.postcode), Period.last_months(GAP_MONTHS, now).first, last_attended_months(AREA_UNIT)
    own = area_by_key(AREA_UNIT).get(area_key(here.nation, here.authority))
    wanting = [area for area in areas_of(AREA_UNIT).values() if last.get(area.code, date.min) < since and area != own]
    places = {area.code: central_places()[area.code] for area in wanting if area.code in central_places()}
    days = days_around(visit)
    query = SlotQuery(visit.presentation, Format.WORKPLACE, here)
    schedule = read_schedule(query, first_day=days.first, last_day=days.last, now=now, presenters=[visit.presenter])
    claimed = [claim.place for part in schedule.parts for claim in part.claims]
    journeys = read_journeys([*places.values(), here, visit.presenter.base, *claimed])
    schedule = replace(schedule, parts=[replace(part, journeys=journeys) for part in schedule.parts])
    near = {code: journeys.minutes(here, place) for code, place in places.items()}
    chose, found = subscriber_counts_by_area(), list[NearbyArea]()
    for area in sorted(wanting, key=lambda area: (near.get(area.code, 0), area.name)):
        if area.code not in near or near[area.code] > visit.presenter.max_travel_minutes:
            continue
        there = schedule.for_query(SlotQuery(visit.presentation, Format.WORKPLACE, places[area.code]))
        free = [(day, slots) for day in days if (slots := there.slots_on(day))]
        if free:
            found.append(NearbyArea(area, last.get(area.code), near[area.code], chose[area.code], free))
        if len(found) == MAX_AREAS:
            break
    return found


def subscriber_counts_by_area() -> Counter[str]:
    """How many people in each area asked for invitations to book a visit near them. Two statements."""
    postcodes = list(subscribers(Topic.VISITS).exclude(postcode="").values_list("postcode", flat=True))
    found, areas = look_up_areas(set(postcodes)), area_by_key(AREA_UNIT)
    counts = Counter[str]()
    for postcode in postcodes:
        if (place := found[postcode]) and (area := areas.get(area_key(place.nation, place.local_authority))):
            counts[area.code] += 1
    return counts
