"""After a presentation, for staff: how many came, entered or put right; what people said, of one and in a list."""

from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.loader import render_to_string
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy

from bookings.feedback.forms import AttendanceForm
from bookings.feedback.queries import (
    MOST_COMMENTS,
    attendance_in_words,
    attendance_of,
    average_in_words,
    feedback_statistics,
    short_feedback_link,
    statistics_in_words,
    with_averages,
)
from bookings.feedback.services import CountedMeanwhile, attendance_counts, may_record_attendance
from bookings.feedback.views import form_with_newer_counts, save_attendance_form
from bookings.models import Afterwards, Agreement, Given
from ctac.dates import format_day
from ctac.errors import DomainError
from ctac.staff.columns import NOTHING, LooksOnly, short_moment
from ctac.staff.site import ObjectAction, StaffModelAdmin, staff_site
from professionals.models import Profession


def attendance_page(admin: StaffModelAdmin, request: HttpRequest, given: Given, action: ObjectAction) -> HttpResponse:
    stands, now = attendance_of(given), timezone.now()
    form = AttendanceForm(request.POST if request.method == "POST" else None, given=given, stands=stands)
    change_url = reverse(f"staff:bookings_{given._meta.model_name}_change", args=[given.pk])
    if request.method == "POST" and form.is_valid():
        try:
            kept = save_attendance_form(form, given, by=request.user, now=now)
        except CountedMeanwhile as refusal:
            form = form_with_newer_counts(form, refusal, given)
        except DomainError as refusal:
            form.add_error(None, str(refusal.message))
        else:
            messages.success(request, attendance_in_words(kept.people, form.uncounted))
            return redirect(change_url)
    context = {**admin.about_action(request, action, given, change_url), "form": form}
    return TemplateResponse(request, "bookings/staff/attendance.html", context)


ATTENDANCE = ObjectAction(
    "attendance",
    gettext_lazy("Record who came"),
    page=attendance_page,
    available=lambda given: may_record_attendance(given, timezone.now()),
    explanation=gettext_lazy("Numbers only, no names. It is marked as delivered too, and the professional is asked how it was."),
)


def came_in_words(given: Given) -> SafeString | str:
    """'12 people came. Health visitor: 9, …'"""
    attendance = attendance_of(given)
    if attendance is None:
        return ""
    counts = ", ".join(f"{Profession(name).label}: {people}" for name, people in attendance_counts(attendance).items())
    return format_html("{}<br>{}", attendance_in_words(attendance.people), counts)


def feedback_in_words(given: Given) -> SafeString | str:
    """The figures in short, and where they stand in full."""
    afterwards: Afterwards | None = getattr(given, "afterwards", None)
    if afterwards is None:
        return ""
    url = reverse("staff:bookings_afterwards_change", args=[afterwards.pk])
    return format_html('<a href="{}">{}</a>', url, statistics_in_words(feedback_statistics(afterwards)))


def average_column(name: str, label: Any) -> Any:
    @admin.display(description=label)
    def said(_self: Any, row: Any) -> str:
        return average_in_words(row, name)

    return said


AVERAGES = ("number_useful", "number_clear", "number_ready")


@admin.register(Afterwards, site=staff_site)
class AfterwardsAdmin(LooksOnly):
    """Each presentation with a short link. The list has averages, its page the answers."""

    list_display = ("when", "title", "reference", "number_came", "number_answers", *AVERAGES)
    sortable_by = ()
    ordering = ("-pk",)
    change_form_template = "bookings/staff/afterwards.html"
    may_be_empty = ("came",)
    fields = ("title", "held", "link_to_given", "came", "link", "open_until")
    readonly_fields = fields

    number_useful = average_column("useful", gettext_lazy("useful"))
    number_clear = average_column("clear", gettext_lazy("understood"))
    number_ready = average_column("ready", gettext_lazy("knows what to do"))

    def get_queryset(self, request: HttpRequest) -> QuerySet[Afterwards]:
        rows = super().get_queryset(request).select_related("booking__attendance", "session__attendance")
        return with_averages(rows.select_related("booking__presentation", "session__presentation"))

    @admin.display(description=gettext_lazy("when"))
    def when(self, afterwards: Afterwards) -> str:
        return short_moment(afterwards.given.agreed[0])

    @admin.display(description=gettext_lazy("when"))
    def held(self, afterwards: Afterwards) -> str:
        return afterwards.given.when

    @admin.display(description=gettext_lazy("presentation"))
    def title(self, afterwards: Afterwards) -> str:
        return afterwards.given.presentation.title

    @admin.display(description=gettext_lazy("reference"))
    def reference(self, afterwards: Afterwards) -> str:
        return afterwards.given.reference

    @admin.display(description=gettext_lazy("booking or session"))
    def link_to_given(self, afterwards: Afterwards) -> SafeString:
        given = afterwards.given
        url = reverse(f"staff:bookings_{given._meta.model_name}_change", args=[given.pk])
        return format_html('<a href="{}">{}</a>', url, given.reference)

    @admin.display(description=gettext_lazy("came"))
    def number_came(self, afterwards: Afterwards) -> str:
        attendance = attendance_of(afterwards.given)
        return f"{attendance.people:,}" if attendance else NOTHING

    @admin.display(description=gettext_lazy("answers"))
    def number_answers(self, afterwards: Any) -> str:
        return f"{(afterwards.said or {}).get('answers', 0):,}"

    @admin.display(description=gettext_lazy("who came"))
    def came(self, afterwards: Afterwards) -> SafeString | str:
        return came_in_words(afterwards.given)

    @admin.display(description=gettext_lazy("short link"))
    def link(self, afterwards: Afterwards) -> str:
        return short_feedback_link(afterwards)

    @admin.display(description=gettext_lazy("answers until"))
    def open_until(self, afterwards: Afterwards) -> str:
        return format_day(afterwards.closes_at)

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        afterwards = self.get_object(request, object_id)
        more = {"said": answers_in_words(afterwards), **(extra_context or {})} if afterwards else extra_context
        return super().change_view(request, object_id, form_url, more)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


def answers_in_words(afterwards: Afterwards) -> str:
    """Two statements, however many have answered."""
    written = afterwards.answers.exclude(comment="")[: MOST_COMMENTS + 1]
    comments = list(written)
    context = {
        "figures": feedback_statistics(afterwards),
        "choices": Agreement.labels,
        "comments": comments[:MOST_COMMENTS],
        "more": len(comments) > MOST_COMMENTS,
        "most": MOST_COMMENTS,
    }
    return render_to_string("bookings/staff/includes/what_was_said.html", context)
