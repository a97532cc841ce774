"""From a postcode to a place on the map."""

from dataclasses import dataclass

from django.utils.translation import gettext_lazy as _

from bookings.models import PostcodeArea
from bookings.travel import Place
from ctac.errors import DomainError
from ctac.uk import postcode_area


class PlaceUnknown(DomainError):
    message = _("We can’t send a presenter to this postcode. Check it, choose an online presentation, or call us.")


@dataclass(frozen=True)
class FoundPlace:
    place: Place
    nation: str


def look_up(postcode: str) -> FoundPlace:
    """The centre of the postcode's area, and its nation. Raises PlaceUnknown (BFPO, or letters that no area has)."""
    area = PostcodeArea.objects.filter(code=postcode_area(postcode)).first()
    if area is None:
        raise PlaceUnknown
    return FoundPlace(Place(postcode, area.latitude, area.longitude, area.nation), area.nation)


def find_place(postcode: str) -> Place:
    """Raises PlaceUnknown."""
    return look_up(postcode).place
