"""The areas that coverage is counted by, from districts up to nations, and what is published about each.

Read once a process from the files in reach/data, whose README names the sources. Every unit is made of whole districts, the
local authorities of professionals/data/local_authorities.csv.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache

from django.db import models
from django.utils.text import slugify
from django.utils.translation import gettext_lazy as _

from ctac.models import csv_rows
from professionals.models import Nation

# These islands have no local authorities: in every unit each is an area of its own, and its code is the nation's.
ISLANDS = (Nation.GUERNSEY, Nation.JERSEY, Nation.ISLE_OF_MAN)


class Unit(models.TextChoices):
    UPPER = "upper", _("County or upper-tier authority")
    DISTRICT = "district", _("District")
    POLICE = "police", _("Police force")
    SERVICES = "services", _("Children’s services or health and social care trust")
    REGION = "region", _("Region")
    NATION = "nation", _("Nation")


@dataclass(frozen=True)
class Published:
    """What is published about one area. None: withheld by its publisher, or not published there.

    `children`: under 18; in Northern Ireland, where single years are not published by district, under 16. `social_workers`: in
    post, by headcount; England alone. `turnover`: of social workers in a year, in percent. `trafficking`: assessments of children
    that found it, of `assessments` with any factor, in the year to March 2025; of one council of England, as its publisher's row
    has it, never added up. `joint`: the figures of social workers are of several areas together.
    """

    children: int | None = None
    under_16: bool = False
    social_workers: int | None = None
    turnover: float | None = None
    joint: bool = False
    trafficking: int | None = None
    assessments: int | None = None

    @property
    def trafficking_withheld(self) -> bool:
        """Its publisher has a row of this area, and left the figure out because it is small."""
        return self.assessments is not None and self.trafficking is None


@dataclass(frozen=True)
class Area:
    """`districts`: codes of local authorities; an island has none. `region`: of England. `hexagon`: column and row (odd-r)."""

    code: str
    name: str
    unit: Unit
    nation: Nation
    region: str
    districts: frozenset[str]
    published: Published
    hexagon: tuple[int, int] | None = None

    @property
    def is_whole_nation(self) -> bool:
        """As an island is, and the police force of Scotland."""
        return self.districts == districts_of(self.nation)

    @property
    def keys(self) -> frozenset[str]:
        """Under what its rows are counted: each of its districts; of a whole nation also where only that is known."""
        return self.districts | {self.nation} if self.is_whole_nation else self.districts


@lru_cache(maxsize=1)
def _districts() -> dict[str, dict[str, str]]:
    """By code: name, region and nation, and the codes and names of what each lies in."""
    known = {row["code"]: row for row in csv_rows("professionals", "local_authorities")}
    return {row["code"]: {**row, **known[row["code"]]} for row in csv_rows("reach", "areas")}


@lru_cache(maxsize=len(Nation))
def districts_of(nation: Nation) -> frozenset[str]:
    return frozenset(code for code, row in _districts().items() if row["nation"] == nation)


@lru_cache(maxsize=1)
def changed_codes() -> dict[str, str]:
    """Today's code of each authority that had another: boundaries stayed, or it became part of the new one."""
    return {row["old"]: row["new"] for row in csv_rows("reach", "changed_codes")}


def current_code(code: str) -> str:
    return changed_codes().get(code, code)


@lru_cache(maxsize=1)
def every_code() -> frozenset[str]:
    """Of all districts, those that they had before among them."""
    return frozenset(_districts()) | changed_codes().keys()


def codes_of(districts: frozenset[str]) -> frozenset[str]:
    """Theirs, and those that they had before."""
    return districts | {old for old, new in changed_codes().items() if new in districts}


@lru_cache(maxsize=len(Unit))
def areas_of(unit: Unit) -> Mapping[str, Area]:
    """All of that unit by code, nation by nation and then by name; the islands last."""
    members: dict[str, set[str]] = defaultdict(set)
    names: dict[str, str] = {}
    for code, row in _districts().items():
        key, name = _key_of(unit, code, row)
        members[key].add(code)
        names[key] = name
    hexagons = _hexagons(unit)
    found = [
        Area(
            code=key,
            name=names[key],
            unit=unit,
            nation=Nation(_districts()[min(districts)]["nation"]),
            region=regions.pop() if len(regions := {_districts()[each]["region"] for each in districts}) == 1 else "",
            districts=frozenset(districts),
            published=published_of(frozenset(districts)),
            hexagon=hexagons.get(key),
        )
        for key, districts in members.items()
    ]
    found += [Area(nation, str(nation.label), unit, nation, "", frozenset(), Published()) for nation in ISLANDS]
    order = list(Nation)
    return {area.code: area for area in sorted(found, key=lambda area: (order.index(area.nation), area.name))}


def _key_of(unit: Unit, code: str, row: Mapping[str, str]) -> tuple[str, str]:
    nation = Nation(row["nation"])
    keys: dict[Unit, Callable[[], tuple[str, str]]] = {
        Unit.DISTRICT: lambda: (code, row["name"]),
        Unit.UPPER: lambda: (row["upper_code"], row["upper_name"]),
        Unit.POLICE: lambda: (row["police_code"] or slugify(row["police_name"]), row["police_name"]),
        Unit.SERVICES: lambda: (row["children_services_code"], row["children_services_name"]),
        Unit.REGION: lambda: (slugify(row["region"]) or nation, row["region"] or str(nation.label)),
        Unit.NATION: lambda: (nation, str(nation.label)),
    }
    return keys[unit]()


def _hexagons(unit: Unit) -> dict[str, tuple[int, int]]:
    file = {Unit.UPPER: "hex_upper", Unit.DISTRICT: "hex_districts"}.get(unit)
    return {row["code"]: (int(row["q"]), int(row["r"])) for row in csv_rows("reach", file)} if file else {}


@lru_cache(maxsize=len(Unit))
def area_by_key(unit: Unit) -> Mapping[str, Area]:
    """Which area of that unit a district lies in, or a nation of which no more is known."""
    return {key: area for area in areas_of(unit).values() for key in area.keys}


# What is published.


@lru_cache(maxsize=1)
def _upper_files() -> tuple[dict[str, int], dict[str, dict[str, str]], dict[str, dict[str, str]], dict[str, frozenset[str]]]:
    """Of England by upper-tier code: children, social workers, factors; and of every upper-tier area its districts."""
    children = {row["upper_code"]: int(row["age_0_17"]) for row in csv_rows("reach", "population_under_18_england_2024")}
    workers = {row["upper_code"]: row for row in csv_rows("reach", "social_workers_england_2025")}
    factors = {row["upper_code"]: row for row in csv_rows("reach", "assessment_factors_england_2025")}
    uppers: dict[str, set[str]] = defaultdict(set)
    for code, row in _districts().items():
        uppers[row["upper_code"]].add(code)
    return children, workers, factors, {code: frozenset(districts) for code, districts in uppers.items()}


@lru_cache(maxsize=1)
def _children_by_district() -> dict[str, tuple[int, bool]]:
    """How many, and whether they are those under 16."""
    rows = csv_rows("reach", "population_districts")
    return {row["code"]: (int(row["age_0_17"] or row["age_0_15"]), not row["age_0_17"]) for row in rows}


def published_of(districts: frozenset[str]) -> Published:
    """Of all these districts together. One figure that is withheld withholds the sum: a rest would give it away."""
    children, workers, factors, uppers = _upper_files()
    whole = [code for code in {_districts()[code]["upper_code"] for code in districts} if uppers[code] <= districts]
    counted = sum(children[code] for code in whole if code in children)
    by_file = {district for code in whole if code in children for district in uppers[code]}
    others = [_children_by_district()[code] for code in districts - by_file]
    english = bool(whole) and all(code in workers for code in whole) and {d for c in whole for d in uppers[c]} == districts
    if not english:
        return Published(counted + sum(number for number, _young in others), any(young for _number, young in others))
    returns = {workers[code]["joint_return_of"] or code for code in whole}
    joint = any(not set(each.split()) <= set(whole) for each in returns)
    first = [workers[each.split()[0]] for each in returns]
    own_row = factors[whole[0]] if len(whole) == 1 else {}
    return Published(
        children=counted + sum(number for number, _young in others),
        social_workers=_sum(row["in_post_headcount"] for row in first),
        turnover=_mean([(row["turnover_percent"], row["in_post_headcount"]) for row in first]),
        joint=joint,
        trafficking=_number(own_row.get("trafficking")),
        assessments=_number(own_row.get("assessments_with_a_factor")),
    )


def _number(figure: str | None) -> int | None:
    return int(figure) if figure else None


def _sum(figures: Iterable[str]) -> int | None:
    found = list(figures)
    return sum(int(float(figure)) for figure in found) if all(found) else None


def _mean(figures: list[tuple[str, str]]) -> float | None:
    """Weighed by how many are in post; where nobody is, nobody can leave."""
    somewhere = [(percent, number) for percent, number in figures if number != "0"]
    if not somewhere or not all(percent and number for percent, number in somewhere):
        return None
    weights = [(float(percent), float(number)) for percent, number in somewhere]
    return sum(percent * number for percent, number in weights) / sum(number for _percent, number in weights)
