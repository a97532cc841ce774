"""Reading what staff have set between areas: one query, and only of the areas that matter."""

from collections.abc import Iterable

from bookings.models import JourneyTime
from bookings.travel import Journeys, Place, area_keys


def read_journeys(places: Iterable[Place | None]) -> Journeys:
    """What staff have set between any two of these places."""
    postcodes = {place.postcode for place in places if place}
    names = {name for postcode in postcodes for name in area_keys(postcode)}
    rows = JourneyTime.objects.filter(one__in=names, other__in=names).order_by().values_list("one", "other", "minutes")
    return Journeys({(one, other): minutes for one, other, minutes in rows})
