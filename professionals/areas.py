"""Looks up the area of a postcode: its nation and local authority, and its outward code's centre. Offline, in one query.

1,650 of the 3,050 outward codes lie in several authorities, so the whole postcode is looked up: `OutwardCode.others` lists the
runs of inward codes that belong to another authority than most do. A postcode newer than the table gets the area of those around
it, and a new outward code gets what most of its postcode area has: nobody is turned away for a new postcode.
"""

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from math import atan, atan2, cos, degrees, radians, sin, sqrt, tan
from pathlib import Path
from statistics import median

from professionals.models import LocalAuthority, Nation, OutwardCode

DATA_DIR = Path(__file__).resolve().parent / "data"
# The first letter of an authority's code in official statistics.
NATION_BY_AUTHORITY_PREFIX = {"E": Nation.ENGLAND, "S": Nation.SCOTLAND, "W": Nation.WALES, "N": Nation.NORTHERN_IRELAND}
# These islands have no such authorities.
ISLAND_BY_POSTCODE_AREA = {"GY": Nation.GUERNSEY, "JE": Nation.JERSEY, "IM": Nation.ISLE_OF_MAN}


@dataclass(frozen=True)
class Area:
    """`local_authority` is its code in official statistics, empty where there is none or we don't know it.

    `outward_code` is empty for one that is newer than the table.
    """

    nation: str
    local_authority: str
    latitude: float
    longitude: float
    zone: str
    outward_code: str = ""


def look_up_area(postcode: str) -> Area | None:
    """The area of a postcode in the form that core.forms.normalise_postcode gives.

    None for British Forces post, and for letters that no postcode area has.
    """
    return area_within(get_outward_code(postcode.partition(" ")[0]), postcode)


@lru_cache(maxsize=1024)  # only a migration changes the table; a form and its service ask for the same postcode
def get_outward_code(code: str) -> OutwardCode | None:
    return OutwardCode.objects.filter(code=code).first()


def look_up_areas(postcodes: Iterable[str]) -> dict[str, Area | None]:
    """look_up_area for several postcodes, in one query for all whose outward code we know."""
    outward = {postcode: postcode.partition(" ")[0] for postcode in postcodes}
    rows = {row.code: row for row in OutwardCode.objects.filter(code__in=set(outward.values()))}
    return {postcode: area_within(rows.get(code), postcode) for postcode, code in outward.items()}


def area_within(row: OutwardCode | None, postcode: str) -> Area | None:
    """The area of a postcode within its outward code. Without a row for the code, the middle of the postcode area."""
    if row is None:
        letters = postcode_area(postcode)
        rows = list(OutwardCode.objects.filter(code__regex=rf"^{letters}[0-9]").defer("others")) if letters else []
        if not rows:
            return None
        (nation, zone), _count = Counter((row.nation, row.zone) for row in rows).most_common(1)[0]
        near = [row for row in rows if (row.nation, row.zone) == (nation, zone)]
        latitude, longitude = median(row.latitude for row in near), median(row.longitude for row in near)
        return Area(nation, "", latitude, longitude, zone)
    inward = postcode.partition(" ")[2]
    authority = authority_of(row, inward)
    return Area(nation_of(authority, row.code), authority, row.latitude, row.longitude, row.zone, row.code)


def authority_of(row: OutwardCode, inward: str) -> str:
    """The authority of that postcode: another one's if `inward` lies in one of its runs, else that of most of the code."""
    for other in row.others.split():
        authority, _colon, runs = other.partition(":")
        for run in runs.split(","):
            first, _dash, last = run.partition("-")
            if first <= inward <= (last or first):
                return authority
    return row.authority


def postcode_area(postcode: str) -> str:
    """The letters at the front: 'SW' of 'SW1A 1AA'."""
    match = re.match(r"[A-Z]+", postcode.upper())
    return match[0] if match else ""


def nation_of(authority: str, outward: str = "") -> str:
    """The nation of an authority. Without one, that of the outward code, which is on an island."""
    return NATION_BY_AUTHORITY_PREFIX[authority[0]] if authority else ISLAND_BY_POSTCODE_AREA[postcode_area(outward)]


@lru_cache(maxsize=512)  # only a migration changes the table
def authority_with_code(code: str) -> LocalAuthority | None:
    """The local authority with that code in official statistics; None for an empty one."""
    return LocalAuthority.objects.filter(code=code).first() if code else None


def is_area(code: str) -> bool:
    """Whether that is an outward code, or the letters of a postcode area."""
    letters = postcode_area(code)
    if letters != code:
        return OutwardCode.objects.filter(code=code).exists()
    return bool(letters) and OutwardCode.objects.filter(code__regex=rf"^{letters}[0-9]").exists()


# Converts the National Grid of Great Britain to latitude and longitude.
# The inverse Transverse Mercator projection on the Airy 1830 ellipsoid, then a seven-parameter shift to WGS84, as in Ordnance
# Survey's "A guide to coordinate systems in Great Britain" (annexes B and C). Accurate to about five metres. Northern Ireland
# has another grid: its figures put through this would land Belfast in Cheshire.

AIRY_AXES = (6377563.396, 6356256.909)
WGS84_AXES = (6378137.0, 6356752.3142)
MERIDIAN_SCALE = 0.9996012717
ORIGIN_LATITUDE, ORIGIN_LONGITUDE = radians(49), radians(-2)
ORIGIN_EASTING, ORIGIN_NORTHING = 400000.0, -100000.0
HELMERT_TRANSLATION = (446.448, -125.157, 542.060)
HELMERT_SCALE = 1 - 20.4894e-6
HELMERT_ROTATIONS = tuple(radians(seconds / 3600) for seconds in (0.1502, 0.2470, 0.8421))


def to_latitude_and_longitude(easting: float, northing: float) -> tuple[float, float]:
    """Latitude and longitude in degrees on WGS84."""
    a, b = AIRY_AXES[0] * MERIDIAN_SCALE, AIRY_AXES[1] * MERIDIAN_SCALE
    squared = 1 - (b / a) ** 2
    # The latitude on the central meridian that has this northing.
    latitude, meridian = ORIGIN_LATITUDE, 0.0
    while abs(northing - ORIGIN_NORTHING - meridian) >= 0.00001:
        latitude += (northing - ORIGIN_NORTHING - meridian) / a
        n = (a - b) / (a + b)
        less, more = latitude - ORIGIN_LATITUDE, latitude + ORIGIN_LATITUDE
        meridian = b * (
            (1 + n + 5 / 4 * n**2 + 5 / 4 * n**3) * less
            - (3 * n + 3 * n**2 + 21 / 8 * n**3) * sin(less) * cos(more)
            + (15 / 8 * n**2 + 15 / 8 * n**3) * sin(2 * less) * cos(2 * more)
            - 35 / 24 * n**3 * sin(3 * less) * cos(3 * more)
        )
    nu = a / sqrt(1 - squared * sin(latitude) ** 2)
    rho = a * (1 - squared) / (1 - squared * sin(latitude) ** 2) ** 1.5
    eta, t, east = nu / rho - 1, tan(latitude), easting - ORIGIN_EASTING
    north = (
        latitude
        - t / (2 * rho * nu) * east**2
        + t / (24 * rho * nu**3) * (5 + 3 * t**2 + eta - 9 * t**2 * eta) * east**4
        - t / (720 * rho * nu**5) * (61 + 90 * t**2 + 45 * t**4) * east**6
    )
    secant = 1 / cos(latitude)
    along = (
        secant / nu * east
        - secant / (6 * nu**3) * (nu / rho + 2 * t**2) * east**3
        + secant / (120 * nu**5) * (5 + 28 * t**2 + 24 * t**4) * east**5
    )
    return _airy_to_wgs84(north, ORIGIN_LONGITUDE + along)


def _airy_to_wgs84(latitude: float, longitude: float) -> tuple[float, float]:
    """From Airy in radians to WGS84 in degrees."""
    a, b = AIRY_AXES
    squared = 1 - (b / a) ** 2
    nu = a / sqrt(1 - squared * sin(latitude) ** 2)
    x, y, z = (
        nu * cos(latitude) * cos(longitude),
        nu * cos(latitude) * sin(longitude),
        nu * (1 - squared) * sin(latitude),
    )
    turn_x, turn_y, turn_z = HELMERT_ROTATIONS
    moved_x = HELMERT_TRANSLATION[0] + HELMERT_SCALE * x - turn_z * y + turn_y * z
    moved_y = HELMERT_TRANSLATION[1] + turn_z * x + HELMERT_SCALE * y - turn_x * z
    moved_z = HELMERT_TRANSLATION[2] - turn_y * x + turn_x * y + HELMERT_SCALE * z
    a, b = WGS84_AXES
    squared = 1 - (b / a) ** 2
    flat = sqrt(moved_x * moved_x + moved_y * moved_y)
    latitude = atan2(moved_z, flat * (1 - squared))
    for _round in range(6):
        nu = a / sqrt(1 - squared * sin(latitude) ** 2)
        latitude = atan((moved_z + squared * nu * sin(latitude)) / flat)
    return degrees(latitude), degrees(atan2(moved_y, moved_x))
