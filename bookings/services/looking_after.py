"""What must wait while a presenter is out there, or nobody knows whether they are safe (product.md, rule 10)."""

from datetime import datetime

from django.utils.translation import gettext_lazy as _

from bookings import rules
from bookings.models import Booking, Format, Overdue, Visit
from ctac.errors import DomainError


class NobodyHasHeard(DomainError):
    message = _("We have not heard from the presenter of this visit. Call them, say that all is well, then do this.")


class StillThere(DomainError):
    message = _("The presenter has checked in there and not checked out. Call them and check them out, then do this.")


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
