"""What staff decide of a request: agree on a time, or offer up to three. (Declining: bookings.services.moving.)"""

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction
from django.db.backends.postgresql.psycopg_any import DateTimeTZRange
from django.utils.translation import gettext_lazy as _

from bookings import rules
from bookings.diary.book import Diary
from bookings.diary.candidate import Candidate
from bookings.diary.reading import read_again
from bookings.diary.wish import Wish
from bookings.models import (
    Booking,
    BusyKind,
    BusyTime,
    DateOption,
    EventKind,
    OptionKind,
    OptionState,
    Precision,
    Presenter,
    State,
    WhyNot,
)
from bookings.places import find_place
from bookings.services.errors import MoveRefused, OutsideRules, SlotTaken
from bookings.services.holding import place_columns
from bookings.services.keeping import (
    ABOUT_THE_DAY,
    Chosen,
    Preferred,
    add_options,
    close_options,
    diary_of,
    free_time,
    lock_request,
    presenters_for,
    with_kept,
)
from bookings.services.locking import guarded
from bookings.services.moving import move, record
from bookings.services.telling import tell_confirmed, tell_freed_of_request, tell_offered
from ctac.errors import DomainError
from ctac.uk import format_span
from professionals.models import User
from professionals.services.safeguarding import tell_lead


class OfferRefused(DomainError):
    message = _("Offer between one and three different times that lie ahead.")


def wish_of(booking: Booking) -> Wish:
    return Wish.of(booking, find_place(booking.postcode) if booking.postcode else None)


def possible_presenters(diary: Diary, starts: Sequence[datetime]) -> list[Presenter]:
    wanted = presenters_for(diary, starts)
    return [part.presenter for part in diary.parts if part.presenter.pk in wanted]


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
    """A request is confirmed for that time: one of its dates, or what was agreed on the phone. Everyone is told.

    Takes what is kept for exactly that, else whoever is free then (or the presenter that staff name). Raises SlotTaken,
    OutsideRules without a reason, MoveRefused.
    """
    if start <= now:
        raise SlotTaken(_("That time is over."))
    wish = wish_of(booking)
    seen = diary_of(wish, [start], now, presenter=presenter, own=booking)
    possible = possible_presenters(seen, [start])
    locked, options = lock_request(booking, now=now, also=possible)
    refuse_unless_requested(locked)
    with guarded():
        claim = kept_claim(options, start, presenter, now)
        if claim is None:
            free_time(locked)
            chosen = choose(again(seen, possible, now), start, override_reason)
            span = DateTimeTZRange(start, start + wish.length)
            claim = BusyTime(presenter=chosen.presenter, kind=BusyKind.BOOKING, busy=span, **place_columns(wish.place))
        settle(locked, claim, option_at(options, start), by=by, now=now, reason=override_reason)
    tell_confirmed(locked, now)
    if flagged:
        tell_lead(about=f"booking:{locked.pk}:agreed", reference=locked.reference, now=now)
    return locked


def refuse_unless_requested(booking: Booking) -> None:
    if booking.state != State.REQUESTED:
        raise MoveRefused(
            _("This booking is %(state)s, so that is no longer possible.") % {"state": booking.get_state_display().lower()}
        )


def again(seen: Diary, locked: Sequence[Presenter], now: datetime) -> Diary:
    """The same diary of those presenters, now that they are locked."""
    return read_again(seen, Presenter.objects.in_bulk([presenter.pk for presenter in locked]), now)


def kept_claim(options: Sequence[DateOption], start: datetime, presenter: Presenter | None, now: datetime) -> BusyTime | None:
    """The claim that a date of this request keeps from exactly then."""
    for option in options:
        if option.kept_from == start and option.is_kept(now) and presenter in (None, option.presenter):
            return getattr(option, "busy_time", None)
    return None


def option_at(options: Sequence[DateOption], start: datetime) -> DateOption | None:
    """The date of the request that this time answers, if it is one."""
    fitting = [option for option in options if option.state != OptionState.PASSED and option.starts_at <= start < option.ends_at]
    return next((option for option in fitting if option.kept_from == start), next(iter(fitting), None))


def choose(diary: Diary, start: datetime, override_reason: str) -> Candidate:
    found = diary.candidates(start)
    if not found:
        raise SlotTaken(
            _("No presenter is free on %(when)s, travel included. Choose another time.")
            % {"when": format_span(start, start + diary.wish.length)}
        )
    refused = [breach for breach in found[0].breaches if breach not in ABOUT_THE_DAY]
    if refused and not override_reason:
        raise OutsideRules(refused)
    return found[0]


def settle(
    booking: Booking, claim: BusyTime, option: DateOption | None, *, by: User | None, now: datetime, reason: str = ""
) -> None:
    """The request becomes a booking with that claim; what else it claimed is given back. Raises MoveRefused."""
    free_time(booking, but=claim if claim.pk else None)
    claim.kind, claim.booking, claim.option, claim.expires_at = BusyKind.BOOKING, booking, None, None
    claim.save()
    close_options(booking, taken=option)
    times = {"presenter": claim.presenter, "starts_at": claim.busy.lower, "ends_at": claim.busy.upper}
    move(booking, State.CONFIRMED, EventKind.CONFIRMED, by=by, now=now, reason=reason, **times)


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
    """Offer the professional these times and keep all of them for a while; what was asked for or offered before is given back.

    All or none: raises SlotTaken, which names the time, OutsideRules without a reason, OfferRefused, MoveRefused.
    """
    if not 1 <= len(set(starts)) == len(starts) <= rules.DATES_A_REQUEST or min(starts) <= now:
        raise OfferRefused
    wish = wish_of(booking)
    seen = diary_of(wish, starts, now, presenter=presenter, own=booking)
    possible = possible_presenters(seen, starts)
    locked, _options = lock_request(booking, now=now, also=possible)
    refuse_unless_requested(locked)
    with guarded():
        free_time(locked)
        close_options(locked)
        diary, dates = again(seen, possible, now), list[tuple[Preferred, Chosen | WhyNot]]()
        for start in sorted(starts):
            chosen = Chosen(choose(diary, start, override_reason).presenter, start)
            diary = with_kept(diary, chosen)
            dates.append((Preferred(Precision.TIME, start, start + wish.length), chosen))
        options = add_options(locked, OptionKind.PROPOSED, dates, wish.place, now)
    take_time_away(locked, now)
    record(locked, EventKind.OFFERED, by=by, now=now, reason=override_reason)
    tell_offered(locked, options, now)
    if flagged:
        tell_lead(about=f"booking:{locked.pk}:offered:{options[0].pk}", reference=locked.reference, now=now)
    return options


def take_time_away(booking: Booking, now: datetime) -> None:
    """A request for one of our own slots has other times offered instead: its own is free, and its presenter is told."""
    if not booking.has_time:
        return
    before, booking.presenter = booking.presenter, None
    booking.starts_at = booking.ends_at = None
    booking.save(update_fields=["presenter", "starts_at", "ends_at"])
    tell_freed_of_request(booking, before, now)
