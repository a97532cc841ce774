"""The page of gaps: its ranking against an oracle, what has no part in it, what is said where a figure is missing."""

import csv
import random
import re
from datetime import date
from io import BytesIO
from pathlib import Path

import pytest
from django.conf import settings
from django.test import Client
from django.utils import timezone
from openpyxl import load_workbook

from accounts.roles import ROLES_BY_SLUG
from professionals.models import Nation
from reach import areas
from reach.areas import Area, PublishedFigures, Unit, areas_of, published_figures
from reach.gaps.queries import read_gaps
from reach.models import CountKind, ReachCount, ReachRun
from reach.queries import Period
from reach.rows import rows_url
from staff.spreadsheets import FORMULA_PATTERN
from tests.factories import make_staff, sign_in_staff
from tests.leaflets.statements import statements
from tests.reach.rows import BARNSLEY, BELFAST, LEEDS, SCILLY, YORK, make_count

pytestmark = pytest.mark.django_db
GAPS = "/staff/reach/gaps/"
SINCE = date(2026, 1, 1)  # 12 whole months before 12 January 2027
BEFORE, AFTER = date(2025, 12, 1), date(2026, 1, 1)


def desk(role: str = "") -> Client:
    return sign_in_staff(Client(), make_staff(role=role) if role else make_staff())


def order_of(unit: Unit = Unit.UPPER) -> dict[str, list[str]]:
    gaps = read_gaps(unit, Period(SINCE, date(2027, 1, 1)))
    return {nation: [row.area.code for row in rows] for nation, rows in gaps.ranked.items()}


# The oracle: from the files and the rows themselves, by comparing each area with each other.


def rows_of(name: str) -> list[dict[str, str]]:
    with (Path(settings.BASE_DIR) / "reach" / "data" / f"{name}.csv").open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


def oracle(column: str) -> dict[str, list[str]]:
    """By the first letter of districts, the order of the areas in that column of areas.csv."""
    names, members = dict[str, str](), dict[str, set[str]]()
    for row in rows_of("areas"):
        members.setdefault(row[f"{column}_code"], set()).add(row["code"])
        names[row[f"{column}_code"]] = row[f"{column}_name"]
    children, months = children_of(members), months_of(members)
    beyond = date(9999, 1, 1)

    def before(one: str, other: str) -> bool:
        """Each case by itself, in the words of the page."""
        last, theirs = months.get(one, beyond), months.get(other, beyond)
        is_reached, other_reached = SINCE <= last < beyond, SINCE <= theirs < beyond
        if is_reached != other_reached:
            return other_reached
        if is_reached and last != theirs:
            return last < theirs
        if children[one] != children[other]:
            return children[one] > children[other]
        if last != theirs:
            return last == beyond or last < theirs != beyond
        return names[one] < names[other]

    ordered = dict[str, list[str]]()
    for nation in "EWSN":
        theirs = [code for code, districts in members.items() if min(districts)[0] == nation]
        ordered[nation] = sorted(theirs, key=lambda code, all_=theirs: sum(before(each, code) for each in all_))  # type: ignore[misc]
    return ordered


def children_of(members: dict[str, set[str]]) -> dict[str, int]:
    """The newer figures of England where they are of whole areas, else those of districts."""
    found = dict.fromkeys(members, 0)
    by_district = {row["code"]: int(row["age_0_17"] or row["age_0_15"]) for row in rows_of("population_districts")}
    newer = {row["upper_code"]: int(row["age_0_17"]) for row in rows_of("population_under_18_england_2024")}
    for area, districts in members.items():
        uppers = {row["upper_code"] for row in rows_of("areas") if row["code"] in districts}
        if uppers <= set(newer):
            found[area] = sum(newer[upper] for upper in uppers)
        else:
            found[area] = sum(by_district[district] for district in districts)
    return found


def months_of(members: dict[str, set[str]]) -> dict[str, date]:
    found = dict[str, date]()
    today = {row["old"]: row["new"] for row in rows_of("changed_codes")}
    for count in ReachCount.objects.all():
        district = today.get(count.authority, count.authority)
        for area, districts in members.items():
            if count.kind == "attended" and district in districts:
                found[area] = max(found.get(area, count.month), count.month)
    return found


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize(("unit", "column"), [(Unit.UPPER, "upper"), (Unit.SERVICES, "children_services")])
def test_the_order_is_the_oracles_whatever_was_counted(unit: Unit, column: str, seed: int) -> None:
    draw = random.Random(seed)
    places = [*(row["code"] for row in rows_of("areas")), *(row["old"] for row in rows_of("changed_codes"))]
    for where in draw.sample(places, draw.choice([0, 20, 150])):
        month = date(draw.choice([2023, 2025, 2026]), draw.randint(1, 12), 1)
        make_count(
            where, month, draw.randint(1, 90), kind=draw.choice([CountKind.ATTENDED, CountKind.ATTENDED, CountKind.LEAFLETS])
        )
    expected, found = oracle(column), order_of(unit)
    assert found[Nation.ENGLAND] == expected["E"]
    assert found[Nation.WALES] == expected["W"]
    assert found[Nation.SCOTLAND] == expected["S"]
    assert found[Nation.NORTHERN_IRELAND] == expected["N"]


def test_gaps_come_first_and_the_longest_ago_before_others() -> None:
    make_count(LEEDS, date(2026, 3, 1))
    make_count(YORK, AFTER)
    make_count(BARNSLEY, BEFORE, 500)
    english = order_of()[Nation.ENGLAND]
    assert english[-2:] == [YORK, LEEDS]
    assert english.index(BARNSLEY) < 140


def test_what_is_no_attending_changes_nothing() -> None:
    before = order_of()
    for kind in CountKind:
        if kind != CountKind.ATTENDED:
            make_count(LEEDS, AFTER, 10_000, kind=kind)
    assert order_of() == before


def test_what_was_recorded_about_trafficking_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    make_count(LEEDS, BEFORE)
    make_count(YORK, AFTER)
    before = order_of()
    draw = random.Random(1)

    def other_findings(districts: frozenset[str]) -> PublishedFigures:
        found = published_figures(districts)
        return PublishedFigures(
            **{**vars(found), "trafficking": draw.choice([None, 0, 10_000]), "assessments": draw.choice([None, 20_000])}
        )

    monkeypatch.setattr(areas, "published_figures", other_findings)
    areas_of.cache_clear()
    areas.area_by_key.cache_clear()
    try:
        assert {area.published.trafficking for area in areas_of(Unit.UPPER).values()} >= {None, 0, 10_000}
        assert order_of() == before
    finally:
        areas_of.cache_clear()
        areas.area_by_key.cache_clear()


# What is published, and what is not.


def findings(unit: Unit) -> list[Area]:
    return [area for area in areas_of(unit).values() if area.published.trafficking is not None]


def test_findings_are_the_publishers_own_rows_and_never_added_up() -> None:
    rows = {row["upper_code"]: row for row in rows_of("assessment_factors_england_2025")}
    for area in areas_of(Unit.UPPER).values():
        row = rows.get(area.code)
        printed = (
            "" if area.published.trafficking is None else str(area.published.trafficking),
            "" if area.published.assessments is None else str(area.published.assessments),
        )
        assert printed == ((row["trafficking"], row["assessments_with_a_factor"]) if row else ("", ""))
        assert area.published.trafficking_withheld == (row is not None and not row["trafficking"])
    published = {int(row["trafficking"]) for row in rows.values() if row["trafficking"]}
    assert len(findings(Unit.UPPER)) == 153 - 39
    assert {area.published.trafficking for unit in Unit for area in findings(unit)} <= published
    assert findings(Unit.REGION) == findings(Unit.NATION) == []
    assert not any(area.published.trafficking_withheld for area in areas_of(Unit.NATION).values())


# The page.


def whole(client: Client, query: str = "?") -> str:
    """The page of each nation, one after the other: of all of them at once it shows the first areas only."""
    return "".join(client.get(f"{GAPS}{query}&place={nation}").content.decode() for nation in Nation.values)


def cells(page: str, name: str) -> list[str]:
    """Of the row of that area, without marks."""
    row = next(row for row in re.findall(r"<tr role=\"row\">.*?</tr>", page, re.DOTALL) if f">{name}</a>" in row)
    found = re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row, re.DOTALL)
    first, *rest = (" ".join(re.sub(r"<[^>]+>", "", cell).split()) for cell in found)
    return [*first.split(" ", 1), *(cell.partition(":")[0] for cell in rest)]


def test_the_page_says_who_comes_first_and_why() -> None:
    make_count(LEEDS, date(2025, 5, 1), 12)
    make_count(YORK, date(2026, 12, 1), 1200)
    make_count("", date(2026, 12, 1), 3)
    ReachRun.objects.create(counted_at=timezone.now())
    page = whole(desk("read-only"))
    assert "Nobody has attended since January 2026 in 152 of 153 areas." in " ".join(page.split())
    assert cells(page, "Kent")[0] == "1"
    assert cells(page, "Leeds")[3:5] == ["May 2025 20 months ago", "0"]
    assert cells(page, "York")[0] == "153"
    assert cells(page, "York")[3:5] == ["December 2026 1 month ago", "1,200"]
    assert cells(page, "Kent")[3] == "Never"
    assert "3 people who attended since January 2026 count in no area" in " ".join(page.split())
    assert "Tuesday 12 January 2027" in page
    asked = {"kind": CountKind.ATTENDED, "period": Period(SINCE, date(2027, 1, 1))}
    for area in (areas_of(Unit.UPPER)[YORK], Unit.UPPER):
        assert f'href="{rows_url(area=area, **asked)}"'.replace("&", "&amp;") in page
    assert "few findings may mean that nobody looked" in page


def test_the_page_explains_its_rule_in_four_sentences() -> None:
    page = desk().get(GAPS).content.decode()
    rule = " ".join(re.sub(r"<[^>]+>", "", page.partition('class="gaps__rule">')[2].partition("</ul>")[0]).split())
    assert len(re.findall(r"\.(?: |$)", rule)) == 4
    assert all(len(sentence.split()) <= 25 for sentence in rule.split(". "))


def test_a_withheld_figure_is_called_so_and_other_nations_have_no_such_column() -> None:
    page = whole(desk())
    assert cells(page, "Hartlepool")[5] == "withheld"
    assert cells(page, "Middlesbrough")[5] == "24"
    assert cells(page, "Milton Keynes")[5].isdigit()
    assert len(cells(page, "Belfast")) == len(cells(page, "Cardiff")) == len(cells(page, "Jersey")) == 5
    districts = whole(desk(), "?unit=district")
    assert cells(districts, "Canterbury")[5] == "not published"
    assert "withheld" not in desk().get(f"{GAPS}?unit=region").content.decode().replace("“Withheld”", "")


def test_northern_ireland_counts_children_under_16_and_says_so() -> None:
    make_count(BELFAST, date(2026, 12, 1), 5)
    page = desk().get(f"{GAPS}?place=northern-ireland").content.decode()
    assert "Children here are those under 16" in page
    assert "Children under 16" in page
    assert cells(page, "Belfast")[4] == "5"
    assert "England</h2>" not in page
    trusts = desk().get(f"{GAPS}?unit=services&place=northern-ireland").content.decode()
    assert cells(trusts, "Belfast Health and Social Care Trust")[4] == "5"


def test_islands_have_no_published_children_and_are_areas_all_the_same() -> None:
    make_count(Nation.JERSEY, date(2026, 11, 1), 4)
    make_count(SCILLY, date(2026, 11, 1), 2)
    page = whole(desk())
    assert cells(page, "Jersey") == ["1", "Jersey", "not published", "November 2026 2 months ago", "4"]
    assert cells(page, "Guernsey") == ["1", "Guernsey", "not published", "Never", "0"]
    assert cells(page, "Isles of Scilly")[4:] == ["2", "0"]


def test_an_old_code_counts_for_the_area_of_today() -> None:
    make_count("E08000016", date(2026, 12, 1), 7)
    assert cells(whole(desk()), "Barnsley")[4] == "7"


def test_a_place_keeps_the_ranks_of_the_nation() -> None:
    client = desk()
    everywhere, there = (client.get(f"{GAPS}{query}").content.decode() for query in ("", "?place=yorkshire-and-the-humber"))
    assert cells(there, "Leeds") == cells(everywhere, "Leeds")
    assert ">Kent</a>" not in there
    assert "There are no such areas there" in client.get(f"{GAPS}?unit=nation&place=london").content.decode()


def test_another_time_makes_another_gap() -> None:
    make_count(LEEDS, date(2025, 5, 1), 12)
    page = whole(desk(), "?months=24")
    assert cells(page, "Leeds")[0] == "153"
    assert "since January 2025" in page


@pytest.mark.parametrize("query", ["?unit=parish", "?months=13", "?place=Atlantis", "?months=&unit="])
def test_what_cannot_be_answered_is_said_and_the_usual_answer_shown(query: str) -> None:
    page = desk().get(f"{GAPS}{query}")
    assert page.status_code == 200
    text = page.content.decode()
    assert (">Error:" in text or "<title>Error:" in text) == ("=&" not in query)
    assert ">Kent</a>" in text


@pytest.mark.parametrize("unit", Unit)
def test_each_unit_has_its_areas_and_few_statements(unit: Unit) -> None:
    for where in (LEEDS, YORK, BELFAST, Nation.JERSEY, ""):
        make_count(where, date(2026, 12, 1))
    client = desk()
    client.get(GAPS)
    assert whole(client, f"?unit={unit}").count("/staff/reach/area/") == len(areas_of(unit))
    assert len(statements(lambda: client.get(f"{GAPS}?unit={unit}"))) <= 20


def test_of_all_nations_the_page_shows_the_first_areas_and_leads_to_the_others() -> None:
    client = desk()
    page = client.get(GAPS).content.decode()
    nations = {each: [area for area in areas_of(Unit.UPPER).values() if area.nation == each] for each in Nation}
    assert page.count("/staff/reach/area/") == sum(min(20, len(found)) for found in nations.values())
    for nation, found in nations.items():
        link = f'<a href="?unit=upper&amp;months=12&amp;place={nation.value}">See all {len(found)} areas: {nation.label}</a>'
        assert (link in page) == (len(found) > 20)
    there = client.get(f"{GAPS}?place=england").content.decode()
    assert there.count("/staff/reach/area/") == len(nations[Nation.ENGLAND])
    assert "See all" not in there


# Files.


def csv_of(client: Client, query: str = "") -> list[dict[str, str]]:
    response = client.get(f"{GAPS}?file=csv{query}")
    assert response["Content-Disposition"] == 'attachment; filename="gaps-2027-01-12.csv"'
    return list(csv.DictReader(b"".join(response).decode("utf-8-sig").splitlines()))


def test_the_file_has_the_rows_of_the_page() -> None:
    make_count(LEEDS, date(2026, 12, 1), 40)
    rows = csv_of(desk())
    assert len(rows) == len(areas_of(Unit.UPPER))
    leeds = next(row for row in rows if row["Area"] == "Leeds")
    assert list(leeds.values())[:5] == ["England", "153", "Leeds", LEEDS, "Yorkshire and the Humber"]
    assert list(leeds.values())[6:10] == ["18", "No", "2026-12-01", "40"]
    belfast = next(row for row in rows if row["Area"] == "Belfast")
    assert belfast["Children are those under"] == "16"
    assert list(belfast.values())[-1] == "not published"
    assert [list(row.values())[-1] for row in rows if row["Area"] == "Hartlepool"] == ["withheld"]
    assert {row["Nation"] for row in csv_of(desk(), "&place=wales")} == {"Wales"}


def test_no_cell_of_a_file_is_a_formula(monkeypatch: pytest.MonkeyPatch) -> None:
    evil = Area("=1+1", "=HYPERLINK(1)", Unit.UPPER, Nation.WALES, "@x", frozenset({"W06000015"}), PublishedFigures())
    monkeypatch.setattr("reach.gaps.queries.areas_of", lambda unit: {"=1+1": evil})
    monkeypatch.setattr("reach.areas.reverse", lambda *args, **kwargs: "#")
    client = desk()
    row = next(iter(csv_of(client)))
    assert not any(FORMULA_PATTERN.match(cell) for cell in row.values())
    assert row["Area"] == "'=HYPERLINK(1)"
    sheet = load_workbook(BytesIO(b"".join(client.get(f"{GAPS}?file=xlsx")))).active
    assert {cell.data_type for line in sheet.iter_rows() for cell in line} <= {"s", "n", "inlineStr"}


# Who may see it.


@pytest.mark.parametrize("role", ROLES_BY_SLUG)
def test_the_page_is_for_those_who_may_see_reach(role: str) -> None:
    client = desk(role)
    sees = role in {"coordinator", "manager", "read-only"}
    assert client.get(GAPS).status_code == (200 if sees else 403)
    assert client.get(f"{GAPS}?file=csv").status_code == (200 if sees else 403)
    assert (GAPS.encode() in client.get("/staff/", follow=True).content) == sees
    assert client.post(GAPS).status_code == 405 if sees else True
