"""Leave: entered by staff, or asked for and then decided. Each page first shows which bookings and sessions it hits."""

from collections.abc import Sequence
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import Case, F, OrderBy, Q, QuerySet, When
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from accounts.models import User
from bookings.leave.forms import OwnLeaveForm, references_of
from bookings.leave.services import RecordedLeave, end_leave, grant_leave, hit_by_leave, record_leave, refuse_leave
from bookings.models import Booking, Leave, LeaveState, OpenSession, Presenter, Visit
from bookings.schedule.admin.forms import AnyPresenterFilter, PresenterChoice
from bookings.visits.admin import still_there_text
from ctac.errors import DomainError
from ctac.staff.columns import LooksOnly, moment_of, state_tag
from ctac.staff.site import ObjectAction, staff_site
from professionals.safeguarding.forms import StaffForm
from professionals.safeguarding.services import KEPT_BACK


class LeaveForm(OwnLeaveForm):
    """The same with whose it is."""

    presenter = PresenterChoice(
        label=gettext_lazy("Who is away?"),
        queryset=Presenter.objects.active(),
        empty_label=gettext_lazy("Choose a presenter"),
        error_messages={"required": gettext_lazy("Choose who is away.")},
    )
    field_order = ("presenter",)


class RefuseLeaveForm(StaffForm):
    free_text_fields = ("answer",)

    answer = forms.CharField(
        label=gettext_lazy("Why can’t we say yes?"),
        max_length=300,
        widget=forms.Textarea({"rows": 3}),
        help_text=gettext_lazy("The presenter reads this in the email."),
        error_messages={"required": gettext_lazy("Write why we can’t say yes.")},
    )


def is_asked(leave: Leave) -> bool:
    return leave.state == LeaveState.ASKED


GRANT = ObjectAction(
    "grant", gettext_lazy("Grant this leave"), grant_leave, available=is_asked, weight="main", done=gettext_lazy("Granted.")
)
REFUSE = ObjectAction(
    "refuse",
    gettext_lazy("Say no to this leave"),
    refuse_leave,
    available=is_asked,
    form_class=RefuseLeaveForm,
    explanation=gettext_lazy("The presenter gets an email, and can still be booked in that time."),
    done=gettext_lazy("The presenter gets an email."),
    weight="stop",
)


@admin.register(Leave, site=staff_site)
class LeaveAdmin(LooksOnly):
    change_list_template = "bookings/staff/leave.html"
    list_display = ("presenter", "when", "kind", "state_in_words", "why")
    list_filter = ("state", AnyPresenterFilter, "kind", "starts_at")
    object_actions = (GRANT, REFUSE)
    list_select_related = ("presenter",)
    ordering = ("-pk",)  # get_ordering decides; the model’s own would put an arrow on a column that the list is not sorted by
    search_fields = ("presenter__name", "reason")
    search_help_text = gettext_lazy("Presenter or note")
    fields = ("presenter", "state_in_words", "kind", "when", "reason", "answer", "entered")
    readonly_fields = fields
    entered = moment_of("created_at", gettext_lazy("entered"))

    def get_ordering(self, request: HttpRequest) -> list[Any]:
        """Who is away now or next comes first, also what is asked for; then what is over, the latest first."""
        comes = Case(When(Q(ends_at__gt=timezone.now()) & ~Q(state=LeaveState.REFUSED), then=F("starts_at")))
        return [OrderBy(comes), OrderBy(F("starts_at"), descending=True), OrderBy(F("pk"))]

    @admin.display(description=gettext_lazy("when"), ordering="starts_at")
    def when(self, leave: Leave) -> str:
        return leave.days_text

    @admin.display(description=gettext_lazy("note"), ordering="reason")
    def why(self, leave: Leave) -> str:
        return str(KEPT_BACK) if leave.flagged_child_details else leave.reason

    @admin.display(description=gettext_lazy("state"), ordering="state")
    def state_in_words(self, leave: Leave) -> str:
        return state_tag(leave.get_state_display(), leave.status_colour)

    def summary_of(self, obj: Leave) -> list[dict[str, object]]:
        rows = [(_("Presenter"), obj.presenter), (_("When"), obj.days_text), (_("Kind of leave"), obj.get_kind_display())]
        return [{"label": label, "value": value} for label, value in rows]

    def object_action_view(self, request: HttpRequest, object_id: str, slug: str) -> HttpResponse:
        """Granting has a page of its own, which shows the bookings and sessions that the leave hits."""
        if slug != GRANT.slug:
            return super().object_action_view(request, object_id, slug)
        leave = self.get_object(request, object_id)
        if leave is None:
            raise Http404
        if not self.may(request, GRANT, leave):
            raise PermissionDenied
        if not GRANT.available(leave):
            messages.warning(request, _("“%(obj)s” has changed meanwhile, so this can no longer be done.") % {"obj": leave})
            return redirect("staff:bookings_leave_change", leave.pk)
        form, hit = forms.Form(request.POST if request.method == "POST" else None), []
        try:
            hit = hit_by_leave(presenter=leave.presenter, starts_at=leave.starts_at, ends_at=leave.ends_at, now=timezone.now())
            if form.is_valid() and references_of(hit) == request.POST.get("seen", ""):
                return self.entered_now(
                    request, grant_leave(leave, by=acting_user(request), now=timezone.now()), _("The leave is granted.")
                )
        except DomainError as refusal:
            form.add_error(None, str(refusal.message)) if form.is_bound else messages.warning(request, str(refusal.message))
        return self.page_with_hits(
            request, title=str(GRANT.label), button=_("Grant it"), form=form, hit=hit, rows=self.summary_of(leave), original=leave
        )

    def page_with_hits(self, request: HttpRequest, *, hit: list[Booking | OpenSession], **more: Any) -> HttpResponse:
        context = {**self.admin_site.each_context(request), "opts": self.opts, "hit": hit, "seen": references_of(hit), **more}
        return TemplateResponse(request, "bookings/staff/enter_leave.html", context)

    def add_view(self, request: HttpRequest, form_url: str = "", extra_context: dict[str, Any] | None = None) -> HttpResponse:
        if not self.has_add_permission(request):
            raise PermissionDenied
        form = LeaveForm(request.POST if request.method == "POST" else None)
        hit: list[Booking | OpenSession] = []
        if request.method == "POST" and form.is_valid():
            hit = form.hits(form.cleaned_data["presenter"])
            if not form.errors and references_of(hit) == request.POST.get("seen", ""):
                try:
                    return self.enter(request, form)
                except DomainError as refusal:  # a presentation was marked as delivered meanwhile, say
                    form.add_error(None, str(refusal.message))
        button = _("Enter it all the same") if hit else _("Enter leave")
        return self.page_with_hits(request, title=_("Enter leave"), button=button, form=form, hit=hit)

    def enter(self, request: HttpRequest, form: LeaveForm) -> HttpResponse:
        more = {name: form.cleaned_data[name] for name in ("presenter", "kind", "reason")}
        recorded = record_leave(**form.asked, **more, flagged=form.flagged, by=acting_user(request), now=timezone.now())
        return self.entered_now(request, recorded, _("The leave is entered."))

    def entered_now(self, request: HttpRequest, recorded: RecordedLeave, sentence: str) -> HttpResponse:
        """On to who could step in, if it hit any booking; else to the sessions that need a presenter."""
        freed = [*recorded.freed, *recorded.sessions]
        if not freed:
            messages.success(request, _("%(done)s It hits no booking and no session.") % {"done": sentence})
            return redirect("staff:bookings_leave_changelist")
        said = ngettext(
            "%(done)s %(count)d presentation needs a presenter: %(references)s",
            "%(done)s %(count)d presentations need a presenter: %(references)s",
            len(freed),
        )
        references = ", ".join(map(str, freed))
        messages.warning(request, said % {"done": sentence, "count": len(freed), "references": references})
        if late := [booking.reference for booking in recorded.freed if booking.overdue_at(timezone.now())]:
            begun = _("Nobody has heard from the presenter of %(references)s. Call them first, then say there that all is well.")
            messages.error(request, begun % {"references": ", ".join(late)})
        for visit in Visit.objects.filter(booking__in=recorded.freed).select_related("booking__presenter", "presenter"):
            if visit.is_handed_over:
                messages.warning(request, f"{visit.booking.reference}: {still_there_text(visit)}")
        if recorded.freed:
            return redirect("staff:bookings_booking_stand_ins")
        return redirect(f"{reverse('staff:bookings_opensession_changelist')}?look=presenter")

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Leave]) -> None:
        with transaction.atomic():
            for leave in queryset.order_by("presenter_id", "pk"):  # presenters are locked in key order
                end_leave(leave=leave, by=acting_user(request), now=timezone.now())

    def get_deleted_objects(
        self, objs: Sequence[Any] | QuerySet[Any], request: HttpRequest
    ) -> tuple[list[str], dict[str, int], set[str], list[str]]:
        """Only the leave itself: its busy time goes with it, by the service."""
        return [str(leave) for leave in objs], {str(self.opts.verbose_name_plural): len(objs)}, set(), []


def acting_user(request: HttpRequest) -> User:
    assert isinstance(request.user, User)  # noqa: S101 - the staff site lets nobody else in
    return request.user
