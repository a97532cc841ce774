from leaflets.models.addresses import KeptAddress
from leaflets.models.alerts import StockAlert
from leaflets.models.downloads import DownloadCount
from leaflets.models.events import EventKind, OrderEvent
from leaflets.models.leaflet import Edition, EditionState, Leaflet
from leaflets.models.missing import MissingParcel, MissingState
from leaflets.models.order import (
    MOVES,
    OPEN_STATES,
    OWNER_MAY_CANCEL,
    Channel,
    Delivery,
    Dispatch,
    Order,
    OrderLine,
    OrderState,
    ToBring,
)
from leaflets.models.stock import MovementKind, StockMovement
from leaflets.models.versions import Format, Language
from leaflets.models.words import LeafletWords, Word

__all__ = [
    "MOVES",
    "OPEN_STATES",
    "OWNER_MAY_CANCEL",
    "Channel",
    "Delivery",
    "Dispatch",
    "DownloadCount",
    "Edition",
    "EditionState",
    "EventKind",
    "Format",
    "KeptAddress",
    "Language",
    "Leaflet",
    "LeafletWords",
    "MissingParcel",
    "MissingState",
    "MovementKind",
    "Order",
    "OrderEvent",
    "OrderLine",
    "OrderState",
    "StockAlert",
    "StockMovement",
    "ToBring",
    "Word",
]
