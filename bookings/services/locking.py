"""Every writer of busy time goes through here: lock the presenters, end what has expired, write, hear the refusal.

Presenters are locked in key order and before any booking, so no two writers can wait for each other.
"""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from functools import cache

from django.db import IntegrityError, connection
from django.db.models import FilteredRelation, Q

from bookings.models import Booking, BookingQuerySet, BusyTime, OptionState, Presenter, State
from bookings.models.busy import EXPIRING
from bookings.services.errors import AlreadyPlaced, MoveRefused, SlotTaken, Stale
from ctac.compiled import Compiled, Reading, Statement
from ctac.errors import DomainError
from professionals.models import Person
from professionals.services import AccountGoneError

REFUSALS: dict[str, type[DomainError]] = {
    "busytime_no_overlap": SlotTaken,
    "busytime_travel": SlotTaken,
    "bookings_booking_submission_token_key": AlreadyPlaced,
}


def lock_presenters(keys: Iterable[int | None], *, now: datetime, giving_back: Iterable[BusyTime] = ()) -> dict[int, Presenter]:
    """Lock these presenters until the transaction ends, and give back what their expired holds and options still keep.

    `giving_back`: what ends with those, because its draft or request takes another slot; their presenters are locked too.
    """
    ended = list(giving_back)
    wanted = {key for key in keys if key is not None} | {row.presenter_id for row in ended}
    if not wanted:
        return {}
    statement, presenter = lock_and_clear()
    rows = statement.rows({"keys": list(wanted), "now": now, "ended": [row.pk for row in ended]})
    return {locked.pk: locked for locked in map(presenter.make, rows)}


locked_presenters = Compiled(lambda keys: Presenter.objects.filter(pk__any_of=keys).order_by("pk").select_for_update(no_key=True))
# Who waited for the lock sees the claims as they were before: one that became a booking, was kept longer or has gone meanwhile is
# looked at again by PostgreSQL and left alone. Only holds and options expire, so "IS NOT NULL" leaves all of the past unread.
LOCK_AND_CLEAR = """
    WITH locked AS ({lock}), ended AS (
        DELETE FROM bookings_busytime AS claim USING locked
        WHERE claim.presenter_id = locked.id AND claim.expires_at IS NOT NULL
            AND (claim.expires_at <= %s OR claim.id = ANY(%s))
        RETURNING claim.hold_id
    ), holds AS (
        DELETE FROM bookings_hold USING ended WHERE bookings_hold.id = ended.hold_id
    )
    SELECT * FROM locked
"""


@cache
def lock_and_clear() -> tuple[Statement, Reading[Presenter]]:
    lock, presenter = locked_presenters.compiled
    return Statement("lock_presenters", LOCK_AND_CLEAR.format(lock=lock.sql), [*lock.parameters, "now", "ended"]), presenter


def give_back(rows: Iterable[BusyTime]) -> None:
    """Give back the time of these holds and options; the holds go with it, what an option was stays."""
    found = list(rows)
    if found:
        BusyTime.objects.filter(pk__in=[row.pk for row in found], kind__in=EXPIRING).delete()
        forget_holds([row.hold_id for row in found if row.hold_id])


def forget_holds(keys: Sequence[int]) -> None:
    """Delete holds to which no claim points any more. One statement; Django would look for claims first, and take three."""
    if keys:
        with connection.cursor() as cursor:
            cursor.execute("DELETE FROM bookings_hold WHERE id = ANY(%s)", [list(keys)])


def end_draft(token: str, person: Person) -> int | None:
    """Lock the person, so that their requests take turns, and delete the draft with that token; its key, or None if it has gone.

    Whose hold it has gives that back in the same transaction. Raises AccountGoneError.
    """
    with connection.cursor() as cursor:
        cursor.execute(END_DRAFT, [person.pk, token])
        row = cursor.fetchone()
    if row is None:
        raise AccountGoneError
    return row[0]


# The person first, even if there is no such draft (see with_person_kept). The other clicks of the draft wait for its deletion.
END_DRAFT = """
    WITH kept AS (
        SELECT id FROM professionals_person WHERE id = %s AND erased_at IS NULL FOR NO KEY UPDATE
    ), ended AS (
        DELETE FROM professionals_draft USING kept WHERE token = %s RETURNING professionals_draft.id
    )
    SELECT (SELECT id FROM ended) FROM kept
"""


def lock_booking(booking: Booking, *, now: datetime, also: Iterable[Presenter] = ()) -> Booking:
    """The booking as it stands, locked together with its presenter, those who keep a date for it, and those others.

    Raises MoveRefused if any of its presenters changed while we waited, and Stale if a colleague took it over since it was read.
    """
    return lock_booking_and_presenters(booking, now=now, also=(presenter.pk for presenter in also))[0]


def lock_booking_and_presenters(booking: Booking, *, now: datetime, also: Iterable[int]) -> tuple[Booking, dict[int, Presenter]]:
    """The same with those presenters as they stand, by their keys."""
    seen = presenters_of(booking)
    presenters = lock_presenters({*seen, *also}, now=now)
    # Who waited for the row is given it only if it is still of the person that it was read with.
    locked = Booking.objects.with_names().filter(pk=booking.pk).select_for_update(of=("self",), no_key=True).first()
    if locked is None or locked.person_id != booking.person_id:
        raise Stale
    if locked.presenter_id not in seen or (locked.state == State.REQUESTED and presenters_of(booking) != seen):
        raise MoveRefused
    return locked, presenters


def lock_bookings(rows: BookingQuerySet) -> BookingQuerySet:
    """These bookings with their names, in key order. Locked first, then read: who waits for a row is asked for it anew, but for
    its person and presenter as they were, and a booking that a colleague took over meanwhile would be missing.
    """
    keys = list(rows.order_by("pk").select_for_update(no_key=True).values_list("pk", flat=True))
    return Booking.objects.filter(pk__in=keys).with_names().order_by("pk")


def presenters_of(booking: Booking) -> set[int | None]:
    """The key of its presenter (None: it has none), and of those with whom its dates are kept."""
    kept = FilteredRelation("options", condition=Q(options__state=OptionState.OPEN))
    rows = Booking.objects.filter(pk=booking.pk).annotate(kept=kept).values_list("presenter", "kept__presenter")
    found = list(rows)
    return {found[0][0], *(key for _own, key in found if key is not None)} if found else set()


@contextmanager
def guarded() -> Iterator[None]:
    """Write busy time inside; leaving asks both guards of the database.

    Raises SlotTaken for their refusal (which must end the transaction), AlreadyPlaced for a token that was used.
    """
    try:
        yield
        check_deferred_constraints()
    except IntegrityError as error:
        constraint = getattr(getattr(error.__cause__, "diag", None), "constraint_name", None)
        if constraint in REFUSALS:
            raise REFUSALS[constraint] from error
        raise


def check_deferred_constraints() -> None:
    """Now, while the refusal can be caught; what the caller writes afterwards is checked at the end again."""
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE; SET CONSTRAINTS ALL DEFERRED")
