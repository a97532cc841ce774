"""Staff forms and pages about times and presenters: a week of free times, any other time, presenters, claims, journey times."""

import re
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby
from typing import Any, ClassVar, cast

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Case, Exists, F, OrderBy, OuterRef, Q, QuerySet, When
from django.http import HttpRequest, QueryDict
from django.urls import reverse
from django.utils import dates, timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _, gettext_lazy

from accounts.models import User
from bookings.calendars.views import revoke_feed
from bookings.models import (
    Availability,
    AvailabilityException,
    Booking,
    BookingEvent,
    BookingEventKind,
    BusyKind,
    BusyTime,
    CalendarFeed,
    Format,
    JourneyTime,
    OpenSession,
    Presentation,
    Presenter,
    SessionEvent,
)
from bookings.schedule import picker as schedule_picker, services as schedule_services
from bookings.schedule.availability import NOT_CHECKED_MESSAGE, Slot
from bookings.schedule.forms import (
    OwnRulesForm,
    PresenterRulesMixin,
    SlotField,
    parse_start,
    set_choices,
    slot_choices,
    slot_value,
    start_or_error,
)
from bookings.schedule.queries import IgnoredClaims, Preview, build_preview
from bookings.schedule.services import save_presenter, visits_too_close
from bookings.schedule.slots import SlotQuery
from bookings.travel import PlaceUnknown, find_place
from core.dates import format_datetime_range, uk_day
from core.forms import FORMFIELD_OVERRIDES, DayField, PageForm, UKTimeField, validate_near_today, validate_phone
from office.site_settings.queries import setting_text
from professionals.areas import is_area
from professionals.forms import PostcodeField
from professionals.safeguarding.forms import ChildDetailsMixin, StaffForm, reason_field
from professionals.safeguarding.services import kept_back_expression, searched_expression, shown_text
from staff.actions import ObjectAction, simplify_select
from staff.lists import (
    EMPTY_VALUE,
    ListPart,
    column,
    datetime_column,
    mail_link,
    number_column,
    parse_search_words,
    phone_link,
    yes_no_column,
)
from staff.model_admin import ReadOnlyAdmin, StaffModelAdmin, exact_search_filter
from staff.search import SearchKind, columns_contain, contains_digits, national_digits, search_registry
from staff.site import staff_site


class PresenterChoice(forms.ModelChoiceField):
    """Presenters by name, with the postcode they start from."""

    def label_from_instance(self, obj: Any) -> str:
        return str(_("%(name)s, from %(postcode)s") % {"name": obj.name, "postcode": obj.base_postcode})


def presenter_field(label: Any, *, missing: Any) -> PresenterChoice:
    return PresenterChoice(
        label=label,
        queryset=Presenter.objects.active(),
        empty_label=gettext_lazy("Choose a presenter"),
        error_messages={"required": missing},
    )


def optional_presenter_field(nobody: Any) -> PresenterChoice:
    """An active presenter, or nobody: `nobody` is the label of that choice."""
    label = gettext_lazy("Presenter")
    return PresenterChoice(label=label, queryset=Presenter.objects.active(), required=False, empty_label=nobody)


def override_reason_field(hint: Any) -> forms.CharField:
    return reason_field(gettext_lazy("Why are you going outside the rules?"), hint=hint)


# Formats as staff say them; the public reads “At your workplace”.
STAFF_FORMAT_LABELS = {str(Format.WORKPLACE): gettext_lazy("At their workplace"), str(Format.ONLINE): gettext_lazy("Online")}


class KeyFilter(admin.SimpleListFilter):
    """A filter by one of some rows, which its key names."""

    rows: QuerySet[Any]

    def lookups(self, request: HttpRequest, model_admin: admin.ModelAdmin) -> list[tuple[Any, str]]:
        return list(self.rows.all())

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        chosen = self.value() or ""
        is_key = re.fullmatch(r"[0-9]{1,9}", chosen)
        return queryset.filter(**{str(self.parameter_name): int(chosen)}) if is_key else queryset


class PresenterFilter(KeyFilter):
    """The presenters who are active now. What has no presenter is found by a filter of its own."""

    title = gettext_lazy("presenter")
    parameter_name = "presenter"
    rows = Presenter.objects.active().values_list("pk", "name")


class AnyPresenterFilter(PresenterFilter):
    """The active presenters, then former ones who have rows in this list, as many as can be looked through."""

    most_former = 30

    def lookups(self, request: HttpRequest, model_admin: admin.ModelAdmin) -> list[tuple[Any, str]]:
        rows = model_admin.model._default_manager.order_by()
        has_rows = Exists(rows.filter(presenter=OuterRef("pk")))
        former = Presenter.objects.filter(active=False).filter(has_rows).order_by("name", "pk")
        return [*super().lookups(request, model_admin), *former.values_list("pk", "name")[: self.most_former]]


def presenter_leave_link(event: BookingEvent | SessionEvent, user: Any) -> tuple[str, str]:
    """Beside "Needs a presenter" in a story, for staff who may see leave: text and address of a link to it. Else empty."""
    if event.kind != BookingEventKind.PRESENTER_FREED or not user.has_perm("bookings.view_leave"):
        return "", ""
    shown = f"{AnyPresenterFilter.parameter_name}={event.changes['presenter'][0]}"
    return _("The presenter’s leave"), f"{reverse('staff:bookings_leave_changelist')}?{shown}"


# A week of free times on a staff form, to choose one or several from.
#
# Other weeks and parts of the day are buttons of the form, so that what was typed and chosen stays in it and out of the address.
# Each button sends the query that the picker has for its link (bookings.schedule.picker); the page carries the current one.

# The query of the button that was pressed, and the one that the page showed before.
REQUESTED_WEEK_FIELD, SHOWN_WEEK_FIELD = "look", "shown"
# Drawn above the times, because they are those of the chosen presenter.
DRAWN_APART_FIELDS = ("presenter",)
ChoiceGroups = list[tuple[Any, Any]]


@dataclass(frozen=True)
class FormWeek:
    """The week that the page shows, and the query that asks for it. `named`: the one presenter whose times these are."""

    picker: schedule_picker.Picker
    query: str
    named: Presenter | None = None


def is_browsing_times(data: Any) -> bool:
    """Whether a button for other times was pressed, and not the main one."""
    return REQUESTED_WEEK_FIELD in data


def get_requested_week(
    slot_query: SlotQuery,
    data: Any,
    now: datetime,
    *,
    named: Presenter | None = None,
    near: datetime | None = None,
    ignoring: IgnoredClaims | None = None,
) -> FormWeek:
    """The week that the form asks for, else the week of `near`, else the week of the first free time."""
    asked = (data.get(REQUESTED_WEEK_FIELD) or data.get(SHOWN_WEEK_FIELD) or "") if data is not None else ""
    query, presenters = QueryDict(asked.lstrip("?")), [named] if named else None
    picker = schedule_picker.build_picker(slot_query, query=query, now=now, chosen=near, ignoring=ignoring, presenters=presenters)
    return FormWeek(picker, f"?{query.urlencode()}", named)


def week_choices(week: FormWeek | None, chosen: Iterable[str], length: timedelta) -> ChoiceGroups:
    """The times of that week, by day. Above them stand the times chosen in other weeks, which stay chosen."""
    days = week.picker.days if week else []
    shown = {slot_value(slot.start) for _day, slots in days for slot in slots}
    elsewhere = []
    for value in sorted(set(chosen) - shown):
        with suppress(ValidationError):
            elsewhere.append(parse_start(value))
    by_day = groupby((Slot(start, start + length) for start in elsewhere), key=lambda slot: uk_day(slot.start))
    chosen_already = slot_choices((day, list(slots)) for day, slots in by_day)
    return [*((_("%(day)s (already chosen)") % {"day": day}, slots) for day, slots in chosen_already), *slot_choices(days)]


def not_free_text(
    slot_query: SlotQuery,
    start: datetime,
    *,
    now: datetime,
    named: Presenter | None = None,
    ignoring: IgnoredClaims | None = None,
) -> str:
    """Says that nobody, or not the named presenter, is free then, and which times the public could have instead."""
    slots = schedule_picker.read_public_schedule(slot_query, now, ignoring, presenters=[named] if named else None).nearest(
        start, 3
    )
    refusal = _("No presenter is free then and able to get there in time.")
    if named and slot_query.format == Format.WORKPLACE and not named.may_visit(uk_day(start)):
        refusal = _("%(name)s can’t go to a workplace then. %(why)s") % {"name": named, "why": NOT_CHECKED_MESSAGE}
    elif named:
        refusal = _("%(name)s is not free then, or could not get there in time.") % {"name": named}
    if not slots:
        days = setting_text("horizon_days")
        return _("%(refusal)s No time is free in the next %(days)s.") % {"refusal": refusal, "days": days}
    times = "; ".join(format_datetime_range(slot.start, slot.end) for slot in slots)
    return _("%(refusal)s The nearest free times are: %(times)s.") % {"refusal": refusal, "times": times}


class StartsField(forms.TypedMultipleChoiceField):
    """Several start times. The service checks if each is still free; the form checks if there are any."""

    def __init__(self, **more: Any) -> None:
        super().__init__(coerce=parse_start, widget=forms.CheckboxSelectMultiple, **more)

    def validate(self, value: Any) -> None:
        pass


def remove_form_errors(form: forms.Form, *, but: Iterable[str] = ()) -> None:
    """Drop all errors except those of these fields: the form is not being sent yet."""
    for name in set(form.errors) - set(but):
        del form.errors[name]


# What staff answer wherever they give a booking or a request its time: when, who gives it, and why outside the rules.

OTHER_TIME = "other"


class TimeForm(StaffForm, PageForm):
    """A day and a time that can be typed, the presenter, and the reason for going outside the rules.

    No presenter chosen means the best placed one. `time_error_field` is the field that shows why a time was refused.
    """

    free_text_fields = ("override_reason",)
    time_error_field = "clock"

    day = DayField(label=gettext_lazy("Day"), lies_ahead=True, validators=[validate_near_today], required=False)
    clock = UKTimeField(label=gettext_lazy("Starts at"), required=False)
    presenter = optional_presenter_field(gettext_lazy("The best placed presenter"))
    override_reason = override_reason_field(
        gettext_lazy(
            "You need a reason only for short notice, or outside a presenter’s hours or area. We keep it with the "
            "booking. Nobody can be in two places."
        )
    )

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        self.day_and_clock = cleaned.pop("day", None), cleaned.pop("clock", None)
        return cleaned

    @property
    def named(self) -> Presenter | None:
        """The presenter who was chosen, even if the rest of the form has errors."""
        self.is_valid()  # reads what was sent, if anything was
        return getattr(self, "cleaned_data", {}).get("presenter")

    def typed_start(self) -> datetime | None:
        """The start that was typed as a day and a time; adds an error if either is missing."""
        day, clock = self.day_and_clock
        if day is None and "day" not in self.errors:
            self.add_error("day", _("Enter the day."))
        if clock is None and "clock" not in self.errors:
            self.add_error("clock", _("Enter the time it starts."))
        return start_or_error(self, day, clock)


class OneTimeForm(TimeForm):
    """One of the times shown, or any other time, typed. `cleaned_data["start"]` has the result."""

    conditional: ClassVar = {"day": ("start", OTHER_TIME), "clock": ("start", OTHER_TIME)}

    @property
    def is_typed(self) -> bool:
        return self.data.get(self.add_prefix("start")) == OTHER_TIME

    @property
    def time_error_field(self) -> str:  # type: ignore[override]
        return "clock" if self.is_typed else "start"

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        if self.is_typed:
            return {**cleaned, "start": self.typed_start()}
        for name in ("day", "clock"):  # not asked now: what was typed stays, and does not count
            self.errors.pop(name, None)
        return cleaned


def start_or_other(value: str) -> datetime | str:
    return value if value == OTHER_TIME else parse_start(value)


class WeekOfTimesForm(OneTimeForm):
    """One of the week's times that the public could have, or any other time."""

    start = SlotField(
        label=gettext_lazy("Which time?"),
        widget=forms.RadioSelect,
        coerce=start_or_other,
        error_messages={
            "required": gettext_lazy("Choose a free time, or enter another day and time."),
            "invalid_choice": gettext_lazy("Choose one of the times below."),
        },
    )

    drawn_apart = DRAWN_APART_FIELDS
    field_order = ("presenter", "start", "day", "clock", "override_reason")

    def __init__(self, data: Any, *, length: timedelta, **kwargs: Any) -> None:
        super().__init__(data, **kwargs)
        self.length = length
        self.show(None)

    def show(self, shown: FormWeek | None) -> None:
        """Offer the times of that week; a time chosen in another week stays."""
        chosen = [self.data.get(self.add_prefix("start"), "")]
        other = (_("Any other time"), [(OTHER_TIME, _("Enter a day and a time"))])
        set_choices(self.fields["start"], [*week_choices(shown, chosen, self.length), other])


# Presentations, presenters with their weekly hours, busy time to look at, and journey times between areas.


class PresentationForm(forms.ModelForm):
    formats = forms.MultipleChoiceField(
        label=gettext_lazy("Where it can be given"),
        choices=list(STAFF_FORMAT_LABELS.items()),
        widget=forms.CheckboxSelectMultiple,
    )

    class Meta:
        model = Presentation
        fields = ["title", "slug", "summary", "description", "audience", "length_minutes", "formats", "active"]


@admin.register(Presentation, site=staff_site)
class PresentationAdmin(StaffModelAdmin):
    nobody_may = ("delete",)  # its bookings are history; mark it as not offered instead
    form = PresentationForm
    list_display = ("title", "audience", "number_minutes", "formats_display", "offered")
    list_filter = ("active",)
    search_fields = ("title", "summary", "audience")
    prepopulated_fields = {"slug": ("title",)}

    number_minutes = number_column("length_minutes", gettext_lazy("minutes"))
    offered = yes_no_column("active", gettext_lazy("offered"))
    formats_display = column(
        gettext_lazy("where"), lambda presentation: ", ".join(str(STAFF_FORMAT_LABELS[name]) for name in presentation.formats)
    )


class PresenterForm(PresenterRulesMixin, forms.ModelForm):
    base_postcode = PostcodeField(label=gettext_lazy("Base postcode"), help_text=gettext_lazy("Where the presenter starts from."))
    phone = forms.CharField(label=gettext_lazy("Phone"), max_length=30, required=False, validators=[validate_phone])

    class Meta:
        model = Presenter
        fields = [
            *("name", "email", "user", "phone", "base_postcode", "nation", "joining_link", "active"),
            *("checked_until", "trained_until"),
            *OwnRulesForm.Meta.fields,
        ]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Presenters are staff, so few that a plain list of users will do. The user who is already chosen stays in it."""
        super().__init__(*args, **kwargs)
        self.replace_fields()
        if "user" in self.fields:  # a user who may only look has no fields
            user = cast("forms.ModelChoiceField", self.fields["user"])
            user.queryset = User.objects.filter(Q(is_staff=True, is_active=True) | Q(pk=self.instance.user_id)).order_by(
                "name", "email"
            )
            user.empty_label = _("Does not sign in")

    def clean_base_postcode(self) -> str:
        postcode: str = self.cleaned_data["base_postcode"]
        try:
            find_place(postcode)
        except PlaceUnknown as unknown:
            raise ValidationError(_("We don’t know where this postcode is.")) from unknown
        return postcode


DAY_LIMIT_FIELDS = ("earliest_leaving", "latest_return")


class HoursInline(admin.TabularInline):
    """Rows of a presenter's hours."""

    extra = 1
    # Hours are set for days to come, so their year may be left out.
    formfield_overrides = {**FORMFIELD_OVERRIDES, models.DateField: {**FORMFIELD_OVERRIDES[models.DateField], "lies_ahead": True}}

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Hours are part of the presenter: a user who may see the page may see them, so no role has to name them."""
        return True

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return any(request.user.has_perm(f"bookings.{verb}_presenter") for verb in ("add", "change"))

    has_add_permission = has_change_permission
    has_delete_permission = has_change_permission

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        return simplify_select(super().formfield_for_dbfield(db_field, request, **kwargs))


class ChecksFilter(admin.SimpleListFilter):
    title = gettext_lazy("DBS check and training")
    parameter_name = "checks"

    def lookups(self, request: HttpRequest, model_admin: admin.ModelAdmin) -> list[tuple[str, Any]]:
        return [("soon", _("End within %(days)s, or not recorded") % {"days": setting_text("checks_warning_days")})]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Presenter]) -> QuerySet[Presenter]:
        soon = Presenter.objects.with_checks_ending_soon(timezone.now())
        return queryset.filter(pk__in=soon) if self.value() == "soon" else queryset


class AvailabilityInline(HoursInline):
    model = Availability
    fields = ("weekday", "start", "end", "valid_from", "valid_until")


class ExceptionInline(HoursInline):
    model = AvailabilityException
    fields = ("first_day", "last_day", "start", "end")
    verbose_name = gettext_lazy("day or days with other hours")
    verbose_name_plural = gettext_lazy("Days with other hours")


class PreviewRollback(Exception):
    """Carries the preview of a change out of the transaction in which it was saved."""

    def __init__(self, preview: Preview) -> None:
        super().__init__()
        self.preview = preview


class RedisplayOnlyMixin:
    """For a form whose answers were only shown: it is drawn as typed, and nothing is saved."""

    def is_valid(self) -> bool:
        super().is_valid()  # type: ignore[misc]
        return False


@admin.register(Presenter, site=staff_site)
class PresenterAdmin(StaffModelAdmin):
    nobody_may = ("delete",)  # their bookings are history; one who has left is marked as not giving presentations
    form = PresenterForm
    change_form_template = "bookings/schedule/staff/presenter.html"
    fieldsets = (
        (None, {"fields": ("name", "email", "user", "phone", "joining_link", "active")}),
        (
            gettext_lazy("Checks"),
            {
                "fields": ("checked_until", "trained_until"),
                "description": gettext_lazy(
                    "We book no visit to a workplace after either day, or while one is empty. Nobody can override this. "
                    "In Scotland, enter the PVG record; in Northern Ireland, the AccessNI check."
                ),
            },
        ),
        (gettext_lazy("Where from"), {"fields": ("base_postcode", "nation", "max_travel_minutes", *DAY_LIMIT_FIELDS)}),
        (
            gettext_lazy("What, and where"),
            {"fields": ("formats", "presentations", "audiences", "nations_covered", "areas_covered")},
        ),
        (gettext_lazy("How much, and when"), {"fields": ("most_a_day", "most_a_week", "notice_working_days", "horizon_days")}),
    )
    list_display = ("name", "phone_to_call", "email_to_write", "base_postcode", "days", "gives_presentations")
    list_filter = ("active", ChecksFilter, "nation")
    search_fields = ("name", "email", "phone", "base_postcode")
    search_help_text = gettext_lazy("Name, email address, phone or postcode")
    inlines = (AvailabilityInline, ExceptionInline)
    object_actions = (
        ObjectAction(
            "calendar",
            gettext_lazy("Stop the calendar address"),
            revoke_feed,
            available=lambda presenter: CalendarFeed.objects.filter(presenter=presenter).exists(),
            explanation=gettext_lazy(
                "Use this when a presenter has lost their phone. Its calendar will get no more updates, but may keep "
                "what it already shows. The presenter can make a new address."
            ),
            done=gettext_lazy("The calendar address no longer works."),
            weight="stop",
        ),
    )
    phone_to_call = column(gettext_lazy("phone"), lambda presenter: phone_link(presenter.phone), ordering="phone")
    email_to_write = column(gettext_lazy("email address"), lambda presenter: mail_link(presenter.email), ordering="email")
    gives_presentations = yes_no_column("active", gettext_lazy("gives presentations"))

    def get_readonly_fields(self, request: HttpRequest, obj: Presenter | None = None) -> tuple[str, ...]:
        """Only colleagues who may change accounts choose which account sees a diary."""
        return () if request.user.has_perm("accounts.change_user") else ("user",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Presenter]:
        return super().get_queryset(request).prefetch_related("availability")

    @admin.display(description=gettext_lazy("days"))
    def days(self, presenter: Presenter) -> str:
        """'Mon, Tue, Thu': the weekdays on which they can be booked now or later."""
        today = uk_day(timezone.now())
        windows = presenter.availability.all()
        weekdays = {window.weekday for window in windows if window.valid_until is None or window.valid_until >= today}
        return ", ".join(str(dates.WEEKDAYS_ABBR[day]) for day in sorted(weekdays)) or EMPTY_VALUE

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> Any:
        """The button `_show` saves everything, reads the times and rolls it back. Then the page is drawn as it was sent."""
        context = dict(extra_context or {})
        if request.method == "POST" and "_show" in request.POST:
            try:
                return super().changeform_view(request, object_id, form_url, context)
            except PreviewRollback as stopped:
                context.update(preview=stopped.preview, trying=True)
                request.shown = True  # type: ignore[attr-defined]
        elif object_id and request.method == "GET" and (presenter := self.get_object(request, object_id)) is not None:
            context["preview"] = build_preview(presenter, timezone.now())
        return super().changeform_view(request, object_id, form_url, context)

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> type[forms.ModelForm]:
        form = super().get_form(request, obj, change, **kwargs)
        return type(form.__name__, (RedisplayOnlyMixin, form), {}) if getattr(request, "shown", False) else form

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        super().save_related(request, form, formsets, change)
        if "_show" in request.POST:
            raise PreviewRollback(build_preview(form.instance, timezone.now()))

    def save_model(self, request: HttpRequest, obj: Presenter, form: Any, change: bool) -> None:
        save_presenter(presenter=obj, by=cast("User", request.user), now=timezone.now())


presenter_has = columns_contain("name", "email", "base_postcode")
search_registry.add(
    SearchKind(
        Presenter,
        lambda word: presenter_has(word) | contains_digits("phone", word),
        about=lambda presenter: (presenter.email, presenter.phone, "" if presenter.active else _("Gives no presentations now")),
        names=lambda presenter: (presenter.name, presenter.email, national_digits(presenter.phone)),
        spelt_in=("bookings_presenter",),
    )
)


@admin.register(BusyTime, site=staff_site)
class BusyTimeAdmin(ReadOnlyAdmin):
    """Read-only: services write every claim, under the presenter's lock."""

    nobody_may = ("add", "change", "delete")
    list_display = ("when", "presenter", "what", "place", "number_travel")
    fields = ("presenter", "when", "what", "place", "travel_minutes", "why")
    readonly_fields = fields
    may_be_empty = ("place", "why")
    why = column(gettext_lazy("reason for the travel minutes"), lambda claim: shown_text(claim, "travel_reason"))
    ordering = ("-pk",)  # get_ordering decides; the model’s own would put an arrow on a column that the list is not sorted by
    list_filter = (AnyPresenterFilter, "kind")
    list_select_related = ("presenter", "booking")
    search_fields = ("presenter__name", "booking__reference", "postcode")
    sorts_quickly = ("when",)
    search_help_text = gettext_lazy("Presenter, booking or postcode")
    place = column(
        gettext_lazy("where"),
        lambda claim: claim.postcode or (_("Online") if claim.kind != BusyKind.LEAVE else ""),
        ordering="postcode",
    )
    number_travel = column(
        gettext_lazy("travel minutes set by staff"),
        lambda claim: EMPTY_VALUE if claim.travel_minutes is None else str(claim.travel_minutes),
        ordering="travel_minutes",
    )

    def get_ordering(self, request: HttpRequest) -> list[Any]:
        """Like a diary: first what is to come, the soonest first, then what is over, the latest first."""
        comes = Case(When(busy__endswith__gt=timezone.now(), then=F("busy")))
        return [OrderBy(comes), OrderBy(F("busy"), descending=True), OrderBy(F("pk"), descending=True)]

    def parts(self) -> tuple[ListPart, ...]:
        """The claims to come are few: find them by their end, then sort them.

        Sorting by `busy` alone would walk an index that begins with all of the past. The order is the same, since spans compare
        by their start first.
        """
        comes = Q(busy__endswith__gt=timezone.now())
        return ListPart(comes, ("busy__startswith", "busy", "-pk")), ListPart(~comes, ("-busy", "-pk"))

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[BusyTime], search_term: str
    ) -> tuple[QuerySet[BusyTime], bool]:
        """A whole postcode or reference finds just that; anything else is a presenter's name."""
        exact = exact_search_filter(search_term)
        if "postcode" in exact:
            return queryset.filter(**exact), False
        if exact and (booking := Booking.objects.filter(**exact).first()):
            return queryset.filter(booking=booking), False
        if exact and (session := OpenSession.objects.filter(**exact).first()):
            return queryset.filter(session=session), False
        presenters = Presenter.objects.all()
        for word in parse_search_words(search_term):
            presenters = presenters.filter(name__icontains=word)
        return queryset.filter(presenter__in=list(presenters)) if search_term.strip() else queryset, False

    @admin.display(description=gettext_lazy("when"), ordering="busy")
    def when(self, claim: BusyTime) -> str:
        if claim.leave is not None:
            return claim.leave.days_text
        return format_datetime_range(claim.busy.lower, claim.busy.upper)

    @admin.display(description=gettext_lazy("what"), ordering="kind")
    def what(self, claim: BusyTime) -> SafeString | str:
        """The booking with a link to it; a hold is somebody still filling in the form."""
        given: Booking | OpenSession
        if claim.session is not None:
            label, page, given = _("Open session %(reference)s"), "opensession", claim.session
        elif claim.booking is not None:
            label, page, given = _("Booking %(reference)s"), "booking", claim.booking
        elif claim.option is not None:
            return _("Kept for request %(reference)s") % {"reference": claim.option.booking.reference}
        elif claim.held is not None:
            return _("Held for %(area)s") % {"area": claim.held.area_name}
        else:
            return _("Kept for somebody who is booking") if claim.kind == BusyKind.HOLD else claim.get_kind_display()
        url = reverse(f"staff:bookings_{page}_change", args=[given.pk])
        return format_html('<a class="reference" href="{}">{}</a>', url, label % {"reference": given.reference})

    def get_queryset(self, request: HttpRequest) -> QuerySet[BusyTime]:
        names = ("presenter", "booking", "leave__presenter", "option__booking", "session", "held")
        return super().get_queryset(request).select_related(*names)


# Journey times between areas, where staff know better than the rule.


class AreaField(forms.CharField):
    """An outward code (LS1) or the letters of a postcode area (LS)."""

    def clean(self, value: Any) -> str:
        code = str(super().clean(value)).replace(" ", "").upper()
        if not is_area(code):
            raise ValidationError(_("Enter the first half of a postcode, like LS1, or only its letters, like LS."))
        return code


class JourneyTimeForm(ChildDetailsMixin, forms.ModelForm):
    free_text_fields = ("reason",)

    area_a = AreaField(
        max_length=8,
        label=gettext_lazy("Between"),
        help_text=gettext_lazy("The first half of a postcode (LS1), or only its letters for the whole area (LS)."),
    )
    area_b = AreaField(
        max_length=8,
        label=gettext_lazy("And"),
        help_text=gettext_lazy("For journeys within one area, enter the same area again."),
    )

    class Meta:
        model = JourneyTime
        fields = ["area_a", "area_b", "minutes", "reason"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.keep_back(self.instance)

    def clean(self) -> dict[str, Any]:
        """Sort the pair, so that the same two areas the other way round count as the same pair."""
        cleaned = super().clean() or self.cleaned_data
        if cleaned.get("area_a") and cleaned.get("area_b"):
            cleaned["area_a"], cleaned["area_b"] = sorted((cleaned["area_a"], cleaned["area_b"]))
            same = JourneyTime.objects.filter(area_a=cleaned["area_a"], area_b=cleaned["area_b"]).exclude(pk=self.instance.pk)
            if same.exists():
                self.add_error("area_a", _("These two areas already have a journey time. Change that one."))
        return cleaned


@admin.register(JourneyTime, site=staff_site)
class JourneyTimeAdmin(StaffModelAdmin):
    form = JourneyTimeForm
    list_display = ("pair", "number_minutes", "why", "set_by", "set_at_display")
    list_select_related = ("set_by",)
    search_fields = ("area_a", "area_b", "searched_reason")
    search_help_text = gettext_lazy("Area or reason")
    number_minutes = number_column("minutes", gettext_lazy("minutes"))
    set_at_display = datetime_column("set_at", gettext_lazy("set"))
    why = column(gettext_lazy("why"), lambda journey: shown_text(journey, "reason"))

    @admin.display(description=gettext_lazy("between"), ordering="area_a")
    def pair(self, journey: JourneyTime) -> str:
        if journey.area_a == journey.area_b:
            return _("Within %(area)s") % {"area": journey.area_a}
        return _("%(one)s and %(other)s") % {"one": journey.area_a, "other": journey.area_b}

    def get_queryset(self, request: HttpRequest) -> QuerySet[JourneyTime]:
        return (
            super()
            .get_queryset(request)
            .annotate(kept_back=kept_back_expression(journey="pk"))
            .alias(searched_reason=searched_expression("reason"))
        )

    def save_model(self, request: HttpRequest, obj: JourneyTime, form: Any, change: bool) -> None:
        now = timezone.now()
        schedule_services.set_journey_time(journey=obj, by=cast("User", request.user), now=now, flagged=form.flagged)
        for one, other in visits_too_close(now):
            facts = {"name": one.presenter.name, "one": one, "other": other}
            close = _(
                "%(name)s has two visits with too little time to travel between them: %(one)s; %(other)s. Both visits "
                "stay booked."
            )
            messages.warning(request, close % facts)
