"""What staff decide about a request, and what becomes of the times that they offered."""

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction
from django.db.backends.postgresql.psycopg_any import DateTimeTZRange
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from bookings.booking.services.transitions import Recipients, confirmation_recipients, notify, transition
from bookings.errors import DAY_VIOLATIONS, OutsideRules, SlotTaken, TransitionNotAllowed
from bookings.models import (
    Booking,
    BookingEventKind,
    BookingState,
    BusyKind,
    BusyTime,
    DateOption,
    DateOptionKind,
    DateOptionState,
    NotKeptReason,
    Precision,
    Presenter,
)
from bookings.models.booking import MAX_DATES_PER_REQUEST, record_event
from bookings.schedule.availability import Schedule
from bookings.schedule.holds import (
    KeptSlot,
    PreferredDate,
    add_options,
    close_options,
    free_claims,
    lock_request,
    place_columns,
    presenters_free_at,
    schedule_for_dates,
    with_kept_slot,
)
from bookings.schedule.locks import busy_time_checks
from bookings.schedule.queries import reread_schedule
from bookings.schedule.slots import Candidate, SlotQuery
from bookings.travel import find_place
from bookings.visits.services import refuse_unchecked, refuse_without_cover
from core.dates import format_datetime_range
from core.errors import DomainError
from office.site_settings.queries import site_settings
from professionals.safeguarding.services import notify_lead_if_flagged


def slot_query_of(booking: Booking) -> SlotQuery:
    return SlotQuery.for_booking(booking, find_place(booking.postcode) if booking.postcode else None)


def possible_presenters(schedule: Schedule, starts: Sequence[datetime]) -> list[Presenter]:
    wanted = presenters_free_at(schedule, starts)
    return [part.presenter for part in schedule.parts if part.presenter.pk in wanted]


@transaction.atomic
def agree_time(
    *,
    booking: Booking,
    start: datetime,
    by: User | None,
    now: datetime,
    presenter: Presenter | None = None,
    override_reason: str = "",
    flagged: bool = False,
) -> Booking:
    """Confirm a request for that time: one of its dates, or a time agreed on the phone. Everyone is told.

    It takes the time kept for exactly that start, or else a presenter who is free then (or the one that staff name). Raises
    SlotTaken, TransitionNotAllowed, and OutsideRules without a reason.
    """
    if start <= now:
        raise SlotTaken(_("That time has passed."))
    slot_query = slot_query_of(booking)
    seen = schedule_for_dates(slot_query, [start], now, presenter=presenter, own=booking)
    possible = possible_presenters(seen, [start])
    locked, options = lock_request(booking, now=now, also=possible)
    refuse_unless_requested(locked)
    refuse_without_cover(locked, start, by_staff=True)
    with busy_time_checks():
        kept = [option for option in options if option.kept_from == start and option.is_kept(now)]
        fitting = [option for option in kept if presenter in (None, option.presenter)]
        claim: BusyTime | None = getattr(fitting[0], "busy_time", None) if fitting else None
        if claim is None:
            free_claims(locked)
            schedule = reread_schedule(seen, Presenter.objects.in_bulk([row.pk for row in possible]), now)
            chosen = choose_presenter(schedule, start, override_reason)
            span = DateTimeTZRange(start, start + slot_query.length)
            claim = BusyTime(presenter=chosen.presenter, kind=BusyKind.BOOKING, busy=span, **place_columns(slot_query.place))
        # The date of the request that this time answers, if it is one.
        open_or_lapsed = [option for option in options if option.state != DateOptionState.PASSED]
        answered = [option for option in open_or_lapsed if option.starts_at <= start < option.ends_at]
        answered.sort(key=lambda option: option.kept_from != start)
        refuse_unchecked(locked, claim.presenter, start, by_staff=True)
        settle_request(locked, claim, next(iter(answered), None), by=by, now=now, reason=override_reason)
    notify(confirmation_recipients(locked), locked, now)
    notify_lead_if_flagged(locked, ":agreed", now, flagged=flagged)
    return locked


def refuse_unless_requested(booking: Booking) -> None:
    if booking.state != BookingState.REQUESTED:
        raise TransitionNotAllowed(
            _("This booking’s state is now “%(state)s”, so you can no longer do that.") % {"state": booking.get_state_display()}
        )


def choose_presenter(schedule: Schedule, start: datetime, override_reason: str) -> Candidate:
    candidates = schedule.candidates(start)
    if not candidates:
        raise SlotTaken(
            _("No presenter is free on %(when)s and able to get there in time. Choose another time.")
            % {"when": format_datetime_range(start, start + schedule.slot_query.length)}
        )
    refused = [violation for violation in candidates[0].violations if violation not in DAY_VIOLATIONS]
    if refused and not override_reason:
        raise OutsideRules(refused, candidates[0].leaves_at)
    return candidates[0]


def settle_request(
    booking: Booking, claim: BusyTime, option: DateOption | None, *, by: User | None, now: datetime, reason: str = ""
) -> None:
    """The request becomes a booking with that claim; its other claims are given back. Raises TransitionNotAllowed."""
    free_claims(booking, but=claim if claim.pk else None)
    claim.kind, claim.booking, claim.option, claim.expires_at = BusyKind.BOOKING, booking, None, None
    claim.save()
    close_options(booking, taken=option)
    times = {"presenter": claim.presenter, "starts_at": claim.busy.lower, "ends_at": claim.busy.upper}
    transition(booking, BookingState.CONFIRMED, BookingEventKind.CONFIRMED, by=by, now=now, reason=reason, **times)


@transaction.atomic
def offer_times(
    *,
    booking: Booking,
    starts: Sequence[datetime],
    by: User | None,
    now: datetime,
    presenter: Presenter | None = None,
    override_reason: str = "",
    flagged: bool = False,
) -> list[DateOption]:
    """Offer the professional these times and keep all of them for a while. Times asked for or offered before are given back.

    All or none: raises SlotTaken, which names the time, OutsideRules without a reason, TransitionNotAllowed.
    """
    if not 1 <= len(set(starts)) == len(starts) <= MAX_DATES_PER_REQUEST or min(starts) <= now:
        raise DomainError(_("Offer 1, 2 or 3 different times in the future."))
    slot_query = slot_query_of(booking)
    seen = schedule_for_dates(slot_query, starts, now, presenter=presenter, own=booking)
    possible = possible_presenters(seen, starts)
    locked, _options = lock_request(booking, now=now, also=possible)
    refuse_unless_requested(locked)
    with busy_time_checks():
        free_claims(locked)
        close_options(locked)
        schedule = reread_schedule(seen, Presenter.objects.in_bulk([row.pk for row in possible]), now)
        dates: list[tuple[PreferredDate, KeptSlot | NotKeptReason]] = []
        for start in sorted(starts):
            refuse_without_cover(locked, start, by_staff=True)  # it could not be confirmed
            chosen = KeptSlot(choose_presenter(schedule, start, override_reason).presenter, start)
            schedule = with_kept_slot(schedule, chosen)
            dates.append((PreferredDate(Precision.TIME, start, start + slot_query.length), chosen))
        options = add_options(locked, DateOptionKind.PROPOSED, dates, slot_query.place, now)
    if locked.has_time:  # a request for one of our own slots, which is free again
        before, locked.presenter = locked.presenter, None
        locked.starts_at = locked.ends_at = None
        locked.save(update_fields=["presenter", "starts_at", "ends_at"])
        notify({"presenter-freed": [before.email] if before else []}, locked, now)
    record_event(locked, BookingEventKind.OFFERED, by=by, now=now, reason=override_reason)
    notify({"booking-offered": [locked.person.email]}, locked, now, version=dates_email_version(options))
    notify_lead_if_flagged(locked, f":offered:{options[0].pk}", now, flagged=flagged)
    return options


class OfferGone(DomainError):
    message = _("We are no longer keeping that time. Choose another one below, or ask us for other times.")


@transaction.atomic
def take_offer(*, booking: Booking, option: DateOption, by: User | None, now: datetime) -> Booking:
    """The professional takes one of the times offered: it is confirmed, the others are given back, everyone is told.

    Taking the one that was taken already is no error. Raises OfferGone, TransitionNotAllowed.
    """
    locked, options = lock_request(booking, now=now)
    offer = next((row for row in options if row.pk == option.pk and row.kind == DateOptionKind.PROPOSED), None)
    if offer is None:
        raise OfferGone
    if locked.state == BookingState.CONFIRMED and offer.state == DateOptionState.TAKEN:
        return locked
    refuse_unless_requested(locked)
    claim: BusyTime | None = getattr(offer, "busy_time", None)
    if not offer.is_kept(now) or claim is None:
        raise OfferGone
    refuse_without_cover(locked, claim.busy.lower, by_staff=False)
    refuse_unchecked(locked, claim.presenter, claim.busy.lower, by_staff=False)
    with busy_time_checks():
        settle_request(locked, claim, offer, by=by, now=now)
    notify({**confirmation_recipients(locked), "staff-time-taken": [site_settings().team_email]}, locked, now)
    return locked


@transaction.atomic
def ask_for_other_times(*, booking: Booking, words: str, by: User | None, now: datetime, flagged: bool = False) -> Booking:
    """None of the times offered suits: free them, and let staff read why. Raises TransitionNotAllowed.

    `flagged`: the words look like a child's details and their writer kept them.
    """
    locked, options = lock_request(booking, now=now)
    refuse_unless_requested(locked)
    offered = [option for option in options if option.kind == DateOptionKind.PROPOSED]
    if not offered:
        raise TransitionNotAllowed
    if offered[-1].state == DateOptionState.PASSED:
        return locked  # the same page was sent twice
    free_claims(locked)
    close_options(locked)
    record_event(locked, BookingEventKind.OTHERS_ASKED, by=by, now=now, reason=words)
    if flagged:
        Booking.objects.filter(pk=locked.pk).update(flagged_child_details=True)
    notify_lead_if_flagged(locked, f":others:{dates_email_version(options)}", now, flagged=flagged)
    notify({"staff-others-asked": [site_settings().team_email]}, locked, now, version=dates_email_version(options))
    return locked


def dates_email_version(options: Sequence[DateOption]) -> int:
    """The version of emails about dates, since one booking may get such an email more than once."""
    return max((option.pk for option in options), default=0)


@transaction.atomic
def lapse_booking_dates(*, booking: Booking, now: datetime) -> list[DateOption]:
    """Stop keeping the booking's dates whose time is over, and return them. Does nothing if there are none.

    Once no date is kept any more, both sides are told.
    """
    locked, options = lock_request(booking, now=now)
    over = [
        option for option in options if option.state == DateOptionState.OPEN and option.expires_at and option.expires_at <= now
    ]
    if not over:
        return []
    keys = [option.pk for option in over]
    BusyTime.objects.filter(option__in=keys).delete()
    DateOption.objects.filter(pk__in=keys).update(state=DateOptionState.EXPIRED)
    record_event(locked, BookingEventKind.LAPSED, by=None, now=now)
    if not any(option.is_kept(now) for option in options):
        recipients: Recipients = {
            "booking-dates-lapsed": [locked.person.email],
            "staff-dates-lapsed": [site_settings().team_email],
        }
        notify(recipients, locked, now, version=dates_email_version(over))
    return over


def bookings_with_lapsed_dates(now: datetime) -> list[Booking]:
    """The bookings for lapse_booking_dates."""
    return list(Booking.objects.filter(pk__in=DateOption.objects.lapsed(now).values("booking")).order_by("pk"))
