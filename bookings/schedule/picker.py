"""The slot picker: a week of start times to choose from, for every page that asks for one.

`slot_picker_response` answers for a page: the view passes the slot query and the claims that are not in the way, and gets the
form and all that the template bookings/booking/includes/slot_picker.html shows. The query string has `week` (any day of it) and
`part` (of the day); the rest of it is kept. With `month` in it, the same address answers with the times of that month, for the
month view that the script draws. Staff forms call `pick` for a week, and have no month.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from itertools import groupby, islice
from typing import Any

from django.db import models
from django.http import HttpRequest, HttpResponse, JsonResponse, QueryDict
from django.utils import dateformat
from django.utils.dates import WEEKDAYS, WEEKDAYS_ABBR
from django.utils.functional import Promise
from django.utils.translation import gettext as _, gettext_lazy

from bookings.errors import RuleViolation, SlotTaken
from bookings.models import Presenter
from bookings.schedule.availability import Schedule, Slot
from bookings.schedule.forms import WhenForm, slot_value
from bookings.schedule.queries import IgnoredClaims, read_all_claims, read_schedule
from bookings.schedule.slots import DateRange, SlotQuery
from core.dates import UK_TZ, format_datetime_range, format_day, format_uk_time, uk_day
from office.closures.models import ClosureScope
from office.closures.queries import closure_texts_between, presentations_closed_text
from office.site_settings.queries import site_settings

ONE_DAY = timedelta(days=1)
ONE_WEEK = timedelta(days=7)
# The first free time is nearly always in this week or in so many after it.
FIRST_READ_PERIOD = 3 * ONE_WEEK
DaySlots = list[tuple[date, list[Slot]]]


class PartOfDay(models.TextChoices):
    """The part of the day in which a slot starts, UK time."""

    ANY = "", gettext_lazy("All day")
    MORNING = "morning", gettext_lazy("Mornings")
    AFTERNOON = "afternoon", gettext_lazy("Afternoons")


@dataclass
class PartOfDaySlots:
    """The slots of a schedule that start in one part of the day. Days that were not read are read when somebody looks there.

    `now` and `ignoring` are those of the schedule. `excluded`: a start that the reader already has.
    """

    schedule: Schedule
    part: PartOfDay
    now: datetime
    ignoring: IgnoredClaims | None
    excluded: datetime | None = None

    def slots_on(self, day: date) -> list[Slot]:
        if day in self.schedule.date_range and not self.schedule.is_read(day):
            self.schedule = read_all_claims(self.schedule, self.now, self.ignoring)
        slots = [slot for slot in self.schedule.slots_on(day) if slot.start != self.excluded]
        if self.part == PartOfDay.ANY:
            return slots
        return [slot for slot in slots if (slot.start.astimezone(UK_TZ).hour < 12) == (self.part == PartOfDay.MORNING)]

    def first(self, day: date) -> Slot | None:
        """The first slot on that day or later. It looks no further than it must."""
        days = DateRange(max(day, self.schedule.first_day), self.schedule.last_day)
        return next((slots[0] for each in days if (slots := self.slots_on(each))), None)


@dataclass(frozen=True)
class PickerLink:
    """A link to another part of the day: `query` goes behind the page's path; `here` marks the part that is shown."""

    label: str | Promise
    query: str
    here: bool = False


@dataclass(frozen=True)
class PickerWeek:
    """Seven days from a Monday, with links to the week before, if any time lies there or earlier, and to the week after."""

    first_day: date
    title: str
    earlier: str
    later: str


@dataclass(frozen=True)
class SlotChoice:
    """A slot as text, with the value of its radio button."""

    when: str
    value: str
    query: str = ""


@dataclass(frozen=True)
class Picker:
    """What the page shows. `first` is the first slot of all; `next` is the nearest one if the week is empty.

    `current_violations`: the rules that keep every presenter from giving it on any day. `closed`: why days of the week have no
    times. `nothing_free`: no day has a time, in any part of the day. `schedule`: what was read.
    """

    slot_query: SlotQuery
    form: WhenForm
    days: DaySlots
    week: PickerWeek | None = None
    part: str = ""
    parts: list[PickerLink] = field(default_factory=list)
    first: SlotChoice | None = None
    next: SlotChoice | None = None
    gone: str = ""
    months: str = ""
    weeks: str = ""
    current_violations: Sequence[RuleViolation] = ()
    closed: Sequence[str] = ()
    nothing_free: bool = False
    schedule: Schedule | None = None

    @property
    def opens_at(self) -> date | None:
        """The day that the month view shows first: of the chosen time, else the first with a time, else the week's first."""
        chosen = self.form["start"].value()
        days = [day for day, slots in self.days if any(slot_value(slot.start) == chosen for slot in slots)] if chosen else []
        return next(iter([*days, *(day for day, _slots in self.days)]), self.week.first_day if self.week else None)


def last_bookable_day(today: date) -> date:
    """The last day that the public can book."""
    return today + timedelta(days=site_settings().horizon_days)


def read_public_schedule(
    slot_query: SlotQuery,
    now: datetime,
    ignoring: IgnoredClaims | None,
    read_days: Sequence[DateRange] | None = None,
    presenters: Iterable[Presenter] | None = None,
) -> Schedule:
    """The schedule over all days that the public may book."""
    today = uk_day(now)
    return read_schedule(
        slot_query,
        first_day=today,
        last_day=last_bookable_day(today),
        now=now,
        presenters=presenters,
        ignoring=ignoring,
        read_days=read_days,
    )


def slot_picker_response(
    request: HttpRequest,
    slot_query: SlotQuery,
    page: Callable[[Picker], HttpResponse],
    *,
    now: datetime,
    ignoring: IgnoredClaims | None = None,
    chosen: datetime | None = None,
    excluded: datetime | None = None,
    typed: Any = None,
) -> HttpResponse:
    """The page with its picker; or the times of a month, if the page's script asks for one."""
    query = request.GET
    if "month" in query and request.method != "POST":
        return month_response(slot_query, query=query, now=now, ignoring=ignoring, excluded=excluded)
    return page(
        build_picker(
            slot_query, query=query, now=now, ignoring=ignoring, chosen=chosen, excluded=excluded, typed=typed, has_month=True
        )
    )


def build_picker(
    slot_query: SlotQuery,
    *,
    query: QueryDict,
    now: datetime,
    ignoring: IgnoredClaims | None = None,
    presenters: Sequence[Presenter] | None = None,
    chosen: datetime | None = None,
    excluded: datetime | None = None,
    typed: Any = None,
    has_month: bool = False,
) -> Picker:
    """The week that the query asks for; else the week of the chosen time; else the week of the first slot.

    For `ignoring` and `presenters`, see read_schedule. `excluded`: a start that the reader already has. `typed`: what was sent,
    if anything. `has_month`: the page's address also answers with a month.
    """
    today, part = uk_day(now), parse_part(query)
    horizon = DateRange(today, last_bookable_day(today))
    week = parse_week(query, chosen, horizon)
    # The days that nearly every page gets by with: the first weeks, and the week that is asked for.
    likely = [first_weeks(today)]
    if week is not None and week.first > likely[0].last:
        likely.append(DateRange(week.first, min(week.last, horizon.last)))
    times = PartOfDaySlots(read_public_schedule(slot_query, now, ignoring, likely, presenters), part, now, ignoring, excluded)
    first = times.first(horizon.first)
    week = week or DateRange.week_of(uk_day(first.start) if first else horizon.first)
    days = [(day, slots) for day in week if (slots := times.slots_on(day))]
    form = WhenForm(typed, days=days, initial={"start": slot_value(chosen) if chosen else None})
    near = None if days else times.first(week.last + ONE_DAY) or first
    other_part = part != PartOfDay.ANY and replace(times, part=PartOfDay.ANY)
    earlier, later = week.first - ONE_WEEK, week.first + ONE_WEEK
    shown = PickerWeek(
        week.first,
        _("Week of %(day)s") % {"day": format_day(week.first)},
        # Offer no earlier week if none has a time.
        with_query(query, week=earlier.isoformat()) if first and uk_day(first.start) < week.first else "",
        with_query(query, week=later.isoformat()) if later <= horizon.last else "",
    )
    # The links keep the week only if one was asked for; otherwise each part opens at its own first slot.
    return Picker(
        slot_query,
        form,
        days,
        shown,
        part.value,
        [PickerLink(choice.label, with_query(query, part=choice.value), choice == part) for choice in PartOfDay],
        slot_choice(first, query) if first else None,
        slot_choice(near, query) if near else None,
        months=query_prefix(query, "month") if has_month else "",
        weeks=query_prefix(query, "week"),
        current_violations=times.schedule.current_violations,
        closed=closure_texts_between(max(week.first, today), week.last, ClosureScope.PRESENTATIONS, [slot_query.nation]),
        nothing_free=not first and not (other_part and other_part.first(today)),
        schedule=times.schedule,
    )


def build_nearest_picker(
    slot_query: SlotQuery, start: datetime, *, now: datetime, ignoring: IgnoredClaims | None = None
) -> Picker:
    """That time has gone: the nearest free times, ready to choose."""
    schedule = read_public_schedule(slot_query, now, ignoring)
    slots = schedule.nearest(start)
    days = [(day, list(of_day)) for day, of_day in groupby(slots, key=lambda slot: uk_day(slot.start))]
    form = WhenForm({}, days=days)
    form.errors["start"] = form.error_class([str(SlotTaken.message)])
    gone = format_datetime_range(start, start + slot_query.length)
    return Picker(slot_query, form, days, gone=gone, nothing_free=not slots, schedule=schedule)


def first_weeks(today: date) -> DateRange:
    return DateRange(today, min(DateRange.week_of(today + FIRST_READ_PERIOD).last, last_bookable_day(today)))


def is_anything_free(slot_query: SlotQuery, now: datetime, ignoring: IgnoredClaims | None = None) -> bool:
    """Whether the public could have any time at all."""
    today = uk_day(now)
    schedule = read_public_schedule(slot_query, now, ignoring, [first_weeks(today)])
    return PartOfDaySlots(schedule, PartOfDay.ANY, now, ignoring).first(today) is not None


def first_free_times(
    picker: Picker, slot_query: SlotQuery, now: datetime, ignoring: IgnoredClaims | None, days: int = 3
) -> list[SlotChoice]:
    """The first time of each of the next days that have one, for another query if nothing is free.

    Other claims may be in its way, so claims are read again.
    """
    if picker.schedule is None:
        return []
    schedule = read_all_claims(picker.schedule.for_query(slot_query), now, ignoring)
    firsts = (slots[0] for day in schedule.date_range if (slots := schedule.slots_on(day)))
    return [slot_choice(slot, QueryDict()) for slot in islice(firsts, days)]


def parse_week(query: QueryDict, chosen: datetime | None, horizon: DateRange) -> DateRange | None:
    """The week that is asked for, else the week of the chosen time, inside the horizon; None if there is neither."""
    try:
        day = date.fromisoformat(query.get("week", ""))
    except ValueError:
        if chosen is None:
            return None
        day = uk_day(chosen)
    return DateRange.week_of(min(max(day, horizon.first), horizon.last))


def month_response(
    slot_query: SlotQuery,
    *,
    query: QueryDict,
    now: datetime,
    ignoring: IgnoredClaims | None = None,
    excluded: datetime | None = None,
) -> JsonResponse:
    """Every day of the month that the query asks for, with its times: the value, and the start and end as text."""
    today = uk_day(now)
    horizon, part = last_bookable_day(today), parse_part(query)
    # The first day of the month that is asked for, inside the horizon.
    try:
        day = date.fromisoformat(f"{query.get('month', '')}-01")
    except ValueError:
        day = today
    first = min(max(day, today), horizon).replace(day=1)
    following = (first + 31 * ONE_DAY).replace(day=1)
    last = following - ONE_DAY
    likely = [first_weeks(today)]
    if last > likely[0].last:
        likely.append(DateRange(max(first, likely[0].last + ONE_DAY), min(last, horizon)))
    times = PartOfDaySlots(read_public_schedule(slot_query, now, ignoring, likely), part, now, ignoring, excluded)
    first_free = times.first(today)
    where = [slot_query.nation]
    return JsonResponse(
        {
            "month": f"{first:%Y-%m}",
            "title": dateformat.format(first, "F Y"),
            "weekdays": [[str(WEEKDAYS_ABBR[number]), str(WEEKDAYS[number])] for number in range(7)],
            # As with weeks: offer no earlier month if none has a time.
            "earlier": f"{first - ONE_DAY:%Y-%m}" if first_free and uk_day(first_free.start) < first else "",
            "later": f"{following:%Y-%m}" if following <= horizon else "",
            "closed": closure_texts_between(max(first, today), min(last, horizon), ClosureScope.PRESENTATIONS, where),
            "days": [
                {
                    "day": day.isoformat(),
                    "name": format_day(day),
                    "times": [
                        (slot_value(slot.start), format_uk_time(slot.start), format_uk_time(slot.end))
                        for slot in times.slots_on(day)
                    ],
                    "closed": presentations_closed_text(day, where) if day >= today else "",
                }
                for day in DateRange(first, last)
            ],
        }
    )


def parse_part(query: QueryDict) -> PartOfDay:
    return next((part for part in PartOfDay if part == query.get("part")), PartOfDay.ANY)


def slot_choice(slot: Slot, query: QueryDict) -> SlotChoice:
    week = with_query(query, week=uk_day(slot.start).isoformat())
    return SlotChoice(format_datetime_range(slot.start, slot.end), slot_value(slot.start), week)


def with_query(query: QueryDict, **ours: str) -> str:
    """The same query string with these parameters; an empty one is left out."""
    changed = query.copy()
    for name, value in ours.items():
        changed.pop(name, None)
        if value:
            changed[name] = value
    return f"?{changed.urlencode()}"


def query_prefix(query: QueryDict, name: str) -> str:
    """The same query string without a week or month, ending in `name=`, so that a value can follow."""
    rest = with_query(query, week="", month="")
    return f"{rest}{'' if rest == '?' else '&'}{name}="
