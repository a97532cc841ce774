"""From a postcode to a place on the map."""

from dataclasses import dataclass

from django.utils.translation import gettext_lazy as _

from bookings.travel import Place
from ctac.errors import DomainError
from professionals.areas import Area, look_up_area


class PlaceUnknown(DomainError):
    message = _("We can’t send a presenter to this postcode. Check it, choose an online presentation, or call us.")


@dataclass(frozen=True)
class FoundPlace:
    place: Place
    nation: str
    local_authority: str


def look_up(postcode: str) -> FoundPlace:
    """The centre of the postcode's outward code, with its nation and local authority.

    Raises PlaceUnknown (BFPO, or letters that no area has).
    """
    area = look_up_area(postcode)
    place = place_in(area, postcode)
    return FoundPlace(place, place.nation, area.local_authority if area else "")


def place_in(area: Area | None, postcode: str) -> Place:
    """Raises PlaceUnknown."""
    if area is None:
        raise PlaceUnknown
    return Place(postcode, area.latitude, area.longitude, area.nation, area.zone)


def find_place(postcode: str) -> Place:
    """Raises PlaceUnknown."""
    return look_up(postcode).place


def area_columns(postcode: str) -> dict[str, str]:
    """How a booking stores its area. Empty for a postcode that lies in none: nobody is refused for that."""
    return columns_of(look_up_area(postcode) if postcode else None)


def columns_of(area: Area | None) -> dict[str, str]:
    return {"nation": area.nation if area else "", "local_authority": area.local_authority if area else ""}
