"""From a postcode to a place, and how long a presenter needs from one place to another. If it fits: schedule/slots.py."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from math import asin, ceil, cos, sin, sqrt

from django.utils.translation import gettext_lazy as _

from core.errors import DomainError
from core.models import csv_rows
from professionals.areas import look_up_area, postcode_area

# How long a presenter needs from one place to another:
#
# - Same full postcode: 0 minutes (two teams in one building).
# - Where staff have set the minutes between two areas (JourneyTime), those. An area is an outward code (LS1) or the letters of a
#   postcode area (LS); of several that match, the more exact one counts, then the longer.
# - Otherwise 15 minutes for getting out, parking and getting in, plus the straight line times 1.3 (roads bend) at 70 km an hour,
#   rounded up to whole minutes, and never below 30.
# - Between places on different islands, or an island and the mainland, CROSSING_MINUTES of each island on top: check-in, waiting,
#   landing and a slower ship, or for the far ones a flight. Between two islands both count. Sailings are not looked up.
# - Where staff have set a visit's travel minutes, that figure holds on both sides of the visit, longer or shorter; between two
#   such visits the larger.
# - Online presentations and leave have no place. They need no travel, and they give none: free time between two visits is the
#   gap minus what stands in it without a place. That an online presentation is given from the base is a rule for the public,
#   which staff may go past: bookings/schedule/slots.py.
# - Visits more than 48 hours apart are never too close: no journey in the UK takes as long, and leave between them is time
#   enough to go home.
#
# The database keeps the same rule: `bookings_travel_minutes` and the trigger `bookings_busytime_travel` in
# bookings/sql/travel.sql. tests/bookings/schedule/test_travel.py proves the two equal. professionals/data/README.md names the
# source of the coordinates of outward codes.

RADIANS_PER_DEGREE = 0.017453292519943295
EARTH_RADIUS_KM = 6371.0
SUFFICIENT_GAP = timedelta(hours=48)
MAX_OVERRIDE_MINUTES = 1440
MAINLAND = "mainland"
# Islands by the names in professionals/data/islands.csv. Anglesey, Skye, Hayling, Mersea and others have bridges or causeways.
CROSSING_MINUTES = {row["zone"]: int(row["minutes"]) for row in csv_rows("bookings", "crossings")}


@dataclass(frozen=True)
class Place:
    """A full postcode with the coordinates that we measure from, and its island.

    It has a nation and a local authority if they were looked up.
    """

    postcode: str
    latitude: float
    longitude: float
    nation: str = field(default="", compare=False)
    zone: str = MAINLAND
    authority: str = field(default="", compare=False)

    def __hash__(self) -> int:
        return hash(self.postcode)


def estimate_minutes(a: Place, b: Place) -> int:
    """The minutes by distance and crossings alone."""
    # The straight line (haversine), in the same order of operations as the SQL.
    half_latitude = sin((b.latitude - a.latitude) * RADIANS_PER_DEGREE / 2)
    half_longitude = sin((b.longitude - a.longitude) * RADIANS_PER_DEGREE / 2)
    chord = (
        half_latitude * half_latitude
        + cos(a.latitude * RADIANS_PER_DEGREE) * cos(b.latitude * RADIANS_PER_DEGREE) * half_longitude * half_longitude
    )
    minutes = max(30, ceil(15 + (2 * EARTH_RADIUS_KM * asin(sqrt(min(1.0, chord)))) * 1.3 / 70 * 60))
    return minutes if a.zone == b.zone else minutes + CROSSING_MINUTES.get(a.zone, 0) + CROSSING_MINUTES.get(b.zone, 0)


def area_keys(postcode: str) -> tuple[str, str]:
    """The names under which staff set minutes for this postcode: 'LS1' and 'LS' for 'LS1 4AP'."""
    return postcode.partition(" ")[0], postcode_area(postcode)


class Journeys:
    """The minutes that staff have set between areas, in memory. Each journey is worked out once."""

    def __init__(self, minutes: Mapping[tuple[str, str], int] | None = None) -> None:
        """`minutes`: pairs of area names, in either order."""
        self._set = {frozenset(pair): number for pair, number in (minutes or {}).items()}
        self._known: dict[tuple[Place, Place], int] = {}

    def minutes(self, a: Place, b: Place) -> int:
        minutes = self._known.get((a, b))
        if minutes is None:
            if a.postcode == b.postcode:
                minutes = self._known[a, b] = 0
            else:
                set_by_staff = self.override_minutes_between(a.postcode, b.postcode) if self._set else None
                minutes = self._known[a, b] = estimate_minutes(a, b) if set_by_staff is None else set_by_staff
        return minutes

    def override_minutes_between(self, one: str, other: str) -> int | None:
        """The minutes that staff have set between these two postcodes; None if they have set none."""
        # For each pair: how many of its two names are outward codes, which have a digit, and not whole areas.
        pairs = {
            frozenset((x, y)): sum(any(letter.isdigit() for letter in name) for name in (x, y))
            for x in area_keys(one)
            for y in area_keys(other)
        }
        matches = [(exactness, self._set[pair]) for pair, exactness in pairs.items() if pair in self._set]
        return max(matches)[1] if matches else None


def travel_between(
    a: Place, b: Place, override_a: int | None = None, override_b: int | None = None, journeys: Journeys | None = None
) -> timedelta:
    """The journey, with the minutes that staff have set for either visit, or else for their areas."""
    overrides = [minutes for minutes in (override_a, override_b) if minutes is not None]
    return timedelta(minutes=max(overrides) if overrides else (journeys or Journeys()).minutes(a, b))


class PlaceUnknown(DomainError):
    message = _("We can’t send a presenter to this postcode. Check it, choose an online presentation, or call us.")


def find_place(postcode: str) -> Place:
    """The centre of the postcode's outward code. Raises PlaceUnknown (BFPO, or letters that no area has)."""
    area = look_up_area(postcode)
    if area is None:
        raise PlaceUnknown
    return Place(postcode, area.latitude, area.longitude, area.nation, area.zone, area.local_authority)
