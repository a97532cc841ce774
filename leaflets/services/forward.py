"""Passing an order forward among those that wait for copies, and taking that back (ADR 46)."""

from datetime import datetime

from django.db import transaction
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from ctac.errors import DomainError
from leaflets.models import EventKind, Order, OrderEvent
from leaflets.models.order import WAIT_IN_LINE
from leaflets.services.fulfilling import lines_locked
from leaflets.services.states import OrderHasMoved
from professionals.models import User
from professionals.services.safeguarding import tell_lead


class WaitsForNothing(DomainError):
    message: str | Promise = _("This order has every copy that it asked for, so there is nothing that it waits for.")


class IsForwardAlready(DomainError):
    message: str | Promise = _("This order was passed forward already, so nothing was changed.")


class IsNotForward(DomainError):
    message: str | Promise = _("This order is in its own place already, so nothing was changed.")


@transaction.atomic
def pass_forward(*, order: Order, by: User | None, now: datetime, reason: str, flagged: bool = False) -> None:
    """From now on what it waits for comes to it before others, after those that were passed forward earlier.

    Nobody loses a copy that was promised. `flagged`: the reason looks like a child's details and its writer kept it, so the
    safeguarding lead is told. Raises OrderHasMoved, IsForwardAlready, WaitsForNothing.
    """
    if _place_of(order) is not None:
        raise IsForwardAlready
    if not order.lines.filter(backordered__gt=0).exists():
        raise WaitsForNothing
    _put(order, now, EventKind.FORWARD, by=by, now=now, reason=reason, flagged=flagged)


@transaction.atomic
def put_back_in_line(*, order: Order, by: User | None, now: datetime, reason: str = "", flagged: bool = False) -> None:
    """The day on which it was placed counts again; what it was promised meanwhile stays promised. `flagged`: as above.

    Raises OrderHasMoved, IsNotForward.
    """
    if _place_of(order) is None:
        raise IsNotForward
    _put(order, None, EventKind.IN_LINE, by=by, now=now, reason=reason, flagged=flagged)


def _place_of(order: Order) -> datetime | None:
    """When it was passed forward, its editions and itself locked: nobody gives copies out meanwhile. Raises OrderHasMoved."""
    lines_locked(order)
    order.refresh_from_db(fields=["state", "passed_forward_at"])
    if order.state not in WAIT_IN_LINE:
        raise OrderHasMoved(order)
    return order.passed_forward_at


def _put(
    order: Order, place: datetime | None, kind: EventKind, *, by: User | None, now: datetime, reason: str, flagged: bool
) -> None:
    order.passed_forward_at = place
    order.save(update_fields=["passed_forward_at"])
    event = OrderEvent.objects.create(order=order, kind=kind, by=by, at=now, reason=reason)
    if flagged:
        tell_lead(about=f"order:{order.pk}:place:{event.pk}", reference=order.reference, now=now)
