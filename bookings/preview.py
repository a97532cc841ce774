"""What would be offered if a change of a presenter were saved: it is saved, read and taken back in one transaction."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from django.db import transaction
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from bookings import rules
from bookings.diary.book import Diary, Slot
from bookings.diary.reading import open_diary
from bookings.diary.wish import Wish
from bookings.gaps import Span
from bookings.models import Booking, Format, Presentation, Presenter
from bookings.models.presenter import AUDIENCES
from ctac.uk import format_clock, format_day, uk_day

DAYS_SHOWN = 21
NAMES = {Format.WORKPLACE: gettext_lazy("Near the base"), Format.ONLINE: gettext_lazy("Online")}


@dataclass(frozen=True)
class ShownDay:
    """'Monday 25 January 2027' and '9am to 4pm, 5pm': times at which a presentation can start."""

    name: str
    starts: str


@dataclass(frozen=True)
class Offered:
    """The days with times, for a visit near the base or online."""

    name: str | Promise
    days: list[ShownDay]


@dataclass(frozen=True)
class Preview:
    """`presentation` is what the times are for; None if there is none that they give. `audiences`: empty for everybody."""

    presentation: Presentation | None
    offered: list[Offered]
    outside: list[Booking]
    audiences: str = ""


def tried(change: Callable[[], object], presenter: Presenter, now: datetime) -> Preview:
    """What the change gives; nothing of it stays. What the change raises goes through."""
    with transaction.atomic():
        change()
        shown = preview(Presenter.objects.with_given().get(pk=presenter.pk), now)
        transaction.set_rollback(True)
    return shown


def preview(presenter: Presenter, now: datetime) -> Preview:
    """As the presenter's rows are now; `presenter` as with_given() reads it."""
    today = uk_day(now)
    anything = Wish(Presentation(length_minutes=60), Format.ONLINE, None)
    diary = open_diary(anything, first_day=today, last_day=today + rules.HORIZON, now=now, presenters=[presenter])
    given = diary.parts[0].given
    offered = Presentation.objects.offered().order_by("pk")
    presentation = (offered.filter(pk__in=given) if given else offered).first()
    outside = bookings_outside(diary, presenter, now)
    if presentation is None:
        return Preview(None, [], outside)
    shown = [(name, value) for value, name in NAMES.items() if value in presentation.formats]
    times = [Offered(name, list(days_of(in_format(diary, presentation, value)))) for name, value in shown]
    audiences = "; ".join(str(label) for value, label in AUDIENCES if value in presenter.audiences)
    return Preview(presentation, times, outside, audiences)


def in_format(diary: Diary, presentation: Presentation, value: Format) -> Diary:
    """For that presentation, online or at a workplace beside the base."""
    (part,) = diary.parts
    base = replace(part.presenter.base, nation=part.presenter.nation) if value == Format.WORKPLACE else None
    wish = Wish(presentation, value, base)
    return replace(diary, wish=wish, parts=[replace(part, wish=wish)])


def days_of(diary: Diary) -> Iterator[ShownDay]:
    """Three weeks from the first day that can be booked."""
    first = diary.parts[0].first_day
    for number in range(DAYS_SHOWN):
        day = first + timedelta(days=number)
        if slots := diary.slots_on(day):
            yield ShownDay(format_day(day), ", ".join(in_ranges(slots)))


def in_ranges(slots: Iterable[Slot]) -> Iterator[str]:
    """Half hours that follow each other as one: '9am to 4pm'."""
    runs: list[list[datetime]] = []
    for slot in slots:
        if runs and slot.start - runs[-1][-1] == rules.GRID:
            runs[-1].append(slot.start)
        else:
            runs.append([slot.start])
    for run in runs:
        first, last = format_clock(run[0]), format_clock(run[-1])
        yield first if len(run) == 1 else _("%(first)s to %(last)s") % {"first": first, "last": last}


def bookings_outside(diary: Diary, presenter: Presenter, now: datetime) -> list[Booking]:
    """What is booked with the presenter outside the hours, as far as the diary goes. They stay as they are."""
    ahead = Booking.objects.upcoming(now).filter(presenter=presenter).with_names().order_by("starts_at")
    part = diary.parts[0]
    return [booking for booking in ahead if is_outside(booking, part.windows, diary.last_day)]


def is_outside(booking: Booking, windows: Callable[[date], Sequence[Span]], last_day: date) -> bool:
    if booking.starts_at is None or booking.ends_at is None or uk_day(booking.starts_at) > last_day:
        return False
    span = Span(booking.starts_at, booking.ends_at)
    return not any(window.contains(span) for window in windows(uk_day(booking.starts_at)))
