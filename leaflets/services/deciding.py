"""Staff decide on a request for more than the limits: all of it, less, or none."""

from collections.abc import Mapping
from datetime import datetime

from django.db import transaction
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from ctac.errors import DomainError
from leaflets.models import Order, OrderLine, OrderState
from leaflets.services.backorders import promise
from leaflets.services.fulfilling import give_back, lines_locked, order_locked
from leaflets.services.states import OrderHasMoved, move
from notifications.services.writing import notify
from professionals.models import User
from professionals.services.safeguarding import tell_lead


class NothingGranted(DomainError):
    message: str | Promise = _("Give at least one copy of one title, or decline the request.")


class MoreThanAsked(DomainError):
    message: str | Promise = _("Give no more copies than were asked for.")


@transaction.atomic
def approve(
    *, order: Order, granted: Mapping[int, int], by: User | None, now: datetime, reason: str = "", flagged: bool = False
) -> None:
    """Give so many copies of each line (by its key; a line that is not named gets none). What is not in stock is backordered.

    What a recall ended can't be given: a request asks for what its lines still wait for.
    `reason` is for colleagues. `flagged`: it looks like a child's details and its writer kept it, so the lead is told.
    Raises OrderHasMoved, NothingGranted, MoreThanAsked.
    """
    locked = order_locked(order)
    if locked.state != OrderState.REQUESTED:
        raise OrderHasMoved(locked)
    given = {line: granted.get(line.pk, 0) for line in locked.lines.all()}
    if any(copies > line.backordered or copies < 0 for line, copies in given.items()):
        raise MoreThanAsked
    if not any(given.values()):
        raise NothingGranted
    now_there = {line: min(copies, line.edition.free) for line, copies in given.items()}
    to = OrderState.RECEIVED if any(now_there.values()) else OrderState.WAITING
    move(order, to, expect={OrderState.REQUESTED}, by=by, now=now, reason=reason)
    for line, copies in given.items():
        line.cancelled, line.backordered = line.copies - copies, copies
    OrderLine.objects.bulk_update(given, ["cancelled", "backordered"])
    promise({line: copies for line, copies in now_there.items() if copies}, by=by, now=now)
    _tell("order-approved", order, now, flagged)


@transaction.atomic
def decline(*, order: Order, by: User | None, now: datetime, reason: str, flagged: bool = False) -> None:
    """Nothing of it is sent. The person reads the `reason`. `flagged`: as in approve. Raises OrderHasMoved."""
    lines = lines_locked(order)
    move(order, OrderState.DECLINED, expect={OrderState.REQUESTED}, by=by, now=now, reason=reason)
    give_back(lines, by=by, now=now)
    _tell("order-declined", order, now, flagged)


def _tell(kind: str, order: Order, now: datetime, flagged: bool) -> None:
    notify(kind=kind, about=f"order:{order.pk}", reference=order.reference, to=[order.person.email], now=now)
    if flagged:
        tell_lead(about=f"order:{order.pk}:decided", reference=order.reference, now=now)
