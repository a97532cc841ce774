"""The emails about orders and parcels that never came, with their samples."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any, cast

from django.conf import settings
from django.db.models import Prefetch, QuerySet
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from ctac.dates import format_day
from leaflets.models import (
    OPEN_STATES,
    Dispatch,
    Edition,
    EventKind,
    Leaflet,
    MissingParcel,
    MissingState,
    Order,
    OrderEvent,
    OrderLine,
    OrderState,
)
from leaflets.orders.queries import with_lines
from leaflets.orders.services.transitions import parcel_contents
from leaflets.stock.emails import SAMPLE_TITLES
from notifications.registry import Kind, Message
from notifications.samples import Example
from professionals.safeguarding.services import is_kept_back

if TYPE_CHECKING:
    from notifications.models import Notification


# The emails about orders: what each says, and until when it is true.


def order_from_notification(notification: "Notification") -> Order:
    """The order that `about` names ("order:12"), with its lines. Raises Order.DoesNotExist."""
    order = find_order(notification)
    if order is None:
        raise Order.DoesNotExist
    return with_lines(order)


def find_order(notification: "Notification") -> Order | None:
    """While a message is being sent, read once; None if there is no such order any more."""
    found = {} if notification.found is None else notification.found
    if "order" not in found:
        key = int(notification.about.removeprefix("order:"))
        found["order"] = Order.objects.select_related("person").filter(pk=key).first()
    return cast("Order | None", found["order"])


def state_is_not(notification: "Notification", *states: OrderState) -> bool:
    order = find_order(notification)
    return order is not None and order.state not in states


def state_is(notification: "Notification", *states: OrderState) -> bool:
    order = find_order(notification)
    return order is not None and order.state in states


def order_facts(order: Order, rows: Iterable[tuple[int, str]] | None = None) -> list[dict[str, str]]:
    """The answer of every email: what, where to, reference. `rows`: copies and titles, if it is not the whole order."""
    what = rows if rows is not None else [(line.copies, line.edition.leaflet.title) for line in order.all_lines]
    return [
        *({"label": copies_text(count), "value": title} for count, title in what),
        {"label": _("Comes") if order.brought_with else _("To"), "value": "\n".join(order.address)},
        {"label": _("Reference"), "value": order.reference},
    ]


def copies_text(count: int) -> str:
    return ngettext("%(copies)d copy", "%(copies)d copies", count) % {"copies": count}


def still_to_come_text(order: Order) -> list[str]:
    """For each title of which copies are waited for: how many, and which."""
    waited_for = [(line.backordered, line.edition.leaflet.title) for line in order.all_lines if line.backordered]
    return [_("%(copies)s of “%(title)s”") % {"copies": copies_text(count), "title": title} for count, title in waited_for]


def order_context(order: Order) -> dict[str, object]:
    url = f"{settings.SITE_URL}{order.get_absolute_url()}"
    return {"order": order, "facts": order_facts(order), "url": url, "to_come": still_to_come_text(order)}


def order_message(sentence: str, template: str, order: Order, **more: object) -> Message:
    subject = sentence % {"reference": order.reference, "summary": order.summary}
    return Message(subject=subject, template=template, context={**order_context(order), **more})


# To the person


def received_message(order: Order) -> Message:
    return order_message(_("We have your leaflet order %(reference)s"), "order_received", order)


def requested_message(order: Order) -> Message:
    return order_message(_("We have your request for leaflets %(reference)s"), "order_requested", order)


def approved_message(order: Order) -> Message:
    """What was agreed, and what of that is still to be printed."""
    granted = [(line.copies - line.cancelled, line.edition.leaflet.title) for line in order.all_lines]
    less = any(line.cancelled for line in order.all_lines)
    rows = order_facts(order, [(count, title) for count, title in granted if count])
    return order_message(_("Yes: we are sending you leaflets (%(reference)s)"), "order_approved", order, facts=rows, less=less)


def declined_message(order: Order, reason: str) -> Message:
    return order_message(
        _("About your request for leaflets (%(reference)s)"), "order_declined", order, reason=reason, **order_again_link()
    )


def stocked_message(order: Order) -> Message:
    """What is packed now. If it isn't all that was waited for, that is said first."""
    lines = order.all_lines
    part = any(line.backordered for line in lines)
    sentence = _("Some of your leaflets have come in: %(reference)s") if part else _("Your leaflets have come in: %(reference)s")
    rows = [(line.allocated, line.edition.leaflet.title) for line in lines if line.allocated] if part else None
    return order_message(sentence, "order_stocked", order, facts=order_facts(order, rows), part=part)


def changed_message(order: Order) -> Message:
    """What is still to be sent, and where to, after its owner or staff changed it."""
    still = [(line.allocated + line.backordered, line.edition.leaflet.title) for line in order.all_lines]
    rows = order_facts(order, [(count, title) for count, title in still if count])
    return order_message(_("Your leaflet order %(reference)s is changed"), "order_changed", order, facts=rows)


def dispatched_message(order: Order, parcel: Dispatch, contents: Iterable[tuple[int, str]]) -> Message:
    rows = parcel_facts(order, parcel, contents)
    if order.brought_with:
        return order_message(_("Our presenter has your leaflets: %(reference)s"), "order_with_presenter", order, facts=rows)
    return order_message(_("Your leaflets are on their way: %(reference)s"), "order_dispatched", order, facts=rows)


def parcel_facts(order: Order, parcel: Dispatch, contents: Iterable[tuple[int, str]]) -> list[dict[str, str]]:
    tracking = [{"label": _("Tracking number"), "value": parcel.tracking_number}] if parcel.tracking_number else []
    return [*order_facts(order, contents), *tracking]


def dispatch_summary_message(parcels: Sequence[tuple[Dispatch, Iterable[tuple[int, str]]]]) -> Message:
    """Several parcels of a day, each with what is in it. What an order still waits for is said below its last one."""
    said = [
        {
            "heading": _("Parcel %(number)d of %(parcels)d") % {"number": number, "parcels": len(parcels)},
            "facts": parcel_facts(parcel.order, parcel, contents),
            "to_come": []
            if parcel.order in (later.order for later, _what in parcels[number:])
            else still_to_come_text(parcel.order),
        }
        for number, (parcel, contents) in enumerate(parcels, start=1)
    ]
    context: dict[str, object] = {
        "parcels": said,
        "left_on": format_day(parcels[-1][0].dispatched_at),
        "url": f"{settings.SITE_URL}{reverse('my')}",
    }
    subject = ngettext(
        "Your leaflets are on their way: %(reference)s and %(more)d more parcel",
        "Your leaflets are on their way: %(reference)s and %(more)d more parcels",
        len(parcels) - 1,
    )
    facts = {"reference": parcels[0][0].order.reference, "more": len(parcels) - 1}
    return Message(subject=subject % facts, template="orders_dispatched", context=context)


def cancelled_message(order: Order) -> Message:
    return order_message(_("Your leaflet order %(reference)s is cancelled"), "order_cancelled", order, **order_again_link())


def order_again_link() -> dict[str, str]:
    return {"again_url": f"{settings.SITE_URL}{reverse('leaflets')}"}


# To the team


def new_order_for_staff_message(order: Order) -> Message:
    return order_message(_("New leaflet order %(reference)s: %(summary)s"), "order_for_staff", order, url=staff_order_url(order))


def request_for_staff_message(order: Order) -> Message:
    sentence = _("Please decide: leaflet request %(reference)s for %(summary)s")
    return order_message(sentence, "order_request_for_staff", order, url=staff_order_url(order))


def staff_order_url(order: Order) -> str:
    return f"{settings.SITE_URL}{reverse('staff:leaflets_order_change', args=[order.pk])}"


# What is read for them


def build_with(words: Callable[[Order], Message]) -> Callable[["Notification"], Message]:
    return lambda notification: words(order_from_notification(notification))


def parcels_in_email(notification: "Notification") -> QuerySet[Dispatch]:
    """A message that goes again tells of what the first one told.

    Messages from before a day's parcels were told as one are about an order, and their version is the number of the parcel.
    """
    if not notification.about.startswith("order:"):
        return Dispatch.objects.filter(told_in=notification.resend_of_id or notification.pk).order_by("dispatched_at", "pk")
    of_order = Dispatch.objects.filter(order=int(notification.about.removeprefix("order:"))).order_by("dispatched_at", "pk")
    return of_order.filter(pk__in=of_order.values("pk")[notification.version - 1 : notification.version])


def build_dispatch_summary(notification: "Notification") -> Message:
    """As many statements for one parcel as for many."""
    lines = Prefetch("order__lines", queryset=OrderLine.objects.in_order())
    parcels = list(parcels_in_email(notification).select_related("order").prefetch_related(lines))
    told = [(parcel, contents_rows(what)) for parcel, what in zip(parcels, parcel_contents(parcels), strict=True)]
    return dispatch_summary_message(told) if len(told) > 1 else dispatched_message(told[0][0].order, *told[0])


def contents_rows(contents: Mapping[Leaflet, int]) -> list[tuple[int, str]]:
    return [(copies, leaflet.title) for leaflet, copies in contents.items()]


def build_declined(notification: "Notification") -> Message:
    order = order_from_notification(notification)
    reason = order.events.filter(kind=EventKind.DECLINED).values_list("reason", flat=True)[0]
    return declined_message(order, "" if is_kept_back(f"order:{order.pk}") else reason)


def is_latest_change(notification: "Notification") -> bool:
    """The next change has a message of its own, which says how the order is now."""
    changes = OrderEvent.objects.filter(order=int(notification.about.removeprefix("order:")), kind=EventKind.CHANGED)
    return changes.count() == notification.version and state_is(notification, *OPEN_STATES)


def has_parcels(notification: "Notification") -> bool:
    return parcels_in_email(notification).exists()


S = OrderState
ORDER_EMAILS = (
    Kind("order-received", gettext_lazy("Order received"), build_with(received_message), lambda n: state_is_not(n, S.CANCELLED)),
    Kind(
        "order-requested",
        gettext_lazy("More leaflets asked for"),
        build_with(requested_message),
        lambda n: state_is(n, S.REQUESTED),
    ),
    Kind(
        *("order-approved", gettext_lazy("Request for leaflets agreed"), build_with(approved_message)),
        lambda n: state_is_not(n, S.REQUESTED, S.CANCELLED, S.DECLINED),
    ),
    Kind("order-declined", gettext_lazy("Request for leaflets declined"), build_declined, lambda n: state_is(n, S.DECLINED)),
    Kind(
        "order-stocked",
        gettext_lazy("Leaflets came in for an order"),
        build_with(stocked_message),
        lambda n: state_is(n, S.RECEIVED, S.PACKING),
        can_wait=True,
    ),
    Kind("order-changed", gettext_lazy("Order changed"), build_with(changed_message), is_latest_change),
    Kind("order-dispatched", gettext_lazy("What left on a day"), build_dispatch_summary, has_parcels, can_wait=True),
    Kind("order-cancelled", gettext_lazy("Order cancelled"), build_with(cancelled_message), lambda n: state_is(n, S.CANCELLED)),
    Kind(
        "staff-new-order",
        gettext_lazy("To staff: new order"),
        build_with(new_order_for_staff_message),
        lambda n: state_is_not(n, S.CANCELLED),
        in_digest=lambda n, digest_at: True,
    ),
    Kind(
        *("staff-order-request", gettext_lazy("To staff: more leaflets asked for"), build_with(request_for_staff_message)),
        lambda n: state_is(n, S.REQUESTED),
        in_digest=lambda n, digest_at: True,
    ),
)


# The emails about a parcel that never came: that we know, that it is sent again or why not, and to staff that they decide.

ParcelContents = Iterable[tuple[int, str]]


def missing_facts(missing: MissingParcel, contents: ParcelContents) -> list[dict[str, str]]:
    parcel = missing.parcel
    return [
        *({"label": copies_text(count), "value": title} for count, title in contents),
        {"label": _("Left on"), "value": format_day(parcel.dispatched_at)},
        {"label": _("To"), "value": "\n".join(parcel.order.address)},
        {"label": _("Tracking number"), "value": parcel.tracking_number},
        {"label": _("Reference"), "value": parcel.order.reference},
    ]


def missing_message(sentence: str, template: str, missing: MissingParcel, contents: ParcelContents, **more: object) -> Message:
    return order_message(sentence, template, missing.parcel.order, **{"facts": missing_facts(missing, contents), **more})


def missing_reported_message(missing: MissingParcel, contents: ParcelContents) -> Message:
    return missing_message(_("You told us that your leaflets never came: %(reference)s"), "order_missing", missing, contents)


def missing_sent_again_message(missing: MissingParcel, again: Order) -> Message:
    """About the new order, which has a reference of its own."""
    first = missing.parcel.order.reference
    sentence = _("We are sending your leaflets again: %(first)s is now %(reference)s").replace("%(first)s", first)
    return order_message(sentence, "order_resent", again, first=first)


def missing_closed_message(missing: MissingParcel, contents: ParcelContents, reason: str) -> Message:
    return missing_message(
        _("About your leaflets that never came (%(reference)s)"), "order_not_resent", missing, contents, reason=reason
    )


def missing_for_staff_message(missing: MissingParcel, contents: ParcelContents) -> Message:
    url = f"{settings.SITE_URL}{reverse('staff:leaflets_missingparcel_change', args=[missing.pk])}"
    sentence = _("Please decide: the leaflets of %(reference)s never came")
    return missing_message(sentence, "order_missing_for_staff", missing, contents, url=url)


# What is read for them


def missing_key(notification: "Notification") -> int:
    return int(notification.about.removeprefix("missing:"))


def missing_from_notification(notification: "Notification") -> MissingParcel:
    return MissingParcel.objects.select_related("parcel__order").get(pk=missing_key(notification))


def with_contents(missing: MissingParcel) -> tuple[MissingParcel, ParcelContents]:
    return missing, contents_rows(parcel_contents([missing.parcel])[0])


def build_missing_sent_again(notification: "Notification") -> Message:
    missing = missing_from_notification(notification)
    return missing_sent_again_message(missing, Order.objects.with_lines().get(replaces=missing))


def build_missing_closed(notification: "Notification") -> Message:
    missing = missing_from_notification(notification)
    return missing_closed_message(*with_contents(missing), "" if is_kept_back(f"missing:{missing.pk}") else missing.reason)


def missing_state_is(notification: "Notification", state: MissingState) -> bool:
    return MissingParcel.objects.filter(pk=missing_key(notification), state=state).exists()


def replacement_still_comes(notification: "Notification") -> bool:
    """The order that sends it again was not cancelled since."""
    return Order.objects.filter(replaces=missing_key(notification)).exclude(state=OrderState.CANCELLED).exists()


MISSING_EMAILS = (
    Kind(
        *(
            "order-missing",
            gettext_lazy("Parcel never came"),
            lambda n: missing_reported_message(*with_contents(missing_from_notification(n))),
        ),
        lambda n: missing_state_is(n, MissingState.OPEN),
    ),
    Kind("order-resent", gettext_lazy("Lost parcel sent again"), build_missing_sent_again, replacement_still_comes),
    Kind(
        *("order-not-resent", gettext_lazy("Lost parcel not sent again"), build_missing_closed),
        lambda n: missing_state_is(n, MissingState.CLOSED),
    ),
    Kind(
        *(
            "staff-order-missing",
            gettext_lazy("To staff: parcel never came"),
            lambda n: missing_for_staff_message(*with_contents(missing_from_notification(n))),
        ),
        lambda n: missing_state_is(n, MissingState.OPEN),
        in_digest=lambda n, digest_at: True,
    ),
)


# Orders that exist only to be shown in emails: nothing of them is stored.

SAMPLE_NOW = datetime(2027, 2, 22, 10, tzinfo=UTC)
EMAIL_LABELS = {kind.name: kind.label for kind in (*ORDER_EMAILS, *MISSING_EMAILS)}
SAMPLE_ADDRESS = {
    "name": "Nadia Rahman",
    "attention": "Second floor, health visiting",
    "organisation_name": "Leeds Community Healthcare",
    "address_line_1": "St James Health Centre",
    "address_line_2": "1 Park Row",
    "town": "Leeds",
    "postcode": "LS1 4AP",
}


def order_examples() -> Iterator[Example]:
    for kind, words in (
        ("order-received", received_message),
        ("order-requested", requested_message),
        ("order-stocked", stocked_message),
        ("order-changed", changed_message),
        ("order-cancelled", cancelled_message),
        ("staff-new-order", new_order_for_staff_message),
        ("staff-order-request", request_for_staff_message),
    ):
        yield Example(kind, EMAIL_LABELS[kind], partial(words, sample_order()))
    yield Example(
        "order-stocked",
        gettext_lazy("Some of the leaflets came in for an order"),
        partial(stocked_message, sample_order(given=20, to_come=5)),
    )
    yield Example("order-approved", EMAIL_LABELS["order-approved"], partial(approved_message, sample_order(given=20, to_come=5)))
    reason = "Our next print comes in April. Until then we keep what is left for teams that have none."
    yield Example("order-declined", EMAIL_LABELS["order-declined"], partial(declined_message, sample_order(), reason))
    sent = [(25, SAMPLE_TITLES[0]), (50, SAMPLE_TITLES[1])]
    parcel = Dispatch(pk=1, dispatched_at=SAMPLE_NOW, tracking_number="RM 1234 5678 9GB")
    yield Example(
        "order-dispatched", EMAIL_LABELS["order-dispatched"], partial(dispatched_message, sample_order(to_come=5), parcel, sent)
    )
    parcel.order = sample_order(to_come=5)
    other = Dispatch(pk=2, dispatched_at=SAMPLE_NOW, order=sample_order(key=2, reference="LO-8WQC-4D", attention=""))
    several = [(parcel, sent), (other, [(75, SAMPLE_TITLES[2])])]
    yield Example(
        "order-dispatched", gettext_lazy("What left on a day, several parcels"), partial(dispatch_summary_message, several)
    )
    given = partial(dispatched_message, sample_order(brought_with="BK-7Q4M-2F"), Dispatch(pk=2, dispatched_at=SAMPLE_NOW), sent)
    yield Example(
        "order-dispatched", gettext_lazy("%(kind)s, by the presenter") % {"kind": EMAIL_LABELS["order-dispatched"]}, given
    )

    yield from missing_examples(parcel, sent)


def missing_examples(parcel: Dispatch, sent: list[tuple[int, str]]) -> Iterator[Example]:
    missing = MissingParcel(pk=1, parcel=parcel, reported_at=SAMPLE_NOW, note="Our post room moved to Elland Road in January.")
    again = sample_order(key=3, reference="LO-9RMT-2C")
    why = "The post has a signature from your reception, of 25 February. Ask there for a box from us, please."
    for kind, words in (
        ("order-missing", partial(missing_reported_message, missing, sent)),
        ("order-resent", partial(missing_sent_again_message, missing, again)),
        ("order-not-resent", partial(missing_closed_message, missing, sent, why)),
        ("staff-order-missing", partial(missing_for_staff_message, missing, sent)),
    ):
        yield Example(kind, EMAIL_LABELS[kind], words)


def sample_order(*, key: int = 1, given: int = 0, to_come: int = 0, **fields: Any) -> Order:
    """`given`: so many copies of each title were agreed, if not all; `to_come`: so many of the last are waited for."""
    defaults = {"reference": "LO-3XK9-PT", "state": OrderState.RECEIVED, **SAMPLE_ADDRESS}
    made = Order(pk=key, created_at=SAMPLE_NOW, **{**defaults, **fields})
    lines = [_sample_line(number, title, given) for number, title in enumerate(SAMPLE_TITLES, start=1)]
    lines[-1].backordered, lines[-1].allocated = to_come, lines[-1].allocated - to_come
    made.sample_lines = lines
    return made


def _sample_line(number: int, title: str, given: int) -> OrderLine:
    leaflet, copies = Leaflet(pk=number, title=title), 25 * number
    edition = Edition(pk=number, leaflet=leaflet, label="March 2026")
    given = given or copies
    return OrderLine(pk=number, copies=copies, allocated=given, cancelled=copies - given, edition=edition)
