"""The one function that changes a booking's state, its callers, and what becomes of the leaflets for the audience."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, replace
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import User
from bookings.booking.services.notify import both_sides, notify, notify_cancelled, presenter_recipients
from bookings.errors import MoveRefused, NeedsPresenter, NoTimeAgreed, NotStarted, TooLate
from bookings.feedback.services import open_afterwards
from bookings.models import Booking, Brought, EventKind, Format, State
from bookings.models.booking import record_event
from bookings.schedule.holds import close_options, free_claims
from bookings.schedule.locks import lock_booking
from bookings.visits.services import presenter_is_there, refuse_while_overdue
from leaflets.models import ToBring
from leaflets.orders.services.create import erase_previous_owner, place_order_for_visit
from leaflets.orders.services.transitions import OrderHasMoved, cancel
from notifications.outbox import Later
from professionals.safeguarding.services import notify_safeguarding_lead


def transition(
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
    record_event(booking, kind, by=by, now=now, from_state=before, to_state=to, reason=reason, changes=changes)


@transaction.atomic
def confirm_booking(booking: Booking, *, by: User | None, now: datetime) -> Booking:
    """A request becomes a booking; it has held its time already. Raises MoveRefused, NeedsPresenter, NoTimeAgreed."""
    locked = lock_booking(booking, now=now)
    if not locked.has_time:
        raise NoTimeAgreed
    if locked.needs_a_presenter:
        raise NeedsPresenter
    transition(locked, State.CONFIRMED, EventKind.CONFIRMED, by=by, now=now)
    notify(both_sides(locked), locked, now)
    return locked


@transaction.atomic
def decline_booking(booking: Booking, *, reason: str, by: User | None, now: datetime, flagged: bool = False) -> Booking:
    """Say no to a request in words that the professional reads, and give its time back. Raises MoveRefused.

    `flagged` as in cancel_booking.
    """
    locked = lock_booking(booking, now=now)
    columns: dict[str, Any] = {"closed_reason": reason, "flagged_child_details": locked.flagged_child_details or flagged}
    transition(locked, State.DECLINED, EventKind.DECLINED, by=by, now=now, reason=reason, **columns)
    free_claims(locked)
    close_options(locked)
    take_back_leaflets(locked, by=by, now=now)
    presenter = presenter_recipients(locked)  # whose time is free again
    notify({"booking-declined": [locked.person.email], "presenter-cancelled": presenter}, locked, now)
    if flagged:
        notify_safeguarding_lead(about=f"booking:{locked.pk}:declined", reference=locked.reference, now=now)
    return locked


@transaction.atomic
def cancel_booking(
    booking: Booking, *, by: User | None, now: datetime, reason: str = "", flagged: bool = False, by_link: bool = False
) -> Booking:
    """Give the time and the leaflets back and tell everyone; calendars get a higher sequence. Its owner can until it starts,
    staff always.

    `by_link`: whoever has the owner's email pressed the button behind its link.
    `flagged`: the reason looks like a child's details and its writer kept it. Raises MoveRefused, TooLate, VisitInTheWay.
    """
    locked = cancel_without_leaflets(booking, by=by, now=now, reason=reason, flagged=flagged, by_link=by_link)
    take_back_leaflets(locked, by=by, now=now)
    return locked


def cancel_without_leaflets(
    booking: Booking, *, by: User | None, now: datetime, reason: str = "", flagged: bool = False, by_link: bool = False
) -> Booking:
    """As cancel_booking, for several: their leaflets come after all of them, since stock is locked after presenters."""
    locked = lock_booking(booking, now=now)
    by_staff = not by_link and (by is None or by.is_staff)
    if not by_staff and locked.starts_at is not None and locked.starts_at <= now:
        raise TooLate
    refuse_while_overdue(locked, now)
    marked = locked.flagged_child_details or flagged
    columns: dict[str, Any] = {"sequence": locked.sequence + 1, "closed_reason": reason, "flagged_child_details": marked}
    columns["visit_closed"] = not presenter_is_there(locked, now)
    transition(locked, State.CANCELLED, EventKind.CANCELLED, by=by, now=now, reason=reason, by_link=by_link, **columns)
    free_claims(locked)
    close_options(locked)
    notify_cancelled(locked, now)
    if flagged:
        notify_safeguarding_lead(about=f"booking:{locked.pk}:cancelled", reference=locked.reference, now=now)
    return locked


@transaction.atomic
def mark_delivered(booking: Booking, *, by: User | None, now: datetime) -> Booking:
    """It took place. Its host is asked how it was, by email. Raises NotStarted, NeedsPresenter, MoveRefused."""
    locked = lock_booking(booking, now=now)
    if locked.agreed[0] > now:
        raise NotStarted
    if locked.needs_a_presenter:
        raise NeedsPresenter
    transition(locked, State.DELIVERED, EventKind.DELIVERED, by=by, now=now)
    closes_at = open_afterwards(given=locked, now=now).closes_at
    due_at = max(now, locked.agreed[1])
    if due_at < closes_at:
        notify({}, locked, now, later=[Later("booking-afterwards", [locked.person.email], due_at, closes_at)])
    return locked


# Leaflets for the audience (ADR 17)


def bring_leaflets(booking: Booking, asked: Sequence[ToBring], *, by: User | None, now: datetime) -> None:
    """Order what there is of these for the audience of this new booking, and write down what is missing.

    In the booking's transaction, after its presenter is locked. It refuses nothing, so no booking fails for a leaflet.
    """
    if booking.format != Format.WORKPLACE:
        return
    visit = {"visit": booking.reference, "postcode": booking.postcode}
    order = place_order_for_visit(person=booking.person, by=by, channel=booking.channel, asked=asked, now=now, **visit)
    given = {line.edition.leaflet.slug: line.copies for line in order.lines.all()} if order else {}
    short = [replace(leaflet, copies=leaflet.copies - given.get(leaflet.slug, 0)) for leaflet in asked]
    missing = [asdict(leaflet) for leaflet in short if leaflet.copies > 0]
    Brought.objects.create(booking=booking, order=order, missing=missing)


def take_back_leaflets(booking: Booking, *, by: User | None, now: datetime) -> None:
    """The visit is off: its copies go back to the shelf, once. What the presenter has been given stays with them."""
    brought = Brought.objects.select_related("order__person").filter(booking=booking, order__isnull=False).first()
    if brought is None or brought.order is None:
        return
    with suppress(OrderHasMoved):
        cancel(order=brought.order, by=by, now=now, with_visit=True)


def erase_previous_leaflet_owner(given: Mapping[int, datetime], now: datetime) -> None:
    """`given`: the keys of the bookings that an erased person had, with the moment at which a colleague took each over."""
    brought = Brought.objects.filter(booking__in=list(given), order__isnull=False)
    erase_previous_owner(
        {order: given[booking] for booking, order in brought.values_list("booking_id", "order_id") if order}, now
    )
