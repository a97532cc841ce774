"""Rows of this app's tests."""

from datetime import date

from django.utils import timezone

from professionals.models import Nation
from reach.models import CountKind, ReachCount, ReachRun, Report
from reach.queries import Period
from reach.reports.services import make_report as work_on, request_report
from tests import factories

LEEDS, YORK, BELFAST, CARDIFF, SCILLY, BARNSLEY = "E08000035", "E06000014", "N09000003", "W06000015", "E06000053", "E08000038"
NATIONS = {"E": Nation.ENGLAND, "S": Nation.SCOTLAND, "W": Nation.WALES, "N": Nation.NORTHERN_IRELAND}


def make_count(
    where: str, month: date, count: int = 1, *, kind: CountKind = CountKind.ATTENDED, profession: str = ""
) -> ReachCount:
    """`where`: the code of a district, the nation of an island, or empty for what lies nowhere."""
    authority = where if where[:1] in NATIONS else ""
    nation = NATIONS.get(where[:1], where)
    return ReachCount.objects.create(
        kind=kind, month=month, nation=nation, authority=authority, profession=profession, count=count
    )


def make_report() -> Report:
    """Of a quarter in which twenty people of Leeds came."""
    ReachCount.objects.get_or_create(
        kind=CountKind.ATTENDED,
        month=date(2026, 7, 1),
        nation=Nation.ENGLAND,
        authority=LEEDS,
        profession="",
        defaults={"count": 20},
    )
    ReachRun.objects.get_or_create(id=1, defaults={"counted_at": timezone.now()})
    by = factories.make_staff(f"report{Report.objects.count()}@ctac.example")
    report = request_report(period=Period(date(2026, 7, 1), date(2026, 9, 1)), by=by, now=timezone.now())
    work_on(report.pk)
    return Report.objects.get(pk=report.pk)
