"""The areas that we count by, from districts to nations, and the published figures of each.

Read once a process from the files in reach/data, whose README names the sources. Every unit is made of whole districts: the
local authorities in professionals/data/local_authorities.csv.
"""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from django.db import models
from django.urls import reverse
from django.utils.text import slugify
from django.utils.translation import gettext_lazy as _

from core.models import csv_rows
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


class MissingReason(models.TextChoices):
    """Why there is no figure. Nothing is worked out from these."""

    WITHHELD = "withheld", _("withheld")
    NOT_PUBLISHED = "not-published", _("not published")
    JOINT = "joint", _("published only together with a neighbour")
    NOBODY = "nobody", _("no social workers in post")


@dataclass(frozen=True)
class PublishedFigures:
    """Published figures of one area. None: withheld by the publisher, or not published.

    `children`: under 18; under 16 in Northern Ireland, which publishes no single years by district. `social_workers`: in post,
    by headcount; only for England. `turnover`: of social workers in a year, in percent. `trafficking`: assessments of children
    that found it, out of `assessments` with any factor, in the year to March 2025; for single English councils, from the
    publisher's row, never added up. `joint`: the figures about social workers cover several areas together.
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
        """Whether the publisher has a row for this area, but left the figure out because it is small."""
        return self.assessments is not None and self.trafficking is None

    @property
    def children_text(self) -> str:
        return str(MissingReason.NOT_PUBLISHED.label) if self.children is None else f"{self.children:,}"

    @property
    def trafficking_text(self) -> str:
        """The figure as its publisher's row has it."""
        if self.trafficking is not None:
            return f"{self.trafficking:,}"
        return str((MissingReason.WITHHELD if self.trafficking_withheld else MissingReason.NOT_PUBLISHED).label)


@dataclass(frozen=True)
class Area:
    """`districts`: codes of local authorities; an island has none. `region`: of England. `hexagon`: column and row (odd-r)."""

    code: str
    name: str
    unit: Unit
    nation: Nation
    region: str
    districts: frozenset[str]
    published: PublishedFigures
    hexagon: tuple[int, int] | None = None

    @property
    def is_whole_nation(self) -> bool:
        """True of an island, and of Scotland's police force."""
        return self.districts == districts_of(self.nation)

    @property
    def keys(self) -> frozenset[str]:
        """The keys under which its rows are counted: its districts, and the nation itself if it is a whole one."""
        return self.districts | {self.nation} if self.is_whole_nation else self.districts

    @property
    def has_own_return(self) -> bool:
        """Whether social workers are published of the areas that make it up: in England, of whole upper-tier ones."""
        uppers = area_by_key(Unit.UPPER)
        whole = {district for code in self.districts for district in uppers[code].districts}
        return self.nation == Nation.ENGLAND and whole == self.districts

    @property
    def where(self) -> str:
        """The region of England, or the nation."""
        return self.region or str(self.nation.label)

    @property
    def href(self) -> str:
        """Its page on the staff site."""
        return reverse("staff:reach_area", args=[self.unit, self.code])


@lru_cache(maxsize=1)
def _districts() -> dict[str, dict[str, str]]:
    """Each district by code: name, region, nation, and the code and name of each area that it lies in."""
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
def all_district_codes() -> frozenset[str]:
    """All codes of districts, today's and earlier ones."""
    return frozenset(_districts()) | changed_codes().keys()


def include_earlier_codes(districts: frozenset[str]) -> frozenset[str]:
    """The codes of these districts, today's and earlier ones."""
    return districts | {old for old, new in changed_codes().items() if new in districts}


@lru_cache(maxsize=len(Unit))
def areas_of(unit: Unit) -> Mapping[str, Area]:
    """All areas of that unit by code, in order of nation and name; the islands last."""
    members: dict[str, set[str]] = defaultdict(set)
    names: dict[str, str] = {}
    for code, row in _districts().items():
        key, name = _area_code_and_name(unit, code, row)
        members[key].add(code)
        names[key] = name
    file = {Unit.UPPER: "hex_upper", Unit.DISTRICT: "hex_districts"}.get(unit)
    hexagons = {row["code"]: (int(row["q"]), int(row["r"])) for row in csv_rows("reach", file)} if file else {}
    found = [
        Area(
            code=key,
            name=names[key],
            unit=unit,
            nation=Nation(_districts()[min(districts)]["nation"]),
            region=regions.pop() if len(regions := {_districts()[each]["region"] for each in districts}) == 1 else "",
            districts=frozenset(districts),
            published=published_figures(frozenset(districts)),
            hexagon=hexagons.get(key),
        )
        for key, districts in members.items()
    ]
    found += [Area(nation, str(nation.label), unit, nation, "", frozenset(), PublishedFigures()) for nation in ISLANDS]
    order = list(Nation)
    return {area.code: area for area in sorted(found, key=lambda area: (order.index(area.nation), area.name))}


def _area_code_and_name(unit: Unit, code: str, row: Mapping[str, str]) -> tuple[str, str]:
    """Code and name of the area of that unit in which a district lies."""
    nation = Nation(row["nation"])
    match unit:
        case Unit.DISTRICT:
            return code, row["name"]
        case Unit.UPPER:
            return row["upper_code"], row["upper_name"]
        case Unit.POLICE:
            return row["police_code"] or slugify(row["police_name"]), row["police_name"]
        case Unit.SERVICES:
            return row["children_services_code"], row["children_services_name"]
    if unit == Unit.REGION and row["region"]:
        return slugify(row["region"]), row["region"]
    return nation, str(nation.label)


@lru_cache(maxsize=len(Unit))
def area_by_key(unit: Unit) -> Mapping[str, Area]:
    """The area of that unit for each district, or for a nation without a known district."""
    return {key: area for area in areas_of(unit).values() for key in area.keys}


# What is published.


@lru_cache(maxsize=1)
def _upper_tier_figures() -> tuple[
    dict[str, int], dict[str, dict[str, str]], dict[str, dict[str, str]], dict[str, frozenset[str]]
]:
    """Children, social workers and factors by upper-tier code, for England; and the districts of every upper-tier area."""
    children = {row["upper_code"]: int(row["age_0_17"]) for row in csv_rows("reach", "population_under_18_england_2024")}
    workers = {row["upper_code"]: row for row in csv_rows("reach", "social_workers_england_2025")}
    factors = {row["upper_code"]: row for row in csv_rows("reach", "assessment_factors_england_2025")}
    uppers: dict[str, set[str]] = defaultdict(set)
    for code, row in _districts().items():
        uppers[row["upper_code"]].add(code)
    return children, workers, factors, {code: frozenset(districts) for code, districts in uppers.items()}


@lru_cache(maxsize=1)
def _children_by_district() -> dict[str, tuple[int, bool]]:
    """How many children, and whether only those under 16 are counted."""
    rows = csv_rows("reach", "population_districts")
    return {row["code"]: (int(row["age_0_17"] or row["age_0_15"]), not row["age_0_17"]) for row in rows}


def published_figures(districts: frozenset[str]) -> PublishedFigures:
    """The figures of all these districts together. One withheld figure withholds the sum: the rest would give it away."""
    children, workers, factors, uppers = _upper_tier_figures()
    whole = [code for code in {_districts()[code]["upper_code"] for code in districts} if uppers[code] <= districts]
    counted = sum(children[code] for code in whole if code in children)
    by_file = {district for code in whole if code in children for district in uppers[code]}
    others = [_children_by_district()[code] for code in districts - by_file]
    english = bool(whole) and all(code in workers for code in whole) and {d for c in whole for d in uppers[c]} == districts
    if not english:
        return PublishedFigures(counted + sum(number for number, _young in others), any(young for _number, young in others))
    returns = {workers[code]["joint_return_of"] or code for code in whole}
    joint = any(not set(each.split()) <= set(whole) for each in returns)
    first = [workers[each.split()[0]] for each in returns]
    headcounts = [row["in_post_headcount"] for row in first]
    own_row = factors[whole[0]] if len(whole) == 1 else {}
    return PublishedFigures(
        children=counted + sum(number for number, _young in others),
        social_workers=sum(int(float(each)) for each in headcounts) if all(headcounts) else None,
        turnover=_mean_turnover([(row["turnover_percent"], row["in_post_headcount"]) for row in first]),
        joint=joint,
        trafficking=_number(own_row.get("trafficking")),
        assessments=_number(own_row.get("assessments_with_a_factor")),
    )


def _number(figure: str | None) -> int | None:
    return int(figure) if figure else None


def _mean_turnover(figures: list[tuple[str, str]]) -> float | None:
    """The mean turnover, weighted by social workers in post. Ignores areas with nobody in post."""
    somewhere = [(percent, number) for percent, number in figures if number != "0"]
    if not somewhere or not all(percent and number for percent, number in somewhere):
        return None
    weights = [(float(percent), float(number)) for percent, number in somewhere]
    return sum(percent * number for percent, number in weights) / sum(number for _percent, number in weights)
