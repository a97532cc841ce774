"""Orders that exist only to be shown in emails: nothing of them is stored."""

from collections.abc import Iterator
from datetime import UTC, datetime
from functools import partial
from typing import Any

from django.utils.translation import gettext_lazy

from leaflets import emails, missing_emails
from leaflets.models import Dispatch, Edition, Leaflet, MissingParcel, Order, OrderLine, OrderState
from leaflets.stock_mail import SAMPLE_TITLES
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
        "order-stocked",
        gettext_lazy("Some of the leaflets came in for an order"),
        partial(emails.stocked, order(given=20, to_come=5)),
    )
    yield Example("order-approved", LABELS["order-approved"], partial(emails.approved, order(given=20, to_come=5)))
    reason = "Our next print comes in April. Until then we keep what is left for teams that have none."
    yield Example("order-declined", LABELS["order-declined"], partial(emails.declined, order(), reason))
    sent = [(25, SAMPLE_TITLES[0]), (50, SAMPLE_TITLES[1])]
    parcel = Dispatch(pk=1, dispatched_at=NOW, tracking_number="RM 1234 5678 9GB")
    yield Example("order-dispatched", LABELS["order-dispatched"], partial(emails.dispatched, order(to_come=5), parcel, sent))
    parcel.order = order(to_come=5)
    other = Dispatch(pk=2, dispatched_at=NOW, order=order(key=2, reference="LO-8WQC-4D", attention=""))
    several = [(parcel, sent), (other, [(75, SAMPLE_TITLES[2])])]
    yield Example(
        "order-dispatched", gettext_lazy("What left on a day, several parcels"), partial(emails.dispatched_together, several)
    )
    given = partial(emails.dispatched, order(brought_with="BK-7Q4M-2F"), Dispatch(pk=2, dispatched_at=NOW), sent)
    yield Example("order-dispatched", gettext_lazy("%(kind)s, by the presenter") % {"kind": LABELS["order-dispatched"]}, given)

    yield from examples_of_missing(parcel, sent)


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


def order(*, key: int = 1, given: int = 0, to_come: int = 0, **fields: Any) -> Order:
    """`given`: so many copies of each title were agreed, if not all; `to_come`: so many of the last are waited for."""
    defaults = {"reference": "LO-3XK9-PT", "state": OrderState.RECEIVED, **ADDRESS}
    made = Order(pk=key, created_at=NOW, **{**defaults, **fields})
    lines = [_line(number, title, given) for number, title in enumerate(SAMPLE_TITLES, start=1)]
    lines[-1].backordered, lines[-1].allocated = to_come, lines[-1].allocated - to_come
    made.sample_lines = lines
    return made


def _line(number: int, title: str, given: int) -> OrderLine:
    leaflet, copies = Leaflet(pk=number, title=title), 25 * number
    edition = Edition(pk=number, leaflet=leaflet, label="March 2026")
    given = given or copies
    return OrderLine(pk=number, copies=copies, allocated=given, cancelled=copies - given, edition=edition)
