"""Old orders from a spreadsheet: dispatched long ago, from a shelf that our ledger never saw.

They have no events, parcels or stock movements: nobody gets an email, and an undo can remove them completely. Recent ones count
towards the limits of their person and workplace, like any order, since they do have these copies.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime, time
from typing import Any

from django.db.models import Prefetch
from django.utils.translation import gettext as _, gettext_lazy

from accounts.models import User
from core.dates import uk_datetime, uk_day
from leaflets.models import Edition, Leaflet, Order, OrderChannel, OrderLine, OrderState
from office.site_settings.queries import site_settings
from professionals.imports.contacts import (
    CONTACTS_KIND,
    PERSON_FIELDS,
    full_name,
    is_past_retention,
    mark_past_retention,
    match_people,
)
from professionals.imports.records import (
    check_person_identifiable,
    link_records,
    normalise_text,
    parse_day,
    parse_number,
    people_by_row,
    person_identity,
    texts_mentioning_records,
)
from professionals.imports.registry import ImportField, ImportKind, Match, Removal, Row, parse_text

ORDER_MODEL_LABEL = "leaflets.order"
MAX_COPIES = 100_000
ORDER_FIELDS = (
    ImportField(
        "day",
        gettext_lazy("Date"),
        parse_day,
        required=True,
        aliases=("day", "when", "order date", "date of order", "ordered", "date sent", "date ordered", "sent"),
        help=gettext_lazy("The day comes first: 3/4/2021 is 3 April 2021."),
        example="3 April 2025",
        empty=None,
        free=False,
    ),
    ImportField(
        "leaflet",
        gettext_lazy("Leaflet"),
        parse_text(200),
        required=True,
        aliases=("title", "leaflet title", "short name", "publication", "item"),
        help=gettext_lazy("Its title or short name here, also of one that is out of the catalogue."),
        example="Child trafficking is child abuse",
        free=False,
    ),
    ImportField(
        "copies",
        gettext_lazy("Copies"),
        parse_number(MAX_COPIES),
        required=True,
        aliases=("quantity", "qty", "number", "number of copies", "how many", "amount"),
        example="50",
        empty=0,
        free=False,
    ),
    *PERSON_FIELDS,
)


class TitleLookup:
    """Leaflets by title or short name, each with its editions, the oldest first. Two statements."""

    def __init__(self) -> None:
        self.by_name: dict[str, Leaflet] = {}
        editions = Prefetch("editions", queryset=Edition.objects.order_by("published_on", "pk"), to_attr="prints")
        for leaflet in Leaflet.objects.order_by("active", "-pk").prefetch_related(editions):  # of one title, the active one
            names = (leaflet.slug, normalise_text(leaflet.title), normalise_text(leaflet.own_title))
            self.by_name |= dict.fromkeys(filter(None, names), leaflet)

    def find(self, row: Row) -> Leaflet | None:
        return self.by_name.get(normalise_text(row.values["leaflet"]))

    def edition(self, row: Row) -> Edition | None:
        """The edition of that day, as far as we know; the first edition if the order is older."""
        leaflet = self.find(row)
        prints: list[Edition] = getattr(leaflet, "prints", [])
        return next((each for each in reversed(prints) if each.published_on <= row.values["day"]), prints[0] if prints else None)


def placed_at(day: date) -> datetime:
    """Midnight, since only the day of an old order is known."""
    return uk_datetime(day, time.min)


NO_LEAFLET_MESSAGE = gettext_lazy(
    "We have no leaflet of this title. Correct it, or add the leaflet here first. It need not be in the catalogue."
)
NO_EDITION_MESSAGE = gettext_lazy("This leaflet has no edition here yet. Add one first.")
# Find the rows that are wrong, that we have already, or that are too old to keep.


def check_orders(rows: Sequence[Row], *, now: datetime) -> None:
    months, titles = site_settings().keep_orders_months, TitleLookup()
    past = [row for row in rows if is_past_retention(row.values["day"], months=months, now=now)]
    mark_past_retention([(row, row.values["day"]) for row in past])
    for row in rows:
        if row.past is None:
            check_order(row, titles, now)
        else:
            row.past = replace(row.past, copies=row.values["copies"])
    to_keep = [row for row in rows if not row.problems and row.past is None]
    match_people(to_keep)
    orders = find_same_orders(to_keep, titles)
    for row in to_keep:
        row.matches = [*orders.get(row.number, ()), *(match for match in row.matches if not match.certain)]


def check_order(row: Row, titles: TitleLookup, now: datetime) -> None:
    if row.values["day"] >= uk_day(now):
        row.add_problem("day", _("This day is not over yet. Place the order here instead, and take it out of the list."))
    if titles.find(row) is None:
        row.add_problem("leaflet", NO_LEAFLET_MESSAGE)
    elif titles.edition(row) is None:
        row.add_problem("leaflet", NO_EDITION_MESSAGE)
    check_person_identifiable(row)


def find_same_orders(rows: Sequence[Row], titles: TitleLookup) -> dict[int, list[Match]]:
    """By row number, orders that may be the same: this person, leaflet, copies and day. One statement."""
    keys, days = {match.key for row in rows for match in row.matches}, [row.values["day"] for row in rows]
    if not keys or not days:
        return {}
    between = (uk_datetime(min(days), time.min), uk_datetime(max(days), time.max))
    lines = OrderLine.objects.filter(order__person__in=keys, order__created_at__range=between, copies__gt=0)
    known: dict[Any, list[int]] = {}
    for key, person, at, title, copies in lines.order_by("order").values_list(
        "order", "order__person", "order__created_at", "edition__leaflet", "copies"
    ):
        known.setdefault((person, uk_day(at), title, copies), []).append(key)
    found: dict[int, list[Match]] = {}
    for row in rows:
        leaflet = titles.find(row)
        for match in row.matches:
            for key in known.get((match.key, row.values["day"], leaflet and leaflet.pk, row.values["copies"]), []):
                found.setdefault(row.number, []).append(Match(ORDER_MODEL_LABEL, key, _("Same person, leaflet, copies and day")))
    return found


# Make the orders.


def make_orders(rows: Sequence[Row], *, by: User | None, now: datetime) -> None:
    """A few statements for each batch, however many rows."""
    rest, titles = link_records(rows, Order), TitleLookup()
    editions = {row.number: edition for row in rest if (edition := titles.edition(row))}
    for row in rest:
        if row.number not in editions:
            row.add_problem("leaflet", NO_LEAFLET_MESSAGE)
    people = people_by_row([row for row in rest if not row.problems], lambda row: placed_at(row.values["day"]))
    rest = [row for row in rest if row.number in people]
    references = Order.new_references(len(rest))
    orders = [
        Order(
            reference=reference,
            person=people[row.number],
            organisation_id=people[row.number].organisation_id,
            name=full_name(row.values),
            organisation_name=row.values["organisation_name"],
            postcode=row.values["postcode"],
            state=OrderState.DISPATCHED,
            channel=OrderChannel.LIST,
            imported_at=now,
            created_at=placed_at(row.values["day"]),
        )
        for row, reference in zip(rest, references, strict=True)
    ]
    lines = [
        OrderLine(order=order, edition=editions[row.number], copies=row.values["copies"], dispatched=row.values["copies"])
        for row, order in zip(rest, Order.objects.bulk_create(orders), strict=True)
    ]
    for row, line in zip(rest, OrderLine.objects.bulk_create(lines), strict=True):
        row.made += [line.order, line]


def remove_orders(keys: Sequence[int]) -> None:
    OrderLine.objects.filter(order__in=keys).delete()
    Order.objects.filter(pk__in=keys).delete()


ORDER_IMPORT_KIND = ImportKind(
    name="orders",
    label=gettext_lazy("Old orders of leaflets"),
    fields=ORDER_FIELDS,
    check=check_orders,
    make=make_orders,
    removals=(
        Removal(
            ORDER_MODEL_LABEL,
            parts=("leaflets.orderline",),
            ignored=("searched",),
            used=lambda keys: texts_mentioning_records(Order, keys),
            remove=remove_orders,
        ),
        *CONTACTS_KIND.removals,
    ),
    identity=lambda values: f"{values['day']} {normalise_text(values['leaflet'])} {values['copies']} {person_identity(values)}",
    help=gettext_lazy("Leaflets that we sent long ago, one title a row. The stock stays as it is, and nobody gets an email."),
)
