"""Placing a booking, for the web and for a caller: one service."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db import transaction
from django.db.backends.postgresql.psycopg_any import DateTimeTZRange

from accounts.models import User
from bookings.booking.services.transitions import bring_leaflets, notify_booked
from bookings.errors import AlreadyPlaced, NotOffered, OutsideRules, SlotTaken
from bookings.models import Booking, BookingChannel, BookingEventKind, BookingState, BusyKind, BusyTime, Format, Hold, Presenter
from bookings.models.booking import NoTimeAgreed, record_event
from bookings.schedule.availability import Schedule
from bookings.schedule.holds import held_times_lookup, hold_matches, place_columns, suspend_held_times, take_held_times
from bookings.schedule.locks import busy_time_checks, lock_draft, lock_presenters
from bookings.schedule.queries import read_schedule, reread_schedule
from bookings.schedule.slots import Candidate, SlotQuery
from bookings.travel import Place, find_place
from bookings.visits.services import refuse_without_cover
from core.dates import uk_day
from leaflets.models import CopiesToBring
from professionals import drafts
from professionals.models import Draft
from professionals.safeguarding.services import notify_lead_if_flagged
from professionals.services import is_work_address

# An expired hold that nobody has cleared is still nobody else's: for this long, it is used without looking for a slot again.
EXPIRED_HOLD_GRACE = timedelta(minutes=30)


@transaction.atomic
def place_booking(
    *,
    booking: Booking,
    by: User | None,
    now: datetime,
    presenter: Presenter | None = None,
    override_reason: str = "",
    leaflets: Sequence[CopiesToBring] = (),
) -> Booking:
    """Place this unsaved booking, in its draft's slot or else with the best presenter who is free (or whom staff name).

    The answers are in it: person, channel, presentation, start, one-time token and digest. The presenter brings those of the
    `leaflets` that we have; we don't refuse a booking because some are missing.

    Raises SlotTaken (NoCover: nobody is on duty), AlreadyPlaced (the token was used), NotOffered, PlaceUnknown, and for staff
    OutsideRules, which a reason overrides. Nothing overrides SlotTaken.
    """
    if booking.starts_at is None:
        raise NoTimeAgreed
    by_staff = is_by_staff(booking, by)
    place = resolve_booking_place(booking, by_staff=by_staff)
    booking.ends_at = booking.starts_at + timedelta(minutes=booking.presentation.length_minutes)
    booking.created_at = now
    waits = not by_staff and needs_staff_decision(booking)
    booking.state = BookingState.REQUESTED if waits else BookingState.CONFIRMED
    if not waits:
        refuse_without_cover(booking, booking.starts_at, by_staff=by_staff)
    with busy_time_checks():
        draft = lock_draft(booking.submission_token, booking.person)
        claim = None if presenter else take_held_slot(booking, draft, now)
        if claim is None:
            claim = take_free_slot(booking, place, draft, presenter=presenter, reason=override_reason, by=by, now=now)
        booking.presenter = claim.presenter
        booking.save_with_reference()
        aside = suspend_held_times(claim.presenter, place, now)
        claim.kind, claim.booking, claim.hold, claim.expires_at = BusyKind.BOOKING, booking, None, None
        claim.save()
    if aside:
        take_held_times(aside, booking, now)
    if draft is not None:
        drafts.finish(draft)  # with the booking or not at all: a draft whose token is used could never be placed
    kind = BookingEventKind.REQUESTED if waits else BookingEventKind.BOOKED
    record_event(booking, kind, by=by, now=now, to_state=booking.state, reason=override_reason)
    notify_booked(booking, now)
    notify_lead_if_flagged(booking, "", now, flagged=booking.flagged_child_details)
    if leaflets:
        bring_leaflets(booking, leaflets, by=by, now=now)
    return booking


def needs_staff_decision(booking: Booking) -> bool:
    """Whether it becomes a request: a visit to a workplace that we don't recognise does, since a presenter goes there alone."""
    return booking.format != Format.ONLINE and not is_work_address(booking.person.email)


def is_by_staff(booking: Booking, by: User | None) -> bool:
    return booking.channel != BookingChannel.WEB and by is not None and by.is_staff


def resolve_booking_place(booking: Booking, *, by_staff: bool) -> Place | None:
    """The place of this unsaved booking, None if it is online; the booking gets its area. Raises NotOffered, PlaceUnknown."""
    if booking.format not in booking.presentation.formats or not (booking.presentation.active or by_staff):
        raise NotOffered
    if booking.format != Format.WORKPLACE:
        return None
    place = find_place(booking.postcode)
    booking.nation, booking.local_authority = place.nation, place.authority
    return place


def take_held_slot(booking: Booking, draft: Draft | None, now: datetime) -> BusyTime | None:
    """The claim that this draft's hold has on exactly this slot, with its presenter locked; None if there is none.

    It takes no new time, so nobody's expired hold can be in its way. If this hold has just expired and nobody has cleared it, the
    time is still this draft's. If the claim goes while we wait, we keep no lock: the search for another presenter locks in key
    order.
    """
    hold: Hold | None = getattr(draft, "hold", None)
    if hold is None or hold.expires_at <= now - EXPIRED_HOLD_GRACE or not hold_matches(hold, booking):
        return None
    with transaction.atomic():
        presenter = Presenter.objects.select_for_update(no_key=True).get(pk=hold.presenter_id)
        claims = BusyTime.objects.filter(hold=hold, presenter=presenter)
        if booking.format == Format.WORKPLACE:  # as in Presenter.may_visit
            day = uk_day(hold.start)
            claims = claims.filter(presenter__checked_until__gte=day, presenter__trained_until__gte=day)
        if (claim := claims.first()) is None:
            transaction.set_rollback(True)
            return None
        claim.presenter = presenter
    return claim


def take_free_slot(
    booking: Booking,
    place: Place | None,
    draft: Draft | None,
    *,
    presenter: Presenter | None,
    reason: str,
    by: User | None,
    now: datetime,
) -> BusyTime:
    """A new claim on the time of the best presenter who is free then. Looks, locks those who could give it, and looks again."""
    (start, end), by_staff = booking.agreed_times, is_by_staff(booking, by)
    slot_query, day, token = SlotQuery.for_booking(booking, place), uk_day(start), booking.submission_token
    own = list(BusyTime.objects.filter(hold__draft=draft)) if draft else []
    named, theirs = [presenter] if presenter else None, held_times_lookup(place)
    ignoring = {"hold__draft__token": token, **theirs}
    seen = read_schedule(slot_query, first_day=day, last_day=day, now=now, presenters=named, ignoring=ignoring)
    possible = {candidate.presenter.pk for candidate in candidates_for(seen, start, by_staff=by_staff)}
    locked = lock_presenters(possible, now=now, giving_back=own)
    again = reread_schedule(seen, {key: locked[key] for key in possible if key in locked}, now, ignoring=theirs)
    best = next(iter(candidates_for(again, start, by_staff=by_staff)), None)
    if best is None or (best.violations and not reason):
        # The booking in the way may be the one that this very form has placed already.
        if token and Booking.objects.filter(submission_token=token).exists():
            raise AlreadyPlaced
        raise OutsideRules(best.violations, best.leaves_at) if best else SlotTaken
    return BusyTime(presenter=best.presenter, busy=DateTimeTZRange(start, end), **place_columns(place))


def candidates_for(schedule: Schedule, start: datetime, *, by_staff: bool) -> list[Candidate]:
    """The presenters who are free then, the best first: for the public only within the rules, for staff all of them."""
    return schedule.candidates(start) if by_staff else schedule.offered_candidates(start)
