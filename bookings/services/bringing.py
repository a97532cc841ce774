"""Leaflets for the audience: the one place where bookings and leaflets meet, by calls in one direction (ADR 41)."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, replace
from datetime import datetime

from bookings.models import Booking, Brought, Format
from leaflets.models import Order, ToBring
from leaflets.services.bringing import bring, forget_giver
from leaflets.services.fulfilling import cancel
from leaflets.services.states import OrderHasMoved
from professionals.models import User


def bring_leaflets(booking: Booking, asked: Sequence[ToBring], *, by: User | None, now: datetime) -> None:
    """Order what there is of these for the audience of this new booking, and write down what is missing.

    In the booking's transaction, after its presenter is locked. It refuses nothing, so no booking fails for a leaflet.
    """
    if not asked or booking.format != Format.WORKPLACE:
        return
    visit = {"visit": booking.reference, "postcode": booking.postcode}
    order = bring(person=booking.person, by=by, channel=booking.channel, asked=asked, now=now, **visit)
    Brought.objects.create(booking=booking, order=order, missing=[asdict(each) for each in missing(asked, order)])


def missing(asked: Sequence[ToBring], order: Order | None) -> list[ToBring]:
    """`order` as it comes from bring(), with its lines."""
    given = {line.edition.leaflet.slug: line.copies for line in order.lines.all()} if order else {}
    short = [replace(each, copies=each.copies - given.get(each.slug, 0)) for each in asked]
    return [each for each in short if each.copies > 0]


def take_back_leaflets(booking: Booking, *, by: User | None, now: datetime) -> None:
    """The visit is off: its copies go back to the shelf, once. What the presenter has been given stays with them."""
    brought = Brought.objects.select_related("order__person").filter(booking=booking, order__isnull=False).first()
    if brought is None or brought.order is None:
        return
    with suppress(OrderHasMoved):
        cancel(order=brought.order, by=by, now=now, with_visit=True)


def forget_who_gave_leaflets(given: Mapping[int, datetime], now: datetime) -> None:
    """Somebody is erased who had these bookings, by their keys, until a colleague took them over at that moment."""
    brought = Brought.objects.filter(booking__in=list(given), order__isnull=False)
    forget_giver({order: given[booking] for booking, order in brought.values_list("booking_id", "order_id") if order}, now)
