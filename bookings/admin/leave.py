"""Leave: the page first shows which bookings it hits, and enters it when staff have seen them."""

from collections.abc import Sequence
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.db.models import Case, F, OrderBy, QuerySet, When
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from bookings.admin.actions import PresenterChoice
from bookings.models import Booking, Leave, LeaveKind, Presenter
from bookings.models.leave import END_OF_DAY, START_OF_DAY
from bookings.services import LeaveOverDelivered, bookings_hit, end_leave, record_leave
from ctac.errors import DomainError
from ctac.forms import PageForm
from ctac.staff import staff_site
from ctac.staff_fields import ClockField, DayField, near_today, uk_moment
from ctac.staff_lists import LooksOnly, moment_of
from professionals.models import User
from professionals.safeguarding import ChildDetailsMixin

WHOLE_DAY = gettext_lazy("UK time, such as 1:30pm. Leave empty for the whole day.")


class LeaveForm(ChildDetailsMixin, PageForm):
    free_text_fields = ("reason",)

    presenter = PresenterChoice(
        label=gettext_lazy("Who is away?"),
        queryset=Presenter.objects.active(),
        empty_label=gettext_lazy("Choose a presenter"),
        error_messages={"required": gettext_lazy("Choose who is away.")},
    )
    kind = forms.ChoiceField(label=gettext_lazy("Kind of leave"), choices=LeaveKind)
    first_day = DayField(
        label=gettext_lazy("First day"),
        validators=[near_today],
        error_messages={"required": gettext_lazy("Enter the first day of the leave.")},
    )
    from_clock = ClockField(label=gettext_lazy("From"), required=False, help_text=WHOLE_DAY)
    last_day = DayField(
        label=gettext_lazy("Last day"),
        validators=[near_today],
        error_messages={"required": gettext_lazy("Enter the last day of the leave.")},
    )
    to_clock = ClockField(label=gettext_lazy("Until"), required=False, help_text=WHOLE_DAY)
    reason = forms.CharField(
        label=gettext_lazy("Note"),
        max_length=200,
        required=False,
        help_text=gettext_lazy("For colleagues. Nothing about health."),
    )

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        for moment, day, clock, whole in (
            ("starts_at", "first_day", "from_clock", START_OF_DAY),
            ("ends_at", "last_day", "to_clock", END_OF_DAY),
        ):
            if cleaned.get(day) and clock in cleaned:
                typed = cleaned[clock]
                try:
                    cleaned[moment] = uk_moment(cleaned[day], whole if typed is None else typed)
                except ValidationError as error:
                    self.add_error(clock, error)
        if cleaned.get("starts_at") and cleaned.get("ends_at") and cleaned["ends_at"] <= cleaned["starts_at"]:
            self.add_error("last_day", ValidationError(_("Leave must end after it starts.")))
        return cleaned

    @property
    def asked(self) -> dict[str, Any]:
        return {name: self.cleaned_data[name] for name in ("presenter", "starts_at", "ends_at")}


@admin.register(Leave, site=staff_site)
class LeaveAdmin(LooksOnly):
    change_list_template = "bookings/staff/leave.html"
    list_display = ("presenter", "when", "kind", "reason")
    list_filter = ("presenter", "kind", "starts_at")
    list_select_related = ("presenter",)
    ordering = ("-pk",)  # get_ordering decides; the model’s own would put an arrow on a column that the list is not sorted by
    search_fields = ("presenter__name", "reason")
    search_help_text = gettext_lazy("Presenter or note")
    fields = ("presenter", "kind", "when", "reason", "entered")
    readonly_fields = fields
    entered = moment_of("created_at", gettext_lazy("entered"))

    def get_ordering(self, request: HttpRequest) -> list[Any]:
        """Who is away now or next comes first; then what is over, the latest first."""
        comes = Case(When(ends_at__gt=timezone.now(), then=F("starts_at")))
        return [OrderBy(comes), OrderBy(F("starts_at"), descending=True), OrderBy(F("pk"))]

    @admin.display(description=gettext_lazy("when"), ordering="starts_at")
    def when(self, leave: Leave) -> str:
        return leave.in_words

    def add_view(self, request: HttpRequest, form_url: str = "", extra_context: dict[str, Any] | None = None) -> HttpResponse:
        if not self.has_add_permission(request):
            raise PermissionDenied
        form = LeaveForm(request.POST if request.method == "POST" else None)
        hit: list[Booking] = []
        if request.method == "POST" and form.is_valid():
            hit = self.hit_by(form)
            if not form.errors and seen(hit) == request.POST.get("seen", ""):
                try:
                    return self.enter(request, form)
                except DomainError as refusal:  # a presentation was marked as delivered meanwhile, say
                    form.add_error(None, str(refusal.message))
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

    def delete_model(self, request: HttpRequest, obj: Leave) -> None:
        end_leave(leave=obj, by=acting(request), now=timezone.now())

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Leave]) -> None:
        with transaction.atomic():
            for leave in queryset.order_by("presenter_id", "pk"):  # presenters are locked in key order
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
