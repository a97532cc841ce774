"""Reports: ask for one, have a worker make it step by step, delete it. A report is never remade; ask for another instead."""

import logging
from datetime import datetime

from celery import current_app
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from audit.models import Act
from audit.services import AuditSubject, write_audit_entry
from core.dates import uk_day
from core.errors import DomainError
from reach.models import Report, ReportState
from reach.queries import Period, counted_at
from reach.reports.documents import report_pdf, report_xlsx
from reach.reports.queries import PEOPLE_KINDS, read_report_figures

logger = logging.getLogger(__name__)


@transaction.atomic
def request_report(*, period: Period, by: User, now: datetime) -> Report:
    """Raises DomainError if the months are not over or nothing has been counted."""
    if period.last >= uk_day(now).replace(day=1):
        raise DomainError(_("Choose months that are over."))
    if counted_at() is None:
        raise DomainError(_("We have not counted yet. We count each night, so try again tomorrow."))
    report = Report.objects.create(first=period.first, last=period.last, asked_at=now, asked_by=by, went_on_at=now)
    transaction.on_commit(lambda: queue_report(report.pk), robust=True)
    return report


def queue_report(key: int) -> None:
    """Queues the report. If the broker can't be reached, `look_after_reports` finds it within minutes."""
    try:
        current_app.send_task("reach.reports.tasks.make_report", args=[key])
    except Exception as error:  # noqa: BLE001 - each transport has its own errors, and none may reach a page
        logger.warning("Broker unreachable (%s); report %s is made within minutes.", type(error).__name__, key)


def make_report(key: int) -> None:
    """Do all steps that are left. Twice does no harm. After an error it stops, and its page tells staff."""
    try:
        count_report_figures(key)
        for step, name, make in ((2, "pdf", report_pdf), (3, "xlsx", report_xlsx)):
            report = Report.objects.filter(pk=key, state=ReportState.MAKING).first()
            if report is not None and report.done < step:
                state = ReportState.MADE if step == Report.STEPS else ReportState.MAKING
                found = {name: make(report), "done": step, "state": state, "went_on_at": timezone.now()}
                Report.objects.filter(pk=key, state=ReportState.MAKING, done=step - 1).update(**found)
    except Exception as error:  # noqa: BLE001 - whatever it is, staff are told that it stopped
        logger.error("report %s stopped: %s", key, type(error).__name__)
        Report.objects.filter(pk=key, state=ReportState.MAKING).update(state=ReportState.FAILED)


@transaction.atomic
def count_report_figures(key: int) -> None:
    """One report at a time: each must know what all others show, so that together they reveal nothing."""
    reports = {each.pk: each for each in Report.objects.defer("pdf", "xlsx").select_for_update(no_key=True).order_by("pk")}
    report = reports.pop(key, None)
    if report is None or report.state != ReportState.MAKING or report.done:
        return
    report.counted_at = counted_at()
    report.figures = read_report_figures(
        Period(report.first, report.last), [each.figures for each in reports.values() if each.figures]
    )
    report.done, report.went_on_at = 1, timezone.now()
    report.save(update_fields=["counted_at", "figures", "done", "went_on_at"])


@transaction.atomic
def resume_report(report: Report, *, by: User, now: datetime) -> None:
    Report.objects.filter(pk=report.pk, state=ReportState.FAILED).update(state=ReportState.MAKING, went_on_at=now)
    transaction.on_commit(lambda: queue_report(report.pk), robust=True)


@transaction.atomic
def delete_report(report: Report, *, by: User, now: datetime, why_deleted: str) -> None:
    """Keep its figures of people, so that later reports don't reveal what this one withheld.

    Raises DomainError while it is being made.
    """
    found = Report.objects.select_for_update(no_key=True).get(pk=report.pk)
    if found.state not in {ReportState.MADE, ReportState.FAILED}:
        raise DomainError(_("Wait until the report is made."))
    found.state, found.pdf, found.xlsx = ReportState.DELETED, None, None
    found.figures = {name: figures for name, figures in found.figures.items() if name in {"months", *PEOPLE_KINDS}}
    found.deleted_at, found.deleted_by, found.why_deleted = now, by, why_deleted
    found.save()
    write_audit_entry(Act.DELETED, by=by.pk, about=AuditSubject.of(found), whats=[why_deleted])


def queue_unfinished_reports(now: datetime) -> None:
    """Queue reports that a worker left unfinished."""
    for key in Report.objects.left_by_worker(now).values_list("pk", flat=True):
        queue_report(key)
