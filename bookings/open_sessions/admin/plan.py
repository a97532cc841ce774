"""Plan open sessions: one form, a page that lists each date with what stands in its way, then all or none (ADR 16)."""

import hashlib
import secrets
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.core.validators import MaxValueValidator
from django.forms.boundfield import BoundField
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import dateformat, timezone
from django.utils.functional import cached_property
from django.utils.translation import gettext as _, gettext_lazy, ngettext

from accounts.access import signed_in_user
from bookings.errors import AlreadyPlaced, SlotTaken
from bookings.models import Nation, OpenSession, Presentation, Presenter
from bookings.models.presenter import validate_https
from bookings.open_sessions.queries import Clash, PlannedSession, Recurrence, SeriesDays, clashes, series_days
from bookings.open_sessions.services.sessions import plan_sessions
from bookings.schedule.admin import optional_presenter_field, remove_form_errors
from bookings.schedule.forms import DayAndTimeForm, set_choices
from core.dates import format_datetime_range, format_day, format_uk_time, is_bank_holiday
from core.errors import DomainError
from core.forms import DayField, PageForm, UKTimeField, validate_near_today
from office.closures.queries import presentations_closed_text
from office.site_settings.queries import site_settings
from professionals import drafts
from professionals.safeguarding.forms import StaffForm, StaffReasonForm, reason_field

if TYPE_CHECKING:
    from bookings.open_sessions.admin.sessions import OpenSessionAdmin

# Planned in one go: half a year of weekly ones, and each sends its presenter an email.
MAX_SESSIONS_PER_SERIES = 26


# The answers that decide which days there are. While they stay the same, the changes made to single dates stay too.
RHYTHM_FIELDS = ("day", "clock", "every", "count", "leave_out", "presenter")
NOBODY_YET_LABEL = gettext_lazy("Nobody yet")


class JoiningForm(StaffForm, PageForm):
    """How people join: for new sessions and for one that is planned already."""

    free_text_fields: tuple[str, ...] = ("joining_help",)
    never_kept: tuple[str, ...] = ("joining_help",)  # emails and calendars of everybody with a place have it

    own_joining_link = forms.URLField(
        label=gettext_lazy("Joining link for this session"),
        required=False,
        max_length=200,
        assume_scheme="https",
        validators=[validate_https],
        help_text=gettext_lazy("It starts with https://. Leave it empty to use the presenter’s own link."),
    )
    joining_help = forms.CharField(
        label=gettext_lazy("How to join"),
        required=False,
        max_length=300,
        widget=forms.Textarea({"rows": 2}),
        help_text=gettext_lazy("For example, a meeting code. Everybody with a place will read this. No details of a child."),
    )


def capacity_field(label: Any) -> forms.IntegerField:
    return forms.IntegerField(
        label=label,
        min_value=1,
        validators=[MaxValueValidator(lambda: site_settings().max_session_capacity)],
        error_messages={"required": gettext_lazy("Enter how many places there are.")},
    )


class PlanForm(JoiningForm):
    presentation = forms.ModelChoiceField(
        label=gettext_lazy("Presentation"),
        queryset=Presentation.objects.filter(active=True),
        empty_label=gettext_lazy("Choose a presentation"),
        error_messages={"required": gettext_lazy("Choose a presentation.")},
    )
    presenter = optional_presenter_field(NOBODY_YET_LABEL)
    day = DayField(
        label=gettext_lazy("First day"),
        lies_ahead=True,
        validators=[validate_near_today],
        error_messages={"required": gettext_lazy("Enter the day of the first session.")},
    )
    clock = UKTimeField(label=gettext_lazy("Starts at"), error_messages={"required": gettext_lazy("Enter the time it starts.")})
    every = forms.ChoiceField(
        label=gettext_lazy("How often?"),
        choices=Recurrence.choices,
        initial=Recurrence.ONCE,
        widget=forms.RadioSelect,
        error_messages={"required": gettext_lazy("Choose how often.")},
    )
    count = forms.IntegerField(
        label=gettext_lazy("How many sessions?"),
        required=False,
        min_value=2,
        max_value=MAX_SESSIONS_PER_SERIES,
        help_text=gettext_lazy("Fill this in only for a series."),
        error_messages={"min_value": gettext_lazy("Enter 2 or more, or choose “Once”.")},
    )
    leave_out = forms.BooleanField(
        label=gettext_lazy("Leave out bank holidays and days when we are closed"),
        required=False,
        initial=True,
        help_text=gettext_lazy(
            "We use the bank holidays where the presenter lives, or England’s while there is no presenter. The series "
            "then goes on for longer."
        ),
    )
    capacity = capacity_field(gettext_lazy("Places in each session"))
    series_name = forms.CharField(
        label=gettext_lazy("Name of the series"),
        required=False,
        max_length=100,
        help_text=gettext_lazy(
            "Only colleagues see this. It helps them find the sessions again. If you leave it empty, we will choose a name."
        ),
    )

    free_text_fields = ("joining_help", "series_name")
    never_kept = ("joining_help", "series_name")
    fieldsets = {gettext_lazy("When"): ("day", "clock", "every", "count", "leave_out")}
    field_order = (
        *("presentation", "presenter", "day", "clock", "every", "count", "leave_out"),
        *("capacity", "own_joining_link", "joining_help", "series_name"),
    )

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        if cleaned.get("every") not in (None, Recurrence.ONCE) and not cleaned.get("count") and "count" not in self.errors:
            self.add_error("count", _("Enter how many sessions there are."))
        return cleaned


class DateForm(DayAndTimeForm):
    """One date of the plan: whether to keep it, and its own time or presenter.

    `presenters` maps keys to presenters, read once for all dates.
    """

    keep = forms.BooleanField(label=gettext_lazy("Plan this one"), required=False)
    presenter = forms.ChoiceField(label=gettext_lazy("Presenter"), required=False)
    field_order = ("keep", "day", "clock", "presenter")

    def __init__(self, *args: Any, presenters: Mapping[str, Presenter], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in ("day", "clock"):  # the page before had it, and there are many dates
            self.fields[name].help_text = ""
        choices = [("", NOBODY_YET_LABEL), *((key, presenter.name) for key, presenter in presenters.items())]
        set_choices(self.fields["presenter"], choices)

    def clean(self) -> dict[str, Any]:
        """A date that is not kept is not validated; what was typed stays."""
        cleaned = super().clean()
        if not cleaned.get("keep"):
            self.errors.clear()
            return {**cleaned, "start": None}
        return cleaned

    @property
    def is_kept(self) -> bool:
        return bool(self.cleaned_data.get("keep"))


class OverrideReasonForm(StaffReasonForm, PageForm):
    """For a coordinator who goes on although something speaks against a date."""

    reason = reason_field(
        gettext_lazy("Why do you want to plan it anyway?"),
        missing=gettext_lazy("Write why you want to plan it anyway."),
        hint=gettext_lazy("You can go against some of the points above if you give a reason. We keep it with the sessions."),
    )


# The button that was pressed ("step"): check the dates, go back to the questions, or plan.
CHECK_STEP, CHANGE_STEP, PLAN_STEP = "check", "change", "plan"
CONTROL_FIELDS = {"csrfmiddlewaretoken", "step", "token", "seen", "rhythm"}


@dataclass
class PlannedRow:
    """One date: its form, the session it would be, and its clashes."""

    form: DateForm
    planned: PlannedSession | None = None
    clashes: Sequence[Clash] = field(default_factory=list)

    @property
    def title(self) -> str:
        """'Tuesday 9 March 2027, 10am to 11am', or what was typed if that is not a time."""
        if self.planned is not None:
            return format_datetime_range(self.planned.starts_at, self.planned.ends_at)
        typed = (str(self.form[name].value() or "") for name in ("day", "clock"))
        return ", ".join(filter(None, typed)) or _("No day yet")

    @property
    def is_impossible(self) -> bool:
        """Whether it can't be planned like this. Then the boxes for another time are open."""
        return bool(self.form.errors) or any(clash.hard for clash in self.clashes)

    @property
    def state(self) -> tuple[str, str]:
        """Its label and the colour of its tag."""
        if not self.form.is_kept:
            return _("Not planned"), "done"
        if self.is_impossible:
            return _("Not possible"), "stopped"
        return (_("With a reason"), "waiting") if self.clashes else (_("Free"), "good")

    @property
    def clash_digests(self) -> set[str]:
        """Digests of the soft clashes that the page shows, so that nobody plans what they have not seen."""
        if self.planned is None:
            return set()
        about = f"{self.planned.starts_at.isoformat()} {self.planned.presenter and self.planned.presenter.pk}"
        soft = (clash for clash in self.clashes if not clash.hard)
        return {hashlib.sha256(f"{about} {clash.what}".encode()).hexdigest()[:16] for clash in soft}


class SessionPlan:
    """The whole form: the questions, the dates, and their clashes."""

    def __init__(self, data: Any, now: datetime, presentation: str = "") -> None:
        """`presentation`: the key of the presentation that an empty page starts with."""
        self.data, self.now = data, now
        self.is_bound = data is not None
        self.step = data.get("step", CHECK_STEP) if self.is_bound else ""
        self.questions = PlanForm(data, initial={"capacity": 30, "presentation": presentation})
        self.problems: list[str] = []
        sent = data.get("token", "") if self.is_bound else ""
        self.typed_rhythm = "|".join(data.get(name, "") for name in RHYTHM_FIELDS) if self.is_bound else ""
        self.token = sent if drafts.SECRET_PATTERN.fullmatch(sent) else secrets.token_urlsafe(32)

    @property
    def shows_questions(self) -> bool:
        """Whether the page is the one with the questions."""
        return not self.is_bound or self.step == CHANGE_STEP or not self.questions.is_valid()

    @cached_property
    def reason_form(self) -> OverrideReasonForm:
        """Asks for a reason if there are problems. Until the last button is pressed, nothing counts as missing."""
        form = OverrideReasonForm(self.data if self.step == PLAN_STEP else None, initial={"reason": self.data.get("reason", "")})
        form.fields["reason"].required = bool(self.clash_digests)
        return form

    @cached_property
    def series(self) -> SeriesDays:
        answers = self.questions.cleaned_data
        nation = answers["presenter"].nation if answers["presenter"] else Nation.ENGLAND
        return series_days(
            answers["day"],
            answers["every"],
            answers["count"] or 1,
            passes_over=lambda day: (
                answers["leave_out"] and (is_bank_holiday(day, nation) or bool(presentations_closed_text(day, [nation])))
            ),
        )

    @property
    def left_out(self) -> list[str]:
        return [format_day(day) for day in self.series.left_out]

    @cached_property
    def rows(self) -> list[PlannedRow]:
        """The dates with the changes made to each, unless an answer that decides which dates there are has changed since."""
        answers = self.questions.cleaned_data
        presenters = {str(presenter.pk): presenter for presenter in Presenter.objects.active()}
        is_same_rhythm = self.data.get("rhythm") == self.typed_rhythm
        presenter = str(answers["presenter"].pk) if answers["presenter"] else ""
        typed = {"keep": "on", "clock": self.data.get("clock", ""), "presenter": presenter}
        rows = []
        for number, day in enumerate(self.series.days):
            fresh = {**typed, "day": f"{day.day} {day.month} {day.year}"}
            data = self.data if is_same_rhythm else {f"d{number}-{name}": value for name, value in fresh.items()}
            row = PlannedRow(DateForm(data, prefix=f"d{number}", presenters=presenters))
            if row.form.is_valid() and row.form.is_kept:
                row.planned = PlannedSession(
                    presenter=presenters.get(row.form.cleaned_data.get("presenter", "")),
                    starts_at=row.form.cleaned_data["start"],
                    **{name: answers[name] for name in ("presentation", "capacity", "own_joining_link", "joining_help")},
                )
            rows.append(row)
        planned_rows = [row for row in rows if row.planned is not None]
        against = clashes([row.planned for row in planned_rows if row.planned], now=self.now)
        for row, clashes_of_row in zip(planned_rows, against, strict=True):
            row.clashes = clashes_of_row
        return rows

    @property
    def summary(self) -> str:
        """'5 dates: 3 free, 1 with a reason, 1 not possible.' States that no date has are left out."""
        states = [row.state[0] for row in self.rows]
        counts = [f"{states.count(state)} {state[:1].lower()}{state[1:]}" for state in dict.fromkeys(states)]
        dates = ngettext("%(count)d date: %(states)s.", "%(count)d dates: %(states)s.", len(states))
        return dates % {"count": len(states), "states": ", ".join(counts)}

    @property
    def kept_rows(self) -> list[PlannedRow]:
        return [row for row in self.rows if row.form.is_kept]

    @property
    def clash_digests(self) -> set[str]:
        """Digests of all soft clashes: a coordinator may override those with a reason."""
        return set().union(*(row.clash_digests for row in self.kept_rows))

    def may_be_saved(self) -> bool:
        """Whether to save now. Adds what is left to do to the errors; a problem found since the page was drawn is shown first."""
        if self.step != PLAN_STEP:
            return False
        if not self.kept_rows:
            self.problems.append(_("Tick at least one date."))
        if any(row.form.errors for row in self.kept_rows):
            return False
        for row in self.kept_rows:
            if row.is_impossible:
                row.form.add_error("clock", _("%(when)s is not possible. Untick it or change it.") % {"when": row.title})
        if self.clash_digests - set(self.data.getlist("seen")):
            self.problems.append(_("We have found a new problem. Look at the dates, then press the button again."))
        return not self.errors

    # The templates draw it as one form, with one summary of all errors.

    def __iter__(self) -> Iterator[BoundField]:
        forms = [self.questions] if self.shows_questions else [*(row.form for row in self.rows), self.reason_form]
        return (box for form in forms for box in form)

    @property
    def errors(self) -> bool:
        if self.shows_questions:
            return self.is_bound and self.step != CHANGE_STEP and bool(self.questions.errors)
        return bool(self.problems or self.reason_form.errors or any(row.form.errors for row in self.rows))

    def non_field_errors(self) -> list[str]:
        return self.problems

    @property
    def hidden_inputs(self) -> list[tuple[str, str]]:
        """The answers that this page does not ask for, as hidden fields."""
        drawn = {bound.html_name for bound in self}
        names = [name for name in self.data or () if name not in CONTROL_FIELDS and name not in drawn]
        return [(name, value) for name in names for value in self.data.getlist(name)]

    @property
    def rhythm(self) -> str:
        """The answers that the shown dates were made from."""
        return str(self.data.get("rhythm", "")) if self.is_bound and self.shows_questions else self.typed_rhythm

    @property
    def series_name(self) -> str:
        """What was typed, or else 'Title, from Tuesday 9 Mar 2027, 10am'. Empty for a single session."""
        answers = self.questions.cleaned_data
        if answers["every"] == Recurrence.ONCE:
            return ""
        if answers["series_name"]:
            return str(answers["series_name"])
        start = datetime.combine(answers["day"], answers["clock"], tzinfo=timezone.get_current_timezone())
        facts = {"day": dateformat.format(answers["day"], "l j M Y"), "clock": format_uk_time(start)}
        since = _("from %(day)s, %(clock)s") % facts
        return f"{answers['presentation'].title[: 98 - len(since)]}, {since}"


def plan_page(page: "OpenSessionAdmin", request: HttpRequest) -> HttpResponse:
    """Both pages have one address and carry all that was typed: nothing is stored before the last button, and nothing is lost."""
    if not page.has_add_permission(request):
        raise PermissionDenied
    data = request.POST if request.method == "POST" else None
    plan = SessionPlan(data, timezone.now(), request.GET.get("presentation", ""))
    planned = find_already_planned(plan, request) if plan.is_bound else []
    if not planned and not plan.shows_questions and plan.may_be_saved():
        planned = save_plan(plan, request)
    if planned and planned[0].series_id:
        return redirect(f"{reverse('staff:bookings_opensession_changelist')}?series={planned[0].series_id}")
    if planned:
        return redirect("staff:bookings_opensession_change", planned[0].pk)
    if plan.step == CHANGE_STEP:
        remove_form_errors(plan.questions)
    template = (
        "bookings/open_sessions/staff/plan.html" if plan.shows_questions else "bookings/open_sessions/staff/plan_check.html"
    )
    title = _("Plan open sessions") if plan.shows_questions else _("Check each date")
    context = {**page.admin_site.each_context(request), "opts": page.opts, "plan": plan, "form": plan, "title": title}
    return TemplateResponse(request, template, context)


def find_already_planned(plan: SessionPlan, request: HttpRequest) -> list[OpenSession]:
    """The sessions that this very form has planned already, if any."""
    planned = list(OpenSession.objects.filter(plan_token=plan.token))
    if planned:
        messages.info(request, _("You have already planned these sessions. We have not planned any more."))
    return planned


def save_plan(plan: SessionPlan, request: HttpRequest) -> list[OpenSession]:
    """Plan all of them, or none; then the top of the page says why."""
    try:
        planned = plan_sessions(
            sessions=[row.planned for row in plan.kept_rows if row.planned is not None],
            series=plan.series_name,
            reason=plan.reason_form.cleaned_data["reason"],
            token=plan.token,
            flagged=plan.questions.flagged or plan.reason_form.flagged,
            by=signed_in_user(request),
            now=plan.now,
        )
    except AlreadyPlaced:  # pressed twice
        return find_already_planned(plan, request)
    except SlotTaken as refusal:
        plan.problems.append(
            _("A date has just been taken: %(why)s We have not planned any sessions.") % {"why": refusal.message}
        )
        del plan.rows
        return []
    except DomainError as refusal:
        plan.problems.append(str(refusal.message))
        return []
    count, references = len(planned), ", ".join(session.reference for session in planned)
    done = ngettext("%(count)d session is planned: %(references)s.", "%(count)d sessions are planned: %(references)s.", count)
    messages.success(request, done % {"count": count, "references": references})
    return planned
