from leaflets.models.leaflet import Edition, EditionState, Leaflet
from leaflets.models.order import (
    MOVES,
    OPEN_STATES,
    Channel,
    Delivery,
    Dispatch,
    EventKind,
    Order,
    OrderEvent,
    OrderLine,
    OrderState,
)
from leaflets.models.stock import MovementKind, StockMovement

__all__ = [
    "MOVES",
    "OPEN_STATES",
    "Channel",
    "Delivery",
    "Dispatch",
    "Edition",
    "EditionState",
    "EventKind",
    "Leaflet",
    "MovementKind",
    "Order",
    "OrderEvent",
    "OrderLine",
    "OrderState",
    "StockMovement",
]
