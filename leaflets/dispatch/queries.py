"""What could be packed now: the orders that a choice finds, the copies that they take, and the titles that are short."""

from dataclasses import dataclass, field, replace

from django.contrib.postgres.aggregates import BoolAnd
from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import CharField, Count, Exists, F, Func, OuterRef, Q, Subquery, Sum, Value
from django.utils.translation import gettext as _, ngettext

from leaflets.dispatch.prints import Pick
from leaflets.models import MAX_PARCELS, Edition, EditionState, Leaflet, Order, OrderLine, OrderState, Parcel
from leaflets.models.orders import OrderQuerySet
from leaflets.orders.queries import visit_start
from leaflets.stock.services import BACKORDER_STATES
from professionals.models import Nation, OutwardCode

MAX_COUNTED = 1_000
PRIORITISED_FIRST = F("prioritised_at").asc(nulls_last=True)


@dataclass(frozen=True)
class PackingChoice:
    """Which orders to pack. `titles` (keys): an order may hold no others; empty for all. `areas`: 'LS' or 'LS1'; empty for all.

    The nation is the one of most of an outward code, which is near enough to choose whose parcels go on one van.
    """

    titles: tuple[int, ...] = ()
    areas: tuple[str, ...] = ()
    nation: str = ""
    brought: bool = False
    most: int = MAX_PARCELS

    def description(self) -> str:
        """The choice in words: '“Know the signs”; LS, WF; Wales'."""
        titles = [f"“{title}”" for title in Leaflet.objects.filter(pk__in=self.titles).values_list("title", flat=True)]
        where = [", ".join(self.areas), str(Nation(self.nation).label) if self.nation else ""]
        return "; ".join(filter(None, [", ".join(titles), *where]))


def packing_queue(choice: PackingChoice) -> OrderQuerySet:
    """Orders to pack: prioritised ones, then the oldest; for presenters to bring, the earliest visit first."""
    kind = ~Q(visit_reference="") if choice.brought else Q(visit_reference="")
    orders = Order.objects.filter(kind, state=OrderState.RECEIVED)
    if choice.titles:
        wanted = OrderLine.objects.filter(allocated__gt=0, edition__leaflet__in=choice.titles)
        orders = orders.filter(pk__in=wanted.values("order"))
    if choice.areas:
        in_areas = Q()
        for area in choice.areas:
            in_areas |= Q(postcode__regex=rf"^{area}[0-9]") if area.isalpha() else Q(postcode__startswith=f"{area} ")
        orders = orders.filter(in_areas)
    if choice.nation:
        outward = Func(F("postcode"), Value(" "), Value(1), function="split_part", output_field=CharField())
        codes = OutwardCode.objects.filter(nation=choice.nation).values("code")
        orders = orders.alias(outward=outward).filter(outward__in=codes)
    return orders.order_by(visit_start(), "pk") if choice.brought else orders.order_by(PRIORITISED_FIRST, "created_at", "pk")


def packable_order_keys(choice: PackingChoice) -> list[int]:
    """The keys of the orders that could be packed now, one more than are counted.

    An order has promised copies, none of them of a withdrawn edition or of a title that is not wanted.
    """
    wanted = ~Q(edition__in=Edition.objects.filter(state=EditionState.WITHDRAWN, allocated__gt=0).values("pk"))
    if choice.titles:
        wanted &= Q(edition__in=Edition.objects.filter(leaflet__in=choice.titles).values("pk"))
    # PostgreSQL works out an aggregate order by order until it has enough; a join, for the whole queue.
    promised = OrderLine.objects.filter(order=OuterRef("pk"), allocated__gt=0).order_by().values("order")
    can_go = Subquery(promised.annotate(can_go=BoolAnd(wanted)).values("can_go"))
    in_a_session = Exists(Parcel.objects.open().filter(order=OuterRef("pk")))
    orders = packing_queue(choice).alias(can_go=can_go).filter(~in_a_session, can_go=True)
    return list(orders.values_list("pk", flat=True)[: MAX_COUNTED + 1])


@dataclass(frozen=True)
class PickPreview(Pick):
    """A Pick with the copies that the same orders still wait for, and the copies left on the shelf."""

    to_come: int
    left: int


@dataclass(frozen=True)
class ShortTitle:
    """A title that orders wait for: how many copies and orders. Counts at most MAX_COUNTED lines of each edition."""

    title: str
    copies: int
    orders: int
    many_more: bool = False


@dataclass(frozen=True)
class PackingPreview:
    """`matching`: how many orders match in all, counted as far as MAX_COUNTED. `orders`: how many of them would be packed."""

    matching: int
    orders: int
    picks: list[PickPreview] = field(default_factory=list)
    short: list[ShortTitle] = field(default_factory=list)

    @property
    def copies(self) -> int:
        return sum(pick.copies for pick in self.picks)

    @property
    def many_more(self) -> bool:
        return self.matching > MAX_COUNTED


def preview_choice(choice: PackingChoice, *, oldest: list[int] | None = None) -> PackingPreview:
    """Three statements, however many orders. `oldest`: packable_order_keys of the same kind, if it is known."""
    is_narrow = bool(choice.titles or choice.areas or choice.nation)
    keys = packable_order_keys(choice) if oldest is None or is_narrow else oldest
    # An order has one line for each edition, so lines count orders. Each edition reads its own part of the index.
    waiting = OrderLine.objects.filter(edition=OuterRef("pk"), backordered__gt=0, order__state__in=BACKORDER_STATES).order_by()
    prints = Edition.objects.annotate(waiting=ArraySubquery(waiting.values("backordered")[: MAX_COUNTED + 1]))
    short: dict[int, ShortTitle] = {}
    for leaflet, title, copies in prints.order_by("leaflet").values_list("leaflet", "leaflet__title", "waiting"):
        if copies:
            before = short.get(leaflet, ShortTitle(title, 0, 0))
            many_more = before.many_more or len(copies) > MAX_COUNTED
            short[leaflet] = ShortTitle(title, before.copies + sum(copies), before.orders + len(copies), many_more)
    # By title and edition, in the order of the catalogue.
    chosen = keys[: choice.most]
    lines = OrderLine.objects.filter(Q(allocated__gt=0) | Q(backordered__gt=0), order__in=chosen).order_by()
    rows = (
        lines.values("edition", "edition__leaflet__title", "edition__label", "edition__on_hand")
        .annotate(go=Sum("allocated"), wait=Sum("backordered"), parcels=Count("pk", filter=Q(allocated__gt=0)))
        .order_by("edition__leaflet__position", "edition__leaflet__title", "edition")
    )
    picks = [
        PickPreview(
            title=row["edition__leaflet__title"],
            edition=row["edition__label"],
            copies=row["go"],
            orders=row["parcels"],
            to_come=row["wait"],
            left=row["edition__on_hand"] - row["go"],
        )
        for row in rows
    ]
    return PackingPreview(len(keys), len(chosen), picks, sorted(short.values(), key=lambda title: -title.copies))


@dataclass(frozen=True)
class TitleToPack:
    """A title that is in stock for orders that could be packed now. `counted`: whether the figures are of all these orders."""

    key: int
    title: str
    orders: int = 0
    copies: int = 0
    counted: bool = True

    @property
    def label(self) -> str:
        if not self.orders:
            return self.title
        copies = ngettext("%(n)s copy", "%(n)s copies", self.copies) % {"n": f"{self.copies:,}"}
        orders = ngettext("%(n)s order", "%(n)s orders", self.orders) % {"n": f"{self.orders:,}"}
        label = _("%(title)s (%(copies)s, %(orders)s)") if self.counted else _("%(title)s (at least %(copies)s, %(orders)s)")
        return label % {"title": self.title, "copies": copies, "orders": orders}


def titles_to_pack(oldest: list[int]) -> list[TitleToPack]:
    """The titles in the catalogue's order. `oldest`: packable_order_keys of the kind to pack.

    Two statements, or three. If there are more orders than we count, lists every title with promised copies.
    """
    lines = OrderLine.objects.filter(order__in=oldest[:MAX_COUNTED], allocated__gt=0).order_by()
    rows = lines.values_list("edition").annotate(orders=Count("pk"), copies=Sum("allocated"))
    sums = {edition: (orders, copies) for edition, orders, copies in rows}
    counted = len(oldest) <= MAX_COUNTED
    promised = Q(pk__in=sums) if counted else ~Q(state=EditionState.WITHDRAWN) & Q(allocated__gt=0)
    prints = Edition.objects.filter(promised).order_by("leaflet__position", "leaflet__title", "leaflet")
    titles: dict[int, TitleToPack] = {}
    two_prints = False
    for edition, leaflet, title in prints.values_list("pk", "leaflet", "leaflet__title"):
        orders, copies = sums.get(edition, (0, 0))
        before = titles.get(leaflet, TitleToPack(leaflet, title, counted=counted))
        two_prints = two_prints or bool(before.orders and orders)
        titles[leaflet] = replace(before, orders=before.orders + orders, copies=before.copies + copies)
    if two_prints:  # one order may have both, as between one edition and the next
        once = lines.values_list("edition__leaflet").annotate(orders=Count("order", distinct=True))
        titles |= {leaflet: replace(titles[leaflet], orders=orders) for leaflet, orders in once}
    return list(titles.values())
