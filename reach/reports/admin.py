"""Reports for funders on the staff site: which there are, making one, and each as a page and as files."""

from datetime import datetime
from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _, gettext_lazy
from django.views.decorators.http import require_safe

from accounts.access import signed_in_user
from core.dates import add_months, uk_day
from core.forms import PageForm, PageFormMixin, domain_error_to_form
from reach.forms import MonthField, clean_own_months
from reach.models import Report, ReportState, WhyDeleted
from reach.queries import Period
from reach.reports.documents import pdf_labels, report_context
from reach.reports.services import delete_report, request_report, resume_report
from reach.rows import VIEW_REACH_PERMISSION
from staff.actions import ObjectAction
from staff.audit import audit_note
from staff.lists import column, datetime_column, format_long_datetime, state_tag
from staff.model_admin import ReadOnlyAdmin
from staff.site import staff_site
from staff.spreadsheets import XLSX_CONTENT_TYPE

STATE_COLOURS = {
    ReportState.MAKING: "waiting",
    ReportState.MADE: "good",
    ReportState.FAILED: "stopped",
    ReportState.DELETED: "done",
}
CONTENT_TYPE_BY_FORMAT = {"pdf": "application/pdf", "xlsx": XLSX_CONTENT_TYPE}
OWN_CHOICE = "own"
QUARTERS, APRIL = 4, 4


def report_periods(now: datetime) -> dict[str, tuple[str, Period]]:
    """The last four quarters and two financial years that are over, each with its label."""
    today, found = uk_day(now), {}
    this_quarter = today.replace(month=today.month - (today.month - 1) % 3, day=1)
    for ago in range(1, QUARTERS + 1):
        first = add_months(this_quarter, -3 * ago)
        period = Period(first, add_months(first, 2))
        found[f"{first:%Y-%m}"] = (_("Quarter: %(months)s") % {"months": period.display_text}, period)
    year = today.year - (today.month < APRIL)
    for starting in (year - 1, year - 2):
        period = Period.financial_year(starting)
        found[f"{starting}"] = (_("Financial year: %(months)s") % {"months": period.display_text}, period)
    return found


class ReportForm(PageForm):
    period = forms.ChoiceField(label=gettext_lazy("Which months?"), widget=forms.RadioSelect)
    first = MonthField(label=gettext_lazy("Other months: from"))
    last = MonthField(label=gettext_lazy("Other months: to"))

    def __init__(self, data: Any, *, now: datetime) -> None:
        super().__init__(data)
        self.periods = report_periods(now)
        choices = [(name, label) for name, (label, _period) in self.periods.items()]
        self.fields["period"].choices = [*choices, (OWN_CHOICE, _("Other months"))]  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        """`months`: the period."""
        chosen = self.cleaned_data.get("period")
        months = clean_own_months(self) if chosen == OWN_CHOICE else self.periods[chosen][1] if chosen else None
        return self.cleaned_data | {"months": months}


class DeleteForm(PageFormMixin, forms.Form):
    why_deleted = forms.ChoiceField(label=gettext_lazy("Why do you delete it?"), choices=WhyDeleted, widget=forms.RadioSelect)


ACTIONS = (
    ObjectAction(
        slug="resume",
        label=gettext_lazy("Go on with this report"),
        service=resume_report,
        available=lambda report: report.state == ReportState.FAILED,
        explanation=gettext_lazy("If it stops again, tell the people who run this site."),
        done=gettext_lazy("The report goes on. This page shows how far it is."),
        weight="main",
    ),
    ObjectAction(
        slug="delete",
        label=gettext_lazy("Delete this report"),
        service=delete_report,
        available=lambda report: report.state in {ReportState.MADE, ReportState.FAILED},
        form_class=DeleteForm,
        explanation=gettext_lazy(
            "We delete the page, the PDF and the spreadsheet. We keep its numbers of people and show them to nobody, so that a "
            "later report doesn’t give away what this one withheld."
        ),
        done=gettext_lazy("We have deleted the report."),
        weight="stop",
    ),
)


@admin.register(Report, site=staff_site)
class ReportAdmin(ReadOnlyAdmin):
    nobody_may = ("delete",)
    list_display = ("months", "state_text", "asked", "asked_by", "counted")
    list_select_related = ("asked_by",)
    sorts_quickly = ("asked",)
    actions = None
    change_list_template = "reach/staff/reports.html"
    change_form_template = "reach/staff/report.html"
    fields = readonly_fields = ("state_text", "asked", "asked_by", "counted", "deleted", "deleted_by", "reason")
    may_be_empty = ("deleted", "reason")
    object_actions = ACTIONS
    months = column(gettext_lazy("months"), lambda report: Period(report.first, report.last).display_text)
    state_text = column(
        gettext_lazy("state"),
        lambda report: state_tag(report.get_state_display(), STATE_COLOURS[report.state]),
        ordering="state",
    )
    asked = datetime_column("asked_at", gettext_lazy("asked for"), short=True)
    counted = datetime_column("counted_at", gettext_lazy("counted"), short=True)
    deleted = column(gettext_lazy("deleted"), lambda report: format_long_datetime(report.deleted_at) if report.deleted_at else "")
    reason = column(gettext_lazy("why"), lambda report: report.get_why_deleted_display())

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.file_view)
        return [path("<path:object_id>/report.<slug:form>", view, name="reach_report_file"), *super().get_urls()]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Report]:
        return super().get_queryset(request).select_related("asked_by", "deleted_by").defer("pdf", "xlsx")

    def has_view_permission(self, request: HttpRequest, obj: Report | None = None) -> bool:
        return request.user.has_perm(VIEW_REACH_PERMISSION)

    def add_view(self, request: HttpRequest, form_url: str = "", extra_context: dict[str, Any] | None = None) -> HttpResponse:
        if not self.has_add_permission(request):
            raise PermissionDenied
        now = timezone.now()
        form = ReportForm(request.POST if request.method == "POST" else None, now=now)
        if form.is_valid():
            with domain_error_to_form(form):
                report = request_report(period=form.cleaned_data["months"], by=signed_in_user(request), now=now)
                audit_note(request).add("added", keys=[report.pk])
                return redirect("staff:reach_report_change", report.pk)
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "media": self.media,
            "title": _("Make a report for funders"),
            "form": form,
        }
        return TemplateResponse(request, "reach/staff/report_add.html", context)

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        report = self.get_object(request, object_id)
        page: dict[str, Any] = {}
        if report is not None and report.state == ReportState.MADE:
            page = {"report": report_context(report), "words": pdf_labels(), "files": [*CONTENT_TYPE_BY_FORMAT]}
        return super().change_view(request, object_id, form_url, {**page, **(extra_context or {})})

    @method_decorator(require_safe)
    def file_view(self, request: HttpRequest, object_id: str, form: str) -> HttpResponse:
        if not self.has_view_permission(request):
            raise PermissionDenied
        report = self.get_object(request, object_id)
        if report is None or form not in CONTENT_TYPE_BY_FORMAT or report.state != ReportState.MADE:
            raise Http404
        name = f"report-{report.first:%Y-%m}-{report.last:%Y-%m}.{form}"
        headers = {"Content-Disposition": f'attachment; filename="{name}"'}
        return HttpResponse(bytes(getattr(report, form)), CONTENT_TYPE_BY_FORMAT[form], headers=headers)
