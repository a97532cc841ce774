"""What staff can do with one booking: what each action asks for, and the service that it calls."""

from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext, gettext_lazy, gettext_lazy as _

from bookings import text as bookings_text
from bookings.booking.admin.requests import AGREE_TIME_ACTION, OFFER_TIMES_ACTION, explain_refusal
from bookings.booking.forms import DetailsForm, WhereForm, answers_of
from bookings.booking.services import assign, transitions, undo
from bookings.booking.services.assign import transfer_bookings
from bookings.booking.services.decide import slot_query_of
from bookings.booking.services.reschedule import change_details, reschedule
from bookings.errors import OutsideRules, SlotTaken, StaleBooking
from bookings.feedback.admin import ATTENDANCE_ACTION, MORE_FEEDBACK_ACTION
from bookings.models import Booking, BookingState, Format, Presenter, SessionPlace
from bookings.models.presenter import validate_https
from bookings.schedule import admin as admin_forms
from bookings.schedule.admin import PresenterChoice, WeekOfTimesForm, optional_presenter_field, override_reason_field
from bookings.schedule.forms import slot_value
from bookings.seats.admin import SEAT_ACTIONS
from bookings.text import ADDRESS_FIELDS, SummaryRow, summary_row
from bookings.travel import MAX_OVERRIDE_MINUTES, PlaceUnknown, find_place
from bookings.visits.admin import (
    CHECK_IN_ACTION,
    CHECK_OUT_ACTION,
    SAY_SAFE_ACTION,
    TAKE_BACK_CHECK_IN_ACTION,
    TAKE_BACK_CHECK_OUT_ACTION,
    TAKE_ON_ACTION,
)
from core.errors import DomainError
from core.forms import normalise_postcode
from core.pages import add_correction_messages
from leaflets.models import Order
from professionals.admin import PersonAdmin
from professionals.models import Person
from professionals.safeguarding.forms import StaffForm, StaffReasonForm, reason_field
from staff.actions import ObjectAction

if TYPE_CHECKING:
    from bookings.booking.admin.bookings import BookingAdmin


class JoiningLinkForm(forms.Form):
    link = forms.URLField(
        label=_("Joining link for this booking"),
        required=False,
        max_length=200,
        assume_scheme="https",
        validators=[validate_https],
        help_text=_("It starts with https://. Leave it empty to use the presenter’s own link."),
    )


JOINING_LINK_ACTION = ObjectAction(
    "link",
    _("Set the joining link"),
    assign.set_joining_link,
    available=lambda booking: booking.is_open and booking.format == Format.ONLINE,
    form_class=JoiningLinkForm,
    explanation=_(
        "If the booking is confirmed, we will email the link to the professional and the presenter, with a new calendar entry."
    ),
    done=_("The joining link is set."),
)


class TransferForm(StaffReasonForm):
    colleague = forms.EmailField(label=gettext_lazy("Email address of the colleague"), max_length=254)
    reason = forms.CharField(
        label=gettext_lazy("Who asked for it, and why?"),
        help_text=gettext_lazy("For example, “Ruth Adeyemi, their manager: Nadia has left”. No child’s details."),
        max_length=500,
    )


def transfer_to_colleague(person: Person, *, colleague: str, **asked: Any) -> None:
    to = Person.objects.with_email(colleague.strip()).filter(erased_at=None).first()
    if to is None:
        raise DomainError(gettext_lazy("We know nobody with that address. Add them as a person first, in the same organisation."))
    transfer_bookings(person, to=to, **asked)


def transfer_facts(person: Person) -> list[dict[str, Any]]:
    """What goes and what stays: a parcel goes to the workplace; a place is for one person, with their needs (ADR 13)."""
    ahead = Booking.objects.upcoming(timezone.now()).filter(person=person).with_related().order_by("starts_at", "pk")
    goes = [summary_row(booking.reference, f"{booking.presentation.title}. {booking.when}") for booking in ahead]
    orders = Order.objects.open().filter(person=person, visit_reference="").order_by("pk")
    places = SessionPlace.objects.not_over(timezone.now()).filter(person=person).select_related("session__presentation")
    stays = [gettext("%(reference)s: leaflets by post") % {"reference": order.reference} for order in orders]
    stays += [
        gettext("A place at %(title)s, %(when)s") % {"title": place.session.presentation.title, "when": place.session.when}
        for place in places
    ]
    return [
        summary_row(gettext("Organisation"), person.organisation.name if person.organisation else gettext("none")),
        *(goes or [summary_row(gettext("To come"), gettext("Nothing"))]),
        *(summary_row(gettext("Stays as it is"), what) for what in stays),
    ]


TRANSFER_BOOKINGS_ACTION = ObjectAction(
    slug="hand-over",
    label=gettext_lazy("Hand bookings over to a colleague"),
    service=transfer_to_colleague,
    form_class=TransferForm,
    facts=transfer_facts,
    available=lambda person: person.organisation_id is not None,
    explanation=gettext_lazy(
        "The colleague takes over all bookings and requests to come, with the leaflets that presenters bring. Times and "
        "presenters stay the same. Both people will get an email, and their calendars will change. Orders by post and "
        "places at open sessions stay as they are."
    ),
    done=gettext_lazy("The bookings are handed over. Both people will get an email."),
    permission="hand_over",
)
PersonAdmin.object_actions = [TRANSFER_BOOKINGS_ACTION, *PersonAdmin.object_actions]


class ChangeDetailsForm(DetailsForm):
    """What the owner can change, and the address of a visit."""

    free_text_fields = (*DetailsForm.free_text_fields, "override_reason")

    address_line_1 = forms.CharField(
        label=gettext_lazy("Address line 1"), max_length=120, error_messages={"required": WhereForm.ADDRESS["address_line_1"]}
    )
    address_line_2 = forms.CharField(label=gettext_lazy("Address line 2"), max_length=120, required=False)
    town = forms.CharField(label=gettext_lazy("Town or city"), max_length=80, required=False)
    postcode = forms.CharField(
        label=gettext_lazy("Postcode"),
        max_length=12,
        help_text=gettext_lazy("If you change the postcode, the presenter must still be able to get there in time."),
        error_messages={"required": WhereForm.ADDRESS["postcode"]},
    )
    override_reason = override_reason_field(
        gettext_lazy(
            "You need a reason only if the presenter doesn’t usually go there or speak to that audience. We keep it with "
            "the booking."
        )
    )

    def __init__(self, *args: Any, booking: Booking, **kwargs: Any) -> None:
        super().__init__(*args, booked=booking.audience_size, **kwargs)
        if booking.format != Format.WORKPLACE:
            for name in ADDRESS_FIELDS:
                del self.fields[name]
        self.fields["audience_size"].label = gettext("People coming")
        self.fields["contact_name"].label = gettext("Contact on the day")
        self.fields["notes"].label = gettext("Anything else the presenter should know?")
        self.keep_back(booking)

    def clean_postcode(self) -> str:
        postcode = normalise_postcode(self.cleaned_data["postcode"])
        try:
            find_place(postcode)
        except PlaceUnknown as unknown:
            raise ValidationError(gettext("No presenter can go to this postcode. Check it.")) from unknown
        return postcode


def add_refusal_error(form: forms.Form, refusal: DomainError, booking: Booking, version: str) -> str:
    """Show the refusal, and return the version to send next time: a colleague who has seen the change may press again."""
    if not isinstance(refusal, StaleBooking):
        form.add_error("override_reason" if isinstance(refusal, OutsideRules) else None, str(refusal.message))
        return version
    booking.refresh_from_db()
    form.add_error(
        None,
        gettext(
            "Somebody has changed this booking since you opened the page. You see it above as it is now. Check it, then "
            "press the button again."
        ),
    )
    return booking.version


def details_page(admin: "BookingAdmin", request: HttpRequest, booking: Booking, action: ObjectAction) -> HttpResponse:
    now, posted = timezone.now(), request.method == "POST"
    initial = {name: getattr(booking, name) for name in ChangeDetailsForm.base_fields if hasattr(booking, name)}
    form = ChangeDetailsForm(request.POST if posted else None, booking=booking, initial=initial)
    version, rows = request.POST.get("version", "") if posted else booking.version, list[SummaryRow]()
    if posted and form.is_valid():
        reason = form.cleaned_data["override_reason"]
        asked: dict[str, Any] = {"answers": answers_of(form), "flagged": form.flagged, "override_reason": reason}
        try:
            change_details(booking=booking, expected=version, by=request.user, now=now, **asked)  # type: ignore[arg-type]
        except SlotTaken as refusal:
            form.add_error("postcode", str(refusal.message))
        except DomainError as refusal:
            version = add_refusal_error(form, refusal, booking, version)
            if isinstance(refusal, StaleBooking):
                # What a second press would change in the booking as it is now, perhaps in a colleague’s change.
                typed, there = bookings_text.booking_with(booking, answers_of(form)), bookings_text.where_text(booking)
                rows, address = bookings_text.changed_rows(booking, typed), "\n".join(typed.address_lines)
                if address and address != there:
                    rows.append(bookings_text.changed_row(gettext("Address"), address, there))
        else:
            messages.success(request, str(action.done))
            add_correction_messages(request, form)
            return redirect("staff:bookings_booking_change", booking.pk)
    about = admin.get_action_context(request, action, booking, reverse("staff:bookings_booking_change", args=[booking.pk]))
    context = {**about, "form": form, "version": version, "would_change": rows}
    return TemplateResponse(request, "bookings/booking/staff/change_details.html", context)


class MoveForm(WeekOfTimesForm):
    """With no presenter chosen, the same one stays if possible. Looking at other times shows no errors about missing answers."""

    presenter = optional_presenter_field(gettext_lazy("The same presenter if free, or else the best placed"))

    def __init__(self, data: Any, *, booking: Booking) -> None:
        super().__init__(data, length=booking.presentation.length)
        if booking.starts_at is not None:
            self.option_hints = {"start": {slot_value(booking.starts_at): gettext("as now")}}  # type: ignore[misc]
        self.sending = data is not None and not admin_forms.is_browsing_times(data)
        if not self.sending:
            admin_forms.remove_form_errors(self)


def move_page(admin: "BookingAdmin", request: HttpRequest, booking: Booking, action: ObjectAction) -> HttpResponse:
    """Move a booking. While staff look at other weeks, the page keeps the version that it was first opened with."""
    now, data = timezone.now(), request.POST if request.method == "POST" else None
    form = MoveForm(data, booking=booking)
    version, who_could = booking.version if data is None else data.get("version", ""), ""
    own: dict[str, object] = {"booking": booking}  # its own time is not in its way
    if form.sending and form.is_valid():
        try:
            asked = {name: form.cleaned_data[name] for name in ("start", "presenter", "override_reason", "flagged")}
            moved = reschedule(booking=booking, expected=version, by=request.user, now=now, **asked)  # type: ignore[arg-type]
        except (SlotTaken, OutsideRules) as refusal:
            who_could = explain_refusal(form, refusal, slot_query_of(booking), now, own)
        except DomainError as refusal:
            version = add_refusal_error(form, refusal, booking, version)
        else:
            sentence = gettext("The booking has moved to %(when)s. Everyone concerned will get an email.")
            messages.success(request, sentence % {"when": moved.when})
            return redirect("staff:bookings_booking_change", booking.pk)
    shown = admin_forms.get_requested_week(
        slot_query_of(booking), data, now, named=form.named, near=booking.starts_at, ignoring=own
    )
    form.show(shown)
    about = admin.get_action_context(request, action, booking, reverse("staff:bookings_booking_change", args=[booking.pk]))
    context = {**about, "week": shown, "form": form, "version": version, "beside": who_could}
    return TemplateResponse(request, "bookings/booking/staff/move.html", context)


NO_CHILD_DETAILS_HINT = _("The professional will read this in the email. No details of a child.")


class DeclineForm(StaffReasonForm):
    reason = reason_field(
        _("Why can’t we say yes?"), missing=_("Write why we can’t say yes."), hint=NO_CHILD_DETAILS_HINT, most=500, rows=3
    )


class CancelBookingForm(StaffReasonForm):
    reason = reason_field(
        _("Why is it cancelled?"), missing=_("Write why it is cancelled."), hint=NO_CHILD_DETAILS_HINT, most=500, rows=3
    )


class ReassignForm(StaffForm):
    free_text_fields = ("override_reason",)

    presenter = PresenterChoice(
        label=_("Who gives it?"),
        queryset=Presenter.objects.active(),
        empty_label=_("Choose a presenter"),
        error_messages={"required": _("Choose a presenter.")},
    )
    override_reason = override_reason_field(
        _(
            "You need a reason only if this is outside the presenter’s hours or area. We keep it with the booking. "
            "Nobody can be in two places."
        )
    )


class TravelForm(StaffReasonForm):
    minutes = forms.IntegerField(
        label=_("Minutes of travel to and from this visit"),
        min_value=0,
        max_value=MAX_OVERRIDE_MINUTES,
        required=False,
        help_text=_("Leave this empty to use the time that we work out from the postcodes."),
    )
    reason = reason_field(_("Why"), missing=_("Write why."), most=200)


CONFIRM_ACTION = ObjectAction(
    "confirm",
    _("Confirm this booking"),
    transitions.confirm_booking,
    available=lambda booking: booking.can_become(BookingState.CONFIRMED) and booking.presenter_id is not None,
    explanation=_("The professional will get an email to confirm it, with a calendar entry."),
    done=_("The booking is confirmed. The professional will get an email."),
    weight="main",
)
# One service, two buttons: without a presenter it is the one thing to do, with one it is a change.
ASSIGN_ACTION = ObjectAction(
    "assign",
    _("Choose a presenter"),
    assign.reassign,
    available=lambda booking: (
        booking.needs_a_presenter and not SAY_SAFE_ACTION.available(booking)
    ),  # nobody else goes until all is well
    form_class=ReassignForm,
    explanation=_("We will email the presenter. If the booking is confirmed, the professional will get a new confirmation."),
    done=_("The booking has a presenter. They will get an email."),
    weight="main",
)
MARK_DELIVERED_ACTION = ObjectAction(
    "delivered",
    _("Mark as delivered"),
    transitions.mark_delivered,
    available=lambda booking: (
        booking.can_become(BookingState.DELIVERED)
        and not booking.needs_a_presenter
        and booking.agreed_times[1] <= timezone.now()
        and not SAY_SAFE_ACTION.available(booking)  # first we must know that the presenter is safe
    ),
    explanation=_("Press this once the presentation has taken place. The professional will get an email that asks how it was."),
    done=_("The booking is marked as delivered. We will email the professional to ask how it was."),
    weight="main",
)
REASSIGN_ACTION = ObjectAction(
    "reassign",
    _("Change the presenter"),
    assign.reassign,
    available=lambda booking: booking.is_open and booking.presenter_id is not None,
    form_class=ReassignForm,
    explanation=_("We will email both presenters. If the booking is confirmed, the professional will get a new confirmation."),
    done=_("The presenter is changed. Everyone concerned will get an email."),
)
RESCHEDULE_ACTION = ObjectAction(
    "move",
    _("Move to another time"),
    page=move_page,
    available=lambda booking: booking.is_open and booking.has_time,
    explanation=_("The professional and every presenter concerned will get an email, with the change for their calendar."),
)
CHANGE_DETAILS_ACTION = ObjectAction(
    "details",
    _("Change the details"),
    page=details_page,
    available=lambda booking: booking.is_open,
    explanation=_("The professional and the presenter will get an email that says what is different."),
    done=_("The details are changed. The professional and the presenter will get an email."),
)
TRAVEL_TIME_ACTION = ObjectAction(
    "travel",
    _("Set the travel time"),
    assign.set_travel_time,
    available=lambda booking: booking.is_open and booking.presenter_id is not None and booking.format == Format.WORKPLACE,
    form_class=TravelForm,
    explanation=_("This is for this visit only. It counts for the journey there and the journey afterwards."),
    done=_("The travel time is set."),
)
DECLINE_ACTION = ObjectAction(
    "decline",
    _("Decline this booking"),
    transitions.decline_booking,
    available=lambda booking: booking.can_become(BookingState.DECLINED),
    form_class=DeclineForm,
    explanation=_(
        "Use this when we can’t give the presentation. The professional will get an email, and the time will be free again."
    ),
    done=_("The booking is declined. The professional will get an email, and the time is free again."),
    weight="stop",
    in_row=True,
)
CANCEL_ACTION = ObjectAction(
    "cancel",
    _("Cancel this booking"),
    transitions.cancel_booking,
    available=lambda booking: booking.can_become(BookingState.CANCELLED),
    form_class=CancelBookingForm,
    explanation=_("The professional and the presenter will get an email, and the time will be free again."),
    done=_("The booking is cancelled. The professional will get an email, and the time is free again."),
    weight="stop",
)


class TakeBackForm(StaffReasonForm):
    reason = reason_field(
        _("Why are you taking this back?"),
        missing=_("Write why you are taking this back."),
        hint=_("This is for colleagues. The professional won’t see it. No details of a child."),
        most=500,
        rows=3,
    )


TAKE_BACK_DELIVERED_ACTION = ObjectAction(
    "not-delivered",
    _("Take back “delivered”"),
    undo.take_back_delivered,
    available=lambda booking: booking.state == BookingState.DELIVERED and booking.may_be_taken_back,
    form_class=TakeBackForm,
    explanation=_(
        "The booking will be confirmed again, as it was before. You can’t do this once anybody has recorded who came or given "
        "feedback. Nobody will get an email about this. If you mark the booking as delivered again, we will ask the professional "
        "how it was."
    ),
    done=_("The booking is confirmed again."),
)
TAKE_BACK_CANCELLED_ACTION = ObjectAction(
    "not-cancelled",
    _("Take back the cancellation"),
    undo.take_back_cancelled,
    available=lambda booking: booking.state == BookingState.CANCELLED and booking.may_be_taken_back,
    form_class=TakeBackForm,
    explanation=_(
        "The booking will be as it was before, if the presenter is still free. The professional and the presenter will get an "
        "email, with a new calendar entry. The presenter brings the same leaflets again if we still have them. If it is a "
        "request without a time, we no longer keep its dates."
    ),
    done=_("The booking is no longer cancelled. If it is still to come, the professional and the presenter will get an email."),
)
OBJECT_ACTIONS = (
    TAKE_ON_ACTION,
    SAY_SAFE_ACTION,
    CONFIRM_ACTION,
    AGREE_TIME_ACTION,
    ASSIGN_ACTION,
    OFFER_TIMES_ACTION,
    MARK_DELIVERED_ACTION,
    CHECK_IN_ACTION,
    CHECK_OUT_ACTION,
    TAKE_BACK_CHECK_IN_ACTION,
    TAKE_BACK_CHECK_OUT_ACTION,
    ATTENDANCE_ACTION,
    MORE_FEEDBACK_ACTION,
    JOINING_LINK_ACTION,
    REASSIGN_ACTION,
    RESCHEDULE_ACTION,
    CHANGE_DETAILS_ACTION,
    TRAVEL_TIME_ACTION,
    *SEAT_ACTIONS,
    DECLINE_ACTION,
    CANCEL_ACTION,
    TAKE_BACK_DELIVERED_ACTION,
    TAKE_BACK_CANCELLED_ACTION,
)
