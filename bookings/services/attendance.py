"""How many came: recorded by the presenter or by a colleague, put right later, and with it the presentation is delivered."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from bookings import rules
from bookings.models import Attendance, AttendanceCount, Booking, Given, Overdue, State, agreed_times, belongs_to
from bookings.models.after import TAKES_PLACE
from ctac.errors import DomainError
from ctac.uk import format_clock, format_day
from professionals.models import User


@dataclass(frozen=True)
class AttendanceSource:
    """What recording asks of bookings and of open sessions, which lie above and register themselves."""

    lock: Callable[[Any, datetime], Any]
    record: Callable[..., None]
    mark_delivered: Callable[..., object]
    # Who is expected, the likeliest first.
    professions: Callable[[Any], Sequence[str]]


SOURCES: dict[type[Given], AttendanceSource] = {}


class NotGiven(DomainError):
    message = _("This presentation did not take place, so nobody can have come.")


class NotBegunYet(DomainError):
    def __init__(self, given: Given) -> None:
        start, _end = agreed_times(given)
        said = _("You can record who came from the start on: %(clock)s on %(day)s.")
        super().__init__(said % {"clock": format_clock(start), "day": format_day(start)})


class NoLongerByPresenter(DomainError):
    message = _("That was some time ago. Tell the team, who can still put the numbers right.")


class CountedMeanwhile(DomainError):
    """Somebody else has recorded other numbers since the page was opened."""

    def __init__(self, stands: Attendance) -> None:
        self.stands = stands
        said = ngettext(
            "Meanwhile somebody recorded that %(n)d person came. Check your numbers, then press the button again.",
            "Meanwhile somebody recorded that %(n)d people came. Check your numbers, then press the button again.",
            stands.people,
        )
        super().__init__(said % {"n": stands.people})


@transaction.atomic
def record_attendance(
    *,
    given: Given,
    counts: Mapping[str, int],
    by: User,
    now: datetime,
    expected: int | None = None,
    by_presenter: bool = False,
) -> Attendance:
    """So many of each profession came. The first time, the presentation is marked as delivered too, where staff could do that.

    `expected` is the revision that the page showed, None for none yet. The same numbers again change nothing.
    Raises NotGiven, NotBegunYet, NoLongerByPresenter, CountedMeanwhile.
    """
    source = SOURCES[type(given)]
    locked: Given = source.lock(given, now)
    refuse_unless_given(locked, now, by_presenter=by_presenter)
    stands = Attendance.objects.filter(**belongs_to(locked)).first()
    counted = {profession: people for profession, people in counts.items() if people}
    if stands is None or counts_of(stands) != counted:
        if stands is not None and stands.revision != expected:
            raise CountedMeanwhile(stands)
        before = stands.people if stands else None
        stands = keep(stands or Attendance(**belongs_to(locked), recorded_at=now, revision=-1), counted, by=by, now=now)
        source.record(locked, by=by, now=now, changes={"people": [before, stands.people]})
    if may_be_delivered(locked, now):
        source.mark_delivered(locked, by=by, now=now)
    return stands


def refuse_unless_given(given: Given, now: datetime, *, by_presenter: bool) -> None:
    if given.state not in TAKES_PLACE or given.starts_at is None:
        raise NotGiven
    start, end = agreed_times(given)
    if now < start:
        raise NotBegunYet(given)
    if by_presenter and now > end + rules.ATTENDANCE_BY_PRESENTER:
        raise NoLongerByPresenter


def may_record(given: Given, now: datetime, *, by_presenter: bool = False) -> bool:
    try:
        refuse_unless_given(given, now, by_presenter=by_presenter)
    except DomainError:
        return False
    return True


def may_be_delivered(given: Given, now: datetime) -> bool:
    """As staff may: it has a presenter, and everybody who was there has been heard of."""
    if not given.can_become(State.DELIVERED) or given.needs_a_presenter:
        return False
    return Overdue.find(given, now) is None if isinstance(given, Booking) else True


def keep(attendance: Attendance, counted: Mapping[str, int], *, by: User, now: datetime) -> Attendance:
    attendance.people, attendance.by, attendance.changed_at = sum(counted.values()), by, now
    attendance.revision += 1
    attendance.save()
    attendance.counts.all().delete()
    rows = [AttendanceCount(attendance=attendance, profession=name, people=people) for name, people in counted.items()]
    AttendanceCount.objects.bulk_create(rows)
    return attendance


def counts_of(attendance: Attendance | None) -> dict[str, int]:
    """The most first."""
    return {row.profession: row.people for row in attendance.counts.all()} if attendance else {}
