"""How many of those reached are still in post: against one person after another, and where nothing is published."""

import csv
import re
from dataclasses import replace
from datetime import date, datetime
from io import BytesIO
from itertools import product

import pytest
import time_machine
from django.test import Client
from openpyxl import load_workbook

from core.dates import UK_TZ
from professionals.models import Nation, Profession
from reach.areas import Area, PublishedFigures, Unit, areas_of
from reach.models import CountKind
from reach.queries import counts_by_area_and_month
from reach.renewal import Renewal, estimate_renewal, estimate_renewals, missing_reason, sort_by_share
from tests.factories import make_staff, sign_in_staff
from tests.leaflets.statements import statements
from tests.reach.oracle import counts_by
from tests.reach.rows import make_count

NOW = datetime(2026, 11, 16, 12, tzinfo=UK_TZ)
DURHAM, KENSINGTON, KINGSTON, RICHMOND = "E06000047", "E09000020", "E09000021", "E09000027"
SCILLY, CARDIFF, BELFAST = "E06000053", "W06000015", "N09000003"


def area_of(code: str) -> Area:
    return areas_of(Unit.UPPER)[code]


def with_turnover(percent: float | None) -> Area:
    return replace(area_of(DURHAM), published=PublishedFigures(children=1, social_workers=10, turnover=percent))


def one_by_one(percent: float, months: dict[date, int], now: datetime) -> float:
    """Slowly: of each person, the chance that they are still there, which shrinks month after month from when they came."""
    left_a_month = (1 - percent / 100) ** (1 / 12)
    still = 0.0
    for came, people in months.items():
        chance, year, month = 1.0, came.year, came.month
        while (year, month) < (now.year, now.month):
            chance *= left_a_month
            year, month = (year + 1, 1) if month == 12 else (year, month + 1)
        for _person in range(people):
            still += chance
    return still


def made(renewal: Renewal | None) -> Renewal:
    assert renewal is not None
    return renewal


@pytest.mark.parametrize(
    ("percent", "months"),
    product(
        (0.0, 6.0, 11.5, 34.9, 100.0),
        (
            {date(2026, 11, 1): 12},
            {date(2025, 11, 1): 12, date(2020, 4, 1): 40, date(2016, 12, 1): 7},
            {date(year, month, 1): year % 7 + month for year in range(2015, 2026) for month in (1, 6, 12)},
        ),
    ),
)
def test_still_in_post_as_one_person_after_another(percent: float, months: dict[date, int]) -> None:
    renewal = made(estimate_renewal(with_turnover(percent), months, NOW))
    assert renewal.reached == sum(months.values())
    assert renewal.in_post == pytest.approx(one_by_one(percent, months, NOW))
    assert renewal.share == pytest.approx(one_by_one(percent, months, NOW) / sum(months.values()))
    assert (renewal.first, renewal.last) == (min(months), max(months))


def test_nobody_is_there_again_nor_more_than_came() -> None:
    """More may leave in a year than are in post, and a count of a month to come is of today."""
    assert made(estimate_renewal(with_turnover(130), {date(2025, 11, 1): 10}, NOW)).in_post == 0
    assert made(estimate_renewal(with_turnover(20), {date(2026, 12, 1): 10}, NOW)).in_post == 10


def test_exactly_half_is_not_due_yet() -> None:
    half = made(estimate_renewal(with_turnover(50), {date(2025, 11, 1): 10}, NOW))
    assert half.share == 0.5
    assert not half.is_due
    assert made(estimate_renewal(with_turnover(50), {date(2025, 10, 1): 10}, NOW)).is_due
    assert not made(estimate_renewal(with_turnover(50), {date(2025, 12, 1): 10}, NOW)).is_due


def test_nothing_is_estimated_without_a_turnover() -> None:
    """Withheld by its council, nobody in post, not published by a nation, on an island."""
    withheld = [area_of(code) for code in (KENSINGTON, SCILLY, CARDIFF, BELFAST, "jersey")]
    assert [area.published.turnover for area in withheld] == [None] * 5
    for area in withheld:
        renewal = made(estimate_renewal(area, {date(2000, 1, 1): 10}, NOW))
        assert (renewal.reached, renewal.in_post, renewal.share, renewal.is_due) == (10, None, None, False)


def test_the_page_says_of_england_what_the_file_says() -> None:
    """Two councils withheld theirs, and the Isles of Scilly have no social workers."""
    english = [area for area in areas_of(Unit.UPPER).values() if area.nation == Nation.ENGLAND]
    assert {area.name: str(missing_reason(area).label) for area in english if area.published.turnover is None} == {
        "Kensington and Chelsea": "withheld",
        "Westminster": "withheld",
        "Isles of Scilly": "no social workers in post",
    }


def test_nobody_came() -> None:
    assert estimate_renewal(area_of(DURHAM), {}, NOW) is None
    assert estimate_renewal(area_of(DURHAM), {date(2025, 1, 1): 0}, NOW) is None


def test_a_joint_return_stands_for_both() -> None:
    first, second = (made(estimate_renewal(area_of(code), {date(2025, 11, 1): 100}, NOW)) for code in (KINGSTON, RICHMOND))
    assert first.area.published.joint
    assert first.in_post == second.in_post == pytest.approx(72)


def test_an_area_of_several_with_one_where_nobody_is_in_post() -> None:
    """Isles of Scilly has no social workers, so nobody's turnover is hidden in that of its region."""
    south_west = areas_of(Unit.REGION)["south-west"].published
    workers = [area.published for area in areas_of(Unit.UPPER).values() if area.region == "South West"]
    leavers = sum((each.turnover or 0) * (each.social_workers or 0) for each in workers)
    assert south_west.turnover == pytest.approx(leavers / sum(each.social_workers or 0 for each in workers))
    assert areas_of(Unit.REGION)["london"].published.turnover is None


@pytest.mark.django_db
def test_counts_of_areas_by_month(django_assert_num_queries: object) -> None:
    make_count(DURHAM, date(2025, 11, 1), 8)
    make_count(DURHAM, date(2025, 11, 1), 2, profession=Profession.TEACHER)
    make_count(DURHAM, date(2024, 1, 1), 5)
    make_count(DURHAM, date(2024, 1, 1), 50, kind=CountKind.LEAFLETS)
    make_count("E07000008", date(2025, 3, 1), 3)  # Cambridge, a district of a county
    make_count("E07000009", date(2025, 3, 1), 4)
    make_count("E08000016", date(2020, 2, 1), 6)  # Barnsley, as it was
    make_count("", date(2025, 3, 1), 9)
    make_count("jersey", date(2025, 4, 1), 7)
    with django_assert_num_queries(1):  # type: ignore[operator]
        found = counts_by_area_and_month(CountKind.ATTENDED, Unit.UPPER)
    assert found == {
        DURHAM: {date(2025, 11, 1): 10, date(2024, 1, 1): 5},
        "E10000003": {date(2025, 3, 1): 7},
        "E08000038": {date(2020, 2, 1): 6},
        "jersey": {date(2025, 4, 1): 7},
    }
    assert {code: counts_by("month", CountKind.ATTENDED, areas_of(Unit.UPPER)[code]) for code in found} == found
    assert counts_by_area_and_month(CountKind.ATTENDED, Unit.UPPER, Profession.TEACHER) == {DURHAM: {date(2025, 11, 1): 2}}


@pytest.mark.django_db
def test_who_is_due_the_smallest_share_first(django_assert_num_queries: object) -> None:
    make_count(DURHAM, date(2015, 11, 1), 8)
    make_count(KINGSTON, date(2023, 11, 1), 8)
    make_count(RICHMOND, date(2026, 11, 1), 8)
    make_count(KENSINGTON, date(2000, 11, 1), 8)
    make_count(BELFAST, date(2000, 11, 1), 8)
    with django_assert_num_queries(1):  # type: ignore[operator]
        due = [renewal for renewal in sort_by_share(estimate_renewals(Unit.UPPER, NOW).values()) if renewal.is_due]
    durham = (1 - (area_of(DURHAM).published.turnover or 0) / 100) ** 11
    kingston = 0.72**3
    expected = sorted([(durham, DURHAM), (kingston, KINGSTON)])
    assert [renewal.area.code for renewal in due] == [code for share, code in expected if share < 0.5]
    assert set(estimate_renewals(Unit.UPPER, NOW)) == {DURHAM, KINGSTON, RICHMOND, KENSINGTON, BELFAST}


# The page.

RENEWAL = "/staff/reach/renewal/"


@pytest.fixture
def counted() -> None:
    make_count(DURHAM, date(2015, 11, 1), 8, profession=Profession.TEACHER)
    make_count(DURHAM, date(2015, 12, 1), 2, profession=Profession.SOCIAL_WORKER)
    make_count(RICHMOND, date(2026, 10, 1), 1200)
    make_count(KENSINGTON, date(2000, 11, 1), 8)
    make_count(SCILLY, date(2001, 11, 1), 8)
    make_count(BELFAST, date(1999, 11, 1), 8)


def desk(role: str = "coordinator") -> Client:
    return sign_in_staff(Client(), make_staff(role=role))


def lines_of(page: str) -> list[list[str]]:
    body = page[page.index("<tbody") : page.index("</tbody>")]
    rows = [re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row, re.DOTALL) for row in body.split("</tr>")]
    return [[" ".join(re.sub("<[^>]*>", "", cell).split()) for cell in row] for row in rows if row]


@pytest.mark.django_db
def test_the_page_has_what_is_least_left_first_and_says_why_nothing_is_known(counted: None) -> None:
    with time_machine.travel(NOW, tick=False):
        page = desk().get(RENEWAL).content.decode()
    staying = 1 - (area_of(DURHAM).published.turnover or 0) / 100
    left = 8 * staying**11 + 2 * staying ** (131 / 12)
    turnover = f"{area_of(DURHAM).published.turnover:.1f}%"
    assert lines_of(page) == [
        ["County Durham", "November 2015 to December 2015", "10", turnover, f"{left:.0f} ({int(left * 10)}%)", "Due"],
        ["Richmond upon Thames", "October 2026", "1,200", "28.0%, with a neighbour", "1,168 (97%)", "Not due"],
        ["Belfast", "November 1999", "8", "not published", "–", "We can’t say"],
        ["Kensington and Chelsea", "November 2000", "8", "withheld", "–", "We can’t say"],
        ["Isles of Scilly", "November 2001", "8", "no social workers in post", "–", "We can’t say"],
    ]
    assert "1 area is due for renewal" in page
    assert "people of other professions leave as often as social workers" in page
    assert f"kind=attended&amp;first=2015-11&amp;last=2015-12&amp;unit=upper&amp;area={DURHAM}" in page


@pytest.mark.django_db
def test_one_profession_alone(counted: None) -> None:
    with time_machine.travel(NOW, tick=False):
        page = desk().get(RENEWAL, {"profession": Profession.SOCIAL_WORKER}).content.decode()
    assert [line[:3] for line in lines_of(page)] == [["County Durham", "December 2015", "2"]]
    assert "people of other professions leave as often" not in page
    assert "profession=social-worker" in page


@pytest.mark.django_db
def test_other_areas_and_what_is_asked_wrongly(counted: None) -> None:
    client = desk()
    with time_machine.travel(NOW, tick=False):
        regions = lines_of(client.get(RENEWAL, {"unit": Unit.REGION}).content.decode())
        wrong = client.get(RENEWAL, {"unit": "parish", "period": "own"})
    assert {line[0]: line[3] for line in regions}["London"] == "withheld"
    assert (wrong.status_code, len(lines_of(wrong.content.decode()))) == (200, 5)


@pytest.mark.django_db
def test_the_files_say_what_the_page_says(counted: None) -> None:
    client, files = desk(), {}
    with time_machine.travel(NOW, tick=False):
        for form in ("csv", "xlsx"):
            sent = client.get(RENEWAL, {"file": form})
            files[form] = b"".join(sent.streaming_content)  # type: ignore[arg-type]
    rows = list(csv.reader(files["csv"].decode("utf-8-sig").splitlines()))
    assert rows[0][3] == "People who attended"
    assert [row[0] for row in rows[1:]] == [
        *("County Durham", "Richmond upon Thames", "Belfast", "Kensington and Chelsea", "Isles of Scilly")
    ]
    assert rows[2][3:] == ["1200", "2026-10", "2026-10", "28.0%, with a neighbour", "1168", "97%", "No"]
    assert rows[3][6:] == ["not published", "", "", ""]
    sheet = load_workbook(BytesIO(files["xlsx"])).active
    assert sheet is not None
    assert [["" if cell is None else str(cell) for cell in row] for row in sheet.values] == rows


@pytest.mark.django_db
@pytest.mark.parametrize(("role", "status"), [("coordinator", 200), ("manager", 200), ("read-only", 200), ("presenter", 403)])
def test_who_sees_it(role: str, status: int) -> None:
    page = desk(role).get(RENEWAL)
    assert page.status_code == status
    assert ("Nobody has attended anything yet." in page.content.decode()) == (status == 200)


@pytest.mark.django_db
def test_it_takes_few_statements_however_many_areas() -> None:
    client = desk()
    client.get(RENEWAL)
    before = statements(lambda: client.get(RENEWAL))
    for code in list(areas_of(Unit.DISTRICT))[:60]:
        make_count(code, date(2020, 1, 1), 3)
    assert len(statements(lambda: client.get(RENEWAL))) == len(before) <= 20
