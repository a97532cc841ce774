"""How many copies of a title someone may still order: a person, and a workplace, in any 90 days.

A workplace is an organisation at one postcode, since a trust of 10,000 people is not one ward. What was cancelled or declined
is not counted, nor what replaces a parcel that never came; what is still open is.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import Enum, auto

from ctac.compiled import Statement
from ctac.uk import uk_day
from leaflets.models import Leaflet

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
    at_work = workplace.organisation is not None
    values = {
        "person": person,
        "postcode": workplace.postcode,
        "leaflets": [leaflet.pk for leaflet in leaflets],
        "since": now - WINDOW,
        "but_not": but_not,
    }
    rows = counted.rows(values | {"organisation": workplace.organisation}) if at_work else counted_alone.rows(values)
    return {
        leaflet: OrderedLately(Ordered(own or 0, own_since), Ordered(here or 0, here_since))
        for leaflet, own, own_since, here, here_since in rows
    }


# Two ways to an order, each by an index of its own (order_of_a_person; order_of_a_workplace, or order_by_postcode for who has no
# organisation), and a few rows at the end of either.
ORDERED_LATELY = """
    WITH counted AS (
        SELECT id, created_at, TRUE AS own, postcode = %(postcode)s AND {organisation} AS here
        FROM leaflets_order WHERE person_id = %(person)s AND created_at > %(since)s AND replaces_id IS NULL
        UNION ALL
        SELECT id, created_at, FALSE, TRUE
        FROM leaflets_order
        WHERE {organisation} AND postcode = %(postcode)s AND created_at > %(since)s AND person_id <> %(person)s
            AND replaces_id IS NULL
    )
    SELECT edition.leaflet_id,
        sum(line.copies - line.cancelled) FILTER (WHERE own), min(created_at) FILTER (WHERE own),
        sum(line.copies - line.cancelled) FILTER (WHERE here), min(created_at) FILTER (WHERE here)
    FROM counted
    JOIN leaflets_orderline line ON line.order_id = counted.id AND line.copies > line.cancelled
    JOIN leaflets_edition edition ON edition.id = line.edition_id AND edition.leaflet_id = ANY(%(leaflets)s)
    WHERE counted.id IS DISTINCT FROM %(but_not)s
    GROUP BY edition.leaflet_id
"""


def prepared(organisation: str) -> Statement:
    named = ORDERED_LATELY.format(organisation=organisation)
    return Statement("ordered_lately", re.sub(r"%\(\w+\)s", "%s", named), re.findall(r"%\((\w+)\)s", named))


counted, counted_alone = prepared("organisation_id = %(organisation)s"), prepared("organisation_id IS NULL")
