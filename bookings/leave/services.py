"""Leave: asked for, granted, refused, entered, ended. Staff can always enter it, and it frees the bookings that it hits."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import NotRequired, TypedDict, Unpack

from django.db import transaction
from django.db.backends.postgresql.psycopg_any import DateTimeTZRange
from django.db.models import Q
from django.utils.translation import gettext as _

from accounts.models import User
from bookings.booking.services.transitions import notify_freed
from bookings.errors import LeaveDecided, LeaveOverlapsDelivered
from bookings.models import (
    Booking,
    BookingEventKind,
    BookingOrSession,
    BusyKind,
    BusyTime,
    DateOption,
    HeldEndReason,
    HeldTime,
    Leave,
    LeaveKind,
    LeaveState,
    NotKeptReason,
    OpenSession,
    Presenter,
)
from bookings.models.booking import OPEN_BOOKING_STATES, record_event
from bookings.models.busy import EXPIRING_KINDS
from bookings.open_sessions.services.sessions import free_sessions
from bookings.schedule.locks import busy_time_checks, end_expiring_claims, lock_bookings, lock_presenters
from bookings.schedule.queries import claims_within, read_journeys, to_claim
from bookings.schedule.slots import Span, journey_fits
from bookings.travel import Journeys
from bookings.visits.services import flag_presenter_needed
from notifications.outbox import notify
from office.site_settings.queries import site_settings
from professionals.safeguarding.services import notify_lead_if_flagged


@dataclass(frozen=True)
class RecordedLeave:
    """The leave, and the bookings and open sessions that now need a presenter."""

    leave: Leave
    freed: list[Booking]
    sessions: list[OpenSession] = field(default_factory=list)


class LeaveDetails(TypedDict):
    presenter: Presenter
    starts_at: datetime
    ends_at: datetime
    kind: str
    reason: NotRequired[str]


@transaction.atomic
def record_leave(
    *, by: User | None, now: datetime, flagged: bool = False, asked_by_presenter: bool = False, **away: Unpack[LeaveDetails]
) -> RecordedLeave:
    """Enter leave that holds at once. Raises LeaveOverlapsDelivered if a presentation was given in that time.

    `flagged`: the reason looks like a child's details and its writer kept it.
    """
    presenter = away["presenter"]
    lock_presenters([presenter.pk], now=now)
    freed, sessions = free_time_for_leave(presenter, away["starts_at"], away["ends_at"], by=by, now=now)
    leave = Leave.objects.create(
        **away,
        flagged_child_details=flagged,
        state=LeaveState.GRANTED,
        asked_by_presenter=asked_by_presenter,
        decided_at=now,
        created_at=now,
    )
    with busy_time_checks():
        update_leave_claims(presenter)
    notify_lead_of_leave(leave, now, flagged=flagged)
    if asked_by_presenter:
        notify_of_leave("leave-entered", leave, now)
    return RecordedLeave(leave, freed, sessions)


@transaction.atomic
def ask_for_leave(*, by: User | None, now: datetime, flagged: bool = False, **away: Unpack[LeaveDetails]) -> RecordedLeave:
    """A presenter's own leave. Illness holds at once, since nobody can refuse it; other leave claims nothing until staff decide.

    Raises LeaveOverlapsDelivered.
    """
    if away["kind"] == LeaveKind.ILLNESS:
        return record_leave(by=by, now=now, flagged=flagged, asked_by_presenter=True, **away)
    # Refuse it now if something was delivered in that time, not when it is granted.
    get_affected_claims(away["presenter"], away["starts_at"], away["ends_at"], now)
    leave = Leave.objects.create(
        **away, flagged_child_details=flagged, state=LeaveState.ASKED, asked_by_presenter=True, created_at=now
    )
    notify_of_leave("leave-asked", leave, now)
    notify_lead_of_leave(leave, now, flagged=flagged)
    return RecordedLeave(leave, [])


@transaction.atomic
def grant_leave(leave: Leave, *, by: User | None, now: datetime) -> RecordedLeave:
    """Grant the leave: it claims its time from now on, like leave that staff enter.

    Raises LeaveDecided, LeaveOverlapsDelivered.
    """
    lock_presenters([leave.presenter_id], now=now)
    locked = decide_leave(leave, LeaveState.GRANTED, now=now)
    freed, sessions = free_time_for_leave(locked.presenter, locked.starts_at, locked.ends_at, by=by, now=now)
    with busy_time_checks():
        update_leave_claims(locked.presenter)
    notify_of_leave("leave-granted", locked, now)
    return RecordedLeave(locked, freed, sessions)


@transaction.atomic
def refuse_leave(leave: Leave, *, answer: str, by: User | None, now: datetime, flagged: bool = False) -> Leave:
    """Refuse the leave; the presenter reads the answer. Raises LeaveDecided. A `flagged` answer goes into no email."""
    columns: dict[str, object] = {"answer": answer, **({"flagged_child_details": True} if flagged else {})}
    locked = decide_leave(leave, LeaveState.REFUSED, now=now, **columns)
    notify_of_leave("leave-refused", locked, now)
    notify_lead_of_leave(locked, now, flagged=flagged, part=":refused")
    return locked


def decide_leave(leave: Leave, state: LeaveState, *, now: datetime, **columns: object) -> Leave:
    """Answer a request for leave, once. Raises LeaveDecided."""
    asked = Leave.objects.filter(pk=leave.pk, state=LeaveState.ASKED)
    if not asked.update(state=state, decided_at=now, **columns):
        raise LeaveDecided
    return Leave.objects.select_related("presenter").get(pk=leave.pk)


@transaction.atomic
def end_leave(*, leave: Leave, by: User | None, now: datetime) -> None:
    """Take leave back. Bookings that it freed stay with the presenters who have them now."""
    lock_presenters([leave.presenter_id], now=now)
    presenter = leave.presenter
    BusyTime.objects.filter(leave=leave).delete()
    leave.delete()
    with busy_time_checks():
        update_leave_claims(presenter)


@transaction.atomic
def return_from_leave(*, leave: Leave, by: User | None, now: datetime) -> Leave | None:
    """The presenter is back, or is not going: leave that has begun ends now; other leave, or a mere request, is deleted (None).

    Raises LeaveDecided for leave that is over.
    """
    lock_presenters([leave.presenter_id], now=now)
    locked = Leave.objects.select_related("presenter").filter(pk=leave.pk, ends_at__gt=now).first()
    if locked is None:
        raise LeaveDecided
    if locked.state != LeaveState.GRANTED or locked.starts_at >= now:
        end_leave(leave=locked, by=by, now=now)
        return None
    locked.ends_at = now
    locked.save(update_fields=["ends_at"])
    with busy_time_checks():
        update_leave_claims(locked.presenter)
    return locked


def free_time_for_leave(
    presenter: Presenter, starts_at: datetime, ends_at: datetime, *, by: User | None, now: datetime
) -> tuple[list[Booking], list[OpenSession]]:
    """Free what can't stand beside leave: bookings and sessions, which then need a presenter, and time kept for somebody.

    Their stories are read by colleagues who may not see leave, so they say nothing about it.
    """
    hit = get_affected_claims(presenter, starts_at, ends_at, now)
    # These need a presenter. If this one is expected at a visit now, the alarm still waits for them.
    keys = [row.booking_id for row in hit if row.booking_id]
    freed = list(lock_bookings(Booking.objects.filter(pk__in=keys)))
    BusyTime.objects.filter(booking__in=freed).delete()
    for booking in freed:
        flag_presenter_needed(presenter, booking, now)
        booking.presenter = None
        booking.save(update_fields=["presenter"])
        changes: dict[str, object] = {"presenter": [presenter.pk, None]}
        record_event(booking, BookingEventKind.PRESENTER_FREED, by=by, now=now, changes=changes)
        notify_freed(booking, presenter, now)
    sessions = free_sessions(hit, presenter, by=by, now=now)
    end_expiring_claims(row for row in hit if row.kind in EXPIRING_KINDS)
    # Dates kept for a request lapse now; lapse() tells both sides.
    dates = DateOption.objects.filter(pk__in=[row.option_id for row in hit if row.option_id])
    dates.update(expires_at=now, why_not=NotKeptReason.AWAY)
    # Times held for an area end, whether they are live or not.
    under = Q(presenter=presenter, starts_at__lt=ends_at, ends_at__gt=starts_at)
    held = HeldTime.objects.open().filter(under | Q(pk__in=[row.held_id for row in hit if row.held_id]))
    BusyTime.objects.filter(held__in=held).delete()
    held.update(ended=HeldEndReason.AWAY, ended_at=now)
    return freed, sessions


def notify_lead_of_leave(leave: Leave, now: datetime, *, flagged: bool, part: str = "") -> None:
    """`part` keeps the answer of a refusal apart from the presenter's own note: the lead decides about each separately."""
    notify_lead_if_flagged(leave, part, now, flagged=flagged, reference=_("leave %(number)d") % {"number": leave.pk})


def get_affected_by_leave(
    *, presenter: Presenter, starts_at: datetime, ends_at: datetime, now: datetime
) -> list[BookingOrSession]:
    """The bookings and sessions that record_leave would free, in order of time."""
    hit = get_affected_claims(presenter, starts_at, ends_at, now)
    bookings = Booking.objects.with_related().filter(pk__in=[row.booking_id for row in hit if row.booking_id])
    sessions = OpenSession.objects.with_related().filter(pk__in=[row.session_id for row in hit if row.session_id])
    hits: list[BookingOrSession] = [*bookings, *sessions]
    return sorted(hits, key=lambda given: (given.starts_at or starts_at, given.reference))


def get_affected_claims(presenter: Presenter, starts_at: datetime, ends_at: datetime, now: datetime) -> list[BusyTime]:
    """Claims that can't stand beside leave: those it overlaps, and visits that it leaves no time to travel to. Other leave can.

    Raises LeaveOverlapsDelivered.
    """
    away = Span(starts_at.astimezone(UTC), ends_at.astimezone(UTC))
    rows = list(claims_within([presenter], away, now).select_related("booking", "hold", "session"))
    journeys = read_journeys(row.place for row in rows)
    others = [row for row in rows if row.kind != BusyKind.LEAVE]
    hit = [row for row in others if to_claim(row).span.overlaps(away)]
    while (late := unreachable_visit_after(rows, away, hit, journeys)) is not None:
        hit.append(late)
    delivered = [row.session and not row.session.is_scheduled for row in hit]
    if any(delivered) or any(row.booking and row.booking.state not in OPEN_BOOKING_STATES for row in hit):
        raise LeaveOverlapsDelivered
    return hit


def unreachable_visit_after(rows: Sequence[BusyTime], away: Span, hit: Sequence[BusyTime], journeys: Journeys) -> BusyTime | None:
    """The visit after the leave, if the leave takes the time for the journey from the visit before."""
    visits = [(row, to_claim(row)) for row in rows if row.place and row not in hit]
    before = [claim for _row, claim in visits if claim.span.end <= away.start]
    after = [(row, claim) for row, claim in visits if claim.span.start >= away.end]
    if not before or not after:
        return None
    earlier, (row, later) = before[-1], after[0]
    between = Span(earlier.span.end, later.span.start)
    others = [to_claim(row).span for row in rows if not row.place and row not in hit]
    # How much of that time these cover together; leave may overlap other leave.
    covered, reached = timedelta(0), between.start
    for span in sorted([away, *others], key=lambda span: span.start):
        start, end = max(span.start, reached), min(span.end, between.end)
        if end > start:
            covered, reached = covered + (end - start), end
    return None if journey_fits(earlier, later, covered, journeys) else row


def update_leave_claims(presenter: Presenter) -> None:
    """Leave may overlap other leave, but busy time may not: each leave claims what earlier ones left over."""
    rows = {row.leave_id: row for row in BusyTime.objects.filter(presenter=presenter, kind=BusyKind.LEAVE)}
    reached, changed = None, []
    for leave in Leave.objects.granted().filter(presenter=presenter).order_by("starts_at", "pk"):
        start = max(leave.starts_at, reached) if reached else leave.starts_at
        live = start < leave.ends_at
        busy = DateTimeTZRange(start if live else leave.starts_at, leave.ends_at)
        row = rows.get(leave.pk) or BusyTime(presenter=presenter, kind=BusyKind.LEAVE, leave=leave)
        if (row.busy, row.live) != (busy, live) or row.pk is None:
            row.busy, row.live = busy, live
            changed.append(row)
        reached = max(reached, leave.ends_at) if reached else leave.ends_at
    # Give back first, then take, so that no two overlap in between.
    BusyTime.objects.filter(pk__in=[row.pk for row in changed]).update(live=False)
    for row in changed:
        row.save()


def notify_of_leave(kind: str, leave: Leave, now: datetime) -> None:
    """Tell staff what a presenter asks for or enters, and the presenter the answer."""
    to = leave.presenter.email if kind in ("leave-granted", "leave-refused") else site_settings().team_email
    notify(kind=kind, about=f"leave:{leave.pk}", to=[to], now=now)
