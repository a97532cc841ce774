"""Checking in and out: one big button a time, pressed on a phone outside a reception. A second tap changes nothing."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from bookings import rules
from bookings.models import Booking, Format, Presenter, State, Visit, may_check_in, may_check_out
from bookings.presenting.access import own_visits, presenter_or_awaited
from bookings.services.visiting import check_in, check_out
from ctac.errors import DomainError
from ctac.uk import format_clock, uk_day


@dataclass(frozen=True)
class VisitNow:
    """Where a visit stands, in a sentence, and the one button of this moment."""

    said: str
    button: str = ""
    action: str = ""
    is_late: bool = False


def visit_now(booking: Booking, presenter: Presenter, *, is_late: bool) -> VisitNow | None:
    """For that presenter. None where nobody goes anywhere."""
    now = timezone.now()
    visit: Visit | None = getattr(booking, "visit", None)
    if booking.format != Format.WORKPLACE or booking.starts_at is None:
        return None
    if visit is not None and visit.is_out and visit.checked_out_at and visit.presenter_id == presenter.pk:
        return VisitNow(_("You checked out at %(clock)s. Thank you.") % {"clock": format_clock(visit.checked_out_at)})
    if visit is not None and visit.is_handed_over and visit.presenter_id != presenter.pk:
        return VisitNow(still_there(visit))
    if may_check_in(booking, now):
        said = _("We have not heard from you. Are you there?") if is_late else _("Tell us when you are there.")
        return VisitNow(said, _("I have arrived"), action(booking, "presenter_check_in"), is_late)
    if may_check_out(booking, now):
        return VisitNow(waiting_to_leave(visit, is_late), _("I have left"), action(booking, "presenter_check_out"), is_late)
    return yet_to_come(booking, now)


def action(booking: Booking, name: str) -> str:
    return reverse(name, args=[booking.reference])


def waiting_to_leave(visit: Visit | None, is_late: bool) -> str:
    handed_over = f" {given_by_another(visit.booking)}" if visit is not None and visit.is_handed_over else ""
    if is_late:
        return _("We have not heard that you have left. Are you safe?") + handed_over
    if visit is not None and visit.is_in and visit.checked_in_at:
        said = _("You are checked in, since %(clock)s. Tell us when you have left.")
        return said % {"clock": format_clock(visit.checked_in_at)} + handed_over
    return _("You did not check in. Tell us when you have left.")


def given_by_another(booking: Booking) -> str:
    """To who is there: why that matters to somebody else."""
    if booking.presenter is None:
        return _("This visit is no longer yours. Whoever takes it over can only check in after that.")
    return _("%(name)s has this visit now, and can only check in after that.") % {"name": booking.presenter}


def still_there(visit: Visit) -> str:
    """To who has the visit now."""
    facts = {"name": visit.presenter, "clock": format_clock(visit.checked_in_at) if visit.checked_in_at else ""}
    return (
        _(
            "%(name)s is checked in there, since %(clock)s. You can check in as soon as %(name)s has checked out. "
            "Ask them to do it on their phone, or ask the team to do it for them."
        )
        % facts
    )


def yet_to_come(booking: Booking, now: datetime) -> VisitNow | None:
    start = booking.agreed[0]
    if booking.state != State.CONFIRMED or start < now or uk_day(start) != uk_day(now):
        return None
    return VisitNow(_("You can check in from %(clock)s.") % {"clock": format_clock(start - rules.CHECK_IN_OPENS)})


def press(request: HttpRequest, presenter: Presenter, reference: str, service: Callable[..., Visit]) -> HttpResponse:
    """To the visit's page, which says how it stands now."""
    booking = get_object_or_404(own_visits(presenter), reference=reference)
    try:
        service(booking=booking, presenter=presenter, by=request.user, now=timezone.now())
    except DomainError as refusal:
        messages.warning(request, str(refusal.message))
    return redirect("presenter_visit", reference=booking.reference)


@presenter_or_awaited
@require_POST
def presenter_check_in(request: HttpRequest, presenter: Presenter, reference: str) -> HttpResponse:
    return press(request, presenter, reference, check_in)


@presenter_or_awaited
@require_POST
def presenter_check_out(request: HttpRequest, presenter: Presenter, reference: str) -> HttpResponse:
    return press(request, presenter, reference, check_out)
