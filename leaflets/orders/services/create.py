"""Places orders: on the website, by staff, for a visit; keeps the address book; handles parcels that never came."""

from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import datetime

from django.db import IntegrityError, transaction
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from accounts.services import AccountGoneError
from core.dates import format_day, uk_day
from core.errors import DomainError
from leaflets.models import (
    CopiesToBring,
    Delivery,
    Dispatch,
    Edition,
    KeptAddress,
    Leaflet,
    MissingParcel,
    MissingState,
    MovementKind,
    Order,
    OrderChannel,
    OrderEvent,
    OrderEventKind,
    OrderLine,
    OrderState,
)
from leaflets.models.catalogue import EditionQuerySet
from leaflets.models.orders import MAX_KEPT_ADDRESSES, is_same_address
from leaflets.orders.allowances import NO_RECENT_ORDERS, RecentOrdersByTitle, Shortfalls, Workplace, find_shortfall, recent_orders
from leaflets.orders.queries import is_past_reporting, reportable_from
from leaflets.orders.services.transitions import parcel_contents
from leaflets.stock.services import movement_for_line, record_movements
from notifications.outbox import notify_kinds
from notifications.privacy import erase_bodies_about
from office.site_settings.queries import site_settings
from professionals.models import Draft, Person
from professionals.safeguarding.services import notify_lead_if_flagged
from professionals.services import lock_person

Basket = Mapping[Leaflet, int]


class EmptyBasket(DomainError):
    message: str | Promise = _("Your basket is empty. Add a leaflet first.")


class AlreadyPlaced(DomainError):
    """This form was sent before; `order` is the order that it made."""

    message: str | Promise = _("This order has already been placed.")

    def __init__(self, order: Order) -> None:
        self.order = order
        super().__init__()


def place_order(
    *,
    order: Order,
    basket: Basket,
    by: User | None,
    now: datetime,
    override_reason: str = "",
    will_wait_for: Collection[Leaflet] = (),
    flagged: bool = False,
    keep: Delivery | None = None,
) -> Order:
    """Promise these copies to this unsaved order: all of them or none.

    The order already says who asks and where it goes, with the form's one-time token and the answers' digest. Staff who give an
    `override_reason` may go over a title's limits, never over its stock. For the titles in `will_wait_for`, copies that are not
    in stock are backordered. With `over_limit_reason`, the order is a request: nothing is promised until staff have decided.

    `flagged`: the person kept a text that looks like a child's details, so tell the safeguarding lead. `keep` goes into their
    address book; if that is full or has it already, the order is placed all the same.

    Raises EmptyBasket, AlreadyPlaced, Shortfalls, AccountGoneError.
    """
    if not basket:
        raise EmptyBasket
    token, person = order.submission_token, order.person
    over_limit = bool(override_reason) and by is not None and by.is_staff
    if over_limit:
        order.over_limit_reason = ""
    is_request = bool(order.over_limit_reason)
    order.created_at = now
    order.state = OrderState.REQUESTED if is_request else OrderState.RECEIVED
    try:
        with transaction.atomic():
            order.organisation_id = lock_person(person).organisation_id
            if keep:
                with suppress(AddressBookIsFull, AddressKeptAlready):
                    keep_address(person=person, delivery=keep)
            # Save before the stock is locked: a form sent twice at once then waits for its twin, instead of reading that the
            # twin's copies are gone.
            order.save_with_reference()
            events = [
                OrderEvent(order=order, kind=OrderEventKind.REQUESTED if is_request else OrderEventKind.PLACED, by=by, at=now)
            ]
            if over_limit:
                events.append(OrderEvent(order=order, kind=OrderEventKind.OVER_LIMIT, by=by, at=now, reason=override_reason))
            OrderEvent.objects.bulk_create(events)
            mail = {
                "order-requested" if is_request else "order-received": [person.email],
                "staff-order-request" if is_request else "staff-new-order": [site_settings().team_email],
            }
            notify_kinds(mail, about=f"order:{order.pk}", reference=order.reference, now=now)
            notify_lead_if_flagged(order, "", now, flagged=flagged)
            # All orders of the same title wait for these locks, so write everything else first.
            editions = lock_current_editions(basket)
            waits = basket if is_request else will_wait_for
            _check_shortfalls(order, basket, editions, waits=waits, may_exceed_limit=over_limit or is_request, now=now)
            _allocate(order, {editions[leaflet]: copies for leaflet, copies in basket.items()}, by=by, now=now)
            if token:  # a draft goes with its order or not at all: one whose token is used could never be placed
                Draft.objects.filter(token=token).delete()
    except IntegrityError:
        # The database lets a form make one order: its twin may come from another tab, with other titles. A person is shown only
        # their own; staff fill in one form for whoever calls.
        own = {"person": person} if order.channel == OrderChannel.WEB else {}
        earlier = Order.objects.filter(submission_token=token, **own).first() if token else None
        if earlier is None:
            raise
        raise AlreadyPlaced(earlier) from None
    return order


def lock_current_editions(leaflets: Collection[Leaflet]) -> dict[Leaflet, Edition]:
    """The current edition of each title, locked in key order. A title that can't be ordered has none."""
    editions = Edition.objects.current().filter(leaflet__in=leaflets, leaflet__active=True).select_related("leaflet")
    return {edition.leaflet: edition for edition in editions.locked()}


def _check_shortfalls(
    order: Order,
    basket: Basket,
    editions: Mapping[Leaflet, Edition],
    *,
    waits: Collection[Leaflet],
    may_exceed_limit: bool,
    now: datetime,
) -> None:
    """Raises Shortfalls with every title that is short. Other orders can't use up the limits now: they wait for our locks."""
    recent: RecentOrdersByTitle = {}
    if not may_exceed_limit:
        workplace = Workplace(order.organisation_id, order.postcode)
        recent = recent_orders(person=order.person_id, workplace=workplace, leaflets=editions, now=now)
    fresh = {leaflet: leaflet for leaflet in editions}  # limits as they are now, not as some page read them
    shortfalls = [
        find_shortfall(
            fresh.get(leaflet, leaflet),
            copies,
            editions.get(leaflet),
            recent=recent.get(leaflet.pk, NO_RECENT_ORDERS),
            may_exceed_limit=may_exceed_limit,
            will_wait=leaflet in waits,
        )
        for leaflet, copies in basket.items()
    ]
    if any(shortfalls):
        raise Shortfalls([short for short in shortfalls if short])


def _allocate(order: Order, wanted: Mapping[Edition, int], *, by: User | None, now: datetime) -> None:
    """Writes the lines: promises what is in stock (nothing for a request), backorders the rest. The editions are locked."""
    is_request, lines = order.state == OrderState.REQUESTED, []
    for edition, copies in wanted.items():
        promised = 0 if is_request else min(copies, max(edition.available, 0))
        lines.append(OrderLine(order=order, edition=edition, copies=copies, backordered=copies - promised, allocated=promised))
    OrderLine.objects.bulk_create(lines)
    record_movements(
        [movement_for_line(line, MovementKind.ALLOCATED, line.allocated) for line in lines if line.allocated], by=by, now=now
    )
    if not is_request and not any(line.allocated for line in lines):
        order.state = OrderState.WAITING
        Order.objects.filter(pk=order.pk).update(state=order.state)


# Every change to the address book locks the person's row, so two tabs can't exceed its limit.


class AddressBookIsFull(DomainError):
    message: str | Promise = _("You can’t save any more addresses. Remove one first, then add this one.")


class AddressKeptAlready(DomainError):
    message: str | Promise = _("You have already saved this address.")


@transaction.atomic
def keep_address(*, person: Person, delivery: Delivery, instead_of: KeptAddress | None = None) -> KeptAddress:
    """Keep it for the next orders, as a new entry or `instead_of` one. Orders keep the address that they were placed with.

    Raises AddressKeptAlready, AddressBookIsFull, AccountGoneError.
    """
    lock_person(person)
    others = [address for address in KeptAddress.objects.for_person(person) if address != instead_of]
    if any(is_same_address(delivery, address.delivery) for address in others):
        raise AddressKeptAlready
    if instead_of:
        KeptAddress.objects.filter(pk=instead_of.pk).update(**asdict(delivery))
        return instead_of
    if len(others) >= MAX_KEPT_ADDRESSES:
        raise AddressBookIsFull
    return KeptAddress.objects.create(person=person, **asdict(delivery))


def forget_address(*, address: KeptAddress) -> None:
    KeptAddress.objects.filter(pk=address.pk).delete()


@dataclass(frozen=True)
class CopiesPossible:
    """`copies` of a title that can be brought now; `by_limit`: it is a limit that keeps it from being more, not the stock."""

    copies: int
    by_limit: bool = False


def copies_possible(leaflet: Leaflet, edition: Edition | None, recent: RecentOrdersByTitle) -> CopiesPossible:
    """How many copies of this title a presenter can bring: never more than are in stock, or than may be ordered."""
    if edition is None:
        return CopiesPossible(0)
    limit = recent.get(leaflet.pk, NO_RECENT_ORDERS).allowance(leaflet).copies
    return CopiesPossible(min(limit, edition.free), by_limit=limit < edition.free)


def copies_possible_by_slug(
    asked: Sequence[CopiesToBring], *, person: Person, postcode: str, now: datetime
) -> Mapping[str, CopiesPossible]:
    """The possible copies by slug, for a page. Locks nothing. Two statements."""
    possible = _copies_possible_by_edition(current_editions(asked), person, postcode, now)
    return {edition.leaflet.slug: copies for edition, copies in possible.items()}


def _copies_possible_by_edition(
    editions: EditionQuerySet, person: Person, postcode: str, now: datetime
) -> dict[Edition, CopiesPossible]:
    """Within the limits of the person, and of their organisation at the postcode of the visit."""
    rows, workplace = list(editions), Workplace(person.organisation_id, postcode)
    recent = recent_orders(person=person.pk, workplace=workplace, leaflets=[edition.leaflet for edition in rows], now=now)
    return {edition: copies_possible(edition.leaflet, edition, recent) for edition in rows}


@transaction.atomic
def place_order_for_visit(
    *, person: Person, by: User | None, channel: str, asked: Sequence[CopiesToBring], visit: str, postcode: str, now: datetime
) -> Order | None:
    """Promise the copies that are there for the visit with that reference, at that postcode. None if there is no copy.

    It refuses nothing: nobody must lose a booking because leaflets ran out. The caller compares and says what is missing. It
    sends no email: the booking's emails cover it. The caller has locked the presenter; the editions are locked after that.
    """
    possible = _copies_possible_by_edition(current_editions(asked).locked(), person, postcode, now)
    wanted = {title.slug: title.copies for title in asked}
    given = {edition: min(wanted[edition.leaflet.slug], most.copies) for edition, most in possible.items()}
    given = {edition: copies for edition, copies in given.items() if copies > 0}
    if not given:
        return None
    order = Order(
        person=person,
        organisation_id=person.organisation_id,
        channel=OrderChannel(channel),
        state=OrderState.RECEIVED,
        name=person.name,
        organisation_name=person.organisation.name if person.organisation else "",
        postcode=postcode,
        visit_reference=visit,
        created_at=now,
    )
    order.save_with_reference()
    OrderEvent.objects.create(order=order, kind=OrderEventKind.PLACED, by=by, at=now)
    _allocate(order, given, by=by, now=now)
    return order


def transfer_order(*, order: Order, person: Person, by: User | None, now: datetime) -> None:
    """The visit is somebody else's now, and so is what is brought to it. No email goes out, and no copy moves."""
    Order.objects.filter(pk=order.pk).update(person=person, name=person.name)
    order.person, order.name = person, person.name
    OrderEvent.objects.create(order=order, kind=OrderEventKind.CHANGED, by=by, at=now)


def erase_previous_owner(given: Mapping[int, datetime], now: datetime) -> None:
    """Erases reasons and email bodies about these orders from before a colleague took over the visit, and the orders with it.

    `given`: when that was, by the key of the order.
    """
    for key, moment in given.items():
        OrderEvent.objects.filter(order=key, at__lte=moment).exclude(reason="").update(reason="")
        erase_bodies_about([f"order:{key}"], now, until=moment)


def current_editions(asked: Sequence[CopiesToBring]) -> EditionQuerySet:
    slugs = [title.slug for title in asked]
    return Edition.objects.current().filter(leaflet__slug__in=slugs, leaflet__active=True).select_related("leaflet")


# A parcel that never came: its owner says so, staff send its leaflets again or say why not. Each once (ADR 17).


class MissingReportAlreadyDecided(DomainError):
    """`missing` carries the state that it is in."""

    def __init__(self, missing: MissingParcel) -> None:
        self.missing = missing
        resent = _("A colleague has already sent this again, so nothing was changed.")
        closed = _("A colleague has already closed this, so nothing was changed.")
        super().__init__(resent if missing.state == MissingState.RESENT else closed)


class NothingToSendAgain(DomainError):
    message: str | Promise = _("We can’t order any of these leaflets now. Close this with a reason instead.")


@transaction.atomic
def report_missing(
    *, parcel: Dispatch, by: User | None, now: datetime, note: str = "", flagged: bool = False
) -> tuple[MissingParcel, bool]:
    """The report about this parcel, and whether this call made it: a parcel has one, however often it is reported.

    `flagged`: the note looks like a child's details and its writer kept it, so tell the safeguarding lead. Raises DomainError if
    the leaflets are brought, or if it is too early or too late to report the parcel.
    """
    order = Order.objects.select_related("person").get(pk=parcel.order_id)
    if order.visit_reference:
        raise DomainError(_("Our presenter brings these leaflets, so we posted no parcel."))
    if uk_day(now) < (since := reportable_from(parcel)):
        raise DomainError(_("It may still come. If it has not come by %(day)s, tell us then.") % {"day": format_day(since)})
    if is_past_reporting(parcel, now):
        raise DomainError(_("This parcel left too long ago for us to look for it. Please call us."))
    missing, made = MissingParcel.objects.get_or_create(parcel=parcel, defaults={"note": note, "reported_at": now})
    if made:
        OrderEvent.objects.create(order=order, kind=OrderEventKind.MISSING, by=by, at=now)
        emails = {"order-missing": [order.person.email], "staff-order-missing": [site_settings().team_email]}
        notify_kinds(emails, about=f"missing:{missing.pk}", reference=order.reference, now=now)
        notify_lead_if_flagged(missing, "", now, flagged=flagged, reference=order.reference)
    return missing, made


@transaction.atomic
def resend_missing_parcel(
    missing: MissingParcel, *, delivery: Delivery, by: User | None, now: datetime, flagged: bool = False
) -> Order:
    """A new order for the contents of the parcel, in current editions; copies that are not in stock are backordered.

    It counts towards no limit, but takes stock like any other order. A title that can't be ordered any more is left out. Raises
    MissingReportAlreadyDecided, NothingToSendAgain.
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
        contact_phone=lost.contact_phone,
        created_at=now,
        **asdict(delivery),
    )
    order.save_with_reference()
    events = {order: OrderEventKind.REPLACES, lost: OrderEventKind.RESENT}
    OrderEvent.objects.bulk_create(OrderEvent(order=of, kind=kind, by=by, at=now) for of, kind in events.items())
    wanted = {editions[leaflet]: copies for leaflet, copies in basket.items() if leaflet in editions}
    _allocate(order, wanted, by=by, now=now)
    notify_missing("order-resent", missing, now, flagged)
    return order


@transaction.atomic
def close_missing_report(missing: MissingParcel, *, by: User | None, now: datetime, reason: str, flagged: bool = False) -> None:
    """Close the report without sending again; the person reads the `reason`. Raises MissingReportAlreadyDecided."""
    decide_missing(missing, MissingState.CLOSED, by=by, now=now, reason=reason)
    OrderEvent.objects.create(order=missing.parcel.order, kind=OrderEventKind.NOT_RESENT, by=by, at=now)
    notify_missing("order-not-resent", missing, now, flagged)


def decide_missing(missing: MissingParcel, to: MissingState, *, by: User | None, now: datetime, reason: str = "") -> None:
    """The conditional update is also the lock: if two colleagues decide at once, the second waits and is refused.

    Raises MissingReportAlreadyDecided.
    """
    columns = {"state": to, "decided_at": now, "decided_by": by, "reason": reason}
    if not MissingParcel.objects.open().filter(pk=missing.pk).update(**columns):
        missing.refresh_from_db(fields=["state"])
        raise MissingReportAlreadyDecided(missing)
    missing.state = to


def notify_missing(kind: str, missing: MissingParcel, now: datetime, flagged: bool) -> None:
    order = missing.parcel.order
    notify_kinds({kind: [order.person.email]}, about=f"missing:{missing.pk}", reference=order.reference, now=now)
    notify_lead_if_flagged(missing, ":decided", now, flagged=flagged, reference=order.reference)
