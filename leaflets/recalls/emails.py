"""The email about a recalled edition: what to do with the copies, why, which they are, and what becomes of open orders."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.urls import reverse
from django.utils.functional import Promise, cached_property
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

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
from notifications.registry import Desk, Email
from notifications.samples import Example, example


@dataclass(frozen=True)
class ReceivedCopies:
    """Copies that left for somebody on a day, with an order."""

    reference: str
    copies: int
    day: str
    brought: bool


class EditionRecalled(Email):
    """About "recall:3:12", the recall and its holder, until they are erased.

    Who has no copies of it (`received`) reads only of what they still wait for.
    """

    name = EDITION_RECALLED
    label = _("Leaflet recalled")
    template = "edition_recalled"
    desk = Desk.LEAFLETS

    @property
    def holder_key(self) -> int:
        return int(self.notification.about.split(":")[2])

    def is_still_due(self) -> bool:
        return RecallHolder.objects.filter(pk=self.holder_key).exists()

    @cached_property
    def holder(self) -> RecallHolder:
        recalls = RecallHolder.objects.select_related("recall__edition__leaflet", "recall__successor__leaflet")
        return recalls.get(pk=self.holder_key)

    @cached_property
    def recall(self) -> Recall:
        return self.holder.recall

    @cached_property
    def orders(self) -> Sequence[RecallOrder]:
        """Those of theirs that it changes."""
        orders = RecallOrder.objects.filter(recall=self.holder.recall_id, order__person=self.holder.person_id)
        return list(orders.select_related("order").order_by("pk"))

    @cached_property
    def received(self) -> Sequence[ReceivedCopies]:
        """Parcel by parcel, as the ledger has them, the oldest first. Two statements: by their own lines."""
        lines = OrderLine.objects.filter(order__person=self.holder.person_id, edition=self.recall.edition, dispatched__gt=0)
        left = StockMovement.objects.filter(order_line__in=list(lines.values_list("pk", flat=True)), kind=MovementKind.DISPATCHED)
        return [
            ReceivedCopies(
                reference=movement.order_line.order.reference,  # type: ignore[union-attr]
                copies=movement.copies,
                day=format_day(movement.at),
                brought=bool(movement.order_line.order.brought_with),  # type: ignore[union-attr]
            )
            for movement in left.select_related("order_line__order").order_by("at", "pk")
        ]

    def get_subject(self) -> Promise:
        if not self.received:
            return _("A change to your leaflet order: “%(title)s”")
        if self.recall.advice == Advice.KEEP:
            return _("A mistake in our leaflet “%(title)s”")
        return _("Please stop using our leaflet “%(title)s”")

    def context(self) -> dict[str, object]:
        recall, received = self.recall, self.received
        still = [each.order for each in self.orders if each.order.is_open]
        return {
            "recall": recall,
            "edition": recall.edition,
            "title": recall.edition.leaflet.title,
            "why": recall.edition.withdrawn_why,
            "words": recall.words,
            "had": [self.received_row(each) for each in received],
            "waits": [self.order_row(each) for each in self.orders],
            "copies": sum(each.copies for each in received),
            **(self.next_step_link() if received or not still else self.see_orders_link(still)),
        }

    @staticmethod
    def received_row(each: ReceivedCopies) -> dict[str, str]:
        sentence = (
            _("Brought by our presenter, order %(reference)s") if each.brought else _("Sent on %(day)s, order %(reference)s")
        )
        return {"label": copies_text(each.copies), "value": str(sentence) % {"reference": each.reference, "day": each.day}}

    def order_row(self, each: RecallOrder) -> dict[str, str]:
        """What becomes of one order, in a sentence or two."""
        facts = {"title": self.successor_text(), "recalled": self.recall.edition.leaflet.title}
        parts = [
            (each.moved, _("You get %(copies)s of %(title)s instead.")),
            (each.to_come, self.waiting_text(each)),
            (each.cancelled, _("We don’t send %(copies)s of “%(recalled)s”.")),
        ]
        sentences = [str(sentence) % {**facts, "copies": copies_text(count)} for count, sentence in parts if count]
        if each.order.state == OrderState.CANCELLED:
            sentences.append(gettext("Nothing else was in this order, so it is cancelled."))
        return {"label": each.order.reference, "value": " ".join(sentences)}

    def successor_text(self) -> str:
        """'the new edition, May 2027' or '“Another title”'."""
        successor = self.recall.successor
        if successor is None:
            return ""
        if self.recall.instead == RecallReplacement.SAME:
            return gettext("the edition of %(label)s") % {"label": successor.label}
        return gettext("“%(title)s”") % {"title": successor.leaflet.title}

    def waiting_text(self, each: RecallOrder) -> str | Promise:
        if each.order.state == OrderState.REQUESTED:
            return _("You asked for %(copies)s. If we agree, it is %(title)s.") if self.recall.successor else ""
        if self.recall.successor is None:
            return _("Your %(copies)s come when the next edition is printed. We keep your place, and email you then.")
        if each.moved:
            return _("Another %(copies)s follow as soon as we have more.")
        return _("You get %(copies)s of %(title)s instead, as soon as we have more.")

    def next_step_link(self) -> dict[str, str]:
        """The one thing to do on the website."""
        recall, leaflet, successor = self.recall, self.recall.edition.leaflet, self.recall.successor
        path, label = reverse("leaflets"), gettext("See all leaflets")
        if successor:
            same = recall.instead == RecallReplacement.SAME
            path, label = successor.leaflet.get_absolute_url(), gettext("See what to use instead")
            label = gettext("Order the new edition") if same else label
        elif recall.instead == RecallReplacement.WAIT and leaflet.active:
            path, label = leaflet.get_absolute_url(), gettext("Read about it on the leaflet’s page")
        return {"url": f"{settings.SITE_URL}{path}", "label": label}

    @staticmethod
    def see_orders_link(still: list[Order]) -> dict[str, str]:
        """Of who has no copies and gets others by themselves: to order again would be once too often."""
        one = len(still) == 1
        path = still[0].get_absolute_url() if one else reverse("my")
        return {"url": f"{settings.SITE_URL}{path}", "label": gettext("See your order") if one else gettext("See your orders")}


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
    for case, advice, words, instead, received, orders in (
        (gettext("to recycle"), Advice.RECYCLE, "", RecallReplacement.SAME, sent, [waits]),
        (gettext("to send back"), Advice.SEND_BACK, back, RecallReplacement.CANCEL, sent[:1], []),
        (gettext("to keep"), Advice.KEEP, tell, RecallReplacement.WAIT, sent, []),
        (gettext("before it came"), Advice.RECYCLE, "", RecallReplacement.CANCEL, [], [gone]),
    ):
        recall = sample_recall(advice=advice, words=words, instead=instead)
        yield example(EditionRecalled, case, recall=recall, received=received, orders=orders)


def sample_recall(**fields: Any) -> Recall:
    leaflet, why = Leaflet(pk=1, slug="health-visitors", title=SAMPLE_TITLES[0]), "The phone number on page 2 is wrong."
    edition = Edition(pk=1, leaflet=leaflet, label="March 2026", withdrawn_why=why)
    newer = Edition(pk=2, leaflet=leaflet, label="February 2027") if fields["instead"] == RecallReplacement.SAME else None
    return Recall(pk=1, edition=edition, successor=newer, recalled_at=SAMPLE_NOW, **fields)
