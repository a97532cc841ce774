"""Copies and erasures of people's data, retention, and the logs of complaints and breaches, on the staff site."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import Any, ClassVar

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import Case, F, OrderBy, Q, QuerySet, Value, When
from django.db.models.functions import Lower
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _, gettext_lazy, ngettext

from accounts.access import signed_in_user
from accounts.models import User
from accounts.rate_limits import check_export_limit
from core.dates import format_day, format_uk_time, months_before, uk_day
from core.errors import DomainError
from core.models import is_reference, normalise_reference
from notifications.models import Notification
from office.site_settings.models import SiteSettings
from office.site_settings.services import AffectedPlan, register_promise_check
from privacy import retention, services
from privacy.forms import (
    AcknowledgeComplaintForm,
    AddToBreachForm,
    CloseComplaintForm,
    CommissionerReportForm,
    ComplaintMessageForm,
    ComplaintNoteForm,
    EnterBreachForm,
    EnterComplaintForm,
    NoCommissionerReportForm,
    PeopleNotifiedForm,
    PeopleNotNotifiedForm,
)
from privacy.models import (
    Breach,
    BreachDecision,
    BreachEvent,
    Clocked,
    Complaint,
    ComplaintChannel,
    ComplaintEvent,
    ComplaintState,
    DataAction,
    RetentionRun,
)
from privacy.personal_data import ExportFormat, address_periods, export_response
from professionals.admin import PersonAdmin
from professionals.models import Person
from professionals.notes.admin import VIEW_MESSAGE_PERMISSION, message_entries
from professionals.safeguarding.services import shown_text
from staff.actions import ConfirmationForm, ObjectAction, page_form_class
from staff.audit import audit_note
from staff.lists import (
    EMPTY_VALUE,
    ListPart,
    OptionsFilter,
    capped_count_text,
    column,
    datetime_column,
    format_long_datetime,
    mail_link,
    narrow_by,
    number_column,
    period_filter,
    phone_link,
    state_tag,
)
from staff.model_admin import ReadOnlyAdmin, ReadOnlyInline, StaffModelAdmin
from staff.search import SearchKind, search_registry
from staff.site import staff_site
from staff.story import StoryEntry, StoryPage, register_story_entries
from staff.today import WaitingLine, WaitingRow, count_all


def person_message_entries(person: Person, page: StoryPage) -> Iterable[StoryEntry]:
    """The emails that went to each of their addresses while it was theirs."""
    theirs = Q(pk=None)
    for address, since, before in address_periods(person):
        period = Q(address=address)
        period &= Q(created_at__gte=since) if since else Q()
        theirs |= period & (Q(created_at__lt=before) if before else Q())
    return message_entries(Notification.objects.alias(address=Lower("recipient")).filter(theirs), page)


register_story_entries(Person, person_message_entries, permission=VIEW_MESSAGE_PERMISSION)


class GiveDataForm(forms.Form):
    file_form = forms.ChoiceField(
        label=gettext_lazy("In which form?"), choices=ExportFormat.choices, initial=ExportFormat.HTML, widget=forms.RadioSelect
    )
    sure = forms.BooleanField(
        label=gettext_lazy("I have checked that this person is the one asking, and that only they will get the copy.")
    )


def give_data_page(page_admin: PersonAdmin, request: HttpRequest, person: Person, action: ObjectAction) -> HttpResponse:
    """Give a copy of a person's data. Copies and spreadsheets share a limit, so that nobody takes out everybody one by one."""
    form = page_form_class(GiveDataForm)(request.POST if request.method == "POST" else None)
    if form.is_valid():
        now = timezone.now()
        if response := check_export_limit(request, now):
            return response
        return export_response(services.give_data(person, by=signed_in_user(request), now=now), form.cleaned_data["file_form"])
    change_url = reverse("staff:professionals_person_change", args=[person.pk])
    context = {**page_admin.get_action_context(request, action, person, change_url), "form": form}
    return TemplateResponse(request, "admin/object_action.html", context)


GIVE_DATA_ACTION = ObjectAction(
    slug="give-data",
    label=gettext_lazy("Give them a copy of their data"),
    page=give_data_page,
    explanation=gettext_lazy(
        "This makes a file of everything that we hold about this person. The law gives us a month to send it after they "
        "ask. We keep a record that you made it. Send it so that only they can open it."
    ),
    permission="give_data",
    available=lambda person: person.erased_at is None,
    asks_again=True,
)


class ErasePersonForm(ConfirmationForm):
    sure = forms.BooleanField(
        label=gettext_lazy(
            "I have checked that this person asked for this, or that the time for which we may keep their data is over."
        )
    )


ERASE_ACTION = ObjectAction(
    slug="erase",
    label=gettext_lazy("Erase this person"),
    service=services.erase_and_notify,
    form_class=ErasePersonForm,
    explanation=gettext_lazy(
        "This removes their name, contact details, sign-in and messages from everything we hold. It cancels their "
        "bookings, places and orders to come, and presenters will get an email. The person will get one last email. You "
        "can’t undo this."
    ),
    done=gettext_lazy("The person is erased."),
    permission="erase",
    # A staff account must be closed first.
    available=lambda person: person.erased_at is None and (person.user is None or not person.user.is_staff),
    weight="stop",
    asks_again=True,
)
PersonAdmin.object_actions = [ERASE_ACTION, GIVE_DATA_ACTION, *PersonAdmin.object_actions]


class ListOnly(ReadOnlyAdmin):
    """A list whose rows nobody adds, opens or changes."""

    nobody_may = ("add", "change", "delete")
    list_display_links = None
    actions = None


@admin.register(DataAction, site=staff_site)
class DataActionAdmin(ListOnly):
    """Erasures and copies. It names nobody; a person who is not erased is one link away."""

    list_display = ("when", "what", "why", "whose", "by")
    list_select_related = ("by",)
    sorts_quickly = ("when",)
    ordering = ("-at", "-pk")
    when = datetime_column("at", gettext_lazy("when"), short=True)
    what = column(gettext_lazy("what was done"), lambda row: row.get_done_display())
    why = column(gettext_lazy("why"), lambda row: row.get_reason_display())
    whose = column(
        gettext_lazy("whose"),
        lambda row: format_html(
            '<a href="{}">{}</a>',
            reverse("staff:professionals_person_change", args=[row.person_id]),
            _("Person %(key)s") % {"key": row.person_id},
        ),
    )


@admin.register(RetentionRun, site=staff_site)
class RetentionRunAdmin(ListOnly):
    """The runs of retention: each night, or at once with `manage.py retention --run`."""

    change_list_template = "privacy/staff/retention.html"
    list_display = ("when", "ended", "number_done", "number_left", "what_was_done")
    sorts_quickly = ("when",)
    ordering = ("-started_at", "-pk")
    when = datetime_column("started_at", gettext_lazy("started"), short=True)
    ended = column(gettext_lazy("ended"), lambda run: _("Yes") if run.ended_at else _("Cut off (the next run will go on)"))
    number_done = column(gettext_lazy("records"), lambda run: f"{sum(run.done.values()):,}")
    number_left = number_column("left", gettext_lazy("left for the next night"))

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        due = retention.last_due_counts(timezone.now())
        rows = [{"rule": rule, "due": f"{due.counts[rule.name]:,}"} for rule in retention.registered_rules()]
        context = {"rules": rows, "counted": format_long_datetime(due.at), "by_the_hour": list(retention.hourly_periods())}
        return super().changelist_view(request, {**context, **(extra_context or {})})

    @admin.display(description=gettext_lazy("which"))
    def what_was_done(self, run: RetentionRun) -> str:
        named = {rule.name: str(rule.what) for rule in retention.registered_rules()}
        return "\n".join(f"{named.get(name, name)}: {count:,}" for name, count in run.done.items() if count) or _("None")


def broken_retention_promises(sort: str, old: SiteSettings, new: SiteSettings) -> Iterator[AffectedPlan]:
    """A check for `register_promise_check`, of a change to how long we keep a sort of record.

    If the new time is shorter, it counts what would be due at once, in one statement. If it is longer, it quotes the privacy
    notice.
    """
    name = f"keep_{sort}_months"
    now, before, after = timezone.now(), getattr(old, name), getattr(new, name)
    if after > before:
        sentence = _("Our privacy notice says %(long)s now. We would keep records for longer than people were told.")
        yield sentence % {"long": retention.months_text(before)}, f"{reverse('privacy')}#kept"
        return
    rules = [rule for rule in retention.registered_rules() if rule.keeps == sort and not rule.ahead]
    due = count_all([rule.due(months_before(now, after)) for rule in rules])
    for rule, count in zip(rules, due, strict=True):
        if count:
            sentence = ngettext(
                "%(n)s record would be due at once: “%(what)s”.", "%(n)s records would be due at once: “%(what)s”.", count
            )
            yield sentence % {"n": capped_count_text(count), "what": rule.what}, reverse("staff:privacy_retentionrun_changelist")


for sort in retention.record_types():
    register_promise_check(f"keep_{sort}_months", partial(broken_retention_promises, sort))


class LogAdmin(ReadOnlyAdmin):
    """A log of what the law gives a deadline: nothing is ever deleted. A whole reference, however typed, finds only that one.

    The list shows one of the `groups` after the other: the nearest deadline first, but of the last group the latest first.
    `add_form` asks for a new entry, `add` stores it, and `add_context` is for the page.
    `error_fields` names the field beside which a refusal is shown; any other is shown at the top.
    """

    nobody_may = ("delete",)
    actions = None
    add_form: type[forms.Form]
    add_context: ClassVar[dict[str, Any]]
    error_fields: ClassVar[dict[type[DomainError], str]] = {}
    added_message: str | Promise
    format_deadline: Callable[[Any], str]
    groups: ClassVar[tuple[Q, ...]]
    model: type[Complaint | Breach]

    def get_ordering(self, request: HttpRequest) -> list[Any]:
        starts = F(self.model.CLOCK.starts)
        return [
            OrderBy(Case(*(When(group, then=Value(place)) for place, group in enumerate(self.groups)))),
            OrderBy(Case(When(~self.groups[-1], then=starts))),
            OrderBy(starts, descending=True),
            OrderBy(F("pk"), descending=True),
        ]

    def parts(self) -> tuple[ListPart, ...]:
        starts, last = self.model.CLOCK.starts, self.groups[-1]
        return tuple(ListPart(group, (f"-{starts}" if group is last else starts, "-pk")) for group in self.groups)

    def add(self, form: Any, by: User, now: datetime) -> Any:
        raise NotImplementedError

    def add_view(self, request: HttpRequest, form_url: str = "", extra_context: dict[str, Any] | None = None) -> HttpResponse:
        if not self.has_add_permission(request):
            raise PermissionDenied
        form = self.add_form(request.POST if request.method == "POST" else None)
        if request.method == "POST" and form.is_valid():
            try:
                added = self.add(form, signed_in_user(request), timezone.now())
            except DomainError as refusal:
                form.add_error(self.error_fields.get(type(refusal)), str(refusal.message))
            else:
                audit_note(request).add("added", keys=[added.pk])
                facts = {"reference": added.reference, "when": self.format_deadline(added.deadline)}
                messages.success(request, self.added_message % facts)
                return redirect(f"staff:privacy_{self.opts.model_name}_change", added.pk)
        context = {
            **self.admin_site.each_context(request),
            "form": form,
            "media": self.media,
            "opts": self.opts,
            **self.add_context,
        }
        return TemplateResponse(request, "admin/for_caller.html", context)

    def get_search_results(self, request: HttpRequest, queryset: QuerySet[Any], search_term: str) -> tuple[QuerySet[Any], bool]:
        if is_reference(search_term) and (found := queryset.filter(reference=normalise_reference(search_term))).exists():
            return found, False
        return super().get_search_results(request, queryset, search_term)


def overdue_or_state_tag(entry: Clocked, text: str, kind: str) -> SafeString:
    return state_tag(_("Overdue"), "stopped") if entry.is_overdue(timezone.now()) else state_tag(text, kind)


def first_deadline_text(model: type[Complaint | Breach], formatted: Callable[[Any], str]) -> str:
    first = model.objects.running().order_by(model.CLOCK.starts).first()
    return _("the first by %(when)s") % {"when": formatted(first.deadline)} if first else ""


class EventInline(ReadOnlyInline):
    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).select_related("by")


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
        services.acknowledge_complaint,
        available=lambda complaint: complaint.state == ComplaintState.RECEIVED,
        form_class=AcknowledgeComplaintForm,
        explanation=gettext_lazy(
            "Tell them that we have their complaint and are looking into it. We can send the email from here. If you "
            "called or wrote a letter, enter the day."
        ),
        done=gettext_lazy("The complaint is acknowledged. Now look into it without delay."),
        weight="main",
    ),
    ObjectAction(
        "progress",
        gettext_lazy("Tell them how it is going"),
        services.report_complaint_progress,
        available=lambda complaint: complaint.state == ComplaintState.ACKNOWLEDGED,
        form_class=ComplaintMessageForm,
        explanation=gettext_lazy("If it takes longer, the law says that we must tell them how far we are."),
        done=gettext_lazy("We have recorded that they were told."),
    ),
    ObjectAction(
        "answer",
        gettext_lazy("Tell them the outcome"),
        services.answer_complaint,
        available=lambda complaint: complaint.state in {ComplaintState.RECEIVED, ComplaintState.ACKNOWLEDGED},
        form_class=ComplaintMessageForm,
        explanation=gettext_lazy(
            "Say what you found, what you will do about it, and why. The email adds that they can go to the Information "
            "Commissioner. If you do this within the 30 days, it also acknowledges the complaint."
        ),
        done=gettext_lazy("We have recorded the outcome. Close the complaint when you have nothing left to do."),
        weight="main",
    ),
    ObjectAction(
        "note",
        gettext_lazy("Add a note"),
        services.add_complaint_note,
        available=lambda complaint: complaint.anonymised_at is None,
        form_class=ComplaintNoteForm,
        done=gettext_lazy("The note is added."),
    ),
    ObjectAction(
        "close",
        gettext_lazy("Close this complaint"),
        services.close_complaint,
        available=lambda complaint: complaint.is_open,
        form_class=CloseComplaintForm,
        explanation=gettext_lazy("Use this when you have nothing left to do. Nobody will get an email."),
        done=gettext_lazy("The complaint is closed."),
        weight="stop",
    ),
)


class ComplaintStateFilter(OptionsFilter):
    title = gettext_lazy("state")
    parameter_name = "state"

    options = {
        "overdue": (gettext_lazy("Acknowledgement overdue"), lambda complaints, now: complaints.overdue(now)),
        **{state.value: (state.label, narrow_by(state=state)) for state in ComplaintState},
    }


class ComplaintEventInline(EventInline):
    model = ComplaintEvent
    verbose_name_plural = gettext_lazy("What has happened")
    fields = ("day", "what", "by", "words")
    readonly_fields = ("day", "what", "words")
    words = column(gettext_lazy("words"), lambda event: shown_text(event, "text") or EMPTY_VALUE)
    day = column(gettext_lazy("day"), lambda event: format_day(event.on))

    @admin.display(description=gettext_lazy("what"))
    def what(self, event: ComplaintEvent) -> str:
        recorded = _("Recorded on %(day)s") % {"day": format_day(event.at)} if uk_day(event.at) != event.on else ""
        return "\n".join(filter(None, [event.get_kind_display(), event.get_told_display(), recorded]))


@admin.register(Complaint, site=staff_site)
class ComplaintAdmin(LogAdmin):
    list_display = ("reference", "state_text", "due", "received", "name", "came_by")
    list_filter = (ComplaintStateFilter, "channel")
    search_fields = ("reference", "name", "email")
    search_help_text = gettext_lazy("Reference, name or email address")
    ordering = ("received_on", "pk")
    fields = readonly_fields = (
        "state_text",
        "due",
        "came_by",
        "received",
        "name",
        "person_email",
        "person_phone",
        "what_went_wrong",
        "what_they_want",
    )
    may_be_empty = ("what_went_wrong", "what_they_want")
    inlines = (ComplaintEventInline,)
    object_actions = COMPLAINT_ACTIONS
    added_message = gettext_lazy("The complaint is entered: %(reference)s. Acknowledge it by %(when)s.")
    format_deadline = staticmethod(format_day)
    groups = tuple(Q(state=state) for state in ComplaintState)
    add_form = EnterComplaintForm
    add_context: ClassVar = {"title": gettext_lazy("Enter a complaint"), "button": gettext_lazy("Enter the complaint")}
    state_text = column(
        gettext_lazy("state"),
        lambda row: overdue_or_state_tag(row, row.get_state_display(), COMPLAINT_TAGS[ComplaintState(row.state)]),
    )
    received = column(gettext_lazy("received"), lambda complaint: format_day(complaint.received_on))
    came_by = column(gettext_lazy("how it came"), lambda complaint: complaint.get_channel_display(), ordering="channel")
    person_email = column(gettext_lazy("email address"), lambda complaint: mail_link(complaint.email))
    person_phone = column(gettext_lazy("phone"), lambda complaint: phone_link(complaint.phone))
    what_went_wrong = column(gettext_lazy("what went wrong"), lambda complaint: shown_text(complaint, "description"))
    what_they_want = column(gettext_lazy("what they would like us to do"), lambda complaint: shown_text(complaint, "wanted"))

    def add(self, form: EnterComplaintForm, by: User, now: datetime) -> Complaint:
        return services.enter_complaint(
            details=form.details,
            channel=ComplaintChannel(form.cleaned_data["channel"]),
            received_on=form.cleaned_data["received_on"],
            person=None,
            by=by,
            now=now,
            token=form.cleaned_data["token"],
            flagged=form.flagged,
        )

    def get_summary_rows(self, obj: Complaint) -> list[dict[str, object]]:
        rows = (
            (_("From"), f"{obj.name}\n{obj.email or _('No email address')}\n{obj.phone}".strip()),
            (_("Received"), format_day(obj.received_on)),
            (_("What went wrong"), shown_text(obj, "description")),
            (_("What they would like"), shown_text(obj, "wanted")),
        )
        return [{"label": label, "value": value} for label, value in rows if value]

    @admin.display(description=gettext_lazy("what is due"))
    def due(self, complaint: Complaint) -> str:
        today = uk_day(timezone.now())
        if complaint.state == ComplaintState.RECEIVED:
            is_late, facts = complaint.deadline < today, {"day": format_day(complaint.deadline)}
            return (_("Acknowledge it now: the deadline was %(day)s") if is_late else _("Acknowledge it by %(day)s")) % facts
        if complaint.state == ComplaintState.ACKNOWLEDGED:
            days = (today - complaint.received_on).days
            if not days:
                return _("Tell them the outcome without delay: it came today")
            return ngettext(
                "Tell them the outcome without delay: it came %(days)d day ago",
                "Tell them the outcome without delay: it came %(days)d days ago",
                days,
            ) % {"days": days}
        return _("Close it when you have nothing left to do") if complaint.is_open else EMPTY_VALUE


DECISION_TAGS = {BreachDecision.OPEN: "waiting", BreachDecision.TOLD: "good", BreachDecision.NEED_NOT: "done"}


def commissioner_text(breach: Breach) -> str:
    if breach.commissioner_told_at is None:
        return breach.get_commissioner_display()
    told = _("Told on %(when)s") % {"when": format_long_datetime(breach.commissioner_told_at)}
    late = _("after the 72 hours") if breach.commissioner_told_at > breach.deadline else _("within the 72 hours")
    return ", ".join(filter(None, [told, late, breach.commissioner_reference]))


def clock_and_day_text(at: datetime) -> str:
    return _("%(clock)s on %(day)s") % {"clock": format_uk_time(at), "day": format_day(at)}


def print_breach_page(page_admin: StaffModelAdmin, request: HttpRequest, breach: Breach, action: ObjectAction) -> HttpResponse:
    """The whole breach on one page to print, as the regulator may ask for it (UK GDPR article 33(5))."""
    rows = (
        (_("Reference"), breach.reference),
        (_("What happened"), breach.what),
        (_("When it happened"), breach.happened),
        (_("When we became aware"), format_long_datetime(breach.aware_at)),
        (_("The 72 hours end"), format_long_datetime(breach.deadline)),
        (_("Whose data, and which data"), breach.concerns),
        (_("What harm it may do"), breach.effects),
        (_("What was done"), breach.measures),
        (_("Information Commissioner"), commissioner_text(breach)),
        (_("People concerned"), breach.get_people_display()),
    )
    context = {
        **page_admin.get_action_context(request, action, breach, reverse("staff:privacy_breach_change", args=[breach.pk])),
        "title": _("Breach %(reference)s") % {"reference": breach.reference},
        "subtitle": None,
        "rows": [{"label": label, "value": value} for label, value in rows],
        "events": [
            {
                "when": format_long_datetime(event.at),
                "what": event.get_kind_display(),
                "text": event.text,
                "written": format_long_datetime(event.written_at),
                "by": str(event.by or _("A former colleague")),
            }
            for event in breach.events.select_related("by")
        ],
        "printed": format_long_datetime(timezone.now()),
    }
    return TemplateResponse(request, "privacy/staff/breach_on_paper.html", context)


BREACH_ACTIONS = (
    ObjectAction(
        "report",
        gettext_lazy("The Commissioner was told"),
        services.record_commissioner_report,
        available=lambda breach: breach.can_tell_commissioner,
        form_class=CommissionerReportForm,
        explanation=gettext_lazy(
            "First tell the Commissioner on ico.org.uk, within 72 hours, even if you don’t know everything yet. Then "
            "record here when you did it."
        ),
        done=gettext_lazy("We have recorded that the Commissioner was told."),
        weight="main",
    ),
    ObjectAction(
        "no-report",
        gettext_lazy("The Commissioner need not be told"),
        services.record_no_commissioner_report,
        available=lambda breach: breach.is_clock_running,
        form_class=NoCommissionerReportForm,
        done=gettext_lazy("We have recorded why the Commissioner need not be told."),
    ),
    ObjectAction(
        "people",
        gettext_lazy("The people were told"),
        services.record_people_notified,
        available=lambda breach: breach.can_tell_people,
        form_class=PeopleNotifiedForm,
        explanation=gettext_lazy(
            "These are the people whose data it is. If the risk to them is high, we must tell them without delay."
        ),
        done=gettext_lazy("We have recorded that the people were told."),
    ),
    ObjectAction(
        "no-people",
        gettext_lazy("The people need not be told"),
        services.record_people_not_notified,
        available=lambda breach: breach.needs_people_decision,
        form_class=PeopleNotNotifiedForm,
        done=gettext_lazy("We have recorded why the people need not be told."),
    ),
    ObjectAction(
        "add",
        gettext_lazy("Add what we know now"),
        services.add_to_breach,
        form_class=AddToBreachForm,
        done=gettext_lazy("We have added what you know now."),
    ),
    ObjectAction("paper", gettext_lazy("Print all of it"), permission="view", page=print_breach_page),
)


class CommissionerFilter(OptionsFilter):
    title = gettext_lazy("Information Commissioner")
    parameter_name = "state"
    options = {
        "open": (BreachDecision.OPEN.label, narrow_by(commissioner=BreachDecision.OPEN)),
        "overdue": (gettext_lazy("Not decided, 72 hours over"), lambda breaches, now: breaches.overdue(now)),
        "told": (BreachDecision.TOLD.label, narrow_by(commissioner=BreachDecision.TOLD)),
        "need-not": (BreachDecision.NEED_NOT.label, narrow_by(commissioner=BreachDecision.NEED_NOT)),
    }


class PeopleFilter(OptionsFilter):
    title = gettext_lazy("people concerned")
    parameter_name = "people"
    options = {decision.value or "open": (decision.label, narrow_by(people=decision)) for decision in BreachDecision}


class BreachEventInline(EventInline):
    model = BreachEvent
    verbose_name_plural = gettext_lazy("What has happened since")
    fields = ("when", "what", "by", "text")
    readonly_fields = ("when", "what")
    when = datetime_column("at", gettext_lazy("when"))

    @admin.display(description=gettext_lazy("what"))
    def what(self, event: BreachEvent) -> str:
        when = format_long_datetime(event.written_at)
        recorded = _("Recorded on %(when)s") % {"when": when} if event.at != event.written_at else ""
        return "\n".join(filter(None, [event.get_kind_display(), recorded]))


@admin.register(Breach, site=staff_site)
class BreachAdmin(LogAdmin):
    list_display = ("reference", "due", "aware", "commissioner_tag", "people_tag")
    list_filter = (CommissionerFilter, PeopleFilter, period_filter("aware_at"))
    search_fields = ("reference", "commissioner_reference")
    search_help_text = gettext_lazy("Our reference, or the Commissioner’s")
    ordering = ("-aware_at", "-pk")
    sorts_quickly = ("aware",)
    fields = readonly_fields = (
        "due",
        "commissioner_text",
        "people_tag",
        "aware",
        "happened",
        "what",
        "concerns",
        "effects",
        "measures",
    )
    inlines = (BreachEventInline,)
    object_actions = BREACH_ACTIONS
    added_message = gettext_lazy(
        "The breach is entered: %(reference)s. Decide by %(when)s whether to tell the Information Commissioner."
    )
    format_deadline = staticmethod(format_long_datetime)
    groups = (Q(commissioner=BreachDecision.OPEN), ~Q(commissioner=BreachDecision.OPEN))
    add_form = EnterBreachForm
    add_context: ClassVar = {
        "title": gettext_lazy("Enter a breach"),
        "button": gettext_lazy("Enter the breach"),
        "intro": gettext_lazy(
            "You can’t change this later, but you can add to it. Write numbers and kinds, not names: all of it may go to "
            "the Information Commissioner. The 72 hours start when we became aware, and go on at weekends."
        ),
    }
    error_fields: ClassVar = {services.MomentInFuture: "day"}
    aware = datetime_column("aware_at", gettext_lazy("we became aware"))
    commissioner_tag = column(
        gettext_lazy("Information Commissioner"),
        lambda row: overdue_or_state_tag(row, row.get_commissioner_display(), DECISION_TAGS[BreachDecision(row.commissioner)]),
    )
    commissioner_text = column(gettext_lazy("Information Commissioner"), commissioner_text)
    people_tag = column(
        gettext_lazy("people concerned"),
        lambda breach: state_tag(breach.get_people_display(), DECISION_TAGS[BreachDecision(breach.people)]),
    )

    def add(self, form: EnterBreachForm, by: User, now: datetime) -> Breach:
        return services.enter_breach(facts=form.facts, by=by, now=now, token=form.cleaned_data["token"])

    def get_summary_rows(self, obj: Breach) -> list[dict[str, object]]:
        return [
            {"label": _("What happened"), "value": obj.what},
            {"label": _("When we became aware"), "value": format_long_datetime(obj.aware_at)},
            {"label": _("72 hours end"), "value": format_long_datetime(obj.deadline)},
        ]

    @admin.display(description=gettext_lazy("what is due"))
    def due(self, breach: Breach) -> str:
        now = timezone.now()
        if breach.is_clock_running:
            if breach.deadline < now:
                return _("The 72 hours ended at %(when)s") % {"when": clock_and_day_text(breach.deadline)}
            hours = int((breach.deadline - now).total_seconds() // 3600)
            sentence = ngettext(
                "Tell the Commissioner by %(when)s: %(hours)d hour left",
                "Tell the Commissioner by %(when)s: %(hours)d hours left",
                hours,
            )
            return sentence % {"when": clock_and_day_text(breach.deadline), "hours": hours}
        return _("Decide whether to tell the people") if breach.needs_people_decision else _("Nothing")


BREACH_WAITING_ROW = WaitingRow(who="reference", since="aware_at", label=gettext_lazy("Decide"))
COMPLAINT_WAITING_ROW = WaitingRow(who="name", what="reference", since="received_on")

for waiting in (
    WaitingLine(
        gettext_lazy("breaches past the 72 hours, Information Commissioner not told"),
        lambda: Breach.objects.overdue(timezone.now()),
        lambda: f"{reverse('staff:privacy_breach_changelist')}?state=overdue",
        "privacy.view_breach",
        urgent=True,
        one=gettext_lazy("breach past the 72 hours, Information Commissioner not told"),
        named=BREACH_WAITING_ROW,
    ),
    WaitingLine(
        gettext_lazy("breaches: tell the Information Commissioner, or say why not"),
        Breach.objects.running,
        lambda: f"{reverse('staff:privacy_breach_changelist')}?state=open",
        "privacy.view_breach",
        more=partial(first_deadline_text, Breach, clock_and_day_text),
        one=gettext_lazy("breach: tell the Information Commissioner, or say why not"),
        named=BREACH_WAITING_ROW,
    ),
    WaitingLine(
        gettext_lazy("breaches: tell the people concerned, or say why not"),
        Breach.objects.people_to_decide,
        lambda: f"{reverse('staff:privacy_breach_changelist')}?people=open",
        "privacy.view_breach",
        one=gettext_lazy("breach: tell the people concerned, or say why not"),
        named=BREACH_WAITING_ROW,
    ),
    WaitingLine(
        gettext_lazy("complaints past the 30 days, not acknowledged"),
        lambda: Complaint.objects.overdue(timezone.now()),
        lambda: f"{reverse('staff:privacy_complaint_changelist')}?state=overdue",
        "privacy.view_complaint",
        urgent=True,
        one=gettext_lazy("complaint past the 30 days, not acknowledged"),
        named=replace(COMPLAINT_WAITING_ROW, label=gettext_lazy("Acknowledge it"), slug="confirm"),
    ),
    WaitingLine(
        gettext_lazy("complaints to acknowledge"),
        Complaint.objects.running,
        lambda: f"{reverse('staff:privacy_complaint_changelist')}?state={ComplaintState.RECEIVED}",
        "privacy.view_complaint",
        more=partial(first_deadline_text, Complaint, format_day),
        one=gettext_lazy("complaint to acknowledge"),
        named=replace(COMPLAINT_WAITING_ROW, label=gettext_lazy("Acknowledge it"), slug="confirm"),
    ),
    WaitingLine(
        gettext_lazy("complaints to answer"),
        Complaint.objects.to_answer,
        lambda: f"{reverse('staff:privacy_complaint_changelist')}?state={ComplaintState.ACKNOWLEDGED}",
        "privacy.view_complaint",
        one=gettext_lazy("complaint to answer"),
        named=replace(COMPLAINT_WAITING_ROW, label=gettext_lazy("Answer it"), slug="answer"),
    ),
):
    staff_site.add_waiting(gettext_lazy("Data protection"), waiting)


# Only by their whole reference: nothing else in a complaint or a breach is searched.
search_registry.add(SearchKind(Complaint, about=lambda complaint: (complaint.get_state_display(),)))
search_registry.add(SearchKind(Breach))
