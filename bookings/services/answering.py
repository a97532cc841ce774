"""What becomes of times that staff offered: the professional takes one, or asks for others; or nobody answers and they lapse."""

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from bookings.models import Booking, BusyTime, DateOption, EventKind, OptionKind, OptionState, State
from bookings.services.deciding import refuse_unless_requested, settle
from bookings.services.errors import MoveRefused
from bookings.services.keeping import close_options, free_time, lock_request
from bookings.services.locking import guarded
from bookings.services.moving import record
from bookings.services.telling import tell_lapsed, tell_others_asked, tell_time_taken
from ctac.errors import DomainError
from professionals.models import User
from professionals.services.safeguarding import tell_lead


class OfferGone(DomainError):
    message = _("We no longer keep that time. Choose another of those below, or ask us for others.")


@transaction.atomic
def take_offer(*, booking: Booking, option: DateOption, by: User | None, now: datetime) -> Booking:
    """The professional takes one of the times offered: it is confirmed, the others are free, everyone is told.

    To take the one that was taken already is no error. Raises OfferGone, MoveRefused.
    """
    locked, options = lock_request(booking, now=now)
    found = next((each for each in options if each.pk == option.pk and each.kind == OptionKind.PROPOSED), None)
    if found is None:
        raise OfferGone
    if locked.state == State.CONFIRMED and found.state == OptionState.TAKEN:
        return locked
    refuse_unless_requested(locked)
    claim: BusyTime | None = getattr(found, "busy_time", None)
    if not found.is_kept(now) or claim is None:
        raise OfferGone
    with guarded():
        settle(locked, claim, found, by=by, now=now)
    tell_time_taken(locked, now)
    return locked


@transaction.atomic
def ask_for_others(*, booking: Booking, words: str, by: User | None, now: datetime, flagged: bool = False) -> Booking:
    """None of the times offered suits: they are given back, and staff read why. Raises MoveRefused.

    `flagged`: the words look like a child's details and their writer kept them.
    """
    locked, options = lock_request(booking, now=now)
    refuse_unless_requested(locked)
    offered = [option for option in options if option.kind == OptionKind.PROPOSED]
    if not offered:
        raise MoveRefused
    if offered[-1].state == OptionState.PASSED:
        return locked  # the same page was sent twice
    free_time(locked)
    close_options(locked)
    record(locked, EventKind.OTHERS_ASKED, by=by, now=now, reason=words)
    if flagged:
        Booking.objects.filter(pk=locked.pk).update(flagged_child_details=True)
        tell_lead(about=f"booking:{locked.pk}:others:{newest(options)}", reference=locked.reference, now=now)
    tell_others_asked(locked, newest(options), now)
    return locked


def newest(options: Sequence[DateOption]) -> int:
    return max((option.pk for option in options), default=0)


@transaction.atomic
def lapse(*, booking: Booking, now: datetime) -> list[DateOption]:
    """Its dates whose time is over are no longer kept, and both sides are told once. Does nothing if there are none."""
    locked, options = lock_request(booking, now=now)
    over = [option for option in options if option.state == OptionState.OPEN and option.expires_at and option.expires_at <= now]
    if not over:
        return []
    keys = [option.pk for option in over]
    BusyTime.objects.filter(option__in=keys).delete()
    DateOption.objects.filter(pk__in=keys).update(state=OptionState.EXPIRED)
    record(locked, EventKind.LAPSED, by=None, now=now)
    if not any(option.is_kept(now) for option in options):
        tell_lapsed(locked, newest(over), now)
    return over


def lapsing(now: datetime) -> list[Booking]:
    """The bookings that lapse() has something to do for."""
    return list(Booking.objects.filter(pk__in=DateOption.objects.lapsed(now).values("booking")).order_by("pk"))
