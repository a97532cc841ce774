"""What a volunteer can do with a packing session. Any client may go on with what another has begun."""

from leaflets.dispatch import queries as dispatch_queries, services as dispatch_services
from leaflets.models import LeftOutReason, PackingSession
from tests.leaflets.factories import DELIVERY
from tests.races.driver.client import Actor
from tests.races.driver.leaflet_operations import any_order
from tests.races.driver.operations import staff_action

AREAS = (DELIVERY.postcode.split(" ")[0],)
WEIGHTS = {
    "start_session": 35,
    "dispatch_session": 35,
    "close_session": 8,
    "close_session_page": 4,
    "add_to_session": 12,
    "take_out": 8,
}


def start_session(actor: Actor) -> None:
    choice = dispatch_queries.PackingChoice(areas=AREAS, most=actor.chance.randint(1, 6))
    dispatch_services.start_session(choice=choice, by=actor.staff(), now=actor.now)


def any_session(actor: Actor) -> PackingSession:
    rows = PackingSession.objects.all()
    return actor.one_of(rows.open() if actor.chance.random() < 0.9 else rows)


def typed_of(actor: Actor, session: PackingSession) -> dict[int, dispatch_services.TypedParcel]:
    """Some left out, some with fewer copies, which may be none."""
    chance, typed = actor.chance, {}
    for parcel in session.parcels.open().prefetch_related("order__lines"):
        lines = [line for line in parcel.order.lines.all() if chance.random() < 0.15]
        fewer = {line.pk: chance.randint(0, line.allocated) for line in lines}
        typed[parcel.pk] = dispatch_services.TypedParcel(
            left_out=LeftOutReason.TIME if chance.random() < 0.1 else "", shortages=fewer
        )
    return typed


def dispatch_session(actor: Actor) -> None:
    session = any_session(actor)
    rest = dispatch_services.UnsentCopies.WAITS if actor.chance.random() < 0.3 else dispatch_services.UnsentCopies.NEXT_TIME
    typed = typed_of(actor, session)
    dispatch_services.dispatch_session(session=session, rest=rest, typed=typed, by=actor.staff(), now=actor.now)


def close_session(actor: Actor) -> None:
    dispatch_services.close_session(session=any_session(actor), by=actor.staff(), now=actor.now)


def close_session_page(actor: Actor) -> bool:
    return staff_action(actor, f"/staff/leaflets/packingsession/{any_session(actor).pk}/do/close/", {})


def add_to_session(actor: Actor) -> None:
    order = any_order(actor, state__in=["received", "packing"])
    dispatch_services.add_order(session=any_session(actor), order=order, by=actor.staff(), now=actor.now)


def take_out(actor: Actor) -> None:
    order = any_order(actor, state="packing", packed_in__outcome="")
    parcel = actor.one_of(order.packed_in.select_related("session"))
    dispatch_services.remove_order(session=parcel.session, order=order, by=actor.staff(), now=actor.now)
