"""Which email tells whom of what happened to a booking, and the reminders before it.

Rows of the outbox are written in the transaction of the thing itself. A message's version is the booking's calendar sequence:
what was superseded before it went out is dropped (bookings.booking.emails).
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db.models import Max

from bookings import rules
from bookings.models import Booking, BookingEvent, EventKind, OpenSession, Presenter, State
from bookings.visits.services import minute_of
from notifications.models import Notification
from notifications.outbox import About, Later, notify_about, notify_each
from notifications.preferences import wants
from notifications.registry import Topic
from professionals.models import Person

Recipients = dict[str, Iterable[str]]


def notify(
    kinds: Recipients, booking: Booking, now: datetime, *, version: int | None = None, later: Sequence[Later] = ()
) -> None:
    """Each kind to those addresses; the empty ones are left out."""
    number = booking.sequence if version is None else version
    notify_each(kinds, about=f"booking:{booking.pk}", now=now, reference=booking.reference, version=number, later=later)


def notify_once(messages: Mapping[str, Sequence[About]], now: datetime) -> int:
    """Writes those messages, by their kind, that have an address and are not written yet; how many.

    For what runs every few minutes: what is written already is left alone without trying.
    """
    abouts = {message.about for of_kind in messages.values() for message in of_kind}
    rows = Notification.objects.filter(kind__in=list(messages), about__in=abouts).values_list("kind", "about", "version")
    written, count = set(rows), 0
    for kind, of_kind in messages.items():
        new = [message for message in of_kind if message.to and (kind, message.about, message.version) not in written]
        notify_about(new, kind=kind, now=now, left_to_sweep=True)
        count += len(new)
    return count


def notify_booked(booking: Booking, now: datetime) -> None:
    """The professional, the presenter and staff."""
    requested = [booking.person.email] if booking.state == State.REQUESTED else []
    recipients = {"booking-requested": requested, **both_sides(booking), "staff-new-booking": [settings.STAFF_EMAIL]}
    notify(recipients, booking, now)


def notify_cancelled(booking: Booking, now: datetime) -> None:
    recipients: Recipients = {
        "booking-cancelled": [booking.person.email],
        "presenter-cancelled": presenter_recipients(booking),
        "staff-booking-cancelled": [settings.STAFF_EMAIL],
    }
    notify(recipients, booking, now)


def notify_freed(booking: Booking, presenter: Presenter, now: datetime) -> None:
    """The presenter no longer has it; staff read that it needs another."""
    notify({"staff-needs-presenter": [settings.STAFF_EMAIL]}, booking, now)
    notify({"presenter-freed": [presenter.email]}, booking, now, version=booking.withdrawal_sequence)


def notify_joining_link(booking: Booking, now: datetime, *, presenter_too: bool = True) -> None:
    """Who joins an online presentation reads where; its calendar entry comes anew with it."""
    recipients = both_sides(booking)
    if not presenter_too:
        recipients.pop("presenter-booked")
    notify(recipients, booking, now)


def notify_details_changed(booking: Booking, now: datetime, *, by_staff: bool) -> None:
    """Its owner and its presenter; the team if they still have to decide or to find a presenter.

    Their version is the count of such changes.
    """
    undecided = booking.state == State.REQUESTED or booking.presenter is None
    recipients: Recipients = {
        "booking-changed": [booking.person.email],
        "presenter-changed": presenter_recipients(booking),
        "staff-booking-changed": [settings.STAFF_EMAIL] if undecided and not by_staff else [],
    }
    notify(recipients, booking, now, version=booking.revision)


def presenter_email_kind(booking: Booking) -> str:
    return "presenter-booked" if booking.state == State.CONFIRMED else "presenter-kept"


def both_sides(booking: Booking) -> Recipients:
    """The professional and the presenter; of a request, whose time is only kept, the presenter alone."""
    professional: Recipients = {"booking-confirmed": [booking.person.email]} if booking.state == State.CONFIRMED else {}
    return {**professional, presenter_email_kind(booking): presenter_recipients(booking)}


def presenter_recipients(booking: Booking) -> list[str]:
    """The presenter's address, if it has one."""
    return [booking.presenter.email] if booking.presenter else []


# Reminders are written when they fall due and not ahead, so that moving and cancelling leave none behind. A reminder's version is
# the moment at which it fell due, so it is written once for that, however often the booking changes.

REMINDED_AHEAD = timedelta(days=8)  # nothing that starts later can be due
# Whoever had an email of one of these after that moment has just read all of it, and gets no reminder.
REPLACES_REMINDER = (EventKind.BOOKED, EventKind.CONFIRMED, EventKind.RESCHEDULED, EventKind.REASSIGNED, EventKind.LINK_SET)


@dataclass(frozen=True)
class DueReminder:
    """A reminder whose moment has come; `early`: that of the week before, worth nothing any more once the other is due."""

    of: Any
    moment: datetime
    early: bool

    def about(self, about: str, to: str) -> About:
        until = self.of.reminder_due_at if self.early else self.of.starts_at
        return About(about, to, self.of.reference, minute_of(self.moment), expires_at=until)


def gets_reminders(person: Person) -> bool:
    """Whether they have not stopped them: one statement."""
    return wants(Topic.REMINDERS, person.email)


def remind_of_bookings(*, now: datetime) -> int:
    """Write the reminders that have fallen due; how many. As many statements for one as for many."""
    # Nobody is reminded of a presentation that still needs a presenter.
    ahead = Booking.objects.filter(
        state=State.CONFIRMED, presenter__isnull=False, starts_at__gt=now, starts_at__lt=now + REMINDED_AHEAD
    )
    due = reminders_due(ahead.select_related("person", "presenter").order_by("pk"), now)
    events = BookingEvent.objects.filter(booking__in=[reminder.of for reminder in due], kind__in=REPLACES_REMINDER).order_by()
    last_read = dict(events.values_list("booking").annotate(Max("at")))
    messages = defaultdict[str, list[About]](list)
    for reminder in due:
        booking = reminder.of
        if last_read.get(booking.pk, reminder.moment) <= reminder.moment:
            about, when = f"booking:{booking.pk}", "-week" if reminder.early else ""
            messages[f"booking-reminder{when}"].append(reminder.about(about, booking.person.email))
            messages[f"presenter-reminder{when}"].append(reminder.about(about, booking.presenter.email))
    return notify_once(messages, now)


def reminders_due(ahead: Iterable[Any], now: datetime) -> list[DueReminder]:
    """Of these bookings or open sessions. Not of what was made after the moment, nor of what nobody could send for days."""
    due = []
    for presentation in ahead:
        early = now < presentation.reminder_due_at
        moment = reminder_moment(presentation, early=early)
        if presentation.created_at < moment <= now < moment + rules.REMINDER_MAX_DELAY:
            due.append(DueReminder(presentation, moment, early))
    return due


def reminder_moment(presentation: Booking | OpenSession, *, early: bool) -> datetime:
    return presentation.week_reminder_due_at if early else presentation.reminder_due_at
