"""From the National Grid of Great Britain to latitude and longitude.

The inverse Transverse Mercator projection on the Airy 1830 ellipsoid, then a seven-parameter shift to WGS84, as in Ordnance
Survey's "A guide to coordinate systems in Great Britain" (annexes B and C). Good to some five metres. Northern Ireland has
another grid: its figures put through this land Belfast in Cheshire.
"""

from math import atan, atan2, cos, degrees, radians, sin, sqrt, tan

AIRY = (6377563.396, 6356256.909)
WGS84 = (6378137.0, 6356752.3142)
SCALE = 0.9996012717
ORIGIN_LATITUDE, ORIGIN_LONGITUDE = radians(49), radians(-2)
ORIGIN_EASTING, ORIGIN_NORTHING = 400000.0, -100000.0
SHIFT = (446.448, -125.157, 542.060)
SHIFT_SCALE = 1 - 20.4894e-6
TURNS = tuple(radians(seconds / 3600) for seconds in (0.1502, 0.2470, 0.8421))


def to_latitude_and_longitude(easting: float, northing: float) -> tuple[float, float]:
    """Degrees on WGS84."""
    return _shifted(*_unprojected(easting, northing))


def _unprojected(easting: float, northing: float) -> tuple[float, float]:
    """Radians on the Airy ellipsoid."""
    a, b = AIRY[0] * SCALE, AIRY[1] * SCALE
    squared = 1 - (b / a) ** 2
    latitude = _foot(northing, a, b)
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
    return north, ORIGIN_LONGITUDE + along


def _foot(northing: float, a: float, b: float) -> float:
    """The latitude on the central meridian that has this northing."""
    latitude, meridian = ORIGIN_LATITUDE, 0.0
    while abs(northing - ORIGIN_NORTHING - meridian) >= 0.00001:
        latitude += (northing - ORIGIN_NORTHING - meridian) / a
        meridian = _meridian(latitude, a, b)
    return latitude


def _meridian(latitude: float, a: float, b: float) -> float:
    n = (a - b) / (a + b)
    less, more = latitude - ORIGIN_LATITUDE, latitude + ORIGIN_LATITUDE
    return b * (
        (1 + n + 5 / 4 * n**2 + 5 / 4 * n**3) * less
        - (3 * n + 3 * n**2 + 21 / 8 * n**3) * sin(less) * cos(more)
        + (15 / 8 * n**2 + 15 / 8 * n**3) * sin(2 * less) * cos(2 * more)
        - 35 / 24 * n**3 * sin(3 * less) * cos(3 * more)
    )


def _shifted(latitude: float, longitude: float) -> tuple[float, float]:
    """From Airy in radians to WGS84 in degrees."""
    a, b = AIRY
    squared = 1 - (b / a) ** 2
    nu = a / sqrt(1 - squared * sin(latitude) ** 2)
    x, y, z = (
        nu * cos(latitude) * cos(longitude),
        nu * cos(latitude) * sin(longitude),
        nu * (1 - squared) * sin(latitude),
    )
    turn_x, turn_y, turn_z = TURNS
    moved_x = SHIFT[0] + SHIFT_SCALE * x - turn_z * y + turn_y * z
    moved_y = SHIFT[1] + turn_z * x + SHIFT_SCALE * y - turn_x * z
    moved_z = SHIFT[2] - turn_y * x + turn_x * y + SHIFT_SCALE * z
    return _geodetic(moved_x, moved_y, moved_z)


def _geodetic(x: float, y: float, z: float) -> tuple[float, float]:
    a, b = WGS84
    squared = 1 - (b / a) ** 2
    flat = sqrt(x * x + y * y)
    latitude = atan2(z, flat * (1 - squared))
    for _round in range(6):
        nu = a / sqrt(1 - squared * sin(latitude) ** 2)
        latitude = atan((z + squared * nu * sin(latitude)) / flat)
    return degrees(latitude), degrees(atan2(y, x))
