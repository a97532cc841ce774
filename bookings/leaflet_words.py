"""How the leaflets that a presenter brings are said, on pages and in emails."""

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from bookings.models import Booking, Brought, State
from bookings.words import Row, row
from leaflets.models import Order, OrderState
from leaflets.order_reading import with_lines


def brought_of(booking: Booking) -> Brought | None:
    """Asks the database nothing of what was read `with_leaflets`."""
    return getattr(booking, "brought", None)


def copies(count: int) -> str:
    return ngettext("%(copies)d copy", "%(copies)d copies", count) % {"copies": count}


def contents(order: Order) -> str:
    """A line a title, the copies first, as it is picked from the shelf."""
    lines = [(line.copies - line.cancelled, line.edition.leaflet.title) for line in with_lines(order).all_lines]
    return "\n".join(f"{count} × {title}" for count, title in lines if count)


def for_the_host(booking: Booking) -> list[Row]:
    """What is brought, and what is not; nothing if nothing was asked for."""
    brought = brought_of(booking)
    if brought is None:
        return []
    if booking.state in (State.CANCELLED, State.DECLINED):
        gone = brought.order if brought.order and brought.order.state == OrderState.CANCELLED else None
        return (
            [row(_("Leaflets"), _("Their order %(reference)s is cancelled too") % {"reference": gone.reference})] if gone else []
        )
    not_there = "\n".join(f"{each.copies} × {each.title}" for each in brought.not_there)
    rows = [row(_("Leaflets we bring"), what_comes(brought.order)), row(_("Leaflets we can’t bring"), not_there)]
    return [each for each in rows if each["value"]]


def what_comes(order: Order | None) -> str:
    if order is None:
        return _("None: there are no copies of them now")
    if order.state == OrderState.CANCELLED:
        return _("None: their order %(reference)s is cancelled") % {"reference": order.reference}
    return contents(order)


def is_short(booking: Booking) -> bool:
    """Whether the host is told how to get the rest."""
    brought = brought_of(booking)
    return bool(brought and brought.missing and booking.is_open)


def to_bring(booking: Booking) -> str:
    """For the presenter: what to take along, and whether it is packed; empty if there is nothing."""
    order = live_order(booking)
    if order is None:
        return ""
    where = {
        OrderState.PACKING: _("it is being packed"),
        OrderState.DISPATCHED: _("packed, and given to the presenter"),
    }.get(OrderState(order.state), _("not packed yet"))
    return f"{contents(order)}\n{order.reference}: {where}"


def to_bring_back(booking: Booking) -> list[Row]:
    """For the presenter of a visit that is off."""
    order = live_order(booking)
    if order is None or order.state != OrderState.DISPATCHED:
        return []
    return [
        row(
            _("Leaflets"),
            _("You were given them already (%(reference)s). Please bring them back.") % {"reference": order.reference},
        )
    ]


def to_hand_on(booking: Booking) -> list[Row]:
    """For who is no longer the presenter of a visit that may still take place."""
    order = live_order(booking)
    if order is None or order.state != OrderState.DISPATCHED:
        return []
    said = _("If you were given them already (%(reference)s), please hand them to the team.")
    return [row(_("Leaflets"), said % {"reference": order.reference})]


def to_put_back(booking: Booking) -> list[Row]:
    """For the team, of a visit that is off."""
    brought = brought_of(booking)
    order = brought.order if brought else None
    if order is None:
        return []
    said = _("%(reference)s is cancelled with it. If it is packed, put the copies back on the shelf.")
    if order.state == OrderState.DISPATCHED:
        said = _("%(reference)s was given to the presenter. Count what comes back into stock.")
    return [row(_("Leaflets"), said % {"reference": order.reference})]


def live_order(booking: Booking) -> Order | None:
    brought = brought_of(booking)
    return brought.live_order if brought else None
