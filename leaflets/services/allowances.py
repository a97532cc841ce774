"""How many copies of a title someone may still order: a person, and a workplace, in any 90 days.

A workplace is an organisation at one postcode, since a trust of 10,000 people is not one ward. What was cancelled or declined
is not counted, nor what replaces a parcel that never came; what is still open is.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import Enum, auto

from django.db.models import F, Min, Q, Sum

from ctac.uk import uk_day
from leaflets.models import Leaflet, OrderLine

WINDOW = timedelta(days=90)


class Whose(Enum):
    """Which of a title's limits is the narrowest now."""

    ORDER = auto()
    PERSON = auto()
    WORKPLACE = auto()


@dataclass(frozen=True)
class Workplace:
    """`organisation`: its key, if the person has one; `postcode` in canonical form."""

    organisation: int | None
    postcode: str


@dataclass(frozen=True)
class Ordered:
    """Copies of one title that were ordered in the window; `since`: the earliest of those orders."""

    copies: int = 0
    since: datetime | None = None

    @property
    def until(self) -> date | None:
        """The UK day on which the earliest of them is counted no longer."""
        return uk_day(self.since + WINDOW) if self.since else None


@dataclass(frozen=True)
class Allowance:
    """`copies` that may still be ordered at once, `until` that day (None: it does not depend on earlier orders)."""

    copies: int
    whose: Whose = Whose.ORDER
    ordered: int = 0
    until: date | None = None


@dataclass(frozen=True)
class OrderedLately:
    """What counts for one title: the person's orders, and their workplace's."""

    person: Ordered = Ordered()
    workplace: Ordered = Ordered()

    def allowance(self, leaflet: Leaflet) -> Allowance:
        """The narrowest of the three limits; of two as narrow, the one that says most about what to do."""
        limits = (Allowance(leaflet.most_per_order), self.of_the_person(leaflet), self.at_work(leaflet))
        return min(limits, key=lambda limit: limit.copies)

    def left(self, leaflet: Leaflet) -> Allowance | None:
        """What may still be ordered in several orders, where earlier ones count; None if nothing was ordered."""
        limits = [limit for limit in (self.of_the_person(leaflet), self.at_work(leaflet)) if limit.until is not None]
        return min(limits, key=lambda limit: limit.copies, default=None)

    def of_the_person(self, leaflet: Leaflet) -> Allowance:
        """What the person alone may still have."""
        own = self.person
        return Allowance(max(leaflet.most_per_person - own.copies, 0), Whose.PERSON, own.copies, own.until)

    def at_work(self, leaflet: Leaflet) -> Allowance:
        """What the workplace alone may still have."""
        here = self.workplace
        return Allowance(max(leaflet.most_per_workplace - here.copies, 0), Whose.WORKPLACE, here.copies, here.until)


NOTHING_LATELY = OrderedLately()
Lately = Mapping[int, OrderedLately]  # by the leaflet's key; a title that nobody ordered is missing


def ordered_lately(
    *, person: int, workplace: Workplace, leaflets: Iterable[Leaflet], now: datetime, but_not: int | None = None
) -> Lately:
    """What this person and this workplace have ordered of these titles in the last 90 days. One statement.

    `but_not`: the key of an order that is being changed, so its own copies are not in its way. To rely on the answer, hold the
    locks of the titles' editions: whoever orders the same title waits for them.
    """
    own = Q(order__person=person)
    here = Q(order__organisation=workplace.organisation, order__postcode=workplace.postcode)
    lines = OrderLine.objects.filter(
        own | here, order__created_at__gt=now - WINDOW, order__replaces=None, copies__gt=F("cancelled")
    )
    if but_not is not None:
        lines = lines.exclude(order=but_not)
    copies = F("copies") - F("cancelled")
    rows = (
        lines.filter(edition__leaflet__in=[leaflet.pk for leaflet in leaflets])
        .order_by()
        .values_list("edition__leaflet")
        .annotate(
            own_copies=Sum(copies, filter=own, default=0),
            own_since=Min("order__created_at", filter=own),
            copies_here=Sum(copies, filter=here, default=0),
            since_here=Min("order__created_at", filter=here),
        )
    )
    return {
        leaflet: OrderedLately(Ordered(own_copies, own_since), Ordered(copies_here, since_here))
        for leaflet, own_copies, own_since, copies_here, since_here in rows
    }
