"""Every write of busy time goes through here: lock the presenters, end what has expired, write, and turn refusals into errors.

Presenters are locked in key order and before any booking, so no two writers can wait for each other.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from datetime import datetime

from django.db import IntegrityError, connection, transaction
from django.db.models import FilteredRelation, Q

from bookings.errors import AlreadyPlaced, SlotTaken, StaleBooking, TransitionNotAllowed
from bookings.models import Booking, BookingQuerySet, BookingState, BusyKind, BusyTime, DateOptionState, Hold, Presenter
from bookings.models.busy import EXPIRING_KINDS
from core.errors import DomainError
from professionals.models import Draft, Person
from professionals.services import lock_person

ERROR_BY_CONSTRAINT: dict[str, type[DomainError]] = {
    "busytime_no_overlap": SlotTaken,
    "busytime_travel": SlotTaken,
    "bookings_booking_submission_token_key": AlreadyPlaced,
    "bookings_opensession_plan_token_key": AlreadyPlaced,
}


def lock_presenters(keys: Iterable[int | None], *, now: datetime, giving_back: Iterable[BusyTime] = ()) -> dict[int, Presenter]:
    """Lock these presenters until the transaction ends, and free what their expired claims still keep.

    `giving_back`: claims that end too, because their draft or request takes another slot; their presenters are locked as well.
    """
    ended = list(giving_back)
    wanted = {key for key in keys if key is not None} | {row.presenter_id for row in ended}
    if not wanted:
        return {}
    rows = Presenter.objects.filter(pk__in=wanted).order_by("pk").select_for_update(no_key=True)
    locked = {presenter.pk: presenter for presenter in rows}
    # Read once they are locked: what became a booking or was kept longer meanwhile stays. Only holds, options and times held for
    # areas have an `expires_at`, so this reads nothing of the past.
    expiring = BusyTime.objects.filter(presenter__in=list(locked), expires_at__isnull=False)
    over = list(expiring.filter(Q(expires_at__lte=now) | Q(pk__in=[row.pk for row in ended])))
    end_expiring_claims(over)
    if any(row.hold_id for row in over):
        restore_held_times(locked, now)
    return locked


def end_expiring_claims(rows: Iterable[BusyTime]) -> None:
    """Free the time of these claims. Holds are deleted with it; options and times held for areas stay."""
    claims = list(rows)
    Hold.objects.filter(pk__in=[claim.hold_id for claim in claims if claim.hold_id]).delete()
    BusyTime.objects.filter(pk__in=[claim.pk for claim in claims if not claim.hold_id], kind__in=EXPIRING_KINDS).delete()


def restore_held_times(presenters: Iterable[int], now: datetime) -> None:
    """Hold times for their areas again that gave way to somebody who left the form, or to a booking that is off.

    A time that has something in its way stays set aside. The presenters are locked.
    """
    aside = BusyTime.objects.filter(presenter__in=presenters, kind=BusyKind.HELD, live=False, expires_at__gt=now)
    for key in aside.order_by("busy").values_list("pk", flat=True):
        with suppress(SlotTaken), transaction.atomic(), busy_time_checks():
            BusyTime.objects.filter(pk=key).update(live=True)


def lock_draft(token: str | None, person: Person) -> Draft | None:
    """Lock the person and then the draft with that token, so that requests and clicks take turns.

    Call it before locking presenters, as hold_slot does: signing in and erasing also lock the person first. The draft's hold is
    as it was before we waited. None if there is no such draft, or no longer. Raises AccountGoneError.
    """
    lock_person(person)
    drafts = Draft.objects.select_related("hold").select_for_update(of=("self",))
    return drafts.filter(token=token).first() if token else None


def lock_booking(booking: Booking, *, now: datetime, also: Iterable[Presenter] = ()) -> Booking:
    """The booking as it stands, locked with its presenter, the presenters who keep a date for it, and those in `also`.

    Raises TransitionNotAllowed if any of its presenters changed while we waited, and StaleBooking if a colleague took it over
    since it was read.
    """
    return lock_booking_and_presenters(booking, now=now, also=(presenter.pk for presenter in also))[0]


def lock_booking_and_presenters(booking: Booking, *, now: datetime, also: Iterable[int]) -> tuple[Booking, dict[int, Presenter]]:
    """Like lock_booking; also returns the locked presenters by their keys."""
    seen = presenter_keys_of(booking)
    presenters = lock_presenters({*seen, *also}, now=now)
    # After waiting for the lock, the row comes back only if it still has the person it was read with.
    locked = Booking.objects.with_related().filter(pk=booking.pk).select_for_update(of=("self",), no_key=True).first()
    if locked is None or locked.person_id != booking.person_id:
        raise StaleBooking
    if locked.presenter_id not in seen or (locked.state == BookingState.REQUESTED and presenter_keys_of(booking) != seen):
        raise TransitionNotAllowed
    return locked, presenters


def lock_bookings(rows: BookingQuerySet) -> BookingQuerySet:
    """These bookings with their names, locked in key order.

    Lock first, then read: a query that waits for a row checks it again, but against its old person and presenter, so a booking
    that a colleague took over meanwhile would be missing.
    """
    keys = list(rows.order_by("pk").select_for_update(no_key=True).values_list("pk", flat=True))
    return Booking.objects.filter(pk__in=keys).with_related().order_by("pk")


def presenter_keys_of(booking: Booking) -> set[int | None]:
    """The key of its presenter (None: it has none), and the keys of the presenters who keep a date for it."""
    kept = FilteredRelation("options", condition=Q(options__state=DateOptionState.OPEN))
    rows = list(Booking.objects.filter(pk=booking.pk).annotate(kept=kept).values_list("presenter", "kept__presenter"))
    return {rows[0][0], *(key for _own, key in rows if key is not None)} if rows else set()


@contextmanager
def busy_time_checks() -> Iterator[None]:
    """Write busy time inside. On leaving, the database checks both guards.

    Raises SlotTaken if they refuse (then the transaction must end), AlreadyPlaced for a token that was used.
    """
    try:
        yield
        connection.check_constraints()
    except IntegrityError as error:
        constraint = getattr(getattr(error.__cause__, "diag", None), "constraint_name", None)
        if constraint in ERROR_BY_CONSTRAINT:
            raise ERROR_BY_CONSTRAINT[constraint] from error
        raise
