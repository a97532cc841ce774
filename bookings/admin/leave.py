"""Leave: the page first shows which bookings it hits, and enters it when staff have seen them."""

from collections.abc import Sequence
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from bookings.admin.for_caller import near_today, uk_moment
from bookings.models import Booking, Leave, LeaveKind, Presenter
from bookings.services import LeaveOverDelivered, bookings_hit, end_leave, record_leave
from ctac.forms import PageForm
from ctac.staff import StaffModelAdmin, staff_site
from professionals.models import User
from professionals.safeguarding import ChildDetailsMixin


class LeaveForm(ChildDetailsMixin, PageForm):
    free_text_fields = ("reason",)

    presenter = forms.ModelChoiceField(label=gettext_lazy("Presenter"), queryset=Presenter.objects.active())
    kind = forms.ChoiceField(label=gettext_lazy("Kind"), choices=LeaveKind)
    first_day = forms.DateField(
        label=gettext_lazy("First day"), widget=forms.DateInput({"type": "date"}), validators=[near_today]
    )
    from_clock = forms.TimeField(label=gettext_lazy("From (UK time)"), widget=forms.TimeInput({"type": "time"}), initial="00:00")
    last_day = forms.DateField(label=gettext_lazy("Last day"), widget=forms.DateInput({"type": "date"}), validators=[near_today])
    to_clock = forms.TimeField(label=gettext_lazy("Until (UK time)"), widget=forms.TimeInput({"type": "time"}), initial="23:59")
    reason = forms.CharField(
        label=gettext_lazy("Note"),
        max_length=200,
        required=False,
        help_text=gettext_lazy("For colleagues. Nothing about health."),
    )

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        for moment, day, clock in (("starts_at", "first_day", "from_clock"), ("ends_at", "last_day", "to_clock")):
            if cleaned.get(day) and cleaned.get(clock) is not None:
                try:
                    cleaned[moment] = uk_moment(cleaned[day], cleaned[clock])
                except ValidationError as error:
                    self.add_error(clock, error)
        if cleaned.get("starts_at") and cleaned.get("ends_at") and cleaned["ends_at"] <= cleaned["starts_at"]:
            self.add_error("last_day", ValidationError(_("Leave must end after it starts.")))
        return cleaned

    @property
    def asked(self) -> dict[str, Any]:
        return {name: self.cleaned_data[name] for name in ("presenter", "starts_at", "ends_at")}


@admin.register(Leave, site=staff_site)
class LeaveAdmin(StaffModelAdmin):
    change_form_template = "admin/change_form_without_history.html"
    change_list_template = "bookings/staff/leave.html"
    list_display = ("presenter", "when", "kind", "reason")
    list_filter = ("presenter", "kind", "starts_at")
    list_select_related = ("presenter",)
    ordering = ("-starts_at",)
    fields = ("presenter", "kind", "when", "reason", "created_at")
    readonly_fields = fields

    @admin.display(description=gettext_lazy("when"), ordering="starts_at")
    def when(self, leave: Leave) -> str:
        return leave.when

    def add_view(self, request: HttpRequest, form_url: str = "", extra_context: dict[str, Any] | None = None) -> HttpResponse:
        if not self.has_add_permission(request):
            raise PermissionDenied
        form = LeaveForm(request.POST if request.method == "POST" else None)
        hit: list[Booking] = []
        if request.method == "POST" and form.is_valid():
            hit = self.hit_by(form)
            if not form.errors and seen(hit) == request.POST.get("seen", ""):
                return self.enter(request, form)
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": _("Enter leave"),
            "button": _("Enter it all the same") if hit else _("Enter leave"),
            "form": form,
            "hit": hit,
            "seen": seen(hit),
        }
        return TemplateResponse(request, "bookings/staff/enter_leave.html", context)

    def hit_by(self, form: LeaveForm) -> list[Booking]:
        try:
            return bookings_hit(**form.asked, now=timezone.now())
        except LeaveOverDelivered as refusal:
            form.add_error("first_day", str(refusal.message))
            return []

    def enter(self, request: HttpRequest, form: LeaveForm) -> HttpResponse:
        more = {name: form.cleaned_data[name] for name in ("kind", "reason")}
        recorded = record_leave(**form.asked, **more, flagged=form.flagged, by=acting(request), now=timezone.now())
        count = len(recorded.freed)
        if count:
            said = ngettext(
                "The leave is entered. %(count)d booking needs a presenter: %(references)s",
                "The leave is entered. %(count)d bookings need a presenter: %(references)s",
                count,
            )
            messages.warning(request, said % {"count": count, "references": ", ".join(map(str, recorded.freed))})
            return redirect(f"{reverse('staff:bookings_booking_changelist')}?needs_presenter=yes")
        messages.success(request, _("The leave is entered. It hits no booking."))
        return redirect("staff:bookings_leave_changelist")

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Nothing to save: to change leave, take it back and enter it again."""
        no_save = {"show_save": False, "show_save_and_continue": False, "show_save_and_add_another": False}
        return super().change_view(request, object_id, form_url, {**(extra_context or {}), **no_save})

    def delete_model(self, request: HttpRequest, obj: Leave) -> None:
        end_leave(leave=obj, by=acting(request), now=timezone.now())

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Leave]) -> None:
        for leave in queryset.order_by("pk"):
            self.delete_model(request, leave)

    def get_deleted_objects(
        self, objs: Sequence[Any] | QuerySet[Any], request: HttpRequest
    ) -> tuple[list[str], dict[str, int], set[str], list[str]]:
        """Only the leave itself: its busy time goes with it, by the service."""
        return [str(leave) for leave in objs], {str(self.opts.verbose_name_plural): len(objs)}, set(), []


def seen(bookings: Sequence[Booking]) -> str:
    """What the page showed: if it has changed meanwhile, the page asks again."""
    return ",".join(booking.reference for booking in bookings)


def acting(request: HttpRequest) -> User:
    assert isinstance(request.user, User)  # noqa: S101 - the staff site lets nobody else in
    return request.user
