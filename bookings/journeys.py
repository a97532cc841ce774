"""Reading what staff have set between areas: one query, and only of the areas that matter."""

from collections.abc import Iterable

from bookings.models import JourneyTime
from bookings.travel import Journeys, Place, area_keys
from ctac.compiled import Compiled

set_among = Compiled(lambda names: JourneyTime.objects.filter(one__any_of=names, other__any_of=names).order_by())


def read_journeys(places: Iterable[Place | None]) -> Journeys:
    """What staff have set between any two of these places."""
    postcodes = {place.postcode for place in places if place}
    names = sorted({name for postcode in postcodes for name in area_keys(postcode)})
    return Journeys({(row.one, row.other): row.minutes for row in set_among.all(names=names)})
