"""By which link people join an online booking, and telling those who need it when it changes."""

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext_lazy

from bookings.models import Booking, EventKind, Format, Presenter, State
from bookings.models.booking import record
from bookings.services.errors import MoveRefused
from bookings.services.locking import lock_booking, lock_bookings
from bookings.services.telling import tell_link
from ctac.errors import DomainError
from professionals.models import User


class SameLink(DomainError):
    message = gettext_lazy("That is the link already. Nobody needs to be told.")


@transaction.atomic
def set_joining_link(*, booking: Booking, link: str, by: User | None, now: datetime) -> Booking:
    """Give an online booking a link of its own (https); empty goes back to its presenter's.

    If it is confirmed and people join elsewhere than before, they are told once. Raises SameLink, MoveRefused (not online,
    or no longer open).
    """
    locked = lock_booking(booking, now=now)
    if locked.format != Format.ONLINE or not locked.is_open:
        raise MoveRefused
    if locked.own_joining_link == link:
        raise SameLink
    before, locked.own_joining_link = locked.joining_link, link
    moved = locked.joining_link != before
    locked.sequence += moved
    locked.save(update_fields=["own_joining_link", "sequence"])
    record(locked, EventKind.LINK_SET, by=by, now=now)
    if moved:
        tell_link(locked, now)
    return locked


def presenters_link_changed(*, presenter: Presenter, before: str, by: User | None, now: datetime) -> None:
    """Tell the people of each confirmed online booking to come that uses the presenter's link, in the caller's transaction.

    The presenter is locked already; `before` is the link until now. Who changed it themselves need not be told.
    """
    own_hand = by is not None and by.pk == presenter.user_id
    uses_it = Booking.objects.filter(
        presenter=presenter, state=State.CONFIRMED, format=Format.ONLINE, own_joining_link="", starts_at__gt=now
    )
    for booking in lock_bookings(uses_it):
        booking.sequence += 1
        booking.save(update_fields=["sequence"])
        record(booking, EventKind.LINK_SET, by=by, now=now)
        tell_link(booking, now, presenter_too=not own_hand)
