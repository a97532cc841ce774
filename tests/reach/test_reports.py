"""Reports for funders: their figures against another count, what is kept and deleted, the page, the PDF and the spreadsheet."""

import random
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, date, datetime
from io import BytesIO
from typing import Any

import pytest
import time_machine
from django.db import IntegrityError, transaction
from django.test import Client
from openpyxl import load_workbook

from accounts.models import User
from audit.models import Entry
from bookings import samples as booking_samples
from bookings.feedback.services import get_or_create_follow_up
from bookings.models import BookingState, Feedback
from core.errors import DomainError
from leaflets.catalogue import titles
from professionals.models import Nation, Profession
from reach import samples
from reach.areas import Unit, areas_of, current_code
from reach.models import CountKind, ReachCount, ReachRun, Report, ReportState, WhyDeleted
from reach.queries import Period
from reach.reports import services
from reach.reports.queries import confidence_lines, previous_period
from reach.services import count_reach
from staff.spreadsheets import escape_formula
from tests.bookings.rows import make_booking, make_presenter
from tests.factories import make_staff, sign_in_staff
from tests.leaflets.dispatch.prints.reading import Read
from tests.leaflets.statements import statements
from tests.reach.oracle import all_figures
from tests.reach.rows import BELFAST, LEEDS, YORK, make_count

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 12, 10, tzinfo=UTC)
COUNTED = datetime(2026, 11, 12, 2, tzinfo=UTC)
QUARTER = Period(date(2026, 7, 1), date(2026, 9, 1))
REPORTS = "/staff/reach/report/"


@pytest.fixture(autouse=True)
def clock() -> Iterator[None]:
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture(autouse=True)
def counted() -> None:
    ReachRun.objects.create(counted_at=COUNTED)


def count(count: int, month: date, where: str, kind: CountKind = CountKind.ATTENDED, profession: str = "") -> None:
    make_count(where, month, count, kind=kind, profession=profession)


def some_counts() -> None:
    """In the quarter 63 people of three professions in two areas, and 40 before it in one."""
    july, august, may = date(2026, 7, 1), date(2026, 8, 1), date(2026, 5, 1)
    count(30, july, LEEDS, profession=Profession.GP)
    count(3, august, LEEDS, profession=Profession.MIDWIFE)
    count(30, august, BELFAST, profession=Profession.TEACHER)
    count(40, may, LEEDS, profession=Profession.GP)
    count(4, july, LEEDS, CountKind.PRESENTATIONS)
    count(1, may, LEEDS, CountKind.PRESENTATIONS)
    count(1200, july, YORK, CountKind.LEAFLETS)
    count(3, july, YORK, CountKind.SIGNED_UP, profession=Profession.GP)
    count(9, may, YORK, CountKind.SIGNED_UP, profession=Profession.GP)


def manager() -> User:
    return make_staff(role="manager")


def made(period: Period = QUARTER, by: User | None = None) -> Report:
    report = services.request_report(period=period, by=by or make_staff(), now=NOW)
    services.make_report(report.pk)
    report.refresh_from_db()
    assert report.state == ReportState.MADE
    return report


def quote(
    text: str, *, quotable: bool = True, chosen: bool = True, starts: datetime = datetime(2026, 8, 4, 9, tzinfo=UTC)
) -> None:
    booking = make_booking(make_presenter(), starts, state=BookingState.DELIVERED, visit_closed=True)
    follow_up = get_or_create_follow_up(given=booking, now=NOW)
    Feedback.objects.create(
        follow_up=follow_up,
        token=f"t{booking.pk}",
        comment=text,
        quotable=quotable,
        chosen_at=NOW if chosen else None,
        received_on=NOW.date(),
        **dict.fromkeys(("useful", "clear", "ready"), 4),
    )


# Its figures.


def test_its_figures_are_those_of_the_rows_counted_another_way() -> None:
    rng = random.Random(26)
    places = [LEEDS, YORK, BELFAST, Nation.JERSEY, ""]
    for year, month in [(2025, 12), *((2026, each) for each in range(1, 11))]:
        for place in rng.sample(places, 3):
            for kind in CountKind:
                for profession in rng.sample([*Profession.values, ""], 4):
                    count(rng.randrange(6, 60), date(year, month, 1), place, kind, profession)
    figures = made().figures
    rows = list(ReachCount.objects.all())
    for number, months in enumerate((("2026-07", "2026-08", "2026-09"), ("2026-04", "2026-05", "2026-06"))):
        mine = [row for row in rows if str(row.month)[:7] in months]
        for kind in (CountKind.PRESENTATIONS, CountKind.LEAFLETS, CountKind.SIGNED_UP, CountKind.ATTENDED):
            assert figures[kind][number]["total"] == sum(row.count for row in mine if row.kind == kind)
        for profession in (*Profession.values, ""):
            people = [row.count for row in mine if row.kind == CountKind.ATTENDED and row.profession == profession]
            assert figures[CountKind.ATTENDED][number][profession] == sum(people)
        there = {where(row) for row in mine if row.kind == CountKind.ATTENDED} - {None}
        earlier = {
            where(row) for row in rows if row.kind == CountKind.ATTENDED and str(row.month)[:7] < months[-1] and row not in mine
        }
        assert (figures["reached"][number], figures["new"][number]) == (len(there), len(there - earlier))


def where(row: ReachCount) -> str | None:
    """Found by going through all areas."""
    for area in areas_of(Unit.UPPER).values():
        if current_code(row.authority) in area.districts or (not row.authority and row.nation == area.code):
            return area.code
    return None


def test_the_months_before_are_as_many() -> None:
    assert previous_period(QUARTER) == Period(date(2026, 4, 1), date(2026, 6, 1))
    assert previous_period(Period.financial_year(2025)) == Period.financial_year(2024)


def test_an_area_that_changed_its_code_is_not_new() -> None:
    count(9, date(2020, 3, 1), "E08000019")  # Sheffield until 2025
    count(9, date(2026, 8, 1), "E08000039")
    assert made().figures["areas"] == {"reached": ["E08000039"], "new": []}


def test_a_small_figure_is_withheld_with_another_and_so_is_its_change() -> None:
    some_counts()
    report = made()
    this, earlier = report.figures[CountKind.ATTENDED]
    assert (this[Profession.MIDWIFE], this["total"], earlier[Profession.GP]) == (None, 63, 40)
    assert sum(figure is None for figure in this.values()) == 2
    assert [each["total"] for each in report.figures[CountKind.SIGNED_UP]] == [None, 9]


def test_two_reports_do_not_give_away_what_lies_between_them() -> None:
    some_counts()
    made(Period(date(2026, 7, 1), date(2026, 7, 1)))
    assert made().figures[CountKind.ATTENDED][0][Profession.MIDWIFE] is None
    count(2, date(2026, 10, 1), LEEDS, profession=Profession.GP)
    longer = made(Period(date(2026, 7, 1), date(2026, 10, 1)))
    assert longer.figures[CountKind.ATTENDED][0]["total"] is None  # 63 and 2 more


def test_a_deleted_report_still_counts_for_what_later_ones_withhold() -> None:
    some_counts()
    first = made()
    services.delete_report(first, by=manager(), now=NOW, why_deleted=WhyDeleted.NEWER)
    count(2, date(2026, 9, 1), LEEDS, profession=Profession.GP)
    assert made().figures[CountKind.ATTENDED][0]["total"] is None


def test_quotes_are_those_that_writer_and_staff_allow() -> None:
    quote("I know what to do now.")
    quote("Not by me.", quotable=False, chosen=False)
    quote("Not chosen.", chosen=False)
    quote("Before.", starts=datetime(2026, 6, 4, 9, tzinfo=UTC))
    assert made().figures["quotes"] == ["I know what to do now."]


def test_confidence_is_an_average_out_of_five_from_six_answers_on() -> None:
    quote("Nothing about confidence.")
    [said] = Feedback.objects.all()
    for number, (before, now) in enumerate([(1, 4), (1, 4), (1, 4), (1, 4), (5, 5), (2, 5)]):
        assert confidence_lines(made().figures) == []
        Feedback.objects.create(
            **{name: getattr(said, name) for name in ("follow_up", "useful", "clear", "ready", "received_on")},
            token=f"answer{number}",
            confidence_before=before,
            confidence_now=now,
        )
    averages = ("Before the presentation", "1.8 of 5"), ("Straight after it", "4.3 of 5")
    assert confidence_lines(made().figures) == [*averages, ("3 months on", "fewer than 6 answers")]


# How it is made.


def test_months_that_are_not_over_and_a_country_not_counted_are_refused() -> None:
    with pytest.raises(DomainError):
        services.request_report(period=Period(date(2026, 10, 1), date(2026, 11, 1)), by=manager(), now=NOW)
    ReachRun.objects.all().delete()
    with pytest.raises(DomainError):
        services.request_report(period=QUARTER, by=manager(), now=NOW)


def test_it_is_kept_with_the_time_of_its_count_and_made_once() -> None:
    some_counts()
    report = made()
    assert (report.counted_at, report.done) == (COUNTED, Report.STEPS)
    ReachCount.objects.all().delete()
    ReachRun.objects.update(counted_at=NOW)
    services.make_report(report.pk)
    again = Report.objects.get(pk=report.pk)
    assert (again.figures, again.pdf, again.xlsx, again.counted_at) == (report.figures, report.pdf, report.xlsx, COUNTED)


def test_a_fault_stops_it_and_it_goes_on_from_there(monkeypatch: pytest.MonkeyPatch) -> None:
    some_counts()
    report = services.request_report(period=QUARTER, by=make_staff(), now=NOW)
    with monkeypatch.context() as broken:
        broken.setattr(services, "report_pdf", lambda report: 1 / 0)
        services.make_report(report.pk)
    report.refresh_from_db()
    assert (report.state, report.done) == (ReportState.FAILED, 1)
    services.resume_report(report, by=manager(), now=NOW)
    services.make_report(report.pk)
    report.refresh_from_db()
    assert report.state == ReportState.MADE


def test_what_a_worker_left_is_found() -> None:
    report = services.request_report(period=QUARTER, by=make_staff(), now=NOW)
    assert not Report.objects.left_by_worker(NOW)
    assert list(Report.objects.left_by_worker(NOW + Report.WORKER_GONE_AFTER)) == [report]


def test_the_database_keeps_no_file_of_a_deleted_report() -> None:
    report = made()
    with pytest.raises(IntegrityError), transaction.atomic():
        Report.objects.filter(pk=report.pk).update(state=ReportState.DELETED)


# The pages.


def test_a_manager_makes_one_and_sees_how_far_it_is() -> None:
    some_counts()
    client = sign_in_staff(Client(), manager())
    asked = client.get(f"{REPORTS}add/").content.decode()
    assert "Quarter: July 2026 to September 2026" in asked
    assert "Financial year: April 2025 to March 2026" in asked
    answer = client.post(f"{REPORTS}add/", {"period": "2026-07"})
    report = Report.objects.get()
    assert answer.url == f"{REPORTS}{report.pk}/change/"  # type: ignore[attr-defined]
    assert "0 of 3 steps" in client.get(answer.url).content.decode()  # type: ignore[attr-defined]
    services.make_report(report.pk)
    pages: list[str] = []
    assert len(statements(lambda: pages.append(client.get(f"{REPORTS}{report.pk}/change/").content.decode()))) <= 20
    page = pages[0]
    for words in ("July 2026 to September 2026", "withheld", "Leeds", "Belfast", "1,200", "Not asked yet", "Download the PDF"):
        assert words in page
    assert "style=" not in page.partition("<main")[2]
    assert Entry.objects.filter(act="added", key=str(report.pk)).exists()


def test_own_months_are_read_and_what_is_wrong_stays_typed() -> None:
    client = sign_in_staff(Client(), manager())
    wrong = client.post(f"{REPORTS}add/", {"period": "own", "first": "9 2026", "last": "8 2026"}).content.decode()
    assert "Enter the same month as the first, or a later one." in wrong
    assert 'value="9 2026"' in wrong
    assert "are over" in client.post(f"{REPORTS}add/", {"period": "own", "first": "9 2026", "last": "11 2026"}).content.decode()
    client.post(f"{REPORTS}add/", {"period": "own", "first": "9 2026", "last": "9 2026"})
    assert Report.objects.get().first == Report.objects.get().last == date(2026, 9, 1)


@pytest.mark.parametrize(
    ("role", "page", "add"), [("manager", 200, 200), ("coordinator", 200, 403), ("read-only", 200, 403), ("fulfilment", 403, 403)]
)
def test_who_may_read_and_make_one(role: str, page: int, add: int) -> None:
    report = made()
    client = sign_in_staff(Client(), make_staff(role=role))
    assert client.get(f"{REPORTS}{report.pk}/change/").status_code == page
    assert client.get(f"{REPORTS}{report.pk}/report.pdf").status_code == page
    assert client.get(f"{REPORTS}add/").status_code == add
    assert client.get(REPORTS).status_code == page


def test_it_is_deleted_with_a_reason_and_nobody_reads_it_any_more() -> None:
    some_counts()
    quote("I know what to do now.")
    report = made()
    client = sign_in_staff(Client(), manager())
    address = f"{REPORTS}{report.pk}/do/delete/"
    assert client.post(address, {}).status_code == 200
    client.post(address, {"why_deleted": "mistake"})
    report.refresh_from_db()
    assert (report.state, report.pdf, report.xlsx) == (ReportState.DELETED, None, None)
    assert "quotes" not in report.figures
    page = client.get(f"{REPORTS}{report.pk}/change/").content.decode()
    assert "It was made by mistake" in page
    assert "1,200" not in page
    assert client.get(f"{REPORTS}{report.pk}/report.pdf").status_code == 404
    assert Entry.objects.filter(act="deleted", key=str(report.pk)).exists()


# The files.


def test_the_pdf_is_tagged_and_says_what_the_page_says() -> None:
    some_counts()
    quote("“I know” #panic what *to* do now. Дякую")
    with Read(BytesIO(bytes(made().pdf or b""))) as read:
        assert b"/Lang(en-GB)" in read.content
        assert b"pdfuaid" in read.content
        spoken = read.spoken()
        assert ("H1", "Report: July 2026 to September 2026") in spoken
        assert {"H1", "H2", "TH", "TD", "Figure"} <= {kind for kind, _words in spoken}
        text = " ".join(read.texts())
        for words in ("withheld", "1,200", "Leeds", "Belfast", "#panic what *to* do", "Counted on Thursday 12 November 2026"):
            assert words in text


def test_the_spreadsheet_has_numbers_and_no_formula() -> None:
    some_counts()
    quote("=HYPERLINK(1)")
    sheet: Any = load_workbook(BytesIO(bytes(made().xlsx or b""))).active
    rows = [[cell.value for cell in row] for row in sheet.iter_rows()]
    assert rows[0][2:] == ["July 2026 to September 2026", "April 2026 to June 2026", "Change"]
    assert ["What we did", "Leaflets sent", 1200, 0, 1200] in rows
    assert ["What we did", "Professionals signed up", "withheld", 9, "withheld"] in rows
    assert any(row[1] == escape_formula("=HYPERLINK(1)") for row in rows)
    assert not any(cell.data_type == "f" for row in sheet.iter_rows() for cell in row)


# Against the rows themselves: bookings, attendance, parcels and people, counted in plain Python.


@pytest.fixture
def sample_rows() -> None:
    titles.load_samples(NOW)
    booking_samples.load_bookings(NOW)
    samples.load_reach(NOW)
    count_reach(NOW)


@pytest.mark.usefixtures("sample_rows")
def test_its_figures_are_those_of_bookings_orders_and_people() -> None:
    figures, rows = made(Period(date(2025, 11, 1), date(2026, 10, 1))).figures, all_figures()
    for number, year in enumerate((range(202511, 202611), range(202411, 202511))):
        for kind in (CountKind.PRESENTATIONS, CountKind.ATTENDED, CountKind.LEAFLETS, CountKind.SIGNED_UP):
            counted = Counter[str]()
            for (what, month, _nation, _authority, profession), people in rows.items():
                if what == kind and int(f"{month:%Y%m}") in year:
                    counted[profession] += people
                    counted["total"] += people
            shown = {name: figure for name, figure in figures[kind][number].items() if figure is not None}
            assert shown == {name: counted[name] for name in shown}
            assert counted["total"] in (shown["total"], 0)
