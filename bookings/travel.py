"""How long a presenter needs from one place to another: the rule, in one place.

- Same full postcode: 0 minutes (two teams in one building).
- Otherwise 15 minutes for getting out, parking and getting in, plus the straight line times 1.3 (roads bend) at
  70 km an hour, rounded up to whole minutes, and never below 30.
- Where staff have set a visit's travel minutes, that figure holds on both sides of the visit, longer or shorter; between
  two such visits the larger.
- Online presentations and leave have no place. They need no travel, and they give none: free time between two visits is
  the gap minus what stands in it without a place.
- Visits more than 48 hours apart are never too close: no journey in the UK takes as long, and leave between them is
  time enough to go home.

The database keeps the same rule as `bookings_travel_minutes` and the trigger `bookings_busytime_travel`
(migration 0002); tests/bookings/test_travel.py proves the two equal.
"""

from dataclasses import dataclass, field
from datetime import timedelta
from math import asin, ceil, cos, sin, sqrt

RADIANS = 0.017453292519943295
EARTH_KM = 6371.0
APART_ENOUGH = timedelta(hours=48)
LONGEST_OVERRIDE_MINUTES = 1440


@dataclass(frozen=True)
class Place:
    """A full postcode with the coordinates that we measure from; with its nation where that was looked up."""

    postcode: str
    latitude: float
    longitude: float
    nation: str = field(default="", compare=False)


def kilometres(a: Place, b: Place) -> float:
    """The straight line (haversine), in the same order of operations as the SQL."""
    half_latitude = sin((b.latitude - a.latitude) * RADIANS / 2)
    half_longitude = sin((b.longitude - a.longitude) * RADIANS / 2)
    chord = (
        half_latitude * half_latitude + cos(a.latitude * RADIANS) * cos(b.latitude * RADIANS) * half_longitude * half_longitude
    )
    return 2 * EARTH_KM * asin(sqrt(min(1.0, chord)))


def travel_minutes(a: Place, b: Place) -> int:
    if a.postcode == b.postcode:
        return 0
    return max(30, ceil(15 + kilometres(a, b) * 1.3 / 70 * 60))


def travel_between(a: Place, b: Place, override_a: int | None = None, override_b: int | None = None) -> timedelta:
    """With what staff have set for either visit."""
    overrides = [minutes for minutes in (override_a, override_b) if minutes is not None]
    return timedelta(minutes=max(overrides) if overrides else travel_minutes(a, b))
