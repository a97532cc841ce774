"""The email about a recalled edition: what to do with the copies, why, which they are, and what becomes of open orders."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from ctac.dates import format_day
from leaflets.models import (
    Advice,
    Edition,
    Leaflet,
    MovementKind,
    Order,
    OrderLine,
    OrderState,
    Recall,
    RecallHolder,
    RecallOrder,
    RecallReplacement,
    StockMovement,
)
from leaflets.orders.emails import SAMPLE_NOW, copies_text, sample_order
from leaflets.recalls.services import EDITION_RECALLED
from leaflets.stock.emails import SAMPLE_TITLES
from notifications.registry import Kind, Message
from notifications.samples import Example

if TYPE_CHECKING:
    from notifications.models import Notification


@dataclass(frozen=True)
class ReceivedCopies:
    """Copies that left for somebody on a day, with an order."""

    reference: str
    copies: int
    day: str
    brought: bool


def recall_message(recall: Recall, received: Iterable[ReceivedCopies], orders: Iterable[RecallOrder]) -> Message:
    """What a person reads. Without copies of it (`received`) it is only about what they still wait for."""
    had, changed = list(received), list(orders)
    waits = [order_row(each, recall) for each in changed]
    still = [each.order for each in changed if each.order.is_open]
    title = recall.edition.leaflet.title
    sentence = recall_subject(recall.advice) if had else _("A change to your leaflet order: “%(title)s”")
    context = {
        "recall": recall,
        "edition": recall.edition,
        "title": title,
        "why": recall.edition.withdrawn_why,
        "words": recall.words,
        "had": [received_row(each) for each in had],
        "waits": waits,
        "copies": sum(each.copies for each in had),
        **(next_step_link(recall) if had or not still else see_orders_link(still)),
    }
    return Message(subject=sentence % {"title": title}, template="edition_recalled", context=context)


def recall_subject(advice: str) -> str:
    if advice == Advice.KEEP:
        return _("A mistake in our leaflet “%(title)s”")
    return _("Please stop using our leaflet “%(title)s”")


def received_row(each: ReceivedCopies) -> dict[str, str]:
    facts = {"reference": each.reference, "day": each.day}
    said = _("Brought by our presenter, order %(reference)s") if each.brought else _("Sent on %(day)s, order %(reference)s")
    return {"label": copies_text(each.copies), "value": said % facts}


def order_row(each: RecallOrder, recall: Recall) -> dict[str, str]:
    """What becomes of one order, in a sentence or two."""
    asks = each.order.state == OrderState.REQUESTED
    facts = {"title": successor_text(recall), "recalled": recall.edition.leaflet.title}
    parts = [
        (each.moved, _("You get %(copies)s of %(title)s instead.")),
        (each.to_come, waiting_text(recall, asks=asks, more=bool(each.moved))),
        (each.cancelled, _("We don’t send %(copies)s of “%(recalled)s”.")),
    ]
    said = [words % {**facts, "copies": copies_text(count)} for count, words in parts if count]
    if each.order.state == OrderState.CANCELLED:
        said.append(_("Nothing else was in this order, so it is cancelled."))
    return {"label": each.order.reference, "value": " ".join(said)}


def successor_text(recall: Recall) -> str:
    """'the new edition, May 2027' or '“Another title”'."""
    if recall.successor is None:
        return ""
    if recall.instead == RecallReplacement.SAME:
        return _("the edition of %(label)s") % {"label": recall.successor.label}
    return _("“%(title)s”") % {"title": recall.successor.leaflet.title}


def waiting_text(recall: Recall, *, asks: bool, more: bool) -> str:
    if asks:
        return _("You asked for %(copies)s. If we agree, it is %(title)s.") if recall.successor else ""
    if recall.successor is None:
        return _("Your %(copies)s come when the next edition is printed. We keep your place, and email you then.")
    if more:
        return _("Another %(copies)s follow as soon as we have more.")
    return _("You get %(copies)s of %(title)s instead, as soon as we have more.")


def next_step_link(recall: Recall) -> dict[str, str]:
    """The one thing to do on the website."""
    site, leaflet = settings.SITE_URL, recall.edition.leaflet
    if recall.successor:
        words = _("Order the new edition") if recall.instead == RecallReplacement.SAME else _("See what to use instead")
        return {"url": f"{site}{recall.successor.leaflet.get_absolute_url()}", "label": words}
    if recall.instead == RecallReplacement.WAIT and leaflet.active:
        return {"url": f"{site}{leaflet.get_absolute_url()}", "label": _("Read about it on the leaflet’s page")}
    return {"url": f"{site}{reverse('leaflets')}", "label": _("See all leaflets")}


def see_orders_link(still: list[Order]) -> dict[str, str]:
    """Of who has no copies and gets others by themselves: to order again would be once too often."""
    site, one = settings.SITE_URL, len(still) == 1
    path = still[0].get_absolute_url() if one else reverse("my")
    return {"url": f"{site}{path}", "label": _("See your order") if one else _("See your orders")}


# What is read for it


def build_recall(notification: "Notification") -> Message:
    """Four statements, however many orders they have."""
    recalls = RecallHolder.objects.select_related("recall__edition__leaflet", "recall__successor__leaflet")
    holder = recalls.get(pk=holder_key(notification))
    orders = RecallOrder.objects.filter(recall=holder.recall_id, order__person=holder.person_id).select_related("order")
    return recall_message(holder.recall, copies_received(holder.person_id, holder.recall.edition), orders.order_by("pk"))


def copies_received(person: int, edition: Edition) -> list[ReceivedCopies]:
    """Parcel by parcel, as the ledger has them, the oldest first. Two statements: by their own lines, not by all of the print."""
    lines = list(OrderLine.objects.filter(order__person=person, edition=edition, dispatched__gt=0).values_list("pk", flat=True))
    left = StockMovement.objects.filter(order_line__in=lines, kind=MovementKind.DISPATCHED).select_related("order_line__order")
    return [
        ReceivedCopies(
            reference=movement.order_line.order.reference,  # type: ignore[union-attr]
            copies=movement.copies,
            day=format_day(movement.at),
            brought=bool(movement.order_line.order.brought_with),  # type: ignore[union-attr]
        )
        for movement in left.order_by("at", "pk")
    ]


def holder_key(notification: "Notification") -> int:
    """`about` is the recall's key, then the holder's."""
    return int(notification.about.split(":")[2])


def is_still_holder(notification: "Notification") -> bool:
    """Until they are erased."""
    return RecallHolder.objects.filter(pk=holder_key(notification)).exists()


RECALL_EMAIL = Kind(EDITION_RECALLED, gettext_lazy("Leaflet recalled"), build_recall, is_still_holder)


def recall_examples() -> Iterator[Example]:
    """One for each advice, and one for who had no copy yet."""
    sent = [
        ReceivedCopies("LO-3XK9-PT", 25, "Monday 22 February 2027", brought=False),
        ReceivedCopies("LO-8WQC-4D", 10, "Tuesday 2 March 2027", brought=True),
    ]
    waits = RecallOrder(order=sample_order(reference="LO-9RMT-2C"), moved=20, to_come=5, cancelled=0)
    gone = RecallOrder(order=sample_order(state=OrderState.CANCELLED), moved=0, to_come=0, cancelled=30)
    back = "Write “Freepost CTAC leaflets” on the parcel. You need no stamp and no other address."
    tell = "The phone number on page 2 is wrong. The right one is 0808 800 5000."
    for what, advice, words, instead, had, orders in (
        (gettext_lazy("to recycle"), Advice.RECYCLE, "", RecallReplacement.SAME, sent, [waits]),
        (gettext_lazy("to send back"), Advice.SEND_BACK, back, RecallReplacement.CANCEL, sent[:1], []),
        (gettext_lazy("to keep"), Advice.KEEP, tell, RecallReplacement.WAIT, sent, []),
        (gettext_lazy("before it came"), Advice.RECYCLE, "", RecallReplacement.CANCEL, [], [gone]),
    ):
        label = gettext_lazy("%(kind)s, %(what)s") % {"kind": RECALL_EMAIL.label, "what": what}
        recall = sample_recall(advice=advice, words=words, instead=instead)
        yield Example(RECALL_EMAIL.name, label, partial(recall_message, recall, had, orders))


def sample_recall(**fields: Any) -> Recall:
    leaflet, why = Leaflet(pk=1, slug="health-visitors", title=SAMPLE_TITLES[0]), "The phone number on page 2 is wrong."
    edition = Edition(pk=1, leaflet=leaflet, label="March 2026", withdrawn_why=why)
    newer = Edition(pk=2, leaflet=leaflet, label="February 2027") if fields["instead"] == RecallReplacement.SAME else None
    return Recall(pk=1, edition=edition, successor=newer, recalled_at=SAMPLE_NOW, **fields)
