"""Reminders of bookings: a week before and the day before, to who is visited and to who gives it.

They are written when they fall due and not ahead, so that booking, moving and cancelling cost nothing and leave none
behind. The version of a reminder is the moment at which it fell due, so each is written once for it, however often the
booking changes. Who was told of the booking, its time, its presenter or its link after that moment has just read all of
it, and gets none.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Protocol

from bookings import rules
from bookings.models import Booking, State
from notifications.choices import wants
from notifications.services import notify_found
from notifications.topics import Topic
from professionals.models import Person

AHEAD = timedelta(days=8)  # nothing that starts later can be due


class Reminded(Protocol):
    """What people are reminded of: a booking or an open session. Times are UTC."""

    @property
    def pk(self) -> int: ...
    @property
    def reference(self) -> str: ...
    @property
    def starts_at(self) -> datetime | None: ...
    @property
    def created_at(self) -> datetime: ...
    @property
    def reminder_due_at(self) -> datetime: ...
    @property
    def week_reminder_due_at(self) -> datetime: ...


# Of what is due, the arrays have one value for each. What was written already is left alone without trying: this runs every five
# minutes.
DUE = """
    due AS (
        SELECT * FROM unnest(%(keys)s::bigint[], %(references)s::text[], %(moments)s::timestamptz[], %(versions)s::int[],
            %(until)s::timestamptz[]) AS due (key, reference, moment, version, expires_at)
    )
"""
NOT_YET = """
    found AS (
        SELECT each.about, each.recipient, each.version, each.reference, each.expires_at FROM each
        WHERE each.recipient <> '' AND NOT EXISTS (
            SELECT FROM notifications_notification AS written
            WHERE written.about = each.about AND written.kind = %(kind)s AND written.version = each.version
        )
    )
"""
# Nobody is reminded of a presentation that still needs a presenter.
STANDING = f"""
    {DUE}, standing AS (
        SELECT due.*, concat('booking:', due.key) AS about, booking.person_id, booking.presenter_id
        FROM due JOIN bookings_booking AS booking ON booking.id = due.key
        WHERE booking.state = 'confirmed' AND booking.presenter_id IS NOT NULL AND NOT EXISTS (
            SELECT FROM bookings_bookingevent AS event
            WHERE event.booking_id = due.key AND event.at > due.moment
              AND event.kind IN ('booked', 'confirmed', 'rescheduled', 'reassigned', 'link-set')
        )
    )
"""  # noqa: S608 - constants of ours
HOSTS = f"""
    {STANDING}, each AS (
        SELECT standing.*, person.email AS recipient
        FROM standing JOIN professionals_person AS person ON person.id = standing.person_id
    ), {NOT_YET}
"""  # noqa: S608 - constants of ours
PRESENTERS = f"""
    {STANDING}, each AS (
        SELECT standing.*, presenter.email AS recipient
        FROM standing JOIN bookings_presenter AS presenter ON presenter.id = standing.presenter_id
    ), {NOT_YET}
"""  # noqa: S608 - constants of ours


def gets_reminders(person: Person) -> bool:
    """Whether they have not stopped them: one statement."""
    return wants(Topic.REMINDERS, person.email)


def remind_of_bookings(*, now: datetime) -> int:
    """Write the reminders that have fallen due; how many. Five statements at most, however many bookings."""
    ahead = Booking.objects.filter(state=State.CONFIRMED, starts_at__gt=now, starts_at__lt=now + AHEAD)
    bookings = list(ahead.exclude(presenter=None).order_by("pk"))
    return sum(
        write_due(bookings, kinds={"booking-reminder": HOSTS, "presenter-reminder": PRESENTERS}, now=now, early=early)
        for early in (True, False)
    )


def write_due(all_ahead: Sequence[Reminded], *, kinds: dict[str, str], now: datetime, early: bool) -> int:
    """Of what is ahead, what falls due now: one statement for each kind, whose SQL has the `found` of notify_found."""
    due = [each for each in all_ahead if is_due(each, now, early=early)]
    if not due:
        return 0
    moments = [moment_of(each, early=early) for each in due]
    values = {
        "keys": [each.pk for each in due],
        "references": [each.reference for each in due],
        "moments": moments,
        "versions": [version_of(moment) for moment in moments],
        # One of the week before is worth nothing any more once the other is due.
        "until": [each.reminder_due_at if early else each.starts_at for each in due],
    }
    when, own = "-week" if early else "", ["version", "reference", "expires_at"]
    return sum(notify_found(kind=f"{kind}{when}", found=found, values=values, now=now, own=own) for kind, found in kinds.items())


def is_due(each: Reminded, now: datetime, *, early: bool) -> bool:
    """Not of what was made later than that, and not of what nobody could send for days."""
    moment = moment_of(each, early=early)
    if early and now >= each.reminder_due_at:
        return False
    return each.created_at < moment <= now < moment + rules.REMINDED_AT_MOST_LATE


def moment_of(each: Reminded, *, early: bool) -> datetime:
    return each.week_reminder_due_at if early else each.reminder_due_at


def version_of(moment: datetime) -> int:
    """A number for each moment: whole minutes, which fit the column until the year 6053."""
    return int(moment.timestamp() // 60)
