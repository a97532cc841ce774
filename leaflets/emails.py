"""The emails about orders: what each says, and until when it is true."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, cast

from django.conf import settings
from django.db.models import Prefetch, QuerySet
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from ctac.uk import format_day
from leaflets.models import OPEN_STATES, Dispatch, EventKind, Leaflet, Order, OrderEvent, OrderLine, OrderState
from leaflets.order_reading import with_lines
from leaflets.services.posting import contents_of
from notifications.registry import Kind, Message
from professionals.flagged import is_kept_back

if TYPE_CHECKING:
    from notifications.models import Notification


def order_of(notification: "Notification") -> Order:
    """The order that `about` names ("order:12"), with its lines. Raises Order.DoesNotExist."""
    order = order_found(notification)
    if order is None:
        raise Order.DoesNotExist
    return with_lines(order)


def order_found(notification: "Notification") -> Order | None:
    """While a message is being sent, read once; None if there is no such order any more."""
    found = {} if notification.found is None else notification.found
    if "order" not in found:
        key = int(notification.about.removeprefix("order:"))
        found["order"] = Order.objects.select_related("person").filter(pk=key).first()
    return cast("Order | None", found["order"])


def state_is_not(notification: "Notification", *states: OrderState) -> bool:
    order = order_found(notification)
    return order is not None and order.state not in states


def state_is(notification: "Notification", *states: OrderState) -> bool:
    order = order_found(notification)
    return order is not None and order.state in states


def facts(order: Order, rows: Iterable[tuple[int, str]] | None = None) -> list[dict[str, str]]:
    """The answer of every email: what, where to, reference. `rows`: copies and titles, if it is not the whole order."""
    what = rows if rows is not None else [(line.copies, line.edition.leaflet.title) for line in order.all_lines]
    return [
        *({"label": copies(count), "value": title} for count, title in what),
        {"label": _("Comes") if order.brought_with else _("To"), "value": "\n".join(order.address)},
        {"label": _("Reference"), "value": order.reference},
    ]


def copies(count: int) -> str:
    return ngettext("%(copies)d copy", "%(copies)d copies", count) % {"copies": count}


def still_to_come(order: Order) -> list[str]:
    """For each title of which copies are waited for: how many, and which."""
    waited_for = [(line.backordered, line.edition.leaflet.title) for line in order.all_lines if line.backordered]
    return [_("%(copies)s of “%(title)s”") % {"copies": copies(count), "title": title} for count, title in waited_for]


def context_of(order: Order) -> dict[str, object]:
    url = f"{settings.SITE_URL}{order.get_absolute_url()}"
    return {"order": order, "facts": facts(order), "url": url, "to_come": still_to_come(order)}


def message(sentence: str, template: str, order: Order, **more: object) -> Message:
    subject = sentence % {"reference": order.reference, "summary": order.summary}
    return Message(subject=subject, template=template, context={**context_of(order), **more})


# To the person


def received(order: Order) -> Message:
    return message(_("We have your leaflet order %(reference)s"), "order_received", order)


def requested(order: Order) -> Message:
    return message(_("We have your request for leaflets %(reference)s"), "order_requested", order)


def approved(order: Order) -> Message:
    """What was agreed, and what of that is still to be printed."""
    granted = [(line.copies - line.cancelled, line.edition.leaflet.title) for line in order.all_lines]
    less = any(line.cancelled for line in order.all_lines)
    rows = facts(order, [(count, title) for count, title in granted if count])
    return message(_("Yes: we are sending you leaflets (%(reference)s)"), "order_approved", order, facts=rows, less=less)


def declined(order: Order, reason: str) -> Message:
    return message(_("About your request for leaflets (%(reference)s)"), "order_declined", order, reason=reason, **again())


def stocked(order: Order) -> Message:
    """What is packed now. If it isn't all that was waited for, that is said first."""
    lines = order.all_lines
    part = any(line.backordered for line in lines)
    sentence = _("Some of your leaflets have come in: %(reference)s") if part else _("Your leaflets have come in: %(reference)s")
    rows = [(line.allocated, line.edition.leaflet.title) for line in lines if line.allocated] if part else None
    return message(sentence, "order_stocked", order, facts=facts(order, rows), part=part)


def changed(order: Order) -> Message:
    """What is still to be sent, and where to, after its owner or staff changed it."""
    still = [(line.allocated + line.backordered, line.edition.leaflet.title) for line in order.all_lines]
    rows = facts(order, [(count, title) for count, title in still if count])
    return message(_("Your leaflet order %(reference)s is changed"), "order_changed", order, facts=rows)


def dispatched(order: Order, parcel: Dispatch, contents: Iterable[tuple[int, str]]) -> Message:
    rows = facts_of_parcel(order, parcel, contents)
    if order.brought_with:
        return message(_("Our presenter has your leaflets: %(reference)s"), "order_with_presenter", order, facts=rows)
    return message(_("Your leaflets are on their way: %(reference)s"), "order_dispatched", order, facts=rows)


def facts_of_parcel(order: Order, parcel: Dispatch, contents: Iterable[tuple[int, str]]) -> list[dict[str, str]]:
    tracking = [{"label": _("Tracking number"), "value": parcel.tracking_number}] if parcel.tracking_number else []
    return [*facts(order, contents), *tracking]


def dispatched_together(parcels: Sequence[tuple[Dispatch, Iterable[tuple[int, str]]]]) -> Message:
    """Several parcels of a day, each with what is in it. What an order still waits for is said below its last one."""
    said = [
        {
            "heading": _("Parcel %(number)d of %(parcels)d") % {"number": number, "parcels": len(parcels)},
            "facts": facts_of_parcel(parcel.order, parcel, contents),
            "to_come": [] if parcel.order in (later.order for later, _what in parcels[number:]) else still_to_come(parcel.order),
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


def cancelled(order: Order) -> Message:
    return message(_("Your leaflet order %(reference)s is cancelled"), "order_cancelled", order, **again())


def again() -> dict[str, str]:
    return {"again_url": f"{settings.SITE_URL}{reverse('leaflets')}"}


# To the team


def for_staff(order: Order) -> Message:
    return message(_("New leaflet order %(reference)s: %(summary)s"), "order_for_staff", order, url=staff_url(order))


def request_for_staff(order: Order) -> Message:
    sentence = _("Please decide: leaflet request %(reference)s for %(summary)s")
    return message(sentence, "order_request_for_staff", order, url=staff_url(order))


def staff_url(order: Order) -> str:
    return f"{settings.SITE_URL}{reverse('staff:leaflets_order_change', args=[order.pk])}"


# What is read for them


def said(words: Callable[[Order], Message]) -> Callable[["Notification"], Message]:
    return lambda notification: words(order_of(notification))


def parcels_told_in(notification: "Notification") -> QuerySet[Dispatch]:
    """A message that goes again tells of what the first one told.

    Messages from before a day's parcels were told as one are about an order, and their version is the number of the parcel.
    """
    if not notification.about.startswith("order:"):
        return Dispatch.objects.filter(told_in=notification.resend_of_id or notification.pk).order_by("dispatched_at", "pk")
    of_order = Dispatch.objects.filter(order=int(notification.about.removeprefix("order:"))).order_by("dispatched_at", "pk")
    return of_order.filter(pk__in=of_order.values("pk")[notification.version - 1 : notification.version])


def said_of_parcels(notification: "Notification") -> Message:
    """As many statements for one parcel as for many."""
    lines = Prefetch("order__lines", queryset=OrderLine.objects.in_order())
    parcels = list(parcels_told_in(notification).select_related("order").prefetch_related(lines))
    told = [(parcel, rows_of(what)) for parcel, what in zip(parcels, contents_of(parcels), strict=True)]
    return dispatched_together(told) if len(told) > 1 else dispatched(told[0][0].order, *told[0])


def rows_of(contents: Mapping[Leaflet, int]) -> list[tuple[int, str]]:
    return [(copies, leaflet.title) for leaflet, copies in contents.items()]


def said_why(notification: "Notification") -> Message:
    order = order_of(notification)
    reason = order.events.filter(kind=EventKind.DECLINED).values_list("reason", flat=True)[0]
    return declined(order, "" if is_kept_back(f"order:{order.pk}") else reason)


def is_latest_change(notification: "Notification") -> bool:
    """The next change has a message of its own, which says how the order is now."""
    changes = OrderEvent.objects.filter(order=int(notification.about.removeprefix("order:")), kind=EventKind.CHANGED)
    return changes.count() == notification.version and state_is(notification, *OPEN_STATES)


def has_left(notification: "Notification") -> bool:
    return parcels_told_in(notification).exists()


S = OrderState
KINDS = (
    Kind("order-received", gettext_lazy("Order received"), said(received), lambda n: state_is_not(n, S.CANCELLED)),
    Kind("order-requested", gettext_lazy("More leaflets asked for"), said(requested), lambda n: state_is(n, S.REQUESTED)),
    Kind(
        *("order-approved", gettext_lazy("Request for leaflets agreed"), said(approved)),
        lambda n: state_is_not(n, S.REQUESTED, S.CANCELLED, S.DECLINED),
    ),
    Kind("order-declined", gettext_lazy("Request for leaflets declined"), said_why, lambda n: state_is(n, S.DECLINED)),
    Kind(
        "order-stocked",
        gettext_lazy("Leaflets came in for an order"),
        said(stocked),
        lambda n: state_is(n, S.RECEIVED, S.PACKING),
        can_wait=True,
    ),
    Kind("order-changed", gettext_lazy("Order changed"), said(changed), is_latest_change),
    Kind("order-dispatched", gettext_lazy("What left on a day"), said_of_parcels, has_left, can_wait=True),
    Kind("order-cancelled", gettext_lazy("Order cancelled"), said(cancelled), lambda n: state_is(n, S.CANCELLED)),
    Kind(
        "staff-new-order",
        gettext_lazy("To staff: new order"),
        said(for_staff),
        lambda n: state_is_not(n, S.CANCELLED),
        in_digest=lambda n, digest_at: True,
    ),
    Kind(
        *("staff-order-request", gettext_lazy("To staff: more leaflets asked for"), said(request_for_staff)),
        lambda n: state_is(n, S.REQUESTED),
        in_digest=lambda n, digest_at: True,
    ),
)
