"""The email about a recalled edition: what to do with the copies, why, which they are, and what becomes of open orders."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.urls import reverse
from django.utils.functional import Promise, cached_property
from django.utils.translation import gettext, gettext_lazy as _

from core.dates import format_day
from leaflets.models import (
    Advice,
    Edition,
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
from leaflets.orders.emails import copies_text, sample_order
from leaflets.recalls.services import EDITION_RECALLED_KIND
from leaflets.stock.emails import sample_edition
from notifications.registry import Desk, Email
from notifications.samples import SAMPLE_NOW, Example, example


@dataclass(frozen=True)
class ReceivedCopies:
    """Copies that left for somebody on a day, with an order."""

    reference: str
    copies: int
    day: str
    brought: bool


class EditionRecalled(Email):
    """About "recall:3:12": the recall and its holder, until they are erased.

    People without copies (no `received`) read only about the copies that they wait for.
    """

    name = EDITION_RECALLED_KIND
    label = _("Leaflet recalled")
    subject = _("Please stop using our leaflet “%(title)s”")
    subject_of_kept = _("A mistake in our leaflet “%(title)s”")
    subject_before_posting = _("A change to your leaflet order: “%(title)s”")
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
        """The orders of this person that the recall changes."""
        orders = RecallOrder.objects.filter(recall=self.holder.recall_id, order__person=self.holder.person_id)
        return list(orders.select_related("order").order_by("pk"))

    @cached_property
    def received(self) -> Sequence[ReceivedCopies]:
        """One row a parcel, from the ledger, the oldest first. Two statements: the lines' keys first."""
        lines = OrderLine.objects.filter(order__person=self.holder.person_id, edition=self.recall.edition, dispatched__gt=0)
        dispatched = StockMovement.objects.filter(
            order_line__in=list(lines.values_list("pk", flat=True)), kind=MovementKind.DISPATCHED
        )
        return [
            ReceivedCopies(
                reference=movement.order_line.order.reference,  # type: ignore[union-attr]
                copies=movement.copies,
                day=format_day(movement.at),
                brought=bool(movement.order_line.order.visit_reference),  # type: ignore[union-attr]
            )
            for movement in dispatched.select_related("order_line__order").order_by("at", "pk")
        ]

    def get_subject(self) -> str | Promise:
        if not self.received:
            return self.subject_before_posting
        return self.subject_of_kept if self.recall.advice == Advice.KEEP else self.subject

    def context(self) -> dict[str, object]:
        recall, received = self.recall, self.received
        open_orders = [recall_order.order for recall_order in self.orders if recall_order.order.is_open]
        had = []
        for copies in received:
            value = gettext("Sent on %(day)s, order %(reference)s")
            if copies.brought:
                value = gettext("Brought by our presenter, order %(reference)s")
            facts = {"reference": copies.reference, "day": copies.day}
            had.append({"label": copies_text(copies.copies), "value": value % facts})
        return {
            "recall": recall,
            "edition": recall.edition,
            "title": recall.edition.leaflet.title,
            "why": recall.edition.withdrawn_why,
            "words": recall.words,
            "had": had,
            "waits": [self.order_row(recall_order) for recall_order in self.orders],
            "copies": sum(copies.copies for copies in received),
            **self.link(open_orders),
        }

    def order_row(self, recall_order: RecallOrder) -> dict[str, str]:
        """What happens to one order, in a sentence or two."""
        successor, title = self.recall.successor, ""
        if successor and self.recall.instead == RecallReplacement.SAME:
            title = gettext("the %(label)s edition") % {"label": successor.label}
        elif successor:
            title = gettext("“%(title)s”") % {"title": successor.leaflet.title}
        facts = {"title": title, "recalled": self.recall.edition.leaflet.title}
        parts = [
            (recall_order.moved, _("We will send you %(copies)s of %(title)s instead.")),
            (recall_order.to_come, self.waiting_text(recall_order)),
            (recall_order.cancelled, _("We won’t send %(copies)s of “%(recalled)s”.")),
        ]
        sentences = [str(sentence) % {**facts, "copies": copies_text(count)} for count, sentence in parts if count]
        if recall_order.order.state == OrderState.CANCELLED:
            sentences.append(gettext("Nothing else was in this order, so it is cancelled."))
        return {"label": recall_order.order.reference, "value": " ".join(sentences)}

    def waiting_text(self, recall_order: RecallOrder) -> str | Promise:
        if recall_order.order.state == OrderState.REQUESTED:
            return _("You asked for %(copies)s. If we agree, we will send %(title)s.") if self.recall.successor else ""
        if self.recall.successor is None:
            return _(
                "We will send your %(copies)s when the next edition is printed. We will keep your place, and email you then."
            )
        if recall_order.moved:
            return _("We will send another %(copies)s as soon as we have more.")
        return _("We will send you %(copies)s of %(title)s instead, as soon as we have more.")

    def link(self, open_orders: list[Order]) -> dict[str, str]:
        """The one thing to do on the website. People who have no copies and get others need not order again."""
        recall, leaflet, successor = self.recall, self.recall.edition.leaflet, self.recall.successor
        path, label = reverse("leaflets"), gettext("See all leaflets")
        if open_orders and not self.received:
            path, label = reverse("my"), gettext("See your orders")
            if len(open_orders) == 1:
                path, label = open_orders[0].get_absolute_url(), gettext("See your order")
        elif successor:
            path, label = successor.leaflet.get_absolute_url(), gettext("See what to use instead")
            if recall.instead == RecallReplacement.SAME:
                label = gettext("Order the new edition")
        elif recall.instead == RecallReplacement.WAIT and leaflet.active:
            path, label = leaflet.get_absolute_url(), gettext("Read about it on the leaflet’s page")
        return {"url": f"{settings.SITE_URL}{path}", "label": label}


def examples() -> list[Example]:
    """One for each advice, and one for people who have no copies yet."""
    edition = sample_edition(withdrawn_why="The phone number on page 2 is wrong.")
    newer = Edition(pk=2, leaflet=edition.leaflet, label="February 2027")
    sent = [
        ReceivedCopies("LO-3XK9-PT", 25, "Monday 22 February 2027", brought=False),
        ReceivedCopies("LO-8WQC-4D", 10, "Tuesday 2 March 2027", brought=True),
    ]
    waits = RecallOrder(order=sample_order(reference="LO-9RMT-2C"), moved=20, to_come=5, cancelled=0)
    gone = RecallOrder(order=sample_order(state=OrderState.CANCELLED), moved=0, to_come=0, cancelled=30)
    back = "Write “Freepost CTAC leaflets” on the parcel. You need no stamp and no other address."
    tell = "The phone number on page 2 is wrong. The right one is 0808 800 5000."
    return [
        _example(gettext("to recycle"), sent, [waits], edition=edition, instead=RecallReplacement.SAME, successor=newer),
        _example(
            gettext("to send back"),
            sent[:1],
            edition=edition,
            advice=Advice.SEND_BACK,
            words=back,
            instead=RecallReplacement.CANCEL,
        ),
        _example(gettext("to keep"), sent, edition=edition, advice=Advice.KEEP, words=tell, instead=RecallReplacement.WAIT),
        _example(gettext("before it came"), [], [gone], edition=edition, instead=RecallReplacement.CANCEL),
    ]


def _example(case: str, received: list[ReceivedCopies], orders: Sequence[RecallOrder] = (), **fields: Any) -> Example:
    """What somebody reads who has received these copies; `fields` are of the recall."""
    recall = Recall(pk=0, recalled_at=SAMPLE_NOW, **{"advice": Advice.RECYCLE, **fields})
    return example(EditionRecalled, case, recall=recall, received=received, orders=orders)
