"""From a postcode to its area: nation and local authority, and the outward code's centre. Offline, one query.

1,650 of the 3,050 outward codes lie in several authorities, so the whole postcode is looked up: `OutwardCode.others` lists the
runs of inward codes that belong to another authority than most. A postcode that is newer than the table gets what lies
round it, and a new outward code what most of its postcode area has: nobody is turned away for a new postcode.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from statistics import median

from ctac.uk import postcode_area
from professionals.models import LocalAuthority, Nation, OutwardCode

DATA = Path(__file__).resolve().parent / "data"
# The first letter of an authority's code in official statistics.
NATIONS = {"E": Nation.ENGLAND, "S": Nation.SCOTLAND, "W": Nation.WALES, "N": Nation.NORTHERN_IRELAND}
# These islands have no such authorities.
ISLANDS = {"GY": Nation.GUERNSEY, "JE": Nation.JERSEY, "IM": Nation.ISLE_OF_MAN}


@dataclass(frozen=True)
class Area:
    """`local_authority` is its code in official statistics, empty where there is none or we don't know it."""

    nation: str
    local_authority: str
    latitude: float
    longitude: float
    zone: str


def look_up_area(postcode: str) -> Area | None:
    """`postcode` as tidy_postcode stores it. None for forces post, and for letters that no postcode area has."""
    return area_within(outward_code(postcode.partition(" ")[0]), postcode)


@lru_cache(maxsize=1024)  # a table that only a migration changes; a form and its service ask for the same postcode
def outward_code(code: str) -> OutwardCode | None:
    return OutwardCode.objects.filter(code=code).first()


def look_up_areas(postcodes: Iterable[str]) -> dict[str, Area | None]:
    """The same for several, in one query for all whose outward code we know."""
    outward = {postcode: postcode.partition(" ")[0] for postcode in postcodes}
    rows = {row.code: row for row in OutwardCode.objects.filter(code__in=set(outward.values()))}
    return {postcode: area_within(rows.get(code), postcode) for postcode, code in outward.items()}


def area_within(row: OutwardCode | None, postcode: str) -> Area | None:
    """Of that outward code, where in it the postcode lies; without one, the middle of the postcode area."""
    if row is None:
        return middle_of_area(postcode_area(postcode))
    inward = postcode.partition(" ")[2]
    authority = authority_of(row, inward)
    return Area(nation_of(authority, row.code), authority, row.latitude, row.longitude, row.zone)


def middle_of_area(letters: str) -> Area | None:
    """The middle of a postcode area, for an outward code that we don't know yet."""
    rows = list(OutwardCode.objects.filter(code__regex=rf"^{letters}[0-9]").defer("others")) if letters else []
    if not rows:
        return None
    (nation, zone), _count = Counter((row.nation, row.zone) for row in rows).most_common(1)[0]
    near = [row for row in rows if (row.nation, row.zone) == (nation, zone)]
    latitude, longitude = median(row.latitude for row in near), median(row.longitude for row in near)
    return Area(nation, "", latitude, longitude, zone)


def authority_of(row: OutwardCode, inward: str) -> str:
    """The authority of that postcode: another one's if `inward` lies in one of its runs, else that of most of the code."""
    for other in row.others.split():
        authority, _colon, runs = other.partition(":")
        for run in runs.split(","):
            first, _dash, last = run.partition("-")
            if first <= inward <= (last or first):
                return authority
    return row.authority


def nation_of(authority: str, outward: str = "") -> str:
    """By the authority, or by the postcode where there is none."""
    return NATIONS[authority[0]] if authority else ISLANDS[postcode_area(outward)]


@lru_cache(maxsize=512)  # a table that only a migration changes
def authority_called(code: str) -> LocalAuthority | None:
    """The local authority with that code in official statistics; None for an empty one."""
    return LocalAuthority.objects.filter(code=code).first() if code else None


def is_area(code: str) -> bool:
    """Whether that is an outward code, or the letters of a postcode area."""
    letters = postcode_area(code)
    if letters != code:
        return OutwardCode.objects.filter(code=code).exists()
    return bool(letters) and OutwardCode.objects.filter(code__regex=rf"^{letters}[0-9]").exists()
