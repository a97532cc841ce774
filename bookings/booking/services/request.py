"""Requests with one's own dates; booking for somebody who called; and telling the manager of requests that wait too long."""

from collections.abc import Mapping, Sequence
from datetime import datetime, time, timedelta
from typing import Any

from django.db import transaction
from django.db.models import DateTimeField, Exists, OuterRef, Subquery
from django.db.models.functions import Coalesce, Greatest
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from bookings.booking.services.create import is_by_staff, place_booking, resolve_booking_place
from bookings.booking.services.transitions import bring_leaflets, notify_booked
from bookings.models import (
    Booking,
    BookingEvent,
    BookingEventKind,
    BookingQuerySet,
    BookingState,
    BusyTime,
    DateOption,
    DateOptionKind,
    DateOptionState,
    NotKeptReason,
    Precision,
)
from bookings.models.booking import MAX_DATES_PER_REQUEST, record_event
from bookings.schedule.availability import Schedule
from bookings.schedule.holds import (
    KeptSlot,
    PreferredDate,
    add_options,
    first_possible_slot,
    presenters_free_at,
    schedule_for_dates,
    with_kept_slot,
)
from bookings.schedule.locks import busy_time_checks, lock_draft, lock_presenters
from bookings.schedule.queries import last_day_to_ask_for, reread_schedule
from bookings.schedule.slots import SlotQuery
from core.dates import TEAM_NATION, add_working_days, format_day, is_working_day, uk_datetime, uk_day
from core.errors import DomainError
from leaflets.models import CopiesToBring, Order
from notifications.models import Notification
from notifications.outbox import notify
from office.closures.queries import office_closed_days
from office.site_settings.queries import overdue_request_cutoff, site_settings
from professionals import drafts
from professionals.models import Person
from professionals.safeguarding.services import notify_lead_if_flagged
from professionals.services import find_or_enter_person

# The manager hears of requests that wait too long for our answer, and again while anything waits.
REQUEST_ESCALATION_TIME = time(9)  # in the UK; ctac/celery.py says in which hours (UTC) the task runs
REQUEST_ESCALATION_INTERVAL_WORKING_DAYS = 2


class DatesRefused(DomainError):
    """No date, too many, one twice, one that is over, or one further ahead than people can ask for."""

    def __init__(self, now: datetime) -> None:
        message = _("Enter 1, 2 or 3 different dates that are still to come, %(day)s at the latest.")
        super().__init__(message % {"day": format_day(last_day_to_ask_for(now))})


@transaction.atomic
def request_dates(
    *, booking: Booking, dates: Sequence[PreferredDate], by: User | None, now: datetime, leaflets: Sequence[CopiesToBring] = ()
) -> Booking:
    """Ask staff for one of these dates, for an unsaved booking without a time, which has the reason in it (place_booking).

    Each date is kept for a while if a presenter could give it. The `leaflets` are promised as if it were booked. Raises
    DatesRefused, NotOffered, AlreadyPlaced, PlaceUnknown.
    """
    slot_query = SlotQuery.for_booking(booking, resolve_booking_place(booking, by_staff=is_by_staff(booking, by)))
    # The form has checked all this; other callers have not.
    latest = uk_datetime(last_day_to_ask_for(now) + timedelta(days=1), time.min)
    ahead = all(now < date.ends_at and date.starts_at < date.ends_at <= latest for date in dates)
    exact = all(date.starts_at > now for date in dates if date.precision == Precision.TIME)
    if not 1 <= len(set(dates)) == len(dates) <= MAX_DATES_PER_REQUEST or not ahead or not exact:
        raise DatesRefused(now)
    booking.state, booking.created_at = BookingState.REQUESTED, now
    draft = lock_draft(booking.submission_token, booking.person)
    with busy_time_checks():
        own = list(BusyTime.objects.filter(hold__draft=draft)) if draft else []
        outcomes = choose_kept_dates(slot_query, dates, person=booking.person, now=now, giving_back=own)
        booking.save_with_reference()
        add_options(booking, DateOptionKind.PREFERRED, list(zip(dates, outcomes, strict=True)), slot_query.place, now)
    if draft is not None:
        drafts.finish(draft)
    if leaflets:
        bring_leaflets(booking, leaflets, by=by, now=now)
    record_event(booking, BookingEventKind.REQUESTED, by=by, now=now, to_state=booking.state)
    notify_booked(booking, now)
    notify_lead_if_flagged(booking, "", now, flagged=booking.flagged_child_details)
    return booking


def remaining_kept_dates(person: Person, now: datetime) -> int:
    """How many more dates may be kept for this person."""
    kept = DateOption.objects.preferred().kept(now).filter(booking__person=person).count()
    return max(site_settings().max_kept_dates - kept, 0)


def choose_kept_dates(
    slot_query: SlotQuery,
    dates: Sequence[PreferredDate],
    *,
    person: Person,
    now: datetime,
    giving_back: Sequence[BusyTime] | None = None,
) -> list[KeptSlot | NotKeptReason]:
    """For each date, with whom and from when it is kept, or why it is not.

    `giving_back` are the claims of the draft that becomes this request: then it locks the presenters who could give one, and
    looks again. Without it, it only looks, for the page that asks first.
    """
    wanted = [[start for start in date.starts(slot_query) if start > now] for date in dates]
    starts = [start for of_date in wanted for start in of_date]
    room = remaining_kept_dates(person, now)
    if not room or not starts:
        if giving_back is not None:
            lock_presenters([], now=now, giving_back=giving_back)
        return [
            not_kept_reason(date, of_date, room=0) or NotKeptReason.ENOUGH for date, of_date in zip(dates, wanted, strict=True)
        ]
    schedule = schedule_for_dates(slot_query, starts, now)
    if giving_back is not None:
        possible = presenters_free_at(schedule, starts)
        locked = lock_presenters(possible, now=now, giving_back=giving_back)
        schedule = reread_schedule(schedule, {key: locked[key] for key in possible if key in locked}, now)
    return choose_slots(schedule, dates, wanted, room)


def not_kept_reason(date: PreferredDate, starts: Sequence[datetime], room: int) -> NotKeptReason | None:
    """Why it can't be kept, whoever is free; None if it may be."""
    if date.precision == Precision.DAYS:
        return NotKeptReason.SEVERAL_DAYS
    if not starts:
        return NotKeptReason.NO_TIME_LEFT
    return None if room else NotKeptReason.ENOUGH


def choose_slots(
    schedule: Schedule, dates: Sequence[PreferredDate], wanted: Sequence[Sequence[datetime]], room: int
) -> list[KeptSlot | NotKeptReason]:
    """A slot or a reason for each date, in the order in which they were asked for; later dates are beside the earlier ones."""
    alone, outcomes = schedule, list[KeptSlot | NotKeptReason]()
    for date, starts in zip(dates, wanted, strict=True):
        outcome = not_kept_reason(date, starts, room) or first_possible_slot(schedule, starts)
        if outcome is None:
            if first_possible_slot(alone, starts):  # only the other dates of this request are in the way
                outcome = NotKeptReason.BESIDE
            else:
                outcome = NotKeptReason.OUTSIDE if any(alone.candidates(start) for start in starts) else NotKeptReason.NOBODY_FREE
        elif isinstance(outcome, KeptSlot):
            schedule, room = with_kept_slot(schedule, outcome), room - 1
        outcomes.append(outcome)
    return outcomes


@transaction.atomic
def book_for_caller(
    *,
    booking: Booking,
    caller: Mapping[str, Any],
    by: User,
    now: datetime,
    dates: Sequence[PreferredDate] | None = None,
    **more: Any,
) -> Booking:
    """Like place_booking, which takes `more`, or like request_dates if there are `dates`. A refusal leaves no new person behind.

    `caller`: what find_or_enter_person takes.
    """
    booking.person = find_or_enter_person(**caller, by=by, now=now)
    if dates is not None:
        return request_dates(booking=booking, dates=dates, by=by, now=now)
    return place_booking(booking=booking, by=by, now=now, **more)


# Requests that wait too long for our answer

ESCALATION_KIND = "manager-requests-waiting"
ONE_DAY = timedelta(days=1)
# The events after which it is our turn again: they asked for other times, or let our offer lapse. It isn't our turn again if we
# let their dates lapse.
OTHERS_ASKED_EVENTS = BookingEvent.objects.filter(booking=OuterRef("pk"), kind=BookingEventKind.OTHERS_ASKED)
LAPSED_OFFERS = DateOption.objects.filter(booking=OuterRef("pk"), kind=DateOptionKind.PROPOSED, state=DateOptionState.EXPIRED)


def waiting_too_long(bookings: BookingQuerySet, now: datetime) -> BookingQuerySet:
    """The requests among these that have waited too long for our answer."""
    before = overdue_request_cutoff(now)
    back = Exists(OTHERS_ASKED_EVENTS.filter(at__gte=before)), Exists(LAPSED_OFFERS.filter(expires_at__gte=before))
    return bookings.to_decide().filter(~back[0], ~back[1], created_at__lt=before)


WAITS_SINCE = Greatest(
    "created_at",
    Coalesce(Subquery(OTHERS_ASKED_EVENTS.order_by("-at").values("at")[:1]), "created_at"),
    Coalesce(
        Subquery(LAPSED_OFFERS.order_by("-expires_at").values("expires_at")[:1], output_field=DateTimeField()), "created_at"
    ),
)


def with_waiting_since(bookings: BookingQuerySet) -> Any:
    """The bookings with `waits_since`, the longest wait first."""
    return bookings.annotate(waits_since=WAITS_SINCE).order_by("waits_since", "pk")


def has_overdue_requests(now: datetime) -> bool:
    """Whether a request for a presentation or for leaflets has waited too long. At most two statements."""
    return waiting_too_long(Booking.objects.all(), now).exists() or Order.objects.decision_overdue(now).exists()


def escalate_overdue_requests(*, now: datetime) -> int:
    """Tell the manager of all that waits too long: when another request does, or two working days after the last time.

    Gives how many emails were written: at most one a day, even if it runs again or twice at once.
    """
    day = uk_day(now)
    begins = uk_datetime(day, REQUEST_ESCALATION_TIME)
    if not is_working_day(day, TEAM_NATION, office_closed_days()) or now < begins:
        return 0
    emails = Notification.objects.filter(kind=ESCALATION_KIND, resend_of=None).order_by("-created_at")
    last = emails.values_list("created_at", flat=True).first()
    if (last is not None and not is_due_again(last, now)) or not has_overdue_requests(now):
        return 0
    notify(
        kind=ESCALATION_KIND,
        about=f"requests-waiting:{day}",
        to=[site_settings().request_escalation_email],
        now=now,
        expires_at=uk_datetime(day + ONE_DAY, time.min),
    )
    return 1


def is_due_again(last: datetime, now: datetime) -> bool:
    """Not on the day on which the manager was told; later if more has waited too long since, or two working days are over."""
    if uk_day(last) == uk_day(now):
        return False
    closed = office_closed_days()
    if uk_day(now) >= add_working_days(uk_day(last), REQUEST_ESCALATION_INTERVAL_WORKING_DAYS, TEAM_NATION, closed):
        return True
    known = overdue_request_cutoff(last)
    fresh = with_waiting_since(waiting_too_long(Booking.objects.all(), now)).filter(waits_since__gte=known)
    return fresh.exists() or Order.objects.decision_overdue(now).filter(created_at__gte=known).exists()
