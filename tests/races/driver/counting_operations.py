"""What staff can do with a stock-take, and with who waits in line. Any client may go on with what another has begun."""

from leaflets.models import Edition, StockTake
from leaflets.orders.services import transitions
from leaflets.stock import stock_takes
from leaflets.stock.stock_takes import TypedCount, differences_digest, stock_take_counts
from tests.races.driver.client import Actor
from tests.races.driver.leaflet_operations import any_order

WEIGHTS = {
    "start_count": 12,
    "count_titles": 20,
    "confirm_count": 14,
    "abandon_count": 3,
    "pass_forward": 12,
    "put_back_in_line": 5,
}


def start_count(actor: Actor) -> None:
    titles = actor.chance.sample(actor.world["editions"], actor.chance.randint(1, 3))
    stock_takes.start_stock_take(editions=Edition.objects.filter(pk__in=titles), by=actor.staff(), now=actor.now)


def any_take(actor: Actor) -> StockTake:
    rows = StockTake.objects.all()
    return actor.one_of(rows.open() if actor.chance.random() < 0.9 else rows)


def count_titles(actor: Actor) -> bool:
    """As the shelf is when they look, now and then a few copies more or fewer. Whether any was kept."""
    take, chance = any_take(actor), actor.chance
    typed = {}
    for count in stock_take_counts(take):
        found = count.edition.on_hand + (chance.randint(-6, 4) if chance.random() < 0.4 else 0)
        typed[count.pk] = TypedCount(max(found, 0), count.at)
    refused = stock_takes.record_counts(take=take, typed=typed, by=actor.staff(), now=actor.now)
    return len(refused) < len(typed)


def confirm_count(actor: Actor) -> None:
    take = any_take(actor)
    seen = differences_digest(stock_takes.find_differences(take))
    stock_takes.confirm_stock_take(take=take, seen=seen, by=actor.staff(), now=actor.now)


def abandon_count(actor: Actor) -> None:
    stock_takes.abandon_stock_take(take=any_take(actor), by=actor.staff(), now=actor.now)


def pass_forward(actor: Actor) -> None:
    order = any_order(actor, lines__backordered__gt=0)
    transitions.prioritise_order(order=order, by=actor.staff(), now=actor.now, reason="A training on Monday")


def put_back_in_line(actor: Actor) -> None:
    order = any_order(actor, prioritised_at__isnull=False)
    transitions.remove_priority(order=order, by=actor.staff(), now=actor.now)
