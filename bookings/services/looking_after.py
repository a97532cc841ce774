"""What must wait while a presenter is out there, or nobody knows whether they are safe (product.md, rule 10)."""

from datetime import datetime

from django.utils.translation import gettext_lazy as _

from bookings import rules
from bookings.models import Booking, BookingQuerySet, Format, Overdue, Presenter, State, Visit, on_the_way_or_there
from ctac.errors import DomainError
from professionals.privacy import VisitInTheWay


class NobodyHasHeard(VisitInTheWay):
    message = _("We have not heard from the presenter of this visit. Call them, say that all is well, then do this.")


class StillThere(DomainError):
    message = _("The presenter has checked in there and not checked out. Call them and check them out, then do this.")


class VisitNotOver(VisitInTheWay):
    """What we know of a visit can't be erased while its presenter needs it."""

    def __init__(self, booking: Booking) -> None:
        super().__init__(
            _(
                "The presenter of visit %(reference)s may be on the way or there, and needs the contact on site, so nothing was "
                "erased. Do this once the presenter has checked out or a colleague has said that all is well. If nobody has set "
                "off yet, cancel that booking first."
            )
            % {"reference": booking.reference}
        )


def refuse_while_on_the_way_or_there(bookings: BookingQuerySet, now: datetime) -> None:
    """Raises VisitNotOver for the first of these to which a presenter may have set off, and from which nobody has come back."""
    found = on_the_way_or_there(bookings, now).first()
    if found is not None:
        raise VisitNotOver(found)


def go_on_waiting_for(presenter: Presenter, booking: Booking, now: datetime) -> None:
    """Before leave takes this presenter off a visit that has begun: the alarm stays until somebody has heard from them."""
    if booking.format != Format.WORKPLACE or booking.state != State.CONFIRMED or booking.visit_closed or booking.agreed[0] > now:
        return
    visit = Visit.objects.filter(booking=booking).first() or Visit()
    visit.booking = booking
    if visit.is_in or visit.is_done:
        return  # whoever is there is waited for until they check out
    visit.presenter, visit.checked_in_at, visit.checked_out_at, visit.sought_at = presenter, None, None, now
    visit.save()


def refuse_while_overdue(booking: Booking, now: datetime) -> None:
    """Nothing may take the alert away but word of the presenter. Raises NobodyHasHeard."""
    if Overdue.find(booking, now) is not None:
        raise NobodyHasHeard


def refuse_while_there(booking: Booking, now: datetime) -> None:
    """At another time it would be another visit, and nobody would wait for who is at this one. Raises StillThere."""
    if somebody_is_there(booking, now):
        raise StillThere


def somebody_is_there(booking: Booking, now: datetime) -> bool:
    """No statement before anybody can have checked in."""
    if booking.format != Format.WORKPLACE or booking.starts_at is None or now < booking.starts_at - rules.CHECK_IN_OPENS:
        return False
    visit = Visit.objects.select_related("booking").filter(booking=booking).first()
    return visit is not None and visit.is_in
