"""The log of complaints: what is to be acknowledged first, then what is looked into, then what is done with."""

from datetime import date
from typing import Any, ClassVar

from django.contrib import admin, messages
from django.db.models import Case, F, OrderBy, Q, QuerySet, Value, When
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from ctac.staff import ObjectAction, Waiting, staff_site
from ctac.staff_acts import tell
from ctac.staff_big_lists import Part
from ctac.staff_lists import NOTHING, ReadOnlyInline, mail_link, phone_link, state_tag
from ctac.uk import format_day, uk_day
from dataprotection.admin.complaint_forms import AcknowledgeForm, CloseForm, EnterForm, NoteForm, TellForm
from dataprotection.admin.log import Log, list_of
from dataprotection.models import Came, Complaint, ComplaintEvent, ComplaintState, Told
from dataprotection.services.complaining import complain
from dataprotection.services.handling import acknowledge, answer, close, note, tell_progress
from professionals.access import signed_in
from professionals.models import User

TAGS = {
    ComplaintState.RECEIVED: "waiting",
    ComplaintState.ACKNOWLEDGED: "good",
    ComplaintState.ANSWERED: "done",
    ComplaintState.CLOSED: "done",
}


def do_acknowledge(complaint: Complaint, *, by: User, told: Told, on: date | None, words: str) -> None:
    acknowledge(complaint=complaint, told=told, on=on, words=words, by=by, now=timezone.now())


def do_tell_progress(complaint: Complaint, *, by: User, told: Told, on: date | None, words: str) -> None:
    tell_progress(complaint=complaint, told=told, on=on, words=words, by=by, now=timezone.now())


def do_answer(complaint: Complaint, *, by: User, told: Told, on: date | None, words: str) -> None:
    answer(complaint=complaint, told=told, on=on, words=words, by=by, now=timezone.now())


def do_note(complaint: Complaint, *, by: User, words: str, flagged: bool) -> None:
    note(complaint=complaint, words=words, flagged=flagged, by=by, now=timezone.now())


def do_close(complaint: Complaint, *, by: User, words: str, flagged: bool) -> None:
    close(complaint=complaint, words=words, flagged=flagged, by=by, now=timezone.now())


ACTIONS = (
    ObjectAction(
        "confirm",
        gettext_lazy("Acknowledge this complaint"),
        do_acknowledge,
        available=lambda complaint: complaint.may_be_acknowledged,
        form_class=AcknowledgeForm,
        explanation=gettext_lazy(
            "Tell them that we have their complaint and look into it. By email it goes from here; if you rang or wrote, say when."
        ),
        done=gettext_lazy("It is acknowledged. Now look into it without delay."),
        weight="main",
    ),
    ObjectAction(
        "progress",
        gettext_lazy("Tell them how it goes"),
        do_tell_progress,
        available=lambda complaint: complaint.state == ComplaintState.ACKNOWLEDGED,
        form_class=TellForm,
        explanation=gettext_lazy("When it takes longer, the law asks us to say how far we are."),
        done=gettext_lazy("It is written down that they were told."),
    ),
    ObjectAction(
        "answer",
        gettext_lazy("Tell them the outcome"),
        do_answer,
        available=lambda complaint: complaint.may_be_answered,
        form_class=TellForm,
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
        do_note,
        available=lambda complaint: complaint.anonymised_at is None,
        form_class=NoteForm,
        done=gettext_lazy("The note is there."),
    ),
    ObjectAction(
        "close",
        gettext_lazy("Close this complaint"),
        do_close,
        available=lambda complaint: complaint.is_open,
        form_class=CloseForm,
        explanation=gettext_lazy("Nothing more is to do. Nobody is told of this."),
        done=gettext_lazy("The complaint is closed."),
        weight="stop",
    ),
)


class StateFilter(admin.SimpleListFilter):
    title = gettext_lazy("state")
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("overdue", _("Acknowledgement overdue")), *((value, str(label)) for value, label in ComplaintState.choices)]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        if self.value() == "overdue":
            return queryset.overdue(uk_day(timezone.now()))
        return queryset.filter(state=self.value()) if self.value() in ComplaintState else queryset


class EventInline(ReadOnlyInline):
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


FIELDS = (
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
class ComplaintAdmin(Log):
    list_display = ("reference", "state_in_words", "due", "received", "name", "came_by")
    list_filter = (StateFilter, "came")
    search_fields = ("reference", "name", "email")
    search_help_text = gettext_lazy("Reference, name or email address")
    ordering = ("received_on", "pk")
    actions = None
    fieldsets = ((None, {"fields": FIELDS}),)
    readonly_fields = FIELDS
    may_be_empty = ("what_went_wrong", "what_they_want")
    inlines = (EventInline,)
    object_actions = ACTIONS
    enter_form = EnterForm
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

    def enter(self, request: HttpRequest, form: EnterForm) -> HttpResponse:
        made = complain(
            said=form.said,
            came=Came(form.cleaned_data["came"]),
            received_on=form.cleaned_data["received_on"],
            person=None,
            by=signed_in(request),
            now=timezone.now(),
            token=form.cleaned_data["token"],
            flagged=form.flagged,
        )
        tell(request, "added", keys=[made.pk])
        due = _("The complaint is entered: %(reference)s. Acknowledge it by %(day)s.")
        messages.success(request, due % {"reference": made.reference, "day": format_day(made.due_on)})
        return redirect("staff:dataprotection_complaint_change", made.pk)

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
        return state_tag(complaint.get_state_display(), TAGS[ComplaintState(complaint.state)])

    @admin.display(description=gettext_lazy("what is due"))
    def due(self, complaint: Complaint) -> str:
        return due_in_words(complaint, uk_day(timezone.now()))

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


def due_in_words(complaint: Complaint, today: date) -> str:
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


def first_due() -> str:
    """On from "complaints to acknowledge"."""
    received_on = Complaint.objects.to_acknowledge().order_by("received_on").values_list("received_on", flat=True).first()
    if received_on is None:
        return ""
    return _("the first by %(day)s") % {"day": format_day(Complaint(received_on=received_on).due_on)}


for waiting in (
    Waiting(
        gettext_lazy("complaints past the 30 days in which to acknowledge them"),
        lambda: Complaint.objects.overdue(uk_day(timezone.now())),
        lambda: list_of(Complaint, "overdue"),
        "dataprotection.view_complaint",
        urgent=True,
    ),
    Waiting(
        gettext_lazy("complaints to acknowledge"),
        lambda: Complaint.objects.to_acknowledge(),
        lambda: list_of(Complaint, ComplaintState.RECEIVED),
        "dataprotection.view_complaint",
        more=first_due,
    ),
    Waiting(
        gettext_lazy("complaints to answer"),
        lambda: Complaint.objects.to_answer(),
        lambda: list_of(Complaint, ComplaintState.ACKNOWLEDGED),
        "dataprotection.view_complaint",
    ),
):
    staff_site.add_waiting(gettext_lazy("Data protection"), waiting)
