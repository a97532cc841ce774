"""Orders that exist only to be shown in emails: nothing of them is stored."""

from collections.abc import Iterator
from datetime import UTC, datetime
from functools import partial
from typing import Any

from leaflets import emails
from leaflets.models import Dispatch, Edition, Leaflet, Order, OrderLine, OrderState
from notifications.samples import Example

NOW = datetime(2027, 2, 22, 10, tzinfo=UTC)
LABELS = {kind.name: kind.label for kind in emails.KINDS}
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
        ("order-dispatched", emails.dispatched),
        ("order-cancelled", emails.cancelled),
        ("staff-new-order", emails.for_staff),
    ):
        yield Example(kind, LABELS[kind], partial(words, order()))


def order(**fields: Any) -> Order:
    made = Order(pk=1, reference="LO-3XK9-PT", state=OrderState.RECEIVED, created_at=NOW, **{**ADDRESS, **fields})
    # What with_lines() would have fetched: so the messages read it without a database.
    made._prefetched_objects_cache = {  # type: ignore[attr-defined]  # noqa: SLF001 - prefetching itself wants stored rows
        "lines": [_line(number, title) for number, title in enumerate(TITLES, start=1)],
        "dispatches": [Dispatch(pk=1, dispatched_at=NOW, tracking_number="RM 1234 5678 9GB")],
    }
    return made


def _line(number: int, title: str) -> OrderLine:
    leaflet = Leaflet(pk=number, title=title)
    return OrderLine(pk=number, copies=25 * number, edition=Edition(pk=number, leaflet=leaflet, label="March 2026"))
