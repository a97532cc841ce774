"""Reminders of bookings: a week before and the day before, to who is visited and to who gives it.

They are written when they fall due and not ahead, so that booking, moving and cancelling cost nothing and leave none
behind. The version of a reminder is the moment at which it fell due, so each is written once for it, however often the
booking changes. Who was told of the booking, its time, its presenter or its link after that moment has just read all of
it, and gets none.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Max

from bookings import rules
from bookings.models import Booking, BookingEvent, EventKind, OpenSession, State
from bookings.services.telling import tell_once
from notifications.choices import wants
from notifications.services.writing import About
from notifications.topics import Topic
from professionals.models import Person

AHEAD = timedelta(days=8)  # nothing that starts later can be due


# Who was told of one of these has just read all of it.
TOLD_ANEW = (EventKind.BOOKED, EventKind.CONFIRMED, EventKind.RESCHEDULED, EventKind.REASSIGNED, EventKind.LINK_SET)


@dataclass(frozen=True)
class Due:
    """A reminder whose moment has come; `early`: that of the week before, worth nothing any more once the other is due."""

    of: Any
    moment: datetime
    early: bool

    def about(self, about: str, to: str) -> About:
        until = self.of.reminder_due_at if self.early else self.of.starts_at
        return About(about, to, self.of.reference, version_of(self.moment), expires_at=until)


def gets_reminders(person: Person) -> bool:
    """Whether they have not stopped them: one statement."""
    return wants(Topic.REMINDERS, person.email)


def remind_of_bookings(*, now: datetime) -> int:
    """Write the reminders that have fallen due; how many. As many statements for one as for many."""
    # Nobody is reminded of a presentation that still needs a presenter.
    ahead = Booking.objects.filter(state=State.CONFIRMED, presenter__isnull=False, starts_at__gt=now, starts_at__lt=now + AHEAD)
    due = due_now(ahead.select_related("person", "presenter").order_by("pk"), now)
    told = BookingEvent.objects.filter(booking__in=[each.of for each in due], kind__in=TOLD_ANEW).order_by()
    told_at = dict(told.values_list("booking").annotate(Max("at")))
    messages = defaultdict[str, list[About]](list)
    for each in due:
        if told_at.get(each.of.pk, each.moment) <= each.moment:
            about, when = f"booking:{each.of.pk}", "-week" if each.early else ""
            messages[f"booking-reminder{when}"].append(each.about(about, each.of.person.email))
            messages[f"presenter-reminder{when}"].append(each.about(about, each.of.presenter.email))
    return tell_once(messages, now)


def due_now(ahead: Iterable[Any], now: datetime) -> list[Due]:
    """Of these bookings or open sessions. Not of what was made after the moment, nor of what nobody could send for days."""
    found = []
    for each in ahead:
        early = now < each.reminder_due_at
        moment = moment_of(each, early=early)
        if each.created_at < moment <= now < moment + rules.REMINDED_AT_MOST_LATE:
            found.append(Due(each, moment, early))
    return found


def moment_of(each: Booking | OpenSession, *, early: bool) -> datetime:
    return each.week_reminder_due_at if early else each.reminder_due_at


def version_of(moment: datetime) -> int:
    """A number for each moment: whole minutes, which fit the column until the year 6053."""
    return int(moment.timestamp() // 60)
