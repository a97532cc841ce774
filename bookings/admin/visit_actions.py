"""What staff do about a visit after a phone call, and the link by which people join an online booking."""

from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from bookings import words
from bookings.models import Booking, Format, Overdue, may_check_in, may_check_out
from bookings.models.presenter import Presenter, validate_https
from bookings.services import errors, joining, visiting
from ctac.staff import ObjectAction
from professionals.models import User
from professionals.safeguarding import StaffForm


class HeardForm(StaffForm):
    free_text_fields = ("note",)

    note = forms.CharField(
        label=_("Who told you, and what did they say?"),
        max_length=500,
        widget=forms.Textarea({"rows": 3}),
        help_text=_("Kept with your name and the time. No details of a child."),
        error_messages={"required": _("Write who told you, and what they said.")},
    )


class LinkForm(forms.Form):
    link = forms.URLField(
        label=_("Joining link for this booking"),
        required=False,
        max_length=200,
        assume_scheme="https",
        validators=[validate_https],
        help_text=_("It starts with https://. Leave it empty to use the presenter’s own link."),
    )


def who_is_there(booking: Booking) -> Presenter:
    presenter = words.presenter_of_visit(booking)
    if presenter is None:
        raise errors.NeedsPresenter
    return presenter


def do_say_safe(booking: Booking, *, by: User, **heard: Any) -> None:
    visiting.say_safe(booking=booking, by=by, now=timezone.now(), **heard)


def do_check_in(booking: Booking, *, by: User, **heard: Any) -> None:
    visiting.check_in(booking=booking, presenter=who_is_there(booking), by=by, now=timezone.now(), **heard)


def do_check_out(booking: Booking, *, by: User, **heard: Any) -> None:
    visiting.check_out(booking=booking, presenter=who_is_there(booking), by=by, now=timezone.now(), **heard)


def do_set_link(booking: Booking, *, by: User, link: str) -> None:
    joining.set_joining_link(booking=booking, link=link, by=by, now=timezone.now())


SAFE = ObjectAction(
    "safe",
    _("Say that all is well"),
    do_say_safe,
    available=lambda booking: Overdue.find(booking, timezone.now()) is not None,
    form_class=HeardForm,
    explanation=_("Call the presenter, then the contact on site. Say so here once you know that the presenter is safe."),
    done=_("Thank you. It no longer stands on the first page."),
    weight="main",
)
CHECKED_IN = ObjectAction(
    "checked-in",
    _("Check the presenter in"),
    do_check_in,
    available=lambda booking: may_check_in(booking, timezone.now()),
    form_class=HeardForm,
    explanation=_("After a phone call, when they can’t do it on their phone."),
    done=_("The presenter is checked in."),
)
CHECKED_OUT = ObjectAction(
    "checked-out",
    _("Check the presenter out"),
    do_check_out,
    available=lambda booking: may_check_out(booking, timezone.now()),
    form_class=HeardForm,
    explanation=_("After a phone call: they have left and are safe."),
    done=_("The presenter is checked out."),
)
LINK = ObjectAction(
    "link",
    _("Set the joining link"),
    do_set_link,
    available=lambda booking: booking.is_open and booking.format == Format.ONLINE,
    form_class=LinkForm,
    explanation=_("If the booking is confirmed, the professional and the presenter get it by email, with a new calendar entry."),
    done=_("The joining link is set."),
)
