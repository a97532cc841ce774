"""A packing session: started with the orders of a choice, changed while it is open. Locks: session, editions, orders (ADR 44)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from django.db import IntegrityError, transaction
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy

from ctac.errors import DomainError
from leaflets.models import (
    MOST_PARCELS,
    EventKind,
    Order,
    OrderState,
    PackingSession,
    Parcel,
    Printed,
    PrintRecord,
    SessionState,
)
from leaflets.services.locking import lock_orders
from leaflets.services.packing.choosing import Choice, oldest, queue
from leaflets.services.states import Move, move, move_many
from professionals.models import User


class NothingToPack(DomainError):
    message: str | Promise = gettext_lazy("No order matches now. A colleague may just have begun to pack them. Choose again.")


class SessionHasEnded(DomainError):
    message: str | Promise = gettext_lazy("This session has already ended, so nothing was changed. Below is what became of it.")


class ParcelsAdded(DomainError):
    message: str | Promise = gettext_lazy(
        "An order was added to this session meanwhile. Check it in the list and press the button again."
    )


class SessionIsFull(DomainError):
    message: str | Promise = gettext_lazy("This session has as many orders as one can have. Start another for this order.")


class OfTheOtherKind(DomainError):
    """What is brought has no address, so the two are not packed together."""

    message: str | Promise = gettext_lazy("Leaflets to post and leaflets for presenters are packed in sessions of their own.")


class InASession(DomainError):
    message: str | Promise = gettext_lazy("This order is in a packing session already.")


@transaction.atomic
def start_session(*, choice: Choice, by: User | None, now: datetime) -> PackingSession:
    """Those orders are being packed from here on, in this session: as many statements for one as for two hundred.

    Of two who start at once neither waits: each takes what the other has not. What somebody is changing at this moment is left
    for a later session. Raises NothingToPack.
    """
    free = queue(choice).filter(pk__in=oldest(choice)).select_for_update(of=("self",), no_key=True, skip_locked=True)
    orders = list(free[: min(choice.most, MOST_PARCELS)])
    if not orders:
        raise NothingToPack
    session = PackingSession.objects.create(brought=choice.brought, chosen=choice.in_words()[:300], started_at=now, started_by=by)
    moves = [Move(order, OrderState.PACKING, EventKind.PACKING) for order in orders]
    move_many(moves, expect=OrderState.RECEIVED, by=by, now=now)
    Parcel.objects.bulk_create(Parcel(session=session, order=order, number=number) for number, order in enumerate(orders, 1))
    return session


def lock_open(session: PackingSession) -> PackingSession:
    """The session, its row locked until the transaction ends; whoever changes it comes here first. Raises SessionHasEnded."""
    locked = PackingSession.objects.select_for_update(no_key=True).get(pk=session.pk)
    if not locked.is_open:
        raise SessionHasEnded
    return locked


@transaction.atomic
def add_order(*, session: PackingSession, order: Order, by: User | None, now: datetime) -> Parcel:
    """A late order joins the session, with the next number. One that somebody packs on its own page may join too.

    Raises SessionHasEnded, SessionIsFull, OfTheOtherKind, InASession, OrderHasMoved.
    """
    session = lock_open(session)
    numbers = list(session.parcels.order_by("number").values_list("number", flat=True))
    if session.parcels.open().count() >= MOST_PARCELS:
        raise SessionIsFull
    [order] = lock_orders(Order.objects.filter(pk=order.pk))
    if bool(order.brought_with) != session.brought:
        raise OfTheOtherKind
    if order.packed_in.open().exists():
        raise InASession
    if order.state != OrderState.PACKING:
        move(order, OrderState.PACKING, expect={OrderState.RECEIVED}, by=by, now=now)
    try:
        with transaction.atomic():
            return Parcel.objects.create(session=session, order=order, number=max(numbers, default=0) + 1)
    except IntegrityError:
        raise InASession from None


@dataclass(frozen=True)
class Typed:
    """What the session's page says of one parcel: why it is left out, if it is; fewer copies, by the line's key; its number."""

    left_out: str = ""
    fewer: Mapping[int, int] = field(default_factory=dict)
    tracking_number: str = ""


@transaction.atomic
def keep_typed(*, session: PackingSession, typed: Mapping[int, Typed]) -> None:
    """Keep what was typed of these parcels (by their keys), so that a page that is left loses nothing. Raises SessionHasEnded."""
    store_typed(lock_open(session), typed)


def store_typed(session: PackingSession, typed: Mapping[int, Typed]) -> None:
    """Of what is still to be packed, as far as it says something new. The caller has locked the session."""
    if not typed:
        return
    changed = []
    for parcel in session.parcels.open().filter(pk__in=typed):
        said = typed[parcel.pk]
        before = (parcel.left_out, parcel.fewer, parcel.tracking_number)
        parcel.left_out, parcel.tracking_number = said.left_out, said.tracking_number
        parcel.fewer = {str(key): copies for key, copies in said.fewer.items()}
        if (parcel.left_out, parcel.fewer, parcel.tracking_number) != before:
            changed.append(parcel)
    Parcel.objects.bulk_update(changed, ["left_out", "fewer", "tracking_number"])


@transaction.atomic
def record_print(
    *, session: PackingSession, what: Printed, parcels: int, by: User | None, now: datetime, sheet: str = "", start: int = 1
) -> PrintRecord:
    """Somebody has printed this; again is another record."""
    return PrintRecord.objects.create(session=session, what=what, at=now, by=by, parcels=parcels, sheet=sheet, start=start)


def end_session(session: PackingSession, to: SessionState, *, by: User | None, now: datetime) -> None:
    """The caller has locked it."""
    session.state, session.ended_at, session.ended_by = to, now, by
    session.save(update_fields=["state", "ended_at", "ended_by"])
