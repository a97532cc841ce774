"""Rows of this app's tests."""

from datetime import date

from professionals.models import Nation
from reach.models import Kind, ReachCount

LEEDS, YORK, BELFAST, CARDIFF, SCILLY, BARNSLEY = "E08000035", "E06000014", "N09000003", "W06000015", "E06000053", "E08000038"
NATIONS = {"E": Nation.ENGLAND, "S": Nation.SCOTLAND, "W": Nation.WALES, "N": Nation.NORTHERN_IRELAND}


def make_count(where: str, month: date, count: int = 1, *, kind: Kind = Kind.ATTENDED, profession: str = "") -> ReachCount:
    """`where`: the code of a district, the nation of an island, or empty for what lies nowhere."""
    authority = where if where[:1] in NATIONS else ""
    nation = NATIONS.get(where[:1], where)
    return ReachCount.objects.create(
        kind=kind, month=month, nation=nation, authority=authority, profession=profession, count=count
    )
