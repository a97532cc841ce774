"""The shape of each area on the map: a hexagon, all of one size, or its boundaries. Worked out once a process."""

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import accumulate, groupby, pairwise
from math import atan2, atanh, cos, radians, sin, tan
from pathlib import Path
from typing import Any

from django.conf import settings

from professionals.models import Nation
from reach.areas import ISLANDS, Area, Unit, area_by_key, areas_of

Point = tuple[int, int]
Ring = list[Point]

HEXAGONS = (Unit.UPPER, Unit.DISTRICT)  # the units that have some
# Half a hexagon's width, half its height and a quarter of its height, in units of the drawing.
HALF_WIDTH, HALF_HEIGHT, QUARTER_HEIGHT = 15, 17, 9
ROW_HEIGHT = HALF_HEIGHT + QUARTER_HEIGHT
HEXAGON_PATH = (
    f"m0-{HALF_HEIGHT} {HALF_WIDTH} {QUARTER_HEIGHT - 1} 0 {2 * QUARTER_HEIGHT}"
    f"-{HALF_WIDTH} {QUARTER_HEIGHT - 1}-{HALF_WIDTH}-{QUARTER_HEIGHT - 1} 0-{2 * QUARTER_HEIGHT}z"
)
MARGIN, NAME_HEIGHT = 6, 20  # around all; and below, where an island's name is
# The files have no hexagon or boundary for the islands, so they get a place near where they are.
ISLAND_HEXAGONS = {
    Unit.UPPER: {Nation.ISLE_OF_MAN: (-1, 13), Nation.GUERNSEY: (0, -4), Nation.JERSEY: (3, -4)},
    Unit.DISTRICT: {Nation.ISLE_OF_MAN: (-2, 14), Nation.GUERNSEY: (0, -5), Nation.JERSEY: (3, -5)},
}
ISLAND_COORDINATES = {Nation.ISLE_OF_MAN: (-4.55, 54.23), Nation.GUERNSEY: (-2.9, 49.4), Nation.JERSEY: (-1.5, 49.2)}
HALF_ISLAND_BOX = 13  # half the side of an island's box on the geographic map
# The geographic map is a transverse Mercator projection about this meridian: a unit of the drawing is about a kilometre.
MERIDIAN, EARTH_RADIUS = radians(-2.5), 6371
TEXT_HEIGHT, HALF_TEXT_WIDTH = 8, 14  # of a figure on the geographic map: most of its height, half its width


@dataclass(frozen=True)
class Shape:
    """The outline of an area as a path, and where its figure is written, if it has room for one."""

    area: Area
    path: str
    text_at: Point | None


@dataclass(frozen=True)
class Layout:
    """`box`: the viewBox. `borders`: a path along what parts regions and nations."""

    box: str
    shapes: tuple[Shape, ...]
    borders: str = ""


@lru_cache(maxsize=len(HEXAGONS))
def hexagon_layout(unit: Unit) -> Layout:
    """Each nation from north to south, so that keyboard focus moves over the map like eyes do."""
    islands = ISLAND_HEXAGONS[unit]
    places = {area.hexagon or islands[area.nation]: area for area in areas_of(unit).values()}
    centres = {(column, row): (2 * HALF_WIDTH * column + HALF_WIDTH * (row % 2), -ROW_HEIGHT * row) for column, row in places}
    left, top = (min(centre[axis] for centre in centres.values()) - HALF_HEIGHT - MARGIN for axis in (0, 1))
    right, bottom = (max(centre[axis] for centre in centres.values()) + HALF_HEIGHT + NAME_HEIGHT for axis in (0, 1))
    order = list(Nation)
    in_order = sorted(places, key=lambda place: (order.index(places[place].nation), -place[1], place[0]))
    shapes = [Shape(places[place], "M{} {}".format(*centres[place]) + HEXAGON_PATH, centres[place]) for place in in_order]
    return Layout(f"{left} {top} {right - left} {bottom - top}", tuple(shapes), "".join(border_edges(places, centres)))


def border_edges(places: dict[Point, Area], centres: dict[Point, Point]) -> Iterator[str]:
    """The sides of hexagons that border another region or nation; each such side is drawn once."""
    for (column, row), area in places.items():
        x, y = centres[column, row]
        east = column + row % 2  # of the two beside it in the next row
        sides = {
            (column + 1, row): f"M{x + HALF_WIDTH} {y - QUARTER_HEIGHT}v{2 * QUARTER_HEIGHT}",
            (east, row + 1): f"M{x} {y - HALF_HEIGHT}l{HALF_WIDTH} {HALF_HEIGHT - QUARTER_HEIGHT}",
            (east - 1, row + 1): f"M{x} {y - HALF_HEIGHT}l-{HALF_WIDTH} {HALF_HEIGHT - QUARTER_HEIGHT}",
        }
        for place, side in sides.items():
            other = places.get(place)
            if (
                other
                and (other.nation, other.region) != (area.nation, area.region)
                and not {other.nation, area.nation} & {*ISLANDS}
            ):
                yield side


@lru_cache(maxsize=len(Unit))
def boundary_layout(unit: Unit) -> Layout:
    """The districts of an area are drawn as one; what is too small to be seen at this size is left out, but never an area."""
    arcs, districts = _read_topology()
    areas = area_by_key(unit)
    of_area: dict[str, list[int]] = defaultdict(list)
    for code, theirs in districts.items():
        of_area[areas[code].code] += theirs
    rings = {code: sorted(outer_rings(arcs, theirs), key=doubled_area, reverse=True) for code, theirs in of_area.items()}
    shapes, corners = [], []
    for area in areas_of(unit).values():
        if area.nation in ISLAND_COORDINATES:
            x, y = project(*ISLAND_COORDINATES[area.nation])
            corners += [(x - HALF_ISLAND_BOX, y - HALF_ISLAND_BOX), (x + HALF_ISLAND_BOX, y + HALF_ISLAND_BOX)]
            side = 2 * HALF_ISLAND_BOX
            square = f"M{x - HALF_ISLAND_BOX} {y - HALF_ISLAND_BOX}h{side}v{side}h-{side}z"
            shapes.append(Shape(area, square, (x, y)))
        else:
            largest, *others = rings[area.code]
            seen = [largest, *(ring for ring in others if doubled_area(ring) > 2)]
            corners += [point for ring in seen for point in ring]
            shapes.append(Shape(area, "".join(map(ring_path, seen)), label_point(largest)))
    (left, right), (top, bottom) = ((min(axis) - MARGIN, max(axis) + MARGIN) for axis in zip(*corners, strict=True))
    return Layout(f"{left} {top} {right - left} {bottom + NAME_HEIGHT - top}", tuple(shapes))


def _read_topology() -> tuple[list[tuple[tuple[Point, Point], Ring]], dict[str, list[int]]]:
    """Each arc's ends as in the file and its points as we draw them; and each district's arcs, ~n if backwards."""
    file: Path = settings.BASE_DIR / "reach" / "data" / "boundaries.topo.json"
    topology = json.loads(file.read_text())
    (x_scale, y_scale), (x_origin, y_origin) = topology["transform"]["scale"], topology["transform"]["translate"]
    arcs = []
    for steps in topology["arcs"]:
        points = list(zip(accumulate(x for x, _y in steps), accumulate(y for _x, y in steps), strict=True))
        line = [project(x_origin + x * x_scale, y_origin + y * y_scale) for x, y in points]
        arcs.append(((points[0], points[-1]), line))
    return arcs, {each["id"]: list(flatten(each["arcs"])) for each in topology["objects"]["districts"]["geometries"]}


def flatten(nested: Iterable[Any]) -> Iterator[int]:
    """The numbers of a polygon's rings, or of several polygons'."""
    for each in nested:
        if isinstance(each, int):
            yield each
        else:
            yield from flatten(each)


def project(longitude: float, latitude: float) -> Point:
    east, north = radians(longitude) - MERIDIAN, radians(latitude)
    return round(EARTH_RADIUS * atanh(cos(north) * sin(east))), -round(EARTH_RADIUS * atan2(tan(north), cos(east)))


def outer_rings(arcs: list[tuple[tuple[Point, Point], Ring]], theirs: Iterable[int]) -> Iterator[Ring]:
    """The rings around these districts together. An arc that two of them share is within: it is there in both directions."""
    all_of_them = set(theirs)
    from_end: dict[Point, list[int]] = defaultdict(list)
    for arc in all_of_them:
        if ~arc not in all_of_them:
            from_end[arcs[arc][0][0] if arc >= 0 else arcs[~arc][0][1]].append(arc)
    while from_end:
        start, ring = next(iter(from_end)), Ring()
        at = start
        while not ring or at != start:
            arc = from_end[at].pop()
            if not from_end[at]:
                del from_end[at]
            (first, last), line = arcs[max(arc, ~arc)]
            at, points = (last, line) if arc >= 0 else (first, line[::-1])
            ring += points
        yield [point for point, _same in groupby(ring)]


def doubled_area(ring: Ring) -> int:
    return abs(sum(x * next_y - next_x * y for (x, y), (next_x, next_y) in pairwise([*ring, ring[0]])))


def label_point(ring: Ring) -> Point | None:
    """A point with room for a figure, also in the lines above and below: best where it is wide and half way down."""
    top, bottom = min(y for _x, y in ring), max(y for _x, y in ring)
    lines = {y: horizontal_spans(ring, y) for y in range(top, bottom, TEXT_HEIGHT)}

    def has_room(x: int, y: int) -> bool:
        return any(first <= x - HALF_TEXT_WIDTH and x + HALF_TEXT_WIDTH <= last for first, last in lines.get(y, ()))

    places = [
        (last - first - 2 * abs(y - (top + bottom) // 2), (first + last) // 2, y)
        for y, sides in lines.items()
        for first, last in sides
        if all(has_room((first + last) // 2, near) for near in (y - TEXT_HEIGHT, y, y + TEXT_HEIGHT))
    ]
    return max(places)[1:] if places else None


def horizontal_spans(ring: Ring, y: int) -> list[tuple[int, int]]:
    """The stretches of a west-east line that are inside the ring."""
    sides = [(one, other) for one, other in pairwise([*ring, ring[0]]) if (one[1] > y) != (other[1] > y)]
    crossed = sorted(x + (next_x - x) * (y - from_y) // (to_y - from_y) for (x, from_y), (next_x, to_y) in sides)
    return list(zip(crossed[::2], crossed[1::2], strict=True))


def ring_path(ring: Ring) -> str:
    """The ring as the shortest path: steps from point to point, without a blank before a minus."""
    points = ring[:-1] if len(ring) > 1 and ring[0] == ring[-1] else ring
    if doubled_area(ring) == 0:  # smaller than can be drawn: a dot
        return "M{} {}h1v1h-1z".format(*points[0])
    steps = [(x - x_before, y - y_before) for (x_before, y_before), (x, y) in pairwise(points)]
    return "M{} {}l".format(*points[0]) + " ".join(f"{x} {y}" for x, y in steps).replace(" -", "-") + "z"
