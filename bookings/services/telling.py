"""Which email tells whom of what. Rows of the outbox, written in the transaction of the thing itself.

A message's version is the booking's calendar sequence: what was superseded before it went out is dropped (bookings.mail).
"""

from collections.abc import Iterable
from datetime import datetime

from django.conf import settings

from bookings.models import Booking, Presenter, State
from notifications.services import notify


def tell(kind: str, booking: Booking, to: Iterable[str], now: datetime, **when: datetime | None) -> None:
    notify(
        kind=kind, about=f"booking:{booking.pk}", to=to, now=now, reference=booking.reference, version=booking.sequence, **when
    )


def tell_booked(booking: Booking, now: datetime) -> None:
    """The professional, staff and the presenter."""
    if booking.state == State.CONFIRMED:
        tell_confirmed(booking, now)
    else:
        tell("booking-requested", booking, [booking.person.email], now)
        tell("presenter-kept", booking, presenters(booking), now)
    tell("staff-new-booking", booking, [settings.STAFF_EMAIL], now)


def tell_confirmed(booking: Booking, now: datetime) -> None:
    """The confirmation now, the reminder at 9am UK time on the day before; none if that has passed. And the presenter."""
    tell("booking-confirmed", booking, [booking.person.email], now)
    due_at, expires_at = booking.reminder_due_at, booking.starts_at
    if due_at > now:
        tell("booking-reminder", booking, [booking.person.email], now, due_at=due_at, expires_at=expires_at)
    tell("presenter-booked", booking, presenters(booking), now)


def tell_declined(booking: Booking, now: datetime) -> None:
    """The professional, and the presenter, whose time is free again. Staff said it themselves."""
    tell("booking-declined", booking, [booking.person.email], now)
    tell("presenter-cancelled", booking, presenters(booking), now)


def tell_cancelled(booking: Booking, now: datetime) -> None:
    tell("booking-cancelled", booking, [booking.person.email], now)
    tell("presenter-cancelled", booking, presenters(booking), now)
    tell("staff-booking-cancelled", booking, [settings.STAFF_EMAIL], now)


def presenters(booking: Booking) -> list[str]:
    """The presenter's address, if it has one."""
    return [booking.presenter.email] if booking.presenter else []


def tell_freed(booking: Booking, presenter: Presenter, now: datetime) -> None:
    """The presenter no longer has it; staff read that it needs another."""
    tell("staff-needs-presenter", booking, [settings.STAFF_EMAIL], now)
    tell("presenter-freed", booking, [presenter.email], now)


def tell_reassigned(booking: Booking, before: Presenter | None, now: datetime) -> None:
    """The presenter now and the one before; the professional only of what is confirmed."""
    if booking.state == State.CONFIRMED:
        tell_confirmed(booking, now)
    else:
        tell("presenter-kept", booking, presenters(booking), now)
    if before is not None:
        tell("presenter-freed", booking, [before.email], now)
