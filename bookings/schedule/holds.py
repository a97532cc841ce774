"""Holds (a slot kept for somebody who is still filling in the form), and the time kept for the dates of a request."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, time, timedelta
from typing import Any

from django.db import connection, transaction
from django.db.backends.postgresql.psycopg_any import DateTimeTZRange
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from bookings.errors import (
    DAY_VIOLATIONS,
    DraftGone,
    HoldAlreadyExtended,
    HoldExpired,
    SlotTaken,
    TooManyHolds,
    TransitionNotAllowed,
)
from bookings.models import (
    MAX_HELD_TIMES,
    Booking,
    BookingState,
    BusyKind,
    BusyTime,
    DateOption,
    DateOptionKind,
    DateOptionState,
    Format,
    HeldEndReason,
    HeldTime,
    Hold,
    NotKeptReason,
    Precision,
    Presenter,
)
from bookings.models.leave import END_OF_DAY
from bookings.schedule.availability import PresenterSchedule, Schedule
from bookings.schedule.locks import (
    busy_time_checks,
    lock_booking,
    lock_booking_and_presenters,
    lock_presenters,
    restore_held_times,
)
from bookings.schedule.queries import IgnoredClaims, read_schedule, reread_schedule
from bookings.schedule.slots import Claim, DateRange, SlotQuery, grid_starts
from bookings.travel import Place
from core.dates import TEAM_NATION, add_working_days, format_datetime_range, uk_datetime, uk_day
from core.errors import DomainError
from office.closures.queries import office_closed_days
from office.site_settings.queries import site_settings
from professionals import drafts
from professionals.models import Draft, Person
from professionals.services import lock_person

# At one time, for people who are not signed in and may share a trust's address; a person who is signed in has one.
MAX_HOLDS_PER_CLIENT = 20
KEPT_DATE_EXPIRY_TIME = time(17)  # in the UK, on the last day
# Times held for an area, around a visit near it.
HELD_WORKING_DAYS = 5


def place_columns(place: Place | None) -> dict[str, object]:
    """The columns in which a claim stores its place."""
    if place is None:
        return {"postcode": "", "latitude": None, "longitude": None, "zone": ""}
    return {"postcode": place.postcode, "latitude": place.latitude, "longitude": place.longitude, "zone": place.zone}


def get_hold_claims(draft: Draft, person: Person | None, *, client: str = "") -> list[BusyTime]:
    """The claims of this draft, of this person's other drafts (one live hold a person), and of that client."""
    holder = Q(hold__draft=draft)
    if person:
        holder |= Q(hold__person=person)
    if client:
        holder |= Q(hold__client=client)
    return list(BusyTime.objects.filter(holder, kind=BusyKind.HOLD).select_related("hold"))


def hold_matches(hold: Hold, booking: Booking) -> bool:
    """Whether this hold is for exactly what this booking asks for. The booking may be unsaved."""
    asked = (booking.presentation_id, booking.format, booking.postcode, booking.starts_at)
    return (hold.presentation_id, hold.format, hold.postcode, hold.start) == asked


@transaction.atomic
def hold_slot(
    *,
    draft: Draft,
    person: Person | None,
    slot_query: SlotQuery,
    start: datetime,
    now: datetime,
    client: str = "",
    answers: Mapping[str, dict[str, Any]] | None = None,
) -> Hold:
    """Keep that slot for this draft, instead of what it held before. Choosing the same slot again does not make it longer.

    `client`: a hash of where the request comes from. `answers` for the draft's steps are saved with the hold, or neither is: two
    tabs take turns with both. Raises SlotTaken (then what was held before stays held), DraftGone (placed in another tab),
    TooManyHolds and AccountGoneError.
    """
    if person:
        lock_person(person)
    # Two clicks of one draft take turns: keeping the answers locks the draft, before any presenter is locked.
    mine = Draft.objects.select_for_update().filter(pk=draft.pk)
    if not (drafts.save_steps(draft, answers, now) if answers else mine.exists()):
        raise DraftGone
    if not person:  # people who are signed in take turns already, and have one hold at most
        lock_client(client)
    rows = [(row, row.hold) for row in get_hold_claims(draft, person, client=client) if row.hold]
    before = [row for row, hold in rows if hold.draft_id == draft.pk or (person and hold.person_id == person.pk)]
    live = [row.hold for row in before if row.hold and row.hold.expires_at > now]
    postcode = slot_query.place.postcode if slot_query.place else ""
    asked = (draft.pk, slot_query.presentation.pk, slot_query.format, postcode, start)
    for hold in live:
        if (hold.draft_id, hold.presentation_id, hold.format, hold.postcode, hold.start) == asked:
            return hold
    of_client = [hold for _row, hold in rows if client and hold.client == client and hold.expires_at > now]
    if not live and len(of_client) >= MAX_HOLDS_PER_CLIENT:
        raise TooManyHolds
    presenter = lock_presenter_for_hold(draft, person, slot_query, start, now, before)
    aside = suspend_held_times(presenter, slot_query.place, now)
    with busy_time_checks():
        hold = Hold.objects.create(
            draft=draft,
            person=person,
            presenter=presenter,
            presentation=slot_query.presentation,
            format=slot_query.format,
            postcode=postcode,
            start=start,
            held_at=now,
            client=client,
            expires_at=now + timedelta(minutes=site_settings().hold_minutes),
        )
        BusyTime.objects.create(
            presenter=presenter,
            kind=BusyKind.HOLD,
            busy=DateTimeTZRange(start, start + slot_query.length),
            expires_at=hold.expires_at,
            hold=hold,
            **place_columns(slot_query.place),
        )
    if aside:
        restore_held_times([presenter.pk], now)
    return hold


def lock_presenter_for_hold(
    draft: Draft, person: Person | None, slot_query: SlotQuery, start: datetime, now: datetime, before: list[BusyTime]
) -> Presenter:
    """The best presenter who is free: look, lock those who could, end the earlier holds, look again. Raises SlotTaken."""
    day = uk_day(start)
    own, held = {"hold__draft": draft, "hold__person": person}, held_times_lookup(slot_query.place)
    seen = read_schedule(slot_query, first_day=day, last_day=day, now=now, ignoring={**own, **held})
    possible = {candidate.presenter.pk for candidate in seen.offered_candidates(start)}
    locked = lock_presenters(possible, now=now, giving_back=before)
    free = {key: locked[key] for key in possible if key in locked}
    candidates = reread_schedule(seen, free, now, ignoring=held).offered_candidates(start)
    if not candidates:
        raise SlotTaken
    return candidates[0].presenter


def lock_client(client: str) -> None:
    """Requests from one address take turns, so that each counts those before it."""
    if client:
        with connection.cursor() as cursor:
            # SQL because the ORM has no advisory locks, and there is no row of an address to lock.
            cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"holds of {client}"])


@transaction.atomic
def extend_hold(*, draft: Draft, now: datetime) -> Hold:
    """Keep what this draft holds for as long again, once.

    Raises HoldExpired if its time is over already (anybody may have the slot then), HoldAlreadyExtended the second time.
    """
    locked = Draft.objects.select_for_update().filter(pk=draft.pk).exists()  # two clicks take turns
    seen = BusyTime.objects.filter(hold__draft=draft, kind=BusyKind.HOLD)
    presenter = seen.values_list("presenter", flat=True).first() if locked else None
    lock_presenters([presenter], now=now)  # this ends the hold if its time is over
    claim = seen.select_related("hold").first()
    if claim is None or claim.hold is None or claim.hold.expires_at <= now:
        raise HoldExpired
    hold = claim.hold
    if hold.extended_at is not None:
        raise HoldAlreadyExtended
    hold.extended_at, hold.expires_at = now, hold.expires_at + timedelta(minutes=site_settings().hold_minutes)
    Hold.objects.filter(pk=hold.pk).update(extended_at=hold.extended_at, expires_at=hold.expires_at)
    BusyTime.objects.filter(pk=claim.pk).update(expires_at=hold.expires_at)
    return hold


@transaction.atomic
def release_hold(*, draft: Draft, now: datetime) -> None:
    """Give back what this draft holds, because its place or presentation changed."""
    lock_presenters([], now=now, giving_back=get_hold_claims(draft, None))


# Times held for an area. People from there may book a visit over them (held_times_lookup).


def held_times_lookup(place: Place | None) -> IgnoredClaims:
    """For `ignoring` of read_schedule: times held for the area of this place are free to anybody who books a visit there."""
    key = (place.authority or place.nation) if place else ""
    return {"held__keys__contains": [key] if key else None}  # None: nothing is ignored


@dataclass(frozen=True)
class AreaToVisit:
    """An area by its code, the codes of what lies in it (HeldTime.keys), and the place that we assume for a visit there."""

    code: str
    name: str
    keys: Collection[str]
    place: Place


class NotHeld(DomainError):
    message = _("This time is no longer held. Look at the page again.")


@transaction.atomic
def hold_times(
    *, visit: Booking, area: AreaToVisit, starts: Collection[datetime], by: User | None, now: datetime
) -> list[HeldTime]:
    """Hold these times of the visit's presenter for the people of that area, all or none.

    Each must be a time that somebody from there could book, on the day of the visit or the day before or after. It is held no
    longer than it could be booked. Raises TransitionNotAllowed (the visit is off, or has another presenter now), SlotTaken,
    which names the time, and DomainError for too many.
    """
    locked, presenters = lock_booking_and_presenters(visit, now=now, also=())
    if not may_hold_around(locked, now):
        raise TransitionNotAllowed
    presenter, days = presenters[locked.presenter_id or 0], days_around(locked)
    HeldTime.objects.lapsed(now).filter(presenter=presenter).update(ended=HeldEndReason.LAPSED, ended_at=now)
    used = set(HeldTime.objects.open().filter(presenter=presenter).values_list("number", flat=True))
    numbers = [number for number in range(1, MAX_HELD_TIMES + 1) if number not in used]
    if len(set(starts)) > len(numbers):
        most = _("We hold 3 times of one presenter at most. Choose fewer, or release one that is held.")
        raise DomainError(most)
    slot_query = SlotQuery(locked.presentation, Format.WORKPLACE, area.place)
    schedule = read_schedule(slot_query, first_day=days.first, last_day=days.last, now=now, presenters=[presenter])
    rows = []
    for number, start in zip(numbers, sorted(set(starts)), strict=False):
        end = start + slot_query.length
        if uk_day(start) not in days or not schedule.offered_candidates(start):
            when = {"when": format_datetime_range(start, end), "name": presenter}
            raise SlotTaken(_("%(name)s is no longer free on %(when)s. Choose another time.") % when)
        schedule = with_kept_slot(schedule, KeptSlot(presenter, start))
        rows.append(
            HeldTime(
                presenter=presenter,
                visit=locked,
                area=area.code,
                area_name=area.name,
                keys=sorted(area.keys),
                starts_at=start,
                ends_at=end,
                number=number,
                held_at=now,
                held_by=by,
                expires_at=area_hold_expires_at(schedule.parts[0], start, now),
            )
        )
    with busy_time_checks():
        HeldTime.objects.bulk_create(rows)
        BusyTime.objects.bulk_create(
            BusyTime(
                presenter=presenter,
                kind=BusyKind.HELD,
                busy=DateTimeTZRange(row.starts_at, row.ends_at),
                expires_at=row.expires_at,
                held=row,
                **place_columns(area.place),
            )
            for row in rows
        )
    return rows


def area_hold_expires_at(part: PresenterSchedule, start: datetime, now: datetime) -> datetime:
    """5pm on the fifth working day, or the end of the last day on which the presenter's notice lets somebody book it."""
    until = kept_until(start, now, HELD_WORKING_DAYS)
    days = DateRange(uk_day(now), uk_day(until))
    last = max(day for day in days if part.first_day_from(day) <= uk_day(start))
    return min(until, uk_datetime(last, END_OF_DAY))


def may_hold_around(visit: Booking, now: datetime) -> bool:
    """It is a visit to come, and it has a presenter."""
    return (
        visit.state == BookingState.CONFIRMED
        and visit.format == Format.WORKPLACE
        and visit.presenter_id is not None
        and visit.starts_at is not None
        and visit.starts_at > now
    )


def days_around(visit: Booking) -> DateRange:
    """The day of the visit, the day before and the day after."""
    day, one_day = uk_day(visit.agreed_times[0]), timedelta(days=1)
    return DateRange(day - one_day, day + one_day)


@transaction.atomic
def release_held_time(held: HeldTime, *, by: User | None, now: datetime) -> None:
    """Release a held time, so that anybody may have it again. Raises NotHeld."""
    lock_presenters([held.presenter_id], now=now)
    if not HeldTime.objects.open().filter(pk=held.pk).update(ended=HeldEndReason.RELEASED, ended_at=now):
        raise NotHeld
    BusyTime.objects.filter(held=held).delete()


def presenters_with_stale_held_times(now: datetime) -> set[int]:
    """The presenters for lapse_held_times: a time held for an area is over, or gave way to somebody who may have left."""
    over = HeldTime.objects.lapsed(now).values_list("presenter", flat=True)
    aside = BusyTime.objects.filter(kind=BusyKind.HELD, live=False, expires_at__gt=now).values_list("presenter", flat=True)
    return set(over.union(aside))


@transaction.atomic
def lapse_held_times(presenter: int, *, now: datetime) -> None:
    """Release times whose five working days are over; hold again what gave way to somebody who has left."""
    lock_presenters([presenter], now=now)  # this gives back their time
    HeldTime.objects.lapsed(now).filter(presenter=presenter).update(ended=HeldEndReason.LAPSED, ended_at=now)
    restore_held_times([presenter], now)


def suspend_held_times(presenter: Presenter, place: Place | None, now: datetime) -> list[BusyTime]:
    """Set aside the presenter's times held for the area of that place, so that a visit there may be written over them.

    They are not live now. restore_held_times brings back those that were not used.
    """
    theirs = held_times_lookup(place)
    if not any(theirs.values()):
        return []
    rows = list(BusyTime.objects.filter(presenter=presenter, kind=BusyKind.HELD, expires_at__gt=now, **theirs))
    BusyTime.objects.filter(pk__in=[row.pk for row in rows if row.live]).update(live=False)
    return rows


def take_held_times(aside: Iterable[BusyTime], booking: Booking, now: datetime) -> None:
    """The booking takes the set-aside times that it overlaps; the others are held again if they still can be."""
    start, end = booking.agreed_times
    rows = list(aside)
    taken = [row for row in rows if row.busy.lower < end and start < row.busy.upper]
    keys = [row.held_id for row in taken if row.held_id]
    HeldTime.objects.open().filter(pk__in=keys).update(ended=HeldEndReason.TAKEN, ended_at=now, booking=booking)
    BusyTime.objects.filter(pk__in=[row.pk for row in taken]).delete()
    restore_held_times({row.presenter_id for row in rows}, now)


# Keeping time for the dates of a request, and giving it back. Every caller has locked the presenters and the booking.


@dataclass(frozen=True)
class PreferredDate:
    """A date that somebody would like; `starts_at` and `ends_at` as in DateOption."""

    precision: str
    starts_at: datetime
    ends_at: datetime

    def starts(self, slot_query: SlotQuery) -> list[datetime]:
        """When it can begin; none for a range of days, which is not searched."""
        if self.precision == Precision.TIME:
            return [self.starts_at]
        if self.precision == Precision.DAYS:
            return []
        return list(grid_starts(self.starts_at, self.ends_at, slot_query.length))


@dataclass(frozen=True)
class KeptSlot:
    """The presenter whose time is kept for a date, and from when."""

    presenter: Presenter
    start: datetime


def kept_until(start: datetime, now: datetime, working_days: int | None = None) -> datetime:
    """5pm on the last of these working days (our office's), or the start if that is sooner."""
    count = site_settings().kept_date_working_days if working_days is None else working_days
    day = add_working_days(uk_day(now), count, TEAM_NATION, office_closed_days())
    return min(uk_datetime(day, KEPT_DATE_EXPIRY_TIME), start)


def schedule_for_dates(
    slot_query: SlotQuery,
    starts: Sequence[datetime],
    now: datetime,
    *,
    presenter: Presenter | None = None,
    own: Booking | None = None,
) -> Schedule:
    """The schedule over the days of these starts. This booking's own claims are not in its way."""
    days = [uk_day(start) for start in starts] or [uk_day(now)]
    chosen = [presenter] if presenter else None
    ignoring = {"booking": own, "option__booking": own}
    return read_schedule(slot_query, first_day=min(days), last_day=max(days), now=now, presenters=chosen, ignoring=ignoring)


def first_possible_slot(schedule: Schedule, starts: Iterable[datetime]) -> KeptSlot | None:
    """The first of these starts at which a presenter could give it within all rules except notice and horizon."""
    for start in starts:
        for candidate in schedule.candidates(start):
            if set(candidate.violations) <= DAY_VIOLATIONS:
                return KeptSlot(candidate.presenter, start)
    return None


def presenters_free_at(schedule: Schedule, starts: Iterable[datetime]) -> set[int]:
    return {candidate.presenter.pk for start in starts for candidate in schedule.candidates(start)}


def with_kept_slot(schedule: Schedule, chosen: KeptSlot) -> Schedule:
    """The same schedule with that time taken, so that the next date of the request is kept beside it."""
    claim = Claim(schedule.slot_query.span(chosen.start), schedule.slot_query.place, is_visit=True)
    parts = [
        replace(part, claims=sorted([*part.claims, claim], key=lambda claim: claim.span.start))
        if part.presenter.pk == chosen.presenter.pk
        else part
        for part in schedule.parts
    ]
    return replace(schedule, parts=parts)


def add_options(
    booking: Booking,
    kind: DateOptionKind,
    dates: Sequence[tuple[PreferredDate, KeptSlot | NotKeptReason]],
    place: Place | None,
    now: datetime,
) -> list[DateOption]:
    """Store the dates of a request, and a claim for each that is kept."""
    options = []
    for date, outcome in dates:
        option = DateOption(booking=booking, kind=kind, precision=date.precision, starts_at=date.starts_at, ends_at=date.ends_at)
        if isinstance(outcome, NotKeptReason):
            option.why_not = outcome
        else:
            option.presenter, option.kept_from = outcome.presenter, outcome.start
            option.expires_at = kept_until(outcome.start, now)
        options.append(option)
    DateOption.objects.bulk_create(options)
    BusyTime.objects.bulk_create(
        BusyTime(
            presenter=option.presenter,
            kind=BusyKind.OPTION,
            busy=DateTimeTZRange(option.kept_from, option.kept_from + booking.presentation.length),
            expires_at=option.expires_at,
            option=option,
            **place_columns(place),
        )
        for option in options
        if option.kept_from
    )
    return options


def lock_request(booking: Booking, *, now: datetime, also: Iterable[Presenter] = ()) -> tuple[Booking, list[DateOption]]:
    """The booking, locked as by lock_booking, and its dates as they stand.

    Also raises TransitionNotAllowed if it has moved to another place: who could come was looked up for the place that was read.
    """
    locked = lock_booking(booking, now=now, also=also)
    if locked.postcode != booking.postcode:
        raise TransitionNotAllowed
    return locked, list(locked.options.select_related("presenter", "busy_time").order_by("pk"))


def close_options(booking: Booking, *, taken: DateOption | None = None) -> None:
    """The request is answered or closed: pass over its dates, except the one that is taken."""
    if taken is not None:
        DateOption.objects.filter(pk=taken.pk).update(state=DateOptionState.TAKEN)
    standing = (DateOptionState.OPEN, DateOptionState.EXPIRED)
    DateOption.objects.filter(booking=booking, state__in=standing).update(state=DateOptionState.PASSED)


def free_claims(booking: Booking, *, but: BusyTime | None = None) -> None:
    """Free all that this booking claims, its own time and that of its dates, except `but`."""
    own = BusyTime.objects.filter(Q(booking=booking) | Q(option__booking=booking))
    (own.exclude(pk=but.pk) if but else own).delete()
