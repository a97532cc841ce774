"""What could be packed now: the orders that a choice finds, how many copies they take, and of which titles there are too few."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from django.db.models import CharField, Count, Exists, F, Func, OuterRef, Q, Sum, Value
from django.utils.translation import gettext as _

from leaflets.models import MOST_PARCELS, EditionState, Leaflet, Order, OrderLine, OrderState, Parcel
from leaflets.models.order import OrderQuerySet
from leaflets.services.backorders import WAIT_FOR_COPIES
from leaflets.visits import start_of_visit
from professionals.models import Nation, OutwardCode

MOST_COUNTED = 1_000
FORWARD_FIRST = F("passed_forward_at").asc(nulls_last=True)


@dataclass(frozen=True)
class Choice:
    """Which orders to pack. Of `titles` (keys; none: all) an order may have no other. `areas`: 'LS' or 'LS1'; none: all.

    The nation is that of most of an outward code, near enough for choosing whose parcels go on one van.
    """

    titles: tuple[int, ...] = ()
    areas: tuple[str, ...] = ()
    nation: str = ""
    brought: bool = False
    most: int = MOST_PARCELS

    def in_words(self) -> str:
        """'“Know the signs”; LS, WF; Wales'."""
        titles = [f"“{title}”" for title in Leaflet.objects.filter(pk__in=self.titles).values_list("title", flat=True)]
        where = [", ".join(self.areas), str(Nation(self.nation).label) if self.nation else ""]
        return "; ".join(filter(None, [", ".join(titles), *where]))


def to_pack(*, brought: bool) -> OrderQuerySet:
    """Every order that could be packed now: some of its copies are promised, none of those are of a withdrawn edition."""
    promised = OrderLine.objects.filter(order=OuterRef("pk"), allocated__gt=0)
    kind = ~Q(brought_with="") if brought else Q(brought_with="")
    return Order.objects.filter(
        Exists(promised),
        ~Exists(promised.filter(edition__state=EditionState.WITHDRAWN)),
        ~Exists(Parcel.objects.open().filter(order=OuterRef("pk"))),
        kind,
        state=OrderState.RECEIVED,
    )


def matching(choice: Choice) -> OrderQuerySet:
    """What was passed forward, then the oldest; of what is brought, what is needed first."""
    orders = to_pack(brought=choice.brought)
    if choice.titles:
        others = OrderLine.objects.filter(order=OuterRef("pk"), allocated__gt=0).exclude(edition__leaflet__in=choice.titles)
        orders = orders.filter(~Exists(others))
    if choice.areas:
        orders = orders.filter(_in_areas(choice.areas))
    if choice.nation:
        outward = Func(F("postcode"), Value(" "), Value(1), function="split_part", output_field=CharField())
        codes = OutwardCode.objects.filter(nation=choice.nation).values("code")
        orders = orders.alias(outward=outward).filter(outward__in=codes)
    return orders.order_by(start_of_visit(), "pk") if choice.brought else orders.order_by(FORWARD_FIRST, "created_at", "pk")


def _in_areas(areas: Iterable[str]) -> Q:
    found = Q()
    for area in areas:
        letters_only = area.isalpha()
        found |= Q(postcode__regex=rf"^{area}[0-9]") if letters_only else Q(postcode__startswith=f"{area} ")
    return found


@dataclass(frozen=True)
class ToPick:
    """Of one edition: the copies that go now, in how many orders; how many the same orders still wait for; what stays."""

    title: str
    edition: str
    copies: int
    orders: int
    to_come: int
    left: int


@dataclass(frozen=True)
class Short:
    """A title of which copies are waited for, by how many orders."""

    title: str
    copies: int
    orders: int


@dataclass(frozen=True)
class Preview:
    """What a choice makes. `found`: how many match in all, counted as far as MOST_COUNTED."""

    found: int
    orders: int
    picks: list[ToPick] = field(default_factory=list)
    short: list[Short] = field(default_factory=list)

    @property
    def copies(self) -> int:
        return sum(pick.copies for pick in self.picks)

    @property
    def many_more(self) -> bool:
        return self.found > MOST_COUNTED


def preview(choice: Choice) -> Preview:
    """Four statements, however many orders."""
    keys = list(matching(choice).values_list("pk", flat=True)[: choice.most])
    found = len(keys) if len(keys) < choice.most else matching(choice).order_by()[: MOST_COUNTED + 1].count()
    return Preview(found, len(keys), picks_of(keys), short_titles())


def picks_of(orders: Iterable[int]) -> list[ToPick]:
    """By title and edition, in the order of the catalogue."""
    lines = OrderLine.objects.filter(Q(allocated__gt=0) | Q(backordered__gt=0), order__in=list(orders)).order_by()
    rows = (
        lines.values("edition", "edition__leaflet__title", "edition__label", "edition__on_hand")
        .annotate(go=Sum("allocated"), wait=Sum("backordered"), parcels=Count("pk", filter=Q(allocated__gt=0)))
        .order_by("edition__leaflet__position", "edition__leaflet__title", "edition")
    )
    return [
        ToPick(
            title=row["edition__leaflet__title"],
            edition=row["edition__label"],
            copies=row["go"],
            orders=row["parcels"],
            to_come=row["wait"],
            left=row["edition__on_hand"] - row["go"],
        )
        for row in rows
    ]


def short_titles() -> list[Short]:
    """Of which somebody waits for copies, the most first."""
    waiting = OrderLine.objects.filter(backordered__gt=0, order__state__in=WAIT_FOR_COPIES).order_by()
    rows = waiting.values("edition__leaflet__title").annotate(wanted=Sum("backordered"), orders=Count("order", distinct=True))
    return [
        Short(row["edition__leaflet__title"], row["wanted"], row["orders"])
        for row in rows.order_by("-wanted", "edition__leaflet")
    ]


@dataclass(frozen=True)
class TitleToPack:
    """A title that is in stock for orders that could be packed now."""

    key: int
    title: str
    orders: int
    copies: int

    @property
    def in_words(self) -> str:
        return _("%(title)s (%(copies)s copies, %(orders)s orders)") % {
            "title": self.title,
            "copies": f"{self.copies:,}",
            "orders": f"{self.orders:,}",
        }


def titles_to_pack(*, brought: bool = False) -> list[TitleToPack]:
    """In the order of the catalogue: one statement."""
    lines = OrderLine.objects.filter(allocated__gt=0, order__in=to_pack(brought=brought)).order_by()
    rows = lines.values("edition__leaflet", "edition__leaflet__title").annotate(
        go=Sum("allocated"), orders=Count("order", distinct=True)
    )
    return [
        TitleToPack(row["edition__leaflet"], row["edition__leaflet__title"], row["orders"], row["go"])
        for row in rows.order_by("edition__leaflet__position", "edition__leaflet__title")
    ]
