"""Leave: entered by staff, or asked for and then decided. Each page first shows which bookings and sessions it hits."""

from collections.abc import Sequence
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import Case, F, OrderBy, Q, QuerySet, When
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _, gettext_lazy, ngettext

from accounts.access import signed_in_user
from bookings.leave.forms import OwnLeaveForm, join_references
from bookings.leave.services import RecordedLeave, end_leave, get_affected_by_leave, grant_leave, record_leave, refuse_leave
from bookings.models import BookingOrSession, Leave, LeaveState, Visit
from bookings.schedule.admin import AnyPresenterFilter, presenter_field
from bookings.text import summary_row
from bookings.visits.admin import still_there_text
from core.errors import DomainError
from core.forms import domain_error_to_form
from professionals.safeguarding.forms import StaffForm, reason_field
from professionals.safeguarding.services import searched_expression, shown_text
from staff.actions import ObjectAction
from staff.lists import column, datetime_column, state_column
from staff.model_admin import ReadOnlyAdmin
from staff.site import staff_site


class LeaveForm(OwnLeaveForm):
    presenter = presenter_field(gettext_lazy("Who is away?"), missing=gettext_lazy("Choose who is away."))
    field_order = ("presenter",)


class RefuseLeaveForm(StaffForm):
    free_text_fields = ("answer",)

    answer = reason_field(
        gettext_lazy("Why can’t we say yes?"),
        missing=gettext_lazy("Write why we can’t say yes."),
        hint=gettext_lazy("The presenter reads this in the email."),
        rows=3,
    )


def is_asked(leave: Leave) -> bool:
    return leave.state == LeaveState.ASKED


def grant_page(page: "LeaveAdmin", request: HttpRequest, leave: Leave, action: ObjectAction) -> HttpResponse:
    """Shows the bookings and sessions that the leave hits before it is granted."""
    form, hit = forms.Form(request.POST if request.method == "POST" else None), []
    now = timezone.now()
    try:
        hit = get_affected_by_leave(presenter=leave.presenter, starts_at=leave.starts_at, ends_at=leave.ends_at, now=now)
        if form.is_valid() and join_references(hit) == request.POST.get("seen", ""):
            granted = grant_leave(leave, by=signed_in_user(request), now=now)
            return page.recorded_response(request, granted, _("The leave is granted."))
    except DomainError as refusal:
        form.add_error(None, str(refusal.message)) if form.is_bound else messages.warning(request, str(refusal.message))
    more = {"title": str(action.label), "button": _("Grant it"), "rows": page.get_summary_rows(leave), "original": leave}
    return page.render_affected_page(request, form=form, hit=hit, **more)


GRANT_ACTION = ObjectAction("grant", gettext_lazy("Grant this leave"), page=grant_page, available=is_asked, weight="main")
REFUSE_ACTION = ObjectAction(
    "refuse",
    gettext_lazy("Say no to this leave"),
    refuse_leave,
    available=is_asked,
    form_class=RefuseLeaveForm,
    explanation=gettext_lazy("The presenter will get an email. People can still book them for that time."),
    done=gettext_lazy("The presenter will get an email."),
    weight="stop",
)


@admin.register(Leave, site=staff_site)
class LeaveAdmin(ReadOnlyAdmin):
    change_list_template = "bookings/leave/staff/leave.html"
    list_display = ("presenter", "when", "kind", "state_text", "why")
    list_filter = ("state", AnyPresenterFilter, "kind", "starts_at")
    object_actions = (GRANT_ACTION, REFUSE_ACTION)
    list_select_related = ("presenter",)
    ordering = ("-pk",)  # get_ordering decides; the model’s own would put an arrow on a column that the list is not sorted by
    search_fields = ("presenter__name", "searched_reason")
    search_help_text = gettext_lazy("Presenter or note")
    fields = ("presenter", "state_text", "kind", "when", "why", "answered", "entered")
    readonly_fields = fields
    may_be_empty = ("why", "answered")
    entered = datetime_column("created_at", gettext_lazy("entered"))
    when = column(gettext_lazy("when"), lambda leave: leave.days_text, ordering="starts_at")
    why = column(gettext_lazy("note"), lambda leave: shown_text(leave, "reason"))
    answered = column(gettext_lazy("why it was refused"), lambda leave: shown_text(leave, "answer"))
    state_text = state_column()

    def get_queryset(self, request: HttpRequest) -> QuerySet[Leave]:
        searched = searched_expression("reason", flagged_child_details=True)
        return super().get_queryset(request).alias(searched_reason=searched)

    def get_ordering(self, request: HttpRequest) -> list[Any]:
        """First leave that is going on or to come, even if only asked for; then leave that is over, the latest first."""
        comes = Case(When(Q(ends_at__gt=timezone.now()) & ~Q(state=LeaveState.REFUSED), then=F("starts_at")))
        return [OrderBy(comes), OrderBy(F("starts_at"), descending=True), OrderBy(F("pk"))]

    def get_summary_rows(self, obj: Leave) -> list[dict[str, object]]:
        return [
            summary_row(_("Presenter"), obj.presenter.name),
            summary_row(_("When"), obj.days_text),
            summary_row(_("Kind of leave"), obj.get_kind_display()),
        ]

    def render_affected_page(self, request: HttpRequest, *, hit: list[BookingOrSession], **more: Any) -> HttpResponse:
        context = {**self.admin_site.each_context(request), "opts": self.opts, "hit": hit, "seen": join_references(hit), **more}
        return TemplateResponse(request, "bookings/leave/staff/enter_leave.html", context)

    def add_view(self, request: HttpRequest, form_url: str = "", extra_context: dict[str, Any] | None = None) -> HttpResponse:
        if not self.has_add_permission(request):
            raise PermissionDenied
        form = LeaveForm(request.POST if request.method == "POST" else None)
        hit: list[BookingOrSession] = []
        if request.method == "POST" and form.is_valid():
            hit = form.get_affected(form.cleaned_data["presenter"])
            if not form.errors and join_references(hit) == request.POST.get("seen", ""):
                details = {name: form.cleaned_data[name] for name in ("presenter", "starts_at", "ends_at", "kind", "reason")}
                with domain_error_to_form(form):  # a presentation was marked as delivered meanwhile, say
                    recorded = record_leave(**details, flagged=form.flagged, by=signed_in_user(request), now=timezone.now())
                    return self.recorded_response(request, recorded, _("The leave is entered."))
        button = _("Enter this leave anyway") if hit else _("Enter leave")
        return self.render_affected_page(request, title=_("Enter leave"), button=button, form=form, hit=hit)

    def recorded_response(self, request: HttpRequest, recorded: RecordedLeave, sentence: str) -> HttpResponse:
        """Go to who could step in, if it hit any booking; else to the sessions that need a presenter."""
        freed = [*recorded.freed, *recorded.sessions]
        if not freed:
            messages.success(request, _("%(done)s No booking or session is affected.") % {"done": sentence})
            return redirect("staff:bookings_leave_changelist")
        needs = ngettext(
            "%(done)s %(count)d presentation needs a presenter: %(references)s",
            "%(done)s %(count)d presentations need a presenter: %(references)s",
            len(freed),
        )
        references = ", ".join(map(str, freed))
        messages.warning(request, needs % {"done": sentence, "count": len(freed), "references": references})
        if late := [booking.reference for booking in recorded.freed if booking.find_overdue(timezone.now())]:
            begun = _(
                "Nobody has heard from the presenter of %(references)s. Call them first. Then open the booking and press "
                "“Say that all is well”."
            )
            messages.error(request, begun % {"references": ", ".join(late)})
        for visit in Visit.objects.filter(booking__in=recorded.freed).select_related("booking__presenter", "presenter"):
            if visit.is_handed_over:
                messages.warning(request, f"{visit.booking.reference}: {still_there_text(visit)}")
        if recorded.freed:
            return redirect("staff:bookings_booking_stand_ins")
        return redirect(f"{reverse('staff:bookings_opensession_changelist')}?look=presenter")

    def delete_model(self, request: HttpRequest, obj: Leave) -> None:
        """Django calls this for one leave; the service frees its busy time."""
        end_leave(leave=obj, by=signed_in_user(request), now=timezone.now())

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Leave]) -> None:
        with transaction.atomic():
            for leave in queryset.order_by("presenter_id", "pk"):  # presenters are locked in key order
                end_leave(leave=leave, by=signed_in_user(request), now=timezone.now())

    def get_deleted_objects(
        self, objs: Sequence[Any] | QuerySet[Any], request: HttpRequest
    ) -> tuple[list[str], dict[str, int], set[str], list[str]]:
        """Only the leave itself: the service deletes its busy time."""
        return [str(leave) for leave in objs], {str(self.opts.verbose_name_plural): len(objs)}, set(), []
