"""A visit on the staff site: the alarm on the first page, its rows and buttons on the page of the booking."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Any, cast

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _, gettext_lazy
from django.views.decorators.http import require_POST

from accounts.access import safe_next_url, signed_in_user
from accounts.admin import ROLE_CHECKS
from accounts.models import User
from accounts.roles import ROLES
from bookings import errors, text as bookings_text
from bookings.models import (
    Booking,
    BookingState,
    DutyShift,
    Format,
    Presenter,
    Visit,
    duty_contacts_by_booking,
    may_check_in,
    may_check_out,
)
from bookings.models.booking import CHECK_IN, CHECK_OUT, HELP
from bookings.schedule.slots import DateRange
from bookings.visits import services
from bookings.visits.emails import alarm_taken_on_text, visit_presenter_name
from bookings.visits.services import STAFF_TAKE_BACK_PERIOD
from core.dates import TEAM_NATION, format_day, format_uk_time, is_working_day, uk_day
from core.errors import DomainError
from core.forms import DayField, validate_phone
from professionals.safeguarding.forms import StaffForm, reason_field
from staff.actions import ObjectAction
from staff.first_run import COLLEAGUES_SECTION, FirstRunCheck, Light, register_first_run_check
from staff.lists import column, phone_link, state_tag
from staff.model_admin import StaffModelAdmin
from staff.site import staff_site
from staff.today import Alarm

MAX_ALARMS_SHOWN = 5
ALARM_TITLES = {
    CHECK_IN: gettext_lazy("No check-in from %(name)s"),
    CHECK_OUT: gettext_lazy("No check-out from %(name)s"),
    HELP: gettext_lazy("%(name)s needs help"),
}


def find_late(booking: Booking) -> Booking | None:
    """Like find_overdue now, asked once for an object of the page."""
    if "_late" not in booking.__dict__:
        booking.__dict__["_late"] = booking.find_overdue(timezone.now())
    found: Booking | None = booking.__dict__["_late"]
    return found


def current_visit_text(booking: Booking) -> SafeString | str:
    """'Checked in at 10:05am, checked out at 11:10am'; empty while there is nothing to say."""
    return visit_text(booking, find_late(booking))


def visit_text(booking: Booking, late: Booking | None) -> SafeString | str:
    """Like current_visit_text. `late`: the booking as `overdue` gives it, or None if it is not overdue."""
    visit = getattr(booking, "visit", None)
    handed_over = [still_there_text(visit)] if visit is not None and visit.is_handed_over else []
    if late is not None:
        words = {CHECK_OUT: _("No check-out"), CHECK_IN: _("No check-in"), HELP: _("Asked for help")}
        on_it = (
            [_("On it: %(who)s") % {"who": alarm_taken_on_text(visit)}]
            if visit is not None and visit.is_alarm_taken_on(late.missed_at)
            else []
        )
        tag = state_tag(words[late.missed], "waiting")
        return format_html_join(" ", "{}", ((part,) for part in (tag, *on_it, *handed_over)))
    if visit is None:
        return ""
    lines = handed_over
    if visit.is_current(visit.checked_in_at):
        lines.append(_("Checked in: %(moment)s") % {"moment": bookings_text.moment_text(visit.checked_in_at)})
    if visit.is_checked_out:
        lines.append(_("Checked out: %(moment)s") % {"moment": bookings_text.moment_text(visit.checked_out_at)})
    return "\n".join(lines)


def still_there_text(visit: Visit) -> str:
    """For a visit that is handed over: the former presenter must check out first."""
    facts = {"name": visit.presenter, "next": visit.booking.presenter or _("The next presenter")}
    sentence = _("%(name)s is still checked in there. %(next)s can’t check in before %(name)s has checked out.")
    return sentence % facts


def on_duty_text(booking: Booking) -> str:
    """The people whom the alarm of a visit reaches; empty if nobody goes there any more."""
    if booking.format != Format.WORKPLACE or booking.state != BookingState.CONFIRMED or booking.visit_closed:
        return ""
    names = [person.name for person in duty_contacts_by_booking([booking])[booking.pk]]
    return ", ".join(names) or _("Nobody yet. Enter a duty shift for that day.")


def joining_link_text(booking: Booking) -> str:
    """The link that people use. Shown here only, never in a list."""
    if booking.format != Format.ONLINE or not booking.is_open:
        return ""
    if booking.own_joining_link:
        return _("%(link)s (this booking’s own)") % {"link": booking.own_joining_link}
    link = booking.presenter.joining_link if booking.presenter else ""
    return _("%(link)s (the presenter’s)") % {"link": link} if link else _("None yet")


def get_overdue_alarms() -> list[Alarm]:
    """The alarms for the first page: those that nobody is on, calls for help first, then the longest wait."""
    now = timezone.now()
    late = list(with_visit(Booking.objects.alarms(now)[:MAX_ALARMS_SHOWN]))
    duty = duty_contacts_by_booking(late)
    return [build_alarm(booking, now, bookings_text.duty_rows(duty[booking.pk])) for booking in late]


def get_bar_alarms(user: User) -> list[Alarm]:
    """The alarms that nobody is on, then those that this colleague is on. One statement."""
    now = timezone.now()
    late = Booking.objects.alarms(now).filter(Q(is_taken_on=False) | Q(visit__taken_on_by=user))
    return [build_alarm(booking, now) for booking in with_visit(late[:MAX_ALARMS_SHOWN])]


def with_visit(bookings: QuerySet[Booking]) -> QuerySet[Booking]:
    return bookings.select_related("presenter", "visit__presenter", "visit__seeks_help", "visit__taken_on_by")


def build_alarm(booking: Booking, now: datetime, duty_rows: Sequence[bookings_text.SummaryRow] = ()) -> Alarm:
    """`booking` as `alarms` gives it."""
    presenter, visit = bookings_text.presenter_of_visit(booking), getattr(booking, "visit", None)
    on_it = alarm_taken_on_text(visit) if booking.is_taken_on else ""
    name, since = visit_presenter_name(booking), _("Since") if booking.missed == HELP else _("Expected")
    today = _("Today at %(clock)s") % {"clock": format_uk_time(booking.missed_at)}
    expected = today if uk_day(booking.missed_at) == uk_day(now) else bookings_text.moment_text(booking.missed_at)
    return Alarm(
        title=str(ALARM_TITLES[booking.missed]) % {"name": name},
        name=name,
        phone=presenter.phone if presenter else "",
        rows=[
            bookings_text.summary_row(since, expected),
            *([bookings_text.summary_row(_("On it"), on_it)] if on_it else []),
            *site_contact_rows(booking),
            bookings_text.summary_row(_("Where"), ", ".join(booking.address_lines)),
            *({**row, "value": phone_link(str(row["value"]))} if row.get("is_phone") else row for row in duty_rows),
        ],
        about=booking.reference,
        href=reverse("staff:bookings_booking_change", args=[booking.pk]),
        resolve_href=reverse("staff:bookings_booking_action", args=[booking.pk, "safe"]),
        take_on_href="" if on_it else reverse("staff:take_on_alarm", args=[booking.pk]),
    )


def contact_rows(booking: Booking) -> list[bookings_text.SummaryRow]:
    """Whom to call about a visit that is overdue; the first number is large."""
    presenter = bookings_text.presenter_of_visit(booking)
    number = phone_link(presenter.phone) if presenter and presenter.phone else _("None kept")
    return [
        bookings_text.summary_row(_("Presenter’s phone"), format_html('<span class="alarm__number">{}</span>', number)),
        *site_contact_rows(booking),
    ]


def site_contact_rows(booking: Booking) -> list[bookings_text.SummaryRow]:
    return [
        bookings_text.summary_row(_("Contact on site"), booking.contact_name),
        bookings_text.summary_row(_("Their phone"), phone_link(booking.contact_phone)),
    ]


staff_site.add_alarms("bookings.view_booking", get_overdue_alarms, resolved_with="bookings.change_booking", in_bar=get_bar_alarms)


note_field = partial(
    reason_field, hint=gettext_lazy("Kept with your name and the time. No details of a child."), most=500, rows=3
)


class PhoneCallForm(StaffForm):
    free_text_fields = ("note",)

    note = note_field(
        gettext_lazy("Who told you, and what did they say?"), missing=gettext_lazy("Write who told you, and what they said.")
    )


def require_visit_presenter(booking: Booking) -> Presenter:
    presenter = bookings_text.presenter_of_visit(booking)
    if presenter is None:
        raise errors.NeedsPresenter
    return presenter


SAY_SAFE_ACTION = ObjectAction(
    "safe",
    gettext_lazy("Say that all is well"),
    services.confirm_presenter_safe,
    available=lambda booking: find_late(booking) is not None,
    form_class=PhoneCallForm,
    explanation=gettext_lazy(
        "Call the presenter, then the contact on site. Fill this in once you know that the presenter is safe."
    ),
    done=gettext_lazy("Thank you. The alarm is over."),
    weight="main",
)


def may_take_on_alarm(booking: Booking) -> bool:
    late = find_late(booking)
    visit: Visit | None = getattr(booking, "visit", None)
    return late is not None and (visit is None or not visit.is_alarm_taken_on(late.missed_at))


TAKE_ON_ACTION = ObjectAction(
    "on-it",
    gettext_lazy("I am on it"),
    services.take_on_alarm,
    available=may_take_on_alarm,
    explanation=gettext_lazy("This stops the alarm. You then find out if the presenter is safe. We keep your name and the time."),
    done=gettext_lazy("You are on it. Call the presenter, then the contact on site. Then say that all is well."),
    weight="main",
)


@require_POST
def take_on_alarm_page(request: HttpRequest, booking_id: int) -> HttpResponse:
    """*I am on it*, pressed on whatever page shows the alarm; they stay on that page."""
    if not request.user.has_perm("bookings.change_booking"):
        raise PermissionDenied
    booking = get_object_or_404(Booking, pk=booking_id)
    try:
        services.take_on_alarm(booking, by=signed_in_user(request), now=timezone.now())
    except DomainError as refusal:
        messages.warning(request, str(refusal.message))
    else:
        messages.success(request, str(TAKE_ON_ACTION.done))
    return redirect(safe_next_url(request) or reverse("staff:bookings_booking_change", args=[booking_id]))


staff_site.add_page("alarms/<int:booking_id>/take-on/", take_on_alarm_page, "take_on_alarm", gettext_lazy("I am on it"))
CHECK_IN_ACTION = ObjectAction(
    "checked-in",
    gettext_lazy("Check the presenter in"),
    lambda booking, **heard: services.check_in(booking, presenter=require_visit_presenter(booking), **heard),
    available=lambda booking: may_check_in(booking, timezone.now()),
    form_class=PhoneCallForm,
    explanation=gettext_lazy("Use this after a phone call, when they can’t check in on their phone."),
    done=gettext_lazy("The presenter is checked in."),
)
CHECK_OUT_ACTION = ObjectAction(
    "checked-out",
    gettext_lazy("Check the presenter out"),
    lambda booking, **heard: services.check_out(booking, presenter=require_visit_presenter(booking), **heard),
    available=lambda booking: may_check_out(booking, timezone.now()),
    form_class=PhoneCallForm,
    explanation=gettext_lazy("Use this after a phone call, when you know that they have left and are safe."),
    done=gettext_lazy("The presenter is checked out."),
)


class TakeBackForm(StaffForm):
    free_text_fields = ("note",)

    note = note_field(gettext_lazy("Why are you taking it back?"), missing=gettext_lazy("Write why you are taking it back."))


def may_take_back(booking: Booking, tap: str) -> bool:
    visit: Visit | None = getattr(booking, "visit", None)
    tapped = visit.last_tap if visit is not None and booking.has_time else None
    return tapped is not None and tapped[0] == tap and timezone.now() < tapped[1] + STAFF_TAKE_BACK_PERIOD


TAKE_BACK_CHECK_IN_ACTION = ObjectAction(
    "not-checked-in",
    gettext_lazy("Take the check-in back"),
    partial(services.take_back_tap, tap=CHECK_IN),
    available=partial(may_take_back, tap=CHECK_IN),
    form_class=TakeBackForm,
    explanation=gettext_lazy(
        "Use this if it was a mistake. We will wait for the presenter again, and the alarm will start if they are late."
    ),
    done=gettext_lazy("The check-in is taken back. We are waiting for the presenter again."),
)
TAKE_BACK_CHECK_OUT_ACTION = ObjectAction(
    "not-checked-out",
    gettext_lazy("Take the check-out back"),
    partial(services.take_back_tap, tap=CHECK_OUT),
    available=partial(may_take_back, tap=CHECK_OUT),
    form_class=TakeBackForm,
    explanation=gettext_lazy(
        "Use this if it was a mistake. We will wait for the presenter again, and the alarm will start if they are late."
    ),
    done=gettext_lazy("The check-out is taken back. We are waiting for the presenter again."),
)


# Duty shifts: who is on duty.


ALARM_ROLES = {role.name for role in ROLES if "bookings.change_booking" in role.permissions}


class DutyShiftForm(forms.ModelForm):
    duty_phone = forms.CharField(label=gettext_lazy("Phone"), max_length=30, required=False, validators=[validate_phone])
    deputy_phone = forms.CharField(label=gettext_lazy("Phone"), max_length=30, required=False, validators=[validate_phone])

    class Meta:
        model = DutyShift
        fields = ["first_day", "last_day", "duty_person", "duty_phone", "deputy", "deputy_phone"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in ("duty_person", "deputy"):
            if name in self.fields:  # a user who may only look has no fields
                box = cast("forms.ModelChoiceField", self.fields[name])
                # Staff who can press the buttons of an alarm, and the one who is chosen now.
                may_press = Q(is_superuser=True) | Q(groups__name__in=ALARM_ROLES)
                able = Q(may_press, is_staff=True, is_active=True) | Q(pk=getattr(self.instance, f"{name}_id"))
                box.queryset = User.objects.filter(able).distinct().order_by("name", "email")
                box.required = True

    def clean(self) -> dict[str, Any]:
        """Check the order of the days, before the database makes a range of them, and that no confirmed visit loses its cover."""
        cleaned = super().clean() or self.cleaned_data
        first, last = cleaned.get("first_day"), cleaned.get("last_day")
        if first and last and last < first:
            self.add_error("last_day", _("The last day can’t be before the first."))
        elif first and last and self.instance.pk:
            stored = DutyShift.objects.get(pk=self.instance.pk)
            resting = services.visits_covered_by(stored, timezone.now(), but=DateRange(first, last))
            if resting:
                self.add_error(
                    None, _("The days that you take out have confirmed visits: %(visits)s.") % visits_placeholder(resting)
                )
        return cleaned


def visits_placeholder(bookings: Sequence[Booking]) -> dict[str, str]:
    return {"visits": ", ".join(f"{booking.reference} ({booking.when})" for booking in bookings)}


def duty_refusal_text(user: User, roles: set[str]) -> str:
    """Why an account can't be closed, or have only these roles: visits whose alarm it hears. Empty if it can."""
    if roles & ALARM_ROLES:
        return ""
    now = timezone.now()
    shifts = DutyShift.objects.filter(Q(duty_person=user) | Q(deputy=user), last_day__gte=uk_day(now)).order_by("first_day")
    resting = [booking for shift in shifts for booking in services.visits_covered_by(shift, now)]
    sentence = _("This colleague is on duty for confirmed visits: %(visits)s. Give their duty shifts to somebody else first.")
    return sentence % visits_placeholder(resting) if resting else ""


ROLE_CHECKS.append(duty_refusal_text)


class SplitShiftForm(forms.Form):
    first_day = DayField(label=gettext_lazy("From which day on?"), lies_ahead=True)


SPLIT_SHIFT_ACTION = ObjectAction(
    "split",
    gettext_lazy("Split this shift"),
    services.split_shift,
    available=lambda shift: shift.first_day < shift.last_day,
    form_class=SplitShiftForm,
    explanation=gettext_lazy("From that day on, it will be a separate shift. You can then give it to other people."),
    done=gettext_lazy("The shift is split. Open the second one to change its people."),
)


@admin.register(DutyShift, site=staff_site)
class DutyShiftAdmin(StaffModelAdmin):
    """A day on which visits take place needs a shift: the alarm of a visit goes to both people of its day."""

    form = DutyShiftForm
    object_actions = (SPLIT_SHIFT_ACTION,)
    list_display = ("when", "duty_person", "deputy")
    list_select_related = ("duty_person", "deputy")
    when = column(gettext_lazy("days"), str, ordering="first_day")
    fieldsets = (
        (None, {"fields": ("first_day", "last_day")}),
        (gettext_lazy("Who gets the alarm first"), {"fields": ("duty_person", "duty_phone")}),
        (gettext_lazy("Who gets it as well"), {"fields": ("deputy", "deputy_phone")}),
    )

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> tuple[list[str], dict[str, int], set[str], list[str]]:
        """A shift that confirmed visits rest upon can't be deleted."""
        gone, counts, lacking, protected = super().get_deleted_objects(objs, request)
        resting = [booking for shift in objs for booking in services.visits_covered_by(shift, timezone.now())]
        return gone, counts, lacking, [*protected, *(f"{booking.reference}, {booking.when}" for booking in resting)]


DUTY_DAYS_CHECKED = 7


def on_duty_this_week(request: HttpRequest | None) -> Iterator[FirstRunCheck]:
    """Whether two people are on duty on each working day, when visits take place. One person alone may not hear an alarm."""
    today = uk_day(timezone.now())
    days = [today + timedelta(days=number) for number in range(DUTY_DAYS_CHECKED)]
    shifts = DutyShift.objects.by_day(days)
    people = {day: [one.name for one in shifts[day].people] if day in shifts else [] for day in days}
    lacking = [format_day(day) for day in days if is_working_day(day, TEAM_NATION) and len(people[day]) < 2]
    now_on_duty = _("Today: %(names)s") % {"names": ", ".join(people[today]) or _("nobody")}
    label = gettext_lazy("Who is on duty")
    more: dict[str, Any] = {"href": reverse("staff:bookings_dutyshift_changelist"), "link": gettext_lazy("See the duty shifts")}
    if lacking:
        light = Light.RED if lacking[0] == format_day(today) else Light.AMBER
        sentence = _("Two colleagues must be on duty while presenters are out. That is missing on: %(days)s.")
        yield FirstRunCheck(label, light, sentence % {"days": ", ".join(lacking)}, details=(now_on_duty,), **more)
    else:
        sentence = _("Two colleagues are on duty on each working day of the next week.")
        yield FirstRunCheck(label, Light.GREEN, sentence, details=(now_on_duty,), **more)


register_first_run_check(COLLEAGUES_SECTION, gettext_lazy("Who is on duty"), on_duty_this_week)
