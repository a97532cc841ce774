"""What staff can do with one booking: what each action asks for, and the service that it calls."""

from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from bookings.admin.afterwards import ATTENDANCE
from bookings.admin.changing import details_page
from bookings.admin.choices import PresenterChoice, reason_to_yield
from bookings.admin.deciding import AGREE
from bookings.admin.moving import move_page
from bookings.admin.offering import OFFER
from bookings.admin.visit_actions import CHECKED_IN, CHECKED_OUT, LINK, SAFE
from bookings.models import Booking, Format, Presenter, State
from bookings.services import assigning, moving
from bookings.travel import LONGEST_OVERRIDE_MINUTES
from ctac.staff import ObjectAction
from professionals.models import User
from professionals.safeguarding import StaffForm

NO_CHILD = _("The professional reads this in the email. No details of a child.")


class DeclineForm(StaffForm):
    free_text_fields = ("reason",)

    reason = forms.CharField(
        label=_("Why can’t we say yes?"),
        max_length=500,
        widget=forms.Textarea({"rows": 3}),
        help_text=NO_CHILD,
        error_messages={"required": _("Write why we can’t say yes.")},
    )


class CancelForm(StaffForm):
    free_text_fields = ("reason",)

    reason = forms.CharField(
        label=_("Why is it cancelled?"),
        max_length=500,
        widget=forms.Textarea({"rows": 3}),
        help_text=NO_CHILD,
        error_messages={"required": _("Write why it is cancelled.")},
    )


class ReassignForm(StaffForm):
    free_text_fields = ("override_reason",)

    presenter = PresenterChoice(
        label=_("Who gives it?"),
        queryset=Presenter.objects.active(),
        empty_label=_("Choose a presenter"),
        error_messages={"required": _("Choose a presenter.")},
    )
    override_reason = reason_to_yield(
        _("Only needed outside the presenter’s hours or area. It is kept with the booking. Nobody can be in two places.")
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
    reason = forms.CharField(label=_("Why"), max_length=200, error_messages={"required": _("Write why.")})


def do_confirm(booking: Booking, *, by: User) -> None:
    moving.confirm(booking=booking, by=by, now=timezone.now())


def do_decline(booking: Booking, *, by: User, reason: str, flagged: bool) -> None:
    moving.decline(booking=booking, reason=reason, by=by, now=timezone.now(), flagged=flagged)


def do_reassign(booking: Booking, *, by: User, presenter: Presenter, **why: Any) -> None:
    assigning.reassign(booking=booking, presenter=presenter, by=by, now=timezone.now(), **why)


def do_cancel(booking: Booking, *, by: User, reason: str, flagged: bool) -> None:
    moving.cancel(booking=booking, by=by, now=timezone.now(), reason=reason, flagged=flagged)


def do_mark_delivered(booking: Booking, *, by: User) -> None:
    moving.mark_delivered(booking=booking, by=by, now=timezone.now())


def do_set_travel(booking: Booking, *, by: User, minutes: int | None, **why: Any) -> None:
    assigning.set_travel(booking=booking, minutes=minutes, by=by, now=timezone.now(), **why)


def has_a_presenter(booking: Booking) -> bool:
    return booking.is_open and booking.presenter_id is not None


CONFIRM = ObjectAction(
    "confirm",
    _("Confirm this booking"),
    do_confirm,
    available=lambda booking: booking.can_become(State.CONFIRMED) and booking.presenter_id is not None,
    explanation=_("The professional gets an email that says it is confirmed, with the calendar entry."),
    done=_("The booking is confirmed. The professional gets an email."),
    weight="main",
)
# One service, two buttons: without a presenter it is the one thing to do, with one it is a change.
ASSIGN = ObjectAction(
    "assign",
    _("Choose a presenter"),
    do_reassign,
    available=lambda booking: booking.needs_a_presenter and not SAFE.available(booking),  # nobody goes before all is known
    form_class=ReassignForm,
    explanation=_("The presenter is told. If the booking is confirmed, the professional gets a new confirmation."),
    done=_("The booking has a presenter, who gets an email."),
    weight="main",
)
DELIVERED = ObjectAction(
    "delivered",
    _("Mark as delivered"),
    do_mark_delivered,
    available=lambda booking: (
        booking.can_become(State.DELIVERED)
        and not booking.needs_a_presenter
        and booking.agreed[0] <= timezone.now()
        and not SAFE.available(booking)  # whether somebody is safe comes before the books
    ),
    explanation=_("Say here that the presentation took place. The professional gets an email that asks how it was."),
    done=_("The booking is marked as delivered. The professional is asked how it was."),
    weight="main",
)
REASSIGN = ObjectAction(
    "reassign",
    _("Change the presenter"),
    do_reassign,
    available=has_a_presenter,
    form_class=ReassignForm,
    explanation=_("Both presenters are told. If it is confirmed, the professional gets a new confirmation."),
    done=_("The presenter is changed. Everyone concerned gets an email."),
)
MOVE = ObjectAction(
    "move",
    _("Move to another time"),
    page=move_page,
    available=lambda booking: booking.is_open and booking.has_time,
    explanation=_("The professional and every presenter concerned get an email, with the change for their calendar."),
)
DETAILS = ObjectAction(
    "details",
    _("Change the details"),
    page=details_page,
    available=lambda booking: booking.is_open,
    explanation=_("The professional and the presenter get an email that says what is different."),
    done=_("The details are changed. The professional and the presenter get an email."),
)
TRAVEL = ObjectAction(
    "travel",
    _("Set the travel time"),
    do_set_travel,
    available=lambda booking: has_a_presenter(booking) and booking.format == Format.WORKPLACE,
    form_class=TravelForm,
    explanation=_("For this visit only: it holds for the way there and the way on."),
    done=_("The travel time is set."),
)
DECLINE = ObjectAction(
    "decline",
    _("Decline this booking"),
    do_decline,
    available=lambda booking: booking.can_become(State.DECLINED),
    form_class=DeclineForm,
    explanation=_("When we can’t do it. The professional gets an email, and the time is free again."),
    done=_("The booking is declined. The professional gets an email, and the time is free again."),
    weight="stop",
)
CANCEL = ObjectAction(
    "cancel",
    _("Cancel this booking"),
    do_cancel,
    available=lambda booking: booking.can_become(State.CANCELLED),
    form_class=CancelForm,
    explanation=_("The professional and the presenter get an email, and the time is free again."),
    done=_("The booking is cancelled. The professional gets an email, and the time is free again."),
    weight="stop",
)
OBJECT_ACTIONS = (
    SAFE,
    CONFIRM,
    AGREE,
    ASSIGN,
    OFFER,
    DELIVERED,
    CHECKED_IN,
    CHECKED_OUT,
    ATTENDANCE,
    LINK,
    REASSIGN,
    MOVE,
    DETAILS,
    TRAVEL,
    DECLINE,
    CANCEL,
)
