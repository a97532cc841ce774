"""The public page: rounded, and never so that a place is missing among those that are named."""

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime

import pytest
import time_machine
from django.test import Client
from django.utils import timezone

from professionals.models import Nation
from reach.areas import Unit, areas_of
from reach.models import CountKind, ReachRun
from reach.queries import years_reached
from tests.leaflets.statements import statements
from tests.reach.rows import BELFAST, CARDIFF, LEEDS, make_count

pytestmark = pytest.mark.django_db
PAGE = "/where-we-have-been/"
GLASGOW = "S12000049"
MONTH = date(2025, 5, 1)
ENGLISH = [area for area in areas_of(Unit.REGION).values() if area.nation == Nation.ENGLAND]


@pytest.fixture(autouse=True)
def clock() -> Iterator[None]:
    with time_machine.travel(datetime(2026, 11, 12, 10, tzinfo=UTC), tick=False):
        yield


def everywhere(people: int, *, but: str = "") -> None:
    """In each nation and region, as many in each; none in the one called `but`."""
    for area in areas_of(Unit.REGION).values():
        if area.districts and area.name != but:
            make_count(min(area.districts), MONTH, people)


def page() -> str:
    return Client().get(PAGE).content.decode()


def rows(html: str) -> dict[str, str]:
    found = re.findall(r'<th scope="row"[^>]*>(.*?)</th>\s*<td[^>]*>(.*?)</td>', html, re.DOTALL)
    return dict(found)


def test_it_names_nations_and_regions_rounded() -> None:
    everywhere(34)
    make_count(LEEDS, MONTH, 1_000)
    make_count("", MONTH, 26)
    make_count(Nation.ENGLAND, MONTH, 40)  # we don't know where in England
    ReachRun.objects.create(counted_at=timezone.now())
    html = page()
    found = rows(html)
    assert found["England"] == "1,350"  # 9 times 34, 1,000 and 40
    assert found["Yorkshire and the Humber"] == "1,030"
    assert (found["London"], found["Scotland"]) == ("30", "30")
    assert found["Elsewhere, and online for everybody"] == "30"
    assert found["Everywhere"] == "1,470"
    assert "We last counted on Thursday 12 November 2026." in html


@pytest.mark.parametrize("region", [area.name for area in ENGLISH])
@pytest.mark.parametrize("few", [0, 9])
def test_a_region_where_hardly_anybody_was_names_none(region: str, few: int) -> None:
    everywhere(34, but=region)
    if few:
        make_count(min(next(area for area in ENGLISH if area.name == region).districts), MONTH, few)
    assert set(rows(page())) == {"England", "Scotland", "Wales", "Northern Ireland", "Everywhere"}


@pytest.mark.parametrize("nation", ["Scotland", "Wales", "Northern Ireland"])
def test_a_nation_where_nobody_was_names_none(nation: str) -> None:
    everywhere(34, but=nation)
    assert rows(page()) == {"Everywhere": "370"}


def test_no_page_says_nought_or_a_small_number() -> None:
    for place in (LEEDS, CARDIFF, BELFAST, GLASGOW):
        make_count(place, MONTH, 1)
    assert rows(page()) == {"Everywhere": "fewer than 10"}


def test_islands_and_what_is_nowhere_are_one() -> None:
    everywhere(34)
    for island in (Nation.JERSEY, Nation.GUERNSEY, Nation.ISLE_OF_MAN):
        make_count(island, MONTH, 20)
    html = page()
    assert rows(html)["Elsewhere, and online for everybody"] == "60"
    assert not any(name in html for name in ("Jersey", "Guernsey", "Isle of Man"))


def test_only_people_who_attended_count_and_years_are_apart() -> None:
    for kind in CountKind:
        make_count(LEEDS, date(2026, 3, 1), 50, kind=kind)
        make_count(LEEDS, date(2024, 3, 1), 20, kind=kind)
    html = page()
    assert [(each.year, each.people) for each in years_reached()] == [(2026, 50), (2024, 20)]
    assert "2026 so far" in html
    assert "2025" not in html.partition("<main")[2].partition("</main>")[0].replace("copyright and database right 2025", "")


def test_half_way_is_rounded_up_and_each_number_by_itself() -> None:
    for people, expected in ((10, 10), (14, 10), (15, 20), (25, 30)):
        make_count(LEEDS, date(2020 + people % 7, 1, 1), people)
        assert expected in {each.people for each in years_reached()}


def test_before_the_first_count_and_how_many_statements() -> None:
    assert "We have not counted yet." in page()
    everywhere(34)
    assert len(statements(page)) <= 12


def test_it_is_linked_and_in_the_sitemap() -> None:
    assert PAGE in Client().get("/about/").content.decode()
    assert PAGE in Client().get("/sitemap.xml").content.decode()
