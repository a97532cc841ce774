"""The one function that moves a booking's state and records it, and the moves."""

from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from bookings.models import Booking, BookingEvent, EventKind, State
from bookings.services.afterwards import open_afterwards
from bookings.services.bringing import take_back_leaflets
from bookings.services.errors import MoveRefused, NeedsPresenter, NoTimeAgreed, NotStarted, TooLate
from bookings.services.keeping import close_options, free_time
from bookings.services.locking import lock_booking
from bookings.services.looking_after import refuse_while_overdue, somebody_is_there
from bookings.services.telling import tell_afterwards, tell_cancelled, tell_confirmed, tell_declined
from professionals.models import User
from professionals.services.safeguarding import tell_lead


def record(
    booking: Booking,
    kind: EventKind,
    *,
    by: User | None,
    now: datetime,
    from_state: str = "",
    to_state: str = "",
    reason: str = "",
    changes: dict[str, object] | None = None,
) -> None:
    """Write the event. Append-only: what it says is never changed."""
    BookingEvent.objects.create(
        booking=booking,
        kind=kind,
        by=by,
        at=now,
        from_state=from_state,
        to_state=to_state,
        reason=reason,
        changes=changes or {},
    )


def move(
    booking: Booking,
    to: State,
    kind: EventKind,
    *,
    by: User | None,
    now: datetime,
    reason: str = "",
    by_link: bool = False,
    **columns: object,
) -> None:
    """Move the booking from the state that it was read in, store `columns` with it, and record it.

    Raises MoveRefused if that move is not in the table, or if the booking's state has changed since it was read.
    """
    if not booking.can_become(to):
        raise MoveRefused(
            _("This booking is %(state)s, so that is no longer possible.") % {"state": booking.get_state_display().lower()}
        )
    before, booking.state = booking.state, to
    for column, value in columns.items():
        setattr(booking, column, value)
    if not Booking.objects.filter(pk=booking.pk, state=before).update(state=to, **columns):
        raise MoveRefused
    changes: dict[str, object] = {"by_link": True} if by_link else {}
    record(booking, kind, by=by, now=now, from_state=before, to_state=to, reason=reason, changes=changes)


@transaction.atomic
def confirm(*, booking: Booking, by: User | None, now: datetime) -> Booking:
    """A request becomes a booking; it has held its time already. Raises MoveRefused, NeedsPresenter, NoTimeAgreed."""
    locked = lock_booking(booking, now=now)
    if not locked.has_time:
        raise NoTimeAgreed
    if locked.needs_a_presenter:
        raise NeedsPresenter
    move(locked, State.CONFIRMED, EventKind.CONFIRMED, by=by, now=now)
    tell_confirmed(locked, now)
    return locked


@transaction.atomic
def decline(*, booking: Booking, reason: str, by: User | None, now: datetime, flagged: bool = False) -> Booking:
    """Say no to a request in words that the professional reads, and give its time back. Raises MoveRefused.

    `flagged` as in cancel: such words go into no email.
    """
    locked = lock_booking(booking, now=now)
    columns: dict[str, Any] = {"closed_reason": reason, "flagged_child_details": locked.flagged_child_details or flagged}
    move(locked, State.DECLINED, EventKind.DECLINED, by=by, now=now, reason=reason, **columns)
    free_time(locked)
    close_options(locked)
    take_back_leaflets(locked, by=by, now=now)
    tell_declined(locked, now)
    if flagged:
        tell_lead(about=f"booking:{locked.pk}:declined", reference=locked.reference, now=now)
    return locked


@transaction.atomic
def cancel(
    *, booking: Booking, by: User | None, now: datetime, reason: str = "", flagged: bool = False, by_link: bool = False
) -> Booking:
    """Give the time and the leaflets back and tell everyone; calendars get a higher sequence. Its owner can until it starts,
    staff always.

    `by_link`: whoever has the owner's email pressed the button behind its link.
    `flagged`: the reason looks like a child's details and its writer kept it. Raises MoveRefused, TooLate, NobodyHasHeard.
    """
    locked = cancel_without_leaflets(booking, by=by, now=now, reason=reason, flagged=flagged, by_link=by_link)
    take_back_leaflets(locked, by=by, now=now)
    return locked


def cancel_without_leaflets(
    booking: Booking, *, by: User | None, now: datetime, reason: str = "", flagged: bool = False, by_link: bool = False
) -> Booking:
    """As cancel(), for who cancels several: their leaflets come after all of them, since stock is locked after presenters."""
    locked = lock_booking(booking, now=now)
    by_staff = not by_link and (by is None or by.is_staff)
    if not by_staff and locked.starts_at is not None and locked.starts_at <= now:
        raise TooLate
    refuse_while_overdue(locked, now)
    marked = locked.flagged_child_details or flagged
    columns: dict[str, Any] = {"sequence": locked.sequence + 1, "closed_reason": reason, "flagged_child_details": marked}
    columns["visit_closed"] = not somebody_is_there(locked, now)
    move(locked, State.CANCELLED, EventKind.CANCELLED, by=by, now=now, reason=reason, by_link=by_link, **columns)
    free_time(locked)
    close_options(locked)
    tell_cancelled(locked, now)
    if flagged:
        tell_lead(about=f"booking:{locked.pk}:cancelled", reference=locked.reference, now=now)
    return locked


@transaction.atomic
def mark_delivered(*, booking: Booking, by: User | None, now: datetime) -> Booking:
    """It took place. Its host is asked how it was, by email. Raises NotStarted, NeedsPresenter, MoveRefused."""
    locked = lock_booking(booking, now=now)
    if locked.agreed[0] > now:
        raise NotStarted
    if locked.needs_a_presenter:
        raise NeedsPresenter
    move(locked, State.DELIVERED, EventKind.DELIVERED, by=by, now=now)
    tell_afterwards(locked, open_afterwards(given=locked, now=now).closes_at, now)
    return locked
