"""The areas of each unit and what is published of them, against the files that they come from; and the months of a period."""

import csv
from collections import Counter
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from django.conf import settings

from core.dates import add_months
from professionals.models import LocalAuthority, Nation
from reach.areas import (
    ISLANDS,
    Unit,
    all_district_codes,
    area_by_key,
    areas_of,
    changed_codes,
    current_code,
    include_earlier_codes,
)
from reach.queries import Period, area_key

UPPER = areas_of(Unit.UPPER)
KINGSTON, RICHMOND, KENSINGTON, WESTMINSTER, SCILLY = "E09000021", "E09000027", "E09000020", "E09000033", "E06000053"


def rows_of(name: str) -> list[dict[str, str]]:
    with (Path(settings.BASE_DIR) / "reach" / "data" / f"{name}.csv").open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


@pytest.mark.django_db
def test_the_districts_are_the_authorities_that_postcodes_lead_to() -> None:
    known = dict(LocalAuthority.objects.values_list("code", "name"))
    assert {row["code"]: row["name"] for row in rows_of("areas")} == known
    assert current_code("E08000016") == "E08000038"
    assert set(changed_codes().values()) <= known.keys()
    assert not changed_codes().keys() & known.keys()
    assert all_district_codes() == known.keys() | changed_codes().keys()
    assert include_earlier_codes(frozenset({"E08000038", "E08000035"})) == {"E08000038", "E08000016", "E08000035"}


@pytest.mark.parametrize(
    ("unit", "many"),
    [
        (Unit.UPPER, 218),
        (Unit.DISTRICT, 361),
        (Unit.POLICE, 45),
        (Unit.SERVICES, 212),
        (Unit.REGION, 12),
        (Unit.NATION, 4),
    ],
)
def test_each_unit_is_made_of_all_districts_and_the_islands(unit: Unit, many: int) -> None:
    areas = areas_of(unit).values()
    assert len(areas) == many + len(ISLANDS)
    districts = Counter(code for area in areas for code in area.districts)
    assert districts == Counter(row["code"] for row in rows_of("areas"))
    assert [area.nation for area in areas][-3:] == list(ISLANDS)
    assert len({area.name for area in areas}) == len(areas)
    for area in areas:
        assert {Nation(row["nation"]) for row in DISTRICTS if row["code"] in area.districts} <= {area.nation}
        assert {row["region"] for row in DISTRICTS if row["code"] in area.districts} == {area.region} or (
            area.code in Nation.values and not area.region
        )
        assert all(area_by_key(unit)[key] is area for key in area.keys)
    hexagons = [area.hexagon for area in areas if area.hexagon]
    assert len(set(hexagons)) == (many if unit in (Unit.UPPER, Unit.DISTRICT) else 0)


with (Path(settings.BASE_DIR) / "professionals" / "data" / "local_authorities.csv").open(encoding="utf-8") as file:
    DISTRICTS = list(csv.DictReader(file))


def test_what_is_a_whole_nation_has_also_what_lies_somewhere_in_it() -> None:
    whole = {unit: {area.code for area in areas_of(unit).values() if area.is_whole_nation} - {*ISLANDS} for unit in Unit}
    assert whole == {
        Unit.UPPER: set(),
        Unit.DISTRICT: set(),
        Unit.POLICE: {"police-scotland", "police-service-of-northern-ireland"},
        Unit.SERVICES: set(),
        Unit.REGION: {Nation.SCOTLAND, Nation.WALES, Nation.NORTHERN_IRELAND},
        Unit.NATION: {Nation.ENGLAND, Nation.SCOTLAND, Nation.WALES, Nation.NORTHERN_IRELAND},
    }
    assert area_by_key(Unit.POLICE)[area_key("scotland", "")].code == "police-scotland"
    assert area_key("england", "") not in area_by_key(Unit.REGION)
    assert area_key("", "") not in area_by_key(Unit.NATION)


# What is published.


def test_children_add_up_and_are_younger_in_northern_ireland_alone() -> None:
    nations = areas_of(Unit.NATION)
    for unit in Unit:
        for area in areas_of(unit).values():
            assert area.published.under_16 is (area.nation == Nation.NORTHERN_IRELAND)
            assert (area.published.children is None) is (area.nation in ISLANDS)
    for nation in (Nation.WALES, Nation.SCOTLAND, Nation.NORTHERN_IRELAND):
        column = "age_0_15" if nation == Nation.NORTHERN_IRELAND else "age_0_17"
        letter = {"wales": "W", "scotland": "S"}.get(nation, "N")
        written = sum(int(row[column]) for row in rows_of("population_districts") if row["code"].startswith(letter))
        assert nations[nation].published.children == written
    newer = sum(int(row["age_0_17"]) for row in rows_of("population_under_18_england_2024"))
    assert nations[Nation.ENGLAND].published.children == newer
    for unit in (Unit.UPPER, Unit.POLICE, Unit.SERVICES, Unit.REGION):
        english = [area.published.children or 0 for area in areas_of(unit).values() if area.nation == Nation.ENGLAND]
        assert sum(english) == newer


def test_social_workers_of_a_joint_return_count_once_where_both_are_and_are_marked_where_not() -> None:
    for code in (KINGSTON, RICHMOND):
        assert (UPPER[code].published.social_workers, UPPER[code].published.joint) == (140, True)
    workers = {row["upper_code"]: row for row in rows_of("social_workers_england_2025")}
    for area in areas_of(Unit.REGION).values():
        if area.nation != Nation.ENGLAND or area.name == "London":
            continue
        theirs = {code for code, upper in UPPER.items() if upper.districts and upper.districts <= area.districts}
        twice = [int(workers[code]["in_post_headcount"]) for code in theirs if workers[code]["joint_return_of"]]
        added = sum(int(workers[code]["in_post_headcount"]) for code in theirs) - sum(twice) // 2
        assert (area.published.social_workers, area.published.joint) == (added, False)


def test_what_is_withheld_of_one_is_withheld_of_all_that_it_is_in() -> None:
    for code in (KENSINGTON, WESTMINSTER):
        assert (UPPER[code].published.social_workers, UPPER[code].published.turnover) == (None, None)
    for unit, code in ((Unit.REGION, "london"), (Unit.NATION, "england")):
        published = areas_of(unit)[code].published
        assert (published.social_workers, published.turnover, published.trafficking) == (None, None, None)
    assert UPPER[SCILLY].published.social_workers == 0
    withheld = {row["upper_code"] for row in rows_of("assessment_factors_england_2025") if not row["trafficking"]}
    assert len(withheld) == 39
    assert {code for code, area in UPPER.items() if area.nation == Nation.ENGLAND and area.published.trafficking is None} == (
        withheld
    )


def test_of_scotland_wales_northern_ireland_and_parts_of_a_county_no_social_workers_are_published() -> None:
    nations = (Nation.WALES, Nation.SCOTLAND, Nation.NORTHERN_IRELAND, *ISLANDS)
    others = [area for unit in Unit for area in areas_of(unit).values() if area.nation in nations]
    others.append(areas_of(Unit.DISTRICT)["E07000223"])  # Adur, in West Sussex
    for area in others:
        published = area.published
        assert (published.social_workers, published.turnover, published.trafficking, published.assessments) == (None,) * 4


# Months.


@pytest.mark.parametrize(
    ("now", "first", "last"),
    [
        (datetime(2027, 1, 12, 10, tzinfo=UTC), date(2026, 1, 1), date(2026, 12, 1)),
        (datetime(2026, 12, 31, 23, 59, tzinfo=UTC), date(2025, 12, 1), date(2026, 11, 1)),
        (datetime(2026, 6, 30, 23, 30, tzinfo=UTC), date(2025, 7, 1), date(2026, 6, 1)),  # July in the UK
    ],
)
def test_the_last_twelve_months_are_whole_ones_of_the_uk(now: datetime, first: date, last: date) -> None:
    assert Period.last_months(12, now) == Period(first, last)
    assert Period.last_months(1, now) == Period(last, last)


def test_months_and_years_follow_each_other() -> None:
    assert Period.financial_year(2026) == Period(date(2026, 4, 1), date(2027, 3, 1))
    month = date(2025, 11, 1)
    for _month in range(30):
        assert add_months(add_months(month, 1), -1) == month
        month = add_months(month, 1)
    assert month == date(2028, 5, 1)
    with pytest.raises(AssertionError):
        Period(date(2026, 4, 2), date(2026, 5, 1))
