"""The log of breaches: those of which nobody has decided whether the Commissioner is told come first, with their 72 hours."""

from datetime import datetime
from typing import Any, ClassVar

from django.contrib import admin, messages
from django.db.models import Case, F, OrderBy, Q, QuerySet, When
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from ctac.staff import ObjectAction, StaffModelAdmin, Waiting, staff_site
from ctac.staff_acts import tell
from ctac.staff_big_lists import Part, period_of
from ctac.staff_lists import ReadOnlyInline, long_moment, moment_of, state_tag
from ctac.uk import format_clock, format_day
from dataprotection.admin.breach_forms import (
    AddForm,
    EnterForm,
    NeedNotTellCommissionerForm,
    NeedNotTellPeopleForm,
    ToldCommissionerForm,
    ToldPeopleForm,
)
from dataprotection.admin.log import Log, list_of
from dataprotection.models import Breach, BreachEvent, Decision
from dataprotection.services.breaches import (
    InTheFuture,
    add_to_breach,
    enter_breach,
    need_not_tell_commissioner,
    need_not_tell_people,
    tell_commissioner,
    tell_people,
)
from professionals.access import signed_in
from professionals.models import User

TAGS = {Decision.OPEN: "waiting", Decision.TOLD: "good", Decision.NEED_NOT: "done"}


def do_tell_commissioner(breach: Breach, *, by: User, at: datetime, reference: str, words: str) -> None:
    tell_commissioner(breach=breach, at=at, reference=reference, words=words, by=by, now=timezone.now())


def do_need_not_tell_commissioner(breach: Breach, *, by: User, words: str) -> None:
    need_not_tell_commissioner(breach=breach, words=words, by=by, now=timezone.now())


def do_tell_people(breach: Breach, *, by: User, at: datetime, words: str) -> None:
    tell_people(breach=breach, at=at, words=words, by=by, now=timezone.now())


def do_need_not_tell_people(breach: Breach, *, by: User, words: str) -> None:
    need_not_tell_people(breach=breach, words=words, by=by, now=timezone.now())


def do_add(breach: Breach, *, by: User, words: str) -> None:
    add_to_breach(breach=breach, words=words, by=by, now=timezone.now())


def print_page(page_admin: StaffModelAdmin, request: HttpRequest, breach: Breach, action: ObjectAction) -> HttpResponse:
    """All of it on one page for paper, as the regulator may ask for it (UK GDPR article 33(5))."""
    change_url = reverse("staff:dataprotection_breach_change", args=[breach.pk])
    events = breach.events.select_related("by")
    rows = [
        {"label": label, "value": value}
        for label, value in (
            (_("Reference"), breach.reference),
            (_("What happened"), breach.what),
            (_("When it happened"), breach.happened),
            (_("When we became aware"), long_moment(breach.aware_at)),
            (_("The 72 hours end"), long_moment(breach.due_at)),
            (_("Whom and what it concerns"), breach.concerns),
            (_("What may come of it"), breach.effects),
            (_("What was done"), breach.measures),
            (_("Information Commissioner"), commissioner_in_words(breach)),
            (_("People concerned"), breach.get_people_display()),
        )
    ]
    title = _("Breach %(reference)s") % {"reference": breach.reference}
    page = {
        "title": title,
        "subtitle": None,
        "rows": rows,
        "events": [on_paper(event) for event in events],
        "printed": long_moment(timezone.now()),
    }
    about = page_admin.about_action(request, action, breach, change_url)
    return TemplateResponse(request, "dataprotection/staff/breach_on_paper.html", {**about, **page})


def on_paper(event: BreachEvent) -> dict[str, str]:
    return {
        "when": long_moment(event.at),
        "what": event.get_kind_display(),
        "text": event.text,
        "written": long_moment(event.written_at),
        "by": str(event.by or _("Somebody who is no colleague any more")),
    }


ACTIONS = (
    ObjectAction(
        "report",
        gettext_lazy("The Commissioner was told"),
        do_tell_commissioner,
        available=lambda breach: breach.may_tell_commissioner,
        form_class=ToldCommissionerForm,
        explanation=gettext_lazy(
            "Tell them on ico.org.uk first, within 72 hours, also when you don’t know everything yet. Then write down here when."
        ),
        done=gettext_lazy("It is written down that the Commissioner was told."),
        weight="main",
    ),
    ObjectAction(
        "no-report",
        gettext_lazy("The Commissioner need not be told"),
        do_need_not_tell_commissioner,
        available=lambda breach: breach.waits_for_commissioner,
        form_class=NeedNotTellCommissionerForm,
        done=gettext_lazy("It is written down why the Commissioner need not be told."),
    ),
    ObjectAction(
        "people",
        gettext_lazy("The people were told"),
        do_tell_people,
        available=lambda breach: breach.may_tell_people,
        form_class=ToldPeopleForm,
        explanation=gettext_lazy("Those whose data it is. If the risk for them is high, they must be told without delay."),
        done=gettext_lazy("It is written down that the people were told."),
    ),
    ObjectAction(
        "no-people",
        gettext_lazy("The people need not be told"),
        do_need_not_tell_people,
        available=lambda breach: breach.waits_for_people,
        form_class=NeedNotTellPeopleForm,
        done=gettext_lazy("It is written down why the people need not be told."),
    ),
    ObjectAction(
        "add",
        gettext_lazy("Add what we know now"),
        do_add,
        form_class=AddForm,
        done=gettext_lazy("It is added."),
    ),
    ObjectAction("paper", gettext_lazy("All of it to print"), permission="view", page=print_page),
)


class DecisionFilter(admin.SimpleListFilter):
    field: str

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(decision.value or "open", str(decision.label)) for decision in Decision]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        chosen = {decision.value or "open": decision for decision in Decision}.get(self.value() or "")
        return queryset if chosen is None else queryset.filter(**{self.field: chosen})


class CommissionerFilter(DecisionFilter):
    title = gettext_lazy("Information Commissioner")
    parameter_name = "state"
    field = "commissioner"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        not_decided, *decided = super().lookups(request, model_admin)
        return [not_decided, ("overdue", _("Not decided, 72 hours over")), *decided]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        return queryset.overdue(timezone.now()) if self.value() == "overdue" else super().queryset(request, queryset)


class PeopleFilter(DecisionFilter):
    title = gettext_lazy("people concerned")
    parameter_name = field = "people"


class EventInline(ReadOnlyInline):
    model = BreachEvent
    verbose_name_plural = gettext_lazy("What has happened since")
    fields = ("when", "what", "by", "text")
    readonly_fields = ("when", "what")
    when = moment_of("at", gettext_lazy("when"))

    @admin.display(description=gettext_lazy("what"))
    def what(self, event: BreachEvent) -> str:
        """When it was written down is said if it was at another time."""
        if event.at == event.written_at:
            return event.get_kind_display()
        return "\n".join([event.get_kind_display(), _("Written down %(when)s") % {"when": long_moment(event.written_at)}])

    def get_queryset(self, request: HttpRequest) -> QuerySet[BreachEvent]:
        return super().get_queryset(request).select_related("by")


FIELDS = ("due", "commissioner_in_words", "people_in_words", "aware", "happened", "what", "concerns", "effects", "measures")


INTRO = gettext_lazy(
    "What you write here stays as it is; what you learn later is added to it. Write numbers and kinds, and no names: all of it "
    "may go to the Information Commissioner. The 72 hours count from when we became aware, at weekends too."
)


@admin.register(Breach, site=staff_site)
class BreachAdmin(Log):
    list_display = ("reference", "due", "aware", "commissioner_tag", "people_in_words")
    list_filter = (CommissionerFilter, PeopleFilter, period_of("aware_at"))
    search_fields = ("reference", "commissioner_reference")
    search_help_text = gettext_lazy("Our reference or the Commissioner’s")
    ordering = ("-aware_at", "-pk")
    sorts_quickly = ("aware",)
    actions = None
    fieldsets = ((None, {"fields": FIELDS}),)
    readonly_fields = FIELDS
    inlines = (EventInline,)
    object_actions = ACTIONS
    enter_form = EnterForm
    entering: ClassVar = {
        "title": gettext_lazy("Enter a breach"),
        "button": gettext_lazy("Enter the breach"),
        "intro": INTRO,
    }
    refused_beside: ClassVar = {InTheFuture: "day"}
    aware = moment_of("aware_at", gettext_lazy("we became aware"))

    def get_ordering(self, request: HttpRequest) -> list[Any]:
        """Those to decide, the nearest end of 72 hours first; then the others, the latest first."""
        to_decide = Case(When(commissioner=Decision.OPEN, then=F("aware_at")))
        return [OrderBy(to_decide), OrderBy(F("aware_at"), descending=True), OrderBy(F("pk"), descending=True)]

    def parts(self) -> tuple[Part, ...]:
        return (
            Part(Q(commissioner=Decision.OPEN), ("aware_at", "-pk")),
            Part(~Q(commissioner=Decision.OPEN), ("-aware_at", "-pk")),
        )

    def enter(self, request: HttpRequest, form: EnterForm) -> HttpResponse:
        made = enter_breach(known=form.known, by=signed_in(request), now=timezone.now(), token=form.cleaned_data["token"])
        tell(request, "added", keys=[made.pk])
        done = _("The breach is entered: %(reference)s. Decide by %(when)s if the Information Commissioner is told.")
        messages.success(request, done % {"reference": made.reference, "when": long_moment(made.due_at)})
        return redirect("staff:dataprotection_breach_change", made.pk)

    def summary_of(self, obj: Breach) -> list[dict[str, object]]:
        return [
            {"label": _("What happened"), "value": obj.what},
            {"label": _("When we became aware"), "value": long_moment(obj.aware_at)},
            {"label": _("72 hours are over"), "value": long_moment(obj.due_at)},
        ]

    @admin.display(description=gettext_lazy("what is due"))
    def due(self, breach: Breach) -> str:
        return due_in_words(breach, timezone.now())

    @admin.display(description=gettext_lazy("Information Commissioner"))
    def commissioner_tag(self, breach: Breach) -> SafeString:
        if breach.waits_for_commissioner and breach.due_at < timezone.now():
            return state_tag(_("Overdue"), "stopped")
        return state_tag(breach.get_commissioner_display(), TAGS[Decision(breach.commissioner)])

    @admin.display(description=gettext_lazy("Information Commissioner"))
    def commissioner_in_words(self, breach: Breach) -> str:
        return commissioner_in_words(breach)

    @admin.display(description=gettext_lazy("people concerned"))
    def people_in_words(self, breach: Breach) -> SafeString:
        return state_tag(breach.get_people_display(), TAGS[Decision(breach.people)])


def commissioner_in_words(breach: Breach) -> str:
    if breach.commissioner_told_at is None:
        return breach.get_commissioner_display()
    told = _("Told on %(when)s") % {"when": long_moment(breach.commissioner_told_at)}
    late = _("after the 72 hours") if breach.commissioner_told_at > breach.due_at else _("within the 72 hours")
    return ", ".join(filter(None, [told, late, breach.commissioner_reference]))


def due_in_words(breach: Breach, now: datetime) -> str:
    if breach.waits_for_commissioner:
        if breach.due_at < now:
            return _("The 72 hours were over at %(when)s") % {"when": by_clock(breach.due_at)}
        hours = int((breach.due_at - now).total_seconds() // 3600)
        said = ngettext(
            "Tell the Commissioner by %(when)s: %(hours)d hour left",
            "Tell the Commissioner by %(when)s: %(hours)d hours left",
            hours,
        )
        return said % {"when": by_clock(breach.due_at), "hours": hours}
    return _("Decide if the people are told") if breach.waits_for_people else _("Nothing")


def by_clock(at: datetime) -> str:
    return _("%(clock)s on %(day)s") % {"clock": format_clock(at), "day": format_day(at)}


def first_over() -> str:
    """On from the label, after a comma."""
    first = Breach.objects.to_decide().order_by("aware_at").first()
    return _("the first by %(when)s") % {"when": by_clock(first.due_at)} if first else ""


for waiting in (
    Waiting(
        gettext_lazy("breaches past the 72 hours in which to tell the Information Commissioner"),
        lambda: Breach.objects.overdue(timezone.now()),
        lambda: list_of(Breach, "overdue"),
        "dataprotection.view_breach",
        urgent=True,
    ),
    Waiting(
        gettext_lazy("breaches about which to tell the Information Commissioner, or say why not"),
        lambda: Breach.objects.to_decide(),
        lambda: list_of(Breach, "open"),
        "dataprotection.view_breach",
        more=first_over,
    ),
    Waiting(
        gettext_lazy("breaches about which to tell the people concerned, or say why not"),
        lambda: Breach.objects.people_to_decide(),
        lambda: f"{reverse('staff:dataprotection_breach_changelist')}?people=open",
        "dataprotection.view_breach",
    ),
):
    staff_site.add_waiting(gettext_lazy("Data protection"), waiting)
