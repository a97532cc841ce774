"""Which leaflets fit those who came, and how many copies: each profession's own title, for the others the one for everybody."""

from collections.abc import Mapping

from leaflets.models import Leaflet
from leaflets.stock_reading import in_stock_for

MOST_TITLES = 30


def leaflets_for(counts: Mapping[str, int]) -> dict[Leaflet, int]:
    """Titles in English as they stand on the shelf, with the copies that an order of each may have. One statement."""
    there = [leaflet for leaflet in in_stock_for("", MOST_TITLES) if leaflet.version_of_id is None]
    own = {leaflet.audience: leaflet for leaflet in reversed(there) if leaflet.audience}
    everybodys = next((leaflet for leaflet in there if not leaflet.audience), None)
    wanted: dict[Leaflet, int] = {}
    for profession, people in counts.items():
        leaflet = own.get(profession, everybodys)
        if leaflet is not None:
            wanted[leaflet] = wanted.get(leaflet, 0) + people
    return {leaflet: min(copies, leaflet.most_per_order, leaflet.available) for leaflet, copies in wanted.items()}
