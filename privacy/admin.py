"""Copies and erasures, retention, and the logs of complaints and breaches, for those who answer for data protection."""

from datetime import datetime
from typing import Any, ClassVar

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import Case, F, OrderBy, Q, QuerySet, Value, When
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from accounts.access import signed_in
from accounts.limits import check_export_limit
from ctac.dates import format_clock, format_day, uk_day
from ctac.errors import DomainError
from ctac.models import is_reference, tidy_reference
from ctac.staff.audit import audit_note
from ctac.staff.columns import (
    NOTHING,
    LooksOnly,
    ReadOnlyInline,
    long_moment,
    mail_link,
    moment_of,
    number_of,
    phone_link,
    state_tag,
)
from ctac.staff.lists import Part, period_of
from ctac.staff.site import ObjectAction, StaffModelAdmin, SureForm, Waiting, page_form_class, staff_site
from privacy import retention, services
from privacy.forms import (
    AcknowledgeComplaintForm,
    AddToBreachForm,
    CloseComplaintForm,
    ComplaintNoteForm,
    EnterBreachForm,
    EnterComplaintForm,
    NeedNotTellCommissionerForm,
    NeedNotTellPeopleForm,
    TellComplainantForm,
    ToldCommissionerForm,
    ToldPeopleForm,
)
from privacy.models import (
    Breach,
    BreachEvent,
    Came,
    Complaint,
    ComplaintEvent,
    ComplaintState,
    DataAction,
    Decision,
    RetentionRun,
)
from privacy.personal_data import ExportFormat, export_response
from privacy.services import (
    InTheFuture,
    acknowledge_complaint,
    add_to_breach,
    answer_complaint,
    close_complaint,
    enter_breach,
    enter_complaint,
    erase_and_notify,
    need_not_tell_commissioner,
    need_not_tell_people,
    note_on_complaint,
    tell_commissioner,
    tell_complaint_progress,
    tell_people,
)
from professionals.admin import PersonAdmin
from professionals.models import Person

# Subject access by staff, and the list of erasures and copies: what was done with somebody's data, by whom, when.


class GiveDataForm(forms.Form):
    file_form = forms.ChoiceField(
        label=gettext_lazy("In which form?"), choices=ExportFormat.choices, initial=ExportFormat.HTML, widget=forms.RadioSelect
    )
    sure = forms.BooleanField(
        label=gettext_lazy("I have checked that it is this person who asks, and that the copy goes to them alone.")
    )


def give_data_page(page: PersonAdmin, request: HttpRequest, person: Person, action: ObjectAction) -> HttpResponse:
    """A copy counts with the spreadsheets that leave, so that nobody takes out everybody one by one."""
    form = page_form_class(GiveDataForm)(request.POST if request.method == "POST" else None)
    if form.is_valid():
        now = timezone.now()
        wait = check_export_limit(request, now)
        if wait is not None:
            return wait
        data = services.give_data(person, by=signed_in(request), now=now)
        return export_response(data, form.cleaned_data["file_form"])
    change_url = reverse("staff:professionals_person_change", args=[person.pk])
    context = {**page.about_action(request, action, person, change_url), "form": form}
    return TemplateResponse(request, "admin/object_action.html", context)


GIVE_DATA = ObjectAction(
    slug="give-data",
    label=gettext_lazy("Give them a copy of their data"),
    page=give_data_page,
    explanation=gettext_lazy(
        "A file of all that we hold about this person, for somebody who asks for it. The law gives us a month. "
        "It is written down that you took it. Send it in a way that only they can open."
    ),
    permission="give_data",
    available=lambda person: person.erased_at is None,
    asks_again=True,
)


class ErasePersonForm(SureForm):
    sure = forms.BooleanField(
        label=gettext_lazy("I have checked that this person asked for it, or that the time we may keep their data is over.")
    )


ERASE = ObjectAction(
    slug="erase",
    label=gettext_lazy("Erase this person"),
    service=erase_and_notify,
    form_class=ErasePersonForm,
    explanation=gettext_lazy(
        "Takes name, contact details, sign-in and messages out of everything we hold, and cancels what lies ahead: "
        "presenters are told. One last email tells the person that it is done. It can’t be undone."
    ),
    done=gettext_lazy("The person is erased."),
    permission="erase",
    available=lambda person: (
        person.erased_at is None and (person.user is None or not person.user.is_staff)  # that account is closed first
    ),
    weight="stop",
    asks_again=True,
)
PersonAdmin.object_actions = [ERASE, GIVE_DATA, *PersonAdmin.object_actions]


@admin.register(DataAction, site=staff_site)
class DataActionAdmin(LooksOnly):
    """It names nobody: whoever is erased is called so, and a person who is not is a link away."""

    list_display = ("when", "what", "why", "whose", "by")
    list_display_links = None
    list_select_related = ("by",)
    sorts_quickly = ("when",)
    ordering = ("-at", "-pk")
    actions = None
    when = moment_of("at", gettext_lazy("when"), short=True)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: DataAction | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: DataAction | None = None) -> bool:
        return False

    @admin.display(description=gettext_lazy("what was done"))
    def what(self, row: DataAction) -> str:
        return row.get_done_display()

    @admin.display(description=gettext_lazy("why"))
    def why(self, row: DataAction) -> str:
        return row.get_reason_display()

    @admin.display(description=gettext_lazy("whose"))
    def whose(self, row: DataAction) -> SafeString:
        href = reverse("staff:professionals_person_change", args=[row.person_id])
        return format_html('<a href="{}">{}</a>', href, _("Person %(key)s") % {"key": row.person_id})


# What retention would do next, and what the last runs did, for managers.


@admin.register(RetentionRun, site=staff_site)
class RetentionRunAdmin(LooksOnly):
    """Nothing is pressed here: it runs each night, and `manage.py retention` runs it at once."""

    change_list_template = "professionals/staff/retention.html"
    list_display = ("when", "ended", "number_done", "number_left", "what_was_done")
    list_display_links = None
    sorts_quickly = ("when",)
    ordering = ("-started_at", "-pk")
    actions = None
    when = moment_of("started_at", gettext_lazy("started"), short=True)
    number_left = number_of("left", gettext_lazy("left for another night"))

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        # What the next run would do, as it was counted last, and when that was.
        due = retention.last_count(timezone.now())
        rows = [{"rule": rule, "due": f"{due.counts[rule.name]:,}"} for rule in retention.registered_rules()]
        found = {"rules": rows, "counted": long_moment(due.at), "by_the_hour": list(retention.hourly_periods())}
        return super().changelist_view(request, {**found, **(extra_context or {})})

    @admin.display(description=gettext_lazy("ended"))
    def ended(self, run: RetentionRun) -> str:
        return _("Yes") if run.ended_at else _("Cut off; the next one goes on")

    @admin.display(description=gettext_lazy("records"))
    def number_done(self, run: RetentionRun) -> str:
        return f"{sum(run.done.values()):,}"

    @admin.display(description=gettext_lazy("which"))
    def what_was_done(self, run: RetentionRun) -> str:
        named = {rule.name: str(rule.what) for rule in retention.registered_rules()}
        return "\n".join(f"{named.get(name, name)}: {count:,}" for name, count in run.done.items() if count) or _("None")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: RetentionRun | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: RetentionRun | None = None) -> bool:
        return False


# What both logs share.


class LogAdmin(LooksOnly):
    """From which nothing is deleted; a whole reference finds just that, however it is typed.

    What is entered comes by `enter_form`; `enter` writes it and says where to go on. `entering`: the words of that page.
    `refused_beside`: the field that a refusal stands beside; any other is said at the top.
    """

    enter_form: type[forms.Form]
    entering: ClassVar[dict[str, Any]]
    refused_beside: ClassVar[dict[type[DomainError], str]] = {}

    def enter(self, request: HttpRequest, form: Any) -> HttpResponse:
        raise NotImplementedError

    def add_view(self, request: HttpRequest, form_url: str = "", extra_context: dict[str, Any] | None = None) -> HttpResponse:
        if not self.has_add_permission(request):
            raise PermissionDenied
        form = self.enter_form(request.POST if request.method == "POST" else None)
        if request.method == "POST" and form.is_valid():
            try:
                return self.enter(request, form)
            except DomainError as refusal:
                form.add_error(self.refused_beside.get(type(refusal)), str(refusal.message))
        page = {"form": form, "media": self.media, "opts": self.opts, **self.entering}
        return TemplateResponse(request, "admin/for_caller.html", {**self.admin_site.each_context(request), **page})

    def get_search_results(self, request: HttpRequest, queryset: QuerySet[Any], search_term: str) -> tuple[QuerySet[Any], bool]:
        if is_reference(search_term) and (found := queryset.filter(reference=tidy_reference(search_term))).exists():
            return found, False
        return super().get_search_results(request, queryset, search_term)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


def list_url(model: Any, state: str) -> str:
    """The address of the list that shows those."""
    return f"{reverse(f'staff:privacy_{model._meta.model_name}_changelist')}?state={state}"


# The log of complaints: what is to be acknowledged first, then what is looked into, then what is done with.

COMPLAINT_TAGS = {
    ComplaintState.RECEIVED: "waiting",
    ComplaintState.ACKNOWLEDGED: "good",
    ComplaintState.ANSWERED: "done",
    ComplaintState.CLOSED: "done",
}


COMPLAINT_ACTIONS = (
    ObjectAction(
        "confirm",
        gettext_lazy("Acknowledge this complaint"),
        acknowledge_complaint,
        available=lambda complaint: complaint.may_be_acknowledged,
        form_class=AcknowledgeComplaintForm,
        explanation=gettext_lazy(
            "Tell them that we have their complaint and look into it. By email it goes from here; if you rang or wrote, say when."
        ),
        done=gettext_lazy("It is acknowledged. Now look into it without delay."),
        weight="main",
    ),
    ObjectAction(
        "progress",
        gettext_lazy("Tell them how it goes"),
        tell_complaint_progress,
        available=lambda complaint: complaint.state == ComplaintState.ACKNOWLEDGED,
        form_class=TellComplainantForm,
        explanation=gettext_lazy("When it takes longer, the law asks us to say how far we are."),
        done=gettext_lazy("It is written down that they were told."),
    ),
    ObjectAction(
        "answer",
        gettext_lazy("Tell them the outcome"),
        answer_complaint,
        available=lambda complaint: complaint.may_be_answered,
        form_class=TellComplainantForm,
        explanation=gettext_lazy(
            "Say what you found, what you do about it, and why. The email adds that they can go to the Information Commissioner. "
            "Within the 30 days this also acknowledges the complaint."
        ),
        done=gettext_lazy("They are told the outcome. Close the complaint when nothing is left to do."),
        weight="main",
    ),
    ObjectAction(
        "note",
        gettext_lazy("Add a note"),
        note_on_complaint,
        available=lambda complaint: complaint.anonymised_at is None,
        form_class=ComplaintNoteForm,
        done=gettext_lazy("The note is there."),
    ),
    ObjectAction(
        "close",
        gettext_lazy("Close this complaint"),
        close_complaint,
        available=lambda complaint: complaint.is_open,
        form_class=CloseComplaintForm,
        explanation=gettext_lazy("Nothing more is to do. Nobody is told of this."),
        done=gettext_lazy("The complaint is closed."),
        weight="stop",
    ),
)


class ComplaintStateFilter(admin.SimpleListFilter):
    title = gettext_lazy("state")
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("overdue", _("Acknowledgement overdue")), *((value, str(label)) for value, label in ComplaintState.choices)]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        if self.value() == "overdue":
            return queryset.overdue(uk_day(timezone.now()))
        return queryset.filter(state=self.value()) if self.value() in ComplaintState else queryset


class ComplaintEventInline(ReadOnlyInline):
    model = ComplaintEvent
    verbose_name_plural = gettext_lazy("What has happened")
    fields = ("day", "what", "by", "text")
    readonly_fields = ("day", "what")

    @admin.display(description=gettext_lazy("day"))
    def day(self, event: ComplaintEvent) -> str:
        return format_day(event.on)

    @admin.display(description=gettext_lazy("what"))
    def what(self, event: ComplaintEvent) -> str:
        """When it was written down is said if it was another day."""
        said = [event.get_kind_display(), event.get_told_display() if event.told else ""]
        if uk_day(event.at) != event.on:
            said.append(_("Written down on %(day)s") % {"day": format_day(event.at)})
        return "\n".join(filter(None, said))

    def get_queryset(self, request: HttpRequest) -> QuerySet[ComplaintEvent]:
        return super().get_queryset(request).select_related("by")


COMPLAINT_FIELDS = (
    "state_in_words",
    "due",
    "came_by",
    "received",
    "name",
    "person_email",
    "person_phone",
    "what_went_wrong",
    "what_they_want",
)


@admin.register(Complaint, site=staff_site)
class ComplaintAdmin(LogAdmin):
    list_display = ("reference", "state_in_words", "due", "received", "name", "came_by")
    list_filter = (ComplaintStateFilter, "came")
    search_fields = ("reference", "name", "email")
    search_help_text = gettext_lazy("Reference, name or email address")
    ordering = ("received_on", "pk")
    actions = None
    fieldsets = ((None, {"fields": COMPLAINT_FIELDS}),)
    readonly_fields = COMPLAINT_FIELDS
    may_be_empty = ("what_went_wrong", "what_they_want")
    inlines = (ComplaintEventInline,)
    object_actions = COMPLAINT_ACTIONS
    enter_form = EnterComplaintForm
    entering: ClassVar = {"title": gettext_lazy("Enter a complaint"), "button": gettext_lazy("Enter the complaint")}

    def get_ordering(self, request: HttpRequest) -> list[Any]:
        """What has the nearest last day first; what is closed last, the latest first."""
        rank = Case(*(When(state=state, then=Value(place)) for place, state in enumerate(ComplaintState)))
        waiting_since = Case(When(~Q(state=ComplaintState.CLOSED), then=F("received_on")))
        latest = OrderBy(F("received_on"), descending=True), OrderBy(F("pk"), descending=True)
        return [OrderBy(rank), OrderBy(waiting_since), *latest]

    def parts(self) -> tuple[Part, ...]:
        first = [Part(Q(state=state), ("received_on", "-pk")) for state in list(ComplaintState)[:3]]
        return (*first, Part(Q(state=ComplaintState.CLOSED), ("-received_on", "-pk")))

    def enter(self, request: HttpRequest, form: EnterComplaintForm) -> HttpResponse:
        made = enter_complaint(
            said=form.said,
            came=Came(form.cleaned_data["came"]),
            received_on=form.cleaned_data["received_on"],
            person=None,
            by=signed_in(request),
            now=timezone.now(),
            token=form.cleaned_data["token"],
            flagged=form.flagged,
        )
        audit_note(request).add("added", keys=[made.pk])
        due = _("The complaint is entered: %(reference)s. Acknowledge it by %(day)s.")
        messages.success(request, due % {"reference": made.reference, "day": format_day(made.due_on)})
        return redirect("staff:privacy_complaint_change", made.pk)

    def summary_of(self, obj: Complaint) -> list[dict[str, object]]:
        rows: list[dict[str, object]] = [
            {"label": _("From"), "value": f"{obj.name}\n{obj.email or _('No email address')}\n{obj.phone}".strip()},
            {"label": _("Received"), "value": format_day(obj.received_on)},
            {"label": _("What went wrong"), "value": obj.wrong},
            {"label": _("What they would like"), "value": obj.wanted},
        ]
        return [row for row in rows if row["value"]]

    @admin.display(description=gettext_lazy("state"))
    def state_in_words(self, complaint: Complaint) -> SafeString:
        if complaint.is_overdue(timezone.now()):
            return state_tag(_("Overdue"), "stopped")
        return state_tag(complaint.get_state_display(), COMPLAINT_TAGS[ComplaintState(complaint.state)])

    @admin.display(description=gettext_lazy("what is due"))
    def due(self, complaint: Complaint) -> str:
        today = uk_day(timezone.now())
        if complaint.state == ComplaintState.RECEIVED:
            overdue = _("It was to be acknowledged by %(day)s") if complaint.due_on < today else _("Acknowledge it by %(day)s")
            return overdue % {"day": format_day(complaint.due_on)}
        if complaint.state == ComplaintState.ACKNOWLEDGED:
            days = (today - complaint.received_on).days
            if not days:
                return _("Tell the outcome without delay: it came today")
            return ngettext(
                "Tell the outcome without delay: it came %(days)d day ago",
                "Tell the outcome without delay: it came %(days)d days ago",
                days,
            ) % {"days": days}
        return _("Close it when nothing is left to do") if complaint.is_open else NOTHING

    @admin.display(description=gettext_lazy("received"))
    def received(self, complaint: Complaint) -> str:
        return format_day(complaint.received_on)

    @admin.display(description=gettext_lazy("came by"), ordering="came")
    def came_by(self, complaint: Complaint) -> str:
        return complaint.get_came_display()

    @admin.display(description=gettext_lazy("email address"))
    def person_email(self, complaint: Complaint) -> SafeString | str:
        return mail_link(complaint.email)

    @admin.display(description=gettext_lazy("phone"))
    def person_phone(self, complaint: Complaint) -> SafeString | str:
        return phone_link(complaint.phone)

    @admin.display(description=gettext_lazy("what went wrong"))
    def what_went_wrong(self, complaint: Complaint) -> str:
        return complaint.wrong

    @admin.display(description=gettext_lazy("what they would like us to do"))
    def what_they_want(self, complaint: Complaint) -> str:
        return complaint.wanted


def first_complaint_due() -> str:
    """On from "complaints to acknowledge"."""
    received_on = Complaint.objects.to_acknowledge().order_by("received_on").values_list("received_on", flat=True).first()
    if received_on is None:
        return ""
    return _("the first by %(day)s") % {"day": format_day(Complaint(received_on=received_on).due_on)}


# The log of breaches: those of which nobody has decided whether the Commissioner is told come first, with their 72 hours.

DECISION_TAGS = {Decision.OPEN: "waiting", Decision.TOLD: "good", Decision.NEED_NOT: "done"}


def print_breach(page_admin: StaffModelAdmin, request: HttpRequest, breach: Breach, action: ObjectAction) -> HttpResponse:
    """All of it on one page for paper, as the regulator may ask for it (UK GDPR article 33(5))."""
    change_url = reverse("staff:privacy_breach_change", args=[breach.pk])
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
        "events": [event_on_paper(event) for event in events],
        "printed": long_moment(timezone.now()),
    }
    about = page_admin.about_action(request, action, breach, change_url)
    return TemplateResponse(request, "privacy/staff/breach_on_paper.html", {**about, **page})


def event_on_paper(event: BreachEvent) -> dict[str, str]:
    return {
        "when": long_moment(event.at),
        "what": event.get_kind_display(),
        "text": event.text,
        "written": long_moment(event.written_at),
        "by": str(event.by or _("Somebody who is no colleague any more")),
    }


BREACH_ACTIONS = (
    ObjectAction(
        "report",
        gettext_lazy("The Commissioner was told"),
        tell_commissioner,
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
        need_not_tell_commissioner,
        available=lambda breach: breach.waits_for_commissioner,
        form_class=NeedNotTellCommissionerForm,
        done=gettext_lazy("It is written down why the Commissioner need not be told."),
    ),
    ObjectAction(
        "people",
        gettext_lazy("The people were told"),
        tell_people,
        available=lambda breach: breach.may_tell_people,
        form_class=ToldPeopleForm,
        explanation=gettext_lazy("Those whose data it is. If the risk for them is high, they must be told without delay."),
        done=gettext_lazy("It is written down that the people were told."),
    ),
    ObjectAction(
        "no-people",
        gettext_lazy("The people need not be told"),
        need_not_tell_people,
        available=lambda breach: breach.waits_for_people,
        form_class=NeedNotTellPeopleForm,
        done=gettext_lazy("It is written down why the people need not be told."),
    ),
    ObjectAction(
        "add",
        gettext_lazy("Add what we know now"),
        add_to_breach,
        form_class=AddToBreachForm,
        done=gettext_lazy("It is added."),
    ),
    ObjectAction("paper", gettext_lazy("All of it to print"), permission="view", page=print_breach),
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


class BreachEventInline(ReadOnlyInline):
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


BREACH_FIELDS = (
    "due",
    "commissioner_in_words",
    "people_in_words",
    "aware",
    "happened",
    "what",
    "concerns",
    "effects",
    "measures",
)


BREACH_INTRO = gettext_lazy(
    "What you write here stays as it is; what you learn later is added to it. Write numbers and kinds, and no names: all of it "
    "may go to the Information Commissioner. The 72 hours count from when we became aware, at weekends too."
)


@admin.register(Breach, site=staff_site)
class BreachAdmin(LogAdmin):
    list_display = ("reference", "due", "aware", "commissioner_tag", "people_in_words")
    list_filter = (CommissionerFilter, PeopleFilter, period_of("aware_at"))
    search_fields = ("reference", "commissioner_reference")
    search_help_text = gettext_lazy("Our reference or the Commissioner’s")
    ordering = ("-aware_at", "-pk")
    sorts_quickly = ("aware",)
    actions = None
    fieldsets = ((None, {"fields": BREACH_FIELDS}),)
    readonly_fields = BREACH_FIELDS
    inlines = (BreachEventInline,)
    object_actions = BREACH_ACTIONS
    enter_form = EnterBreachForm
    entering: ClassVar = {
        "title": gettext_lazy("Enter a breach"),
        "button": gettext_lazy("Enter the breach"),
        "intro": BREACH_INTRO,
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

    def enter(self, request: HttpRequest, form: EnterBreachForm) -> HttpResponse:
        made = enter_breach(known=form.known, by=signed_in(request), now=timezone.now(), token=form.cleaned_data["token"])
        audit_note(request).add("added", keys=[made.pk])
        done = _("The breach is entered: %(reference)s. Decide by %(when)s if the Information Commissioner is told.")
        messages.success(request, done % {"reference": made.reference, "when": long_moment(made.due_at)})
        return redirect("staff:privacy_breach_change", made.pk)

    def summary_of(self, obj: Breach) -> list[dict[str, object]]:
        return [
            {"label": _("What happened"), "value": obj.what},
            {"label": _("When we became aware"), "value": long_moment(obj.aware_at)},
            {"label": _("72 hours are over"), "value": long_moment(obj.due_at)},
        ]

    @admin.display(description=gettext_lazy("what is due"))
    def due(self, breach: Breach) -> str:
        now = timezone.now()
        if breach.waits_for_commissioner:
            if breach.due_at < now:
                return _("The 72 hours were over at %(when)s") % {"when": clock_and_day(breach.due_at)}
            hours = int((breach.due_at - now).total_seconds() // 3600)
            said = ngettext(
                "Tell the Commissioner by %(when)s: %(hours)d hour left",
                "Tell the Commissioner by %(when)s: %(hours)d hours left",
                hours,
            )
            return said % {"when": clock_and_day(breach.due_at), "hours": hours}
        return _("Decide if the people are told") if breach.waits_for_people else _("Nothing")

    @admin.display(description=gettext_lazy("Information Commissioner"))
    def commissioner_tag(self, breach: Breach) -> SafeString:
        if breach.waits_for_commissioner and breach.due_at < timezone.now():
            return state_tag(_("Overdue"), "stopped")
        return state_tag(breach.get_commissioner_display(), DECISION_TAGS[Decision(breach.commissioner)])

    @admin.display(description=gettext_lazy("Information Commissioner"))
    def commissioner_in_words(self, breach: Breach) -> str:
        return commissioner_in_words(breach)

    @admin.display(description=gettext_lazy("people concerned"))
    def people_in_words(self, breach: Breach) -> SafeString:
        return state_tag(breach.get_people_display(), DECISION_TAGS[Decision(breach.people)])


def commissioner_in_words(breach: Breach) -> str:
    if breach.commissioner_told_at is None:
        return breach.get_commissioner_display()
    told = _("Told on %(when)s") % {"when": long_moment(breach.commissioner_told_at)}
    late = _("after the 72 hours") if breach.commissioner_told_at > breach.due_at else _("within the 72 hours")
    return ", ".join(filter(None, [told, late, breach.commissioner_reference]))


def clock_and_day(at: datetime) -> str:
    return _("%(clock)s on %(day)s") % {"clock": format_clock(at), "day": format_day(at)}


def first_breach_due() -> str:
    """On from the label, after a comma."""
    first = Breach.objects.to_decide().order_by("aware_at").first()
    return _("the first by %(when)s") % {"when": clock_and_day(first.due_at)} if first else ""


for waiting_breaches in (
    Waiting(
        gettext_lazy("breaches past the 72 hours in which to tell the Information Commissioner"),
        lambda: Breach.objects.overdue(timezone.now()),
        lambda: list_url(Breach, "overdue"),
        "privacy.view_breach",
        urgent=True,
    ),
    Waiting(
        gettext_lazy("breaches about which to tell the Information Commissioner, or say why not"),
        lambda: Breach.objects.to_decide(),
        lambda: list_url(Breach, "open"),
        "privacy.view_breach",
        more=first_breach_due,
    ),
    Waiting(
        gettext_lazy("breaches about which to tell the people concerned, or say why not"),
        lambda: Breach.objects.people_to_decide(),
        lambda: f"{reverse('staff:privacy_breach_changelist')}?people=open",
        "privacy.view_breach",
    ),
):
    staff_site.add_waiting(gettext_lazy("Data protection"), waiting_breaches)

for waiting_complaints in (
    Waiting(
        gettext_lazy("complaints past the 30 days in which to acknowledge them"),
        lambda: Complaint.objects.overdue(uk_day(timezone.now())),
        lambda: list_url(Complaint, "overdue"),
        "privacy.view_complaint",
        urgent=True,
    ),
    Waiting(
        gettext_lazy("complaints to acknowledge"),
        lambda: Complaint.objects.to_acknowledge(),
        lambda: list_url(Complaint, ComplaintState.RECEIVED),
        "privacy.view_complaint",
        more=first_complaint_due,
    ),
    Waiting(
        gettext_lazy("complaints to answer"),
        lambda: Complaint.objects.to_answer(),
        lambda: list_url(Complaint, ComplaintState.ACKNOWLEDGED),
        "privacy.view_complaint",
    ),
):
    staff_site.add_waiting(gettext_lazy("Data protection"), waiting_complaints)
