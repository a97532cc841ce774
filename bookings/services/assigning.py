"""Who gives a booking, and how long its journeys take."""

from dataclasses import replace
from datetime import datetime

from django.db import transaction
from django.db.backends.postgresql.psycopg_any import DateTimeTZRange
from django.utils.translation import gettext as _

from bookings.diary.reading import open_diary
from bookings.diary.wish import Wish
from bookings.models import Booking, BusyKind, BusyTime, EventKind, Format, Presenter
from bookings.places import find_place
from bookings.services.errors import MoveRefused, NeedsPresenter, OutsideRules, SamePresenter, SlotTaken
from bookings.services.holding import place_columns
from bookings.services.keeping import ABOUT_THE_DAY
from bookings.services.locking import guarded, lock_booking
from bookings.services.looking_after import refuse_while_overdue
from bookings.services.moving import record
from bookings.services.telling import tell_reassigned
from bookings.travel import Place
from ctac.uk import uk_day
from professionals.models import User
from professionals.services.safeguarding import tell_lead


@transaction.atomic
def reassign(
    *, booking: Booking, presenter: Presenter, by: User | None, now: datetime, override_reason: str = "", flagged: bool = False
) -> Booking:
    """Give the booking to this presenter, tell everyone, and bump the calendar sequence.

    Raises SlotTaken if not free then (nothing overrides that), OutsideRules without a reason, SamePresenter, MoveRefused,
    NobodyHasHeard (of the one before).
    """
    locked = lock_booking(booking, now=now, also=[presenter])
    if not locked.is_open:
        raise MoveRefused
    before = locked.presenter
    if before == presenter:
        raise SamePresenter
    refuse_while_overdue(locked, now)
    place = place_of(locked)
    refuse_if_impossible(locked, presenter, place, now, override_reason)
    locked.sequence, locked.presenter = locked.next_sequence, presenter
    with guarded():
        locked.save(update_fields=["presenter", "sequence"])
        # What staff set for the journeys of one presenter says nothing about another's.
        BusyTime.objects.update_or_create(
            booking=locked,
            defaults={
                "presenter": presenter,
                "kind": BusyKind.BOOKING,
                "busy": DateTimeTZRange(*locked.agreed),
                "travel_minutes": None,
                "travel_reason": "",
                **place_columns(place),
            },
        )
    who: dict[str, object] = {"presenter": [before.pk if before else None, presenter.pk]}
    record(locked, EventKind.REASSIGNED, by=by, now=now, reason=override_reason, changes=who)
    tell_reassigned(locked, before, now)
    if flagged:
        tell_lead(about=f"booking:{locked.pk}:reassigned:{locked.sequence}", reference=locked.reference, now=now)
    return locked


def place_of(booking: Booking) -> Place | None:
    """Where it takes place, from its claim if it has one."""
    claim = BusyTime.objects.filter(booking=booking).first()
    if claim is not None:
        return replace(claim.place, nation=booking.nation) if claim.place else None
    return find_place(booking.postcode) if booking.format == Format.WORKPLACE else None


def refuse_if_impossible(
    booking: Booking, presenter: Presenter, place: Place | None, now: datetime, override_reason: str
) -> None:
    start, _end = booking.agreed
    day = uk_day(start)
    wish = Wish.of(booking, place)
    diary = open_diary(wish, first_day=day, last_day=day, now=now, presenters=[presenter], ignoring={"booking": booking})
    verdict = next(iter(diary.verdicts(start)), None)
    if verdict is None or verdict.candidate is None:
        facts = {"name": presenter, "why": " ".join(verdict.obstacles) if verdict else ""}
        raise SlotTaken(_("%(name)s is busy then, or could not get there in time. %(why)s Choose somebody else.") % facts)
    # Whoever gives it, the day stays as it was agreed.
    breaches = [breach for breach in verdict.candidate.breaches if breach not in ABOUT_THE_DAY]
    if breaches and not override_reason:
        raise OutsideRules(breaches)


@transaction.atomic
def set_travel(
    *, booking: Booking, minutes: int | None, reason: str, by: User | None, now: datetime, flagged: bool = False
) -> Booking:
    """Say how long the journeys to and from this visit take; None goes back to the rule.

    Raises SlotTaken if the visits round it would then be too close, NeedsPresenter.
    """
    locked = lock_booking(booking, now=now)
    claim = BusyTime.objects.filter(booking=locked, latitude__isnull=False).first()
    if claim is None:
        raise NeedsPresenter
    before, claim.travel_minutes, claim.travel_reason = claim.travel_minutes, minutes, reason
    with guarded():
        claim.save(update_fields=["travel_minutes", "travel_reason"])
    record(locked, EventKind.TRAVEL_SET, by=by, now=now, reason=reason, changes={"travel": [before, minutes]})
    if flagged:
        tell_lead(about=f"booking:{locked.pk}:travel:{now:%Y%m%d%H%M%S}", reference=locked.reference, now=now)
    return locked
