"""The page of coverage: its map, its table and its files against a count of its own; what is said where a figure is missing."""

import csv
import gzip
import re
from collections import Counter
from datetime import date
from html import unescape
from io import BytesIO
from pathlib import Path

import pytest
from django.conf import settings
from django.test import Client
from openpyxl import load_workbook

from accounts.roles import ROLES_BY_SLUG
from professionals.models import Nation
from reach.areas import ISLANDS, Unit, areas_of
from reach.coverage.queries import AreaFigure, Coverage, class_limits, read_coverage, round_bounds
from reach.coverage.shapes import HEXAGONS, boundary_layout, hexagon_layout
from reach.coverage.views import short_figure_text
from reach.forms import Measure, Question
from reach.models import CountKind, ReachCount, ReachRun
from reach.queries import Period
from tests.factories import make_staff, sign_in_staff
from tests.leaflets.statements import statements
from tests.reach.rows import BARNSLEY, BELFAST, CARDIFF, LEEDS, SCILLY, YORK, make_count

COVERAGE = "/staff/reach/coverage/"
IN_PERIOD, BEFORE = date(2026, 12, 1), date(2025, 12, 1)  # the last 12 months begin in January 2026
MAP_LINK = re.compile(r'<a class="is-(\w+)" href="([^"]+)" aria-label="([^"]+)">')
# Published together with Richmond upon Thames; withheld; not of whole counties; without anybody in post.
KINGSTON, KENSINGTON, CANTERBURY = "E09000021", "E09000020", "E07000106"
UNIT_COLUMNS = {
    Unit.UPPER: ("upper_code", "upper_name"),
    Unit.DISTRICT: ("code", "name"),
    Unit.POLICE: ("police_name", "police_name"),
    Unit.SERVICES: ("children_services_code", "children_services_name"),
}


def desk(role: str = "") -> Client:
    return sign_in_staff(Client(), make_staff(role=role) if role else make_staff())


def page_of(query: str = "", client: Client | None = None) -> str:
    response = (client or desk()).get(f"{COVERAGE}{query}")
    assert response.status_code == 200
    return response.content.decode()


def table_of(page: str) -> dict[str, list[str]]:
    """By the name of the area, the cells beside it."""
    body = page.partition("<tbody")[2].partition("</table>")[0]
    rows = [re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row, re.DOTALL) for row in body.split("<tr")[1:]]
    texts = [[unescape(re.sub(r"<[^>]+>", "", cell)).strip() for cell in row] for row in rows]
    return {row[0]: row[1:] for row in texts}


def map_of(page: str) -> dict[str, str]:
    """By the name of the area, what its link says beyond it."""
    return dict(unescape(label).split(": ", 1) for _look, _href, label in MAP_LINK.findall(page))


def file_rows(name: str, app: str = "reach") -> list[dict[str, str]]:
    with (Path(settings.BASE_DIR) / app / "data" / f"{name}.csv").open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


def lay_out() -> None:
    for number, where in enumerate((LEEDS, YORK, BELFAST, CARDIFF, SCILLY, BARNSLEY, KINGSTON, KENSINGTON, CANTERBURY), 1):
        make_count(where, IN_PERIOD, number * 7, profession="gp")
        make_count(where, date(2026, 1, 1), number, profession="teacher")
        make_count(where, BEFORE, 1000)
        make_count(where, IN_PERIOD, 3 * number, kind=CountKind.LEAFLETS)
    make_count(Nation.JERSEY, IN_PERIOD, 4)
    make_count("E08000016", IN_PERIOD, 90)  # Barnsley's code of before
    make_count("", IN_PERIOD, 11)


# The figures.


@pytest.mark.django_db
@pytest.mark.parametrize("unit", UNIT_COLUMNS)
def test_the_table_and_the_map_are_a_count_made_another_way(unit: Unit) -> None:
    lay_out()
    districts = {row["code"]: row for row in file_rows("areas")}
    known = {row["code"]: row["name"] for row in file_rows("local_authorities", "professionals")}
    expected = Counter[str]()
    for each in ReachCount.objects.filter(kind=CountKind.ATTENDED, profession="gp"):
        if IN_PERIOD.replace(month=1) <= each.month <= IN_PERIOD:
            row = districts["E08000038" if each.authority == "E08000016" else each.authority]
            expected[known[row["code"]] if unit == Unit.DISTRICT else row[UNIT_COLUMNS[unit][1]]] += each.count
    page = page_of(f"?unit={unit}&profession=gp")
    found = {name: int(cells[1].replace(",", "")) for name, cells in table_of(page).items()}
    total = found.pop("Everywhere")
    assert {name: count for name, count in found.items() if count} == expected
    assert total == sum(expected.values())
    said = {name: int(text.split()[0].replace(",", "")) for name, text in map_of(page).items()}
    assert said == {name: count for name, count in found.items() if not name.startswith("Online")}


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("query", "yorkshire", "nowhere", "everywhere"),
    [
        ("?unit=region", 7 + 1 + 14 + 2 + 42 + 6 + 90, 11, 90 + 45 * 8 + 4 + 11),
        ("?unit=region&kind=leaflets", 3 + 6 + 18, 0, 3 * 45),
        ("?unit=region&profession=teacher", 1 + 2 + 6, 0, 45),
        ("?unit=region&period=own&first=12+2025&last=12+2025", 3000, 0, 9000),
        ("?unit=region&kind=places", 0, 0, 0),
    ],
)
def test_each_question_has_its_figures(query: str, yorkshire: int, nowhere: int, everywhere: int) -> None:
    lay_out()
    table = table_of(page_of(query))
    assert [
        table[name][1] for name in ("Yorkshire and the Humber", "Online for everybody, or we don’t know where", "Everywhere")
    ] == [*(f"{count:,}" for count in (yorkshire, nowhere, everywhere))]


@pytest.mark.django_db
@pytest.mark.parametrize("unit", Unit)
def test_each_unit_has_each_area_as_a_named_link_in_few_statements(unit: Unit) -> None:
    lay_out()
    client = desk()
    client.get(COVERAGE)
    page = page_of(f"?unit={unit}", client)
    areas = areas_of(unit)
    links = MAP_LINK.findall(page)
    assert {href: unescape(label).partition(":")[0] for _look, href, label in links} == {
        f"/staff/reach/area/{unit}/{area.code}/": area.name for area in areas.values()
    }
    assert set(table_of(page)) == {area.name for area in areas.values()} | {
        "Online for everybody, or we don’t know where",
        "Everywhere",
    }
    for measure in Measure:
        asked = f"{COVERAGE}?unit={unit}&measure={measure}&period=everything&map=geographic"
        assert len(statements(lambda asked=asked: client.get(asked))) <= 20  # type: ignore[misc]


@pytest.mark.django_db
def test_figures_lead_to_their_rows_and_names_to_their_areas() -> None:
    lay_out()
    page = page_of("?profession=gp")
    rows = re.search(r'>Leeds</a></th><td class="is-where">[^<]*</td><td class="is-number"><a href="([^"]+)">7<', page)
    assert rows
    asked = "kind=attended&first=2026-01&last=2026-12&unit=upper&area=E08000035&profession=gp"
    assert unescape(rows[1]) == f"/staff/reach/rows/?{asked}"
    assert 'area=none&amp;profession=gp">11 ' not in page
    assert "area=none" in page_of()
    leeds = next(link for link in MAP_LINK.findall(page) if link[2].startswith("Leeds:"))
    assert leeds[1:] == ("/staff/reach/area/upper/E08000035/", "Leeds: 7 people who attended")
    assert "Belfast: 21 people who attended" in page
    assert 'aria-label="Barnet: 0 people who attended"' in page


# Against children and social workers.


@pytest.mark.django_db
def test_for_each_ten_thousand_children() -> None:
    lay_out()
    page = page_of("?measure=per-children")
    children = {row["upper_code"]: int(row["age_0_17"]) for row in file_rows("population_under_18_england_2024")}
    under_16 = {row["code"]: int(row["age_0_15"]) for row in file_rows("population_districts")}
    table = table_of(page)
    assert table["Leeds"] == ["Yorkshire and the Humber", "8", f"{children[LEEDS]:,}", f"{80_000 / children[LEEDS]:.1f}"]
    assert table["Belfast"] == ["Northern Ireland", "24", f"{under_16[BELFAST]:,}", f"{240_000 / under_16[BELFAST]:.1f}"]
    assert table["Jersey"] == ["Jersey", "4", "", "not published"]
    assert table["Barnet"][3] == "0.0"
    assert "In Northern Ireland, children are those under 16" in page
    assert map_of(page)["Belfast"] == f"{240_000 / under_16[BELFAST]:.1f} for each 10,000 children, from 24 people who attended"
    looks = {unescape(label).partition(":")[0]: look for look, _href, label in MAP_LINK.findall(page)}
    assert (looks["Jersey"], looks["Barnet"]) == ("none", "0")


@pytest.mark.django_db
def test_for_each_social_worker_where_they_are_published() -> None:
    lay_out()
    workers = {row["upper_code"]: row for row in file_rows("social_workers_england_2025")}
    page = page_of("?measure=per-social-worker")
    table = table_of(page)
    posts = int(workers[LEEDS]["in_post_headcount"])
    assert table["Leeds"] == ["Yorkshire and the Humber", "8", f"{posts:,}", f"{8 / posts:.2f}"]
    assert table["Kensington and Chelsea"][2:] == ["", "withheld"]
    assert table["Kingston upon Thames"][2:] == ["", "published only together with a neighbour"]
    assert table["Isles of Scilly"][2:] == ["", "no social workers in post"]
    assert [table[name][3] for name in ("Cardiff", "Belfast", "Jersey")] == ["not published"] * 3
    assert "published for England alone" in page
    district, region = (table_of(page_of(f"?measure=per-social-worker&unit={unit}")) for unit in ("district", "region"))
    assert district["Canterbury"][3] == "not published"
    assert district["Kensington and Chelsea"][3] == region["London"][3] == "withheld"
    both = sum(int(row["in_post_headcount"]) for row in workers.values() if row["upper_code"] in _upper_of("East Midlands"))
    joint = int(workers["E06000061"]["in_post_headcount"])  # North and West Northamptonshire: in full on both rows
    assert region["East Midlands"][2] == f"{both - joint:,}"


def _upper_of(region: str) -> set[str]:
    regions = {row["code"]: row["region"] for row in file_rows("local_authorities", "professionals")}
    return {row["upper_code"] for row in file_rows("areas") if regions[row["code"]] == region}


# The classes.


@pytest.mark.parametrize(
    ("values", "digits", "bounds"),
    [
        ([], 0, [2, 3, 5, 10]),
        ([1.0] * 40, 0, [2, 3, 5, 10]),
        ([float(n) for n in range(1, 101)], 0, [20, 30, 50, 100]),
        ([0.1, 0.2, 0.4, 0.9, 7.3], 1, [0.2, 0.3, 0.5, 5]),
        ([4e9] * 9, 0, [3e9, 5e9, 1e10, 2e10]),
    ],
)
def test_classes_begin_at_round_figures_and_rise(values: list[float], digits: int, bounds: list[float]) -> None:
    found = round_bounds(values, digits)
    assert found == bounds
    assert found == sorted(set(found))


@pytest.mark.django_db
def test_each_area_is_in_the_class_whose_limits_hold_its_figure() -> None:
    lay_out()
    for measure, digits in ((Measure.NUMBER, 0), (Measure.PER_CHILDREN, 1), (Measure.PER_SOCIAL_WORKER, 2)):
        found = read_coverage(Question(CountKind.ATTENDED, Period(BEFORE, IN_PERIOD), "", Unit.UPPER, measure))
        limits = class_limits(found.bounds, digits)
        for figure in found.figures:
            look = found.class_number(figure)
            if look:
                least, most = limits[look - 1]
                assert figure.value is not None
                assert look == 1 or least <= figure.value
                assert most is None or figure.value <= most
            else:
                assert figure.value is None if look is None else figure.count == 0
    page = page_of()
    classes = Counter(look for look, _href, _label in MAP_LINK.findall(page))
    said = re.findall(r'<g class="is-(\w+)">.*?(\d+) areas?<', page, re.DOTALL)
    assert [look for look, _count in said] == ["0", "1", "2", "3", "4", "5"]
    assert {look: int(count) for look, count in said if int(count)} == classes


@pytest.mark.parametrize(
    ("count", "measure", "base", "text"),
    [
        (0, Measure.NUMBER, None, "0"),
        (999, Measure.NUMBER, None, "999"),
        (1_000, Measure.NUMBER, None, "1.0k"),
        (1_234, Measure.NUMBER, None, "1.2k"),
        (9_960, Measure.NUMBER, None, "10k"),
        (123_456, Measure.NUMBER, None, "123k"),
        (999_700, Measure.NUMBER, None, "1.0m"),
        (12, Measure.PER_CHILDREN, 10_000, "12.0"),
        (0, Measure.PER_CHILDREN, 10_000, "0"),
        (1, Measure.PER_CHILDREN, 1_000_000, "<0.1"),
        (1, Measure.PER_SOCIAL_WORKER, 3, "0.33"),
        (1, Measure.PER_SOCIAL_WORKER, None, ""),
    ],
)
def test_a_hexagon_has_room_for_its_figure(count: int, measure: Measure, base: int | None, text: str) -> None:
    assert short_figure_text(AreaFigure(areas_of(Unit.UPPER)[LEEDS], count, measure, base)) == text


# The shapes.


@pytest.mark.parametrize("unit", HEXAGONS)
def test_no_two_hexagons_share_a_place(unit: Unit) -> None:
    layout = hexagon_layout(unit)
    assert len({shape.text_at for shape in layout.shapes}) == len(layout.shapes) == len(areas_of(unit))


@pytest.mark.parametrize("unit", Unit)
def test_each_area_has_an_outline_within_the_drawing(unit: Unit) -> None:
    layout = boundary_layout(unit)
    left, top, width, height = map(int, layout.box.split())
    assert [shape.area.code for shape in layout.shapes] == list(areas_of(unit))
    for shape in layout.shapes:
        starts = re.findall(r"M(-?\d+) (-?\d+)", shape.path)
        assert starts, shape.area.name
        assert shape.path.count("z") == len(starts)
        assert all(left < int(x) < left + width and top < int(y) < top + height for x, y in starts)


def test_what_lies_within_an_area_is_not_drawn() -> None:
    """England in one: its outline is as long as the coast and two borders, and no shorter than the regions' that touch them."""
    length = {unit: sum(len(shape.path) for shape in boundary_layout(unit).shapes) for unit in Unit}
    assert length[Unit.NATION] < length[Unit.REGION] < length[Unit.POLICE] < length[Unit.SERVICES] <= length[Unit.UPPER]
    rings = {shape.area.code: shape.path.count("z") for shape in boundary_layout(Unit.NATION).shapes}
    assert rings[Nation.ENGLAND] < 40  # with its islands
    assert all(rings[island] == 1 for island in ISLANDS)


@pytest.mark.django_db
@pytest.mark.parametrize(("query", "most"), [("", 30_000), ("?unit=district", 40_000), ("?unit=district&map=geographic", 80_000)])
def test_the_page_is_light(query: str, most: int) -> None:
    lay_out()
    page = desk().get(f"{COVERAGE}{query}").content
    assert len(gzip.compress(page)) < most
    assert b"style=" not in page.partition(b"<main")[2]


# The table.


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("sort", "first", "last", "column", "order"),
    [
        ("", "Barking and Dagenham", "Isle of Man", "", ""),
        ("name", "Aberdeen City", "York", "County or upper-tier authority", "ascending"),
        ("-number", "Barnsley", "Isle of Man", "People who attended", "descending"),
        ("rate", "Barking and Dagenham", "Isle of Man", "For each 10,000 children", "ascending"),
        ("-rate", "Isles of Scilly", "Isle of Man", "For each 10,000 children", "descending"),
        ("nonsense", "Barking and Dagenham", "Isle of Man", "", ""),
    ],
)
def test_the_table_is_sorted_by_its_headings(sort: str, first: str, last: str, column: str, order: str) -> None:
    lay_out()
    page = page_of(f"?measure=per-children&sort={sort}")
    names = list(table_of(page))[:-2]
    assert (names[0], names[-1]) == (first, last)
    sorted_by = re.findall(r'aria-sort="(\w+)"><a href="[^"]+">([^<]+)<', page)
    assert sorted_by == ([(order, column)] if order else [])


@pytest.mark.django_db
def test_a_heading_turns_the_order_and_keeps_the_question() -> None:
    client = desk()
    asked = "?kind=leaflets&unit=district"
    page = page_of(asked, client)
    link = unescape(re.search(r'<a href="([^"]+)">Leaflets sent</a></th>', page)[1])  # type: ignore[index]
    assert link == f"{asked}&sort=-number#table"
    again = page_of(link.partition("#")[0], client)
    assert f'href="{asked.replace("&", "&amp;")}&amp;sort=number#table">Leaflets sent' in again


# Files.


@pytest.mark.django_db
@pytest.mark.parametrize("measure", Measure)
def test_the_files_have_the_cells_of_the_table(measure: Measure) -> None:
    lay_out()
    client, asked = desk(), f"?measure={measure}&sort=-number"
    table = table_of(page_of(asked, client))
    response = client.get(f"{COVERAGE}{asked}&file=csv")
    assert response["Content-Disposition"] == 'attachment; filename="coverage-2027-01-12.csv"'
    rows = list(csv.reader(b"".join(response).decode("utf-8-sig").splitlines()))  # type: ignore[arg-type]
    sheet = load_workbook(BytesIO(b"".join(client.get(f"{COVERAGE}{asked}&file=xlsx")))).active  # type: ignore[arg-type]
    cells = [["" if cell.value is None else cell.value for cell in row] for row in sheet.iter_rows()]
    assert [[str(cell)[:10] for cell in row[:4]] + [str(cell) for cell in row[7:]] for row in cells] == [
        [cell[:10] for cell in row[:4]] + row[7:] for row in rows
    ]
    assert [row[0] for row in rows[1:]] == list(table)
    for row in rows[1:]:
        expected = [table[row[0]][1], *table[row[0]][2:]]
        found = [f"{int(row[7]):,}", *row[8:10]]
        if measure != Measure.NUMBER and row[8]:
            digits = 1 if measure == Measure.PER_CHILDREN else 2
            found = [found[0], f"{int(row[8]):,}", f"{float(row[9]):,.{digits}f}"]
        assert found == expected, row
    assert rows[1][4:7] == ["2026-01-01", "2026-12-01", "All professions"]


# Who, and when there is nothing.


@pytest.mark.django_db
@pytest.mark.parametrize("role", ROLES_BY_SLUG)
def test_only_roles_that_see_reach_see_it(role: str) -> None:
    client = desk(role)
    sees = client.get("/staff/guide/").wsgi_request.user.has_perm("reach.view_reach")
    assert client.get(COVERAGE).status_code == (200 if sees else 403)
    assert client.get(f"{COVERAGE}?file=csv").status_code == (200 if sees else 403)
    assert (COVERAGE in client.get("/staff/guide/").content.decode()) == sees


@pytest.mark.django_db
def test_when_it_was_counted_and_what_leaflets_are_not() -> None:
    client = desk()
    assert "We have not counted yet." in page_of("", client)
    ReachRun.objects.create(counted_at="2027-01-12T03:00:00Z")
    assert "We last counted on Tuesday 12 January 2027, 3am" in page_of("", client)
    assert "doesn’t count as reach" in page_of("?kind=leaflets", client)
    assert "doesn’t count as reach" not in page_of("", client)


@pytest.mark.django_db
def test_what_is_wrong_is_said_beside_its_box_and_kept() -> None:
    make_count(LEEDS, IN_PERIOD, 5)
    page = page_of("?period=own&first=13+2026&last=1+2027&unit=parish&map=globe&kind=leaflets")
    assert "<title>Error:" in page
    assert 'value="13 2026"' in page
    assert "Enter a month and its year, such as 4 2026." in page
    assert "0 leaflets sent" in page
    assert "January 2026 to December 2026" in page
    assert len(MAP_LINK.findall(page)) == len(areas_of(Unit.UPPER))


@pytest.mark.django_db
def test_the_sources_are_shown() -> None:
    page = unescape(page_of())
    readme = " ".join((Path(settings.BASE_DIR) / "reach" / "data" / "README.md").read_text().split())
    text = " ".join(re.sub(r"<[^>]+>", "", page).split())
    for sentence in (
        "Source: Office for National Statistics licensed under the Open Government Licence v.3.0",
        "Contains OS data © Crown copyright and database right 2025",
        "Contains LPS Intellectual Property © Crown copyright and database right 2025. This information is licensed under the"
        " terms of the Open Government Licence",
        "Contains public sector information licensed under the Open Government Licence v3.0: Department for Education (Children"
        " in need 2025, Children’s social work workforce 2025), National Records of Scotland (mid-2022 estimates), NISRA"
        " (mid-2024 estimates)",
    ):
        assert sentence in text
        assert sentence in readme
    assert "Open Innovations, MIT licence" in text
    licences = (Path(settings.BASE_DIR) / "reach" / "data" / "LICENCES.txt").read_text()
    assert "Copyright (c) 2017- Open Innovations" in licences
    assert "Permission is hereby granted" in licences


def test_a_figure_that_rounds_to_nothing_is_still_something() -> None:
    area = areas_of(Unit.NATION)[Nation.ENGLAND]
    figure = AreaFigure(area, 1, Measure.PER_CHILDREN, area.published.children)
    found = Coverage(Question(CountKind.ATTENDED, Period(BEFORE, IN_PERIOD), "", Unit.NATION, Measure.PER_CHILDREN), (figure,), 0)
    assert (figure.value, found.class_number(figure)) == (0, 1)
