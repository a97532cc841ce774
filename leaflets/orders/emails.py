"""The emails about orders and parcels that never came, with their samples."""

from collections.abc import Collection, Sequence
from typing import Any

from django.conf import settings
from django.db.models import Prefetch, QuerySet, prefetch_related_objects
from django.urls import reverse
from django.utils.functional import Promise, cached_property
from django.utils.translation import gettext, gettext_lazy as _, ngettext

from core.dates import format_day
from leaflets.models import (
    OPEN_ORDER_STATES,
    Dispatch,
    MissingParcel,
    MissingState,
    Order,
    OrderEvent,
    OrderEventKind,
    OrderLine,
    OrderState,
)
from leaflets.orders.services.transitions import parcel_contents
from leaflets.stock.emails import SAMPLE_TITLES, sample_edition
from notifications.registry import Desk, Email, ngettext_noop
from notifications.samples import SAMPLE_NOW, Example, example
from professionals.safeguarding.services import is_kept_back

TitleCopies = Sequence[tuple[int, str]]  # copies, and the title


def copies_text(count: int) -> str:
    return ngettext("%(copies)d copy", "%(copies)d copies", count) % {"copies": count}


def prefetch_order_lines(order: Order) -> Order:
    """The same with its lines: one statement, or none if they were read."""
    if not hasattr(order, "sample_lines"):
        prefetch_related_objects([order], Prefetch("lines", OrderLine.objects.in_catalogue_order()))
    return order


def order_facts(order: Order, rows: TitleCopies, tracking_number: str = "") -> list[dict[str, str]]:
    """What, where to and the reference, plus the tracking number of a parcel, if it has one."""
    facts = [
        *({"label": copies_text(count), "value": title} for count, title in rows),
        {"label": gettext("Comes") if order.visit_reference else gettext("To"), "value": "\n".join(order.address)},
        {"label": gettext("Reference"), "value": order.reference},
    ]
    return [*facts, {"label": gettext("Tracking number"), "value": tracking_number}] if tracking_number else facts


def still_to_come_text(order: Order) -> list[str]:
    """For each title of which copies are waited for: how many, and which."""
    waited_for = [(line.backordered, line.edition.leaflet.title) for line in order.all_lines if line.backordered]
    return [gettext("%(copies)s of “%(title)s”") % {"copies": copies_text(count), "title": title} for count, title in waited_for]


class OrderEmail(Email):
    """About "order:12". Its subject may name %(reference)s and %(summary)s."""

    desk = Desk.LEAFLETS
    states: Collection[OrderState] = ()  # those in which it is due

    @cached_property
    def stored_order(self) -> Order | None:
        """The order, or None if it no longer exists."""
        return Order.objects.select_related("person").filter(pk=self.about_key).first()

    def is_still_due(self) -> bool:
        return self.stored_order is not None and self.stored_order.state in self.states

    @cached_property
    def order(self) -> Order:
        """The order with its lines."""
        if self.stored_order is None:
            raise Order.DoesNotExist
        return prefetch_order_lines(self.stored_order)

    def copies(self, line: OrderLine) -> int:
        """The number of the line's copies that the email is about."""
        return line.copies

    def facts(self) -> list[dict[str, str]]:
        copies = [(self.copies(line), line.edition.leaflet.title) for line in self.order.all_lines]
        return order_facts(self.order, [(count, title) for count, title in copies if count])

    def context(self) -> dict[str, object]:
        return {
            "order": self.order,
            "reference": self.order.reference,
            "summary": self.order.summary,
            "facts": self.facts(),
            "url": f"{settings.SITE_URL}{self.order.get_absolute_url()}",
            "again_url": f"{settings.SITE_URL}{reverse('leaflets')}",
            "to_come": still_to_come_text(self.order),
        }


# To the person


class OrderReceived(OrderEmail):
    name = "order-received"
    label = _("Order received")
    subject = _("We have your leaflet order %(reference)s")
    states = set(OrderState) - {OrderState.CANCELLED}


class OrderRequested(OrderEmail):
    name = "order-requested"
    label = _("More leaflets asked for")
    subject = _("We have your request for leaflets %(reference)s")
    states = (OrderState.REQUESTED,)


class OrderApproved(OrderEmail):
    """What we agreed to, and which of those copies are still to come."""

    name = "order-approved"
    label = _("Request for leaflets agreed")
    subject = _("We are sending your leaflets (%(reference)s)")
    states = set(OrderState) - {OrderState.REQUESTED, OrderState.CANCELLED, OrderState.DECLINED}

    def copies(self, line: OrderLine) -> int:
        return line.copies - line.cancelled

    def context(self) -> dict[str, object]:
        return {**super().context(), "less": any(line.cancelled for line in self.order.all_lines)}


class OrderDeclined(OrderEmail):
    name = "order-declined"
    label = _("Request for leaflets declined")
    subject = _("About your request for leaflets (%(reference)s)")
    states = (OrderState.DECLINED,)

    @cached_property
    def reason(self) -> str:
        reason = self.order.events.filter(kind=OrderEventKind.DECLINED).values_list("reason", flat=True)[0]
        return "" if is_kept_back(f"order:{self.order.pk}") else reason

    def context(self) -> dict[str, object]:
        return {**super().context(), "reason": self.reason}


class OrderStocked(OrderEmail):
    """The copies that we pack now. While others are still waited for, the email says that these are a part."""

    name = "order-stocked"
    label = _("Leaflets came in for an order")
    subject = _("Your leaflets have come in: %(reference)s")
    subject_of_part = _("Some of your leaflets have come in: %(reference)s")
    states = (OrderState.RECEIVED, OrderState.PACKING)
    can_wait = True

    @property
    def part(self) -> bool:
        return any(line.backordered for line in self.order.all_lines)

    def get_subject(self) -> str | Promise:
        return self.subject_of_part if self.part else self.subject

    def copies(self, line: OrderLine) -> int:
        return line.allocated if self.part else line.copies

    def context(self) -> dict[str, object]:
        return {**super().context(), "part": self.part}


class OpenOrderEmail(OrderEmail):
    """What is still to be sent, and where to."""

    states = OPEN_ORDER_STATES

    def copies(self, line: OrderLine) -> int:
        return line.allocated + line.backordered


class OrderChanged(OpenOrderEmail):
    """What is still to be sent, and where to, after its owner or staff changed the order."""

    name = "order-changed"
    label = _("Order changed")
    subject = _("Your leaflet order %(reference)s has changed")

    def is_still_due(self) -> bool:
        """Not due once another change was made: that has its own email, with the order as it is then."""
        changes = OrderEvent.objects.filter(order=self.about_key, kind=OrderEventKind.CHANGED)
        return changes.count() == self.notification.version and super().is_still_due()


class OrderDispatched(Email):
    """The parcels of a day, one or several, each with what is in it."""

    name = "order-dispatched"
    label = _("Dispatch summary")
    template_of_several = "leaflets/orders_dispatched"
    template_with_presenter = "leaflets/order_with_presenter"
    subject = _("Your leaflets are on their way: %(reference)s")
    subject_with_presenter = _("Our presenter has your leaflets: %(reference)s")
    subject_of_several = ngettext_noop(
        "Your leaflets are on their way: %(reference)s and %(others)d more parcel",
        "Your leaflets are on their way: %(reference)s and %(others)d more parcels",
    )
    desk = Desk.LEAFLETS
    can_wait = True

    @property
    def stored_parcels(self) -> QuerySet[Dispatch]:
        """The parcels in this email. An email that is sent again has the same parcels as the first.

        Older emails, from before one email covered a day's parcels, are about an order; their version is the number of the
        parcel.
        """
        parcels, row = Dispatch.objects.order_by("dispatched_at", "pk"), self.notification
        if not row.about.startswith("order:"):
            return parcels.filter(notification=row.resend_of_id or row.pk)
        of_order = parcels.filter(order=self.about_key)
        return of_order.filter(pk__in=of_order.values("pk")[row.version - 1 : row.version])

    def is_still_due(self) -> bool:
        return self.stored_parcels.exists()

    @cached_property
    def parcels(self) -> list[tuple[Dispatch, TitleCopies]]:
        """Each parcel with its contents. As many statements for one parcel as for many."""
        lines = Prefetch("order__lines", queryset=OrderLine.objects.in_catalogue_order())
        parcels = list(self.stored_parcels.select_related("order").prefetch_related(lines))
        return [
            (parcel, [(copies, leaflet.title) for leaflet, copies in contents.items()])
            for parcel, contents in zip(parcels, parcel_contents(parcels), strict=True)
        ]

    def get_template(self) -> str:
        if len(self.parcels) > 1:
            return self.template_of_several
        return self.template_with_presenter if self.parcels[0][0].order.visit_reference else self.template

    def get_subject(self) -> str | Promise:
        if others := len(self.parcels) - 1:
            return ngettext(*self.subject_of_several, others)
        return self.subject_with_presenter if self.parcels[0][0].order.visit_reference else self.subject

    def context(self) -> dict[str, object]:
        first, contents = self.parcels[0]
        if len(self.parcels) == 1:
            one = OrderEmail(self.notification, order=first.order).context()
            return {**one, "facts": order_facts(first.order, contents, first.tracking_number)}
        # Show what an order still waits for below its last parcel.
        last_parcels = {parcel.order: parcel for parcel, _contents in self.parcels}
        return {
            "reference": first.order.reference,
            "others": len(self.parcels) - 1,
            "parcels": [
                {
                    "heading": gettext("Parcel %(number)d of %(parcels)d") % {"number": number, "parcels": len(self.parcels)},
                    "facts": order_facts(parcel.order, contents, parcel.tracking_number),
                    "to_come": still_to_come_text(parcel.order) if last_parcels[parcel.order] is parcel else [],
                }
                for number, (parcel, contents) in enumerate(self.parcels, start=1)
            ],
            "left_on": format_day(self.parcels[-1][0].dispatched_at),
            "url": f"{settings.SITE_URL}{reverse('my')}",
        }


class OrderCancelled(OrderEmail):
    name = "order-cancelled"
    label = _("Order cancelled")
    subject = _("Your leaflet order %(reference)s is cancelled")
    states = (OrderState.CANCELLED,)


class OrderRestored(OpenOrderEmail):
    """Its cancellation is taken back."""

    name = "order-restored"
    label = _("Order no longer cancelled")
    subject = _("Your leaflet order %(reference)s is no longer cancelled")


# To the team


class StaffOrderEmail(OrderEmail):
    in_digest = True

    def context(self) -> dict[str, object]:
        url = f"{settings.SITE_URL}{reverse('staff:leaflets_order_change', args=[self.order.pk])}"
        return {**super().context(), "url": url}


class StaffNewOrder(StaffOrderEmail):
    name = "staff-new-order"
    label = _("To staff: new order")
    subject = _("New leaflet order %(reference)s: %(summary)s")
    states = set(OrderState) - {OrderState.CANCELLED}


class StaffOrderRequest(StaffOrderEmail):
    name = "staff-order-request"
    label = _("To staff: more leaflets asked for")
    subject = _("Please decide: leaflet request %(reference)s for %(summary)s")
    states = (OrderState.REQUESTED,)


class MissingEmail(OrderEmail):
    """About "missing:12"."""

    state = MissingState.OPEN

    @cached_property
    def missing(self) -> MissingParcel:
        return MissingParcel.objects.select_related("parcel__order").get(pk=self.about_key)

    @cached_property
    def order(self) -> Order:
        return self.missing.parcel.order

    @cached_property
    def contents(self) -> TitleCopies:
        return [(copies, leaflet.title) for leaflet, copies in parcel_contents([self.missing.parcel])[0].items()]

    def is_still_due(self) -> bool:
        return MissingParcel.objects.filter(pk=self.about_key, state=self.state).exists()

    def facts(self) -> list[dict[str, str]]:
        parcel = self.missing.parcel
        return [
            *({"label": copies_text(count), "value": title} for count, title in self.contents),
            {"label": gettext("Sent on"), "value": format_day(parcel.dispatched_at)},
            {"label": gettext("To"), "value": "\n".join(parcel.order.address)},
            {"label": gettext("Tracking number"), "value": parcel.tracking_number},
            {"label": gettext("Reference"), "value": parcel.order.reference},
        ]


class OrderMissing(MissingEmail):
    name = "order-missing"
    label = _("Parcel never came")
    subject = _("We are looking for your missing leaflets: %(reference)s")


class OrderResent(MissingEmail):
    """Its facts are those of the new order, which has a reference of its own."""

    name = "order-resent"
    label = _("Lost parcel sent again")
    subject = _("We are sending your leaflets again: %(first)s is now %(reference)s")

    def is_still_due(self) -> bool:
        """Due unless the new order was cancelled."""
        return Order.objects.filter(replaces=self.about_key).exclude(state=OrderState.CANCELLED).exists()

    @cached_property
    def order(self) -> Order:
        return Order.objects.with_lines().get(replaces=self.missing)

    def facts(self) -> list[dict[str, str]]:
        return OrderEmail.facts(self)

    def context(self) -> dict[str, object]:
        return {**super().context(), "first": self.missing.parcel.order.reference}


class OrderNotResent(MissingEmail):
    name = "order-not-resent"
    label = _("Lost parcel not sent again")
    subject = _("About your leaflets that never came (%(reference)s)")
    state = MissingState.CLOSED

    @cached_property
    def reason(self) -> str:
        return "" if is_kept_back(f"missing:{self.missing.pk}") else self.missing.reason

    def context(self) -> dict[str, object]:
        return {**super().context(), "reason": self.reason}


class StaffOrderMissing(MissingEmail):
    name = "staff-order-missing"
    label = _("To staff: parcel never came")
    subject = _("Please decide: the leaflets from %(reference)s never came")
    in_digest = True

    def context(self) -> dict[str, object]:
        url = f"{settings.SITE_URL}{reverse('staff:leaflets_missingparcel_change', args=[self.missing.pk])}"
        return {**super().context(), "url": url}


# Orders that exist only as samples: nothing of them is stored.

SAMPLE_ADDRESS = {
    "name": "Nadia Rahman",
    "attention": "Second floor, health visiting",
    "organisation_name": "Leeds Community Healthcare",
    "address_line_1": "St James Health Centre",
    "address_line_2": "1 Park Row",
    "town": "Leeds",
    "postcode": "LS1 4AP",
}


def examples() -> list[Example]:
    plain = (OrderReceived, OrderRequested, OrderStocked, OrderChanged, OrderCancelled, OrderRestored, StaffNewOrder)
    some = gettext("Some of the leaflets came in for an order")
    reason = "Our next print comes in April. Until then we keep what is left for teams that have none."
    sent = [(25, SAMPLE_TITLES[0]), (50, SAMPLE_TITLES[1])]
    parcel = Dispatch(pk=1, dispatched_at=SAMPLE_NOW, tracking_number="RM 1234 5678 9GB", order=sample_order(to_come=5))
    other = Dispatch(pk=2, dispatched_at=SAMPLE_NOW, order=sample_order(key=2, reference="LO-8WQC-4D", attention=""))
    several = [(parcel, sent), (other, [(75, SAMPLE_TITLES[2])])]
    brought = Dispatch(pk=2, dispatched_at=SAMPLE_NOW, order=sample_order(visit_reference="BK-7Q4M-2F"))
    note = "Our post room moved to Elland Road in January."
    missing = MissingParcel(pk=0, parcel=parcel, reported_at=SAMPLE_NOW, note=note)
    why = "The post has a signature from your reception, of 25 February. Ask there for a box from us, please."
    return [
        *(example(email, order=sample_order()) for email in (*plain, StaffOrderRequest)),
        example(OrderStocked, title=some, order=sample_order(given=20, to_come=5)),
        example(OrderApproved, order=sample_order(given=20, to_come=5)),
        example(OrderDeclined, order=sample_order(), reason=reason),
        example(OrderDispatched, parcels=[(parcel, sent)]),
        example(OrderDispatched, gettext("several parcels"), parcels=several),
        example(OrderDispatched, gettext("by the presenter"), parcels=[(brought, sent)]),
        example(OrderMissing, missing=missing, contents=sent),
        example(OrderResent, missing=missing, order=sample_order(key=3, reference="LO-9RMT-2C")),
        example(OrderNotResent, missing=missing, contents=sent, reason=why),
        example(StaffOrderMissing, missing=missing, contents=sent),
    ]


def sample_order(*, key: int = 1, given: int = 0, to_come: int = 0, **fields: Any) -> Order:
    """`given`: the copies of each title that were agreed, 0 for all. `to_come`: the copies of the last title still to come."""
    defaults = {"reference": "LO-3XK9-PT", "state": OrderState.RECEIVED, **SAMPLE_ADDRESS}
    order = Order(pk=key, created_at=SAMPLE_NOW, **{**defaults, **fields})
    order.sample_lines = []
    for number in range(1, len(SAMPLE_TITLES) + 1):
        copies = {"copies": 25 * number, "allocated": given or 25 * number, "cancelled": 25 * number - (given or 25 * number)}
        order.sample_lines.append(OrderLine(pk=number, edition=sample_edition(number), **copies))
    last = order.sample_lines[-1]
    last.backordered, last.allocated = to_come, last.allocated - to_come
    return order
