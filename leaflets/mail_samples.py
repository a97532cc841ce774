"""Orders that exist only to be shown in emails: nothing of them is stored."""

from collections.abc import Iterator
from datetime import UTC, datetime
from functools import partial
from typing import Any

from django.utils.translation import gettext_lazy as _

from leaflets import alert_mail, edition_mail, emails, missing_emails, recall_emails, stock_mail
from leaflets.models import (
    Advice,
    Dispatch,
    Edition,
    Instead,
    Leaflet,
    MissingParcel,
    Order,
    OrderLine,
    OrderState,
    Recall,
    RecallOrder,
)
from notifications.samples import Example

NOW = datetime(2027, 2, 22, 10, tzinfo=UTC)
LABELS = {kind.name: kind.label for kind in (*emails.KINDS, *missing_emails.KINDS)}
ADDRESS = {
    "name": "Nadia Rahman",
    "attention": "Second floor, health visiting",
    "organisation_name": "Leeds Community Healthcare",
    "address_line_1": "St James Health Centre",
    "address_line_2": "1 Park Row",
    "town": "Leeds",
    "postcode": "LS1 4AP",
}
TITLES = (
    "Stop child trafficking in its tracks: advice for health visitors",
    "Stop child trafficking in its tracks: advice for A&E departments and walk-in clinics",
    "Child trafficking is child abuse",
)


def examples() -> Iterator[Example]:
    for kind, words in (
        ("order-received", emails.received),
        ("order-requested", emails.requested),
        ("order-stocked", emails.stocked),
        ("order-changed", emails.changed),
        ("order-cancelled", emails.cancelled),
        ("staff-new-order", emails.for_staff),
        ("staff-order-request", emails.request_for_staff),
    ):
        yield Example(kind, LABELS[kind], partial(words, order()))
    yield Example(
        "order-stocked", _("Some of the leaflets came in for an order"), partial(emails.stocked, order(given=20, to_come=5))
    )
    yield Example("order-approved", LABELS["order-approved"], partial(emails.approved, order(given=20, to_come=5)))
    reason = "Our next print comes in April. Until then we keep what is left for teams that have none."
    yield Example("order-declined", LABELS["order-declined"], partial(emails.declined, order(), reason))
    sent = [(25, TITLES[0]), (50, TITLES[1])]
    parcel = Dispatch(pk=1, dispatched_at=NOW, tracking_number="RM 1234 5678 9GB")
    yield Example("order-dispatched", LABELS["order-dispatched"], partial(emails.dispatched, order(to_come=5), parcel, sent))
    parcel.order = order(to_come=5)
    other = Dispatch(pk=2, dispatched_at=NOW, order=order(key=2, reference="LO-8WQC-4D", attention=""))
    several = [(parcel, sent), (other, [(75, TITLES[2])])]
    yield Example("order-dispatched", _("What left on a day, several parcels"), partial(emails.dispatched_together, several))
    given = partial(emails.dispatched, order(brought_with="BK-7Q4M-2F"), Dispatch(pk=2, dispatched_at=NOW), sent)
    yield Example("order-dispatched", _("%(kind)s, by the presenter") % {"kind": LABELS["order-dispatched"]}, given)

    yield from examples_of_missing(parcel, sent)
    lasts = (
        "12 free to give: about 9 days, until 3 March 2027. Its reorder level is 50.",
        "0 free to give: out since 19 February 2027",
    )
    left = [(TITLES[0], lasts[0]), (TITLES[2], lasts[1])]
    yield Example(stock_mail.KIND.name, stock_mail.KIND.label, partial(stock_mail.low, left))


def examples_of_missing(parcel: Dispatch, sent: list[tuple[int, str]]) -> Iterator[Example]:
    missing = MissingParcel(pk=1, parcel=parcel, reported_at=NOW, note="Our post room moved to Elland Road in January.")
    again = order(key=3, reference="LO-9RMT-2C")
    why = "The post has a signature from your reception, of 25 February. Ask there for a box from us, please."
    for kind, words in (
        ("order-missing", partial(missing_emails.told, missing, sent)),
        ("order-resent", partial(missing_emails.sent_again, missing, again)),
        ("order-not-resent", partial(missing_emails.closed, missing, sent, why)),
        ("staff-order-missing", partial(missing_emails.for_staff, missing, sent)),
    ):
        yield Example(kind, LABELS[kind], words)


def alert_examples() -> Iterator[Example]:
    for label, active, copies in (
        (_("Leaflet back in stock"), True, 40),
        (_("Out of stock again"), True, 0),
        (_("Gone"), False, 0),
    ):
        leaflet = Leaflet(pk=1, slug="health-visitors", title=TITLES[0], active=active)
        leaflet.current_editions = [Edition(pk=1, leaflet=leaflet, label="March 2026", on_hand=copies)]
        yield Example(alert_mail.KIND.name, label, partial(alert_mail.news_of, leaflet))


def edition_examples() -> Iterator[Example]:
    leaflets = [Leaflet(pk=number, slug=f"leaflet-{number}", title=title) for number, title in enumerate(TITLES[:2], start=1)]
    editions = [Edition(pk=leaflet.pk, leaflet=leaflet, label="February 2027") for leaflet in leaflets]
    for label, some in ((edition_mail.KIND.label, editions[:1]), (_("New editions of several leaflets"), editions)):
        yield Example(edition_mail.KIND.name, label, partial(edition_mail.news_of, some))


def recall_examples() -> Iterator[Example]:
    """One for each advice, and one for who had no copy yet."""
    sent = [
        recall_emails.Received("LO-3XK9-PT", 25, "Monday 22 February 2027", brought=False),
        recall_emails.Received("LO-8WQC-4D", 10, "Tuesday 2 March 2027", brought=True),
    ]
    waits = RecallOrder(order=order(reference="LO-9RMT-2C"), moved=20, to_come=5, cancelled=0)
    gone = RecallOrder(order=order(state=OrderState.CANCELLED), moved=0, to_come=0, cancelled=30)
    back = "Write “Freepost CTAC leaflets” on the parcel. You need no stamp and no other address."
    tell = "The phone number on page 2 is wrong. The right one is 0808 800 5000."
    for what, advice, words, instead, had, orders in (
        (_("to recycle"), Advice.RECYCLE, "", Instead.SAME, sent, [waits]),
        (_("to send back"), Advice.SEND_BACK, back, Instead.CANCEL, sent[:1], []),
        (_("to keep"), Advice.KEEP, tell, Instead.WAIT, sent, []),
        (_("before it came"), Advice.RECYCLE, "", Instead.CANCEL, [], [gone]),
    ):
        label = _("%(kind)s, %(what)s") % {"kind": recall_emails.KIND.label, "what": what}
        recall = recalled(advice=advice, words=words, instead=instead)
        yield Example(recall_emails.KIND.name, label, partial(recall_emails.about_recall, recall, had, orders))


def recalled(**fields: Any) -> Recall:
    leaflet, why = Leaflet(pk=1, slug="health-visitors", title=TITLES[0]), "The phone number on page 2 is wrong."
    edition = Edition(pk=1, leaflet=leaflet, label="March 2026", withdrawn_why=why)
    newer = Edition(pk=2, leaflet=leaflet, label="February 2027") if fields["instead"] == Instead.SAME else None
    return Recall(pk=1, edition=edition, successor=newer, recalled_at=NOW, **fields)


def order(*, key: int = 1, given: int = 0, to_come: int = 0, **fields: Any) -> Order:
    """`given`: so many copies of each title were agreed, if not all; `to_come`: so many of the last are waited for."""
    defaults = {"reference": "LO-3XK9-PT", "state": OrderState.RECEIVED, **ADDRESS}
    made = Order(pk=key, created_at=NOW, **{**defaults, **fields})
    lines = [_line(number, title, given) for number, title in enumerate(TITLES, start=1)]
    lines[-1].backordered, lines[-1].allocated = to_come, lines[-1].allocated - to_come
    made.sample_lines = lines
    return made


def _line(number: int, title: str, given: int) -> OrderLine:
    leaflet, copies = Leaflet(pk=number, title=title), 25 * number
    edition = Edition(pk=number, leaflet=leaflet, label="March 2026")
    given = given or copies
    return OrderLine(pk=number, copies=copies, allocated=given, cancelled=copies - given, edition=edition)
