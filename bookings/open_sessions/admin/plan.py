"""Plan open sessions: one form, a page that lists each date with what stands in its way, then all or none (ADR 16)."""

import hashlib
import secrets
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.forms.boundfield import BoundField
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import dateformat, timezone
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from bookings import rules
from bookings.errors import AlreadyPlaced, SlotTaken
from bookings.models import Nation, OpenSession, Presentation, Presenter
from bookings.models.presenter import validate_https
from bookings.open_sessions.queries import Clash, PlannedSession, Recurrence, SeriesDays, clashes, series_days
from bookings.open_sessions.services.sessions import plan_sessions
from bookings.schedule.admin import forms as admin_forms
from bookings.schedule.admin.forms import any_presenter
from ctac.dates import format_clock, format_day, format_span, is_bank_holiday
from ctac.errors import DomainError
from ctac.forms import ClockField, DayField, PageForm, near_today, uk_moment
from professionals import drafts
from professionals.safeguarding.forms import StaffForm

if TYPE_CHECKING:
    from bookings.open_sessions.admin.sessions import OpenSessionAdmin


# What a coordinator is asked who plans open sessions: once for all dates, and then for each date what is different there.

# These decide which days there are: while they stay, what was changed date by date stays too.
RHYTHM = ("day", "clock", "every", "count", "leave_out", "presenter")
NOBODY_YET = gettext_lazy("Nobody yet")


class JoiningForm(StaffForm, PageForm):
    """How people join: asked of new sessions and of one that is there."""

    free_text_fields: tuple[str, ...] = ("joining_help",)
    never_kept: tuple[str, ...] = ("joining_help",)  # emails and calendars of everyone who has a place have it

    own_joining_link = forms.URLField(
        label=gettext_lazy("Joining link of its own"),
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
        help_text=gettext_lazy("A meeting code, say. Everybody who has a place reads it. No details of a child."),
    )


class PlanForm(JoiningForm):
    presentation = forms.ModelChoiceField(
        label=gettext_lazy("Presentation"),
        queryset=Presentation.objects.filter(active=True),
        empty_label=gettext_lazy("Choose a presentation"),
        error_messages={"required": gettext_lazy("Choose a presentation.")},
    )
    presenter = any_presenter(NOBODY_YET)
    day = DayField(
        label=gettext_lazy("First day"),
        lies_ahead=True,
        validators=[near_today],
        error_messages={"required": gettext_lazy("Enter the day of the first session.")},
    )
    clock = ClockField(label=gettext_lazy("Starts at"), error_messages={"required": gettext_lazy("Enter the time it starts.")})
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
        max_value=rules.MAX_SESSIONS_PER_SERIES,
        help_text=gettext_lazy("Only if it is more than once."),
        error_messages={"min_value": gettext_lazy("Enter 2 or more, or choose “Once”.")},
    )
    leave_out = forms.BooleanField(
        label=gettext_lazy("Leave out bank holidays"),
        required=False,
        initial=True,
        help_text=gettext_lazy("Those where the presenter lives; of England while there is none. Later days take their place."),
    )
    capacity = forms.IntegerField(
        label=gettext_lazy("Places in each session"),
        min_value=1,
        max_value=rules.MAX_SESSION_CAPACITY,
        error_messages={"required": gettext_lazy("Enter how many places there are.")},
    )
    series_name = forms.CharField(
        label=gettext_lazy("Name of the series"),
        required=False,
        max_length=100,
        help_text=gettext_lazy("Only colleagues see it, to find its sessions again. We make one up if it is empty."),
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

    @property
    def named(self) -> Presenter | None:
        """Who gives them all, unless a date says otherwise."""
        return self.cleaned_data.get("presenter")

    @property
    def is_series(self) -> bool:
        return self.cleaned_data["every"] != Recurrence.ONCE

    def series(self) -> SeriesDays:
        given = self.cleaned_data
        nation = self.named.nation if self.named else Nation.ENGLAND

        def passes_over(day: date) -> bool:
            return bool(given["leave_out"]) and is_bank_holiday(day, nation)

        return series_days(given["day"], given["every"], given["count"] or 1, passes_over=passes_over)

    def rhythm(self) -> str:
        """What decides which days there are, as it was typed."""
        return "|".join(str(self.data.get(self.add_prefix(name), "")) for name in RHYTHM)


class DateForm(PageForm):
    """One date of those that are planned: whether at all, and when and by whom if not as the others.

    `choices` of presenters are read once for all dates; `presenters` are those by their keys.
    """

    keep = forms.BooleanField(label=gettext_lazy("Plan this one"), required=False)
    day = DayField(
        label=gettext_lazy("Day"),
        lies_ahead=True,
        validators=[near_today],
        error_messages={"required": gettext_lazy("Enter the day.")},
    )
    clock = ClockField(label=gettext_lazy("Starts at"), error_messages={"required": gettext_lazy("Enter the time it starts.")})
    presenter = forms.ChoiceField(label=gettext_lazy("Presenter"), required=False)

    def __init__(self, *args: Any, presenters: Mapping[str, Presenter], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.presenters = presenters
        for name in ("day", "clock"):  # said on the page before, and there are many dates
            self.fields[name].help_text = ""
        choice = self.fields["presenter"]
        assert isinstance(choice, forms.ChoiceField)  # noqa: S101 - tells the type checker what stands above
        choice.choices = [("", NOBODY_YET), *((key, each.name) for key, each in presenters.items())]

    def clean(self) -> dict[str, Any]:
        """One that is not kept is asked nothing: what stands in it stays."""
        cleaned = super().clean() or self.cleaned_data
        if not cleaned.get("keep"):
            self.errors.clear()
            return {**cleaned, "start": None}
        return {**cleaned, "start": self.start_of(cleaned)}

    def start_of(self, cleaned: Mapping[str, Any]) -> datetime | None:
        day, clock = cleaned.get("day"), cleaned.get("clock")
        if day is None or clock is None:
            return None
        try:
            return uk_moment(day, clock)
        except ValidationError as error:
            self.add_error("clock", error)
            return None

    @property
    def is_kept(self) -> bool:
        return bool(self.cleaned_data.get("keep"))

    @property
    def named(self) -> Presenter | None:
        return self.presenters.get(self.cleaned_data.get("presenter", ""))


class WhyForm(StaffForm, PageForm):
    """Asked when something speaks against a date, and the coordinator goes on all the same."""

    free_text_fields = ("reason",)

    reason = forms.CharField(
        label=gettext_lazy("Why all the same?"),
        max_length=300,
        help_text=gettext_lazy("Some of what is said above yields to you, with a reason. It is kept with the sessions."),
        error_messages={"required": gettext_lazy("Write why you plan it all the same.")},
    )

    def __init__(self, *args: Any, needed: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["reason"].required = needed


# Plan open sessions: one form, then a page that lists each date with what stands in its way, then all of them or none (ADR 16).
#
# Both pages are one address and carry all that was typed, so nothing is stored before the last button, and nothing is lost.

# The button that was pressed: see what stands in the way, go back to the questions, or plan.
CHECK, CHANGE, PLAN = "check", "change", "plan"
OWN_FIELDS = {"csrfmiddlewaretoken", "step", "token", "seen", "rhythm"}


@dataclass
class PlannedRow:
    """One date: what is asked of it, and what speaks against it."""

    form: DateForm
    planned: PlannedSession | None = None
    found: Sequence[Clash] = field(default_factory=list)

    @property
    def title(self) -> str:
        """'Tuesday 9 March 2027, 10am to 11am', or what was typed while it is not a time."""
        if self.planned is not None:
            return format_span(self.planned.starts_at, self.planned.ends_at)
        typed = (str(self.form[name].value() or "") for name in ("day", "clock"))
        return ", ".join(each for each in typed if each) or _("No day yet")

    @property
    def hard(self) -> list[Clash]:
        return [clash for clash in self.found if clash.hard]

    @property
    def soft(self) -> list[Clash]:
        return [clash for clash in self.found if not clash.hard]

    @property
    def state(self) -> tuple[str, str]:
        """The word and the shape that say how it stands."""
        if not self.form.is_kept:
            return _("Not planned"), "done"
        if self.hard or self.form.errors:
            return _("Not possible"), "stopped"
        return (_("With a reason"), "waiting") if self.soft else (_("Free"), "good")

    @property
    def is_open(self) -> bool:
        """Whether the boxes for another time stand open."""
        return bool(self.hard or self.form.errors)

    @property
    def marks(self) -> set[str]:
        """What the page has shown of it, so that nobody plans what they have not seen."""
        if self.planned is None:
            return set()
        about = f"{self.planned.starts_at.isoformat()} {self.planned.presenter and self.planned.presenter.pk}"
        return {hashlib.sha256(f"{about} {clash.what}".encode()).hexdigest()[:16] for clash in self.soft}


class SessionPlan:
    """All that was sent: the questions, the dates, and what stands in the way."""

    def __init__(self, data: Any, now: datetime) -> None:
        self.data, self.now = data, now
        self.is_bound = data is not None
        self.step = data.get("step", CHECK) if self.is_bound else ""
        self.what = PlanForm(data, initial={"capacity": 30})
        self.problems: list[str] = []
        sent = data.get("token", "") if self.is_bound else ""
        self.token = sent if drafts.SECRET.fullmatch(sent) else secrets.token_urlsafe(32)

    @property
    def asks(self) -> bool:
        """Whether the page is the one with the questions."""
        return not self.is_bound or self.step == CHANGE or not self.what.is_valid()

    @cached_property
    def why(self) -> WhyForm:
        """Asked only of what was seen before: until the last button is pressed, nothing is missing."""
        return WhyForm(
            self.data if self.step == PLAN else None, initial={"reason": self.data.get("reason", "")}, needed=self.yields
        )

    @cached_property
    def presenters(self) -> Mapping[str, Presenter]:
        return {str(each.pk): each for each in Presenter.objects.active()}

    @cached_property
    def series(self) -> Any:
        return self.what.series()

    @property
    def left_out(self) -> list[str]:
        return [format_day(day) for day in self.series.left_out]

    @cached_property
    def rows(self) -> list[PlannedRow]:
        """The dates as they were changed, unless what decides which there are has changed since."""
        kept = self.data.get("rhythm") == self.what.rhythm()
        found = []
        for number, day in enumerate(self.series.days):
            data = self.data if kept else self.typed_for(number, day)
            found.append(PlannedRow(DateForm(data, prefix=f"d{number}", presenters=self.presenters)))
        for row in found:
            row.planned = self.planned_of(row.form) if row.form.is_valid() and row.form.is_kept else None
        kept_rows = [row for row in found if row.planned is not None]
        against = clashes([row.planned for row in kept_rows if row.planned], now=self.now)
        for row, each in zip(kept_rows, against, strict=True):
            row.found = each
        return found

    def typed_for(self, number: int, day: date) -> dict[str, str]:
        clock, presenter = self.data.get("clock", ""), self.what.named
        typed = {"keep": "on", "day": f"{day.day} {day.month} {day.year}", "clock": clock}
        return {
            f"d{number}-{name}": value for name, value in {**typed, "presenter": str(presenter.pk) if presenter else ""}.items()
        }

    def planned_of(self, form: DateForm) -> PlannedSession:
        given = self.what.cleaned_data
        more = {name: given[name] for name in ("presentation", "capacity", "own_joining_link", "joining_help")}
        return PlannedSession(presenter=form.named, starts_at=form.cleaned_data["start"], **more)

    @property
    def summary(self) -> str:
        """'5 dates: 3 free, 1 with something to know, 1 not possible.' Those of which there are none are left out."""
        states = [row.state[0] for row in self.rows]
        counts = [f"{states.count(state)} {state[:1].lower()}{state[1:]}" for state in dict.fromkeys(states)]
        said = ngettext("%(count)d date: %(states)s.", "%(count)d dates: %(states)s.", len(states))
        return said % {"count": len(states), "states": ", ".join(counts)}

    @property
    def kept(self) -> list[PlannedRow]:
        return [row for row in self.rows if row.form.is_kept]

    @property
    def marks(self) -> set[str]:
        return set().union(*(row.marks for row in self.kept))

    @property
    def flagged(self) -> bool:
        return self.what.flagged or self.why.flagged

    @property
    def yields(self) -> bool:
        """Whether anything stands in the way that a coordinator may go over, with a reason."""
        return bool(self.marks)

    def may_be_saved(self) -> bool:
        """Says what is still to do. What is new since the page was drawn is shown first."""
        if self.step != PLAN:
            return False
        if not self.kept:
            self.problems.append(_("Tick at least one date."))
        if any(row.form.errors for row in self.kept):
            return False
        for row in self.kept:
            if row.hard:
                row.form.add_error("clock", _("%(when)s is not possible. Take the tick off, or change it.") % {"when": row.title})
        if self.marks - set(self.data.getlist("seen")):
            self.problems.append(
                _("Something stands in the way that you have not seen yet. Look at the dates, then press the button again.")
            )
        return not self.errors

    # Drawn as one form, so that one summary says everything that is wrong.

    def __iter__(self) -> Iterator[BoundField]:
        forms = [self.what] if self.asks else [*(row.form for row in self.rows), self.why]
        return (each for form in forms for each in form)

    @property
    def errors(self) -> bool:
        if self.asks:
            return self.is_bound and self.step != CHANGE and bool(self.what.errors)
        return bool(self.problems or self.why.errors or any(row.form.errors for row in self.rows))

    def non_field_errors(self) -> list[str]:
        return self.problems

    @property
    def carried(self) -> list[tuple[str, str]]:
        """What the page does not ask: it stays on it."""
        drawn = {bound.html_name for bound in self}
        names = [name for name in self.data or () if name not in OWN_FIELDS and name not in drawn]
        return [(name, value) for name in names for value in self.data.getlist(name)]

    @property
    def rhythm(self) -> str:
        """Which days the dates were made from."""
        return str(self.data.get("rhythm", "")) if self.asks and self.is_bound else self.what.rhythm() if self.is_bound else ""

    @property
    def name(self) -> str:
        """Of a series."""
        given = self.what.cleaned_data
        return given["series_name"] or made_up_name(given["presentation"].title, given["day"], given["clock"])


def made_up_name(title: str, day: date, clock: Any) -> str:
    facts = {
        "day": dateformat.format(day, "l j M Y"),
        "clock": format_clock(datetime.combine(day, clock, tzinfo=timezone.get_current_timezone())),
    }
    said = _("from %(day)s, %(clock)s") % facts
    return f"{title[: 98 - len(said)]}, {said}"


def plan_page(page: "OpenSessionAdmin", request: HttpRequest) -> HttpResponse:
    if not page.has_add_permission(request):
        raise PermissionDenied
    plan = SessionPlan(request.POST if request.method == "POST" else None, timezone.now())
    if plan.is_bound and (before := planned_before(plan, request)):
        return redirect(planned_address(before))
    if not plan.asks and plan.may_be_saved() and (planned := save_plan(plan, request)):
        return redirect(planned_address(planned))
    if plan.step == CHANGE:
        admin_forms.forgive_missing(plan.what)
    context = {**page.admin_site.each_context(request), "opts": page.opts, "plan": plan, "form": plan}
    if plan.asks:
        return TemplateResponse(request, "bookings/staff/sessions/plan.html", {**context, "title": _("Plan open sessions")})
    return TemplateResponse(request, "bookings/staff/sessions/plan_check.html", {**context, "title": _("Check each date")})


def planned_before(plan: SessionPlan, request: HttpRequest) -> list[OpenSession]:
    """The first that this very form has planned already, if it has."""
    found = list(OpenSession.objects.filter(plan_token=plan.token))
    if found:
        messages.info(request, _("This form has planned its sessions already. Nothing new was planned."))
    return found


def save_plan(plan: SessionPlan, request: HttpRequest) -> list[OpenSession]:
    """All of them, or none with the refusal said at the top of the page."""
    dates = [row.planned for row in plan.kept if row.planned is not None]
    why = plan.why.cleaned_data["reason"]
    more = {"series": plan.name if plan.what.is_series else "", "reason": why, "token": plan.token, "flagged": plan.flagged}
    try:
        planned = plan_sessions(sessions=dates, by=request.user, now=plan.now, **more)  # type: ignore[arg-type]
    except AlreadyPlaced:  # pressed twice: the first was on its way
        return planned_before(plan, request)
    except SlotTaken as refusal:
        plan.problems.append(_("In this moment a date was taken: %(why)s Nothing was planned.") % {"why": refusal.message})
        del plan.rows
        return []
    except DomainError as refusal:
        plan.problems.append(str(refusal.message))
        return []
    count = len(planned)
    said = ngettext("%(count)d session is planned: %(references)s.", "%(count)d sessions are planned: %(references)s.", count)
    references = ", ".join(session.reference for session in planned)
    messages.success(request, said % {"count": count, "references": references})
    return planned


def planned_address(planned: Sequence[OpenSession]) -> str:
    """The page of one, the list of a series."""
    first = planned[0]
    if first.series_id is None:
        return reverse("staff:bookings_opensession_change", args=[first.pk])
    return f"{reverse('staff:bookings_opensession_changelist')}?series={first.series_id}"
