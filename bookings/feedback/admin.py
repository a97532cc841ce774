"""After a presentation, for staff: how many came, entered or corrected; what people said about one, and in a list."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
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
from django.utils.translation import gettext as _, gettext_lazy, ngettext

from bookings.feedback.forms import MoreFeedbackForm, QuotesForm
from bookings.feedback.queries import (
    MAX_COMMENTS_SHOWN,
    attendance_of,
    confidence_statistics,
    feedback_statistics,
    people_came_text,
    quotable_answers,
    short_feedback_link,
    with_averages,
)
from bookings.feedback.services import (
    attendance_counts,
    choose_quotes,
    may_record_attendance,
    may_take_more_feedback,
    take_more_feedback,
)
from bookings.feedback.views import process_attendance_form
from bookings.models import STATEMENTS, Agreement, BookingOrSession, Confidence, Feedback, FollowUp
from core.dates import format_day, uk_day
from professionals.exports import ExportMixin, key_batches
from professionals.models import Profession
from professionals.safeguarding.services import shown_text
from staff.actions import ObjectAction
from staff.lists import EMPTY_VALUE, column, format_short_datetime
from staff.model_admin import ReadOnlyAdmin, StaffModelAdmin
from staff.site import staff_site
from staff.spreadsheets import Cell, Heading


def attendance_page(admin: StaffModelAdmin, request: HttpRequest, given: BookingOrSession, action: ObjectAction) -> HttpResponse:
    change_url = reverse(f"staff:bookings_{given._meta.model_name}_change", args=[given.pk])
    form, attendance = process_attendance_form(request, given, by_presenter=False)
    if attendance is not None:
        messages.success(request, people_came_text(attendance.people, form.uncounted))
        return redirect(change_url)
    context = {**admin.get_action_context(request, action, given, change_url), "form": form}
    return TemplateResponse(request, "bookings/feedback/staff/attendance.html", context)


ATTENDANCE_ACTION = ObjectAction(
    "attendance",
    gettext_lazy("Record who came"),
    page=attendance_page,
    available=lambda given: may_record_attendance(given, timezone.now()),
    explanation=gettext_lazy(
        "Enter numbers, not names. If the presentation is over, this also marks it as delivered, and we will email the "
        "professional to ask how it was."
    ),
)


MORE_FEEDBACK_ACTION = ObjectAction(
    "more-feedback",
    gettext_lazy("Take more feedback"),
    service=take_more_feedback,
    form_class=MoreFeedbackForm,
    available=lambda given: may_take_more_feedback(given, timezone.now()),
    explanation=gettext_lazy(
        "We stop taking feedback when we have more answers than people expected. Press this to take more for this "
        "presentation. First check that more people came: anybody with the short link can answer."
    ),
    done=gettext_lazy("We now take feedback from everybody until the page closes."),
)


CHOOSE_QUOTES_ACTION = ObjectAction(
    "quotes",
    gettext_lazy("Choose quotes for reports"),
    service=choose_quotes,
    form_class=QuotesForm,
    form_kwargs=lambda follow_up: {"follow_up": follow_up},
    available=lambda follow_up: quotable_answers(follow_up).exists(),
    explanation=gettext_lazy(
        "Their writers let us quote these without a name. Tick what a report may quote. Leave out what could tell readers who "
        "wrote it."
    ),
    done=gettext_lazy("The quotes are saved."),
    permission="choose_quotes",
    button=gettext_lazy("Save the quotes"),
)


def attendance_text(given: BookingOrSession) -> SafeString | str:
    """'12 people came. Health visitor: 9, …'"""
    attendance = attendance_of(given)
    if attendance is None:
        return ""
    counts = ", ".join(f"{Profession(name).label}: {people}" for name, people in attendance_counts(attendance).items())
    return format_html("{}<br>{}", people_came_text(attendance.people), counts)


def feedback_summary_text(given: BookingOrSession) -> SafeString | str:
    """The figures in short, with a link to all of them."""
    follow_up: FollowUp | None = getattr(given, "follow_up", None)
    if follow_up is None:
        return ""
    useful, clear, ready = feedback_statistics(follow_up)[:3]
    summary = _("Nobody has answered yet")
    if useful["answers"]:
        answers = ngettext("%(n)d answer", "%(n)d answers", useful["answers"]) % {"n": useful["answers"]}
        facts = {"answers": answers, "useful": useful["average"], "clear": clear["average"], "ready": ready["average"]}
        summary = _("%(answers)s. Of 5: useful %(useful)s, understood %(clear)s, knows what to do %(ready)s") % facts
    url = reverse("staff:bookings_followup_change", args=[follow_up.pk])
    return format_html('<a href="{}">{}</a>', url, summary)


def average_column(name: str, label: Any) -> Any:
    def average(follow_up: Any) -> str:
        value = (follow_up.averages or {}).get(name)
        return "–" if value is None else f"{float(value):.1f}"

    return column(label, average)


def given_link(follow_up: FollowUp) -> SafeString:
    given = follow_up.given
    url = reverse(f"staff:bookings_{given._meta.model_name}_change", args=[given.pk])
    return format_html('<a href="{}">{}</a>', url, given.reference)


def number_who_came(follow_up: FollowUp) -> str:
    attendance = attendance_of(follow_up.given)
    return f"{attendance.people:,}" if attendance else EMPTY_VALUE


class FeedbackExportMixin(ExportMixin):
    """A row for each answer. A comment that looked like a child's details is kept back."""

    export_permission = "bookings.export_feedback"
    export_refusal = gettext_lazy("Nobody has answered about these, so there is nothing to export.")
    export_headings = (
        Heading(gettext_lazy("Reference"), 13),
        Heading(gettext_lazy("Presentation"), 34),
        Heading(gettext_lazy("Day"), 12),
        Heading(gettext_lazy("By the host"), 9),
        *(Heading(statement, 14) for statement in STATEMENTS.values()),
        Heading(gettext_lazy("What could be better"), 60),
        Heading(gettext_lazy("Received on"), 12),
    )

    def count_lines(self, keys: Sequence[int]) -> int:
        return sum(Feedback.objects.filter(follow_up__in=batch).count() for batch in key_batches(keys))

    def export_rows(self, keys: Sequence[int]) -> Iterator[list[Cell]]:
        """The figures are those of the scale: 5 is “I agree strongly”."""
        for batch in key_batches(keys):
            found = FollowUp.objects.with_booking_or_session().filter(pk__in=batch).order_by().in_bulk()
            answers: dict[int, list[Feedback]] = defaultdict(list)
            for answer in Feedback.objects.filter(follow_up__in=batch).order_by("pk"):
                answers[answer.follow_up_id].append(answer)
            for follow_up in (found[key] for key in batch if key in found):
                given = follow_up.given
                about: list[Cell] = [given.reference, given.presentation.title, uk_day(given.agreed_times[0])]
                for answer in answers[follow_up.pk]:
                    figures: list[Cell] = [getattr(answer, name) for name in STATEMENTS]
                    comment = shown_text(answer, "comment")
                    yield [*about, str(_("Yes") if answer.by_host else _("No")), *figures, comment, answer.received_on]


@admin.register(FollowUp, site=staff_site)
class FollowUpAdmin(FeedbackExportMixin, ReadOnlyAdmin):
    """Each presentation with a short link. The list has averages, its page the answers."""

    nobody_may = ("add", "change", "delete")
    list_display = (
        "when",
        "title",
        "reference",
        "number_came",
        "number_answers",
        "number_useful",
        "number_clear",
        "number_ready",
        "number_quotes",
    )
    sortable_by = ()
    change_form_template = "bookings/feedback/staff/follow_up.html"
    object_actions = (CHOOSE_QUOTES_ACTION,)
    may_be_empty = ("came",)
    fields = ("title", "held", "link_to_given", "came", "link", "open_until")
    readonly_fields = fields

    when = column(gettext_lazy("when"), lambda follow_up: format_short_datetime(follow_up.given.agreed_times[0]))
    held = column(gettext_lazy("when"), lambda follow_up: follow_up.given.when)
    title = column(gettext_lazy("presentation"), lambda follow_up: follow_up.given.presentation.title)
    reference = column(gettext_lazy("reference"), lambda follow_up: follow_up.given.reference)
    link_to_given = column(gettext_lazy("booking or session"), given_link)
    number_came = column(gettext_lazy("came"), number_who_came)
    number_answers = column(gettext_lazy("answers"), lambda row: f"{(row.averages or {}).get('answers', 0):,}")
    number_quotes = column(gettext_lazy("may be quoted"), lambda row: f"{(row.averages or {}).get('quotes', 0):,}")
    came = column(gettext_lazy("who came"), lambda follow_up: attendance_text(follow_up.given))
    link = column(gettext_lazy("short link"), short_feedback_link)
    open_until = column(gettext_lazy("answers until"), lambda follow_up: format_day(follow_up.closes_at))
    number_useful = average_column("useful", gettext_lazy("useful"))
    number_clear = average_column("clear", gettext_lazy("understood"))
    number_ready = average_column("ready", gettext_lazy("knows what to do"))

    def get_queryset(self, request: HttpRequest) -> QuerySet[FollowUp]:
        rows = super().get_queryset(request).select_related("booking__attendance", "session__attendance")
        return with_averages(rows.select_related("booking__presentation", "session__presentation"))

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        follow_up = self.get_object(request, object_id)
        if follow_up is None:
            return super().change_view(request, object_id, form_url, extra_context)
        comments = list(follow_up.answers.exclude(comment="")[: MAX_COMMENTS_SHOWN + 1])
        answers = {
            "figures": feedback_statistics(follow_up),
            "choices": Agreement.labels,
            "confidence": confidence_statistics(follow_up),
            "confidence_choices": Confidence.labels,
            "comments": comments[:MAX_COMMENTS_SHOWN],
            "more": len(comments) > MAX_COMMENTS_SHOWN,
            "most": MAX_COMMENTS_SHOWN,
        }
        said = render_to_string("bookings/feedback/staff/includes/what_was_said.html", answers)
        return super().change_view(request, object_id, form_url, {"said": said, **(extra_context or {})})

    def has_choose_quotes_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nobody changes what people said. A user who may change bookings chooses what reports quote."""
        return request.user.has_perm("bookings.change_booking")
