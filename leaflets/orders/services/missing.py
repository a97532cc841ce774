"""A parcel that never came: its owner says so, staff send its leaflets again or say why not. Each once (ADR 17)."""

from dataclasses import asdict
from datetime import datetime

from django.conf import settings
from django.db import transaction
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from accounts.services import AccountGoneError
from ctac.dates import format_day, uk_day
from ctac.errors import DomainError
from leaflets.models import (
    Delivery,
    Dispatch,
    EventKind,
    MissingParcel,
    MissingState,
    Order,
    OrderEvent,
    OrderLine,
)
from leaflets.orders.queries import is_too_long_ago, missing_since
from leaflets.orders.services.create import lock_current_editions
from leaflets.orders.services.transitions import parcel_contents, wait_for_stock
from leaflets.stock.services import allocate_backordered
from notifications.outbox import notify_each
from professionals.safeguarding.services import notify_safeguarding_lead
from professionals.services import lock_person


class AlreadyDecided(DomainError):
    """`missing` carries the state that it is in."""

    def __init__(self, missing: MissingParcel) -> None:
        self.missing = missing
        resent = _("A colleague has already sent this again, so nothing was changed.")
        closed = _("A colleague has already closed this, so nothing was changed.")
        super().__init__(resent if missing.state == MissingState.RESENT else closed)


class NothingToSendAgain(DomainError):
    message: str | Promise = _("None of these leaflets can be ordered now. Close this with a reason instead.")


@transaction.atomic
def report_missing(
    *, parcel: Dispatch, by: User | None, now: datetime, note: str = "", flagged: bool = False
) -> tuple[MissingParcel, bool]:
    """The report of this parcel, and whether this call has made it: there is one, however often it is reported.

    `flagged`: the note looks like a child's details and its writer kept it, so the safeguarding lead is told.
    """
    order = Order.objects.select_related("person").get(pk=parcel.order_id)
    if order.brought_with:
        raise DomainError(_("Our presenter brings these leaflets, so no parcel was posted."))
    if uk_day(now) < (since := missing_since(parcel)):
        raise DomainError(_("It may still come. If it has not, tell us from %(day)s.") % {"day": format_day(since)})
    if is_too_long_ago(parcel, now):
        raise DomainError(_("This parcel left too long ago for us to look for it. Please call us."))
    missing, made = MissingParcel.objects.get_or_create(parcel=parcel, defaults={"note": note, "reported_at": now})
    if made:
        OrderEvent.objects.create(order=order, kind=EventKind.MISSING, by=by, at=now)
        emails = {"order-missing": [order.person.email], "staff-order-missing": [settings.STAFF_EMAIL]}
        notify_each(emails, about=f"missing:{missing.pk}", reference=order.reference, now=now)
        if flagged:
            notify_safeguarding_lead(about=f"missing:{missing.pk}", reference=order.reference, now=now)
    return missing, made


@transaction.atomic
def send_again(missing: MissingParcel, *, delivery: Delivery, by: User | None, now: datetime, flagged: bool = False) -> Order:
    """A new order for what was in the parcel, in the prints of now; what is not in stock is backordered.

    It counts towards nobody's limits and takes stock as any other. A title that can't be ordered any more
    is left out. Raises AlreadyDecided, NothingToSendAgain.
    """
    lost = missing.parcel.order
    [basket] = parcel_contents([missing.parcel])
    try:
        lock_person(lost.person)
    except AccountGoneError:
        raise NothingToSendAgain from None
    editions = lock_current_editions(basket)
    if not editions:
        raise NothingToSendAgain
    decide_missing(missing, MissingState.RESENT, by=by, now=now)
    order = Order(
        person=lost.person,
        organisation_id=lost.organisation_id,
        channel=lost.channel,
        replaces=missing,
        created_at=now,
        **asdict(delivery),
    )
    order.save_with_reference()
    events = {order: EventKind.REPLACES, lost: EventKind.RESENT}
    OrderEvent.objects.bulk_create(OrderEvent(order=of, kind=kind, by=by, at=now) for of, kind in events.items())
    lines = OrderLine.objects.bulk_create(
        OrderLine(order=order, edition=editions[leaflet], copies=copies, backordered=copies)
        for leaflet, copies in basket.items()
        if leaflet in editions
    )
    in_stock = {line: copies for line in lines if (copies := min(line.copies, line.edition.free))}
    allocate_backordered(in_stock, by=by, now=now)
    if not in_stock:
        wait_for_stock(order)
    notify_missing("order-resent", missing, now, flagged)
    return order


@transaction.atomic
def close_missing(missing: MissingParcel, *, by: User | None, now: datetime, reason: str, flagged: bool = False) -> None:
    """Nothing is sent again; the person reads the `reason`. Raises AlreadyDecided."""
    decide_missing(missing, MissingState.CLOSED, by=by, now=now, reason=reason)
    OrderEvent.objects.create(order=missing.parcel.order, kind=EventKind.NOT_RESENT, by=by, at=now)
    notify_missing("order-not-resent", missing, now, flagged)


def decide_missing(missing: MissingParcel, to: MissingState, *, by: User | None, now: datetime, reason: str = "") -> None:
    """The conditional update is also the lock: of two who decide at once, the second waits and is refused."""
    columns = {"state": to, "decided_at": now, "decided_by": by, "reason": reason}
    if not MissingParcel.objects.open().filter(pk=missing.pk).update(**columns):
        missing.refresh_from_db(fields=["state"])
        raise AlreadyDecided(missing)
    missing.state = to


def notify_missing(kind: str, missing: MissingParcel, now: datetime, flagged: bool) -> None:
    order = missing.parcel.order
    notify_each({kind: [order.person.email]}, about=f"missing:{missing.pk}", reference=order.reference, now=now)
    if flagged:
        notify_safeguarding_lead(about=f"missing:{missing.pk}:decided", reference=order.reference, now=now)
