"""The one function that changes a booking's state, the services that call it, leaflets for the audience, emails, reminders."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Max
from django.utils.translation import gettext as _

from accounts.models import User
from bookings.errors import NeedsPresenter, NoTimeAgreed, NotOver, TooLateToCancel, TransitionNotAllowed
from bookings.feedback.services import get_or_create_follow_up
from bookings.models import (
    Booking,
    BookingEvent,
    BookingEventKind,
    BookingState,
    Format,
    Presenter,
    Seat,
    SeatState,
    VisitLeaflets,
)
from bookings.models.booking import UNDO_TRANSITIONS, record_event
from bookings.schedule.holds import close_options, free_claims
from bookings.schedule.locks import lock_booking
from bookings.seats.services import notify_all_seats
from bookings.text import ADDRESS_FIELDS
from bookings.visits.services import (
    minute_number,
    presenter_is_there,
    refuse_unchecked,
    refuse_while_overdue,
    refuse_without_cover,
)
from leaflets.models import CopiesToBring
from leaflets.orders.services.create import place_order_for_visit
from leaflets.orders.services.transitions import OrderStateHasChanged, cancel_order
from notifications.models import Notification
from notifications.outbox import LaterMessage, NewMessage, notify_kinds, notify_many
from notifications.preferences import wants_topic
from notifications.registry import Topic
from office.site_settings.queries import site_settings
from professionals.models import Person
from professionals.safeguarding.services import notify_lead_if_flagged

# If nothing could be sent for this long, a reminder is left out.
REMINDER_MAX_DELAY = timedelta(days=2)


def transition(
    booking: Booking,
    to: BookingState,
    kind: BookingEventKind,
    *,
    by: User | None,
    now: datetime,
    reason: str = "",
    by_link: bool = False,
    **columns: object,
) -> None:
    """Move the booking on from the state that it was read in, store `columns` with it, and record it.

    Raises TransitionNotAllowed if that move is not in the table, or if the booking's state has changed since it was read.
    """
    takes_back = kind in (BookingEventKind.UNDELIVERED, BookingEventKind.RESTORED)
    if not (to in UNDO_TRANSITIONS.get(booking.state, ()) if takes_back else booking.can_become(to)):
        raise TransitionNotAllowed(
            _("This booking’s state is now “%(state)s”, so you can no longer do that.") % {"state": booking.get_state_display()}
        )
    before, booking.state = booking.state, to
    for column, value in columns.items():
        setattr(booking, column, value)
    if not Booking.objects.filter(pk=booking.pk, state=before).update(state=to, **columns):
        raise TransitionNotAllowed
    changes: dict[str, object] = {"by_link": True} if by_link else {}
    record_event(booking, kind, by=by, now=now, from_state=before, to_state=to, reason=reason, changes=changes)


@transaction.atomic
def confirm_booking(booking: Booking, *, by: User | None, now: datetime) -> Booking:
    """A request that has held its time becomes a booking. Raises TransitionNotAllowed, NeedsPresenter, NoTimeAgreed, NoCover."""
    locked = lock_booking(booking, now=now)
    if not locked.has_time:
        raise NoTimeAgreed
    if locked.needs_a_presenter:
        raise NeedsPresenter
    refuse_without_cover(locked, locked.agreed_times[0], by_staff=True)
    if locked.presenter is not None:
        refuse_unchecked(locked, locked.presenter, locked.agreed_times[0], by_staff=True)
    transition(locked, BookingState.CONFIRMED, BookingEventKind.CONFIRMED, by=by, now=now)
    notify(confirmation_recipients(locked), locked, now)
    return locked


@transaction.atomic
def decline_booking(booking: Booking, *, reason: str, by: User | None, now: datetime, flagged: bool = False) -> Booking:
    """Decline a request in words that the professional reads, and free its time. Raises TransitionNotAllowed.

    For `flagged`, see cancel_booking.
    """
    locked = lock_booking(booking, now=now)
    columns: dict[str, Any] = {"closed_reason": reason, "flagged_child_details": locked.flagged_child_details or flagged}
    transition(locked, BookingState.DECLINED, BookingEventKind.DECLINED, by=by, now=now, reason=reason, **columns)
    free_claims(locked)
    close_options(locked)
    take_back_leaflets(locked, by=by, now=now)
    presenter = presenter_recipients(locked)  # their time is free again
    notify({"booking-declined": [locked.person.email], "presenter-cancelled": presenter}, locked, now)
    notify_lead_if_flagged(locked, ":declined", now, flagged=flagged)
    return locked


@transaction.atomic
def cancel_booking(
    booking: Booking, *, by: User | None, now: datetime, reason: str = "", flagged: bool = False, by_link: bool = False
) -> Booking:
    """Give back the time and the leaflets, and tell everyone. Its owner can cancel until it starts, staff always.

    Calendars get a higher sequence. `by_link`: somebody pressed the button behind the link in the owner's email. `flagged`: the
    reason looks like a child's details and its writer kept it. Raises TransitionNotAllowed, TooLateToCancel, VisitBlocksErasure.
    """
    locked = cancel_without_leaflets(booking, by=by, now=now, reason=reason, flagged=flagged, by_link=by_link)
    take_back_leaflets(locked, by=by, now=now)
    return locked


def cancel_without_leaflets(
    booking: Booking, *, by: User | None, now: datetime, reason: str = "", flagged: bool = False, by_link: bool = False
) -> Booking:
    """Like cancel_booking, for several bookings: their leaflets come after them all, since stock is locked after presenters."""
    locked = lock_booking(booking, now=now)
    by_staff = not by_link and (by is None or by.is_staff)
    if not by_staff and locked.starts_at is not None and locked.starts_at <= now:
        raise TooLateToCancel
    refuse_while_overdue(locked, now)
    marked = locked.flagged_child_details or flagged
    columns: dict[str, Any] = {"sequence": locked.sequence + 1, "closed_reason": reason, "flagged_child_details": marked}
    columns["visit_closed"] = not presenter_is_there(locked, now)
    transition(
        locked, BookingState.CANCELLED, BookingEventKind.CANCELLED, by=by, now=now, reason=reason, by_link=by_link, **columns
    )
    free_claims(locked)
    close_options(locked)
    notify_cancelled(locked, now)
    notify_lead_if_flagged(locked, ":cancelled", now, flagged=flagged)
    return locked


@transaction.atomic
def mark_delivered(booking: Booking, *, by: User | None, now: datetime) -> Booking:
    """The presentation took place. An email asks its host how it was. Raises NotOver, NeedsPresenter, TransitionNotAllowed."""
    locked = lock_booking(booking, now=now)
    if locked.agreed_times[1] > now:
        raise NotOver
    if locked.needs_a_presenter:
        raise NeedsPresenter
    transition(locked, BookingState.DELIVERED, BookingEventKind.DELIVERED, by=by, now=now)
    closes_at = get_or_create_follow_up(given=locked, now=now).closes_at
    if now < closes_at:
        notify({}, locked, now, later=[LaterMessage("booking-afterwards", [locked.person.email], now, closes_at)])
    return locked


# Leaflets for the audience (ADR 17)


def bring_leaflets(booking: Booking, asked: Sequence[CopiesToBring], *, by: User | None, now: datetime) -> None:
    """Order as many of these leaflets as we have for the audience of this new booking, and write down what is missing.

    Call it in the booking's transaction, after its presenter is locked. It refuses nothing, so no booking fails for a leaflet.
    """
    if booking.format != Format.WORKPLACE:
        return
    visit = {"visit": booking.reference, "postcode": booking.postcode}
    order = place_order_for_visit(person=booking.person, by=by, channel=booking.channel, asked=asked, now=now, **visit)
    given = {line.edition.leaflet.slug: line.copies for line in order.lines.all()} if order else {}
    short = [replace(leaflet, copies=leaflet.copies - given.get(leaflet.slug, 0)) for leaflet in asked]
    missing = [asdict(leaflet) for leaflet in short if leaflet.copies > 0]
    VisitLeaflets.objects.create(booking=booking, order=order, missing=missing)


def take_back_leaflets(booking: Booking, *, by: User | None, now: datetime) -> None:
    """The visit is off: put its copies back on the shelf, once. The presenter keeps what they have been given."""
    brought = VisitLeaflets.objects.select_related("order__person").filter(booking=booking, order__isnull=False).first()
    if brought is None or brought.order is None:
        return
    with suppress(OrderStateHasChanged):
        cancel_order(order=brought.order, by=by, now=now, with_visit=True)


# Which emails go to whom when something happens to a booking, and the reminders before it.
#
# Rows of the outbox are written in the transaction of the change itself. A message's version is the booking's calendar
# sequence: a message superseded before it went out is dropped (bookings.booking.emails).

Recipients = dict[str, Iterable[str]]


def notify(
    kinds: Recipients, booking: Booking, now: datetime, *, version: int | None = None, later: Sequence[LaterMessage] = ()
) -> None:
    """Write each kind of email to its addresses, leaving out empty ones. The version is the calendar sequence unless given."""
    number = booking.sequence if version is None else version
    notify_kinds(kinds, about=f"booking:{booking.pk}", now=now, reference=booking.reference, version=number, later=later)


def notify_once(messages: Mapping[str, Sequence[NewMessage]], now: datetime) -> int:
    """Write the messages, by kind, that have an address and are not written yet. Returns how many.

    For jobs that run every few minutes: it does not even try to write a message again.
    """
    abouts = {message.about for of_kind in messages.values() for message in of_kind}
    rows = Notification.objects.filter(kind__in=list(messages), about__in=abouts).values_list("kind", "about", "version")
    written, count = set(rows), 0
    for kind, of_kind in messages.items():
        new = [message for message in of_kind if message.to and (kind, message.about, message.version) not in written]
        notify_many(new, kind=kind, now=now, left_to_sweep=True)
        count += len(new)
    return count


def notify_booked(booking: Booking, now: datetime) -> None:
    """Tell the professional, the presenter and staff."""
    requested = [booking.person.email] if booking.state == BookingState.REQUESTED else []
    recipients = {
        "booking-requested": requested,
        **confirmation_recipients(booking),
        "staff-new-booking": [site_settings().team_email],
    }
    notify(recipients, booking, now)


def notify_cancelled(booking: Booking, now: datetime) -> None:
    recipients: Recipients = {
        "booking-cancelled": [booking.person.email],
        "presenter-cancelled": presenter_recipients(booking),
        "staff-booking-cancelled": [site_settings().team_email],
    }
    notify(recipients, booking, now)
    notify_all_seats("seat-cancelled", booking, now)


def notify_freed(booking: Booking, presenter: Presenter, now: datetime) -> None:
    """Tell the presenter that it is no longer theirs, and staff that it needs another."""
    notify({"staff-needs-presenter": [site_settings().team_email]}, booking, now)
    notify({"presenter-freed": [presenter.email]}, booking, now, version=booking.withdrawal_sequence)


def notify_joining_link(booking: Booking, now: datetime, *, presenter_too: bool = True) -> None:
    """Tell everyone who joins an online presentation where; their calendar entry comes again with it."""
    recipients = confirmation_recipients(booking)
    if not presenter_too:
        recipients.pop("presenter-booked")
    notify(recipients, booking, now)
    notify_all_seats("seat-details", booking, now, states=[SeatState.APPROVED])


# The fields, besides the time, that guests with a spare seat have read.
GUEST_VISIBLE_FIELDS = {*ADDRESS_FIELDS, "room", "contact_name", "contact_phone"}


def notify_details_changed(booking: Booking, now: datetime, *, changed: Iterable[str], by_staff: bool) -> None:
    """Tell its owner and its presenter, guests of what concerns them, and the team while it has to decide or find a presenter.

    The version of these emails is the count of such changes.
    """
    undecided = booking.state == BookingState.REQUESTED or booking.presenter is None
    recipients: Recipients = {
        "booking-changed": [booking.person.email],
        "presenter-changed": presenter_recipients(booking),
        "staff-booking-changed": [site_settings().team_email] if undecided and not by_staff else [],
    }
    notify(recipients, booking, now, version=booking.revision)
    if booking.state == BookingState.CONFIRMED and GUEST_VISIBLE_FIELDS & set(changed):
        notify_all_seats("seat-details", booking, now, states=[SeatState.APPROVED])


def presenter_email_kind(booking: Booking) -> str:
    return "presenter-booked" if booking.state == BookingState.CONFIRMED else "presenter-kept"


def confirmation_recipients(booking: Booking) -> Recipients:
    """The emails to the professional and the presenter. For a request, whose time is only kept, only to the presenter."""
    professional: Recipients = {"booking-confirmed": [booking.person.email]} if booking.state == BookingState.CONFIRMED else {}
    return {**professional, presenter_email_kind(booking): presenter_recipients(booking)}


def presenter_recipients(booking: Booking) -> list[str]:
    """The presenter's address, if it has one."""
    return [booking.presenter.email] if booking.presenter else []


# Reminders are written when they fall due, not ahead, so that moving and cancelling leave none behind. The version of both is
# the moment when the last one falls due, so each is written once for that day, however often the booking changes, and whatever
# staff set meanwhile.

# Anybody who had an email about one of these after that moment has just read all of it, and gets no reminder.
REMINDER_REPLACING_EVENTS = (
    *(BookingEventKind.BOOKED, BookingEventKind.CONFIRMED, BookingEventKind.RESTORED),
    *(BookingEventKind.RESCHEDULED, BookingEventKind.REASSIGNED, BookingEventKind.LINK_SET),
)


@dataclass(frozen=True)
class DueReminder:
    """A reminder that is due now. `early`: the first of two, which is worth nothing once the second is due."""

    of: Any
    moment: datetime
    early: bool

    def about(self, about: str, to: str) -> NewMessage:
        until = self.of.reminder_due_at if self.early else self.of.starts_at
        return NewMessage(about, to, self.of.reference, minute_number(self.of.reminder_due_at), expires_at=until)


def latest_reminded_start(now: datetime) -> datetime:
    """No reminder can be due yet for anything that starts later than this."""
    return now + timedelta(days=site_settings().first_reminder_days + 1)


def wants_reminders(person: Person) -> bool:
    """Whether they still want reminders. One statement."""
    return wants_topic(Topic.REMINDERS, person.email)


def remind_of_bookings(*, now: datetime) -> int:
    """Write the reminders that have fallen due, and return how many. Many cost as many statements as one."""
    # Nobody is reminded of a presentation that still needs a presenter.
    ahead = Booking.objects.filter(
        state=BookingState.CONFIRMED, presenter__isnull=False, starts_at__gt=now, starts_at__lt=latest_reminded_start(now)
    )
    due = reminders_due(ahead.select_related("person", "presenter").order_by("pk"), now)
    events = BookingEvent.objects.filter(
        booking__in=[reminder.of for reminder in due], kind__in=REMINDER_REPLACING_EVENTS
    ).order_by()
    last_read = dict(events.values_list("booking").annotate(Max("at")))
    with_guests = [reminder.of for reminder in due if not reminder.early and reminder.of.seats_taken]
    guests = defaultdict[int, list[Seat]](list)
    for seat in Seat.objects.approved().filter(booking__in=with_guests).select_related("person").order_by("pk"):
        guests[seat.booking_id].append(seat)
    messages = defaultdict[str, list[NewMessage]](list)
    for reminder in due:
        booking = reminder.of
        if last_read.get(booking.pk, reminder.moment) <= reminder.moment:
            about, when = f"booking:{booking.pk}", "-week" if reminder.early else ""
            messages[f"booking-reminder{when}"].append(reminder.about(about, booking.person.email))
            messages[f"presenter-reminder{when}"].append(reminder.about(about, booking.presenter.email))
            messages["seat-reminder"] += [
                reminder.about(f"seat:{seat.pk}", seat.person.email)
                for seat in guests[booking.pk]
                if seat.approved_at is not None and seat.approved_at <= reminder.moment
            ]
    return notify_once(messages, now)


def reminders_due(ahead: Iterable[Any], now: datetime) -> list[DueReminder]:
    """The reminders due for these bookings or open sessions.

    There is none for one made after the moment, nor if nobody could send it for days (REMINDER_MAX_DELAY).
    """
    due = []
    for presentation in ahead:
        early = now < presentation.reminder_due_at
        moment = presentation.first_reminder_due_at if early else presentation.reminder_due_at
        if presentation.created_at < moment <= now < moment + REMINDER_MAX_DELAY:
            due.append(DueReminder(presentation, moment, early))
    return due
