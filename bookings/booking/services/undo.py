"""Staff take back “delivered” or “cancelled” if it was marked by mistake, while nothing else depends on it."""

from dataclasses import asdict
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.backends.postgresql.psycopg_any import DateTimeTZRange
from django.utils.translation import gettext as _

from accounts.models import User
from bookings.booking.services.transitions import Recipients, confirmation_recipients, notify, transition
from bookings.errors import SlotTaken, TransitionNotAllowed
from bookings.models import (
    Attendance,
    Booking,
    BookingEventKind,
    BookingOrSession,
    BookingState,
    BusyKind,
    BusyTime,
    DateOption,
    DateOptionState,
    Feedback,
    FollowUp,
    VisitLeaflets,
    booking_or_session_lookup,
)
from bookings.schedule.holds import place_columns
from bookings.schedule.locks import busy_time_checks, lock_booking
from bookings.schedule.substitutes import place_of_booking
from bookings.seats.services import notify_all_seats
from bookings.visits.services import refuse_unchecked, refuse_without_cover
from core.errors import DomainError
from leaflets.models import CopiesToBring
from leaflets.orders.services.transitions import restore_for_visit
from professionals.safeguarding.services import notify_lead_if_flagged
from professionals.services import lock_person


@transaction.atomic
def take_back_delivered(booking: Booking, *, reason: str, by: User | None, now: datetime, flagged: bool = False) -> Booking:
    """It is confirmed again. Nobody is told, since its time is over.

    `flagged`: the reason looks like a child's details and its writer kept it. Raises TransitionNotAllowed, or a refusal that
    says what is in the way.
    """
    locked = lock_booking(booking, now=now)
    if locked.state != BookingState.DELIVERED or not locked.may_be_taken_back:
        raise TransitionNotAllowed
    refuse_if_outcome_recorded(locked)
    # With a higher sequence, its host gets the email that asks how it was when it is marked as delivered again.
    columns: dict[str, Any] = {"sequence": locked.sequence + 1}
    transition(locked, BookingState.CONFIRMED, BookingEventKind.UNDELIVERED, by=by, now=now, reason=reason, **columns)
    notify_lead_if_flagged(locked, f":taken-back:{locked.sequence}", now, flagged=flagged)
    return locked


def refuse_if_outcome_recorded(given: BookingOrSession) -> None:
    """Raise DomainError if anything shows that it took place. Feedback sent at this moment waits for the lock on the link."""
    if Attendance.objects.filter(**booking_or_session_lookup(given)).exists():
        raise DomainError(
            _("Somebody has recorded how many people came, so it took place. If the numbers are wrong, correct them.")
        )
    links = list(FollowUp.objects.filter(**booking_or_session_lookup(given)).select_for_update())
    if Feedback.objects.filter(follow_up__in=links).exists():
        raise DomainError(_("People have given feedback about this presentation, so it took place. Leave it as delivered."))


@transaction.atomic
def take_back_cancelled(booking: Booking, *, reason: str, by: User | None, now: datetime, flagged: bool = False) -> Booking:
    """It is what it was before, with the same presenter, time and leaflets; calendars get their entry again.

    Leaflets that have gone meanwhile are written down as missing; the dates of a request are no longer kept. If it is over,
    nobody is told. `flagged` as above. Raises AccountGoneError, TransitionNotAllowed, NoCover, SlotTaken: then only another
    booking can help.
    """
    lock_person(booking.person)
    locked = lock_booking(booking, now=now)
    cancelled = locked.events.filter(kind=BookingEventKind.CANCELLED).last()
    if locked.state != BookingState.CANCELLED or not locked.may_be_taken_back or cancelled is None:
        raise TransitionNotAllowed
    to, is_over = BookingState(cancelled.from_state), locked.has_time and locked.agreed_times[1] <= now
    if to == BookingState.CONFIRMED and not is_over:
        refuse_without_cover(locked, locked.agreed_times[0], by_staff=True)
        if locked.presenter is not None:
            refuse_unchecked(locked, locked.presenter, locked.agreed_times[0], by_staff=True)
    columns: dict[str, Any] = {
        "sequence": locked.sequence + 1,
        "closed_reason": "",
        "visit_closed": locked.visit_closed and is_over,
    }
    transition(locked, to, BookingEventKind.RESTORED, by=by, now=now, reason=reason, **columns)
    claim_again(locked, is_over=is_over)
    if to == BookingState.REQUESTED:
        # Its dates wait for an answer again. No presenter's time is kept for them now, and staff see that.
        passed = DateOption.objects.preferred().filter(booking=locked, state=DateOptionState.PASSED)
        passed.filter(expires_at__isnull=False).update(state=DateOptionState.EXPIRED)
        passed.update(state=DateOptionState.OPEN)
    restore_leaflets(locked, cancelled.at, by=by, now=now)
    if not is_over:
        recipients: Recipients = {"booking-requested": [locked.person.email]} if to == BookingState.REQUESTED else {}
        notify({**recipients, **confirmation_recipients(locked)}, locked, now)
        if to == BookingState.CONFIRMED:
            notify_all_seats("seat-restored", locked, now)
    notify_lead_if_flagged(locked, f":taken-back:{locked.sequence}", now, flagged=flagged)
    return locked


def claim_again(booking: Booking, *, is_over: bool) -> None:
    """Claim its presenter's time again. The database decides whether they are still free, journeys included. Raises SlotTaken."""
    if booking.presenter is None:
        return
    try:
        if not (booking.presenter.active or is_over):
            raise SlotTaken
        with busy_time_checks():
            place, busy = place_of_booking(booking), DateTimeTZRange(*booking.agreed_times)
            BusyTime.objects.create(
                booking=booking, presenter=booking.presenter, kind=BusyKind.BOOKING, busy=busy, **place_columns(place)
            )
    except SlotTaken as refusal:
        sentence = _("%(name)s is no longer free at that time. Go back to the booking and press “Book again”.")
        raise SlotTaken(sentence % {"name": booking.presenter}) from refusal


def restore_leaflets(booking: Booking, cancelled_at: datetime, *, by: User | None, now: datetime) -> None:
    """Restores the order of leaflets that was cancelled with it, as far as there are any; what has gone is missing now."""
    brought = VisitLeaflets.objects.select_related("order").filter(booking=booking, order__isnull=False).first()
    if brought is None or brought.order is None:
        return
    gone = restore_for_visit(brought.order, cancelled_at=cancelled_at, by=by, now=now)
    if not gone:
        return
    missing = {leaflet.slug: leaflet for leaflet in brought.missing_leaflets}
    for leaflet, copies in gone.items():
        before = missing.get(leaflet.slug)
        missing[leaflet.slug] = CopiesToBring(leaflet.slug, leaflet.title, copies + (before.copies if before else 0))
    brought.missing = [asdict(leaflet) for leaflet in missing.values()]
    brought.save(update_fields=["missing"])
