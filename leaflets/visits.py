"""Which visit an order is brought to: said by the app that has the visits, since this one does not know it (ADR 41)."""

from collections.abc import Callable
from dataclasses import dataclass

from django.db.models import DateTimeField, Value
from django.db.models.expressions import Combinable

VISITS_OPEN_WITH = "bookings.view_booking"  # the permission for the page to which the words lead


@dataclass(frozen=True)
class Visits:
    """`words`: of a booking by its reference, who goes there when, for staff. `starts`: when, of an order in a query."""

    words: Callable[[str], str]
    starts: Callable[[], Combinable]


_told = [Visits(lambda reference: "", lambda: Value(None, DateTimeField()))]


def tell_of_visits(visits: Visits) -> None:
    """Called once, by the app that has them."""
    _told[:] = [visits]


def visit_in_words(reference: str) -> str:
    return _told[0].words(reference) if reference else ""


def start_of_visit() -> Combinable:
    return _told[0].starts()
