"""A presenter arrives at a workplace and leaves it again; a colleague says that all is well.

Each writer locks the booking first, so a second tap, a second phone and the alert (bookings.services.watching) see what the
first has written. No busy time is touched, so no presenter is locked.
"""

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from bookings import rules
from bookings.models import Booking, EventKind, Format, Overdue, Presenter, State, Visit
from bookings.services.moving import record
from ctac.errors import DomainError
from ctac.uk import format_clock, format_day
from professionals.models import User
from professionals.services.safeguarding import tell_lead


class NotAVisit(DomainError):
    """Nobody is expected anywhere: it is online, not confirmed, or cancelled."""

    message = _("This is not a visit that is going ahead, so there is nothing to check in to.")


class TooEarly(DomainError):
    def __init__(self, opens_at: datetime) -> None:
        facts = {"day": format_day(opens_at), "clock": format_clock(opens_at)}
        super().__init__(_("You can check in from %(clock)s on %(day)s.") % facts)


class VisitOver(DomainError):
    message = _("The time of this visit is over. Check out instead, so that we know you are safe.")


class NotBegun(DomainError):
    message = _("This visit has not begun, and nobody has checked in. Check in first.")


class SomebodyElseIsThere(DomainError):
    def __init__(self, presenter: Presenter) -> None:
        said = _("%(name)s is checked in there. Nobody else can check in or out before %(name)s has checked out.")
        super().__init__(said % {"name": presenter})


class NotOverdue(DomainError):
    message = _("Nobody is overdue on this visit now: they have checked in or out, or a colleague has said that all is well.")


@transaction.atomic
def check_in(*, booking: Booking, presenter: Presenter, by: User, now: datetime, note: str = "", flagged: bool = False) -> Visit:
    """`presenter` is there. Checking in again changes nothing. By staff after a phone call: `by` and `note` say so.

    Raises NotAVisit, TooEarly, VisitOver, SomebodyElseIsThere.
    """
    locked, visit = lock_visit(booking)
    refuse_somebody_elses(visit, presenter)
    if visit.is_in or (visit.is_out and visit.presenter == presenter):
        return visit
    if locked.state != State.CONFIRMED or locked.format != Format.WORKPLACE:
        raise NotAVisit
    starts_at, ends_at = locked.agreed
    if now < starts_at - rules.CHECK_IN_OPENS:
        raise TooEarly(starts_at - rules.CHECK_IN_OPENS)
    if now >= ends_at:
        raise VisitOver
    visit.presenter, visit.checked_in_at, visit.checked_out_at = presenter, now, None
    keep(visit, EventKind.CHECKED_IN, by=by, now=now, note=note, flagged=flagged)
    return visit


@transaction.atomic
def check_out(*, booking: Booking, presenter: Presenter, by: User, now: datetime, note: str = "", flagged: bool = False) -> Visit:
    """`presenter` has left and is safe; also late, and also who forgot to check in. Checking out again changes nothing.
    By a clock that is behind the one of the check-in it counts as that same moment: nobody is kept on the list for that.

    Raises NotAVisit, NotBegun, SomebodyElseIsThere.
    """
    locked, visit = lock_visit(booking)
    refuse_somebody_elses(visit, presenter)
    if visit.is_out and visit.presenter == presenter:
        return visit
    if not visit.is_in:
        refuse_unless_it_took_place(locked, now)
        visit.checked_in_at = None
    now = max(now, visit.checked_in_at or now)
    visit.presenter, visit.checked_out_at = presenter, now
    keep(visit, EventKind.CHECKED_OUT, by=by, now=now, note=note, flagged=flagged)
    return visit


@transaction.atomic
def say_safe(*, booking: Booking, by: User, now: datetime, note: str, flagged: bool = False) -> Visit:
    """Staff have heard that all is well, and the alert ends. The check-out is still waited for if it is not due yet.

    Raises NotOverdue, which is also what the second of two colleagues reads.
    """
    locked, visit = lock_visit(booking)
    if Overdue.find(locked, now) is None:
        raise NotOverdue
    visit.safe_at = now
    keep(visit, EventKind.SAID_SAFE, by=by, now=now, note=note, flagged=flagged)
    return visit


def lock_visit(booking: Booking) -> tuple[Booking, Visit]:
    """The booking, locked, and its visit as it stands since; a new one is not written yet."""
    locked = Booking.objects.select_for_update(of=("self",), no_key=True).get(pk=booking.pk)
    visit = Visit.objects.filter(booking=locked).select_related("presenter").first() or Visit(booking=locked)
    visit.booking = locked
    return locked, visit


def refuse_somebody_elses(visit: Visit, presenter: Presenter) -> None:
    if visit.is_in and visit.presenter is not None and visit.presenter != presenter:
        raise SomebodyElseIsThere(visit.presenter)


def refuse_unless_it_took_place(booking: Booking, now: datetime) -> None:
    if booking.format != Format.WORKPLACE or booking.state not in (State.CONFIRMED, State.DELIVERED):
        raise NotAVisit
    if now < booking.agreed[0]:
        raise NotBegun


def keep(visit: Visit, kind: EventKind, *, by: User, now: datetime, note: str, flagged: bool) -> None:
    visit.save()
    booking = visit.booking
    if visit.is_over:
        close_visit(booking)
    record(booking, kind, by=by, now=now, reason=note)
    if flagged:
        tell_lead(about=f"booking:{booking.pk}:{kind}:{now:%Y%m%d%H%M%S}", reference=booking.reference, now=now)


def close_visit(booking: Booking) -> None:
    """Nobody is waited for any more, unless the booking gets another time or presenter."""
    booking.visit_closed = True
    booking.save(update_fields=["visit_closed"])
