"""Which email tells whom of what happened to a booking, and the reminders before it."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db.models import Max

from bookings import rules
from bookings.models import Booking, BookingEvent, DateOption, EventKind, OpenSession, Presenter, State
from notifications.models import Notification
from notifications.outbox import About, Later, notify_about, notify_each
from notifications.preferences import wants
from notifications.registry import Topic
from professionals.models import Person

# Which email tells whom of what. Rows of the outbox, written in the transaction of the thing itself.
#
# A message's version is the booking's calendar sequence: what was superseded before it went out is dropped
# (bookings.booking.emails).
# Reminders are written when they fall due (bookings.booking.services.notify).

Recipients = dict[str, Iterable[str]]


def notify(
    kinds: Recipients, booking: Booking, now: datetime, *, version: int | None = None, later: Sequence[Later] = ()
) -> None:
    """Each kind to those addresses; the empty ones are left out."""
    number = booking.sequence if version is None else version
    notify_each(kinds, about=f"booking:{booking.pk}", now=now, reference=booking.reference, version=number, later=later)


def notify_once(told: Mapping[str, Sequence[About]], now: datetime) -> int:
    """Each kind to those with an address of whom no message of that kind and version is written yet; how many.

    For what runs every few minutes: what is written already is left alone without trying.
    """
    abouts = {each.about for those in told.values() for each in those}
    rows = Notification.objects.filter(kind__in=list(told), about__in=abouts).values_list("kind", "about", "version")
    written, count = set(rows), 0
    for kind, those in told.items():
        new = [each for each in those if each.to and (kind, each.about, each.version) not in written]
        notify_about(new, kind=kind, now=now, left_to_sweep=True)
        count += len(new)
    return count


def notify_booked(booking: Booking, now: datetime) -> None:
    """The professional, the presenter and staff."""
    staff: Recipients = {"staff-new-booking": [settings.STAFF_EMAIL]}
    if booking.state == State.CONFIRMED:
        notify({**confirmed_recipients(booking), **staff}, booking, now)
    else:
        notify({"booking-requested": [booking.person.email], **kept_recipients(booking), **staff}, booking, now)


def notify_confirmed(booking: Booking, now: datetime) -> None:
    """The professional and the presenter; staff said it themselves."""
    notify(confirmed_recipients(booking), booking, now)


def notify_declined(booking: Booking, now: datetime) -> None:
    """The professional, and the presenter, whose time is free again. Staff said it themselves."""
    notify({"booking-declined": [booking.person.email], "presenter-cancelled": presenter_recipients(booking)}, booking, now)


def notify_cancelled(booking: Booking, now: datetime) -> None:
    to_us: Recipients = {"presenter-cancelled": presenter_recipients(booking), "staff-booking-cancelled": [settings.STAFF_EMAIL]}
    notify({"booking-cancelled": [booking.person.email], **to_us}, booking, now)


def notify_freed(booking: Booking, presenter: Presenter, now: datetime) -> None:
    """The presenter no longer has it; staff read that it needs another."""
    notify({"staff-needs-presenter": [settings.STAFF_EMAIL]}, booking, now)
    notify({"presenter-freed": [presenter.email]}, booking, now, version=booking.withdrawal_sequence)


def notify_reassigned(booking: Booking, before: Presenter | None, now: datetime) -> None:
    """The presenter now and the one before; the professional only of what is confirmed."""
    freed: Recipients = {"presenter-freed": [before.email] if before else []}
    if booking.state == State.CONFIRMED:
        notify({**confirmed_recipients(booking), **freed}, booking, now)
    else:
        notify({**kept_recipients(booking), **freed}, booking, now)


def notify_joining_link(booking: Booking, now: datetime, *, presenter_too: bool = True) -> None:
    """Who joins an online presentation reads where; its calendar entry comes anew with it."""
    told = confirmed_recipients(booking)
    if not presenter_too:
        told.pop("presenter-booked")
    notify(told, booking, now)


def notify_rescheduled(booking: Booking, before: Presenter | None, now: datetime, *, by_staff: bool) -> None:
    """Its owner, who gives it now, who gave it before, and the team unless they did it."""
    stays = before == booking.presenter
    taken = "presenter-booked" if booking.state == State.CONFIRMED else "presenter-kept"
    told: Recipients = {
        "booking-moved": [booking.person.email],
        "presenter-moved" if stays else taken: presenter_recipients(booking),
        "presenter-freed": [before.email] if before and not stays else [],
        "staff-booking-moved": [] if by_staff else [settings.STAFF_EMAIL],
    }
    notify(told, booking, now)


def notify_transferred(booking: Booking, before: Person, now: datetime) -> None:
    """Who had it, who has it now, and its presenter anew: what was on its way to them has an older number."""
    taken: Recipients = {
        "presenter-booked" if booking.state == State.CONFIRMED else "presenter-kept": presenter_recipients(booking)
    }
    notify({"booking-given-away": [before.email], "booking-taken-over": [booking.person.email], **taken}, booking, now)


def notify_details_changed(booking: Booking, now: datetime, *, by_staff: bool) -> None:
    """Its owner and its presenter; the team if they still have to decide or to find a presenter.

    Their version is the count of such changes.
    """
    undecided = booking.state == State.REQUESTED or booking.presenter is None
    told: Recipients = {
        "booking-changed": [booking.person.email],
        "presenter-changed": presenter_recipients(booking),
        "staff-booking-changed": [settings.STAFF_EMAIL] if undecided and not by_staff else [],
    }
    notify(told, booking, now, version=booking.revision)


def notify_afterwards(booking: Booking, closes_at: datetime, now: datetime) -> None:
    """Its owner, once it is over: how it was, leaflets for who came, a certificate."""
    due_at = max(now, booking.agreed[1])
    if due_at < closes_at:
        notify({}, booking, now, later=[Later("booking-afterwards", [booking.person.email], due_at, closes_at)])


# Of a request's dates. What is told of them again and again has the newest of them as its version.


def notify_offered(booking: Booking, options: Sequence[DateOption], now: datetime) -> None:
    """The professional, who chooses; staff offered them themselves."""
    notify({"booking-offered": [booking.person.email]}, booking, now, version=max(option.pk for option in options))


def notify_freed_of_request(booking: Booking, presenter: Presenter | None, now: datetime) -> None:
    """The presenter who kept the time of a request that has other times offered."""
    notify({"presenter-freed": [presenter.email] if presenter else []}, booking, now)


def notify_time_taken(booking: Booking, now: datetime) -> None:
    """The professional chose one of the times offered: all three sides."""
    notify({**confirmed_recipients(booking), "staff-time-taken": [settings.STAFF_EMAIL]}, booking, now)


def notify_others_asked(booking: Booking, newest: int, now: datetime) -> None:
    notify({"staff-others-asked": [settings.STAFF_EMAIL]}, booking, now, version=newest)


def notify_lapsed(booking: Booking, newest: int, now: datetime) -> None:
    """The professional and staff."""
    both: Recipients = {"booking-dates-lapsed": [booking.person.email], "staff-dates-lapsed": [settings.STAFF_EMAIL]}
    notify(both, booking, now, version=newest)


def confirmed_recipients(booking: Booking) -> Recipients:
    return {"booking-confirmed": [booking.person.email], "presenter-booked": presenter_recipients(booking)}


def kept_recipients(booking: Booking) -> Recipients:
    return {"presenter-kept": presenter_recipients(booking)}


def presenter_recipients(booking: Booking) -> list[str]:
    """The presenter's address, if it has one."""
    return [booking.presenter.email] if booking.presenter else []


# Reminders of bookings: a week before and the day before, to who is visited and to who gives it.
#
# They are written when they fall due and not ahead, so that booking, moving and cancelling cost nothing and leave none
# behind. The version of a reminder is the moment at which it fell due, so each is written once for it, however often the
# booking changes. Who was told of the booking, its time, its presenter or its link after that moment has just read all of it,
# and gets none.

REMINDED_AHEAD = timedelta(days=8)  # nothing that starts later can be due


# Who was told of one of these has just read all of it.
TOLD_ANEW = (EventKind.BOOKED, EventKind.CONFIRMED, EventKind.RESCHEDULED, EventKind.REASSIGNED, EventKind.LINK_SET)


@dataclass(frozen=True)
class DueReminder:
    """A reminder whose moment has come; `early`: that of the week before, worth nothing any more once the other is due."""

    of: Any
    moment: datetime
    early: bool

    def about(self, about: str, to: str) -> About:
        until = self.of.reminder_due_at if self.early else self.of.starts_at
        return About(about, to, self.of.reference, reminder_version(self.moment), expires_at=until)


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
    told = BookingEvent.objects.filter(booking__in=[each.of for each in due], kind__in=TOLD_ANEW).order_by()
    told_at = dict(told.values_list("booking").annotate(Max("at")))
    messages = defaultdict[str, list[About]](list)
    for each in due:
        if told_at.get(each.of.pk, each.moment) <= each.moment:
            about, when = f"booking:{each.of.pk}", "-week" if each.early else ""
            messages[f"booking-reminder{when}"].append(each.about(about, each.of.person.email))
            messages[f"presenter-reminder{when}"].append(each.about(about, each.of.presenter.email))
    return notify_once(messages, now)


def reminders_due(ahead: Iterable[Any], now: datetime) -> list[DueReminder]:
    """Of these bookings or open sessions. Not of what was made after the moment, nor of what nobody could send for days."""
    found = []
    for each in ahead:
        early = now < each.reminder_due_at
        moment = reminder_moment(each, early=early)
        if each.created_at < moment <= now < moment + rules.REMINDER_MAX_DELAY:
            found.append(DueReminder(each, moment, early))
    return found


def reminder_moment(each: Booking | OpenSession, *, early: bool) -> datetime:
    return each.week_reminder_due_at if early else each.reminder_due_at


def reminder_version(moment: datetime) -> int:
    """A number for each moment: whole minutes, which fit the column until the year 6053."""
    return int(moment.timestamp() // 60)
