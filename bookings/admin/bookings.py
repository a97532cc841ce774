"""Bookings: found, decided, reassigned, cancelled. Every change is an action that calls a service."""

from contextlib import suppress
from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.timesince import timesince
from django.utils.translation import gettext_lazy as _

from bookings import services
from bookings.admin.for_caller import book_for_caller_page
from bookings.models import Booking, BookingEvent, BusyTime, Format, Presenter, State
from bookings.travel import LONGEST_OVERRIDE_MINUTES
from ctac.references import tidy_reference
from ctac.staff import ObjectAction, StaffModelAdmin, staff_site
from ctac.uk import format_clock, format_span, tidy_postcode, uk_day
from professionals.models import User
from professionals.safeguarding import CONFIRM_FIELD, ChildDetailsMixin


class StaffForm(ChildDetailsMixin):
    """What an action asks for. Staff write no child's details either; what they keep all the same, the service hears of."""

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        cleaned.pop(CONFIRM_FIELD, None)
        return {**cleaned, "flagged": self.flagged}


class DeclineForm(StaffForm):
    free_text_fields = ("reason",)

    reason = forms.CharField(
        label=_("Why"),
        max_length=500,
        widget=forms.Textarea({"rows": 3}),
        help_text=_("In words for the professional: this goes into the email. No details of a child."),
    )


class CancelForm(StaffForm):
    free_text_fields = ("reason",)

    reason = forms.CharField(
        label=_("Why"),
        max_length=500,
        widget=forms.Textarea({"rows": 3}),
        help_text=_("The professional reads this in the email. No details of a child."),
    )


class ReassignForm(StaffForm):
    free_text_fields = ("override_reason",)

    presenter = forms.ModelChoiceField(label=_("Presenter"), queryset=Presenter.objects.active())
    override_reason = forms.CharField(
        label=_("Why outside the rules"),
        max_length=300,
        required=False,
        help_text=_(
            "Only needed outside the presenter’s hours or area. It is kept with the booking. Nobody can be in two places."
        ),
    )


class TravelForm(StaffForm):
    free_text_fields = ("reason",)

    minutes = forms.IntegerField(
        label=_("Minutes of travel to and from this visit"),
        min_value=0,
        max_value=LONGEST_OVERRIDE_MINUTES,
        required=False,
        help_text=_("Leave empty to go back to what we work out from the postcodes."),
    )
    reason = forms.CharField(label=_("Why"), max_length=200)


def do_confirm(booking: Booking, *, by: User) -> None:
    services.confirm(booking=booking, by=by, now=timezone.now())


def do_decline(booking: Booking, *, by: User, reason: str, flagged: bool) -> None:
    services.decline(booking=booking, reason=reason, by=by, now=timezone.now(), flagged=flagged)


def do_reassign(booking: Booking, *, by: User, presenter: Presenter, **why: Any) -> None:
    services.reassign(booking=booking, presenter=presenter, by=by, now=timezone.now(), **why)


def do_cancel(booking: Booking, *, by: User, reason: str, flagged: bool) -> None:
    services.cancel(booking=booking, by=by, now=timezone.now(), reason=reason, flagged=flagged)


def do_mark_delivered(booking: Booking, *, by: User) -> None:
    services.mark_delivered(booking=booking, by=by, now=timezone.now())


def do_set_travel(booking: Booking, *, by: User, minutes: int | None, **why: Any) -> None:
    services.set_travel(booking=booking, minutes=minutes, by=by, now=timezone.now(), **why)


OBJECT_ACTIONS = (
    ObjectAction(
        "confirm",
        _("Confirm"),
        do_confirm,
        available=lambda booking: booking.can_become(State.CONFIRMED) and not booking.needs_a_presenter,
        explanation=_("The professional gets the confirmation with the calendar entry."),
        done=_("The booking is confirmed."),
    ),
    ObjectAction(
        "decline",
        _("Decline"),
        do_decline,
        available=lambda booking: booking.can_become(State.DECLINED),
        form_class=DeclineForm,
        explanation=_("The professional gets an email, and the time is free again."),
        done=_("The request is declined."),
    ),
    ObjectAction(
        "reassign",
        _("Change presenter"),
        do_reassign,
        available=lambda booking: booking.is_open,
        form_class=ReassignForm,
        explanation=_("Both presenters are told. If it is confirmed, the professional gets a new confirmation."),
        done=_("The presenter is changed."),
    ),
    ObjectAction(
        "delivered",
        _("Mark as delivered"),
        do_mark_delivered,
        available=lambda booking: booking.can_become(State.DELIVERED) and booking.starts_at <= timezone.now(),
        explanation=_("The presentation took place."),
        done=_("The booking is marked as delivered."),
    ),
    ObjectAction(
        "travel",
        _("Set travel minutes"),
        do_set_travel,
        available=lambda booking: booking.is_open and booking.format == Format.WORKPLACE and not booking.needs_a_presenter,
        form_class=TravelForm,
        explanation=_("For this visit only: it holds for the way there and the way on."),
        done=_("The travel minutes are set."),
    ),
    ObjectAction(
        "cancel",
        _("Cancel"),
        do_cancel,
        available=lambda booking: booking.can_become(State.CANCELLED),
        form_class=CancelForm,
        explanation=_("The professional and the presenter get an email, and the time is free again."),
        done=_("The booking is cancelled."),
    ),
)


SECTIONS: tuple[tuple[Any, tuple[str, ...]], ...] = (
    (None, ("reference", "state_in_words", "presentation", "when", "presenter", "created_at", "channel")),
    (_("Where"), ("format", "address_line_1", "address_line_2", "town", "postcode", "room")),
    (_("Who"), ("person", "contact_name", "contact_phone", "audience_size", "audience_profession")),
    (_("In their words"), ("access_needs", "notes", "flagged_child_details", "closed_reason")),
)


class NeedsPresenterFilter(admin.SimpleListFilter):
    title = _("needs a presenter")
    parameter_name = "needs_presenter"

    def lookups(self, request: HttpRequest, model_admin: admin.ModelAdmin) -> list[tuple[str, Any]]:
        return [("yes", _("Needs a presenter"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Booking]) -> QuerySet[Booking]:
        return queryset.filter(presenter=None, state__in=(State.REQUESTED, State.CONFIRMED)) if self.value() else queryset


class ReadOnlyInline(admin.TabularInline):
    extra = 0
    can_delete = False

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class BusyTimeInline(ReadOnlyInline):
    model = BusyTime
    fields = readonly_fields = ("presenter", "when", "postcode", "travel_minutes", "travel_reason")

    @admin.display(description=_("when"))
    def when(self, claim: BusyTime) -> str:
        return format_span(claim.busy.lower, claim.busy.upper)

    def get_queryset(self, request: HttpRequest) -> QuerySet[BusyTime]:
        return super().get_queryset(request).select_related("presenter")


class EventInline(ReadOnlyInline):
    model = BookingEvent
    fields = ("at", "kind", "by", "reason")

    def get_queryset(self, request: HttpRequest) -> QuerySet[BookingEvent]:
        return super().get_queryset(request).select_related("by")


@admin.register(Booking, site=staff_site)
class BookingAdmin(StaffModelAdmin):
    list_display = ("reference", "state_in_words", "starts", "where", "presenter", "person", "presentation", "age", "channel")
    list_filter = ("state", NeedsPresenterFilter, "format", "presenter", "presentation", "starts_at", "channel")
    list_select_related = ("presentation", "presenter", "person")
    ordering = ("-created_at", "-pk")
    search_fields = ("reference", "person__name", "person__email", "person__organisation__name", "postcode", "contact_name")
    search_help_text = _("Reference, name, email address, postcode or organisation")
    change_form_template = "admin/change_form_without_history.html"
    change_list_template = "bookings/staff/bookings.html"
    view_on_site = False  # that page is its owner's alone
    inlines = (BusyTimeInline, EventInline)
    object_actions = OBJECT_ACTIONS
    fieldsets = tuple((title, {"fields": fields}) for title, fields in SECTIONS)
    readonly_fields = tuple(name for _title, fields in SECTIONS for name in fields)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Booking]:
        return super().get_queryset(request).select_related(*self.list_select_related)

    @admin.display(description=_("state"), ordering="state")
    def state_in_words(self, booking: Booking) -> str:
        return str(_("Needs a presenter")) if booking.needs_a_presenter else booking.get_state_display()

    @admin.display(description=_("starts"), ordering="starts_at")
    def starts(self, booking: Booking) -> str:
        return f"{date_format(uk_day(booking.starts_at), 'j M Y')}, {format_clock(booking.starts_at)}"

    @admin.display(description=_("when"), ordering="starts_at")
    def when(self, booking: Booking) -> str:
        return booking.when

    @admin.display(description=_("where"), ordering="postcode")
    def where(self, booking: Booking) -> str:
        return f"{booking.town} {booking.postcode}" if booking.format == Format.WORKPLACE else booking.get_format_display()

    @admin.display(description=_("age"), ordering="-created_at")
    def age(self, booking: Booking) -> str:
        return timesince(booking.created_at, depth=1)

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Booking], search_term: str
    ) -> tuple[QuerySet[Booking], bool]:
        """A whole reference or postcode, however it was typed, finds just that; anything else searches the words."""
        exact = Q(reference=tidy_reference(search_term))
        with suppress(ValidationError):
            exact |= Q(postcode=tidy_postcode(search_term))
        found = queryset.filter(exact)
        if search_term and found.exists():
            return found, False
        return super().get_search_results(request, queryset, search_term)

    def add_view(self, request: HttpRequest, form_url: str = "", extra_context: dict[str, Any] | None = None) -> HttpResponse:
        return book_for_caller_page(self, request)

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Nothing here is saved: every change is one of the actions."""
        no_save = {"show_save": False, "show_save_and_continue": False, "show_save_and_add_another": False}
        return super().change_view(request, object_id, form_url, {**(extra_context or {}), **no_save})

    def has_delete_permission(self, request: HttpRequest, obj: Booking | None = None) -> bool:
        return False
