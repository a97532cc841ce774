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

from bookings.after_forms import AttendanceForm
from bookings.after_words import attendance_of, people_came
from bookings.answered import MOST_COMMENTS, average_of, figures, in_short, with_averages
from bookings.models import Afterwards, Agreement, Given, agreed_times
from bookings.presenting.afterwards import drawn_anew, save
from bookings.services.attendance import CountedMeanwhile, counts_of, may_record
from bookings.short_links import short_link
from ctac.errors import DomainError
from ctac.staff import ObjectAction, StaffModelAdmin, staff_site
from ctac.staff_lists import NOTHING, LooksOnly, short_moment
from ctac.uk import format_day
from professionals.models import Profession


def attendance_page(admin: StaffModelAdmin, request: HttpRequest, given: Given, action: ObjectAction) -> HttpResponse:
    stands, now = attendance_of(given), timezone.now()
    form = AttendanceForm(request.POST if request.method == "POST" else None, given=given, stands=stands)
    change_url = reverse(f"staff:bookings_{given._meta.model_name}_change", args=[given.pk])
    if request.method == "POST" and form.is_valid():
        try:
            kept = save(form, given, by=request.user, now=now)
        except CountedMeanwhile as refusal:
            form = drawn_anew(form, refusal, given)
        except DomainError as refusal:
            form.add_error(None, str(refusal.message))
        else:
            messages.success(request, people_came(kept.people, form.uncounted))
            return redirect(change_url)
    context = {**admin.about_action(request, action, given, change_url), "form": form}
    return TemplateResponse(request, "bookings/staff/attendance.html", context)


ATTENDANCE = ObjectAction(
    "attendance",
    gettext_lazy("Record who came"),
    page=attendance_page,
    available=lambda given: may_record(given, timezone.now()),
    explanation=gettext_lazy("Numbers only, no names. It is marked as delivered too, and the professional is asked how it was."),
)


def came_in_words(given: Given) -> SafeString | str:
    """'12 people came. Health visitor: 9, …'"""
    attendance = attendance_of(given)
    if attendance is None:
        return ""
    counts = ", ".join(f"{Profession(name).label}: {people}" for name, people in counts_of(attendance).items())
    return format_html("{}<br>{}", people_came(attendance.people), counts)


def feedback_in_words(given: Given) -> SafeString | str:
    """The figures in short, and where they stand in full."""
    afterwards: Afterwards | None = getattr(given, "afterwards", None)
    if afterwards is None:
        return ""
    url = reverse("staff:bookings_afterwards_change", args=[afterwards.pk])
    return format_html('<a href="{}">{}</a>', url, in_short(figures(afterwards)))


def average(name: str, label: Any) -> Any:
    @admin.display(description=label)
    def said(_self: Any, row: Any) -> str:
        return average_of(row, name)

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

    number_useful = average("useful", gettext_lazy("useful"))
    number_clear = average("clear", gettext_lazy("understood"))
    number_ready = average("ready", gettext_lazy("knows what to do"))

    def get_queryset(self, request: HttpRequest) -> QuerySet[Afterwards]:
        rows = super().get_queryset(request).select_related("booking__attendance", "session__attendance")
        return with_averages(rows.select_related("booking__presentation", "session__presentation"))

    @admin.display(description=gettext_lazy("when"))
    def when(self, afterwards: Afterwards) -> str:
        return short_moment(agreed_times(afterwards.given)[0])

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
        return short_link(afterwards)

    @admin.display(description=gettext_lazy("answers until"))
    def open_until(self, afterwards: Afterwards) -> str:
        return format_day(afterwards.closes_at)

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        afterwards = self.get_object(request, object_id)
        more = {"said": what_was_said(afterwards), **(extra_context or {})} if afterwards else extra_context
        return super().change_view(request, object_id, form_url, more)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


def what_was_said(afterwards: Afterwards) -> str:
    """Two statements, however many have answered."""
    written = afterwards.answers.exclude(comment="")[: MOST_COMMENTS + 1]
    comments = list(written)
    context = {
        "figures": figures(afterwards),
        "choices": Agreement.labels,
        "comments": comments[:MOST_COMMENTS],
        "more": len(comments) > MOST_COMMENTS,
        "most": MOST_COMMENTS,
    }
    return render_to_string("bookings/staff/includes/what_was_said.html", context)
