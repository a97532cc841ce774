"""Presentations, presenters with their weekly availability, and everybody's busy time to look at."""

from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from bookings.models import Availability, BusyTime, Format, Presentation, Presenter
from bookings.places import PlaceUnknown, look_up
from bookings.services import keep_presenter
from ctac.staff import StaffModelAdmin, staff_site
from ctac.uk import format_span
from professionals.forms import PostcodeField, validate_phone


class PresentationForm(forms.ModelForm):
    formats = forms.MultipleChoiceField(label=_("Formats"), choices=Format.choices, widget=forms.CheckboxSelectMultiple)

    class Meta:
        model = Presentation
        fields = ["title", "slug", "summary", "description", "audience", "length_minutes", "formats", "active"]


@admin.register(Presentation, site=staff_site)
class PresentationAdmin(StaffModelAdmin):
    form = PresentationForm
    list_display = ("title", "audience", "length_minutes", "formats_in_words", "active")
    list_filter = ("active",)
    search_fields = ("title", "summary", "audience")
    prepopulated_fields = {"slug": ("title",)}

    @admin.display(description=_("formats"))
    def formats_in_words(self, presentation: Presentation) -> str:
        return ", ".join(presentation.format_labels())

    def has_delete_permission(self, request: HttpRequest, obj: Presentation | None = None) -> bool:
        """It is history of its bookings; one that is no longer offered is marked so."""
        return False


class PresenterForm(forms.ModelForm):
    base_postcode = PostcodeField(label=_("Base postcode"), help_text=_("Where visits start from."))
    phone = forms.CharField(label=_("Phone"), max_length=30, required=False, validators=[validate_phone])

    class Meta:
        model = Presenter
        fields = ["name", "email", "user", "phone", "base_postcode", "nation", "max_travel_minutes", "joining_link", "active"]

    def clean_base_postcode(self) -> str:
        postcode: str = self.cleaned_data["base_postcode"]
        try:
            look_up(postcode)
        except PlaceUnknown as unknown:
            raise ValidationError(_("We don’t know where this postcode is.")) from unknown
        return postcode


class AvailabilityInline(admin.TabularInline):
    model = Availability
    fields = ("weekday", "start", "end", "valid_from", "valid_until")
    extra = 1


@admin.register(Presenter, site=staff_site)
class PresenterAdmin(StaffModelAdmin):
    form = PresenterForm
    list_display = ("name", "email", "phone", "base_postcode", "nation", "max_travel_minutes", "active")
    list_filter = ("active", "nation")
    search_fields = ("name", "email", "base_postcode")
    autocomplete_fields = ("user",)
    inlines = (AvailabilityInline,)

    def save_model(self, request: HttpRequest, obj: Presenter, form: Any, change: bool) -> None:
        keep_presenter(presenter=obj)

    def has_delete_permission(self, request: HttpRequest, obj: Presenter | None = None) -> bool:
        """Their bookings are history; one who has left is marked as not giving presentations."""
        return False


@admin.register(BusyTime, site=staff_site)
class BusyTimeAdmin(StaffModelAdmin):
    """To look at only: every claim is written by a service, under the presenter's lock."""

    change_form_template = "admin/change_form_without_history.html"
    list_display = ("presenter", "when", "kind", "booking", "postcode", "travel_minutes", "live")
    fields = ("presenter", "when", "kind", "booking", "leave", "postcode", "travel_minutes", "travel_reason", "live")
    readonly_fields = fields
    list_filter = ("presenter", "kind", "live")
    list_select_related = ("presenter", "booking")
    ordering = ("-busy",)

    @admin.display(description=_("when"), ordering="busy")
    def when(self, claim: BusyTime) -> str:
        return format_span(claim.busy.lower, claim.busy.upper)

    def get_queryset(self, request: HttpRequest) -> QuerySet[BusyTime]:
        return super().get_queryset(request).select_related("presenter", "booking")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: BusyTime | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: BusyTime | None = None) -> bool:
        return False
