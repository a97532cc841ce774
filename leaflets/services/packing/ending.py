"""How a session ends: its parcels leave in one transaction, and what does not leave goes back for a later session (ADR 44)."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType

from django.db import models, transaction
from django.db.models import prefetch_related_objects
from django.utils.translation import gettext_lazy

from leaflets.models import (
    PUT_BACK,
    EditionState,
    EventKind,
    Order,
    OrderLine,
    OrderState,
    Outcome,
    PackingSession,
    Parcel,
    SessionState,
)
from leaflets.models.packing import ParcelQuerySet
from leaflets.services.backorders import fill_backorders
from leaflets.services.fulfilling import orders_locked, parcels_that_left, read_lines
from leaflets.services.ledger import settle
from leaflets.services.packing.sessions import ParcelsAdded, Typed, end_session, lock_open, store_typed
from leaflets.services.packing.shelf import give_up
from leaflets.services.states import Move, move_many
from professionals.models import User

NOTHING_TYPED: Mapping[int, Typed] = MappingProxyType({})


class Rest(models.TextChoices):
    """What becomes of promised copies that are not sent because fewer were typed."""

    NEXT_TIME = "next-time", gettext_lazy("On the shelf, for another parcel")
    WAITS = "waits", gettext_lazy("Nowhere: there are no more")


@dataclass
class Plan:
    """One parcel, its order under the lock, and what is to become of it."""

    parcel: Parcel
    order: Order
    outcome: Outcome

    @property
    def lines(self) -> list[OrderLine]:
        return list(self.order.lines.all())

    def copies_of(self, line: OrderLine) -> int:
        """Those that go now."""
        return copies_now(self.parcel, line)

    @property
    def goes_back(self) -> bool:
        return self.outcome in PUT_BACK and self.order.state == OrderState.PACKING


def copies_now(parcel: Parcel, line: OrderLine) -> int:
    """How many copies of this line are in the parcel: what is promised, or fewer if that was typed."""
    return min(int(parcel.fewer.get(str(line.pk), line.allocated)), line.allocated)


def outcome_of(parcel: Parcel, order: Order) -> Outcome:
    """What becomes of it if everything leaves now. Reads nothing but the order's lines."""
    if order.state == OrderState.CANCELLED:
        return Outcome.CANCELLED
    if order.state != OrderState.PACKING:
        return Outcome.ELSEWHERE
    if parcel.left_out:
        return Outcome.LEFT_OUT
    going = [line for line in order.lines.all() if copies_now(parcel, line)]
    if any(line.edition.state == EditionState.WITHDRAWN for line in going):
        return Outcome.WITHDRAWN
    return Outcome.SENT if going else Outcome.NOTHING


@transaction.atomic
def dispatch_session(
    *, session: PackingSession, rest: Rest, by: User | None, now: datetime, typed: Mapping[int, Typed] | None = None
) -> PackingSession:
    """Every parcel leaves that can and was not left out; each of the others says why not, and stops none.

    `rest`: where promised copies stay of which fewer were sent. `typed`: what is said of each parcel on the page whose button
    was pressed; None if all is kept already. As many statements for one parcel as for two hundred. Of two who press at once
    the second is told that it is done. Raises SessionHasEnded, and ParcelsAdded for a parcel that the page did not show.
    """
    session = lock_open(session)
    plans = plans_of(session.parcels.open(), session, typed or {})
    if typed is not None and any(plan.parcel.pk not in typed for plan in plans):
        raise ParcelsAdded
    end_parcels(session, plans, rest, by=by, now=now)
    end_session(session, SessionState.DISPATCHED, by=by, now=now)
    return session


@transaction.atomic
def close_session(*, session: PackingSession, by: User | None, now: datetime) -> PackingSession:
    """Nothing leaves: every order goes back for a later session. Raises SessionHasEnded."""
    session = lock_open(session)
    end_parcels(session, all_back(plans_of(session.parcels.open(), session), Outcome.CLOSED), Rest.NEXT_TIME, by=by, now=now)
    end_session(session, SessionState.CLOSED, by=by, now=now)
    return session


@transaction.atomic
def take_out(*, session: PackingSession, order: Order, by: User | None, now: datetime) -> None:
    """This order goes back for a later session. Taken out already: it is. Raises SessionHasEnded."""
    session = lock_open(session)
    parcels = session.parcels.open().filter(order=order)
    end_parcels(session, all_back(plans_of(parcels, session), Outcome.TAKEN_OUT), Rest.NEXT_TIME, by=by, now=now)


def plans_of(parcels: ParcelQuerySet, session: PackingSession, typed: Mapping[int, Typed] = NOTHING_TYPED) -> list[Plan]:
    """What is to become of each of these open parcels of the session, with everything locked that it touches.

    The parcels are read, and what was `typed` of them is kept, under those locks: a recall takes its parcels out of every session
    and holds the same locks then (ADR 48). The caller has locked the session.
    """
    keys = list(parcels.values_list("order", flat=True))
    orders = {order.pk: order for order in orders_locked(keys, every_print=True)} if keys else {}
    prefetch_related_objects(list(orders.values()), "person")
    store_typed(session, typed)
    return [Plan(parcel, orders[parcel.order_id], outcome_of(parcel, orders[parcel.order_id])) for parcel in parcels.all()]


def all_back(plans: list[Plan], outcome: Outcome) -> list[Plan]:
    """Those that are still being packed go back, whatever was planned."""
    return [Plan(each.parcel, each.order, outcome if each.order.state == OrderState.PACKING else each.outcome) for each in plans]


def end_parcels(session: PackingSession, plans: Sequence[Plan], rest: Rest, *, by: User | None, now: datetime) -> None:
    leaving = [plan for plan in plans if plan.outcome == Outcome.SENT]
    sent = {plan.order.pk: sum(plan.copies_of(line) for line in plan.lines) for plan in leaving}
    packed = {
        line: plan.copies_of(line) for plan in plans if plan.outcome in {Outcome.SENT, Outcome.NOTHING} for line in plan.lines
    }
    settle({line: copies for line, copies in packed.items() if copies}, "dispatched", by=by, now=now)
    short = [line for line in packed if line.allocated]
    if short and rest == Rest.WAITS:
        give_up(short, session=session, by=by, now=now)
        for line in short:
            line.order.refresh_from_db(fields=["lines"])  # forgets them
        read_lines([plan.order for plan in plans])
    back = [plan for plan in plans if plan.goes_back]
    moves = [where_it_goes(plan) for plan in (*leaving, *back)]
    move_many(moves, expect=OrderState.PACKING, by=by, now=now)
    if waiting := waited_for(leaving, back):
        fill_backorders(waiting, by=None, now=now)
    left = parcels_that_left({plan.order: plan.parcel.tracking_number for plan in leaving}, by=by, now=now) if leaving else []
    dispatches = {each.order_id: each for each in left}
    for plan in plans:
        plan.parcel.outcome = plan.outcome
        plan.parcel.copies, plan.parcel.dispatch = sent.get(plan.order.pk, 0), dispatches.get(plan.order.pk)
    Parcel.objects.bulk_update([plan.parcel for plan in plans], ["outcome", "copies", "dispatch"])


def where_it_goes(plan: Plan) -> Move:
    """The state that its order has when the parcel has left, or has been put back."""
    promised = any(line.allocated for line in plan.lines)
    waits = any(line.backordered for line in plan.lines)
    kind, reason = EventKind.PART_SENT, ""
    to = OrderState.RECEIVED if promised else OrderState.WAITING
    if plan.goes_back:
        plan.parcel.outcome = plan.outcome
        kind, reason = EventKind.PUT_BACK, str(plan.parcel.why)
        to = OrderState.WAITING if waits and not promised else OrderState.RECEIVED
    elif not (promised or waits):
        to, kind = OrderState.DISPATCHED, EventKind.DISPATCHED
    return Move(plan.order, to, kind, reason)


def waited_for(*groups: Collection[Plan]) -> set[int]:
    """Editions of which these orders wait for copies: nobody gave them any while they were packed."""
    return {line.edition_id for plans in groups for plan in plans for line in plan.lines if line.backordered}
